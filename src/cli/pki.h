/* cli/pki.h - the certificates of a demonstration: a CA of its own, and a certificate and key for
 * each host.
 *
 * Not for service: the CA's key lies beside the certificates, and the CA's Organization says so
 * (PKI_MARK, known to nf/common/config_demo.c), by which a daemon refuses to listen with it
 * anywhere but on loopback.
 */
#ifndef BINDERY_CLI_PKI_H
#define BINDERY_CLI_PKI_H

#include "cli/cli.h"

#define PKI_MARK "Bindery demo PKI, not for service"
#define PKI_DAYS 825

/* Makes the directory with ca.crt, ca.key and, for each host, NAME.crt and NAME.key: P-256, keys
 * 0600. It is made beside and renamed, so it is there whole or not at all. False and said. */
MUST_USE bool pki_make(const char *dir, const char *const *names, const char *const *hosts,
                       size_t n);
/* The same with the role that each certificate gives (net/verify_oids.h); NULL: none. */
MUST_USE bool pki_make_roles(const char *dir, const char *const *names, const char *const *hosts,
                             const char *const *roles, size_t n);

#endif
