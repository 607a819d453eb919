/* nf/arpfd/trust.h - whom the ARPF believes, and the keys with which it answers: what a reload
 * replaces, whole.
 *
 * CIs for secure elements, the roots of service providers, the CAs of clients; SK.ARPF.ECKA, of
 * which there may be several while an older one runs out, and SK.ARPF.ECDSA, each with its
 * certificates, which have to carry the ARPF's name. Private keys stay in net/eck.h and
 * net/verify_sign.h. What is asked for, and by whom, is not known here.
 */
#ifndef BINDERY_NF_ARPFD_TRUST_H
#define BINDERY_NF_ARPFD_TRUST_H

#include "net/eck.h"
#include "net/verify_sign.h"
#include "nf/arpfd/config.h"

struct dimsi_trust;
struct arpfd_why {
    char text[700];
};
struct arpfd_trust {
    const struct arpfd_config *config;
    struct arpfd_config *own; /* the same, when it goes with this */
    struct dimsi_trust *signers;
    struct verifier *clients; /* their CAs, for the certificates that keys are encrypted to */
    struct eck *agreement[ARPFD_KEYS_MAX];
    size_t n_agreement;
    struct signer *endorser;
    struct eck *endorser_chain; /* the same key: its certificate and what is above it */
    struct dimsi_arpf_port port;
};
/* `at`: Unix seconds. A certificate of its own that cannot be used is refused; one that is only out
 * of its time, or without a current list, is named by a line of the log. Errors: E_IO, E_DENIED,
 * E_BAD_VALUE, E_MEMORY, E_CRYPTO; all with *why. */
MUST_USE enum err arpfd_trust_open(const struct arpfd_config *config, int64_t at, struct log *log,
                                   struct arpfd_trust **out, struct arpfd_why *why);
/* Harmless on NULL. */
void arpfd_trust_close(struct arpfd_trust *t);

#endif
