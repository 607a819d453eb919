/* nf/rsmfd/operators.c, view.c, admin.c and rsmfd.c: what an operator may leave, see and take back,
 * and what an administrator sees. */
#include "rsmfd/rsmf_world.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>

#define IMSI_1 "001010000700001"
#define IMSI_2 "001020000700001"

static void a_delivery_that_is_made_again_is_the_same(void **state)
{
    struct world *w = *state;
    struct element *e = &w->se[0];
    assert_int_equal(deliver(w, e, 0), 201);
    assert_said(w, "\"serial\":1");
    assert_int_equal(deliver(w, e, 0), 200);
    assert_said(w, "\"serial\":1");
    assert_int_equal(deliver(w, e, 1), 200); /* it was not fetched: it may be replaced */
    assert_said(w, "\"serial\":2");
    assert_outcome(w, fetch(w, e, 1), RSM_DONE);
    assert_memory_equal(w->got, w->profile[1], w->got_n);
}

static void what_was_fetched_is_not_replaced_and_what_was_confirmed_is(void **state)
{
    struct world *w = *state;
    struct element *e = &w->se[0];
    assert_int_equal(deliver(w, e, 0), 201);
    assert_outcome(w, fetch(w, e, 1), RSM_DONE);
    assert_int_equal(deliver(w, e, 0), 200);
    assert_said(w, "\"phase\":\"fetched\"");
    assert_int_equal(deliver(w, e, 1), 409);
    assert_said(w, "/problems/already-fetched");
    assert_outcome(w, confirm(w, e, 1), RSM_DONE);
    assert_int_equal(deliver(w, e, 0), 200); /* a repetition that came late */
    assert_said(w, "\"phase\":\"confirmed\"");
    assert_int_equal(deliver(w, e, 1), 200);
    assert_said(w, "\"phase\":\"ready\"");
    assert_said(w, "\"fetched_from\":null");
    assert_outcome(w, fetch(w, e, 2), RSM_DONE);
    assert_memory_equal(w->got, w->profile[1], w->got_n);
}

static void what_is_withdrawn_is_given_to_nobody(void **state)
{
    struct world *w = *state;
    struct element *e = &w->se[0];
    assert_int_equal(withdraw_as(w, "home", e), 404);
    assert_int_equal(deliver(w, e, 0), 201);
    assert_int_equal(withdraw_as(w, "home", e), 200);
    assert_said(w, "\"phase\":\"withdrawn\"");
    assert_said(w, "\"serial\":2");
    assert_int_equal(withdraw_as(w, "home", e), 200);
    assert_said(w, "\"serial\":2");
    assert_outcome(w, fetch(w, e, 1), RSM_NO_PROFILE);
    assert_int_equal(deliver(w, e, 0), 200);
    assert_said(w, "\"phase\":\"ready\"");
    assert_outcome(w, fetch(w, e, 1), RSM_DONE);
    assert_int_equal(withdraw_as(w, "home", e), 200);
    assert_outcome(w, fetch(w, e, 1), RSM_NO_PROFILE);
    assert_outcome(w, confirm(w, e, 1), RSM_NO_PROFILE);
    assert_int_equal(deliver(w, e, 1), 200);
    assert_outcome(w, fetch(w, e, 1), RSM_DONE);
    assert_outcome(w, confirm(w, e, 1), RSM_DONE);
    assert_int_equal(withdraw_as(w, "home", e), 409);
    assert_said(w, "/problems/already-confirmed");
}

static void an_operator_neither_sees_nor_touches_what_another_left(void **state)
{
    struct world *w = *state;
    struct element *e = &w->se[0];
    uint8_t theirs[CERTATTACH_PROFILE_MAX];
    const size_t n = make_profile("02", 0x33, theirs);
    const struct bytes profile = {theirs, n};
    assert_int_equal(deliver(w, e, 0), 201);
    assert_int_equal(look_as(w, "second", e), 404);
    assert_int_equal(withdraw_as(w, "second", e), 404);
    assert_int_equal(ask_as(w, "second", "GET", "/v1/deliveries", NULL), 200);
    assert_string_equal(w->text, "{\"deliveries\":[],\"next\":0}");
    /* The digest of an SE is no secret: with it, nothing is blocked, and nothing is learned. */
    assert_int_equal(deliver_as(w, "second", e, IMSI_2, profile), 201);
    assert_outcome(w, fetch(w, e, 1), RSM_DONE);
    assert_memory_equal(w->got, w->profile[0], w->got_n);
    assert_int_equal(deliver(w, e, 0), 200);
    assert_said(w, "\"phase\":\"fetched\"");
    assert_int_equal(look_as(w, "second", e), 200);
    assert_said(w, "\"phase\":\"ready\"");
    assert_said(w, "\"fetched_from\":null");
    assert_int_equal(withdraw_as(w, "second", e), 200);
    assert_outcome(w, confirm(w, e, 1), RSM_DONE);
    assert_int_equal(deliver_as(w, "second", e, IMSI_2, profile), 200); /* it was sold */
    assert_int_equal(look_as(w, "home", e), 200);
    assert_said(w, "\"phase\":\"confirmed\"");
    assert_ok(plmn_parse(BYTES_LIT("001-02"), &w->place.home));
    assert_outcome(w, fetch(w, e, 2), RSM_DONE);
    assert_int_equal(w->got_n, n);
    assert_memory_equal(w->got, theirs, n);
}

static void what_is_not_the_operators_is_not_delivered(void **state)
{
    struct world *w = *state;
    struct element *e = &w->se[0];
    uint8_t theirs[CERTATTACH_PROFILE_MAX];
    const struct bytes other = {theirs, make_profile("02", 0x33, theirs)};
    assert_int_equal(deliver_as(w, "home", e, IMSI_2, profile_of(w, 0)), 422);
    assert_said(w, "/problems/imsi-outside");
    assert_int_equal(deliver_as(w, "home", e, IMSI_1, other), 422);
    assert_said(w, "/problems/profile-outside");
    assert_int_equal(
        deliver_as(w, "home", e, IMSI_1, (struct bytes){w->profile[0], w->profile_n[0] - 1}), 422);
    assert_said(w, "/problems/profile-unreadable");
    assert_int_equal(ask_as(w, "home", "PUT", "/v1/deliveries/00", "{}"), 400);
    assert_int_equal(deliver_as(w, "home", e, "12", profile_of(w, 0)), 422);
    assert_said(w, "/problems/bad-member");
    assert_int_equal(look_as(w, "home", e), 404);
    assert_said(w, "/problems/not-found");
}

static void only_an_ausf_of_a_known_operator_gets_in(void **state)
{
    struct world *w = *state;
    struct element *e = &w->se[0];
    assert_int_equal(deliver_as(w, "provider", e, IMSI_1, profile_of(w, 0)), 403);
    assert_said(w, "/problems/not-allowed");
    assert_int_equal(deliver_as(w, "third", e, IMSI_1, profile_of(w, 0)), 403);
    assert_said(w, "/problems/not-allowed");
    pki_leaf(&w->pki, REALM_1, "ops", VERIFY_OID_ROLES ".4", NULL, 0); /* a common name is none */
    assert_int_equal(deliver_as(w, REALM_1, e, IMSI_1, profile_of(w, 0)), 403);
    assert_said(w, "/problems/not-allowed");
    assert_outcome(w, fetch(w, e, 1), RSM_NO_PROFILE);
    snprintf(w->operators, sizeof w->operators, "\"001-03\"");
    assert_ok(reload(w));
    assert_int_equal(look_as(w, "third", e), 404);
    assert_int_equal(look_as(w, "home", e), 403);
}

/* ---- changes ---- */

static void changes_come_in_their_order_and_each_page_goes_on_where_the_last_ended(void **state)
{
    struct world *w = *state;
    struct element *a = &w->se[0], *b = &w->se[1];
    assert_int_equal(ask_as(w, "home", "GET", "/v1/deliveries", NULL), 200);
    assert_string_equal(w->text, "{\"deliveries\":[],\"next\":0}");
    assert_int_equal(deliver(w, a, 0), 201);
    assert_int_equal(deliver(w, b, 1), 201);
    assert_outcome(w, fetch(w, a, 1), RSM_DONE);
    assert_int_equal(ask_as(w, "home", "GET", "/v1/deliveries?limit=1", NULL), 200);
    assert_said(w, b->digest); /* a has changed since */
    assert_said(w, "\"next\":2");
    assert_null(strstr(w->text, a->digest));
    assert_int_equal(ask_as(w, "home", "GET", "/v1/deliveries?after=2&limit=1", NULL), 200);
    assert_said(w, a->digest);
    assert_said(w, "\"next\":3");
    assert_int_equal(ask_as(w, "home", "GET", "/v1/deliveries?after=3", NULL), 200);
    assert_string_equal(w->text, "{\"deliveries\":[],\"next\":3}");
    assert_outcome(w, confirm(w, a, 1), RSM_DONE);
    assert_int_equal(ask_as(w, "home", "GET", "/v1/deliveries?after=3", NULL), 200);
    assert_said(w, "\"phase\":\"confirmed\"");
    assert_said(w, "\"next\":4");
    assert_int_equal(ask_as(w, "home", "GET", "/v1/deliveries?after=999", NULL), 200);
    assert_said(w, "\"next\":4"); /* below what was asked for: the store was set back */
    assert_int_equal(ask_as(w, "home", "GET", "/v1/deliveries?limit=0", NULL), 400);
    assert_int_equal(ask_as(w, "home", "GET", "/v1/deliveries?other=1", NULL), 400);
}

/* ---- administration ---- */

static void ask_socket(struct world *w, const char *path)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    char request[200];
    size_t n = 0;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(at.sun_path, sizeof at.sun_path, "%s", pki_path(&w->pki, "rsmf", ".sock"));
    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
             path);
    assert_int_equal(write(fd, request, strlen(request)), strlen(request));
    ssize_t got;
    while ((got = read(fd, w->text + n, sizeof w->text - 1 - n)) > 0) {
        n += (size_t)got;
    }
    w->text[n] = '\0';
    close(fd);
}

static void the_administration_sees_counts_and_rows_and_no_profile(void **state)
{
    struct world *w = *state;
    char secret[BASE64_ROOM(CERTATTACH_PROFILE_MAX)];
    uint8_t theirs[CERTATTACH_PROFILE_MAX];
    const struct bytes other = {theirs, make_profile("02", 0x33, theirs)};
    assert_int_equal(deliver(w, &w->se[0], 0), 201);
    assert_int_equal(deliver_as(w, "second", &w->se[1], IMSI_2, other), 201);
    assert_outcome(w, fetch(w, &w->se[0], 1), RSM_DONE);
    assert_outcome(w, fetch(w, &w->se[0], 2), RSM_FETCHED);
    ask_socket(w, "/v1/status");
    assert_said(w, "\"plmn\":\"001-01\"");
    assert_said(w, "\"ready\":1,\"fetched\":1,\"confirmed\":0,\"withdrawn\":0");
    assert_said(w, "\"already-fetched\":1");
    ask_socket(w, "/v1/deliveries?limit=1");
    assert_said(w, "\"operator\":\"001-02\"");
    assert_said(w, "\"next\":2");
    ask_socket(w, "/v1/deliveries?after=2");
    assert_said(w, "\"operator\":\"001-01\"");
    base64_encode(profile_of(w, 0), secret);
    assert_null(strstr(w->text, secret));
    ask_socket(w, "/v1/deliveries?limit=x");
    assert_said(w, "400");
}

/* ---- start and reload ---- */

static void a_start_that_fails_leaves_nothing_open(void **state)
{
    struct world *w = *state;
    struct rsmfd second = {.config = w->config};
    uv_loop_t loop;
    uv_loop_init(&loop);
    assert_err(rsmfd_start(&second, &loop, &w->why), E_LOCKED); /* of the store */
    assert_null(second.operators);
    rsmfd_stop(&second);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    assert_int_equal(deliver(w, &w->se[0], 0), 201);
}

static void a_reload_takes_all_of_it_or_nothing(void **state)
{
    struct world *w = *state;
    assert_int_equal(look_as(w, "home", &w->se[0]), 404);
    snprintf(w->crl, sizeof w->crl, ", crl: no.crl");
    snprintf(w->operators, sizeof w->operators, "\"001-03\"");
    assert_int_not_equal(reload(w), E_OK);
    assert_int_equal(look_as(w, "third", &w->se[0]), 403);
    assert_int_equal(look_as(w, "home", &w->se[0]), 404);
    w->crl[0] = '\0';
    snprintf(w->operators, sizeof w->operators, "\"001-03\"]\nadmin: [");
    assert_int_not_equal(reload(w), E_OK);
    snprintf(w->operators, sizeof w->operators, "\"001-01\", \"001-001\"");
    assert_int_not_equal(reload(w), E_OK); /* one realm */
    assert_non_null(strstr(w->why.text, "realm"));
    snprintf(w->operators, sizeof w->operators, "\"001-03\", \"001-01\"");
    assert_ok(reload(w));
    assert_ok(reload(w));
    assert_int_equal(look_as(w, "third", &w->se[0]), 404);
    assert_int_equal(look_as(w, "home", &w->se[0]), 404);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_delivery_that_is_made_again_is_the_same),
        T(what_was_fetched_is_not_replaced_and_what_was_confirmed_is),
        T(what_is_withdrawn_is_given_to_nobody),
        T(an_operator_neither_sees_nor_touches_what_another_left),
        T(what_is_not_the_operators_is_not_delivered),
        T(only_an_ausf_of_a_known_operator_gets_in),
        T(changes_come_in_their_order_and_each_page_goes_on_where_the_last_ended),
        T(the_administration_sees_counts_and_rows_and_no_profile),
        T(a_start_that_fails_leaves_nothing_open),
        T(a_reload_takes_all_of_it_or_nothing),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
