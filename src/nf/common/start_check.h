/* nf/common/start_check.h - what --check does beside reading the configuration: whatever a start
 * reads is read, so that a start after a good check does not end at a file.
 *
 * A daemon may be serving by the same files meanwhile: no port is bound, nothing is written and no
 * lock is taken. Sticky: after the first fault nothing is looked at any more. A fault is named by
 * the place of its key in the file.
 */
#ifndef BINDERY_NF_COMMON_START_CHECK_H
#define BINDERY_NF_COMMON_START_CHECK_H

#include "net/tls.h"
#include "nf/common/config_admin.h"
#include "nf/common/config_read.h"
#include "store/store_check.h"

struct start_check {
    const struct config_kind *kind;
    const char *path; /* of the configuration */
    struct config_why *why;
    enum err err;
};
/* The first fault that is not E_OK stays. `place` is a format: "listeners[%zu]". */
void start_check_is(struct start_check *c, enum err err, const char *text, const char *place, ...)
    __attribute__((format(printf, 4, 5)));

/* `certificate` NULL: it has none. */
void start_check_tls(struct start_check *c, const struct tls_files *files, bool server,
                     const char *place, size_t i);
/* Of HTTPS: the identity, and what clients' chains lead to. */
struct start_check_https {
    const char *certificate, *key;
    const char *ca, *crl; /* crl: or NULL */
};
void start_check_https(struct start_check *c, const struct start_check_https *files,
                       const char *place);
/* What chains lead to; ca NULL: nothing is named. */
void start_check_roots(struct start_check *c, const char *ca, const char *crl, const char *place);
/* Is there, and can be written, or could be made. */
void start_check_writable(struct start_check *c, const char *path, const char *place);
void start_check_admin(struct start_check *c, const struct admin_https *https, const char *place);
void start_check_store(struct start_check *c, enum store_whose whose, const char *path,
                       const char *kek_path, const char *place);

#endif
