/* nf/common/dimsi_port.h - struct dimsi_verify_port of proc/dimsi.h over net/verify: which CIs,
 * which service providers and which ARPFs are believed; and certificates that keys are agreed with.
 *
 * No root comes with a chain. A SE's chain is CERT.SE and CERT.PN, whole and in order, and leads to
 * a CI; its first has the role `device`. A service provider's has the role `service-provider`, an
 * ARPF's the role `arpf`, and is the CI's own: the part numbers of all makers stand below the CI
 * too, and none of them may speak in an ARPF's name. Every one of them has the usage
 * digitalSignature and a key on P-256 that signed; the name is the first dNSName, and a SE has
 * none. Where a revocation list is configured, every CA of a chain needs a current one: a part
 * number is revoked by the list of its CI, a SE by the list of its part number's CA.
 *
 * One per thread. No clock: the time is handed in. No verdict is remembered.
 */
#ifndef BINDERY_NF_COMMON_DIMSI_PORT_H
#define BINDERY_NF_COMMON_DIMSI_PORT_H

#include "net/verify.h"
#include "proc/dimsi.h"

/* By enum dimsi_signer; a ca of NULL: nobody of that kind is believed (CHAIN_UNTRUSTED). The texts
 * are not copied: they live as long as the port. */
struct dimsi_trust_options {
    struct verify_files roots[DIMSI_SIGNERS];
};
struct dimsi_trust;
/* Errors: E_IO, E_BAD_VALUE (a file holds not what it should), E_MEMORY, E_CRYPTO; all with *why.
 */
MUST_USE enum err dimsi_trust_open(const struct dimsi_trust_options *options,
                                   struct dimsi_trust **out, struct verify_why *why);
void dimsi_trust_close(struct dimsi_trust *t);
/* Lives as long as t. */
const struct dimsi_verify_port *dimsi_trust_port(const struct dimsi_trust *t);
/* The files are read again. After an error all is as before. Errors: as dimsi_trust_open. */
MUST_USE enum err dimsi_trust_reload(struct dimsi_trust *t, struct verify_why *why);
/* The same in two steps, of which the second cannot fail. Errors: as dimsi_trust_open. */
struct dimsi_trust_next;
MUST_USE enum err dimsi_trust_next_open(const struct dimsi_trust *t, struct dimsi_trust_next **out,
                                        struct verify_why *why);
void dimsi_trust_next_take(struct dimsi_trust *t, struct dimsi_trust_next *next); /* it is gone */
void dimsi_trust_next_drop(struct dimsi_trust_next *next); /* harmless on NULL */

/* Does the chain lead to one of v's roots, has its first this role, the usage keyAgreement and a
 * key on P-256? For CERT.ARPF.ECKA (role arpf, roots: CI, nothing between them) and CERT.AUSF.ECKA
 * (role ausf). NONE with *name (the first dNSName) and *point, or one of CHAIN, NO_CRL and CRYPTO.
 */
enum dimsi_cause dimsi_agreement_chain(const struct verifier *v, enum verify_role role,
                                       const struct bytes *chain, size_t n, int64_t at,
                                       struct dimsi_name *name,
                                       uint8_t point[static DIMSI_POINT_LEN]);
/* The cause of a verdict that is not good. */
enum dimsi_cause dimsi_cause_of_chain(const struct verify_peer *peer);

#endif
