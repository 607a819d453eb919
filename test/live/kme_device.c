/* test/live/kme_device.c - a modem with the device library's hooks for procedure kme and nothing
 * else, for test/live/kme_openssl.sh: elements 7E in and out as hex, the keys in a file.
 *
 *   kme_device command LOT.lot.json KEY.pem IMSI MNC-DIGITS IMEI KEYS COMMAND
 *       what it made of the command, and the element that it answers with
 *   kme_device result IMSI MNC-DIGITS KEYS RESULT
 *       what it made of the result
 *
 * KEYS is the file where the library's records are kept; it need not be there. */
#include "device/linux/encrypter_openssl.h"
#include "device/linux/lot_file.h"
#include "device/linux/platform_openssl.h"
#include "device/linux/signer_openssl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX 8192

struct modem {
    struct bindery_ue_crypto crypto;
    struct bindery_ue_keys keys;
    const char *path;
    uint8_t room[BINDERY_UE_KEYS_MAX];
    uint8_t key[SIGNER_KEY_MAX];
    size_t key_n;
};

static void die(const char *what)
{
    fprintf(stderr, "kme_device: %s\n", what);
    exit(2);
}

static size_t load(const char *path, uint8_t *out, size_t room)
{
    FILE *f = fopen(path, "rb");
    size_t n = f != NULL ? fread(out, 1, room, f) : 0;
    if (f != NULL) {
        (void)fclose(f); /* it was read only */
    }
    return n;
}

static bool store(void *ctx, const uint8_t *keys, size_t n)
{
    const struct modem *m = ctx;
    FILE *f = fopen(m->path, "wb");
    bool ok = f != NULL && fwrite(keys, 1, n, f) == n;
    return f != NULL && fclose(f) == 0 && ok;
}

static bool sign(void *ctx, const uint8_t *content, size_t n, uint8_t *signature,
                 size_t *signature_n)
{
    const struct modem *m = ctx;
    return signer_openssl_sign((struct bytes){m->key, m->key_n}, (struct bytes){content, n},
                               signature, signature_n) == E_OK;
}

static void open_modem(struct modem *m, const char *imsi, const char *mnc_digits, const char *path)
{
    uint8_t record[BINDERY_UE_KEYS_MAX];
    size_t n = load(path, record, sizeof record);
    const struct bindery_ue_keys_store where = {m, store, m->room};
    struct bindery_ue_subscription of = {.imsi_n = (uint8_t)strlen(imsi),
                                         .mnc_n = (uint8_t)atoi(mnc_digits)};
    if (of.imsi_n > sizeof of.imsi || platform_openssl_open(&m->crypto) != E_OK) {
        die("no IMSI, or no libcrypto");
    }
    memcpy(of.imsi, imsi, of.imsi_n);
    m->path = path;
    if (bindery_ue_keys_init(&m->keys, &m->crypto, &where, &of, NULL, n > 0 ? record : NULL, n) !=
        BINDERY_UE_OK) {
        die("the keys cannot be read");
    }
}

static size_t from_hex(const char *text, uint8_t *out, size_t room)
{
    size_t n = strlen(text) / 2;
    if (n > room || hex_decode(text, (struct mbytes){out, n}) != E_OK) {
        die("no hex");
    }
    return n;
}

static int command(char **argv)
{
    static struct modem m;
    static uint8_t pem[FILE_MAX], element[BINDERY_UE_KME_ANSWER_MAX];
    struct lot_file lot;
    struct lot_file_why why;
    char text[2 * sizeof element + 1];
    size_t n = sizeof element, pem_n = load(argv[1], pem, sizeof pem);
    if (lot_file_load(argv[0], &lot, &why) != E_OK) {
        die(why.text);
    }
    if (signer_openssl_from_pem((struct bytes){pem, pem_n}, m.key, &m.key_n) != E_OK) {
        die("no private key");
    }
    open_modem(&m, argv[2], argv[3], argv[5]);
    const struct bindery_ue_signer signer = {&m, BINDERY_UE_SIGNATURE_ECDSA_P256, sign};
    const struct bindery_ue_provisioning provisioning = {
        &encrypter_openssl_port, {lot.lot.id.text, lot.lot.modulus, lot.lot.modulus_n}};
    struct bindery_ue_kme_request request = {
        .identity_type = 2, .element = element, .integrity = true, .eea = 2};
    if (strlen(argv[4]) != sizeof request.imei) {
        die("an IMEI has 14 digits here");
    }
    memcpy(request.imei, argv[4], sizeof request.imei);
    request.element_n = from_hex(argv[6], element, sizeof element);
    enum bindery_ue_kme_outcome o =
        bindery_ue_kme_answer(&m.keys, &m.crypto, &signer, &provisioning, &request, element, &n);
    hex_encode((struct bytes){element, n}, text);
    printf("%s %s\n", bindery_ue_kme_outcome_name(o), text);
    lot_file_free(&lot);
    bindery_ue_keys_wipe(&m.keys);
    platform_openssl_close(&m.crypto);
    return 0;
}

static int result(char **argv)
{
    static struct modem m;
    uint8_t element[64];
    open_modem(&m, argv[0], argv[1], argv[2]);
    size_t n = from_hex(argv[3], element, sizeof element);
    enum bindery_ue_kme_outcome o = bindery_ue_kme_result(&m.keys, &m.crypto, element, n, true, 2);
    printf("%s\n", bindery_ue_kme_outcome_name(o));
    bindery_ue_keys_wipe(&m.keys);
    platform_openssl_close(&m.crypto);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 9 && strcmp(argv[1], "command") == 0) {
        return command(argv + 2);
    }
    if (argc == 6 && strcmp(argv[1], "result") == 0) {
        return result(argv + 2);
    }
    fprintf(stderr, "usage: as in the head of test/live/kme_device.c\n");
    return 2;
}
