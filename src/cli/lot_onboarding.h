/* cli/lot_onboarding.h - what `bindery device make` is told about devices that get their
 * subscription by attaching (docs/certattach.md): options, and the provisioning roots that go into
 * them.
 */
#ifndef BINDERY_CLI_LOT_ONBOARDING_H
#define BINDERY_CLI_LOT_ONBOARDING_H

#include "cli/lot_make.h"
#include <argp.h>

struct lot_onboarding_options {
    bool wanted, serial_ids;
    const char *host, *manufacturer, *rsa, *roots;
};
extern const struct argp lot_onboarding_argp;
/* All zeros when nothing of it is wanted. False and said. */
MUST_USE bool lot_onboarding_take(const struct lot_onboarding_options *o,
                                  struct identity_lot_onboarding *out);

struct lot_roots {
    size_t n;
    struct {
        unsigned char *der;
        size_t n;
    } all[IDENTITY_ROOTS_MAX];
};
/* The certificates of --roots, or of what `bindery up` made in the directory. False and said. */
MUST_USE bool lot_roots_read(const struct lot_onboarding_options *o, const char *dir,
                             struct lot_roots *out);
/* To be given to each device, and into the lot by their digest. False and said. */
MUST_USE bool lot_roots_give(const struct lot_roots *roots, struct lot_given *given,
                             struct identity_lot_onboarding *lot);
void lot_roots_free(struct lot_roots *roots);

#endif
