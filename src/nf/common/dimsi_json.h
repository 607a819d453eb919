/* nf/common/dimsi_json.h - what the parties of procedure dimsi hand each other in JSON, and the
 * HTTP status of each cause (docs/dimsi.md).
 *
 * Three shapes, each with exactly these members: a chain, an array of certificates in base64 of
 * DER, the leaf first and no root; something signed, {"content", "signature", "certificates"}; and
 * SE CREDENTIALS in a request, {"token", "certificates"}. Decoded octets lie in a space of the
 * caller's, which the spans point into. What the octets mean is proc/dimsi.h's to judge: nothing is
 * verified here, and nothing secret passes through.
 */
#ifndef BINDERY_NF_COMMON_DIMSI_JSON_H
#define BINDERY_NF_COMMON_DIMSI_JSON_H

#include "proc/dimsi.h"

#include <jansson.h>

/* Of an offer: two chains, ATK, delegation and signature; the chains are all but everything. */
#define DIMSI_JSON_SPACE   32768u
#define DIMSI_JSON_DER_MAX 8192u /* of one certificate */
/* Longest body in which an offer with its URL comes, in octets. */
#define DIMSI_JSON_BODY_MAX 49152u

struct dimsi_json_space { /* n 0 at first */
    size_t n;
    uint8_t octets[DIMSI_JSON_SPACE];
};
/* Which member cannot be accepted, and why: for a person. "delegation.signature has to be ..." */
struct dimsi_json_fault {
    char text[200];
};
struct dimsi_signed {
    struct bytes content, signature; /* the signature is of 64 octets */
    struct bytes chain[DIMSI_CHAIN_MAX];
    size_t n_chain;
};
struct dimsi_credentials { /* what is not `dimsi` of SE CREDENTIALS */
    struct bytes token;
    struct bytes chain[DIMSI_CHAIN_MAX];
    size_t n_chain;
};

/* Readers: `value` is the member called `name` (NULL: it is not there), which the fault names.
 * False: *fault, and what is in *out is not to be used. An octet string is of 1 to `most` octets; a
 * chain of 1 to DIMSI_CHAIN_MAX. */
MUST_USE bool dimsi_json_octets(const json_t *value, const char *name, size_t most,
                                struct dimsi_json_space *space, struct bytes *out,
                                struct dimsi_json_fault *fault);
/* Hex in lower case, of exactly out.n octets. */
MUST_USE bool dimsi_json_hex(const json_t *value, const char *name, struct mbytes out,
                             struct dimsi_json_fault *fault);
MUST_USE bool dimsi_json_chain(const json_t *value, const char *name,
                               struct dimsi_json_space *space,
                               struct bytes chain[static DIMSI_CHAIN_MAX], size_t *n,
                               struct dimsi_json_fault *fault);
/* Content of 1 to 1024 octets. */
MUST_USE bool dimsi_json_signed(const json_t *value, const char *name,
                                struct dimsi_json_space *space, struct dimsi_signed *out,
                                struct dimsi_json_fault *fault);
/* A token of 1 to DIMSI_ATK_MAX octets. */
MUST_USE bool dimsi_json_credentials(const json_t *value, const char *name,
                                     struct dimsi_json_space *space, struct dimsi_credentials *out,
                                     struct dimsi_json_fault *fault);
/* The members `credentials` and `delegation` of a request's body; others are not looked at. */
MUST_USE bool dimsi_json_offer(const json_t *body, struct dimsi_json_space *space,
                               struct dimsi_offer *out, struct dimsi_json_fault *fault);

/* Writers: the caller's reference, NULL without memory. */
json_t *dimsi_json_of_octets(struct bytes octets); /* base64 */
json_t *dimsi_json_of_hex(struct bytes octets);
json_t *dimsi_json_of_chain(const struct bytes *chain, size_t n);
json_t *dimsi_json_of_signed(struct bytes content, struct bytes signature,
                             const struct bytes *chain, size_t n);
json_t *dimsi_json_of_credentials(struct bytes token, const struct bytes *chain, size_t n);

/* The HTTP status that a cause is answered with; 200 for NONE. 5xx where the same request may be
 * accepted later without anything having been changed by who asks. */
unsigned dimsi_status(enum dimsi_cause c);
/* The cause that an answer of another party gives: "type" of its problem+json. NONE when it gives
 * none that is known here. detail (room octets, NUL-terminated): what it says besides, or empty. */
enum dimsi_cause dimsi_json_problem(struct bytes body, char *detail, size_t room);

#endif
