/* The newest lines of an audit log, read from its end: part of src/nf/repod/audit.h. */
#include "nf/repod/audit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct part { /* of the file */
    char *text;
    uint64_t from, end;
};

static bool text_at(const json_t *line, const char *key, bool or_null)
{
    const json_t *v = json_object_get(line, key);
    return json_is_string(v) || (or_null && json_is_null(v));
}

static bool is_entry(const json_t *line)
{
    return text_at(line, "time", false) && text_at(line, "client", true) &&
           text_at(line, "address", false) && text_at(line, "asked", false) &&
           text_at(line, "imei", true) && text_at(line, "outcome", false);
}

static bool says(const json_t *line, const char *key, const char *text)
{
    const char *v = json_string_value(json_object_get(line, key));
    return v != NULL && strcmp(v, text) == 0;
}

static bool is_wanted(const json_t *line, const struct audit_wanted *w)
{
    return (w->client == NULL || says(line, "client", w->client) ||
            says(line, "administrator", w->client)) &&
           (w->imei == NULL || says(line, "imei", w->imei->digits));
}

static enum err take(const char *text, size_t n, const struct audit_wanted *w,
                     struct audit_page *out)
{
    json_t *line = json_loadb(text, n, JSON_REJECT_DUPLICATES, NULL);
    enum err err = E_OK;
    if (!is_entry(line)) {
        out->unreadable++;
    } else if (is_wanted(line, w)) {
        err = json_array_append(out->entries, line) == 0 ? E_OK : E_MEMORY;
    }
    json_decref(line);
    return err;
}

/* Lines from the end of the part on. One that may begin in front of it is left for the next call,
 * unless it is as long as the whole part: no entry is. */
static enum err walk(const struct part *p, const struct audit_wanted *w, struct audit_page *out)
{
    size_t n = (size_t)(p->end - p->from), at = n;
    enum err err = E_OK;
    while (err == E_OK && at > 0 && json_array_size(out->entries) < w->limit) {
        const size_t stop = p->text[at - 1] == '\n' ? at - 1 : at;
        size_t start = stop;
        while (start > 0 && p->text[start - 1] != '\n') {
            start--;
        }
        if (start == 0 && p->from > 0 && at < n) {
            break;
        }
        err = take(p->text + start, stop - start, w, out);
        at = start;
    }
    out->next = p->from + at;
    return err;
}

static enum err load(int fd, const struct audit_wanted *w, struct part *p)
{
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        return E_IO;
    }
    const uint64_t size = (uint64_t)st.st_size;
    p->end = w->from_end ? size : w->before;
    if (p->end > size) {
        return E_BAD_VALUE;
    }
    p->from = p->end > AUDIT_PART ? p->end - AUDIT_PART : 0;
    const size_t n = (size_t)(p->end - p->from);
    p->text = malloc(n + 1);
    if (p->text == NULL) {
        return E_MEMORY;
    }
    for (size_t got = 0; got < n;) {
        const ssize_t k = pread(fd, p->text + got, n - got, (off_t)(p->from + got));
        if (k <= 0) {
            return E_IO;
        }
        got += (size_t)k;
    }
    return E_OK;
}

enum err audit_read(const char *path, const struct audit_wanted *wanted, struct audit_page *out)
{
    struct part part = {.text = NULL};
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    *out = (struct audit_page){.entries = NULL};
    if (fd < 0) {
        return E_IO;
    }
    enum err err = load(fd, wanted, &part);
    (void)close(fd); /* was only read */
    if (err == E_OK) {
        out->entries = json_array();
        err = out->entries != NULL ? walk(&part, wanted, out) : E_MEMORY;
    }
    free(part.text);
    if (err != E_OK) {
        json_decref(out->entries);
        out->entries = NULL;
    }
    return err;
}
