#include "cli/secret_input.h"
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

bool secret_is_key(const char *argument)
{
    const size_t n = strlen(argument);
    return (n == 32 || n == 64) && strspn(argument, "0123456789abcdefABCDEF") == n;
}

/* A descriptor, or -1 and said. */
static int open_input(const char *path, bool open_too)
{
    struct stat st;
    int fd = !strcmp(path, "-") ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && secret_is_key(path)) {
        cli_error("a key is not an argument, which others may see: put it into a file of mode 0600 "
                  "and name that; whoever saw this one has it");
        return -1;
    }
    if (fd < 0 || fstat(fd, &st) != 0) {
        cli_error("%s: %s", path, strerror(errno));
        return -1;
    }
    if (!open_too && strcmp(path, "-") != 0 && S_ISREG(st.st_mode) && (st.st_mode & 077)) {
        cli_error("%s: others may read this file, and it holds a key; `chmod 600 %s` and try "
                  "again; if others had access, replace the key",
                  path, path);
        (void)close(fd);
        return -1;
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

/* What a person types into a terminal is not shown there. */
static ssize_t read_hidden(int fd, char *out, size_t cap)
{
    struct termios shown, hidden;
    if (!isatty(fd) || tcgetattr(fd, &shown) != 0) {
        return read_all(fd, out, cap);
    }
    hidden = shown;
    hidden.c_lflag &= ~(tcflag_t)ECHO;
    fputs("The key, in hex digits (it is not shown): ", stderr);
    (void)tcsetattr(fd, TCSAFLUSH, &hidden);
    ssize_t got = read(fd, out, cap - 1);
    (void)tcsetattr(fd, TCSAFLUSH, &shown);
    fputc('\n', stderr);
    return got;
}

bool secret_read_whole(const char *path, bool open_too, char *out, size_t cap, size_t *n)
{
    int fd = open_input(path, open_too);
    if (fd < 0) {
        return false;
    }
    ssize_t got = read_hidden(fd, out, cap);
    if (got < 0) {
        cli_error("%s: %s", path, errno == E2BIG ? "far longer than a key" : strerror(errno));
        wipe(out, cap);
    } else {
        out[got] = '\0';
        *n = (size_t)got;
    }
    (void)close(fd);
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
    if (!secret_read_whole(path, false, text, sizeof text, &n)) {
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
