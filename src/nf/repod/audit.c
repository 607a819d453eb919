#include "nf/repod/audit.h"

#include "nf/common/json_whole.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct audit {
    char *path;
    int fd;
    bool torn; /* its last line has no end: the disk was full in the middle of it */
};

static int open_file(const char *path)
{
    return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
}

enum err audit_open(const char *path, struct audit **out)
{
    struct audit *a = calloc(1, sizeof *a);
    char *copy = strdup(path);
    if (a == NULL || copy == NULL) {
        free(a);
        free(copy);
        return E_MEMORY;
    }
    a->path = copy;
    a->fd = open_file(path);
    if (a->fd < 0) {
        audit_close(a);
        return E_IO;
    }
    *out = a;
    return E_OK;
}

void audit_close(struct audit *a)
{
    if (a != NULL) {
        if (a->fd >= 0) {
            (void)close(a->fd); /* each line was written when it was due */
        }
        free(a->path);
        free(a);
    }
}

/* Is the file at the path still the one that is open? */
static enum err follow(struct audit *a)
{
    struct stat there, open_now;
    if (fstat(a->fd, &open_now) == 0 && stat(a->path, &there) == 0 &&
        there.st_ino == open_now.st_ino && there.st_dev == open_now.st_dev) {
        return E_OK;
    }
    int fd = open_file(a->path);
    if (fd < 0) {
        return E_IO;
    }
    (void)close(a->fd);
    a->fd = fd;
    a->torn = false;
    return E_OK;
}

static json_t *line_of(const struct audit_entry *e)
{
    struct tm tm;
    char at[32] = "";
    time_t t = (time_t)e->at_s;
    if (gmtime_r(&t, &tm) != NULL) {
        (void)strftime(at, sizeof at, "%Y-%m-%dT%H:%M:%SZ", &tm);
    }
    struct address_text from = {""};
    if (e->from_text == NULL) {
        from = address_print_ip(e->from);
    }
    return json_pack("{s:s,s:s?,s:s*,s:s,s:s,s:s?,s:s,s:o*}", "time", at, "client", e->client,
                     "administrator", e->administrator, "address",
                     e->from_text != NULL ? e->from_text : from.s, "asked", e->asked, "imei",
                     e->imei != NULL ? e->imei->digits : NULL, "outcome", e->outcome, "more",
                     e->more);
}

enum err audit_write(struct audit *a, const struct audit_entry *e)
{
    json_t *line = line_of(e);
    size_t n = 0;
    char *text = json_whole_text(line, &n);
    json_decref(line);
    if (text == NULL) {
        return E_MEMORY;
    }
    text[n] = '\n'; /* in the place of its end: written by its length */
    enum err err = follow(a);
    if (err == E_OK && a->torn && write(a->fd, "\n", 1) != 1) {
        err = E_IO;
    }
    if (err == E_OK) {
        const ssize_t wrote = write(a->fd, text, n + 1);
        a->torn = wrote > 0 ? wrote != (ssize_t)(n + 1) : a->torn && wrote < 0;
        err = wrote == (ssize_t)(n + 1) ? E_OK : E_IO;
    }
    free(text);
    return err;
}
