#include "wire/devid.h"

#include "codec/nas_container.h"

#include <string.h>

/* One number each, wherever it travels. */
#define X(name, number, text)                                                                      \
    _Static_assert((unsigned)DEVID_##name == NAS_SIGNATURE_##name, "algorithm " text);
DEVID_ALGORITHM_LIST(X)
#undef X
#define SAME(a, b) _Static_assert((int)(a) == (int)(b), #a " is " #b)
SAME(DEVID_PROVEN, S6A_PROOF_PROVEN);
SAME(DEVID_UNPROVEN, S6A_PROOF_UNPROVEN);
SAME(DEVID_FAILED, S6A_PROOF_FAILED);
SAME(DEVID_UNDETERMINED, S6A_PROOF_UNDETERMINED);
SAME(DEVID_FOUND, S13_CREDENTIAL_FOUND);
SAME(DEVID_NONE, S13_CREDENTIAL_NONE);
SAME(DEVID_REVOKED, S13_CREDENTIAL_REVOKED);
SAME(DEVID_UNAVAILABLE, S13_CREDENTIAL_UNAVAILABLE);
SAME(DEVID_FROM_REPOSITORY, S13_FROM_REPOSITORY);
SAME(DEVID_FROM_CACHE, S13_FROM_CACHE);
SAME(DEVID_FROM_STALE_CACHE, S13_FROM_STALE_CACHE);
SAME(BINDING_CERTIFICATE, S6A_CREDENTIAL_IS_CERTIFICATE);
SAME(BINDING_PUBLIC_KEY, S6A_CREDENTIAL_IS_KEY);
SAME(BINDING_IDENTITY, S13_USE_IDENTITY);
SAME(BINDING_PROVISIONING, S13_USE_PROVISIONING);
SAME(DEVID_CHAIN_MAX, S13_CHAIN_MAX);

/* ---- step 3 ---- */

enum err wire_devid_challenge_write(const struct devid_challenge *in, struct mbytes out,
                                    struct bytes *value)
{
    const struct nas_devid_challenge m = {.nonce = BYTES_OF(in->nonce),
                                          .algorithms = {in->algorithms, in->n_algorithms}};
    return nas_container_write(&nas_devid_challenge_container, &m, out, value);
}

enum err wire_devid_challenge_read(struct bytes value, struct devid_challenge *out)
{
    struct nas_devid_challenge m;
    enum err err = nas_container_parse(&nas_devid_challenge_container, value, &m);
    if (err != E_OK) {
        return err;
    }
    *out = (struct devid_challenge){.n_algorithms = (uint8_t)m.algorithms.n};
    memcpy(out->nonce, m.nonce.p, sizeof out->nonce);
    memcpy(out->algorithms, m.algorithms.p, m.algorithms.n);
    return E_OK;
}

/* ---- step 5 ---- */

/*= devid-5 */
enum err wire_devid_proof_write(const struct devid_proof *in, struct mbytes out,
                                struct bytes *value)
{
    const struct nas_devid_proof m = {
        .imei = {(const uint8_t *)in->imei.digits, IMEI_DIGITS},
        .algorithm = {&in->algorithm, 1},
        .signature = {in->signature, in->n},
    };
    return nas_container_write(&nas_devid_proof_container, &m, out, value);
}

enum err wire_devid_proof_read(struct bytes value, struct devid_proof *out)
{
    struct nas_devid_proof m;
    struct imei imei;
    enum err err = nas_container_parse(&nas_devid_proof_container, value, &m);
    if (err == E_OK) {
        err = imei_parse(m.imei, &imei);
    }
    if (err != E_OK) {
        return err;
    }
    *out = (struct devid_proof){
        .imei = imei, .algorithm = m.algorithm.p[0], .n = (uint16_t)m.signature.n};
    memcpy(out->signature, m.signature.p, m.signature.n);
    return E_OK;
}

/* ---- step 8 ---- */

static void key_fill(const struct devid_credential *in, struct s13_device_credential *out)
{
    out->credential_form = DIAMETER_U32_OF(in->form);
    if (in->form == BINDING_CERTIFICATE) {
        out->credential_certificate_n = in->n_chain < S13_CHAIN_MAX ? in->n_chain : S13_CHAIN_MAX;
        memcpy(out->credential_certificate, in->chain,
               out->credential_certificate_n * sizeof in->chain[0]);
    } else {
        out->credential_key = in->spki;
    }
}

static void answer_fill(const struct devid_credential *in, struct s13_device_credential *out)
{
    out->credential_source = DIAMETER_U32_OF(in->source);
    out->credential_age = DIAMETER_U32_OF(in->age);
    if (in->status == DEVID_NONE) {
        return;
    }
    out->binding_record = in->record;
    out->record_signature = in->signature;
    out->record_signer = in->signer;
    if (in->status == DEVID_FOUND) {
        key_fill(in, out);
    }
}

/*= devid-8 */
void wire_devid_credential_fill(const struct devid_credential *in,
                                struct s13_device_credential *out)
{
    *out = (struct s13_device_credential){.present = true,
                                          .credential_status = DIAMETER_U32_OF(in->status)};
    if (in->status == DEVID_UNAVAILABLE) {
        out->proof_cause = bytes_of_str(devid_cause_name(in->cause));
    } else {
        answer_fill(in, out);
    }
}

/* Only the one of the two that the form says. */
static bool key_read(const struct s13_device_credential *in, struct devid_credential *out)
{
    if (!in->credential_form.present ||
        (in->credential_certificate_n > 0) == (in->credential_key.p != NULL)) {
        return false;
    }
    out->form = (uint8_t)in->credential_form.v;
    out->n_chain = in->credential_certificate_n;
    memcpy(out->chain, in->credential_certificate, out->n_chain * sizeof out->chain[0]);
    out->spki = in->credential_key;
    return in->credential_form.v ==
           (out->n_chain > 0 ? S6A_CREDENTIAL_IS_CERTIFICATE : S6A_CREDENTIAL_IS_KEY);
}

static bool record_read(const struct s13_device_credential *in, struct devid_credential *out)
{
    out->record = in->binding_record;
    out->signature = in->record_signature;
    out->signer = in->record_signer;
    return in->binding_record.p != NULL && in->record_signature.p != NULL &&
           in->record_signer.p != NULL;
}

static bool without_key(const struct s13_device_credential *in)
{
    return in->credential_certificate_n == 0 && in->credential_key.p == NULL &&
           !in->credential_form.present;
}

static bool without_record(const struct s13_device_credential *in)
{
    return in->binding_record.p == NULL && in->record_signature.p == NULL &&
           in->record_signer.p == NULL;
}

static bool answer_read(const struct s13_device_credential *in, struct devid_credential *out)
{
    if (in->proof_cause.p != NULL || !in->credential_source.present ||
        !in->credential_age.present || in->credential_source.v - 1U >= DEVID_FROM_STALE_CACHE) {
        return false;
    }
    out->source = (enum devid_source)in->credential_source.v;
    out->age = in->credential_age.v;
    switch (in->credential_status.v) {
    case S13_CREDENTIAL_FOUND:
        return record_read(in, out) && key_read(in, out);
    case S13_CREDENTIAL_REVOKED:
        return record_read(in, out) && without_key(in);
    case S13_CREDENTIAL_NONE:
        return without_record(in) && without_key(in);
    default:
        return false;
    }
}

static enum devid_cause cause_read(const struct s13_device_credential *in)
{
    enum devid_cause cause = DEVID_CAUSE_INQUIRY_UNANSWERED;
    bool known = in->credential_status.v == S13_CREDENTIAL_UNAVAILABLE &&
                 devid_cause_parse(in->proof_cause, &cause) == E_OK &&
                 devid_cause_result(cause) == DEVID_UNDETERMINED;
    return known ? cause : DEVID_CAUSE_INQUIRY_UNANSWERED;
}

void wire_devid_credential_read(const struct s13_device_credential *in,
                                struct devid_credential *out)
{
    struct devid_credential c = {.status = DEVID_UNAVAILABLE};
    if (in->present && in->credential_status.v != S13_CREDENTIAL_UNAVAILABLE &&
        answer_read(in, &c)) {
        c.status = (enum devid_status)in->credential_status.v;
        *out = c;
        return;
    }
    *out = (struct devid_credential){.status = DEVID_UNAVAILABLE,
                                     .cause = in->present ? cause_read(in)
                                                          : DEVID_CAUSE_INQUIRY_UNANSWERED};
}

/* ---- what the home network is told ---- */

void wire_devid_outcome_fill(const struct devid_outcome *in, struct s6a_device_proof *out)
{
    *out = (struct s6a_device_proof){.present = in->result != DEVID_NOT_ASKED};
    if (!out->present) {
        return;
    }
    out->proof_result = DIAMETER_U32_OF(in->result);
    if (in->result != DEVID_PROVEN) {
        out->proof_cause = bytes_of_str(devid_cause_name(in->cause));
    }
    if (in->form != 0) {
        out->credential_form = DIAMETER_U32_OF(in->form);
        out->record_serial = (struct diameter_u64){.present = true, .v = in->serial};
    }
}

/* Proven is who needs no cause, and the other way round. */
static bool cause_fits(const struct s6a_device_proof *in, enum devid_cause *cause)
{
    *cause = DEVID_CAUSE_NONE;
    if (in->proof_cause.p == NULL) {
        return in->proof_result.v == S6A_PROOF_PROVEN;
    }
    return devid_cause_parse(in->proof_cause, cause) == E_OK && *cause != DEVID_CAUSE_NONE &&
           (uint32_t)devid_cause_result(*cause) == in->proof_result.v;
}

/* Nobody is proven without a binding, and who has none is unproven. */
static bool binding_fits(const struct s6a_device_proof *in)
{
    const bool has = in->credential_form.present;
    if (has != in->record_serial.present ||
        (has && in->credential_form.v - 1U >= S6A_CREDENTIAL_IS_KEY)) {
        return false;
    }
    return has ? in->proof_result.v != S6A_PROOF_UNPROVEN : in->proof_result.v != S6A_PROOF_PROVEN;
}

enum err wire_devid_outcome_read(const struct s6a_device_proof *in, struct devid_outcome *out)
{
    struct devid_outcome o = {.result = DEVID_NOT_ASKED};
    if (!in->present) {
        *out = o;
        return E_OK;
    }
    if (!in->proof_result.present || !cause_fits(in, &o.cause) || !binding_fits(in)) {
        return E_BAD_VALUE;
    }
    o.result = (enum devid_result)in->proof_result.v;
    o.form = in->credential_form.present ? (uint8_t)in->credential_form.v : 0;
    o.serial = in->record_serial.present ? in->record_serial.v : 0;
    *out = o;
    return E_OK;
}
