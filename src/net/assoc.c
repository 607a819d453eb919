#include "net/assoc.h"

#include "net/assoc_set.h"
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const struct {
    const char *name, *sentence;
} causes[] = {
#define X(NAME, name, sentence) [ASSOC_##NAME] = {name, sentence},
    ASSOC_CAUSES(X)
#undef X
};

const char *assoc_cause_name(enum assoc_cause c)
{
    return causes[c].name;
}

const char *assoc_cause_sentence(enum assoc_cause c)
{
    return causes[c].sentence;
}

bool assoc_has(enum transport t)
{
    if (t != TRANSPORT_SCTP) {
        return t == TRANSPORT_SCTP_UDP || t == TRANSPORT_S1_TCP;
    }
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_SCTP);
    if (fd >= 0) {
        (void)close(fd);
    }
    return fd >= 0;
}

static enum err connect_over(struct assoc_set *s, const struct address *to,
                             const struct address *from, struct assoc **out)
{
    switch (to->transport) {
    case TRANSPORT_SCTP_UDP:
        return udp_connect(s, to, from, out);
    case TRANSPORT_SCTP:
    case TRANSPORT_S1_TCP:
        return fd_connect(s, to, from, out);
    case TRANSPORT_TCP:
    case TRANSPORT_TLS:
        break;
    }
    return E_UNSUPPORTED;
}

enum err assoc_connect(struct assoc_set *s, const struct address *to, const struct address *from,
                       void *assoc_ctx, assoc_handle *out)
{
    struct assoc *a;
    if (from != NULL && (from->transport != to->transport || from->family != to->family)) {
        return E_BAD_VALUE;
    }
    (void)assoc_now(s);
    enum err err = connect_over(s, to, from, &a);
    if (err != E_OK) {
        return err;
    }
    a->peer = *to;
    a->initiator = true;
    a->announced = true;
    a->ctx = assoc_ctx;
    *out = a->handle;
    return E_OK;
}

enum err assoc_send(struct assoc *a, const struct assoc_message *m)
{
    struct assoc_set *s = a->set;
    if (a->state != ASSOC_UP) {
        return E_CLOSED;
    }
    if (m->octets.n == 0 || m->octets.n > s->config.message_max) {
        return E_BAD_LENGTH;
    }
    if (m->stream >= a->streams_out) {
        return E_BAD_VALUE;
    }
    enum err err = assoc_queue_put(&a->out, m);
    if (err != E_OK) {
        s->stats.busy++;
        a->wants_room = true;
        return err;
    }
    s->stats.messages_sent++;
    s->stats.octets_sent += m->octets.n;
    if (!s->in_poll) {
        a->ops->flush(a);
    } else if (!a->dirty) {
        a->dirty = true;
        TAILQ_INSERT_TAIL(&s->dirty, a, dirty_link);
    }
    return E_OK;
}

void assoc_hold(struct assoc *a, bool hold)
{
    if (a->held == hold || a->state == ASSOC_DEAD) {
        return;
    }
    a->held = hold;
    if (a->ops->hold != NULL) {
        a->ops->hold(a);
    }
    if (!hold) {
        assoc_make_ready(a);
    }
}

void assoc_shutdown(struct assoc *a)
{
    if (a->state == ASSOC_SETUP) {
        assoc_end(a, ASSOC_ENDED_HERE, true);
    } else if (a->state == ASSOC_UP) {
        (void)assoc_now(a->set);
        a->state = ASSOC_DRAINING;
        assoc_set_deadline(a, a->set->config.shutdown_timeout_ms);
        assoc_hold(a, false);
        assoc_sent(a);
    }
}

void assoc_abort(struct assoc *a)
{
    assoc_end(a, ASSOC_ABORTED_HERE, true);
}

assoc_handle assoc_handle_of(const struct assoc *a)
{
    return a->handle;
}

void *assoc_ctx(const struct assoc *a)
{
    return a->ctx;
}

void assoc_set_ctx(struct assoc *a, void *assoc_ctx)
{
    a->ctx = assoc_ctx;
}

const struct address *assoc_peer(const struct assoc *a)
{
    return &a->peer;
}

const struct address *assoc_local(const struct assoc *a)
{
    return &a->local;
}

bool assoc_initiator(const struct assoc *a)
{
    return a->initiator;
}

bool assoc_is_up(const struct assoc *a)
{
    return a->state == ASSOC_UP;
}

void assoc_streams(const struct assoc *a, uint16_t *in, uint16_t *out)
{
    *in = a->streams_in;
    *out = a->streams_out;
}

size_t assoc_unsent(const struct assoc *a)
{
    return assoc_queue_length(&a->out);
}
