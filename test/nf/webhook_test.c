/* Events to receivers (src/nf/hssd/webhook.c, src/nf/hssd/webhook_send.c,
 * src/nf/hssd/admin_webhooks.c) and how far each is behind (src/nf/hssd/metrics_webhooks.c): a HSS
 * in a process of its own, and a receiver on a thread of this one. */
#include "nf/webhook_receiver.h"

#include "lib/exposition.h"
#include "net/pki.h"
#include "nf/hssd/webhook.h"

#include <sqlite3.h>

#define SECRET_TEXT "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"

static const uint8_t secret[32] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
                                   16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31};
static struct receiver receiver;
static struct pki pki;

/* ---- the world ---- */

static void configure(const char *webhooks)
{
    char text[2048];
    snprintf(text, sizeof text, "%s%s", config_text, webhooks);
    write_file("hssd.yaml", text);
}

static const char *entry(const char *name, const char *scheme, const char *events)
{
    static char text[512];
    const bool tls = strcmp(scheme, "https") == 0;
    snprintf(text, sizeof text,
             "  - {name: %s, url: \"%s://localhost:%u/hidden-path\", %s%s%s secret_file: s.secret, "
             "events: [%s]}\n",
             name, scheme, receiver.port, tls ? "ca: " : "",
             tls ? pki_path(&pki, "ca", ".crt") : "", tls ? "," : "", events);
    return text;
}

static void configure_one(const char *scheme, const char *events)
{
    char text[640];
    snprintf(text, sizeof text, "webhooks:\n%s", entry("noc", scheme, events));
    configure(text);
}

static int folder_with_receiver(bool tls)
{
    memset(&receiver, 0, sizeof receiver);
    make_folder();
    write_file("hss.key", "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n");
    write_file("s.secret", SECRET_TEXT);
    pki_open(&pki);
    pki_make(&pki, "ca", NULL, "ca", NULL);
    pki_make(&pki, "server", "ca", "server", "DNS:localhost");
    receiver_open(&receiver, tls ? pki_path(&pki, "server", ".crt") : NULL,
                  tls ? pki_path(&pki, "server", ".key") : NULL, 0);
    return 0;
}

static int with_tls(void **state)
{
    (void)state;
    return folder_with_receiver(true);
}

static int plain(void **state)
{
    (void)state;
    return folder_with_receiver(false);
}

static int gone(void **state)
{
    int rc = stop(state);
    receiver_close(&receiver);
    receiver_leave_port(&receiver);
    receiver_forget(&receiver);
    pki_close(&pki);
    return rc;
}

/* Events subscriber-added and subscriber-removed, n of them in all. */
static void cause_events(unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        expect(i % 2 == 0 ? 201 : 204, i % 2 == 0 ? "PUT" : "DELETE", ONE,
               i % 2 == 0 ? "{" KEYS "}" : "");
    }
}

static json_t *shown(const char *name)
{
    json_t *json = NULL;
    assert_int_equal(ask("GET", "/v1/webhooks", "", &json), 200);
    assert_null(strstr(answer, "hidden-path"));
    assert_null(strstr(answer, "whsec"));
    json_t *found = NULL;
    for (size_t i = 0; i < json_array_size(json_object_get(json, "webhooks")); i++) {
        json_t *w = json_array_get(json_object_get(json, "webhooks"), i);
        if (strcmp(json_string_value(json_object_get(w, "name")), name) == 0) {
            found = json_incref(w);
        }
    }
    json_decref(json);
    return found;
}

static void await_shown(const char *name, const char *member, const char *value)
{
    for (unsigned i = 0; i < 6000; i++) {
        json_t *w = shown(name);
        const char *text = json_string_value(json_object_get(w, member));
        const bool is = text != NULL && strcmp(text, value) == 0;
        json_decref(w);
        if (is) {
            return;
        }
        usleep(10000);
    }
    fail_msg("%s of %s does not become %s: %s", member, name, value, answer);
}

/* Its row goes on its own thread, which learns of the reload when it comes to it. */
static void await_forgotten(const char *name)
{
    char path[64];
    sqlite3 *db = NULL;
    sqlite3_stmt *st = NULL;
    bool is = true;
    snprintf(path, sizeof path, "%s/hss.db", folder);
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "SELECT 1 FROM webhook WHERE name = ?1", -1, &st, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_bind_text(st, 1, name, -1, SQLITE_STATIC), SQLITE_OK);
    for (unsigned i = 0; is && i < 6000; i++) {
        is = sqlite3_step(st) == SQLITE_ROW;
        sqlite3_reset(st);
        usleep(is ? 10000 : 0);
    }
    sqlite3_finalize(st);
    sqlite3_close(db);
    assert_false(is);
}

static double metric(const char *what, const char *name)
{
    char sample[96];
    json_t *json = NULL;
    snprintf(sample, sizeof sample, "bindery_hss_webhook_%s{webhook=\"%s\"}", what, name);
    assert_int_equal(ask("GET", "/metrics", "", &json), 200);
    json_decref(json);
    return exposition_value(strstr(answer, "\r\n\r\n") + 4, sample);
}

static void await_metric(const char *what, const char *name, double value)
{
    for (unsigned i = 0; i < 6000; i++) {
        if (metric(what, name) == value) {
            return;
        }
        usleep(10000);
    }
    fail_msg("%s of %s does not become %g: %s", what, name, value, answer);
}

/* The ids of what was taken, ascending, each event of `first` to `last` of the list at least once;
 * repeated ones only in a row that goes back and comes forward again. */
static void assert_in_order(void)
{
    json_int_t highest = 0;
    char name[32];
    for (unsigned i = 0; i < receiver_n(&receiver); i++) {
        if (receiver.got[i].status < 300) {
            json_int_t id = receiver_event(&receiver.got[i], name);
            assert_true(id <= highest + 1 || highest == 0);
            highest = id > highest ? id : highest;
        }
        receiver_verify(&receiver.got[i], secret, sizeof secret);
    }
}

/* From the first that came to the last, both counted. */
static json_int_t ids_spanned(void)
{
    const unsigned n = receiver_n(&receiver);
    char name[32];
    return n == 0 ? 0
                  : receiver_event(&receiver.got[n - 1], name) -
                        receiver_event(&receiver.got[0], name) + 1;
}

static unsigned events_named(const char *name)
{
    char path[80];
    json_t *json = NULL;
    snprintf(path, sizeof path, "/v1/events?limit=1000&name=%s", name);
    assert_int_equal(ask("GET", path, "", &json), 200);
    const unsigned n = (unsigned)json_array_size(json_object_get(json, "events"));
    json_decref(json);
    return n;
}

/* ---- tests ---- */

/*= test op-webhook */
static void events_come_in_order_and_signed_over_one_connection(void **state)
{
    (void)state;
    char name[32];
    configure_one("https", "all");
    assert_int_equal(launch(), 0);
    await_shown("noc", "state", "up");
    cause_events(40);
    receiver_await(&receiver, 40);
    assert_int_equal(receiver.connections, 1);
    assert_in_order();
    receiver_event(&receiver.got[0], name);
    assert_string_equal(name, "subscriber-added");
    json_t *message = receiver_message(&receiver.got[0]);
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(message, "data"), "imsi")),
        "001010000000001");
    json_decref(message);
    for (unsigned i = 1; i < receiver_n(&receiver); i++) {
        assert_string_not_equal(receiver.got[i].id, receiver.got[i - 1].id);
        assert_null(
            strchr(receiver.got[i].id, '.')); /* what is signed has dots between its parts */
    }
    json_t *w = shown("noc");
    assert_string_equal(json_string_value(json_object_get(w, "state")), "up");
    assert_true(json_is_null(json_object_get(w, "next_try")));
    json_decref(w);
}

static void only_those_that_are_wanted_are_sent(void **state)
{
    (void)state;
    char name[32];
    configure_one("http", "subscriber-removed");
    assert_int_equal(launch(), 0);
    await_shown("noc", "state", "up");
    cause_events(10);
    receiver_await(&receiver, 5);
    for (unsigned i = 0; i < receiver_n(&receiver); i++) {
        receiver_event(&receiver.got[i], name);
        assert_string_equal(name, "subscriber-removed");
    }
    assert_int_equal(receiver_n(&receiver), 5);
}

static void what_is_refused_is_sent_again_with_its_id_and_told_of_once(void **state)
{
    (void)state;
    char name[32];
    receiver.status = 500;
    configure_one("https", "all");
    assert_int_equal(launch(), 0);
    await_shown("noc", "state", "up");
    cause_events(2);
    await_shown("noc", "state", "down");
    await_shown("noc", "cause", "status");
    assert_true(metric("failed_tries_total", "noc") >= 3);
    assert_true(metric("waiting_events", "noc") >= 2);
    assert_true(metric("oldest_waiting_seconds", "noc") >= 1); /* the first wait was as long */
    assert_true(metric("delivered_total", "noc") == 0);
    receiver.status = 200;
    receiver_await(&receiver, 4); /* two, webhook-down, webhook-up */
    assert_in_order();
    assert_true(receiver_n(&receiver) >= 3 + 4);
    for (unsigned i = 1; i <= 3; i++) {
        assert_string_equal(receiver.got[i].id, receiver.got[0].id);
        assert_string_equal(receiver.got[i].body, receiver.got[0].body);
    }
    receiver_event(&receiver.got[receiver_n(&receiver) - 2], name);
    assert_string_equal(name, "webhook-down");
    receiver_event(&receiver.got[receiver_n(&receiver) - 1], name);
    assert_string_equal(name, "webhook-up");
    assert_int_equal(events_named("webhook-down"), 1);
    assert_int_equal(events_named("webhook-up"), 1);
    await_metric("waiting_events", "noc", 0); /* the HSS has read the last answer */
    assert_true(metric("delivered_total", "noc") >= 4);
    assert_true(metric("lost_events_total", "noc") == 0);
    assert_true(metric("oldest_waiting_seconds", "noc") == 0);
}

/*= test op-webhook */
static void a_restart_repeats_nothing_and_a_death_loses_nothing(void **state)
{
    (void)state;
    configure_one("http", "all");
    assert_int_equal(launch(), 0);
    await_shown("noc", "state", "up");
    cause_events(10);
    receiver_await(&receiver, 10);
    await_metric("waiting_events", "noc", 0); /* the HSS has read the last answer */
    assert_int_equal(halt(), 0);
    assert_int_equal(receiver_n(&receiver), 10);
    assert_int_equal(launch(), 0);
    cause_events(10);
    receiver_await(&receiver, 20);
    await_metric("waiting_events", "noc", 0);
    assert_int_equal(receiver_n(&receiver), 20);
    uint16_t port = receiver.port;
    receiver_close(&receiver);
    cause_events(10); /* nobody is there for them */
    await_event("subscriber-removed", 14);
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, NULL, 0), child);
    unlink(notify_path);
    receiver_open(&receiver, NULL, NULL, port);
    assert_int_equal(launch(), 0);
    /* Some may come twice, and a slow machine has told of the outage as well. */
    for (unsigned most = 30; ids_spanned() < 30; most++) {
        receiver_await(&receiver, most);
    }
    assert_in_order(); /* none is left out */
}

/*= test op-webhook */
static void what_was_given_up_before_it_was_taken_is_said(void **state)
{
    (void)state;
    char text[1024], name[32];
    snprintf(text, sizeof text, "webhooks:\n%s", entry("noc", "http", "device-added"));
    configure(text);
    /* the smallest list there is */
    char path[64];
    snprintf(path, sizeof path, "%s/hssd.yaml", folder);
    char command[160];
    snprintf(command, sizeof command, "sed -i 's/eir_rules: 1000/events_kept: 100/' %s", path);
    assert_int_equal(system(command), 0);
    uint16_t port = receiver.port;
    receiver_close(&receiver);
    assert_int_equal(launch(), 0);
    await_shown("noc", "state", "up");
    expect(201, "PUT", ONE, "{" KEYS "}");
    expect(201, "PUT", ONE "/devices/35693803564380", "{}"); /* wanted, and nobody takes it */
    await_shown("noc", "state", "down");
    cause_events(0);
    for (unsigned i = 0; i < 75; i++) {
        expect(204, "DELETE", ONE, "");
        expect(201, "PUT", ONE, "{" KEYS "}");
    }
    receiver_open(&receiver, NULL, NULL, port);
    receiver_await(&receiver, 1);
    receiver_event(&receiver.got[0], name);
    assert_string_equal(name, "webhook-lost");
    json_t *message = receiver_message(&receiver.got[0]);
    const char *detail =
        json_string_value(json_object_get(json_object_get(message, "data"), "detail"));
    assert_true(atoi(detail) >= 1); /* how many, depends on when it tried last */
    json_decref(message);
    assert_int_equal(events_named("webhook-lost"), 1);
}

static void a_reload_takes_webhooks_over(void **state)
{
    (void)state;
    char text[1200], name[32];
    configure("");
    assert_int_equal(launch(), 0);
    json_t *json = NULL;
    assert_int_equal(ask("GET", "/v1/webhooks", "", &json), 200);
    assert_int_equal(json_array_size(json_object_get(json, "webhooks")), 0);
    json_decref(json);
    configure_one("http", "subscriber-added");
    expect(200, "POST", "/v1/reload", "");
    await_shown("noc", "state", "up");
    cause_events(2);
    receiver_await(&receiver, 1);
    /* another takes its place, and it comes back as one that has seen nothing */
    snprintf(text, sizeof text, "webhooks:\n%s", entry("other", "http", "subscriber-removed"));
    configure(text);
    expect(200, "POST", "/v1/reload", "");
    await_shown("other", "state", "up");
    assert_null(shown("noc"));
    await_forgotten("noc");
    cause_events(2);
    receiver_await(&receiver, 2);
    receiver_event(&receiver.got[1], name);
    assert_string_equal(name, "subscriber-removed");
    configure_one("http", "subscriber-added");
    expect(200, "POST", "/v1/reload", "");
    await_shown("noc", "state", "up");
    cause_events(2);
    receiver_await(&receiver, 3);
    receiver_event(&receiver.got[2], name);
    assert_string_equal(name, "subscriber-added");
    assert_int_equal(receiver_n(&receiver), 3);
    /* a file that is wrong changes nothing */
    write_file("s.secret", "whsec_AAAA\n");
    expect_problem("configuration-refused", "POST", "/v1/reload", "");
    /* and is said to the end of the sentence */
    configure("webhooks:\n  - {name: other, url: \"https://localhost/\", secret_file: s.secret, "
              "events: [all]}\n");
    expect_problem("configuration-refused", "POST", "/v1/reload", "");
    assert_non_null(strstr(answer, " /etc/ssl/certs/ca-certificates.crt\""));
}

static void a_receiver_with_another_certificate_gets_nothing(void **state)
{
    (void)state;
    char text[1024];
    pki_make(&pki, "other", NULL, "other", NULL);
    snprintf(text, sizeof text,
             "webhooks:\n  - {name: noc, url: \"https://localhost:%u/\", ca: %s, secret_file: "
             "s.secret, events: [all]}\n",
             receiver.port, pki_path(&pki, "other", ".crt"));
    configure(text);
    assert_int_equal(launch(), 0);
    await_shown("noc", "state", "up");
    cause_events(1);
    await_shown("noc", "cause", "certificate");
    assert_int_equal(receiver_n(&receiver), 0);
}

static void waits_grow_to_five_minutes_and_are_never_longer(void **state)
{
    (void)state;
    assert_int_equal(webhook_wait_ms(1, 0), 1000);
    assert_int_equal(webhook_wait_ms(1, UINT16_MAX), 1500);
    assert_int_equal(webhook_wait_ms(4, 0), 8000);
    assert_int_equal(webhook_wait_ms(9, 0), 256000);
    for (unsigned tries = 1; tries < 100000; tries += 7) {
        assert_in_range(webhook_wait_ms(tries, (uint16_t)(tries * 7919)), 1000, WEBHOOK_RETRY_MOST);
    }
    assert_int_equal(webhook_wait_ms(UINT32_MAX, UINT16_MAX), WEBHOOK_RETRY_MOST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(events_come_in_order_and_signed_over_one_connection,
                                        with_tls, gone),
        cmocka_unit_test_setup_teardown(only_those_that_are_wanted_are_sent, plain, gone),
        cmocka_unit_test_setup_teardown(what_is_refused_is_sent_again_with_its_id_and_told_of_once,
                                        with_tls, gone),
        cmocka_unit_test_setup_teardown(a_restart_repeats_nothing_and_a_death_loses_nothing, plain,
                                        gone),
        cmocka_unit_test_setup_teardown(what_was_given_up_before_it_was_taken_is_said, plain, gone),
        cmocka_unit_test_setup_teardown(a_reload_takes_webhooks_over, plain, gone),
        cmocka_unit_test_setup_teardown(a_receiver_with_another_certificate_gets_nothing, with_tls,
                                        gone),
        cmocka_unit_test(waits_grow_to_five_minutes_and_are_never_longer),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
