#include "net/socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sctp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

union any {
    struct sockaddr base;
    struct sockaddr_in four;
    struct sockaddr_in6 six;
    struct sockaddr_storage room;
};

static socklen_t to_sockaddr(const struct address *a, union any *out)
{
    memset(out, 0, sizeof *out);
    if (a->family == 6) {
        out->six.sin6_family = AF_INET6;
        out->six.sin6_port = htons(a->port);
        memcpy(&out->six.sin6_addr, a->ip, 16);
        return sizeof out->six;
    }
    out->four.sin_family = AF_INET;
    out->four.sin_port = htons(a->port);
    memcpy(&out->four.sin_addr, a->ip, 4);
    return sizeof out->four;
}

static struct address from_sockaddr(const union any *in, enum transport t)
{
    struct address a = {.transport = t};
    if (in->base.sa_family == AF_INET6) {
        a.family = 6;
        a.port = ntohs(in->six.sin6_port);
        memcpy(a.ip, &in->six.sin6_addr, 16);
    } else if (in->base.sa_family == AF_INET) {
        a.family = 4;
        a.port = ntohs(in->four.sin_port);
        memcpy(a.ip, &in->four.sin_addr, 4);
    }
    return a;
}

static enum err err_of_errno(void)
{
    switch (errno) {
    case EPROTONOSUPPORT:
    case ESOCKTNOSUPPORT:
    case EAFNOSUPPORT:
        return E_UNSUPPORTED;
    case EADDRINUSE:
        return E_EXISTS;
    case EADDRNOTAVAIL:
        return E_NOT_FOUND;
    case EACCES:
    case EPERM:
        return E_DENIED;
    default:
        return E_IO;
    }
}

static bool set_int(int fd, int level, int option, int value)
{
    return setsockopt(fd, level, option, &value, sizeof value) == 0;
}

static bool prepare_sctp(int fd)
{
    struct sctp_sndinfo info = {.snd_ppid = htonl(SOCKET_PPID_DIAMETER)};
    return set_int(fd, IPPROTO_SCTP, SCTP_NODELAY, 1) &&
           setsockopt(fd, IPPROTO_SCTP, SCTP_DEFAULT_SNDINFO, &info, sizeof info) == 0;
}

/* A socket that is not what its transport says (a socket pair) has no Nagle to switch off. */
static bool not_that_protocol(void)
{
    return errno == EOPNOTSUPP || errno == ENOPROTOOPT;
}

enum err socket_prepare(int fd, enum transport t)
{
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 ||
        fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
        return E_IO;
    }
    bool done = t == TRANSPORT_SCTP ? prepare_sctp(fd) : set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    return done || not_that_protocol() ? E_OK : E_IO;
}

static enum err open_socket(const struct address *a, int *out)
{
    int fd = socket(a->family == 6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
                    a->transport == TRANSPORT_SCTP ? IPPROTO_SCTP : IPPROTO_TCP);
    if (fd < 0) {
        return err_of_errno();
    }
    enum err err = socket_prepare(fd, a->transport);
    if (err != E_OK) {
        (void)close(fd);
        return err;
    }
    *out = fd;
    return E_OK;
}

/* Closes fd and keeps the errno of what went wrong before. */
static enum err give_up(int fd)
{
    enum err err = err_of_errno();
    int why = errno;
    (void)close(fd);
    errno = why;
    return err;
}

enum err socket_listen(const struct address *at, int backlog, int *out)
{
    union any where;
    socklen_t n = to_sockaddr(at, &where);
    int fd;
    enum err err = open_socket(at, &fd);
    if (err != E_OK) {
        return err;
    }
    /* V6ONLY: one listener is one address; [::] and 0.0.0.0 are configured separately. */
    if (!set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1) ||
        (at->family == 6 && !set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1)) ||
        bind(fd, &where.base, n) != 0 || listen(fd, backlog) != 0) {
        return give_up(fd);
    }
    *out = fd;
    return E_OK;
}

enum err socket_accept(int listener, enum transport t, int *out, struct address *from)
{
    union any peer = {0};
    socklen_t n = sizeof peer;
    int fd = accept4(listener, &peer.base, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        if (errno == EAGAIN || errno == EWOULDBLOCK) {
            return E_AGAIN;
        }
        return errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM ? E_BUSY
                                                                                         : E_IO;
    }
    enum err err = socket_prepare(fd, t);
    if (err != E_OK) {
        (void)close(fd);
        return err;
    }
    *from = from_sockaddr(&peer, t);
    *out = fd;
    return E_OK;
}

static bool bind_local(int fd, const struct address *from)
{
    union any where;
    socklen_t n = to_sockaddr(from, &where);
    return set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1) && bind(fd, &where.base, n) == 0;
}

enum err socket_connect(const struct address *to, const struct address *from, int *out)
{
    union any where;
    socklen_t n = to_sockaddr(to, &where);
    int fd;
    enum err err = open_socket(to, &fd);
    if (err != E_OK) {
        return err;
    }
    if ((from != NULL && !bind_local(fd, from)) ||
        (connect(fd, &where.base, n) != 0 && errno != EINPROGRESS)) {
        return give_up(fd);
    }
    *out = fd;
    return E_OK;
}

enum err socket_connected(int fd)
{
    int why = 0;
    socklen_t n = sizeof why;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &why, &n) != 0) {
        return E_IO;
    }
    errno = why;
    return why == 0 ? E_OK : E_IO;
}

struct address socket_local(int fd, enum transport t)
{
    union any a = {0};
    socklen_t n = sizeof a;
    return getsockname(fd, &a.base, &n) == 0 ? from_sockaddr(&a, t)
                                             : (struct address){.transport = t};
}

struct address socket_remote(int fd, enum transport t)
{
    union any a = {0};
    socklen_t n = sizeof a;
    return getpeername(fd, &a.base, &n) == 0 ? from_sockaddr(&a, t)
                                             : (struct address){.transport = t};
}
