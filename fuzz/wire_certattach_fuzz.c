/* What a stranger may send in procedure certattach: containers 6 and 7, the AVPs of ECR and ECA,
 * certificate URLs, device records and, of an operator who signs rightly, boxes and profiles. The
 * first octet says which. What is accepted has one way to be written; the device takes nothing
 * unless its port says so, and what it refuses leaves everything as it was. */
#include "codec/diameter.h"
#include "codec/s13.h"
#include "crypto/openssl.h"
#include "wire/certattach.h"

#include <stdlib.h>
#include <string.h>

#define OWN DIAMETER_VENDOR_OWN_DEFAULT

static struct crypto crypto;

static void check(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void try_url(struct bytes in)
{
    struct certattach_url url;
    struct device_id id;
    const enum err err = certattach_url_parse(in, &url);
    check(certattach_url_id(in, &id) == err);
    if (err != E_OK) {
        return;
    }
    const struct bytes host = bytes_of_str(url.host), name = bytes_of_str(url.id.text);
    check(in.n == 8 + host.n + 10 + name.n && memcmp(in.p, "https://", 8) == 0);
    check(bytes_eq_nocase((struct bytes){in.p + 8, host.n}, host));
    check(memcmp(in.p + 8 + host.n, "/DeviceID=", 10) == 0);
    check(bytes_eq((struct bytes){in.p + in.n - name.n, name.n}, name));
    check(device_id_eq(&id, &url.id) && strchr(url.host, '.') != NULL);
    check(strpbrk(url.host, ":/@?#%[]\\ \r\n") == NULL);
    check(strpbrk(url.id.text, ":/@?#%[]\\ \r\n") == NULL);
}

/* ---- step 1 ---- */

/* A record of the device whose URL it is, that whoever signs it. */
static struct certattach_context context_of(const struct device_id *id, const struct imei *imei,
                                            uint8_t record[static DEVICE_RECORD_MAX])
{
    static const uint8_t octets[64], certificate[] = {0x30, 0x00};
    struct certattach_context context = {.signature = BYTES_OF(octets),
                                         .signer = {octets, 32},
                                         .n_chain = 1,
                                         .chain = {BYTES_OF(certificate)}};
    struct device_record r = {.id = *id,
                              .imei = *imei,
                              .manufacturer = "m",
                              .model = "m",
                              .serial_number = "m",
                              .status = BINDING_ACTIVE};
    check(crypto.sha256(crypto.ctx, &context.chain[0], 1, r.digest) == E_OK);
    context.record = device_record_write(&r, record);
    return context;
}

static enum err any_record(void *ctx, struct bytes signer, struct bytes record,
                           struct bytes signature)
{
    (void)ctx, (void)signer, (void)record, (void)signature;
    return E_OK;
}

static enum certattach_cause any_chain(void *ctx, const struct bytes *chain, size_t n, int64_t at)
{
    (void)ctx, (void)chain, (void)at;
    check(n == 1);
    return CERTATTACH_NONE;
}

static void judge(const struct certattach_request *q)
{
    uint8_t octets[DEVICE_RECORD_MAX];
    struct device_record record;
    struct certattach_arrived arrived = {.request = q};
    const struct devid_port devid = {.record = any_record};
    const struct certattach_authority_port port = {.devid = &devid, .chain = any_chain};
    check(imei_parse(BYTES_LIT("35693803564380"), &arrived.imei) == E_OK);
    check(plmn_parse(BYTES_LIT("001-01"), &arrived.plmn) == E_OK);
    if (certattach_url_id(q->url, &arrived.id) == E_OK) {
        const struct certattach_context context = context_of(&arrived.id, &arrived.imei, octets);
        check(certattach_ausf_verify(&crypto, &port, &arrived, &context, &record) ==
              CERTATTACH_NONE);
    }
}

static void try_request(struct bytes in)
{
    static uint8_t out[4096];
    struct certattach_request q;
    struct bytes again;
    if (wire_certattach_request_read(in, &q) == E_OK) {
        check(wire_certattach_request_write(&q, MBYTES_OF(out), &again) == E_OK);
        check(bytes_eq(in, again));
        judge(&q);
    }
}

/* ---- step 5 ---- */

/* The signature is good if its first octet says so. */
static enum certattach_refusal some_operator(void *ctx, struct bytes certificates,
                                             const struct plmn *plmn, int64_t expiry,
                                             struct bytes content, struct bytes signature)
{
    (void)ctx, (void)plmn, (void)expiry;
    check(certificates.n > 0 && content.n <= CERTATTACH_SIGNED_MAX);
    check(signature.n == CERTATTACH_SIGNATURE_LEN);
    return signature.p[0] == 0x2a ? CERTATTACH_REFUSED_NONE : CERTATTACH_REFUSED_SIGNATURE;
}

static enum err some_secret(void *ctx, enum certattach_form form, struct bytes sent,
                            uint8_t secret[static CERTATTACH_SECRET_LEN])
{
    (void)ctx;
    check(sent.n == 33 && (form == CERTATTACH_EC || form == CERTATTACH_RSA));
    memset(secret, sent.p[0], CERTATTACH_SECRET_LEN);
    return form == CERTATTACH_EC ? E_OK : E_UNSUPPORTED;
}

static void take(const struct certattach_result *result, bool expected)
{
    static struct certattach_profile out, zeros;
    uint8_t room[CERTATTACH_PROFILE_MAX];
    const struct certattach_device_port port = {
        .verify = some_operator, .secret = some_secret, .sent_n = 33};
    struct certattach_asked asked = {.asked = true};
    struct device_id id;
    check(plmn_parse(BYTES_LIT("001-01"), &asked.plmn) == E_OK);
    check(device_id_parse(BYTES_LIT("d"), &id) == E_OK);
    const struct certattach_asked before = asked;
    const enum certattach_refusal r =
        certattach_device_take(&crypto, &port, &id, result, MBYTES_OF(room), &asked, &out);
    check(!expected || r == CERTATTACH_REFUSED_NONE || r == CERTATTACH_REFUSED_PROFILE);
    if (r == CERTATTACH_REFUSED_NONE) {
        size_t n;
        check(!asked.asked && certattach_profile_write(&out, room, &n) == E_OK);
    } else {
        check(memcmp(&asked, &before, sizeof asked) == 0);
        check(memcmp(&out, &zeros, sizeof out) == 0);
    }
}

static void try_result(struct bytes in)
{
    static uint8_t out[16384];
    struct certattach_result r;
    struct bytes again;
    if (wire_certattach_result_read(in, &r) == E_OK) {
        check(wire_certattach_result_write(&r, MBYTES_OF(out), &again) == E_OK);
        check(bytes_eq(in, again));
        take(&r, false);
    }
}

/* An operator that the device trusts encrypts this to it. */
static enum err known_agree(void *ctx, struct bytes certificate, enum certattach_form *form,
                            uint8_t *sent, size_t *sent_n,
                            uint8_t secret[static CERTATTACH_SECRET_LEN])
{
    (void)ctx, (void)certificate;
    *form = CERTATTACH_EC;
    *sent_n = 33;
    memset(sent, 2, 33);
    memset(secret, 2, CERTATTACH_SECRET_LEN);
    return E_OK;
}

static enum err known_sign(void *ctx, struct bytes content,
                           uint8_t signature[static CERTATTACH_SIGNATURE_LEN])
{
    (void)ctx, (void)content;
    memset(signature, 0x2a, CERTATTACH_SIGNATURE_LEN);
    return E_OK;
}

static void try_profile(struct bytes in)
{
    static uint8_t room[CERTATTACH_BOX_MAX + CERTATTACH_SIGNATURE_LEN];
    uint8_t out[CERTATTACH_PROFILE_MAX];
    struct certattach_profile profile;
    struct certattach_result result;
    struct certattach_about about = {.nonce = {0}};
    const struct certattach_operator_port port = {.agree = known_agree, .sign = known_sign};
    size_t n;
    if (certattach_profile_read(in, &profile) != E_OK) {
        return;
    }
    check(certattach_profile_write(&profile, out, &n) == E_OK);
    check(bytes_eq(in, (struct bytes){out, n}));
    check(device_id_parse(BYTES_LIT("d"), &about.id) == E_OK);
    check(plmn_parse(BYTES_LIT("001-01"), &about.plmn) == E_OK);
    check(certattach_ausf_protect(&crypto, &port, BYTES_LIT("c"), &about, &profile, 5,
                                  MBYTES_OF(room), &result) == E_OK);
    result.certificates = BYTES_LIT("c");
    take(&result, true);
}

/* ---- the rest ---- */

static void try_record(struct bytes in)
{
    uint8_t out[DEVICE_RECORD_MAX];
    struct device_record r;
    if (device_record_read(in, &r) == E_OK) {
        check(bytes_eq(in, device_record_write(&r, out)));
        check(device_text_check(bytes_of_str(r.model)) == E_OK);
        check(r.status == BINDING_ACTIVE || r.status == BINDING_REVOKED);
    }
}

static void try_inquiry(struct bytes in)
{
    static struct s13_ecr ecr;
    struct diameter_fault fault;
    struct plmn plmn;
    struct bytes value;
    if (s13_ecr_parse(OWN, in, &ecr, &fault) == E_OK &&
        wire_certattach_inquiry_read(&ecr, &value, &plmn) == E_OK) {
        try_request(value);
    }
}

static void try_answer(struct bytes in)
{
    static struct s13_eca eca;
    struct diameter_fault fault;
    struct bytes value;
    if (s13_eca_parse(OWN, in, &eca, &fault) == E_OK &&
        wire_certattach_answer_read(&eca, &value) == E_OK) {
        check(value.n <= WIRE_CERTATTACH_RESULT_MAX);
        try_result(value);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const tries[])(struct bytes in) = {
        try_url, try_request, try_result, try_profile, try_record, try_inquiry, try_answer};
    if (crypto.ctx == NULL && crypto_openssl_open(&crypto) != E_OK) {
        abort();
    }
    if (size > 0) {
        tries[data[0] % (sizeof tries / sizeof tries[0])]((struct bytes){data + 1, size - 1});
    }
    return 0;
}
