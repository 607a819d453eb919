/* Tests src/codec/s1ap_get.c and src/codec/s1ap.c with what clause 10 of TS 36.413 is about: errors
 * of syntax, IEs that are unknown, missing, repeated or out of order, and extensions. */
#include "codec/s1ap.h"
#include "lib/check.h"
#include <stdlib.h>
#include <string.h>

struct ie {
    uint16_t id;
    enum s1ap_criticality criticality;
    const char *hex;
};
struct raw {
    uint8_t p[1024];
    size_t n;
};

#define ENB_ID                                                                                     \
    {                                                                                              \
        8, S1AP_REJECT, "0001"                                                                     \
    }
#define MME_ID                                                                                     \
    {                                                                                              \
        0, S1AP_REJECT, "0002"                                                                     \
    }
#define NAS_PDU                                                                                    \
    {                                                                                              \
        26, S1AP_REJECT, "020741"                                                                  \
    }
#define TAI_IE                                                                                     \
    {                                                                                              \
        67, S1AP_REJECT, "0000f1100102"                                                            \
    }
#define CGI_IE                                                                                     \
    {                                                                                              \
        100, S1AP_IGNORE, "0000f110abcde010"                                                       \
    }
#define RRC                                                                                        \
    {                                                                                              \
        134, S1AP_IGNORE, "30"                                                                     \
    }

/* A message of any procedure with any IEs: outcome 0 to 2. */
static struct raw message(unsigned outcome, uint8_t procedure, enum s1ap_criticality criticality,
                          const struct ie *ies, size_t n)
{
    struct raw out = {.n = 0};
    struct wr w = wr_of(MBYTES_OF(out.p));
    wr_u8(&w, (uint8_t)(outcome << 5));
    wr_u8(&w, procedure);
    wr_u8(&w, (uint8_t)(criticality << 6));
    size_t length = w.n;
    wr_be16(&w, 0);
    wr_u8(&w, 0);
    wr_be16(&w, (uint16_t)n);
    for (size_t i = 0; i < n; i++) {
        size_t size = strlen(ies[i].hex) / 2;
        wr_be16(&w, ies[i].id);
        wr_u8(&w, (uint8_t)(ies[i].criticality << 6));
        wr_u8(&w, (uint8_t)size);
        assert_ok(hex_decode(ies[i].hex, (struct mbytes){wr_hold(&w, size), size}));
    }
    size_t content = w.n - length - 2;
    if (content < 128) { /* the short length: move the content down */
        memmove(out.p + length + 1, out.p + length + 2, content);
        out.p[length] = (uint8_t)content;
        w.n--;
    } else {
        out.p[length] = (uint8_t)(0x80 | content >> 8);
        out.p[length + 1] = (uint8_t)content;
    }
    assert_ok(w.err);
    out.n = w.n;
    return out;
}

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define INITIAL(...)                                                                               \
    message(0, 12, S1AP_IGNORE, (const struct ie[]){__VA_ARGS__},                                  \
            COUNT(((const struct ie[]){__VA_ARGS__})))

static enum err parse(const struct raw *m, struct s1ap_pdu *pdu, struct s1ap_fault *fault)
{
    uint8_t *exact = exact_copy((struct bytes){m->p, m->n});
    enum err e = s1ap_parse((struct bytes){exact, m->n}, pdu, fault);
    free(exact);
    return e;
}

static void refused(struct raw m, enum err want, enum s1ap_fault_kind kind, bool report)
{
    static const struct s1ap_pdu zero;
    struct s1ap_pdu pdu;
    struct s1ap_fault fault;
    assert_err(parse(&m, &pdu, &fault), want);
    assert_int_equal(fault.kind, kind);
    assert_int_equal(fault.report, report);
    assert_memory_equal(&pdu, &zero, sizeof pdu);
}

static void an_unknown_ie_is_treated_by_the_criticality_it_came_with(void **state)
{
    (void)state;
    struct s1ap_pdu pdu;
    struct s1ap_fault fault;
    struct raw m = INITIAL(ENB_ID, NAS_PDU, TAI_IE, CGI_IE, RRC, {999, S1AP_IGNORE, "ff"});
    assert_ok(parse(&m, &pdu, &fault));
    assert_int_equal(fault.kind, S1AP_FAULT_NONE);
    m = INITIAL(ENB_ID, NAS_PDU, {999, S1AP_NOTIFY, "ff"}, TAI_IE, CGI_IE, RRC);
    assert_ok(parse(&m, &pdu, &fault));
    assert_int_equal(fault.kind, S1AP_FAULT_NOTIFY);
    assert_true(fault.report);
    assert_int_equal(fault.n, 1);
    assert_int_equal(fault.ies[0].ie_id, 999);
    assert_int_equal(s1ap_fault_cause(&fault).value,
                     S1AP_PROTOCOL_ABSTRACT_SYNTAX_ERROR_IGNORE_AND_NOTIFY);
    m = INITIAL(ENB_ID, NAS_PDU, {998, S1AP_NOTIFY, "ff"}, {999, S1AP_REJECT, "ff"}, TAI_IE);
    assert_err(parse(&m, &pdu, &fault), E_UNKNOWN);
    assert_int_equal(fault.kind, S1AP_FAULT_IE_NOT_UNDERSTOOD);
    assert_int_equal(fault.n, 2);
    assert_int_equal(fault.ies[1].ie_id, 999);
    assert_int_equal(fault.ies[1].type_of_error, S1AP_ERROR_NOT_UNDERSTOOD);
    assert_int_equal(m.p[fault.place] << 8 | m.p[fault.place + 1], 999);
    assert_true(fault.has_enb_ue_s1ap_id);
    assert_int_equal(fault.enb_ue_s1ap_id, 1);
}

static void what_may_be_missing_is_missing_and_what_must_be_there_is_a_fault(void **state)
{
    (void)state;
    struct s1ap_pdu pdu;
    struct s1ap_fault fault;
    struct raw m = INITIAL(ENB_ID, NAS_PDU, TAI_IE);
    assert_ok(parse(&m, &pdu, &fault));
    assert_int_equal(fault.kind, S1AP_FAULT_NONE);
    assert_false(pdu.u.initial_ue_message.has_eutran_cgi);
    assert_false(pdu.u.initial_ue_message.has_rrc_cause);
    m = INITIAL(ENB_ID, TAI_IE);
    assert_err(parse(&m, &pdu, &fault), E_MISSING);
    assert_int_equal(fault.kind, S1AP_FAULT_IE_MISSING);
    assert_true(fault.report);
    assert_int_equal(fault.ies[0].ie_id, S1AP_IE_NAS_PDU);
    assert_int_equal(fault.ies[0].type_of_error, S1AP_ERROR_MISSING);
    assert_int_equal(fault.ies[0].criticality, S1AP_REJECT);
    refused(message(0, 12, S1AP_IGNORE, NULL, 0), E_MISSING, S1AP_FAULT_IE_MISSING, true);
}

static void repeated_and_misplaced_ies_make_a_message_falsely_constructed(void **state)
{
    (void)state;
    struct s1ap_pdu pdu;
    struct s1ap_fault fault;
    struct raw m = INITIAL(ENB_ID, NAS_PDU, NAS_PDU, TAI_IE);
    refused(m, E_REPEATED, S1AP_FAULT_IE_REPEATED, true);
    m = INITIAL(ENB_ID, TAI_IE, NAS_PDU);
    assert_err(parse(&m, &pdu, &fault), E_CONFLICT);
    assert_int_equal(fault.kind, S1AP_FAULT_IE_OUT_OF_ORDER);
    assert_int_equal(m.p[fault.place + 1], 26);
    assert_int_equal(s1ap_fault_cause(&fault).value, S1AP_PROTOCOL_FALSELY_CONSTRUCTED_MESSAGE);
}

static void a_value_that_means_nothing_is_treated_by_its_criticality(void **state)
{
    (void)state;
    struct s1ap_pdu pdu;
    struct s1ap_fault fault;
    /* an establishment cause of a later release; a PLMN of no digits; a name with '_' */
    struct raw m = INITIAL(ENB_ID, NAS_PDU, TAI_IE, CGI_IE, {134, S1AP_IGNORE, "a8"});
    assert_ok(parse(&m, &pdu, &fault));
    assert_int_equal(fault.kind, S1AP_FAULT_NONE);
    assert_false(pdu.u.initial_ue_message.has_rrc_cause);
    m = INITIAL(ENB_ID, NAS_PDU, TAI_IE, CGI_IE, {134, S1AP_NOTIFY, "a8"});
    assert_ok(parse(&m, &pdu, &fault));
    assert_int_equal(fault.kind, S1AP_FAULT_NOTIFY);
    m = INITIAL(ENB_ID, NAS_PDU, TAI_IE, CGI_IE, {134, S1AP_REJECT, "a8"});
    refused(m, E_UNKNOWN, S1AP_FAULT_IE_NOT_UNDERSTOOD, true);
    m = INITIAL(ENB_ID, NAS_PDU, {67, S1AP_REJECT, "00aaf1100102"});
    refused(m, E_UNKNOWN, S1AP_FAULT_IE_NOT_UNDERSTOOD, true);
    m = INITIAL(ENB_ID, NAS_PDU, {67, S1AP_IGNORE, "00aaf1100102"}); /* the struct cannot lack it */
    refused(m, E_UNKNOWN, S1AP_FAULT_IE_NOT_UNDERSTOOD, true);
    m = INITIAL(ENB_ID, {26, S1AP_REJECT, "00"}, TAI_IE);
    refused(m, E_UNKNOWN, S1AP_FAULT_IE_NOT_UNDERSTOOD, true);
    const struct ie setup[] = {{59, S1AP_REJECT, "0000f11000abcde0"},
                               {60, S1AP_IGNORE, "0100655f31"},
                               {64, S1AP_REJECT, "0000408000f110"},
                               {137, S1AP_IGNORE, "40"}};
    m = message(0, 17, S1AP_REJECT, setup, COUNT(setup));
    assert_ok(parse(&m, &pdu, &fault));
    assert_false(pdu.u.s1_setup_request.has_enb_name);
}

static void an_encoding_that_cannot_be_is_a_transfer_syntax_error(void **state)
{
    (void)state;
    struct s1ap_pdu pdu;
    struct s1ap_fault fault;
    static const char *const bad[] = {"010102", "00", "0101ff", "c0010203", "000100", "400001"};
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct raw m = INITIAL({8, S1AP_REJECT, bad[i]}, NAS_PDU, TAI_IE);
        assert_int_not_equal(parse(&m, &pdu, &fault), E_OK);
        assert_int_equal(fault.kind, S1AP_FAULT_TRANSFER_SYNTAX);
        assert_true(fault.report);
        assert_int_equal(m.p[fault.place + 1], 8);
    }
    struct raw m = {.p = {0x00, 0x0C, 0xC0, 0x03, 0, 0, 0}, .n = 7}; /* criticality 3 */
    refused(m, E_BAD_VALUE, S1AP_FAULT_TRANSFER_SYNTAX, true);
    m = (struct raw){.p = {0x60, 0x0C, 0x40, 0x03, 0, 0, 0}, .n = 7}; /* outcome 3 */
    refused(m, E_BAD_VALUE, S1AP_FAULT_TRANSFER_SYNTAX, true);
    m = (struct raw){.p = {0x80, 0x0C, 0x40, 0x03, 0, 0, 0}, .n = 7}; /* another alternative */
    refused(m, E_BAD_VALUE, S1AP_FAULT_TRANSFER_SYNTAX, true);
    m = (struct raw){.p = {0x00, 0x0C, 0x40, 0xC1, 0, 0, 0}, .n = 7}; /* a fragment */
    refused(m, E_BAD_LENGTH, S1AP_FAULT_TRANSFER_SYNTAX, true);
}

static void an_unknown_procedure_is_treated_by_its_criticality(void **state)
{
    (void)state;
    struct s1ap_pdu pdu;
    struct s1ap_fault fault;
    refused(message(0, 29, S1AP_REJECT, NULL, 0), E_UNSUPPORTED, S1AP_FAULT_UNKNOWN_PROCEDURE,
            true);
    refused(message(0, 10, S1AP_IGNORE, NULL, 0), E_UNSUPPORTED, S1AP_FAULT_UNKNOWN_PROCEDURE,
            false);
    struct raw m = message(0, 200, S1AP_NOTIFY, NULL, 0);
    assert_err(parse(&m, &pdu, &fault), E_UNSUPPORTED);
    assert_true(fault.report);
    assert_int_equal(s1ap_fault_cause(&fault).value,
                     S1AP_PROTOCOL_ABSTRACT_SYNTAX_ERROR_IGNORE_AND_NOTIFY);
    /* a procedure without such an outcome */
    refused(message(1, 12, S1AP_REJECT, NULL, 0), E_UNSUPPORTED, S1AP_FAULT_UNKNOWN_PROCEDURE,
            true);
}

static void a_fault_in_an_outcome_or_an_error_indication_is_not_reported(void **state)
{
    (void)state;
    const struct ie reject[] = {{999, S1AP_REJECT, "00"}};
    refused(message(0, 15, S1AP_IGNORE, reject, 1), E_UNKNOWN, S1AP_FAULT_IE_NOT_UNDERSTOOD, false);
    refused(message(1, 14, S1AP_REJECT, reject, 1), E_UNKNOWN, S1AP_FAULT_IE_NOT_UNDERSTOOD, false);
    refused(message(1, 17, S1AP_REJECT, NULL, 0), E_MISSING, S1AP_FAULT_IE_MISSING, false);
    struct raw m = message(0, 15, S1AP_IGNORE, NULL, 0);
    m.n--;
    refused(m, E_TRUNCATED, S1AP_FAULT_TRANSFER_SYNTAX, false);
}

static void additions_and_extensions_of_a_later_release_are_passed_over(void **state)
{
    (void)state;
    struct s1ap_pdu pdu;
    struct s1ap_fault fault;
    /* a TAI with its extension bit set: one addition of one octet after it */
    struct raw m = INITIAL(ENB_ID, NAS_PDU, {67, S1AP_REJECT, "8000f11001020101aa"});
    assert_ok(parse(&m, &pdu, &fault));
    assert_int_equal(pdu.u.initial_ue_message.tai.tac, 0x0102);
    /* iE-Extensions: 1 of id 500 with each criticality */
    m = INITIAL(ENB_ID, NAS_PDU, {67, S1AP_REJECT, "4000f1100102000001f44001aa"});
    assert_ok(parse(&m, &pdu, &fault));
    assert_int_equal(fault.kind, S1AP_FAULT_NONE);
    m = INITIAL(ENB_ID, NAS_PDU, {67, S1AP_REJECT, "4000f1100102000001f48001aa"});
    assert_ok(parse(&m, &pdu, &fault));
    assert_int_equal(fault.kind, S1AP_FAULT_NOTIFY);
    assert_int_equal(fault.ies[0].ie_id, 500);
    m = INITIAL(ENB_ID, NAS_PDU, {67, S1AP_REJECT, "4000f1100102000001f40001aa"});
    assert_err(parse(&m, &pdu, &fault), E_UNKNOWN);
    assert_int_equal(fault.ies[0].ie_id, 500);
    /* the message itself with an addition */
    m = INITIAL(ENB_ID, NAS_PDU, TAI_IE);
    m.p[4] = 0x80;
    m.p[3] = (uint8_t)(m.p[3] + 3);
    memcpy(m.p + m.n, "\x01\x01\xAA", 3);
    m.n += 3;
    assert_ok(parse(&m, &pdu, &fault));
    assert_int_equal(pdu.u.initial_ue_message.enb_ue_s1ap_id, 1);
}

static void a_choice_of_a_later_release_is_not_understood(void **state)
{
    (void)state;
    /* UE-S1AP-IDs alternative 2; ResetType alternative 2; ENB-ID alternative 4 */
    const struct ie release[] = {{99, S1AP_REJECT, "800100"}, {2, S1AP_IGNORE, "0000"}};
    refused(message(0, 23, S1AP_REJECT, release, 2), E_UNKNOWN, S1AP_FAULT_IE_NOT_UNDERSTOOD, true);
    const struct ie reset[] = {{92, S1AP_REJECT, "800100"}};
    refused(message(0, 14, S1AP_REJECT, reset, 1), E_UNKNOWN, S1AP_FAULT_IE_NOT_UNDERSTOOD, true);
    const struct ie setup[] = {{59, S1AP_REJECT, "0000f110820100"},
                               {64, S1AP_REJECT, "0000408000f110"}};
    refused(message(0, 17, S1AP_REJECT, setup, 2), E_UNKNOWN, S1AP_FAULT_IE_NOT_UNDERSTOOD, true);
}

static void more_faults_than_are_kept_are_counted(void **state)
{
    (void)state;
    struct ie ies[20];
    struct s1ap_pdu pdu;
    struct s1ap_fault fault;
    for (size_t i = 0; i < COUNT(ies); i++) {
        ies[i] = (struct ie){(uint16_t)(1000 + i), S1AP_NOTIFY, "00"};
    }
    struct raw m = message(1, 14, S1AP_REJECT, ies, COUNT(ies));
    assert_ok(parse(&m, &pdu, &fault));
    assert_int_equal(fault.n, 20);
    assert_int_equal(s1ap_fault_diagnostics(&fault).ies.n, S1AP_FAULT_IES);
    assert_true(fault.report);
}

static void the_error_indication_of_a_fault_names_the_procedure_the_ids_and_the_ies(void **state)
{
    (void)state;
    struct raw out;
    struct s1ap_pdu pdu, again;
    struct s1ap_fault fault, none;
    struct s1ap_diagnostic ie;
    const struct ie ies[] = {MME_ID, ENB_ID};
    struct raw m = message(0, 13, S1AP_IGNORE, ies, 2);
    assert_err(parse(&m, &pdu, &fault), E_MISSING);
    pdu = s1ap_fault_indication(&fault);
    assert_ok(s1ap_write(&pdu, MBYTES_OF(out.p), &out.n));
    assert_ok(s1ap_parse((struct bytes){out.p, out.n}, &again, &none));
    const struct s1ap_error_indication *e = &again.u.error_indication;
    assert_int_equal(e->mme_ue_s1ap_id, 2);
    assert_int_equal(e->enb_ue_s1ap_id, 1);
    assert_int_equal(e->cause.group, S1AP_CAUSE_PROTOCOL);
    assert_int_equal(e->cause.value, S1AP_PROTOCOL_ABSTRACT_SYNTAX_ERROR_REJECT);
    assert_int_equal(e->diagnostics.procedure_code, 13);
    assert_int_equal(e->diagnostics.triggering_message, S1AP_INITIATING);
    assert_int_equal(e->diagnostics.procedure_criticality, S1AP_IGNORE);
    struct s1ap_cursor c = s1ap_each(&e->diagnostics.ies);
    assert_true(s1ap_next_diagnostic(&c, &ie));
    assert_int_equal(ie.ie_id, S1AP_IE_NAS_PDU);
    assert_false(s1ap_next_diagnostic(&c, &ie));
    /* nothing was readable: no diagnostics, but a cause */
    assert_err(s1ap_parse((struct bytes){out.p, 0}, &pdu, &fault), E_TRUNCATED);
    pdu = s1ap_fault_indication(&fault);
    assert_false(pdu.u.error_indication.has_diagnostics);
    assert_ok(s1ap_write(&pdu, MBYTES_OF(out.p), &out.n));
    assert_string_equal(s1ap_fault_name(fault.kind), "transfer-syntax");
    assert_string_equal(s1ap_fault_name((enum s1ap_fault_kind)99), "none");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unknown_ie_is_treated_by_the_criticality_it_came_with),
        cmocka_unit_test(what_may_be_missing_is_missing_and_what_must_be_there_is_a_fault),
        cmocka_unit_test(repeated_and_misplaced_ies_make_a_message_falsely_constructed),
        cmocka_unit_test(a_value_that_means_nothing_is_treated_by_its_criticality),
        cmocka_unit_test(an_encoding_that_cannot_be_is_a_transfer_syntax_error),
        cmocka_unit_test(an_unknown_procedure_is_treated_by_its_criticality),
        cmocka_unit_test(a_fault_in_an_outcome_or_an_error_indication_is_not_reported),
        cmocka_unit_test(additions_and_extensions_of_a_later_release_are_passed_over),
        cmocka_unit_test(a_choice_of_a_later_release_is_not_understood),
        cmocka_unit_test(more_faults_than_are_kept_are_counted),
        cmocka_unit_test(the_error_indication_of_a_fault_names_the_procedure_the_ids_and_the_ies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
