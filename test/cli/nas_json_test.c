#include "cli/nas_json.h"
#include "codec/nas_samples.h"
#include <stdlib.h>

static char why[512];

static json_t *shown(struct bytes pdu, enum nas_direction direction)
{
    struct nas_text_options how = {.direction = direction};
    struct nas_fault fault;
    enum err e;
    json_t *o = nas_json_of(pdu, &how, &e, &fault);
    assert_ok(e);
    assert_non_null(o);
    return o;
}

/* Through text, as a file has it. */
static json_t *read_again(json_t *o)
{
    char *text = json_dumps(o, JSON_INDENT(2));
    json_t *again = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(again);
    free(text);
    json_decref(o);
    return again;
}

static void comes_back_as(json_t *o, enum nas_direction direction, struct bytes wanted)
{
    uint8_t out[SAMPLE_MAX];
    size_t n = 0;
    enum err e = nas_json_build(o, direction, MBYTES_OF(out), &n, why, sizeof why);
    if (e != E_OK) {
        fail_msg("%s", why);
    }
    assert_int_equal(n, wanted.n);
    assert_memory_equal(out, wanted.p, n);
}

static void comes_back(const struct nas_sample *s)
{
    json_t *o = read_again(shown(s->pdu, s->direction));
    comes_back_as(o, s->direction, s->pdu);
    json_decref(o);
}

static void every_sample_comes_back(void **state)
{
    (void)state;
    assert_true(each_sample(comes_back) > 70);
}

static void structure_and_values(void **state)
{
    json_t *o = shown(sample_named("attach_reject.esm"), NAS_DOWN);
    const char *message, *cause, *inner;
    (void)state;
    assert_int_equal(json_unpack(o, "{s:s, s:s, s:{s:s}}", "message", &message, "emm-cause", &cause,
                                 "esm-message-container", "message", &inner),
                     0);
    assert_string_equal(message, "ATTACH REJECT");
    assert_string_equal(cause, "19 (ESM failure)");
    assert_string_equal(inner, "PDN CONNECTIVITY REJECT");
    json_decref(o);
}

/* An unknown element, which a receiver passes over, is no field: the octets stand beside. */
static void what_the_fields_leave_out_comes_back_until_a_field_changes(void **state)
{
    static const uint8_t odd[] = {0x07, 0x44, 0x11, 0x6f, 0x01, 0x02};
    json_t *o = read_again(shown(BYTES_OF(odd), NAS_DOWN));
    (void)state;
    assert_string_equal(json_string_value(json_object_get(o, "as-received")), "0x0744116f0102");
    comes_back_as(o, NAS_DOWN, BYTES_OF(odd));
    json_object_set_new(o, "emm-cause", json_integer(22));
    comes_back_as(o, NAS_DOWN, (struct bytes){(const uint8_t *)"\x07\x44\x16", 3});
    json_decref(o);
}

static void refused(const char *text, enum err wanted, const char *part)
{
    uint8_t out[64];
    size_t n;
    json_t *o = json_loads(text, 0, NULL);
    assert_non_null(o);
    assert_err(nas_json_build(o, NAS_DOWN, MBYTES_OF(out), &n, why, sizeof why), wanted);
    if (!strstr(why, part)) {
        fail_msg("'%s' is not in '%s'", part, why);
    }
    json_decref(o);
}

static void bad_json_is_placed(void **state)
{
    (void)state;
    refused("{}", E_MISSING, "message: it is missing");
    refused("{\"message\":\"NONSENSE\"}", E_UNSUPPORTED, "message: there is none of this name");
    refused("{\"message\":\"ATTACH REQUEST\"}", E_UNSUPPORTED, "in this direction");
    refused("{\"message\":\"ATTACH REJECT\"}", E_MISSING,
            "emm-cause (EMM cause, TS 24.301 9.9.3.9): it is missing");
    refused("{\"message\":\"ATTACH REJECT\",\"emm-cause\":256}", E_BAD_VALUE,
            "emm-cause (EMM cause, TS 24.301 9.9.3.9): a value is outside");
    refused("{\"message\":\"ATTACH REJECT\",\"emm-cause\":true}", E_BAD_VALUE,
            "emm-cause: text or a whole number");
    refused("{\"message\":\"ATTACH REJECT\",\"emm-cause\":17,\"colour\":\"red\"}", E_UNKNOWN,
            "colour: this message has no such field");
    refused("{\"message\":\"ATTACH REJECT\",\"emm-cause\":19,\"esm-message-container\":"
            "{\"message\":\"PDN CONNECTIVITY REJECT\",\"ebi\":0,\"pti\":1}}",
            E_MISSING, "esm-message-container.esm-cause (ESM cause, TS 24.301 9.9.4.4)");
}

static void fault_is(const char *hex, const char *wanted)
{
    uint8_t octets[64];
    struct bytes pdu = {octets, strlen(hex) / 2};
    struct nas_text_options how = {.direction = NAS_UP};
    struct nas_fault fault;
    enum err e;
    assert_ok(hex_decode(hex, (struct mbytes){octets, pdu.n}));
    assert_null(nas_json_of(pdu, &how, &e, &fault));
    nas_fault_text(pdu, e, &fault, why, sizeof why);
    assert_string_equal(why, wanted);
}

static void bad_octets_are_placed(void **state)
{
    (void)state;
    fault_is("0741",
             "octet 2: EPS attach type (TS 24.301 9.9.3.11): a mandatory element is not there");
    fault_is("07417108",
             "octet 3: EPS mobile identity (TS 24.301 9.9.3.12): a mandatory element is not there");
    fault_is("0799", "octet 1: message type 0x99 (TS 24.301 9.8): the element is well formed but "
                     "not supported");
    fault_is("074211", "octet 1: message type 0x42, ATTACH ACCEPT, in this direction (TS 24.301 "
                       "9.8): the element is well formed but not supported");
    fault_is("07", "octet 0: no NAS message (TS 24.301 9.2, 9.3.1): the input ends before the "
                   "element does");
    fault_is("3f41", "octet 0: no NAS message (TS 24.301 9.2, 9.3.1): the element is well formed "
                     "but not supported");
}

static char *tree(struct bytes pdu, unsigned indent, const struct nas_text_options *how)
{
    char *text = NULL;
    size_t n;
    FILE *to = open_memstream(&text, &n);
    nas_tree_put(to, indent, pdu, how);
    (void)fclose(to);
    return text;
}

static void a_tree(void **state)
{
    struct nas_text_options how = {.direction = NAS_DOWN};
    (void)state;
    char *text = tree(sample_named("attach_reject.esm"), 2, &how);
    assert_string_equal(text, "  Message: ATTACH REJECT\n"
                              "  EMM cause: 19 (ESM failure)\n"
                              "  ESM message container:\n"
                              "    Message: PDN CONNECTIVITY REJECT\n"
                              "    EPS bearer identity: 0\n"
                              "    Procedure transaction identity: 1\n"
                              "    ESM cause: 27 (Missing or unknown APN)\n");
    free(text);
    text = tree(BYTES_LIT("\x07\x44"), 1, &how);
    assert_string_equal(text, " (octet 2: EMM cause (TS 24.301 9.9.3.9): a mandatory element is "
                              "not there)\n");
    free(text);
}

static void masked(const struct nas_sample *s)
{
    struct nas_text_options how = {.direction = s->direction, .mask = true};
    char *text = tree(s->pdu, 0, &how);
    assert_null(strstr(text, "001010123456789"));
    free(text);
}

static void a_mask_hides_identities(void **state)
{
    (void)state;
    (void)each_sample(masked);
}

static void directions(void **state)
{
    enum nas_direction d = NAS_BOTH;
    (void)state;
    assert_true(nas_direction_parse("up", &d) && d == NAS_UP);
    assert_true(nas_direction_parse("down", &d) && d == NAS_DOWN);
    assert_false(nas_direction_parse("sideways", &d));
    assert_int_equal(d, NAS_DOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_sample_comes_back),
        cmocka_unit_test(structure_and_values),
        cmocka_unit_test(what_the_fields_leave_out_comes_back_until_a_field_changes),
        cmocka_unit_test(bad_json_is_placed),
        cmocka_unit_test(bad_octets_are_placed),
        cmocka_unit_test(a_tree),
        cmocka_unit_test(a_mask_hides_identities),
        cmocka_unit_test(directions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
