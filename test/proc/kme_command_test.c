/* proc/kme.h against the openssl command: it opens and verifies what a device makes, and the home
 * network takes what it makes. */
#include "proc/kme_rig.h"

#include <openssl/pem.h>
#include <stdio.h>
#include <unistd.h>

static struct krig k;
static char folder[32];

static const char *path_of(const char *name)
{
    static char path[64];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static int folder_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/kme-command-XXXXXX");
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int folder_down(void **state)
{
    (void)state;
    char command[64];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

static void save(const char *name, struct bytes in)
{
    FILE *f = fopen(path_of(name), "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(in.p, 1, in.n, f), in.n);
    fclose(f);
}

static size_t load(const char *name, struct mbytes out)
{
    FILE *f = fopen(path_of(name), "rb");
    assert_non_null(f);
    size_t n = fread(out.p, 1, out.n, f);
    fclose(f);
    return n;
}

/* The device's and the lot's keys, both halves. */
static void export_keys(void)
{
    FILE *lot = fopen(path_of("lot.key"), "w");
    assert_non_null(lot);
    assert_int_equal(PEM_write_PrivateKey(lot, k.lot_key, NULL, NULL, 0, NULL, NULL), 1);
    fclose(lot);
    FILE *n = fopen(path_of("lot.pub"), "w");
    assert_int_equal(PEM_write_PUBKEY(n, k.lot_key), 1);
    fclose(n);
    FILE *device = fopen(path_of("device.key"), "w");
    assert_int_equal(PEM_write_PrivateKey(device, k.rig.device, NULL, NULL, 0, NULL, NULL), 1);
    fclose(device);
    FILE *pub = fopen(path_of("device.pub"), "w");
    assert_int_equal(PEM_write_PUBKEY(pub, k.rig.device), 1);
    fclose(pub);
}

static void run(bool good, const char *command)
{
    char line[600];
    snprintf(line, sizeof line, "cd '%s' && { %.500s; } >log 2>&1", folder, command);
    assert_int_equal(system(line) == 0, good);
}

/* RSAES-OAEP as the command is told to do it; `label` of the offer that is out. */
static void pkeyutl(bool good, const char *what, const char *files)
{
    uint8_t label[KME_OAEP_LABEL_LEN];
    char hex[2 * KME_OAEP_LABEL_LEN + 1], command[500];
    kme_oaep_label(&k.parties.imsi, &k.parties.imei, k.home.nonce, label);
    hex_encode(BYTES_OF(label), hex);
    snprintf(command, sizeof command,
             "openssl pkeyutl %s %s -pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256 "
             "-pkeyopt rsa_mgf1_md:sha256 -pkeyopt rsa_oaep_label:%s",
             what, files, hex);
    run(good, command);
}

#define DECRYPT "-decrypt -inkey lot.key"
#define ENCRYPT "-encrypt -pubin -inkey lot.pub"

/*= test kme-padding kme-covers kme-nwsig kme-5b kme-5d */
static void the_command_opens_a_devices_payload_and_verifies_its_signature(void **state)
{
    (void)state;
    uint8_t plain[KME_PLAINTEXT_LEN + 1], content[KME_SIG_CONTENT_MAX], nw_sig[33];
    size_t der_n = 0;
    krig_open(&k, BINDING_PUBLIC_KEY);
    (void)krig_offer(&k);
    const struct kme_payload p = krig_payload(&k);
    export_keys();
    save("payload", p.encrypted);
    pkeyutl(true, DECRYPT, "-in payload -out plain");
    assert_int_equal(load("plain", MBYTES_OF(plain)), KME_PLAINTEXT_LEN);
    assert_memory_equal(plain, k.me.pending.kme.b, KME_LEN);

    const uint8_t *rme = plain + KME_LEN + KME_SIG_LEN;
    uint8_t *der =
        rig_der_of((struct bytes){plain + KME_LEN, KME_SIG_LEN}, KME_SIG_LEN / 2, &der_n);
    save("signature", (struct bytes){der, der_n});
    OPENSSL_free(der);
    save("content",
         kme_sig_content(&k.me.pending.kme, &k.parties, rme, k.home.nonce, NULL, content));
    run(true, "openssl dgst -sha256 -verify device.pub -signature signature content");
    content[30] ^= 1;
    save("content", (struct bytes){content, KME_SIG_CONTENT_MAX - 32});
    run(false, "openssl dgst -sha256 -verify device.pub -signature signature content");

    save("kme", BYTES_OF(k.me.pending.kme.b));
    save("rme", (struct bytes){rme, KME_RME_LEN});
    run(true, "cat kme rme | openssl dgst -sha256 -binary > nw_sig");
    assert_int_equal(load("nw_sig", MBYTES_OF(nw_sig)), KME_NW_SIG_LEN);
    assert_ok(kme_me_confirm(nw_sig, &k.me));

    k.home.nonce[2] ^= 1; /* under another label it does not open */
    pkeyutl(false, DECRYPT, "-in payload -out plain");
    krig_close(&k);
}

/*= test kme-padding kme-9a kme-9b */
static void what_the_command_signs_and_encrypts_is_taken(void **state)
{
    (void)state;
    uint8_t content[KME_SIG_CONTENT_MAX], der[80], box[KME_MODULUS_MAX];
    uint8_t plain[KME_PLAINTEXT_LEN];
    struct key_kme kme;
    struct kme_taken taken;
    krig_open(&k, BINDING_PUBLIC_KEY);
    (void)krig_offer(&k);
    export_keys();
    memset(plain, 0x3c, sizeof plain);
    memcpy(kme.b, plain, KME_LEN);
    save("content", kme_sig_content(&kme, &k.parties, plain + KME_LEN + KME_SIG_LEN, k.home.nonce,
                                    NULL, content));
    run(true, "openssl dgst -sha256 -sign device.key -out signature content");
    const size_t n = load("signature", MBYTES_OF(der));
    assert_int_equal(rig_raw(der, n, KME_SIG_LEN / 2, plain + KME_LEN), KME_SIG_LEN);
    save("plain", BYTES_OF(plain));
    pkeyutl(true, ENCRYPT, "-in plain -out payload");
    const struct kme_payload p = {.imsi = k.parties.imsi,
                                  .imei = k.parties.imei,
                                  .lot = k.lot.id,
                                  .encrypted = {box, load("payload", MBYTES_OF(box))}};
    assert_int_equal(krig_take(&k, &p, &taken), KME_CAUSE_NONE);
    assert_memory_equal(k.view.devices[0].kme.b, kme.b, KME_LEN);
    krig_close(&k);
}

/* N is public, and so is RSA without padding: what it makes is refused. */
/*= test kme-padding kme-no-raw */
static void a_payload_without_padding_is_refused(void **state)
{
    (void)state;
    uint8_t plain[256] = {0}, box[KME_MODULUS_MAX];
    struct kme_taken taken;
    krig_open(&k, BINDING_PUBLIC_KEY);
    (void)krig_offer(&k);
    export_keys();
    memset(plain + sizeof plain - KME_PLAINTEXT_LEN, 0x3c, KME_PLAINTEXT_LEN);
    save("plain", BYTES_OF(plain));
    run(true, "openssl pkeyutl " ENCRYPT " -pkeyopt rsa_padding_mode:none -in plain -out payload");
    const struct kme_payload p = {.imsi = k.parties.imsi,
                                  .imei = k.parties.imei,
                                  .lot = k.lot.id,
                                  .encrypted = {box, load("payload", MBYTES_OF(box))}};
    assert_int_equal(p.encrypted.n, 256);
    assert_int_equal(krig_take(&k, &p, &taken), KME_CAUSE_OPENING);
    krig_close(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_command_opens_a_devices_payload_and_verifies_its_signature),
        cmocka_unit_test(what_the_command_signs_and_encrypts_is_taken),
        cmocka_unit_test(a_payload_without_padding_is_refused),
    };
    return cmocka_run_group_tests_name("proc/kme and the openssl command", tests, folder_up,
                                       folder_down);
}
