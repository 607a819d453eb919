/* nf/mmed/reload.h - the configuration read again while the MME serves: on SIGHUP, and when an
 * administrator asks.
 *
 * All that can fail is done first: the file, the TLS files towards home networks, the keys of
 * repositories. Then the new snapshot counts, between two wake-ups; or nothing has changed.
 * Connections that are open go on with the certificates they began with. What of the file cannot
 * count before a restart is named (nf/mmed/config_reload.c), never dropped silently.
 */
#ifndef BINDERY_NF_MMED_RELOAD_H
#define BINDERY_NF_MMED_RELOAD_H

#include "nf/common/config_change.h"
#include "nf/mmed/mmed.h"

/* Event and log line configuration-reloaded, with what changed and what needs a restart, or
 * configuration-refused with the place; the caller frees *changes after E_OK. Errors, with *why:
 * those of mmed_config_load, tls_context_open, devid_port_open and admin_next_open, E_MEMORY,
 * E_UNSUPPORTED (what runs was not read from a file). */
MUST_USE enum err mmed_reload(struct mmed *m, struct config_changes *changes,
                              struct config_why *why);
/* The same for a signal: its outcome is in the log alone. */
void mmed_reload_now(struct mmed *m);
/* Last in mmed_close: frees the snapshots. */
void mmed_reload_close(struct mmed *m);

#endif
