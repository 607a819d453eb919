#include "cli/said.h"
#include "cli/trace_http.h"
#include "cli/trace_join.h"
#include "cli/trace_made.h"

static const struct trace_options plain = {.own_vendor = 1},
                                  masked = {.own_vendor = 1, .mask = true};

static void http(struct made *m, const char *comment, const char *text)
{
    made_put(m, BYTES_LIT("http"), NULL, NULL, bytes_of_str(comment), bytes_of_str(text));
}

/* What is in the trace that `write` makes. */
static void read_made(void (*write)(struct made *m), const struct trace_options *o,
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
    assert_ok(trace_read(in, o, out));
    fclose(in);
    assert_ok(trace_join(out));
    folder_remove(dir);
}

static const char *field(const struct trace_message *m, const char *key)
{
    for (size_t i = 0; i < m->n_fields; i++) {
        if (!strcmp(m->field[i].key, key)) {
            return m->field[i].value;
        }
    }
    return "";
}

static void look_up(struct made *m)
{
    http(m, "hss.example asks repo", "GET /v1/bindings/35693803564380 HTTP/1.1\r\nHost: r\r\n\r\n");
    http(m, "hss.example asks repo", "GET /v1/bindings/35693803999999 HTTP/1.1\r\n\r\n");
    http(m, "repo answers hss.example about /v1/bindings/35693803564380",
         "HTTP/1.1 200 \r\nContent-Type: application/json\r\n\r\n"
         "{\"imei\":\"35693803564380\",\"bindings\":[{\"use\":\"identity\",\"form\":\"public-key\","
         "\"status\":\"active\",\"serial\":7}]}");
    http(m, "repo answers hss.example about /v1/bindings/35693803999999",
         "HTTP/1.1 404 \r\n\r\n{\"type\":\"/problems/no-binding\"}");
    http(m, "repo answers hss.example about /v1/bindings/35693803000000",
         "HTTP/1.1 403 \r\n\r\n{\"type\":\"/problems/no-grant\",\"status\":403}");
}

static void a_look_up_is_step_7_with_what_matters_of_the_record(void **state)
{
    struct trace_list t;
    (void)state;
    read_made(look_up, &plain, &t);
    assert_int_equal(t.n, 5);
    const struct trace_message *ask = &t.message[0], *answer = &t.message[2];
    assert_int_equal(ask->protocol, TRACE_HTTP);
    assert_string_equal(ask->name, "HTTPS GET");
    assert_string_equal(ask->from, "hss.example");
    assert_int_equal(ask->from_role, TRACE_HSS);
    assert_string_equal(ask->to, "repo");
    assert_int_equal(ask->to_role, TRACE_REPOSITORY);
    assert_string_equal(ask->step, "7");
    assert_string_equal(field(ask, "imei"), "35693803564380");
    assert_string_equal(answer->name, "HTTPS 200");
    assert_string_equal(answer->from, "repo");
    assert_string_equal(answer->step, "7");
    assert_string_equal(field(answer, "form"), "public-key");
    assert_string_equal(field(answer, "status"), "active");
    assert_string_equal(field(answer, "serial"), "7");
    assert_false(answer->bad);
    assert_string_equal(field(&t.message[3], "cause"), "no-binding");
    assert_false(t.message[3].bad); /* an answer like any other */
    trace_list_free(&t);
}

static void each_answer_finds_its_own_request(void **state)
{
    struct trace_list t;
    (void)state;
    read_made(look_up, &plain, &t);
    assert_true(t.message[2].matched && t.message[3].matched);
    assert_int_equal(t.message[2].answered_ns, 2000000);
    assert_int_equal(t.message[3].answered_ns, 2000000);
    assert_false(t.message[4].matched);
    trace_list_free(&t);
}

static void a_refusal_has_its_cause(void **state)
{
    struct trace_list t;
    (void)state;
    read_made(look_up, &plain, &t);
    assert_true(t.message[4].bad);
    assert_string_equal(field(&t.message[4], "cause"), "no-grant");
    trace_list_free(&t);
}

static void imeis_are_masked(void **state)
{
    struct trace_list t;
    (void)state;
    read_made(look_up, &masked, &t);
    assert_string_equal(field(&t.message[0], "imei"), "35693803******");
    assert_string_equal(field(&t.message[2], "imei"), "35693803******");
    assert_true(t.message[2].matched);
    trace_list_free(&t);
}

static void release(struct made *m)
{
    http(m, "hss.example asks arpf", "PUT /v1/releases/901700000000001 HTTP/1.1\r\n\r\n");
    http(m, "arpf answers hss.example about /v1/releases/901700000000001", "HTTP/1.1 200 \r\n\r\n");
    http(m, "hss.example asks arpf", "PUT /v1/releases/1234567890123?a=9017000000000012 HTTP/1.1");
}

static void a_path_with_a_dimsi_is_masked_where_imsis_are(void **state)
{
    struct trace_list t;
    (void)state;
    read_made(release, &plain, &t);
    assert_string_equal(field(&t.message[0], "path"), "/v1/releases/901700000000001");
    trace_list_free(&t);
    read_made(release, &masked, &t);
    assert_string_equal(field(&t.message[0], "path"), "/v1/releases/90170*******001");
    assert_string_equal(field(&t.message[1], "path"), "/v1/releases/90170*******001");
    assert_string_equal(t.message[0].step, t.message[1].step);
    assert_true(t.message[1].matched);
    assert_string_equal(field(&t.message[2], "path"),
                        "/v1/releases/1234567890123?a=90170********012");
    trace_list_free(&t);
}

static void strange(struct made *m)
{
    static const char *const texts[] = {
        "",
        " ",
        "HTTP/",
        "HTTP/1.1",
        "HTTP/1.1 \r\n\r\n",
        "GET",
        "GET /v1/bindings/",
        "GET /v1/bindings/123 HTTP/1.1",
        "HTTP/1.1 200 \r\n\r\n{",
        "HTTP/1.1 200 \r\n\r\n[]",
        "HTTP/1.1 200 \r\n\r\n{\"bindings\":[1,{\"serial\":\"x\"}],\"type\":1}"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (*texts[i]) {
            http(m, "", texts[i]);
            http(m, "nobody says nothing", texts[i]);
        }
    }
}

static void what_is_not_ours_is_shown_as_far_as_it_goes(void **state)
{
    struct trace_list t;
    (void)state;
    read_made(strange, &plain, &t);
    for (size_t i = 0; i < t.n; i++) {
        assert_int_equal(t.message[i].protocol, TRACE_HTTP);
        assert_int_equal(strncmp(t.message[i].from, "HTTP ", 5), 0);
    }
    trace_list_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_look_up_is_step_7_with_what_matters_of_the_record),
        cmocka_unit_test(each_answer_finds_its_own_request),
        cmocka_unit_test(a_refusal_has_its_cause),
        cmocka_unit_test(imeis_are_masked),
        cmocka_unit_test(a_path_with_a_dimsi_is_masked_where_imsis_are),
        cmocka_unit_test(what_is_not_ours_is_shown_as_far_as_it_goes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
