#include "nassec/world.h"

static struct pdu message(uint8_t type, size_t n)
{
    struct pdu m = plain_of(n, 0x21);
    m.b[1] = type;
    return m;
}

/* ---- Header types 3 and 4 ---- */

static void each_header_type_goes_with_its_message_and_direction(void **state)
{
    (void)state;
    static const uint8_t types[] = {NAS_SECURITY_MODE_COMMAND, NAS_SECURITY_MODE_COMPLETE,
                                    NAS_SECURITY_MODE_REJECT, NAS_ATTACH_ACCEPT, 0};
    for (uint8_t sht = 0; sht < 16; sht++) {
        for (size_t t = 0; t < sizeof types; t++) {
            for (int side = NASSEC_UE; side <= NASSEC_MME; side++) {
                struct pair p;
                pair_start(&p, 2, 2);
                struct nas_security *s = side == NASSEC_UE ? &p.ue : &p.mme;
                const struct pdu m = message(types[t], 8);
                const bool special = t < 2;
                const bool good =
                    (!special && (sht == NAS_SHT_INTEGRITY || sht == NAS_SHT_CIPHERED)) ||
                    (t == 0 && side == NASSEC_MME && sht == NAS_SHT_INTEGRITY_NEW) ||
                    (t == 1 && side == NASSEC_UE && sht == NAS_SHT_CIPHERED_NEW);
                uint8_t out[14];
                size_t n;
                assert_err(
                    nassec_protect(&crypto, s, sht, (struct bytes){m.b, m.n}, MBYTES_OF(out), &n),
                    good ? E_OK : E_BAD_VALUE);
                assert_int_equal(s->send_next, good ? 1 : 0);
            }
        }
    }
}

/* The type of a security mode message is no matter of its first octet alone. */
static void an_esm_message_is_never_a_security_mode_message(void **state)
{
    (void)state;
    struct pair p;
    pair_start(&p, 2, 2);
    struct pdu m = message(NAS_SECURITY_MODE_COMMAND, 8);
    m.b[0] = 0x52; /* EBI 5, ESM; the second octet is a PTI */
    uint8_t out[14];
    size_t n;
    assert_err(nassec_protect(&crypto, &p.mme, NAS_SHT_INTEGRITY_NEW, (struct bytes){m.b, m.n},
                              MBYTES_OF(out), &n),
               E_BAD_VALUE);
    assert_ok(nassec_protect(&crypto, &p.mme, NAS_SHT_CIPHERED, (struct bytes){m.b, m.n},
                             MBYTES_OF(out), &n));
}

/* ---- The UE meets a command under a context that is not current ---- */

static void a_command_is_verified_before_its_context_is_anybody_s(void **state)
{
    (void)state;
    for (int eia = 1; eia <= 3; eia++) {
        const struct nassec_agreement a = agreement(NASSEC_UE, 2, eia);
        struct pair p;
        struct nas_security fresh;
        struct bytes inner;
        pair_start(&p, 2, eia);
        const struct pdu m = message(NAS_SECURITY_MODE_COMMAND, 9);
        const struct pdu pdu = protect(&p.mme, NAS_SHT_INTEGRITY_NEW, &m);
        const struct bytes in = {pdu.b, pdu.n};
        assert_ok(nassec_peek(in, &inner));
        assert_int_equal(inner.n, m.n);
        assert_memory_equal(inner.p, m.b, m.n);
        assert_ok(nassec_accept_smc(&crypto, &a, in, &fresh));
        assert_int_equal(fresh.send_next, 0);
        assert_int_equal(fresh.receive_next, 1);
        /* and the answer goes up under COUNT 0 of the same keys */
        const struct pdu answer = message(NAS_SECURITY_MODE_COMPLETE, 12);
        const struct pdu up = protect(&fresh, NAS_SHT_CIPHERED_NEW, &answer);
        struct pdu plain;
        struct nassec_received got;
        assert_ok(receive_into(&p.mme, &up, answer.n, &plain, &got));
        assert_int_equal(got.count, 0);
        assert_int_equal(got.sht, NAS_SHT_CIPHERED_NEW);
        assert_true(nassec_was_ciphered(&p.mme, &got));
        assert_memory_equal(plain.b, answer.b, answer.n);
    }
}

static void a_command_sent_again_is_read_with_the_context_that_it_began(void **state)
{
    (void)state;
    const struct nassec_agreement a = agreement(NASSEC_UE, 2, 2);
    struct pair p;
    struct nas_security fresh;
    pair_start(&p, 2, 2);
    const struct pdu m = message(NAS_SECURITY_MODE_COMMAND, 9);
    const struct pdu first = protect(&p.mme, NAS_SHT_INTEGRITY_NEW, &m);
    const struct pdu second = protect(&p.mme, NAS_SHT_INTEGRITY_NEW, &m);
    assert_ok(nassec_accept_smc(&crypto, &a, (struct bytes){first.b, first.n}, &fresh));
    struct pdu plain;
    struct nassec_received got;
    assert_ok(receive_into(&fresh, &second, m.n, &plain, &got));
    assert_int_equal(got.sht, NAS_SHT_INTEGRITY_NEW);
    assert_int_equal(got.count, 1);
    assert_false(nassec_was_ciphered(&fresh, &got));
    assert_refused(&fresh, &first, E_SYNC);
}

static void a_command_that_is_not_authentic_leaves_no_context(void **state)
{
    (void)state;
    struct nassec_agreement a = agreement(NASSEC_UE, 2, 2);
    struct pair p;
    pair_start(&p, 2, 2);
    const struct pdu m = message(NAS_SECURITY_MODE_COMMAND, 9);
    struct pdu pdu = protect(&p.mme, NAS_SHT_INTEGRITY_NEW, &m);
    struct nas_security fresh;
    struct nas_security before;
    memset(&fresh, 0x5a, sizeof fresh);
    before = fresh;
    for (size_t bit = 0; bit < 8 * pdu.n; bit++) {
        pdu.b[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_err(nassec_accept_smc(&crypto, &a, (struct bytes){pdu.b, pdu.n}, &fresh),
                   bit < 8 ? E_UNSUPPORTED : E_BAD_MAC);
        pdu.b[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t n = 0; n < pdu.n; n++) {
        uint8_t *cut = exact_copy((struct bytes){pdu.b, n});
        struct bytes inner = {NULL, 77};
        assert_err(nassec_accept_smc(&crypto, &a, (struct bytes){cut, n}, &fresh),
                   n < 8 ? E_TRUNCATED : E_BAD_MAC);
        assert_err(nassec_peek((struct bytes){cut, n}, &inner), n < 8 ? E_TRUNCATED : E_OK);
        assert_int_equal(inner.n, n < 8 ? 77 : n - NASSEC_OVERHEAD);
        free(cut);
    }
    a.kasme.b[0] ^= 1;
    assert_err(nassec_accept_smc(&crypto, &a, (struct bytes){pdu.b, pdu.n}, &fresh), E_BAD_MAC);
    a.kasme.b[0] ^= 1;
    a.eia = (enum nas_eia)0;
    assert_err(nassec_accept_smc(&crypto, &a, (struct bytes){pdu.b, pdu.n}, &fresh), E_BAD_VALUE);
    a = agreement(NASSEC_MME, 2, 2);
    assert_err(nassec_accept_smc(&crypto, &a, (struct bytes){pdu.b, pdu.n}, &fresh), E_BAD_STATE);
    assert_memory_equal(&fresh, &before, sizeof fresh);
}

/* Protected as an ordinary message and relabelled: the MAC holds, for it does not cover the type.
 */
static void a_relabelled_message_is_no_command(void **state)
{
    (void)state;
    const struct nassec_agreement a = agreement(NASSEC_UE, 2, 2);
    struct pair p;
    struct nas_security fresh;
    struct bytes inner;
    pair_start(&p, 2, 2);
    const struct pdu m = message(NAS_ATTACH_ACCEPT, 9);
    struct pdu pdu = protect(&p.mme, NAS_SHT_INTEGRITY, &m);
    pdu.b[0] = NAS_SHT_INTEGRITY_NEW << 4 | NAS_PD_EMM;
    assert_err(nassec_accept_smc(&crypto, &a, (struct bytes){pdu.b, pdu.n}, &fresh), E_BAD_VALUE);
    pdu.b[0] = NAS_SHT_CIPHERED << 4 | NAS_PD_EMM;
    assert_err(nassec_peek((struct bytes){pdu.b, pdu.n}, &inner), E_UNSUPPORTED);
}

/* ---- SERVICE REQUEST ---- */

static struct pdu service_request(struct nas_security *ue)
{
    struct pdu r = {.n = NASSEC_SERVICE_REQUEST_LEN};
    assert_ok(nassec_service_request(&crypto, ue, r.b));
    return r;
}

/* From a heap block of exactly the message. */
static enum err check_request(struct nas_security *mme, const struct pdu *r, uint32_t *count)
{
    uint8_t *in = exact_copy((struct bytes){r->b, r->n});
    enum err err = nassec_check_service_request(&crypto, mme, (struct bytes){in, r->n}, count);
    free(in);
    return err;
}

static void assert_request_refused(struct nas_security *mme, const struct pdu *r, enum err want)
{
    const struct nas_security before = *mme;
    uint32_t count = 77;
    assert_err(check_request(mme, r, &count), want);
    assert_int_equal(count, 77);
    assert_memory_equal(mme, &before, sizeof before);
}

static void service_requests_and_messages_share_one_count(void **state)
{
    (void)state;
    struct pair p;
    pair_start(&p, 1, 3);
    for (uint32_t i = 0; i < 600; i += 2) {
        uint32_t count;
        const struct pdu r = service_request(&p.ue);
        assert_int_equal(r.b[0], 0xc7);
        assert_int_equal(r.b[1], 3 << 5 | i % 32);
        assert_ok(check_request(&p.mme, &r, &count));
        assert_int_equal(count, i);
        assert_request_refused(&p.mme, &r, E_SYNC);
        const struct pdu m = message(NAS_DETACH_REQUEST, 8);
        const struct pdu pdu = protect(&p.ue, NAS_SHT_CIPHERED, &m);
        assert_ok(receive(&p.mme, &pdu));
    }
    assert_int_equal(p.mme.receive_next, 600);
}

/* Both halves are of TS 24.301 9.9.3.28: the last two of the MAC's four octets, over two octets. */
static void the_short_mac_is_the_end_of_the_mac(void **state)
{
    (void)state;
    struct pair p;
    uint8_t mac[4];
    pair_start(&p, 2, 2);
    p.ue.send_next = 0x123456;
    const struct pdu r = service_request(&p.ue);
    const struct nas_position at = {0x123456, 0, 0};
    assert_ok(nas_mac(&crypto, NAS_EIA2, &p.ue.knasint, at, (struct bytes){r.b, 2}, 16, mac));
    assert_memory_equal(r.b + 2, mac + 2, 2);
    assert_int_equal(r.b[1], 3 << 5 | 0x16);
}

static void up_to_31_lost_messages_before_a_service_request_do_no_harm(void **state)
{
    (void)state;
    for (uint32_t lost = 0; lost <= 32; lost++) {
        struct pair p;
        uint32_t count;
        pair_start(&p, 2, 2);
        p.mme.receive_next = 250;
        p.mme.seen = 1; /* of the 31 before, none came; still none of them is taken */
        p.ue.send_next = 250 + lost;
        const struct pdu r = service_request(&p.ue);
        if (lost < 32) {
            assert_ok(check_request(&p.mme, &r, &count));
            assert_int_equal(count, 250 + lost);
        } else {
            assert_request_refused(&p.mme, &r, E_BAD_MAC);
        }
        p.ue.send_next = 249 - lost % 31;
        const struct pdu late = service_request(&p.ue);
        p.mme.receive_next = 250;
        p.mme.seen = 1;
        assert_request_refused(&p.mme, &late, E_SYNC);
    }
}

static void what_is_no_service_request_is_refused(void **state)
{
    (void)state;
    struct pair p;
    pair_start(&p, 2, 2);
    struct pdu r = service_request(&p.ue);
    for (r.n = 0; r.n < 12; r.n++) {
        if (r.n != 4) {
            assert_request_refused(&p.mme, &r, r.n < 4 ? E_TRUNCATED : E_TRAILING);
        }
    }
    r.n = 4;
    for (size_t bit = 0; bit < 32; bit++) {
        r.b[bit / 8] ^= (uint8_t)(1u << bit % 8);
        /* Types 12 to 15 mean the same, but the MAC covers which; a KSI names a context. */
        const enum err want = bit < 4 || bit == 6 || bit == 7 ? E_UNSUPPORTED
                              : bit >= 13 && bit < 16         ? E_NOT_FOUND
                                                              : E_BAD_MAC;
        assert_request_refused(&p.mme, &r, want);
        r.b[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    uint32_t count;
    uint8_t out[4];
    assert_err(nassec_check_service_request(&crypto, &p.ue, (struct bytes){r.b, 4}, &count),
               E_BAD_STATE);
    assert_err(nassec_service_request(&crypto, &p.mme, out), E_BAD_STATE);
    assert_ok(check_request(&p.mme, &r, &count));
}

/* ---- Other algorithms for a context that is current ---- */

static void with_other_algorithms_counts_go_on_and_keys_do_not(void **state)
{
    (void)state;
    struct pair p;
    struct nas_security made;
    struct nassec_received got;
    const struct pdu m = message(NAS_ATTACH_ACCEPT, 8);
    uint8_t out[14], opened[8];
    size_t n = 0;
    pair_start(&p, 2, 2);
    for (int i = 0; i < 3; i++) {
        assert_ok(nassec_protect(&crypto, &p.mme, NAS_SHT_CIPHERED, (struct bytes){m.b, m.n},
                                 MBYTES_OF(out), &n));
        assert_ok(
            nassec_unprotect(&crypto, &p.ue, (struct bytes){out, n}, MBYTES_OF(opened), &got));
    }
    memset(&made, 0xee, sizeof made);
    const struct nas_security untouched = made;
    assert_err(nassec_change(&crypto, &p.ue, NAS_EEA1, (enum nas_eia)0, &made), E_BAD_VALUE);
    assert_err(nassec_change(&crypto, &p.ue, (enum nas_eea)4, NAS_EIA1, &made), E_BAD_VALUE);
    assert_same_context(&made, &untouched);
    assert_ok(nassec_change(&crypto, &p.ue, NAS_EEA2, NAS_EIA2, &made));
    assert_same_context(&made, &p.ue); /* the same ones: nothing changes */
    assert_ok(nassec_change(&crypto, &p.ue, NAS_EEA3, NAS_EIA1, &made));
    assert_ok(nassec_change(&crypto, &p.mme, NAS_EEA3, NAS_EIA1, &p.mme)); /* in place */
    assert_int_equal(made.receive_next, 3);
    assert_int_equal(made.seen, p.ue.seen);
    assert_memory_not_equal(made.knasint.b, p.ue.knasint.b, sizeof made.knasint.b);
    assert_memory_not_equal(made.knasenc.b, p.ue.knasenc.b, sizeof made.knasenc.b);
    assert_err(nassec_unprotect(&crypto, &made, (struct bytes){out, n}, MBYTES_OF(opened), &got),
               E_BAD_MAC);
    assert_ok(nassec_protect(&crypto, &p.mme, NAS_SHT_CIPHERED, (struct bytes){m.b, m.n},
                             MBYTES_OF(out), &n));
    assert_ok(nassec_unprotect(&crypto, &made, (struct bytes){out, n}, MBYTES_OF(opened), &got));
    assert_int_equal(got.count, 3);
    assert_memory_equal(opened, m.b, m.n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_header_type_goes_with_its_message_and_direction),
        cmocka_unit_test(an_esm_message_is_never_a_security_mode_message),
        cmocka_unit_test(a_command_is_verified_before_its_context_is_anybody_s),
        cmocka_unit_test(a_command_sent_again_is_read_with_the_context_that_it_began),
        cmocka_unit_test(a_command_that_is_not_authentic_leaves_no_context),
        cmocka_unit_test(a_relabelled_message_is_no_command),
        cmocka_unit_test(with_other_algorithms_counts_go_on_and_keys_do_not),
        cmocka_unit_test(service_requests_and_messages_share_one_count),
        cmocka_unit_test(the_short_mac_is_the_end_of_the_mac),
        cmocka_unit_test(up_to_31_lost_messages_before_a_service_request_do_no_harm),
        cmocka_unit_test(what_is_no_service_request_is_refused),
    };
    return cmocka_run_group_tests_name("nassec/nassec_smc", tests, open_crypto, close_crypto);
}
