/* bench/onboarding - how many onboardings of procedure certattach one core of an AUSF does.
 *
 *   bench_onboarding FOLDER CASE [SECONDS]
 *
 * Steps 2 and 3 as the AUSF does them when the authority's site has answered: the request's
 * container is read, the device's record and chain are verified (and the proof of its IMEI, in a
 * CASE that ends with "-proof"), Ki and OPc are drawn, the profile is encrypted to the device's key
 * and signed, the result's container is written. DEVICES devices take turns; nothing is remembered
 * of any of them. FOLDER has records.key and .pub (the site's), ca.pem and device-N.pem for N from
 * 0 (in DER beside it: .der), operator.pem and operator.key. Output: onboardings per second of
 * processor time.
 */
#include "crypto/openssl.h"
#include "lib/kme_ports.h"
#include "lib/measure.h"
#include "net/verify_key.h"
#include "net/verify_sign.h"
#include "nf/common/onboard_port.h"
#include "wire/certattach.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DEVICES 24 /* more than are remembered (net/verify_seen.h) */
#define SPKI_N  91 /* of a P-256 key */
#define DER_MAX 4096

struct device {
    EVP_PKEY *identity; /* NULL: it has none */
    struct device_id id;
    struct imei imei;
    char url[CERTATTACH_URL_MAX + 1];
    uint8_t der[DER_MAX];
    struct bytes certificate;
    uint8_t octets[DEVICE_RECORD_MAX], signature[SIGNATURE_LEN];
    struct bytes record;
    uint8_t spki[SPKI_N], binding[BINDING_RECORD_LEN], bound[SIGNATURE_LEN];
    uint8_t room[WIRE_CERTATTACH_REQUEST_MAX];
    struct bytes request;
};
struct work {
    const char *folder;
    int64_t at;
    struct crypto crypto;
    struct signer *site;
    struct onboard_signer *signer;
    struct onboard_operator *operator;
    struct onboard_authority *authority;
    struct plmn plmn;
    struct device devices[DEVICES];
};

static void need(bool ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "bench_onboarding: %s\n", what);
        exit(1);
    }
}

/* ---- parties ---- */

static void name(const struct work *w, const char *file, char path[static 256])
{
    need((size_t)snprintf(path, 256, "%s/%s", w->folder, file) < 256, "the folder's name is long");
}

static void open_parties(struct work *w)
{
    static char key[256], pub[256], ca[256], certificate[256], operator_key[256];
    static const char *signers = pub;
    struct verify_why why = {"?"};
    name(w, "records.key", key);
    name(w, "records.pub", pub);
    name(w, "ca.pem", ca);
    name(w, "operator.pem", certificate);
    name(w, "operator.key", operator_key);
    const struct onboard_authority_options options = {
        .signers = &signers, .n_signers = 1, .roots = ca};
    need(crypto_openssl_open(&w->crypto) == E_OK &&
             plmn_parse(BYTES_LIT("001-01"), &w->plmn) == E_OK,
         "no cryptography");
    need(signer_open(key, &w->site, &why) == E_OK, why.text);
    need(onboard_signer_open(certificate, operator_key, &w->signer, &why) == E_OK, why.text);
    need(onboard_operator_open(w->signer, &w->operator) == E_OK, "no operator");
    need(onboard_authority_open(&options, &w->authority, &why) == E_OK, why.text);
    need(onboard_operator_serves(w->signer, &w->plmn, w->at), "the operator is none of 001-01");
}

static void read_certificate(const struct work *w, struct device *d, unsigned i)
{
    char file[32], path[256];
    (void)snprintf(file, sizeof file, "device-%u.der", i);
    name(w, file, path);
    FILE *f = fopen(path, "re");
    need(f != NULL, "a device's certificate is missing");
    d->certificate = (struct bytes){d->der, fread(d->der, 1, sizeof d->der, f)};
    need(fclose(f) == 0 && d->certificate.n > 0, "a device's certificate is empty");
}

static void make_record(const struct work *w, struct device *d)
{
    struct device_record r = {.id = d->id,
                              .imei = d->imei,
                              .manufacturer = "bench",
                              .model = "meter",
                              .serial_number = "1",
                              .status = BINDING_ACTIVE,
                              .serial = 1,
                              .issued = w->at - 60};
    need(verify_digest(d->certificate, r.digest) == E_OK, "no digest");
    d->record = device_record_write(&r, d->octets);
    need(signer_sign(w->site, d->record, d->signature) == E_OK, "no signature");
}

static void make_identity(const struct work *w, struct device *d)
{
    unsigned char *p = d->spki;
    d->identity = EVP_EC_gen("P-256");
    need(d->identity != NULL && i2d_PUBKEY(d->identity, &p) == SPKI_N, "no key");
    struct binding_record r = {.imei = d->imei,
                               .use = BINDING_IDENTITY,
                               .form = BINDING_PUBLIC_KEY,
                               .status = BINDING_ACTIVE,
                               .not_before = w->at - 60,
                               .not_after = w->at + 86400,
                               .serial = 1,
                               .issued = w->at - 60};
    need(verify_digest(BYTES_OF(d->spki), r.digest) == E_OK, "no digest");
    binding_record_write(&r, d->binding);
    need(signer_sign(w->site, BYTES_OF(d->binding), d->bound) == E_OK, "no signature");
}

/* Step 1. */
static void make_request(const struct work *w, struct device *d)
{
    uint8_t signature[DEVID_SIGNATURE_MAX];
    struct certattach_asked asked;
    struct certattach_request request;
    const struct devid_signer signer = kme_port_signer(d->identity);
    const struct certattach_device device = {
        .url = bytes_of_str(d->url),
        .imei = d->imei,
        .signer = d->identity != NULL ? &signer : NULL,
    };
    need(certattach_device_ask(&w->crypto, &device, &w->plmn, signature, &asked, &request) ==
                 E_OK &&
             wire_certattach_request_write(&request, MBYTES_OF(d->room), &d->request) == E_OK,
         "no request");
}

static void make_device(struct work *w, unsigned i, bool proof)
{
    struct device *d = &w->devices[i];
    char imei[16], id[16];
    (void)snprintf(imei, sizeof imei, "35693803%06u", i * 7);
    (void)snprintf(id, sizeof id, "device-%u", i);
    (void)snprintf(d->url, sizeof d->url, "https://ca.example.org/DeviceID=%s", id);
    need(imei_parse(bytes_of_str(imei), &d->imei) == E_OK &&
             device_id_parse(bytes_of_str(id), &d->id) == E_OK,
         "no device");
    read_certificate(w, d, i);
    make_record(w, d);
    if (proof) {
        make_identity(w, d);
    }
    make_request(w, d);
}

/* ---- measuring ---- */

static void context_of(const struct work *w, const struct device *d, struct certattach_context *c)
{
    *c = (struct certattach_context){.record = d->record,
                                     .signature = BYTES_OF(d->signature),
                                     .signer = signer_id(w->site),
                                     .n_chain = 1,
                                     .chain = {d->certificate},
                                     .has_identity = d->identity != NULL};
    if (c->has_identity) {
        c->identity = (struct devid_credential){.status = DEVID_FOUND,
                                                .form = BINDING_PUBLIC_KEY,
                                                .spki = BYTES_OF(d->spki),
                                                .record = BYTES_OF(d->binding),
                                                .signature = BYTES_OF(d->bound),
                                                .signer = signer_id(w->site),
                                                .source = DEVID_FROM_REPOSITORY};
    }
}

static void verify(const struct work *w, const struct device *d, struct certattach_request *request,
                   struct certattach_arrived *arrived)
{
    struct certattach_url url;
    struct certattach_context context;
    struct device_record record;
    enum certattach_cause why = CERTATTACH_NONE;
    const struct certattach_held held = {.phase = CERTATTACH_PHASE_NEW};
    need(wire_certattach_request_read(d->request, request) == E_OK &&
             certattach_url_parse(request->url, &url) == E_OK,
         "the request cannot be read");
    *arrived = (struct certattach_arrived){
        .request = request, .id = url.id, .imei = d->imei, .plmn = w->plmn, .at = w->at};
    context_of(w, d, &context);
    why = certattach_ausf_verify(&w->crypto, onboard_authority_port(w->authority), arrived,
                                 &context, &record);
    need(why == CERTATTACH_NONE, certattach_cause_sentence(why));
    need(certattach_ausf_decide(&held, &record, true, &why) == CERTATTACH_DRAW,
         "no subscription is drawn");
}

static size_t onboard(const struct work *w, const struct device *d)
{
    uint8_t room[CERTATTACH_BOX_MAX + CERTATTACH_SIGNATURE_LEN], octets[WIRE_CERTATTACH_RESULT_MAX];
    struct certattach_request request;
    struct certattach_arrived arrived;
    struct certattach_result result;
    struct bytes value = {NULL, 0};
    verify(w, d, &request, &arrived);
    struct certattach_profile profile = {
        .keys = {.algorithm = AKA_MILENAGE, .k = {.n = 16}, .opc = {.n = 16}, .res_len = 8},
        .home = w->plmn,
        .policy = BINDING_LEARN,
        .n_apns = 1,
        .apns = {"internet"}};
    struct certattach_about about = {.id = arrived.id, .plmn = w->plmn};
    memcpy(about.nonce, request.nonce, sizeof about.nonce);
    need(imsi_parse(BYTES_LIT("001010000500001"), &profile.imsi) == E_OK &&
             certattach_ausf_draw(&w->crypto, &about.id, &w->plmn, &profile.keys, about.nonce_1) ==
                 E_OK,
         "nothing was drawn");
    need(certattach_ausf_protect(&w->crypto, onboard_operator_port(w->operator), d->certificate,
                                 &about, &profile, w->at + 120, MBYTES_OF(room), &result) == E_OK,
         "nothing was encrypted");
    result.certificates = onboard_signer_chain(w->signer);
    need(wire_certattach_result_write(&result, MBYTES_OF(octets), &value) == E_OK, "no result");
    wipe(&profile, sizeof profile);
    return value.n;
}

static void close_all(struct work *w)
{
    for (size_t i = 0; i < DEVICES; i++) {
        EVP_PKEY_free(w->devices[i].identity);
    }
    onboard_authority_close(w->authority);
    onboard_operator_close(w->operator);
    onboard_signer_close(w->signer);
    signer_close(w->site);
    crypto_openssl_close(&w->crypto);
}

int main(int argc, char **argv)
{
    static struct work w;
    need(argc >= 3, "usage: bench_onboarding FOLDER CASE [SECONDS]");
    uint64_t ns = (argc > 3 ? number_or_die(argv[3], "seconds", 1, 60) : 1) * UINT64_C(1000000000);
    const bool proof = strstr(argv[2], "-proof") != NULL;
    uint64_t n = 0, took = 0;
    w.folder = argv[1];
    w.at = time(NULL);
    open_parties(&w);
    for (unsigned i = 0; i < DEVICES; i++) {
        make_device(&w, i, proof);
        (void)onboard(&w, &w.devices[i]);
    }
    for (uint64_t from = cpu_ns(); took < ns; took = cpu_ns() - from) {
        (void)onboard(&w, &w.devices[n++ % DEVICES]);
    }
    printf("onboardings.per.second\t%.1f\noctets.request\t%zu\noctets.result\t%zu\n",
           (double)n * 1e9 / (double)took, w.devices[0].request.n, onboard(&w, &w.devices[0]));
    close_all(&w);
    return 0;
}
