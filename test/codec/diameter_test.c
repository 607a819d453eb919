#include "codec/diameter.h"
#include "codec/messages_test.h"

static void a_frame_is_ready_exactly_when_all_of_it_is_there(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAMPLES; i++) {
        struct octets m;
        size_t total;
        golden_octets(i, &m);
        for (size_t n = 0; n <= m.n; n++) {
            uint8_t *part = exact_copy((struct bytes){m.p, n});
            enum err e = diameter_frame((struct bytes){part, n}, 65536, &total);
            assert_err(e, n < m.n ? E_AGAIN : E_OK);
            assert_int_equal(total, n < 4 ? 0 : m.n);
            free(part);
        }
        m.p[m.n] = 1; /* the next message has begun */
        assert_ok(diameter_frame((struct bytes){m.p, m.n + 1}, 65536, &total));
        assert_int_equal(total, m.n);
    }
}

static void a_stream_that_is_no_diameter_is_refused_at_once(void **state)
{
    (void)state;
    static const struct {
        uint8_t p[4];
        size_t n;
        enum err want;
    } cases[] = {
        {{2, 0, 0, 20}, 1, E_BAD_VALUE},       {{'G', 'E', 'T', ' '}, 4, E_BAD_VALUE},
        {{1, 0, 0, 16}, 4, E_BAD_LENGTH},      {{1, 0, 0, 0}, 4, E_BAD_LENGTH},
        {{1, 0, 0, 22}, 4, E_BAD_LENGTH},      {{1, 0, 16, 4}, 4, E_BAD_LENGTH},
        {{1, 255, 255, 255}, 4, E_BAD_LENGTH}, {{1, 0, 16, 0}, 4, E_AGAIN},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t total;
        assert_err(diameter_frame((struct bytes){cases[i].p, cases[i].n}, 4096, &total),
                   cases[i].want);
    }
}

static void a_header_is_read_as_it_was_written(void **state)
{
    (void)state;
    for (unsigned bits = 0; bits < 16; bits++) {
        struct diameter_header h = {.request = bits & 1,
                                    .proxiable = bits & 2,
                                    .error = bits & 4,
                                    .retransmitted = bits & 8,
                                    .command = 0xABCDEF,
                                    .application = 0x01020304,
                                    .hop_by_hop = 0x05060708,
                                    .end_to_end = 0x090A0B0C};
        struct diameter_header back;
        uint8_t out[20];
        struct wr w = wr_of(MBYTES_OF(out));
        diameter_header_write(&w, &h);
        assert_ok(diameter_length_set(&w));
        assert_ok(diameter_header_read(BYTES_OF(out), &back));
        assert_true(h.request == back.request && h.proxiable == back.proxiable);
        assert_true(h.error == back.error && h.retransmitted == back.retransmitted);
        assert_true(h.command == back.command && h.application == back.application);
        assert_true(h.hop_by_hop == back.hop_by_hop && h.end_to_end == back.end_to_end);
        assert_ok(diameter_hop_by_hop_set(MBYTES_OF(out), 77));
        assert_ok(diameter_header_read(BYTES_OF(out), &back));
        assert_int_equal(back.hop_by_hop, 77);
    }
    uint8_t few[19] = {1};
    struct diameter_header h;
    assert_err(diameter_header_read(BYTES_OF(few), &h), E_TRUNCATED);
    assert_err(diameter_hop_by_hop_set(MBYTES_OF(few), 1), E_TRUNCATED);
}

static size_t write_air(uint8_t *out, size_t cap)
{
    static struct s6a_air air;
    size_t n;
    sample_air(&air);
    air.request.route_record[air.request.route_record_n++] = BYTES_LIT("Second.Example.Net");
    assert_ok(s6a_air_write(OWN, &air, (struct mbytes){out, cap}, &n));
    return n;
}

static void routing_sees_hosts_realms_and_route_records(void **state)
{
    (void)state;
    uint8_t out[1024];
    struct bytes msg = {out, write_air(out, sizeof out)};
    struct diameter_routing r;
    assert_ok(diameter_routing_read(msg, &r));
    assert_true(bytes_eq(r.origin_host, MME));
    assert_true(bytes_eq(r.origin_realm, REALM));
    assert_true(bytes_eq(r.destination_host, HSS));
    assert_true(bytes_eq(r.destination_realm, REALM));
    assert_true(bytes_eq(r.session_id, BYTES_LIT("mme.epc.mnc001.mcc001.3gppnetwork.org;1;2")));
    assert_true(diameter_route_record_has(msg, BYTES_LIT("DRA.example.net")));
    assert_true(diameter_route_record_has(msg, BYTES_LIT("second.example.net")));
    assert_false(diameter_route_record_has(msg, HSS));
    struct bytes plmn;
    assert_ok(diameter_find(msg, 1407, 10415, &plmn));
    assert_int_equal(plmn.n, 3);
    assert_err(diameter_find(msg, 1407, 0, &plmn), E_NOT_FOUND);
    out[20 + 7] = 0xFF; /* the first AVP is too long now */
    out[20 + 6] = 0xFF;
    assert_err(diameter_routing_read(msg, &r), E_BAD_LENGTH);
    assert_int_equal(diameter_avps((struct bytes){out, 19}).n, 0);
}

static void a_refused_value_is_found_at_any_depth(void **state)
{
    (void)state;
    uint8_t out[1024];
    struct bytes msg = {out, write_air(out, sizeof out)};
    struct diameter_fault f;
    diameter_fault_value(msg, AVP_RE_SYNCHRONIZATION_INFO, OWN, &f);
    assert_int_equal(f.result_code, 5004);
    assert_string_equal(f.path, "Re-Synchronization-Info");
    assert_int_equal(f.avp.n, 42);
    assert_int_equal(diameter_failed_avp_len(&f), 44);
    diameter_fault_value(msg, AVP_SERVED_IMEI, OWN, &f);
    assert_int_equal(f.avp.n, 26);
    diameter_fault_value(msg, AVP_KASME, OWN, &f);
    assert_int_equal(diameter_failed_avp_len(&f), 0);
}

static size_t count_octet(const uint8_t *p, size_t n, uint8_t v)
{
    size_t seen = 0;
    for (size_t i = 0; i < n; i++) {
        seen += p[i] == v;
    }
    return seen;
}

static void redaction_leaves_no_secret_octet_and_nothing_else_changes(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAMPLES; i++) {
        struct octets before;
        golden_octets(i, &before);
        uint8_t *exact = exact_copy((struct bytes){before.p, before.n});
        diameter_redact(OWN, (struct mbytes){exact, before.n});
        size_t changed = 0;
        for (size_t k = 0; k < before.n; k++) {
            changed += exact[k] != before.p[k];
            assert_true(exact[k] == before.p[k] || (before.p[k] == 0xC3 && exact[k] == 0));
        }
        bool aia = samples[i].as == &s6a_aia_message;
        bool ula = samples[i].as == &s6a_ula_message;
        assert_int_equal(changed, aia ? 8 + 9 + 32 + 32 + 16 + 16 + 16 + 4 + 8 : ula ? 32 : 0);
        assert_int_equal(count_octet(exact, before.n, 0xC3), 0);
        free(exact);
    }
}

static void redaction_reaches_into_a_failed_avp(void **state)
{
    (void)state;
    uint8_t out[256];
    struct wr w = wr_of(MBYTES_OF(out));
    diameter_header_write(&w, &(struct diameter_header){.command = 318});
    size_t mark = diameter_put_open(&w, AVP_FAILED_AVP, OWN);
    diameter_put_octets(&w, AVP_KASME, OWN, SECRET(32));
    diameter_put_close(&w, mark);
    diameter_put_octets(&w, AVP_ERROR_MESSAGE, OWN, BYTES_LIT("stays"));
    diameter_redact(OWN, (struct mbytes){out, w.n});
    assert_int_equal(count_octet(out, w.n, 0xC3), 0);
    assert_memory_equal(out + w.n - 8, "stays", 5);
}

static void redaction_knows_the_secrets_of_its_own_vendor(void **state)
{
    (void)state;
    uint8_t out[256];
    struct wr w = wr_of(MBYTES_OF(out));
    diameter_header_write(&w, &(struct diameter_header){.command = 316});
    diameter_put_octets(&w, AVP_NW_SIGNATURE, OWN, SECRET(32));
    diameter_redact(OWN + 1, (struct mbytes){out, w.n}); /* somebody else's AVP 4 */
    assert_int_equal(count_octet(out, w.n, 0xC3), 32);
    diameter_redact(OWN, (struct mbytes){out, w.n});
    assert_int_equal(count_octet(out, w.n, 0xC3), 0);
}

static void redaction_of_a_malformed_message_zeroes_the_rest(void **state)
{
    (void)state;
    struct octets m;
    for (size_t i = 0; i < SAMPLES; i++) {
        if (samples[i].as == &s6a_aia_message) {
            golden_octets(i, &m);
        }
    }
    for (size_t n = 0; n <= m.n; n++) {
        uint8_t *cut = exact_copy((struct bytes){m.p, n});
        diameter_redact(OWN, (struct mbytes){cut, n});
        assert_int_equal(count_octet(cut, n, 0xC3), 0);
        free(cut);
    }
    for (size_t at = 20; at + 3 < m.n; at++) { /* any length may be a lie */
        uint8_t *bent = exact_copy((struct bytes){m.p, m.n});
        memset(bent + at, 0xFF, 3);
        diameter_redact(OWN, (struct mbytes){bent, m.n});
        free(bent);
    }
}

static void redaction_zeroes_what_lies_too_deep(void **state)
{
    (void)state;
    uint8_t out[256];
    struct wr w = wr_of(MBYTES_OF(out));
    size_t marks[10];
    diameter_header_write(&w, &(struct diameter_header){.command = 318});
    for (size_t i = 0; i < 10; i++) {
        marks[i] = diameter_put_open(&w, AVP_FAILED_AVP, OWN);
    }
    diameter_put_octets(&w, AVP_KASME, OWN, SECRET(32));
    for (size_t i = 10; i > 0; i--) {
        diameter_put_close(&w, marks[i - 1]);
    }
    diameter_redact(OWN, (struct mbytes){out, w.n});
    assert_int_equal(count_octet(out, w.n, 0xC3), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_frame_is_ready_exactly_when_all_of_it_is_there),
        cmocka_unit_test(a_stream_that_is_no_diameter_is_refused_at_once),
        cmocka_unit_test(a_header_is_read_as_it_was_written),
        cmocka_unit_test(routing_sees_hosts_realms_and_route_records),
        cmocka_unit_test(a_refused_value_is_found_at_any_depth),
        cmocka_unit_test(redaction_leaves_no_secret_octet_and_nothing_else_changes),
        cmocka_unit_test(redaction_reaches_into_a_failed_avp),
        cmocka_unit_test(redaction_knows_the_secrets_of_its_own_vendor),
        cmocka_unit_test(redaction_of_a_malformed_message_zeroes_the_rest),
        cmocka_unit_test(redaction_zeroes_what_lies_too_deep),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
