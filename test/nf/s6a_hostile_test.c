/* test/nf/s6a_hostile_test.c - what a hostile peer, or an unlucky moment, must not reach
 * (src/nf/hssd/s6a.c, src/nf/hssd/air.c, src/nf/hssd/ulr.c, src/nf/hssd/nor.c,
 * src/nf/hssd/cancel.c, src/nf/hssd/event.c). */
#include "nf/s6a_world.h"

static struct s6a_aia aia_sent(void)
{
    struct s6a_aia aia;
    struct diameter_fault fault;
    assert_ok(s6a_aia_parse(OWN, (struct bytes){thread.sent, thread.sent_n}, &aia, &fault));
    return aia;
}

/* A job that suspends IMSI_A, while whatever the test does meanwhile waits behind it. */
static struct gate {
    struct writer_job job;
    pthread_mutex_t shut; /* held by the test */
} gate = {.shut = PTHREAD_MUTEX_INITIALIZER};

static enum err gate_run(struct store_writer *w, struct writer_job *job)
{
    enum store_did did;
    struct store_subscriber row;
    struct imsi imsi = imsi_of(IMSI_A);
    (void)job;
    pthread_mutex_lock(&gate.shut);
    pthread_mutex_unlock(&gate.shut);
    enum err err = store_writer_subscriber(w, &imsi, &row);
    row.suspended = true;
    return err == E_OK ? store_put_subscriber(w, STORE_UPDATE, &row, &did) : err;
}

static void gate_done(struct writer_job *job)
{
    (void)job;
}

static void gate_shut(void)
{
    gate.job = (struct writer_job){.run = gate_run, .done = gate_done};
    pthread_mutex_lock(&gate.shut);
    assert_ok(writer_submit(hss.writer, &gate.job));
    while (writer_depth(hss.writer) > 0) {
        usleep(100); /* until the writer has taken it; nothing is asserted on time */
    }
}

static void gate_open(void)
{
    pthread_mutex_unlock(&gate.shut);
}

/*= test binding-resync */
/* The second thread reads before the first one's change is there: only the writer can tell that
 * there is nothing left to move. Moved twice, the second vector would not lie above the first. */
static void the_same_auts_over_two_connections_moves_dif_once(void **state)
{
    (void)state;
    struct s6a_aia aia;
    struct usim_answer answer;
    uint8_t info[30];
    struct imsi imsi = imsi_of(IMSI_A);
    struct store_subscriber row;
    struct store_reader *now = thread.reader;
    struct store_reader *then;
    usim.seq[3] = UINT64_C(1) << 40;
    air(&(struct ask){.vectors = 1}, &aia);
    assert_int_equal(challenge(&aia, &answer), BINDING_ME_SYNC_FAILURE);
    resync_info(&aia, &answer.auts, info);
    assert_ok(store_reader_open(hss.store, &then));
    assert_ok(store_reader_begin(then));
    assert_ok(store_read_subscriber(then, &imsi, &row));
    air(&(struct ask){.vectors = 1, .resync = info}, &aia);
    assert_int_equal(challenge(&aia, &answer), BINDING_ME_ANSWERED);
    int64_t dif = row_of(IMSI_A).dif;

    thread.now_ms += 5000;
    thread.reader = then;
    assert_int_equal(serve(1, air_octets(&(struct ask){.mme = 1, .vectors = 1, .resync = info})),
                     S6A_LATER);
    thread.reader = now;
    store_reader_end(then);
    store_reader_close(then);
    pump_one();
    aia = aia_sent();
    assert_int_equal(challenge(&aia, &answer), BINDING_ME_ANSWERED);
    assert_int_equal(row_of(IMSI_A).dif, dif);
    assert_int_equal(events("resynchronised", NULL), 2);
}

static void a_subscription_suspended_in_that_moment_is_not_registered(void **state)
{
    (void)state;
    static struct s6a_ula ula;
    gate_shut();
    /* The read behind this answer still sees a good subscription. */
    assert_false(row_of(IMSI_A).suspended);
    meanwhile = gate_open;
    assert_int_equal(ulr(0, IMSI_A, IMEI_A, 0, &ula), DIAMETER_TOO_BUSY);
    meanwhile = NULL;
    assert_string_equal(row_of(IMSI_A).serving.host, "");
    assert_int_equal(ulr(0, IMSI_A, IMEI_A, 0, &ula), DIAMETER_UNABLE_TO_COMPLY);
    assert_int_equal(events("refused", "barred"), 1);
}

/* RFC 6733 4.3.1: a name in other letters is the same node, which must not be told to forget. */
static void a_node_that_respells_its_name_is_still_the_same(void **state)
{
    (void)state;
    struct s6a_pua pua;
    static char respelt[] = "MME1." REALM;
    char *const before = peers[0].origin_host;
    put_device(IMSI_A, IMEI_B, &kme_a);
    assert_int_equal(ulr(0, IMSI_A, IMEI_A, 0, NULL), DIAMETER_SUCCESS);
    peers[0].origin_host = respelt;
    assert_int_equal(ulr(0, IMSI_A, IMEI_A, 0, NULL), DIAMETER_SUCCESS);
    assert_int_equal(ulr(0, IMSI_A, IMEI_B, 0, NULL), DIAMETER_SUCCESS);
    peers[0].origin_host = before;
    assert_int_equal(pur(0, &pua), DIAMETER_SUCCESS);
    assert_int_equal(pua.pua_flags.v, S6A_PUA_FREEZE_M_TMSI);
    assert_int_equal(atomic_load(&hss.counters.clr_unsent), 0);
    assert_int_equal(atomic_load(&hss.counters.clr_sent), 0);
}

static void long_name(char out[static STORE_HOST_MAX], char c)
{
    memset(out, c, 255);
    out[63] = out[127] = out[191] = '.';
    out[255] = '\0';
}

static void the_longest_names_can_be_cancelled_too(void **state)
{
    (void)state;
    char names[3][STORE_HOST_MAX];
    char *const own = config.origin_host;
    char *const mme = peers[0].origin_host;
    struct route route = {.peer = peer_states[0], .thread = &thread, .conn = 1};
    struct store_serving serving = {.since = 1};
    struct imsi imsi = imsi_of(IMSI_A);
    for (int i = 0; i < 3; i++) {
        long_name(names[i], (char)('a' + i));
    }
    memcpy(serving.host, names[0], sizeof serving.host);
    memcpy(serving.realm, names[1], sizeof serving.realm);
    peers[0].origin_host = names[0];
    config.origin_host = names[2];
    assert_ok(routes_add(hss.routes, &route));
    hssd_cancel_location(&hss, &imsi, &serving, false, S6A_MME_UPDATE_PROCEDURE);
    peers[0].origin_host = mme;
    config.origin_host = own;
    assert_int_equal(atomic_load(&hss.counters.clr_unsent), 0);
    pump_one();
    assert_int_equal(thread.requests, 1);
    assert_true(bytes_eq(clr_sent().request.destination_host, bytes_of_str(names[0])));
}

static void a_cancellation_that_cannot_be_sent_is_an_event_with_its_subscriber(void **state)
{
    (void)state;
    struct route route = {.peer = peer_states[0], .thread = &thread, .conn = 1};
    struct store_serving serving = {.host = MME1, .realm = REALM};
    struct imsi imsi = imsi_of(IMSI_A);
    assert_ok(routes_add(hss.routes, &route));
    thread.full = true;
    hssd_cancel_location(&hss, &imsi, &serving, false, S6A_MME_UPDATE_PROCEDURE);
    pump_one();
    assert_int_equal(atomic_load(&hss.counters.clr_unsent), 1);
    assert_int_equal(events("cancel-location-unsent", NULL), 1);
    /* A node that answers none of them gets no event for each: it comes out of its share. */
    uint64_t until = atomic_load(&peer_states[0]->at_will.empty_until_ms);
    assert_true(until > 0);
    hssd_cancel_location(&hss, &imsi, &serving, false, S6A_MME_UPDATE_PROCEDURE);
    pump_one();
    assert_int_equal(atomic_load(&hss.counters.clr_unsent), 2);
    assert_true(atomic_load(&peer_states[0]->at_will.empty_until_ms) > until);
}

static void an_avp_longer_than_any_answer_is_refused_by_name(void **state)
{
    (void)state;
    static uint8_t octets[16384];
    struct bytes air = air_octets(&(struct ask){.vectors = 1});
    struct wr w = wr_of(MBYTES_OF(octets));
    wr_put(&w, air);
    wr_be32(&w, 9999);
    wr_u8(&w, DIAMETER_AVP_M);
    wr_be24(&w, 8 + 9000);
    wr_zero(&w, 9000);
    assert_ok(diameter_length_set(&w));
    thread.out_size = 8192;
    (void)carry(0, wr_done(&w));
    assert_true(thread.sent_n > 0 && thread.sent_n < 1000);
    struct s6a_aia aia = aia_sent();
    assert_int_equal(code_of(&aia.answer), DIAMETER_AVP_UNSUPPORTED);
    assert_int_equal(aia.answer.failed_avp_n, 0);
    assert_true(bytes_eq(aia.answer.error_message, BYTES_LIT("AVP 9999 of vendor 0")));
}

static void more_proxy_info_than_any_answer_holds_is_answered_without(void **state)
{
    (void)state;
    static uint8_t octets[16384];
    struct bytes air = air_octets(&(struct ask){.vectors = 1});
    struct wr w = wr_of(MBYTES_OF(octets));
    wr_put(&w, air);
    wr_be32(&w, 284); /* Proxy-Info: a host, and a state of 9000 octets */
    wr_u8(&w, DIAMETER_AVP_M);
    wr_be24(&w, 8 + 12 + 8 + 9000);
    wr_be32(&w, 280);
    wr_u8(&w, DIAMETER_AVP_M);
    wr_be24(&w, 12);
    wr_put(&w, BYTES_LIT("prox"));
    wr_be32(&w, 33);
    wr_u8(&w, DIAMETER_AVP_M);
    wr_be24(&w, 8 + 9000);
    wr_zero(&w, 9000);
    assert_ok(diameter_length_set(&w));
    thread.out_size = 8192;
    (void)carry(0, wr_done(&w));
    struct s6a_aia aia = aia_sent();
    assert_int_equal(code_of(&aia.answer), DIAMETER_UNABLE_TO_COMPLY);
    assert_int_equal(aia.answer.proxy_info_n, 0);
    assert_true(bytes_eq(aia.answer.error_message, BYTES_LIT("too much Proxy-Info")));
}

static void half_an_answer_leaves_no_vector_behind(void **state)
{
    (void)state;
    memset(thread.out, 0, sizeof thread.out);
    thread.out_size = 700; /* the first two of five */
    (void)carry(0, air_octets(&(struct ask){.vectors = 5}));
    struct s6a_aia aia = aia_sent();
    assert_int_equal(code_of(&aia.answer), DIAMETER_UNABLE_TO_COMPLY);
    for (size_t i = thread.sent_n; i < sizeof thread.out; i++) {
        assert_int_equal(thread.out[i], 0);
    }
}

static void a_failure_report_sent_again_counts_once(void **state)
{
    (void)state;
    assert_int_equal(air_code(&(struct ask){.vectors = 1}), DIAMETER_SUCCESS);
    assert_int_equal(nor(0, IMEI_A), DIAMETER_SUCCESS);
    repeats = true;
    assert_int_equal(nor(0, IMEI_A), DIAMETER_SUCCESS);
    assert_int_equal(row_of(IMSI_A).binding_failures, 1);
    assert_int_equal(events("binding-failure", NULL), 1);
    assert_int_equal(nor(0, IMEI_A), DIAMETER_SUCCESS);
    assert_int_equal(row_of(IMSI_A).binding_failures, 2);
}

static void a_bucket_gives_a_burst_and_then_one_at_a_time(void **state)
{
    (void)state;
    struct hssd_bucket b = {0};
    for (unsigned i = 0; i < HSSD_BUCKET_BURST; i++) {
        assert_true(hssd_bucket_take(&b, 1000000));
    }
    assert_false(hssd_bucket_take(&b, 1000000));
    assert_false(hssd_bucket_take(&b, 1000000 + HSSD_BUCKET_MS - 1));
    assert_true(hssd_bucket_take(&b, 1000000 + HSSD_BUCKET_MS));
    assert_false(hssd_bucket_take(&b, 1000000 + HSSD_BUCKET_MS));
    for (unsigned i = 0; i < HSSD_BUCKET_BURST; i++) {
        assert_true(hssd_bucket_take(&b, 2000000));
    }
    assert_false(hssd_bucket_take(&b, 2000000));
}

/* One peer's refusals use up its own share of the list, nobody else's, and no alarm's. */
static void a_flood_of_refusals_is_not_a_flood_of_writes(void **state)
{
    (void)state;
    atomic_store(&peer_states[0]->at_will.empty_until_ms, UINT64_MAX / 2);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(air_code(&(struct ask){.vectors = 1, .imsi = "001010000000099"}),
                         S6A_USER_UNKNOWN);
    }
    hssd_event(&hss, "peer-connected", NULL, NULL, MME1, NULL, NULL);
    assert_int_equal(events("refused", NULL), 0);
    assert_int_equal(events("peer-connected", NULL), 0);
    assert_int_equal(atomic_load(&hss.counters.events_lost), 21);
    assert_int_equal(air_code(&(struct ask){.mme = 1, .vectors = 1, .imsi = "001010000000099"}),
                     S6A_USER_UNKNOWN);
    assert_int_equal(events("refused", NULL), 1);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(air_code(&(struct ask){.vectors = 1}), DIAMETER_SUCCESS);
        assert_int_equal(nor(0, IMEI_A), DIAMETER_SUCCESS);
    }
    assert_int_equal(events("suspected-theft", NULL), 1);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, world_up, world_down)

static struct hssd_config without_profiles;
static atomic_bool reloads_end;

static void *reloads(void *arg)
{
    (void)arg;
    while (!atomic_load(&reloads_end)) {
        atomic_store(&hss.config, &without_profiles);
        atomic_store(&hss.config, &config);
    }
    return NULL;
}

/* A registration is answered of the profile that it was admitted with. */
static void a_profile_that_goes_in_the_midst_of_a_registration_is_all_of_it_or_none(void **state)
{
    pthread_t thread_of_reloads;
    (void)state;
    without_profiles = config;
    without_profiles.n_profiles = 0;
    put_subscriber(IMSI_A, 0, false);
    assert_int_equal(ulr(0, IMSI_A, NULL, 0, NULL), DIAMETER_SUCCESS);
    atomic_store(&reloads_end, false);
    assert_int_equal(pthread_create(&thread_of_reloads, NULL, reloads, NULL), 0);
    for (unsigned i = 0; i < 5000; i++) {
        struct s6a_ula ula;
        if (ulr(0, IMSI_A, NULL, 0, &ula) == DIAMETER_SUCCESS) {
            assert_int_equal(ula.subscription_data.apn_configuration_profile.apn_configuration_n,
                             2);
        }
    }
    atomic_store(&reloads_end, true);
    assert_int_equal(pthread_join(thread_of_reloads, NULL), 0);
    atomic_store(&hss.config, &config);
    assert_int_equal(ulr(0, IMSI_A, NULL, 0, NULL), DIAMETER_SUCCESS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(the_same_auts_over_two_connections_moves_dif_once),
        CASE(a_subscription_suspended_in_that_moment_is_not_registered),
        CASE(a_profile_that_goes_in_the_midst_of_a_registration_is_all_of_it_or_none),
        CASE(a_node_that_respells_its_name_is_still_the_same),
        CASE(the_longest_names_can_be_cancelled_too),
        CASE(a_cancellation_that_cannot_be_sent_is_an_event_with_its_subscriber),
        CASE(an_avp_longer_than_any_answer_is_refused_by_name),
        CASE(more_proxy_info_than_any_answer_holds_is_answered_without),
        CASE(half_an_answer_leaves_no_vector_behind),
        CASE(a_failure_report_sent_again_counts_once),
        CASE(a_bucket_gives_a_burst_and_then_one_at_a_time),
        CASE(a_flood_of_refusals_is_not_a_flood_of_writes),
    };
    return cmocka_run_group_tests_name("s6a hostile", tests, NULL, NULL);
}
