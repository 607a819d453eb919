#include "nf/common/config_https.h"

#include <stdio.h>
#include <string.h>

#define SECOND_MS 1000u

const cyaml_schema_field_t config_https_limits[] = {
    CONFIG_TEXT(raw_https_limits, connections),
    CONFIG_TEXT(raw_https_limits, connections_per_address),
    CONFIG_TEXT(raw_https_limits, connections_per_client),
    CONFIG_TEXT(raw_https_limits, header_seconds),
    CONFIG_TEXT(raw_https_limits, body_seconds),
    CONFIG_TEXT(raw_https_limits, answer_seconds),
    CONFIG_TEXT(raw_https_limits, idle_seconds),
    CONFIG_TEXT(raw_https_limits, requests_per_second),
    CONFIG_TEXT(raw_https_limits, burst),
    CONFIG_END,
};

void check_https_address(struct checker *k, const char *key, const char *text, struct address *out)
{
    static const char scheme[] = "https://";
    const size_t n = sizeof scheme - 1;
    char as_tls[96];
    const char *colon = text != NULL ? strrchr(text, ':') : NULL;
    bool ok = text != NULL && strncmp(text, scheme, n) == 0 && strlen(text) < sizeof as_tls &&
              colon >= text + n && colon[1] != '\0' &&
              strspn(colon + 1, "0123456789") == strlen(colon + 1);
    if (ok) {
        (void)snprintf(as_tls, sizeof as_tls, "tls://%s", text + n);
        ok = address_parse(as_tls, out) == E_OK;
    }
    if (!ok) {
        check_wrong(k, key, "`%.60s` is not an address such as https://127.0.0.1:8443",
                    text != NULL ? text : "");
    }
}

static uint32_t seconds(struct checker *k, const char *key, const char *text, unsigned otherwise)
{
    return SECOND_MS * check_bounded(k, key, text, 1, 3600, otherwise);
}

void check_https_limits(struct checker *k, const char *section, const struct raw_https_limits *raw,
                        struct https_limits *l, uint32_t *requests_per_second, uint32_t *burst)
{
    *l = https_limits_default();
    check_section(k, "%s", section);
    l->connections = check_bounded(k, "connections", raw->connections, 1, 65536, l->connections);
    l->connections_per_address =
        check_bounded(k, "connections_per_address", raw->connections_per_address, 1, 65536,
                      l->connections_per_address);
    l->connections_per_client =
        check_bounded(k, "connections_per_client", raw->connections_per_client, 1, 65536,
                      l->connections_per_client);
    l->header_ms = seconds(k, "header_seconds", raw->header_seconds, 10);
    l->body_ms = seconds(k, "body_seconds", raw->body_seconds, 30);
    l->answer_ms = seconds(k, "answer_seconds", raw->answer_seconds, 60);
    l->idle_ms = seconds(k, "idle_seconds", raw->idle_seconds, 60);
    *requests_per_second =
        check_bounded(k, "requests_per_second", raw->requests_per_second, 1, 1000000, 200);
    *burst = check_bounded(k, "burst", raw->burst, 1, 1000000, 400);
}
