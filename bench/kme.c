/* bench/kme - how many provisionings of procedure kme one core of a home network does.
 *
 *   bench_kme FOLDER BITS [SECONDS]
 *
 * Steps 7 to 10 as the HSS does them: the payload's container is read, the lot of its IMEI is found
 * among LOTS, the payload is opened with the lot's key of so many bits, the signature verified, the
 * KME put into the subscription, NW_SIG is there. DEVICES devices take turns, each with a key of
 * its own. Warm: the repository's record was verified before. Cold: it is verified each time.
 * FOLDER gets the repository's key. Output: one line each, "case TAB provisionings per second of
 * processor time".
 */
#include "wire/kme.h"
#include "crypto/openssl.h"
#include "lib/kme_ports.h"
#include "lib/measure.h"
#include "net/lot_key.h"
#include "net/verify_key.h"
#include "net/verify_sign.h"
#include "nf/common/devid_port.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define DEVICES 32
#define LOTS    100000
#define KEPT    65536u
#define SPKI_N  91 /* of a P-256 key */

struct device {
    EVP_PKEY *key;
    struct imsi imsi;
    struct imei imei;
    uint8_t spki[SPKI_N], record[BINDING_RECORD_LEN], signature[SIGNATURE_LEN];
    struct devid_credential credential;
    struct kme_home home; /* with a nonce out */
    uint8_t octets[WIRE_KME_PAYLOAD_MAX];
    struct bytes container;
};
struct work {
    const char *folder;
    int64_t at;
    struct crypto crypto;
    struct signer *repository;
    struct devid_verifier *warm, *cold;
    struct lot_key *key;
    struct kme_lot lot;
    struct kme_lot_range ranges[LOTS];
    struct kme_lots lots;
    struct plmn home;
    struct device devices[DEVICES];
};

static void need(bool ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "bench_kme: %s\n", what);
        exit(1);
    }
}

/* ---- ports ---- */

static enum err open_payload(void *ctx, struct bytes encrypted, struct bytes label,
                             struct mbytes out)
{
    return lot_key_open(ctx, encrypted, label, out);
}

/* ---- parties ---- */

static FILE *create(const struct work *w, const char *name, char path[static 256])
{
    need((size_t)snprintf(path, 256, "%s/%s", w->folder, name) < 256, "the folder's name is long");
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;
    need(f != NULL, "a file could not be made in the folder");
    return f;
}

static void make_repository(struct work *w)
{
    static char key_path[256], public_path[256];
    static const char *signer = public_path;
    struct verify_why why;
    EVP_PKEY *key = EVP_EC_gen("P-256");
    FILE *private = create(w, "repository.key", key_path);
    FILE *public = create(w, "repository.pub", public_path);
    bool ok = key != NULL && PEM_write_PrivateKey(private, key, NULL, NULL, 0, NULL, NULL) == 1 &&
              PEM_write_PUBKEY(public, key) == 1;
    bool closed = fclose(private) == 0 && fclose(public) == 0;
    need(ok && closed, "the keys could not be written");
    EVP_PKEY_free(key);
    need(signer_open(key_path, &w->repository, &why) == E_OK, "no signer");
    struct devid_port_options options = {.signers = &signer, .n_signers = 1, .kept = KEPT};
    need(devid_port_open(&options, &w->warm, &why) == E_OK, "no port");
    options.kept = 0;
    need(devid_port_open(&options, &w->cold, &why) == E_OK, "no port");
}

/* The devices' lot is one of many. */
static void make_lots(struct work *w, unsigned bits)
{
    struct kme_lot_overlap overlap;
    const uint64_t first = UINT64_C(35693803000000);
    for (uint32_t i = 0; i < LOTS; i++) {
        const uint64_t at = first + (uint64_t)i * 1000 - (uint64_t)LOTS / 2 * 1000;
        w->ranges[i] = (struct kme_lot_range){{at, at + 999}, i};
    }
    need(lot_key_make(bits, &w->key) == E_OK, "no lot key of so many bits");
    need(kme_lot_make(BYTES_LIT("lot"), BYTES_LIT("maker"), lot_key_modulus(w->key), &w->lot) ==
                 E_OK &&
             kme_lots_of(w->ranges, LOTS, &overlap, &w->lots) == E_OK,
         "no lots");
}

static void make_record(const struct work *w, struct device *d)
{
    unsigned char *p = d->spki;
    need(i2d_PUBKEY(d->key, NULL) == SPKI_N && i2d_PUBKEY(d->key, &p) == SPKI_N, "no public key");
    struct binding_record r = {.imei = d->imei,
                               .use = BINDING_IDENTITY,
                               .form = BINDING_PUBLIC_KEY,
                               .status = BINDING_ACTIVE,
                               .not_before = w->at - 60,
                               .not_after = w->at + 86400,
                               .serial = 1,
                               .issued = w->at - 60};
    need(verify_digest(BYTES_OF(d->spki), r.digest) == E_OK, "no digest");
    binding_record_write(&r, d->record);
    need(signer_sign(w->repository, BYTES_OF(d->record), d->signature) == E_OK, "no signature");
    d->credential = (struct devid_credential){.status = DEVID_FOUND,
                                              .form = BINDING_PUBLIC_KEY,
                                              .spki = BYTES_OF(d->spki),
                                              .record = BYTES_OF(d->record),
                                              .signature = BYTES_OF(d->signature),
                                              .signer = signer_id(w->repository),
                                              .source = DEVID_FROM_REPOSITORY};
}

/* Steps 3 to 6. */
static void make_payload(const struct work *w, struct device *d)
{
    const struct devid_signer signer = kme_port_signer(d->key);
    const struct kme_encrypter encrypter = kme_port_encrypter();
    uint8_t room[KME_MODULUS_MAX];
    const struct kme_device device = {.parties = {d->imsi, d->imei, w->home},
                                      .lot = w->lot.id,
                                      .modulus = {w->lot.modulus, w->lot.modulus_n},
                                      .signer = &signer,
                                      .encrypter = &encrypter,
                                      .room = room};
    struct kme_me me = {.has_active = false};
    struct kme_payload payload;
    need(kme_home_offer(&w->crypto, KME_DUE_FIRST, w->at, 3600, &d->home) == E_OK &&
             kme_me_offer(&w->crypto, &device, d->home.nonce, &me, &payload) == E_OK &&
             wire_kme_payload_write(&payload, MBYTES_OF(d->octets), &d->container) == E_OK,
         "no payload");
}

static void make_device(struct work *w, unsigned i)
{
    struct device *d = &w->devices[i];
    char imei[16], imsi[16];
    (void)snprintf(imei, sizeof imei, "35693803%06u", i * 7);
    (void)snprintf(imsi, sizeof imsi, "00101%010u", i);
    d->key = EVP_EC_gen("P-256");
    need(d->key != NULL && imei_parse(bytes_of_str(imei), &d->imei) == E_OK &&
             imsi_parse(bytes_of_str(imsi), &d->imsi) == E_OK,
         "no device");
    make_record(w, d);
    make_payload(w, d);
}

/* ---- measuring ---- */

static void provision(const struct work *w, const struct devid_verifier *v, const struct device *d)
{
    struct binding_view view = {.policy = BINDING_LEARN};
    struct kme_home home = d->home;
    struct kme_payload payload;
    struct kme_taken taken;
    uint32_t lot = 0;
    need(wire_kme_payload_read(d->container, &payload) == E_OK &&
             kme_lots_find(&w->lots, &payload.imei, &lot) == E_OK && lot == LOTS / 2,
         "the payload cannot be read, or has no lot");
    const struct kme_opener opener = {.ctx = w->key, .open = open_payload};
    const struct kme_arrived arrived = {.payload = &payload,
                                        .imsi = d->imsi,
                                        .imei = &d->imei,
                                        .home = w->home,
                                        .lot = &w->lot,
                                        .opener = &opener,
                                        .port = devid_port_of(v),
                                        .credential = &d->credential,
                                        .at = w->at};
    const struct kme_verdict verdict = kme_home_take(&w->crypto, &view, &home, &arrived, &taken);
    need(verdict.cause == KME_CAUSE_NONE, kme_cause_sentence(verdict.cause));
    need(kme_home_keep(&taken, false, &view, &home) == E_OK, "the key was not kept");
    wipe(&taken, sizeof taken);
}

static void measure(const struct work *w, const char *name, const struct devid_verifier *v,
                    uint64_t ns)
{
    uint64_t n = 0, took = 0;
    for (size_t i = 0; i < DEVICES; i++) {
        provision(w, v, &w->devices[i]);
    }
    for (uint64_t from = cpu_ns(); took < ns; took = cpu_ns() - from) {
        provision(w, v, &w->devices[n++ % DEVICES]);
    }
    printf("%s\t%.1f\n", name, (double)n * 1e9 / (double)took);
}

static void close_all(struct work *w)
{
    for (size_t i = 0; i < DEVICES; i++) {
        EVP_PKEY_free(w->devices[i].key);
    }
    devid_port_close(w->warm);
    devid_port_close(w->cold);
    signer_close(w->repository);
    lot_key_close(w->key);
    crypto_openssl_close(&w->crypto);
}

int main(int argc, char **argv)
{
    static struct work w;
    need(argc >= 3, "usage: bench_kme FOLDER BITS [SECONDS]");
    const unsigned bits = (unsigned)number_or_die(argv[2], "bits", 2048, 4096);
    uint64_t ns = (argc > 3 ? number_or_die(argv[3], "seconds", 1, 60) : 1) * UINT64_C(1000000000);
    w.folder = argv[1];
    w.at = time(NULL);
    need(crypto_openssl_open(&w.crypto) == E_OK && plmn_parse(BYTES_LIT("001-01"), &w.home) == E_OK,
         "no cryptography");
    make_repository(&w);
    make_lots(&w, bits);
    for (unsigned i = 0; i < DEVICES; i++) {
        make_device(&w, i);
    }
    measure(&w, "warm", w.warm, ns);
    measure(&w, "cold", w.cold, ns);
    close_all(&w);
    return 0;
}
