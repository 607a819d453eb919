/* net/tls.h - TLS 1.3 with mutual authentication as a filter between octets: no sockets here.
 *
 * OpenSSL over memory BIOs. What comes from the socket goes into tls_feed, what tls_pull gives goes
 * to the socket. A context is shared by all connections of a listener or a client; the certificate
 * is always demanded and always verified. Never below TLS 1.3, never without a peer certificate.
 */
#ifndef BINDERY_NET_TLS_H
#define BINDERY_NET_TLS_H

#include "base/span.h"

struct tls_context;
struct tls;

struct tls_files {
    const char *certificate; /* PEM, leaf first, then intermediates */
    const char *key;         /* PEM; refused if others may read it */
    const char *ca;          /* PEM: the CAs whose peers are accepted */
};
struct tls_why {
    char text[256]; /* which file, which line, what to do */
};
MUST_USE enum err tls_context_open(const struct tls_files *files, bool server,
                                   struct tls_context **out, struct tls_why *why);
/* One more user, who closes it too; harmless on NULL. Any thread. */
struct tls_context *tls_context_hold(struct tls_context *c);
/* The last user's frees it. Connections that were opened with it go on. Any thread. */
void tls_context_close(struct tls_context *c);

MUST_USE enum err tls_open(struct tls_context *c, struct tls **out);
void tls_close(struct tls *t);
/* From the socket. Errors: E_NO_ROOM (the peer sends more than is being read), E_MEMORY. */
MUST_USE enum err tls_feed(struct tls *t, struct bytes ciphertext);
/* For the socket; 0 when there is nothing. */
size_t tls_pull(struct tls *t, struct mbytes out);
bool tls_wants_send(const struct tls *t);
/* Drives the handshake. E_OK once done, E_AGAIN while more is to come, E_DENIED when the peer's
 * certificate is not accepted, E_CLOSED, E_IO. tls_reason says why in words. */
MUST_USE enum err tls_handshake(struct tls *t);
/* Plain octets. *n is 0 with E_AGAIN. Errors: E_AGAIN, E_CLOSED (close_notify), E_IO. */
MUST_USE enum err tls_read(struct tls *t, struct mbytes out, size_t *n);
MUST_USE enum err tls_write(struct tls *t, struct bytes plain); /* all of it, buffered */
void tls_shutdown(struct tls *t);                               /* queues close_notify */
const char *tls_reason(const struct tls *t);
/* Is `name` a dNSName of the peer's certificate (or, without any, its CN)? Exact, case-insensitive,
 * no wildcards. Only after the handshake. */
bool tls_peer_is(const struct tls *t, struct bytes name);

#endif
