#include "store/store_backup.h"
#include "store/store_backup_parts.h"

#include "crypto/digest.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIRST_LINE   "bindery-backup 1\n"
#define MANIFEST_MAX 8192
#define READ_AT_ONCE (1u << 18)

/* ---- digest of a file ---- */

static enum err digest_read(int fd, struct digest *d, uint64_t *octets)
{
    uint8_t *buffer = malloc(READ_AT_ONCE);
    enum err err = buffer == NULL ? E_MEMORY : E_OK;
    ssize_t n = 1;
    while (err == E_OK && (n = read(fd, buffer, READ_AT_ONCE)) > 0) {
        *octets += (uint64_t)n;
        err = digest_add(d, (struct bytes){buffer, (size_t)n});
    }
    free(buffer);
    return n < 0 ? E_IO : err;
}

enum err backup_digest(const char *path, uint64_t *octets, char out[static 65])
{
    struct digest *d = NULL;
    uint8_t sum[32];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    *octets = 0;
    if (fd < 0) {
        return errno == ENOENT ? E_NOT_FOUND : errno == EACCES ? E_DENIED : E_IO;
    }
    enum err err = digest_new(&d);
    if (err == E_OK) {
        err = digest_read(fd, d, octets);
    }
    if (err == E_OK) {
        err = digest_end(d, sum);
    }
    digest_free(d);
    (void)close(fd); /* read only */
    if (err == E_OK) {
        hex_encode(BYTES_OF(sum), out);
    }
    return err;
}

/* ---- writing ---- */

static void print_manifest(FILE *to, const struct store_manifest *m)
{
    fprintf(to, FIRST_LINE "made %" PRId64 "\napplication %08" PRIx32 "\nschema %" PRIu32 "\n",
            m->made, m->application, m->schema);
    fprintf(to, "store %s\nkey %s\nmark %" PRIu64 "\n", m->store_id[0] ? m->store_id : "-",
            m->key[0] ? m->key : "-", m->mark);
    fprintf(to, "octets %" PRIu64 "\nsha256 %s\n", m->octets, m->sha256);
    for (size_t i = 0; i < m->n; i++) {
        fprintf(to, "rows %s %" PRIu64 "\n", m->tables[i].name, m->tables[i].rows);
    }
    fputs("end\n", to);
}

enum err manifest_write(const char *path, const struct store_manifest *m)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    FILE *to = fd < 0 ? NULL : fdopen(fd, "w");
    if (to == NULL) {
        if (fd >= 0) {
            (void)close(fd); /* nothing was written */
        }
        return E_IO;
    }
    print_manifest(to, m);
    bool ok = fflush(to) == 0 && fsync(fd) == 0;
    int failed = errno;
    ok = fclose(to) == 0 && ok;
    errno = failed;
    return ok ? E_OK : E_IO;
}

/* ---- reading: exactly what manifest_write writes ---- */

/* The value of the line "key value" that comes next. */
static bool take_text(const char **at, const char *key, char *out, size_t room)
{
    size_t key_n = strlen(key);
    const char *end = strchr(*at, '\n');
    if (end == NULL || strncmp(*at, key, key_n) != 0 || (*at)[key_n] != ' ') {
        return false;
    }
    size_t n = (size_t)(end - *at) - key_n - 1;
    if (n == 0 || n >= room) {
        return false;
    }
    memcpy(out, *at + key_n + 1, n);
    out[n] = '\0';
    *at = end + 1;
    return true;
}

static bool number_of(const char *text, int base, uint64_t most, uint64_t *out)
{
    char *end = NULL;
    if (strspn(text, base == 16 ? "0123456789abcdef" : "0123456789") != strlen(text)) {
        return false;
    }
    errno = 0;
    *out = strtoull(text, &end, base);
    return errno == 0 && *end == '\0' && *out <= most;
}

static bool take_number(const char **at, const char *key, int base, uint64_t most, uint64_t *out)
{
    char text[24];
    return take_text(at, key, text, sizeof text) && number_of(text, base, most, out);
}

/* So many hex digits, or "-" for none where that may be. */
static bool take_hex(const char **at, const char *key, size_t digits, bool optional, char *out)
{
    if (!take_text(at, key, out, digits + 1)) {
        return false;
    }
    if (optional && strcmp(out, "-") == 0) {
        out[0] = '\0';
        return true;
    }
    return strlen(out) == digits && strspn(out, "0123456789abcdef") == digits;
}

static bool take_rows(const char **at, struct store_manifest *out)
{
    char text[64];
    while (take_text(at, "rows", text, sizeof text)) {
        char *gap = strchr(text, ' ');
        if (gap == NULL || out->n == STORE_BACKUP_TABLES_MAX ||
            (size_t)(gap - text) >= sizeof out->tables[0].name) {
            return false;
        }
        *gap = '\0';
        memcpy(out->tables[out->n].name, text, (size_t)(gap - text) + 1);
        if (!number_of(gap + 1, 10, INT64_MAX, &out->tables[out->n].rows)) {
            return false;
        }
        out->n++;
    }
    return strcmp(*at, "end\n") == 0;
}

bool manifest_parse(const char *text, struct store_manifest *out)
{
    uint64_t made = 0, application = 0, schema = 0;
    *out = (struct store_manifest){.n = 0};
    if (strncmp(text, FIRST_LINE, strlen(FIRST_LINE)) != 0) {
        return false;
    }
    text += strlen(FIRST_LINE);
    bool ok = take_number(&text, "made", 10, INT64_MAX, &made) &&
              take_number(&text, "application", 16, UINT32_MAX, &application) &&
              take_number(&text, "schema", 10, UINT32_MAX, &schema) &&
              take_hex(&text, "store", 32, true, out->store_id) &&
              take_hex(&text, "key", 32, true, out->key) &&
              take_number(&text, "mark", 10, INT64_MAX, &out->mark) &&
              take_number(&text, "octets", 10, INT64_MAX, &out->octets) &&
              take_hex(&text, "sha256", 64, false, out->sha256) && take_rows(&text, out);
    out->made = (int64_t)made;
    out->application = (uint32_t)application;
    out->schema = (uint32_t)schema;
    return ok;
}

enum err store_manifest_read(const char *backup, struct store_manifest *out, struct store_why *why)
{
    char path[STORE_PATH_MAX], text[MANIFEST_MAX];
    *why = (struct store_why){E_OK, ""};
    if (snprintf(path, sizeof path, "%s" BACKUP_MANIFEST, backup) >= (int)sizeof path) {
        return why_set(why, E_BAD_VALUE, "the path of the backup is too long");
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return why_set(why,
                       errno == ENOENT   ? E_NOT_FOUND
                       : errno == EACCES ? E_DENIED
                                         : E_IO,
                       "%s: the manifest of the backup cannot be read: %s; a backup is two files, "
                       "and without its manifest it was not finished",
                       path, strerror(errno));
    }
    ssize_t n = read(fd, text, sizeof text - 1);
    (void)close(fd); /* read only */
    if (n < 0) {
        return why_set(why, E_IO, "%s: %s", path, strerror(errno));
    }
    text[n] = '\0';
    return strlen(text) == (size_t)n && manifest_parse(text, out)
               ? E_OK
               : why_set(why, E_BAD_VALUE,
                         "%s is not the manifest of a Bindery backup, or was changed", path);
}
