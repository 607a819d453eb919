/* net/assoc_stack.h - the SCTP stack of this process (libusrsctp) under UDP sockets of our own: the
 * one global of the net room. For src/net/assoc*.c alone.
 *
 * The stack is started without its timer and receive threads. Packets are handed in as they come
 * from a UDP socket, and handed out again to be sent there; its clock goes on when we say so.
 *
 * To the stack there is one address in the world (AF_CONN), and peers differ by their port. So each
 * peer that it talks to gets a number, which stands in its packets in place of its own port while
 * the stack has them: a number is an own UDP socket and the peer's IP address, UDP port and SCTP
 * port. A stranger's number follows from these by a keyed hash, so a handshake takes no memory here
 * before its cookie has come back, and nobody can choose a number.
 *
 * One lock guards all of it: the library's own locking has known deadlocks, and this leaves it
 * nothing to contend for. No callback of the caller is made under the lock. The library's upcalls
 * come under it; they mark the association and wake its set, no more.
 */
#ifndef BINDERY_NET_ASSOC_STACK_H
#define BINDERY_NET_ASSOC_STACK_H

#include "net/assoc_set.h"

/* A UDP socket. Those who ask for the same address in a set share it. */
struct stack_endpoint {
    struct watch watch; /* first */
    struct assoc_set *set;
    struct address asked, bound;
    size_t users; /* of its own set's thread; the sweep takes those without */
    LIST_ENTRY(stack_endpoint) link;
};

/* A peer that has a number: kept as long as an association needs it. */
struct stack_peer {
    uint16_t number; /* never 0 */
    struct stack_endpoint *endpoint;
    struct address remote; /* its IP, UDP port and SCTP port */
    size_t users;
    LIST_ENTRY(stack_peer) link;
};
/* The one address, of everybody. */
#define STACK_ADDRESS ((void *)1)

/* Starts the stack, or counts one user more. Errors: E_CRYPTO (no randomness), E_MEMORY. */
MUST_USE enum err stack_open(uint64_t now);
void stack_close(void);
void stack_lock(void);
void stack_unlock(void);

MUST_USE enum err stack_endpoint_get(struct assoc_set *s, const struct address *at,
                                     struct stack_endpoint **out);
/* Under the lock. Errors: E_MEMORY, E_CRYPTO, E_BUSY (no number is free). */
MUST_USE enum err stack_peer_get(struct stack_endpoint *e, const struct address *remote,
                                 struct stack_peer **out);
void stack_peer_put(struct stack_peer *p);

/* What the sockets of the stack call. arg: the watch of an association or listener. */
void stack_upcall(struct socket *so, void *arg, int flags);

/* Reads what came, feeds the stack; peers that came in are made associations that are ready. */
void stack_receive(struct stack_endpoint *e);
/* Lets the stack's clock go on, and makes ready what it touched. */
void stack_turn(struct assoc_set *s);
/* How long the clock may stand. */
uint64_t stack_wait_ms(uint64_t now, bool busy);
/* Closes sockets that nobody uses any more. */
void stack_sweep(struct assoc_set *s);

/* In assoc_udp.c. Under the lock: takes in what came to a listener while a packet of `e` and
 * `remote` (with its SCTP port) was processed. */
void udp_accept(struct assoc_listener *l, struct stack_endpoint *e, const struct address *remote);
/* Now and then: keeps associations whose peer does not read. */
void udp_nudge(struct assoc_set *s);

#endif
