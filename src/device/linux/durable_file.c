#include "device/linux/durable_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PATH_LENGTH_MAX 4096
#define WRITE_TRIES     10000 /* a millisecond apart */
#define HOLD_TRIES      100   /* a file that is replaced as often while it is opened is held */

static enum err err_of_errno(int no)
{
    return no == ENOENT        ? E_NOT_FOUND
           : no == EACCES      ? E_DENIED
           : no == EEXIST      ? E_EXISTS
           : no == EWOULDBLOCK ? E_LOCKED
                               : E_IO;
}

static bool write_all(int fd, struct bytes octets)
{
    size_t at = 0;
    while (at < octets.n) {
        const ssize_t done = write(fd, octets.p + at, octets.n - at);
        if (done < 0 && errno == EINTR) {
            continue;
        }
        if (done < 0) {
            return false;
        }
        at += (size_t)done;
    }
    return true;
}

/* Makes the rename durable. */
static bool sync_folder_of(const char *path)
{
    char folder[PATH_LENGTH_MAX];
    const char *slash = strrchr(path, '/');
    (void)snprintf(folder, sizeof folder, "%.*s", slash != NULL ? (int)(slash - path + 1) : 1,
                   slash != NULL ? path : ".");
    const int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool done = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0) {
        (void)close(fd);
    }
    return done;
}

/* Is it still the file of that name? Another may have taken its place before it was locked. */
static bool is_at(int fd, const char *path)
{
    struct stat mine, there;
    return fstat(fd, &mine) == 0 && lstat(path, &there) == 0 && mine.st_dev == there.st_dev &&
           mine.st_ino == there.st_ino;
}

/* Zeros over what it holds, as far as they can be written, and gone. Not if it has another name as
 * well: a file that was put in its place by link, and whose writer was killed before unlink. */
static void wipe_away(int fd, const char *path)
{
    static const uint8_t zeros[4096];
    struct stat st;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 1 &&
        lseek(fd, 0, SEEK_SET) == 0) {
        bool goes_on = true;
        for (off_t at = 0; goes_on && at < st.st_size; at += (off_t)sizeof zeros) {
            const off_t left = st.st_size - at;
            const size_t n = left < (off_t)sizeof zeros ? (size_t)left : sizeof zeros;
            goes_on = write_all(fd, (struct bytes){zeros, n});
        }
        (void)fsync(fd);
    }
    (void)unlink(path);
}

/* link refuses to replace, rename replaces */
static bool put_in_place(int fd, const char *temporary, const char *path, enum durable_how how)
{
    const bool fresh = how == DURABLE_FRESH;
    const bool done = (fresh ? link(temporary, path) : rename(temporary, path)) == 0;
    const int no = errno;
    if (!done && is_at(fd, temporary)) {
        wipe_away(fd, temporary);
    } else if (done && fresh && is_at(fd, temporary)) {
        (void)unlink(temporary);
    }
    errno = no;
    return done;
}

/* The new file is held before it can be found. */
static void hand_on(int *held, int fd)
{
    if (held != NULL) {
        (void)close(*held);
        *held = fd;
    } else {
        (void)close(fd);
    }
}

/* ---- the file beside it ----
 *
 * It has one name, so that what a writer left that was killed is found by the next one, who wipes
 * it: it may be the only place where a key still stands that was erased since. Whoever has the
 * lock of the file that stands there writes it; the others wait until it is in its place. */

static bool temporary_of(const char *path, char out[static PATH_LENGTH_MAX])
{
    const int len = snprintf(out, PATH_LENGTH_MAX, "%s.tmp", path);
    const bool fits = len >= 0 && len < PATH_LENGTH_MAX;
    if (!fits) {
        errno = ENAMETOOLONG;
    }
    return fits;
}

/* Nothing is left under this name. False: with errno, EWOULDBLOCK while somebody writes it. */
static bool clear(const char *temporary)
{
    struct stat st;
    if (lstat(temporary, &st) != 0) {
        return errno == ENOENT;
    }
    if (st.st_nlink == 0) {
        return true; /* it went while it was looked at: what stands there now is another's */
    }
    /* Nothing that was written here; or in its place already, where it may be held. */
    const bool ours = S_ISREG(st.st_mode) && st.st_nlink == 1;
    const int fd = ours ? open(temporary, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC) : -1;
    if (fd < 0) {
        return ours && errno != EACCES ? errno == ENOENT
                                       : unlink(temporary) == 0 || errno == ENOENT;
    }
    const bool locked = flock(fd, LOCK_EX | LOCK_NB) == 0;
    const int no = errno;
    if (locked && is_at(fd, temporary)) {
        wipe_away(fd, temporary);
    }
    (void)close(fd);
    errno = no;
    return locked;
}

/* Made by this call, and locked. -1: with errno. */
static int make(const char *temporary)
{
    const int fd = open(temporary, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        return -1;
    }
    const bool locked = flock(fd, LOCK_EX | LOCK_NB) == 0;
    if (locked && is_at(fd, temporary)) {
        return fd;
    }
    /* Somebody took it for a leftover: it is his to remove. */
    const int no = locked ? EWOULDBLOCK : errno;
    if (no != EWOULDBLOCK) {
        (void)unlink(temporary); /* there are no locks here */
    }
    (void)close(fd);
    errno = no;
    return -1;
}

static int take_temporary(const char *temporary)
{
    static const struct timespec pause = {.tv_nsec = 1000000};
    for (unsigned i = 0; i < WRITE_TRIES; i++) {
        const int fd = clear(temporary) ? make(temporary) : -1;
        if (fd >= 0 || (errno != EWOULDBLOCK && errno != EEXIST)) {
            return fd;
        }
        (void)nanosleep(&pause, NULL);
    }
    errno = EWOULDBLOCK;
    return -1;
}

/* False: with errno. ENOENT: somebody took the name of the file beside it away, with what a writer
 * left there that was killed behind link; nothing is in its place then. */
static bool write_once(const char *path, const char *temporary, int fd, mode_t mode,
                       enum durable_how how, struct bytes octets)
{
    if (!write_all(fd, octets) || fchmod(fd, mode) != 0 || fsync(fd) != 0) {
        const int no = errno;
        wipe_away(fd, temporary);
        errno = no;
        return false;
    }
    return put_in_place(fd, temporary, path, how);
}

enum err durable_write(const char *path, mode_t mode, enum durable_how how, struct bytes octets,
                       int *held)
{
    char temporary[PATH_LENGTH_MAX];
    int fd = -1;
    if (!temporary_of(path, temporary)) {
        return E_IO;
    }
    for (unsigned i = 0; i < WRITE_TRIES; i++) {
        if ((fd = take_temporary(temporary)) < 0) {
            return err_of_errno(errno);
        }
        if (write_once(path, temporary, fd, mode, how, octets)) {
            hand_on(held, fd);
            return sync_folder_of(path) ? E_OK : err_of_errno(errno);
        }
        const int no = errno;
        (void)close(fd);
        errno = no;
        if (no != ENOENT) {
            break;
        }
    }
    return err_of_errno(errno);
}

/* ---- a hold ---- */

/* Its file may be found by way of a link. */
static bool is_held_at(int fd, const char *path)
{
    struct stat mine, there;
    return fstat(fd, &mine) == 0 && stat(path, &there) == 0 && mine.st_dev == there.st_dev &&
           mine.st_ino == there.st_ino;
}

/* What a killed writer left; one that still writes is left alone. */
static void clear_beside(const char *path)
{
    char temporary[PATH_LENGTH_MAX];
    if (temporary_of(path, temporary)) {
        (void)clear(temporary);
    }
}

enum err durable_hold(const char *path, int *held)
{
    for (unsigned i = 0; i < HOLD_TRIES; i++) {
        const int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0) {
            return err_of_errno(errno);
        }
        const bool locked = flock(fd, LOCK_EX | LOCK_NB) == 0;
        const int no = errno;
        if (locked && is_held_at(fd, path)) {
            *held = fd;
            clear_beside(path);
            return E_OK;
        }
        (void)close(fd);
        if (!locked) {
            errno = no;
            return no == EWOULDBLOCK ? E_LOCKED : E_IO;
        }
    }
    return E_LOCKED;
}
