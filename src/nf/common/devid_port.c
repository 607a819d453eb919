#include "nf/common/devid_port.h"

#include "net/verify_proof.h"
#include "net/verify_sign.h"
#include "nf/common/devid_kept.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* RSA keys that stay ready to verify with: 2.5 KB each, so fewer than digests. */
#define RSA_KEPT_PART 16u

_Static_assert(DEVID_CHAIN_MAX == VERIFY_CHAIN_MAX, "a chain that may come may be verified");
_Static_assert(DEVID_SIGNATURE_MAX == PROOF_SIGNATURE_MAX, "and so may a signature");
_Static_assert(DEVID_PORT_KEPT_MAX / RSA_KEPT_PART <= PROOF_RSA_KEPT_MAX, "so many are allowed");

struct repository {
    uint8_t spki[SIGNER_SPKI_LEN];
    uint8_t id[32];
};
struct devid_verifier {
    struct devid_port port;
    struct devid_port_options options;
    struct repository repositories[DEVID_PORT_SIGNERS_MAX];
    struct proof_tools *tools;
    struct verifier *configured; /* trusts no CA where none is configured */
    struct devid_kept *records, *chains;
    struct devid_port_counts counts;
};

/* ---- records ---- */

static const struct repository *find(const struct devid_verifier *v, struct bytes id)
{
    for (size_t i = 0; i < v->options.n_signers; i++) {
        if (bytes_eq(id, BYTES_OF(v->repositories[i].id))) {
            return &v->repositories[i];
        }
    }
    return NULL;
}

/* The digest covers id and signature, of one length each, and the record after them. */
static enum err record(void *ctx, struct bytes signer, struct bytes content, struct bytes signature)
{
    struct devid_verifier *v = ctx;
    const struct repository *by = find(v, signer);
    const struct bytes all[] = {signer, signature, content};
    uint8_t digest[32];
    v->counts.records++;
    if (by == NULL) {
        return E_NOT_FOUND;
    }
    if (signature.n != SIGNATURE_LEN) {
        return E_BAD_MAC;
    }
    if (proof_digest(v->tools, all, 3, digest) != E_OK) {
        return E_CRYPTO;
    }
    if (devid_kept_has(v->records, digest, 0)) {
        v->counts.records_kept++;
        return E_OK;
    }
    enum err err = proof_verify(v->tools, VERIFY_KEY_P256, BYTES_OF(by->spki), content, signature);
    if (err == E_OK) {
        devid_kept_put(v->records, digest, 0, INT64_MAX);
    }
    return err == E_OK || err == E_BAD_MAC ? err : E_CRYPTO;
}

/* ---- chains ---- */

static enum devid_cause cause_of(const struct verify_peer *peer)
{
    switch (peer->verdict) {
    case VERIFY_GOOD:
        return DEVID_CAUSE_NONE;
    case VERIFY_NOT_YET:
        return DEVID_CAUSE_CHAIN_EARLY;
    case VERIFY_EXPIRED:
        return DEVID_CAUSE_CHAIN_LATE;
    case VERIFY_UNTRUSTED:
        return DEVID_CAUSE_CHAIN_UNTRUSTED;
    case VERIFY_REVOKED:
        return DEVID_CAUSE_CHAIN_REVOKED;
    case VERIFY_NO_CRL:
        return DEVID_CAUSE_NO_CRL;
    case VERIFY_PURPOSE:
        return DEVID_CAUSE_CHAIN_USAGE;
    case VERIFY_NONE:
    case VERIFY_TOO_LARGE:
    case VERIFY_MALFORMED:
    case VERIFY_WEAK:
        return DEVID_CAUSE_CHAIN_BAD;
    case VERIFY_FAILED:
        return peer->undecided ? DEVID_CAUSE_CRYPTO : DEVID_CAUSE_CHAIN_BAD;
    }
    return DEVID_CAUSE_CRYPTO;
}

/*= devid-ca */
/* The CA that is kept with the binding is asked only when no configured one has a word to say. */
static void judge(const struct devid_verifier *v, const struct bytes *chain, size_t n, int64_t at,
                  struct verify_peer *out)
{
    struct verifier *kept = NULL;
    verify_chain(v->configured, chain, n, VERIFY_DEVICE_IDENTITY, at, out);
    if (out->verdict != VERIFY_UNTRUSTED || !v->options.ca_with_binding || n < 2) {
        return;
    }
    enum err err = verifier_of_root(chain[n - 1], &kept);
    if (err == E_OK) {
        verify_chain(kept, chain, n, VERIFY_DEVICE_IDENTITY, at, out);
        verifier_close(kept);
    } else if (err != E_BAD_VALUE) {
        *out = (struct verify_peer){.verdict = VERIFY_FAILED, .undecided = true};
    }
}

/* Each certificate with its length before it. */
static enum err digest_of(const struct devid_verifier *v, const struct bytes *chain, size_t n,
                          uint8_t out[static 32])
{
    uint8_t lengths[VERIFY_CHAIN_MAX][8] = {{0}};
    struct bytes parts[2 * VERIFY_CHAIN_MAX];
    for (size_t i = 0; i < n; i++) {
        struct wr w = wr_of(MBYTES_OF(lengths[i]));
        wr_be64(&w, chain[i].n);
        parts[2 * i] = BYTES_OF(lengths[i]);
        parts[2 * i + 1] = chain[i];
    }
    return proof_digest(v->tools, parts, 2 * n, out);
}

static enum devid_cause chain_cause(void *ctx, const struct bytes *chain, size_t n, int64_t at)
{
    struct devid_verifier *v = ctx;
    struct verify_peer peer;
    uint8_t digest[32];
    v->counts.chains++;
    if (n > VERIFY_CHAIN_MAX) {
        return DEVID_CAUSE_CHAIN_BAD;
    }
    if (digest_of(v, chain, n, digest) != E_OK) {
        return DEVID_CAUSE_CRYPTO;
    }
    if (devid_kept_has(v->chains, digest, at)) {
        v->counts.chains_kept++;
        return DEVID_CAUSE_NONE;
    }
    judge(v, chain, n, at, &peer);
    if (peer.verdict == VERIFY_GOOD) {
        int64_t until = at + DEVID_PORT_CHAIN_KEPT;
        devid_kept_put(v->chains, digest, at, peer.good_until < until ? peer.good_until : until);
    }
    bool has_ca = v->options.ca != NULL || v->options.ca_with_binding;
    return peer.verdict == VERIFY_UNTRUSTED && !has_ca ? DEVID_CAUSE_NO_CA : cause_of(&peer);
}

/* ---- proofs ---- */

static enum err kind_of(uint8_t algorithm, enum verify_key_kind *kind)
{
    switch (algorithm) {
    case DEVID_ECDSA_P256:
        *kind = VERIFY_KEY_P256;
        return E_OK;
    case DEVID_ECDSA_P384:
        *kind = VERIFY_KEY_P384;
        return E_OK;
    case DEVID_ED25519:
        *kind = VERIFY_KEY_ED25519;
        return E_OK;
    case DEVID_RSA_PSS:
        *kind = VERIFY_KEY_RSA;
        return E_OK;
    default:
        return E_UNSUPPORTED;
    }
}

static enum err proof_signature(void *ctx, uint8_t algorithm, bool certificate, struct bytes key,
                                struct bytes content, struct bytes signature)
{
    struct devid_verifier *v = ctx;
    enum verify_key_kind kind = VERIFY_KEY_P256;
    struct bytes spki = key;
    enum err err = kind_of(algorithm, &kind);
    if (err == E_OK && certificate) {
        err = proof_certificate_spki(key, &spki);
    }
    return err == E_OK ? proof_verify(v->tools, kind, spki, content, signature) : err;
}

/* ---- from start to end ---- */

static enum err wrong(struct verify_why *why, enum err err, const char *what)
{
    (void)snprintf(why->text, sizeof why->text, "%.250s", what);
    return err;
}

static enum err read_signers(struct devid_verifier *v, struct verify_why *why)
{
    for (size_t i = 0; i < v->options.n_signers; i++) {
        struct repository *r = &v->repositories[i];
        enum err err = signer_read_public(v->options.signers[i], r->spki, r->id, why);
        if (err != E_OK) {
            return err;
        }
        if (find(v, BYTES_OF(r->id)) != r) {
            (void)snprintf(why->text, sizeof why->text, "%.150s: this signer stands twice",
                           v->options.signers[i]);
            return E_BAD_VALUE;
        }
    }
    return E_OK;
}

static enum err open_verifier(const struct devid_verifier *v, struct verifier **out,
                              struct verify_why *why)
{
    const struct verify_files files = {.ca = v->options.ca, .crl = v->options.crl};
    return verifier_open(&files, out, why);
}

static enum err check_options(const struct devid_port_options *o, struct verify_why *why)
{
    if (o->n_signers > DEVID_PORT_SIGNERS_MAX) {
        return wrong(why, E_BAD_VALUE, "there are more signers than may be");
    }
    if (o->crl != NULL && o->ca == NULL) {
        return wrong(why, E_BAD_VALUE, "a revocation list needs the CA that made it");
    }
    if (o->kept > DEVID_PORT_KEPT_MAX) {
        return wrong(why, E_BAD_VALUE, "more is to be kept than may be");
    }
    return E_OK;
}

static enum err open_kept(struct devid_verifier *v, struct verify_why *why)
{
    size_t n = v->options.kept;
    enum err err = proof_tools_open(n / RSA_KEPT_PART, &v->tools);
    if (err != E_OK) {
        return wrong(why, err, "the cryptographic library could not be made ready");
    }
    if (devid_kept_open(n, &v->records) != E_OK || devid_kept_open(n, &v->chains) != E_OK) {
        return wrong(why, E_MEMORY, "there is not enough memory");
    }
    return E_OK;
}

enum err devid_port_open(const struct devid_port_options *options, struct devid_verifier **out,
                         struct verify_why *why)
{
    enum err err = check_options(options, why);
    if (err != E_OK) {
        return err;
    }
    struct devid_verifier *v = calloc(1, sizeof *v);
    if (v == NULL) {
        return wrong(why, E_MEMORY, "there is not enough memory");
    }
    v->options = *options;
    v->port = (struct devid_port){
        .ctx = v, .record = record, .chain = chain_cause, .signature = proof_signature};
    err = read_signers(v, why);
    if (err == E_OK) {
        err = open_verifier(v, &v->configured, why);
    }
    if (err == E_OK) {
        err = open_kept(v, why);
    }
    if (err != E_OK) {
        devid_port_close(v);
        return err;
    }
    *out = v;
    return E_OK;
}

void devid_port_close(struct devid_verifier *v)
{
    if (v != NULL) {
        devid_kept_close(v->records);
        devid_kept_close(v->chains);
        proof_tools_close(v->tools);
        verifier_close(v->configured);
        free(v);
    }
}

const struct devid_port *devid_port_of(const struct devid_verifier *v)
{
    return &v->port;
}

enum err devid_port_reload(struct devid_verifier *v, struct verify_why *why)
{
    struct verifier *fresh = NULL;
    enum err err = open_verifier(v, &fresh, why);
    if (err == E_OK) {
        verifier_close(v->configured);
        v->configured = fresh;
        devid_kept_clear(v->chains);
    }
    return err;
}

void devid_port_count(const struct devid_verifier *v, struct devid_port_counts *out)
{
    *out = v->counts;
}
