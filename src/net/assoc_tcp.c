/* Messages over TCP, each behind its head. The head that a message has in the queue is the one it
 * has on the wire. */
#include "net/assoc_set.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/types.h>

/* Delivers what is whole. E_AGAIN: more octets are needed; E_OK: the turn is over, or the
 * association, or it may not be read any more. */
static enum err deliver(struct assoc *a, unsigned *turn)
{
    while (*turn > 0 && a->state != ASSOC_DEAD && !a->held) {
        struct assoc_message m;
        enum err err = assoc_queue_first(&a->in, a->set->config.message_max, &m);
        if (err != E_OK) {
            return err;
        }
        assoc_deliver(a, &m);
        assoc_queue_taken(&a->in, ASSOC_HEAD + m.octets.n);
        (*turn)--;
    }
    return E_OK;
}

/* E_OK: something came. E_AGAIN: nothing is there, or the association has ended. */
static enum err fill(struct assoc *a, bool *all)
{
    size_t free_space = a->in.bound - assoc_queue_length(&a->in);
    uint8_t *at = assoc_queue_room(&a->in, free_space);
    ssize_t n = recv(a->watch.fd, at, free_space, 0);
    if (n > 0) {
        a->in.to += (size_t)n;
        *all = (size_t)n < free_space;
        return E_OK;
    }
    if (n == 0) {
        assoc_end_of_stream(a);
    } else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
        assoc_end_by_errno(a, errno);
    }
    return E_AGAIN;
}

static bool tcp_read(struct assoc *a, unsigned turn)
{
    bool all = false;
    for (;;) {
        enum err err = deliver(a, &turn);
        if (err == E_OK) {
            return a->state != ASSOC_DEAD;
        }
        if (err != E_AGAIN) {
            assoc_end(a, err == E_BAD_LENGTH ? ASSOC_TOO_LONG : ASSOC_BAD_FRAME, true);
            return false;
        }
        if (all || fill(a, &all) != E_OK) {
            return false;
        }
    }
}

static void tcp_flush(struct assoc *a)
{
    size_t length;
    while ((length = assoc_queue_length(&a->out)) > 0) {
        ssize_t n = send(a->watch.fd, a->out.p + a->out.from, length, MSG_NOSIGNAL);
        if (n < 0) {
            if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
                assoc_end_by_errno(a, errno);
                return;
            }
            break;
        }
        assoc_queue_taken(&a->out, (size_t)n);
    }
    fd_watch(a, length > 0);
    if (a->state != ASSOC_DEAD) {
        assoc_sent(a);
    }
}

const struct assoc_ops tcp_ops = {tcp_read, tcp_flush, fd_finish, fd_release, fd_hold};
