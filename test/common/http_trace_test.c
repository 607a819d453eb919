#include "nf/common/http_trace.h"

#include "lib/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define URL "https://localhost:8443/v1/bindings/35693803564380"

struct world {
    char path[64];
    struct http_trace t;
    uint8_t data[65536];
    size_t n;
};

static void begin(struct world *w)
{
    snprintf(w->path, sizeof w->path, "/tmp/repository-trace.XXXXXX");
    int fd = mkstemp(w->path);
    assert_true(fd >= 0);
    close(fd);
    w->t = (struct http_trace){.client = "hss.example", .server = "repo"};
    assert_ok(pcapng_create(w->path, "test", &w->t.to));
}

static void end(struct world *w)
{
    pcapng_close(w->t.to);
    FILE *f = fopen(w->path, "r");
    assert_non_null(f);
    w->n = fread(w->data, 1, sizeof w->data, f);
    fclose(f);
    unlink(w->path);
}

static void is_packet(struct pcapng_reader *r, const struct world *w, size_t *at,
                      const char *comment, const char *message)
{
    struct pcapng_packet p;
    size_t used;
    assert_ok(pcapng_next(r, (struct bytes){w->data + *at, w->n - *at}, &used, &p));
    *at += used;
    assert_true(bytes_eq(p.dissector, BYTES_LIT("http")));
    assert_int_equal(p.from.family, 0);
    assert_true(bytes_eq(p.comment, bytes_of_str(comment)));
    assert_true(bytes_eq(p.message, bytes_of_str(message)));
}

static void a_question_and_its_answer_are_written_as_http(void **state)
{
    static struct world w;
    const struct https_reply reply = {
        .status = 200, .type = "application/json", .body = BYTES_LIT("{\"bindings\":[]}")};
    struct pcapng_reader r = {0};
    size_t at = 0;
    (void)state;
    begin(&w);
    assert_ok(http_trace_request(&w.t, URL));
    assert_ok(http_trace_reply(&w.t, URL, &reply));
    end(&w);
    is_packet(&r, &w, &at, "hss.example asks repo",
              "GET /v1/bindings/35693803564380 HTTP/1.1\r\nHost: localhost:8443\r\n\r\n");
    is_packet(&r, &w, &at, "repo answers hss.example about /v1/bindings/35693803564380",
              "HTTP/1.1 200 \r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n"
              "{\"bindings\":[]}");
}

static void a_url_without_a_path_and_an_answer_without_a_body(void **state)
{
    static struct world w;
    const struct https_reply reply = {.status = 204};
    struct pcapng_reader r = {0};
    size_t at = 0;
    (void)state;
    begin(&w);
    assert_ok(http_trace_request(&w.t, "https://r"));
    assert_ok(http_trace_reply(&w.t, "https://r", &reply));
    end(&w);
    is_packet(&r, &w, &at, "hss.example asks repo", "GET / HTTP/1.1\r\nHost: r\r\n\r\n");
    is_packet(&r, &w, &at, "repo answers hss.example about /",
              "HTTP/1.1 204 \r\nContent-Type: \r\nContent-Length: 0\r\n\r\n");
}

static void what_is_too_long_is_left_out_whole(void **state)
{
    static struct world w;
    static uint8_t body[PCAPNG_BLOCK_MAX];
    static char url[4096];
    const struct https_reply reply = {.status = 200, .body = BYTES_OF(body)};
    struct pcapng_reader r = {0};
    struct pcapng_packet p;
    size_t used;
    (void)state;
    memset(url, 'a', sizeof url - 1);
    memcpy(url, "https://", 8);
    begin(&w);
    assert_int_equal(http_trace_request(&w.t, url), E_NO_ROOM);
    assert_int_equal(http_trace_reply(&w.t, URL, &reply), E_NO_ROOM);
    end(&w);
    assert_int_equal(pcapng_next(&r, (struct bytes){w.data, w.n}, &used, &p), E_AGAIN);
    assert_ok(pcapng_finish(&r, (struct bytes){w.data + used, w.n - used}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_question_and_its_answer_are_written_as_http),
        cmocka_unit_test(a_url_without_a_path_and_an_answer_without_a_body),
        cmocka_unit_test(what_is_too_long_is_left_out_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
