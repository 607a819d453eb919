/* nf/arpfd/arpfd.h with nf/arpfd/release.h and nf/common/https_api.h: every way the ARPF says no,
 * over HTTPS, and that nothing is released by it. */
#define OPENSSL_SUPPRESS_DEPRECATED                                                                \
    1 /* RAND_set_rand_method: there is no other way to let it fail */
#include "arpfd/world.h"

#include "nf/common/https_api.h"

#include <openssl/rand.h>

static atomic_bool no_random; /* on the server's thread */
static const RAND_METHOD *random_good;

static int random_octets(unsigned char *out, int n)
{
    return no_random && on_server ? 0 : random_good->bytes(out, n);
}

static int random_status(void)
{
    return 1;
}

static int nothing_released(void **state)
{
    struct world *w = *state;
    if (w->arpfd.counts.releases != 0) {
        print_error("%llu releases\n", (unsigned long long)w->arpfd.counts.releases);
        return -1;
    }
    return teardown(state);
}

/* ---- the client ---- */

static void whoever_has_no_role_and_no_name_here_gets_nothing(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *who, *path, *cause;
    } all[] = {
        {"sp-late", "/v1/certificate", "client-expired"},
        {"sp-spca", "/v1/certificate", "client-untrusted"},
        {"server", "/v1/certificate", "client-refused"}, /* no client's */
        {"device", "/v1/certificate", "not-allowed"},    /* an SP's name, a device's role */
        {"sp-cn", "/v1/certificate", "not-allowed"},     /* no dNSName */
        {"sp3", "/v1/certificate", "not-allowed"},
        {"sp3", "/v1/releases/" DIMSI, "not-allowed"},
        {"sp3", "/v1/nothing", "no-such-path"},
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        ask(w, all[i].who, "GET", all[i].path, NULL);
        assert_problem(w, all[i].cause);
    }
    struct deal d;
    deal_of(w, "se", DIMSI, &d);
    deal_refused(w, &d, "sp", 403, "not-allowed");
    assert_int_equal(take_back(w, &d, "op", 1), 403);
    assert_problem(w, "not-allowed");
}

static void without_a_certificate_there_is_no_answer_but_that(void **state)
{
    struct world *w = *state;
    struct https_reply r;
    char url[96];
    struct https_client *c = NULL;
    const struct https_client_options o = {.ca = pki_path(&w->pki, "ca", ".crt"),
                                           .total_ms = 60000};
    assert_ok(https_client_open(&o, &c));
    snprintf(url, sizeof url, "https://localhost:%u/v1/certificate",
             https_api_bound(w->arpfd.api).port);
    const struct https_request q = {.method = "GET", .url = url};
    assert_ok(https_client_do(c, &q, &r));
    assert_int_equal(r.status, 403);
    snprintf(w->answer, sizeof w->answer, "%.*s", (int)r.body.n, (const char *)r.body.p);
    assert_problem(w, "no-certificate");
    https_client_close(c);
}

static void a_revoked_client_is_out_with_the_next_request_after_a_reload(void **state)
{
    struct world *w = *state;
    assert_int_equal(ask(w, "sp", "GET", "/v1/certificate", NULL), 200);
    make_list(&w->pki, "clients", "ca", "sp", "w");
    snprintf(w->more, sizeof w->more, REST_OF_CONFIG "crl: clients.crl\n");
    assert_ok(reload(w));
    assert_int_equal(ask(w, "sp", "GET", "/v1/certificate", NULL), 403);
    assert_problem(w, "client-revoked");
    assert_int_equal(ask(w, "op", "GET", "/v1/certificate", NULL), 200);
}

static void requests_that_are_none_are_refused_by_name(void **state)
{
    struct world *w = *state;
    static const char token[] = "/v1/revocations/"
                                "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    static const struct {
        const char *method, *path, *body, *cause;
        unsigned status;
    } all[] = {
        {"GET", "/v1/releases?limit=0", NULL, "bad-parameter", 400},
        {"GET", "/v1/releases?limit=1001", NULL, "bad-parameter", 400},
        {"GET", "/v1/releases?after=12", NULL, "bad-parameter", 400},
        {"GET", "/v1/releases?before=1", NULL, "bad-parameter", 400},
        {"GET", "/v1/releases/12345", NULL, "bad-parameter", 400},
        {"GET", "/v1/releases/" DIMSI "/x", NULL, "no-such-path", 404},
        {"DELETE", "/v1/releases/" DIMSI, NULL, "method-not-allowed", 405},
        {"PUT", "/v1/revocations/0011", "{\"number\":1}", "bad-parameter", 400},
        {"PUT", token, "", "not-json", 400},
        {"PUT", token, "[1]", "not-json", 400},
        {"PUT", token, "{\"number\":1,\"number\":1}", "not-json", 400},
        {"PUT", token, "{\"number\":1} x", "not-json", 400},
        {"PUT", token, "{}", "missing-member", 422},
        {"PUT", token, "{\"number\":1,\"more\":1}", "unknown-member", 422},
        {"PUT", token, "{\"number\":\"1\"}", "bad-member", 422},
        {"PUT", token, "{\"number\":-1}", "bad-member", 422},
        {"PUT", token, "{\"number\":1.0}", "bad-member", 422},
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        const unsigned status = ask(w, "sp", all[i].method, all[i].path, all[i].body);
        assert_problem(w, all[i].cause);
        assert_int_equal(status, all[i].status);
    }
    char *large = malloc(70000);
    memset(large, ' ', 69999);
    large[69999] = '\0';
    assert_int_equal(ask(w, "sp", "PUT", token, large), 413);
    assert_problem(w, "too-large");
    free(large);
}

static void a_client_that_asks_too_often_has_to_wait_and_no_other(void **state)
{
    struct world *w = *state;
    arpfd_down(w);
    w->burst = 3;
    arpfd_up(w);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(ask(w, "sp", "GET", "/v1/certificate", NULL), 200);
        assert_int_equal(ask(w, "sp-late", "GET", "/v1/certificate", NULL), 403);
    }
    assert_int_equal(ask(w, "sp", "GET", "/v1/certificate", NULL), 429);
    assert_problem(w, "too-many-requests");
    assert_int_equal(ask(w, "sp-late", "GET", "/v1/certificate", NULL), 429);
    assert_int_equal(ask(w, "op", "GET", "/v1/certificate", NULL), 200);
}

/* ---- SE CREDENTIALS ---- */

static void a_body_with_other_things_in_it_is_unreadable(void **state)
{
    struct world *w = *state;
    struct deal d;
    deal_of(w, "se", DIMSI, &d);
    json_t *whole = deal_body(w, &d);
    static const char *const paths[][2] = {{"credentials", "token"},
                                           {"credentials", "certificates"},
                                           {"delegation", "content"},
                                           {"delegation", "signature"},
                                           {"delegation", "certificates"}};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        json_t *body = json_deep_copy(whole);
        json_object_set_new(json_object_get(body, paths[i][0]), paths[i][1], json_string("%"));
        char *text = json_dumps(body, 0);
        assert_int_equal(ask(w, "op", "PUT", "/v1/releases/" DIMSI, text), 400);
        assert_problem(w, "request-unreadable");
        assert_non_null(strstr(w->answer, paths[i][1]));
        free(text);
        json_decref(body);
    }
    json_object_set_new(whole, "encrypt_to", json_array());
    char *text = json_dumps(whole, 0);
    assert_int_equal(ask(w, "op", "PUT", "/v1/releases/" DIMSI, text), 400);
    assert_problem(w, "request-unreadable");
    free(text);
    json_decref(whole);
    d.dimsi = "901700000000009";
    deal_refused(w, &d, "op", 400, "request-unreadable");
}

static void a_token_that_is_not_whole_or_not_its_own_is_refused(void **state)
{
    struct world *w = *state;
    struct deal good, d;
    deal_of(w, "se", DIMSI, &good);
    d = good;
    d.token_n--;
    deal_refused(w, &d, "op", 422, "token-unreadable");
    d = good;
    d.token[d.token_n - 1] ^= 1;
    assert_ok(verify_digest((struct bytes){d.token, d.token_n}, d.delegation.token));
    deal_refused(w, &d, "op", 422, "token-signature");
    d = good; /* signed by another part: not by the key of its certificate */
    d.se = "se-2";
    deal_refused(w, &d, "op", 422, "token-signature");
}

/* The dimsi of a token is as good as its signature: whoever swaps it breaks that. */
static void a_forged_dimsi_breaks_the_signature(void **state)
{
    struct world *w = *state;
    struct deal d;
    struct dimsi_atk atk;
    struct bytes content;
    deal_of(w, "se", DIMSI, &d);
    assert_ok(dimsi_atk_read((struct bytes){d.token, d.token_n}, &atk, &content));
    atk.dimsi = imsi_of("901700000000003");
    d.token_n = dimsi_atk_write(&atk, d.token).n;
    assert_ok(verify_digest((struct bytes){d.token, d.token_n}, d.delegation.token));
    d.dimsi = "901700000000003";
    deal_refused(w, &d, "op", 422, "token-signature");
}

/* A second SE signs a token that names the first one: it has a good chain, and is not the one. */
static void a_token_of_another_device_is_refused(void **state)
{
    struct world *w = *state;
    struct deal d;
    struct dimsi_atk atk;
    struct bytes content;
    uint8_t room[DIMSI_ATK_MAX];
    deal_of(w, "se", DIMSI, &d);
    assert_ok(dimsi_atk_read((struct bytes){d.token, d.token_n}, &atk, &content));
    struct signer *s = signer_of(w, "se-2");
    assert_ok(signer_sign(s, dimsi_atk_content(&atk, room), atk.signature));
    signer_close(s);
    d.token_n = dimsi_atk_write(&atk, d.token).n;
    assert_ok(verify_digest((struct bytes){d.token, d.token_n}, d.delegation.token));
    d.se = "se-2";
    deal_refused(w, &d, "op", 422, "token-other-device");
}

static void a_token_for_another_arpf_is_refused(void **state)
{
    struct world *w = *state;
    static const char *const others[] = {"ecka-else", "ecka-new"};
    for (size_t i = 0; i < 2; i++) {
        struct se se = {.w = w, .name = "se", .ecka = others[i], .key = signer_of(w, "se")};
        struct deal d;
        deal_make(w, &se, DIMSI, SP_NAME, &d);
        signer_close(se.key);
        d.delegation.arpf = d.slot.arpf;
        deal_refused(w, &d, "op", 422, "token-other-arpf");
    }
}

/*= test dimsi-point */
static void a_point_that_is_not_on_the_curve_is_refused(void **state)
{
    struct world *w = *state;
    for (int i = 0; i < 2; i++) {
        struct se se = {.w = w, .name = "se", .ecka = "ecka", .key = signer_of(w, "se")};
        struct deal d;
        memset(se.point, i == 0 ? 0 : 0xff, sizeof se.point); /* infinity's look, and too large */
        se.point[0] = 4;
        se.point[64] = 1;
        deal_make(w, &se, DIMSI, SP_NAME, &d);
        signer_close(se.key);
        deal_refused(w, &d, "op", 422, "point-invalid");
    }
}

/*= test dimsi-0e-verify */
static void a_chain_has_to_be_good_for_what_it_is(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *se, *pn, *cause;
    } all[] = {
        {"se-other", "pn-other", "certificate-untrusted"},
        {"se-late", "pn", "certificate-expired"},
        {"se-early", "pn", "certificate-not-yet-valid"},
        {"se-agrees", "pn", "certificate-purpose"},
        {"se-norole", "pn", "certificate-purpose"},
        {"se", NULL, "certificate-bad"},
        {"se", "pn-old", "certificate-bad"},
        {"se", "ci", "certificate-bad"},
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        struct deal d;
        deal_of(w, all[i].se, DIMSI, &d);
        d.pn = all[i].pn;
        print_message("%s under %s\n", all[i].se, all[i].pn != NULL ? all[i].pn : "nobody");
        assert_int_not_equal(deal_ask(w, &d, "op"), 200);
        assert_problem(w, all[i].cause);
    }
}

static void a_revoked_part_number_and_a_missing_list_are_refused(void **state)
{
    struct world *w = *state;
    struct deal old, other;
    deal_of(w, "se-old", DIMSI, &old);
    old.pn = "pn-old";
    deal_of(w, "se", "901700000000002", &other);
    make_list(&w->pki, "ci", "ci", "pn-old", "w");
    make_list(&w->pki, "ci", "pn-old", NULL, "a");
    snprintf(w->more, sizeof w->more,
             "ci: {roots: ci.crt, crl: ci.crl}\n"
             "endorsement: {certificate: ecdsa.crt, key: ecdsa.key}\n");
    assert_ok(reload(w));
    deal_refused(w, &old, "op", 422, "certificate-revoked");
    deal_refused(w, &other, "op", 503, "no-revocation-list"); /* its part number has no list */
    make_list(&w->pki, "ci", "pn", "se", "a");
    assert_ok(reload(w));
    deal_refused(w, &other, "op", 422, "certificate-revoked");
}

/* ---- the delegation ---- */

/*= test dimsi-delegation */
static void a_delegation_is_for_one_token_one_operator_one_arpf_and_a_time(void **state)
{
    struct world *w = *state;
    struct deal good, d;
    deal_of(w, "se", DIMSI, &good);
    d = good;
    d.garble_delegation = true;
    deal_refused(w, &d, "op", 422, "delegation-unreadable");
    d = good;
    d.garble_signature = true;
    deal_refused(w, &d, "op", 422, "delegation-signature");
    d = good;
    d.delegation.token[0] ^= 1;
    deal_refused(w, &d, "op", 422, "delegation-other-token");
    d = good;
    d.sp = "sp2-sign";
    deal_refused(w, &d, "op", 422, "delegation-other-sp");
    d = good;
    d.encrypt_to = "op2-key";
    deal_refused(w, &d, "op2", 403, "delegation-other-mno");
    d = good;
    d.delegation.arpf = name_of("arpf.elsewhere.org");
    deal_refused(w, &d, "op", 422, "delegation-other-arpf");
    d = good;
    d.delegation.expiry = (int64_t)time(NULL) - 1;
    deal_refused(w, &d, "op", 422, "delegation-expired");
    d = good;
    assert_int_equal(take_back(w, &d, "sp", 1), 200);
    deal_refused(w, &d, "op", 403, "delegation-revoked");
}

/* It is under the right roots, but the ARPF does not work for it. */
static void a_service_provider_that_is_not_in_the_list_delegates_nothing(void **state)
{
    struct world *w = *state;
    struct se se = {.w = w, .name = "se", .ecka = "ecka", .key = signer_of(w, "se")};
    struct deal d;
    deal_make(w, &se, DIMSI, "sp3.example.org", &d);
    signer_close(se.key);
    d.sp = "sp3-sign";
    deal_refused(w, &d, "op", 422, "delegation-signature");
    assert_non_null(strstr(w->answer, "works for"));
}

/* A second one with a good SE of its own takes none of the first one's dIMSIs, released or not. */
static void a_dimsi_of_another_service_provider_is_not_to_be_had(void **state)
{
    struct world *w = *state;
    struct se se = {.w = w, .name = "se-2", .ecka = "ecka", .key = signer_of(w, "se-2")};
    struct deal d;
    deal_make(w, &se, DIMSI, "sp2.example.org", &d);
    d.sp = "sp2-sign";
    deal_refused(w, &d, "op", 422, "dimsi-outside");
    assert_non_null(strstr(w->answer, "none of the dIMSIs of this service provider"));
    deal_make(w, &se, "901720000000000", "sp2.example.org", &d); /* nobody's */
    d.sp = "sp2-sign";
    deal_refused(w, &d, "op", 422, "dimsi-outside");
    assert_int_equal(w->arpfd.counts.releases, 0);
    deal_make(w, &se, "901710000000000", "sp2.example.org", &d);
    d.sp = "sp2-sign";
    assert_int_equal(deal_ask(w, &d, "op"), 200); /* its own */
    signer_close(se.key);
    deal_of(w, "se", DIMSI, &d);
    assert_int_equal(deal_ask(w, &d, "op"), 200);
}

/*= test dimsi-release-once */
static void a_service_provider_has_so_many_revocations_and_no_more(void **state)
{
    struct world *w = *state;
    struct deal d;
    deal_of(w, "se", DIMSI, &d);
    snprintf(w->more, sizeof w->more, REST_OF_CONFIG "revocations_most: 2\n");
    assert_ok(reload(w));
    for (unsigned i = 0; i < 4; i++) {
        d.digest[0] = (uint8_t)i;
        assert_int_equal(take_back(w, &d, "sp", 1), i < 2 ? 200 : 429);
    }
    assert_problem(w, "quota");
    assert_int_equal(w->arpfd.counts.revocations, 2);
    d.digest[0] = 1; /* is on record */
    assert_int_equal(take_back(w, &d, "sp", 2), 200);
    d.digest[0] = 3;
    assert_int_equal(take_back(w, &d, "sp2", 1), 200);
}

/* ---- what eK is encrypted to ---- */

/*= test dimsi-box */
static void ek_is_encrypted_to_nobody_but_the_operator_that_asks(void **state)
{
    struct world *w = *state;
    static const char *const others[] = {"op2-key", "op", "op-norole", "ecka"};
    struct deal d;
    deal_of(w, "se", DIMSI, &d);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        d.encrypt_to = others[i];
        deal_refused(w, &d, "op", 422, "ausf-certificate");
    }
}

static void without_random_octets_nothing_is_released(void **state)
{
    struct world *w = *state;
    struct deal d;
    struct https_reply r;
    char url[96];
    deal_of(w, "se", DIMSI, &d);
    json_t *body = deal_body(w, &d);
    char *text = json_dumps(body, 0);
    struct https_client *c = client_of(w, "op");
    snprintf(url, sizeof url, "https://localhost:%u/v1/releases/" DIMSI,
             https_api_bound(w->arpfd.api).port);
    const struct https_request hello = {.method = "GET", .url = url};
    const struct https_request q = {.method = "PUT", .url = url, .body = bytes_of_str(text)};
    assert_ok(https_client_do(c, &hello, &r)); /* the handshake is over */
    no_random = true;
    assert_ok(https_client_do(c, &q, &r));
    no_random = false;
    assert_int_equal(r.status, 500);
    snprintf(w->answer, sizeof w->answer, "%.*s", (int)r.body.n, (const char *)r.body.p);
    assert_problem(w, "crypto-failed");
    https_client_close(c);
    json_decref(body);
    free(text);
}

/* ---- the record ---- */

/* Another SE of the same SP has a token for a dIMSI that was released. */
static void a_dimsi_belongs_to_its_first_device(void **state)
{
    struct world *w = *state;
    struct deal first, other;
    struct given g;
    deal_of(w, "se", DIMSI, &first);
    deal_of(w, "se-2", DIMSI, &other);
    deal_given(w, &first, "op", "001-01", 1, &g);
    deal_refused(w, &other, "op", 409, "other-se");
    assert_int_equal(take_back(w, &first, "sp", 1), 200);
    deal_refused(w, &other, "op", 409, "other-se");
    assert_int_equal(w->arpfd.counts.releases, 1);
}

/* Under other names, and with another certificate. */
static void one_key_has_one_use(void **state)
{
    struct world *w = *state;
    const struct paper signs = {
        "ecdsa-copy", "ci", "DNS:" ARPF_NAME, SIGNS, ROLE_ARPF, false, 0, 0};
    const struct paper agrees = {"ecka-copy", "ci", "DNS:" ARPF_NAME, AGREES, ROLE_ARPF, false,
                                 0,           0};
    EVP_PKEY *key = pki_key(pki_path(&w->pki, "ecka", ".key"));
    paper_make_with(&w->pki, &signs, key);
    paper_make_with(&w->pki, &agrees, key);
    EVP_PKEY_free(key);
    snprintf(w->more, sizeof w->more,
             "ci: {roots: ci.crt}\n"
             "endorsement: {certificate: ecdsa-copy.crt, key: ecdsa-copy.key}\n");
    assert_err(reload(w), E_BAD_VALUE);
    assert_non_null(strstr(w->why.text, "ecdsa-copy.key"));
    assert_non_null(strstr(w->why.text, "ecka.key"));
    snprintf(w->more, sizeof w->more, REST_OF_CONFIG);
    w->agreement = "[{certificate: ecka.crt, key: ecka.key}, "
                   "{certificate: ecka-copy.crt, key: ecka-copy.key}]";
    assert_err(reload(w), E_BAD_VALUE);
    assert_non_null(strstr(w->why.text, "ecka-copy.key"));
    assert_non_null(strstr(w->why.text, "ecka.key"));
}

static void a_reload_with_a_fault_changes_nothing(void **state)
{
    struct world *w = *state;
    struct deal d;
    static const char *const faults[][2] = {
        {"ci: {roots: none.crt}\nendorsement: {certificate: ecdsa.crt, key: ecdsa.key}\n",
         "none.crt"},
        {"ci: {roots: ci-other.crt}\nendorsement: {certificate: ecdsa.crt, key: ecdsa.key}\n",
         "leads to no CI"},
        {"ci: {roots: ci.crt}\nendorsement: {certificate: ecdsa.crt, key: se.key}\n", "ecdsa.crt"},
        {"ci: {roots: ci.crt}\nendorsement: {certificate: ecka-new.crt, key: ecka-new.key}\n",
         "not issued for this use"},
        {REST_OF_CONFIG "what: 1\n", "what"},
        {REST_OF_CONFIG "crl: ca.crt\n", "ca.crt"},
    };
    deal_of(w, "se", DIMSI, &d);
    d.garble_signature = true;
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        snprintf(w->more, sizeof w->more, "%s", faults[i][0]);
        assert_int_not_equal(reload(w), E_OK);
        if (strstr(w->why.text, faults[i][1]) == NULL) {
            fail_msg("no %s in %s", faults[i][1], w->why.text);
        }
        deal_refused(w, &d, "op", 422, "delegation-signature"); /* as far as this it is good */
    }
    snprintf(w->more, sizeof w->more, REST_OF_CONFIG);
    w->agreement = "[{certificate: ecka-else.crt, key: ecka-else.key}]";
    assert_err(reload(w), E_BAD_VALUE);
    assert_non_null(strstr(w->why.text, "arpf.elsewhere.org"));
}

#define T(name)    cmocka_unit_test_setup_teardown(name, setup, nothing_released)
#define ONCE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(whoever_has_no_role_and_no_name_here_gets_nothing),
        T(without_a_certificate_there_is_no_answer_but_that),
        T(a_revoked_client_is_out_with_the_next_request_after_a_reload),
        T(requests_that_are_none_are_refused_by_name),
        T(a_client_that_asks_too_often_has_to_wait_and_no_other),
        T(a_body_with_other_things_in_it_is_unreadable),
        T(a_token_that_is_not_whole_or_not_its_own_is_refused),
        T(a_forged_dimsi_breaks_the_signature),
        T(a_token_of_another_device_is_refused),
        T(a_token_for_another_arpf_is_refused),
        T(a_point_that_is_not_on_the_curve_is_refused),
        T(a_chain_has_to_be_good_for_what_it_is),
        T(a_revoked_part_number_and_a_missing_list_are_refused),
        T(a_delegation_is_for_one_token_one_operator_one_arpf_and_a_time),
        T(a_service_provider_that_is_not_in_the_list_delegates_nothing),
        T(one_key_has_one_use),
        T(a_service_provider_has_so_many_revocations_and_no_more),
        T(ek_is_encrypted_to_nobody_but_the_operator_that_asks),
        T(without_random_octets_nothing_is_released),
        T(a_reload_with_a_fault_changes_nothing),
        ONCE(a_dimsi_of_another_service_provider_is_not_to_be_had),
        ONCE(a_dimsi_belongs_to_its_first_device)};
    RAND_METHOD random = {
        .bytes = random_octets, .pseudorand = random_octets, .status = random_status};
    random_good = RAND_get_rand_method();
    signal(SIGPIPE, SIG_IGN);
    RAND_set_rand_method(&random);
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    RAND_set_rand_method(random_good);
    return failed;
}
