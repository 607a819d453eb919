/* An authority's site with a clock that the test moves: what goes out, what need not, and when it
 * is left alone (src/nf/hssd/onboard_site.c); and a site over TLS that does what none should. */
#include "nf/onboard_site.h"

#include "nf/hssd/onboard_site.h"

#include <stdatomic.h>

static char link_text[64], tls[3][64];
static struct hssd_authority authority = {
    .name = (char[]){"maker"}, .cache_seconds = 10, .unknown_seconds = 2};
static struct onboard_site *mine;
static _Atomic uint64_t clock_ms;
/* A network of the test's own. */
static struct {
    enum err fails;
    unsigned asked;
    char url[256], etag[80];
    bool unchanged;
    char events[16][40];
    unsigned n_events;
} net;

static uint64_t now(void *ctx)
{
    (void)ctx;
    return atomic_load(&clock_ms);
}

static int64_t unix_s(void *ctx)
{
    return (int64_t)(now(ctx) / 1000);
}

static void event(void *ctx, const char *name, const struct hssd_authority *a, const char *cause,
                  const char *detail)
{
    (void)ctx, (void)cause, (void)detail;
    assert_ptr_equal(a, &authority);
    snprintf(net.events[net.n_events++ % 16], sizeof net.events[0], "%s", name);
}

static enum err get(void *ctx, const struct hssd_authority *a, const char *url, const char *etag,
                    struct https_reply *out)
{
    static char *text;
    const char *id = strrchr(url, '/') + 1;
    (void)ctx, (void)a;
    net.asked++;
    snprintf(net.url, sizeof net.url, "%s", url);
    snprintf(net.etag, sizeof net.etag, "%s", etag != NULL ? etag : "");
    free(text);
    text = NULL;
    if (net.fails != E_OK) {
        return net.fails;
    }
    out->status = net.unchanged ? 304 : strcmp(id, things[0].id.text) == 0 ? 200 : 404;
    text = out->status == 200 ? thing_json(&things[0]) : strdup(NO_DEVICE);
    snprintf(out->etag, sizeof out->etag, "\"%llu\"", (unsigned long long)things[0].serial);
    out->body = bytes_of_str(out->status == 304 ? "" : text);
    return E_OK;
}

static struct onboard_site_world world = {
    .now_ms = now, .unix_s = unix_s, .get = get, .event = event};

static enum certattach_cause asks(const char *text)
{
    struct device_id id;
    struct https_client *client = NULL;
    struct onboard_answer *a = NULL;
    assert_ok(device_id_parse(bytes_of_str(text), &id));
    enum certattach_cause cause = onboard_site_ask(mine, &client, &id, &a);
    assert_true((a != NULL) == (cause == CERTATTACH_NONE));
    onboard_answer_release(a);
    https_client_close(client);
    return cause;
}

static struct onboard_site_status status(void)
{
    struct onboard_site_status s;
    onboard_site_status(mine, &s);
    return s;
}

static int up(void **state)
{
    (void)state;
    memset(&net, 0, sizeof net);
    atomic_store(&clock_ms, 1000000);
    (void)thing_make(0);
    world.get = get;
    static char text[] = "https://site.example.org:8443";
    authority.link = text;
    assert_ok(onboard_site_open(&authority, &world, &mine));
    return 0;
}

static int down(void **state)
{
    (void)state;
    onboard_site_close(mine);
    things_drop();
    return 0;
}

/*= test certattach-name certattach-fetch certattach-kept */
static void what_is_asked_is_an_entry_at_the_link_and_only_once_in_its_time(void **state)
{
    (void)state;
    assert_int_equal(status().state, ONBOARD_SITE_UNTRIED);
    assert_int_equal(status().since, 0);
    assert_int_equal(asks("device-0"), CERTATTACH_NONE);
    assert_string_equal(net.url, "https://site.example.org:8443/v1/device-records/device-0");
    assert_string_equal(net.etag, "");
    assert_int_equal(status().state, ONBOARD_SITE_UP);
    assert_int_equal(status().since, 1000);
    clock_ms += 9999;
    assert_int_equal(asks("device-0"), CERTATTACH_NONE);
    assert_int_equal(net.asked, 1);
    clock_ms += 1;
    net.unchanged = true;
    assert_int_equal(asks("device-0"), CERTATTACH_NONE); /* it still holds */
    assert_string_equal(net.etag, "\"1\"");
    assert_int_equal(asks("device-0"), CERTATTACH_NONE);
    assert_int_equal(net.asked, 2);
    struct onboard_site_status s = status();
    assert_int_equal(s.asked, 2);
    assert_int_equal(s.cached, 2);
    assert_int_equal(s.entries, 1);
}

static void what_nothing_was_said_of_before_cannot_be_unchanged(void **state)
{
    (void)state;
    net.unchanged = true;
    assert_int_equal(asks("device-0"), CERTATTACH_SITE_BAD);
}

static void a_device_that_is_not_known_is_asked_about_again_after_a_while(void **state)
{
    (void)state;
    assert_int_equal(asks("nobody"), CERTATTACH_DEVICE_UNKNOWN);
    assert_int_equal(asks("nobody"), CERTATTACH_DEVICE_UNKNOWN);
    assert_int_equal(net.asked, 1);
    clock_ms += 2000;
    assert_int_equal(asks("nobody"), CERTATTACH_DEVICE_UNKNOWN);
    assert_int_equal(net.asked, 2);
}

static void a_device_that_goes_is_gone(void **state)
{
    (void)state;
    assert_int_equal(asks("device-0"), CERTATTACH_NONE);
    clock_ms += 10000;
    things[0].id.text[0] = 'x';
    assert_int_equal(asks("device-0"), CERTATTACH_DEVICE_UNKNOWN);
    assert_int_equal(status().entries, 0);
}

static void a_site_that_does_not_answer_is_left_alone_longer_each_time(void **state)
{
    (void)state;
    net.fails = E_AGAIN;
    for (unsigned i = 0; i < ONBOARD_SITE_TRIES; i++) {
        assert_int_equal(net.n_events, 0);
        assert_int_equal(asks("device-0"), CERTATTACH_SITE_SILENT);
    }
    assert_string_equal(net.events[0], "onboarding-site-down");
    assert_int_equal(status().state, ONBOARD_SITE_DOWN);
    uint64_t rest = ONBOARD_REST_MS;
    unsigned asked = ONBOARD_SITE_TRIES;
    for (unsigned i = 0; i < 8; i++) {
        clock_ms += rest - 1;
        assert_int_equal(asks("device-0"), CERTATTACH_SITE_SILENT);
        assert_int_equal(net.asked, asked);
        clock_ms += 1;
        assert_int_equal(asks("device-0"), CERTATTACH_SITE_SILENT);
        assert_int_equal(net.asked, ++asked);
        rest = 2 * rest > ONBOARD_REST_MOST_MS ? ONBOARD_REST_MOST_MS : 2 * rest;
    }
    clock_ms += rest;
    net.fails = E_OK;
    assert_int_equal(asks("device-0"), CERTATTACH_NONE);
    assert_string_equal(net.events[1], "onboarding-site-up");
    assert_int_equal(net.n_events, 2);
    net.fails = E_DENIED; /* once is no alarm */
    assert_int_equal(asks("nobody"), CERTATTACH_SITE_SILENT);
    net.fails = E_OK;
    assert_int_equal(asks("nobody"), CERTATTACH_DEVICE_UNKNOWN);
    assert_int_equal(net.n_events, 2);
}

static void while_it_is_down_what_is_kept_does(void **state)
{
    (void)state;
    assert_int_equal(asks("device-0"), CERTATTACH_NONE);
    net.fails = E_CLOSED;
    for (unsigned i = 0; i < ONBOARD_SITE_TRIES; i++) {
        assert_int_equal(asks("nobody"), CERTATTACH_SITE_SILENT);
    }
    assert_int_equal(asks("device-0"), CERTATTACH_NONE);
    clock_ms += 10000; /* what is old does not: it may have been revoked */
    assert_int_equal(asks("device-0"), CERTATTACH_SITE_SILENT);
}

static void an_answer_without_end_is_a_bad_one_and_no_silence(void **state)
{
    (void)state;
    net.fails = E_NO_ROOM;
    for (unsigned i = 0; i < 2 * ONBOARD_SITE_TRIES; i++) {
        assert_int_equal(asks("device-0"), CERTATTACH_SITE_BAD);
    }
    assert_int_equal(status().state, ONBOARD_SITE_UP);
}

/* ---- over TLS ---- */

static int tls_up(void **state)
{
    (void)up(state);
    site_open();
    snprintf(link_text, sizeof link_text, "https://localhost:%u", site.port);
    snprintf(tls[0], 64, "%s", pki_path(&pki_files, "hss", ".crt"));
    snprintf(tls[1], 64, "%s", pki_path(&pki_files, "hss", ".key"));
    snprintf(tls[2], 64, "%s", pki_path(&pki_files, "tls-ca", ".crt"));
    authority.link = link_text;
    authority.certificate = tls[0];
    authority.key = tls[1];
    authority.ca = tls[2];
    world.get = NULL;
    onboard_site_close(mine);
    assert_ok(onboard_site_open(&authority, &world, &mine));
    return 0;
}

static int tls_down(void **state)
{
    site_close();
    return down(state);
}

/*= test certattach-fetch */
static void a_hostile_site_costs_its_time_and_nothing_else(void **state)
{
    (void)state;
    static const enum site_way ways[] = {SITE_REDIRECT, SITE_LARGE, SITE_ENDLESS, SITE_GARBAGE};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        SITE_SET(way, ways[i]);
        assert_int_equal(asks("device-0"), CERTATTACH_SITE_BAD);
        assert_int_equal(SITE_GET(asked), i + 1);
    }
    SITE_SET(way, SITE_LEAVES);
    assert_int_equal(asks("device-0"), CERTATTACH_SITE_SILENT);
    SITE_SET(way, SITE_HONEST);
    assert_int_equal(asks("device-0"), CERTATTACH_NONE);
}

static void a_site_that_takes_too_long_is_silent(void **state)
{
    (void)state;
    SITE_SET(held, true);
    assert_int_equal(asks("device-0"), CERTATTACH_SITE_SILENT); /* ONBOARD_SITE_MS later */
    SITE_SET(held, false);
    assert_int_equal(asks("device-0"), CERTATTACH_NONE);
}

static void a_validator_saves_the_record(void **state)
{
    (void)state;
    SITE_SET(validates, true);
    assert_int_equal(asks("device-0"), CERTATTACH_NONE);
    clock_ms += 10000;
    assert_int_equal(asks("device-0"), CERTATTACH_NONE);
    assert_int_equal(SITE_GET(not_again), 1);
    pthread_mutex_lock(&site.lock);
    things[0].serial++; /* replaced */
    pthread_mutex_unlock(&site.lock);
    clock_ms += 10000;
    assert_int_equal(asks("device-0"), CERTATTACH_NONE);
    assert_int_equal(SITE_GET(not_again), 1);
}

/*= test certattach-link */
static void who_is_not_the_site_or_not_the_operator_gets_nothing(void **state)
{
    (void)state;
    (void)cert_save(&pki_files, "other-ca", &roots[1]);
    snprintf(tls[2], 64, "%s", pki_path(&pki_files, "other-ca", ".crt"));
    assert_int_equal(asks("device-0"), CERTATTACH_SITE_SILENT);
    snprintf(tls[2], 64, "%s", pki_path(&pki_files, "tls-ca", ".crt"));
    snprintf(tls[0], 64, "%s", pki_path(&pki_files, "operator", ".crt"));
    snprintf(tls[1], 64, "%s", pki_path(&pki_files, "operator", ".key"));
    assert_int_equal(asks("device-0"), CERTATTACH_SITE_SILENT);
    assert_int_equal(SITE_GET(asked), 0);
}

#define CASE(f)     cmocka_unit_test_setup_teardown(f, up, down)
#define TLS_CASE(f) cmocka_unit_test_setup_teardown(f, tls_up, tls_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_is_asked_is_an_entry_at_the_link_and_only_once_in_its_time),
        CASE(what_nothing_was_said_of_before_cannot_be_unchanged),
        CASE(a_device_that_is_not_known_is_asked_about_again_after_a_while),
        CASE(a_device_that_goes_is_gone),
        CASE(a_site_that_does_not_answer_is_left_alone_longer_each_time),
        CASE(while_it_is_down_what_is_kept_does),
        CASE(an_answer_without_end_is_a_bad_one_and_no_silence),
        TLS_CASE(a_hostile_site_costs_its_time_and_nothing_else),
        TLS_CASE(a_site_that_takes_too_long_is_silent),
        TLS_CASE(a_validator_saves_the_record),
        TLS_CASE(who_is_not_the_site_or_not_the_operator_gets_nothing),
    };
    onboard_keys();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    onboard_keys_gone();
    return failed;
}
