/* nf/common/onboard_port.h - the AUSF's two ports of proc/certattach.h over net: what is believed
 * of an authority, and what an operator encrypts and signs with.
 *
 * An authority's records are believed by their signers. Chains, of the key that is encrypted to and
 * of the key that proves an IMEI, lead to the authority's own roots, which need a current
 * revocation list where lists are configured; no root comes with a chain. The certificate that is
 * encrypted to has the role device, and the usage of its kind of key: keyAgreement for P-256,
 * keyEncipherment for RSA.
 *
 * Each is for one thread, but struct onboard_signer, which all of them may share. No clock: the
 * time is handed in. No verdict on a device is remembered: it comes once.
 */
#ifndef BINDERY_NF_COMMON_ONBOARD_PORT_H
#define BINDERY_NF_COMMON_ONBOARD_PORT_H

#include "net/onboard_signer.h"
#include "net/verify.h"
#include "proc/certattach.h"

/* ---- an authority ---- */

/* The texts are not copied: they live as long as the port. */
struct onboard_authority_options {
    const char *const *signers; /* files, as in struct devid_port_options */
    size_t n_signers;
    const char *roots; /* file: what chains of devices lead to */
    const char *crl;   /* file; NULL: revocation is not checked */
};
struct onboard_authority;
/* Errors: E_IO, E_BAD_VALUE (a file holds not what it should, no roots), E_MEMORY, E_CRYPTO; all
 * with *why. */
MUST_USE enum err onboard_authority_open(const struct onboard_authority_options *options,
                                         struct onboard_authority **out, struct verify_why *why);
void onboard_authority_close(struct onboard_authority *a);
/* Lives as long as a. */
const struct certattach_authority_port *onboard_authority_port(const struct onboard_authority *a);
/* Roots and revocation list are read again. After an error all is as before. Errors: as
 * onboard_authority_open. */
MUST_USE enum err onboard_authority_reload(struct onboard_authority *a, struct verify_why *why);

/* ---- the operator ---- */

struct onboard_operator;
/* The signer outlives it. Errors: E_MEMORY, E_CRYPTO. */
MUST_USE enum err onboard_operator_open(const struct onboard_signer *signer,
                                        struct onboard_operator **out);
void onboard_operator_close(struct onboard_operator *o);
const struct certattach_operator_port *onboard_operator_port(const struct onboard_operator *o);
/* Does the operator's certificate list this PLMN, and is it valid at `at`? */
bool onboard_operator_serves(const struct onboard_signer *signer, const struct plmn *plmn,
                             int64_t at);

#endif
