/* What repositories and authorities have in common: nf/hssd/config_raw.h. */
#include "nf/hssd/config_raw.h"

#include "nf/common/devid_port.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINK_MAX_HERE 300

/* A host, perhaps a port, and no path: the paths are the protocol's own. */
char *hssd_check_link(struct checker *k, const char *key, const char *text)
{
    static const char scheme[] = "https://";
    const size_t n = sizeof scheme - 1;
    char *link = check_text(k, key, text);
    if (link == NULL) {
        return NULL;
    }
    size_t length = strlen(link);
    if (length > n && link[length - 1] == '/') {
        link[--length] = '\0';
    }
    if (strncmp(link, scheme, n) != 0 || length == n || length > LINK_MAX_HERE ||
        strcspn(link + n, "/?#@ \t") != length - n) {
        check_wrong(k, key, "`%.80s` is not a URL such as https://bindings.example.com:8443", text);
    }
    return link;
}

bool hssd_link_is_loopback(const char *link)
{
    return link != NULL &&
           (strncmp(link, "https://127.", 12) == 0 || strncmp(link, "https://[::1]", 13) == 0 ||
            strncmp(link, "https://localhost", 17) == 0);
}

char *hssd_check_readable(struct checker *k, const char *key, const char *text)
{
    char *path = check_path(k, key, text);
    if (path != NULL && access(path, R_OK) != 0) {
        check_wrong(k, key, "`%.100s` cannot be read", path);
    }
    return path;
}

/* Are the keys that sign records really those that the file says? Found out now, and not when the
 * first device comes. */
static void signers_hold(struct checker *k, char **signers, size_t n)
{
    const struct devid_port_options options = {.signers = (const char *const *)(uintptr_t)signers,
                                               .n_signers = n};
    struct devid_verifier *v = NULL;
    struct verify_why why;
    if (k->err == E_OK && devid_port_open(&options, &v, &why) != E_OK) {
        check_wrong(k, "signers", "%.200s", why.text);
    }
    devid_port_close(v);
}

char **hssd_check_signers(struct checker *k, char *const *texts, size_t n_texts, size_t *n)
{
    char key[32];
    *n = 0;
    if (n_texts == 0 || n_texts > DEVID_PORT_SIGNERS_MAX) {
        check_wrong(k, "signers",
                    "is missing, empty or longer than %d: list the public keys that sign the "
                    "records",
                    DEVID_PORT_SIGNERS_MAX);
        return NULL;
    }
    char **signers = check_alloc(k, n_texts, sizeof *signers);
    *n = signers != NULL ? n_texts : 0;
    for (size_t i = 0; i < *n; i++) {
        snprintf(key, sizeof key, "signers[%zu]", i);
        signers[i] = hssd_check_readable(k, key, texts[i]);
    }
    signers_hold(k, signers, *n);
    return signers;
}

struct imei_range *hssd_check_ranges(struct checker *k, const char *key, char *const *texts,
                                     size_t n)
{
    char at[40];
    struct imei_range *ranges = check_alloc(k, n, sizeof *ranges);
    for (size_t i = 0; ranges != NULL && i < n && k->err == E_OK; i++) {
        if (imei_range_parse(bytes_of_str(texts[i]), &ranges[i]) != E_OK) {
            snprintf(at, sizeof at, "%.24s[%zu]", key, i);
            check_wrong(k, at, "`%.40s` is not a TAC, an IMEI, or two IMEIs with a hyphen between",
                        texts[i]);
        }
    }
    return ranges;
}
