/* nf/arpfd/release.h - a release of eK, from the offer to the box (TR 33.899 5.5.4.x step 0-e), in
 * three steps: what needs no record, the record, and what leaves.
 *
 * Between the second and the third stands a commit: nothing leaves that was not recorded. eK is
 * never stored; it is computed with each request, and wiped. Who may ask for whom is decided by
 * proc/dimsi.h; HTTP and JSON are api.c's.
 */
#ifndef BINDERY_NF_ARPFD_RELEASE_H
#define BINDERY_NF_ARPFD_RELEASE_H

#include "nf/arpfd/trust.h"
#include "store/arpf_store.h"

struct release_request {
    struct imsi dimsi; /* of the address */
    struct plmn asks;  /* the operator of the client's certificate */
    struct dimsi_offer offer;
    struct bytes encrypt_to[DIMSI_CHAIN_MAX];
    size_t n_encrypt_to;
};
struct release { /* its owner wipes it */
    struct dimsi_offered offered;
    uint8_t ausf[DIMSI_POINT_LEN]; /* what eK is encrypted to */
    struct key_ek ek;
    /* of release_record */
    struct arpf_release row;
    bool again;
    /* of release_seal */
    uint8_t box[DIMSI_BOX_LEN];
};
struct release_desk {
    const struct arpfd_trust *trust;
    const struct crypto *crypto;
    struct arpf_store *store;
    int64_t at; /* Unix seconds */
};

/* Is the offer good, and for this operator? NONE: *out has eK. *detail: for people, or NULL. */
enum dimsi_cause release_prepare(const struct release_desk *desk,
                                 const struct release_request *request, struct release *out,
                                 const char **detail);
/* May it be released, by what is recorded? Writes the release, with its endorsement, into the batch
 * that is open. STORE: the batch is lost; any other cause: it goes on. */
enum dimsi_cause release_record(const struct release_desk *desk, struct release *r);
/* After the commit. */
enum dimsi_cause release_seal(const struct release_desk *desk, struct release *r);

#endif
