/* Devices that have, or want, a subscription by the URL of their certificate, in the administration
 * interface, over its socket (src/nf/hssd/admin_onboarding.c). */
#include "nf/admin_world.h"
#include "nf/onboard_pki.h"

#include "store/store.h"

#define AT         "/v1/onboarding/"
#define DO(word)   "{\"do\":\"" word "\"}"
#define POOL_FIRST "001010000500000"
#define POOL_LAST  "001010000500009"

/* ---- a HSS with devices in its store --------------------------------------------------------- */

static const struct seed {
    const char *authority, *id, *imei;
    enum certattach_phase phase;
} seeds[] = {
    {"maker", "a1", "35693803000001", CERTATTACH_PHASE_ACTIVE},
    {"maker", "ap1", "35693803000002", CERTATTACH_PHASE_APPROVED},
    {"maker", "d1", "35693803000003", CERTATTACH_PHASE_DENIED},
    {"maker", "e1", "35693803000004", CERTATTACH_PHASE_EXPIRED},
    {"maker", "p1", "35693803000005", CERTATTACH_PHASE_PENDING},
    {"maker", "p2", "35693803000006", CERTATTACH_PHASE_PENDING},
    {"maker", "p3", "35693803000007", CERTATTACH_PHASE_PENDING},
    {"maker", "w1", "35693803000008", CERTATTACH_PHASE_WAITING},
    {"maker", "w2", "35693803000009", CERTATTACH_PHASE_WAITING},
    {"other", "A.b_c~D-1", "35693803000010", CERTATTACH_PHASE_WAITING},
};
#define SEEDS (sizeof seeds / sizeof *seeds)
#define P1    "001010000500001" /* they are given in order */
#define P2    "001010000500002"
#define P3    "001010000500003"
#define A1    POOL_FIRST

static void give(struct store_writer *w, const struct seed *s, struct store_onboarding *row)
{
    struct imsi first, last;
    enum store_did did;
    struct store_subscriber sub = {.policy = BINDING_LEARN, .profile = "default"};
    struct store_device device = {.imei = row->imei};
    struct store_serving at = {.host = "m.example.net", .realm = "example.net"}, before;
    assert_ok(imsi_parse(BYTES_LIT(POOL_FIRST), &first));
    assert_ok(imsi_parse(BYTES_LIT(POOL_LAST), &last));
    assert_ok(store_take_imsi(w, &first, &last, 1, &row->imsi));
    sub.imsi = device.imsi = row->imsi;
    sub.keys = (struct aka_keys){.algorithm = AKA_MILENAGE, .res_len = 8};
    sub.keys.k.n = sub.keys.opc.n = 16;
    assert_ok(store_put_subscriber(w, STORE_INSERT, &sub, &did));
    assert_ok(store_put_device(w, STORE_INSERT, &device, &did));
    row->has_imsi = true;
    if (strcmp(s->id, "p2") == 0) { /* cannot well be, and is told to go all the same */
        assert_ok(store_set_serving(w, &row->imsi, &at, NULL, &before));
    }
}

static void plant(struct store_writer *w, const struct seed *s)
{
    struct store_onboarding row = {.phase = (uint8_t)s->phase,
                                   .manufacturer = "Maker",
                                   .model = "Meter 3",
                                   .first = 1700000000,
                                   .changed = 1700000001};
    snprintf(row.key.authority, sizeof row.key.authority, "%s", s->authority);
    snprintf(row.key.id, sizeof row.key.id, "%s", s->id);
    snprintf(row.serial_number, sizeof row.serial_number, "SN-%s", s->id);
    assert_ok(imei_parse(bytes_of_str(s->imei), &row.imei));
    if (s->phase == CERTATTACH_PHASE_PENDING || s->phase == CERTATTACH_PHASE_ACTIVE) {
        give(w, s, &row);
        row.expires = s->phase == CERTATTACH_PHASE_PENDING ? INT64_C(4000000000) : 0;
    }
    assert_ok(store_put_onboarding(w, &row));
}

static void plant_all(void)
{
    char path[64], key[64];
    struct store *s = NULL;
    struct store_why why;
    snprintf(path, sizeof path, "%s/hss.db", folder);
    snprintf(key, sizeof key, "%s/hss.key", folder);
    const struct store_options options = {.path = path, .kek_path = key, .create = true};
    assert_ok(store_open(&options, &s, &why));
    struct store_writer *w = store_the_writer(s);
    assert_ok(store_begin(w));
    for (size_t i = 0; i < SEEDS; i++) {
        plant(w, &seeds[i]);
    }
    assert_ok(store_commit(w));
    store_close(s);
}

static void write_config(void)
{
    static char text[4096];
    static const char authority[] =
        "    - {name: %s, host: %s, link: \"https://127.0.0.1:9\", certificate: %s/hss.crt, key: "
        "%s/hss.key, ca: %s/tls-ca.crt, roots: %s/device-ca.crt, signers: [%s/maker.pub],"
        " approval: %s, waiting_most: 7, pending_most: 8, per_hour: 9}\n";
    const char *d = pki_files.dir;
    int n = snprintf(text, sizeof text,
                     "%sonboarding:\n  certificate: %s/operator.crt\n  key: %s/operator.key\n"
                     "  imsis: [\"" POOL_FIRST "-" POOL_LAST "\",\"001010000600000-"
                     "001010000600004\"]\n  authorities:\n",
                     config_text, d, d);
    n += snprintf(text + n, sizeof text - (size_t)n, authority, "maker", MAKER_HOST, d, d, d, d, d,
                  "hand");
    n += snprintf(text + n, sizeof text - (size_t)n, authority, "other", "ca.example.net", d, d, d,
                  d, d, "rule");
    assert_true(n < (int)sizeof text);
    write_file("hssd.yaml", text);
}

static int up(void **state)
{
    (void)state;
    onboard_keys();
    make_folder();
    write_config();
    write_file("hss.key", "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n");
    plant_all();
    return launch();
}

static int down(void **state)
{
    onboard_keys_gone();
    return stop(state);
}

/* ---- what is seen ---------------------------------------------------------------------------- */

static json_t *get(const char *path)
{
    json_t *json = NULL;
    if (ask("GET", path, "", &json) != 200) {
        fail_msg("GET %s: %s", path, answer);
    }
    return json;
}

static const char *text_in(const json_t *json, const char *name)
{
    assert_non_null(json_object_get(json, name));
    const char *text = json_string_value(json_object_get(json, name));
    return text != NULL ? text : "null";
}

static json_int_t number_in(const json_t *json, const char *name)
{
    assert_non_null(json_object_get(json, name));
    return json_integer_value(json_object_get(json, name));
}

/* imsi NULL: it has none. */
static void shows(const char *device, const char *phase, const char *imsi)
{
    char path[128];
    snprintf(path, sizeof path, AT "%s", device);
    json_t *json = get(path);
    assert_string_equal(text_in(json, "phase"), phase);
    assert_string_equal(text_in(json, "imsi"), imsi != NULL ? imsi : "null");
    json_decref(json);
}

static size_t events_of(const char *name)
{
    char path[80];
    snprintf(path, sizeof path, "/v1/events?limit=1000&name=%s", name);
    json_t *json = get(path);
    size_t n = json_array_size(json_object_get(json, "events"));
    json_decref(json);
    return n;
}

static json_t *pool(size_t i)
{
    json_t *json = get("/v1/onboarding-pool");
    json_t *one = json_incref(json_array_get(json_object_get(json, "pools"), i));
    json_decref(json);
    return one;
}

static void a_device_is_shown_whole(void **state)
{
    (void)state;
    json_t *json = get(AT "maker/p1");
    assert_int_equal(json_object_size(json), 12);
    assert_string_equal(text_in(json, "authority"), "maker");
    assert_string_equal(text_in(json, "id"), "p1");
    assert_string_equal(text_in(json, "phase"), "pending");
    assert_true(json_is_false(json_object_get(json, "again")));
    assert_string_equal(text_in(json, "imei"), "35693803000005");
    assert_string_equal(text_in(json, "manufacturer"), "Maker");
    assert_string_equal(text_in(json, "model"), "Meter 3");
    assert_string_equal(text_in(json, "serial_number"), "SN-p1");
    assert_string_equal(text_in(json, "imsi"), P1);
    assert_int_equal(number_in(json, "first"), 1700000000);
    assert_int_equal(number_in(json, "changed"), 1700000001);
    assert_int_equal(number_in(json, "expires"), 4000000000);
    json_decref(json);
    json = get(AT "other/A.b_c~D-1");
    assert_true(json_is_null(json_object_get(json, "imsi")));
    assert_true(json_is_null(json_object_get(json, "expires")));
    json_decref(json);
}

/* The devices of one page after the other. */
static size_t walk(const char *query, size_t limit)
{
    char path[256], next[192] = "";
    size_t seen = 0;
    do {
        snprintf(path, sizeof path, "/v1/onboarding?limit=%zu%s%s%s", limit, query,
                 next[0] != '\0' ? "&after=" : "", next);
        json_t *json = get(path);
        const json_t *list = json_object_get(json, "devices");
        assert_true(json_array_size(list) <= limit);
        seen += json_array_size(list);
        const char *text = json_string_value(json_object_get(json, "next"));
        snprintf(next, sizeof next, "%s", text != NULL ? text : "");
        json_decref(json);
    } while (next[0] != '\0');
    return seen;
}

static void pages_join_to_all_or_to_those_in_a_phase(void **state)
{
    (void)state;
    for (size_t limit = 1; limit <= SEEDS + 1; limit++) {
        assert_int_equal(walk("", limit), SEEDS);
        assert_int_equal(walk("&phase=waiting", limit), 3);
        assert_int_equal(walk("&phase=pending", limit), 3);
        assert_int_equal(walk("&phase=active", limit), 1);
    }
    json_t *json = get("/v1/onboarding?limit=2");
    assert_string_equal(text_in(json, "next"), "maker/ap1");
    const json_t *first = json_array_get(json_object_get(json, "devices"), 0);
    assert_string_equal(text_in(first, "id"), "a1");
    json_decref(json);
    json = get("/v1/onboarding?after=maker%2Fw2");
    assert_int_equal(json_array_size(json_object_get(json, "devices")), 1);
    assert_true(json_is_null(json_object_get(json, "next")));
    json_decref(json);
}

static void what_is_no_device_is_refused_by_name(void **state)
{
    (void)state;
    char long_id[160] = AT "maker/";
    memset(long_id + strlen(long_id), 'x', 65);
    expect_problem("no-such-onboarding", "GET", AT "maker/nobody", "");
    expect_problem("no-such-onboarding", "GET", AT "else/p1", "");
    expect_problem("no-such-onboarding", "POST", AT "maker/nobody", DO("approve"));
    expect_problem("bad-parameter", "GET", long_id, "");
    expect_problem("bad-parameter", "GET", AT "maker/a%20b", "");
    expect_problem("bad-parameter", "GET", AT "maker/..", "");
    expect_problem("bad-parameter", "GET", AT "Maker/p1", "");
    expect_problem("no-such-path", "GET", AT "maker", "");
    expect_problem("no-such-path", "GET", AT "maker/a/b", "");
    expect_problem("method-not-allowed", "DELETE", AT "maker/p1", "");
    expect_problem("method-not-allowed", "POST", "/v1/onboarding-pool", "");
    expect_problem("bad-parameter", "GET", "/v1/onboarding?phase=new", "");
    expect_problem("bad-parameter", "GET", "/v1/onboarding?phase=Pending", "");
    expect_problem("bad-parameter", "GET", "/v1/onboarding?after=maker", "");
    expect_problem("bad-parameter", "GET", "/v1/onboarding?after=maker/", "");
    expect_problem("bad-parameter", "GET", "/v1/onboarding?after=/d1", "");
    expect_problem("bad-parameter", "GET", "/v1/onboarding?limit=0", "");
    expect_problem("bad-parameter", "GET", "/v1/onboarding?imei=1", "");
    expect_problem("not-json", "POST", AT "maker/w1", "");
    expect_problem("bad-member", "POST", AT "maker/w1", "[]");
    expect_problem("missing-member", "POST", AT "maker/w1", "{}");
    expect_problem("bad-member", "POST", AT "maker/w1", "{\"do\":1}");
    expect_problem("bad-member", "POST", AT "maker/w1", DO("Approve"));
    expect_problem("bad-member", "POST", AT "maker/w1", DO(""));
    expect_problem("unknown-member", "POST", AT "maker/w1", "{\"do\":\"deny\",\"why\":\"x\"}");
    expect_problem("not-json", "POST", AT "maker/w1", "{\"do\":\"deny\",\"do\":\"approve\"}");
    shows("maker/w1", "waiting", NULL);
}

static void pools_and_authorities_are_counted(void **state)
{
    (void)state;
    json_t *json = get("/v1/onboarding-pool"), *status = get("/v1/status");
    const json_t *p = json_array_get(json_object_get(json, "pools"), 0);
    assert_string_equal(text_in(p, "first"), POOL_FIRST);
    assert_string_equal(text_in(p, "last"), POOL_LAST);
    assert_int_equal(number_in(p, "total"), 10);
    assert_int_equal(number_in(p, "never_used"), 6);
    assert_int_equal(number_in(p, "resting"), 0);
    assert_int_equal(number_in(p, "ready"), 0);
    p = json_array_get(json_object_get(json, "pools"), 1);
    assert_int_equal(number_in(p, "never_used"), 5);
    const json_t *a = json_array_get(json_object_get(json, "authorities"), 0);
    assert_string_equal(text_in(a, "name"), "maker");
    assert_string_equal(text_in(a, "host"), MAKER_HOST);
    assert_string_equal(text_in(a, "approval"), "hand");
    static const char *const phases[] = {"waiting", "approved", "pending",
                                         "active",  "denied",   "expired"};
    static const json_int_t counts[] = {2, 1, 3, 1, 1, 1};
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(number_in(a, phases[i]), counts[i]);
    }
    assert_int_equal(number_in(a, "waiting_most"), 7);
    assert_int_equal(number_in(a, "pending_most"), 8);
    assert_int_equal(number_in(a, "per_hour"), 9);
    assert_string_equal(text_in(json_object_get(a, "site"), "state"), "untried");
    a = json_array_get(json_object_get(json, "authorities"), 1);
    assert_string_equal(text_in(a, "approval"), "rule");
    assert_int_equal(number_in(a, "waiting"), 1);
    assert_int_equal(number_in(json, "asking"), 0);
    assert_true(json_equal(json, json_object_get(status, "onboarding")));
    json_decref(json);
    json_decref(status);
}

static void a_subscriber_shows_whose_it_is(void **state)
{
    (void)state;
    expect(201, "PUT", ONE, "{" KEYS "}");
    json_t *json = get(ONE);
    assert_true(json_is_false(json_object_get(json, "pending")));
    assert_string_equal(text_in(json, "onboarding"), "null");
    json_decref(json);
    json = get("/v1/subscribers/" P1);
    assert_true(json_is_true(json_object_get(json, "pending")));
    assert_string_equal(text_in(json, "onboarding"), "maker/p1");
    json_decref(json);
    json = get("/v1/subscribers/" A1);
    assert_true(json_is_false(json_object_get(json, "pending")));
    assert_string_equal(text_in(json, "onboarding"), "maker/a1");
    json_decref(json);
    json = get("/v1/subscribers?after=" A1 "&limit=1");
    const json_t *one = json_array_get(json_object_get(json, "subscribers"), 0);
    assert_true(json_is_true(json_object_get(one, "pending")));
    assert_null(json_object_get(one, "onboarding")); /* as devices: of a single one only */
    json_decref(json);
    expect(200, "PATCH", "/v1/subscribers/" P1, "{\"suspended\":true}");
    json = get("/v1/subscribers/" P1);
    assert_true(json_is_true(json_object_get(json, "pending")));
    json_decref(json);
}

/* ---- what is said ---------------------------------------------------------------------------- */

static void says(const char *device, const char *word, const char *phase)
{
    char path[128], body[64];
    json_t *json = NULL;
    snprintf(path, sizeof path, AT "%s", device);
    snprintf(body, sizeof body, "{\"do\":\"%s\"}", word);
    if (ask("POST", path, body, &json) != 200) {
        fail_msg("%s %s: %s", word, device, answer);
    }
    assert_string_equal(text_in(json, "phase"), phase);
    json_decref(json);
}

/*= test certattach-approval certattach-events */
static void who_waits_is_approved_denied_and_forgotten(void **state)
{
    (void)state;
    says("maker/w1", "approve", "approved");
    assert_string_equal(await_event("onboarding-approved", 0), "maker/w1");
    says("maker/w1", "approve", "approved"); /* the same again changes nothing */
    shows("maker/w1", "approved", NULL);
    json_t *json = get(AT "maker/w1");
    assert_true(number_in(json, "changed") > 1700000001);
    assert_int_equal(number_in(json, "first"), 1700000000);
    json_decref(json);
    says("maker/w1", "deny", "denied");
    assert_string_equal(await_event("onboarding-denied", 0), "maker/w1");
    says("maker/w1", "deny", "denied");
    says("maker/w1", "approve", "approved");
    says("maker/e1", "approve", "approved");
    says("maker/e1", "forget", "new");
    assert_string_equal(await_event("onboarding-forgotten", 0), "maker/e1");
    expect_problem("no-such-onboarding", "GET", AT "maker/e1", "");
    expect_problem("no-such-onboarding", "POST", AT "maker/e1", DO("forget"));
    assert_int_equal(events_of("onboarding-approved"), 3);
    assert_int_equal(events_of("onboarding-denied"), 1);
    json = get("/v1/events?name=onboarding-denied");
    const json_t *event = json_array_get(json_object_get(json, "events"), 0);
    assert_string_equal(text_in(event, "imei"), "35693803000008");
    assert_string_equal(text_in(event, "imsi"), "null");
    json_decref(json);
}

static void a_word_that_makes_no_sense_says_in_which_phase_the_device_is(void **state)
{
    (void)state;
    static const struct {
        const char *path, *body, *said;
    } cases[] = {
        {AT "maker/p1", DO("approve"), "the device is pending: "},
        {AT "maker/p1", DO("forget"), "the device is pending: "},
        {AT "maker/a1", DO("deny"), "suspend or remove the subscriber"},
        {AT "maker/a1", DO("expire"), "the device is active: "},
        {AT "maker/a1", DO("forget"), "the device is active: "},
        {AT "maker/w2", DO("expire"), "the device is waiting: "},
        {AT "maker/ap1", DO("expire"), "the device is approved: "},
        {AT "maker/d1", DO("expire"), "the device is denied: "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        expect_problem("onboarding-phase", "POST", cases[i].path, cases[i].body);
        assert_non_null(strstr(answer, " 409 "));
        if (strstr(answer, cases[i].said) == NULL) {
            fail_msg("wanted %s, got %s", cases[i].said, answer);
        }
    }
    shows("maker/p1", "pending", P1);
    shows("maker/a1", "active", A1);
}

/*= test certattach-expiry */
static void a_subscription_that_nobody_used_ends_and_its_imsi_rests(void **state)
{
    (void)state;
    says("maker/p1", "expire", "expired");
    assert_string_equal(await_event("onboarding-expired", 0), "maker/p1");
    shows("maker/p1", "expired", NULL);
    expect(404, "GET", "/v1/subscribers/" P1, "");
    says("maker/p1", "expire", "expired");
    json_t *json = get("/v1/events?name=onboarding-expired");
    const json_t *event = json_array_get(json_object_get(json, "events"), 0);
    assert_string_equal(text_in(event, "imsi"), P1);
    assert_int_equal(json_array_size(json_object_get(json, "events")), 1);
    json_decref(json);
    says("maker/p2", "deny", "denied");
    (void)await_event("cancel-location-unsent", 0); /* it was served by somebody, who is not here */
    shows("maker/p2", "denied", NULL);
    expect(404, "GET", "/v1/subscribers/" P2, "");
    json_t *p = pool(0);
    assert_int_equal(number_in(p, "never_used"), 6);
    assert_int_equal(number_in(p, "resting"), 2);
    json_decref(p);
    json = get("/v1/status");
    assert_int_equal(number_in(json_object_get(json, "counters"), "onboarding_expired"), 1);
    json_decref(json);
}

static void an_active_device_may_have_its_keys_again(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        says("maker/a1", "approve", "active");
        json_t *json = get(AT "maker/a1");
        assert_true(json_is_true(json_object_get(json, "again")));
        assert_int_equal(number_in(json, "changed"), 1700000001);
        json_decref(json);
    }
    json_t *json = get("/v1/events?name=onboarding-approved");
    const json_t *list = json_object_get(json, "events");
    const json_t *last = json_array_get(list, json_array_size(list) - 1);
    assert_string_equal(text_in(last, "detail"), "maker/a1");
    assert_string_equal(text_in(last, "imsi"), A1);
    json_decref(json);
}

static void a_subscriber_that_is_removed_gives_its_imsi_back(void **state)
{
    (void)state;
    expect(204, "DELETE", "/v1/subscribers/" A1, "");
    expect(204, "DELETE", "/v1/subscribers/" P3, "");
    expect(204, "DELETE", ONE, "");
    shows("maker/a1", "expired", NULL);
    shows("maker/p3", "expired", NULL);
    assert_string_equal(await_event("subscriber-removed", 0), "maker/a1");
    assert_string_equal(await_event("subscriber-removed", 1), "maker/p3");
    assert_string_equal(await_event("subscriber-removed", 2), "");
    json_t *p = pool(0);
    assert_int_equal(number_in(p, "resting"), 4);
    json_decref(p);
    expect(404, "DELETE", "/v1/subscribers/" A1, "");
}

static void all_of_it_outlives_a_restart(void **state)
{
    (void)state;
    assert_int_equal(halt(), 0);
    assert_int_equal(launch(), 0);
    shows("maker/a1", "expired", NULL);
    shows("maker/w1", "approved", NULL);
    shows("maker/p2", "denied", NULL);
    json_t *p = pool(0);
    assert_int_equal(number_in(p, "resting"), 4);
    assert_int_equal(number_in(p, "never_used"), 6);
    json_decref(p);
}

/* What was begun stays to be seen and ended when nothing is offered any more. */
static void without_the_section_devices_are_still_there(void **state)
{
    (void)state;
    assert_int_equal(halt(), 0);
    write_file("hssd.yaml", config_text);
    assert_int_equal(launch(), 0);
    json_t *json = get("/v1/status");
    assert_true(json_is_null(json_object_get(json, "onboarding")));
    json_decref(json);
    json = get("/v1/onboarding-pool");
    assert_int_equal(json_array_size(json_object_get(json, "pools")), 0);
    assert_int_equal(json_array_size(json_object_get(json, "authorities")), 0);
    json_decref(json);
    assert_int_equal(walk("", 3), SEEDS - 1);
    says("maker/w2", "deny", "denied");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_device_is_shown_whole),
        cmocka_unit_test(pages_join_to_all_or_to_those_in_a_phase),
        cmocka_unit_test(what_is_no_device_is_refused_by_name),
        cmocka_unit_test(pools_and_authorities_are_counted),
        cmocka_unit_test(a_subscriber_shows_whose_it_is),
        cmocka_unit_test(who_waits_is_approved_denied_and_forgotten),
        cmocka_unit_test(a_word_that_makes_no_sense_says_in_which_phase_the_device_is),
        cmocka_unit_test(a_subscription_that_nobody_used_ends_and_its_imsi_rests),
        cmocka_unit_test(an_active_device_may_have_its_keys_again),
        cmocka_unit_test(a_subscriber_that_is_removed_gives_its_imsi_back),
        cmocka_unit_test(all_of_it_outlives_a_restart),
        cmocka_unit_test(without_the_section_devices_are_still_there),
    };
    return cmocka_run_group_tests(tests, up, down);
}
