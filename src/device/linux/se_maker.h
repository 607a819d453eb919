/* device/linux/se_maker.h - where a secure element's life begins: it makes its own key, says the
 * public half, and takes the certificates that its maker issues for it (TR 33.899 5.5.4.x, details
 * of the eK generation). Nothing here issues a certificate or writes a file, and SK.SE.ECDSA never
 * leaves the state.
 */
#ifndef BINDERY_DEVICE_LINUX_SE_MAKER_H
#define BINDERY_DEVICE_LINUX_SE_MAKER_H

#include "device/linux/state_file.h"

/* A new SE in the place of the one that *state may have; the rest stays. spki:
 * SubjectPublicKeyInfo of PK.SE.ECDSA in DER, *n octets. The SE is of no use before
 * se_maker_certify. *state is changed on E_OK only. Errors: E_CRYPTO. */
MUST_USE enum err se_maker_key(struct device_state *state, uint8_t spki[static SIGNER_PUBLIC_MAX],
                               size_t *n);
/* chain: CERT.SE, CERT.PN; ci: the roots that it trusts. In DER. That CERT.SE is of the SE's key
 * and leads to one of the roots is looked at, validity is not. *state is changed on E_OK only; then
 * device_state_save. Errors: E_BAD_STATE (no key was made), E_BAD_VALUE (said), E_NO_ROOM. */
MUST_USE enum err se_maker_certify(struct device_state *state, const struct bytes *chain,
                                   size_t n_chain, const struct bytes *ci, size_t n_ci,
                                   struct device_why *why);

#endif
