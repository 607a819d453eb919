/* Messages over the kernel's SCTP, one-to-one style (RFC 6458). */
#include "net/assoc_set.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/sctp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>

static bool set(int fd, int option, const void *value, socklen_t n)
{
    return setsockopt(fd, IPPROTO_SCTP, option, value, n) == 0;
}

static bool prepare_times(int fd, const struct assoc_config *c)
{
    struct sctp_rtoinfo rto = {
        .srto_initial = c->rto_initial_ms, .srto_max = c->rto_max_ms, .srto_min = c->rto_min_ms};
    struct sctp_assocparams params = {.sasoc_asocmaxrxt = c->retransmissions};
    struct sctp_paddrparams path = {.spp_hbinterval = c->heartbeat_ms,
                                    .spp_pathmaxrxt = c->retransmissions,
                                    .spp_flags = SPP_HB_ENABLE};
    return set(fd, SCTP_RTOINFO, &rto, sizeof rto) &&
           set(fd, SCTP_ASSOCINFO, &params, sizeof params) &&
           set(fd, SCTP_PEER_ADDR_PARAMS, &path, sizeof path);
}

enum err sctp_prepare(int fd, const struct assoc_config *c)
{
    struct sctp_initmsg init = {
        .sinit_num_ostreams = c->streams,
        .sinit_max_instreams = c->streams,
        .sinit_max_attempts = c->retransmissions,
        .sinit_max_init_timeo =
            (uint16_t)(c->rto_max_ms < UINT16_MAX ? c->rto_max_ms : UINT16_MAX)};
    struct sctp_event_subscribe events = {.sctp_association_event = 1};
    int on = 1, off = 0;
    /* the kernel doubles what is asked for, and counts its own overhead in */
    int in = (int)c->in_size, out = (int)(2 * c->message_max);
    uint32_t whole = (uint32_t)c->message_max + 1;
    if (!set(fd, SCTP_INITMSG, &init, sizeof init) || !set(fd, SCTP_NODELAY, &on, sizeof on) ||
        !set(fd, SCTP_FRAGMENT_INTERLEAVE, &off, sizeof off) ||
        !set(fd, SCTP_RECVRCVINFO, &on, sizeof on) ||
        !set(fd, SCTP_EVENTS, &events, sizeof events) || !prepare_times(fd, c) ||
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &in, sizeof in) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &out, sizeof out) != 0) {
        return E_IO;
    }
    /* a message that is longer comes in parts, and ends the association; shorter ones must not */
    return set(fd, SCTP_PARTIAL_DELIVERY_POINT, &whole, sizeof whole) ? E_OK : E_IO;
}

enum err sctp_streams(int fd, uint16_t *in, uint16_t *out)
{
    struct sctp_status status = {0};
    socklen_t n = sizeof status;
    if (getsockopt(fd, IPPROTO_SCTP, SCTP_STATUS, &status, &n) != 0) {
        return E_IO;
    }
    *in = status.sstat_instrms;
    *out = status.sstat_outstrms;
    return E_OK;
}

union control {
    struct cmsghdr head;
    char room[CMSG_SPACE(sizeof(struct sctp_sndinfo)) + CMSG_SPACE(sizeof(struct sctp_rcvinfo))];
};

static void notified(struct assoc *a, size_t n)
{
    struct sctp_assoc_change change;
    if (n < sizeof change) {
        return;
    }
    memcpy(&change, a->set->message, sizeof change);
    if (change.sac_type == SCTP_ASSOC_CHANGE && change.sac_state == SCTP_RESTART) {
        assoc_end(a, ASSOC_RESTARTED, true);
    }
}

static bool info_of(struct msghdr *h, struct assoc_message *m)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c != NULL; c = CMSG_NXTHDR(h, c)) {
        if (c->cmsg_level == IPPROTO_SCTP && c->cmsg_type == SCTP_RCVINFO) {
            struct sctp_rcvinfo info;
            memcpy(&info, CMSG_DATA(c), sizeof info);
            m->stream = info.rcv_sid;
            m->ppid = ntohl(info.rcv_ppid);
            return true;
        }
    }
    return false;
}

/* One message or notification. False: nothing is there, or the association has ended. */
static bool read_one(struct assoc *a)
{
    struct assoc_set *s = a->set;
    union control control;
    struct iovec iov = {s->message, s->config.message_max + 1};
    struct msghdr h = {.msg_iov = &iov,
                       .msg_iovlen = 1,
                       .msg_control = &control,
                       .msg_controllen = sizeof control};
    struct assoc_message m = {0};
    ssize_t n = recvmsg(a->watch.fd, &h, 0);
    if (n < 0) {
        if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
            assoc_end_by_errno(a, errno);
        }
        return false;
    }
    if ((h.msg_flags & MSG_NOTIFICATION) != 0) {
        notified(a, (size_t)n);
    } else if (n == 0) {
        assoc_end_of_stream(a);
    } else if ((h.msg_flags & MSG_EOR) == 0 || (size_t)n > s->config.message_max) {
        assoc_end(a, ASSOC_TOO_LONG, true);
    } else if (!info_of(&h, &m)) {
        assoc_end(a, ASSOC_FAILED, true);
    } else {
        m.octets = (struct bytes){s->message, (size_t)n};
        assoc_deliver(a, &m);
    }
    return a->state != ASSOC_DEAD;
}

static bool sctp_read(struct assoc *a, unsigned turn)
{
    while (turn-- > 0) {
        if (!read_one(a) || a->held) {
            return false;
        }
    }
    return true;
}

static ssize_t send_one(const struct assoc *a, const struct assoc_message *m)
{
    union control control = {0};
    struct sctp_sndinfo info = {.snd_sid = m->stream, .snd_ppid = htonl(m->ppid)};
    struct iovec iov = {a->out.p + a->out.from + ASSOC_HEAD, m->octets.n};
    struct msghdr h = {.msg_iov = &iov,
                       .msg_iovlen = 1,
                       .msg_control = &control,
                       .msg_controllen = CMSG_SPACE(sizeof info)};
    struct cmsghdr *c = CMSG_FIRSTHDR(&h);
    c->cmsg_level = IPPROTO_SCTP;
    c->cmsg_type = SCTP_SNDINFO;
    c->cmsg_len = CMSG_LEN(sizeof info);
    memcpy(CMSG_DATA(c), &info, sizeof info);
    return sendmsg(a->watch.fd, &h, MSG_NOSIGNAL);
}

static void sctp_flush(struct assoc *a)
{
    struct assoc_message m;
    while (assoc_queue_first(&a->out, ASSOC_MESSAGE_MAX, &m) == E_OK) {
        if (send_one(a, &m) < 0) {
            if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
                assoc_end_by_errno(a, errno);
                return;
            }
            break;
        }
        assoc_queue_taken(&a->out, ASSOC_HEAD + m.octets.n);
    }
    fd_watch(a, assoc_queue_length(&a->out) > 0);
    if (a->state != ASSOC_DEAD) {
        assoc_sent(a);
    }
}

const struct assoc_ops sctp_ops = {sctp_read, sctp_flush, fd_finish, fd_release, fd_hold};
