/* cli/lot_make.h - keys and certificates for the devices of a production lot, made by as many
 * threads as there are processors, written in order by one (device/linux/identity_lot.h).
 */
#ifndef BINDERY_CLI_LOT_MAKE_H
#define BINDERY_CLI_LOT_MAKE_H

#include "cli/pki.h"
#include "device/linux/identity_lot.h"
#include <signal.h>

/* What goes into every device of a lot beside its own keys. */
struct lot_given {
    const struct pki_ca *ca; /* NULL: the lot's devices have keys alone */
    uint8_t n_roots;         /* for onboarding: DER */
    struct bytes roots[IDENTITY_ROOTS_MAX];
};
struct lot_make {
    struct lot_given given;
    const volatile sig_atomic_t *stop; /* set: ends behind the batch that is being made */
    void (*progress)(void *ctx, uint32_t done);
    void *ctx;
    unsigned threads; /* 0: one for each processor, 8 at most */
};
/* What the lot lacks. Errors: E_CLOSED (stopped), E_CRYPTO, E_MEMORY, those of
 * identity_maker_append; all but the first with *why. */
MUST_USE enum err lot_make(struct identity_maker *maker, const struct lot_make *how,
                           struct identity_why *why);
/* One device, with fresh keys, and the SubjectPublicKeyInfo of the one that proves its IMEI; the
 * caller wipes *out. Errors: E_CRYPTO, E_NO_ROOM. */
MUST_USE enum err lot_make_device(const struct identity_lot *lot, const struct lot_given *given,
                                  uint32_t i, struct identity_row *out,
                                  uint8_t spki[static IDENTITY_SPKI_MAX], size_t *spki_n);

#endif
