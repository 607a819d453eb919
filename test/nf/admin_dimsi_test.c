/* Devices that were offered by their discovery IMSI, in the administration interface, over its
 * socket and with the listener for offers beside it (src/nf/hssd/admin_dimsi.c). */
#include "nf/admin_world.h"
#include "nf/devid_pki.h"

#include "store/store_dimsi.h"

#define AT       "/v1/dimsi/"
#define D1       "901700000000001" /* pushed */
#define D2       "901700000000002" /* refused */
#define D3       "901700000000003" /* attached, and its profile used */
#define D4       "901700000000004" /* offered */
#define TEMP_1   "001010000700000"
#define TEMP_3   "001010000700001"
#define OWN_3    "001010000800000"
#define DO(word) "{\"do\":\"" word "\"}"

static struct pki files;
static struct cert ca, server, agreement;

/* ---- a HSS with devices in its store; nobody of the others is there ---- */

static void give(struct store_writer *w, const char *first, const char *last, struct imsi *out)
{
    struct imsi from, to;
    enum store_did did;
    struct store_subscriber sub = {.profile = "default"};
    assert_ok(imsi_parse(bytes_of_str(first), &from));
    assert_ok(imsi_parse(bytes_of_str(last), &to));
    assert_ok(store_take_imsi(w, &from, &to, 1, out));
    sub.imsi = *out;
    sub.keys = (struct aka_keys){.algorithm = AKA_MILENAGE, .res_len = 8};
    sub.keys.k.n = sub.keys.opc.n = 16;
    assert_ok(store_put_subscriber(w, STORE_INSERT, &sub, &did));
}

static void plant(struct store_writer *w, const char *dimsi, enum store_dimsi_phase phase)
{
    struct store_dimsi row = {.phase = (uint8_t)phase,
                              .number = 4,
                              .sp = "sp.example.org",
                              .arpf = "https://127.0.0.1:9",
                              .first = 1700000000,
                              .changed = 1700000001,
                              .next_try = INT64_C(4000000000)};
    assert_ok(imsi_parse(bytes_of_str(dimsi), &row.dimsi));
    memset(row.token, 0xab, sizeof row.token);
    if (phase == STORE_DIMSI_PUSHED || phase == STORE_DIMSI_ATTACHED) {
        give(w, TEMP_1, "001010000700009", &row.imsi);
        row.has_imsi = true;
        row.release = 3;
    }
    if (phase == STORE_DIMSI_ATTACHED) {
        give(w, OWN_3, "001010000800009", &row.operator_imsi);
        row.has_operator = row.used = row.delivered = true;
    }
    row.todo = phase == STORE_DIMSI_OFFERED ? STORE_DIMSI_RELEASE : 0;
    row.expires = phase < STORE_DIMSI_ATTACHED ? INT64_C(4000000000) : 0;
    snprintf(row.cause, sizeof row.cause, phase == STORE_DIMSI_REFUSED ? "token-signature" : "");
    assert_ok(store_put_dimsi(w, &row));
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
    plant(w, D1, STORE_DIMSI_PUSHED);
    plant(w, D2, STORE_DIMSI_REFUSED);
    plant(w, D3, STORE_DIMSI_ATTACHED);
    plant(w, D4, STORE_DIMSI_OFFERED);
    assert_ok(store_commit(w));
    store_close(s);
}

static void write_config(void)
{
    static char text[4096];
    const char *d = files.dir;
    snprintf(
        text, sizeof text,
        "%sdimsi:\n  plmn: \"001-01\"\n  listen: \"https://127.0.0.1:0\"\n"
        "  certificate: %s/server.crt\n  key: %s/server.key\n  ca: %s/ca.crt\n"
        "  ausf: {certificate: %s/server.crt, key: %s/server.key, agreement_certificate: "
        "%s/eck.crt, agreement_key: %s/eck.key}\n  sp: {roots: %s/ca.crt}\n"
        "  ci: {roots: %s/ca.crt}\n  service_providers: [{name: sp.example.org, offers_most: 7}]\n"
        "  arpfs: [{name: arpf.example.org, link: \"https://127.0.0.1:9\", ca: %s/ca.crt}]\n"
        "  discovery: [{plmn: \"901-70\", link: \"https://127.0.0.1:9\", ca: %s/ca.crt}]\n"
        "  rsmf: {link: \"https://127.0.0.1:9\", ca: %s/ca.crt}\n"
        "  imsis: [\"" TEMP_1 "-001010000700009\"]\n"
        "  operator_imsis: [\"" OWN_3 "-001010000800009\"]\n",
        config_text, d, d, d, d, d, d, d, d, d, d, d, d);
    write_file("hssd.yaml", text);
}

static int up(void **state)
{
    (void)state;
    pki_open(&files);
    cert_make(&ca, &(struct cert_wish){.cn = "CA", .ca = true});
    cert_make(&server, &(struct cert_wish){.cn = "hss", .by = &ca, .names = "DNS:localhost"});
    cert_make(&agreement,
              &(struct cert_wish){.cn = "AUSF", .by = &ca, .usage = "critical,keyAgreement"});
    (void)cert_save(&files, "ca", &ca);
    (void)cert_save(&files, "server", &server);
    (void)cert_save(&files, "eck", &agreement);
    make_folder();
    write_config();
    write_file("hss.key", "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n");
    plant_all();
    return launch();
}

static int down(void **state)
{
    cert_drop(&ca);
    cert_drop(&server);
    cert_drop(&agreement);
    pki_close(&files);
    return stop(state);
}

/* ---- asking ---- */

static json_t *get(const char *path)
{
    json_t *json = NULL;
    if (ask("GET", path, "", &json) != 200) {
        fail_msg("GET %s: %s", path, answer);
    }
    return json;
}

static unsigned status_of(const char *method, const char *path)
{
    json_t *json = NULL;
    const unsigned status = (unsigned)ask(method, path, "", &json);
    json_decref(json);
    return status;
}

static const char *text_in(const json_t *json, const char *name)
{
    assert_non_null(json_object_get(json, name));
    const char *text = json_string_value(json_object_get(json, name));
    return text != NULL ? text : "null";
}

static unsigned told(const char *dimsi, const char *body)
{
    char path[64];
    json_t *json = NULL;
    snprintf(path, sizeof path, AT "%s", dimsi);
    const unsigned status = (unsigned)ask("POST", path, body, &json);
    json_decref(json);
    return status;
}

static void shows(const char *dimsi, const char *phase)
{
    char path[64];
    snprintf(path, sizeof path, AT "%s", dimsi);
    json_t *json = get(path);
    assert_string_equal(text_in(json, "phase"), phase);
    json_decref(json);
}

static void a_device_is_shown_whole(void **state)
{
    (void)state;
    json_t *json = get(AT D3);
    assert_int_equal(json_object_size(json), 21);
    assert_string_equal(text_in(json, "dimsi"), D3);
    assert_string_equal(text_in(json, "phase"), "attached");
    assert_string_equal(text_in(json, "imsi"), TEMP_3);
    assert_string_equal(text_in(json, "operator_imsi"), OWN_3);
    assert_string_equal(text_in(json, "sp"), "sp.example.org");
    assert_string_equal(text_in(json, "cause"), "null");
    assert_int_equal(strspn(text_in(json, "token"), "ab"), 64);
    assert_true(json_is_true(json_object_get(json, "used")));
    assert_false(json_is_true(json_object_get(json, "confirmed")));
    assert_int_equal(json_array_size(json_object_get(json, "todo")), 0);
    json_decref(json);
    json = get("/v1/subscribers/" TEMP_3);
    assert_string_equal(text_in(json, "dimsi"), D3);
    json_decref(json);
    assert_int_equal(status_of("GET", AT "901700000000009"), 404);
    assert_int_equal(status_of("GET", AT "9017"), 400);
}

static void pages_are_of_all_or_of_a_phase(void **state)
{
    (void)state;
    json_t *json = get("/v1/dimsi?limit=2");
    assert_int_equal(json_array_size(json_object_get(json, "devices")), 2);
    assert_string_equal(text_in(json, "next"), D2);
    json_decref(json);
    json = get("/v1/dimsi?after=" D2);
    assert_int_equal(json_array_size(json_object_get(json, "devices")), 2);
    assert_string_equal(text_in(json, "next"), "null");
    json_decref(json);
    json = get("/v1/dimsi?phase=refused");
    assert_int_equal(json_array_size(json_object_get(json, "devices")), 1);
    json_decref(json);
    assert_int_equal(status_of("GET", "/v1/dimsi?phase=none"), 400);
}

static void the_status_has_providers_parties_and_pools(void **state)
{
    (void)state;
    json_t *json = get("/v1/status");
    const json_t *d = json_object_get(json, "dimsi");
    assert_string_equal(text_in(d, "plmn"), "001-01");
    assert_non_null(strstr(text_in(d, "listen"), "127.0.0.1:"));
    const json_t *sp = json_array_get(json_object_get(d, "service_providers"), 0);
    assert_int_equal(json_integer_value(json_object_get(sp, "offers_most")), 7);
    assert_int_equal(json_integer_value(json_object_get(sp, "pushed")), 1);
    assert_int_equal(json_array_size(json_object_get(d, "parties")), 3);
    const json_t *pool = json_array_get(json_object_get(d, "pools"), 0);
    assert_int_equal(json_integer_value(json_object_get(pool, "never_used")), 8);
    json_decref(json);
}

static void a_word_is_carried_out_or_makes_no_sense(void **state)
{
    (void)state;
    assert_int_equal(told(D1, DO("forget")), 409);
    assert_int_equal(told(D3, DO("withdraw")), 409);
    assert_int_equal(told(D2, DO("forget")), 200);
    assert_int_equal(told(D2, DO("forget")), 404);
    assert_int_equal(told(D1, DO("withdraw")), 200);
    shows(D1, "withdrawn");
    assert_int_equal(status_of("GET", "/v1/subscribers/" TEMP_1), 404);
    assert_int_equal(told(D4, DO("retry")), 200);
    shows(D4, "offered");
    assert_int_equal(told(D4, DO("dance")), 422);
    assert_int_equal(told(D4, "{}"), 422);
    assert_int_equal(told(D4, "{\"do\":\"retry\",\"now\":1}"), 422);
    assert_int_equal(told(D4, "[]"), 422);
}

static void a_subscriber_of_such_a_device_is_removed_with_its_row(void **state)
{
    (void)state;
    assert_int_equal(status_of("DELETE", "/v1/subscribers/" TEMP_3), 204);
    shows(D3, "withdrawn");
    json_t *json = get(AT D3);
    assert_string_equal(text_in(json, "imsi"), "null");
    assert_string_equal(text_in(json, "operator_imsi"), OWN_3); /* that one is in use */
    json_decref(json);
    assert_int_equal(status_of("DELETE", "/v1/subscribers/" OWN_3), 204);
    json = get(AT D3);
    assert_string_equal(text_in(json, "operator_imsi"), "null");
    json_decref(json);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, up, down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_device_is_shown_whole),
        CASE(pages_are_of_all_or_of_a_phase),
        CASE(the_status_has_providers_parties_and_pools),
        CASE(a_word_is_carried_out_or_makes_no_sense),
        CASE(a_subscriber_of_such_a_device_is_removed_with_its_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
