#include "codec/nas_place_text.h"
#include "codec/nas_samples.h"
#include "codec/nas_text.h"
#include "codec/nas_value_text.h"
#include <stdlib.h>

#define PAIRS_MAX 96

struct kept {
    struct nas_text_pair pairs[PAIRS_MAX];
    size_t n;
    unsigned depth;
    bool open; /* the field before holds others */
};

static void keep(void *ctx, const struct nas_text_field *f)
{
    struct kept *k = ctx;
    assert_true(k->open ? f->depth == k->depth + 1 : f->depth <= k->depth);
    assert_true(strlen(f->path) >= strlen(f->key));
    assert_string_equal(f->path + strlen(f->path) - strlen(f->key), f->key);
    assert_true(strlen(f->name) > 0);
    k->depth = f->depth;
    k->open = f->value == NULL;
    if (f->value) {
        assert_true(k->n < PAIRS_MAX);
        k->pairs[k->n].path = strdup(f->path);
        k->pairs[k->n++].value = strdup(f->value);
    }
}

static void drop(struct kept *k)
{
    for (size_t i = 0; i < k->n; i++) {
        free((void *)(uintptr_t)k->pairs[i].path);
        free((void *)(uintptr_t)k->pairs[i].value);
    }
    k->n = 0;
}

static const char *value_at(const struct kept *k, const char *path)
{
    for (size_t i = 0; i < k->n; i++) {
        if (strcmp(k->pairs[i].path, path) == 0) {
            return k->pairs[i].value;
        }
    }
    return NULL;
}

static void walk(struct bytes pdu, enum nas_direction direction, struct kept *out)
{
    struct nas_text_options options = {.direction = direction};
    struct nas_fault fault;
    *out = (struct kept){.n = 0};
    assert_ok(nas_text_walk(pdu, &options, keep, out, &fault));
}

/* ---- every sample as fields, and back ---- */

static void comes_back(const struct nas_sample *s)
{
    static struct kept k;
    uint8_t out[SAMPLE_MAX];
    char wrong[NAS_PATH_MAX];
    size_t n;
    walk(s->pdu, s->direction, &k);
    assert_null(value_at(&k, "as-received"));
    enum err e = nas_text_build(k.pairs, k.n, s->direction, MBYTES_OF(out), &n, wrong);
    if (e != E_OK || n != s->pdu.n || memcmp(out, s->pdu.p, n) != 0) {
        fail_msg("%s: %s at '%s'", s->name, err_name(e), wrong);
    }
    for (size_t room = 0; room < s->pdu.n; room++) {
        assert_err(
            nas_text_build(k.pairs, k.n, s->direction, (struct mbytes){out, room}, &n, wrong),
            E_NO_ROOM);
    }
    drop(&k);
}

static void every_sample_survives_being_text(void **state)
{
    (void)state;
    assert_true(each_sample(comes_back) > 70);
}

/* In whatever order the fields come. */
static void comes_back_reversed(const struct nas_sample *s)
{
    static struct kept k;
    struct nas_text_pair reversed[PAIRS_MAX];
    uint8_t out[SAMPLE_MAX];
    char wrong[NAS_PATH_MAX];
    size_t n;
    walk(s->pdu, s->direction, &k);
    for (size_t i = 0; i < k.n; i++) {
        reversed[i] = k.pairs[k.n - 1 - i];
    }
    assert_ok(nas_text_build(reversed, k.n, s->direction, MBYTES_OF(out), &n, wrong));
    assert_true(bytes_eq((struct bytes){out, n}, s->pdu));
    drop(&k);
}

static void the_order_of_fields_does_not_matter(void **state)
{
    (void)state;
    (void)each_sample(comes_back_reversed);
}

static void needs_its_mandatory_fields(const struct nas_sample *s)
{
    static struct kept k;
    uint8_t out[SAMPLE_MAX];
    char wrong[NAS_PATH_MAX];
    size_t n;
    walk(s->pdu, s->direction, &k);
    for (size_t gone = 0; gone < k.n; gone++) {
        struct nas_text_pair fewer[PAIRS_MAX];
        size_t m = 0;
        for (size_t i = 0; i < k.n; i++) {
            if (i != gone) {
                fewer[m++] = k.pairs[i];
            }
        }
        enum err e = nas_text_build(fewer, m, s->direction, MBYTES_OF(out), &n, wrong);
        if (strcmp(k.pairs[gone].path, "message") == 0) {
            assert_err(e, E_MISSING);
        }
        assert_true(e == E_OK || wrong[0] != '\0');
        assert_true(e != E_OK || !bytes_eq((struct bytes){out, n}, s->pdu));
    }
    drop(&k);
}

static void no_field_can_be_left_out_unnoticed(void **state)
{
    (void)state;
    (void)each_sample(needs_its_mandatory_fields);
}

/* ---- what fields say ---- */

static void fields_speak_the_specifications_language(void **state)
{
    (void)state;
    static struct kept k;
    walk(sample_named("attach_request.captured"), NAS_UP, &k);
    assert_string_equal(value_at(&k, "message"), "ATTACH REQUEST");
    assert_string_equal(value_at(&k, "attach-type"), "2 (combined EPS/IMSI attach)");
    assert_string_equal(value_at(&k, "identity"), "guti 001-01 group 2 code 1 tmsi 030003e6");
    assert_string_equal(value_at(&k, "last-visited-tai"), "001-01 12345");
    assert_string_equal(value_at(&k, "esm-message-container.message"), "PDN CONNECTIVITY REQUEST");
    assert_string_equal(value_at(&k, "esm-message-container.pti"), "21");
    assert_string_equal(value_at(&k, "esm-message-container.pdn-type"), "1 (IPv4)");
    drop(&k);
    walk(sample_named("attach_accept"), NAS_DOWN, &k);
    assert_string_equal(value_at(&k, "t3412"), "3240 s");
    assert_string_equal(value_at(&k, "tai-list"), "001-01 7");
    assert_string_equal(value_at(&k, "equivalent-plmns"), "001-01, 002-02");
    assert_string_equal(value_at(&k, "esm-message-container.apn"), "internet");
    assert_string_equal(value_at(&k, "esm-message-container.pdn-address"), "ipv4 10.45.0.2");
    drop(&k);
    walk(sample_named("identity_response.kme_payload"), NAS_UP, &k);
    assert_string_equal(value_at(&k, "identity"), "imei 35209900176148");
    assert_string_equal(value_at(&k, "bindery-container.container"), "kme_payload");
    assert_string_equal(value_at(&k, "bindery-container.lot"), "acme-2024-a");
    drop(&k);
    walk(sample_named("emm_information"), NAS_DOWN, &k);
    assert_string_equal(value_at(&k, "full-name"), "Bindery net");
    drop(&k);
    walk(sample_named("security_mode_command"), NAS_DOWN, &k);
    assert_string_equal(value_at(&k, "algorithms"), "EEA2 EIA2");
    drop(&k);
}

static void what_cannot_come_back_is_said(void **state)
{
    (void)state;
    static struct kept k;
    uint8_t out[16];
    char wrong[NAS_PATH_MAX];
    size_t n;
    /* An unknown element, and a spare half octet that is not zero. */
    walk(BYTES_LIT("\x07\x55\x31\xd1"), NAS_DOWN, &k);
    assert_string_equal(value_at(&k, "identity-type"), "1 (IMSI)");
    assert_string_equal(value_at(&k, "as-received"), "0x075531d1");
    assert_ok(nas_text_build(k.pairs, k.n, NAS_DOWN, MBYTES_OF(out), &n, wrong));
    assert_true(bytes_eq((struct bytes){out, n}, BYTES_LIT("\x07\x55\x01")));
    drop(&k);
}

static void an_inner_message_that_cannot_come_back_is_hex(void **state)
{
    (void)state;
    static struct kept k;
    uint8_t out[64];
    char wrong[NAS_PATH_MAX];
    size_t n;
    /* ESM STATUS with an element that nobody knows, in ATTACH REJECT. */
    struct bytes pdu = BYTES_LIT("\x07\x44\x13\x78\x00\x05\x02\x01\xe8\x61\xd1");
    walk(pdu, NAS_DOWN, &k);
    assert_string_equal(value_at(&k, "esm-message-container"), "0x0201e861d1");
    assert_ok(nas_text_build(k.pairs, k.n, NAS_DOWN, MBYTES_OF(out), &n, wrong));
    assert_true(bytes_eq((struct bytes){out, n}, pdu));
    drop(&k);
}

static void a_ciphered_message_is_looked_into_only_when_told(void **state)
{
    (void)state;
    static struct kept k;
    struct bytes pdu = BYTES_LIT("\x27\x01\x02\x03\x04\x09\x07\x55\x01");
    walk(pdu, NAS_DOWN, &k);
    assert_string_equal(value_at(&k, "nas-message"), "0x075501");
    drop(&k);
    struct nas_text_options options = {.direction = NAS_DOWN, .null_cipher = true};
    k = (struct kept){.n = 0};
    assert_ok(nas_text_walk(pdu, &options, keep, &k, NULL));
    assert_string_equal(value_at(&k, "nas-message.identity-type"), "1 (IMSI)");
    drop(&k);
}

static void masked_text_has_no_whole_identity(void **state)
{
    (void)state;
    struct nas_text_options options = {.direction = NAS_UP, .mask = true};
    static const char *const names[] = {"attach_request.imsi", "identity_response.imei",
                                        "identity_response.imeisv", "identity_response.kme_payload",
                                        "identity_response.devid_proof"};
    static uint8_t tree[65536];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_ok(nas_text_tree(sample_named(names[i]), &options, MBYTES_OF(tree)));
        assert_null(strstr((char *)tree, "0123456789"));
        assert_null(strstr((char *)tree, "176148"));
        assert_null(strstr((char *)tree, "09101010"));
        assert_null(strstr((char *)tree, "3335323039"));
    }
    /* One that cannot be read is not shown in hex instead. */
    assert_ok(nas_text_tree(BYTES_LIT("\x07\x56\x04\x09\x10\x10\x1a"), &options, MBYTES_OF(tree)));
    assert_non_null(strstr((char *)tree, "***"));
    assert_null(strstr((char *)tree, "0910"));
}

/* A SECURITY MODE COMPLETE that replays one that replays one ... */
static void messages_in_messages_end_in_hex(void **state)
{
    (void)state;
    static struct kept k;
    static uint8_t pdu[5 * 1000 + 2], out[sizeof pdu];
    char wrong[NAS_PATH_MAX];
    size_t n;
    struct wr w = wr_of(MBYTES_OF(pdu));
    for (size_t left = sizeof pdu; left > 2; left -= 5) {
        wr_put(&w, BYTES_LIT("\x07\x5e\x79"));
        wr_be16(&w, (uint16_t)(left - 5));
    }
    wr_put(&w, BYTES_LIT("\x07\x5e"));
    assert_int_equal(wr_done(&w).n, sizeof pdu);
    walk(BYTES_OF(pdu), NAS_UP, &k);
    assert_int_equal(k.n, NAS_TEXT_DEPTH_MAX + 2);
    assert_ok(nas_text_build(k.pairs, k.n, NAS_UP, MBYTES_OF(out), &n, wrong));
    assert_true(bytes_eq((struct bytes){out, n}, BYTES_OF(pdu)));
    drop(&k);
}

static void the_longest_path_has_room(void **state)
{
    (void)state;
    size_t n, longest = 0;
    char key[NAS_PATH_MAX];
    const struct nas_message *const *all = nas_messages(&n);
    for (size_t k = 0; k < n; k++) {
        for (size_t i = 0; i < all[k]->n; i++) {
            nas_text_key(all[k], i, key);
            longest = strlen(key) > longest ? strlen(key) : longest;
        }
    }
    assert_true(strlen("esm-message-container") <= longest);
    assert_true((longest + 1) * (NAS_TEXT_DEPTH_MAX + 2) < NAS_PATH_MAX);
}

/* ---- trees and lines ---- */

static void a_tree_is_indented(void **state)
{
    (void)state;
    struct nas_text_options options = {.direction = NAS_DOWN};
    uint8_t out[512];
    assert_ok(nas_text_tree(sample_named("attach_reject.esm"), &options, MBYTES_OF(out)));
    assert_string_equal((char *)out, "Message: ATTACH REJECT\n"
                                     "EMM cause: 19 (ESM failure)\n"
                                     "ESM message container:\n"
                                     "  Message: PDN CONNECTIVITY REJECT\n"
                                     "  EPS bearer identity: 0\n"
                                     "  Procedure transaction identity: 1\n"
                                     "  ESM cause: 27 (Missing or unknown APN)\n");
    for (size_t room = 1; room < 64; room++) {
        uint8_t *cut = malloc(room);
        assert_non_null(cut);
        assert_ok(
            nas_text_tree(sample_named("attach_reject.esm"), &options, (struct mbytes){cut, room}));
        assert_int_equal(strlen((char *)cut), room - 1);
        free(cut);
    }
}

static void a_tree_of_what_cannot_be_read_says_why(void **state)
{
    (void)state;
    struct nas_text_options options = {.direction = NAS_UP};
    uint8_t out[256];
    assert_err(nas_text_tree(BYTES_LIT("\x07\x53"), &options, MBYTES_OF(out)), E_MISSING);
    assert_string_equal((char *)out,
                        "a mandatory element is not there (octet 2, Authentication response "
                        "parameter)\n");
    assert_err(nas_text_tree(BYTES_LIT("\x07\x7f"), &options, MBYTES_OF(out)), E_UNSUPPORTED);
    assert_err(nas_text_tree((struct bytes){NULL, 0}, &options, MBYTES_OF(out)), E_TRUNCATED);
    static uint8_t large[NAS_TEXT_PDU_MAX + 1] = {0x07, 0x54};
    assert_err(nas_text_tree(BYTES_OF(large), &options, MBYTES_OF(out)), E_BAD_LENGTH);
}

static void check_line(struct bytes pdu, enum nas_direction direction, const char *wanted)
{
    struct nas_text_options options = {.direction = direction, .mask = true};
    uint8_t out[512];
    nas_text_line(pdu, &options, MBYTES_OF(out));
    assert_string_equal((char *)out, wanted);
}

static void a_line_says_what_matters(void **state)
{
    (void)state;
    check_line(sample_named("attach_reject.esm"), NAS_DOWN,
               "ATTACH REJECT emm-cause=19 (ESM failure) / PDN CONNECTIVITY REJECT esm-cause=27 "
               "(Missing or unknown APN)");
    check_line(sample_named("detach_request_up.imsi"), NAS_UP,
               "DETACH REQUEST detach-type=1 (EPS detach) identity=imsi 00101*******789");
    check_line(sample_named("identity_request.kme_command"), NAS_DOWN,
               "IDENTITY REQUEST identity-type=2 (IMEI) container=kme_command");
    check_line(sample_named("attach_request.provisioning_with_proof"), NAS_UP,
               "ATTACH REQUEST attach-type=5 (provisioning) identity=imei 35209900****** / PDN "
               "CONNECTIVITY REQUEST container=provisioning_request "
               "certificate-url=https://certs.example.org/DeviceID=42 proof=65 octets");
    check_line(sample_named("attach_reject.provisioning_result"), NAS_DOWN,
               "ATTACH REJECT emm-cause=17 (Network failure) container=provisioning_result "
               "ciphertext=100 octets certificate=270 octets");
    check_line(sample_named("protected.security_mode_command"), NAS_DOWN,
               "SECURITY PROTECTED NAS MESSAGE / SECURITY MODE COMMAND algorithms=EEA2 EIA2");
    check_line(BYTES_LIT("\x07\x53"), NAS_UP,
               "AUTHENTICATION RESPONSE: a mandatory element is not there");
    check_line(BYTES_LIT("\x07\x7f"), NAS_UP,
               "EMM message type 0x7f: the element is well formed but not supported");
    check_line(BYTES_LIT("\x55"), NAS_UP,
               "no NAS message: the element is well formed but not supported");
}

/* ---- building ---- */

static enum err build(struct nas_text_pair *pairs, size_t n, char wrong[static NAS_PATH_MAX])
{
    uint8_t out[256];
    size_t used = 7;
    enum err e = nas_text_build(pairs, n, NAS_DOWN, MBYTES_OF(out), &used, wrong);
    assert_true(e == E_OK || used == 7);
    return e;
}

static void building_refuses_and_says_where(void **state)
{
    (void)state;
    char wrong[NAS_PATH_MAX];
    struct nas_text_pair p[] = {{"message", "ATTACH REJECT", false}, {"emm-cause", "17", false}};
    assert_ok(build(p, 2, wrong));
    assert_string_equal(wrong, "");
    p[1].value = "256";
    assert_err(build(p, 2, wrong), E_BAD_VALUE);
    assert_string_equal(wrong, "emm-cause");
    p[1].value = "0x1122";
    assert_err(build(p, 2, wrong), E_BAD_LENGTH);
    p[1].value = "seventeen";
    assert_err(build(p, 2, wrong), E_BAD_VALUE);
    p[1] = (struct nas_text_pair){"emm-causes", "17", false};
    assert_err(build(p, 2, wrong), E_MISSING);
    assert_string_equal(wrong, "emm-cause");
    p[0].value = "ATTACH REQUEST"; /* not downlink */
    assert_err(build(p, 2, wrong), E_UNSUPPORTED);
    assert_err(build(p + 1, 1, wrong), E_MISSING);
    assert_string_equal(wrong, "message");
    struct nas_text_pair q[] = {{"message", "ATTACH REJECT", false},
                                {"emm-cause", "17", false},
                                {"bindery-container.container", "kme_result", false},
                                {"bindery-container.nw-signature", "0x00", false}};
    assert_err(build(q, 4, wrong), E_BAD_LENGTH);
    q[3].path = "bindery-container.nonce";
    assert_err(build(q, 4, wrong), E_MISSING);
    assert_string_equal(wrong, "bindery-container.nw-signature");
    q[2].value = "kme_results";
    assert_err(build(q, 4, wrong), E_UNSUPPORTED);
    struct nas_text_pair r[] = {{"message", "ATTACH REJECT", false},
                                {"emm-cause", "17", false},
                                {"t3346", "12 s", false},
                                {"t3347", "12 s", false}};
    assert_err(build(r, 4, wrong), E_UNKNOWN);
    assert_string_equal(wrong, "t3347");
    assert_ok(build(r, 3, wrong));
}

/* ---- values ---- */

static void check_value(enum nas_form form, struct bytes value, const char *wanted)
{
    static char text[NAS_VALUE_TEXT_MAX];
    uint8_t out[256];
    struct bytes back;
    nas_value_to_text(form, value, false, text);
    assert_string_equal(text, wanted);
    assert_ok(nas_value_from_text(form, text, MBYTES_OF(out), &back));
    assert_true(bytes_eq(back, value));
    for (size_t room = 0; room < value.n; room++) {
        assert_err(nas_value_from_text(form, text, (struct mbytes){out, room}, &back), E_NO_ROOM);
    }
}

static void values_have_a_form_or_are_hex(void **state)
{
    (void)state;
    check_value(NAS_FORM_HEX, BYTES_LIT("\x0a\xff"), "0x0aff");
    check_value(NAS_FORM_NUMBER, BYTES_LIT("\x11"), "17");
    check_value(NAS_FORM_EMM_CAUSE, BYTES_LIT("\x11"), "17 (Network failure)");
    check_value(NAS_FORM_EMM_CAUSE, BYTES_LIT("\xfe"), "254");
    check_value(NAS_FORM_KSI, BYTES_LIT("\x07"), "7 (no key is available)");
    check_value(NAS_FORM_TIMER_2, BYTES_LIT("\xe0"), "off");
    check_value(NAS_FORM_TIMER_2, BYTES_LIT("\x80"), "0x80"); /* no unit: minutes, but not this */
    check_value(NAS_FORM_TIMER_3, BYTES_LIT("\xc1"), "1152000 s");
    check_value(NAS_FORM_ALGORITHMS, BYTES_LIT("\x12"), "EEA1 EIA2");
    check_value(NAS_FORM_ALGORITHMS, BYTES_LIT("\x92"), "0x92"); /* a spare bit */
    check_value(NAS_FORM_IDENTITY, BYTES_LIT("\0\0\0"), "none");
    check_value(NAS_FORM_IDENTITY, BYTES_LIT("\0"), "0x00");
    check_value(NAS_FORM_IDENTITY, BYTES_LIT("\xf4\1\2\3\4"), "tmsi 01020304");
    check_value(NAS_FORM_EPS_IDENTITY, BYTES_LIT("\x3b\x25\x90\x09\x10\x67\x41\x08"),
                "imei 35209900176148");
    check_value(NAS_FORM_EPS_IDENTITY, BYTES_LIT("\x3b\x25\x90\x09\x10\x67\x41\x18"),
                "0x3b25900910674118"); /* another spare digit */
    check_value(NAS_FORM_TAI_LIST, BYTES_LIT("\x21\x00\xf1\x10\x00\x07"), "001-01 7, 001-01 8");
    check_value(NAS_FORM_TAI_LIST, BYTES_LIT("\x01\x00\xf1\x10\x00\x07\x00\x08"),
                "0x0100f11000070008"); /* not the list we would make of it */
    check_value(NAS_FORM_APN,
                BYTES_LIT("\x01"
                          "a\x01"
                          "b"),
                "a.b");
    check_value(NAS_FORM_APN,
                BYTES_LIT("\x03"
                          "a.b"),
                "0x03612e62");
    check_value(NAS_FORM_PDN_ADDRESS, BYTES_LIT("\x02\0\0\0\0\0\0\0\1"), "ipv6 0000000000000001");
    check_value(NAS_FORM_PDN_ADDRESS, BYTES_LIT("\x05\0\0\0\0"), "non-ip");
    check_value(NAS_FORM_PDN_ADDRESS, BYTES_LIT("\x06\0\0\0\0"), "ethernet");
    check_value(NAS_FORM_ASCII, BYTES_LIT("a b"), "a b");
    check_value(NAS_FORM_ASCII, BYTES_LIT("a\nb"), "0x610a62");
    check_value(NAS_FORM_ASCII, BYTES_LIT("0x61"), "0x30783631");
    check_value(NAS_FORM_NETWORK_NAME, BYTES_LIT("\x90\x00\x41"), "0x900041");
}

static void text_that_is_no_value_is_refused(void **state)
{
    (void)state;
    static const struct {
        enum nas_form form;
        const char *text;
    } bad[] = {
        {NAS_FORM_HEX, "12"},
        {NAS_FORM_HEX, "0x1"},
        {NAS_FORM_HEX, "0xzz"},
        {NAS_FORM_NUMBER, ""},
        {NAS_FORM_NUMBER, "-1"},
        {NAS_FORM_NUMBER, "256"},
        {NAS_FORM_NUMBER, "1x"},
        {NAS_FORM_TIMER_2, "12"},
        {NAS_FORM_TIMER_2, "on"},
        {NAS_FORM_ALGORITHMS, "EEA8 EIA1"},
        {NAS_FORM_EPS_IDENTITY, "imsi 12"},
        {NAS_FORM_EPS_IDENTITY, "imeisv 3520990017614823"},
        {NAS_FORM_EPS_IDENTITY, "guti 001-01 group 65536 code 1 tmsi 0"},
        {NAS_FORM_EPS_IDENTITY, "guti 001-01 group 1 code 256 tmsi 0"},
        {NAS_FORM_IDENTITY, "nothing"},
        {NAS_FORM_IDENTITY, "imsi"},
        {NAS_FORM_TAI, "001-01"},
        {NAS_FORM_TAI, "001-01 7, 001-01 8"},
        {NAS_FORM_TAI, "001-01 65536"},
        {NAS_FORM_TAI_LIST, "001-01 7,"},
        {NAS_FORM_PLMN_LIST, "1"},
        {NAS_FORM_PLMN_LIST, "001-01 002-02"},
        {NAS_FORM_APN, "a..b"},
        {NAS_FORM_PDN_ADDRESS, "ipv4 1.2.3"},
        {NAS_FORM_PDN_ADDRESS, "ipv4 1.2.3.256"},
        {NAS_FORM_PDN_ADDRESS, "ipv4 1.2.3.4 5"},
        {NAS_FORM_PDN_ADDRESS, "ipv6 00"},
        {NAS_FORM_PDN_ADDRESS, "ipv5 1.2.3.4"},
        {NAS_FORM_PDN_ADDRESS, ""},
        {NAS_FORM_NETWORK_NAME, "[]"},
        {NAS_FORM_MESSAGE, "ATTACH REQUEST"},
    };
    uint8_t out[64];
    struct bytes value;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (nas_value_from_text(bad[i].form, bad[i].text, MBYTES_OF(out), &value) != E_BAD_VALUE) {
            fail_msg("'%s' is taken", bad[i].text);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_sample_survives_being_text),
        cmocka_unit_test(the_order_of_fields_does_not_matter),
        cmocka_unit_test(no_field_can_be_left_out_unnoticed),
        cmocka_unit_test(fields_speak_the_specifications_language),
        cmocka_unit_test(what_cannot_come_back_is_said),
        cmocka_unit_test(an_inner_message_that_cannot_come_back_is_hex),
        cmocka_unit_test(a_ciphered_message_is_looked_into_only_when_told),
        cmocka_unit_test(masked_text_has_no_whole_identity),
        cmocka_unit_test(messages_in_messages_end_in_hex),
        cmocka_unit_test(the_longest_path_has_room),
        cmocka_unit_test(a_tree_is_indented),
        cmocka_unit_test(a_tree_of_what_cannot_be_read_says_why),
        cmocka_unit_test(a_line_says_what_matters),
        cmocka_unit_test(building_refuses_and_says_where),
        cmocka_unit_test(values_have_a_form_or_are_hex),
        cmocka_unit_test(text_that_is_no_value_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
