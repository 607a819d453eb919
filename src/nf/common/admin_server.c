#include "nf/common/admin_server.h"

#include "crypto/crypto.h"
#include "nf/common/admin_server_parts.h"

#include <errno.h>
#include <microhttpd.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#define CONNECTIONS_MAX 64u
#define IDLE_SECONDS    60u
#define BODY_SECONDS    60u /* from its first octet to its last */
#define BODY_READ_MAX                                                                              \
    (16 * (size_t)ADMIN_BODY_MAX) /* of one that is too large: then it is cut off */
#define CONNECTION_MEMORY (size_t)65536
#define BODY_FIRST        4096u
#define RETRY_AFTER       "1"
#define RUNS_PER_TURN     16u

struct admin_server {
    struct admin_server_options options;
    uv_loop_t *loop;
    int listener;
    bool bound; /* the socket file is ours */
    struct MHD_Daemon *daemon;
    uv_poll_t poll;
    uv_timer_t timer;
    unsigned handles;        /* that are open */
    struct admin_door *door; /* HTTPS; NULL: there is none */
    uid_t user;              /* the last that asked, and his name */
    char user_name[ADMIN_WHO_MAX];
};

/* ---- the body, in memory of our own that is wiped -------------------------------------------- */

static bool body_room(struct admin_call *c, size_t need)
{
    size_t room = c->body_room > 0 ? c->body_room : BODY_FIRST;
    while (room < need) {
        room *= 2;
    }
    if (room == c->body_room) {
        return true;
    }
    uint8_t *bigger = malloc(room);
    if (bigger == NULL) {
        return false;
    }
    if (c->body != NULL) {
        memcpy(bigger, c->body, c->body_n);
        wipe(c->body, c->body_n);
        free(c->body);
    }
    c->body = bigger;
    c->body_room = room;
    return true;
}

/* False: it has no end, or takes its time. */
static bool body_may_go_on(struct admin_call *c, size_t n)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    if (c->body_seen == 0) {
        c->body_since = (int64_t)t.tv_sec;
    }
    c->body_seen += n;
    return c->body_seen <= BODY_READ_MAX && t.tv_sec - c->body_since <= BODY_SECONDS;
}

static void body_add(struct admin_call *c, const char *data, size_t n)
{
    if (c->body_too_large || n > ADMIN_BODY_MAX - c->body_n || !body_room(c, c->body_n + n)) {
        c->body_too_large = true; /* read to its end, kept no more */
        return;
    }
    memcpy(c->body + c->body_n, data, n);
    c->body_n += n;
}

static void call_free(struct admin_server *s, struct admin_call *c)
{
    if (c->body != NULL) {
        wipe(c->body, c->body_n);
        free(c->body);
    }
    if (s->options.end != NULL) {
        s->options.end(s->options.ctx, c);
    }
    admin_answer_free(c);
    free(c);
}

/* ---- libmicrohttpd --------------------------------------------------------------------------- */

static void add(struct MHD_Response *response, const char *name, const char *value)
{
    if (value != NULL && value[0] != '\0') {
        (void)MHD_add_response_header(response, name, value); /* fails without memory: left out */
    }
}

static struct MHD_Response *content_of(struct admin_call *c)
{
    struct stat st;
    struct MHD_Response *response = NULL;
    if (c->file > 0) {
        if (fstat(c->file, &st) == 0) {
            response = MHD_create_response_from_fd64((uint64_t)st.st_size, c->file);
        }
        c->file = response != NULL ? 0 : c->file;
        return response;
    }
    response = MHD_create_response_from_buffer(c->text_n, c->text, MHD_RESPMEM_MUST_FREE);
    c->text = response != NULL ? NULL : c->text;
    return response;
}

static enum MHD_Result reply(struct admin_call *c)
{
    struct MHD_Response *response = admin_answer_finish(c) == E_OK ? content_of(c) : NULL;
    if (response == NULL) {
        return MHD_NO;
    }
    add(response, MHD_HTTP_HEADER_CONTENT_TYPE, c->type);
    add(response, MHD_HTTP_HEADER_ETAG, c->etag);
    add(response, MHD_HTTP_HEADER_ALLOW, c->allow);
    if (c->status == MHD_HTTP_SERVICE_UNAVAILABLE) {
        add(response, MHD_HTTP_HEADER_RETRY_AFTER, RETRY_AFTER);
    }
    enum MHD_Result result = MHD_queue_response(c->connection, c->status, response);
    MHD_destroy_response(response);
    return result;
}

/* The user that the process at the other end runs as, by name where he has one. */
static void name_user(struct admin_server *s, uid_t uid)
{
    char room[1024];
    struct passwd entry, *found = NULL;
    if (s->user_name[0] != '\0' && s->user == uid) {
        return;
    }
    s->user = uid;
    if (getpwuid_r(uid, &entry, room, sizeof room, &found) == 0 && found != NULL) {
        (void)snprintf(s->user_name, sizeof s->user_name, "unix:%.100s", entry.pw_name);
    } else {
        (void)snprintf(s->user_name, sizeof s->user_name, "unix:%u", (unsigned)uid);
    }
}

/* False: the system does not say who it is, and so he is nobody. */
static bool who_is(struct admin_server *s, struct MHD_Connection *connection, struct admin_who *who)
{
    struct ucred peer;
    socklen_t n = sizeof peer;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    if (info == NULL || getsockopt(info->connect_fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) != 0) {
        return false;
    }
    name_user(s, peer.uid);
    *who = (struct admin_who){.role = ADMIN_ADMINISTRATOR, .from = "unix"};
    (void)snprintf(who->name, sizeof who->name, "%s", s->user_name);
    return true;
}

static enum MHD_Result call_new(struct admin_server *s, struct MHD_Connection *connection,
                                const char *method, const char *url, void **cls)
{
    struct admin_call *c = calloc(1, s->options.call_size);
    if (c == NULL || !who_is(s, connection, &c->who)) {
        free(c);
        return MHD_NO;
    }
    c->way = &admin_way_http;
    c->connection = connection;
    c->method = method;
    c->path = url;
    *cls = c;
    return MHD_YES;
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *n, void **cls)
{
    struct admin_server *s = ctx;
    struct admin_call *c = *cls;
    (void)version;
    if (c == NULL) {
        return call_new(s, connection, method, url, cls);
    }
    if (*n > 0) {
        if (!body_may_go_on(c, *n)) {
            return MHD_NO;
        }
        body_add(c, data, *n);
        *n = 0;
        return MHD_YES;
    }
    if (c->phase == ADMIN_READING) {
        s->options.route(s->options.ctx, c, method, url);
    }
    if (c->phase == ADMIN_WAITING) {
        MHD_suspend_connection(connection);
        return MHD_YES;
    }
    return reply(c);
}

static void on_completed(void *ctx, struct MHD_Connection *connection, void **cls,
                         enum MHD_RequestTerminationCode code)
{
    struct admin_call *c = *cls;
    (void)connection;
    (void)code;
    if (c != NULL) {
        *cls = NULL;
        call_free(ctx, c);
    }
}

/* ---- the loop -------------------------------------------------------------------------------- */

static void on_timer(uv_timer_t *timer)
{
    admin_server_run(timer->data);
}

/* While the library asks to be called again at once, a timer of 0 ms would run for ever within
 * libuv's own round of timers, and nothing else would have its turn: so a few times here, then
 * after the others. */
void admin_server_run(struct admin_server *s)
{
    MHD_UNSIGNED_LONG_LONG ms = 0;
    enum MHD_Result waits = MHD_YES;
    if (s->daemon == NULL) {
        return; /* HTTPS goes on by itself */
    }
    for (unsigned i = 0; i < RUNS_PER_TURN && waits == MHD_YES && ms == 0; i++) {
        (void)MHD_run(s->daemon); /* fails only on a daemon with threads of its own */
        waits = MHD_get_timeout(s->daemon, &ms);
    }
    if (waits == MHD_YES) {
        (void)uv_timer_start(&s->timer, on_timer, ms > 0 ? ms : 1, 0);
    } else {
        (void)uv_timer_stop(&s->timer);
    }
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    admin_server_run(poll->data);
}

void admin_server_resume(struct admin_server *s, struct admin_call *c)
{
    if (c->https != NULL) {
        admin_door_resume(s->door, c);
    } else {
        MHD_resume_connection(c->connection);
    }
}

/* ---- the socket ------------------------------------------------------------------------------ */

static enum err why_say(struct admin_why *why, enum err err, const char *path, const char *what)
{
    snprintf(why->text, sizeof why->text, "%.150s: %.100s", path, what);
    return err;
}

static bool somebody_answers(const struct sockaddr_un *at)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool answers = fd >= 0 && connect(fd, (const struct sockaddr *)at, sizeof *at) == 0;
    if (fd >= 0) {
        close(fd);
    }
    return answers;
}

static enum err clear_path(const struct admin_server_options *o, const struct sockaddr_un *at,
                           struct admin_why *why)
{
    struct stat st;
    char what[80];
    if (lstat(at->sun_path, &st) != 0) {
        return errno == ENOENT ? E_OK : why_say(why, E_IO, at->sun_path, strerror(errno));
    }
    if (!S_ISSOCK(st.st_mode)) {
        return why_say(why, E_EXISTS, at->sun_path,
                       "is there and is no socket: remove it or name another admin.socket");
    }
    if (somebody_answers(at)) {
        snprintf(what, sizeof what, "another process answers here: is this %.8s running already?",
                 o->program);
        return why_say(why, E_LOCKED, at->sun_path, what);
    }
    return unlink(at->sun_path) == 0 ? E_OK : why_say(why, E_IO, at->sun_path, strerror(errno));
}

static enum err socket_open(struct admin_server *s, struct admin_why *why)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    snprintf(at.sun_path, sizeof at.sun_path, "%s", s->options.path);
    enum err err = clear_path(&s->options, &at, why);
    if (err != E_OK) {
        return err;
    }
    s->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    mode_t before = umask(0177); /* 0600 from its first moment */
    s->bound = s->listener >= 0 && bind(s->listener, (const struct sockaddr *)&at, sizeof at) == 0;
    (void)umask(before);
    if (!s->bound || listen(s->listener, (int)CONNECTIONS_MAX) != 0) {
        return why_say(why, E_IO, s->options.path, strerror(errno));
    }
    return E_OK;
}

/* ---- start and stop -------------------------------------------------------------------------- */

static enum err start_daemon(struct admin_server *s, struct admin_why *why)
{
    const unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME;
    s->daemon = MHD_start_daemon(flags, 0, NULL, NULL, on_request, s, MHD_OPTION_LISTEN_SOCKET,
                                 s->listener, MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX,
                                 MHD_OPTION_CONNECTION_TIMEOUT, IDLE_SECONDS,
                                 MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY,
                                 MHD_OPTION_NOTIFY_COMPLETED, on_completed, s, MHD_OPTION_END);
    if (s->daemon == NULL) {
        return why_say(why, E_IO, s->options.path, "the HTTP server does not start");
    }
    s->listener = -1; /* the daemon's now */
    return E_OK;
}

static enum err start_handles(struct admin_server *s)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    s->poll.data = s->timer.data = s;
    if (info == NULL || uv_timer_init(s->loop, &s->timer) != 0) {
        return E_IO;
    }
    s->handles = 1;
    if (uv_poll_init(s->loop, &s->poll, info->epoll_fd) != 0) {
        return E_IO;
    }
    s->handles = 2;
    return uv_poll_start(&s->poll, UV_READABLE, on_readable) == 0 ? E_OK : E_IO;
}

static enum err start_socket(struct admin_server *s, struct admin_why *why)
{
    enum err err = socket_open(s, why);
    if (err == E_OK) {
        err = start_daemon(s, why);
    }
    return err == E_OK ? start_handles(s) : err;
}

enum err admin_server_open(const struct admin_server_options *options, uv_loop_t *loop,
                           struct admin_server **out, struct admin_why *why)
{
    struct admin_server *s = calloc(1, sizeof *s);
    snprintf(why->text, sizeof why->text, "the administration interface does not start");
    if (s == NULL) {
        return E_MEMORY;
    }
    *s = (struct admin_server){.options = *options, .loop = loop, .listener = -1};
    enum err err = options->path != NULL ? start_socket(s, why) : E_OK;
    if (err == E_OK && options->https != NULL && options->https->on) {
        err = admin_door_open(options, loop, &s->door, why);
    }
    if (err != E_OK) {
        admin_server_close(s);
        return err;
    }
    admin_server_run(s);
    *out = s;
    return E_OK;
}

enum err admin_next_open(const struct admin_server *s, const struct admin_https *https,
                         struct admin_next **out, struct admin_why *why)
{
    const bool both = s != NULL && s->door != NULL && https != NULL && https->on;
    *out = NULL;
    return both ? admin_door_next_open(https, out, why) : E_OK;
}

void admin_next_take(struct admin_server *s, struct admin_next *next)
{
    if (next != NULL) {
        admin_door_take(s->door, next);
    }
}

json_t *admin_server_view(const struct admin_server *s)
{
    return admin_door_view(s->door);
}

void admin_server_quiesce(struct admin_server *s)
{
    if (s->door != NULL) {
        admin_door_quiesce(s->door);
    }
    if (s->daemon != NULL && s->listener < 0) {
        s->listener = MHD_quiesce_daemon(s->daemon);
    }
}

static void on_closed(uv_handle_t *handle)
{
    ((struct admin_server *)handle->data)->handles--;
}

static void close_handles(struct admin_server *s)
{
    uv_handle_t *all[] = {(uv_handle_t *)&s->timer, (uv_handle_t *)&s->poll};
    const unsigned most = sizeof all / sizeof all[0];
    for (unsigned i = 0, n = s->handles; i < n && i < most; i++) {
        uv_close(all[i], on_closed);
    }
    while (s->handles > 0) {
        (void)uv_run(s->loop, UV_RUN_ONCE);
    }
}

void admin_server_close(struct admin_server *s)
{
    if (s == NULL) {
        return;
    }
    if (s->daemon != NULL) {
        admin_server_quiesce(s);
        (void)MHD_run(s->daemon); /* answers what was resumed last */
        close_handles(s);
        MHD_stop_daemon(s->daemon);
    }
    admin_door_close(s->door);
    if (s->bound) {
        (void)unlink(s->options.path);
    }
    if (s->listener >= 0) {
        close(s->listener);
    }
    free(s);
}
