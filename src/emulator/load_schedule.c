#include "emulator/load_schedule.h"
#include <string.h>

static const char *const names[] = {"constant", "poisson", "beta"};

const char *load_pattern_name(enum load_pattern p)
{
    return names[p];
}

bool load_pattern_parse(const char *text, enum load_pattern *out)
{
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (!strcmp(text, names[i])) {
            *out = (enum load_pattern)i;
            return true;
        }
    }
    return false;
}

uint64_t load_draw(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

double load_draw_unit(uint64_t *state)
{
    return (double)((load_draw(state) >> 11) + 1) * 0x1p-53;
}

/* x = m 2^e with m in [sqrt 1/2, sqrt 2); ln m = 2 artanh((m - 1) / (m + 1)), whose series ends
 * below 2^-53 after eleven terms. Spares the mathematics library. */
double load_ln(double x)
{
    int e = 0;
    for (; x >= 0x1p32; e += 32) {
        x *= 0x1p-32;
    }
    for (; x < 0x1p-32; e -= 32) {
        x *= 0x1p32;
    }
    for (; x >= 1.4142135623730951; e++) {
        x *= 0.5;
    }
    for (; x < 0.7071067811865476; e--) {
        x *= 2;
    }
    double s = (x - 1) / (x + 1), square = s * s, sum = 0;
    for (int k = 21; k > 0; k -= 2) {
        sum = sum * square + 1.0 / k;
    }
    return 2 * s * sum + e * 0.6931471805599453;
}

double load_beta_cdf(double x)
{
    return x * x * x * (20 + x * (-45 + x * (36 - 10 * x)));
}

/* Newton inside a bracket that shrinks; a step that leaves it is halved instead. */
double load_beta_inverse(double u, double from)
{
    double low = from, high = 1, x = from > 0 ? from : 0.05;
    for (int i = 0; i < 60 && high - low > 1e-12; i++) {
        double f = load_beta_cdf(x) - u;
        double slope = 60 * x * x * (1 - x) * (1 - x) * (1 - x);
        if (f > 0) {
            high = x;
        } else {
            low = x;
        }
        double next = slope > 0 ? x - f / slope : -1;
        next = next > low && next < high ? next : (low + high) / 2;
        if (next - x < 1e-13 && x - next < 1e-13) {
            return next;
        }
        x = next;
    }
    return x;
}

static double exponential(uint64_t *state)
{
    return -load_ln(load_draw_unit(state));
}

/* The seeds of shares must not meet: each is drawn. */
static uint64_t seed_of(const struct load_arrivals *a)
{
    uint64_t seed = a->seed, out = 0;
    for (unsigned i = 0; i <= a->share; i++) {
        out = load_draw(&seed);
    }
    return out;
}

void load_schedule_begin(struct load_schedule *s, const struct load_arrivals *a)
{
    *s = (struct load_schedule){.a = *a, .n = UINT64_MAX};
    if (a->devices == 0) {
        s->random = seed_of(a);
        return;
    }
    s->n = a->devices / a->shares + (a->share < a->devices % a->shares);
    s->random = seed_of(a);
    for (uint64_t i = 0; a->pattern != LOAD_CONSTANT && i <= s->n; i++) {
        s->total += exponential(&s->random);
    }
    s->random = seed_of(a);
}

/* Seconds since the start, or a part of `over`, scaled by the caller. */
static double next_of_rate(struct load_schedule *s)
{
    if (s->a.pattern == LOAD_POISSON) {
        return s->at += exponential(&s->random) * s->a.shares / s->a.rate;
    }
    return ((double)s->i * s->a.shares + s->a.share) / s->a.rate;
}

static double next_of_devices(struct load_schedule *s)
{
    if (s->a.pattern == LOAD_CONSTANT) {
        return ((double)s->i * s->a.shares + s->a.share) / (double)s->a.devices;
    }
    s->at += exponential(&s->random);
    double u = s->at / s->total;
    s->x = s->a.pattern == LOAD_BETA ? load_beta_inverse(u, s->x) : u;
    return s->x;
}

bool load_schedule_next(struct load_schedule *s, uint64_t *at_ns)
{
    if (s->i >= s->n) {
        return false;
    }
    double over = (double)s->a.over_ns;
    double at = s->a.devices > 0 ? next_of_devices(s) * over : next_of_rate(s) * 1e9;
    if (s->a.devices == 0 && at >= over) {
        s->n = s->i;
        return false;
    }
    s->i++;
    *at_ns = at < over ? (uint64_t)at : s->a.over_ns - 1;
    return true;
}
