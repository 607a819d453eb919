/* device/linux/onboard_openssl.h - what an emulated device takes its subscription with: its
 * provisioning roots, and the private key that results are encrypted to (TR 33.899 5.12.4.Z, steps
 * 1 and 5), by OpenSSL.
 *
 * An operator's certificate is accepted when it chains to a root of the device, its key may sign,
 * it has the role provisioning-operator (1.3.6.1.4.1.32473.1.1.7) and lists the PLMN as a dNSName,
 * "epc.mnc001.mcc001.3gppnetwork.org" (TS 23.003 19.2). The device's time is handed in. A key is
 * its PKCS#8 in DER, in its owner's memory, as in signer_openssl.h; no key is stored or printed
 * here.
 */
#ifndef BINDERY_DEVICE_LINUX_ONBOARD_OPENSSL_H
#define BINDERY_DEVICE_LINUX_ONBOARD_OPENSSL_H

#include "device/bindery_ue.h"
#include "proc/certattach.h"

#define ONBOARD_KEY_MAX      2560u /* octets of PKCS#8: RSA of 4096 bits */
#define ONBOARD_ROOTS_MAX    8
#define ONBOARD_ROOT_DER_MAX 4096u /* octets of one */
/* Octets of certificates and number of them that a result may bring. */
#define ONBOARD_CERTIFICATES_MAX   3072u
#define ONBOARD_CERTIFICATES_N_MAX 4

/* ---- the provisioning roots ---- */

/* Devices with the same roots may share them: a chain that was found good is remembered, and a
 * thousand devices verify it once. For one thread. */
struct onboard_roots;
/* Errors: E_BAD_VALUE (none, too many, or one is no CA that signs itself), E_MEMORY. */
MUST_USE enum err onboard_openssl_roots(const struct bytes *der, size_t n,
                                        struct onboard_roots **out);
void onboard_openssl_roots_free(struct onboard_roots *r);

/* As the ports want it, at Unix seconds `at`. */
enum certattach_refusal onboard_openssl_verify(struct onboard_roots *r, struct bytes certificates,
                                               const struct plmn *plmn, int64_t expiry, int64_t at,
                                               struct bytes content, struct bytes signature);

/* ---- the key ---- */

/* Which enum certattach_form the key is of, and how many octets are sent to it. Errors: E_BAD_VALUE
 * (no PKCS#8 in DER, or octets are left over), E_UNSUPPORTED (neither P-256 nor RSA of 2048 to 4096
 * bits). */
MUST_USE enum err onboard_openssl_form(struct bytes key, enum certattach_form *form,
                                       uint16_t *sent_n);
/* A new one: rsa_bits 0 is P-256. Errors: E_UNSUPPORTED (not 2048 to 4096 bits in steps of 256),
 * E_CRYPTO. */
MUST_USE enum err onboard_openssl_make(unsigned rsa_bits, uint8_t out[static ONBOARD_KEY_MAX],
                                       size_t *n);
/* As struct certattach_device_port says. */
MUST_USE enum err onboard_openssl_secret(struct bytes key, enum certattach_form form,
                                         struct bytes sent,
                                         uint8_t secret[static CERTATTACH_SECRET_LEN]);

/* ---- a device ---- */

/* What the context of the ports below points to; it lives as long as they do. */
struct onboard_openssl {
    struct onboard_roots *roots;
    struct bytes key;
    int64_t at; /* the device's time, Unix seconds; its owner keeps it up */
};
/* Errors: those of onboard_openssl_form. */
MUST_USE enum err onboard_openssl_port(struct onboard_openssl *d,
                                       struct certattach_device_port *out);
/* For struct bindery_ue_onboarding, whose sent_n onboard_openssl_form gives. */
enum bindery_ue_operator_verdict
onboard_openssl_ue_verify(void *ctx, const struct bindery_ue_operator_message *m);
bool onboard_openssl_ue_secret(void *ctx, uint8_t form, const uint8_t *sent, size_t sent_n,
                               uint8_t secret[CERTATTACH_SECRET_LEN]);

#endif
