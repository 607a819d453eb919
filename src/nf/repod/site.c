#include "nf/repod/site.h"

#include "net/verify_crl.h"
#include "net/verify_key.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Was the file changed since it was looked at? What is not there has not. */
static bool changed(struct site_list *l)
{
    struct stat st;
    if (stat(l->path, &st) != 0) {
        return false;
    }
    bool same = l->seen_s == (int64_t)st.st_mtim.tv_sec &&
                l->seen_ns == (int64_t)st.st_mtim.tv_nsec && l->seen_file == (uint64_t)st.st_ino;
    l->seen_s = (int64_t)st.st_mtim.tv_sec;
    l->seen_ns = (int64_t)st.st_mtim.tv_nsec;
    l->seen_file = (uint64_t)st.st_ino;
    return !same;
}

static bool write_all(int fd, struct bytes in)
{
    while (in.n > 0) {
        ssize_t n = write(fd, in.p, in.n);
        if (n <= 0) {
            return false;
        }
        in.p += n;
        in.n -= (size_t)n;
    }
    return true;
}

/* A list takes the place of the one before; who reads that reads on. */
static enum err keep(struct site_list *l, const struct verify_crl *crl)
{
    uint8_t digest[32];
    const struct bytes der = {crl->der, crl->n};
    int file = memfd_create("crl", MFD_CLOEXEC);
    if (file < 0 || !write_all(file, der) || verify_digest(der, digest) != E_OK) {
        if (file >= 0) {
            (void)close(file); /* is given up */
        }
        return E_MEMORY;
    }
    if (l->file > 0) {
        (void)close(l->file); /* only memory */
    }
    l->file = file;
    memcpy(l->digest, digest, sizeof l->digest);
    l->issued = crl->issued;
    l->until = crl->until;
    return E_OK;
}

static enum err take(struct site_list *l, struct verify_why *why)
{
    struct verify_crl crl = {.der = NULL};
    enum err err = verify_crl_read(l->path, &crl, why);
    if (err == E_OK) {
        err = keep(l, &crl);
        (void)snprintf(why->text, sizeof why->text, "%.150s: there is not enough memory", l->path);
    }
    verify_crl_free(&crl);
    return err;
}

static enum err read_list(const char *path, struct site_list *l, struct verify_why *why)
{
    l->path = strdup(path);
    if (l->path == NULL) {
        return E_MEMORY;
    }
    const char *slash = strrchr(l->path, '/');
    l->name = slash != NULL ? slash + 1 : l->path;
    (void)changed(l); /* from now on */
    return take(l, why);
}

enum err site_open(const struct repod_site *config, struct site **out, struct verify_why *why)
{
    struct site *s = calloc(1, sizeof *s);
    (void)snprintf(why->text, sizeof why->text, "there is not enough memory");
    if (s == NULL) {
        return E_MEMORY;
    }
    s->open = config->open;
    s->cache_seconds = config->cache_seconds;
    (void)snprintf(s->kept, sizeof s->kept, "private, max-age=%u", config->cache_seconds);
    (void)snprintf(s->kept_by_all, sizeof s->kept_by_all, "%s, max-age=%u",
                   config->open ? "public" : "private", config->cache_seconds);
    s->lists = calloc(config->n_crl + 1, sizeof *s->lists);
    enum err err = s->lists != NULL ? E_OK : E_MEMORY;
    for (size_t i = 0; err == E_OK && i < config->n_crl; i++) {
        s->n_lists = i + 1;
        err = read_list(config->crl[i], &s->lists[i], why);
    }
    if (err != E_OK) {
        site_close(s);
        return err;
    }
    *out = s;
    return E_OK;
}

void site_close(struct site *s)
{
    if (s == NULL) {
        return;
    }
    for (size_t i = 0; s->lists != NULL && i < s->n_lists; i++) {
        if (s->lists[i].file > 0) {
            (void)close(s->lists[i].file); /* only memory */
        }
        free(s->lists[i].path);
    }
    free(s->lists);
    free(s);
}

static void read_again(struct site_list *l, struct log *log)
{
    struct verify_why why = {.text = ""};
    const bool read = take(l, &why) == E_OK;
    const struct log_field field =
        read ? LOG_FIELD_STR("file", l->path) : LOG_FIELD_STR("reason", why.text);
    log_line(log, read ? LOG_LEVEL_INFO : LOG_LEVEL_ERROR, read ? "crl-read" : "crl-refused",
             &field, 1);
}

const struct site_list *site_list(struct site *s, struct bytes name, struct log *log)
{
    for (size_t i = 0; i < s->n_lists; i++) {
        struct site_list *l = &s->lists[i];
        if (bytes_eq(bytes_of_str(l->name), name)) {
            if (changed(l)) {
                read_again(l, log);
            }
            return l;
        }
    }
    return NULL;
}
