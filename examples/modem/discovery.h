/* A secure element in software for the example: whom it trusts, its keys, and one slot in a flash
 * of its own. */
#ifndef EXAMPLE_MODEM_DISCOVERY_H
#define EXAMPLE_MODEM_DISCOVERY_H

#include "platform.h"

struct discovery {
    struct flash flash;
    bool there;    /* an order was carried out: this device has a dIMSI */
    bool given_up; /* its IMSI is no good, and the dIMSI is used again */
    struct bindery_ue_slot slot;
    struct bindery_ue_discovery element; /* for the NAS client */
};

/* The root of the secure elements: a certificate in PEM. */
bool discovery_trust(const char *path);
/* With the certificate of this element's own key. */
struct bindery_ue_se discovery_se(const uint8_t *certificate, size_t n, uint32_t counter);
bool discovery_store(const struct discovery *d);
bool discovery_load(struct discovery *d);
/* What struct bindery_ue_discovery wants; ctx is a struct discovery. */
enum bindery_ue_discovery_outcome discovery_challenge(void *ctx, const uint8_t rand[16],
                                                      const uint8_t *autn,
                                                      struct bindery_ue_usim_answer *out,
                                                      char imsi[15], uint8_t *imsi_n);

#endif
