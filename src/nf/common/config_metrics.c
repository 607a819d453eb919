#include "nf/common/config_metrics.h"

#include <stdio.h>
#include <string.h>

const cyaml_schema_field_t config_metrics_fields[] = {
    CONFIG_TEXT(raw_metrics, listen),
    CONFIG_TEXT(raw_metrics, off_loopback),
    CONFIG_END,
};

static bool http_address(const char *text, struct address *out)
{
    static const char scheme[] = "http://";
    const size_t n = sizeof scheme - 1;
    char as_tcp[96];
    const char *colon = strrchr(text, ':');
    if (strncmp(text, scheme, n) != 0 || strlen(text) >= sizeof as_tcp || colon < text + n ||
        colon[1] == '\0' || strspn(colon + 1, "0123456789") != strlen(colon + 1)) {
        return false;
    }
    (void)snprintf(as_tcp, sizeof as_tcp, "tcp://%s", text + n);
    return address_parse(as_tcp, out) == E_OK;
}

void check_metrics(struct checker *k, const struct raw_metrics *raw, struct config_metrics *out)
{
    *out = (struct config_metrics){.on = false};
    check_section(k, "metrics.");
    const bool off = check_bool(k, "off_loopback", raw->off_loopback, false);
    if (raw->listen == NULL) {
        if (raw->off_loopback != NULL) {
            check_wrong(k, "off_loopback", "has no meaning without metrics.listen: leave it out");
        }
        return;
    }
    if (!http_address(raw->listen, &out->listen)) {
        check_wrong(k, "listen", "`%.60s` is not an address such as http://127.0.0.1:9464",
                    raw->listen);
        return;
    }
    if (!address_is_loopback(&out->listen) && !off) {
        check_wrong(k, "listen",
                    "whoever reaches it may read it, without a certificate: take 127.0.0.1 or "
                    "[::1], admin.https, or write `off_loopback: true` where a firewall protects "
                    "it");
    }
    out->on = true;
}

bool same_metrics(const struct config_metrics *a, const struct config_metrics *b)
{
    return a->on == b->on &&
           (!a->on || strcmp(address_print(&a->listen).s, address_print(&b->listen).s) == 0);
}
