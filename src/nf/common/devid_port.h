/* nf/common/devid_port.h - struct devid_port of proc/devid.h over net/verify: whose records are
 * believed, which CAs, and the keys of devices.
 *
 * A chain leads to a configured CA, which needs a current revocation list where lists are
 * configured; or, where that is allowed, to the CA that is kept with the binding as the last
 * certificate of its chain. That one counts only because the record was believed that names the
 * chain's leaf: the port is asked about a chain only then (devid_check does so), and what revokes
 * such a chain is the record. Where there is neither, no device is to blame for its chain (NO_CA).
 *
 * What was found good is remembered, so that a device that comes again costs one verification: a
 * record for ever, a chain until the first of its certificates or lists expires and for an hour at
 * most. The room for it is taken when the port is opened and does not grow; what was found bad is
 * never remembered. One per thread. No clock: the time is handed in.
 */
#ifndef BINDERY_NF_COMMON_DEVID_PORT_H
#define BINDERY_NF_COMMON_DEVID_PORT_H

#include "net/verify.h"
#include "proc/devid.h"

#define DEVID_PORT_SIGNERS_MAX 16
#define DEVID_PORT_KEPT_MAX    (1u << 20)
#define DEVID_PORT_CHAIN_KEPT  3600 /* seconds */

/* The texts are not copied: they live as long as the port. */
struct devid_port_options {
    const char *const *signers; /* files: a P-256 public key each, SubjectPublicKeyInfo in PEM */
    size_t n_signers;           /* 0: no record is believed */
    const char *ca;             /* file; NULL: none is configured */
    const char *crl;            /* file; NULL: revocation is not checked; only with a ca */
    bool ca_with_binding;
    size_t kept; /* records, and as many chains, that are remembered; 0: none */
};

struct devid_verifier;
/* Errors: E_IO, E_BAD_VALUE (a file holds not what it should, too many signers, the same signer
 * twice, a crl without a ca, too much to keep), E_MEMORY, E_CRYPTO; all with *why. */
MUST_USE enum err devid_port_open(const struct devid_port_options *options,
                                  struct devid_verifier **out, struct verify_why *why);
void devid_port_close(struct devid_verifier *v);
/* What is handed to devid_check and devid_record_check; lives as long as v. */
const struct devid_port *devid_port_of(const struct devid_verifier *v);
/* CA and revocation list are read again, and the verified chains are forgotten. After an error all
 * is as before. Errors: as devid_port_open. */
MUST_USE enum err devid_port_reload(struct devid_verifier *v, struct verify_why *why);

/* How often each was asked for, and how often it was remembered. */
struct devid_port_counts {
    uint64_t records, records_kept;
    uint64_t chains, chains_kept;
};
void devid_port_count(const struct devid_verifier *v, struct devid_port_counts *out);

#endif
