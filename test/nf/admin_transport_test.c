/* Keys that come encrypted in a row, and the files of transport keys: src/nf/hssd/transport_keys.c,
 * admin_row_transport.c, config_transport.c. What is encrypted was made with the openssl command.
 */
#include "lib/check.h"

#include "crypto/openssl.h"
#include "nf/hssd/admin_row.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define IMSI    "\"imsi\":\"001010000000001\""
#define PLAIN_K "465b5ce8b199b49faa5f0a2ee238a6bc"
#define OPC     "\"opc\":\"cd63cb71954a9f4e48a5994e37a02baf\""
#define KEY     "000102030405060708090a0b0c0d0e0f"
#define KW_K    "58724199a77f71863136e4efb0f0a470acf804b2cd28a83d" /* K under KEY, aes128-wrap */
#define ECB_K   "e42c646c9acaacd57c8480a02a3dee8e"                 /* the same, aes-128-ecb */
#define KCV     "7d2ed9"                                           /* of K */
#define ENC     "\"k_encrypted\":\"" KW_K "\",\"transport_key\":\"kw\""

static struct crypto crypto;
static char folder[40], kw_path[64], ecb_path[64];
static struct hssd_transport_key keys[] = {
    {.name = (char[]){"kw"}, .file = kw_path, .algorithm = TRANSPORT_AES_KW},
    {.name = (char[]){"ecb"}, .file = ecb_path, .algorithm = TRANSPORT_AES_128_ECB}};
static const struct hssd_config config = {.transport_keys = keys, .n_transport_keys = 2};
static struct transport_ring ring = {.config = &config};
static struct admin_row row;
static struct admin_fault fault;

static void put_file(const char *path, const char *text, mode_t mode)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    assert_int_equal(chmod(path, mode), 0);
}

static int setup(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/bindery-transport-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(kw_path, sizeof kw_path, "%s/kw", folder);
    snprintf(ecb_path, sizeof ecb_path, "%s/ecb", folder);
    put_file(kw_path, KEY "\n", 0600);
    put_file(ecb_path, KEY "\n", 0600);
    return crypto_openssl_open(&crypto) == E_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    transport_ring_close(&ring);
    crypto_openssl_close(&crypto);
    (void)unlink(kw_path);
    (void)unlink(ecb_path);
    return rmdir(folder);
}

static bool parse(const char *text)
{
    json_t *json = NULL;
    bool ok = admin_json_parse(bytes_of_str(text), &json, &fault) &&
              admin_row_parse(json, ADMIN_EITHER, NULL, &crypto, &ring, &row, &fault);
    json_decref(json);
    return ok;
}

static void opens_to_k(const char *text)
{
    uint8_t k[16];
    assert_ok(hex_decode(PLAIN_K, MBYTES_OF(k)));
    if (!parse(text)) {
        fail_msg("%s: %s", fault.pointer, fault.detail);
    }
    assert_true((row.has & ROW_K) != 0 && row.whole);
    assert_int_equal(row.keys.k.n, 16);
    assert_memory_equal(row.keys.k.b, k, 16);
    wipe(&row, sizeof row);
}

static void refused(const char *text, enum problem problem, const char *pointer)
{
    assert_false(parse(text));
    if (fault.problem != problem || strcmp(fault.pointer, pointer) != 0) {
        fail_msg("%s: %s at %s: %s", text, problem_name(fault.problem), fault.pointer,
                 fault.detail);
    }
    assert_null(strstr(fault.detail, "465b")); /* nothing of what it opens to */
}

/*= test op-key-transport */
static void an_encrypted_k_is_k(void **state)
{
    (void)state;
    opens_to_k("{" IMSI "," ENC "," OPC "}");
    opens_to_k("{" IMSI "," ENC "," OPC ",\"k_kcv\":\"" KCV "\"}");
    opens_to_k("{" IMSI ",\"transport_key\":\"ecb\",\"k_encrypted\":\"" ECB_K "\",\"k_kcv\":\"" KCV
               "\"," OPC "}");
    opens_to_k("{" IMSI ",\"k\":\"" PLAIN_K "\"," OPC ",\"k_kcv\":\"" KCV "\"}");
    opens_to_k("{" IMSI "," ENC ",\"op_encrypted\":\"" KW_K "\"}");
    opens_to_k("{" IMSI "," ENC ",\"opc_encrypted\":\"" KW_K "\"}");
}

static void a_device_s_kme_may_be_encrypted_too(void **state)
{
    (void)state;
    assert_true(parse("{" IMSI ",\"transport_key\":\"kw\",\"devices\":[{\"imei\":"
                      "\"35693803564380\",\"kme_encrypted\":\"" KW_K "\"}]}"));
    assert_true(row.devices[0].has_kme);
    assert_int_equal(row.devices[0].kme.b[0], 0x46);
    refused("{" IMSI ",\"devices\":[{\"imei\":\"35693803564380\",\"kme_encrypted\":\"" KW_K "\"}]}",
            PROBLEM_MISSING_MEMBER, "/transport_key");
    refused("{" IMSI ",\"transport_key\":\"kw\",\"devices\":[{\"imei\":\"35693803564380\","
            "\"kme\":\"" PLAIN_K "\",\"kme_encrypted\":\"" KW_K "\"}]}",
            PROBLEM_BAD_MEMBER, "/devices/0/kme_encrypted");
}

static void what_cannot_be_opened_is_refused_with_its_pointer(void **state)
{
    static const char changed[] = "0000000000000000"
                                  "0000000000000000"
                                  "0000000000000000";
    char text[400];
    (void)state;
    snprintf(text, sizeof text,
             "{" IMSI ",\"k_encrypted\":\"%s\",\"transport_key\":\"kw\"," OPC "}", changed);
    refused(text, PROBLEM_TRANSPORT_WRONG, "/k_encrypted");
    refused("{" IMSI ",\"k_encrypted\":\"" ECB_K "\",\"transport_key\":\"kw\"," OPC "}",
            PROBLEM_BAD_MEMBER, "/k_encrypted");
    refused("{" IMSI ",\"k_encrypted\":\"" KW_K "\",\"transport_key\":\"ecb\"," OPC "}",
            PROBLEM_BAD_MEMBER, "/k_encrypted");
    refused("{" IMSI ",\"k_encrypted\":\"" KW_K "\",\"transport_key\":\"no\"," OPC "}",
            PROBLEM_NO_TRANSPORT_KEY, "/transport_key");
    refused("{" IMSI ",\"k_encrypted\":\"" KW_K "\"," OPC "}", PROBLEM_MISSING_MEMBER,
            "/transport_key");
    refused("{" IMSI "," ENC "," OPC ",\"k_kcv\":\"000000\"}", PROBLEM_KCV_DIFFERS, "/k_kcv");
    refused("{" IMSI ",\"k_kcv\":\"000000\"}", PROBLEM_MISSING_MEMBER, "/k");
    refused("{" IMSI "," ENC ",\"opc_encrypted\":\"" KW_K "00\"}", PROBLEM_BAD_MEMBER,
            "/opc_encrypted");
    /* ECB notices nothing by itself: the check value does */
    refused("{" IMSI ",\"k_encrypted\":\"" PLAIN_K "\",\"transport_key\":\"ecb\",\"k_kcv\":\"" KCV
            "\"," OPC "}",
            PROBLEM_KCV_DIFFERS, "/k_kcv");
}

static void clear_and_encrypted_exclude_each_other(void **state)
{
    (void)state;
    refused("{" IMSI "," ENC ",\"k\":\"" PLAIN_K "\"," OPC "}", PROBLEM_BAD_MEMBER, "/k_encrypted");
    refused("{" IMSI "," ENC "," OPC ",\"opc_encrypted\":\"" KW_K "\"}", PROBLEM_BAD_MEMBER,
            "/opc_encrypted");
    refused("{" IMSI "," ENC "," OPC ",\"op_encrypted\":\"" KW_K "\"}", PROBLEM_BAD_MEMBER,
            "/op_encrypted");
    refused("{" IMSI "," ENC ",\"opc_encrypted\":\"" KW_K "\",\"op_encrypted\":\"" KW_K "\"}",
            PROBLEM_BAD_MEMBER, "/op_encrypted");
    refused("{" IMSI ",\"k\":\"" PLAIN_K "\"," OPC ",\"transport_key\":\"kw\"}", PROBLEM_BAD_MEMBER,
            "/transport_key");
    refused("{" IMSI ",\"keys\":\"left-out\"," ENC "," OPC "}", PROBLEM_BAD_MEMBER, "/keys");
    refused("{" IMSI ",\"keys\":\"x\"}", PROBLEM_BAD_MEMBER, "/keys");
    assert_true(parse("{" IMSI ",\"keys\":\"left-out\"}"));
    assert_false(row.whole);
}

static void a_file_must_be_its_owner_s_and_have_a_key_of_its_algorithm(void **state)
{
    static const struct {
        const char *text;
        mode_t mode;
        enum err err;
    } files[] = {{KEY "\n", 0600, E_OK},
                 {KEY, 0400, E_OK},
                 {KEY "\r\n", 0600, E_OK},
                 {KEY "\n", 0640, E_DENIED},
                 {KEY "\n", 0604, E_DENIED},
                 {"", 0600, E_BAD_LENGTH},
                 {KEY "00\n", 0600, E_BAD_LENGTH},
                 {KEY KEY "\n", 0600, E_BAD_LENGTH},
                 {KEY KEY KEY KEY, 0600, E_BAD_LENGTH},
                 {"x"
                  "00102030405060708090a0b0c0d0e0f\n",
                  0600, E_BAD_DIGIT}};
    char path[64], why[160];
    (void)state;
    snprintf(path, sizeof path, "%s/one", folder);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        struct transport_key *t = NULL;
        put_file(path, files[i].text, files[i].mode);
        assert_int_equal(transport_key_load(path, TRANSPORT_AES_128_ECB, &t, why), files[i].err);
        assert_true((t != NULL) == (files[i].err == E_OK));
        assert_true(files[i].err == E_OK || strstr(why, path) != NULL);
        assert_null(strstr(why, "0001"));
        transport_close(t);
        assert_int_equal(unlink(path), 0);
    }
    struct transport_key *t = NULL;
    assert_err(transport_key_load(path, TRANSPORT_AES_KW, &t, why), E_NOT_FOUND);
    assert_err(transport_key_load(folder, TRANSPORT_AES_KW, &t, why), E_IO);
}

static const char base[] =
    "origin_host: hss.example.net\norigin_realm: example.net\nplmns: [\"001-01\"]\n"
    "store: {path: hss.db, key_file: hss.key}\nadmin: {socket: admin.sock}\n"
    "listeners: [{address: \"tcp://127.0.0.1:0\"}]\n"
    "peers: [{origin_host: m.example.net, realm: example.net, visited_plmns: [\"001-01\"]}]\n"
    "profiles: [{name: default, ambr: {uplink: 1, downlink: 1}, apns: [{name: a}]}]\n";

static void a_configuration_is(const char *keys_of_it, const char *place, const char *part)
{
    char path[64], text[1500];
    struct hssd_config *c = NULL;
    struct config_why why = {.sentence = ""};
    snprintf(path, sizeof path, "%s/hssd.yaml", folder);
    snprintf(text, sizeof text, "%stransport_keys: [%s]\n", base, keys_of_it);
    put_file(path, text, 0600);
    enum err err = hssd_config_load(path, &c, &why);
    if (place == NULL) {
        assert_ok(err);
        assert_int_equal(c->n_transport_keys, 2);
        assert_int_equal(hssd_config_transport_key(c, "b.2")->algorithm, TRANSPORT_AES_128_ECB);
        assert_false(hssd_config_transport_key(c, "b.2")->may_export);
        assert_true(hssd_config_transport_key(c, "a")->may_export);
    } else if (err != E_BAD_VALUE || strstr(why.place, place) == NULL ||
               strstr(why.sentence, part) == NULL) {
        fail_msg("%s: %s: %s", keys_of_it, why.place, why.sentence);
    }
    hssd_config_free(c);
    assert_int_equal(unlink(path), 0);
}

static void the_configuration_names_each_fault(void **state)
{
    (void)state;
    a_configuration_is("{name: a, file: kw, algorithm: aes-kw, export: true}, "
                       "{name: b.2, file: ecb, algorithm: aes-128-ecb}",
                       NULL, NULL);
    a_configuration_is("{name: a/b, file: kw, algorithm: aes-kw}", "transport_keys[0].name",
                       "letters");
    a_configuration_is("{name: a, file: kw}", "transport_keys[0].algorithm", "is missing");
    a_configuration_is("{name: a, file: kw, algorithm: rot13}", "transport_keys[0].algorithm",
                       "rot13");
    a_configuration_is("{name: a, file: kw, algorithm: aes-256-ecb}", "transport_keys[0].file",
                       "hex digits");
    a_configuration_is("{name: a, file: none, algorithm: aes-kw}", "transport_keys[0].file",
                       "is not there");
    a_configuration_is("{name: a, file: kw, algorithm: aes-kw}, "
                       "{name: a, file: ecb, algorithm: aes-kw}",
                       "transport_keys[1].name", "transport_keys[0].name too");
    put_file(ecb_path, "0123456789abcdef23456789abcdef01\n", 0600);
    a_configuration_is("{name: a, file: ecb, algorithm: des3-ecb, export: true}",
                       "transport_keys[0].export", "des3-ecb");
    put_file(ecb_path, KEY "\n", 0600);
}

static void a_file_that_went_away_is_said_and_not_taken_for_a_bad_row(void **state)
{
    struct transport_ring fresh = {.config = &config};
    (void)state;
    transport_ring_close(&ring);
    assert_int_equal(chmod(kw_path, 0644), 0);
    refused("{" IMSI "," ENC "," OPC "}", PROBLEM_TRANSPORT_KEY_FILE, "/transport_key");
    assert_int_equal(problem_status(fault.problem), 500);
    assert_int_equal(chmod(kw_path, 0600), 0);
    opens_to_k("{" IMSI "," ENC "," OPC "}");
    assert_ptr_equal(transport_ring_find(&ring, "kw", NULL, &fault),
                     transport_ring_find(&ring, "kw", NULL, &fault));
    assert_null(transport_ring_find(&fresh, "", NULL, &fault));
    transport_ring_close(&fresh);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_encrypted_k_is_k),
        cmocka_unit_test(a_device_s_kme_may_be_encrypted_too),
        cmocka_unit_test(what_cannot_be_opened_is_refused_with_its_pointer),
        cmocka_unit_test(clear_and_encrypted_exclude_each_other),
        cmocka_unit_test(a_file_must_be_its_owner_s_and_have_a_key_of_its_algorithm),
        cmocka_unit_test(the_configuration_names_each_fault),
        cmocka_unit_test(a_file_that_went_away_is_said_and_not_taken_for_a_bad_row),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
