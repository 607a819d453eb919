/* net/onboard_signer.h - the provisioning operator's certificate, its chain and its key: what an
 * operator signs results with, and shows to devices.
 *
 * The certificate says that its holder gives subscriptions (role provisioning-operator), that its
 * key signs, and on which networks: each is a dNSName in subjectAltName, the realm of TS 23.003
 * 19.2. It is found out here whether a device can accept it; no CA is known here, for it is the
 * device that has to trust one.
 */
#ifndef BINDERY_NET_ONBOARD_SIGNER_H
#define BINDERY_NET_ONBOARD_SIGNER_H

#include "net/verify_sign.h"

#define ONBOARD_CHAIN_MAX 1024u /* octets: they go over the air, to each device */

struct onboard_signer;
/* `certificate`: PEM, the signer's first, each issued by the one behind it, without the root.
 * `key`: as signer_open. Errors: E_IO, E_DENIED, E_BAD_VALUE (not what it should be, a key of
 * another certificate, too many octets), E_MEMORY; all with *why. */
MUST_USE enum err onboard_signer_open(const char *certificate, const char *key,
                                      struct onboard_signer **out, struct verify_why *why);
void onboard_signer_close(struct onboard_signer *s);

/* The chain in DER, one certificate behind the other. */
struct bytes onboard_signer_chain(const struct onboard_signer *s);
/* Does the certificate list the network of this realm, "epc.mnc001.mcc001.3gppnetwork.org"? */
bool onboard_signer_lists(const struct onboard_signer *s, const char *realm);
/* Until when, and since when, all of the chain is valid; Unix seconds. */
int64_t onboard_signer_until(const struct onboard_signer *s);
int64_t onboard_signer_since(const struct onboard_signer *s);
/* Any number of threads may sign. Errors: E_CRYPTO. */
MUST_USE enum err onboard_signer_sign(const struct onboard_signer *s, struct bytes content,
                                      uint8_t out[static SIGNATURE_LEN]);

#endif
