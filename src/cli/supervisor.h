/* cli/supervisor.h - daemons kept running: started in order, awaited until they say READY=1,
 * restarted when they die, stopped in reverse order.
 *
 * Signals, deaths, and what daemons tell all come through descriptors (signalfd, pidfd, a datagram
 * socket as $NOTIFY_SOCKET), so there is one poll and no handler. Each daemon writes to a log file
 * of its own and dies with its supervisor. The file `pids` in the directory says at any time which
 * processes they are: a line "NAME PID RESTARTS" for each that runs.
 */
#ifndef BINDERY_CLI_SUPERVISOR_H
#define BINDERY_CLI_SUPERVISOR_H

#include "cli/cli.h"
#include <sys/types.h>

#define SUPERVISOR_DAEMONS_MAX  8
#define SUPERVISOR_RESTARTS_MAX 3
#define SUPERVISOR_ARGS_MAX     8

struct supervised {
    const char *name;    /* "hssd": its log is log/hssd.log */
    const char *program; /* "bindery-hssd" */
    const char *args[SUPERVISOR_ARGS_MAX];
    pid_t pid; /* 0: not running */
    int pidfd;
    bool ready;
    int64_t ready_by; /* milliseconds, monotonic: until then it must say READY=1 */
    long log_from;    /* where this run's lines begin in its log */
    unsigned restarts;
};
struct supervisor {
    const char *dir;
    struct supervised daemon[SUPERVISOR_DAEMONS_MAX];
    size_t n;
    int signals; /* signalfd */
    int notify;  /* datagrams of the daemons */
    char notify_path[CLI_SOCKET_MAX];
    char pids_path[CLI_PATH_MAX];
    char self_dir[CLI_PATH_MAX]; /* where our own binary is */
};

/* Blocks SIGINT and SIGTERM for good: they come through the descriptor. False and said. */
MUST_USE bool supervisor_open(struct supervisor *s, const char *dir);
/* Starts all and waits until all are ready. False and said; then all are stopped. */
MUST_USE bool supervisor_start(struct supervisor *s);
/* Keeps them running until SIGINT or SIGTERM (CLI_DONE) or a daemon that dies too often
 * (CLI_REFUSED), and stops them. One that was started again and isn't ready in time counts as dead.
 * Deaths stand in the daemon's log too. */
int supervisor_run(struct supervisor *s);
void supervisor_close(struct supervisor *s);

#endif
