#include "nf/common/config_demo.h"
#include "nf/common/config_values.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

/* ---- addresses ---- */

static void ip_address(struct checker *k, const char *key, const char *text, struct address *out)
{
    char url[96];
    bool six = strchr(text, ':') != NULL;
    snprintf(url, sizeof url, six ? "tcp://[%.64s]" : "tcp://%.64s", text);
    if (strlen(text) > 64 || text[0] == '[' || address_parse(url, out) != E_OK) {
        check_wrong(k, key, "`%.60s` is not an IP address without a port: write as in 192.0.2.1",
                    text);
    }
}

struct address *check_addresses(struct checker *k, const char *key, char *const *texts, size_t n)
{
    char at[80];
    struct address *list = check_alloc(k, n, sizeof *list);
    for (size_t i = 0; list != NULL && i < n && k->err == E_OK; i++) {
        snprintf(at, sizeof at, "%s[%zu]", key, i);
        ip_address(k, at, texts[i], &list[i]);
        for (size_t j = 0; j < i; j++) {
            if (address_same_ip(&list[i], &list[j])) {
                check_wrong(k, at, "is the same address as %s[%zu]: keep one", key, j);
            }
        }
    }
    return list;
}

char *check_socket(struct checker *k, const char *key, const char *text)
{
    const size_t most = sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1;
    char *path = check_path(k, key, text);
    if (path != NULL && strlen(path) > most) {
        check_wrong(k, key, "the path is longer than the %zu characters a socket has", most);
    }
    return path;
}

/* ---- TLS ---- */

/* Is there a certificate, and is it one that may be shown there? */
static void certificate(struct checker *k, const char *path, bool loopback)
{
    bool demo = false;
    enum err err = config_demo_certificate(path, &demo);
    if (err == E_IO) {
        check_wrong(k, "certificate", "%.180s cannot be read: %s", path, strerror(errno));
    } else if (err != E_OK) {
        check_wrong(k, "certificate", "%.180s holds no certificate in PEM form", path);
    } else if (demo && !loopback) {
        check_wrong(k, "certificate",
                    "is of the generated demo PKI, whose keys are nobody's secret, and the "
                    "address is not on loopback: use a certificate of your own CA");
    }
}

static void readable(struct checker *k, const char *key, const char *path)
{
    if (path != NULL && access(path, R_OK) != 0) {
        check_wrong(k, key, "%.180s cannot be read: %s", path, strerror(errno));
    }
}

struct check_tls check_tls_files(struct checker *k, const char *certificate_text,
                                 const char *key_text, const char *ca_text, bool loopback)
{
    struct check_tls t = {.certificate = check_path(k, "certificate", certificate_text)};
    t.key = check_path(k, "key", key_text);
    t.ca = check_path(k, "ca", ca_text);
    readable(k, "key", t.key);
    readable(k, "ca", t.ca);
    if (k->err == E_OK) {
        certificate(k, t.certificate, loopback);
    }
    return t;
}
