/* proc/dimsi_parts.h - what the files of procedure dimsi have in common, and nobody else needs:
 * items with their lengths before them, digests, and the keys of the first challenge. No state.
 */
#ifndef BINDERY_PROC_DIMSI_PARTS_H
#define BINDERY_PROC_DIMSI_PARTS_H

#include "proc/dimsi.h"

/* ---- items, each with its length before it in two octets ---- */

void dimsi_put(struct wr *w, struct bytes item);
void dimsi_put_head(struct wr *w, const char *label, uint8_t version);
void dimsi_put_imsi(struct wr *w, const struct imsi *imsi);
void dimsi_put_plmn(struct wr *w, const struct plmn *plmn);
void dimsi_put_name(struct wr *w, const struct dimsi_name *name);
void dimsi_put_u32(struct wr *w, uint32_t v);
void dimsi_put_u64(struct wr *w, uint64_t v);

/* The reader's error stays, as rd's own do; what is read after it is zeros. */
void dimsi_fault(struct rd *r, enum err err);
/* Exactly n octets; all of `out` is written. */
void dimsi_get(struct rd *r, uint8_t *out, size_t n);
/* E_BAD_VALUE of another label, E_UNSUPPORTED of another version. */
void dimsi_get_head(struct rd *r, const char *label, uint8_t version);
void dimsi_get_imsi(struct rd *r, struct imsi *out);
void dimsi_get_plmn(struct rd *r, struct plmn *out);
void dimsi_get_name(struct rd *r, struct dimsi_name *out);
uint32_t dimsi_get_u32(struct rd *r);
/* 0 to INT64_MAX, `least` at least. */
int64_t dimsi_get_i64(struct rd *r, int64_t least);

/* ---- digests and keys ---- */

MUST_USE enum err dimsi_sha256(const struct crypto *c, struct bytes in,
                               uint8_t out[static DIMSI_DIGEST_LEN]);
bool dimsi_same_digest(const uint8_t a[static DIMSI_DIGEST_LEN],
                       const uint8_t b[static DIMSI_DIGEST_LEN]);

#define DIMSI_PLAIN_LEN (IMSI_BCD_LEN + DIMSI_CTV_LEN) /* what RAND hides: one block */
/* output_2 of what RAND hides: the tag with the AMF bits in their place. Errors: E_CRYPTO. */
MUST_USE enum err dimsi_autn_of(const struct crypto *c, const struct key_ek *ek,
                                const struct imsi *dimsi,
                                const uint8_t plain[static DIMSI_PLAIN_LEN], struct autn *out);
/* eKc: output_1 is encrypted under it. Errors: E_CRYPTO. */
MUST_USE enum err dimsi_ekc(const struct crypto *c, const struct key_ek *ek,
                            const struct imsi *dimsi, uint8_t out[static 16]);
/* RES, CK and IK of the first challenge. Errors: E_CRYPTO; the outputs are then zeros. */
MUST_USE enum err dimsi_first_keys(const struct crypto *c, const struct key_ek *ek,
                                   const struct rand128 *rand, struct res *res, struct key_ck *ck,
                                   struct key_ik *ik);

/* ---- an offer ---- */

/* What target AUSF and ARPF look at alike: form, and whether the parts belong together, without a
 * signature. *content: what the SE signed. */
enum dimsi_cause dimsi_offer_form(const struct crypto *c, const struct dimsi_offer *offer,
                                  struct dimsi_offered *out, struct bytes *content);
/* Did the service provider that ATK names sign the delegation, for this operator, and is it not
 * over? out->sp is written. */
enum dimsi_cause dimsi_offer_delegated(const struct dimsi_verify_port *port,
                                       const struct dimsi_offer *offer, const struct plmn *to,
                                       int64_t at, struct dimsi_offered *out);
/* Did the SE of the chain, which is of a CI that is trusted, sign ATK's content, and name itself in
 * it? CHAIN, NO_CRL, CRYPTO, TOKEN_SIGNATURE, TOKEN_OTHER_SE. */
enum dimsi_cause dimsi_offer_by_se(const struct dimsi_verify_port *port,
                                   const struct dimsi_offer *offer, struct bytes content,
                                   int64_t at, const struct dimsi_atk *atk);

#endif
