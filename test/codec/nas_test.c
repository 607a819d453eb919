/* codec/nas.h and codec/nas_codes.h */
#include "codec/nas.h"
#include "codec/nas_samples.h"
#include <stdlib.h>

static void plain_messages_are_told_apart(void **state)
{
    (void)state;
    struct nas_pdu p;
    struct bytes emm = BYTES_LIT("\x07\x44\x11");
    struct bytes esm = BYTES_LIT("\x52\x03\xd1\x1b");
    assert_ok(nas_peek(emm, &p));
    assert_int_equal(p.kind, NAS_PLAIN_EMM);
    assert_int_equal(p.type, NAS_ATTACH_REJECT);
    assert_true(bytes_eq(p.inner, emm));
    assert_ok(nas_peek(esm, &p));
    assert_int_equal(p.kind, NAS_PLAIN_ESM);
    assert_int_equal(p.ebi, 5);
    assert_int_equal(p.pti, 3);
    assert_int_equal(p.type, NAS_PDN_CONNECTIVITY_REJECT);
    assert_true(bytes_eq(p.inner, esm));
}

static void a_protected_message_shows_its_frame(void **state)
{
    (void)state;
    struct nas_pdu p;
    uint8_t header[NAS_SECURITY_HEADER_LEN];
    struct bytes pdu = BYTES_LIT("\x27\xa1\xb2\xc3\xd4\x06\x9f\x3c");
    assert_ok(nas_peek(pdu, &p));
    assert_int_equal(p.kind, NAS_PROTECTED);
    assert_int_equal(p.sht, NAS_SHT_CIPHERED);
    assert_int_equal(p.type, 0);
    assert_memory_equal(p.mac, "\xa1\xb2\xc3\xd4", 4);
    assert_int_equal(p.sn, 6);
    assert_true(bytes_eq(p.inner, BYTES_LIT("\x9f\x3c")));
    nas_security_header(p.sht, p.mac, p.sn, header);
    assert_memory_equal(header, pdu.p, sizeof header);
}

static void a_service_request_shows_its_frame(void **state)
{
    (void)state;
    struct nas_pdu p;
    uint8_t out[NAS_SERVICE_REQUEST_LEN];
    assert_ok(nas_peek(BYTES_LIT("\xc7\x65\xa1\xb2"), &p));
    assert_int_equal(p.kind, NAS_SERVICE_REQUEST);
    assert_int_equal(p.ksi, 3);
    assert_int_equal(p.sn, 5);
    assert_memory_equal(p.mac, "\xa1\xb2\0\0", 4);
    nas_service_request(p.ksi, p.sn, p.mac, out);
    assert_memory_equal(out, "\xc7\x65\xa1\xb2", sizeof out);
    assert_err(nas_peek(BYTES_LIT("\xc7\x65\xa1\xb2\x00"), &p), E_TRAILING);
    for (uint8_t sht = 12; sht < 16; sht++) {
        uint8_t pdu[] = {(uint8_t)(sht << 4 | 7), 0x65, 0xa1, 0xb2};
        assert_ok(nas_peek(BYTES_OF(pdu), &p));
        assert_int_equal(p.kind, NAS_SERVICE_REQUEST);
    }
}

static void reserved_headers_and_other_protocols_are_refused(void **state)
{
    (void)state;
    struct nas_pdu p;
    for (unsigned sht = 6; sht < 12; sht++) {
        uint8_t pdu[] = {(uint8_t)(sht << 4 | 7), 1, 2, 3, 4, 5, 6, 7};
        assert_err(nas_peek(BYTES_OF(pdu), &p), E_UNSUPPORTED);
    }
    for (unsigned pd = 0; pd < 16; pd++) {
        uint8_t pdu[] = {(uint8_t)pd, 0x44, 0x11};
        enum err wanted = pd == NAS_PD_EMM || pd == NAS_PD_ESM ? E_OK : E_UNSUPPORTED;
        assert_err(nas_peek(BYTES_OF(pdu), &p), wanted);
    }
}

/* The shortest PDU of each kind: one octet less is truncated, and changes nothing. */
static void short_ones_are_truncated(void **state)
{
    (void)state;
    static const struct bytes least[] = {BYTES_LIT("\x07\x54"), BYTES_LIT("\x02\x01\xd9"),
                                         BYTES_LIT("\x17\x01\x02\x03\x04\x05\x07"),
                                         BYTES_LIT("\xc7\x65\xa1\xb2")};
    for (size_t i = 0; i < sizeof least / sizeof least[0]; i++) {
        for (size_t n = 0; n <= least[i].n; n++) {
            struct nas_pdu p = {.type = 0xEE};
            uint8_t *copy = exact_copy((struct bytes){least[i].p, n});
            assert_err(nas_peek((struct bytes){copy, n}, &p), n == least[i].n ? E_OK : E_TRUNCATED);
            assert_true(n == least[i].n || p.type == 0xEE);
            free(copy);
        }
    }
}

static void a_description_is_found_by_type_and_direction(void **state)
{
    (void)state;
    assert_ptr_equal(nas_message_of(NAS_DETACH_REQUEST, NAS_UP), &nas_detach_request_up_message);
    assert_ptr_equal(nas_message_of(NAS_DETACH_REQUEST, NAS_DOWN),
                     &nas_detach_request_down_message);
    assert_ptr_equal(nas_message_of(NAS_DETACH_ACCEPT, NAS_DOWN), &nas_detach_accept_message);
    assert_null(nas_message_of(NAS_ATTACH_REQUEST, NAS_DOWN));
    assert_null(nas_message_of(NAS_ESM_DATA_TRANSPORT, NAS_BOTH));
    assert_null(nas_message_of(0x47, NAS_BOTH));
}

static void numbers_have_names(void **state)
{
    (void)state;
#define X(name, value, text) assert_string_equal(nas_message_type_name(NAS_##name), text);
    NAS_MESSAGE_TYPES(X)
#undef X
#define X(name, value, text) assert_string_equal(emm_cause_name(EMM_CAUSE_##name), text);
    EMM_CAUSES(X)
#undef X
#define X(name, value, text) assert_string_equal(esm_cause_name(ESM_CAUSE_##name), text);
    ESM_CAUSES(X)
#undef X
#define X(name, text, form, clause)                                                                \
    assert_string_equal(nas_ie_name(NAS_IE_##name), text);                                         \
    assert_string_equal(nas_ie_clause(NAS_IE_##name), clause);
    NAS_IES(X)
#undef X
    assert_null(nas_message_type_name(0x47));
    assert_null(emm_cause_name(0));
    assert_null(esm_cause_name(0));
    assert_string_equal(nas_ie_name(NAS_IES_N), "");
    assert_string_equal(nas_ie_clause(NAS_IES_N), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_messages_are_told_apart),
        cmocka_unit_test(a_protected_message_shows_its_frame),
        cmocka_unit_test(a_service_request_shows_its_frame),
        cmocka_unit_test(reserved_headers_and_other_protocols_are_refused),
        cmocka_unit_test(short_ones_are_truncated),
        cmocka_unit_test(a_description_is_found_by_type_and_direction),
        cmocka_unit_test(numbers_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
