/* bench/fd_main - a bare program with freeDiameter's library that answers every AIR with the same
 * vector (fd_constant.h).
 *
 *   bench_fd_constant CONFIGURATION-FILE
 *
 * The default hooks would format every message even though nothing is logged, so empty ones take
 * their place. Ends on SIGTERM.
 */
#include "fd_constant.h"

#include <freeDiameter/freeDiameter-host.h>
/* The order matters: libfdcore.h and libfdproto.h stand on the one above. */
#include <freeDiameter/libfdcore.h>
#include <freeDiameter/libfdproto.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>

static void nothing(enum fd_hook_type type, struct msg *msg, struct peer_hdr *peer, void *other,
                    struct fd_hook_permsgdata *pmd, void *regdata)
{
    (void)type;
    (void)msg;
    (void)peer;
    (void)other;
    (void)pmd;
    (void)regdata;
}

/* HOOK_DATA_RECEIVED has no default and costs when it is taken, so it is left alone. */
static int silence(void)
{
    struct fd_hook_hdl *handle;
    uint32_t mask = 0;
    for (unsigned t = HOOK_MESSAGE_RECEIVED; t <= HOOK_LAST; t++) {
        mask |= 1U << t;
    }
    return fd_hook_register(mask, nothing, NULL, NULL, &handle);
}

static int serve(const char *configuration)
{
    if (fd_core_initialize() != 0 || silence() != 0 || fd_core_parseconf(configuration) != 0) {
        return 1;
    }
    return fd_constant_register() != 0 || fd_core_start() != 0 || fd_core_waitstartcomplete() != 0;
}

int main(int argc, char **argv)
{
    sigset_t stop;
    int got;
    if (argc != 2) {
        fprintf(stderr, "usage: bench_fd_constant CONFIGURATION-FILE\n");
        return 2;
    }
    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    sigaddset(&stop, SIGINT);
    pthread_sigmask(SIG_BLOCK, &stop, NULL); /* before the library starts its threads */
    fd_g_debug_lvl = FD_LOG_ERROR;
    if (serve(argv[1]) != 0) {
        fprintf(stderr, "bench_fd_constant: freeDiameter did not start\n");
        return 1;
    }
    printf("%s\n", fd_core_version);
    fflush(stdout);
    sigwait(&stop, &got);
    fd_core_shutdown();
    return fd_core_wait_shutdown_complete() != 0;
}
