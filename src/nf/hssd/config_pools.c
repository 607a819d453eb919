/* Ranges of IMSIs for devices: nf/hssd/config_raw.h. */
#include "nf/hssd/config_raw.h"

#include <stdio.h>
#include <string.h>

/* "001010000500000-001010000599999" */
static bool read_pool(const char *text, struct hssd_imsi_pool *out)
{
    const char *hyphen = strchr(text, '-');
    return hyphen != NULL &&
           imsi_parse((struct bytes){(const uint8_t *)text, (size_t)(hyphen - text)},
                      &out->first) == E_OK &&
           imsi_parse(bytes_of_str(hyphen + 1), &out->last) == E_OK &&
           out->first.n == out->last.n && strcmp(out->first.digits, out->last.digits) <= 0;
}

/* Both ends of one home PLMN: then so is all between. */
static bool is_home(const struct hssd_config *c, struct hssd_imsi_pool *pool)
{
    for (size_t i = 0; i < c->n_plmns; i++) {
        if (imsi_in_plmn(&pool->first, &c->plmns[i]) && imsi_in_plmn(&pool->last, &c->plmns[i])) {
            pool->home = c->plmns[i];
            return true;
        }
    }
    return false;
}

static bool overlap(const struct hssd_imsi_pool *a, const struct hssd_imsi_pool *b)
{
    return a->first.n == b->first.n && strcmp(a->first.digits, b->last.digits) <= 0 &&
           strcmp(b->first.digits, a->last.digits) <= 0;
}

bool hssd_pools_overlap(const struct hssd_imsi_pool *a, size_t n_a, const struct hssd_imsi_pool *b,
                        size_t n_b)
{
    bool found = false;
    for (size_t i = 0; i < n_a; i++) {
        for (size_t j = 0; j < n_b; j++) {
            found |= overlap(&a[i], &b[j]);
        }
    }
    return found;
}

static void pool(struct checker *k, const char *list, const char *text, const struct hssd_config *c,
                 struct hssd_imsi_pool *pools, size_t at)
{
    char key[48];
    snprintf(key, sizeof key, "%.30s[%zu]", list, at);
    if (!read_pool(text, &pools[at])) {
        check_wrong(k, key,
                    "`%.60s` is not two IMSIs of one length with a hyphen between, the lower one "
                    "first",
                    text);
    } else if (!is_home(c, &pools[at])) {
        check_wrong(k, key, "`%.60s` is not within one of `plmns`", text);
    }
    for (size_t i = 0; i < at && k->err == E_OK; i++) {
        if (overlap(&pools[i], &pools[at])) {
            check_wrong(k, key, "has IMSIs that %.30s[%zu] has too", list, i);
        }
    }
}

void hssd_check_pools(struct checker *k, const char *key, char *const *texts, size_t n_texts,
                      const struct hssd_config *config,
                      struct hssd_imsi_pool pools[static HSSD_IMSI_POOLS_MAX], size_t *n)
{
    if (n_texts == 0 || n_texts > HSSD_IMSI_POOLS_MAX) {
        check_wrong(k, key, "is missing, empty or longer than %d: list the IMSIs for devices",
                    HSSD_IMSI_POOLS_MAX);
    }
    for (size_t i = 0; i < n_texts && k->err == E_OK; i++) {
        pool(k, key, texts[i], config, pools, i);
        *n = i + 1;
    }
}

bool hssd_config_in_pools(const struct hssd_imsi_pool *pools, size_t n, const struct imsi *imsi)
{
    bool in = false;
    for (size_t i = 0; i < n && !in; i++) {
        in = pools[i].first.n == imsi->n && strcmp(pools[i].first.digits, imsi->digits) <= 0 &&
             strcmp(imsi->digits, pools[i].last.digits) <= 0;
    }
    return in;
}
