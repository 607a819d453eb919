/* Receivers of events in the configuration, and their secrets: src/nf/hssd/config_webhooks.c,
 * src/nf/hssd/webhook_secret.c. */
#include "lib/check.h"

#include "crypto/openssl.h"
#include "nf/hssd/config.h"
#include "nf/hssd/webhook_secret.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD                                                                                       \
    "origin_host: hss.example.net\norigin_realm: example.net\nplmns: [\"001-01\"]\n"               \
    "store: {path: hss.db, key_file: hss.key}\nadmin: {socket: admin.sock}\n"                      \
    "listeners: [{address: \"tcp://127.0.0.1:0\"}]\n"                                              \
    "peers: [{origin_host: m.example.net, realm: example.net, visited_plmns: [\"001-01\"]}]\n"     \
    "profiles: [{name: default, ambr: {uplink: 1, downlink: 1}, apns: [{name: a}]}]\n"             \
    "webhooks:\n"
#define SECRET "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

static char folder[40];

static const char *path_of(const char *name)
{
    static char path[80];
    snprintf(path, sizeof path, "%.38s/%.30s", folder, name);
    return path;
}

static void put(const char *name, const char *text, mode_t mode)
{
    unlink(path_of(name));
    FILE *f = fopen(path_of(name), "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    assert_int_equal(chmod(path_of(name), mode), 0);
}

static int setup(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/bindery-webhooks-XXXXXX");
    assert_non_null(mkdtemp(folder));
    put("s.secret", SECRET "\n", 0600);
    put("open.secret", SECRET "\n", 0640);
    put("ca.crt", "", 0644);
    return 0;
}

static int teardown(void **state)
{
    char command[64];
    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

static struct hssd_config *good(const char *entries)
{
    char text[2048];
    struct hssd_config *config = NULL;
    struct config_why why = {{0}, {0}};
    snprintf(text, sizeof text, "%s%s", HEAD, entries);
    put("hssd.yaml", text, 0600);
    if (hssd_config_load(path_of("hssd.yaml"), &config, &why) != E_OK) {
        fail_msg("%s: %s: %s", entries, why.place, why.sentence);
    }
    return config;
}

static void bad(const char *place, const char *says, const char *entries)
{
    char text[2048];
    struct hssd_config *config = NULL;
    struct config_why why = {{0}, {0}};
    snprintf(text, sizeof text, "%s%s", HEAD, entries);
    put("hssd.yaml", text, 0600);
    assert_err(hssd_config_load(path_of("hssd.yaml"), &config, &why), E_BAD_VALUE);
    if (strstr(why.place, place) == NULL || strstr(why.sentence, says) == NULL) {
        fail_msg("%s: wanted %s: %s; got %s: %s", entries, place, says, why.place, why.sentence);
    }
    assert_null(strstr(why.sentence, "AAECAwQF"));
}

static void what_is_right_is_read(void **state)
{
    (void)state;
    struct hssd_config *c = good(
        "  - {name: noc, url: \"https://events.example.com:8443/a/b?c=d\", ca: ca.crt,"
        " secret_file: s.secret, events: [suspected-theft, webhook-down]}\n"
        "  - {name: local-2, url: \"http://127.3.2.1:80/\", secret_file: s.secret,"
        " events: [all]}\n"
        "  - {name: v6, url: \"http://[::1]:8080\", secret_file: s.secret, events: [all]}\n"
        "  - {name: here, url: \"http://localhost/x\", secret_file: s.secret, events: [all]}\n");
    assert_int_equal(c->n_webhooks, 4);
    const struct hssd_webhook *w = hssd_config_webhook(c, "noc");
    assert_non_null(w);
    assert_string_equal(w->url, "https://events.example.com:8443/a/b?c=d");
    assert_string_equal(w->ca, path_of("ca.crt"));
    assert_string_equal(w->secret_file, path_of("s.secret"));
    assert_int_equal(w->n_events, 2);
    assert_string_equal(w->events[1], "webhook-down");
    assert_false(w->plain);
    w = hssd_config_webhook(c, "local-2");
    assert_true(w->plain);
    assert_int_equal(w->n_events, 0);
    assert_null(hssd_config_webhook(c, "none"));
    hssd_config_free(c);
}

#define WITH(name, url, more) "  - {name: " name ", url: \"" url "\", events: [all], " more "}\n"
#define TLS                   "ca: ca.crt, secret_file: s.secret"
static void what_is_wrong_is_named_with_its_place(void **state)
{
    (void)state;
    bad("webhooks[0].name", "is not 1 to 32", WITH("Noc", "https://a/", TLS));
    bad("webhooks[0].name", "is not 1 to 32",
        WITH("a-name-of-thirty-three-characters", "https://a/", TLS));
    bad("webhooks[1].name", "is webhooks[0].name too",
        WITH("a", "https://a/", TLS) WITH("a", "https://b/", TLS));
    static const char *const urls[] = {"ftp://a/",   "https://", "https://u:p@a/", "https://a/#b",
                                       "https:///a", "a",        "https://a/b c",  "HTTPS://a/"};
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        char text[256];
        snprintf(text, sizeof text, WITH("a", "%s", TLS), urls[i]);
        bad("webhooks[0].url", "is not a URL", text);
    }
    static const char *const far[] = {
        "http://events.example.com/", "http://10.0.0.1/", "http://127.0.0.1.example.com/",
        "http://localhost.example/",  "http://127.1/",    "http://[::2]/"};
    for (size_t i = 0; i < sizeof far / sizeof *far; i++) {
        char text[256];
        snprintf(text, sizeof text, WITH("a", "%s", "secret_file: s.secret"), far[i]);
        bad("webhooks[0].url", "on this machine alone", text);
    }
    bad("webhooks[0].ca", "is missing", WITH("a", "https://a/", "secret_file: s.secret"));
    bad("webhooks[0].ca", "cannot be read",
        WITH("a", "https://a/", "ca: b, secret_file: s.secret"));
    bad("webhooks[0].ca", "has no meaning", WITH("a", "http://127.0.0.1/", TLS));
    bad("webhooks[0].secret_file", "", WITH("a", "https://a/", "ca: ca.crt"));
    bad("webhooks[0].secret_file", "is not there",
        WITH("a", "https://a/", "ca: ca.crt, secret_file: none"));
    bad("webhooks[0].secret_file", "chmod 600",
        WITH("a", "https://a/", "ca: ca.crt, secret_file: open.secret"));
    bad("webhooks[0].events", "is missing",
        "  - {name: a, url: \"https://a/\", ca: ca.crt, secret_file: s.secret}\n");
    bad("webhooks[0].events[1]", "stands alone",
        "  - {name: a, url: \"https://a/\", ca: ca.crt, secret_file: s.secret, events: "
        "[registered, all]}\n");
    bad("webhooks[0].events[0]", "no event of the HSS is called `a_b`",
        "  - {name: a, url: \"https://a/\", ca: ca.crt, secret_file: s.secret, events: [a_b]}\n");
    bad("webhooks[0].events[1]", "called `suspected-thef`",
        "  - {name: a, url: \"https://a/\", ca: ca.crt, secret_file: s.secret, events: "
        "[suspected-theft, suspected-thef]}\n");
    bad("webhooks[0].events[0]", "called `admin-change`", /* it is one of other daemons */
        "  - {name: a, url: \"https://a/\", ca: ca.crt, secret_file: s.secret, events: "
        "[admin-change]}\n");
}

static void a_secret_is_whole_or_refused(void **state)
{
    (void)state;
    struct webhook_secret s;
    char why[160];
    static const char *const wrong[] = {
        "",
        "\n",
        "whsec_",
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg==", /* 31 */
        "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
        SECRET " x",
        SECRET "\n" SECRET};
    assert_ok(webhook_secret_load(path_of("s.secret"), &s, why));
    assert_int_equal(s.n, 32);
    for (unsigned i = 0; i < 32; i++) {
        assert_int_equal(s.b[i], i);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        put("w.secret", wrong[i], 0600);
        assert_err(webhook_secret_load(path_of("w.secret"), &s, why), E_BAD_VALUE);
        assert_non_null(strstr(why, "32 to 64 octets"));
    }
    char longest[128] = "whsec_";
    memset(longest + 6, 'A', 84); /* 63 octets */
    put("w.secret", longest, 0400);
    assert_ok(webhook_secret_load(path_of("w.secret"), &s, why));
    assert_int_equal(s.n, 63);
    memset(longest + 6, 'A', 88); /* 66 */
    put("w.secret", longest, 0600);
    assert_err(webhook_secret_load(path_of("w.secret"), &s, why), E_BAD_VALUE);
    put("w.secret", SECRET, 0604);
    assert_err(webhook_secret_load(path_of("w.secret"), &s, why), E_DENIED);
    assert_err(webhook_secret_load(folder, &s, why), E_IO);
}

/* The value was made by the openssl command: echo -n ... | openssl dgst -sha256 -mac HMAC. */
static void a_signature_is_that_of_id_time_and_body(void **state)
{
    (void)state;
    struct crypto crypto;
    struct webhook_secret s;
    char why[160], out[WEBHOOK_SIGNATURE_MAX];
    assert_ok(crypto_openssl_open(&crypto));
    assert_ok(webhook_secret_load(path_of("s.secret"), &s, why));
    assert_ok(webhook_sign(&crypto, &s, "evt_1", "1769860800", BYTES_LIT("{\"type\":\"x\"}"), out));
    assert_string_equal(out, "v1,OmsYrxKeYbuzKVebzXCQoqXvNp4Em9w6EZ7rxk+17BQ=");
    crypto_openssl_close(&crypto);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_right_is_read, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_wrong_is_named_with_its_place, setup, teardown),
        cmocka_unit_test_setup_teardown(a_secret_is_whole_or_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_signature_is_that_of_id_time_and_body, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
