/* Messages over SCTP over UDP: the sockets of the stack in net/assoc_stack.h. */
#include "net/assoc_stack.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <usrsctp.h>

enum {
    BACKLOG = 128,
    SACK_DELAY_MS = 20,
    FIRST_FREE_PORT = 49152, /* RFC 6335 6: up to the last one for whoever asks */
    SLACK = 4096             /* of a message's length in the receive buffer */
};

static const struct assoc_ops udp_ops;

static bool set(struct socket *so, int option, const void *value, socklen_t n)
{
    return usrsctp_setsockopt(so, IPPROTO_SCTP, option, value, n) == 0;
}

static bool set_buffers(struct socket *so, const struct assoc_config *c)
{
    int in = (int)c->in_size + SLACK, out = (int)(2 * c->message_max) + SLACK;
    uint32_t whole = (uint32_t)c->message_max + 1;
    struct linger at_once = {1, 0};
    return usrsctp_setsockopt(so, SOL_SOCKET, SO_RCVBUF, &in, sizeof in) == 0 &&
           usrsctp_setsockopt(so, SOL_SOCKET, SO_SNDBUF, &out, sizeof out) == 0 &&
           usrsctp_setsockopt(so, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once) == 0 &&
           /* a longer message comes in parts, and ends the association; shorter ones must not */
           set(so, SCTP_PARTIAL_DELIVERY_POINT, &whole, sizeof whole);
}

static bool set_times(struct socket *so, const struct assoc_config *c)
{
    struct sctp_initmsg init = {
        c->streams, c->streams, c->retransmissions,
        (uint16_t)(c->rto_max_ms < UINT16_MAX ? c->rto_max_ms : UINT16_MAX)};
    struct sctp_rtoinfo rto = {
        .srto_initial = c->rto_initial_ms, .srto_max = c->rto_max_ms, .srto_min = c->rto_min_ms};
    struct sctp_assocparams params = {.sasoc_asocmaxrxt = c->retransmissions};
    struct sctp_paddrparams path = {.spp_hbinterval = c->heartbeat_ms,
                                    .spp_pathmaxrxt = c->retransmissions,
                                    .spp_flags = SPP_HB_ENABLE};
    struct sctp_sack_info sack = {.sack_delay = SACK_DELAY_MS, .sack_freq = 2};
    return set(so, SCTP_INITMSG, &init, sizeof init) && set(so, SCTP_RTOINFO, &rto, sizeof rto) &&
           set(so, SCTP_ASSOCINFO, &params, sizeof params) &&
           set(so, SCTP_PEER_ADDR_PARAMS, &path, sizeof path) &&
           set(so, SCTP_DELAYED_SACK, &sack, sizeof sack);
}

static bool prepare(struct socket *so, const struct assoc_config *c)
{
    uint32_t on = 1, off = 0;
    struct sctp_event changes = {
        .se_assoc_id = SCTP_FUTURE_ASSOC, .se_type = SCTP_ASSOC_CHANGE, .se_on = 1};
    return usrsctp_set_non_blocking(so, 1) == 0 && set(so, SCTP_NODELAY, &on, sizeof on) &&
           set(so, SCTP_FRAGMENT_INTERLEAVE, &off, sizeof off) &&
           set(so, SCTP_RECVRCVINFO, &on, sizeof on) &&
           set(so, SCTP_EVENT, &changes, sizeof changes) && set_buffers(so, c) && set_times(so, c);
}

static struct sockaddr_conn name_of(uint16_t port)
{
    return (struct sockaddr_conn){
        .sconn_family = AF_CONN, .sconn_port = htons(port), .sconn_addr = STACK_ADDRESS};
}

static enum err failed(struct socket *so)
{
    int why = errno;
    usrsctp_close(so);
    errno = why;
    return why == EADDRINUSE ? E_EXISTS : E_IO;
}

/* The library gives no way to ask which port it has chosen, so it is chosen here. Under the lock.
 */
static bool bind_port(struct socket *so, uint16_t *port)
{
    static uint16_t last;
    bool any = *port == 0;
    for (unsigned i = 0; i < (any ? UINT16_MAX - FIRST_FREE_PORT : 1); i++) {
        last = last < FIRST_FREE_PORT || last == UINT16_MAX ? FIRST_FREE_PORT : last + 1;
        struct sockaddr_conn name = name_of(any ? last : *port);
        if (usrsctp_bind(so, (struct sockaddr *)&name, sizeof name) == 0) {
            *port = ntohs(name.sconn_port);
            return true;
        }
        if (errno != EADDRINUSE) {
            return false;
        }
    }
    return false;
}

/* A socket at that SCTP port (0: a free one, which is written there). */
static enum err open_socket(const struct assoc_config *c, uint16_t *port, struct watch *w,
                            struct socket **out)
{
    struct socket *so = usrsctp_socket(AF_CONN, SOCK_STREAM, IPPROTO_SCTP, NULL, NULL, 0, NULL);
    if (so == NULL) {
        return E_MEMORY;
    }
    if (!prepare(so, c) || !bind_port(so, port) || usrsctp_set_upcall(so, stack_upcall, w) != 0) {
        return failed(so);
    }
    *out = so;
    return E_OK;
}

static enum err use_stack(struct assoc_set *s)
{
    enum err err = s->uses_stack ? E_OK : stack_open(s->now);
    s->uses_stack = s->uses_stack || err == E_OK;
    return err;
}

enum err udp_listen(struct assoc_set *s, struct assoc_listener *l)
{
    enum err err = use_stack(s);
    if (err == E_OK) {
        err = stack_endpoint_get(s, &l->at, &l->endpoint);
    }
    if (err != E_OK) {
        return err;
    }
    stack_lock();
    err = open_socket(&s->config, &l->at.port, &l->watch, &l->so);
    if (err == E_OK && usrsctp_listen(l->so, BACKLOG) != 0) {
        err = failed(l->so);
    }
    if (err == E_OK) {
        l->endpoint->users++;
        l->at.udp_port = l->endpoint->bound.udp_port;
    }
    stack_unlock();
    return err;
}

static void close_socket(struct socket *so)
{
    (void)usrsctp_set_upcall(so, NULL, NULL);
    usrsctp_close(so);
}

void udp_unlisten(struct assoc_listener *l)
{
    stack_lock();
    close_socket(l->so);
    stack_unlock();
    l->endpoint->users--;
}

static enum err begin(struct assoc *a, struct stack_endpoint *e, const struct address *to,
                      uint16_t from_port)
{
    enum err err = stack_peer_get(e, to, &a->stack_peer);
    if (err == E_OK) {
        err = open_socket(&a->set->config, &from_port, &a->watch, &a->so);
    }
    if (err != E_OK) {
        return err;
    }
    struct sockaddr_conn name = name_of(a->stack_peer->number);
    if (usrsctp_connect(a->so, (struct sockaddr *)&name, sizeof name) != 0 &&
        errno != EINPROGRESS) {
        return errno == EADDRINUSE || errno == EALREADY ? E_EXISTS : E_IO;
    }
    a->local = e->bound;
    a->local.port = from_port;
    return E_OK;
}

enum err udp_connect(struct assoc_set *s, const struct address *to, const struct address *from,
                     struct assoc **out)
{
    struct address any = {.transport = to->transport, .family = to->family};
    struct stack_endpoint *e;
    struct assoc *a;
    from = from != NULL ? from : &any;
    enum err err = use_stack(s);
    if (err == E_OK) {
        err = stack_endpoint_get(s, from, &e);
    }
    if (err == E_OK) {
        err = assoc_new(s, &udp_ops, &a);
    }
    if (err != E_OK) {
        return err;
    }
    s->on_stack++;
    stack_lock();
    err = begin(a, e, to, from->port);
    stack_unlock();
    if (err != E_OK) {
        int why = errno;
        assoc_end(a, ASSOC_FAILED, true);
        errno = why;
        return err;
    }
    *out = a;
    return E_OK;
}

/* One that came to a listener: as far as it goes under the lock. */
static void take_in(struct assoc_listener *l, struct stack_endpoint *e,
                    const struct address *remote, struct socket *so)
{
    struct assoc *a;
    if (assoc_new(l->set, &udp_ops, &a) != E_OK) {
        usrsctp_close(so);
        return;
    }
    l->set->on_stack++;
    a->so = so;
    a->arrived_at = l;
    a->peer = *remote;
    a->local = l->at;
    if (stack_peer_get(e, remote, &a->stack_peer) != E_OK || usrsctp_set_non_blocking(so, 1) != 0 ||
        usrsctp_set_upcall(so, stack_upcall, &a->watch) != 0) {
        a->why = ENOBUFS;
    }
    assoc_make_ready(a);
}

void udp_accept(struct assoc_listener *l, struct stack_endpoint *e, const struct address *remote)
{
    struct sockaddr_conn name;
    socklen_t n = sizeof name;
    struct socket *so;
    while ((so = usrsctp_accept(l->so, (struct sockaddr *)&name, &n)) != NULL) {
        if (l->endpoint == e) {
            take_in(l, e, remote, so);
        } else {
            usrsctp_close(so); /* that port is served on another socket */
        }
        n = sizeof name;
    }
}

/* False: the stack has no association for it (any more). */
static bool streams(struct assoc *a, uint16_t *in, uint16_t *out)
{
    struct sctp_status status = {0};
    socklen_t n = sizeof status;
    stack_lock();
    bool known = usrsctp_getsockopt(a->so, IPPROTO_SCTP, SCTP_STATUS, &status, &n) == 0;
    stack_unlock();
    *in = status.sstat_instrms;
    *out = status.sstat_outstrms;
    return known;
}

static void introduce(struct assoc *a)
{
    const struct assoc_listener *l = a->arrived_at;
    uint16_t in, out;
    a->arrived_at = NULL;
    if (a->why != 0 || !streams(a, &in, &out)) {
        assoc_end(a, ASSOC_FAILED, true);
    } else {
        assoc_arrived(a, &l->at, in, out);
    }
}

static void notified(struct assoc *a, size_t n)
{
    struct sctp_assoc_change change;
    if (n < sizeof change) {
        return;
    }
    memcpy(&change, a->set->message, sizeof change);
    if (change.sac_type != SCTP_ASSOC_CHANGE) {
        return;
    }
    if (change.sac_state == SCTP_COMM_UP && a->state == ASSOC_SETUP) {
        assoc_up(a, change.sac_inbound_streams, change.sac_outbound_streams);
    } else if (change.sac_state == SCTP_RESTART) {
        assoc_end(a, ASSOC_RESTARTED, true);
    }
}

static ssize_t receive(struct assoc *a, struct sctp_rcvinfo *info, int *flags)
{
    struct assoc_set *s = a->set;
    struct sockaddr_conn from;
    socklen_t from_n = sizeof from, info_n = sizeof *info;
    unsigned type = 0;
    stack_lock();
    ssize_t n = usrsctp_recvv(a->so, s->message, s->config.message_max + 1,
                              (struct sockaddr *)&from, &from_n, info, &info_n, &type, flags);
    stack_unlock();
    if (n > 0 && (*flags & MSG_NOTIFICATION) == 0 && type != SCTP_RECVV_RCVINFO) {
        errno = EPROTO;
        return -1;
    }
    return n;
}

/* The stack says so already when the peer begins to shut down; to let go of the socket then would
 * abort what is under way. An upcall comes with each packet, so also with the last. */
static void stream_ended(struct assoc *a)
{
    uint16_t in, out;
    if (!streams(a, &in, &out)) {
        assoc_end_of_stream(a);
    } else if (a->state != ASSOC_FINISHING) {
        a->peer_ended = true;
        a->state = ASSOC_FINISHING;
        assoc_set_deadline(a, a->set->config.shutdown_timeout_ms);
    }
}

/* One message or notification. False: nothing is there, or the association has ended. */
static bool read_one(struct assoc *a)
{
    struct sctp_rcvinfo info = {0};
    int flags = 0;
    ssize_t n = receive(a, &info, &flags);
    if (n < 0) {
        int why = errno == EAGAIN || errno == EWOULDBLOCK ? a->why : errno;
        if (why != 0) {
            assoc_end_by_errno(a, why);
        }
        return false;
    }
    if ((flags & MSG_NOTIFICATION) != 0) {
        notified(a, (size_t)n);
    } else if (n == 0) {
        stream_ended(a);
        return false;
    } else if ((flags & MSG_EOR) == 0 || (size_t)n > a->set->config.message_max) {
        assoc_end(a, ASSOC_TOO_LONG, true);
    } else {
        struct assoc_message m = {{a->set->message, (size_t)n}, info.rcv_sid, ntohl(info.rcv_ppid)};
        assoc_deliver(a, &m);
    }
    return a->state != ASSOC_DEAD;
}

static bool udp_read(struct assoc *a, unsigned turn)
{
    if (a->arrived_at != NULL) {
        introduce(a);
    }
    if (a->state != ASSOC_DEAD && a->why == 0 && assoc_queue_length(&a->out) > 0) {
        a->ops->flush(a);
    }
    while (turn-- > 0) {
        if (a->state == ASSOC_DEAD || a->held || !read_one(a)) {
            return false;
        }
    }
    return true;
}

static void udp_flush(struct assoc *a)
{
    struct assoc_message m;
    int why = 0;
    stack_lock();
    while (why == 0 && assoc_queue_first(&a->out, ASSOC_MESSAGE_MAX, &m) == E_OK) {
        struct sctp_sndinfo info = {.snd_sid = m.stream, .snd_ppid = htonl(m.ppid)};
        if (usrsctp_sendv(a->so, m.octets.p, m.octets.n, NULL, 0, &info, sizeof info,
                          SCTP_SENDV_SNDINFO, 0) < 0) {
            why = errno;
        } else {
            assoc_queue_taken(&a->out, ASSOC_HEAD + m.octets.n);
        }
    }
    stack_unlock();
    if (why != 0 && why != EAGAIN && why != EWOULDBLOCK && why != ENOBUFS) {
        a->why = why; /* unless a better cause is there to be read */
        assoc_make_ready(a);
    }
    assoc_sent(a);
}

static bool waits_for_peer(struct assoc *a)
{
    struct sctp_status status = {0};
    socklen_t n = sizeof status;
    return usrsctp_getsockopt(a->so, IPPROTO_SCTP, SCTP_STATUS, &status, &n) == 0 &&
           status.sstat_unackdata + status.sstat_penddata > 0;
}

/* The library counts the probes of a shut window as unanswered though they are acknowledged, and
 * would give up a peer that only does not read. An answered heartbeat clears its count. */
void udp_nudge(struct assoc_set *s)
{
    if (s->on_stack == 0 || s->now < s->nudge_at) {
        return;
    }
    s->nudge_at = s->now + s->config.rto_max_ms;
    stack_lock();
    for (size_t i = 0; i < s->config.associations_max; i++) {
        struct assoc *a = s->slots[i];
        if (a == NULL || a->so == NULL || a->state == ASSOC_SETUP || !waits_for_peer(a)) {
            continue;
        }
        struct sctp_paddrparams ask = {.spp_flags = SPP_HB_DEMAND};
        struct sockaddr_conn name = name_of(a->stack_peer->number);
        memcpy(&ask.spp_address, &name, sizeof name);
        (void)set(a->so, SCTP_PEER_ADDR_PARAMS, &ask, sizeof ask);
    }
    stack_unlock();
}

static void udp_finish(struct assoc *a)
{
    stack_lock();
    (void)usrsctp_shutdown(a->so, SHUT_WR);
    stack_unlock();
}

/* What the stack still has for it ends with an abort; after the orderly end there is nothing. */
static void udp_release(struct assoc *a, bool notice)
{
    (void)notice;
    stack_lock();
    if (a->so != NULL) {
        close_socket(a->so);
        a->so = NULL;
    }
    if (a->stack_peer != NULL) {
        stack_peer_put(a->stack_peer);
        a->stack_peer = NULL;
    }
    if (a->touched) {
        TAILQ_REMOVE(&a->set->touched, a, touched_link);
        a->touched = false;
    }
    stack_unlock();
    a->set->on_stack--;
}

static const struct assoc_ops udp_ops = {udp_read, udp_flush, udp_finish, udp_release, NULL};
