/* net/verify_usage.h - may the key of a certificate be encrypted to, in the way that its kind is?
 *
 * net/verify.h judges the chain, and takes either usage for a device's provisioning; here it is
 * held against the kind of the key. Nothing else of the certificate is looked at.
 */
#ifndef BINDERY_NET_VERIFY_USAGE_H
#define BINDERY_NET_VERIFY_USAGE_H

#include "net/verify_key.h"

/* Has the certificate (DER) a key usage with keyAgreement for a key on P-256, or keyEncipherment
 * for an RSA key (RFC 5280 4.2.1.3)? False for every other kind, and for no certificate. */
bool verify_usage_encrypts(struct bytes der, enum verify_key_kind kind);

#endif
