/* What a stranger may send in procedure devid: containers 1 and 2, records, credentials and
 * outcomes as AVPs, policies as text. The first octet says which. What is accepted has one way to
 * be written: writing it again gives the same octets, or the same values where the message around
 * it has its freedoms. No outcome is a proof unless the port says so. */
#include "codec/diameter.h"
#include "crypto/openssl.h"
#include "wire/devid.h"

#include <stdlib.h>
#include <string.h>

#define OWN DIAMETER_VENDOR_OWN_DEFAULT

static void check(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void try_challenge(struct bytes in)
{
    struct devid_challenge c;
    uint8_t out[256];
    struct bytes again;
    if (wire_devid_challenge_read(in, &c) == E_OK) {
        check(wire_devid_challenge_write(&c, MBYTES_OF(out), &again) == E_OK);
        check(bytes_eq(in, again));
    }
}

static void try_proof(struct bytes in)
{
    static struct devid_proof p;
    uint8_t out[1024];
    struct bytes again;
    if (wire_devid_proof_read(in, &p) == E_OK) {
        check(wire_devid_proof_write(&p, MBYTES_OF(out), &again) == E_OK);
        check(bytes_eq(in, again));
    }
}

static void try_record(struct bytes in)
{
    struct binding_record r;
    uint8_t again[BINDING_RECORD_LEN];
    if (binding_record_read(in, &r) == E_OK) {
        binding_record_write(&r, again);
        check(bytes_eq(in, BYTES_OF(again)));
    }
}

/* A port that believes every record and no signature. */
static enum err any_record(void *ctx, struct bytes signer, struct bytes record,
                           struct bytes signature)
{
    (void)ctx;
    check(signer.n == DEVID_RECORD_SIGNER_LEN && signature.n == DEVID_RECORD_SIGNATURE_LEN);
    check(record.n == BINDING_RECORD_LEN);
    return E_OK;
}

static enum devid_cause any_chain(void *ctx, const struct bytes *chain, size_t n, int64_t at)
{
    (void)ctx, (void)at;
    check(n >= 1 && n <= DEVID_CHAIN_MAX && chain[0].n > 0);
    return DEVID_CAUSE_NONE;
}

static enum err no_signature(void *ctx, uint8_t algorithm, bool certificate, struct bytes key,
                             struct bytes content, struct bytes signature)
{
    (void)ctx, (void)algorithm, (void)certificate;
    check(key.n > 0 && content.n == DEVID_CONTENT_LEN && signature.n > 0);
    return E_BAD_MAC;
}

static void judge(const struct crypto *crypto, const struct devid_credential *credential)
{
    static const struct devid_port port = {
        .record = any_record, .chain = any_chain, .signature = no_signature};
    static const struct key_kasme kasme;
    static const struct devid_challenge challenge = {.n_algorithms = 1, .algorithms = {1}};
    static struct devid_proof proof = {.algorithm = 1, .n = 64};
    struct devid_asked asked = {.challenge = &challenge, .proof = &proof, .at = 1800000000};
    struct devid_outcome o;
    check(imei_parse(BYTES_LIT("35693803564380"), &asked.imei) == E_OK);
    check(plmn_parse(BYTES_LIT("001-01"), &asked.session.plmn) == E_OK);
    asked.session.kasme = &kasme;
    proof.imei = asked.imei;
    devid_check(crypto, &port, &asked, credential, &o);
    check(o.result != DEVID_PROVEN && o.result != DEVID_NOT_ASKED);
    check(o.result == devid_cause_result(o.cause));
    check(o.result != DEVID_UNPROVEN || credential->status == DEVID_NONE);
}

/* What is read, filled in and read again is the same. */
static void again(const struct devid_credential *c)
{
    struct s13_device_credential group;
    struct devid_credential d;
    wire_devid_credential_fill(c, &group);
    wire_devid_credential_read(&group, &d);
    check(d.status == c->status && d.cause == c->cause && d.form == c->form);
    check(d.n_chain == c->n_chain && d.source == c->source && d.age == c->age);
    check(bytes_eq(d.record, c->record) && bytes_eq(d.spki, c->spki));
}

static void try_credential(const struct crypto *crypto, struct bytes in)
{
    static struct s13_eca eca;
    struct diameter_fault fault;
    struct devid_credential c;
    if (s13_eca_parse(OWN, in, &eca, &fault) == E_OK) {
        wire_devid_credential_read(&eca.device_credential, &c);
        check(c.n_chain <= DEVID_CHAIN_MAX);
        judge(crypto, &c);
        again(&c);
    }
}

static void try_outcome(struct bytes in)
{
    static struct s6a_ulr ulr;
    struct s6a_device_proof group;
    struct diameter_fault fault;
    struct devid_outcome o, p;
    if (s6a_ulr_parse(OWN, in, &ulr, &fault) != E_OK ||
        wire_devid_outcome_read(&ulr.device_proof, &o) != E_OK) {
        return;
    }
    wire_devid_outcome_fill(&o, &group);
    check(wire_devid_outcome_read(&group, &p) == E_OK);
    check(o.result == p.result && o.cause == p.cause && o.form == p.form && o.serial == p.serial);
}

static void try_policy(struct bytes in)
{
    struct devid_policy p, q;
    char text[DEVID_POLICY_TEXT];
    if (devid_policy_parse(in, &p) == E_OK) {
        devid_policy_print(&p, text);
        check(devid_policy_parse(bytes_of_str(text), &q) == E_OK);
        check(devid_policy_bits(&p) == devid_policy_bits(&q));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct crypto crypto;
    if (crypto.ctx == NULL && crypto_openssl_open(&crypto) != E_OK) {
        abort();
    }
    if (size == 0) {
        return 0;
    }
    const struct bytes in = {data + 1, size - 1};
    switch (data[0] % 6) {
    case 0:
        try_challenge(in);
        break;
    case 1:
        try_proof(in);
        break;
    case 2:
        try_record(in);
        break;
    case 3:
        try_credential(&crypto, in);
        break;
    case 4:
        try_outcome(in);
        break;
    default:
        try_policy(in);
        break;
    }
    return 0;
}
