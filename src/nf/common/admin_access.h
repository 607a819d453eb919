/* nf/common/admin_access.h - who asks at an administration interface, and what he may do there.
 *
 * A person or a program is known by the certificate that he shows over HTTPS, or by the user that
 * his process runs as where he comes over the Unix socket. A role says what he may do, a scope for
 * which subscriptions. Nothing is decided here about a request's content, and nothing is read from
 * the network.
 */
#ifndef BINDERY_NF_COMMON_ADMIN_ACCESS_H
#define BINDERY_NF_COMMON_ADMIN_ACCESS_H

#include "base/err.h"
#include "id/imsi.h"
#include "id/plmn.h"

/* What a path asks for at least. Zero is the most, so that a path that says nothing is nobody
 * else's: an administrator may do everything, a provisioner also changes subscriptions, devices and
 * lists, a reader changes nothing. */
enum admin_role { ADMIN_ADMINISTRATOR, ADMIN_PROVISIONER, ADMIN_READER, ADMIN_ROLES };
const char *admin_role_name(enum admin_role role); /* "administrator", ... */
/* May a person of this role take a path that asks for that one? */
bool admin_role_may(enum admin_role has, enum admin_role asked);

struct admin_imsi_range {
    struct imsi first, last; /* of one length, first not behind last */
};
/* Subscriptions that a person may see and change: of one of the PLMNs, or in one of the ranges. */
struct admin_scope {
    const struct plmn *plmns;
    size_t n_plmns;
    const struct admin_imsi_range *ranges;
    size_t n_ranges;
};
/* scope NULL: every subscription. */
bool admin_scope_has(const struct admin_scope *scope, const struct imsi *imsi);
/* In the order of digits as text, which is a store's: moves *at (empty: before all) forward to
 * where the next subscription of the scope can begin right behind it; what was passed over is of
 * others. So a list goes from *at on, and no place in it tells of their rows. *at may then be no
 * IMSI, but a place between two. False: none can follow. scope NULL: *at stays. */
bool admin_scope_seek(const struct admin_scope *scope, struct imsi *at);

#define ADMIN_WHO_MAX  128
#define ADMIN_FROM_MAX 64
struct admin_who {
    char name[ADMIN_WHO_MAX];  /* of the configuration; "unix:root" over the socket */
    char from[ADMIN_FROM_MAX]; /* "unix", or the address that the connection came from */
    enum admin_role role;
    const struct admin_scope *scope; /* NULL: every subscription. Good as long as the call */
};

#endif
