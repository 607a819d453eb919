#include "cli/secret_input.h"
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int open_input(const char *path)
{
    struct stat st;
    if (!strcmp(path, "-")) {
        return dup(STDIN_FILENO);
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 077)) {
        cli_error("warning: %s holds a key and others may read it; `chmod 600 %s`", path, path);
    }
    return fd;
}

/* Octets read, or -1 with errno; E2BIG when the input doesn't end within cap. */
static ssize_t read_all(int fd, char *out, size_t cap)
{
    size_t n = 0;
    while (n < cap) {
        ssize_t got = read(fd, out + n, cap - n);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return got < 0 ? -1 : (ssize_t)n;
        }
        n += (size_t)got;
    }
    errno = E2BIG;
    return -1;
}

bool secret_read_whole(const char *path, char *out, size_t cap, size_t *n)
{
    int fd = open_input(path);
    ssize_t got = fd < 0 ? -1 : read_all(fd, out, cap);
    if (got < 0) {
        cli_error("%s: %s", path, errno == E2BIG ? "far longer than a key" : strerror(errno));
        wipe(out, cap);
    } else {
        out[got] = '\0';
        *n = (size_t)got;
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return got >= 0;
}

static bool take_hex(const char *option, const char *path, bool long_too, struct bytes text,
                     struct secret_text *out)
{
    size_t from = 0, to = text.n;
    while (from < to && isspace(text.p[from])) {
        from++;
    }
    while (to > from && isspace(text.p[to - 1])) {
        to--;
    }
    for (size_t i = from; i < to; i++) {
        if (!isxdigit(text.p[i])) {
            cli_error("%s %s: octet %zu is not a hex digit", option, path, i + 1);
            return false;
        }
    }
    size_t n = to - from;
    if (n != 32 && !(long_too && n == 64)) {
        cli_error("%s %s: %zu hex digits, where %s are wanted", option, path, n,
                  long_too ? "32 (or 64, with TUAK)" : "32");
        return false;
    }
    memcpy(out->hex, text.p + from, n);
    out->hex[n] = '\0';
    return true;
}

bool secret_read(const char *option, const char *path, bool long_too, struct secret_text *out)
{
    char text[SECRET_FILE_MAX];
    size_t n;
    if (!secret_read_whole(path, text, sizeof text, &n)) {
        return false;
    }
    bool good = take_hex(option, path, long_too, (struct bytes){(const uint8_t *)text, n}, out);
    wipe(text, sizeof text);
    return good;
}

void secret_wipe(struct secret_text *s)
{
    wipe(s, sizeof *s);
}
