#include "nf/common/spin.h"

/* Two short waits in three keep it going; what a wrong guess costs is bounded by one window for
 * every VAIN short waits. */
enum { PAYS_FROM = 4, SCORE_MAX = 8, VAIN = 2 };

struct spin spin_of(uint32_t window_us)
{
    return (struct spin){.window_us = window_us, .score = 0};
}

bool spin_pays(const struct spin *s)
{
    return s->window_us > 0 && s->score >= PAYS_FROM;
}

void spin_in_vain(struct spin *s)
{
    s->score = s->score > VAIN ? (uint8_t)(s->score - VAIN) : 0;
}

void spin_waited(struct spin *s, uint64_t us)
{
    if (us > s->window_us) {
        spin_in_vain(s);
    } else if (s->score < SCORE_MAX) {
        s->score++;
    }
}
