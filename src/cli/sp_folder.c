/* The service provider's folder: src/cli/sp.h. */
#include "cli/sp.h"

#include "device/linux/durable_file.h"
#include "net/verify.h"
#include "nf/common/json_whole.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LOCK_WAIT_MS 5000u
#define LOCK_LOOK_MS 100u

/* ---- JSON files ---- */

json_t *sp_load(const char *path)
{
    json_error_t e;
    json_t *value = json_load_file(path, JSON_REJECT_DUPLICATES, &e);
    if (!json_is_object(value)) {
        cli_error("%s: %s", path, value ? "it holds no object" : e.text);
        json_decref(value);
        return NULL;
    }
    return value;
}

bool sp_save(const char *path, bool fresh, const json_t *value)
{
    size_t n = 0;
    char *text = json_whole_text(value, &n);
    if (!text) {
        cli_error("no memory");
        return false;
    }
    const enum err err = durable_write(path, 0600, fresh ? DURABLE_FRESH : DURABLE_REPLACE,
                                       (struct bytes){(const uint8_t *)text, n}, NULL);
    if (err != E_OK) {
        cli_error("%s: %s", path, strerror(errno));
    }
    free(text);
    return err == E_OK;
}

bool sp_folder_path(const struct sp *s, const char *folder, char *out)
{
    if (!cli_path(s->dir, folder, out, CLI_PATH_MAX)) {
        return false;
    }
    if (mkdir(out, 0700) != 0 && errno != EEXIST) {
        cli_error("%s: %s", out, strerror(errno));
        return false;
    }
    return true;
}

static bool file_of(const struct sp *s, const char *folder, const char *name,
                    char out[static CLI_PATH_MAX])
{
    char leaf[100], path[CLI_PATH_MAX];
    snprintf(leaf, sizeof leaf, "%.80s.json", name);
    return sp_folder_path(s, folder, path) && cli_path(path, leaf, out, CLI_PATH_MAX);
}

bool sp_has(const struct sp *s, const char *folder, const char *name)
{
    char path[CLI_PATH_MAX];
    return file_of(s, folder, name, path) && access(path, F_OK) == 0;
}

json_t *sp_read(const struct sp *s, const char *folder, const char *name)
{
    char path[CLI_PATH_MAX];
    return file_of(s, folder, name, path) && access(path, F_OK) == 0 ? sp_load(path) : NULL;
}

bool sp_write(const struct sp *s, const char *folder, const char *name, const json_t *value)
{
    char path[CLI_PATH_MAX];
    return file_of(s, folder, name, path) && sp_save(path, false, value);
}

bool sp_write_new(const struct sp *s, const char *folder, const char *name, const json_t *value)
{
    char path[CLI_PATH_MAX];
    return file_of(s, folder, name, path) && sp_save(path, true, value);
}

/* ---- names ---- */

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool add_name(char ***names, size_t *n, const char *leaf, size_t len)
{
    char **more = realloc(*names, (*n + 1) * sizeof *more);
    if (more) {
        *names = more;
        more[*n] = strndup(leaf, len);
    }
    if (!more || !more[*n]) {
        cli_error("no memory");
        return false;
    }
    ++*n;
    return true;
}

bool sp_names(const char *dir, char ***names, size_t *n)
{
    DIR *d = opendir(dir);
    const struct dirent *e;
    bool good = d != NULL;
    *names = NULL;
    *n = 0;
    if (!d) {
        cli_error("%s: %s", dir, strerror(errno));
    }
    while (good && (e = readdir(d)) != NULL) {
        const size_t len = strlen(e->d_name);
        if (len > 5 && e->d_name[0] != '.' && !strcmp(e->d_name + len - 5, ".json")) {
            good = add_name(names, n, e->d_name, len - 5);
        }
    }
    if (d) {
        (void)closedir(d);
    }
    if (good && *n > 0) {
        qsort(*names, *n, sizeof **names, by_text);
    }
    return good;
}

void sp_names_free(char **names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        free(names[i]);
    }
    free(names);
}

/* ---- dIMSIs ---- */

bool sp_dimsi(const char *text, struct imsi *out)
{
    if (imsi_parse(bytes_of_str(text), out) == E_OK && out->n == IMSI_DIGITS_MAX) {
        return true;
    }
    cli_error("'%.40s' is no discovery IMSI: 15 digits", text);
    return false;
}

bool sp_range(const char *text, struct imsi *first, struct imsi *last)
{
    char one[IMSI_DIGITS_MAX + 1];
    const char *dash = strchr(text, '-');
    if (!dash) {
        const bool good = sp_dimsi(text, first);
        *last = *first;
        return good;
    }
    snprintf(one, sizeof one, "%.*s", (int)(dash - text), text);
    if (!sp_dimsi(one, first) || !sp_dimsi(dash + 1, last)) {
        return false;
    }
    if (strcmp(first->digits, last->digits) > 0) {
        cli_error("'%.40s' ends before it begins", text);
        return false;
    }
    return true;
}

/* ---- who it is ---- */

static bool add_certificate(struct sp *s, X509 *x)
{
    unsigned char *at = s->space.octets + s->space.n;
    const int n = i2d_X509(x, NULL);
    if (n <= 0 || s->n_chain == DIMSI_CHAIN_MAX ||
        (size_t)n > sizeof s->space.octets - s->space.n || i2d_X509(x, &at) != n) {
        return false;
    }
    s->chain[s->n_chain++] = (struct bytes){s->space.octets + s->space.n, (size_t)n};
    s->space.n += (size_t)n;
    return true;
}

static bool name_it(struct sp *s, X509 *x)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
    bool good = false;
    for (int i = 0; !good && i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *g = sk_GENERAL_NAME_value(names, i);
        good = g->type == GEN_DNS &&
               dimsi_name_parse((struct bytes){ASN1_STRING_get0_data(g->d.dNSName),
                                               (size_t)ASN1_STRING_length(g->d.dNSName)},
                                &s->name) == E_OK;
    }
    GENERAL_NAMES_free(names);
    return good;
}

static bool read_chain(struct sp *s)
{
    FILE *f = fopen(s->certificate, "re");
    X509 *x = NULL;
    bool good = f != NULL;
    if (!f) {
        cli_error("%s: %s; `bindery up` makes a service provider's folder, and --sp names one",
                  s->certificate, strerror(errno));
        return false;
    }
    while (good && (x = PEM_read_X509(f, NULL, NULL, NULL)) != NULL) {
        good = (s->n_chain > 0 || name_it(s, x)) && add_certificate(s, x);
        X509_free(x);
    }
    (void)fclose(f);
    good = good && s->n_chain > 0;
    if (!good) {
        cli_error("%s: this is no chain of certificates of a service provider, in PEM",
                  s->certificate);
    }
    return good;
}

int sp_open(const struct sp_options *o, struct sp *out)
{
    memset(out, 0, sizeof *out);
    out->lock = -1;
    const bool found =
        o->folder ? snprintf(out->dir, sizeof out->dir, "%s", o->folder) < (int)sizeof out->dir
                  : cli_path(cli_dir(&o->common), "sp", out->dir, sizeof out->dir);
    if (!found || !cli_path(out->dir, "sp.crt", out->certificate, CLI_PATH_MAX) ||
        !cli_path(out->dir, "sp.key", out->key, CLI_PATH_MAX) ||
        !cli_path(out->dir, "ca.crt", out->ca, CLI_PATH_MAX)) {
        return CLI_USAGE;
    }
    if (!cli_trace_path(o->trace, false) || !read_chain(out)) {
        return CLI_REFUSED;
    }
    if (o->trace && pcapng_create(o->trace, "bindery sp", &out->trace) != E_OK) {
        cli_error("%s: %s", o->trace, strerror(errno));
        return CLI_REFUSED;
    }
    return CLI_DONE;
}

/* ---- one writes at a time ---- */

/* Whoever has it wrote who he is; an empty answer: it was given back meanwhile. */
static void holder_of(int fd, char *out, size_t room)
{
    const ssize_t n = pread(fd, out, room - 1, 0);
    out[n > 0 ? (size_t)n : 0] = '\0';
    out[strcspn(out, "\n")] = '\0';
}

static bool lock_within(int fd, const char *path, unsigned wait_ms)
{
    const struct timespec pause = {.tv_nsec = LOCK_LOOK_MS * 1000000L};
    char holder[80];
    for (unsigned waited = 0; flock(fd, LOCK_EX | LOCK_NB) != 0; waited += LOCK_LOOK_MS) {
        if (errno != EWOULDBLOCK && errno != EINTR) {
            cli_error("%s: %s", path, strerror(errno));
            return false;
        }
        holder_of(fd, holder, sizeof holder);
        if (waited >= wait_ms) {
            cli_error("%s: the folder is in use: %s; try again when that has ended", path,
                      *holder ? holder : "by another `bindery sp`");
            return false;
        }
        if (waited == 0) {
            fprintf(stderr, "waiting for the folder, which is in use: %s\n", holder);
        }
        (void)nanosleep(&pause, NULL);
    }
    return true;
}

int sp_take_lock(struct sp *s, const char *verb, unsigned wait_ms)
{
    char path[CLI_PATH_MAX], text[80];
    if (!cli_path(s->dir, "lock", path, sizeof path)) {
        return CLI_USAGE;
    }
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        cli_error("%s: %s", path, strerror(errno));
        return CLI_REFUSED;
    }
    const int n = snprintf(text, sizeof text, "%.40s, process %ld\n", verb, (long)getpid());
    if (!lock_within(fd, path, wait_ms)) {
        (void)close(fd);
        return CLI_REFUSED;
    }
    /* for people alone: what counts is the lock */
    if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)n, 0) != n) {
        cli_error("%s: %s", path, strerror(errno));
        (void)close(fd);
        return CLI_REFUSED;
    }
    s->lock = fd;
    return CLI_DONE;
}

int sp_open_to_write(const struct sp_options *o, const char *verb, struct sp *out)
{
    const int rc = sp_open(o, out);
    return rc == CLI_DONE ? sp_take_lock(out, verb, LOCK_WAIT_MS) : rc;
}

void sp_close(struct sp *s)
{
    if (s->lock >= 0) {
        (void)close(s->lock);
        s->lock = -1;
    }
    https_client_close(s->https);
    s->https = NULL;
    if (s->trace) {
        pcapng_close(s->trace);
        s->trace = NULL;
    }
}
