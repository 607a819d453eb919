/* What holds for a set without any peer (src/net/assoc_set.c), and for its queues
 * (src/net/assoc_queue.c). */
#include "net/assoc_ends.h"
#include "net/assoc_set.h"

static void causes_have_names_and_sentences(void **state)
{
    (void)state;
    assert_string_equal(assoc_cause_name(ASSOC_PEER_ENDED), "peer-ended");
    for (int c = ASSOC_ENDED_HERE; c <= ASSOC_FAILED; c++) {
        assert_non_null(assoc_cause_name((enum assoc_cause)c));
        assert_non_null(assoc_cause_sentence((enum assoc_cause)c));
    }
}

static void a_kernel_without_sctp_is_said_to_have_none(void **state)
{
    (void)state;
    struct end e;
    struct address at = address_of("sctp://127.0.0.1:0");
    assoc_handle h;
    end_open(&e);
    assert_true(assoc_has(TRANSPORT_SCTP_UDP));
    assert_true(assoc_has(TRANSPORT_S1_TCP));
    assert_false(assoc_has(TRANSPORT_TCP));
    if (assoc_has(TRANSPORT_SCTP)) {
        assert_ok(assoc_listen(e.set, &at, NULL));
    } else {
        assert_err(assoc_listen(e.set, &at, NULL), E_UNSUPPORTED);
        assert_err(assoc_connect(e.set, &at, NULL, NULL, &h), E_UNSUPPORTED);
    }
    at.transport = TRANSPORT_TCP;
    assert_err(assoc_listen(e.set, &at, NULL), E_UNSUPPORTED);
    assert_err(assoc_connect(e.set, &at, NULL, NULL, &h), E_UNSUPPORTED);
    assoc_set_close(e.set);
}

static void a_configuration_that_cannot_be_kept_is_refused(void **state)
{
    (void)state;
    struct end e = {0};
    struct assoc_config good = end_config(&e), c;
#define REFUSED(field, value)                                                                      \
    c = good;                                                                                      \
    c.field = value;                                                                               \
    assert_err(assoc_set_open(&c, &e.set), E_BAD_VALUE)
    REFUSED(callbacks, NULL);
    REFUSED(associations_max, 0);
    REFUSED(associations_max, 65536);
    REFUSED(message_max, 0);
    REFUSED(message_max, ASSOC_MESSAGE_MAX + 1);
    REFUSED(out_size, 2 * ASSOC_MESSAGE_MAX - 1);
    REFUSED(in_size, 2 * ASSOC_MESSAGE_MAX - 1);
    REFUSED(streams, 1);
    REFUSED(messages_per_turn, 0);
    REFUSED(setup_timeout_ms, 0);
    REFUSED(rto_min_ms, 0);
    REFUSED(rto_max_ms, 1);
    REFUSED(retransmissions, 0);
#undef REFUSED
    assert_null(e.set);
}

static void two_addresses_of_one_connection_are_of_one_kind(void **state)
{
    (void)state;
    struct end e;
    assoc_handle h;
    struct address to = address_of("s1-tcp://127.0.0.1:1"), from = address_of("s1-tcp://[::1]:0");
    end_open(&e);
    assert_err(assoc_connect(e.set, &to, &from, NULL, &h), E_BAD_VALUE);
    from = address_of("sctp-udp://127.0.0.1:0");
    assert_err(assoc_connect(e.set, &to, &from, NULL, &h), E_BAD_VALUE);
    assoc_set_close(e.set);
}

static void a_queue_gives_back_what_it_took_however_full_it_is(void **state)
{
    (void)state;
    struct assoc_queue q;
    struct assoc_message m = {BYTES_LIT("0123456789"), 3, 18}, got;
    uint32_t put = 0, taken = 0;
    uint64_t seed = 5;
    assert_ok(assoc_queue_init(&q, 100));
    while (taken < 10000) {
        if (test_rand(&seed) % 2 == 0) {
            m.ppid = put;
            m.octets.n = 1 + test_rand(&seed) % 10;
            bool fits = assoc_queue_length(&q) + ASSOC_HEAD + m.octets.n <= 100;
            assert_err(assoc_queue_put(&q, &m), fits ? E_OK : E_BUSY);
            put += fits ? 1 : 0;
        } else if (put > taken) {
            assert_ok(assoc_queue_first(&q, 10, &got));
            assert_int_equal(got.ppid, taken++);
            assert_int_equal(got.stream, 3);
            assert_memory_equal(got.octets.p, m.octets.p, got.octets.n);
            assoc_queue_taken(&q, ASSOC_HEAD + got.octets.n);
        } else {
            assert_err(assoc_queue_first(&q, 10, &got), E_AGAIN);
            assert_int_equal(assoc_queue_length(&q), 0);
        }
    }
    assoc_queue_free(&q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_queue_gives_back_what_it_took_however_full_it_is),
        cmocka_unit_test(causes_have_names_and_sentences),
        cmocka_unit_test(a_kernel_without_sctp_is_said_to_have_none),
        cmocka_unit_test(a_configuration_that_cannot_be_kept_is_refused),
        cmocka_unit_test(two_addresses_of_one_connection_are_of_one_kind),
    };
    return cmocka_run_group_tests_name("net/assoc_set", tests, NULL, NULL);
}
