/* device/linux/soft_se.h - a secure element that is not one: what it does (TR 33.899 5.5.4.x, steps
 * 0-b, 0-c, 6 and 7), by OpenSSL, with keys in its owner's memory. For emulated devices; a real one
 * stands behind the same ports.
 *
 * CERT.ARPF.ECKA is accepted when it chains to a root of the SE (CERT.CI), its key is of P-256 and
 * for key agreement, it has the role arpf (1.3.6.1.4.1.32473.1.1.8) and a dNSName, which is the
 * ARPF's name. An SE has no revocation lists. Nothing here stores or prints a key, and the private
 * half of an agreement is gone when the function that made it returns.
 */
#ifndef BINDERY_DEVICE_LINUX_SOFT_SE_H
#define BINDERY_DEVICE_LINUX_SOFT_SE_H

#include "device/bindery_ue.h"
#include "device/linux/state_file.h"
#include "proc/dimsi.h"

/* For one thread. What it was opened with outlives it. */
struct soft_se;
/* at: the device's time in Unix seconds; 0: it does not know, and looks at no validity. Errors:
 * E_MISSING (there is no SE), E_BAD_VALUE (a root is none), E_MEMORY. */
MUST_USE enum err soft_se_open(const struct device_se *se, int64_t at, struct soft_se **out);
void soft_se_close(struct soft_se *s);
/* For proc/dimsi.h, and for the device library. Valid as long as *s. */
struct dimsi_se_port soft_se_port(struct soft_se *s);
struct bindery_ue_se soft_se_ue_port(struct soft_se *s);

/* ---- what the ports do, by name ---- */

/* CERT.ARPF.ECKA first, no root. NONE, or one of CHAIN and CRYPTO. */
enum dimsi_cause soft_se_arpf(struct soft_se *s, const struct bytes *chain, size_t n,
                              struct dimsi_name *name, uint8_t point[static DIMSI_POINT_LEN]);
/* A fresh key pair, and the x coordinate of the common point. Errors: E_BAD_VALUE (no point of the
 * curve), E_CRYPTO. */
MUST_USE enum err soft_se_agree(const uint8_t arpf[static DIMSI_POINT_LEN],
                                uint8_t se[static DIMSI_POINT_LEN], uint8_t z[static 32]);
/* By SK.SE.ECDSA, with SHA-256; r || s. Errors: E_CRYPTO. */
MUST_USE enum err soft_se_sign(const struct device_se *se, struct bytes content,
                               uint8_t signature[static DIMSI_SIGNATURE_LEN]);

/* The common name of a certificate's subject, for people: without what could drive a terminal. */
#define SOFT_SE_NAME_MAX 128
void soft_se_name(struct bytes der, char out[static SOFT_SE_NAME_MAX]);

/* ---- a slot as the NAS client asks it (bindery_ue_discovery) ---- */

/* Steps 6 and 7 but for storing: with INSTALLED the slot is as it was, and the caller stores the
 * IMSI before he returns it. */
enum bindery_ue_discovery_outcome
soft_se_challenge(const struct crypto *c, const struct dimsi_slot *slot,
                  const uint8_t rand[static 16], const uint8_t *autn,
                  struct bindery_ue_usim_answer *out, struct imsi *imsi);

#endif
