/* cli/load_plan.h - what a load is: where to, as whom, what, when, and for whom. Made from the
 * command line (load_options.c), fixed while it runs.
 */
#ifndef BINDERY_CLI_LOAD_PLAN_H
#define BINDERY_CLI_LOAD_PLAN_H

#include "cli/load_keys.h"
#include "cli/load_message.h"
#include "emulator/load_schedule.h"
#include "net/address.h"
#include "net/tls.h"

#define LOAD_SECOND        UINT64_C(1000000000)
#define LOAD_PEERS_MAX     1024
#define LOAD_PER_PEER_MAX  64
#define LOAD_THREADS_MAX   16
#define LOAD_SLOTS_BITS    18 /* requests under way and waiting, per thread */
#define LOAD_TRANSPORT_OUT 32768

struct load_plan {
    struct address to;
    /* the peers */
    unsigned peers, per_peer, threads;
    char origin_host[LOAD_HOST_MAX]; /* %d is the peer's number, from 1 */
    char realm[LOAD_HOST_MAX];
    const char *destination_realm; /* NULL: the HSS's own, as its CEA says */
    struct tls_files tls;          /* %d as above */
    uint8_t plmn[3];
    uint32_t own_vendor;
    /* the requests */
    enum load_pattern pattern;
    double rate;          /* per second, of all threads; 0 with devices */
    uint64_t devices;     /* or 0 */
    uint64_t duration_ns; /* of what is measured */
    uint64_t warmup_ns;   /* before it */
    uint64_t timeout_ns;  /* from when a request was due */
    struct load_mix mix;
    uint32_t vectors;
    uint64_t seed;
    /* the subscribers */
    uint64_t imsi_from, count;
    unsigned imsi_digits;
    bool random_order, roam;
    struct load_keys keys; /* n 0: none */
    uint64_t resync_sqn;
    /* what comes out */
    const char *json, *plot; /* NULL: none */
    bool allow_failures;
    bool progress;
};

/* `pattern` with each %d replaced by the number. False when it does not fit. */
MUST_USE bool load_name(const char *pattern, unsigned number, char *out, size_t cap);
uint64_t load_now(void); /* CLOCK_MONOTONIC in nanoseconds */

#endif
