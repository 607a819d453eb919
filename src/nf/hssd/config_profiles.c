#include "nf/hssd/config_raw.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define RAU_TAU_MAX 35712000u /* 31 times 320 hours: the most GPRS timer 3 holds */
#define ARD_MAX     0x7ffu    /* the bits of TS 29.272 7.3.31 */

#define DIGITS  "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

static uint32_t number(struct checker *k, const char *key, const char *text, uint32_t least,
                       uint32_t most, uint32_t otherwise)
{
    return (uint32_t)check_number(k, key, text, (struct check_range){least, most, otherwise});
}

/* Either both rates or, where the profile's serve, none. */
static struct hssd_ambr ambr(struct checker *k, const struct raw_ambr *raw,
                             const struct hssd_ambr *otherwise)
{
    if (otherwise != NULL && raw->uplink == NULL && raw->downlink == NULL) {
        return *otherwise;
    }
    struct hssd_ambr a = {.uplink = check_rate(k, "ambr.uplink", raw->uplink)};
    a.downlink = check_rate(k, "ambr.downlink", raw->downlink);
    return a;
}

static void apn_name(struct checker *k, const char *text, struct hssd_apn *apn)
{
    size_t n = text != NULL ? strlen(text) : 0;
    if (n == 0 || n >= sizeof apn->name || strspn(text, LETTERS DIGITS "-.") != n ||
        text[0] == '.' || text[n - 1] == '.' || strstr(text, "..") != NULL) {
        check_wrong(k, "name",
                    "must be an access point name: labels of letters, digits and hyphens with dots "
                    "between them, at most 100 characters");
        return;
    }
    memcpy(apn->name, text, n + 1);
}

static void apn(struct checker *k, const struct raw_apn *raw, size_t index,
                const struct hssd_profile *p, struct hssd_apn *out)
{
    static const char *const types[] = {"ipv4", "ipv6", "ipv4v6"};
    apn_name(k, raw->name, out);
    out->context = number(k, "context", raw->context, 1, 0xffff, (uint32_t)index + 1);
    out->pdn_type = (enum hssd_pdn_type)check_choice(k, "pdn_type", raw->pdn_type, types, 3, 0);
    out->qci = (uint8_t)number(k, "qci", raw->qci, 1, 254, 9);
    out->arp_priority = (uint8_t)number(k, "arp.priority", raw->arp.priority, 1, 15, 8);
    out->arp_may_pre_empt =
        check_bool(k, "arp.preemption_capability", raw->arp.preemption_capability, false);
    out->arp_pre_emptable =
        check_bool(k, "arp.preemption_vulnerability", raw->arp.preemption_vulnerability, true);
    out->ambr = ambr(k, &raw->ambr, &p->ambr);
    for (size_t j = 0; j < index; j++) {
        if (strcasecmp(p->apns[j].name, out->name) == 0) {
            check_wrong(k, "name", "apns[%zu] has the name `%s` too: each APN once", j, out->name);
        }
        if (p->apns[j].context == out->context) {
            check_wrong(k, raw->context != NULL ? "context" : "",
                        "apns[%zu] has the context identifier %u too: give one of them another", j,
                        (unsigned)out->context);
        }
    }
}

static void default_apn(struct checker *k, const struct raw_profile *raw, struct hssd_profile *p)
{
    p->default_context = p->apns[0].context;
    if (raw->default_apn == NULL) {
        return;
    }
    for (size_t i = 0; i < p->n_apns; i++) {
        if (strcasecmp(p->apns[i].name, raw->default_apn) == 0) {
            p->default_context = p->apns[i].context;
            return;
        }
    }
    check_wrong(k, "default_apn", "`%.60s` is none of this profile's apns", raw->default_apn);
}

static void profile_name(struct checker *k, const char *text, struct hssd_profile *p)
{
    size_t n = text != NULL ? strlen(text) : 0;
    if (n == 0 || n >= sizeof p->name || strspn(text, LETTERS DIGITS "-._") != n) {
        check_wrong(k, "name",
                    "must be 1 to 31 letters, digits, hyphens, dots and underscores, as in "
                    "`default`");
        return;
    }
    memcpy(p->name, text, n + 1);
}

static uint32_t access_mode(struct checker *k, const char *text)
{
    static const char *const modes[] = {"packet-and-circuit", "only-packet", "0", "2"};
    return check_choice(k, "network_access_mode", text, modes, 4, 1) % 2 == 0 ? 0 : 2;
}

static void profile(struct checker *k, const struct raw_profile *raw, size_t index,
                    struct hssd_profile *p)
{
    check_section(k, "profiles[%zu].", index);
    profile_name(k, raw->name, p);
    p->ambr = ambr(k, &raw->ambr, NULL);
    p->network_access_mode = access_mode(k, raw->network_access_mode);
    p->access_restriction_data =
        number(k, "access_restriction_data", raw->access_restriction_data, 0, ARD_MAX, 0);
    p->rau_tau_timer = number(k, "subscribed_periodic_rau_tau_timer",
                              raw->subscribed_periodic_rau_tau_timer, 0, RAU_TAU_MAX, 0);
    if (raw->apns_count == 0) {
        check_wrong(k, "apns", "is missing or empty: a subscriber needs at least one APN");
    }
    for (size_t i = 0; i < raw->apns_count && k->err == E_OK; i++) {
        check_section(k, "profiles[%zu].apns[%zu].", index, i);
        apn(k, &raw->apns[i], i, p, &p->apns[i]);
        p->n_apns = i + 1;
    }
    check_section(k, "profiles[%zu].", index);
    if (k->err == E_OK) {
        default_apn(k, raw, p);
    }
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct hssd_profile *)a)->name, ((const struct hssd_profile *)b)->name);
}

void hssd_check_profiles(struct checker *k, const struct raw_config *raw,
                         struct hssd_config *config)
{
    size_t n = raw->profiles_count;
    if (n == 0) {
        check_section(k, "%s", "");
        check_wrong(k, "profiles", "is missing or empty: subscribers name one, usually `default`");
    }
    config->profiles = check_alloc(k, n, sizeof *config->profiles);
    for (size_t i = 0; i < n && k->err == E_OK; i++) {
        struct hssd_profile *p = &config->profiles[i];
        profile(k, &raw->profiles[i], i, p);
        for (size_t j = 0; j < i; j++) {
            if (strcmp(config->profiles[j].name, p->name) == 0) {
                check_wrong(k, "name", "profiles[%zu] and profiles[%zu] are both named `%s`", j, i,
                            p->name);
            }
        }
        config->n_profiles = i + 1;
    }
    if (config->n_profiles > 0) {
        qsort(config->profiles, config->n_profiles, sizeof *config->profiles, by_name);
    }
}

const struct hssd_profile *hssd_config_profile(const struct hssd_config *config, const char *name)
{
    size_t low = 0, high = config->n_profiles;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int c = strcmp(name, config->profiles[mid].name);
        if (c == 0) {
            return &config->profiles[mid];
        }
        *(c < 0 ? &high : &low) = c < 0 ? mid : mid + 1;
    }
    return NULL;
}
