/* nf/hssd/push_parts.h - what the files of nf/hssd/push.h share: push.c has the thread and what is
 * under way, push_message.c the requests and what their answers mean, push_pace.c how many at a
 * time, push_change.c what a change leaves to be told, push_profile.c profiles, push_reset.c who is
 * told of a reset. Nobody else includes it.
 */
#ifndef BINDERY_NF_HSSD_PUSH_PARTS_H
#define BINDERY_NF_HSSD_PUSH_PARTS_H

#include "nf/hssd/push.h"
#include "nf/hssd/reset.h"
#include "nf/hssd/routes.h"
#include "nf/hssd/s6a.h"
#include "store/store_node.h"

#include <pthread.h>

#define PUSH_ASKS         64u  /* requests under way, of all nodes */
#define PUSH_WINDOW       16u  /* of one node: a connection of ours has room for 64 */
#define PUSH_CONNECTION   48u  /* of one connection, whoever is behind it: CLR needs room too */
#define PUSH_PACES        256u /* nodes that are told apart by how they answer */
#define PUSH_HOSTS        64u  /* nodes that are looked at in one turn */
#define PUSH_CHUNK        32u  /* subscribers of a profile in one writer job */
#define PUSH_RETRY_MOST_S 300  /* between two tries */
#define PUSH_MESSAGE_MAX  8192 /* sixteen APNs, and five identities of 255 octets */
#define PUSH_NICE         10

enum push_state { PUSH_FREE, PUSH_HELD, PUSH_SENT, PUSH_ANSWERED }; /* held: not sent yet */
enum push_outcome {
    PUSH_DONE,
    PUSH_UNKNOWN, /* the node does not have the subscriber */
    PUSH_REFUSED, /* it has an answer that is no success: later */
    PUSH_SILENT   /* no answer, or it was not sent: later */
};
struct push_ask {
    struct push *p;
    enum push_state state; /* under the lock, as is all below once it is SENT */
    uint32_t generation;   /* of the slot: an answer that comes too late is nobody's */
    bool reset;            /* RSR: row.host, row.realm; else: */
    uint8_t what;          /* the bit of row.what that it is for; or several of DSR's */
    struct store_push row;
    uint64_t epoch; /* with reset */
    enum push_outcome outcome;
    uint32_t code; /* of the answer; 0: none */
    struct hssd_thread *thread;
    uint64_t conn;
    uint64_t cookie;
    size_t n;
    uint8_t msg[PUSH_MESSAGE_MAX];
};
/* Of a node that does not answer, or refuses all: it is asked for one thing at a time. */
struct push_pace {
    uint32_t refusals, tries; /* in a row */
    int64_t until;            /* monotonic: nothing before then */
    int64_t tried; /* Unix milliseconds: on a connection that is younger it begins anew */
};
struct push {
    struct hssd *h;
    pthread_t thread;
    bool runs;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stopping, woken;
    bool profiles;     /* they are to be compared with what was pushed */
    bool opened;       /* a node has connected since it was looked who needs a reset, or a reload */
    int64_t resets_ms; /* monotonic: not before then, otherwise */
    int64_t named_ms;  /* likewise: when what the configuration names is looked through again */
    struct store_reader *reader;
    struct crypto crypto;
    struct store_reset reset;
    char host[STORE_HOST_MAX]; /* the last node of the turn before */
    struct push_pace paces[PUSH_PACES];
    struct push_ask asks[PUSH_ASKS];
};

/* How long to wait after so many tries that failed. */
int64_t push_wait_ms(uint32_t tries);
/* Runs a change by the writer and waits until it is durable. */
struct push_write {
    struct writer_job job;
    struct push *p;
    enum err (*apply)(struct store_writer *w, struct push_write *x);
    void *ctx;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool done;
};
MUST_USE enum err push_write(struct push_write *x);
/* Begins a request; false: there is no room. Fills ask->row first: under no lock, as the thread. */
struct push_ask *push_take(struct push *p);
void push_send(struct push_ask *ask, const struct route *route);
/* Between the two: it stays taken. */
void push_hold(struct push_ask *ask);
void push_give_back(struct push_ask *ask);
/* How many of this node are under way. */
size_t push_under_way(struct push *p, const char *host);

bool same_push_host(const char *a, const char *b);

/* ---- push_pace.c ---- */

/* How many requests to this node may be under way by this connection. */
size_t push_window(struct push *p, const char *host, const struct route *route);
/* It was answered, or was not. */
void push_paced(struct push *p, const struct push_ask *ask);

/* ---- push_message.c ---- */

/* What is sent first of what a row wants. */
uint8_t push_first(uint8_t what);
/* The request for ask->what of ask->row; of the subscription as it is now. Errors: E_NOT_FOUND (the
 * node is not the serving one any more, or there is no subscriber: nothing is to be told),
 * E_BAD_STATE (its profile is not there), E_NO_ROOM, those of the store's read. */
MUST_USE enum err push_message(struct push *p, struct push_ask *ask);
/* The rest of *r is zero; session: room for it. */
#define PUSH_SESSION_MAX (STORE_HOST_MAX + 32)
void push_request_begin(struct hssd *h, const char *host, const char *realm,
                        char session[static PUSH_SESSION_MAX], struct s6a_request *r);
/* What an answer says; empty: none came. */
enum push_outcome push_outcome_of(struct hssd *h, const struct push_ask *ask, struct bytes msg,
                                  uint32_t *code);

/* ---- push_profile.c ---- */

/* One step; true: there is more to do. */
bool push_profiles_compare(struct push *p);
bool push_profile_step(struct push *p);

/* ---- push_reset.c ---- */

void push_resets(struct push *p);
/* It was answered, or was not: what is written, and what is told once it is. */
MUST_USE enum err push_reset_settle(struct store_writer *w, const struct push_ask *ask);
void push_reset_tell(struct hssd *h, const struct push_ask *ask);

#endif
