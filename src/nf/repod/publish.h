/* nf/repod/publish.h - what a manufacturer publishes: a row of JSON, checked, and made a signed
 * record of the store.
 *
 * A use of a device has one key. Another takes its place only when the row names the serial of the
 * record that it replaces, so that nobody overwrites what he has not seen; the same again changes
 * nothing; a revoked key never comes back, and a key of one use is not taken for the other. A row
 * may say what the device is: then a second record, for its certificate site, is signed with the
 * first, and replaced and revoked with it. Who may publish is decided before, and so is when.
 */
#ifndef BINDERY_NF_REPOD_PUBLISH_H
#define BINDERY_NF_REPOD_PUBLISH_H

#include "net/verify_key.h"
#include "net/verify_sign.h"
#include "nf/repod/cause.h"
#include "proc/device_record.h"
#include "store/repo_store.h"
#include <jansson.h>

#define PUBLISH_NO_END 253402300799 /* 9999-12-31T23:59:59Z: no end (RFC 5280 4.1.2.5) */

struct publish_why {
    enum cause cause;
    char detail[160]; /* for a person: which member, and what is wrong with it; printable ASCII */
};
struct publish_row {
    struct imei imei;
    uint8_t use;
    bool revoke;
    uint64_t replaces; /* 0: names none */
    uint8_t form;
    int64_t not_before, not_after;
    uint8_t digest[32];
    uint8_t spki[VERIFY_SPKI_MAX];
    size_t spki_n;
    struct repo_device device; /* its id is empty where the row says nothing of it */
    bool no_device;            /* the row says that there is none: null */
    size_t credential_n;
    uint8_t credential[REPO_CREDENTIAL_MAX]; /* the SPKI, or each certificate behind its length */
};
/* CAs that were kept with chains, made ready once for all the chains that end with them. One thread
 * uses it. */
#define PUBLISH_ROOTS 8
struct publish_roots {
    struct {
        uint8_t digest[32];
        struct verifier *verifier;
    } all[PUBLISH_ROOTS];
    unsigned next; /* the place that is given away next */
};
void publish_roots_free(struct publish_roots *roots);

struct publish_rules {
    const struct verifier *device_ca; /* NULL: the chain's last certificate is the CA */
    int64_t now;                      /* Unix seconds */
    struct publish_roots *roots;
};

/* One JSON object, a member no more than once. NULL with *why. */
json_t *publish_json(struct bytes text, struct publish_why *why);
/* The identity of a row of a bulk: members imei and use. */
MUST_USE bool publish_identity(const json_t *json, struct publish_row *row,
                               struct publish_why *why);
/* The rest of it; row->imei and row->use are there. in_bulk: imei, use and revoke are members too.
 */
MUST_USE bool publish_read(const json_t *json, bool in_bulk, const struct publish_rules *rules,
                           struct publish_row *row, struct publish_why *why);

enum publish_did { PUBLISH_ADDED, PUBLISH_REPLACED, PUBLISH_REVOKED, PUBLISH_UNCHANGED };
const char *publish_did_name(enum publish_did did);
struct publish_context {
    struct repo_store *store;
    const struct signer *signer;
    const char *by;
    int64_t now;
};
/* Within a batch of the store. *serial: of the record that holds now. */
MUST_USE bool publish_apply(const struct publish_context *ctx, const struct publish_row *row,
                            enum publish_did *did, uint64_t *serial, struct publish_why *why);
/* The same in three steps, so that many records are signed at once. First: may it be, and what
 * comes of it? `record` is to get this serial, unless nothing is to be done: then it has the serial
 * of the one that holds. Its credential is the row's. */
MUST_USE bool publish_decide(const struct publish_context *ctx, const struct publish_row *row,
                             uint64_t serial, enum publish_did *did, struct repo_row *record,
                             struct publish_why *why);
/* Second: any thread may do it. CAUSE_NONE or CAUSE_SIGNING_FAILED. The third is repo_store_add. */
MUST_USE enum cause publish_sign(const struct signer *signer, struct repo_row *record);

/* publish_device.c: the member `device` of a row, whose IMEI and use are there. */
MUST_USE bool publish_device_read(const json_t *json, struct publish_row *row,
                                  struct publish_why *why);
/* Do both say the same? Signatures are not looked at. */
bool publish_device_same(const struct repo_device *a, const struct repo_device *b);
/* What is signed of the device (proc/device_record.h), in `out`; empty where there is none. */
struct bytes publish_device_content(const struct repo_row *row,
                                    uint8_t out[static DEVICE_RECORD_MAX]);

/* The i-th certificate of a stored chain; empty behind the last. */
struct bytes publish_certificate(struct bytes credential, size_t i);

#endif
