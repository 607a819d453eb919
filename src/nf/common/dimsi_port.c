#include "nf/common/dimsi_port.h"

#include "net/eck.h"
#include "net/verify_proof.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(DIMSI_POINT_LEN == ECK_POINT_LEN, "a point of the one is the other's");
_Static_assert(DIMSI_CHAIN_MAX <= VERIFY_CHAIN_MAX, "and so is a chain");

struct dimsi_trust {
    struct dimsi_verify_port port;
    struct dimsi_trust_options options;
    struct verifier *roots[DIMSI_SIGNERS]; /* NULL: nobody of that kind is believed */
    struct proof_tools *tools;
};

static const struct {
    enum verify_role role;
    enum dimsi_cause signature; /* when it is not by the key of the certificate */
} kinds[DIMSI_SIGNERS] = {
    [DIMSI_SE] = {VERIFY_ROLE_DEVICE, DIMSI_TOKEN_SIGNATURE},
    [DIMSI_SP] = {VERIFY_ROLE_SERVICE_PROVIDER, DIMSI_DELEGATION_SIGNATURE},
    [DIMSI_ARPF] = {VERIFY_ROLE_ARPF, DIMSI_ENDORSEMENT_SIGNATURE},
};

/* ---- chains ---- */

enum dimsi_cause dimsi_cause_of_chain(const struct verify_peer *peer)
{
    switch (peer->verdict) {
    case VERIFY_GOOD:
        return DIMSI_NONE;
    case VERIFY_NOT_YET:
        return DIMSI_CHAIN_EARLY;
    case VERIFY_EXPIRED:
        return DIMSI_CHAIN_LATE;
    case VERIFY_UNTRUSTED:
        return DIMSI_CHAIN_UNTRUSTED;
    case VERIFY_REVOKED:
        return DIMSI_CHAIN_REVOKED;
    case VERIFY_NO_CRL:
        return DIMSI_NO_CRL;
    case VERIFY_PURPOSE:
        return DIMSI_CHAIN_PURPOSE;
    case VERIFY_NONE:
    case VERIFY_TOO_LARGE:
    case VERIFY_MALFORMED:
    case VERIFY_WEAK:
        return DIMSI_CHAIN_BAD;
    case VERIFY_FAILED:
        return peer->undecided ? DIMSI_CRYPTO : DIMSI_CHAIN_BAD;
    }
    return DIMSI_CRYPTO;
}

/* A dNSName that is one; the common name is none here. */
static bool take_name(const struct verify_peer *peer, struct dimsi_name *out)
{
    return peer->dns_named && dimsi_name_parse(bytes_of_str(peer->name), out) == E_OK;
}

/* ---- who signed? ---- */

/* The leaf's key: P-256, or it signs nothing here. */
static enum dimsi_cause key_of(struct bytes leaf, struct bytes *spki)
{
    enum verify_key_kind kind = VERIFY_KEY_RSA;
    const enum err err = verify_key_vouched(leaf, spki, &kind);
    if (err == E_MEMORY) {
        return DIMSI_CRYPTO;
    }
    return err == E_OK && kind == VERIFY_KEY_P256 ? DIMSI_NONE : DIMSI_CHAIN_PURPOSE;
}

static enum dimsi_cause signature_judge(struct proof_tools *tools, enum dimsi_signer who,
                                        struct bytes spki, struct bytes content,
                                        struct bytes signature)
{
    const enum err err = proof_verify(tools, VERIFY_KEY_P256, spki, content, signature);
    return err == E_OK ? DIMSI_NONE : err == E_CRYPTO ? DIMSI_CRYPTO : kinds[who].signature;
}

/* An ARPF's certificate is the CI's own: below the CI stand the part numbers too, and none of them
 * may speak in an ARPF's name. */
static enum dimsi_cause chain_judge(const struct dimsi_trust *t, enum dimsi_signer who,
                                    const struct bytes *chain, size_t n, int64_t at,
                                    struct verify_peer *peer)
{
    if (t->roots[who] == NULL) {
        return DIMSI_CHAIN_UNTRUSTED;
    }
    if (who == DIMSI_SE && n < 2) { /* without a part number, which could be revoked */
        return DIMSI_CHAIN_BAD;
    }
    if (who == DIMSI_ARPF && n > 1) {
        return DIMSI_CHAIN_PURPOSE;
    }
    verify_chain(t->roots[who], chain, n, VERIFY_DEVICE_IDENTITY, at, peer);
    if (peer->verdict != VERIFY_GOOD) {
        return dimsi_cause_of_chain(peer);
    }
    return verify_has_role(peer, kinds[who].role) ? DIMSI_NONE : DIMSI_CHAIN_PURPOSE;
}

/*= dimsi-0e-verify dimsi-endorsement */
static enum dimsi_cause signed_by(void *ctx, enum dimsi_signer who, const struct bytes *chain,
                                  size_t n, struct bytes content, struct bytes signature,
                                  int64_t at, uint8_t digest[static DIMSI_DIGEST_LEN],
                                  struct dimsi_name *name)
{
    const struct dimsi_trust *t = ctx;
    struct verify_peer peer;
    struct dimsi_name made = {.n = 0};
    struct bytes spki;
    enum dimsi_cause cause = chain_judge(t, who, chain, n, at, &peer);
    if (cause == DIMSI_NONE) {
        cause = key_of(chain[0], &spki);
    }
    if (cause == DIMSI_NONE && who != DIMSI_SE && !take_name(&peer, &made)) {
        cause = DIMSI_CHAIN_PURPOSE;
    }
    if (cause == DIMSI_NONE) {
        cause = signature_judge(t->tools, who, spki, content, signature);
    }
    if (cause == DIMSI_NONE) {
        memcpy(digest, peer.digest, DIMSI_DIGEST_LEN);
        *name = made;
    }
    return cause;
}

/* ---- with whom is a key agreed? ---- */

/*= dimsi-0c-verify dimsi-box */
enum dimsi_cause dimsi_agreement_chain(const struct verifier *v, enum verify_role role,
                                       const struct bytes *chain, size_t n, int64_t at,
                                       struct dimsi_name *name,
                                       uint8_t point[static DIMSI_POINT_LEN])
{
    struct verify_peer peer;
    struct dimsi_name made;
    if (role == VERIFY_ROLE_ARPF && n > 1) { /* by a part number: see chain_judge */
        return DIMSI_CHAIN_PURPOSE;
    }
    verify_chain(v, chain, n, VERIFY_DEVICE_PROVISIONING, at, &peer);
    if (peer.verdict != VERIFY_GOOD) {
        return dimsi_cause_of_chain(&peer);
    }
    if (!verify_has_role(&peer, role) || !verify_may_encrypt(&peer, VERIFY_KEY_P256) ||
        !take_name(&peer, &made)) {
        return DIMSI_CHAIN_PURPOSE;
    }
    const enum err err = eck_point_of_certificate(chain[0], point);
    if (err != E_OK) {
        return err == E_CRYPTO ? DIMSI_CRYPTO : DIMSI_CHAIN_PURPOSE;
    }
    *name = made;
    return DIMSI_NONE;
}

/* ---- files ---- */

static void close_roots(struct verifier *roots[static DIMSI_SIGNERS])
{
    for (size_t i = 0; i < DIMSI_SIGNERS; i++) {
        if (roots[i] != NULL) {
            verifier_close(roots[i]);
        }
        roots[i] = NULL;
    }
}

static enum err open_roots(const struct dimsi_trust_options *o,
                           struct verifier *roots[static DIMSI_SIGNERS], struct verify_why *why)
{
    enum err err = E_OK;
    for (size_t i = 0; err == E_OK && i < DIMSI_SIGNERS; i++) {
        if (o->roots[i].ca != NULL) {
            err = verifier_open(&o->roots[i], &roots[i], why);
        }
    }
    if (err != E_OK) {
        close_roots(roots);
    }
    return err;
}

enum err dimsi_trust_open(const struct dimsi_trust_options *options, struct dimsi_trust **out,
                          struct verify_why *why)
{
    struct dimsi_trust *t = calloc(1, sizeof *t);
    enum err err = t != NULL ? proof_tools_open(1, &t->tools) : E_MEMORY;
    if (err != E_OK) {
        (void)snprintf(why->text, sizeof why->text, "%s", err_sentence(err));
        free(t);
        return err;
    }
    err = open_roots(options, t->roots, why);
    if (err != E_OK) {
        dimsi_trust_close(t);
        return err;
    }
    t->options = *options;
    t->port = (struct dimsi_verify_port){.ctx = t, .signed_by = signed_by};
    *out = t;
    return E_OK;
}

void dimsi_trust_close(struct dimsi_trust *t)
{
    if (t != NULL) {
        close_roots(t->roots);
        proof_tools_close(t->tools);
        free(t);
    }
}

const struct dimsi_verify_port *dimsi_trust_port(const struct dimsi_trust *t)
{
    return &t->port;
}

struct dimsi_trust_next {
    struct verifier *roots[DIMSI_SIGNERS];
};

enum err dimsi_trust_next_open(const struct dimsi_trust *t, struct dimsi_trust_next **out,
                               struct verify_why *why)
{
    struct dimsi_trust_next *next = calloc(1, sizeof *next);
    if (next == NULL) {
        (void)snprintf(why->text, sizeof why->text, "%s", err_sentence(E_MEMORY));
        return E_MEMORY;
    }
    const enum err err = open_roots(&t->options, next->roots, why);
    if (err != E_OK) {
        free(next);
        return err;
    }
    *out = next;
    return E_OK;
}

void dimsi_trust_next_take(struct dimsi_trust *t, struct dimsi_trust_next *next)
{
    close_roots(t->roots);
    memcpy(t->roots, next->roots, sizeof t->roots);
    free(next);
}

void dimsi_trust_next_drop(struct dimsi_trust_next *next)
{
    if (next != NULL) {
        close_roots(next->roots);
        free(next);
    }
}

enum err dimsi_trust_reload(struct dimsi_trust *t, struct verify_why *why)
{
    struct dimsi_trust_next *next = NULL;
    const enum err err = dimsi_trust_next_open(t, &next, why);
    if (err == E_OK) {
        dimsi_trust_next_take(t, next);
    }
    return err;
}
