/* nf/arpfd/arpfd.h (src/nf/arpfd/serve.c, src/nf/arpfd/api.c, src/nf/arpfd/view.c,
 * src/nf/arpfd/admin.c), nf/arpfd/release.h, nf/arpfd/trust.h: what operators and service providers
 * get, over HTTPS in one process, and what is kept of it. Refusals are refused_test.c's. */
#include "arpfd/world.h"

#include "nf/arpfd/api.h"
#include "nf/arpfd/release.h"
#include "nf/arpfd/trust.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

/*= test dimsi-0a */
static void the_certificate_that_is_handed_out_is_the_one_for_agreement(void **state)
{
    struct world *w = *state;
    static struct dimsi_json_space space;
    struct dimsi_json_fault fault;
    struct bytes chain[DIMSI_CHAIN_MAX];
    size_t n = 0;
    uint8_t room[2048];
    static const char *const both[] = {"sp", "op"};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(ask(w, both[i], "GET", "/v1/certificate", NULL), 200);
        json_t *v = answer(w);
        space.n = 0;
        assert_string_equal(json_string_value(json_object_get(v, "name")), ARPF_NAME);
        assert_true(dimsi_json_chain(json_object_get(v, "certificates"), "certificates", &space,
                                     chain, &n, &fault));
        assert_int_equal(n, 1);
        assert_true(bytes_eq(chain[0], der_of(&w->pki, "ecka", room)));
        json_decref(v);
    }
}

/*= test dimsi-0e-verify dimsi-0e-ek dimsi-0e-endorse dimsi-0e-secret dimsi-box */
static void an_operator_gets_what_the_device_has(void **state)
{
    struct world *w = *state;
    struct deal d;
    struct given g;
    char hex[65];
    deal_of(w, "se", DIMSI, &d);
    deal_given(w, &d, "op", "001-01", 1, &g);
    hex_encode(BYTES_OF(d.slot.ek.b), hex);
    assert_null(strstr(w->answer, hex));
}

static void sees(struct world *w, const char *who, const char *path, const char *part)
{
    assert_int_equal(ask(w, who, "GET", path, NULL), 200);
    if (strstr(w->answer, part) == NULL) {
        fail_msg("no %s in %s", part, w->answer);
    }
}

/*= test dimsi-release-record */
static void each_sees_its_own_and_not_that_there_are_others(void **state)
{
    struct world *w = *state;
    struct deal d;
    struct given g;
    char token[65], part[128];
    deal_of(w, "se", DIMSI, &d);
    deal_given(w, &d, "op", "001-01", 1, &g);
    hex_encode(BYTES_OF(d.digest), token);
    snprintf(part, sizeof part, "\"token\":\"%s\"", token);
    sees(w, "sp", "/v1/releases/" DIMSI, part);
    sees(w, "sp", "/v1/releases/" DIMSI,
         "\"sp\":\"" SP_NAME "\",\"target\":\"001-01\",\"number\":1,\"delegation\":1,");
    sees(w, "op", "/v1/releases/" DIMSI, "\"times\":1,\"revoked\":false");
    sees(w, "sp", "/v1/releases", part);
    sees(w, "op", "/v1/releases?limit=1", "\"next\":\"" DIMSI "\"");
    sees(w, "op", "/v1/releases?after=" DIMSI, "\"releases\":[],\"next\":null");
    static const char *const others[] = {"sp2", "op2"};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(ask(w, others[i], "GET", "/v1/releases/" DIMSI, NULL), 404);
        assert_problem(w, "not-found");
        sees(w, others[i], "/v1/releases", "\"releases\":[]");
    }
}

/*= test dimsi-release-again dimsi-durable */
static void the_same_operator_gets_the_same_again_also_after_a_restart(void **state)
{
    struct world *w = *state;
    struct deal d;
    struct given first, again;
    deal_of(w, "se", DIMSI, &d);
    deal_given(w, &d, "op", "001-01", 1, &first);
    for (int i = 0; i < 2; i++) {
        deal_given(w, &d, "op", "001-01", 1, &again);
        assert_int_equal(again.content_n, first.content_n);
        assert_memory_equal(again.content, first.content, first.content_n);
        assert_memory_equal(again.signature, first.signature, sizeof first.signature);
        assert_memory_not_equal(again.box, first.box, sizeof first.box);
        arpfd_down(w);
        arpfd_up(w);
    }
    d.delegation.number = 5;
    deal_given(w, &d, "op", "001-01", 1, &again);
    sees(w, "sp", "/v1/releases/" DIMSI, "\"delegation\":5,");
    sees(w, "sp", "/v1/releases/" DIMSI, "\"times\":4,");
    assert_int_equal(w->arpfd.counts.releases, 1);
}

/*= test dimsi-release-once */
static void a_second_operator_gets_it_only_once_the_first_was_revoked(void **state)
{
    struct world *w = *state;
    struct deal d, other;
    struct given g;
    deal_of(w, "se", DIMSI, &d);
    deal_given(w, &d, "op", "001-01", 1, &g);
    other = d;
    other.delegation.target = plmn_of("001-02");
    other.delegation.number = 2;
    other.encrypt_to = "op2-key";
    deal_refused(w, &other, "op2", 409, "released-to-another");
    assert_int_equal(take_back(w, &d, "sp2", 1), 200); /* counts for nobody but sp2 */
    deal_refused(w, &other, "op2", 409, "released-to-another");
    assert_int_equal(take_back(w, &d, "sp", 1), 200);
    sees(w, "sp", "/v1/releases/" DIMSI, "\"revoked\":true");
    arpfd_down(w);
    arpfd_up(w);
    deal_refused(w, &d, "op", 403, "delegation-revoked");
    deal_given(w, &other, "op2", "001-02", 2, &g);
    deal_refused(w, &d, "op", 403, "delegation-revoked");
    d.delegation.number = 3;
    deal_refused(w, &d, "op", 409, "released-to-another");
    assert_int_equal(ask(w, "op", "GET", "/v1/releases/" DIMSI, NULL), 404);
    sees(w, "op2", "/v1/releases/" DIMSI, "\"number\":2,");
}

static void a_revocation_only_grows(void **state)
{
    struct world *w = *state;
    struct deal d;
    deal_of(w, "se", DIMSI, &d);
    assert_int_equal(take_back(w, &d, "sp", 7), 200);
    assert_non_null(strstr(w->answer, "\"number\":7"));
    assert_int_equal(take_back(w, &d, "sp", 3), 200);
    assert_non_null(strstr(w->answer, "\"number\":7"));
    d.delegation.number = 7;
    deal_refused(w, &d, "op", 403, "delegation-revoked");
    assert_int_equal(take_back(w, &d, "sp", 0), 422);
    assert_problem(w, "bad-member");
}

static void an_endorsement_is_made_anew_when_half_of_its_time_is_over(void **state)
{
    struct world *w = *state;
    struct deal d;
    struct given first, again;
    deal_of(w, "se", DIMSI, &d);
    d.delegation.expiry += 365L * DAY_S;
    deal_given(w, &d, "op", "001-01", 1, &first);
    w->ahead = 14L * DAY_S;
    deal_given(w, &d, "op", "001-01", 1, &again);
    assert_int_equal(again.endorsement.expiry, first.endorsement.expiry);
    w->ahead = 16L * DAY_S;
    deal_given(w, &d, "op", "001-01", 1, &again);
    assert_true(again.endorsement.expiry >= first.endorsement.expiry + 16L * DAY_S);
}

/*= test dimsi-two-keys */
static void another_endorsement_key_signs_anew_under_the_same_number(void **state)
{
    struct world *w = *state;
    struct deal d;
    struct given first, again;
    deal_of(w, "se", DIMSI, &d);
    deal_given(w, &d, "op", "001-01", 1, &first);
    snprintf(w->more, sizeof w->more,
             "ci: {roots: ci.crt}\n"
             "endorsement: {certificate: ecdsa-new.crt, key: ecdsa-new.key}\n");
    assert_ok(reload(w));
    deal_given(w, &d, "op", "001-01", 1, &again);
    assert_memory_not_equal(again.signature, first.signature, sizeof first.signature);
}

static void a_key_that_runs_out_serves_the_tokens_that_were_made_for_it(void **state)
{
    struct world *w = *state;
    struct deal old;
    struct given g;
    deal_of(w, "se", DIMSI, &old);
    w->agreement = "[{certificate: ecka-new.crt, key: ecka-new.key},"
                   " {certificate: ecka.crt, key: ecka.key}]";
    assert_ok(reload(w));
    deal_given(w, &old, "op", "001-01", 1, &g);
    assert_int_equal(ask(w, "sp", "GET", "/v1/certificate", NULL), 200);
    struct se se = {.w = w, .name = "se-2", .ecka = "ecka-new", .key = signer_of(w, "se-2")};
    struct deal new;
    deal_make(w, &se, "901700000000002", SP_NAME, &new);
    signer_close(se.key);
    deal_given(w, &new, "op", "001-01", 1, &g);
    w->agreement = "[{certificate: ecka-new.crt, key: ecka-new.key}]";
    assert_ok(reload(w));
    deal_given(w, &new, "op", "001-01", 1, &g);
    deal_refused(w, &old, "op", 422, "token-other-arpf");
}

static void a_device_that_was_sold_again_has_a_new_token(void **state)
{
    struct world *w = *state;
    struct deal first, second;
    struct given g;
    deal_of(w, "se", DIMSI, &first);
    deal_of(w, "se", DIMSI, &second);
    deal_given(w, &first, "op", "001-01", 1, &g);
    deal_refused(w, &second, "op", 409, "released-to-another");
    assert_int_equal(take_back(w, &first, "sp", 1), 200);
    deal_given(w, &second, "op", "001-01", 2, &g);
    assert_memory_not_equal(first.slot.ek.b, g.ek.b, DIMSI_EK_LEN);
}

/* ---- two at a time ---- */

struct racer {
    struct world *w;
    const char *who, *dimsi;
    char *body;
    unsigned status;
};

static void *race(void *arg)
{
    struct racer *r = arg;
    struct https_reply reply;
    char url[96];
    struct https_client *c = client_of(r->w, r->who);
    snprintf(url, sizeof url, "https://localhost:%u/v1/releases/%s",
             https_api_bound(r->w->arpfd.api).port, r->dimsi);
    const struct https_request q = {.method = "PUT", .url = url, .body = bytes_of_str(r->body)};
    for (int i = 0; i < 20; i++) {
        assert_ok(https_client_do(c, &q, &reply));
        assert_true(r->status == 0 || r->status == reply.status);
        r->status = reply.status;
    }
    https_client_close(c);
    return NULL;
}

/*= test dimsi-release-once */
static void of_two_operators_at_a_time_one_gets_it(void **state)
{
    struct world *w = *state;
    struct deal d, other;
    deal_of(w, "se", DIMSI, &d);
    other = d;
    other.delegation.target = plmn_of("001-02");
    other.encrypt_to = "op2-key";
    json_t *bodies[] = {deal_body(w, &d), deal_body(w, &other)};
    struct racer racers[4];
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++) {
        racers[i] =
            (struct racer){w, i % 2 != 0 ? "op2" : "op", DIMSI, json_dumps(bodies[i % 2], 0), 0};
    }
    for (size_t i = 0; i < 4; i++) {
        pthread_create(&threads[i], NULL, race, &racers[i]);
        sched_yield();
    }
    for (size_t i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        free(racers[i].body);
    }
    assert_int_equal(racers[0].status, racers[2].status);
    assert_int_equal(racers[1].status, racers[3].status);
    assert_int_equal(racers[0].status + racers[1].status, 200 + 409);
    assert_int_equal(w->arpfd.counts.releases, 1);
    json_decref(bodies[0]);
    json_decref(bodies[1]);
}

/* ---- the store ---- */

/* Nothing leaves that was not recorded: no file may grow, and later all goes on. */
/*= test dimsi-release-record dimsi-durable */
static void without_a_record_nothing_leaves(void **state)
{
    struct world *w = *state;
    struct deal d, other;
    struct given g;
    struct rlimit was;
    struct stat st;
    deal_of(w, "se", DIMSI, &d);
    deal_of(w, "se-2", "901700000000002", &other);
    deal_given(w, &d, "op", "001-01", 1, &g);
    assert_int_equal(stat(pki_path(&w->pki, "arpf", ".db-wal"), &st), 0);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
    const struct rlimit tight = {(rlim_t)st.st_size, was.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    const unsigned refused = deal_ask(w, &other, "op");
    const unsigned revoked = take_back(w, &d, "sp", 1);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
    assert_int_equal(refused, 500);
    assert_int_equal(revoked, 500);
    assert_problem(w, "store-failed");
    assert_int_equal(ask(w, "op", "GET", "/v1/releases/901700000000002", NULL), 404);
    sees(w, "sp", "/v1/releases/" DIMSI, "\"revoked\":false");
    deal_given(w, &other, "op", "001-01", 1, &g);
}

/* One dIMSI's row names an SP as no name is; those who come in the same turns are answered. */
static void a_row_that_cannot_be_used_is_its_own_dimsis_matter(void **state)
{
    struct world *w = *state;
    struct deal good, bad;
    struct arpf_store *s = NULL;
    struct store_why why;
    struct arpf_release row = {.dimsi = imsi_of("901700000000002"),
                               .number = 1,
                               .sp = "no name",
                               .endorsed = {.n = 1, .expires = 1}};
    deal_of(w, "se", DIMSI, &good);
    deal_of(w, "se-2", "901700000000002", &bad);
    arpfd_down(w);
    assert_ok(arpf_store_open(pki_path(&w->pki, "arpf", ".db"), &s, &why));
    assert_ok(arpf_store_begin(s));
    assert_ok(arpf_store_release(s, &row));
    assert_ok(arpf_store_commit(s));
    arpf_store_close(s);
    arpfd_up(w);
    json_t *bodies[] = {deal_body(w, &good), deal_body(w, &bad)};
    struct racer racers[4];
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++) {
        racers[i] = (struct racer){w, "op", i % 2 != 0 ? bad.dimsi : good.dimsi,
                                   json_dumps(bodies[i % 2], 0), 0};
    }
    for (size_t i = 0; i < 4; i++) {
        pthread_create(&threads[i], NULL, race, &racers[i]);
    }
    for (size_t i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        free(racers[i].body);
        assert_int_equal(racers[i].status, i % 2 != 0 ? 500 : 200);
    }
    json_decref(bodies[0]);
    json_decref(bodies[1]);
}

/* ---- the administration interface ---- */

static void admin(struct world *w, const char *path, const char *part)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    char text[8192];
    size_t n = 0;
    snprintf(at.sun_path, sizeof at.sun_path, "%s", w->config->admin);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", path);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    for (ssize_t got = 1; got > 0 && n < sizeof text - 1; n += (size_t)got) {
        got = read(fd, text + n, sizeof text - 1 - n);
        assert_true(got >= 0);
    }
    close(fd);
    text[n] = '\0';
    if (strstr(text, part) == NULL) {
        fail_msg("no %s in %s", part, text);
    }
}

/*= test dimsi-release-record */
static void administration_sees_every_release_and_every_cause(void **state)
{
    struct world *w = *state;
    struct deal d, other;
    struct given g;
    deal_of(w, "se", DIMSI, &d);
    deal_given(w, &d, "op", "001-01", 1, &g);
    other = d;
    other.delegation.target = plmn_of("001-02");
    other.delegation.number = 2;
    other.encrypt_to = "op2-key";
    deal_refused(w, &other, "op2", 409, "released-to-another");
    assert_int_equal(take_back(w, &d, "sp", 1), 200);
    deal_given(w, &other, "op2", "001-02", 2, &g);
    admin(w, "/v1/status", "\"releases\":2,");
    admin(w, "/v1/status", "\"refused\":{\"released-to-another\":1}");
    admin(w, "/v1/releases?limit=5", "\"number\":2,");
    admin(w, "/v1/releases?after=" DIMSI, "\"releases\":[]");
    admin(w, "/v1/releases/" DIMSI, "\"target\":\"001-01\",\"number\":1,");
    admin(w, "/v1/releases/" DIMSI, "\"target\":\"001-02\",\"number\":2,");
    admin(w, "/v1/releases/" DIMSI "?after=1&limit=1", "\"releases\":[{\"dimsi\":\"" DIMSI "\"");
    admin(w, "/v1/releases/12x", "bad-parameter");
    admin(w, "/v1/releases?after=x", "bad-parameter");
    admin(w, "/v1/nothing", "no-such-path");
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(the_certificate_that_is_handed_out_is_the_one_for_agreement),
        T(an_operator_gets_what_the_device_has),
        T(each_sees_its_own_and_not_that_there_are_others),
        T(the_same_operator_gets_the_same_again_also_after_a_restart),
        T(a_second_operator_gets_it_only_once_the_first_was_revoked),
        T(a_revocation_only_grows),
        T(an_endorsement_is_made_anew_when_half_of_its_time_is_over),
        T(another_endorsement_key_signs_anew_under_the_same_number),
        T(a_key_that_runs_out_serves_the_tokens_that_were_made_for_it),
        T(a_device_that_was_sold_again_has_a_new_token),
        T(of_two_operators_at_a_time_one_gets_it),
        T(without_a_record_nothing_leaves),
        T(a_row_that_cannot_be_used_is_its_own_dimsis_matter),
        T(administration_sees_every_release_and_every_cause)};
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
