#include "cli/kme_view.h"

#include "cli/said.h"

#define NOW 1700000000

static json_t *read_json(const char *text)
{
    json_t *o = json_loads(text, 0, NULL);
    assert_non_null(o);
    return o;
}

static void state_is(const char *json, const char *state, const char *words)
{
    char said[96];
    json_t *o = read_json(json);
    assert_string_equal(kme_view_state(o, NOW), state);
    kme_view_words(o, NOW, said, sizeof said);
    assert_string_equal(said, words);
    json_decref(o);
}

static void shows(const char *json, const char *text)
{
    struct said s;
    json_t *o = read_json(json);
    said_begin(&s);
    kme_view(o, NOW);
    said_end(&s);
    json_decref(o);
    assert_string_equal(s.text, text);
}

#define IDLE                                                                                       \
    "\"kme\":{\"request\":\"none\",\"request_imei\":null,\"phase\":\"idle\",\"due\":null,"         \
    "\"expires\":null}"
#define OFFER(expires)                                                                             \
    "\"kme\":{\"request\":\"none\",\"request_imei\":null,\"phase\":\"offered\",\"due\":\"first\"," \
    "\"expires\":" expires "}"
#define DEVICE(previous, used)                                                                     \
    "{\"imei\":\"35693803564380\",\"has_kme\":true,\"has_previous\":" previous                     \
    ",\"kme_since\":1699990000,\"kme_lot\":\"2026-07\",\"kme_used\":" used "}"
#define NO_KEY                                                                                     \
    "{\"imei\":\"35693803564380\",\"has_kme\":false,\"has_previous\":false,\"kme_since\":null,"    \
    "\"kme_lot\":null,\"kme_used\":null}"

static void a_subscription_without_a_key_waits(void **state)
{
    (void)state;
    state_is("{\"policy\":\"learn\"," IDLE ",\"devices\":[]}", "waiting", "waiting to be bound");
    state_is("{\"policy\":\"learn\"," IDLE ",\"devices\":[" NO_KEY "]}", "waiting",
             "waiting to be bound");
    state_is("{\"policy\":\"open\"," IDLE ",\"devices\":[]}", "open",
             "not bound, works in any device");
}

static void an_offer_counts_until_it_expires(void **state)
{
    (void)state;
    state_is("{\"policy\":\"learn\"," OFFER("1700000000") "}", "offered",
             "offered: a device was asked to make a key");
    state_is("{\"policy\":\"learn\"," OFFER("1699999999") "}", "waiting", "waiting to be bound");
}

static void a_key_is_new_until_it_was_used(void **state)
{
    (void)state;
    state_is("{\"policy\":\"learn\"," IDLE ",\"devices\":[" DEVICE("false", "null") "]}",
             "bound-unused", "bound, new key not used yet");
    state_is("{\"policy\":\"learn\"," IDLE ",\"devices\":[" DEVICE("true", "1699990001") "]}",
             "bound-unused", "bound, new key not used yet");
    state_is("{\"policy\":\"bound\"," IDLE ",\"devices\":[" DEVICE("false", "1699990001") "]}",
             "bound", "bound");
}

static void what_an_operator_asked_for_comes_first(void **state)
{
    (void)state;
    state_is("{\"policy\":\"bound\",\"kme\":{\"request\":\"renew\"},\"devices\":[" DEVICE("false",
                                                                                          "1") "]}",
             "renewal-wanted", "bound, renewal wanted");
    state_is("{\"policy\":\"bound\",\"kme\":{\"request\":\"rebind\",\"request_imei\":null}}",
             "rebinding-approved", "rebinding approved for any device");
    state_is("{\"policy\":\"bound\",\"kme\":{\"request\":\"rebind\",\"request_imei\":"
             "\"35693803000002\"}}",
             "rebinding-approved", "rebinding approved for IMEI 35693803000002");
}

static void each_device_says_since_when_by_which_lot_and_when_last(void **state)
{
    (void)state;
    shows("{\"policy\":\"learn\"," IDLE ",\"devices\":[" DEVICE("false", "1699993600") "]}",
          "SIM binding        learn\n"
          "  state            bound\n"
          "  device           35693803564380: bound since 2023-11-14 19:26:40Z, by lot 2026-07, "
          "last used 2023-11-14 20:26:40Z\n");
    shows("{\"policy\":\"learn\"," IDLE ",\"devices\":[" DEVICE("true", "null") "," NO_KEY "]}",
          "SIM binding        learn\n"
          "  state            bound, new key not used yet\n"
          "  device           35693803564380: bound since 2023-11-14 19:26:40Z, by lot 2026-07, "
          "not used yet; the key before is still kept\n"
          "  device           35693803564380: has no key\n");
    shows("{\"policy\":\"bound\",\"devices\":[{\"imei\":\"35693803564380\",\"has_kme\":true}]}",
          "SIM binding        bound\n"
          "  state            bound, new key not used yet\n"
          "  device           35693803564380: bound by a key that was brought, not used yet\n");
}

static void an_offer_says_what_for_and_until_when(void **state)
{
    (void)state;
    shows("{\"policy\":\"learn\"," OFFER("1700000000") "}",
          "SIM binding        learn\n"
          "  state            offered: a device was asked to make a key\n"
          "  offer            a first key, may be answered until 2023-11-14 22:13:20Z\n");
    shows("{\"policy\":\"learn\"," OFFER("1699999999") "}",
          "SIM binding        learn\n"
          "  state            waiting to be bound\n"
          "  offer            a first key, was not answered until 2023-11-14 22:13:19Z\n");
}

static void what_comes_from_elsewhere_cannot_drive_the_terminal(void **state)
{
    (void)state;
    shows("{\"policy\":\"\\u001b[31m\",\"devices\":[{\"imei\":\"\\u001b[2J\"}]}",
          "SIM binding        \\x1b[31m\n"
          "  state            waiting to be bound\n"
          "  device           \\x1b[2J: has no key\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_subscription_without_a_key_waits),
        cmocka_unit_test(an_offer_counts_until_it_expires),
        cmocka_unit_test(a_key_is_new_until_it_was_used),
        cmocka_unit_test(what_an_operator_asked_for_comes_first),
        cmocka_unit_test(each_device_says_since_when_by_which_lot_and_when_last),
        cmocka_unit_test(an_offer_says_what_for_and_until_when),
        cmocka_unit_test(what_comes_from_elsewhere_cannot_drive_the_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
