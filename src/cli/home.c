#include "cli/home.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool home_make(const char *dir)
{
    struct stat st;
    if (mkdir(dir, 0700) == 0) {
        return true;
    }
    if (errno != EEXIST || stat(dir, &st) != 0 || !S_ISDIR(st.st_mode)) {
        cli_error("%s: %s", dir,
                  errno == EEXIST ? "it is there and no directory" : strerror(errno));
        return false;
    }
    if (st.st_mode & 022) {
        cli_error("%s: others may write there; `chmod go-w %s` first", dir, dir);
        return false;
    }
    return true;
}

/* ---- the lock ---- */

static int open_lock(const char *dir, int flags)
{
    char path[CLI_PATH_MAX];
    return cli_path(dir, "lock", path, sizeof path) ? open(path, flags | O_CLOEXEC, 0600) : -1;
}

static pid_t holder_of(int fd)
{
    struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    return fcntl(fd, F_GETLK, &l) == 0 && l.l_type != F_UNLCK ? l.l_pid : 0;
}

int home_lock(const char *dir, pid_t *holder)
{
    struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int fd = open_lock(dir, O_RDWR | O_CREAT);
    *holder = 0;
    if (fd < 0) {
        cli_error("%s/lock: %s", dir, strerror(errno));
        return -1;
    }
    if (fcntl(fd, F_SETLK, &l) == 0) {
        return fd;
    }
    *holder = holder_of(fd);
    if (!*holder) {
        cli_error("%s/lock: %s", dir, strerror(errno));
    }
    (void)close(fd);
    return -1;
}

pid_t home_holder(const char *dir)
{
    int fd = open_lock(dir, O_RDWR);
    if (fd < 0 && errno != ENOENT) {
        cli_error("%s/lock: %s", dir, strerror(errno));
        return -1;
    }
    if (fd < 0) {
        return 0;
    }
    pid_t pid = holder_of(fd);
    (void)close(fd);
    return pid;
}

/* ---- files ---- */

static bool write_fd(int fd, const char *text, size_t n)
{
    while (n > 0) {
        ssize_t done = write(fd, text, n);
        if (done < 0 && errno != EINTR) {
            return false;
        }
        done = done < 0 ? 0 : done;
        text += done;
        n -= (size_t)done;
    }
    return fsync(fd) == 0;
}

bool home_write(const char *dir, const char *name, const char *text, size_t n)
{
    char path[CLI_PATH_MAX], fresh[CLI_PATH_MAX];
    char leaf[64];
    snprintf(leaf, sizeof leaf, "%s.new", name);
    if (!cli_path(dir, name, path, sizeof path) || !cli_path(dir, leaf, fresh, sizeof fresh)) {
        return false;
    }
    (void)unlink(fresh); /* of an `up` that was killed; the lock is ours */
    int fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool good = fd >= 0 && write_fd(fd, text, n);
    if (fd >= 0 && close(fd) != 0) {
        good = false;
    }
    good = good && link(fresh, path) == 0; /* refuses to replace */
    if (!good) {
        cli_error("%s: %s", path, strerror(errno));
    }
    if (fd >= 0) {
        (void)unlink(fresh);
    }
    return good;
}

bool home_has(const char *dir, const char *name)
{
    char path[CLI_PATH_MAX];
    return cli_path(dir, name, path, sizeof path) && access(path, F_OK) == 0;
}

static bool is_section(const char *line, const char *section)
{
    const size_t n = strlen(section);
    return !strncmp(line, section, n) && line[n] == ':';
}

/* The port of "  listen: https://127.0.0.1:PORT"; NULL: the line is another. */
static const char *port_of(const char *line, size_t *n)
{
    static const char mark[] = "https://127.0.0.1:";
    const char *listen = line + strspn(line, " ");
    const char *at = !strncmp(listen, "listen:", 7) ? strstr(listen, mark) : NULL;
    at = at ? at + sizeof mark - 1 : NULL;
    *n = at ? strspn(at, "0123456789") : 0;
    return *n > 0 ? at : NULL;
}

bool home_link(const char *dir, const char *name, const char *section, char *out, size_t cap)
{
    char path[CLI_PATH_MAX], line[512];
    bool within = section == NULL, found = false;
    FILE *f = cli_path(dir, name, path, sizeof path) ? fopen(path, "re") : NULL;
    while (f && !found && fgets(line, sizeof line, f)) {
        size_t n = 0;
        const char *port = within ? port_of(line, &n) : NULL;
        within = within || is_section(line, section);
        found = port != NULL;
        if (found) {
            found = snprintf(out, cap, "https://localhost:%.*s", (int)n, port) < (int)cap;
        }
    }
    if (f) {
        (void)fclose(f);
    }
    return found;
}

bool home_has_mme(const char *dir)
{
    return home_has(dir, "mmed.yaml");
}

bool home_has_repo(const char *dir)
{
    return home_has(dir, "repod.yaml");
}
