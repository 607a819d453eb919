/* nf/hssd/reload.h - the configuration read again while the HSS serves: on SIGHUP, and when an
 * administrator asks.
 *
 * All that can fail is done first: the file, the files of every listener and interface, another
 * listener for metrics, room for new peers. Then the new snapshot counts at once for every thread;
 * or nothing has changed. Connections of peers that are not configured any more, or may not be
 * there any more, end with DPR; those of others do not notice. What of the file cannot count before
 * a restart is named (nf/hssd/config_reload.c), never dropped silently. Where nothing can, the
 * snapshot stays and only the files are read again. All functions: control thread.
 */
#ifndef BINDERY_NF_HSSD_RELOAD_H
#define BINDERY_NF_HSSD_RELOAD_H

#include "net/tls.h"
#include "nf/common/config_change.h"
#include "nf/hssd/hssd.h"

/* Event and log line configuration-reloaded, with what changed and what needs a restart, or
 * configuration-refused with the place; the caller frees *changes after E_OK. Errors, with *why:
 * those of hssd_config_load, tls_context_open and admin_next_open, E_MEMORY, E_UNSUPPORTED
 * (what runs was not read from a file). */
MUST_USE enum err hssd_reload(struct hssd *h, struct config_changes *changes,
                              struct config_why *why);
/* The same for a signal: its outcome is in the log alone. */
void hssd_reload_now(struct hssd *h);
/* Each second: what found no room at a thread is tried again, and what was replaced ends when
 * nobody can look into it any more. */
void hssd_reload_tick(struct hssd *h);
/* When no thread runs any more: frees the snapshots, h->config with them unless the caller of
 * hssd_start owns it. */
void hssd_reload_close(struct hssd *h);

/* The contexts of all TLS listeners of a snapshot, in an array by their places. */
MUST_USE enum err hssd_tls_open(const struct hssd_config *config, struct tls_context ***out,
                                struct tls_why *why);
void hssd_tls_close(const struct hssd_config *config, struct tls_context **list);

#endif
