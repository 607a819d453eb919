/* test/live/raw_kme.c - procedure kme against a real HSS, request by request (test/live/kme.sh,
 * test/live/kme_attacks.sh): an MME that can provision, or cannot, and a device that makes payloads
 * as it must or in any other way that an attacker may try.
 *
 *   raw_kme air WORK REALM TCP MME IMSI knows|ignorant [SERVED-IMEI]
 *       2001 NONCE|- regular|processed RAND AUTN
 *   raw_kme ulr WORK REALM TCP MME IMSI IMEI|- knows|ignorant CONTAINER|-
 *       2001 served|barred NW-SIGNATURE|- DIGEST     CODE - - DIGEST
 *     DIGEST is SHA-256 of the answer without what each answer has of its own: identifiers,
 * session. raw_kme make NONCE IMSI IMEI MNC-DIGITS LOT.lot.json KEY.pem [NAME=VALUE...] CONTAINER
 * KME RME NW-SIGNATURE kme, rme: these. sign-nonce, sign-imsi, sign-imei, sign-plmn, sign-label:
 * what is signed instead; label-nonce, label-imsi, label-imei: what the encryption has as label
 * instead; lot: another id; modulus: that of another .lot.json; consent: of this KME; flip: this
 * bit of the encrypted octets; shorter: so many octets cut off; raw: m^e mod N without padding;
 * garbage: random octets below N; inside: so many octets of plaintext. raw_kme try WORK NAME KME|-
 * RAND AUTN the SIM of NAME.sub in a device with this KME is asked: answered, mac-failure, no-kme
 * ... */
#include "raw_link.h"

#include "codec/private.h"
#include "device/linux/signer_openssl.h"
#include "net/lot_key.h"
#include "wire/kme.h"

#include <jansson.h>
#include <openssl/bn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int fail(const char *what)
{
    printf("cannot: %s\n", what);
    return 1;
}

static void put_hex(struct bytes b)
{
    char text[2 * RAW_MESSAGE_MAX + 1];
    if (b.n > RAW_MESSAGE_MAX) {
        abort();
    }
    hex_encode(b, text);
    fputs(b.n > 0 ? text : "-", stdout);
}

/* ---- the MME -----------------------------------------------------------------------------------
 */

static struct raw_link link_;
static struct raw_place place;

/* WORK REALM TCP MME */
static bool connected(char **argv)
{
    place = (struct raw_place){.work = argv[0], .realm = argv[1], .tcp = (uint16_t)atoi(argv[2])};
    link_.fd = -1;
    return raw_enter(&link_, &place, argv[3]);
}

static bool add_features(struct s6a_request *r, const char *knows)
{
    uint32_t bits = OWN_FEATURE_BINDING;
    if (strcmp(knows, "ignorant") == 0) {
        return true;
    }
    return s6a_features_add(r->supported_features, &r->supported_features_n, RAW_OWN_VENDOR,
                            OWN_FEATURE_LIST_ID, bits | OWN_FEATURE_PROVISIONING);
}

static int say_vector(const struct s6a_aia *aia)
{
    const struct s6a_e_utran_vector *v = &aia->authentication_info.e_utran_vector[0];
    uint8_t nonce[KME_NONCE_LEN];
    enum err err = wire_kme_offer_read(&aia->binding_control, nonce);
    if (aia->authentication_info.e_utran_vector_n != 1 || v->autn.n != 16 || v->rand.n != 16) {
        return fail("not one vector");
    }
    if (err != E_OK && err != E_NOT_FOUND) {
        return fail("the offer cannot be read");
    }
    printf("%u ", DIAMETER_SUCCESS);
    put_hex(err == E_OK ? BYTES_OF(nonce) : (struct bytes){NULL, 0});
    printf(v->autn.p[7] & 1 ? " processed " : " regular ");
    put_hex(v->rand);
    printf(" ");
    put_hex(v->autn);
    printf("\n");
    return 0;
}

/* IMSI knows|ignorant [SERVED-IMEI] */
static int air(int argc, char **argv)
{
    static const uint8_t here[] = {0x00, 0xf1, 0x10};
    static struct s6a_aia aia;
    char session[300];
    struct s6a_air a = {.visited_plmn_id = {here, 3}};
    struct diameter_fault fault;
    struct bytes answer;
    size_t n = 0;
    raw_begin(&link_, &a.request, argv[0], session);
    a.requested_eutran_authentication_info.present = true;
    a.requested_eutran_authentication_info.number_of_requested_vectors = DIAMETER_U32_OF(1);
    a.served_imei = argc > 2 ? bytes_of_str(argv[2]) : (struct bytes){NULL, 0};
    if (!add_features(&a.request, argv[1]) ||
        s6a_air_write(RAW_OWN_VENDOR, &a, MBYTES_OF(link_.out), &n) != E_OK ||
        !raw_ask(&link_, n, &answer)) {
        return fail("no answer");
    }
    if (raw_result(answer) != DIAMETER_SUCCESS) {
        printf("%u\n", raw_result(answer));
        return 0;
    }
    if (s6a_aia_parse(RAW_OWN_VENDOR, answer, &aia, &fault) != E_OK) {
        return fail("the AIA cannot be read");
    }
    return say_vector(&aia);
}

/* SHA-256 of an answer, with the identifiers and the session's name blanked. */
static bool digest_of(struct bytes answer, const char *session, uint8_t out[static 32])
{
    static uint8_t copy[RAW_MESSAGE_MAX];
    struct crypto c;
    size_t n = strlen(session);
    if (answer.n > sizeof copy || answer.n < 20 || crypto_openssl_open(&c) != E_OK) {
        return false;
    }
    memcpy(copy, answer.p, answer.n);
    memset(copy + 12, 0, 8);
    for (size_t i = 0; i + n <= answer.n; i++) {
        if (memcmp(copy + i, session, n) == 0) {
            memset(copy + i, 's', n);
        }
    }
    const struct bytes parts[] = {{copy, answer.n}};
    bool good = c.sha256(c.ctx, parts, 1, out) == E_OK;
    crypto_openssl_close(&c);
    return good;
}

static int say_registration(struct bytes answer, const char *session)
{
    static struct s6a_ula ula;
    struct diameter_fault fault;
    uint8_t digest[32], nw_sig[KME_NW_SIG_LEN];
    uint32_t code = raw_result(answer);
    if (!digest_of(answer, session, digest)) {
        return fail("no digest");
    }
    if (code != DIAMETER_SUCCESS) {
        printf("%u - - ", code);
    } else if (s6a_ula_parse(RAW_OWN_VENDOR, answer, &ula, &fault) != E_OK) {
        return fail("the ULA cannot be read");
    } else {
        bool barred = ula.subscription_data.subscriber_status.present &&
                      ula.subscription_data.subscriber_status.v == S6A_BARRED_BY_OPERATOR &&
                      ula.subscription_data.operator_determined_barring.present;
        printf("%u %s ", code, barred ? "barred" : "served");
        enum err err = wire_kme_answer_read(&ula, nw_sig);
        put_hex(err == E_OK ? BYTES_OF(nw_sig) : (struct bytes){NULL, 0});
        printf(" ");
    }
    put_hex(BYTES_OF(digest));
    printf("\n");
    return 0;
}

/* IMSI IMEI|- knows|ignorant CONTAINER|- */
static int ulr(char **argv)
{
    static const uint8_t here[] = {0x00, 0xf1, 0x10};
    static uint8_t container[RAW_MESSAGE_MAX];
    char session[300];
    struct s6a_ulr u = {.visited_plmn_id = {here, 3},
                        .rat_type = DIAMETER_U32_OF(S6A_RAT_EUTRAN),
                        .ulr_flags = DIAMETER_U32_OF(S6A_ULR_S6A_S6D | S6A_ULR_INITIAL_ATTACH)};
    struct bytes answer;
    size_t n = strlen(argv[3]) / 2;
    raw_begin(&link_, &u.request, argv[0], session);
    if (strcmp(argv[1], "-") != 0) {
        u.terminal_information =
            (struct s6a_terminal_information){.present = true, .imei = bytes_of_str(argv[1])};
    }
    if (strcmp(argv[3], "-") != 0) {
        if (n > sizeof container || hex_decode(argv[3], (struct mbytes){container, n}) != E_OK) {
            return fail("no container");
        }
        wire_kme_update_fill((struct bytes){container, n}, &u);
    }
    if (!add_features(&u.request, argv[2]) ||
        s6a_ulr_write(RAW_OWN_VENDOR, &u, MBYTES_OF(link_.out), &n) != E_OK ||
        !raw_ask(&link_, n, &answer)) {
        return fail("no answer");
    }
    return say_registration(answer, session);
}

/* ---- the device --------------------------------------------------------------------------------
 */

struct made {
    struct imsi imsi;
    struct imei imei;
    struct kme_lot lot;
    uint8_t pkcs8[SIGNER_KEY_MAX];
    size_t pkcs8_n;
    struct key_kme kme;
    uint8_t rme[KME_RME_LEN];
    uint8_t nonce[KME_NONCE_LEN];
    uint8_t plain[256];
    size_t plain_n;
    uint8_t encrypted[KME_MODULUS_MAX];
    char **names; /* NAME=VALUE */
    int n_names;
};

static const char *given(const struct made *m, const char *name)
{
    size_t n = strlen(name);
    for (int i = 0; i < m->n_names; i++) {
        if (strncmp(m->names[i], name, n) == 0 && m->names[i][n] == '=') {
            return m->names[i] + n + 1;
        }
    }
    return NULL;
}

static bool read_lot(const char *path, struct kme_lot *out)
{
    json_error_t why;
    uint8_t modulus[KME_MODULUS_MAX];
    json_t *o = json_load_file(path, 0, &why);
    const char *id = json_string_value(json_object_get(o, "id"));
    const char *hex = json_string_value(json_object_get(o, "modulus"));
    size_t n = hex != NULL ? strlen(hex) / 2 : 0;
    bool good =
        id != NULL && n > 0 && n <= sizeof modulus &&
        hex_decode(hex, (struct mbytes){modulus, n}) == E_OK &&
        kme_lot_make(bytes_of_str(id), BYTES_LIT("test"), (struct bytes){modulus, n}, out) == E_OK;
    json_decref(o);
    return good;
}

static bool read_key(const char *path, struct made *m)
{
    char pem[SIGNER_PEM_MAX];
    FILE *f = fopen(path, "re");
    size_t n = f != NULL ? fread(pem, 1, sizeof pem, f) : 0;
    if (f != NULL) {
        (void)fclose(f);
    }
    m->pkcs8_n = sizeof m->pkcs8;
    return n > 0 && signer_openssl_from_pem((struct bytes){(const uint8_t *)pem, n}, m->pkcs8,
                                            &m->pkcs8_n) == E_OK;
}

static bool hex_or(const struct made *m, const char *name, struct mbytes out)
{
    const char *hex = given(m, name);
    return hex == NULL || hex_decode(hex, out) == E_OK;
}

static void item(struct wr *w, struct bytes b)
{
    wr_be16(w, (uint16_t)b.n);
    wr_put(w, b);
}

/* What is signed, each part as it should be or as it was said. By hand, for the label too may be
 * another; the tests of proc/kme.h hold kme_sig_content to the same. */
static bool sign(const struct crypto *c, struct made *m, const struct plmn *home,
                 uint8_t sig[static KME_SIG_LEN])
{
    uint8_t content[512], imsi[IMSI_BCD_LEN], plmn[PLMN_LEN], nonce[KME_NONCE_LEN], consent[32];
    struct imsi who = m->imsi;
    struct plmn where = *home;
    struct key_kme old;
    const char *said = given(m, "sign-imsi");
    const char *imei = given(m, "sign-imei") ? given(m, "sign-imei") : m->imei.digits;
    const char *label = given(m, "sign-label") ? given(m, "sign-label") : KME_SIG_LABEL;
    size_t n = KME_SIG_LEN;
    bool consents = given(m, "consent") != NULL;
    memcpy(nonce, m->nonce, sizeof nonce);
    if ((said != NULL && imsi_parse(bytes_of_str(said), &who) != E_OK) ||
        (given(m, "sign-plmn") != NULL &&
         plmn_parse(bytes_of_str(given(m, "sign-plmn")), &where) != E_OK) ||
        !hex_or(m, "sign-nonce", MBYTES_OF(nonce)) || !hex_or(m, "consent", MBYTES_OF(old.b)) ||
        (consents && kme_consent(c, &old, nonce, consent) != E_OK)) {
        return false;
    }
    struct wr w = wr_of(MBYTES_OF(content));
    imsi_to_bcd(&who, imsi);
    plmn_to_octets(&where, plmn);
    item(&w, bytes_of_str(label));
    item(&w, BYTES_OF(m->kme.b));
    item(&w, bytes_of_str(imei));
    item(&w, BYTES_OF(imsi));
    item(&w, BYTES_OF(plmn));
    item(&w, BYTES_OF(m->rme));
    item(&w, BYTES_OF(nonce));
    item(&w, (struct bytes){consent, consents ? sizeof consent : 0});
    return signer_openssl_sign((struct bytes){m->pkcs8, m->pkcs8_n}, wr_done(&w), sig, &n) ==
               E_OK &&
           n == KME_SIG_LEN;
}

/* m^e mod N, and nothing else. */
static bool encrypt_raw(struct bytes modulus, struct bytes plain, uint8_t *out)
{
    BN_CTX *ctx = BN_CTX_new();
    BIGNUM *n = BN_bin2bn(modulus.p, (int)modulus.n, NULL), *e = BN_new();
    BIGNUM *x = BN_bin2bn(plain.p, (int)plain.n, NULL);
    bool good = ctx != NULL && n != NULL && x != NULL && e != NULL &&
                BN_set_word(e, KME_RSA_EXPONENT) == 1 && BN_mod_exp(x, x, e, n, ctx) == 1 &&
                BN_bn2binpad(x, out, (int)modulus.n) == (int)modulus.n;
    BN_free(n);
    BN_free(e);
    BN_free(x);
    BN_CTX_free(ctx);
    return good;
}

static bool encrypt(const struct crypto *c, struct made *m)
{
    uint8_t label[KME_OAEP_LABEL_LEN], nonce[KME_NONCE_LEN];
    struct imsi imsi = m->imsi;
    struct imei imei = m->imei;
    struct kme_lot lot = m->lot;
    const struct bytes plain = {m->plain, m->plain_n};
    const char *said = given(m, "modulus");
    memcpy(nonce, m->nonce, sizeof nonce);
    if ((said != NULL && !read_lot(said, &lot)) || !hex_or(m, "label-nonce", MBYTES_OF(nonce)) ||
        (given(m, "label-imsi") != NULL &&
         imsi_parse(bytes_of_str(given(m, "label-imsi")), &imsi) != E_OK) ||
        (given(m, "label-imei") != NULL &&
         imei_parse(bytes_of_str(given(m, "label-imei")), &imei) != E_OK)) {
        return false;
    }
    const struct bytes modulus = {lot.modulus, lot.modulus_n};
    m->lot.modulus_n = lot.modulus_n;
    kme_oaep_label(&imsi, &imei, nonce, label);
    if (given(m, "garbage") != NULL) {
        bool good = c->random(c->ctx, (struct mbytes){m->encrypted, modulus.n}) == E_OK;
        m->encrypted[0] = 0; /* below N */
        return good;
    }
    return given(m, "raw") != NULL
               ? encrypt_raw(modulus, plain, m->encrypted)
               : lot_key_encrypt(modulus, BYTES_OF(label), plain, m->encrypted) == E_OK;
}

static bool make_plain(const struct crypto *c, struct made *m, const struct plmn *home)
{
    uint8_t sig[KME_SIG_LEN];
    if (c->random(c->ctx, MBYTES_OF(m->kme.b)) != E_OK ||
        c->random(c->ctx, MBYTES_OF(m->rme)) != E_OK || !hex_or(m, "kme", MBYTES_OF(m->kme.b)) ||
        !hex_or(m, "rme", MBYTES_OF(m->rme)) || !sign(c, m, home, sig)) {
        return false;
    }
    memcpy(m->plain, m->kme.b, KME_LEN);
    memcpy(m->plain + KME_LEN, sig, KME_SIG_LEN);
    memcpy(m->plain + KME_LEN + KME_SIG_LEN, m->rme, KME_RME_LEN);
    m->plain_n = given(m, "inside") ? (size_t)atoi(given(m, "inside")) : KME_PLAINTEXT_LEN;
    return m->plain_n <= sizeof m->plain;
}

static bool say_payload(const struct crypto *c, struct made *m)
{
    uint8_t room[WIRE_KME_PAYLOAD_MAX], nw_sig[KME_NW_SIG_LEN];
    const char *flip = given(m, "flip"), *lot = given(m, "lot");
    struct kme_payload p = {.imsi = m->imsi, .imei = m->imei, .lot = m->lot.id};
    struct bytes value;
    if (flip != NULL) {
        m->encrypted[atoi(flip) / 8] ^= (uint8_t)(0x80u >> atoi(flip) % 8);
    }
    p.encrypted = (struct bytes){m->encrypted, m->lot.modulus_n};
    if ((lot != NULL && kme_lot_id_parse(bytes_of_str(lot), &p.lot) != E_OK) ||
        wire_kme_payload_write(&p, MBYTES_OF(room), &value) != E_OK ||
        kme_nw_sig(c, &m->kme, m->rme, nw_sig) != E_OK) {
        return false;
    }
    put_hex(value);
    printf(" ");
    put_hex(BYTES_OF(m->kme.b));
    printf(" ");
    put_hex(BYTES_OF(m->rme));
    printf(" ");
    put_hex(BYTES_OF(nw_sig));
    printf("\n");
    return true;
}

/* NONCE IMSI IMEI MNC-DIGITS LOT KEY [NAME=VALUE...] */
static int make(int argc, char **argv)
{
    static struct made m;
    struct plmn home = {.mcc = ""};
    struct crypto c;
    int digits = atoi(argv[3]);
    m.names = argv + 6;
    m.n_names = argc - 6;
    if (hex_decode(argv[0], MBYTES_OF(m.nonce)) != E_OK ||
        imsi_parse(bytes_of_str(argv[1]), &m.imsi) != E_OK ||
        imei_parse(bytes_of_str(argv[2]), &m.imei) != E_OK || (digits != 2 && digits != 3) ||
        !read_lot(argv[4], &m.lot) || !read_key(argv[5], &m)) {
        return fail("what it is made of");
    }
    memcpy(home.mcc, argv[1], 3);
    memcpy(home.mnc, argv[1] + 3, (size_t)digits);
    if (crypto_openssl_open(&c) != E_OK || !make_plain(&c, &m, &home) || !encrypt(&c, &m) ||
        !say_payload(&c, &m)) {
        return fail("a payload");
    }
    crypto_openssl_close(&c);
    return 0;
}

/* WORK NAME KME|- RAND AUTN */
static int try(char **argv)
{
    static struct raw_subscriber sub;
    const struct raw_place at = {.work = argv[0]};
    struct binding_me me = {.has_kme = strcmp(argv[2], "-") != 0};
    struct usim_answer answer;
    struct crypto c;
    struct autn autn;
    uint8_t rand[16];
    char file[64];
    snprintf(file, sizeof file, "%s.sub", argv[1]);
    if (raw_subscribers(&at, file, &sub, 1) != 1 ||
        (me.has_kme && hex_decode(argv[2], MBYTES_OF(me.kme.b)) != E_OK) ||
        hex_decode(argv[3], MBYTES_OF(rand)) != E_OK ||
        hex_decode(argv[4], MBYTES_OF(autn.b)) != E_OK || crypto_openssl_open(&c) != E_OK) {
        return fail("a SIM and a challenge");
    }
    struct usim usim = {.keys = sub.keys};
    printf("%s\n",
           binding_me_outcome_name(binding_me_challenge(&c, &me, &usim, rand, &autn, &answer)));
    crypto_openssl_close(&c);
    return 0;
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    int rc = 2;
    if (strcmp(what, "air") == 0 && argc >= 8) {
        rc = connected(argv + 2) ? air(argc - 6, argv + 6) : fail("no connection");
        raw_close(&link_);
    } else if (strcmp(what, "ulr") == 0 && argc == 10) {
        rc = connected(argv + 2) ? ulr(argv + 6) : fail("no connection");
        raw_close(&link_);
    } else if (strcmp(what, "make") == 0 && argc >= 8) {
        rc = make(argc - 2, argv + 2);
    } else if (strcmp(what, "try") == 0 && argc == 7) {
        rc = try(argv + 2);
    } else {
        fprintf(stderr, "usage: %s air|ulr|make|try ...\n", argv[0]);
    }
    return rc;
}
