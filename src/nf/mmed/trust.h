/* nf/mmed/trust.h - what an MME judges devices' proofs with: the verifier of nf/common/devid_port.h
 * over the configured files, read again when a CA issues another revocation list.
 *
 * Keys of repositories are read once. CA and revocation list are looked at once a minute, and read
 * when either file has changed; what cannot be read leaves all as it was, is told, and is tried
 * again. One thread.
 */
#ifndef BINDERY_NF_MMED_TRUST_H
#define BINDERY_NF_MMED_TRUST_H

#include "nf/mmed/mmed.h"

#define TRUST_LOOK_MS 60000u

/* Sets m->trust, which stays NULL without `devid` in the configuration. Errors: those of
 * devid_port_open; logged. */
MUST_USE enum err trust_open(struct mmed *m);
/* The same for a configuration that may come to count; *out stays NULL where nobody is asked for a
 * proof. Errors: those of devid_port_open, with *why; E_MEMORY. */
MUST_USE enum err trust_make(const struct mmed_devid *d, uint64_t now_ms, struct mmed_trust **out,
                             struct verify_why *why);
void trust_close(struct mmed_trust *t);
/* NULL for NULL. */
const struct devid_port *trust_port(const struct mmed_trust *t);
/* To be called on every wake-up; looks at the files when their time has come. */
void trust_poll(struct mmed *m);

#endif
