#include "nf/hssd/admin.h"

#include "crypto/openssl.h"
#include "nf/hssd/admin_eir.h"

#include <errno.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <uv.h>

#define CONNECTIONS_MAX   64u
#define IDLE_SECONDS      60u
#define CONNECTION_MEMORY (size_t)65536
#define BODY_FIRST        4096u
#define RETRY_AFTER       "1"

struct admin {
    struct hssd *h;
    uv_loop_t *loop;
    struct crypto crypto;
    struct store_reader *reader;
    const struct address *bound;
    int listener;
    struct MHD_Daemon *daemon;
    uv_poll_t poll;
    uv_timer_t timer;
    uv_async_t async;
    bool stopping;
    unsigned handles;     /* that are open */
    unsigned waiting;     /* requests at the writer; control thread only */
    pthread_mutex_t lock; /* of done */
    struct admin_request *done;
};

/* ---- the body, in memory of our own that is wiped ---- */

static bool body_room(struct admin_request *r, size_t need)
{
    size_t room = r->body_room > 0 ? r->body_room : BODY_FIRST;
    while (room < need) {
        room *= 2;
    }
    if (room == r->body_room) {
        return true;
    }
    uint8_t *bigger = malloc(room);
    if (bigger == NULL) {
        return false;
    }
    if (r->body != NULL) {
        memcpy(bigger, r->body, r->body_n);
        wipe(r->body, r->body_n);
        free(r->body);
    }
    r->body = bigger;
    r->body_room = room;
    return true;
}

static void body_add(struct admin_request *r, const char *data, size_t n)
{
    if (r->body_too_large || n > ADMIN_BODY_MAX - r->body_n || !body_room(r, r->body_n + n)) {
        r->body_too_large = true; /* read to its end, kept no more */
        return;
    }
    memcpy(r->body + r->body_n, data, n);
    r->body_n += n;
}

static void request_free(struct admin_request *r)
{
    if (r->body != NULL) {
        wipe(r->body, r->body_n);
        free(r->body);
    }
    admin_write_free(r);
    admin_eir_free(r);
    json_decref(r->answer);
    free(r);
}

/* ---- libmicrohttpd ---- */

static enum MHD_Result reply(struct admin_request *r)
{
    char *text = r->answer != NULL ? json_dumps(r->answer, JSON_COMPACT) : NULL;
    struct MHD_Response *response = MHD_create_response_from_buffer(text != NULL ? strlen(text) : 0,
                                                                    text, MHD_RESPMEM_MUST_FREE);
    if (response == NULL) {
        free(text);
        return MHD_NO;
    }
    if (text != NULL) {
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
                                      r->is_problem ? "application/problem+json"
                                                    : "application/json");
    }
    if (r->etag[0] != '\0') {
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_ETAG, r->etag);
    }
    if (r->allow[0] != '\0') {
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, r->allow);
    }
    if (r->status == MHD_HTTP_SERVICE_UNAVAILABLE) {
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER, RETRY_AFTER);
    }
    enum MHD_Result result = MHD_queue_response(r->connection, r->status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result request_new(struct admin *a, struct MHD_Connection *connection, void **cls)
{
    struct admin_request *r = calloc(1, sizeof *r);
    if (r == NULL) {
        return MHD_NO;
    }
    r->admin = a;
    r->h = a->h;
    r->reader = a->reader;
    r->crypto = &a->crypto;
    r->bound = a->bound;
    r->connection = connection;
    *cls = r;
    return MHD_YES;
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *n, void **cls)
{
    struct admin_request *r = *cls;
    (void)version;
    if (r == NULL) {
        return request_new(ctx, connection, cls);
    }
    if (*n > 0) {
        body_add(r, data, *n);
        *n = 0;
        return MHD_YES;
    }
    if (r->phase == ADMIN_READING) {
        admin_route(r, method, url);
    }
    if (r->phase == ADMIN_WAITING) {
        MHD_suspend_connection(connection);
        return MHD_YES;
    }
    return reply(r);
}

static void on_completed(void *ctx, struct MHD_Connection *connection, void **cls,
                         enum MHD_RequestTerminationCode code)
{
    struct admin_request *r = *cls;
    (void)ctx;
    (void)connection;
    (void)code;
    if (r != NULL) {
        *cls = NULL;
        request_free(r);
    }
}

/* ---- the loop ---- */

static void run_daemon(struct admin *a);

static void on_timer(uv_timer_t *timer)
{
    run_daemon(timer->data);
}

static void run_daemon(struct admin *a)
{
    MHD_UNSIGNED_LONG_LONG ms = 0;
    (void)MHD_run(a->daemon); /* fails only on a daemon with threads of its own */
    if (MHD_get_timeout(a->daemon, &ms) == MHD_YES) {
        (void)uv_timer_start(&a->timer, on_timer, ms, 0);
    } else {
        (void)uv_timer_stop(&a->timer);
    }
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    run_daemon(poll->data);
}

/* ---- to the writer and back ---- */

static struct admin_request *request_of(struct writer_job *job)
{
    struct admin_change *change = (struct admin_change *)job;
    return (struct admin_request *)((char *)change - offsetof(struct admin_request, change));
}

/* On the writer's thread. */
static void on_written(struct writer_job *job)
{
    struct admin_request *r = request_of(job);
    struct admin *a = r->admin;
    pthread_mutex_lock(&a->lock);
    r->next_done = a->done;
    a->done = r;
    pthread_mutex_unlock(&a->lock);
    (void)uv_async_send(&a->async);
}

bool admin_submit(struct admin_request *r)
{
    struct admin_fault fault;
    r->change.h = r->h;
    r->change.job.run = r->eir_items != NULL ? admin_eir_run : admin_change_run;
    r->change.job.done = on_written;
    enum err err = r->admin->stopping ? E_BUSY : writer_submit(r->h->writer, &r->change.job);
    if (err != E_OK) {
        (void)admin_fault_store(&fault, err);
        admin_refuse(r, &fault);
        return false;
    }
    r->phase = ADMIN_WAITING;
    r->admin->waiting++;
    return true;
}

static void on_async(uv_async_t *async)
{
    struct admin *a = async->data;
    pthread_mutex_lock(&a->lock);
    struct admin_request *list = a->done;
    a->done = NULL;
    pthread_mutex_unlock(&a->lock);
    while (list != NULL) {
        struct admin_request *r = list;
        list = r->next_done;
        a->waiting--;
        r->phase = ADMIN_READING;
        (r->eir_items != NULL ? admin_eir_done : admin_write_done)(r);
        if (r->phase == ADMIN_ANSWERED) {
            MHD_resume_connection(r->connection);
        }
    }
    run_daemon(a);
}

/* ---- the socket ---- */

static enum err why_say(struct admin_why *why, enum err err, const char *path, const char *what)
{
    snprintf(why->text, sizeof why->text, "%.150s: %s", path, what);
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

static enum err clear_path(const struct sockaddr_un *at, struct admin_why *why)
{
    struct stat st;
    if (lstat(at->sun_path, &st) != 0) {
        return errno == ENOENT ? E_OK : why_say(why, E_IO, at->sun_path, strerror(errno));
    }
    if (!S_ISSOCK(st.st_mode)) {
        return why_say(why, E_EXISTS, at->sun_path,
                       "is there and is no socket: remove it or name another admin.socket");
    }
    if (somebody_answers(at)) {
        return why_say(why, E_LOCKED, at->sun_path,
                       "another process answers here: is this HSS running already?");
    }
    return unlink(at->sun_path) == 0 ? E_OK : why_say(why, E_IO, at->sun_path, strerror(errno));
}

static enum err socket_open(const char *path, int *out, struct admin_why *why)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
    enum err err = clear_path(&at, why);
    if (err != E_OK) {
        return err;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    mode_t before = umask(0177); /* 0600 from its first moment */
    bool bound = fd >= 0 && bind(fd, (const struct sockaddr *)&at, sizeof at) == 0;
    (void)umask(before);
    if (!bound || listen(fd, (int)CONNECTIONS_MAX) != 0) {
        err = why_say(why, E_IO, path, strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return err;
    }
    *out = fd;
    return E_OK;
}

/* ---- start and stop ---- */

static enum err start_daemon(struct admin *a, struct admin_why *why)
{
    const unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME;
    a->daemon = MHD_start_daemon(flags, 0, NULL, NULL, on_request, a, MHD_OPTION_LISTEN_SOCKET,
                                 a->listener, MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX,
                                 MHD_OPTION_CONNECTION_TIMEOUT, IDLE_SECONDS,
                                 MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY,
                                 MHD_OPTION_NOTIFY_COMPLETED, on_completed, a, MHD_OPTION_END);
    if (a->daemon == NULL) {
        return why_say(why, E_IO, a->h->config->admin_socket, "the HTTP server does not start");
    }
    a->listener = -1; /* the daemon's now */
    return E_OK;
}

static enum err start_handles(struct admin *a)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(a->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    a->poll.data = a->timer.data = a->async.data = a;
    if (info == NULL || uv_timer_init(a->loop, &a->timer) != 0) {
        return E_IO;
    }
    a->handles = 1;
    if (uv_async_init(a->loop, &a->async, on_async) != 0) {
        return E_IO;
    }
    a->handles = 2;
    if (uv_poll_init(a->loop, &a->poll, info->epoll_fd) != 0) {
        return E_IO;
    }
    a->handles = 3;
    return uv_poll_start(&a->poll, UV_READABLE, on_readable) == 0 ? E_OK : E_IO;
}

enum err admin_start(struct hssd *h, uv_loop_t *loop, const struct address *bound,
                     struct admin **out, struct admin_why *why)
{
    struct admin *a = calloc(1, sizeof *a);
    snprintf(why->text, sizeof why->text, "the administration interface does not start");
    if (a == NULL) {
        return E_MEMORY;
    }
    *a = (struct admin){.h = h, .loop = loop, .bound = bound, .listener = -1};
    pthread_mutex_init(&a->lock, NULL);
    enum err err = crypto_openssl_open(&a->crypto);
    if (err == E_OK) {
        err = store_reader_open(h->store, &a->reader);
    }
    if (err == E_OK) {
        err = socket_open(h->config->admin_socket, &a->listener, why);
    }
    if (err == E_OK) {
        err = start_daemon(a, why);
    }
    if (err == E_OK) {
        err = start_handles(a);
    }
    if (err != E_OK) {
        admin_stop(a);
        return err;
    }
    run_daemon(a);
    *out = a;
    return E_OK;
}

static void on_closed(uv_handle_t *handle)
{
    ((struct admin *)handle->data)->handles--;
}

static void close_handles(struct admin *a)
{
    uv_handle_t *all[] = {(uv_handle_t *)&a->timer, (uv_handle_t *)&a->async,
                          (uv_handle_t *)&a->poll};
    const unsigned most = 3; /* all of them */
    for (unsigned i = 0, n = a->handles; i < n && i < most; i++) {
        uv_close(all[i], on_closed);
    }
    while (a->handles > 0) {
        (void)uv_run(a->loop, UV_RUN_ONCE);
    }
}

void admin_stop(struct admin *a)
{
    if (a == NULL) {
        return;
    }
    if (a->daemon != NULL) {
        int listener = MHD_quiesce_daemon(a->daemon);
        a->stopping = true;
        while (a->waiting > 0) {
            (void)uv_run(a->loop, UV_RUN_ONCE);
        }
        (void)MHD_run(a->daemon); /* answers what was resumed last */
        close_handles(a);
        MHD_stop_daemon(a->daemon);
        a->listener = listener;
        (void)unlink(a->h->config->admin_socket);
    }
    if (a->listener >= 0) {
        close(a->listener);
    }
    store_reader_close(a->reader);
    crypto_openssl_close(&a->crypto);
    pthread_mutex_destroy(&a->lock);
    free(a);
}
