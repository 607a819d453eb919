#include "cli/load_mix.h"
#include <stdio.h>
#include <string.h>

static const char *const names[LOAD_KINDS] = {"air", "ulr", "resync"};

const char *load_kind_name(enum load_kind k)
{
    return names[k];
}

static bool kind_named(const char *text, size_t n, enum load_kind *out)
{
    for (size_t i = 0; i < LOAD_KINDS; i++) {
        if (strlen(names[i]) == n && !memcmp(names[i], text, n)) {
            *out = (enum load_kind)i;
            return true;
        }
    }
    return false;
}

/* Digits only, up to LOAD_WEIGHT_MAX. */
static bool weight_of(const char *text, size_t n, uint32_t *out)
{
    uint32_t v = 0;
    for (size_t i = 0; i < n; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
        v = v * 10 + (uint32_t)(text[i] - '0');
        if (v > LOAD_WEIGHT_MAX) {
            return false;
        }
    }
    *out = v;
    return n > 0;
}

/* One NAME=WEIGHT of n characters. */
static bool take(const char *item, size_t n, bool seen[static LOAD_KINDS], struct load_mix *mix,
                 char *why, size_t cap)
{
    const char *equals = memchr(item, '=', n);
    size_t name = equals ? (size_t)(equals - item) : n;
    enum load_kind kind;
    uint32_t weight = 1;
    if (!kind_named(item, name, &kind)) {
        snprintf(why, cap, "'%.*s' is none of air, ulr, resync", (int)name, item);
    } else if (seen[kind]) {
        snprintf(why, cap, "'%s' is there twice", names[kind]);
    } else if (equals && !weight_of(equals + 1, n - name - 1, &weight)) {
        snprintf(why, cap, "the weight of '%s' is no whole number up to %d", names[kind],
                 LOAD_WEIGHT_MAX);
    } else {
        seen[kind] = true;
        mix->weight[kind] = weight;
        mix->total += weight;
        return true;
    }
    return false;
}

bool load_mix_parse(const char *text, struct load_mix *out, char *why, size_t cap)
{
    bool seen[LOAD_KINDS] = {false};
    struct load_mix mix = {.total = 0};
    for (;;) {
        size_t n = strcspn(text, ",");
        if (!take(text, n, seen, &mix, why, cap)) {
            return false;
        }
        if (!text[n]) {
            break;
        }
        text += n + 1;
    }
    if (mix.total == 0) {
        snprintf(why, cap, "all weights are 0");
        return false;
    }
    *out = mix;
    return true;
}

enum load_kind load_mix_pick(const struct load_mix *mix, uint64_t drawn)
{
    uint32_t at = (uint32_t)((drawn >> 32) * mix->total >> 32);
    if (at < mix->weight[LOAD_AIR]) {
        return LOAD_AIR;
    }
    return at - mix->weight[LOAD_AIR] < mix->weight[LOAD_ULR] ? LOAD_ULR : LOAD_RESYNC;
}
