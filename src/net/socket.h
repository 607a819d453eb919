/* net/socket.h - the sockets of Diameter: nonblocking, close-on-exec, no Nagle.
 *
 * SCTP is the kernel's, one-to-one style; where the kernel has none every function says
 * E_UNSUPPORTED. On SCTP each Diameter message is one SCTP message on stream 0 with payload
 * protocol 46, "Diameter in clear text" (RFC 6733 11.3; 47 is Diameter over DTLS, not offered), so
 * the sender must not put two messages into one send.
 */
#ifndef BINDERY_NET_SOCKET_H
#define BINDERY_NET_SOCKET_H

#include "net/address.h"

enum { SOCKET_PPID_DIAMETER = 46, SOCKET_PPID_DIAMETER_DTLS = 47 };

/* Errors: E_UNSUPPORTED (no such transport or family in this kernel), E_EXISTS (the address is in
 * use), E_DENIED (no right to that port), E_NOT_FOUND (no such local address), E_IO. errno stays.
 */
MUST_USE enum err socket_listen(const struct address *at, int backlog, int *fd);
/* E_AGAIN: nobody waits. E_BUSY: out of file descriptors or memory, try later. Any other error is
 * about the one connection that was lost. *from gets the listener's transport. */
MUST_USE enum err socket_accept(int listener, enum transport t, int *fd, struct address *from);
/* Starts to connect; the socket becomes writable when socket_connected can tell the outcome.
 * `from` (NULL: any) is the local address, so that a peer sees the one it has configured. */
MUST_USE enum err socket_connect(const struct address *to, const struct address *from, int *fd);
/* E_OK, or E_IO with errno set to why it failed. */
MUST_USE enum err socket_connected(int fd);
/* The own and the other end. Family 0 when the socket is not an IP socket. */
struct address socket_local(int fd, enum transport t);
struct address socket_remote(int fd, enum transport t);
/* What every adopted socket must be: nonblocking, close-on-exec, without Nagle where it applies. */
MUST_USE enum err socket_prepare(int fd, enum transport t);

#endif
