/* What this example's platform brings: crypto, the device's keys, encryption to its manufacturer,
 * whom a device without a subscription trusts, and a flash that is a file. A modem has its crypto
 * engine and its own flash in their places. */
#ifndef EXAMPLE_MODEM_PLATFORM_H
#define EXAMPLE_MODEM_PLATFORM_H

#include "bindery_ue.h"

#define FLASH_MAX (BINDERY_UE_IMAGE_MAX + BINDERY_UE_USIM_SEQUENCES * sizeof(uint64_t))

/* The table of functions that the library computes with. */
extern const struct bindery_ue_crypto platform_crypto;
/* The device's own private key, which proves its IMEI. In a modem a secure element signs. */
extern const struct bindery_ue_signer platform_signer;
/* RSAES-OAEP. In a modem the crypto engine does it, or OpenSSL here as there. */
extern const struct bindery_ue_encrypter platform_encrypter;

/* A device without a subscription: its URL, whom it trusts (onboarding.c), and where to store. */
struct bindery_ue_onboarding
platform_onboarding(void *ctx,
                    bool (*install)(void *ctx, const struct bindery_ue_profile *profile));
/* The provisioning root that the factory gave it: a certificate in PEM. */
bool platform_trust(const char *path);

struct flash {
    char path[480];
};
/* On the disk before it returns; the old contents or the new ones, whenever the power goes. */
bool flash_write(const struct flash *f, const void *data, size_t n);
/* Octets read; 0 if there is nothing. */
size_t flash_read(const struct flash *f, void *data, size_t room);

/* Milliseconds of a clock that never goes back. */
uint64_t platform_now(void);

#endif
