/* bench/lib/link.h - a client's connection, plain or TLS 1.3: connected while it blocks, used
 * without blocking. Ends the program with a sentence when the server cannot be reached.
 */
#ifndef BENCH_LIB_LINK_H
#define BENCH_LIB_LINK_H

#include <netinet/in.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct link {
    int fd;
    SSL *ssl; /* NULL: plain */
};
/* A context with a certificate of our own and the one CA that is believed. */
SSL_CTX *link_tls(const char *certificate, const char *key, const char *ca);
/* tls NULL: plain. own: our side's IPv4 address. */
void link_connect(struct link *l, const struct sockaddr_in *to, SSL_CTX *tls, uint8_t own[4]);
/* As send and recv: -1 with errno EAGAIN when it would block. */
ssize_t link_send(struct link *l, const void *p, size_t n);
ssize_t link_recv(struct link *l, void *p, size_t n);
/* Octets that have left the socket already and that no event will tell of. */
bool link_pending(const struct link *l);
void link_close(struct link *l);

/* "IP:PORT", or the program ends. text is cut. */
struct sockaddr_in address_or_die(char *text);

#endif
