/* Offers of service providers over HTTPS, from a client with a certificate to the row that is
 * stored (src/nf/hssd/dimsi_api.c). */
#include "nf/dimsi_world.h"

#include <uv.h>

/* Two secure elements of a part number, and one of a maker who has a CI of his own. */
enum { SE_1, SE_2, SE_ALIEN, SES };

static struct cert tls_ca, server_cert, sp_certs[2], stranger;
static struct cert pn_certs[2], alien_ci, se_certs[SES];
static char server_paths[3][64];
static struct signer *sp_signers[2], *se_signers[SES];

static uv_loop_t loop;
static uv_async_t ending, reloading;
static pthread_t loop_thread;
static unsigned port;

static void on_ending(uv_async_t *a)
{
    uv_stop(a->loop);
}

static struct hssd_dimsi another; /* the configuration read again */
static enum err reloaded;
static pthread_mutex_t reload_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t reload_wake = PTHREAD_COND_INITIALIZER;
static bool reload_done;

static void on_reloading(uv_async_t *a)
{
    char why[256] = "";
    (void)a;
    pthread_mutex_lock(&reload_lock);
    struct hss_dimsi_next *next = NULL;
    reloaded = hss_dimsi_next_open(&hss, &another, &next, why, sizeof why);
    if (reloaded == E_OK) {
        hss_dimsi_next_take(&hss, next);
    }
    reload_done = true;
    pthread_cond_signal(&reload_wake);
    pthread_mutex_unlock(&reload_lock);
}

static enum err reload(void)
{
    pthread_mutex_lock(&reload_lock);
    reload_done = false;
    (void)uv_async_send(&reloading);
    while (!reload_done) {
        pthread_cond_wait(&reload_wake, &reload_lock);
    }
    const enum err err = reloaded;
    pthread_mutex_unlock(&reload_lock);
    return err;
}

static void *loop_main(void *arg)
{
    (void)arg;
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    hss_dimsi_unlisten(&hss);
    uv_close((uv_handle_t *)&ending, NULL);
    uv_close((uv_handle_t *)&reloading, NULL);
    while (uv_run(&loop, UV_RUN_DEFAULT) != 0) {
    }
    (void)uv_loop_close(&loop);
    return NULL;
}

static void secure_elements(void)
{
    static const char *const names[] = {"se1", "se2", "alien"};
    struct verify_why why;
    cert_make(&alien_ci, &(struct cert_wish){.cn = "CI of nobody", .ca = true});
    cert_make(&pn_certs[0], &(struct cert_wish){.cn = "PN-1", .by = &ci, .ca = true});
    cert_make(&pn_certs[1], &(struct cert_wish){.cn = "PN-1", .by = &alien_ci, .ca = true});
    for (size_t i = 0; i < SES; i++) {
        cert_make(&se_certs[i], &(struct cert_wish){.cn = names[i],
                                                    .by = &pn_certs[i == SE_ALIEN],
                                                    .role = "clientAuth," VERIFY_OID_ROLES ".5"});
        (void)cert_save(&pki_files, names[i], &se_certs[i]);
        assert_ok(signer_open(pki_path(&pki_files, names[i], ".key"), &se_signers[i], &why));
    }
}

static void certificates(void)
{
    static const char *const names[] = {"sp1", "sp2"};
    static const char *const dns[] = {"DNS:" SP_1_NAME, "DNS:" SP_2_NAME};
    struct verify_why why;
    dimsi_certificates();
    secure_elements();
    cert_make(&tls_ca, &(struct cert_wish){.cn = "TLS", .ca = true});
    cert_make(&server_cert, &(struct cert_wish){.cn = "hss",
                                                .by = &tls_ca,
                                                .role = "serverAuth",
                                                .names = "DNS:localhost,IP:127.0.0.1"});
    for (size_t i = 0; i < 2; i++) {
        cert_make(&sp_certs[i], &(struct cert_wish){.cn = names[i],
                                                    .by = &tls_ca,
                                                    .role = "clientAuth," VERIFY_OID_ROLES ".3",
                                                    .names = dns[i]});
        (void)cert_save(&pki_files, names[i], &sp_certs[i]);
        assert_ok(signer_open(pki_path(&pki_files, names[i], ".key"), &sp_signers[i], &why));
    }
    cert_make(&stranger, &(struct cert_wish){.cn = "stranger",
                                             .by = &tls_ca,
                                             .role = "clientAuth," VERIFY_OID_ROLES ".3",
                                             .names = "DNS:stranger.example.org"});
    (void)cert_save(&pki_files, "stranger", &stranger);
    snprintf(server_paths[0], 64, "%s", cert_save(&pki_files, "tls-ca", &tls_ca));
    snprintf(server_paths[1], 64, "%s", cert_save(&pki_files, "server", &server_cert));
    snprintf(server_paths[2], 64, "%s", pki_path(&pki_files, "server", ".key"));
}

static void certificates_gone(void)
{
    cert_drop(&tls_ca);
    cert_drop(&server_cert);
    cert_drop(&stranger);
    for (size_t i = 0; i < 2; i++) {
        cert_drop(&sp_certs[i]);
        signer_close(sp_signers[i]);
        cert_drop(&pn_certs[i]);
    }
    cert_drop(&alien_ci);
    for (size_t i = 0; i < SES; i++) {
        cert_drop(&se_certs[i]);
        signer_close(se_signers[i]);
    }
    dimsi_certificates_gone();
}

static int up(void **state)
{
    char why[256] = "";
    if (dimsi_up(state) != 0) {
        return -1;
    }
    config.dimsi.ca = server_paths[0];
    config.dimsi.sp_roots = server_paths[0];
    config.dimsi.certificate = server_paths[1];
    config.dimsi.key = server_paths[2];
    config.dimsi.requests_per_second = 1000;
    config.dimsi.burst = 1000;
    assert_ok(address_parse("tls://127.0.0.1:0", &config.dimsi.listen));
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(uv_async_init(&loop, &ending, on_ending), 0);
    assert_int_equal(uv_async_init(&loop, &reloading, on_reloading), 0);
    if (hss_dimsi_listen(&hss, &loop, why, sizeof why) != E_OK) {
        fail_msg("%s", why);
    }
    port = hss_dimsi_bound(&hss).port;
    assert_int_equal(pthread_create(&loop_thread, NULL, loop_main, NULL), 0);
    return 0;
}

static int down(void **state)
{
    (void)uv_async_send(&ending);
    pthread_join(loop_thread, NULL);
    return dimsi_down(state);
}

/* ---- asking ---- */

static char answer[65536];

static unsigned ask(const char *who, const char *method, const char *path, const char *body)
{
    char certificate[64], key[64], url[160];
    struct https_client *client = NULL;
    struct https_reply reply;
    snprintf(certificate, sizeof certificate, "%s", pki_path(&pki_files, who, ".crt"));
    snprintf(key, sizeof key, "%s", pki_path(&pki_files, who, ".key"));
    snprintf(url, sizeof url, "https://127.0.0.1:%u%s", port, path);
    const struct https_client_options options = {
        .certificate = certificate, .key = key, .ca = server_paths[0], .total_ms = 60000};
    const struct https_request request = {.method = method, .url = url, .body = bytes_of_str(body)};
    assert_ok(https_client_open(&options, &client));
    enum err err = https_client_do(client, &request, &reply);
    if (err != E_OK) {
        fail_msg("%s %s: %s %s", method, path, err_name(err), reply.reason);
    }
    snprintf(answer, sizeof answer, "%.*s", (int)reply.body.n, (const char *)reply.body.p);
    const unsigned status = reply.status;
    https_client_close(client);
    return status;
}

static void says(const char *member, const char *value)
{
    json_t *json = json_loads(answer, 0, NULL);
    const char *text = json_string_value(json_object_get(json, member));
    if (text == NULL || strcmp(text, value) != 0) {
        fail_msg("%s is not %s: %s", member, value, answer);
    }
    json_decref(json);
}

struct wish {
    const char *dimsi, *arpf;
    size_t signs;       /* which provider */
    const char *target; /* NULL: this one */
    bool old, torn;
    size_t se;       /* whose certificate is shown, */
    size_t by;       /* who signs the token is as many after it, */
    size_t named;    /* and who is named in it */
    bool without_pn; /* its part number's certificate is not shown */
};

/* The token as its SE signs it; *one becomes the device that made it. */
static struct bytes token_of(const struct wish *wish, struct offered_one *one,
                             uint8_t atk[static DIMSI_ATK_MAX])
{
    const char *names[] = {SP_1_NAME, SP_2_NAME};
    const struct bytes *named = &se_certs[(wish->se + wish->named) % SES].der;
    *one = offer_of(wish->dimsi, 5, 1);
    assert_ok(dimsi_name_parse(bytes_of_str(names[wish->signs]), &one->atk.sp));
    assert_ok(thread.crypto.sha256(thread.crypto.ctx, named, 1, one->atk.se_digest));
    assert_ok(signer_sign(se_signers[(wish->se + wish->by) % SES],
                          dimsi_atk_content(&one->atk, atk), one->atk.signature));
    const struct bytes token = dimsi_atk_write(&one->atk, atk);
    one->offered.atk = one->atk;
    assert_ok(thread.crypto.sha256(thread.crypto.ctx, &token, 1, one->offered.token));
    memcpy(one->offered.delegation.token, one->offered.token, sizeof one->offered.token);
    return token;
}

static const char *certificates_of(const struct wish *wish)
{
    static char text[8192];
    char se[4096], pn[4096];
    base64_of(se_certs[wish->se].der, se, sizeof se);
    base64_of(pn_certs[wish->se == SE_ALIEN].der, pn, sizeof pn);
    snprintf(text, sizeof text, wish->without_pn ? "\"%s\"" : "\"%s\",\"%s\"", se, pn);
    return text;
}

/* The body of an offer, with a token and a delegation that are really signed. */
static const char *body_from(const struct wish *wish, struct offered_one *one)
{
    static char body[32768];
    uint8_t atk[DIMSI_ATK_MAX], octets[DIMSI_DELEGATION_MAX], signature[64];
    char text[4][8192];
    const struct bytes token = token_of(wish, one, atk);
    struct dimsi_delegation d = one->offered.delegation;
    if (wish->target != NULL) {
        assert_ok(plmn_parse(bytes_of_str(wish->target), &d.target));
    }
    if (wish->old) {
        d.expiry = hssd_unix_seconds() - 10;
    }
    const struct bytes content = dimsi_delegation_write(&d, octets);
    assert_ok(signer_sign(sp_signers[wish->signs], content, signature));
    signature[5] ^= wish->torn;
    base64_of(token, text[0], sizeof text[0]);
    base64_of(content, text[1], sizeof text[1]);
    base64_of(BYTES_OF(signature), text[2], sizeof text[2]);
    base64_of(sp_certs[wish->signs].der, text[3], sizeof text[3]);
    snprintf(body, sizeof body,
             "{\"arpf\":\"%s\",\"credentials\":{\"token\":\"%s\",\"certificates\":[%s]},"
             "\"delegation\":{\"content\":\"%s\",\"signature\":\"%s\",\"certificates\":[\"%s\"]}}",
             wish->arpf != NULL ? wish->arpf : ARPF_LINK, text[0], certificates_of(wish), text[1],
             text[2], text[3]);
    return body;
}

static const char *body_of(const struct wish *wish)
{
    struct offered_one one;
    return body_from(wish, &one);
}

#define AT_1 "/v1/offers/" DIMSI_1

/*= test dimsi-0d dimsi-delegation */
static void an_offer_is_taken_shown_listed_and_withdrawn(void **state)
{
    (void)state;
    FAKE_SET(way[HSS_DIMSI_ARPF], FAKE_DOWN);
    const struct wish wish = {.dimsi = DIMSI_1};
    const char *body = body_of(&wish);
    assert_int_equal(ask("sp1", "GET", AT_1, ""), 404);
    assert_int_equal(ask("sp1", "PUT", AT_1, body), 202);
    says("phase", "offered");
    says("arpf", ARPF_LINK);
    assert_int_equal(ask("sp1", "PUT", AT_1, body), 200);
    assert_int_equal(ask("sp1", "GET", AT_1, ""), 200);
    says("dimsi", DIMSI_1);
    assert_int_equal(ask("sp1", "GET", "/v1/offers?limit=10", ""), 200);
    assert_non_null(strstr(answer, DIMSI_1));
    assert_int_equal(ask("sp1", "GET", "/v1/offers?after=" DIMSI_1, ""), 200);
    assert_null(strstr(answer, DIMSI_1));
    assert_int_equal(ask("sp1", "DELETE", AT_1, ""), 200);
    says("phase", "withdrawn");
    assert_int_equal(dimsi_now(DIMSI_1).phase, STORE_DIMSI_WITHDRAWN);
    AWAIT(events("dimsi-withdrawn", NULL) == 1);
}

static void anothers_offer_is_as_if_there_were_none(void **state)
{
    (void)state;
    FAKE_SET(way[HSS_DIMSI_ARPF], FAKE_DOWN);
    const struct wish wish = {.dimsi = DIMSI_1}, other = {.dimsi = DIMSI_1, .signs = 1, .se = SE_2};
    assert_int_equal(ask("sp1", "PUT", AT_1, body_of(&wish)), 202);
    assert_int_equal(ask("sp2", "GET", AT_1, ""), 404);
    assert_int_equal(ask("sp2", "DELETE", AT_1, ""), 404);
    assert_int_equal(ask("sp2", "GET", "/v1/offers", ""), 200);
    assert_null(strstr(answer, DIMSI_1));
    assert_int_equal(ask("sp2", "PUT", AT_1, body_of(&other)), 409);
    says("type", "/problems/dimsi-taken");
    assert_int_equal(dimsi_now(DIMSI_1).phase, STORE_DIMSI_OFFERED);
}

static void refused(const char *who, const struct wish *wish, const char *cause)
{
    char type[64];
    snprintf(type, sizeof type, "/problems/%s", cause);
    assert_true(ask(who, "PUT", AT_1, body_of(wish)) >= 400);
    says("type", type);
    assert_int_equal(dimsi_now(DIMSI_1).phase, 0);
}

static void what_is_not_good_is_refused_by_its_name_and_nothing_is_stored(void **state)
{
    (void)state;
    refused("sp1", &(struct wish){.dimsi = DIMSI_1, .torn = true}, "delegation-signature");
    refused("sp1", &(struct wish){.dimsi = DIMSI_1, .old = true}, "delegation-expired");
    refused("sp1", &(struct wish){.dimsi = DIMSI_1, .target = "002-02"}, "delegation-other-mno");
    refused("sp1", &(struct wish){.dimsi = DIMSI_1, .signs = 1}, "delegation-other-sp");
    refused("sp1", &(struct wish){.dimsi = DIMSI_2}, "request-unreadable");
    refused("sp1", &(struct wish){.dimsi = DIMSI_1, .arpf = "https://elsewhere.example.org"},
            "arpf-unknown");
    assert_int_equal(ask("sp1", "PUT", AT_1, "{\"arpf\":\"x\"}"), 422);
    assert_int_equal(ask("sp1", "PUT", AT_1, "no JSON"), 400);
    assert_int_equal(ask("sp1", "PUT", "/v1/offers/9017x", "{}"), 400);
    assert_int_equal(ask("sp1", "POST", AT_1, "{}"), 405);
    assert_int_equal(ask("sp1", "GET", "/v1/offers?limit=0", ""), 400);
}

/* Whoever has seen a dIMSI may not keep its owner from it: with what no SE made, nothing begins. */
/*= test dimsi-0d */
static void a_dimsi_that_is_not_the_providers_is_not_taken(void **state)
{
    (void)state;
    struct hssd_imsi_pool own = {.first = imsi_of(DIMSI_2), .last = imsi_of("901700000000009")};
    FAKE_SET(way[HSS_DIMSI_ARPF], FAKE_DOWN);
    sps[0].dimsis = &own;
    sps[0].n_dimsis = 1;
    refused("sp1", &(struct wish){.dimsi = DIMSI_1}, "dimsi-outside");
    own.first = imsi_of(DIMSI_1);
    assert_int_equal(ask("sp1", "PUT", AT_1, body_of(&(struct wish){.dimsi = DIMSI_1})), 202);
}

static void a_token_that_no_secure_element_made_takes_no_dimsi(void **state)
{
    (void)state;
    FAKE_SET(way[HSS_DIMSI_ARPF], FAKE_DOWN);
    const struct wish owners = {.dimsi = DIMSI_1};
    struct wish bad = {.dimsi = DIMSI_1, .signs = 1, .by = 1}; /* SE_2 signs with SE_1's name */
    refused("sp2", &bad, "token-signature");
    bad = (struct wish){.dimsi = DIMSI_1, .signs = 1, .se = SE_2, .named = SES - 1};
    refused("sp2", &bad, "token-other-device");
    bad = (struct wish){.dimsi = DIMSI_1, .signs = 1, .se = SE_ALIEN};
    refused("sp2", &bad, "certificate-untrusted");
    bad = (struct wish){.dimsi = DIMSI_1, .signs = 1, .without_pn = true};
    refused("sp2", &bad, "certificate-bad");
    assert_int_equal(fake_number(&fake.asked[HSS_DIMSI_ARPF]), 0);
    assert_int_equal(ask("sp1", "PUT", AT_1, body_of(&owners)), 202);
    assert_int_equal(ask("sp1", "DELETE", AT_1, ""), 200);
    bad = (struct wish){.dimsi = DIMSI_1, .signs = 1, .by = 1};
    assert_int_equal(ask("sp2", "PUT", AT_1, body_of(&bad)), 422);
    says("type", "/problems/token-signature");
    const struct store_dimsi row = dimsi_now(DIMSI_1); /* what has ended is not replaced either */
    assert_int_equal(row.phase, STORE_DIMSI_WITHDRAWN);
    assert_string_equal(row.sp, SP_1_NAME);
    assert_int_equal(ask("sp1", "PUT", AT_1, body_of(&owners)), 202);
}

static void a_secure_element_has_one_dimsi_under_way(void **state)
{
    (void)state;
    FAKE_SET(way[HSS_DIMSI_ARPF], FAKE_DOWN);
    const struct wish one = {.dimsi = DIMSI_1}, two = {.dimsi = DIMSI_2},
                      others = {.dimsi = DIMSI_2, .se = SE_2};
    assert_int_equal(ask("sp1", "PUT", AT_1, body_of(&one)), 202);
    assert_int_equal(ask("sp1", "PUT", "/v1/offers/" DIMSI_2, body_of(&two)), 409);
    says("type", "/problems/dimsi-taken");
    assert_non_null(strstr(answer, "another dIMSI of this secure element"));
    assert_int_equal(dimsi_now(DIMSI_2).phase, 0);
    assert_int_equal(ask("sp1", "PUT", "/v1/offers/" DIMSI_2, body_of(&others)), 202);
}

static void who_is_not_configured_does_not_come_in(void **state)
{
    (void)state;
    const struct wish wish = {.dimsi = DIMSI_1};
    assert_int_equal(ask("stranger", "PUT", AT_1, body_of(&wish)), 403);
    says("type", "/problems/not-allowed");
    assert_int_equal(ask("stranger", "GET", "/v1/offers", ""), 403);
    json_t *counts = hss_dimsi_offers_status(&hss);
    assert_true(json_integer_value(json_object_get(counts, "requests")) >= 2);
    json_decref(counts);
}

/* Over the wire, and then all the way. */
static void an_offer_that_came_so_is_released_and_pushed(void **state)
{
    (void)state;
    const struct wish wish = {.dimsi = DIMSI_1};
    struct offered_one *one = device(0, DIMSI_1, 5, 1);
    assert_int_equal(ask("sp1", "PUT", AT_1, body_from(&wish, one)), 202);
    struct store_dimsi row = await_phase(DIMSI_1, STORE_DIMSI_PUSHED, 0);
    assert_string_equal(row.imsi.digits, TEMP_1);
    assert_int_equal(ask("sp1", "GET", AT_1, ""), 200);
    says("phase", "pushed");
    assert_null(strstr(answer, TEMP_1)); /* the IMSI is the operator's to know */
    installs(fake.devices[0], TEMP_1);
    attaches(fake.devices[0]);
    assert_int_equal(ask("sp1", "DELETE", AT_1, ""), 200); /* it has not its own yet */
    says("phase", "withdrawn");
    (void)await_phase(DIMSI_1, STORE_DIMSI_WITHDRAWN, 0);
    assert_false(is_subscriber(TEMP_1) || is_subscriber(OWN_1));
}

static void a_provider_takes_no_subscription_that_stays(bool confirmed)
{
    const struct wish wish = {.dimsi = DIMSI_1};
    struct offered_one *one = device(0, DIMSI_1, 5, 1);
    assert_int_equal(ask("sp1", "PUT", AT_1, body_from(&wish, one)), 202);
    (void)await_phase(DIMSI_1, STORE_DIMSI_PUSHED, 0);
    installs(fake.devices[0], TEMP_1);
    attaches(fake.devices[0]);
    (void)await_phase(DIMSI_1, STORE_DIMSI_ATTACHED, 0);
    if (confirmed) {
        confirms(0);
        AWAIT(dimsi_now(DIMSI_1).confirmed);
    }
    assert_int_equal(ask("sp1", "DELETE", AT_1, ""), 409);
    says("type", "/problems/dimsi-spent");
    assert_int_equal(dimsi_now(DIMSI_1).phase, STORE_DIMSI_ATTACHED);
    assert_true(is_subscriber(TEMP_1));
}

static void a_provider_does_not_end_one_that_confirmed(void **state)
{
    (void)state;
    a_provider_takes_no_subscription_that_stays(true);
}

static void without_an_rsmf_a_provider_ends_none_that_is_in_service(void **state)
{
    (void)state;
    a_provider_takes_no_subscription_that_stays(false);
}

static void a_configuration_that_is_refused_lets_in_whom_the_one_before_did(void **state)
{
    static struct cert other_ca;
    char ca[64];
    (void)state;
    cert_make(&other_ca, &(struct cert_wish){.cn = "another TLS", .ca = true});
    snprintf(ca, sizeof ca, "%s", cert_save(&pki_files, "other-ca", &other_ca));
    another = config.dimsi;
    another.ca = ca;
    another.certificate = (char[]){"/nowhere/server.crt"};
    FAKE_SET(way[HSS_DIMSI_ARPF], FAKE_DOWN);
    (void)cert_save(&pki_files, "ci", &alien_ci); /* the CI of offers is another as well */
    assert_true(reload() != E_OK);
    assert_int_equal(ask("sp1", "GET", "/v1/offers", ""), 200);
    assert_int_equal(ask("sp1", "PUT", AT_1, body_of(&(struct wish){.dimsi = DIMSI_1})), 202);
    (void)cert_save(&pki_files, "ci", &ci);
    another.certificate = config.dimsi.certificate;
    assert_ok(reload());
    assert_int_equal(ask("sp1", "GET", "/v1/offers", ""), 403);
    says("type", "/problems/client-untrusted");
    cert_drop(&other_ca);
}

static int up_without_rsmf(void **state)
{
    without_rsmf = true;
    return up(state);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, up, down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(an_offer_is_taken_shown_listed_and_withdrawn),
        CASE(anothers_offer_is_as_if_there_were_none),
        CASE(what_is_not_good_is_refused_by_its_name_and_nothing_is_stored),
        CASE(a_dimsi_that_is_not_the_providers_is_not_taken),
        CASE(a_token_that_no_secure_element_made_takes_no_dimsi),
        CASE(a_secure_element_has_one_dimsi_under_way),
        CASE(who_is_not_configured_does_not_come_in),
        CASE(a_configuration_that_is_refused_lets_in_whom_the_one_before_did),
        CASE(an_offer_that_came_so_is_released_and_pushed),
        CASE(a_provider_does_not_end_one_that_confirmed),
        cmocka_unit_test_setup_teardown(without_an_rsmf_a_provider_ends_none_that_is_in_service,
                                        up_without_rsmf, down),
    };
    certificates();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    certificates_gone();
    return failed;
}
