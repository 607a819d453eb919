#include "cli/s1ap_json.h"
#include "lib/check.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OCTETS_MAX 2048

static char why[1024];
static const struct s1ap_view everything = {.show_keys = true};

typedef void sample_test(const char *name, struct bytes msg);

static size_t each(sample_test *test)
{
    static char line[2 * OCTETS_MAX + 200], hex[2 * OCTETS_MAX + 1];
    static uint8_t octets[OCTETS_MAX];
    char name[96];
    size_t n = 0;
    FILE *f = fopen(TEST_DATA "/s1ap_samples.txt", "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        if (line[0] != '#') {
            assert_int_equal(sscanf(line, "%95s %4096s", name, hex), 2);
            struct mbytes out = {octets, strlen(hex) / 2};
            assert_ok(hex_decode(hex, out));
            test(name, (struct bytes){octets, out.n});
            n++;
        }
    }
    (void)fclose(f);
    return n;
}

static json_t *shown(struct bytes msg, const struct s1ap_view *view)
{
    struct s1ap_fault fault;
    enum err e;
    json_t *o = s1ap_json_of(msg, view, &e, &fault);
    assert_ok(e);
    return o;
}

static void comes_back_as(const char *name, json_t *o, struct bytes wanted)
{
    uint8_t out[OCTETS_MAX];
    size_t n = 0;
    enum err e = s1ap_json_build(o, MBYTES_OF(out), &n, why, sizeof why);
    if (e != E_OK) {
        fail_msg("%s: %s", name, why);
    }
    assert_int_equal(n, wanted.n);
    assert_memory_equal(out, wanted.p, n);
}

static void comes_back(const char *name, struct bytes msg)
{
    json_t *o = shown(msg, &everything);
    assert_null(json_object_get(o, "as-received"));
    char *text = json_dumps(o, 0);
    json_t *again = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    comes_back_as(name, again, msg);
    free(text);
    json_decref(o);
    json_decref(again);
}

static void every_sample_comes_back(void **state)
{
    (void)state;
    assert_true(each(comes_back) > 30);
}

static void hides_its_key(const char *name, struct bytes msg)
{
    struct s1ap_view view = {0};
    uint8_t out[OCTETS_MAX];
    size_t n;
    json_t *o = shown(msg, &view);
    json_t *key = json_object_get(o, "SecurityKey");
    assert_true((key != NULL) == (strncmp(name, "InitialContextSetupRequest", 26) == 0));
    if (key) {
        assert_string_equal(json_string_value(key), "(32 octets)");
        assert_true(s1ap_json_build(o, MBYTES_OF(out), &n, why, sizeof why) != E_OK);
        assert_non_null(strstr(why, "SecurityKey (TS 36.413 9.2.1.41)"));
    }
    json_decref(o);
}

static void a_key_is_shown_to_whoever_asks(void **state)
{
    (void)state;
    (void)each(hides_its_key);
}

static json_t *from(const char *text)
{
    json_t *o = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(o);
    return o;
}

static void nas_stands_inside(void **state)
{
    static const uint8_t wanted[] = {0x00, 0x0b, 0x40, 0x17, 0x00, 0x00, 0x03, 0x00, 0x00,
                                     0x00, 0x02, 0x00, 0x01, 0x00, 0x08, 0x00, 0x02, 0x00,
                                     0x02, 0x00, 0x1a, 0x00, 0x04, 0x03, 0x07, 0x44, 0x11};
    json_t *o = from("{\"message\":\"DownlinkNASTransport\",\"MME-UE-S1AP-ID\":1,"
                     "\"eNB-UE-S1AP-ID\":2,"
                     "\"NAS-PDU\":{\"message\":\"ATTACH REJECT\",\"emm-cause\":17}}");
    (void)state;
    comes_back_as("", o, BYTES_OF(wanted));
    json_object_set_new(o, "NAS-PDU", json_string("074411"));
    comes_back_as("", o, BYTES_OF(wanted));
    json_decref(o);
    o = shown(BYTES_OF(wanted), &everything);
    json_t *nas = json_object_get(o, "NAS-PDU");
    assert_string_equal(json_string_value(json_object_get(nas, "message")), "ATTACH REJECT");
    json_decref(o);
}

/* An IE that is not known and may be ignored is no field: the octets stand beside. */
static void what_the_fields_leave_out_comes_back_until_a_field_changes(void **state)
{
    static const uint8_t odd[] = {0x00, 0x23, 0x00, 0x0a, 0x00, 0x00, 0x01,
                                  0xff, 0xf0, 0x40, 0x03, 0x01, 0x02, 0x03};
    static const uint8_t plain[] = {0x00, 0x23, 0x00, 0x03, 0x00, 0x00, 0x00};
    json_t *o = shown(BYTES_OF(odd), &everything);
    (void)state;
    assert_string_equal(json_string_value(json_object_get(o, "as-received")),
                        "0023000a000001fff04003010203");
    comes_back_as("", o, BYTES_OF(odd));
    json_object_set_new(o, "as-received", json_string("0023000a000001fff04003010204"));
    comes_back_as("", o,
                  (struct bytes){(const uint8_t *)"\x00\x23\x00\x0a\x00\x00\x01\xff\xf0\x40"
                                                  "\x03\x01\x02\x04",
                                 sizeof odd});
    json_object_del(o, "as-received");
    comes_back_as("", o, BYTES_OF(plain));
    json_decref(o);
}

static void refused(const char *text, enum err wanted, const char *part)
{
    uint8_t out[128];
    size_t n;
    json_t *o = from(text);
    assert_err(s1ap_json_build(o, MBYTES_OF(out), &n, why, sizeof why), wanted);
    if (!strstr(why, part)) {
        fail_msg("'%s' is not in '%s'", part, why);
    }
    json_decref(o);
}

#define DOWN(mme, enb, nas)                                                                        \
    "{\"message\":\"DownlinkNASTransport\",\"MME-UE-S1AP-ID\":" mme ",\"eNB-UE-S1AP-ID\":" enb     \
    ",\"NAS-PDU\":" nas "}"

static void bad_json_is_placed(void **state)
{
    (void)state;
    refused("{}", E_MISSING, "message: it is missing");
    refused("{\"message\":\"Handover\"}", E_UNSUPPORTED, "message: no message has this name");
    refused("{\"message\":\"DownlinkNASTransport\",\"MME-UE-S1AP-ID\":1,\"NAS-PDU\":\"07\"}",
            E_MISSING, "eNB-UE-S1AP-ID (TS 36.413 9.2.3.4): it is missing");
    refused(DOWN("\"one\"", "2", "\"07\""), E_BAD_DIGIT, "MME-UE-S1AP-ID (TS 36.413 9.2.3.3)");
    refused(DOWN("4294967296", "2", "\"07\""), E_BAD_VALUE, "MME-UE-S1AP-ID (TS 36.413 9.2.3.3)");
    refused(DOWN("1", "16777216", "\"07\""), E_BAD_VALUE,
            "DownlinkNASTransport (TS 36.413 9.1.7.2)");
    refused(DOWN("1", "2", "\"0\""), E_BAD_LENGTH, "NAS-PDU (TS 36.413 9.2.3.5)");
    refused(DOWN("1", "2", "false"), E_BAD_VALUE, "NAS-PDU: text or a whole number");
    refused(DOWN("1", "2", "{\"message\":\"ATTACH REJECT\"}"), E_MISSING,
            "NAS-PDU.emm-cause (EMM cause, TS 24.301 9.9.3.9): it is missing");
    refused("{\"message\":\"OverloadStop\",\"colour\":1}", E_UNKNOWN,
            "colour: this message has no such field");
}

static void fault_is(const char *hex, const char *wanted)
{
    uint8_t octets[64];
    struct bytes msg = {octets, strlen(hex) / 2};
    struct s1ap_fault fault;
    enum err e;
    assert_ok(hex_decode(hex, (struct mbytes){octets, msg.n}));
    json_t *o = s1ap_json_of(msg, &everything, &e, &fault);
    s1ap_fault_text(msg, e, &fault, why, sizeof why);
    assert_string_equal(why, wanted);
    json_decref(o);
}

static void bad_octets_are_placed(void **state)
{
    (void)state;
    fault_is("000b401000000200000002000100080002000200",
             "octet 19 of 20: downlinkNASTransport: transfer-syntax: octets are left over after "
             "the last element; NAS-PDU (id 26, TS 36.413 9.2.3.5): missing");
    fault_is("000b400f000002000000020001000800020002",
             "octet 19 of 19: downlinkNASTransport: ie-missing: a mandatory element is not there; "
             "NAS-PDU (id 26, TS 36.413 9.2.3.5): missing");
    fault_is("0001000300", "octet 3 of 5: transfer-syntax: the input ends before the element does");
}

static char *tree(struct bytes msg, const struct s1ap_view *view)
{
    char *text = NULL;
    size_t n;
    struct s1ap_fault fault;
    FILE *to = open_memstream(&text, &n);
    assert_ok(s1ap_tree_put(to, msg, view, &fault));
    (void)fclose(to);
    return text;
}

static void shows_no_key_and_no_identity(const char *name, struct bytes msg)
{
    struct s1ap_view view = {.mask = true};
    (void)name;
    char *text = tree(msg, &view);
    json_t *o = shown(msg, &view);
    char *json = json_dumps(o, 0);
    assert_null(strstr(text, "001010123456789"));
    assert_null(strstr(json, "001010123456789"));
    assert_null(strstr(text, "0809101010325476")); /* the IMSI as it travels */
    assert_null(strstr(json, "0809101010325476"));
    free(json);
    json_decref(o);
    free(text);
}

static void a_mask_hides_identities(void **state)
{
    (void)state;
    (void)each(shows_no_key_and_no_identity);
}

static void a_tree(void **state)
{
    static const uint8_t msg[] = {0x00, 0x0b, 0x40, 0x17, 0x00, 0x00, 0x03, 0x00, 0x00,
                                  0x00, 0x02, 0x00, 0x01, 0x00, 0x08, 0x00, 0x02, 0x00,
                                  0x02, 0x00, 0x1a, 0x00, 0x04, 0x03, 0x07, 0x44, 0x11};
    (void)state;
    char *text = tree(BYTES_OF(msg), &everything);
    assert_string_equal(text, "DownlinkNASTransport  [9.1.7.2]\n"
                              "  MME-UE-S1AP-ID: 1  [9.2.3.3]\n"
                              "  eNB-UE-S1AP-ID: 2  [9.2.3.4]\n"
                              "  NAS-PDU: 074411  [9.2.3.5]\n"
                              "    Message: ATTACH REJECT\n"
                              "    EMM cause: 17 (Network failure)\n");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_sample_comes_back),
        cmocka_unit_test(a_key_is_shown_to_whoever_asks),
        cmocka_unit_test(nas_stands_inside),
        cmocka_unit_test(what_the_fields_leave_out_comes_back_until_a_field_changes),
        cmocka_unit_test(bad_json_is_placed),
        cmocka_unit_test(bad_octets_are_placed),
        cmocka_unit_test(a_mask_hides_identities),
        cmocka_unit_test(a_tree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
