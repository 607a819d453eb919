/* What a start of the HSS reads, read beside one that serves: part of src/nf/hssd/hssd.h. */
#include "nf/common/start_check.h"
#include "nf/hssd/hssd.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void check_listeners(struct start_check *k, const struct hssd_config *c)
{
    for (size_t i = 0; i < c->n_listeners; i++) {
        const struct hssd_listener *l = &c->listeners[i];
        const struct tls_files files = {l->certificate, l->key, l->ca};
        start_check_tls(k, &files, true, "listeners", i);
    }
}

/* What the sections of repositories, kme, onboarding and dimsi name beside this, the configuration
 * has opened already. */
enum err hssd_check(const struct hssd_config *c, struct config_why *why)
{
    struct start_check k = {.kind = &hssd_config_kind, .path = c->path, .why = why};
    const struct start_check_https offers = {c->dimsi.certificate, c->dimsi.key, c->dimsi.ca,
                                             c->dimsi.crl};
    check_listeners(&k, c);
    start_check_admin(&k, &c->admin_https, "admin.https");
    if (c->dimsi.enabled) {
        start_check_https(&k, &offers, "dimsi");
    }
    start_check_store(&k, STORE_OF_HSS, c->store_path, c->key_path, "store");
    return k.err;
}

/* No start ends at it, and none may: what is on another disk need not be there tonight. */
bool hssd_check_backups(const struct hssd_config *c, char *out, size_t room)
{
    struct stat st;
    const char *what = NULL;
    if (c->backup_folder == NULL) {
        return true;
    }
    if (stat(c->backup_folder, &st) != 0) {
        what = strerror(errno);
    } else if (!S_ISDIR(st.st_mode)) {
        what = "is no folder";
    } else if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        what = "is open to others than its owner: chmod 700 it";
    } else if (geteuid() != 0 && access(c->backup_folder, W_OK | X_OK) != 0) {
        what = "cannot be written to";
    }
    if (what != NULL) {
        (void)snprintf(out, room, "store.backup_folder: %.200s: %.80s; a backup will fail",
                       c->backup_folder, what);
    }
    return what == NULL;
}
