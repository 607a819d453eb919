/* nf/hssd/repository_answer.h - what a repository said about the identity of one device: its JSON
 * as a credential of proc/devid.h, checked (step 7), and kept for as many as ask.
 *
 * Nothing is changed once it is made, so threads share an answer and count who holds it. A
 * credential is only ever one whose record was verified; anything else is an answer with a cause.
 */
#ifndef BINDERY_NF_HSSD_REPOSITORY_ANSWER_H
#define BINDERY_NF_HSSD_REPOSITORY_ANSWER_H

#include "proc/devid.h"

/* A chain of 16 KiB, the record, its signature and its signer's name. */
#define REPOSITORY_OCTETS_MAX (16384u + BINDING_RECORD_LEN + 64 + 32)

struct repository_answer; /* what it holds is octets of its own */

/* Errors: E_MEMORY. For FOUND and REVOKED `credential` is copied; for NONE and UNAVAILABLE nothing
 * of it but status and cause. */
MUST_USE enum err repository_answer_of(const struct devid_credential *credential, uint64_t serial,
                                       struct repository_answer **out);
struct repository_answer *repository_answer_hold(struct repository_answer *a);
void repository_answer_release(struct repository_answer *a); /* NULL is harmless */
/* The spans are good as long as the answer is held; source and age are the caller's to set. */
void repository_answer_credential(const struct repository_answer *a, struct devid_credential *out);
enum devid_status repository_answer_status(const struct repository_answer *a);
uint64_t repository_answer_serial(const struct repository_answer *a); /* 0: there is no record */
size_t repository_answer_octets(const struct repository_answer *a);   /* of memory */

/* ---- from what came over HTTPS ---- */

/* The answer to GET /v1/bindings/{imei}. NONE for 404 no-binding and for a device without a binding
 * for its identity; REPOSITORY_REFUSED for 403; _BUSY for 429 and 503; _BAD for any other status
 * and for what is not the JSON of docs/openapi/repod.yaml; RECORD, RECORD_SIGNATURE and CRYPTO as
 * devid_record_check. Errors: E_MEMORY. */
MUST_USE enum err repository_answer_read(const struct crypto *c, const struct devid_port *port,
                                         const struct imei *imei, unsigned status,
                                         struct bytes body, struct repository_answer **out);

/* One page of GET /v1/changes. */
struct repository_change {
    struct imei imei;
    uint64_t serial;
    bool revoked;
};
#define REPOSITORY_PAGE 500u /* records that are asked for at once */
struct repository_page {
    uint64_t next;
    bool more;
    bool behind; /* it has no record with the serial that was asked for: it was set back */
    size_t n;    /* of identities; other uses are left out */
    struct repository_change changes[REPOSITORY_PAGE];
};
/* They are taken as they come over TLS, without their signatures: all that they can do is that
 * something is asked anew. DEVID_CAUSE_NONE, or REPOSITORY_REFUSED, _BUSY or _BAD as above. */
enum devid_cause repository_page_read(unsigned status, struct bytes body, uint64_t after,
                                      struct repository_page *out);

#endif
