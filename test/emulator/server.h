/* test/emulator/server.h - the small MME of emulator/mme.h behind a socket of its own, on a thread.
 */
#ifndef BINDERY_TEST_EMULATOR_SERVER_H
#define BINDERY_TEST_EMULATOR_SERVER_H

#include "emulator/mme.h"
#include "net/assoc.h"
#include <pthread.h>
#include <stdatomic.h>

#define SERVER_ENBS 128

struct server {
    struct mme mme;
    struct assoc_set *set;
    struct address at;
    assoc_handle enb[SERVER_ENBS];
    unsigned enbs;
    pthread_t thread;
    atomic_bool stop;
    atomic_uint messages;
    unsigned drop_after; /* the association is cut after so many messages, once; 0: never */
};

static inline void server_send(struct server *s)
{
    struct mme_out out;
    while (mme_next(&s->mme, &out)) {
        struct assoc *a = assoc_find(s->set, s->enb[out.enb]);
        const struct assoc_message m = {
            .octets = {out.b, out.n}, .stream = 1, .ppid = ASSOC_PPID_S1AP};
        if (a != NULL) { /* whose process may have been killed */
            const enum err err = assoc_send(a, &m);
            assert_true(err == E_OK || err == E_CLOSED);
        }
    }
}

static inline void server_up(void *ctx, struct assoc *a)
{
    struct server *s = ctx;
    assert_true(s->enbs < SERVER_ENBS);
    s->enb[s->enbs++] = assoc_handle_of(a);
}

static inline void server_message(void *ctx, struct assoc *a, const struct assoc_message *m)
{
    struct server *s = ctx;
    const unsigned n = atomic_fetch_add(&s->messages, 1) + 1;
    for (unsigned i = 0; i < s->enbs; i++) {
        if (s->enb[i] == assoc_handle_of(a)) {
            mme_receive(&s->mme, i, m->octets);
        }
    }
    server_send(s);
    if (s->drop_after != 0 && n >= s->drop_after) {
        s->drop_after = 0;
        assoc_abort(a);
    }
}

static inline void *server_loop(void *arg)
{
    struct server *s = arg;
    while (!atomic_load(&s->stop)) {
        assert_ok(assoc_poll(s->set, 5));
    }
    return NULL;
}

/* Ready to be told how to behave (s->mme) before server_start. */
static inline struct server *server_open(void)
{
    static const struct assoc_callbacks callbacks = {.up = server_up, .message = server_message};
    struct assoc_config config = assoc_config_default();
    struct address any;
    struct server *s = calloc(1, sizeof *s);
    assert_non_null(s);
    mme_open(&s->mme);
    config.callbacks = &callbacks;
    config.ctx = s;
    assert_ok(assoc_set_open(&config, &s->set));
    assert_ok(address_parse_s1("s1-tcp://127.0.0.1:0", &any));
    assert_ok(assoc_listen(s->set, &any, &s->at));
    return s;
}

static inline void server_start(struct server *s)
{
    atomic_store(&s->stop, false); /* it may have been stopped before */
    assert_int_equal(pthread_create(&s->thread, NULL, server_loop, s), 0);
}

static inline bool server_has_enbs(const struct server *s)
{
    for (unsigned i = 0; i < s->enbs; i++) {
        if (assoc_find(s->set, s->enb[i]) != NULL) {
            return true;
        }
    }
    return false;
}

/* Afterwards s->mme may be looked at: its eNBs are gone, and what they sent last has been read. */
static inline void server_stop(struct server *s)
{
    atomic_store(&s->stop, true);
    assert_int_equal(pthread_join(s->thread, NULL), 0);
    for (unsigned i = 0; server_has_enbs(s); i++) {
        assert_true(i < 12000); /* a minute */
        assert_ok(assoc_poll(s->set, 5));
    }
}

static inline void server_close(struct server *s)
{
    assoc_set_close(s->set);
    mme_close(&s->mme);
    free(s);
}

#endif
