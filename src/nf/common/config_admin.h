/* nf/common/config_admin.h - the part of a configuration that says how a network function is
 * administered: the Unix socket, and over HTTPS the address, the files of TLS and who may do what.
 *
 * In bindery-hssd and bindery-mmed it is `admin` with `socket` and `https`; where `admin` is the
 * socket's path alone, `admin_https` stands beside it with the same keys. Nothing is opened here.
 */
#ifndef BINDERY_NF_COMMON_CONFIG_ADMIN_H
#define BINDERY_NF_COMMON_CONFIG_ADMIN_H

#include "nf/common/admin_access.h"
#include "nf/common/config_https.h"

/* As the file has it. */
struct raw_admin_user {
    char *name, *role;
    char **plmns, **imsi_ranges;
    unsigned plmns_count, imsi_ranges_count;
};
struct raw_admin_https {
    char *listen, *certificate, *key, *ca, *crl;
    struct raw_https_limits limits;
    struct raw_admin_user *users;
    unsigned users_count;
};
struct raw_admin {
    char *socket;
    struct raw_admin_https https;
};
extern const cyaml_schema_field_t config_admin_https[]; /* of a struct raw_admin_https */
extern const cyaml_schema_field_t config_admin[];       /* of a struct raw_admin */

struct admin_user {
    char *name; /* dNSName of the certificate, in lower case */
    enum admin_role role;
    bool scoped;              /* false: every subscription */
    struct admin_scope scope; /* its lists are the user's */
};
struct admin_https {
    bool on; /* false: it is not configured, and all else is empty */
    struct address listen;
    char *certificate, *key, *ca, *crl; /* crl may be NULL */
    struct https_limits limits;
    uint32_t requests_per_second, burst; /* of a certificate, and of a stranger's address */
    struct admin_user *users;
    size_t n_users;
};
/* `section` is what the keys' places begin with: "admin.https." or "admin_https.". Whatever is half
 * made is freed by admin_https_free. */
void check_admin_https(struct checker *k, const char *section, const struct raw_admin_https *raw,
                       struct admin_https *out);
/* IMSIs are digits, so "405-03" is also where those of 405-034 begin. A scope that names a PLMN
 * whose digits are the begin of a home network's, or go on behind them, would be another than it
 * says, and is refused; where both are home networks the longer one may be a scope, for an IMSI of
 * both is the longer one's (TS 23.003 2.2). `homes` are what the configuration serves. */
void check_admin_scopes(struct checker *k, const char *section, const struct admin_https *h,
                        const struct plmn *homes, size_t n);
void admin_https_free(struct admin_https *h);
/* All of it once more; `to` is empty after an error. Errors: E_MEMORY. */
MUST_USE enum err admin_https_copy(const struct admin_https *from, struct admin_https *to);
/* The user that a certificate's dNSName stands for; NULL: none. */
const struct admin_user *admin_https_user(const struct admin_https *h, const char *name);
#endif
