/* A production lot being made, and going on with one that was broken off:
 * src/device/linux/identity_lot.h. */
#include "device/linux/identity_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct identity_maker {
    struct identity_lot lot;
    uint32_t done;
    bool broken; /* something was written in part: only opening it again mends that */
    int lock, devices, bindings;
    char dir[IDENTITY_PATH_MAX];
    char path[2][IDENTITY_PATH_MAX]; /* devices, bindings */
};

uint32_t identity_maker_done(const struct identity_maker *m)
{
    return m->done;
}

const struct identity_lot *identity_maker_lot(const struct identity_maker *m)
{
    return &m->lot;
}

void identity_maker_close(struct identity_maker *m)
{
    const int fds[] = {m->devices, m->bindings, m->lock};
    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++) {
        if (fds[i] >= 0) {
            (void)close(fds[i]);
        }
    }
    free(m);
}

/* ---- whose lot it is ---- */

static enum err hold(struct identity_maker *m, const char *dir, struct identity_why *why)
{
    if (strlen(dir) >= sizeof m->dir) {
        return identity_say(why, E_IO, "the path is too long: %s", dir);
    }
    (void)snprintf(m->dir, sizeof m->dir, "%s", dir);
    if (mkdir(dir, 0700) != 0 && errno != EEXIST) {
        return identity_say(why, E_IO, "%s: %s", dir, strerror(errno));
    }
    m->lock = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (m->lock < 0) {
        return identity_say(why, E_IO, "%s: %s", dir, strerror(errno));
    }
    if (flock(m->lock, LOCK_EX | LOCK_NB) != 0) {
        return identity_say(why, E_LOCKED, "%s: another process makes this lot now", dir);
    }
    return E_OK;
}

static const char *other_onboarding(const struct identity_lot_onboarding *is,
                                    const struct identity_lot_onboarding *wanted)
{
    return is->form != wanted->form || is->bits != wanted->bits      ? "onboarding key"
           : strcmp(is->host, wanted->host) != 0                     ? "URL host"
           : strcmp(is->manufacturer, wanted->manufacturer) != 0     ? "manufacturer"
           : is->random != wanted->random                            ? "kind of device ids"
           : !bytes_eq(BYTES_OF(is->roots), BYTES_OF(wanted->roots)) ? "provisioning root"
                                                                     : NULL;
}

/* What of the wanted lot is not what the lot there is; NULL: it is the same. */
static const char *difference(const struct identity_lot *is, const struct identity_lot *wanted)
{
    return strcmp(is->tac, wanted->tac) != 0                   ? "TAC"
           : is->first != wanted->first                        ? "first serial number"
           : is->count != wanted->count                        ? "number of devices"
           : is->algorithm != wanted->algorithm                ? "algorithm"
           : is->form != wanted->form                          ? "form"
           : !bytes_eq(BYTES_OF(is->ca), BYTES_OF(wanted->ca)) ? "CA"
           : strcmp(is->model, wanted->model) != 0
               ? "model"
               : other_onboarding(&is->onboarding, &wanted->onboarding);
}

static bool is_there(const char *path)
{
    return access(path, F_OK) == 0;
}

static enum err take_manifest(struct identity_maker *m, const struct identity_lot *wanted,
                              int64_t now, struct identity_why *why)
{
    enum err err = identity_lot_read(m->dir, &m->lot, why);
    if (err == E_NOT_FOUND && (is_there(m->path[0]) || is_there(m->path[1]))) {
        return identity_say(why, E_BAD_VALUE,
                            "%s has devices and no lot.json; choose another directory", m->dir);
    }
    if (err == E_NOT_FOUND) {
        m->lot = *wanted;
        m->lot.made = now;
        m->lot.complete = false;
        return identity_lot_write(m->dir, &m->lot, why);
    }
    const char *differs = err == E_OK ? difference(&m->lot, wanted) : NULL;
    return differs == NULL
               ? err
               : identity_say(why, E_CONFLICT,
                              "%s holds another lot: its %s is not the one given (%s, "
                              "%u devices from %06u, %s, %s); choose another directory",
                              m->dir, differs, m->lot.tac, (unsigned)m->lot.count,
                              (unsigned)m->lot.first, devid_algorithm_name(m->lot.algorithm),
                              binding_form_name(m->lot.form));
}

static enum err open_files(struct identity_maker *m, struct identity_why *why)
{
    m->devices = open(m->path[0], O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (m->devices < 0) {
        return identity_say(why, E_IO, "%s: %s", m->path[0], strerror(errno));
    }
    m->bindings = open(m->path[1], O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (m->bindings < 0) {
        return identity_say(why, E_IO, "%s: %s", m->path[1], strerror(errno));
    }
    (void)fsync(m->lock); /* the directory */
    return identity_is_private(m->devices, m->path[0], why);
}

/* ---- what is there of it ---- */

struct scan {
    const struct identity_maker *m;
    const char *path;
    FILE *in;
    uint32_t rows; /* whole ones */
    off_t end;     /* of the last whole one, and where it begins */
    off_t last;
    uint32_t mark;  /* a row whose place is wanted */
    off_t marked;   /* where it begins */
    unsigned lines; /* of a row */
    char line[IDENTITY_ROW_MAX + 1];
    char ahead[65536];
};

/* A stream of its own over the file, which leaves the descriptor alone. */
static enum err scan_open(struct scan *s, const struct identity_maker *m, int which,
                          struct identity_why *why)
{
    s->m = m;
    s->path = m->path[which];
    s->lines = which == 1 && m->lot.onboarding.form != 0 ? 2 : 1;
    s->in = fopen(s->path, "re");
    if (s->in == NULL) {
        return identity_say(why, E_IO, "%s: %s", s->path, strerror(errno));
    }
    (void)setvbuf(s->in, s->ahead, _IOFBF, sizeof s->ahead);
    return E_OK;
}

static void scan_close(struct scan *s)
{
    if (s->in != NULL) {
        (void)fclose(s->in);
    }
    wipe(s, sizeof *s);
}

/* All lines of a row into the buffer. *n: their characters; 0: there is no whole row, for the file
 * ends, or its last one is torn. Errors: E_IO, E_BAD_VALUE (too long, or of another IMEI). */
static enum err read_lines(struct scan *s, const struct imei *wanted, size_t *n)
{
    struct imei imei;
    size_t at = 0;
    *n = 0;
    for (unsigned i = 0; i < s->lines; i++) {
        char *line = s->line + at;
        if (sizeof s->line - at < 2) {
            return E_BAD_VALUE;
        }
        if (fgets(line, (int)(sizeof s->line - at), s->in) == NULL) {
            return ferror(s->in) ? E_IO : E_OK;
        }
        const size_t len = strlen(line);
        if (len == 0 || line[len - 1] != '\n') {
            return feof(s->in) ? E_OK : E_BAD_VALUE;
        }
        if (identity_row_imei((struct bytes){(const uint8_t *)line, len - 1}, &imei) != E_OK ||
            !imei_eq(&imei, wanted)) {
            return E_BAD_VALUE;
        }
        at += len;
    }
    *n = at;
    return E_OK;
}

/* The next whole row, without its last newline; its IMEI is the one that it must have. E_CLOSED
 * behind the last. */
static enum err scan_next(struct scan *s, struct bytes *row, struct identity_why *why)
{
    const struct imei wanted = identity_lot_imei(&s->m->lot, s->rows);
    size_t n = 0;
    enum err err = read_lines(s, &wanted, &n);
    if (err == E_IO) {
        return identity_say(why, E_IO, "%s: %s", s->path, strerror(errno));
    }
    if (err == E_OK && n == 0) {
        return E_CLOSED;
    }
    if (err != E_OK || s->rows == s->m->lot.count) {
        return identity_say(why, E_BAD_VALUE, "%s:%u: this is not row %u of the lot; it is damaged",
                            s->path, (unsigned)(s->rows * s->lines + 1), (unsigned)s->rows + 1);
    }
    *row = (struct bytes){(const uint8_t *)s->line, n - 1};
    s->marked = s->rows == s->mark ? s->end : s->marked;
    s->last = s->end;
    s->rows++;
    s->end += (off_t)n;
    return E_OK;
}

static enum err scan_all(struct scan *s, struct identity_why *why)
{
    struct bytes line;
    enum err err;
    do {
        err = scan_next(s, &line, why);
    } while (err == E_OK);
    return err == E_CLOSED ? E_OK : err;
}

static enum err cut(int fd, const struct scan *s, struct identity_why *why)
{
    return ftruncate(fd, s->end) == 0 && lseek(fd, s->end, SEEK_SET) == s->end
               ? E_OK
               : identity_say(why, E_IO, "%s: %s", s->path, strerror(errno));
}

static bool write_all(int fd, struct bytes b)
{
    while (b.n > 0) {
        const ssize_t n = write(fd, b.p, b.n);
        if (n < 0 && errno != EINTR) {
            return false;
        }
        b.p += n > 0 ? n : 0;
        b.n -= (size_t)(n > 0 ? n : 0);
    }
    return true;
}

/* ---- the bindings that the devices are ahead of ---- */

/* The last binding there must be what the device's row gives; the ones behind it are written. */
static enum err catch_up_row(struct identity_maker *m, struct scan *s, struct bytes line,
                             const char *last, struct identity_why *why)
{
    struct identity_row row;
    uint8_t text[IDENTITY_ROW_MAX];
    size_t n;
    if (identity_row_read(line, &row) != E_OK ||
        identity_binding_write(&row, (struct bytes){NULL, 0}, MBYTES_OF(text), &n) != E_OK) {
        identity_row_wipe(&row);
        return identity_say(why, E_BAD_VALUE, "%s:%u: this row is damaged", s->path,
                            (unsigned)s->rows);
    }
    identity_row_wipe(&row);
    if (last != NULL) {
        return bytes_eq(bytes_of_str(last), (struct bytes){text, n})
                   ? E_OK
                   : identity_say(why, E_BAD_VALUE,
                                  "%s:%u: this binding is not of the key in %s; the lot is damaged",
                                  m->path[1], (unsigned)s->rows, s->path);
    }
    return write_all(m->bindings, (struct bytes){text, n})
               ? E_OK
               : identity_say(why, E_IO, "%s: %s", m->path[1], strerror(errno));
}

/* Devices from the one of the last binding on. */
static enum err catch_up(struct identity_maker *m, struct scan *devices, struct scan *bindings,
                         struct identity_why *why)
{
    struct bytes line;
    enum err err = E_OK;
    if (fseeko(devices->in, devices->marked, SEEK_SET) != 0) {
        return identity_say(why, E_IO, "%s: %s", devices->path, strerror(errno));
    }
    devices->rows = devices->mark;
    while (err == E_OK && devices->rows < m->done) {
        const bool shown = devices->rows < bindings->rows;
        err = scan_next(devices, &line, why);
        if (err == E_OK) {
            err = catch_up_row(m, devices, line, shown ? bindings->line : NULL, why);
        }
    }
    return err;
}

/* The last whole row of the bindings into its buffer again: what the scan read last may be torn.
 */
static enum err keep_last(struct scan *bindings, struct identity_why *why)
{
    size_t n = 0;
    if (bindings->rows == 0) {
        return E_OK;
    }
    const struct imei imei = identity_lot_imei(&bindings->m->lot, bindings->rows - 1);
    if (fseeko(bindings->in, bindings->last, SEEK_SET) != 0 ||
        read_lines(bindings, &imei, &n) != E_OK || n == 0) {
        return identity_say(why, E_IO, "%s: %s", bindings->path, strerror(errno));
    }
    return E_OK;
}

static enum err mend(struct identity_maker *m, struct scan *devices, struct scan *bindings,
                     struct identity_why *why)
{
    if (bindings->rows > devices->rows) {
        return identity_say(
            why, E_BAD_VALUE, "%s has %u rows and %s only %u: keys were lost; the lot is damaged",
            bindings->path, (unsigned)bindings->rows, devices->path, (unsigned)devices->rows);
    }
    if (m->lot.complete && bindings->rows != m->lot.count) {
        return identity_say(why, E_BAD_VALUE,
                            "%s is said to be complete, and rows are gone; it is damaged", m->dir);
    }
    m->done = devices->rows;
    enum err err = cut(m->devices, devices, why);
    err = err == E_OK ? cut(m->bindings, bindings, why) : err;
    err = err == E_OK && fdatasync(m->devices) != 0
              ? identity_say(why, E_IO, "%s: %s", m->path[0], strerror(errno))
              : err;
    return err == E_OK ? catch_up(m, devices, bindings, why) : err;
}

static enum err look(struct identity_maker *m, struct scan *devices, struct scan *bindings,
                     struct identity_why *why)
{
    enum err err = scan_open(bindings, m, 1, why);
    err = err == E_OK ? scan_all(bindings, why) : err;
    err = err == E_OK ? keep_last(bindings, why) : err;
    err = err == E_OK ? scan_open(devices, m, 0, why) : err;
    devices->mark = bindings->rows > 0 ? bindings->rows - 1 : 0;
    err = err == E_OK ? scan_all(devices, why) : err;
    return err == E_OK ? mend(m, devices, bindings, why) : err;
}

static enum err go_on(struct identity_maker *m, struct identity_why *why)
{
    struct scan *both = calloc(2, sizeof *both);
    if (both == NULL) {
        return identity_say(why, E_MEMORY, "there is not enough memory");
    }
    const enum err err = look(m, &both[0], &both[1], why);
    scan_close(&both[0]);
    scan_close(&both[1]);
    free(both);
    return err;
}

/* ---- the maker ---- */

enum err identity_maker_open(const char *dir, const struct identity_lot *lot, int64_t now,
                             struct identity_maker **out, struct identity_why *why)
{
    struct identity_maker *m = calloc(1, sizeof *m);
    if (m == NULL) {
        return identity_say(why, E_MEMORY, "there is not enough memory");
    }
    m->lock = m->devices = m->bindings = -1;
    enum err err = hold(m, dir, why);
    err = err == E_OK ? identity_path(dir, IDENTITY_LOT_DEVICES, m->path[0], why) : err;
    err = err == E_OK ? identity_path(dir, IDENTITY_LOT_BINDINGS, m->path[1], why) : err;
    err = err == E_OK ? take_manifest(m, lot, now, why) : err;
    err = err == E_OK ? open_files(m, why) : err;
    err = err == E_OK ? go_on(m, why) : err;
    if (err != E_OK) {
        identity_maker_close(m);
        return err;
    }
    *out = m;
    return E_OK;
}

enum err identity_maker_append(struct identity_maker *m, struct bytes devices,
                               struct bytes bindings, uint32_t rows, struct identity_why *why)
{
    if (m->broken || rows > m->lot.count - m->done) {
        return identity_say(why, E_BAD_VALUE, "%s: no more can be added to this lot", m->dir);
    }
    m->broken = true;
    if (!write_all(m->devices, devices) || fdatasync(m->devices) != 0) {
        return identity_say(why, E_IO, "%s: %s", m->path[0], strerror(errno));
    }
    if (!write_all(m->bindings, bindings)) {
        return identity_say(why, E_IO, "%s: %s", m->path[1], strerror(errno));
    }
    m->broken = false;
    m->done += rows;
    return E_OK;
}

enum err identity_maker_finish(struct identity_maker *m, struct identity_why *why)
{
    if (m->broken || m->done != m->lot.count) {
        return identity_say(why, E_BAD_STATE, "%s: the lot has %u of %u devices", m->dir,
                            (unsigned)m->done, (unsigned)m->lot.count);
    }
    if (fdatasync(m->bindings) != 0) {
        return identity_say(why, E_IO, "%s: %s", m->path[1], strerror(errno));
    }
    struct identity_lot whole = m->lot;
    whole.complete = true;
    const enum err err = identity_lot_write(m->dir, &whole, why);
    m->lot = err == E_OK ? whole : m->lot;
    return err;
}
