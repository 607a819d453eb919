/* nf/dausfd/s6a.h: S6a at the discovery AUSF in one process, with a real store and real messages,
 * without sockets (src/nf/dausfd/peers.c too). */
#include "nf/dausfd/s6a.h"

#include "codec/private.h"
#include "codec/s6a.h"
#include "crypto/kdf.h"
#include "crypto/openssl.h"
#include "lib/check.h"
#include "nf/dausfd/peers.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OWN     32473u
#define REALM   "epc.mnc070.mcc901.3gppnetwork.org"
#define VISITED "epc.mnc001.mcc001.3gppnetwork.org"
#define MME     "mme." VISITED
#define DRA     "dra.example"
#define DIMSI   "901700000000001"
#define GUESSED "901700000000002"
#define PLMN    "\x00\xf1\x10"

static struct plmn plmns[] = {{"901", "70"}}, visited[] = {{"001", "01"}};
static char *carried[] = {(char[]){"mme9." VISITED}}, *realms[] = {(char[]){VISITED}};
static struct dausfd_peer peers[] = {{.origin_host = (char[]){MME},
                                      .realm = (char[]){VISITED},
                                      .visited_plmns = visited,
                                      .n_visited_plmns = 1,
                                      .on_tcp = true,
                                      .connections = 2},
                                     {.origin_host = (char[]){DRA},
                                      .realm = (char[]){"example"},
                                      .kind = DAUSFD_PEER_AGENT,
                                      .origins = carried,
                                      .n_origins = 1,
                                      .realms = realms,
                                      .n_realms = 1,
                                      .visited_plmns = visited,
                                      .n_visited_plmns = 1,
                                      .on_tls = true,
                                      .connections = 2}};
static struct dausfd_config config = {.origin_host = (char[]){"dausf." REALM},
                                      .origin_realm = (char[]){REALM},
                                      .plmns = plmns,
                                      .n_plmns = 1,
                                      .vendor_id = OWN,
                                      .peers = peers,
                                      .n_peers = 2};
static struct dausfd_peer_state states[2];
static struct dausfd dausf;
static struct discovery_reader *reader;
static struct crypto crypto;
static int64_t now;
static char dir[64];
static uint8_t octets[8192], answered[DAUSFD_ANSWER_MAX];
static size_t room = sizeof answered;
static const uint8_t resync[30] = {1, 2, 3};

static int64_t wall(void *ctx)
{
    (void)ctx;
    return now;
}

static struct imsi imsi_of(const char *digits)
{
    struct imsi imsi;
    assert_ok(imsi_parse(bytes_of_str(digits), &imsi));
    return imsi;
}

static struct discovery_entry entry_of(const char *dimsi, int64_t expires)
{
    struct discovery_entry e = {.dimsi = imsi_of(dimsi),
                                .phase = DISCOVERY_LIVE,
                                .number = 1,
                                .target = {"001", "01"},
                                .expires = expires,
                                .imsi = imsi_of("001010000700001"),
                                .challenge.xres.n = 8};
    memset(e.challenge.rand.b, 0xa1, 16);
    memset(e.challenge.autn.b, 0xa2, 16);
    memset(e.challenge.xres.b, 0xa3, 8);
    memset(e.challenge.ck.b, 0xa4, 16);
    memset(e.challenge.ik.b, 0xa5, 16);
    return e;
}

static int setup(void **state)
{
    char db[96], kek[96];
    struct store_why why;
    (void)state;
    strcpy(dir, "/tmp/bindery-dausf-XXXXXX");
    assert_non_null(mkdtemp(dir));
    snprintf(db, sizeof db, "%.60s/d.db", dir);
    snprintf(kek, sizeof kek, "%.60s/kek", dir);
    dausf = (struct dausfd){.config = &config, .rules = &config, .wall_s = wall};
    for (size_t i = 0; i < 2; i++) {
        states[i] = (struct dausfd_peer_state){.peer = &peers[i]};
    }
    dausf.rows = calloc(ASKED_ROOM, sizeof *dausf.rows);
    assert_ok(asked_open(&dausf.asked));
    assert_ok(discovery_store_open(db, kek, &dausf.store, &why));
    assert_ok(discovery_reader_open(dausf.store, &reader));
    assert_ok(crypto_openssl_open(&crypto));
    now = 1000;
    const struct discovery_entry e = entry_of(DIMSI, 2000);
    return discovery_put(dausf.store, &e) == E_OK ? 0 : -1;
}

static int teardown(void **state)
{
    char command[96];
    (void)state;
    crypto_openssl_close(&crypto);
    discovery_reader_close(reader);
    discovery_store_close(dausf.store);
    asked_close(dausf.asked);
    free(dausf.rows);
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    return system(command);
}

/* ---- asking ---- */

struct ask {
    const char *imsi, *host, *realm, *to_host, *to_realm, *visited;
    unsigned eutran, utran;
    bool resyncs, knows_binding;
    size_t peer;
};

static void request_of(struct s6a_request *r, const struct ask *q)
{
    static uint32_t id;
    id++;
    s6a_request_begin(r, id, id);
    r->session_id = BYTES_LIT("session;1;1");
    r->origin_host = bytes_of_str(q->host != NULL ? q->host : MME);
    r->origin_realm = bytes_of_str(q->realm != NULL ? q->realm : VISITED);
    r->destination_realm = bytes_of_str(q->to_realm != NULL ? q->to_realm : REALM);
    if (q->to_host != NULL) {
        r->destination_host = bytes_of_str(q->to_host);
    }
    r->user_name = bytes_of_str(q->imsi != NULL ? q->imsi : DIMSI);
}

static struct bytes carry(size_t peer, struct bytes msg)
{
    struct dausfd_call call = {.d = &dausf,
                               .peer = &states[peer],
                               .reader = reader,
                               .crypto = &crypto,
                               .msg = msg,
                               .out = {answered, room}};
    assert_ok(diameter_header_read(msg, &call.header));
    dausfd_serve(&call);
    return (struct bytes){answered, call.n};
}

static struct bytes air_octets(const struct ask *q)
{
    size_t n = 0;
    struct s6a_air a = {
        .visited_plmn_id = {(const uint8_t *)(q->visited != NULL ? q->visited : PLMN), 3}};
    request_of(&a.request, q);
    a.requested_eutran_authentication_info.present = q->eutran > 0;
    a.requested_eutran_authentication_info.number_of_requested_vectors = DIAMETER_U32_OF(q->eutran);
    if (q->resyncs) {
        a.requested_eutran_authentication_info.re_synchronization_info = BYTES_OF(resync);
    }
    a.requested_utran_geran_authentication_info.present = q->utran > 0;
    a.requested_utran_geran_authentication_info.number_of_requested_vectors =
        DIAMETER_U32_OF(q->utran);
    if (q->knows_binding) {
        assert_true(s6a_features_add(a.request.supported_features, &a.request.supported_features_n,
                                     OWN, OWN_FEATURE_LIST_ID, OWN_FEATURE_BINDING));
    }
    assert_ok(s6a_air_write(OWN, &a, MBYTES_OF(octets), &n));
    return (struct bytes){octets, n};
}

static uint32_t code_of(const struct s6a_answer *a)
{
    return a->experimental_result.present ? a->experimental_result.experimental_result_code.v
                                          : a->result_code.v;
}

static uint32_t air(const struct ask *q, struct s6a_aia *out)
{
    static struct s6a_aia mine;
    struct diameter_fault fault;
    out = out != NULL ? out : &mine;
    assert_ok(s6a_aia_parse(OWN, carry(q->peer, air_octets(q)), out, &fault));
    return code_of(&out->answer);
}

static bool is_all(struct bytes v, uint8_t octet, size_t n)
{
    bool all = v.n == n;
    for (size_t i = 0; all && i < n; i++) {
        all = v.p[i] == octet;
    }
    return all;
}

static uint64_t count_of(enum refusal why)
{
    return atomic_load(&dausf.refused[why]);
}

/* ---- what it does ---- */

/*= test dimsi-5 */
/*= test dimsi-one-vector */
static void any_request_for_vectors_gets_the_one_challenge(void **state)
{
    (void)state;
    struct s6a_aia aia;
    struct key_kasme kasme;
    const struct discovery_entry e = entry_of(DIMSI, 0);
    for (unsigned wanted = 1; wanted <= 5; wanted += 4) {
        assert_int_equal(air(&(struct ask){.eutran = wanted, .knows_binding = true}, &aia),
                         DIAMETER_SUCCESS);
        const struct s6a_authentication_info *info = &aia.authentication_info;
        assert_int_equal(info->e_utran_vector_n, 1);
        assert_int_equal(info->utran_vector_n, 0);
        assert_true(is_all(info->e_utran_vector[0].rand, 0xa1, 16));
        assert_true(is_all(info->e_utran_vector[0].autn, 0xa2, 16));
        assert_true(is_all(info->e_utran_vector[0].xres, 0xa3, 8));
        assert_ok(kdf_kasme(&crypto, &e.challenge.ck, &e.challenge.ik, (const uint8_t *)PLMN,
                            e.challenge.autn.b, &kasme));
        assert_memory_equal(info->e_utran_vector[0].kasme.p, kasme.b, 32);
        assert_int_equal(aia.answer.supported_features_n, 0);
        /*= test dimsi-binding-apart */
        assert_false(aia.binding_control.present);
    }
}

/*= test dimsi-first-keys */
static void for_utran_it_is_ck_and_ik(void **state)
{
    (void)state;
    struct s6a_aia aia;
    assert_int_equal(air(&(struct ask){.utran = 3}, &aia), DIAMETER_SUCCESS);
    const struct s6a_authentication_info *info = &aia.authentication_info;
    assert_int_equal(info->e_utran_vector_n, 0);
    assert_int_equal(info->utran_vector_n, 1);
    assert_true(is_all(info->utran_vector[0].rand, 0xa1, 16));
    assert_true(is_all(info->utran_vector[0].xres, 0xa3, 8));
    assert_true(is_all(info->utran_vector[0].autn, 0xa2, 16));
    assert_true(is_all(info->utran_vector[0].confidentiality_key, 0xa4, 16));
    assert_true(is_all(info->utran_vector[0].integrity_key, 0xa5, 16));
    assert_int_equal(air(&(struct ask){.eutran = 2, .utran = 3}, &aia), DIAMETER_SUCCESS);
    assert_int_equal(info->e_utran_vector_n, 1);
    assert_int_equal(info->utran_vector_n, 1);
}

/*= test dimsi-repeat */
static void it_is_the_same_again_also_after_a_resynchronisation(void **state)
{
    (void)state;
    struct s6a_aia aia;
    uint8_t first[DAUSFD_ANSWER_MAX];
    assert_int_equal(air(&(struct ask){.eutran = 1}, &aia), DIAMETER_SUCCESS);
    memcpy(first, aia.authentication_info.e_utran_vector[0].kasme.p, 32);
    assert_int_equal(air(&(struct ask){.eutran = 1, .resyncs = true}, &aia), DIAMETER_SUCCESS);
    assert_true(is_all(aia.authentication_info.e_utran_vector[0].rand, 0xa1, 16));
    assert_memory_equal(aia.authentication_info.e_utran_vector[0].kasme.p, first, 32);
    dausfd_flush(&dausf);
    struct discovery_entry e;
    const struct imsi dimsi = imsi_of(DIMSI);
    assert_ok(discovery_find(dausf.store, &dimsi, &e));
    assert_int_equal(e.asked, 2);
    assert_int_equal(e.last_asked, 1000);
}

/*= test dimsi-provisional */
/*= test dimsi-guess */
static void without_an_entry_the_device_is_to_try_again(void **state)
{
    (void)state;
    size_t n = 9;
    const struct imsi dimsi = imsi_of(DIMSI);
    static const char *const none[] = {GUESSED, "001010000000001", "90170000000000"};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(air(&(struct ask){.eutran = 1, .imsi = none[i]}, NULL), 4181);
    }
    assert_int_equal(count_of(REFUSAL_DISCOVERY_PENDING), 3);
    asked_take(dausf.asked, dausf.rows, &n);
    assert_int_equal(n, 0);
    /*= test dimsi-entry-end */
    now = 2000; /* over, before anybody swept it away */
    assert_int_equal(air(&(struct ask){.eutran = 1}, NULL), 4181);
    now = 1000;
    assert_int_equal(air(&(struct ask){.eutran = 1}, NULL), DIAMETER_SUCCESS);
    assert_ok(discovery_spend(dausf.store, &dimsi, 1));
    assert_int_equal(air(&(struct ask){.eutran = 1}, NULL), 4181);
}

static uint32_t answer_code(struct bytes msg)
{
    struct bytes v;
    return diameter_find(msg, 268, 0, &v) == E_OK && v.n == 4
               ? (uint32_t)v.p[0] << 24 | (uint32_t)v.p[1] << 16 | (uint32_t)v.p[2] << 8 | v.p[3]
               : 0;
}

static uint32_t ulr(const char *imsi)
{
    struct s6a_ula ula;
    struct diameter_fault fault;
    size_t n = 0;
    struct s6a_ulr u = {.visited_plmn_id = {(const uint8_t *)PLMN, 3},
                        .rat_type = DIAMETER_U32_OF(1004),
                        .ulr_flags = DIAMETER_U32_OF(S6A_ULR_S6A_S6D)};
    request_of(&u.request, &(struct ask){.imsi = imsi});
    assert_ok(s6a_ulr_write(OWN, &u, MBYTES_OF(octets), &n));
    assert_ok(s6a_ula_parse(OWN, carry(0, (struct bytes){octets, n}), &ula, &fault));
    assert_false(ula.answer.experimental_result.present);
    assert_false(ula.subscription_data.present);
    return code_of(&ula.answer);
}

/*= test dimsi-no-service */
/*= test dimsi-provisional */
static void there_is_no_service_on_a_dimsi(void **state)
{
    (void)state;
    size_t n = 0;
    struct s6a_pua pua;
    struct s6a_noa noa;
    struct diameter_fault fault;
    assert_int_equal(ulr(DIMSI), DIAMETER_UNABLE_TO_COMPLY);
    assert_int_equal(ulr(GUESSED), DIAMETER_UNABLE_TO_COMPLY); /* the same: nothing is learnt */
    assert_int_equal(count_of(REFUSAL_DISCOVERY_ONLY), 2);
    struct s6a_pur pur = {.pur_flags = DIAMETER_U32_OF(S6A_PUR_UE_PURGED_IN_MME)};
    request_of(&pur.request, &(struct ask){0});
    assert_ok(s6a_pur_write(OWN, &pur, MBYTES_OF(octets), &n));
    assert_ok(s6a_pua_parse(OWN, carry(0, (struct bytes){octets, n}), &pua, &fault));
    assert_int_equal(code_of(&pua.answer), DIAMETER_UNABLE_TO_COMPLY);
    struct s6a_nor nor = {.alert_reason = {.present = false}};
    request_of(&nor.request, &(struct ask){0});
    assert_ok(s6a_nor_write(OWN, &nor, MBYTES_OF(octets), &n));
    assert_ok(s6a_noa_parse(OWN, carry(0, (struct bytes){octets, n}), &noa, &fault));
    assert_int_equal(code_of(&noa.answer), 5423);
    assert_int_equal(air(&(struct ask){.eutran = 1}, NULL), DIAMETER_SUCCESS);
}

/* ---- who may ask, and what ---- */

static void who_may_ask_is_configured(void **state)
{
    (void)state;
    static const struct {
        struct ask ask;
        enum refusal why;
    } all[] = {
        {{.eutran = 1, .to_realm = "other.example"}, REFUSAL_NOT_OURS},
        {{.eutran = 1, .to_host = "other." REALM}, REFUSAL_NOT_THIS_HOST},
        {{.eutran = 1, .host = "mme2." VISITED}, REFUSAL_ORIGIN_NOT_ALLOWED},
        {{.eutran = 1, .realm = "other.example"}, REFUSAL_ORIGIN_NOT_ALLOWED},
        {{.eutran = 1, .visited = "\x09\xf1\x07"}, REFUSAL_VISITED_PLMN_NOT_ALLOWED},
        {{.eutran = 1, .peer = 1, .host = "mme9." VISITED}, REFUSAL_ORIGIN_NOT_ALLOWED},
        {{.eutran = 1, .peer = 1}, REFUSAL_ORIGIN_NOT_ALLOWED},
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        uint64_t before = count_of(all[i].why);
        struct bytes answer = carry(all[i].ask.peer, air_octets(&all[i].ask));
        assert_int_equal(answer_code(answer), refusal_row(all[i].why)->code);
        assert_int_equal(count_of(all[i].why), before + 1);
    }
    assert_int_equal(air(&(struct ask){.eutran = 1, .to_host = "dausf." REALM}, NULL),
                     DIAMETER_SUCCESS);
}

/* Appends a Route-Record, as an agent on the way does. */
static struct bytes routed(struct bytes msg, const char *host)
{
    size_t len = 8 + strlen(host), padded = (len + 3) & ~(size_t)3, n = msg.n + padded;
    uint8_t *at = octets + msg.n;
    assert_ptr_equal(msg.p, octets);
    memset(at, 0, padded);
    at[2] = 282 >> 8;
    at[3] = 282 & 0xff;
    at[4] = DIAMETER_AVP_M;
    at[7] = (uint8_t)len;
    memcpy(at + 8, host, strlen(host));
    octets[1] = (uint8_t)(n >> 16);
    octets[2] = (uint8_t)(n >> 8);
    octets[3] = (uint8_t)n;
    return (struct bytes){octets, n};
}

static void an_agent_carries_whom_it_lists(void **state)
{
    (void)state;
    const struct ask carried_one = {.eutran = 1, .peer = 1, .host = "mme9." VISITED};
    const struct ask end = {.eutran = 1};
    assert_int_equal(answer_code(carry(1, routed(air_octets(&carried_one), "mme9." VISITED))),
                     DIAMETER_SUCCESS);
    assert_int_equal(answer_code(carry(1, routed(air_octets(&carried_one), "mme8." VISITED))),
                     DIAMETER_UNABLE_TO_COMPLY);
    assert_int_equal(answer_code(carry(0, routed(air_octets(&end), MME))),
                     DIAMETER_UNABLE_TO_COMPLY);
    assert_int_equal(answer_code(carry(0, routed(air_octets(&end), "dausf." REALM))), 3005);
    assert_int_equal(count_of(REFUSAL_LOOP), 1);
}

static struct node_cer cer_of(const char *host, const char *realm, const struct address *remote)
{
    return (struct node_cer){.origin_host = bytes_of_str(host),
                             .origin_realm = bytes_of_str(realm),
                             .remote = remote,
                             .shares_application = true};
}

static void who_may_connect_is_configured(void **state)
{
    (void)state;
    struct address near, far, tls;
    const struct dausfd_peer *p = NULL;
    assert_ok(address_parse("tcp://127.0.0.1:5", &near));
    assert_ok(address_parse("tcp://192.0.2.1:5", &far));
    assert_ok(address_parse("tls://192.0.2.1:5", &tls));
    struct node_cer cer = cer_of(MME, VISITED, &near);
    assert_int_equal(peers_admit(&config, &cer, &p), REFUSAL_NONE);
    assert_ptr_equal(p, &peers[0]);
    cer.shares_application = false;
    assert_int_equal(peers_admit(&config, &cer, &p), REFUSAL_PEER_NO_COMMON_APPLICATION);
    cer = cer_of("nobody.example", VISITED, &near);
    assert_int_equal(peers_admit(&config, &cer, &p), REFUSAL_PEER_UNKNOWN);
    cer = cer_of(MME, "other.example", &near);
    assert_int_equal(peers_admit(&config, &cer, &p), REFUSAL_PEER_REALM);
    cer = cer_of(MME, VISITED, &far);
    assert_int_equal(peers_admit(&config, &cer, &p), REFUSAL_PEER_ADDRESS);
    cer = cer_of(DRA, "example", &tls);
    assert_int_equal(peers_admit(&config, &cer, &p), REFUSAL_PEER_CERTIFICATE);
    assert_true(peers_may_come(&config, &near));
    assert_false(peers_may_come(&config, &far));
    assert_true(peers_may_come(&config, &tls));
}

/* ---- what cannot be read ---- */

static void what_cannot_be_read_is_named(void **state)
{
    (void)state;
    struct diameter_fault fault;
    struct s6a_aia aia;
    assert_int_equal(
        answer_code(carry(0, air_octets(&(struct ask){.imsi = "12x456", .eutran = 1}))),
        DIAMETER_INVALID_AVP_VALUE);
    assert_int_equal(answer_code(carry(0, air_octets(&(struct ask){.eutran = 0}))),
                     DIAMETER_MISSING_AVP);
    struct bytes msg = air_octets(&(struct ask){.eutran = 1});
    octets[7] = 0xff; /* a command that S6a does not have */
    assert_int_equal(answer_code(carry(0, msg)), DIAMETER_COMMAND_UNSUPPORTED);
    assert_int_equal(count_of(REFUSAL_MALFORMED), 3);
    msg = air_octets(&(struct ask){.eutran = 1});
    struct dausfd_call call = {.d = &dausf,
                               .peer = &states[0],
                               .reader = reader,
                               .crypto = &crypto,
                               .not_offered = true,
                               .msg = msg,
                               .out = MBYTES_OF(answered)};
    assert_ok(diameter_header_read(msg, &call.header));
    dausfd_serve(&call);
    assert_int_equal(answer_code((struct bytes){answered, call.n}),
                     DIAMETER_APPLICATION_UNSUPPORTED);
    assert_int_equal(air(&(struct ask){.eutran = 1}, &aia), DIAMETER_SUCCESS);
    (void)fault;
}

/* Whatever stands in a request: an answer or none, and never a vector that was not asked for. */
static void every_prefix_and_every_changed_octet_is_answered_or_not(void **state)
{
    (void)state;
    uint8_t good[2048];
    struct bytes msg = air_octets(&(struct ask){.eutran = 1});
    assert_true(msg.n <= sizeof good);
    memcpy(good, msg.p, msg.n);
    for (size_t i = 20; i < msg.n; i++) {
        uint8_t *block = exact_copy((struct bytes){good, msg.n});
        block[i] ^= 0x81;
        (void)carry(0, (struct bytes){block, msg.n});
        free(block);
    }
    for (size_t n = 20; n < msg.n; n += 4) {
        uint8_t *block = exact_copy((struct bytes){good, n});
        block[1] = (uint8_t)(n >> 16);
        block[2] = (uint8_t)(n >> 8);
        block[3] = (uint8_t)n;
        assert_int_not_equal(answer_code(carry(0, (struct bytes){block, n})), DIAMETER_SUCCESS);
        free(block);
    }
    assert_int_equal(air(&(struct ask){.eutran = 1}, NULL), DIAMETER_SUCCESS);
}

/* Nothing of a vector stays in the space for answers when the rest does not fit. */
static void an_answer_without_room_is_a_refusal(void **state)
{
    (void)state;
    for (room = 0; room < 400; room++) {
        memset(answered, 0, sizeof answered);
        struct bytes answer = carry(0, air_octets(&(struct ask){.eutran = 1}));
        assert_true(answer.n <= room);
        if (answer.n == 0 || answer_code(answer) != DIAMETER_SUCCESS) {
            for (size_t i = 0; i + 8 <= sizeof answered; i++) {
                assert_false(is_all((struct bytes){answered + i, 8}, 0xa3, 8));
            }
        }
    }
    room = sizeof answered;
    assert_true(count_of(REFUSAL_CRYPTO_FAILED) > 0);
    assert_int_equal(air(&(struct ask){.eutran = 1}, NULL), DIAMETER_SUCCESS);
}

/* A store that does not open its own entry says nothing of it. */
static void a_store_that_fails_is_no_verdict_on_the_device(void **state)
{
    (void)state;
    char db[96];
    sqlite3 *other = NULL;
    snprintf(db, sizeof db, "%.60s/d.db", dir);
    assert_int_equal(sqlite3_open(db, &other), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(other, "UPDATE entry SET challenge = zeroblob(105)", NULL, NULL, NULL),
        SQLITE_OK);
    sqlite3_close(other);
    assert_int_equal(air(&(struct ask){.eutran = 1}, NULL), DIAMETER_UNABLE_TO_COMPLY);
    assert_int_equal(count_of(REFUSAL_KEY_FAILED), 1);
}

#define WITH(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH(any_request_for_vectors_gets_the_one_challenge),
        WITH(for_utran_it_is_ck_and_ik),
        WITH(it_is_the_same_again_also_after_a_resynchronisation),
        WITH(without_an_entry_the_device_is_to_try_again),
        WITH(there_is_no_service_on_a_dimsi),
        WITH(who_may_ask_is_configured),
        WITH(an_agent_carries_whom_it_lists),
        WITH(who_may_connect_is_configured),
        WITH(what_cannot_be_read_is_named),
        WITH(every_prefix_and_every_changed_octet_is_answered_or_not),
        WITH(an_answer_without_room_is_a_refusal),
        WITH(a_store_that_fails_is_no_verdict_on_the_device)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
