/* test/live/lib/later_clock.c - for LD_PRELOAD: a monotonic clock that is ahead by as many seconds
 * as the file named by LATER_CLOCK says (none, while it is empty or not there). So a test need not
 * wait for what takes minutes. It must not be set back.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static long ahead(void)
{
    char text[16];
    const char *file = getenv("LATER_CLOCK");
    const int fd = file != NULL ? open(file, O_RDONLY | O_CLOEXEC) : -1;
    const ssize_t n = fd >= 0 ? read(fd, text, sizeof text - 1) : 0;
    if (fd >= 0) {
        close(fd);
    }
    text[n > 0 ? n : 0] = '\0';
    return strtol(text, NULL, 10);
}

int clock_gettime(clockid_t clock, struct timespec *out)
{
    const long rc = syscall(SYS_clock_gettime, clock, out);
    if (rc == 0 && (clock == CLOCK_MONOTONIC || clock == CLOCK_MONOTONIC_COARSE)) {
        out->tv_sec += ahead();
    }
    return (int)rc;
}
