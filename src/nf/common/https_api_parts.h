/* nf/common/https_api_parts.h - what https_api.c (the server and its paths) and https_api_call.c
 * (one call: answers, parameters, members) lend each other. Not for others. */
#ifndef BINDERY_NF_COMMON_HTTPS_API_PARTS_H
#define BINDERY_NF_COMMON_HTTPS_API_PARTS_H

#include "nf/common/https_api.h"
#include "nf/common/metrics_table.h"

struct https_rates;

#define HTTPS_API_COUNTS 128u /* causes that are counted by name; more go together */
struct https_api_count {
    const char *cause; /* NULL: this place is free */
    uint64_t n;
};
struct https_api {
    struct https_api_options options;
    struct https_server *server;
    struct verifier *clients;
    struct https_rates *rates, *strangers;
    uint64_t requests;
    struct https_api_count counts[HTTPS_API_COUNTS];
    struct metrics_histogram *times; /* beside the routes */
};

/* The call has its answer: the line in the log, and the count. */
void https_api_note(struct https_api_call *c, unsigned status);
/* Body and query are as the route wants them: c->body. False: it was refused. */
MUST_USE bool https_api_take_body(struct https_api_call *c);
/* Frees what was taken, wiped where the route says so. */
void https_api_drop_body(struct https_api_call *c);

#endif
