#include "nf/mmed/config_raw.h"

#include "codec/nas_ie.h"

#include <stdio.h>
#include <string.h>

#define POOL_FIRST "10.128.0.1"
#define S_GW       "127.0.0.1" /* no user plane stands behind it */

/* ---- algorithms ------------------------------------------------------------------------------ */

/* "eea2" is 2; the list says which come first. */
static size_t algorithms(struct checker *k, const char *key, char *const *texts, size_t n,
                         const char *const *names, uint8_t *out)
{
    char at[48];
    for (size_t i = 0; i < n && k->err == E_OK; i++) {
        snprintf(at, sizeof at, "%s[%zu]", key, i);
        if (strcmp(texts[i], "eia0") == 0) {
            check_wrong(k, at,
                        "`eia0` is no integrity at all, and is refused: write eia1, eia2 or "
                        "eia3");
        }
        uint8_t v = (uint8_t)check_choice(k, at, texts[i], names, 4, 0);
        if (memchr(out, v, i) != NULL && k->err == E_OK) {
            check_wrong(k, at, "`%.10s` is in the list already: keep one", texts[i]);
        }
        if (k->err == E_OK && i < 4) {
            out[i] = v;
        }
    }
    return n;
}

static void security(struct checker *k, const struct raw_security *raw, struct nassec_preference *p)
{
    static const char *const eea[] = {"eea0", "eea1", "eea2", "eea3"};
    static const char *const eia[] = {"eia0", "eia1", "eia2", "eia3"};
    uint8_t ciphering[5] = {2, 1, 3}, integrity[5] = {2, 1, 3};
    size_t n_ciphering = 3, n_integrity = 3;
    check_section(k, "security.");
    if (raw->ciphering_count > 0) {
        n_ciphering =
            algorithms(k, "ciphering", raw->ciphering, raw->ciphering_count, eea, ciphering);
    }
    if (raw->integrity_count > 0) {
        n_integrity =
            algorithms(k, "integrity", raw->integrity, raw->integrity_count, eia, integrity);
    }
    if (k->err == E_OK) {
        memcpy(p->eea, ciphering, sizeof p->eea);
        memcpy(p->eia, integrity, sizeof p->eia);
        p->eea_n = (uint8_t)n_ciphering;
        p->eia_n = (uint8_t)n_integrity;
    }
}

/* ---- addresses that devices and eNBs are told ------------------------------------------------ */

static void ipv4(struct checker *k, const char *key, const char *text, const char *otherwise,
                 uint8_t out[static 4])
{
    char url[64];
    struct address a = {.family = 0};
    const char *ip = text != NULL ? text : otherwise;
    snprintf(url, sizeof url, "tcp://%.40s:1", ip);
    if (strlen(ip) > 40 || address_parse(url, &a) != E_OK || a.family != 4) {
        check_wrong(k, key, "`%.40s` is not an IPv4 address: write as in %s", ip, otherwise);
    }
    memcpy(out, a.ip, 4);
}

static void pool(struct checker *k, const struct raw_mme *raw, struct mmed_config *c)
{
    ipv4(k, "pool", raw->pool, POOL_FIRST, c->pool);
    const uint8_t *p = c->pool;
    uint64_t first = (uint64_t)p[0] << 24 | (uint64_t)p[1] << 16 | (uint64_t)p[2] << 8 | p[3];
    if (first == 0 || first + c->limits.ues > UINT32_MAX) {
        check_wrong(k, "pool", "no room for limits.ues addresses begins there");
    }
}

/* ---- the rest -------------------------------------------------------------------------------- */

static void network_name(struct checker *k, const char *text, struct mmed_config *c)
{
    uint8_t octets[256];
    struct bytes value;
    const char *name = text != NULL ? text : "";
    c->network_name = check_alloc(k, strlen(name) + 1, 1);
    if (c->network_name == NULL) {
        return;
    }
    memcpy(c->network_name, name, strlen(name));
    if (name[0] != '\0' &&
        (strlen(name) >= NAS_NETWORK_NAME_TEXT_MAX ||
         nas_network_name_from_text(bytes_of_str(name), MBYTES_OF(octets), &value) != E_OK)) {
        check_wrong(k, "network_name",
                    "must be at most %d letters, digits and common signs (the GSM alphabet)",
                    NAS_NETWORK_NAME_TEXT_MAX - 1);
    }
}

static void reroute(struct checker *k, const char *text, struct mmed_config *c)
{
    c->reroute = text != NULL;
    c->reroute_group_id =
        (uint16_t)check_bounded(k, "reroute_group_id", text, 0, UINT16_MAX, UINT16_MAX);
    if (c->reroute && c->reroute_group_id == c->group_id) {
        check_wrong(k, "reroute_group_id", "is this MME's own group: name the one to send to");
    }
}

void mmed_check_service(struct checker *k, const struct raw_mme *raw, struct mmed_config *c)
{
    security(k, &raw->security, &c->algorithms);
    check_section(k, "%s", "");
    c->vectors = check_bounded(k, "vectors", raw->vectors, 1, 5, 1);
    c->reuse_security = check_bool(k, "reuse_security", raw->reuse_security, true);
    c->sends_served_imei = check_bool(k, "sends_served_imei", raw->sends_served_imei, true);
    c->check_imei = check_bool(k, "check_imei", raw->check_imei, false);
    c->admit_grey = check_bool(k, "admit_grey", raw->admit_grey, true);
    c->serve = check_bool(k, "serve", raw->serve, false);
    c->report_failures = check_bool(k, "report_failures", raw->report_failures, true);
    c->retransmissions = check_bounded(k, "retransmissions", raw->retransmissions, 0, 10, 4);
    reroute(k, raw->reroute_group_id, c);
    network_name(k, raw->network_name, c);
    pool(k, raw, c);
    ipv4(k, "s_gw_address", raw->s_gw_address, S_GW, c->transport);
}
