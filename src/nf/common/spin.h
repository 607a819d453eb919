/* nf/common/spin.h - should a thread that found nothing to do ask again at once, or go to sleep?
 *
 * A core that sleeps takes long to wake: on a virtual machine longer than an answer takes to make
 * (docs/performance.md). So a thread whose next request keeps coming within `window_us` looks for
 * it that long before it sleeps; one whose peers are quiet never does, and a look that found
 * nothing is not repeated until short waits were seen again. Arithmetic only: no clock, no system
 * call.
 */
#ifndef BINDERY_NF_COMMON_SPIN_H
#define BINDERY_NF_COMMON_SPIN_H

#include <stdbool.h>
#include <stdint.h>

#define SPIN_CROWDED_US                                                                            \
    20u /* a look that takes this long was interrupted by somebody else's work */

struct spin {
    uint32_t window_us; /* 0: never looks, always sleeps */
    uint8_t score;
};
struct spin spin_of(uint32_t window_us);
/* Is looking likely to pay? */
bool spin_pays(const struct spin *s);
/* Something came `us` after the work before it had ended, looked for or slept for. */
void spin_waited(struct spin *s, uint64_t us);
/* The window went by and nothing came, or the core was wanted by others: sleep. */
void spin_in_vain(struct spin *s);

#endif
