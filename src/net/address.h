/* net/address.h - where a Diameter peer is reached: transport, IP address and port, as one value.
 *
 * The text form is "tcp://127.0.0.1:3868", "tls://[::1]:5658" or "sctp://192.0.2.1". The host is an
 * address literal: a signalling thread must never wait for a name server, so names are resolved by
 * whoever reads the configuration, if at all. Without a port the registered one is meant: 3868, or
 * 5658 for TLS (RFC 6733 11.4).
 */
#ifndef BINDERY_NET_ADDRESS_H
#define BINDERY_NET_ADDRESS_H

#include "base/span.h"

enum transport { TRANSPORT_TCP, TRANSPORT_TLS, TRANSPORT_SCTP };

struct address {
    enum transport transport;
    uint8_t family; /* 4 or 6; 0 when nothing is known (a socket pair in a test) */
    uint8_t ip[16]; /* network order, the first 4 for family 4, the rest zero */
    uint16_t port;
};
struct address_text {
    char s[64]; /* the longest is sctp://[8 groups]:65535 */
};

/* "tcp", "tls", "sctp". Never NULL. */
const char *transport_name(enum transport t);

/* Errors: E_BAD_VALUE (scheme, address or port), E_UNSUPPORTED (a host name). Port 0 is allowed:
 * it asks the kernel for a free one. */
MUST_USE enum err address_parse(const char *text, struct address *out);
struct address_text address_print(const struct address *a);
/* The IP alone, without brackets: for logs and for comparing with configured prefixes. */
struct address_text address_print_ip(const struct address *a);
bool address_eq(const struct address *a, const struct address *b);
bool address_is_loopback(const struct address *a);
/* Do both have the same IP, whatever the port? */
bool address_same_ip(const struct address *a, const struct address *b);

#endif
