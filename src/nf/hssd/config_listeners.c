#include "nf/hssd/config_raw.h"

#include <stdlib.h>

static void with_tls(struct checker *k, const struct raw_listener *raw, struct hssd_listener *l)
{
    if (raw->plain_tcp_off_loopback != NULL) {
        check_wrong(k, "plain_tcp_off_loopback", "has no meaning for tls://: leave it out");
    }
    struct check_tls t = check_tls_files(k, raw->certificate, raw->key, raw->ca, l->loopback);
    l->certificate = t.certificate;
    l->key = t.key;
    l->ca = t.ca;
}

static void without_tls(struct checker *k, const struct raw_listener *raw, struct hssd_listener *l)
{
    const char *key = raw->certificate != NULL ? "certificate" : raw->key != NULL ? "key" : "ca";
    bool allowed = check_bool(k, "plain_tcp_off_loopback", raw->plain_tcp_off_loopback, false);
    if (raw->certificate != NULL || raw->key != NULL || raw->ca != NULL) {
        check_wrong(k, key, "has no meaning for %s://: write tls://, or leave it out",
                    transport_name(l->address.transport));
    }
    if (!l->loopback && !allowed) {
        check_wrong(k, "address",
                    "%s:// beyond loopback shows keys of subscribers to the network: write tls://, "
                    "or `plain_tcp_off_loopback: true` where IPsec or the like protects it",
                    transport_name(l->address.transport));
    }
}

static void listener(struct checker *k, const struct raw_listener *raw, struct hssd_listener *l)
{
    char *text = check_text(k, "address", raw->address);
    enum err err = text != NULL ? address_parse(text, &l->address) : E_OK;
    free(text);
    if (err != E_OK) {
        check_wrong(k, "address",
                    "`%.60s` is not %s: write as in tcp://127.0.0.1:3868, tls://192.0.2.1:5658 or "
                    "sctp://[2001:db8::1]:3868",
                    raw->address,
                    err == E_UNSUPPORTED ? "an IP address but a name" : "an address to listen on");
    }
    if (k->err != E_OK) {
        return;
    }
    l->loopback = address_is_loopback(&l->address);
    if (l->address.transport == TRANSPORT_TLS) {
        with_tls(k, raw, l);
    } else {
        without_tls(k, raw, l);
    }
}

/* Do they want the same port of the same address? tcp:// and tls:// are one to the kernel. */
static bool clash(const struct address *a, const struct address *b)
{
    bool sctp = (a->transport == TRANSPORT_SCTP) == (b->transport == TRANSPORT_SCTP);
    return sctp && a->port != 0 && a->port == b->port && address_same_ip(a, b);
}

void hssd_check_listeners(struct checker *k, const struct raw_config *raw,
                          struct hssd_config *config)
{
    size_t n = raw->listeners_count;
    if (n == 0) {
        check_section(k, "%s", "");
        check_wrong(k, "listeners", "is missing or empty: MMEs need an address to connect to");
    }
    config->listeners = check_alloc(k, n, sizeof *config->listeners);
    for (size_t i = 0; i < n && k->err == E_OK; i++) {
        check_section(k, "listeners[%zu].", i);
        config->n_listeners = i + 1;
        listener(k, &raw->listeners[i], &config->listeners[i]);
        for (size_t j = 0; j < i; j++) {
            if (clash(&config->listeners[i].address, &config->listeners[j].address)) {
                check_wrong(k, "address", "is the address and port of listeners[%zu] too", j);
            }
        }
    }
}
