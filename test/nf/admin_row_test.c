/* Rows of the administration interface: JSON to values, each fault with its pointer. */
#include "lib/check.h"

#include "crypto/openssl.h"
#include "nf/common/admin_problem.h"
#include "nf/hssd/admin_row.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IMSI  "\"imsi\":\"001010000000001\""
#define K     "\"k\":\"465b5ce8b199b49faa5f0a2ee238a6bc\""
#define OP    "\"op\":\"cdc202d5123e20f62b6d676ac72cb318\""
#define OPC   "\"opc\":\"cd63cb71954a9f4e48a5994e37a02baf\""
#define HEX64 "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static struct crypto crypto;
static struct hssd_config config;
static struct transport_ring ring = {.config = &config};

static int open_crypto(void **state)
{
    (void)state;
    return crypto_openssl_open(&crypto) == E_OK ? 0 : -1;
}

static int close_crypto(void **state)
{
    (void)state;
    crypto_openssl_close(&crypto);
    return 0;
}

static bool parse(const char *text, enum admin_shape shape, const struct imsi *imsi,
                  struct admin_row *row, struct admin_fault *fault)
{
    json_t *json = NULL;
    struct bytes b = bytes_of_str(text);
    uint8_t *copy = exact_copy(b);
    bool ok = admin_json_parse((struct bytes){copy, b.n}, &json, fault) &&
              admin_row_parse(json, shape, imsi, &crypto, &ring, row, fault);
    json_decref(json);
    free(copy);
    return ok;
}

static void a_row_with_op_gets_opc(void **state)
{
    (void)state;
    struct admin_row row;
    struct admin_fault fault;
    uint8_t opc[16];
    assert_ok(hex_decode("cd63cb71954a9f4e48a5994e37a02baf", MBYTES_OF(opc)));
    assert_true(parse("{" IMSI "," K "," OP "}", ADMIN_EITHER, NULL, &row, &fault));
    assert_int_equal(row.keys.opc.n, 16);
    assert_memory_equal(row.keys.opc.b, opc, 16);
    assert_true(row.whole);
    assert_int_equal(row.keys.res_len, 8);
    assert_int_equal(row.policy, BINDING_OPEN);
    assert_string_equal(row.profile, "default");
    assert_string_equal(row.msisdn, "");
}

static void a_row_has_all_its_members(void **state)
{
    (void)state;
    struct admin_row row;
    struct admin_fault fault;
    assert_true(parse("{" IMSI ",\"algorithm\":\"tuak\",\"k\":\"" HEX64 "\",\"opc\":\"" HEX64
                      "\",\"res_length\":16,\"keccak_iterations\":2,\"sqn\":\"0123456789ab\","
                      "\"policy\":\"bound\",\"profile\":\"gold\",\"msisdn\":\"491700000001\","
                      "\"suspended\":true,\"devices\":[{\"imei\":\"356938035643809\",\"kme\":"
                      "\"00112233445566778899aabbccddeeff\"},{\"imei\":\"35693803564381\"}]}",
                      ADMIN_EITHER, NULL, &row, &fault));
    assert_int_equal(row.keys.algorithm, AKA_TUAK);
    assert_int_equal(row.keys.k.n, 32);
    assert_int_equal(row.keys.res_len, 16);
    assert_true(row.sqn == UINT64_C(0x0123456789ab));
    assert_int_equal(row.policy, BINDING_BOUND);
    assert_string_equal(row.profile, "gold");
    assert_string_equal(row.msisdn, "491700000001");
    assert_true(row.suspended);
    assert_int_equal(row.n_devices, 2);
    assert_string_equal(row.devices[0].imei.digits, "35693803564380");
    assert_true(row.devices[0].has_kme);
    assert_int_equal(row.devices[0].kme.b[15], 0xff);
    assert_false(row.devices[1].has_kme);
}

static void a_change_needs_nothing(void **state)
{
    (void)state;
    struct admin_row row;
    struct admin_fault fault;
    struct imsi imsi;
    assert_ok(imsi_parse(BYTES_LIT("001010000000001"), &imsi));
    assert_true(parse("{}", ADMIN_CHANGE, &imsi, &row, &fault));
    assert_false(row.whole);
    assert_int_equal(row.has, 0);
    assert_true(imsi_eq(&row.imsi, &imsi));
    assert_true(parse("{\"msisdn\":null}", ADMIN_CHANGE, &imsi, &row, &fault));
    assert_int_equal(row.has, ROW_MSISDN);
    assert_false(parse("{}", ADMIN_WHOLE, &imsi, &row, &fault));
    assert_string_equal(fault.pointer, "/k");
    assert_false(parse("{\"imsi\":\"001010000000002\"}", ADMIN_CHANGE, &imsi, &row, &fault));
    assert_string_equal(fault.pointer, "/imsi");
}

#define WITH(members) "{" IMSI "," K "," OPC "," members "}"
#define DEVICES(list) WITH("\"devices\":" list)
static const struct {
    const char *text;
    enum problem problem;
    const char *pointer;
} bad[] = {
    {"", PROBLEM_NOT_JSON, ""},
    {"{", PROBLEM_NOT_JSON, ""},
    {"{} {}", PROBLEM_NOT_JSON, ""},
    {"{" IMSI "," IMSI "}", PROBLEM_NOT_JSON, ""},
    {"{\"imsi\":\"\\u0000\"}", PROBLEM_NOT_JSON, ""},
    {"{\"imsi\":\"\xff\"}", PROBLEM_NOT_JSON, ""},
    {"[]", PROBLEM_BAD_MEMBER, ""},
    {"7", PROBLEM_NOT_JSON, ""},
    {"{}", PROBLEM_MISSING_MEMBER, "/imsi"},
    {"{\"imsi\":1010000000001}", PROBLEM_BAD_MEMBER, "/imsi"},
    {"{\"imsi\":\"00101\"}", PROBLEM_BAD_MEMBER, "/imsi"},
    {"{\"imsi\":\"0010100000000010\"}", PROBLEM_BAD_MEMBER, "/imsi"},
    {"{\"imsi\":\"00101000000000x\"}", PROBLEM_BAD_MEMBER, "/imsi"},
    {"{\"imsi\":null}", PROBLEM_BAD_MEMBER, "/imsi"},
    {"{" IMSI "," K "}", PROBLEM_MISSING_MEMBER, "/opc"},
    {"{" IMSI "," OPC "}", PROBLEM_MISSING_MEMBER, "/k"},
    {"{" IMSI ",\"algorithm\":\"tuak\"}", PROBLEM_MISSING_MEMBER, "/k"},
    {"{" IMSI "," K "," OP "," OPC "}", PROBLEM_BAD_MEMBER, "/op"},
    {"{" IMSI ",\"k\":\"465b5c\"," OPC "}", PROBLEM_BAD_MEMBER, "/k"},
    {"{" IMSI ",\"k\":\"465b5ce8b199b49faa5f0a2ee238a6bg\"," OPC "}", PROBLEM_BAD_MEMBER, "/k"},
    {"{" IMSI ",\"k\":7," OPC "}", PROBLEM_BAD_MEMBER, "/k"},
    {"{" IMSI ",\"k\":\"" HEX64 "\"," OPC "}", PROBLEM_BAD_MEMBER, "/k"},
    {"{" IMSI "," K ",\"op\":\"" HEX64 "\"}", PROBLEM_BAD_MEMBER, "/op"},
    {"{" IMSI "," K "," OPC ",\"algorithm\":\"tuak\"}", PROBLEM_BAD_MEMBER, "/k"},
    {WITH("\"algorithm\":\"comp128\""), PROBLEM_BAD_MEMBER, "/algorithm"},
    {WITH("\"algorithm\":1"), PROBLEM_BAD_MEMBER, "/algorithm"},
    {WITH("\"res_length\":4"), PROBLEM_BAD_MEMBER, "/k"},
    {WITH("\"res_length\":7"), PROBLEM_BAD_MEMBER, "/res_length"},
    {WITH("\"res_length\":264"), PROBLEM_BAD_MEMBER, "/res_length"},
    {WITH("\"res_length\":8.0"), PROBLEM_BAD_MEMBER, "/res_length"},
    {WITH("\"keccak_iterations\":0"), PROBLEM_BAD_MEMBER, "/keccak_iterations"},
    {WITH("\"keccak_iterations\":257"), PROBLEM_BAD_MEMBER, "/keccak_iterations"},
    {WITH("\"sqn\":\"0\""), PROBLEM_BAD_MEMBER, "/sqn"},
    {WITH("\"sqn\":0"), PROBLEM_BAD_MEMBER, "/sqn"},
    {WITH("\"sqn\":\"00000000000g\""), PROBLEM_BAD_MEMBER, "/sqn"},
    {WITH("\"policy\":\"Bound\""), PROBLEM_BAD_MEMBER, "/policy"},
    {WITH("\"policy\":\"\""), PROBLEM_BAD_MEMBER, "/policy"},
    {WITH("\"profile\":\"\""), PROBLEM_BAD_MEMBER, "/profile"},
    {WITH("\"profile\":\"12345678901234567890123456789012\""), PROBLEM_BAD_MEMBER, "/profile"},
    {WITH("\"msisdn\":\"+49170\""), PROBLEM_BAD_MEMBER, "/msisdn"},
    {WITH("\"msisdn\":\"1234567890123456\""), PROBLEM_BAD_MEMBER, "/msisdn"},
    {WITH("\"msisdn\":\"\""), PROBLEM_BAD_MEMBER, "/msisdn"},
    {WITH("\"suspended\":\"true\""), PROBLEM_BAD_MEMBER, "/suspended"},
    {WITH("\"suspended\":1"), PROBLEM_BAD_MEMBER, "/suspended"},
    {WITH("\"Policy\":\"open\""), PROBLEM_UNKNOWN_MEMBER, "/Policy"},
    {WITH("\"opC\":1"), PROBLEM_UNKNOWN_MEMBER, "/opC"},
    {DEVICES("{}"), PROBLEM_BAD_MEMBER, "/devices"},
    {DEVICES("[1]"), PROBLEM_BAD_MEMBER, "/devices/0"},
    {DEVICES("[{}]"), PROBLEM_MISSING_MEMBER, "/devices/0"},
    {DEVICES("[{\"imei\":\"356938035643808\"}]"), PROBLEM_BAD_MEMBER, "/devices/0/imei"},
    {DEVICES("[{\"imei\":\"3569380356438\"}]"), PROBLEM_BAD_MEMBER, "/devices/0/imei"},
    {DEVICES("[{\"imei\":\"3569380356438012\"}]"), PROBLEM_BAD_MEMBER, "/devices/0/imei"},
    {DEVICES("[{\"imei\":35693803564380}]"), PROBLEM_BAD_MEMBER, "/devices/0/imei"},
    {DEVICES("[{\"imei\":\"35693803564380\"},{\"imei\":\"356938035643809\"}]"), PROBLEM_BAD_MEMBER,
     "/devices/1"},
    {DEVICES("[{\"imei\":\"35693803564380\",\"kme\":\"00\"}]"), PROBLEM_BAD_MEMBER,
     "/devices/0/kme"},
    {DEVICES("[{\"imei\":\"35693803564380\",\"kme\":null}]"), PROBLEM_BAD_MEMBER, "/devices/0/kme"},
    {DEVICES("[{\"imei\":\"35693803564380\",\"sv\":1}]"), PROBLEM_UNKNOWN_MEMBER, "/devices/0/sv"},
    {DEVICES("[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17]"), PROBLEM_BAD_MEMBER, "/devices"},
};

static void each_fault_has_its_pointer(void **state)
{
    (void)state;
    const struct admin_row nothing = {0};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct admin_row row = {0};
        struct admin_fault fault;
        bool ok = parse(bad[i].text, ADMIN_EITHER, NULL, &row, &fault);
        if (ok || fault.problem != bad[i].problem || strcmp(fault.pointer, bad[i].pointer) != 0) {
            fail_msg("%zu: %s: got %s at '%s' (%s)", i, bad[i].text, problem_name(fault.problem),
                     fault.pointer, fault.detail);
        }
        assert_true(fault.detail[0] != '\0');
        assert_memory_equal(&row, &nothing, sizeof row); /* wiped */
    }
}

/* What is said about a fault never holds what a secret member held. */
static void no_fault_shows_a_secret(void **state)
{
    (void)state;
    static const char secret[] = "deadbeefdeadbeefdeadbeefdeadbee";
    static const char *const names[] = {"k", "op", "opc"};
    for (size_t i = 0; i < 3; i++) {
        char text[256];
        struct admin_row row;
        struct admin_fault fault;
        snprintf(text, sizeof text, "{" IMSI ",\"%s\":\"%s\"}", names[i], secret);
        assert_false(parse(text, ADMIN_EITHER, NULL, &row, &fault));
        assert_null(strstr(fault.detail, "dead"));
        snprintf(text, sizeof text, "{" IMSI ",\"%s\":\"%s", names[i], secret);
        assert_false(parse(text, ADMIN_EITHER, NULL, &row, &fault));
        assert_null(strstr(fault.detail, "dead"));
    }
}

/* Of the others what was written there is said, unless a key could have been. */
static void a_fault_shows_what_is_no_secret(void **state)
{
    (void)state;
    static const struct {
        const char *row, *shown;
    } cases[] = {
        {"{\"imsi\":\"1.01E+12\"}", "imsi '1.01E+12' must"},
        {"{\"imsi\":\"0010100000000010\"}", "imsi '0010100000000010' must"},
        {WITH("\"policy\":\"Bound\""), "policy 'Bound' must"},
        {WITH("\"msisdn\":\"+49170\""), "msisdn '+49170' must"},
        {DEVICES("[{\"imei\":\"356938035643808\"}]"), "imei '356938035643808' has a check digit"},
        {"{\"imsi\":\"\\u00e9\"}", "imsi must"},
        {"{\"imsi\":\"465b5ce8b199b49faa5f0a2ee238a6bc\"}", "imsi must"},
        {"{\"imsi\":\"465b5ce8b199b49f\"}", "imsi must"},
        {WITH("\"policy\":\"465b5ce8b199b49faa5f0a2ee238a6bc\""), "policy must"},
        {WITH("\"policy\":\"\""), "policy must"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct admin_row row;
        struct admin_fault fault;
        assert_false(parse(cases[i].row, ADMIN_EITHER, NULL, &row, &fault));
        assert_memory_equal(fault.detail, cases[i].shown, strlen(cases[i].shown));
    }
}

static void every_prefix_of_a_row_is_refused(void **state)
{
    (void)state;
    static const char whole[] = DEVICES("[{\"imei\":\"35693803564380\"}]");
    struct admin_row row;
    struct admin_fault fault;
    char text[sizeof whole];
    assert_true(parse(whole, ADMIN_EITHER, NULL, &row, &fault));
    for (size_t n = 0; n < sizeof whole - 1; n++) {
        memcpy(text, whole, n);
        text[n] = '\0';
        assert_false(parse(text, ADMIN_EITHER, NULL, &row, &fault));
    }
}

static void a_device_body_is_a_kme_or_nothing(void **state)
{
    (void)state;
    struct imei imei = {"35693803564380"};
    struct admin_device d;
    struct admin_fault fault;
    json_t *empty = json_object();
    json_t *kme = json_pack("{s:s}", "kme", "00112233445566778899aabbccddeeff");
    json_t *other = json_pack("{s:s}", "imei", "35693803564381");
    json_t *unknown = json_pack("{s:s}", "key", "00");
    assert_true(admin_device_parse(empty, &imei, false, &d, &fault));
    assert_false(d.has_kme);
    assert_false(admin_device_parse(empty, &imei, true, &d, &fault));
    assert_string_equal(fault.pointer, "/kme");
    assert_true(admin_device_parse(kme, &imei, true, &d, &fault));
    assert_true(d.has_kme && d.kme.b[1] == 0x11);
    assert_false(admin_device_parse(other, &imei, false, &d, &fault));
    assert_string_equal(fault.pointer, "/imei");
    assert_false(admin_device_parse(unknown, &imei, false, &d, &fault));
    assert_int_equal(fault.problem, PROBLEM_UNKNOWN_MEMBER);
    json_decref(empty);
    json_decref(kme);
    json_decref(other);
    json_decref(unknown);
}

static void what_is_wanted_of_a_kme_is_one_of_three_and_a_device_goes_with_one(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum problem problem;
        enum kme_request request;
        bool has_imei;
    } cases[] = {
        {"{\"request\":\"none\"}", PROBLEM_NONE, KME_REQUEST_NONE, false},
        {"{\"request\":\"renew\"}", PROBLEM_NONE, KME_REQUEST_RENEW, false},
        {"{\"request\":\"rebind\"}", PROBLEM_NONE, KME_REQUEST_REBIND, false},
        {"{\"imei\":\"356938035643809\",\"request\":\"rebind\"}", PROBLEM_NONE, KME_REQUEST_REBIND,
         true},
        {"[]", PROBLEM_BAD_MEMBER, KME_REQUEST_NONE, false},
        {"{}", PROBLEM_MISSING_MEMBER, KME_REQUEST_NONE, false},
        {"{\"request\":null}", PROBLEM_BAD_MEMBER, KME_REQUEST_NONE, false},
        {"{\"request\":\"rebind\",\"imei\":null}", PROBLEM_BAD_MEMBER, KME_REQUEST_NONE, false},
        {"{\"request\":\"renew\",\"imei\":\"35693803564380\"}", PROBLEM_BAD_MEMBER,
         KME_REQUEST_NONE, false},
        {"{\"request\":\"none\",\"k\":1}", PROBLEM_UNKNOWN_MEMBER, KME_REQUEST_NONE, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct admin_fault fault;
        struct admin_kme wish;
        json_t *json = json_loads(cases[i].text, 0, NULL);
        assert_int_equal(admin_kme_parse(json, &wish, &fault), cases[i].problem == PROBLEM_NONE);
        assert_int_equal(fault.problem, cases[i].problem);
        if (cases[i].problem == PROBLEM_NONE) {
            assert_int_equal(wish.request, cases[i].request);
            assert_int_equal(wish.has_imei, cases[i].has_imei);
            assert_string_equal(wish.imei.digits, cases[i].has_imei ? "35693803564380" : "");
        }
        json_decref(json);
    }
}

static void a_problem_is_an_rfc_9457_object(void **state)
{
    (void)state;
    struct admin_fault fault;
    assert_false(admin_fault_set(&fault, PROBLEM_BAD_MEMBER, "/k", "k %s", "is odd"));
    json_t *o = problem_json(&fault, 7);
    assert_string_equal(json_string_value(json_object_get(o, "type")),
                        "urn:bindery:problem:bad-member");
    assert_int_equal(json_integer_value(json_object_get(o, "status")), 422);
    assert_string_equal(json_string_value(json_object_get(o, "pointer")), "/k");
    assert_string_equal(json_string_value(json_object_get(o, "detail")), "k is odd");
    assert_int_equal(json_integer_value(json_object_get(o, "row")), 7);
    json_decref(o);
    assert_false(admin_fault_store(&fault, E_BUSY));
    assert_int_equal(problem_status(fault.problem), 503);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_with_op_gets_opc),
        cmocka_unit_test(a_row_has_all_its_members),
        cmocka_unit_test(a_change_needs_nothing),
        cmocka_unit_test(each_fault_has_its_pointer),
        cmocka_unit_test(no_fault_shows_a_secret),
        cmocka_unit_test(a_fault_shows_what_is_no_secret),
        cmocka_unit_test(every_prefix_of_a_row_is_refused),
        cmocka_unit_test(a_device_body_is_a_kme_or_nothing),
        cmocka_unit_test(what_is_wanted_of_a_kme_is_one_of_three_and_a_device_goes_with_one),
        cmocka_unit_test(a_problem_is_an_rfc_9457_object),
    };
    return cmocka_run_group_tests(tests, open_crypto, close_crypto);
}
