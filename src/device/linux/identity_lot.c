#include "device/linux/identity_lot.h"

#include "device/linux/identity_parts.h"
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FORMAT   1
#define MANIFEST "lot.json"

enum err identity_say(struct identity_why *why, enum err err, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    (void)vsnprintf(why->text, sizeof why->text, format, ap);
    va_end(ap);
    return err;
}

enum err identity_path(const char *dir, const char *name, char out[static IDENTITY_PATH_MAX],
                       struct identity_why *why)
{
    const int n = snprintf(out, IDENTITY_PATH_MAX, "%s/%s", dir, name);
    return n > 0 && n < IDENTITY_PATH_MAX
               ? E_OK
               : identity_say(why, E_IO, "the path is too long: %s", dir);
}

enum err identity_is_private(int fd, const char *path, struct identity_why *why)
{
    struct stat st;
    if (fstat(fd, &st) != 0) {
        return identity_say(why, E_IO, "%s: %s", path, strerror(errno));
    }
    if (!S_ISREG(st.st_mode)) {
        return identity_say(why, E_BAD_VALUE, "%s is no file", path);
    }
    if (st.st_uid != geteuid()) {
        return identity_say(why, E_DENIED, "%s holds private keys and belongs to another user (%u)",
                            path, (unsigned)st.st_uid);
    }
    if ((st.st_mode & 077) != 0) {
        return identity_say(why, E_DENIED,
                            "%s holds private keys and others may read it; `chmod 600 %s` first",
                            path, path);
    }
    return E_OK;
}

enum err identity_row_imei(struct bytes line, struct imei *out)
{
    const size_t head = strlen(IDENTITY_ROW_HEAD);
    if (line.n < head + IMEI_DIGITS + 2 ||
        !bytes_eq((struct bytes){line.p, head}, bytes_of_str(IDENTITY_ROW_HEAD)) ||
        line.p[head + IMEI_DIGITS + 1] != '"') {
        return E_BAD_VALUE;
    }
    return imei_parse((struct bytes){line.p + head, IMEI_DIGITS + 1}, out) == E_OK ? E_OK
                                                                                   : E_BAD_VALUE;
}

struct imei identity_lot_imei(const struct identity_lot *lot, uint32_t i)
{
    struct imei imei = {{0}};
    (void)snprintf(imei.digits, sizeof imei.digits, "%.8s%06u", lot->tac,
                   (unsigned)((lot->first + i) % IDENTITY_LOT_MAX));
    return imei;
}

/* ---- the manifest ---- */

static const char *text_at(const json_t *o, const char *name)
{
    const char *text = json_string_value(json_object_get(o, name));
    return text != NULL ? text : "";
}

static bool number_at(const json_t *o, const char *name, int64_t max, int64_t *out)
{
    const json_t *v = json_object_get(o, name);
    *out = json_integer_value(v);
    return json_is_integer(v) && *out >= 0 && *out <= max;
}

static bool form_parse(const char *text, uint8_t *out)
{
    const bool certificate = strcmp(text, binding_form_name(BINDING_CERTIFICATE)) == 0;
    *out = certificate ? BINDING_CERTIFICATE : BINDING_PUBLIC_KEY;
    return certificate || strcmp(text, binding_form_name(BINDING_PUBLIC_KEY)) == 0;
}

bool identity_model_check(const char *model)
{
    const size_t n = strlen(model);
    return n >= 1 && n <= IDENTITY_MODEL_MAX &&
           strspn(model, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 ._-") == n;
}

/* A name that URLs may have, in lower case. */
static bool host_check(const char *host)
{
    char text[CERTATTACH_HOST_MAX + 16];
    struct certattach_url url;
    const int n = snprintf(text, sizeof text, "https://%s/DeviceID=0", host);
    return n > 0 && (size_t)n < sizeof text &&
           certattach_url_parse(bytes_of_str(text), &url) == E_OK && strcmp(url.host, host) == 0;
}

static bool tac_is_good(const char *tac)
{
    return strlen(tac) == 8 && strspn(tac, "0123456789") == 8;
}

/* Of the object `onboarding`: the member that is wrong, or NULL. */
static const char *take_onboarding(const json_t *o, struct identity_lot_onboarding *out)
{
    const json_t *random = json_object_get(o, "random");
    const char *algorithm = text_at(o, "algorithm"), *host = text_at(o, "host");
    int64_t bits = 0;
    out->form = strcmp(algorithm, "p256") == 0  ? CERTATTACH_EC
                : strcmp(algorithm, "rsa") == 0 ? CERTATTACH_RSA
                                                : 0;
    if (out->form == 0) {
        return "onboarding.algorithm";
    }
    if (out->form == CERTATTACH_RSA && (!number_at(o, "bits", 4096, &bits) || bits < 2048)) {
        return "onboarding.bits";
    }
    if (!host_check(host)) {
        return "onboarding.host";
    }
    if (!identity_model_check(text_at(o, "manufacturer"))) {
        return "onboarding.manufacturer";
    }
    if (!json_is_boolean(random)) {
        return "onboarding.random";
    }
    out->bits = (uint16_t)bits;
    out->random = json_is_true(random);
    (void)snprintf(out->host, sizeof out->host, "%s", host);
    (void)snprintf(out->manufacturer, sizeof out->manufacturer, "%s", text_at(o, "manufacturer"));
    return hex_decode(text_at(o, "roots"), MBYTES_OF(out->roots)) == E_OK ? NULL
                                                                          : "onboarding.roots";
}

/* With certificates there are a CA and a model. */
static const char *take_issued(const json_t *o, struct identity_lot *out)
{
    if (out->form != BINDING_CERTIFICATE && out->onboarding.form == 0) {
        return NULL;
    }
    if (hex_decode(text_at(o, "ca"), MBYTES_OF(out->ca)) != E_OK) {
        return "ca";
    }
    (void)snprintf(out->model, sizeof out->model, "%s", text_at(o, "model"));
    return identity_model_check(text_at(o, "model")) ? NULL : "model";
}

static const char *take_numbers(const json_t *o, struct identity_lot *out)
{
    int64_t first, count;
    if (!number_at(o, "first", IDENTITY_LOT_MAX - 1, &first)) {
        return "first";
    }
    if (!number_at(o, "count", IDENTITY_LOT_MAX - first, &count) || count == 0) {
        return "count";
    }
    out->first = (uint32_t)first;
    out->count = (uint32_t)count;
    return NULL;
}

static const char *take_keys(const json_t *o, struct identity_lot *out)
{
    if (devid_algorithm_parse(bytes_of_str(text_at(o, "algorithm")), &out->algorithm) != E_OK) {
        return "algorithm";
    }
    return form_parse(text_at(o, "form"), &out->form) ? NULL : "form";
}

/* The member that is wrong, or NULL. */
static const char *take_manifest(const json_t *o, struct identity_lot *out)
{
    const json_t *complete = json_object_get(o, "complete");
    const json_t *onboarding = json_object_get(o, "onboarding");
    const char *tac = text_at(o, "tac"), *wrong;
    int64_t format;
    if (!number_at(o, "format", FORMAT, &format) || format != FORMAT) {
        return "format";
    }
    if (!tac_is_good(tac)) {
        return "tac";
    }
    memcpy(out->tac, tac, sizeof out->tac);
    wrong = take_numbers(o, out);
    wrong = wrong == NULL ? take_keys(o, out) : wrong;
    if (wrong == NULL && onboarding != NULL) {
        wrong = take_onboarding(onboarding, &out->onboarding);
    }
    wrong = wrong == NULL ? take_issued(o, out) : wrong;
    if (wrong == NULL && !number_at(o, "made", INT64_MAX, &out->made)) {
        wrong = "made";
    }
    out->complete = json_is_true(complete);
    return wrong != NULL || json_is_boolean(complete) ? wrong : "complete";
}

enum err identity_lot_read(const char *dir, struct identity_lot *out, struct identity_why *why)
{
    char path[IDENTITY_PATH_MAX];
    struct identity_lot lot = {.first = 0};
    json_error_t fault;
    enum err err = identity_path(dir, MANIFEST, path, why);
    FILE *in = err == E_OK ? fopen(path, "re") : NULL;
    if (in == NULL) {
        return err != E_OK ? err
                           : identity_say(why, errno == ENOENT ? E_NOT_FOUND : E_IO, "%s: %s", path,
                                          strerror(errno));
    }
    json_t *o = json_loadf(in, JSON_REJECT_DUPLICATES, &fault);
    (void)fclose(in);
    if (o == NULL) {
        return identity_say(why, E_BAD_VALUE, "%s: %s in line %d", path, fault.text, fault.line);
    }
    const char *wrong = take_manifest(o, &lot);
    json_decref(o);
    if (wrong != NULL) {
        return identity_say(why, E_BAD_VALUE, "%s: %s is missing or cannot be accepted", path,
                            wrong);
    }
    *out = lot;
    return E_OK;
}

/* NULL: there is none. */
static json_t *onboarding_of(const struct identity_lot_onboarding *o)
{
    char roots[2 * sizeof o->roots + 1];
    const bool rsa = o->form == CERTATTACH_RSA;
    if (o->form == 0) {
        return NULL;
    }
    hex_encode(BYTES_OF(o->roots), roots);
    return json_pack("{s:s,s:o*,s:s,s:s,s:b,s:s}", "algorithm", rsa ? "rsa" : "p256", "bits",
                     rsa ? json_integer(o->bits) : NULL, "host", o->host, "manufacturer",
                     o->manufacturer, "random", (int)o->random, "roots", roots);
}

static json_t *manifest_of(const struct identity_lot *lot)
{
    char ca[2 * sizeof lot->ca + 1];
    const bool issued = lot->form == BINDING_CERTIFICATE || lot->onboarding.form != 0;
    hex_encode(BYTES_OF(lot->ca), ca);
    return json_pack("{s:i,s:s,s:I,s:I,s:s,s:s,s:s*,s:s*,s:o*,s:I,s:b}", "format", FORMAT, "tac",
                     lot->tac, "first", (json_int_t)lot->first, "count", (json_int_t)lot->count,
                     "algorithm", devid_algorithm_name(lot->algorithm), "form",
                     binding_form_name(lot->form), "ca", issued ? ca : NULL, "model",
                     issued ? lot->model : NULL, "onboarding", onboarding_of(&lot->onboarding),
                     "made", (json_int_t)lot->made, "complete", (int)lot->complete);
}

/* A new file: what lies there, of one that was killed or to lead elsewhere, is taken away. */
static bool write_durably(const char *path, const json_t *o)
{
    (void)unlink(path);
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    FILE *out = fd >= 0 ? fdopen(fd, "w") : NULL;
    bool good = out != NULL && json_dumpf(o, out, JSON_INDENT(2)) == 0 && fputc('\n', out) != EOF &&
                fflush(out) == 0 && fsync(fileno(out)) == 0;
    return out != NULL && fclose(out) == 0 && good;
}

static void sync_directory(const char *dir)
{
    const int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd);
        (void)close(fd);
    }
}

enum err identity_lot_write(const char *dir, const struct identity_lot *lot,
                            struct identity_why *why)
{
    char path[IDENTITY_PATH_MAX], fresh[IDENTITY_PATH_MAX];
    enum err err = identity_path(dir, MANIFEST, path, why);
    if (err == E_OK) {
        err = identity_path(dir, MANIFEST ".new", fresh, why);
    }
    if (err != E_OK) {
        return err;
    }
    json_t *o = manifest_of(lot);
    const bool good = o != NULL && write_durably(fresh, o) && rename(fresh, path) == 0;
    const int code = errno;
    json_decref(o);
    if (!good) {
        (void)unlink(fresh);
        return identity_say(why, E_IO, "%s: %s", path, strerror(code));
    }
    sync_directory(dir);
    return E_OK;
}

/* ---- taking out of one ---- */

struct identity_source {
    struct identity_lot lot;
    FILE *in;
    uint64_t rows; /* that `next` has given */
    char path[IDENTITY_PATH_MAX];
    char ahead[65536]; /* what is read ahead, and the line: both hold keys */
    char line[IDENTITY_ROW_MAX + 1];
};

const struct identity_lot *identity_source_lot(const struct identity_source *s)
{
    return &s->lot;
}

enum err identity_source_open(const char *dir, struct identity_source **out,
                              struct identity_why *why)
{
    struct identity_source *s = calloc(1, sizeof *s);
    if (s == NULL) {
        return identity_say(why, E_MEMORY, "there is not enough memory");
    }
    enum err err = identity_lot_read(dir, &s->lot, why);
    if (err == E_OK) {
        err = identity_path(dir, IDENTITY_LOT_DEVICES, s->path, why);
    }
    if (err == E_OK) {
        const int fd =
            open(s->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC); /* of a pipe, not waiting */
        s->in = fd >= 0 ? fdopen(fd, "r") : NULL;
        err = s->in == NULL ? identity_say(why, errno == ENOENT ? E_NOT_FOUND : E_IO, "%s: %s",
                                           s->path, strerror(errno))
                            : identity_is_private(fileno(s->in), s->path, why);
    }
    if (err != E_OK) {
        identity_source_close(s);
        return err;
    }
    (void)setvbuf(s->in, s->ahead, _IOFBF, sizeof s->ahead);
    *out = s;
    return E_OK;
}

void identity_source_close(struct identity_source *s)
{
    if (s != NULL) {
        if (s->in != NULL) {
            (void)fclose(s->in);
        }
        wipe(s, sizeof *s);
        free(s);
    }
}

/* The next line without its newline. A last one that was torn off is none. Errors: E_CLOSED,
 * E_BAD_VALUE, E_IO. */
static enum err line_next(struct identity_source *s, struct bytes *out, struct identity_why *why)
{
    if (fgets(s->line, sizeof s->line, s->in) == NULL) {
        return ferror(s->in) ? identity_say(why, E_IO, "%s: %s", s->path, strerror(errno))
                             : E_CLOSED;
    }
    const size_t n = strlen(s->line);
    if (n == 0 || s->line[n - 1] != '\n') {
        return feof(s->in) ? E_CLOSED
                           : identity_say(why, E_BAD_VALUE, "%s: a row is too long", s->path);
    }
    *out = (struct bytes){(const uint8_t *)s->line, n - 1};
    return E_OK;
}

enum err identity_source_next(struct identity_source *s, struct identity_row *out,
                              struct identity_why *why)
{
    struct bytes line = {NULL, 0};
    enum err err = line_next(s, &line, why);
    if (err == E_OK) {
        s->rows++;
        err = identity_row_read(line, out);
        if (err != E_OK) {
            err = identity_say(why, err, "%s:%llu: this is no row of a lot", s->path,
                               (unsigned long long)s->rows);
        }
    }
    return err;
}

/* To the first row that begins at `at` or behind. */
static enum err seek_row(struct identity_source *s, off_t at, off_t *start,
                         struct identity_why *why)
{
    struct bytes rest;
    enum err err = E_OK;
    if (fseeko(s->in, at > 0 ? at - 1 : 0, SEEK_SET) != 0) {
        return identity_say(why, E_IO, "%s: %s", s->path, strerror(errno));
    }
    if (at > 0) {
        err = line_next(s, &rest, why);
    }
    *start = ftello(s->in);
    return err;
}

static enum err row_imei(struct identity_source *s, struct imei *out, struct bytes *line,
                         struct identity_why *why)
{
    enum err err = line_next(s, line, why);
    if (err == E_OK && identity_row_imei(*line, out) != E_OK) {
        err = identity_say(why, E_BAD_VALUE, "%s: there is a row that is none of a lot", s->path);
    }
    return err;
}

/* *from: a place in the file at or before the row, and near to it. */
static enum err narrow(struct identity_source *s, const struct imei *imei, off_t *from,
                       struct identity_why *why)
{
    struct bytes line = {NULL, 0};
    struct imei at;
    off_t low = 0, start = 0;
    enum err err = fseeko(s->in, 0, SEEK_END) == 0
                       ? E_OK
                       : identity_say(why, E_IO, "%s: %s", s->path, strerror(errno));
    off_t high = ftello(s->in);
    while (err == E_OK && high - low > 4 * (off_t)IDENTITY_ROW_MAX) {
        err = seek_row(s, low + (high - low) / 2, &start, why);
        err = err == E_OK ? row_imei(s, &at, &line, why) : err;
        if (err == E_OK && strcmp(at.digits, imei->digits) <= 0) {
            low = start;
        } else if (err == E_OK) {
            high = start;
        }
    }
    *from = low;
    return err;
}

enum err identity_source_find(struct identity_source *s, const struct imei *imei,
                              struct identity_row *out, struct identity_why *why)
{
    struct bytes line = {NULL, 0};
    struct imei at = {{0}};
    off_t from;
    enum err err = narrow(s, imei, &from, why);
    err = err == E_OK ? seek_row(s, from, &from, why) : err;
    while (err == E_OK) {
        err = row_imei(s, &at, &line, why);
        if (err == E_OK && imei_eq(&at, imei)) {
            return identity_row_read(line, out) == E_OK
                       ? E_OK
                       : identity_say(why, E_BAD_VALUE, "%s: the row of IMEI %s is none of a lot",
                                      s->path, imei->digits);
        }
    }
    return err == E_CLOSED ? identity_say(why, E_NOT_FOUND, "%s has no device with IMEI %s%c",
                                          s->path, imei->digits, imei_check_digit(imei))
                           : err;
}
