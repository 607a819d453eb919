/* cli/home.h - the directory of `bindery up`: what is in it, who holds it, and its first contents.
 *
 *   hssd.yaml      the HSS's configuration, generated once and the operator's from then on
 *   mmed.yaml      the MME's; without it `up` runs no MME
 *   repod.yaml     the repository's of device bindings; without it `up` runs none
 *   kek            the key-encryption key of the store, 0600
 *   hss.db         the store; repod.db is the repository's, repod-audit.log who asked it what
 *   admin.sock     the HSS's administration socket; mme.sock is the MME's, repod.sock the
 *                  repository's
 *   pki/           demonstration certificates, NAME.crt and NAME.key each: ca; hss (an operator),
 *                  mme, mme1, repo (its host is localhost), maker (a manufacturer, of the name
 *                  HOME_MAKER), admin (an administrator), api (HSS and MME over HTTPS, its host is
 *                  localhost), and device-ca, which signs what devices have, with device-ca.crl;
 *                  provisioning-ca, which devices trust, and operator, who gives subscriptions
 *   ci/            an issuer root and a part number certified by it, of secure elements
 *   arpf/, discovery/, rsmf/, sp/
 *                  the parties of a first attach with a discovery IMSI, each with its keys and,
 *                  but for the service provider, its configuration and store: arpfd.yaml,
 *                  dausfd.yaml, rsmfd.yaml; without one `up` does not run it
 *   records.key    signs the repository's records; records.pub is what others trust
 *   backups/       where the HSS puts backups of its store
 *   log/           what the daemons write
 *   lock           held by the `up` that runs
 */
#ifndef BINDERY_CLI_HOME_H
#define BINDERY_CLI_HOME_H

#include "cli/cli.h"
#include "id/plmn.h"
#include <sys/types.h>

#define HOME_MAKER   "maker.example.org"
#define HOME_CA_HOST "ca.example.org" /* of certificate URLs */

/* Whose discovery IMSIs are given. */
#define HOME_DISCOVERY_PLMN  "901-70"
#define HOME_DISCOVERY_REALM "epc.mnc070.mcc901.3gppnetwork.org"
#define HOME_DIMSIS          "901700000000000-901709999999999"

struct home_ports {
    long tcp, tls; /* 0: a free one; -1: the registered one, which must be free */
    long s1;
    long repo; /* -1: 8443. Eight more follow it: home_parts.h; 0: free ones */
};

/* Makes the directory if it isn't there. False and said. */
MUST_USE bool home_make(const char *dir);
/* The lock's descriptor, or -1; then *holder is the process that has it (0 when the reason is
 * another, which is said). */
int home_lock(const char *dir, pid_t *holder);
/* The process that holds the lock; 0 when none does, -1 (said) when that cannot be known. */
pid_t home_holder(const char *dir);
/* Writes configurations, keys and certificates unless there is a configuration of the HSS, which
 * ports and PLMN then do not change (said). `plmn` is that of the network, of which realm and host
 * names are made; NULL: 001-01. A directory of a version without a repository is left as it is, and
 * said is how to get one. False and said. Each file is there whole or not at all, and the next try
 * keeps keys and stores that are there. */
MUST_USE bool home_furnish(const char *dir, const struct home_ports *ports,
                           const struct plmn *plmn);
/* Is there such a file? */
bool home_has(const char *dir, const char *name);
/* Is there a configuration of an MME, of a repository? */
bool home_has_mme(const char *dir);
bool home_has_repo(const char *dir);
/* The link of a listener: of the line "listen:" behind the line "SECTION:" (NULL: the first) of a
 * configuration that `up` made, "https://localhost:PORT", for certificates name the host. False:
 * there is none. */
MUST_USE bool home_link(const char *dir, const char *name, const char *section, char *out,
                        size_t cap);
/* A file of the directory, made 0600 and durable; refuses to replace one. False and said. */
MUST_USE bool home_write(const char *dir, const char *name, const char *text, size_t n);

#endif
