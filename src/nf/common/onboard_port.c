#include "nf/common/onboard_port.h"

#include "net/onboard_key.h"
#include "nf/common/devid_port.h"

#include <stdio.h>
#include <stdlib.h>

_Static_assert(CERTATTACH_SECRET_LEN == ONBOARD_SECRET_LEN, "the secret of the one is the other's");
_Static_assert(CERTATTACH_SENT_MAX == ONBOARD_SENT_MAX, "what is sent has room");
_Static_assert(CERTATTACH_SIGNATURE_LEN == SIGNATURE_LEN, "and so has a signature");
_Static_assert(sizeof CERTATTACH_OAEP_LABEL - 1 <= ONBOARD_LABEL_MAX, "and the label");

static enum err wrong(struct verify_why *why, enum err err, const char *what)
{
    (void)snprintf(why->text, sizeof why->text, "%.250s", what);
    return err;
}

/* ---- an authority ---- */

struct onboard_authority {
    struct certattach_authority_port port;
    struct onboard_authority_options options;
    struct devid_verifier *devid;
    struct verifier *roots;
};

static enum certattach_cause cause_of(const struct verify_peer *peer)
{
    switch (peer->verdict) {
    case VERIFY_GOOD:
        return CERTATTACH_NONE;
    case VERIFY_NOT_YET:
        return CERTATTACH_CHAIN_EARLY;
    case VERIFY_EXPIRED:
        return CERTATTACH_CHAIN_LATE;
    case VERIFY_UNTRUSTED:
        return CERTATTACH_CHAIN_UNTRUSTED;
    case VERIFY_REVOKED:
        return CERTATTACH_CHAIN_REVOKED;
    case VERIFY_NO_CRL:
        return CERTATTACH_NO_CRL;
    case VERIFY_PURPOSE:
        return CERTATTACH_CHAIN_PURPOSE;
    case VERIFY_NONE:
    case VERIFY_TOO_LARGE:
    case VERIFY_MALFORMED:
    case VERIFY_WEAK:
        return CERTATTACH_CHAIN_BAD;
    case VERIFY_FAILED:
        return peer->undecided ? CERTATTACH_CRYPTO : CERTATTACH_CHAIN_BAD;
    }
    return CERTATTACH_CRYPTO;
}

/* Of a chain that is good: is it a device's, for a key of this kind? */
static enum certattach_cause purpose_judge(const struct verify_peer *peer, struct bytes leaf)
{
    struct bytes spki;
    enum verify_key_kind kind = VERIFY_KEY_P256;
    if (!verify_has_role(peer, VERIFY_ROLE_DEVICE)) {
        return CERTATTACH_CHAIN_PURPOSE;
    }
    const enum err err = verify_key_vouched(leaf, &spki, &kind);
    if (err == E_MEMORY) {
        return CERTATTACH_CRYPTO;
    }
    if (err != E_OK || (kind != VERIFY_KEY_P256 && kind != VERIFY_KEY_RSA)) {
        return CERTATTACH_KEY;
    }
    return verify_may_encrypt(peer, kind) ? CERTATTACH_NONE : CERTATTACH_CHAIN_PURPOSE;
}

/*= certattach-2c */
static enum certattach_cause chain_cause(void *ctx, const struct bytes *chain, size_t n, int64_t at)
{
    const struct onboard_authority *a = ctx;
    struct verify_peer peer;
    verify_chain(a->roots, chain, n, VERIFY_DEVICE_PROVISIONING, at, &peer);
    return peer.verdict == VERIFY_GOOD ? purpose_judge(&peer, chain[0]) : cause_of(&peer);
}

static enum err open_roots(const struct onboard_authority_options *o, struct verifier **out,
                           struct verify_why *why)
{
    const struct verify_files files = {.ca = o->roots, .crl = o->crl};
    return verifier_open(&files, out, why);
}

static enum err open_devid(const struct onboard_authority_options *o, struct devid_verifier **out,
                           struct verify_why *why)
{
    const struct devid_port_options devid = {
        .signers = o->signers, .n_signers = o->n_signers, .ca = o->roots, .crl = o->crl};
    return devid_port_open(&devid, out, why);
}

enum err onboard_authority_open(const struct onboard_authority_options *options,
                                struct onboard_authority **out, struct verify_why *why)
{
    if (options->roots == NULL || options->n_signers == 0) {
        return wrong(why, E_BAD_VALUE, "an authority needs roots, and a signer of its records");
    }
    struct onboard_authority *a = calloc(1, sizeof *a);
    if (a == NULL) {
        return wrong(why, E_MEMORY, "there is not enough memory");
    }
    a->options = *options;
    enum err err = open_roots(options, &a->roots, why);
    if (err == E_OK) {
        err = open_devid(options, &a->devid, why);
    }
    if (err != E_OK) {
        onboard_authority_close(a);
        return err;
    }
    a->port = (struct certattach_authority_port){
        .ctx = a, .devid = devid_port_of(a->devid), .chain = chain_cause};
    *out = a;
    return E_OK;
}

void onboard_authority_close(struct onboard_authority *a)
{
    if (a != NULL) {
        devid_port_close(a->devid);
        verifier_close(a->roots);
        free(a);
    }
}

const struct certattach_authority_port *onboard_authority_port(const struct onboard_authority *a)
{
    return &a->port;
}

/*= certattach-revoked */
enum err onboard_authority_reload(struct onboard_authority *a, struct verify_why *why)
{
    struct verifier *fresh = NULL;
    enum err err = open_roots(&a->options, &fresh, why);
    if (err == E_OK) {
        err = devid_port_reload(a->devid, why);
    }
    if (err != E_OK) {
        verifier_close(fresh);
        return err;
    }
    verifier_close(a->roots);
    a->roots = fresh;
    return E_OK;
}

/* ---- the operator ---- */

struct onboard_operator {
    struct certattach_operator_port port;
    const struct onboard_signer *signer;
    struct onboard_tools *tools;
};

static enum err agree(void *ctx, struct bytes certificate, enum certattach_form *form,
                      uint8_t *sent, size_t *sent_n, uint8_t secret[static CERTATTACH_SECRET_LEN])
{
    struct onboard_operator *o = ctx;
    enum verify_key_kind kind = VERIFY_KEY_P256;
    if (*sent_n < ONBOARD_SENT_MAX) {
        return E_CRYPTO;
    }
    const enum err err = onboard_agree(o->tools, certificate, BYTES_LIT(CERTATTACH_OAEP_LABEL),
                                       &kind, sent, sent_n, secret);
    if (err == E_OK) {
        *form = kind == VERIFY_KEY_RSA ? CERTATTACH_RSA : CERTATTACH_EC;
    }
    return err == E_BAD_VALUE ? E_UNSUPPORTED : err;
}

static enum err sign(void *ctx, struct bytes content,
                     uint8_t signature[static CERTATTACH_SIGNATURE_LEN])
{
    const struct onboard_operator *o = ctx;
    return onboard_signer_sign(o->signer, content, signature);
}

enum err onboard_operator_open(const struct onboard_signer *signer, struct onboard_operator **out)
{
    struct onboard_operator *o = calloc(1, sizeof *o);
    if (o == NULL) {
        return E_MEMORY;
    }
    o->signer = signer;
    o->port = (struct certattach_operator_port){.ctx = o, .agree = agree, .sign = sign};
    const enum err err = onboard_tools_open(&o->tools);
    if (err != E_OK) {
        free(o);
        return err;
    }
    *out = o;
    return E_OK;
}

void onboard_operator_close(struct onboard_operator *o)
{
    if (o != NULL) {
        onboard_tools_close(o->tools);
        free(o);
    }
}

const struct certattach_operator_port *onboard_operator_port(const struct onboard_operator *o)
{
    return &o->port;
}

bool onboard_operator_serves(const struct onboard_signer *signer, const struct plmn *plmn,
                             int64_t at)
{
    char realm[REALM_TEXT_MAX];
    plmn_realm(plmn, realm);
    return at >= onboard_signer_since(signer) && at <= onboard_signer_until(signer) &&
           onboard_signer_lists(signer, realm);
}
