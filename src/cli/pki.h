/* cli/pki.h - the certificates and keys of a demonstration: a CA of its own, a certificate and key
 * for each host, a manufacturer's CA with certificates for devices and a list of the revoked ones,
 * and a key that signs a repository's records.
 *
 * Not for service: the CA's key lies beside the certificates, and the Organization of every
 * certificate says so (PKI_MARK, known to nf/common/config_demo.c), by which a daemon refuses to
 * listen with it anywhere but on loopback.
 */
#ifndef BINDERY_CLI_PKI_H
#define BINDERY_CLI_PKI_H

#include "cli/cli.h"
#include "id/plmn.h"

#define PKI_MARK      "Bindery demo PKI, not for service"
#define PKI_DAYS      825
#define PKI_CRL_DAYS  30
#define PKI_DEVICE_CA "device-ca"

/* Makes the directory with ca.crt, ca.key and, for each host, NAME.crt and NAME.key: P-256, keys
 * 0600; and with a manufacturer's CA for devices: device-ca.crt, .key and .crl. Without hosts the
 * latter alone. It is made beside and renamed, so it is there whole or not at all. False and said.
 */
MUST_USE bool pki_make(const char *dir, const char *const *names, const char *const *hosts,
                       size_t n);
/* The same with the role that each certificate gives (net/verify_oids.h); NULL: none. */
MUST_USE bool pki_make_roles(const char *dir, const char *const *names, const char *const *hosts,
                             const char *const *roles, size_t n);
/* The object identifier of a role's name; NULL: there is no such role. */
const char *pki_role_oid(const char *name);

/* In a directory that pki_make_roles made: a certificate of an administrator, whom the
 * configuration of a daemon may name as a user (admin.https.users): NAME.crt and NAME.key. False
 * and said. */
MUST_USE bool pki_administrator(const char *dir, const char *name, const char *host);

/* DIR/NAME.key, a P-256 key that signs records, and DIR/NAME.pub, its public half, both in PEM,
 * or neither. False and said. */
MUST_USE bool pki_signing_key(const char *dir, const char *name);

/* ---- a provisioning operator ---- */

#define PKI_PROVISIONING_CA "provisioning-ca"
#define PKI_OPERATOR        "operator"
#define PKI_PLMNS_MAX       12 /* more make a certificate that is too long for the air */
/* A root that makers of devices put into them, DIR/provisioning-ca.crt and .key, and the
 * certificate of an operator that gives devices subscriptions on these networks, DIR/operator.crt
 * and .key, in a directory that is there: all of them or none, and operator.key as the last. False
 * and said. */
MUST_USE bool pki_make_operator(const char *dir, const struct plmn *plmns, size_t n);

/* ---- the parties of a first attach with a discovery IMSI ---- */

#define PKI_ARPF "arpf.example.org"
#define PKI_SP   "sp.example.org"
/* Beside DIR/pki, whose CA stands for everybody's TLS: folders ci (the issuer root and a part
 * number that it certified, with their keys and ci.crl), arpf, discovery, rsmf and sp, each with
 * what that party has and nobody else, and in pki what the operator's AUSF has. `dausf`: the
 * discovery AUSF's host. Where ci/ci.key is, all of it is. False and said. */
MUST_USE bool pki_make_parties(const char *dir, const struct plmn *home, const char *dausf);
/* Of a folder ci: revokes the SE's or part number's certificate (DER; NULL: none, the lists only
 * become current again). As pki_revoke. */
MUST_USE bool pki_ci_revoke(const char *dir, const struct bytes *der, bool *fresh);
/* The maker of secure elements of that part number. NULL and said. */
struct pki_maker;
struct pki_maker *pki_maker_open(const char *dir);
void pki_maker_close(struct pki_maker *m);
struct bytes pki_maker_ci(const struct pki_maker *m); /* CERT.CI and CERT.PN, in DER */
struct bytes pki_maker_part_number(const struct pki_maker *m);
/* CERT.SE for a public key (SubjectPublicKeyInfo of P-256) that was made on board. DER into out; 0
 * when it cannot be made. */
MUST_USE size_t pki_se_certificate(const struct pki_maker *m, struct bytes spki, struct mbytes out);

/* ---- a manufacturer's CA, and what it issues ---- */

struct pki_ca;
/* That of a directory: device-ca.crt and device-ca.key. NULL and said. */
struct pki_ca *pki_ca_open(const char *dir);
void pki_ca_close(struct pki_ca *ca);
/* Its certificate in DER, and the SHA-256 of that. */
struct bytes pki_ca_der(const struct pki_ca *ca);
void pki_ca_digest(const struct pki_ca *ca, uint8_t out[static 32]);
/* What the key of a certificate is for: one key has one use. */
enum pki_key_use { PKI_SIGNS, PKI_AGREES, PKI_ENCIPHERS, PKI_KEY_USES };
/* A certificate for a device's public key (SubjectPublicKeyInfo of P-256; of Ed25519 to sign; of
 * RSA to be enciphered to, 2048 bits or more), of the role device, valid as long as the CA. Its
 * subject has the model and a random serial number, and nothing of the IMEI. DER into out; 0 when
 * it cannot be made. From several threads at once. */
MUST_USE size_t pki_device_certificate(const struct pki_ca *ca, enum pki_key_use use,
                                       struct bytes spki, const char *model, struct mbytes out);

/* Adds the certificate (DER; NULL: none, the list only becomes current again) to device-ca.crl;
 * waits for another process that does. *fresh is false when it stood there. Errors, all said:
 * false. */
MUST_USE bool pki_revoke(const char *dir, const struct bytes *der, bool *fresh);

#endif
