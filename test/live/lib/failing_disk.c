/* test/live/lib/failing_disk.c - for LD_PRELOAD: a disk that does not take what is written to the
 * log of a store (a file whose name ends in "-wal"). The file named by FAILING_DISK says what
 * fails: "write" or "sync", how many of them still work, and "once" or "on"; while it is empty or
 * not there nothing does. Whoever writes another text there begins anew.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char said[64];
static long left;

static bool is_log(int fd)
{
    char link[40], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path);
    return n > 4 && memcmp(path + n - 4, "-wal", 4) == 0;
}

static void read_order(char out[static sizeof said])
{
    const char *file = getenv("FAILING_DISK");
    int fd = file != NULL ? open(file, O_RDONLY | O_CLOEXEC) : -1;
    ssize_t n = fd >= 0 ? read(fd, out, sizeof said - 1) : 0;
    out[n > 0 ? n : 0] = '\0';
    if (fd >= 0) {
        close(fd);
    }
}

static bool fails(int fd, const char *what)
{
    char now[sizeof said], kind[16] = "", how[16] = "";
    long n = 0;
    if (!is_log(fd)) {
        return false;
    }
    pthread_mutex_lock(&lock);
    read_order(now);
    bool orders = sscanf(now, "%15s %ld %15s", kind, &n, how) == 3;
    if (strcmp(now, said) != 0) {
        memcpy(said, now, sizeof said);
        left = n;
    }
    bool it = orders && strcmp(kind, what) == 0 && left-- <= 0;
    if (it && strcmp(how, "once") == 0 && left < -1) {
        it = false;
    }
    pthread_mutex_unlock(&lock);
    if (it) {
        errno = EIO;
    }
    return it;
}

/* Half of it is there. */
ssize_t pwrite64(int fd, const void *p, size_t n, off64_t at)
{
    static ssize_t (*real)(int, const void *, size_t, off64_t);
    if (real == NULL) {
        real = (ssize_t(*)(int, const void *, size_t, off64_t))dlsym(RTLD_NEXT, "pwrite64");
    }
    if (fails(fd, "write")) {
        (void)!real(fd, p, n / 2, at);
        errno = EIO;
        return -1;
    }
    return real(fd, p, n, at);
}

ssize_t pwrite(int fd, const void *p, size_t n, off_t at)
{
    return pwrite64(fd, p, n, at);
}

int fdatasync(int fd)
{
    static int (*real)(int);
    if (real == NULL) {
        real = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    }
    return fails(fd, "sync") ? -1 : real(fd);
}

int fsync(int fd)
{
    static int (*real)(int);
    if (real == NULL) {
        real = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    }
    return fails(fd, "sync") ? -1 : real(fd);
}
