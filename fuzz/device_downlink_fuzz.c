/* A device and a hostile network that holds its keys: a sequence of PDUs, in clear or well
 * protected, of what the lower layers say, of time and of wishes, brought to a device that has got
 * as far as the first octet says, with the key that it says; one with a key has a lot too. Whatever
 * comes: nothing crashes, what comes out is a PDU, a device that was switched off is deregistered,
 * and its image and its keys read back.
 *
 * After the first octet a record is: what (1), length (1), that many octets.
 */
#include "codec/nas.h"
#include "crypto/kdf.h"
#include "crypto/openssl.h"
#include "device/bindery_ue.h"
#include "device/linux/platform_openssl.h"
#include "nassec/nassec.h"
#include "proc/kme.h"
#include <stdlib.h>
#include <string.h>

static struct bindery_ue_crypto table;
static struct crypto crypto;
static uint8_t image[BINDERY_UE_IMAGE_MAX];
static size_t image_n;
static uint8_t record[BINDERY_UE_KEYS_MAX];
static size_t record_n;
static uint8_t drawn;

struct world {
    struct bindery_ue ue;
    struct nas_security network;
    bool secured;
    uint8_t kind; /* of its key */
    struct bindery_ue_signer signer;
    struct bindery_ue_provisioning provisioning;
    uint64_t now;
    uint8_t buffer[BINDERY_UE_BUFFER_MIN];
};

static void must(bool held)
{
    if (!held) {
        abort();
    }
}

static bool store(void *ctx, const uint8_t *octets, size_t n)
{
    (void)ctx;
    must(n <= sizeof image);
    memcpy(image, octets, n);
    image_n = n;
    return true;
}

static bool store_keys(void *ctx, const uint8_t *octets, size_t n)
{
    (void)ctx;
    must(n <= sizeof record);
    memcpy(record, octets, n);
    record_n = n;
    return octets[n - 1] % 8 != 0; /* a flash that fails now and then has written all the same */
}

/* The same input gives the same run. */
static bool draw(void *ctx, uint8_t *out, size_t n)
{
    (void)ctx;
    memset(out, ++drawn, n);
    return drawn % 16 != 0;
}

/* Any challenge is right: the keys are those that the network uses below. */
static enum bindery_ue_usim_status usim(void *ctx, const uint8_t rand[16], const uint8_t autn[16],
                                        struct bindery_ue_usim_answer *out)
{
    (void)ctx;
    memset(out, 0, sizeof *out);
    out->res_n = 8;
    memcpy(out->auts, autn, 14);
    return (enum bindery_ue_usim_status)(rand[0] % 4);
}

/* A key by the device's number: of this algorithm, or one that is none; it fails now and then. */
static bool sign(void *ctx, const uint8_t *content, size_t n, uint8_t *signature,
                 size_t *signature_n)
{
    const uint8_t *kind = ctx;
    must(n == DEVID_CONTENT_LEN ? *signature_n == BINDERY_UE_SIGNATURE_MAX
                                : n <= KME_SIG_CONTENT_MAX && *signature_n == KME_SIG_LEN);
    *signature_n = *kind == BINDERY_UE_SIGNATURE_RSA_PSS ? BINDERY_UE_SIGNATURE_MAX : KME_SIG_LEN;
    const uint8_t any = content[n == DEVID_CONTENT_LEN ? n - 1 : sizeof KME_SIG_LABEL + 4];
    memset(signature, any, *signature_n);
    return any % 8 != 0;
}

static bool encrypt(void *ctx, const uint8_t *modulus, size_t modulus_n, const uint8_t *label,
                    size_t label_n, const uint8_t *plain, size_t plain_n, uint8_t *out)
{
    (void)ctx;
    must(label_n == KME_OAEP_LABEL_LEN && plain_n == KME_PLAINTEXT_LEN);
    memcpy(out, modulus, modulus_n);
    memcpy(out, label, label_n);
    return plain[0] % 8 != 0;
}

static void take(struct world *w)
{
    struct bindery_ue_uplink up;
    struct bindery_ue_event e;
    struct nas_pdu pdu;
    while (bindery_ue_uplink(&w->ue, &up)) {
        must(nas_peek((struct bytes){up.pdu, up.n}, &pdu) == E_OK);
    }
    while (bindery_ue_next_event(&w->ue, &e)) {
        must(bindery_ue_event_name(e.kind)[0] != '\0');
        /* Nobody learns of the IMEI's proof, or gets a KME, in clear. */
        must((e.kind != BINDERY_UE_EVENT_PROVED && e.kind != BINDERY_UE_EVENT_KME_OFFERED) ||
             (e.secured && w->secured));
    }
}

static void down(struct world *w, struct bytes pdu)
{
    uint8_t *exact = malloc(pdu.n > 0 ? pdu.n : 1);
    must(exact != NULL);
    if (pdu.n > 0) {
        memcpy(exact, pdu.p, pdu.n);
    }
    (void)bindery_ue_downlink(&w->ue, w->now, exact, pdu.n);
    free(exact);
    take(w);
}

static void down_protected(struct world *w, uint8_t sht, struct bytes plain)
{
    uint8_t out[300];
    size_t n = 0;
    if (w->secured && nassec_protect(&crypto, &w->network, sht, plain,
                                     (struct mbytes){out, sizeof out}, &n) == E_OK) {
        down(w, (struct bytes){out, n});
    }
}

/* A challenge that holds and a right SECURITY MODE COMMAND. */
static void secure(struct world *w)
{
    static const uint8_t challenge[] = {0x07, 0x52, 1, [19] = 0x10, 0,    0,
                                        0,    0,    0, 0,           0x80, [35] = 0};
    static const uint8_t command[] = {0x07, 0x5d, 0x22, 1, 2, 0xf0, 0x70};
    struct nassec_agreement agreed = {
        .side = NASSEC_MME, .ksi = 1, .eea = NAS_EEA2, .eia = NAS_EIA2};
    static const struct key_ck ck;
    static const struct key_ik ik;
    static const uint8_t sn[3] = {0x00, 0xf1, 0x10}, sqn[6];
    uint8_t pdu[36] = {0};
    memcpy(pdu, challenge, sizeof challenge);
    down(w, (struct bytes){pdu, sizeof pdu});
    must(kdf_kasme(&crypto, &ck, &ik, sn, sqn, &agreed.kasme) == E_OK &&
         nassec_establish(&crypto, &agreed, &w->network) == E_OK);
    w->secured = true;
    down_protected(w, NAS_SHT_INTEGRITY_NEW, (struct bytes){command, sizeof command});
}

static void begin(struct world *w, uint8_t how)
{
    static const uint8_t accept[] = {0x07, 0x42, 0x01, 0x21, 6,    0,  0x00, 0xf1, 0x10,
                                     0,    1,    0,    14,   0x52, 1,  0xc1, 1,    9,
                                     2,    1,    'a',  5,    1,    10, 0,    0,    2};
    const struct bindery_ue_cell cell = {.plmn = {0x00, 0xf1, 0x10}, .tac = 1};
    if (how % 4 == 0) {
        return;
    }
    must(bindery_ue_camp(&w->ue, w->now, &cell) == BINDERY_UE_OK);
    take(w);
    must(bindery_ue_attach(&w->ue, w->now) == BINDERY_UE_OK);
    take(w);
    if (how % 4 >= 2) {
        secure(w);
    }
    if (how % 4 == 3) {
        down_protected(w, NAS_SHT_CIPHERED, (struct bytes){accept, sizeof accept});
        must(bindery_ue_state(&w->ue) == BINDERY_UE_STATE_REGISTERED);
    }
}

static void other(struct world *w, uint8_t what, struct bytes v)
{
    const struct bindery_ue_cell cell = {.plmn = {0x00, 0xf1, 0x10}, .tac = v.n > 0 ? v.p[0] : 1};
    const uint64_t due = bindery_ue_deadline(&w->ue);
    switch (what % 7) {
    case 0:
        w->now = due != BINDERY_UE_NEVER && due > w->now ? due : w->now + 1;
        (void)bindery_ue_tick(&w->ue, w->now);
        break;
    case 1:
        (void)bindery_ue_lower(&w->ue, w->now, (enum bindery_ue_lower)(cell.tac % 5));
        break;
    case 2:
        (void)bindery_ue_camp(&w->ue, w->now, &cell);
        break;
    case 3:
        (void)bindery_ue_attach(&w->ue, w->now);
        break;
    case 4:
        (void)bindery_ue_detach(&w->ue, w->now, cell.tac % 2 == 0);
        break;
    case 5:
        (void)bindery_ue_service(&w->ue, w->now, cell.tac % 2 == 0);
        break;
    default:
        secure(w);
        break;
    }
    take(w);
}

static enum bindery_ue_result boot(struct world *w, const uint8_t *octets, size_t n)
{
    static const struct bindery_ue_settings settings = {
        .eea = 0xf0, .eia = 0x70, .pdn_type = 1, .apn = "a", .unprotected_limit = 3};
    static const uint8_t kme[BINDERY_UE_KME_SIZE] = {1};
    const struct bindery_ue_host host = {.usim = usim,
                                         .store = store,
                                         .signer = w->kind > 0 ? &w->signer : NULL,
                                         .provisioning = w->kind > 0 ? &w->provisioning : NULL,
                                         .store_keys = store_keys};
    const struct bindery_ue_identity identity = {
        .imsi = {'0', '0', '1', '0', '1', '0', '0', '0', '0', '0', '0', '0', '0', '0', '1'},
        .imsi_n = 15,
        .imeisv = {'3', '5', '6', '9', '3', '8', '0', '3', '5', '6', '4', '3', '8', '0', '9', '9'},
        .kme = kme,
        .keys = record_n > 0 ? record : NULL,
        .keys_n = record_n};
    return bindery_ue_init(&w->ue, &table, &host, &settings, &identity, w->buffer, sizeof w->buffer,
                           octets, n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct bindery_ue_encrypter encrypter = {.encrypt = encrypt};
    static const uint8_t modulus[BINDERY_UE_MODULUS_MIN] = {0x80, [BINDERY_UE_MODULUS_MIN - 1] = 1};
    struct world w = {.now = 1000, .provisioning = {&encrypter, {"lot", modulus, sizeof modulus}}};
    struct rd r = rd_of((struct bytes){data, size});
    if (table.ctx == NULL) {
        must(platform_openssl_open(&table) == E_OK && crypto_openssl_open(&crypto) == E_OK);
        table.random = draw;
    }
    image_n = 0;
    record_n = 0;
    drawn = 0;
    w.kind = size > 0 ? data[0] / 4 % 8 : 0;
    w.signer = (struct bindery_ue_signer){.ctx = &w.kind, .algorithm = w.kind, .sign = sign};
    must(boot(&w, NULL, 0) == BINDERY_UE_OK);
    begin(&w, rd_u8(&r));
    for (unsigned i = 0; i < 64 && rd_left(&r) > 1; i++) {
        const uint8_t what = rd_u8(&r);
        struct bytes v = rd_take(&r, rd_u8(&r));
        if (what < 0x40) {
            down(&w, v);
        } else if (what < 0xc0) {
            down_protected(&w, (uint8_t)(1 + what % 4), v);
        } else {
            other(&w, what, v);
        }
    }
    must(bindery_ue_detach(&w.ue, w.now, true) == BINDERY_UE_OK);
    take(&w);
    must(bindery_ue_state(&w.ue) == BINDERY_UE_STATE_DEREGISTERED);
    must(image_n == 0 || boot(&w, image, image_n) == BINDERY_UE_OK);
    return 0;
}
