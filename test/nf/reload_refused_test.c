/* A HSS whose configuration is refused for the last of its interfaces, the listener for offers
 * (src/nf/hssd/reload.c, src/nf/hssd/dimsi_api.c): none of the others has changed, though nothing
 * of what was read before is there any more. */
#include "nf/admin_world.h"

#include "common/half_reload.h"
#include "nf/devid_pki.h"

static struct pki pki;
static struct half half;
static unsigned offers; /* the port for them */

#define DIMSI                                                                                      \
    "dimsi: {plmn: \"001-01\", listen: \"https://127.0.0.1:0\", certificate: api.crt, key: "       \
    "api.key, ca: adm-kept.crt, ausf: {certificate: api.crt, key: api.key, "                       \
    "agreement_certificate: eck.crt, agreement_key: eck.key}, sp: {roots: adm-kept.crt}, "         \
    "ci: {roots: adm-kept.crt}, service_providers: [{name: sp.example.org}], "                     \
    "arpfs: [{name: arpf.example.org, link: \"https://127.0.0.1:1\", ca: adm-kept.crt}], "         \
    "discovery: [{plmn: \"901-70\", link: \"https://127.0.0.1:1\", ca: adm-kept.crt}], "           \
    "rsmf: {link: \"https://127.0.0.1:1\", ca: adm-kept.crt}, "                                    \
    "imsis: [\"001010000700000-001010000799999\"], "                                               \
    "operator_imsis: [\"001010000800000-001010000899999\"]}\n"

static void write_config(const char *https, const char *rest)
{
    char text[6000];
    const char *admin = "admin: {socket: admin.sock}\n", *socket = "admin: {socket: ";
    char all[sizeof config_text];
    memcpy(all, config_text, sizeof all);
    char *at = strstr(all, socket);
    assert_non_null(at);
    *at = '\0';
    snprintf(text, sizeof text, "%sadmin:\n  socket: admin.sock\n  https: %s\n%s" DIMSI "%s", all,
             https, at + strlen(admin), rest);
    write_file("hssd.yaml", text);
}

static void make_agreement(void)
{
    static struct cert c, ca;
    cert_make(&ca, &(struct cert_wish){.cn = "CA", .ca = true});
    cert_make(&c, &(struct cert_wish){.cn = "AUSF",
                                      .by = &ca,
                                      .usage = "critical,keyAgreement",
                                      .role = VERIFY_OID_ROLES ".4"});
    (void)cert_save(&pki, "eck", &c);
    cert_drop(&c);
    cert_drop(&ca);
}

static int setup(void **state)
{
    json_t *status = NULL;
    (void)state;
    make_folder();
    snprintf(pki.dir, sizeof pki.dir, "%s", folder);
    half_open(&half, &pki);
    half.daemons = "hssd";
    pki_make(&pki, "api", "adm-ca", "api", "DNS:localhost");
    make_agreement();
    write_config(HALF_ADMIN_BEFORE, HALF_METRICS_BEFORE);
    write_file("hss.key", "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n");
    assert_int_equal(launch(), 0);
    assert_int_equal(ask("GET", "/v1/status", "", &status), 200);
    const char *listen =
        json_string_value(json_object_get(json_object_get(status, "dimsi"), "listen"));
    assert_non_null(listen);
    assert_int_equal(sscanf(listen, "tls://127.0.0.1:%u", &offers), 1);
    half_ports(&half, json_incref(json_object_get(status, "admin")));
    json_decref(status);
    return 0;
}

static int teardown(void **state)
{
    half_close(&half);
    return stop(state);
}

/*= test op-reload */
static void a_reload_that_fails_at_the_last_interface_changes_none_of_them(void **state)
{
    (void)state;
    half_is_before(&half);
    half_forget(&half);
    half_wrong_key(&half, "api");
    write_config(HALF_ADMIN_AFTER, HALF_METRICS_AFTER);
    expect_problem("configuration-refused", "POST", "/v1/reload", "");
    assert_non_null(strstr(answer, "dimsi: "));
    half_said(&half, "\"configuration-refused\"", "dimsi: ");
    half_is_before(&half);
    assert_int_equal(half_ask_at(&half, offers, "after", "adm-kept"), 404);
    half_right_key(&half, "api");
    expect(200, "POST", "/v1/reload", "");
    half_is_after(&half);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reload_that_fails_at_the_last_interface_changes_none_of_them),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, setup, teardown);
}
