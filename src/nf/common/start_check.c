#include "nf/common/start_check.h"

#include "nf/common/admin_server_parts.h"
#include "nf/common/https_api.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The file and the line: the places of a file are not kept once it was read. */
static void name_place(const struct start_check *c, const char *key)
{
    struct config_file file;
    struct config_why why;
    (void)snprintf(c->why->place, sizeof c->why->place, "%s", key);
    if (c->path == NULL || config_file_open(c->path, c->kind->shape, &file, &why) != E_OK) {
        return;
    }
    config_place_of(file.places, key, c->why->place, sizeof c->why->place);
    config_file_close(&file);
}

void start_check_is(struct start_check *c, enum err err, const char *text, const char *place, ...)
{
    char key[128];
    va_list args;
    if (c->err != E_OK || err == E_OK) {
        return;
    }
    va_start(args, place);
    (void)vsnprintf(key, sizeof key, place, args);
    va_end(args);
    c->err = config_wrong(c->why, err, key, text);
    name_place(c, key);
}

void start_check_tls(struct start_check *c, const struct tls_files *files, bool server,
                     const char *place, size_t i)
{
    struct tls_why why = {.text = ""};
    struct tls_context *context = NULL;
    if (c->err != E_OK || files->certificate == NULL) {
        return;
    }
    const enum err err = tls_context_open(files, server, &context, &why);
    start_check_is(c, err, why.text, "%s[%zu]", place, i);
    if (err == E_OK) {
        tls_context_close(context);
    }
}

void start_check_https(struct start_check *c, const struct start_check_https *files,
                       const char *place)
{
    const struct https_api_rules rules = {.ca = files->ca, .crl = files->crl};
    struct https_api_next *next = NULL;
    struct https_why why = {.text = ""};
    if (c->err == E_OK) {
        start_check_is(c, https_api_next_open(files->certificate, files->key, &rules, &next, &why),
                       why.text, "%s", place);
        https_api_next_drop(next);
    }
}

void start_check_roots(struct start_check *c, const char *ca, const char *crl, const char *place)
{
    const struct verify_files files = {ca, crl};
    struct verifier *v = NULL;
    struct verify_why why = {.text = ""};
    if (c->err == E_OK && ca != NULL) {
        start_check_is(c, verifier_open(&files, &v, &why), why.text, "%s", place);
        verifier_close(v);
    }
}

/* A link is not followed: who may make one would say what is written to. */
static int may_write(const char *path)
{
    struct stat st;
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    if (lstat(path, &st) == 0) {
        return S_ISLNK(st.st_mode)                                ? ELOOP
               : faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0 ? 0
                                                                  : errno;
    }
    const int n = slash == NULL ? 1 : (int)(slash - path) + 1;
    if (errno != ENOENT ||
        snprintf(folder, sizeof folder, "%.*s", n, slash == NULL ? "." : path) >= PATH_MAX) {
        return errno;
    }
    return faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS) == 0 ? 0 : errno;
}

void start_check_writable(struct start_check *c, const char *path, const char *place)
{
    char text[256];
    const int wrong = c->err == E_OK ? may_write(path) : 0;
    (void)snprintf(text, sizeof text, "%.150s: %.80s", path, strerror(wrong));
    start_check_is(c, wrong != 0 ? E_IO : E_OK, text, "%s", place);
}

void start_check_admin(struct start_check *c, const struct admin_https *https, const char *place)
{
    struct admin_next *next = NULL;
    struct admin_why why = {.text = ""};
    if (c->err == E_OK && https->on) {
        start_check_is(c, admin_door_next_open(https, &next, &why), why.text, "%s", place);
        admin_next_drop(next);
    }
}

void start_check_store(struct start_check *c, enum store_whose whose, const char *path,
                       const char *kek_path, const char *place)
{
    struct store_why why = {E_OK, ""};
    if (c->err == E_OK) {
        start_check_is(c, store_check(whose, path, kek_path, &why), why.text, "%s", place);
    }
}
