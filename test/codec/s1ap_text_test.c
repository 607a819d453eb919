/* Tests src/codec/s1ap_text.c and src/codec/s1ap_build.c. */
#include "codec/s1ap_golden.h"
#include "codec/s1ap_text.h"

static struct s1ap_sample samples[S1AP_SAMPLES];

struct fields {
    struct s1ap_pair pairs[128];
    char text[128][2][1024];
    size_t n;
};

static void gather(void *ctx, const struct s1ap_field *f)
{
    struct fields *all = ctx;
    if (f->form == S1AP_TEXT_OPEN || f->form == S1AP_TEXT_CLOSE) {
        return;
    }
    assert_true(all->n < 128);
    char *path = all->text[all->n][0], *value = all->text[all->n][1];
    (void)snprintf(path, 1024, "%s", f->path);
    s1ap_field_value(f, (struct mbytes){(uint8_t *)value, 1024});
    all->pairs[all->n++] = (struct s1ap_pair){path, value, false};
}

static struct fields all;
static uint8_t scratch[16384];

static void each_message_is_built_again_from_its_fields(void **state)
{
    (void)state;
    for (size_t i = 0; i < S1AP_SAMPLES; i++) {
        struct s1ap_octets in, out;
        struct s1ap_pdu pdu;
        struct s1ap_fault fault;
        size_t bad;
        s1ap_golden(samples[i].name, &in);
        assert_ok(s1ap_parse(s1ap_span(&in), &pdu, &fault));
        all.n = 0;
        s1ap_walk(&pdu, true, gather, &all);
        enum s1ap_message type = s1ap_message_named(s1ap_message_name(pdu.type));
        assert_ok(s1ap_build(type, all.pairs, all.n, MBYTES_OF(scratch), &pdu, &bad));
        assert_int_equal(bad, all.n);
        assert_ok(s1ap_write(&pdu, MBYTES_OF(out.p), &out.n));
        assert_int_equal(out.n, in.n);
        assert_memory_equal(out.p, in.p, in.n);
    }
}

static void a_message_reads_as_a_tree(void **state)
{
    (void)state;
    char text[2048];
    s1ap_tree(&samples[13].pdu, false, MBYTES_OF(text));
    assert_string_equal(text, "InitialUEMessage\n"
                              "  eNB-UE-S1AP-ID = 1\n"
                              "  NAS-PDU = 07417108091010103254769802e0e000040201d011\n"
                              "  TAI\n"
                              "    pLMNidentity = 001-01\n"
                              "    tAC = 0x102\n"
                              "  EUTRAN-CGI\n"
                              "    pLMNidentity = 001-01\n"
                              "    cell-ID = 0xabcde01\n"
                              "  RRC-Establishment-Cause = mo-Signalling\n");
    s1ap_tree(&samples[5].pdu, false, MBYTES_OF(text));
    assert_non_null(strstr(text, "procedureCode = 12 (initialUEMessage)"));
    assert_non_null(strstr(text, "iE-ID = 26 (NAS-PDU)"));
}

static void the_key_is_hidden_unless_asked_for(void **state)
{
    (void)state;
    char text[4096];
    s1ap_tree(&samples[22].pdu, false, MBYTES_OF(text));
    assert_non_null(strstr(text, "SecurityKey = (32 octets)\n"));
    assert_null(strstr(text, "8001020304"));
    s1ap_tree(&samples[22].pdu, true, MBYTES_OF(text));
    assert_non_null(strstr(text, "SecurityKey = 80010203040506"));
}

static void a_message_reads_as_one_line(void **state)
{
    (void)state;
    static const struct {
        const char *name, *line;
    } lines[] = {
        {"S1SetupRequest-macro", "S1SetupRequest name=enb-1.cell 7"},
        {"InitialUEMessage", "InitialUEMessage enb-ue=1 tac=0x102 rrc-cause=mo-Signalling"},
        {"UplinkNASTransport", "UplinkNASTransport mme-ue=74565 enb-ue=66 tac=0x102"},
        {"UEContextReleaseCommand-pair",
         "UEContextReleaseCommand mme-ue=74565 enb-ue=66 cause=detach"},
        {"RerouteNASRequest-least", "RerouteNASRequest enb-ue=255 mme-group=0x1"},
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct s1ap_octets in;
        char text[256];
        s1ap_golden(lines[i].name, &in);
        s1ap_line(s1ap_span(&in), MBYTES_OF(text));
        assert_string_equal(text, lines[i].line);
        in.n--;
        s1ap_line(s1ap_span(&in), MBYTES_OF(text));
        assert_non_null(strstr(text, "refused=transfer-syntax"));
    }
}

static void text_is_cut_to_its_space(void **state)
{
    (void)state;
    for (size_t cap = 0; cap < 300; cap++) {
        char *text = malloc(cap == 0 ? 1 : cap);
        s1ap_tree(&samples[13].pdu, false, (struct mbytes){(uint8_t *)text, cap});
        assert_true(cap == 0 || strlen(text) < cap);
        free(text);
    }
}

static enum err build(enum s1ap_message type, struct s1ap_pair *pairs, size_t n, size_t *bad)
{
    struct s1ap_pdu pdu;
    return s1ap_build(type, pairs, n, MBYTES_OF(scratch), &pdu, bad);
}

static void a_field_that_does_not_fit_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *path, *value;
        enum err err;
    } wrong[] = {
        {"MME-UE-S1AP-ID", "4294967296", E_BAD_VALUE},
        {"MME-UE-S1AP-ID", "99999999999999999999999", E_BAD_VALUE},
        {"MME-UE-S1AP-ID", "", E_BAD_DIGIT},
        {"MME-UE-S1AP-ID", "0x1G", E_BAD_DIGIT},
        {"eNB-UE-S1AP-ID", "7", E_REPEATED},
        {"Cause.nas", "nonsense", E_BAD_VALUE},
        {"Cause", "7", E_BAD_VALUE},
        {"NAS-PDU", "0g", E_BAD_DIGIT},
        {"NAS-PDU", "000", E_BAD_LENGTH},
        {"NAS-PDU.x", "00", E_MISSING},
        {"Nonsense", "1", E_UNKNOWN},
        {"", "1", E_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct s1ap_pair pairs[] = {{"eNB-UE-S1AP-ID", "1", false},
                                    {wrong[i].path, wrong[i].value, false}};
        enum s1ap_message type = wrong[i].path[0] == 'N' && wrong[i].path[1] == 'A'
                                     ? S1AP_INITIAL_UE_MESSAGE
                                     : S1AP_ERROR_INDICATION;
        size_t bad;
        assert_err(build(type, pairs, 2, &bad), wrong[i].err);
        assert_true(bad == 1 || wrong[i].err == E_MISSING);
    }
    size_t bad;
    assert_err(build(S1AP_INITIAL_UE_MESSAGE, NULL, 0, &bad), E_MISSING);
    assert_err(build(S1AP_MESSAGE_COUNT, NULL, 0, &bad), E_UNSUPPORTED);
    assert_int_equal(s1ap_message_named("Nonsense"), S1AP_MESSAGE_COUNT);
}

static void every_smaller_scratch_is_no_room(void **state)
{
    (void)state;
    all.n = 0;
    s1ap_walk(&samples[1].pdu, true, gather, &all);
    size_t need = 0, bad;
    struct s1ap_pdu pdu;
    while (s1ap_build(S1AP_S1_SETUP_REQUEST, all.pairs, all.n, (struct mbytes){scratch, need}, &pdu,
                      &bad) != E_OK) {
        need++;
        assert_true(need < sizeof scratch);
    }
    uint8_t *exact = aligned_alloc(16, (need + 15) / 16 * 16);
    for (size_t cap = 0; cap < need; cap += 7) {
        assert_err(s1ap_build(S1AP_S1_SETUP_REQUEST, all.pairs, all.n, (struct mbytes){exact, cap},
                              &pdu, &bad),
                   E_NO_ROOM);
    }
    free(exact);
}

int main(void)
{
    s1ap_samples(samples);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_message_is_built_again_from_its_fields),
        cmocka_unit_test(a_message_reads_as_a_tree),
        cmocka_unit_test(the_key_is_hidden_unless_asked_for),
        cmocka_unit_test(a_message_reads_as_one_line),
        cmocka_unit_test(text_is_cut_to_its_space),
        cmocka_unit_test(a_field_that_does_not_fit_is_named),
        cmocka_unit_test(every_smaller_scratch_is_no_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
