#include "cli/supervisor.h"
#include "cli/log_file.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define READY_SECONDS  30
#define STOP_SECONDS   15
#define SHOWN_LINES    10
#define LOG_FILE_MAX   (16 << 20) /* at start a longer one is put aside */
#define STEADY_SECONDS 600        /* a daemon that ran so long has its restarts forgotten */

static int open_pidfd(pid_t pid)
{
    return (int)syscall(SYS_pidfd_open, pid, 0);
}

static int64_t now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- opening ---- */

static bool open_signals(struct supervisor *s)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0) {
        return false;
    }
    s->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return s->signals >= 0;
}

static bool open_notify(struct supervisor *s)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    char absolute[PATH_MAX];
    if (!realpath(s->dir, absolute)) {
        cli_error("%s: %s", s->dir, strerror(errno));
        return false;
    }
    if (!cli_path(absolute, "notify.sock", s->notify_path, sizeof s->notify_path)) {
        return false;
    }
    snprintf(a.sun_path, sizeof a.sun_path, "%s", s->notify_path);
    (void)unlink(a.sun_path); /* of an `up` that was killed; the lock is ours */
    const int on = 1;
    s->notify = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (s->notify < 0 || bind(s->notify, (struct sockaddr *)&a, sizeof a) != 0 ||
        setsockopt(s->notify, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0) {
        cli_error("%s: %s", a.sun_path, strerror(errno));
        return false;
    }
    return true;
}

static void find_self(struct supervisor *s)
{
    ssize_t n = readlink("/proc/self/exe", s->self_dir, sizeof s->self_dir - 1);
    s->self_dir[n > 0 ? n : 0] = '\0';
    char *slash = strrchr(s->self_dir, '/');
    if (slash) {
        *slash = '\0';
    }
}

bool supervisor_open(struct supervisor *s, const char *dir)
{
    char path[CLI_PATH_MAX];
    *s = (struct supervisor){.dir = dir, .signals = -1, .notify = -1};
    find_self(s);
    if (!cli_path(dir, "log", path, sizeof path)) {
        return false;
    }
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        cli_error("%s: %s", path, strerror(errno));
        return false;
    }
    if (!open_signals(s)) {
        cli_error("signals cannot be taken: %s", strerror(errno));
        return false;
    }
    return cli_path(dir, "pids", s->pids_path, sizeof s->pids_path) && open_notify(s);
}

void supervisor_close(struct supervisor *s)
{
    if (s->notify >= 0) {
        (void)close(s->notify);
        (void)unlink(s->notify_path);
    }
    if (s->pids_path[0]) {
        (void)unlink(s->pids_path);
    }
    if (s->signals >= 0) {
        (void)close(s->signals);
    }
}

static void tell_pids(const struct supervisor *s)
{
    char fresh[CLI_PATH_MAX + 8];
    snprintf(fresh, sizeof fresh, "%s.new", s->pids_path);
    FILE *f = fopen(fresh, "we");
    for (size_t i = 0; f && i < s->n; i++) {
        const struct supervised *d = &s->daemon[i];
        if (d->pid) {
            fprintf(f, "%s %d %u\n", d->name, (int)d->pid, d->restarts);
        }
    }
    if (f && fclose(f) == 0) {
        (void)rename(fresh, s->pids_path);
    }
}

/* ---- a daemon ---- */

static int open_log(const struct supervisor *s, const struct supervised *d)
{
    char path[CLI_PATH_MAX], aside[CLI_PATH_MAX], name[80];
    struct stat st;
    snprintf(name, sizeof name, "log/%s.log", d->name);
    if (!cli_path(s->dir, name, path, sizeof path)) {
        return -1;
    }
    if (stat(path, &st) == 0 && st.st_size > LOG_FILE_MAX) {
        snprintf(aside, sizeof aside, "%.4000s.1", path);
        (void)rename(path, aside);
    }
    return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static long size_of(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 ? (long)st.st_size : 0;
}

/* A line of our own in a daemon's log, for whoever reads it later. */
static void note(const struct supervisor *s, const struct supervised *d, const char *event,
                 const char *detail)
{
    char second[32];
    struct timespec now;
    struct tm tm;
    int log = open_log(s, d);
    if (log < 0) {
        return;
    }
    (void)clock_gettime(CLOCK_REALTIME, &now);
    strftime(second, sizeof second, "%Y-%m-%dT%H:%M:%S", gmtime_r(&now.tv_sec, &tm));
    dprintf(log,
            "{\"time\":\"%s.%03ldZ\",\"level\":\"error\",\"program\":\"bindery\",\"event\":\"%s\","
            "\"detail\":\"%s\"}\n",
            second, now.tv_nsec / 1000000, event, detail);
    (void)close(log);
}

/* In the child: never returns. */
static void become(const struct supervisor *s, const struct supervised *d, int log, pid_t parent)
{
    char beside[CLI_PATH_MAX + 64];
    char *argv[SUPERVISOR_ARGS_MAX + 2] = {NULL};
    sigset_t none;
    sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    snprintf(beside, sizeof beside, "%s/%s", s->self_dir, d->program);
    if (getppid() != parent || null < 0 || dup2(null, 0) < 0 || dup2(log, 1) < 0 ||
        dup2(log, 2) < 0 || setenv("NOTIFY_SOCKET", s->notify_path, 1) != 0 || chdir(s->dir) != 0) {
        _exit(126);
    }
    argv[0] = strdup(d->program);
    for (size_t i = 0; d->args[i]; i++) {
        argv[i + 1] = strdup(d->args[i]);
    }
    execv(beside, argv);
    if (errno == ENOENT) {
        execvp(d->program, argv);
    }
    dprintf(2,
            "{\"level\":\"error\",\"program\":\"bindery\",\"event\":\"not-started\","
            "\"detail\":\"%s: %s\"}\n",
            d->program, strerror(errno));
    _exit(127);
}

static bool start_one(struct supervisor *s, struct supervised *d)
{
    int log = open_log(s, d);
    pid_t self = getpid();
    if (log < 0) {
        cli_error("%s/log/%s.log: %s", s->dir, d->name, strerror(errno));
        return false;
    }
    d->log_from = size_of(log); /* before the child can have written */
    pid_t pid = fork();
    if (pid == 0) {
        become(s, d, log, self);
    }
    (void)close(log);
    d->ready = false;
    d->ready_by = now_ms() + READY_SECONDS * 1000;
    d->pid = pid > 0 ? pid : 0;
    d->pidfd = pid > 0 ? open_pidfd(pid) : -1;
    if (d->pidfd < 0) {
        cli_error("%s: %s", d->program, strerror(errno));
    }
    tell_pids(s);
    return d->pidfd >= 0;
}

static void reap(struct supervised *d, int *status)
{
    while (waitpid(d->pid, status, 0) < 0 && errno == EINTR) {
    }
    (void)close(d->pidfd);
    d->pidfd = -1;
    d->pid = 0;
}

static void stop_one(struct supervised *d)
{
    int status;
    struct pollfd p = {.fd = d->pidfd, .events = POLLIN};
    if (!d->pid) {
        return;
    }
    (void)syscall(SYS_pidfd_send_signal, d->pidfd, SIGTERM, NULL, 0);
    int n;
    do {
        n = poll(&p, 1, STOP_SECONDS * 1000);
    } while (n < 0 && errno == EINTR);
    if (n == 0) {
        cli_error("%s did not stop within %d s and is killed", d->program, STOP_SECONDS);
        (void)syscall(SYS_pidfd_send_signal, d->pidfd, SIGKILL, NULL, 0);
    }
    reap(d, &status);
}

static void stop_all(struct supervisor *s)
{
    for (size_t i = s->n; i-- > 0;) {
        stop_one(&s->daemon[i]);
    }
}

static void say_death(const struct supervisor *s, const struct supervised *d, int status)
{
    char path[CLI_PATH_MAX], name[80], how[80];
    if (WIFSIGNALED(status)) {
        snprintf(how, sizeof how, "was killed by signal %d (%s)", WTERMSIG(status),
                 strsignal(WTERMSIG(status)));
    } else {
        snprintf(how, sizeof how, "ended with status %d", WEXITSTATUS(status));
    }
    cli_error("%s %s; its last lines:", d->program, how);
    snprintf(name, sizeof name, "log/%s.log", d->name);
    if (cli_path(s->dir, name, path, sizeof path)) {
        log_file_tail(path, d->log_from, SHOWN_LINES, stderr);
    }
    note(s, d, "daemon-died", how);
    tell_pids(s);
}

/* ---- events ---- */

enum event { EVENT_NONE, EVENT_SIGNAL, EVENT_DEATH, EVENT_NOTIFIED };

/* A datagram and the process that sent it, as the kernel says. False: there is none. */
static bool take_notice(struct supervisor *s, char *text, size_t room, pid_t *from)
{
    char control[CMSG_SPACE(sizeof(struct ucred))];
    struct iovec part = {.iov_base = text, .iov_len = room - 1};
    struct msghdr m = {.msg_iov = &part,
                       .msg_iovlen = 1,
                       .msg_control = control,
                       .msg_controllen = sizeof control};
    ssize_t n = recvmsg(s->notify, &m, MSG_CMSG_CLOEXEC);
    struct cmsghdr *c = n > 0 ? CMSG_FIRSTHDR(&m) : NULL;
    struct ucred who = {.pid = 0};
    if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_CREDENTIALS) {
        memcpy(&who, CMSG_DATA(c), sizeof who);
    }
    text[n > 0 ? n : 0] = '\0';
    *from = who.pid;
    return n > 0;
}

static void take_notices(struct supervisor *s)
{
    char text[1024];
    pid_t from;
    while (take_notice(s, text, sizeof text, &from)) {
        for (size_t i = 0; i < s->n && strstr(text, "READY=1"); i++) {
            struct supervised *d = &s->daemon[i];
            if (d->pid && d->pid == from && !d->ready) {
                d->ready = true;
                if (d->restarts) {
                    cli_error("%s serves again", d->program);
                }
            }
        }
    }
}

/* Waits for something to happen; *dead is the daemon that died. */
static enum event wait_event(struct supervisor *s, int timeout_ms, struct supervised **dead)
{
    struct pollfd p[SUPERVISOR_DAEMONS_MAX + 2] = {{.fd = s->signals, .events = POLLIN},
                                                   {.fd = s->notify, .events = POLLIN}};
    struct signalfd_siginfo si;
    for (size_t i = 0; i < s->n; i++) {
        p[i + 2] =
            (struct pollfd){.fd = s->daemon[i].pid ? s->daemon[i].pidfd : -1, .events = POLLIN};
    }
    if (poll(p, 2 + s->n, timeout_ms) <= 0) {
        return EVENT_NONE;
    }
    if (p[1].revents) {
        take_notices(s);
    }
    if (p[0].revents && read(s->signals, &si, sizeof si) == (ssize_t)sizeof si) {
        return EVENT_SIGNAL;
    }
    for (size_t i = 0; i < s->n; i++) {
        if (p[i + 2].revents) {
            *dead = &s->daemon[i];
            return EVENT_DEATH;
        }
    }
    return EVENT_NOTIFIED;
}

static bool await_ready(struct supervisor *s, struct supervised *d)
{
    struct supervised *dead = NULL;
    int status;
    while (!d->ready) {
        int64_t left = d->ready_by - now_ms();
        if (left <= 0) {
            cli_error("%s did not become ready within %d s", d->program, READY_SECONDS);
            return false;
        }
        switch (wait_event(s, (int)left, &dead)) {
        case EVENT_SIGNAL:
            cli_error("stopped while starting");
            return false;
        case EVENT_DEATH:
            reap(dead, &status);
            say_death(s, dead, status);
            return false;
        case EVENT_NONE:
        case EVENT_NOTIFIED:
            break;
        }
    }
    return true;
}

bool supervisor_start(struct supervisor *s)
{
    for (size_t i = 0; i < s->n; i++) {
        if (!start_one(s, &s->daemon[i]) || !await_ready(s, &s->daemon[i])) {
            stop_all(s);
            return false;
        }
    }
    return true;
}

/* After a death: again, at most so often, more slowly each time. CLI_UNREACHABLE when somebody
 * wants to stop meanwhile. */
static int restart(struct supervisor *s, struct supervised *d)
{
    struct supervised *dead;
    if (d->restarts == SUPERVISOR_RESTARTS_MAX) {
        cli_error("%s died %u times; giving up", d->program, d->restarts + 1);
        note(s, d, "given-up", "it died too often; `bindery up` starts it again");
        return CLI_REFUSED;
    }
    d->restarts++;
    cli_error("%s is started again (%u of %d)", d->program, d->restarts, SUPERVISOR_RESTARTS_MAX);
    if (wait_event(s, (int)(100u << d->restarts), &dead) == EVENT_SIGNAL) {
        return CLI_UNREACHABLE;
    }
    return start_one(s, d) ? CLI_DONE : CLI_REFUSED;
}

/* Milliseconds until the first daemon that was started again must be ready. */
static int patience(const struct supervisor *s)
{
    int64_t least = 60000, now = now_ms();
    for (size_t i = 0; i < s->n; i++) {
        int64_t left = s->daemon[i].ready_by - now;
        if (s->daemon[i].pid && !s->daemon[i].ready && left < least) {
            least = left > 0 ? left : 0;
        }
    }
    return (int)least;
}

/* One that lives and never says that it serves is no better than a dead one. */
static void end_the_unready(struct supervisor *s)
{
    for (size_t i = 0; i < s->n; i++) {
        struct supervised *d = &s->daemon[i];
        if (d->pid && !d->ready && now_ms() >= d->ready_by) {
            cli_error("%s did not become ready within %d s and is killed", d->program,
                      READY_SECONDS);
            (void)syscall(SYS_pidfd_send_signal, d->pidfd, SIGKILL, NULL, 0);
            d->ready_by = now_ms() + READY_SECONDS * 1000; /* its death comes as any other */
        }
    }
}

static void forgive(struct supervisor *s)
{
    for (size_t i = 0; i < s->n; i++) {
        s->daemon[i].restarts = 0;
    }
}

int supervisor_run(struct supervisor *s)
{
    int64_t steady = now_ms() + STEADY_SECONDS * 1000;
    for (;;) {
        struct supervised *dead = NULL;
        int status;
        enum event e = wait_event(s, patience(s), &dead);
        if (now_ms() > steady) {
            forgive(s);
        }
        if (e == EVENT_SIGNAL) {
            stop_all(s);
            return CLI_DONE;
        }
        end_the_unready(s);
        if (e == EVENT_DEATH) {
            reap(dead, &status);
            say_death(s, dead, status);
            steady = now_ms() + STEADY_SECONDS * 1000;
            int rc = restart(s, dead);
            if (rc != CLI_DONE) {
                stop_all(s);
                return rc == CLI_UNREACHABLE ? CLI_DONE : rc;
            }
        }
    }
}
