/* bench/lib/closed.h - the closed loop of the bench's clients: so many connections with so many
 * requests outstanding on each, subscribers picked at random from a range, one thread. A request
 * leaves when an answer came, so this finds what a server can do, and not how long a caller waits
 * when more is offered than that.
 *
 * A protocol (S6a, GSUP) says how requests look and what an answer means; the loop sends, counts
 * and prints: one line each, "name TAB value": answers and vectors per second, latencies in
 * microseconds, every result with its count, answers that did not come.
 */
#ifndef BENCH_LIB_CLOSED_H
#define BENCH_LIB_CLOSED_H

#include "base/span.h"
#include "lib/link.h"

#define CLOSED_SLOT_BITS  10
#define CLOSED_WINDOW_MAX (1U << CLOSED_SLOT_BITS)

struct closed_options {
    struct sockaddr_in to;
    unsigned connections;
    unsigned window;
    unsigned seconds;
    unsigned warmup;
    uint32_t vectors; /* asked for in each request */
    uint64_t imsi_first;
    uint64_t imsi_count;
    const char *host; /* the prefix of the connections' names */
    const char *realm;
    const char *destination_realm;
    const char *certificate, *key, *ca; /* all of them: TLS */
    uint8_t plmn[3];
};
struct closed_conn;
struct closed_protocol {
    size_t request_max; /* octets */
    size_t own_size;    /* what the protocol keeps with each connection, zero at first */
    /* The connection stands; says hello, if the protocol wants that. */
    void (*hello)(struct closed_conn *c, const uint8_t own_ip[4]);
    /* Errors: E_AGAIN (not whole yet). */
    enum err (*frame)(struct bytes in, size_t *total);
    void (*take)(struct closed_conn *c, struct bytes msg);
    /* Writes one request and returns its octets. */
    size_t (*request)(struct closed_conn *c, uint32_t id, uint64_t imsi, uint8_t *out);
    void (*bye)(struct closed_conn *c); /* or NULL */
};

/* ---- for the protocol ---- */

const struct closed_options *closed_options(const struct closed_conn *c);
void *closed_own(struct closed_conn *c);
unsigned closed_number(const struct closed_conn *c); /* from 1 */
struct mbytes closed_room(struct closed_conn *c);
void closed_put(struct closed_conn *c, size_t n); /* so much of the room is to leave */
void closed_opened(struct closed_conn *c);        /* requests may leave */
void closed_answered(struct closed_conn *c, uint32_t id, uint32_t result, unsigned vectors);
void closed_over(struct closed_conn *c); /* the server said good-bye */
_Noreturn void closed_die(const char *what, const char *why);

/* ---- for main ---- */

struct closed_options closed_options_of(int argc, char **argv);
/* Returns the exit status: 1 if no answer came. */
int closed_run(const struct closed_options *o, const struct closed_protocol *p);

#endif
