#include "cli/trace_dimsi.h"

#include "lib/check.h"
#include <stdio.h>
#include <string.h>

#define DIMSI "901700000000001"
#define IMSI  "001010000700000"

static struct trace_message messages[16];
static size_t n;

static struct trace_message *add(enum trace_protocol protocol, const char *name, const char *nas,
                                 const char *from, const char *imsi)
{
    struct trace_message *m = &messages[n++];
    memset(m, 0, sizeof *m);
    m->protocol = protocol;
    (void)snprintf(m->name, sizeof m->name, "%s", name);
    (void)snprintf(m->nas, sizeof m->nas, "%s", nas);
    (void)snprintf(m->from, sizeof m->from, "%s", from);
    (void)snprintf(m->imsi, sizeof m->imsi, "%s", imsi);
    return m;
}

static struct trace_message *http(const char *path, bool request)
{
    struct trace_message *m = add(TRACE_HTTP, "HTTPS", "", "hss", "");
    m->request = request;
    m->n_fields = 1;
    (void)snprintf(m->field[0].key, sizeof m->field[0].key, "path");
    (void)snprintf(m->field[0].value, sizeof m->field[0].value, "%s", path);
    return m;
}

static void nas(const char *name, const char *from, const char *imsi)
{
    (void)add(TRACE_S1AP, "UplinkNASTransport", name, from, imsi);
}

static void follow(void)
{
    struct trace_list list = {.message = messages, .n = n, .room = 16};
    trace_dimsi_follow(&list);
}

static int fresh(void **state)
{
    (void)state;
    n = 0;
    return 0;
}

static void what_https_carries_tells_itself_by_its_path(void **state)
{
    static const struct {
        const char *path, *step;
    } all[] = {{"/v1/certificate", "dimsi 0-a"},
               {"/v1/offers/" DIMSI, "dimsi 0-d"},
               {"/v1/releases/" DIMSI, "dimsi 0-e"},
               {"/v1/entries/" DIMSI, "dimsi 1, 2"},
               {"/v1/entries/" DIMSI "/spent", "dimsi 10"},
               {"/v1/deliveries/ab", "dimsi 11"},
               {"/v1/profiles/ab", "dimsi 11"},
               {"/v1/profiles/ab/installed", "dimsi 11"}};
    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        struct trace_message *m = http(all[i].path, true);
        assert_true(trace_dimsi_take(m));
        assert_string_equal(m->step, all[i].step);
        assert_string_equal(m->imsi, strstr(all[i].path, DIMSI) ? DIMSI : "");
    }
    assert_false(trace_dimsi_take(http("/v1/bindings/35693803564380", true)));
    assert_false(trace_dimsi_take(add(TRACE_DIAMETER, "AIR", "", "mme", DIMSI)));
}

static void a_refusal_says_so_and_an_answer_says_what_came(void **state)
{
    (void)state;
    struct trace_message *m = http("/v1/releases/" DIMSI, false);
    m->bad = true;
    assert_true(trace_dimsi_take(m));
    assert_string_equal(m->carries, "refused");
    m = http("/v1/releases/" DIMSI, false);
    assert_true(trace_dimsi_take(m));
    assert_non_null(strstr(m->carries, "endorsement"));
}

static void both_attaches_have_their_steps(void **state)
{
    static const char *const steps[] = {"dimsi 1, 2", "dimsi 3",  "dimsi 4", "dimsi 5",
                                        "dimsi 6",    "dimsi 7",  "dimsi 7", "dimsi 8",
                                        "dimsi 9",    "dimsi 10", "dimsi 10"};
    (void)state;
    (void)trace_dimsi_take(http("/v1/entries/" DIMSI, true));
    nas("ATTACH REQUEST", "enb", DIMSI);
    (void)add(TRACE_DIAMETER, "AIR", "", "mme", DIMSI);
    (void)add(TRACE_DIAMETER, "AIA", "", "dausf", DIMSI);
    nas("AUTHENTICATION REQUEST", "mme", DIMSI);
    nas("AUTHENTICATION RESPONSE", "enb", DIMSI);
    nas("ATTACH REJECT", "mme", DIMSI);
    nas("ATTACH REQUEST", "enb", IMSI);
    (void)add(TRACE_DIAMETER, "AIR", "", "mme", IMSI);
    nas("AUTHENTICATION REQUEST", "mme", IMSI);
    nas("ATTACH ACCEPT", "mme", IMSI);
    nas("ATTACH REQUEST", "enb", IMSI); /* a later one is an ordinary attach */
    follow();
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        assert_string_equal(messages[i].step, steps[i]);
    }
    assert_string_equal(messages[n - 1].step, "");
}

static void an_attach_elsewhere_and_one_without_any_dimsi_have_none(void **state)
{
    (void)state;
    nas("ATTACH REQUEST", "enb", IMSI);
    nas("ATTACH REQUEST", "enb", "901700000000009");
    follow();
    assert_string_equal(messages[0].step, "");
    assert_string_equal(messages[1].step, "");
    (void)trace_dimsi_take(http("/v1/entries/" DIMSI, true));
    nas("ATTACH REQUEST", "enb", DIMSI);
    nas("ATTACH REQUEST", "other enb", IMSI);
    messages[n - 1].from_end = 1;
    follow();
    assert_string_equal(messages[3].step, "dimsi 3");
    assert_string_equal(messages[4].step, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_https_carries_tells_itself_by_its_path, fresh),
        cmocka_unit_test_setup(a_refusal_says_so_and_an_answer_says_what_came, fresh),
        cmocka_unit_test_setup(both_attaches_have_their_steps, fresh),
        cmocka_unit_test_setup(an_attach_elsewhere_and_one_without_any_dimsi_have_none, fresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
