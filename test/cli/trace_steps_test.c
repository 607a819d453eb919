#include "cli/trace_steps.h"

#include "cli/nas_json.h"
#include "cli/said.h"
#include "cli/trace_join.h"
#include "cli/trace_made.h"
#include "codec/diameter_table.h"
#include "codec/private.h"

#define OWN  DIAMETER_VENDOR_OWN_DEFAULT
#define IMSI "001010123456789"
#define IMEI "35693803564380"

static const struct trace_options plain = {.own_vendor = OWN};

/* JSON with ' for ". */
static void nas(struct made *m, enum nas_direction way, const char *comment, const char *text)
{
    char json[2048], why[256];
    uint8_t octets[1024];
    size_t n, i = 0;
    for (; text[i] && i + 1 < sizeof json; i++) {
        json[i] = text[i] == '\'' ? '"' : text[i];
    }
    json[i] = '\0';
    json_t *o = json_loads(json, 0, NULL);
    assert_non_null(o);
    if (nas_json_build(o, way, MBYTES_OF(octets), &n, why, sizeof why) != E_OK) {
        fail_msg("%s: %s", json, why);
    }
    json_decref(o);
    made_put(m, BYTES_LIT("nas-eps_plain"), NULL, NULL, bytes_of_str(comment),
             (struct bytes){octets, n});
}

static void up(struct made *m, const char *text)
{
    nas(m, NAS_UP, "IMSI " IMSI ", uplink", text);
}

static void down(struct made *m, const char *text)
{
    nas(m, NAS_DOWN, "IMSI " IMSI ", downlink", text);
}

/* A message to the HSS, or from it with a result, which `fill` adds AVPs to. */
static void diameter(struct made *m, uint32_t application, uint32_t command, uint32_t hop,
                     uint32_t result, void (*fill)(struct wr *w))
{
    uint8_t octets[1024];
    struct wr w = wr_of(MBYTES_OF(octets));
    const struct diameter_header h = {.request = result == 0,
                                      .command = command,
                                      .application = application,
                                      .hop_by_hop = hop,
                                      .end_to_end = hop + 1};
    diameter_header_write(&w, &h);
    made_avp(&w, 264, result ? "hss.example" : "mme.example");
    made_avp(&w, 296, "example");
    if (result) {
        diameter_put_u32(&w, AVP_RESULT_CODE, OWN, result);
    } else if (application == DIAMETER_APP_S6A) {
        made_avp(&w, 1, IMSI);
    }
    if (fill) {
        fill(&w);
    }
    assert_ok(diameter_length_set(&w));
    made_put(m, BYTES_LIT("diameter"), result ? &made_hss : &made_mme,
             result ? &made_mme : &made_hss, (struct bytes){NULL, 0}, wr_done(&w));
}

static void s6a(struct made *m, uint32_t command, uint32_t hop, uint32_t result,
                void (*fill)(struct wr *w))
{
    diameter(m, DIAMETER_APP_S6A, command, hop, result, fill);
}

static void group(struct wr *w, enum diameter_avp_id id, enum diameter_avp_id inner,
                  struct bytes octets)
{
    const size_t at = diameter_put_open(w, id, OWN);
    diameter_put_octets(w, inner, OWN, octets);
    diameter_put_close(w, at);
}

static void provisioning_only(struct wr *w)
{
    static const uint8_t mode[] = {0, 0, 0, 2};
    group(w, AVP_BINDING_CONTROL, AVP_BINDING_MODE, BYTES_OF(mode));
}

static void payload(struct wr *w)
{
    group(w, AVP_TERMINAL_INFORMATION, AVP_IMEI, BYTES_LIT(IMEI));
    diameter_put_octets(w, AVP_KME_PAYLOAD, OWN, BYTES_LIT("octets that nobody reads"));
}

static void signature(struct wr *w)
{
    static const uint8_t secret[32] = {0xfe, 0xed, 0xfa, 0xce};
    diameter_put_octets(w, AVP_NW_SIGNATURE, OWN, BYTES_OF(secret));
}

static void imei_only(struct wr *w)
{
    group(w, AVP_TERMINAL_INFORMATION, AVP_IMEI, BYTES_LIT(IMEI));
}

static void http(struct made *m, const char *comment, const char *text)
{
    made_put(m, BYTES_LIT("http"), NULL, NULL, bytes_of_str(comment), bytes_of_str(text));
}

#define ATTACH                                                                                     \
    "{'message':'ATTACH REQUEST','attach-type':1,'ksi':7,'identity':'imsi " IMSI "',"              \
    "'ue-network-capability':'0xe0e0','esm-message-container':'0x0201d0'}"
#define CHALLENGE                                                                                  \
    "{'message':'AUTHENTICATION REQUEST','ksi':0,'rand':'0x00112233445566778899aabbccddeeff',"     \
    "'autn':'0x00112233445566778899aabbccddeeff'}"
#define RESPONSE "{'message':'AUTHENTICATION RESPONSE','res':'0x0011223344556677'}"
#define COMMAND                                                                                    \
    "{'message':'IDENTITY REQUEST','identity-type':2,'bindery-container':{"                        \
    "'container':'kme_command','nonce':'0x00112233445566778899aabbccddeeff'}}"

static void ask(struct made *m)
{
    up(m, ATTACH);
    s6a(m, 318, 10, 0, NULL);
    s6a(m, 318, 10, 2001, provisioning_only);
    down(m, CHALLENGE);
    up(m, RESPONSE);
    down(m, COMMAND);
}

static void hand_in(struct made *m, const char *answer)
{
    s6a(m, 316, 20, 0, payload);
    http(m, "hss.example asks repo", "GET /v1/bindings/" IMEI " HTTP/1.1\r\nHost: r\r\n\r\n");
    http(m, "repo answers hss.example about /v1/bindings/" IMEI, answer);
}

#define HAS_KEY                                                                                    \
    "HTTP/1.1 200 \r\n\r\n{\"imei\":\"" IMEI "\",\"bindings\":[{\"use\":\"identity\","             \
    "\"form\":\"public-key\",\"status\":\"active\",\"serial\":7}]}"
#define RESULT                                                                                     \
    "{'message':'ATTACH REJECT','emm-cause':17,'bindery-container':{'container':'kme_result',"     \
    "'nw-signature':'0xfeedface00000000000000000000000000000000000000000000000000000000'}}"

static void provisioning(struct made *m)
{
    ask(m);
    hand_in(m, HAS_KEY);
    s6a(m, 316, 20, 2001, signature);
    down(m, RESULT);
}

static void refused(struct made *m)
{
    ask(m);
    hand_in(m, "HTTP/1.1 404 \r\n\r\n{\"type\":\"/problems/no-binding\"}");
    s6a(m, 316, 20, 5012, NULL);
}

static void ordinary(struct made *m)
{
    up(m, ATTACH);
    s6a(m, 318, 10, 0, NULL);
    s6a(m, 318, 10, 2001, NULL);
    down(m, CHALLENGE);
    s6a(m, 316, 20, 0, imei_only);
    s6a(m, 316, 20, 5012, NULL);
}

static void both(struct made *m)
{
    provisioning(m);
    ordinary(m);
}

/* ---- a subscription that comes in the attach procedure ---- */

#define URL_ID "0123456789abcdef0123456789abcdef"
#define PROVISIONING_ATTACH                                                                        \
    "{'message':'ATTACH REQUEST','attach-type':5,'ksi':7,'identity':'imei " IMEI "',"              \
    "'ue-network-capability':'0xe0e0','esm-message-container':'0x0201d0','bindery-container':{"    \
    "'container':'provisioning_request','certificate-url':'https://ca.example.org/"                \
    "DeviceID=" URL_ID "','device-nonce':'0x00112233445566778899aabbccddeeff'}}"
#define SIXTEEN "feedface00000000feedface00000000"
#define PROVISIONING_REJECT                                                                        \
    "{'message':'ATTACH REJECT','emm-cause':17,'bindery-container':{"                              \
    "'container':'provisioning_result','nonce-1':'0x" SIXTEEN "','expiry':'0x0000000065000000',"   \
    "'ciphertext':'0x" SIXTEEN "','operator-signature':'0x" SIXTEEN SIXTEEN SIXTEEN SIXTEEN        \
    "','certificate':'0x3000'}}"
#define RECORDS "/v1/device-records/" URL_ID

static void provisioning_request(struct wr *w)
{
    imei_only(w);
    diameter_put_octets(w, AVP_PROVISIONING_REQUEST, OWN, BYTES_LIT("octets that nobody reads"));
}

static void provisioning_result(struct wr *w)
{
    diameter_put_octets(w, AVP_PROVISIONING_RESULT, OWN, BYTES_LIT("octets that nobody reads"));
}

static void ecr(struct made *m, uint32_t hop, uint32_t result, void (*fill)(struct wr *w))
{
    diameter(m, DIAMETER_APP_S13, 324, hop, result, fill);
}

static void onboarding(struct made *m)
{
    nas(m, NAS_UP, "uplink", PROVISIONING_ATTACH);
    ecr(m, 10, 0, provisioning_request);
    http(m, "hss.example asks maker", "GET " RECORDS " HTTP/1.1\r\nHost: r\r\n\r\n");
    http(m, "maker answers hss.example about " RECORDS,
         "HTTP/1.1 200 \r\n\r\n{\"id\":\"" URL_ID "\"}");
    ecr(m, 10, 2001, provisioning_result);
    nas(m, NAS_DOWN, "downlink", PROVISIONING_REJECT);
}

static void onboarding_and_more(struct made *m)
{
    onboarding(m);
    provisioning(m);
    ecr(m, 30, 0, imei_only); /* an equipment check, as any */
    ecr(m, 30, 2001, NULL);
}

static void read_made_as(void (*write)(struct made *m), const struct trace_options *how,
                         struct trace_list *out)
{
    char dir[64], path[160];
    folder_make(dir);
    snprintf(path, sizeof path, "%s/t.pcapng", dir);
    struct made m = made_begin(path);
    write(&m);
    pcapng_close(m.w);
    FILE *in = fopen(path, "r");
    assert_non_null(in);
    *out = (struct trace_list){0};
    assert_ok(trace_read(in, how, out));
    fclose(in);
    assert_ok(trace_join(out));
    folder_remove(dir);
}

static void read_made(void (*write)(struct made *m), struct trace_list *out)
{
    read_made_as(write, &plain, out);
}

static void steps_are(const struct trace_list *t, size_t from, const char *const *steps, size_t n)
{
    assert_true(t->n >= from + n);
    for (size_t i = 0; i < n; i++) {
        const struct trace_message *m = &t->message[from + i];
        if (strcmp(m->step, steps[i]) != 0) {
            fail_msg("message %zu (%s %s) is step '%s' and not '%s'", from + i, m->name, m->nas,
                     m->step, steps[i]);
        }
        if (!strncmp(steps[i], "kme", 3) || !strncmp(steps[i], "certattach", 10)) {
            assert_true(m->carries[0]);
        }
    }
}

static const char *const whole[] = {"kme 1", "kme 2", "kme 3, 4", "kme 4",     "kme 4",     "kme 4",
                                    "kme 7", "kme 8", "kme 8",    "kme 9, 10", "kme 11, 12"};

static void the_steps_of_a_provisioning_are_numbered(void **state)
{
    struct trace_list t;
    (void)state;
    read_made(provisioning, &t);
    assert_int_equal(t.n, sizeof whole / sizeof whole[0]);
    steps_are(&t, 0, whole, t.n);
    assert_string_equal(t.message[8].carries, "what verifies KME_SIG");
    assert_string_equal(t.message[9].carries, "the KME is taken, and NW_SIG shows it");
    trace_list_free(&t);
}

static void an_attach_that_is_none_has_no_such_steps(void **state)
{
    static const char *const none[] = {"", "", "", "", "", ""};
    struct trace_list t;
    (void)state;
    read_made(both, &t);
    steps_are(&t, 0, whole, sizeof whole / sizeof whole[0]);
    steps_are(&t, sizeof whole / sizeof whole[0], none, sizeof none / sizeof none[0]);
    trace_list_free(&t);
}

/* An attach that was refused; then one of which only the home network's part is there. */
static void half(struct made *m)
{
    ordinary(m);
    s6a(m, 318, 30, 0, NULL);
    s6a(m, 318, 30, 2001, provisioning_only);
}

static void an_attach_before_it_is_left_alone(void **state)
{
    static const char *const steps[] = {"", "", "", "", "", "", "kme 2", "kme 3, 4"};
    struct trace_list t;
    (void)state;
    read_made(half, &t);
    steps_are(&t, 0, steps, sizeof steps / sizeof steps[0]);
    trace_list_free(&t);
}

static void a_payload_that_is_refused_says_so(void **state)
{
    static const char *const steps[] = {"kme 7", "kme 8", "kme 8", "kme 9, 10"};
    struct trace_list t;
    (void)state;
    read_made(refused, &t);
    steps_are(&t, 6, steps, 4);
    assert_string_equal(t.message[8].carries, "nothing that verifies KME_SIG");
    assert_string_equal(t.message[9].carries, "the KME is not taken; the HSS's own event says why");
    trace_list_free(&t);
}

static void no_field_of_a_message_has_what_is_secret(void **state)
{
    struct trace_list t;
    (void)state;
    read_made(provisioning, &t);
    for (size_t i = 0; i < t.n; i++) {
        for (size_t k = 0; k < t.message[i].n_fields; k++) {
            const char *value = t.message[i].field[k].value;
            assert_null(strstr(value, "feedface"));
            assert_null(strstr(value, "nobody reads"));
        }
    }
    trace_list_free(&t);
}

static const char *const onboarded[] = {"certattach 1", "certattach 1",    "certattach 2",
                                        "certattach 2", "certattach 3, 4", "certattach 4, 5"};

static void the_steps_to_a_subscription_are_numbered(void **state)
{
    struct trace_list t;
    (void)state;
    read_made(onboarding, &t);
    assert_int_equal(t.n, sizeof onboarded / sizeof onboarded[0]);
    steps_are(&t, 0, onboarded, t.n);
    assert_string_equal(t.message[2].carries,
                        "asks the authority for the device's record and certificate");
    assert_string_equal(t.message[3].carries, "what the authority says of it");
    assert_true(t.message[3].matched);
    for (size_t i = 0; i < t.n; i++) { /* neither of the other procedures' steps */
        assert_false(trace_step_is_kme(&t.message[i]));
        assert_false(trace_step_is_proof(&t.message[i]));
    }
    trace_list_free(&t);
}

static void what_comes_behind_it_is_counted_by_itself(void **state)
{
    static const char *const none[] = {"", ""};
    const size_t n = sizeof onboarded / sizeof onboarded[0], m = sizeof whole / sizeof whole[0];
    struct trace_list t;
    (void)state;
    read_made(onboarding_and_more, &t);
    assert_int_equal(t.n, n + m + 2);
    steps_are(&t, 0, onboarded, n);
    steps_are(&t, n, whole, m);
    steps_are(&t, n + m, none, 2);
    trace_list_free(&t);
}

static void nothing_of_a_subscription_is_in_a_field(void **state)
{
    struct trace_list t;
    (void)state;
    read_made(onboarding, &t);
    for (size_t i = 0; i < t.n; i++) {
        for (size_t k = 0; k < t.message[i].n_fields; k++) {
            assert_null(strstr(t.message[i].field[k].value, "feedface"));
            assert_null(strstr(t.message[i].field[k].value, "nobody reads"));
        }
    }
    trace_list_free(&t);
}

/* A device's id may be its IMEI. */
static void an_id_is_masked_with_imeis_and_is_a_step_all_the_same(void **state)
{
    static const struct trace_options masked = {.own_vendor = OWN, .mask = true};
    struct trace_list t;
    (void)state;
    read_made_as(onboarding, &masked, &t);
    steps_are(&t, 0, onboarded, t.n);
    assert_true(t.message[3].matched);
    for (size_t i = 1; i < 5; i++) {
        for (size_t k = 0; k < t.message[i].n_fields; k++) {
            assert_null(strstr(t.message[i].field[k].value, URL_ID));
        }
    }
    trace_list_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_steps_of_a_provisioning_are_numbered),
        cmocka_unit_test(an_attach_that_is_none_has_no_such_steps),
        cmocka_unit_test(an_attach_before_it_is_left_alone),
        cmocka_unit_test(a_payload_that_is_refused_says_so),
        cmocka_unit_test(no_field_of_a_message_has_what_is_secret),
        cmocka_unit_test(the_steps_to_a_subscription_are_numbered),
        cmocka_unit_test(what_comes_behind_it_is_counted_by_itself),
        cmocka_unit_test(nothing_of_a_subscription_is_in_a_field),
        cmocka_unit_test(an_id_is_masked_with_imeis_and_is_a_step_all_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
