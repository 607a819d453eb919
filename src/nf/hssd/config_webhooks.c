/* Receivers of events: nf/hssd/config_raw.h. */
#include "nf/hssd/config_raw.h"

#include "crypto/crypto.h"
#include "nf/common/event_names.h"
#include "nf/hssd/webhook_secret.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define URL_MAX_HERE 500
#define NAMES_MAX    64

static bool is_of(const char *text, const char *alphabet, size_t most)
{
    const size_t n = strlen(text);
    return n > 0 && n <= most && strspn(text, alphabet) == n;
}

static char *name_of(struct checker *k, const char *text)
{
    char *name = check_text(k, "name", text);
    if (name != NULL &&
        !is_of(name, "abcdefghijklmnopqrstuvwxyz0123456789-", HSSD_WEBHOOK_NAME_MAX - 1)) {
        check_wrong(k, "name", "`%.60s` is not 1 to %d of a-z, 0-9 and hyphen", text,
                    HSSD_WEBHOOK_NAME_MAX - 1);
    }
    return name;
}

/* What an address is up to its first slash. */
static bool host_is(const char *host, size_t n, const char *name)
{
    return n == strlen(name) && strncmp(host, name, n) == 0;
}

/* host[:port] */
static bool is_loopback(const char *at, size_t n)
{
    const size_t host = at[0] == '[' ? strcspn(at, "]") + 1 : strcspn(at, ":/?#");
    struct address address;
    char text[48];
    if (host > n) {
        return false;
    }
    (void)snprintf(text, sizeof text, "tcp://%.*s:1", host < sizeof text - 8 ? (int)host : 0, at);
    return host_is(at, host, "localhost") ||
           (address_parse(text, &address) == E_OK && address_is_loopback(&address));
}

/* https:// anywhere, http:// on this machine. No user, no fragment. */
static char *url_of(struct checker *k, const char *text, bool *plain)
{
    char *url = check_text(k, "url", text);
    *plain = url != NULL && strncmp(url, "http://", 7) == 0;
    if (url == NULL) {
        return NULL;
    }
    const char *at = *plain ? url + 7 : strncmp(url, "https://", 8) == 0 ? url + 8 : NULL;
    const size_t host = at != NULL ? strcspn(at, "/?#") : 0;
    if (host == 0 || memchr(at, '@', host) != NULL || strlen(url) > URL_MAX_HERE ||
        strcspn(url, "# \t\"<>\\^`{|}") != strlen(url)) {
        check_wrong(k, "url",
                    "`%.80s` is not a URL such as https://events.example.com/bindery, without "
                    "user and fragment",
                    text);
    } else if (*plain && !is_loopback(at, host)) {
        check_wrong(k, "url",
                    "http:// is for a receiver on this machine alone (127.0.0.1, [::1], "
                    "localhost): what is sent names subscribers; take https://");
    }
    return url;
}

static void ca_of(struct checker *k, const char *text, bool plain, struct hssd_webhook *w)
{
    if (plain && text != NULL) {
        check_wrong(k, "ca", "has no meaning with http://, which has no certificates");
    } else if (!plain && text == NULL) {
        check_wrong(k, "ca",
                    "is missing: a file with the CAs that the receiver's certificate may lead to; "
                    "for one of a public CA /etc/ssl/certs/ca-certificates.crt");
    } else if (!plain) {
        w->ca = hssd_check_readable(k, "ca", text);
    }
}

static void secret_of(struct checker *k, const char *text, struct hssd_webhook *w)
{
    struct webhook_secret secret;
    char why[160];
    w->secret_file = check_path(k, "secret_file", text);
    if (w->secret_file != NULL && webhook_secret_load(w->secret_file, &secret, why) != E_OK) {
        check_wrong(k, "secret_file", "%s", why);
    }
    wipe(&secret, sizeof secret);
}

static bool is_ours(const char *name)
{
    const struct event_word *w = event_word(name);
    return w != NULL && event_word_is_of(w, "hssd");
}

/* All of them: no list. */
static void events_of(struct checker *k, const struct raw_webhook *raw, struct hssd_webhook *w)
{
    char key[32];
    if (raw->events_count == 1 && strcmp(raw->events[0], "all") == 0) {
        return;
    }
    if (raw->events_count == 0 || raw->events_count > NAMES_MAX) {
        check_wrong(k, "events",
                    "is missing, empty or longer than %d: list names of events, or "
                    "write [all]",
                    NAMES_MAX);
        return;
    }
    w->events = check_alloc(k, raw->events_count, sizeof *w->events);
    w->n_events = w->events != NULL ? raw->events_count : 0;
    for (size_t i = 0; i < w->n_events; i++) {
        (void)snprintf(key, sizeof key, "events[%zu]", i);
        w->events[i] = check_text(k, key, raw->events[i]);
        if (k->err == E_OK && strcmp(raw->events[i], "all") == 0) {
            check_wrong(k, key, "`all` stands alone");
        } else if (k->err == E_OK && !is_ours(raw->events[i])) {
            check_wrong(k, key,
                        "no event of the HSS is called `%.60s`; `bindery explain event` lists them",
                        raw->events[i]);
        }
    }
}

void hssd_check_webhooks(struct checker *k, const struct raw_config *raw,
                         struct hssd_config *config)
{
    config->webhooks = check_alloc(k, raw->webhooks_count, sizeof *config->webhooks);
    config->n_webhooks = config->webhooks != NULL ? raw->webhooks_count : 0;
    for (size_t i = 0; i < config->n_webhooks; i++) {
        const struct raw_webhook *from = &raw->webhooks[i];
        struct hssd_webhook *w = &config->webhooks[i];
        check_section(k, "webhooks[%zu].", i);
        w->name = name_of(k, from->name);
        w->url = url_of(k, from->url, &w->plain);
        if (k->err == E_OK) {
            ca_of(k, from->ca, w->plain, w);
        }
        secret_of(k, from->secret_file, w);
        events_of(k, from, w);
        for (size_t j = 0; j < i && k->err == E_OK; j++) {
            if (strcmp(config->webhooks[j].name, w->name) == 0) {
                check_wrong(k, "name", "`%s` is webhooks[%zu].name too", w->name, j);
            }
        }
    }
}

void hssd_free_webhooks(struct hssd_config *config)
{
    for (size_t i = 0; i < config->n_webhooks; i++) {
        struct hssd_webhook *w = &config->webhooks[i];
        for (size_t j = 0; j < w->n_events; j++) {
            free(w->events[j]);
        }
        free(w->events);
        free(w->name);
        free(w->url);
        free(w->ca);
        free(w->secret_file);
    }
    free(config->webhooks);
}

const struct hssd_webhook *hssd_config_webhook(const struct hssd_config *config, const char *name)
{
    for (size_t i = 0; i < config->n_webhooks; i++) {
        if (strcmp(config->webhooks[i].name, name) == 0) {
            return &config->webhooks[i];
        }
    }
    return NULL;
}
