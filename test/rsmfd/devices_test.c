/* emulator/rsm.c against nf/rsmfd/devices.c: what a device gets with the certificate of its secure
 * element, and what it does not. */
#include "rsmfd/rsmf_world.h"

#include "common/half_reload.h"
#include "nf/rsmfd/rsmfd_parts.h"

#include <signal.h>

static void assert_profile(const struct world *w, size_t i)
{
    assert_int_equal(w->got_n, w->profile_n[i]);
    assert_memory_equal(w->got, w->profile[i], w->got_n);
}

static void assert_nothing(const struct world *w)
{
    assert_int_equal(w->got_n, 0);
    for (size_t i = 0; i < sizeof w->got; i++) {
        assert_int_equal(w->got[i], 0);
    }
}

/*= test dimsi-11 dimsi-11-tunnel */
static void a_device_fetches_its_profile_and_confirms_it(void **state)
{
    struct world *w = *state;
    struct element *e = &w->se[0];
    assert_int_equal(deliver(w, e, 0), 201);
    assert_said(w, "\"phase\":\"ready\"");
    assert_said(w, "\"fetched_from\":null");
    assert_outcome(w, fetch(w, e, 1), RSM_DONE);
    assert_profile(w, 0);
    assert_int_equal(e->signed_n, 1); /* by the element, which never gave its key */
    assert_int_equal(look_as(w, "home", e), 200);
    assert_said(w, "\"phase\":\"fetched\"");
    assert_said(w, "\"fetched_from\":\"127.0.0.1\"");
    assert_outcome(w, confirm(w, e, 1), RSM_DONE);
    assert_int_equal(look_as(w, "home", e), 200);
    assert_said(w, "\"phase\":\"confirmed\"");
}

/*= test dimsi-rsmf-once */
static void a_profile_is_given_once_and_the_same_request_gets_it_again(void **state)
{
    struct world *w = *state;
    struct element *e = &w->se[0];
    assert_int_equal(deliver(w, e, 0), 201);
    for (int i = 0; i < 3; i++) {
        assert_outcome(w, fetch(w, e, 1), RSM_DONE);
        assert_profile(w, 0);
    }
    assert_outcome(w, fetch(w, e, 2), RSM_FETCHED);
    assert_nothing(w);
    assert_outcome(w, fetch(w, e, 1), RSM_DONE);
    assert_outcome(w, confirm(w, e, 1), RSM_DONE);
    assert_outcome(w, confirm(w, e, 1), RSM_DONE); /* the answer may have been lost */
    assert_outcome(w, confirm(w, e, 2), RSM_NOT_FETCHED);
    assert_outcome(w, fetch(w, e, 1), RSM_FETCHED); /* it is erased */
    assert_nothing(w);
}

static void nothing_is_confirmed_that_was_not_fetched(void **state)
{
    struct world *w = *state;
    struct element *e = &w->se[0];
    assert_outcome(w, confirm(w, e, 1), RSM_NO_PROFILE);
    assert_int_equal(deliver(w, e, 0), 201);
    assert_outcome(w, confirm(w, e, 1), RSM_NOT_FETCHED);
    assert_outcome(w, fetch(w, e, 1), RSM_DONE);
    assert_outcome(w, confirm(w, e, 2), RSM_NOT_FETCHED);
    assert_int_equal(look_as(w, "home", e), 200);
    assert_said(w, "\"phase\":\"fetched\"");
    assert_outcome(w, confirm(w, e, 1), RSM_DONE);
}

/*= test dimsi-durable */
static void a_restart_between_any_two_steps_changes_nothing(void **state)
{
    struct world *w = *state;
    struct element *e = &w->se[0];
    assert_int_equal(deliver(w, e, 0), 201);
    restart(w);
    assert_outcome(w, fetch(w, e, 1), RSM_DONE);
    restart(w);
    assert_outcome(w, fetch(w, e, 2), RSM_FETCHED);
    assert_outcome(w, fetch(w, e, 1), RSM_DONE);
    assert_profile(w, 0);
    restart(w);
    assert_outcome(w, confirm(w, e, 1), RSM_DONE);
    restart(w);
    assert_outcome(w, confirm(w, e, 1), RSM_DONE);
    assert_outcome(w, fetch(w, e, 1), RSM_FETCHED);
}

static unsigned ask_at_host(struct world *w, struct element *e, const char *host,
                            const char *digest, const char *end, const char *body)
{
    char url[240];
    const struct https_client_sign key = {.key = {e, element_sign},
                                          .chain = e->se.chain,
                                          .n_chain = e->se.n_chain,
                                          .roots = e->se.ci,
                                          .n_roots = e->se.n_ci};
    const struct https_client_options o = {
        .sign = &key, .connect_to = "127.0.0.1", .total_ms = 60000};
    snprintf(url, sizeof url, "https://%s:%u/v1/profiles/%s%s", host, w->place.port, digest, end);
    return ask_at(w, &o, "PUT", url, body);
}

static unsigned ask_with(struct world *w, struct element *e, const char *digest, const char *end,
                         const char *body)
{
    return ask_at_host(w, e, "rsmf." REALM_1, digest, end, body);
}

#define REQUEST "{\"request\":\"0102030405060708090a0b0c0d0e0f10\"}"
/*= test dimsi-rsmf-who */
static void another_devices_profile_is_refused_whether_there_is_one_or_not(void **state)
{
    struct world *w = *state;
    char without[sizeof w->text];
    struct element *mine = &w->se[0], *other = &w->se[1];
    assert_int_equal(deliver(w, mine, 0), 201);
    assert_int_equal(ask_with(w, mine, other->digest, "", REQUEST), 403);
    assert_said(w, "/problems/other-device");
    memcpy(without, w->text, sizeof without);
    assert_int_equal(deliver(w, other, 1), 201);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(ask_with(w, mine, other->digest, i == 0 ? "" : "/installed", REQUEST),
                         403);
        assert_string_equal(w->text, without);
    }
    assert_int_equal(look_as(w, "home", other), 200);
    assert_said(w, "\"phase\":\"ready\"");
    assert_outcome(w, fetch(w, other, 1), RSM_DONE);
    assert_profile(w, 1);
}

/* What another operator left is not its operator's, and neither of them sees the other. */
/*= test dimsi-rsmf-operators */
static void each_operators_devices_get_what_their_own_operator_left(void **state)
{
    static const char *const homes[] = {"001-01", "001-02"}, *const names[] = {"home", "second"};
    struct world *w = *state;
    struct element *e = &w->se[0];
    uint8_t theirs[CERTATTACH_PROFILE_MAX];
    const struct bytes all[] = {profile_of(w, 0), {theirs, make_profile("02", 0x33, theirs)}};
    assert_int_equal(deliver_as(w, "second", e, "001020000700001", all[1]), 201);
    assert_outcome(w, fetch(w, e, 1), RSM_NO_PROFILE);
    assert_int_equal(deliver(w, e, 0), 201); /* its own operator is not kept from it */
    restart(w);
    for (size_t i = 0; i < 2; i++) {
        assert_ok(plmn_parse(bytes_of_str(homes[i]), &w->place.home));
        assert_outcome(w, confirm(w, e, 1), RSM_NOT_FETCHED);
        assert_outcome(w, fetch(w, e, 1), RSM_DONE);
        assert_int_equal(w->got_n, all[i].n);
        assert_memory_equal(w->got, all[i].p, all[i].n);
        assert_int_equal(look_as(w, names[1 - i], e), 200);
        assert_said(w, i == 0 ? "\"phase\":\"ready\"" : "\"phase\":\"confirmed\"");
        assert_said(w, i == 0 ? "\"fetched_from\":null" : "\"fetched_from\":\"127.0.0.1\"");
        assert_outcome(w, confirm(w, e, 1), RSM_DONE);
    }
    assert_int_equal(look_as(w, "second", e), 200);
    assert_said(w, "\"phase\":\"confirmed\"");
}

/* Which operators this RSMF has is not told either. */
/*= test dimsi-rsmf-operators */
static void by_a_name_that_is_no_operators_nothing_is_given(void **state)
{
    struct world *w = *state;
    struct element *e = &w->se[0];
    char without[sizeof w->text];
    pki_server(&w->pki, "right", "ci",
               "DNS:rsmf." REALM_1 ",DNS:" REALM_1 ",DNS:rsmf." REALM_2
               ",DNS:rsmf.epc.mnc003.mcc001.3gppnetwork.org,IP:127.0.0.1");
    restart(w);
    assert_int_equal(deliver(w, e, 0), 201);
    assert_int_equal(ask_at_host(w, e, "rsmf." REALM_2, e->digest, "", REQUEST), 403);
    assert_said(w, "/problems/other-device");
    memcpy(without, w->text, sizeof without);
    static const char *const others[] = {REALM_1, "rsmf.epc.mnc003.mcc001.3gppnetwork.org",
                                         "127.0.0.1"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_int_equal(ask_at_host(w, e, others[i], e->digest, "", REQUEST), 403);
        assert_string_equal(w->text, without);
        assert_int_equal(ask_at_host(w, e, others[i], e->digest, "/installed", REQUEST), 403);
        assert_string_equal(w->text, without);
    }
    assert_int_equal(ask_at_host(w, e, "RSMF." REALM_1, e->digest, "", REQUEST), 200);
}

static void a_request_that_is_malformed_changes_nothing(void **state)
{
    struct world *w = *state;
    struct element *e = &w->se[0];
    assert_int_equal(deliver(w, e, 0), 201);
    assert_int_equal(ask_with(w, e, e->digest, "", "{\"request\":\"01\"}"), 422);
    assert_int_equal(ask_with(w, e, e->digest, "", "{}"), 422);
    assert_int_equal(ask_with(w, e, e->digest, "", "not json"), 400);
    assert_int_equal(ask_with(w, e, "0123", "", REQUEST), 400);
    assert_int_equal(ask_with(w, e, e->digest, "/other", REQUEST), 404);
    assert_int_equal(look_as(w, "home", e), 200);
    assert_said(w, "\"phase\":\"ready\"");
}

static void a_device_without_a_delivery_may_come_again(void **state)
{
    struct world *w = *state;
    assert_outcome(w, fetch(w, &w->se[0], 1), RSM_NO_PROFILE);
    assert_nothing(w);
    assert_true(rsm_outcome_again(RSM_NO_PROFILE));
    assert_int_equal(deliver(w, &w->se[0], 0), 201);
    assert_outcome(w, fetch(w, &w->se[0], 1), RSM_DONE);
}

/* ---- who comes ---- */

static void only_a_secure_element_of_this_ci_gets_in(void **state)
{
    struct world *w = *state;
    struct pki *p = &w->pki;
    struct element *e = &w->se[0];
    pki_leaf(p, "stranger", "other-pn", VERIFY_OID_ROLES ".5", NULL, 0);
    pki_leaf(p, "expired", "pn", VERIFY_OID_ROLES ".5", NULL, -1);
    pki_leaf(p, "norole", "pn", "", NULL, 0);
    element_open(w, e, "stranger", "other-pn");
    assert_outcome(w, fetch(w, e, 1), RSM_NOT_ALLOWED);
    assert_non_null(strstr(w->said, "client-untrusted"));
    element_open(w, e, "expired", "pn");
    assert_outcome(w, fetch(w, e, 1), RSM_NOT_ALLOWED);
    assert_non_null(strstr(w->said, "client-expired"));
    element_open(w, e, "norole", "pn");
    assert_outcome(w, fetch(w, e, 1), RSM_NOT_ALLOWED);
    assert_non_null(strstr(w->said, "not-allowed"));
    element_open(w, e, "se0", "pn2"); /* not the part number that signed it */
    assert_outcome(w, fetch(w, e, 1), RSM_NOT_ALLOWED);
    assert_nothing(w);
}

static void a_revoked_element_and_a_revoked_part_number_are_refused(void **state)
{
    struct world *w = *state;
    assert_int_equal(deliver(w, &w->se[0], 0), 201);
    assert_int_equal(deliver(w, &w->se[1], 1), 201);
    snprintf(w->crl, sizeof w->crl, ", crl: ci.crl");
    assert_ok(reload(w));
    assert_outcome(w, fetch(w, &w->se[0], 1), RSM_DONE);
    pki_lists(&w->pki, NULL, "se0");
    assert_ok(reload(w));
    assert_outcome(w, fetch(w, &w->se[0], 1), RSM_NOT_ALLOWED);
    assert_non_null(strstr(w->said, "client-revoked"));
    assert_outcome(w, fetch(w, &w->se[1], 1), RSM_DONE);
    pki_lists(&w->pki, "pn2", NULL);
    assert_ok(reload(w));
    assert_outcome(w, confirm(w, &w->se[1], 1), RSM_NOT_ALLOWED);
    assert_non_null(strstr(w->said, "client-revoked"));
    assert_outcome(w, confirm(w, &w->se[0], 1), RSM_DONE);
}

static void without_a_certificate_nobody_gets_in(void **state)
{
    struct world *w = *state;
    char url[160];
    const struct https_client_options o = {
        .ca = pki_path(&w->pki, "ci", ".crt"), .connect_to = "127.0.0.1", .total_ms = 60000};
    snprintf(url, sizeof url, "https://rsmf." REALM_1 ":%u/v1/profiles/%s", w->place.port,
             w->se[0].digest);
    assert_int_equal(ask_at(w, &o, "PUT", url, REQUEST), 403);
    assert_said(w, "/problems/no-certificate");
}

/* Each listener has roots of its own. */
static void an_operator_is_nobody_where_devices_come_nor_a_device_where_operators_do(void **state)
{
    struct world *w = *state;
    struct element *e = &w->se[0];
    char url[200];
    const struct https_client_options o = {.certificate = pki_path(&w->pki, "home", ".crt"),
                                           .key = pki_path(&w->pki, "home", ".key"),
                                           .ca = pki_path(&w->pki, "ci", ".crt"),
                                           .connect_to = "127.0.0.1",
                                           .total_ms = 60000};
    assert_int_equal(deliver(w, e, 0), 201);
    snprintf(url, sizeof url, "https://rsmf." REALM_1 ":%u/v1/profiles/%s", w->place.port,
             e->digest);
    assert_int_equal(ask_at(w, &o, "PUT", url, REQUEST), 403);
    assert_said(w, "/problems/client-untrusted");
    assert_int_equal(look_as(w, "se0", e), 403);
    assert_said(w, "/problems/client-untrusted");
}

/*= test dimsi-rsmf-who */
static void a_device_from_elsewhere_is_refused_if_sources_are_named(void **state)
{
    struct world *w = *state;
    struct element *e = &w->se[0];
    assert_int_equal(deliver(w, e, 0), 201);
    snprintf(w->sources, sizeof w->sources, "\"127.0.0.2/32\"");
    assert_ok(reload(w));
    assert_outcome(w, fetch(w, e, 1), RSM_SOURCE);
    w->place.source = "127.0.0.2";
    assert_outcome(w, fetch(w, e, 1), RSM_DONE);
    assert_int_equal(look_as(w, "home", e), 200);
    assert_said(w, "\"fetched_from\":\"127.0.0.2\"");
    snprintf(w->sources, sizeof w->sources, "\"127.0.0.2/33\"");
    assert_int_not_equal(reload(w), E_OK); /* all stays as it is */
    w->place.source = NULL;
    assert_outcome(w, confirm(w, e, 1), RSM_SOURCE);
    snprintf(w->sources, sizeof w->sources, " ");
    assert_ok(reload(w));
    assert_outcome(w, confirm(w, e, 1), RSM_DONE);
}

/* The operators' listener, which comes before it, has another certificate. */
/*= test op-reload */
static void a_reload_that_fails_at_the_last_interface_changes_none_of_them(void **state)
{
    static struct half h;
    struct world *w = *state;
    half_open(&h, &w->pki);
    snprintf(w->more, sizeof w->more, "admin_https: " HALF_ADMIN_BEFORE "\n" HALF_METRICS_BEFORE);
    w->log = h.log;
    write_config(w);
    restart(w);
    half_ports(&h, admin_server_view(rsmfd_admin_server(w->rsmfd.admin)));
    half_is_before(&h);
    half_forget(&h);
    half_other_pair(&h, "left");
    half_wrong_key(&h, "right");
    snprintf(w->more, sizeof w->more, "admin_https: " HALF_ADMIN_AFTER "\n" HALF_METRICS_AFTER);
    assert_err(reload(w), E_BAD_VALUE);
    assert_non_null(strstr(w->why.text, "devices: "));
    half_said(&h, "\"reload-refused\"", "devices: ");
    half_is_before(&h);
    assert_int_equal(look_as(w, "home", &w->se[0]), 404);
    assert_int_equal(deliver(w, &w->se[0], 0), 201);
    assert_outcome(w, fetch(w, &w->se[0], 1), RSM_DONE);
    half_right_key(&h, "right");
    assert_ok(reload(w));
    half_is_after(&h);
    w->more[0] = '\0';
    w->log = NULL;
    write_config(w);
    restart(w);
    half_close(&h);
}

/* ---- who answers ---- */

static void copy(struct world *w, const char *from, const char *to)
{
    static const char *const suffixes[] = {".crt", ".key"};
    char command[256];
    for (size_t i = 0; i < 2; i++) {
        snprintf(command, sizeof command, "cp -p '%s' '%s'", pki_path(&w->pki, from, suffixes[i]),
                 pki_path(&w->pki, to, suffixes[i]));
        assert_int_equal(system(command), 0);
    }
}

/* Behind what is there: the chain that is shown. */
static void append(struct world *w, const char *from, const char *to)
{
    char command[256];
    snprintf(command, sizeof command, "cat '%s' >> '%s'", pki_path(&w->pki, from, ".crt"),
             pki_path(&w->pki, to, ".crt"));
    assert_int_equal(system(command), 0);
}

/*= test dimsi-roots */
static void the_device_asks_only_the_rsmf_of_its_own_network_and_ci(void **state)
{
    struct world *w = *state;
    struct element *e = &w->se[0];
    assert_int_equal(deliver(w, e, 0), 201);
    assert_ok(plmn_parse(BYTES_LIT("001-03"), &w->place.home));
    assert_outcome(w, fetch(w, e, 1), RSM_UNTRUSTED); /* another name */
    assert_int_equal(e->signed_n, 0);
    assert_ok(plmn_parse(BYTES_LIT("001-01"), &w->place.home));
    copy(w, "by-part", "right");
    append(w, "pn", "right");
    restart(w);
    assert_outcome(w, fetch(w, e, 1), RSM_UNTRUSTED); /* a maker's, whose CA stands below the CI */
    assert_int_equal(e->signed_n, 0);
    copy(w, "foreign", "right");
    restart(w);
    assert_outcome(w, fetch(w, e, 1), RSM_UNTRUSTED); /* another CI */
    assert_nothing(w);
    assert_int_equal(e->signed_n, 0);
    assert_int_equal(look_as(w, "home", e), 200);
    assert_said(w, "\"phase\":\"ready\"");
}

static void what_the_element_does_not_sign_is_not_asked(void **state)
{
    struct world *w = *state;
    struct element *e = &w->se[0];
    const size_t n = e->se.n_chain;
    assert_int_equal(deliver(w, e, 0), 201);
    e->fail = 1;
    assert_outcome(w, fetch(w, e, 1), RSM_SE_FAILED);
    e->se.n_chain = 0;
    assert_outcome(w, fetch(w, e, 1), RSM_SE_FAILED);
    e->se.n_chain = n;
    e->der[1][0] ^= 1;
    assert_outcome(w, fetch(w, e, 1), RSM_SE_FAILED);
    e->der[1][0] ^= 1;
    assert_int_equal(look_as(w, "home", e), 200);
    assert_said(w, "\"phase\":\"ready\"");
    assert_outcome(w, fetch(w, e, 1), RSM_DONE);
}

/* With the certificate of one element and the key of another. */
static void a_stolen_certificate_alone_opens_nothing(void **state)
{
    struct world *w = *state;
    struct element *e = &w->se[0];
    assert_int_equal(deliver(w, e, 0), 201);
    EVP_PKEY *own = e->key;
    e->key = w->se[1].key;
    enum rsm_outcome outcome = fetch(w, e, 1);
    e->key = own;
    assert_outcome(w, outcome, RSM_SILENT); /* TLS ends before anything is asked */
    assert_int_equal(look_as(w, "home", e), 200);
    assert_said(w, "\"phase\":\"ready\"");
}

static void an_rsmf_that_is_not_there_is_silent(void **state)
{
    struct world *w = *state;
    end(w);
    assert_outcome(w, fetch(w, &w->se[0], 1), RSM_SILENT);
    assert_true(w->said[0] != '\0');
    assert_true(rsm_outcome_again(RSM_SILENT));
    begin(w);
}

static void every_outcome_has_a_name_and_a_sentence(void **state)
{
    char host[RSM_HOST_MAX];
    struct plmn home;
    (void)state;
    for (int i = 0; i < RSM_OUTCOMES; i++) {
        assert_true(strlen(rsm_outcome_name((enum rsm_outcome)i)) > 3);
        assert_true(strlen(rsm_outcome_sentence((enum rsm_outcome)i)) > 10);
        for (int j = 0; j < i; j++) {
            assert_string_not_equal(rsm_outcome_name((enum rsm_outcome)i),
                                    rsm_outcome_name((enum rsm_outcome)j));
        }
    }
    assert_ok(plmn_parse(BYTES_LIT("310-410"), &home));
    rsm_host(&home, host);
    assert_string_equal(host, "rsmf.epc.mnc410.mcc310.3gppnetwork.org");
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_device_fetches_its_profile_and_confirms_it),
        T(a_profile_is_given_once_and_the_same_request_gets_it_again),
        T(nothing_is_confirmed_that_was_not_fetched),
        T(a_restart_between_any_two_steps_changes_nothing),
        T(another_devices_profile_is_refused_whether_there_is_one_or_not),
        T(each_operators_devices_get_what_their_own_operator_left),
        T(by_a_name_that_is_no_operators_nothing_is_given),
        T(a_request_that_is_malformed_changes_nothing),
        T(a_device_without_a_delivery_may_come_again),
        T(only_a_secure_element_of_this_ci_gets_in),
        T(a_revoked_element_and_a_revoked_part_number_are_refused),
        T(without_a_certificate_nobody_gets_in),
        T(an_operator_is_nobody_where_devices_come_nor_a_device_where_operators_do),
        T(a_device_from_elsewhere_is_refused_if_sources_are_named),
        T(a_reload_that_fails_at_the_last_interface_changes_none_of_them),
        T(the_device_asks_only_the_rsmf_of_its_own_network_and_ci),
        T(what_the_element_does_not_sign_is_not_asked),
        T(a_stolen_certificate_alone_opens_nothing),
        T(an_rsmf_that_is_not_there_is_silent),
        cmocka_unit_test(every_outcome_has_a_name_and_a_sentence),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
