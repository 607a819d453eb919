/* What src/cli/trace_join.c, src/cli/trace_follow.c and src/cli/trace_message.c make of traces. */
#include "cli/trace_join.h"
#include "cli/trace_made.h"
#include "cli/trace_message.h"
#include "codec/private.h"

static char dir[64];
static struct trace_list t;

static int make_folder(void **state)
{
    (void)state;
    folder_make(dir);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    trace_list_free(&t);
    folder_remove(dir);
    return 0;
}

static struct made begin(const char *name)
{
    char path[160];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return made_begin(path);
}

/* Into t, which was empty or is forgotten. */
static void read_files(const char *const *names, size_t n)
{
    struct trace_options options = {.own_vendor = DIAMETER_VENDOR_OWN_DEFAULT};
    trace_list_free(&t);
    for (size_t i = 0; i < n; i++) {
        char path[160];
        snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        FILE *in = fopen(path, "r");
        assert_non_null(in);
        assert_ok(trace_read(in, &options, &t));
        fclose(in);
    }
    assert_ok(trace_join(&t));
}

static const char *field(const struct trace_message *m, const char *key)
{
    for (size_t i = 0; i < m->n_fields; i++) {
        if (!strcmp(m->field[i].key, key)) {
            return m->field[i].value;
        }
    }
    return "";
}

static void an_attach(void)
{
    struct made m = begin("mme");
    made_attach(&m);
    pcapng_close(m.w);
    read_files((const char *const[]){"mme"}, 1);
}

static void names_of_messages_and_parties(void **state)
{
    static const struct {
        const char *name, *nas, *from, *to;
    } wanted[] = {
        {"CER", "", "mme.example", "hss.example"},
        {"CEA", "", "hss.example", "mme.example"},
        {"S1SetupRequest", "", "cell 7", "mme.example"},
        {"S1SetupResponse", "", "mme.example", "cell 7"},
        {"InitialUEMessage", "ATTACH REQUEST", "cell 7", "mme.example"},
        {"AIR", "", "mme.example", "hss.example"},
        {"AIA", "", "hss.example", "mme.example"},
        {"DownlinkNASTransport", "ciphered", "mme.example", "cell 7"},
        {"UplinkNASTransport", "ciphered", "cell 7", "mme.example"},
        {"SECURITY MODE COMPLETE", "", "cell 7", "mme.example"},
        {"ULR", "", "mme.example", "hss.example"},
        {"ULA", "", "hss.example", "mme.example"},
        {"ATTACH REJECT", "", "mme.example", "cell 7"},
        {"DownlinkNASTransport", "ciphered", "mme.example", "cell 7"},
        {"UEContextReleaseCommand", "", "mme.example", "cell 7"},
        {"UEContextReleaseComplete", "", "cell 7", "mme.example"},
    };
    (void)state;
    an_attach();
    assert_int_equal(t.n, sizeof wanted / sizeof wanted[0]);
    for (size_t i = 0; i < t.n; i++) {
        assert_string_equal(t.message[i].name, wanted[i].name);
        assert_string_equal(t.message[i].nas, wanted[i].nas);
        assert_string_equal(t.message[i].from, wanted[i].from);
        assert_string_equal(t.message[i].to, wanted[i].to);
        assert_true(t.message[i].inside == (i == 9 || i == 12));
        assert_true(t.message[i].bad == (i == 11 || i == 12));
    }
    assert_int_equal(t.message[2].from_role, TRACE_ENB);
    assert_int_equal(t.message[2].to_role, TRACE_MME);
    assert_int_equal(t.message[0].to_role, TRACE_HSS);
}

static void fields_of_messages(void **state)
{
    (void)state;
    an_attach();
    assert_string_equal(field(&t.message[2], "name"), "cell 7");
    assert_string_equal(field(&t.message[4], "identity"), "imsi 001010123456789");
    assert_string_equal(field(&t.message[4], "esm"), "PDN CONNECTIVITY REQUEST");
    assert_string_equal(field(&t.message[12], "emm-cause"), "17 (Network failure)");
    assert_string_equal(field(&t.message[14], "cause"), "normal-release");
    assert_string_equal(field(&t.message[14], "mme-ue"), "9");
    assert_string_equal(field(&t.message[11], "result"), "DIAMETER_UNABLE_TO_COMPLY (5012)");
    assert_true(t.message[6].matched);
    assert_int_equal(t.message[6].answered_ns, 1000000);
}

static void a_connection_is_about_the_imsi_that_it_showed(void **state)
{
    (void)state;
    an_attach();
    for (size_t i = 0; i < t.n; i++) {
        assert_string_equal(t.message[i].imsi, i < 4 ? "" : "001010123456789");
    }
}

/* The same UE S1AP id later is another UE; a GUTI is the UE's whom it was given. */
static void connections_end_and_gutis_are_known_again(void **state)
{
    static const char guti[] = "guti 001-01 group 32769 code 1 tmsi 1a2b3c4d";
    char text[1024];
    struct made m = begin("two");
    (void)state;
    made_attach(&m);
    made_s1(&m, true,
            MADE_INITIAL("1",
                         "{'message':'ATTACH REQUEST','attach-type':1,'ksi':7,"
                         "'identity':'imsi 001010000000002',"
                         "'ue-network-capability':'0xe0e0','esm-message-container':'0x0201d0'}"));
    snprintf(text, sizeof text,
             MADE_DOWN("'MME-UE-S1AP-ID':10,'eNB-UE-S1AP-ID':1",
                       "{'message':'GUTI REALLOCATION COMMAND','guti':'%s'}"),
             guti);
    made_s1(&m, false, text);
    snprintf(text, sizeof text,
             MADE_INITIAL("2", "{'message':'ATTACH REQUEST','attach-type':1,'ksi':1,"
                               "'identity':'%s','ue-network-capability':'0xe0e0',"
                               "'esm-message-container':'0x0201d0'}"),
             guti);
    made_s1(&m, true, text);
    made_s1(&m, false, MADE_DOWN("'MME-UE-S1AP-ID':11,'eNB-UE-S1AP-ID':2", "'27aabbccdd07414243'"));
    made_s1(&m, true,
            MADE_INITIAL("3", "'c7250102','S-TMSI':{'mMEC':'0x1','m-TMSI':'0x1a2b3c4d'}"));
    made_s1(&m, true,
            MADE_INITIAL("4", "'c7250102','S-TMSI':{'mMEC':'0x2','m-TMSI':'0x1a2b3c4d'}"));
    pcapng_close(m.w);
    read_files((const char *const[]){"two"}, 1);
    for (size_t i = 16; i < t.n; i++) {
        assert_string_equal(t.message[i].imsi, i < 21 ? "001010000000002" : "");
    }
    assert_int_equal(t.n, 22);
    assert_string_equal(t.message[20].nas, "SERVICE REQUEST");
}

/* bindery-ue writes what was inside with its ends and the IMSI, behind the message it was in. */
static void what_a_device_opened(void **state)
{
    struct made m = begin("ue");
    (void)state;
    made_s1(&m, true, MADE_INITIAL("1", "'c7250102'"));
    made_s1(&m, false, MADE_DOWN(MADE_IDS, "'27aabbccdd01010203'"));
    made_put(&m, BYTES_LIT("nas-eps"), &made_mme_s1, &made_enb,
             BYTES_LIT("IMSI 001010123456789, deciphered"), BYTES_LIT("\x07\x44\x11"));
    made_s1(&m, true, MADE_UP(MADE_IDS, "'47aabbccdd004142'"));
    made_put(&m, BYTES_LIT("nas-eps"), &made_enb, &made_mme_s1,
             BYTES_LIT("IMSI 001010123456789, deciphered"), BYTES_LIT("\x07\x5e"));
    pcapng_close(m.w);
    read_files((const char *const[]){"ue"}, 1);
    assert_int_equal(t.n, 5);
    for (size_t i = 0; i < t.n; i++) {
        assert_true(t.message[i].inside == (i == 2 || i == 4));
        assert_string_equal(t.message[i].imsi, "001010123456789");
    }
    assert_string_equal(t.message[2].name, "ATTACH REJECT");
    assert_false(t.message[2].up);
    assert_string_equal(t.message[4].name, "SECURITY MODE COMPLETE");
    assert_true(t.message[4].up);
}

/* ---- several files ---- */

static void both_ends_of_s6a(const char *mme, const char *hss)
{
    struct made a = begin(mme), b = begin(hss);
    made_attach(&a);
    b.us = 100; /* the HSS wrote each of the first four 0.1 ms later */
    made_diameter(&b, 257, 1, 0, NULL);
    made_diameter(&b, 257, 1, 2001, NULL);
    b.us = 5100;
    made_diameter(&b, 318, 2, 0, "001010123456789");
    made_diameter(&b, 318, 2, 2001, NULL);
    b.us = 9000;
    made_diameter(&b, 316, 3, 0, "001010123456789");
    made_diameter(&b, 316, 3, 5012, NULL);
    b.us = 20500; /* and one of its own */
    made_diameter(&b, 318, 77, 0, "001010000000077");
    pcapng_close(a.w);
    pcapng_close(b.w);
}

static void what_two_ends_wrote_is_there_once(void **state)
{
    (void)state;
    both_ends_of_s6a("a", "b");
    for (int order = 0; order < 2; order++) {
        read_files(order ? (const char *const[]){"b", "a"} : (const char *const[]){"a", "b"}, 2);
        assert_int_equal(t.n, 17);
        for (size_t i = 1; i < t.n; i++) {
            assert_true(t.message[i].time_ns >= t.message[i - 1].time_ns);
        }
        assert_string_equal(t.message[4].nas, "ATTACH REQUEST");
        assert_string_equal(t.message[4].to, "mme.example");
        assert_string_equal(t.message[16].imsi, "001010000000077");
    }
}

static void a_message_sent_twice_stays_twice(void **state)
{
    struct made a = begin("a"), b = begin("b");
    (void)state;
    for (int i = 0; i < 2; i++) {
        made_diameter(&a, 318, 2, 0, "001010123456789");
        made_diameter(&b, 318, 2, 0, "001010123456789");
    }
    made_diameter(&b, 318, 2, 0, "001010123456789");
    pcapng_close(a.w);
    pcapng_close(b.w);
    read_files((const char *const[]){"a"}, 1);
    assert_int_equal(t.n, 2);
    read_files((const char *const[]){"a", "b"}, 2);
    assert_int_equal(t.n, 3);
}

/* One end traced the keys, the other blanked them: it is one message all the same. */
static void keys_make_no_difference(void **state)
{
    static const char text[] =
        "{'message':'InitialContextSetupRequest','MME-UE-S1AP-ID':9,'eNB-UE-S1AP-ID':1,"
        "'uEaggregateMaximumBitrate':{'uEaggregateMaximumBitRateDL':1,"
        "'uEaggregateMaximumBitRateUL':1},'E-RABToBeSetupListCtxtSUReq':[{'e-RAB-ID':5,"
        "'e-RABlevelQoSParameters':{'qCI':9,'allocationRetentionPriority':{'priorityLevel':8,"
        "'pre-emptionCapability':'shall-not-trigger-pre-emption',"
        "'pre-emptionVulnerability':'pre-emptable'}},'transportLayerAddress':'c0000201',"
        "'gTP-TEID':'0x1'}],'UESecurityCapabilities':{'encryptionAlgorithms':'0xe000',"
        "'integrityProtectionAlgorithms':'0xe000'},'SecurityKey':"
        "'%s'}";
    char with[1100], without[1100];
    struct made a = begin("a"), b = begin("b");
    (void)state;
    snprintf(with, sizeof with, text,
             "0102030405060708090a0b0c0d0e0f100102030405060708090a0b0c0d0e0f10");
    snprintf(without, sizeof without, text,
             "0000000000000000000000000000000000000000000000000000000000000000");
    made_s1(&a, false, with);
    made_s1(&b, false, without);
    pcapng_close(a.w);
    pcapng_close(b.w);
    read_files((const char *const[]){"a", "b"}, 2);
    assert_int_equal(t.n, 1);
    assert_string_equal(t.message[0].name, "InitialContextSetupRequest");
}

static void a_clock_that_steps_back_leaves_the_order(void **state)
{
    struct made a = begin("a");
    (void)state;
    made_diameter(&a, 318, 2, 0, "001010000000001");
    a.us = 0;
    made_diameter(&a, 318, 3, 0, "001010000000002");
    a.us = 500;
    made_diameter(&a, 318, 4, 0, "001010000000003");
    pcapng_close(a.w);
    read_files((const char *const[]){"a"}, 1);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(t.message[i].imsi[14], '1' + (int)i);
    }
}

/* ---- what cannot be read ---- */

static void nothing_and_noise(void **state)
{
    struct trace_list empty = {0};
    struct made m = begin("noise");
    uint64_t seed = 36413;
    (void)state;
    assert_ok(trace_join(&empty));
    trace_list_free(&empty);
    for (unsigned i = 0; i < 3000; i++) {
        static const char *const dissectors[] = {"s1ap", "nas-eps", "nas-eps_plain", "diameter"};
        uint8_t octets[40];
        size_t n = test_rand(&seed) % sizeof octets;
        for (size_t k = 0; k < n; k++) {
            octets[k] = (uint8_t)test_rand(&seed);
        }
        octets[0] = i % 4 ? (uint8_t)(0x07 | (i % 16) << 4) : octets[0];
        made_put(&m, bytes_of_str(dissectors[i % 4]), i % 3 ? &made_enb : NULL,
                 i % 3 ? &made_mme_s1 : NULL, i % 2 ? BYTES_LIT("inside: downlink") : BYTES_LIT(""),
                 (struct bytes){octets, n});
    }
    pcapng_close(m.w);
    read_files((const char *const[]){"noise"}, 1);
    assert_true(t.n > 0);
    for (size_t i = 0; i < t.n; i++) {
        assert_true(t.message[i].name[0] != '\0');
        assert_true(t.message[i].from[0] != '\0');
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(names_of_messages_and_parties),
        CASE(fields_of_messages),
        CASE(a_connection_is_about_the_imsi_that_it_showed),
        CASE(connections_end_and_gutis_are_known_again),
        CASE(what_a_device_opened),
        CASE(what_two_ends_wrote_is_there_once),
        CASE(a_message_sent_twice_stays_twice),
        CASE(keys_make_no_difference),
        CASE(a_clock_that_steps_back_leaves_the_order),
        CASE(nothing_and_noise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
