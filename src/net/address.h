/* net/address.h - where a peer is reached: transport, IP address and ports, as one value.
 *
 * The text form is "tcp://127.0.0.1:3868", "tls://[::1]:5658" or "sctp://192.0.2.1" for Diameter,
 * and "sctp://192.0.2.1:36412", "sctp-udp://192.0.2.1:36412?udp=9899" or "s1-tcp://127.0.0.1" for
 * S1 (net/assoc.h). The host is an address literal: a signalling thread must never wait for a name
 * server, so names are resolved by whoever reads the configuration, if at all. Without a port the
 * registered one is meant: 3868, or 5658 for TLS (RFC 6733 11.4); 36412 for S1 (TS 36.412 7). The
 * port of SCTP over UDP is SCTP's; behind ?udp= stands the UDP port of that end (RFC 6951 5.1: 9899
 * unless said).
 */
#ifndef BINDERY_NET_ADDRESS_H
#define BINDERY_NET_ADDRESS_H

#include "base/span.h"

enum { ADDRESS_UDP_PORT = 9899 };

enum transport {
    TRANSPORT_TCP,
    TRANSPORT_TLS,
    TRANSPORT_SCTP,
    TRANSPORT_SCTP_UDP, /* SCTP packets in UDP datagrams */
    TRANSPORT_S1_TCP    /* messages in TCP, each behind a head (net/assoc.h) */
};

struct address {
    enum transport transport;
    uint8_t family; /* 4 or 6; 0 when nothing is known (a socket pair in a test) */
    uint8_t ip[16]; /* network order, the first 4 for family 4, the rest zero */
    uint16_t port;
    uint16_t udp_port; /* TRANSPORT_SCTP_UDP; otherwise 0 */
};
struct address_text {
    char s[80]; /* the longest is sctp-udp://[8 groups]:65535?udp=65535 */
};

/* "tcp", "tls", "sctp", "sctp-udp", "s1-tcp". Never NULL. */
const char *transport_name(enum transport t);

/* Of Diameter: tcp, tls, sctp. Errors: E_BAD_VALUE (scheme, address or port), E_UNSUPPORTED (a host
 * name). Port 0 is allowed: it asks the kernel for a free one. */
MUST_USE enum err address_parse(const char *text, struct address *out);
/* Of S1: sctp, sctp-udp, s1-tcp. The same errors; UDP port 0 is allowed too. */
MUST_USE enum err address_parse_s1(const char *text, struct address *out);
struct address_text address_print(const struct address *a);
/* The IP alone, without brackets: for logs and for comparing with configured prefixes. */
struct address_text address_print_ip(const struct address *a);
bool address_eq(const struct address *a, const struct address *b);
bool address_is_loopback(const struct address *a);
/* Do both have the same IP, whatever the ports? */
bool address_same_ip(const struct address *a, const struct address *b);

#endif
