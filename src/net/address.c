#include "net/address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

enum { FOR_DIAMETER = 1, FOR_S1 = 2, S1_PORT = 36412 };

static const struct scheme {
    const char *name;
    uint16_t port, s1_port;
    unsigned use;
} schemes[] = {
    [TRANSPORT_TCP] = {"tcp", 3868, 0, FOR_DIAMETER},
    [TRANSPORT_TLS] = {"tls", 5658, 0, FOR_DIAMETER},
    [TRANSPORT_SCTP] = {"sctp", 3868, S1_PORT, FOR_DIAMETER | FOR_S1},
    [TRANSPORT_SCTP_UDP] = {"sctp-udp", 0, S1_PORT, FOR_S1},
    [TRANSPORT_S1_TCP] = {"s1-tcp", 0, S1_PORT, FOR_S1},
};

const char *transport_name(enum transport t)
{
    return schemes[t].name;
}

/* The text after "<scheme>://", or NULL. */
static const char *parse_scheme(const char *text, unsigned use, enum transport *out)
{
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        size_t n = strlen(schemes[i].name);
        if ((schemes[i].use & use) != 0 && strncmp(text, schemes[i].name, n) == 0 &&
            strncmp(text + n, "://", 3) == 0) {
            *out = (enum transport)i;
            return text + n + 3;
        }
    }
    return NULL;
}

/* Digits only, no sign, no leading zero but "0" itself: one text per port. */
static enum err parse_port(const char *text, size_t n, uint16_t *out)
{
    uint32_t port = 0;
    if (n == 0 || n > 5 || (n > 1 && text[0] == '0')) {
        return E_BAD_VALUE;
    }
    for (size_t i = 0; i < n; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return E_BAD_VALUE;
        }
        port = port * 10 + (uint32_t)(text[i] - '0');
    }
    if (port > UINT16_MAX) {
        return E_BAD_VALUE;
    }
    *out = (uint16_t)port;
    return E_OK;
}

/* Something with a letter that is no literal is a name: say so, instead of "bad value". */
static enum err why_not_literal(const char *host)
{
    for (const char *p = host; *p != '\0'; p++) {
        if ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z')) {
            return E_UNSUPPORTED;
        }
    }
    return E_BAD_VALUE;
}

/* Copies host without brackets, leaves *rest at the end or at the colon before the port. */
static enum err split_host(const char *text, char host[static 64], bool *six, const char **rest)
{
    *six = text[0] == '[';
    const char *from = *six ? text + 1 : text;
    size_t n = strcspn(from, *six ? "]" : ":/?");
    if (n == 0 || n >= 64 || (*six && from[n] != ']')) {
        return E_BAD_VALUE;
    }
    memcpy(host, from, n);
    host[n] = '\0';
    *rest = from + n + (*six ? 1 : 0);
    return E_OK;
}

/* What stands behind the host: ":<port>" and, for SCTP over UDP, "?udp=<port>". */
static enum err parse_ports(const char *p, struct address *a)
{
    enum err err = E_OK;
    if (*p == ':') {
        size_t n = strcspn(p + 1, "?");
        err = parse_port(p + 1, n, &a->port);
        p += 1 + n;
    }
    if (err == E_OK && *p != '\0') {
        bool udp = a->transport == TRANSPORT_SCTP_UDP && strncmp(p, "?udp=", 5) == 0;
        err = udp ? parse_port(p + 5, strlen(p + 5), &a->udp_port) : E_BAD_VALUE;
    }
    return err;
}

static enum err parse(const char *text, unsigned use, struct address *out)
{
    struct address a = {.family = 4};
    char host[64];
    bool six;
    const char *p = parse_scheme(text, use, &a.transport);
    if (p == NULL) {
        return E_BAD_VALUE;
    }
    enum err err = split_host(p, host, &six, &p);
    if (err != E_OK) {
        return err;
    }
    a.family = six ? 6 : 4;
    if (inet_pton(six ? AF_INET6 : AF_INET, host, a.ip) != 1) {
        return six ? E_BAD_VALUE : why_not_literal(host);
    }
    a.port = use == FOR_S1 ? schemes[a.transport].s1_port : schemes[a.transport].port;
    a.udp_port = a.transport == TRANSPORT_SCTP_UDP ? ADDRESS_UDP_PORT : 0;
    err = parse_ports(p, &a);
    if (err == E_OK) {
        *out = a;
    }
    return err;
}

enum err address_parse(const char *text, struct address *out)
{
    return parse(text, FOR_DIAMETER, out);
}

enum err address_parse_s1(const char *text, struct address *out)
{
    return parse(text, FOR_S1, out);
}

struct address_text address_print_ip(const struct address *a)
{
    struct address_text t = {"unknown"};
    if (a->family != 0) {
        (void)inet_ntop(a->family == 6 ? AF_INET6 : AF_INET, a->ip, t.s, sizeof t.s);
    }
    return t;
}

struct address_text address_print(const struct address *a)
{
    struct address_text ip = address_print_ip(a);
    struct address_text t;
    char udp[16] = "";
    bool six = a->family == 6;
    if (a->transport == TRANSPORT_SCTP_UDP && a->udp_port != ADDRESS_UDP_PORT) {
        (void)snprintf(udp, sizeof udp, "?udp=%u", a->udp_port);
    }
    (void)snprintf(t.s, sizeof t.s, "%s://%s%.46s%s:%u%s", transport_name(a->transport),
                   six ? "[" : "", ip.s, six ? "]" : "", a->port, udp);
    return t;
}

bool address_same_ip(const struct address *a, const struct address *b)
{
    return a->family == b->family && memcmp(a->ip, b->ip, sizeof a->ip) == 0;
}

bool address_eq(const struct address *a, const struct address *b)
{
    return a->transport == b->transport && a->port == b->port && a->udp_port == b->udp_port &&
           address_same_ip(a, b);
}

bool address_is_loopback(const struct address *a)
{
    static const uint8_t six[16] = {[15] = 1};
    return a->family == 4 ? a->ip[0] == 127 : a->family == 6 && memcmp(a->ip, six, 16) == 0;
}
