/* cli/home_parts.h - what the files that furnish the directory of `bindery up` share; nobody else
 * includes it.
 */
#ifndef BINDERY_CLI_HOME_PARTS_H
#define BINDERY_CLI_HOME_PARTS_H

#include "cli/home.h"

/* The ports of the parties of a first attach with a discovery IMSI, and of the administration: as
 * many behind the repository's. */
enum home_party_port {
    HOME_PORT_ARPF,
    HOME_PORT_OFFERS,    /* the HSS's, for service providers */
    HOME_PORT_PUSH,      /* the discovery AUSF's, for target AUSFs */
    HOME_PORT_RSMF,      /* the RSMF's, for operators; */
    HOME_PORT_DEVICES,   /* the same, for devices */
    HOME_PORT_DISCOVERY, /* the discovery AUSF's, Diameter with TLS */
    HOME_PORT_HSS_ADMIN, /* administration over HTTPS: of the HSS, */
    HOME_PORT_MME_ADMIN, /* and of the MME */
    HOME_PARTY_PORTS
};
#define HOME_DAUSF "dausf." HOME_DISCOVERY_REALM

/* What a first run fills into the texts: their marks are "@NAME@". */
struct home_filling {
    struct home_ports ports;
    long party[HOME_PARTY_PORTS];
    char plmn[PLMN_TEXT_MAX], realm[REALM_TEXT_MAX];
    /* Ranges of IMSIs that are given to devices: in the attach procedure; for a first attach with a
     * discovery IMSI, and behind that. */
    char onboarding[2 * IMSI_DIGITS_MAX + 2];
    char temporary[2 * IMSI_DIGITS_MAX + 2], lasting[2 * IMSI_DIGITS_MAX + 2];
};
/* False and said. */
MUST_USE bool home_write_text(const char *dir, const char *name, const char *text,
                              const struct home_filling *filling);
/* A key-encryption key in a file, unless it is there. False and said. */
MUST_USE bool home_write_kek(const char *dir, const char *name);

/* Folders, certificates and configurations of the parties. False and said. */
MUST_USE bool home_furnish_parties(const char *dir, const struct plmn *plmn,
                                   const struct home_filling *filling);

#endif
