#include "proc/certattach.h"

#include "crypto/kdf.h"
#include "proc/certattach_parts.h"

#include <string.h>

/* ---- step 2: the authority's record ---- */

static enum certattach_cause record_judge(const struct certattach_authority_port *port,
                                          const struct certattach_arrived *arrived,
                                          const struct certattach_context *context,
                                          struct device_record *record)
{
    const struct devid_port *by = port->devid;
    if (context->signature.n != DEVID_RECORD_SIGNATURE_LEN ||
        context->signer.n != DEVID_RECORD_SIGNER_LEN ||
        device_record_read(context->record, record) != E_OK ||
        !device_id_eq(&record->id, &arrived->id)) {
        return CERTATTACH_RECORD;
    }
    const enum err err = by->record(by->ctx, context->signer, context->record, context->signature);
    if (err == E_NOT_FOUND || err == E_BAD_MAC) {
        return CERTATTACH_RECORD_SIGNATURE;
    }
    return err == E_OK ? CERTATTACH_NONE : CERTATTACH_CRYPTO;
}

/*= certattach-revoked certattach-context */
static enum certattach_cause device_judge(const struct crypto *c,
                                          const struct certattach_arrived *arrived,
                                          const struct certattach_context *context,
                                          const struct device_record *record)
{
    uint8_t digest[32];
    if (record->status == BINDING_REVOKED) {
        return CERTATTACH_DEVICE_REVOKED;
    }
    if (!imei_eq(&record->imei, &arrived->imei)) {
        return CERTATTACH_OTHER_IMEI;
    }
    if (context->n_chain == 0 || context->n_chain > DEVID_CHAIN_MAX) {
        return CERTATTACH_RECORD;
    }
    if (c->sha256(c->ctx, &context->chain[0], 1, digest) != E_OK) {
        return CERTATTACH_CRYPTO;
    }
    return bytes_eq(BYTES_OF(digest), BYTES_OF(record->digest)) ? CERTATTACH_NONE
                                                                : CERTATTACH_RECORD;
}

/* ---- step 2: the key that proves the IMEI ---- */

static struct bytes identity_key(const struct devid_credential *k)
{
    return k->form == BINDING_CERTIFICATE ? k->chain[0] : k->spki;
}

static enum certattach_cause identity_cause(enum devid_cause c)
{
    return c == DEVID_CAUSE_NONE     ? CERTATTACH_NONE
           : c == DEVID_CAUSE_CRYPTO ? CERTATTACH_CRYPTO
                                     : CERTATTACH_IDENTITY;
}

/* May it be relied on now? */
static enum certattach_cause identity_judge(const struct crypto *c, const struct devid_port *port,
                                            const struct certattach_arrived *arrived,
                                            const struct devid_credential *identity)
{
    struct binding_record record;
    if (identity->status != DEVID_FOUND) {
        return CERTATTACH_IDENTITY;
    }
    enum devid_cause cause = devid_record_check(c, port, &arrived->imei, identity, &record);
    if (cause != DEVID_CAUSE_NONE) {
        return identity_cause(cause);
    }
    if (record.status != BINDING_ACTIVE || arrived->at < record.not_before ||
        arrived->at > record.not_after) {
        return CERTATTACH_IDENTITY;
    }
    if (identity->form == BINDING_CERTIFICATE) {
        cause = port->chain(port->ctx, identity->chain, identity->n_chain, arrived->at);
    }
    return identity_cause(cause);
}

static enum certattach_cause signature_cause(enum err err)
{
    switch ((unsigned)err) {
    case E_OK:
        return CERTATTACH_NONE;
    case E_BAD_MAC:
    case E_UNSUPPORTED: /* it says another algorithm than the key's */
        return CERTATTACH_PROOF_WRONG;
    case E_BAD_VALUE:
        return CERTATTACH_IDENTITY;
    default:
        return CERTATTACH_CRYPTO;
    }
}

/*= certattach-proof */
static enum certattach_cause proof_judge(const struct crypto *c, const struct devid_port *port,
                                         const struct certattach_arrived *arrived,
                                         const struct devid_credential *identity)
{
    uint8_t content[CERTATTACH_PROOF_CONTENT_LEN];
    const struct certattach_request *q = arrived->request;
    if (q->proof.p == NULL || q->proof.n < 1) {
        return CERTATTACH_PROOF_MISSING;
    }
    const uint8_t algorithm = q->proof.p[0];
    if (certattach_proof_content(c, algorithm, q->url, &arrived->imei, q->nonce, &arrived->plmn,
                                 content) != E_OK) {
        return CERTATTACH_CRYPTO;
    }
    return signature_cause(port->signature(
        port->ctx, algorithm, identity->form == BINDING_CERTIFICATE, identity_key(identity),
        BYTES_OF(content), (struct bytes){q->proof.p + 1, q->proof.n - 1}));
}

static enum certattach_cause imei_judge(const struct crypto *c, const struct devid_port *port,
                                        const struct certattach_arrived *arrived,
                                        const struct certattach_context *context)
{
    if (!context->has_identity) {
        return CERTATTACH_NONE;
    }
    const enum certattach_cause cause = identity_judge(c, port, arrived, &context->identity);
    return cause == CERTATTACH_NONE ? proof_judge(c, port, arrived, &context->identity) : cause;
}

/* ---- step 2 ---- */

/*= certattach-2c */
/* The record is believed before anything in it counts; what costs most comes last. */
enum certattach_cause certattach_ausf_verify(const struct crypto *c,
                                             const struct certattach_authority_port *port,
                                             const struct certattach_arrived *arrived,
                                             const struct certattach_context *context,
                                             struct device_record *record)
{
    struct device_record read;
    enum certattach_cause cause = record_judge(port, arrived, context, &read);
    if (cause == CERTATTACH_NONE) {
        cause = device_judge(c, arrived, context, &read);
    }
    if (cause == CERTATTACH_NONE) {
        cause = port->chain(port->ctx, context->chain, context->n_chain, arrived->at);
    }
    if (cause == CERTATTACH_NONE) {
        cause = imei_judge(c, port->devid, arrived, context);
    }
    if (cause == CERTATTACH_NONE) {
        *record = read;
    }
    return cause;
}

/* ---- step 3: what is done for it ---- */

static enum certattach_decision refuse(enum certattach_cause cause, enum certattach_cause *why)
{
    *why = cause;
    return CERTATTACH_REFUSE;
}

/*= certattach-active */
static enum certattach_decision active(const struct certattach_held *held,
                                       const struct device_record *record,
                                       enum certattach_cause *why)
{
    if (held->again) {
        return CERTATTACH_REPEAT;
    }
    return refuse(bytes_eq(BYTES_OF(held->digest), BYTES_OF(record->digest)) ? CERTATTACH_ACTIVE
                                                                             : CERTATTACH_OTHER_KEY,
                  why);
}

/*= certattach-same certattach-approval */
enum certattach_decision certattach_ausf_decide(const struct certattach_held *held,
                                                const struct device_record *record, bool by_rule,
                                                enum certattach_cause *why)
{
    *why = CERTATTACH_NONE;
    switch (held->phase) {
    case CERTATTACH_PHASE_NEW:
    case CERTATTACH_PHASE_EXPIRED:
        if (!by_rule) {
            *why = CERTATTACH_WAITING;
        }
        return by_rule ? CERTATTACH_DRAW : CERTATTACH_WAIT;
    case CERTATTACH_PHASE_WAITING:
        return by_rule ? CERTATTACH_DRAW : refuse(CERTATTACH_WAITING, why);
    case CERTATTACH_PHASE_APPROVED:
        return CERTATTACH_DRAW;
    case CERTATTACH_PHASE_PENDING:
        return CERTATTACH_REPEAT;
    case CERTATTACH_PHASE_ACTIVE:
        return active(held, record, why);
    case CERTATTACH_PHASE_DENIED:
        return refuse(CERTATTACH_DENIED, why);
    case CERTATTACH_PHASES:
        break;
    }
    return refuse(CERTATTACH_STORE, why);
}

/* ---- step 3: Ki ---- */

struct drawn {
    uint8_t seed[32];
    uint8_t nonce_1[CERTATTACH_NONCE_LEN];
    uint8_t ki[32];
    uint8_t opc[32];
};

static enum err draw(const struct crypto *c, const struct device_id *id, const struct plmn *home,
                     struct drawn *d)
{
    uint8_t network[PLMN_LEN];
    const struct bytes items[] = {BYTES_OF(d->nonce_1), certattach_id_octets(id),
                                  BYTES_OF(network)};
    plmn_to_octets(home, network);
    enum err err = c->random(c->ctx, MBYTES_OF(d->seed));
    if (err == E_OK) {
        err = c->random(c->ctx, MBYTES_OF(d->nonce_1));
    }
    if (err == E_OK) {
        err = kdf_own(c, BYTES_OF(d->seed), "ki", items, 3, d->ki);
    }
    if (err == E_OK) {
        err = kdf_own(c, BYTES_OF(d->seed), "opc", items, 3, d->opc);
    }
    return err;
}

/*= certattach-3a certattach-ki */
enum err certattach_ausf_draw(const struct crypto *c, const struct device_id *id,
                              const struct plmn *home, struct aka_keys *keys,
                              uint8_t nonce_1[static CERTATTACH_NONCE_LEN])
{
    struct drawn d;
    enum err err = aka_keys_check(keys);
    if (err == E_OK) {
        err = draw(c, id, home, &d);
    }
    if (err == E_OK) {
        memcpy(keys->k.b, d.ki, keys->k.n);
        memcpy(keys->opc.b, d.opc, keys->opc.n);
        memcpy(nonce_1, d.nonce_1, sizeof d.nonce_1);
    }
    wipe(&d, sizeof d);
    return err;
}

/* ---- step 3: the box ---- */

/*= certattach-3c certattach-box */
/* Form, what was sent, ciphertext and tag, from room.p on. */
static enum err box_write(const struct crypto *c, const struct certattach_operator_port *port,
                          struct bytes certificate, const struct certattach_about *about,
                          struct bytes plain, uint8_t *room, struct bytes *box)
{
    uint8_t secret[CERTATTACH_SECRET_LEN], aad[CERTATTACH_AAD_MAX];
    enum certattach_form form = CERTATTACH_EC;
    size_t sent_n = CERTATTACH_SENT_MAX;
    enum err err = port->agree(port->ctx, certificate, &form, room + 1, &sent_n, secret);
    if (err == E_OK && sent_n > CERTATTACH_SENT_MAX) {
        err = E_CRYPTO;
    }
    if (err == E_OK) {
        uint8_t *cipher = room + 1 + sent_n;
        room[0] = (uint8_t)form;
        err = ecies_seal(c, secret, (struct bytes){room + 1, sent_n}, certattach_aad(about, aad),
                         plain, cipher, cipher + plain.n);
        *box = (struct bytes){room, 1 + sent_n + plain.n + CERTATTACH_TAG_LEN};
    }
    wipe(secret, sizeof secret);
    return err;
}

static enum err result_sign(const struct crypto *c, const struct certattach_operator_port *port,
                            const struct certattach_about *about, int64_t expiry, struct bytes box,
                            uint8_t *signature)
{
    uint8_t octets[CERTATTACH_SIGNED_MAX];
    struct bytes content;
    enum err err = certattach_signed_content(c, about, expiry, box, octets, &content);
    return err == E_OK ? port->sign(port->ctx, content, signature) : err;
}

/*= certattach-signed */
enum err certattach_ausf_protect(const struct crypto *c,
                                 const struct certattach_operator_port *port,
                                 struct bytes certificate, const struct certattach_about *about,
                                 const struct certattach_profile *profile, int64_t expiry,
                                 struct mbytes room, struct certattach_result *out)
{
    uint8_t plain[CERTATTACH_PROFILE_MAX];
    uint8_t *signature = room.p + CERTATTACH_BOX_MAX;
    size_t n = 0;
    struct bytes box = {NULL, 0};
    if (room.n < CERTATTACH_BOX_MAX + CERTATTACH_SIGNATURE_LEN) {
        return E_NO_ROOM;
    }
    enum err err = expiry < 0 ? E_BAD_VALUE : certattach_profile_write(profile, plain, &n);
    if (err == E_OK) {
        err = box_write(c, port, certificate, about, (struct bytes){plain, n}, room.p, &box);
    }
    wipe(plain, sizeof plain);
    if (err == E_OK) {
        err = result_sign(c, port, about, expiry, box, signature);
    }
    if (err == E_OK) {
        out->expiry = expiry;
        out->box = box;
        out->signature = (struct bytes){signature, CERTATTACH_SIGNATURE_LEN};
        memcpy(out->nonce_1, about->nonce_1, sizeof out->nonce_1);
    }
    return err;
}
