#include "device/linux/durable_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_LENGTH_MAX 4096
#define HOLD_TRIES      100 /* a file that is replaced as often while it is opened is held */

static enum err err_of_errno(int no)
{
    return no == ENOENT ? E_NOT_FOUND : no == EACCES ? E_DENIED : no == EEXIST ? E_EXISTS : E_IO;
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

/* link refuses to replace, rename replaces */
static bool put_in_place(const char *temporary, const char *path, enum durable_how how)
{
    const bool fresh = how == DURABLE_FRESH;
    const bool done = (fresh ? link(temporary, path) : rename(temporary, path)) == 0;
    const int no = errno;
    if (!done || fresh) {
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

enum err durable_write(const char *path, mode_t mode, enum durable_how how, struct bytes octets,
                       int *held)
{
    char temporary[PATH_LENGTH_MAX];
    const int len = snprintf(temporary, sizeof temporary, "%s.XXXXXX", path);
    if (len < 0 || (size_t)len >= sizeof temporary) {
        errno = ENAMETOOLONG;
        return E_IO;
    }
    const int fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0) {
        return err_of_errno(errno);
    }
    if (fchmod(fd, mode) != 0 || (held != NULL && flock(fd, LOCK_EX | LOCK_NB) != 0) ||
        !write_all(fd, octets) || fsync(fd) != 0) {
        const int no = errno;
        (void)unlink(temporary);
        (void)close(fd);
        errno = no;
        return err_of_errno(no);
    }
    if (!put_in_place(temporary, path, how)) {
        const int no = errno;
        (void)close(fd);
        errno = no;
        return err_of_errno(no);
    }
    hand_on(held, fd);
    return sync_folder_of(path) ? E_OK : err_of_errno(errno);
}

/* Is it still the file of that name? Another may have taken its place before it was locked. */
static bool is_at(int fd, const char *path)
{
    struct stat mine, there;
    return fstat(fd, &mine) == 0 && stat(path, &there) == 0 && mine.st_dev == there.st_dev &&
           mine.st_ino == there.st_ino;
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
        if (locked && is_at(fd, path)) {
            *held = fd;
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
