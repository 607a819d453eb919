/* Authentication, security mode and identity, and what a device refuses: src/device/security.c. */
#include "device/world.h"

static const struct nas_authentication_failure *net_failure(struct world *w, uint8_t cause)
{
    static struct nas_authentication_failure m;
    net_expect(w, &nas_authentication_failure_message, &m);
    assert_int_equal(m.emm_cause, cause);
    return &m;
}

static void a_wrong_kme_is_a_mac_failure(void **state)
{
    struct world w;
    struct key_kme other = {{1, 2, 3}};
    (void)state;
    world_open(&w);
    world_begin(&w);
    struct nas_authentication_request m = net_vector(&w, &other);
    net_plain(&w, &nas_authentication_request_message, &m);
    (void)net_failure(&w, EMM_CAUSE_MAC_FAILURE);
    net_challenge(&w, &w.kme);
    net_secure(&w);
    net_accept(&w);
    world_close(&w);
}

static void a_device_without_kme_does_not_ask_its_usim(void **state)
{
    struct world w;
    uint64_t before[BINDERY_UE_USIM_SEQUENCES], after[BINDERY_UE_USIM_SEQUENCES];
    (void)state;
    world_open(&w);
    w.identity.kme = NULL;
    world_boot(&w, false);
    world_begin(&w);
    bindery_ue_usim_sequences(&w.usim, before);
    struct nas_authentication_request m = net_vector(&w, &w.kme);
    net_plain(&w, &nas_authentication_request_message, &m);
    (void)net_failure(&w, EMM_CAUSE_MAC_FAILURE);
    assert_int_equal(world_event(&w, BINDERY_UE_EVENT_AUTHENTICATION)->outcome, BINDERY_UE_NO_KME);
    bindery_ue_usim_sequences(&w.usim, after);
    assert_memory_equal(before, after, sizeof before);
    net_challenge(&w, NULL); /* a regular one is answered */
    world_close(&w);
}

static void a_stale_sequence_number_gets_auts(void **state)
{
    struct world w;
    struct auts auts;
    uint64_t sqn_ms = 0;
    (void)state;
    world_open(&w);
    w.sqn = UINT64_C(32) << 20;
    world_register(&w);
    w.sqn = 32;
    struct nas_authentication_request m = net_vector(&w, NULL);
    net_secured(&w, &nas_authentication_request_message, &m);
    memcpy(auts.b, net_failure(&w, EMM_CAUSE_SYNCH_FAILURE)->auts.p, sizeof auts.b);
    struct rand128 rand;
    memcpy(rand.b, w.vector.rand, sizeof rand.b);
    assert_ok(aka_auc_resync(&w.c, &w.keys, &rand, &auts, &sqn_ms));
    assert_true(sqn_ms >= UINT64_C(32) << 20);
    world_close(&w);
}

static void the_separation_bit_must_be_set(void **state)
{
    struct world w;
    (void)state;
    world_open(&w);
    world_begin(&w);
    struct nas_authentication_request m = net_vector(&w, NULL);
    w.vector.autn.b[6] &= 0x7f;
    net_plain(&w, &nas_authentication_request_message, &m);
    (void)net_failure(&w, EMM_CAUSE_NON_EPS_AUTHENTICATION_UNACCEPTABLE);
    world_close(&w);
}

static void three_failures_in_a_row_are_no_network(void **state)
{
    struct world w;
    (void)state;
    world_open(&w);
    world_begin(&w);
    for (int i = 1; i <= 3; i++) {
        struct nas_authentication_request m = net_vector(&w, NULL);
        w.vector.autn.b[15] ^= 1;
        net_plain(&w, &nas_authentication_request_message, &m);
        if (i < 3) {
            (void)net_failure(&w, EMM_CAUSE_MAC_FAILURE);
        }
    }
    assert_int_equal(w.up.n, 0);
    assert_non_null(world_event(&w, BINDERY_UE_EVENT_NOT_GENUINE));
    assert_int_equal(world_event(&w, BINDERY_UE_EVENT_WAITING)->why, BINDERY_UE_WHY_RETRY);
    world_close(&w);
}

static void a_failure_that_nothing_follows_is_no_network(void **state)
{
    struct world w;
    (void)state;
    world_open(&w);
    world_begin(&w);
    uint64_t sent = w.now;
    struct nas_authentication_request m = net_vector(&w, NULL);
    w.vector.autn.b[15] ^= 1;
    net_plain(&w, &nas_authentication_request_message, &m);
    assert_true(world_wait(&w)); /* T3418, T3410 being stopped */
    assert_int_equal(w.now - sent, 20000);
    assert_non_null(world_event(&w, BINDERY_UE_EVENT_NOT_GENUINE));
    world_close(&w);
}

/* ---- SECURITY MODE COMMAND ---- */

static void net_command_as(struct world *w, const struct nas_security_mode_command *m)
{
    uint8_t out[96];
    net_new_context(w);
    world_down(w, net_protect(w, NAS_SHT_INTEGRITY_NEW, &nas_security_mode_command_message, m,
                              MBYTES_OF(out)));
}

static void net_refused_mode(struct world *w, enum bindery_ue_refusal why, uint8_t cause)
{
    struct nas_security_mode_reject m;
    assert_int_equal(world_refusal(w), why);
    net_expect(w, &nas_security_mode_reject_message, &m);
    assert_int_equal(w->sht, NAS_SHT_PLAIN);
    assert_int_equal(m.emm_cause, cause);
    assert_int_equal(bindery_ue_state(&w->ue), BINDERY_UE_STATE_ATTACHING);
}

static void a_bad_security_mode_command_is_refused_by_name(void **state)
{
    struct world w;
    uint8_t capability[2], hash[8];
    (void)state;
    world_open(&w);
    world_begin(&w);
    net_challenge(&w, &w.kme);
    struct nas_security_mode_command m = net_command(&w, capability, hash);
    capability[0] = 0x80; /* bidding down: no ciphering left */
    net_command_as(&w, &m);
    net_refused_mode(&w, BINDERY_UE_REFUSED_CAPABILITIES,
                     EMM_CAUSE_UE_SECURITY_CAPABILITIES_MISMATCH);
    m = net_command(&w, capability, hash);
    m.algorithms = nas_algorithms(2, 0);
    net_command_as(&w, &m);
    net_refused_mode(&w, BINDERY_UE_REFUSED_NULL_INTEGRITY, EMM_CAUSE_SECURITY_MODE_REJECTED);
    m = net_command(&w, capability, hash);
    w.eea = 0;
    m.algorithms = nas_algorithms(0, 2);
    net_command_as(&w, &m);
    net_refused_mode(&w, BINDERY_UE_REFUSED_NULL_CIPHERING, EMM_CAUSE_SECURITY_MODE_REJECTED);
    w.eea = 2;
    m.algorithms = nas_algorithms(5, 2);
    net_command_as(&w, &m);
    net_refused_mode(&w, BINDERY_UE_REFUSED_ALGORITHM, EMM_CAUSE_SECURITY_MODE_REJECTED);
    m = net_command(&w, capability, hash);
    m.ksi = 3;
    net_command_as(&w, &m);
    net_refused_mode(&w, BINDERY_UE_REFUSED_KEY_SET, EMM_CAUSE_SECURITY_MODE_REJECTED);
    m.ksi = 1;
    w.vector.kasme.b[0] ^= 1;
    net_command_as(&w, &m);
    net_refused_mode(&w, BINDERY_UE_REFUSED_BAD_MAC, EMM_CAUSE_SECURITY_MODE_REJECTED);
    w.vector.kasme.b[0] ^= 1;
    net_secure(&w); /* and none of it left a trace */
    net_accept(&w);
    world_close(&w);
}

static void a_changed_attach_request_is_sent_again(void **state)
{
    struct world w;
    uint8_t capability[2], hash[8], sent[256];
    struct nas_security_mode_complete complete;
    (void)state;
    world_open(&w);
    world_begin(&w);
    const size_t sent_n = w.attach_n;
    memcpy(sent, w.attach, sent_n);
    w.attach[3] ^= 0x10; /* what the MME got */
    net_challenge(&w, &w.kme);
    struct nas_security_mode_command m = net_command(&w, capability, hash);
    net_command_as(&w, &m);
    net_expect(&w, &nas_security_mode_complete_message, &complete);
    assert_int_equal(world_refusal(&w), BINDERY_UE_REFUSED_ATTACH_CHANGED);
    assert_int_equal(complete.replayed_nas_message.n, sent_n);
    assert_memory_equal(complete.replayed_nas_message.p, sent, sent_n);
    assert_non_null(world_event(&w, BINDERY_UE_EVENT_SECURED));
    world_close(&w);
}

/* ---- identities ---- */

static void an_identity_is_told_as_protected_as_it_must_be(void **state)
{
    struct world w;
    struct nas_identity_response out;
    struct nas_identity id;
    (void)state;
    world_open(&w);
    world_begin(&w);
    for (uint8_t type = 0; type < 8; type++) {
        struct nas_identity_request m = {.identity_type = type};
        net_plain(&w, &nas_identity_request_message, &m);
        if (type == NAS_IDENTITY_IMSI) {
            net_expect(&w, &nas_identity_response_message, &out);
        } else {
            assert_int_equal(w.up.n, 0);
            assert_int_equal(world_refusal(&w), BINDERY_UE_REFUSED_IDENTITY_UNPROTECTED);
        }
    }
    net_challenge(&w, &w.kme);
    net_secure(&w);
    for (uint8_t type = 0; type < 8; type++) {
        struct nas_identity_request m = {.identity_type = type};
        net_secured(&w, &nas_identity_request_message, &m);
        net_expect(&w, &nas_identity_response_message, &out);
        assert_int_equal(w.sht, NAS_SHT_CIPHERED);
        assert_ok(nas_identity_parse(out.identity, &id));
        assert_int_equal(id.type, type >= 1 && type <= 3 ? type : 0);
        if (type == NAS_IDENTITY_IMEISV) {
            assert_memory_equal(id.imeisv.imei.digits, WORLD_IMEISV, 14);
        }
    }
    struct nas_identity_request m = {.identity_type = NAS_IDENTITY_IMSI};
    net_plain(&w, &nas_identity_request_message, &m); /* too late for plain messages */
    assert_int_equal(w.up.n, 0);
    world_close(&w);
}

/* ---- what came wrong ---- */

static void only_these_messages_may_come_unprotected(void **state)
{
    struct world w;
    (void)state;
    world_open(&w);
    for (unsigned type = 0x40; type < 0x80; type++) {
        uint8_t plain[] = {0x07, (uint8_t)type, 0x11, 0, 0, 0};
        world_boot(&w, false);
        world_begin(&w);
        world_down(&w, BYTES_OF(plain));
        bool may = type == NAS_ATTACH_REJECT || type == NAS_TRACKING_AREA_UPDATE_REJECT ||
                   type == NAS_SERVICE_REJECT || type == NAS_AUTHENTICATION_REQUEST ||
                   type == NAS_AUTHENTICATION_REJECT || type == NAS_DETACH_ACCEPT ||
                   type == NAS_IDENTITY_REQUEST;
        assert_int_equal(world_refusal(&w) == BINDERY_UE_REFUSED_UNPROTECTED, !may);
    }
    world_close(&w);
}

static void tampered_replayed_and_reflected_messages_are_refused(void **state)
{
    struct world w;
    struct net_accept a;
    uint8_t out[256], bent[256];
    struct nas_attach_complete complete;
    (void)state;
    world_open(&w);
    world_secure(&w);
    uint8_t reflected[256];
    const size_t reflected_n = w.up.n;
    memcpy(reflected, w.up_pdu, reflected_n);
    net_make_accept(&w, &a);
    struct bytes pdu =
        net_protect(&w, NAS_SHT_CIPHERED, &nas_attach_accept_message, &a.m, MBYTES_OF(out));
    struct bindery_ue before = w.ue;
    for (size_t i = 0; i < pdu.n; i++) {
        memcpy(bent, pdu.p, pdu.n);
        bent[i] ^= 0x20;
        world_down(&w, (struct bytes){bent, pdu.n});
        assert_int_not_equal(world_refusal(&w), BINDERY_UE_REFUSED_NONE);
        if (w.up.n == 0) { /* but where it became a bad SECURITY MODE COMMAND or the like */
            assert_int_equal(bindery_ue_state(&w.ue), BINDERY_UE_STATE_ATTACHING);
        }
    }
    for (size_t n = 0; n < pdu.n; n++) {
        world_down(&w, (struct bytes){pdu.p, n});
        assert_int_not_equal(world_refusal(&w), BINDERY_UE_REFUSED_NONE);
    }
    assert_memory_equal(&before, &w.ue, sizeof before); /* nothing of it left a trace */
    world_down(&w, (struct bytes){reflected, reflected_n});
    assert_int_not_equal(world_refusal(&w), BINDERY_UE_REFUSED_NONE);
    world_down(&w, pdu);
    net_expect(&w, &nas_attach_complete_message, &complete);
    world_down(&w, pdu);
    assert_int_equal(world_refusal(&w), BINDERY_UE_REFUSED_REPLAYED);
    assert_int_equal(w.up.n, 0);
    world_close(&w);
}

static void a_protected_message_without_a_context_is_refused(void **state)
{
    struct world w;
    struct net_accept a;
    uint8_t out[256];
    (void)state;
    world_open(&w);
    world_begin(&w);
    struct nas_authentication_request m = net_vector(&w, NULL);
    (void)m;
    net_new_context(&w);
    net_make_accept(&w, &a);
    world_down(&w,
               net_protect(&w, NAS_SHT_CIPHERED, &nas_attach_accept_message, &a.m, MBYTES_OF(out)));
    assert_int_equal(world_refusal(&w), BINDERY_UE_REFUSED_NO_CONTEXT);
    world_close(&w);
}

static void a_broken_challenge_is_status_96(void **state)
{
    struct world w;
    struct nas_emm_status status;
    uint8_t out[64];
    size_t n = 0;
    (void)state;
    world_open(&w);
    world_begin(&w);
    struct nas_authentication_request m = net_vector(&w, &w.kme);
    assert_ok(nas_write(&nas_authentication_request_message, &m, MBYTES_OF(out), &n));
    for (size_t i = 2; i < n; i++) {
        world_down(&w, (struct bytes){out, i});
        net_expect(&w, &nas_emm_status_message, &status);
        assert_int_equal(status.emm_cause, EMM_CAUSE_INVALID_MANDATORY_INFORMATION);
    }
    out[2] = NAS_KSI_NONE;
    world_down(&w, (struct bytes){out, n});
    assert_int_equal(world_refusal(&w), BINDERY_UE_REFUSED_MALFORMED);
    net_challenge(&w, &w.kme);
    world_close(&w);
}

static enum bindery_ue_usim_status no_card(void *ctx, const uint8_t rand[16],
                                           const uint8_t autn[16],
                                           struct bindery_ue_usim_answer *out)
{
    (void)ctx;
    (void)rand;
    (void)autn;
    (void)out;
    return BINDERY_UE_USIM_FAILED;
}

static bool no_hmac(void *ctx, const uint8_t *key, size_t key_n, const uint8_t *message,
                    size_t message_n, uint8_t out[32])
{
    (void)ctx;
    (void)key;
    (void)key_n;
    (void)message;
    (void)message_n;
    (void)out;
    return false;
}

static void a_failing_crypto_table_or_usim_answers_nothing(void **state)
{
    struct world w;
    (void)state;
    world_open(&w);
    w.host.usim = no_card;
    world_boot(&w, false);
    world_begin(&w);
    struct nas_authentication_request m = net_vector(&w, &w.kme);
    net_plain(&w, &nas_authentication_request_message, &m);
    assert_int_equal(w.up.n, 0);
    assert_non_null(world_event(&w, BINDERY_UE_EVENT_CRYPTO_FAILED));
    w.host.usim = bindery_ue_usim_authenticate;
    world_boot(&w, false);
    world_begin(&w);
    const struct bindery_ue_crypto whole = w.table;
    w.table.hmac_sha256 = no_hmac;
    net_plain(&w, &nas_authentication_request_message, &m);
    assert_int_equal(w.up.n, 0);
    assert_non_null(world_event(&w, BINDERY_UE_EVENT_CRYPTO_FAILED));
    w.table = whole; /* and the same challenge, repeated, is answered then */
    net_plain(&w, &nas_authentication_request_message, &m);
    net_expect_res(&w);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wrong_kme_is_a_mac_failure),
        cmocka_unit_test(a_device_without_kme_does_not_ask_its_usim),
        cmocka_unit_test(a_stale_sequence_number_gets_auts),
        cmocka_unit_test(the_separation_bit_must_be_set),
        cmocka_unit_test(three_failures_in_a_row_are_no_network),
        cmocka_unit_test(a_failure_that_nothing_follows_is_no_network),
        cmocka_unit_test(a_bad_security_mode_command_is_refused_by_name),
        cmocka_unit_test(a_changed_attach_request_is_sent_again),
        cmocka_unit_test(an_identity_is_told_as_protected_as_it_must_be),
        cmocka_unit_test(only_these_messages_may_come_unprotected),
        cmocka_unit_test(tampered_replayed_and_reflected_messages_are_refused),
        cmocka_unit_test(a_protected_message_without_a_context_is_refused),
        cmocka_unit_test(a_broken_challenge_is_status_96),
        cmocka_unit_test(a_failing_crypto_table_or_usim_answers_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
