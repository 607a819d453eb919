#include "nf/mmed/config_raw.h"

#include <stdio.h>
#include <stdlib.h>

#define TAC_DELETED 0xfffeu /* with 0 it means none (TS 23.003 19.4.2.3) */
#define LISTENER    "s1-tcp://127.0.0.1:36412"

static void tracking_areas(struct checker *k, const struct raw_mme *raw, struct mmed_config *c)
{
    char key[48];
    check_section(k, "%s", "");
    c->tacs = check_alloc(k, raw->tracking_areas_count, sizeof *c->tacs);
    for (size_t i = 0; c->tacs != NULL && i < raw->tracking_areas_count && k->err == E_OK; i++) {
        snprintf(key, sizeof key, "tracking_areas[%zu]", i);
        c->tacs[i] =
            (uint16_t)check_bounded(k, key, raw->tracking_areas[i], 1, UINT16_MAX, UINT16_MAX);
        if (c->tacs[i] == TAC_DELETED) {
            check_wrong(k, key, "65534 is the tracking area code that means none");
        }
        for (size_t j = 0; j < i; j++) {
            if (c->tacs[i] == c->tacs[j]) {
                check_wrong(k, key, "is the same as tracking_areas[%zu]: keep one", j);
            }
        }
        c->n_tacs = i + 1;
    }
}

/* S1AP protects nothing of its own, and whoever speaks it is believed to be an eNB. */
static void off_loopback(struct checker *k, const struct raw_s1_listener *raw,
                         const struct mmed_config *c, const struct mmed_listener *l)
{
    bool allowed = check_bool(k, "plain_s1_off_loopback", raw->plain_s1_off_loopback, false);
    if (l->loopback) {
        return;
    }
    if (!allowed) {
        check_wrong(k, "address",
                    "is beyond loopback, and S1AP has no protection of its own: write "
                    "`plain_s1_off_loopback: true` where IPsec or the like gives it");
    } else if (c->n_enb_addresses == 0) {
        check_wrong(k, "address",
                    "is beyond loopback, and nothing else proves who an eNB is: list their IP "
                    "addresses in enb_addresses");
    }
}

static void listener(struct checker *k, const struct raw_s1_listener *raw,
                     const struct mmed_config *c, struct mmed_listener *l)
{
    char *text = check_text(k, "address", raw->address);
    enum err err = text != NULL ? address_parse_s1(text, &l->address) : E_OK;
    free(text);
    if (err != E_OK) {
        check_wrong(k, "address",
                    "`%.60s` is not %s: write as in sctp://192.0.2.1:36412, "
                    "sctp-udp://192.0.2.1:36412 or s1-tcp://127.0.0.1:36412",
                    raw->address,
                    err == E_UNSUPPORTED ? "an IP address but a name" : "an address for S1");
    }
    if (k->err == E_OK) {
        l->loopback = address_is_loopback(&l->address);
        off_loopback(k, raw, c, l);
    }
}

/* Do they want the same port of the same address? */
static bool clash(const struct address *a, const struct address *b)
{
    return a->transport == b->transport && a->port != 0 && a->port == b->port &&
           a->udp_port == b->udp_port && address_same_ip(a, b);
}

static void listeners(struct checker *k, const struct raw_mme *raw, struct mmed_config *c)
{
    char standard[] = LISTENER;
    struct raw_s1_listener otherwise = {.address = standard};
    bool own = raw->listeners_count > 0;
    size_t n = own ? raw->listeners_count : 1;
    c->listeners = check_alloc(k, n, sizeof *c->listeners);
    for (size_t i = 0; i < n && k->err == E_OK; i++) {
        check_section(k, "listeners[%zu].", i);
        c->n_listeners = i + 1;
        listener(k, own ? &raw->listeners[i] : &otherwise, c, &c->listeners[i]);
        for (size_t j = 0; j < i; j++) {
            if (clash(&c->listeners[i].address, &c->listeners[j].address)) {
                check_wrong(k, "address", "is the address and port of listeners[%zu] too", j);
            }
        }
    }
}

void mmed_check_s1(struct checker *k, const struct raw_mme *raw, struct mmed_config *config)
{
    tracking_areas(k, raw, config);
    config->enb_addresses =
        check_addresses(k, "enb_addresses", raw->enb_addresses, raw->enb_addresses_count);
    config->n_enb_addresses = config->enb_addresses != NULL ? raw->enb_addresses_count : 0;
    listeners(k, raw, config);
}
