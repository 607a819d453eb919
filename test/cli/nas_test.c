/* The verbs themselves: src/cli/nas.c, src/cli/nas_protect.c, src/cli/s1ap.c and src/cli/trace.c,
 * as they are called and what they say. */
#include "cli/cli.h"
#include "cli/nas.h"
#include "cli/trace_made.h"
#include <sys/stat.h>

static char dir[64];
static struct said said;

static int make_folder(void **state)
{
    (void)state;
    (void)setenv("NO_COLOR", "1", 1);
    folder_make(dir);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    folder_remove(dir);
    return 0;
}

/* Words with spaces between; a word of the folder begins with @. */
static int runs(int (*verb)(int argc, char **argv), const char *words)
{
    char text[8192], paths[4][160], *argv[64];
    int argc = 0, n = 0;
    snprintf(text, sizeof text, "%s", words);
    for (char *save = NULL, *w = strtok_r(text, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
        if (*w == '@') {
            snprintf(paths[n], sizeof paths[n], "%s/%s", dir, w + 1);
            w = paths[n++];
        }
        argv[argc++] = w;
    }
    argv[argc] = NULL;
    said_begin(&said);
    int code = verb(argc, argv);
    said_end(&said);
    return code;
}

static void ends(int (*verb)(int argc, char **argv), const char *words, int wanted,
                 const char *part)
{
    int code = runs(verb, words);
    said_holds(&said, part);
    assert_int_equal(code, wanted);
}

static void golden(int (*verb)(int argc, char **argv), const char *words, const char *wanted)
{
    int code = runs(verb, words);
    assert_string_equal(said.text, wanted);
    assert_int_equal(code, CLI_DONE);
}

static void put_file(const char *name, const char *text)
{
    char path[160];
    file_make(dir, name, text, path);
    assert_int_equal(chmod(path, 0600), 0);
}

/* ---- NAS ---- */

static void decode_and_encode(void **state)
{
    (void)state;
    golden(cli_nas, "nas decode 07:41:71:08:09:10:10:10:32:54:76:98 02e0e0 00040201d011",
           "Message: ATTACH REQUEST\n"
           "EPS attach type: 1 (EPS attach)\n"
           "NAS key set identifier: 7 (no key is available)\n"
           "EPS mobile identity: imsi 001010123456789\n"
           "UE network capability: 0xe0e0\n"
           "ESM message container:\n"
           "  Message: PDN CONNECTIVITY REQUEST\n"
           "  EPS bearer identity: 0\n"
           "  Procedure transaction identity: 1\n"
           "  Request type: 1 (initial request)\n"
           "  PDN type: 1 (IPv4)\n");
    golden(cli_nas, "nas decode --json -d down 074411",
           "{\n  \"message\": \"ATTACH REJECT\",\n  \"emm-cause\": \"17 (Network failure)\"\n}\n");
    put_file("reject", said.text);
    golden(cli_nas, "nas encode -f @reject", "074411\n");
    golden(cli_nas, "nas decode 27aabbccdd05010203",
           "Message: SECURITY PROTECTED NAS MESSAGE\n"
           "Security header type: 2 (integrity, ciphered)\n"
           "Message authentication code: 0xaabbccdd\n"
           "Sequence number: 5\n"
           "NAS message: 0x010203\n");
    ends(cli_nas, "nas decode -z 27aabbccdd05074411", CLI_DONE, "  EMM cause: 17");
    ends(cli_nas, "nas decode 074411 6f0102", CLI_DONE,
         "1 element passed over (TS 24.301 7.6), the first at octet 3");
    ends(cli_nas, "nas decode --mask 07417108091010103254769802e0e000040201d011", CLI_DONE,
         "imsi 00101*******789");
}

static void bad_nas(void **state)
{
    (void)state;
    put_file("no.json", "{\"message\":\"ATTACH REJECT\",\n");
    put_file("bad.json", "{\"message\":\"ATTACH REJECT\",\"emm-cause\":\"red\"}");
    ends(cli_nas, "nas decode 0741", CLI_REFUSED, "octet 2: EPS attach type (TS 24.301 9.9.3.11)");
    ends(cli_nas, "nas decode 07x", CLI_REFUSED, "the argument: character 3");
    ends(cli_nas, "nas decode -d left 07", CLI_USAGE, "--direction takes up or down, not 'left'");
    ends(cli_nas, "nas decode -f @none", CLI_REFUSED, "none: No such file");
    ends(cli_nas, "nas encode -f @no.json", CLI_REFUSED, "no.json: line 2 column");
    ends(cli_nas, "nas encode -f @bad.json", CLI_REFUSED,
         "emm-cause (EMM cause, TS 24.301 9.9.3.9): a value is outside");
    ends(cli_nas, "nas frob", CLI_USAGE, "bindery nas has no verb 'frob'");
}

/* ---- NAS security ---- */

#define KEY     "404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f"
#define CONTEXT "kasme=" KEY "\neea=2\neia=2\ndirection=up\n"

static void protect_and_unprotect(void **state)
{
    char words[256], pdu[128];
    (void)state;
    put_file("context", CONTEXT);
    assert_int_equal(runs(cli_nas, "nas protect -c @context --count 5 07430003 5200c2"), CLI_DONE);
    snprintf(pdu, sizeof pdu, "%.*s", (int)strcspn(said.text, "\n"), said.text);
    assert_int_equal(strlen(pdu), 2 * (6 + 7));
    assert_true(!strncmp(pdu, "27", 2) && !strncmp(pdu + 10, "05", 2));
    snprintf(words, sizeof words, "nas unprotect -c @context %s", pdu);
    golden(cli_nas, words,
           "Security header type: 2\n"
           "Sequence number: 5\n"
           "MAC: holds under EIA2 with COUNT 5, bearer 0, direction up\n"
           "Ciphering: EEA2\n"
           "Message: ATTACH COMPLETE\n"
           "ESM message container:\n"
           "  Message: ACTIVATE DEFAULT EPS BEARER CONTEXT ACCEPT\n"
           "  EPS bearer identity: 5\n"
           "  Procedure transaction identity: 0\n");
    snprintf(words, sizeof words, "nas unprotect --json -c @context %s", pdu);
    ends(cli_nas, words, CLI_DONE, "\"mac-holds\": true");
    said_holds(&said, "\"plain\": \"074300035200c2\"");
    said_holds(&said, "\"message\": \"ATTACH COMPLETE\"");
    snprintf(words, sizeof words, "nas unprotect -d down -c @context %s", pdu);
    ends(cli_nas, words, CLI_REFUSED, "the MAC does not hold; it would in direction up");
    snprintf(words, sizeof words, "nas unprotect -b 1 -c @context %s", pdu);
    ends(cli_nas, words, CLI_REFUSED, "MAC: does not hold under EIA2 with COUNT 5, bearer 1");
    assert_null(strstr(said.text, "ATTACH"));
    snprintf(words, sizeof words, "nas unprotect -n 6 -c @context %s", pdu);
    ends(cli_nas, words, CLI_REFUSED, "octet 5: its sequence number is 5, and COUNT 6");
    snprintf(words, sizeof words, "nas protect --json -n 5 -c @context 074300035200c2");
    ends(cli_nas, words, CLI_DONE, pdu);
}

static void bad_security(void **state)
{
    (void)state;
    char path[160];
    put_file("context", CONTEXT);
    put_file("short", "eea=2\nkasme=c0ffee\n");
    put_file("less", "eea=2\neia=2\ndirection=up\n");
    file_make(dir, "open", CONTEXT, path);
    assert_int_equal(chmod(path, 0644), 0);
    ends(cli_nas, "nas protect -c @short -n 1 0743", CLI_REFUSED, "short: line 2: kasme takes 64");
    assert_null(strstr(said.text, "c0ffee"));
    ends(cli_nas, "nas protect -c @less -n 1 0743", CLI_REFUSED,
         "less: kasme or knasint is missing");
    ends(cli_nas, "nas protect -c @open -n 1 0743", CLI_REFUSED, "others may read this file");
    ends(cli_nas, "nas protect -c @context 0743", CLI_REFUSED, "count, the NAS COUNT, is missing");
    ends(cli_nas, "nas protect -c @context -n x 0743", CLI_USAGE, "--count takes 0 to 16777215");
    ends(cli_nas, "nas protect -c - -n 1 -", CLI_USAGE, "cannot both come from standard input");
    ends(cli_nas, "nas protect -c @context -n 1 27aabbccdd000743", CLI_REFUSED,
         "this message is protected already");
    ends(cli_nas, "nas unprotect -c @context 0743", CLI_REFUSED, "this message is not protected");
    ends(cli_nas, "nas unprotect -c @context 57aabbccdd000743", CLI_REFUSED, "partially ciphered");
    ends(cli_nas, "nas unprotect -c @context 27aa", CLI_REFUSED, "octet 0: no NAS message");
}

/* ---- S1AP ---- */

#define DOWN "000b4017000003000000020001000800020002001a000403074411"

static void s1ap(void **state)
{
    (void)state;
    ends(cli_s1ap, "s1ap decode " DOWN, CLI_DONE, "    EMM cause: 17 (Network failure)\n");
    assert_int_equal(runs(cli_s1ap, "s1ap decode --json " DOWN), CLI_DONE);
    said_holds(&said, "\"emm-cause\": \"17 (Network failure)\"");
    put_file("down", said.text);
    golden(cli_s1ap, "s1ap encode -f @down", DOWN "\n");
    ends(cli_s1ap, "s1ap decode 000b40", CLI_REFUSED,
         "octet 3 of 3: downlinkNASTransport: "
         "transfer-syntax");
    ends(cli_s1ap, "s1ap decode 0023000a000001fff08003010203", CLI_DONE,
         "notify: elements that are not known; an IE that is not known (id 65520): not understood");
    put_file("bad", "{\"message\":\"OverloadStop\",\"colour\":1}");
    ends(cli_s1ap, "s1ap encode -f @bad", CLI_REFUSED, "colour: this message has no such field");
}

/* ---- ladders ---- */

static void make_trace(const char *name)
{
    char path[160];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    struct made m = made_begin(path);
    made_attach(&m);
    pcapng_close(m.w);
}

static void a_ladder(void **state)
{
    static const char wanted[] =
        "        cell 7                                  mme.example               hss.example\n"
        "              |                                       |                         |\n"
        "    0.000000  |                                       |--------- CER ---------->|\n"
        "    0.001000  |                                       |<--------- CEA ----------| "
        "DIAMETER_SUCCESS (1.00 ms)\n"
        "    0.002000  |----------- S1SetupRequest ----------->|                         | "
        "name=cell 7\n"
        "    0.003000  |<---------- S1SetupResponse -----------|                         | "
        "name=mme-of-s1\n"
        "    0.004000  |- InitialUEMessage / ATTACH REQUEST -->|                         | "
        "enb-ue=1 tac=0x7 rrc-cause=mo-Signalling attach-type=1 (EPS attach) identity=imsi "
        "001010123456789 esm=PDN CONNECTIVITY REQUEST\n"
        "    0.005000  |                                       |--------- AIR ---------->| "
        "user-name=001010123456789\n"
        "    0.006000  |                                       |<--------- AIA ----------| "
        "DIAMETER_SUCCESS (1.00 ms)\n"
        "    0.007000  |<-- DownlinkNASTransport / ciphered ---|                         | "
        "mme-ue=9 enb-ue=1\n"
        "    0.008000  |--- UplinkNASTransport / ciphered ---->|                         | "
        "mme-ue=9 enb-ue=1 tac=0x7\n"
        "    0.009000  |    inside: SECURITY MODE COMPLETE     |                         |\n"
        "    0.010000  |                                       |--------- ULR ---------->| "
        "user-name=001010123456789\n"
        "    0.011000  |                                       |<--------- ULA ----------| "
        "DIAMETER_UNABLE_TO_COMPLY (5012) (1.00 ms)\n"
        "    0.012000  |         inside: ATTACH REJECT         |                         | "
        "emm-cause=17 (Network failure)\n"
        "    0.013000  |<-- DownlinkNASTransport / ciphered ---|                         | "
        "mme-ue=9 enb-ue=1\n"
        "    0.014000  |<------ UEContextReleaseCommand -------|                         | "
        "cause=normal-release mme-ue=9 enb-ue=1\n"
        "    0.015000  |------ UEContextReleaseComplete ------>|                         | "
        "mme-ue=9 enb-ue=1\n"
        "              |                                       |                         |\n";
    (void)state;
    make_trace("t");
    golden(cli_trace, "trace --ascii @t", wanted);
    golden(cli_trace, "trace --ascii @t @t", wanted); /* what two files have is one message */
}

static void a_ladder_of_one_subscriber(void **state)
{
    (void)state;
    make_trace("t");
    assert_int_equal(runs(cli_trace, "trace --ascii --imsi 001010123456789 @t"), CLI_DONE);
    said_holds(&said, "UEContextReleaseComplete");
    said_holds(&said, "inside: ATTACH REJECT");
    assert_null(strstr(said.text, "S1SetupRequest"));
    assert_null(strstr(said.text, "CER"));
    assert_int_equal(runs(cli_trace, "trace --ascii --mask -i 001010123456789 @t"), CLI_DONE);
    said_holds(&said, "identity=imsi 00101*******789");
    assert_null(strstr(said.text, "001010123456789"));
    ends(cli_trace, "trace -i 001010000000009 @t", CLI_DONE, "no message is about this subscriber");
}

static void a_ladder_as_json(void **state)
{
    (void)state;
    make_trace("t");
    assert_int_equal(runs(cli_trace, "trace --json @t"), CLI_DONE);
    size_t rows = 0;
    for (char *save = NULL, *line = strtok_r(said.text, "\n", &save); line;
         line = strtok_r(NULL, "\n", &save), rows++) {
        json_t *o = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
        assert_non_null(o);
        if (rows == 4) {
            const char *protocol, *message, *nas, *imsi, *identity;
            assert_int_equal(json_unpack(o, "{s:s, s:s, s:s, s:s, s:{s:s}}", "protocol", &protocol,
                                         "message", &message, "nas", &nas, "imsi", &imsi, "fields",
                                         "identity", &identity),
                             0);
            assert_string_equal(protocol, "s1ap");
            assert_string_equal(message, "InitialUEMessage");
            assert_string_equal(nas, "ATTACH REQUEST");
            assert_string_equal(imsi, "001010123456789");
            assert_string_equal(identity, "imsi 001010123456789");
        }
        assert_true(json_is_true(json_object_get(o, "inside")) == (rows == 9 || rows == 12));
        json_decref(o);
    }
    assert_int_equal(rows, 16);
}

static void bad_traces(void **state)
{
    (void)state;
    make_trace("t");
    put_file("noise", "hello, this is no trace at all, is it?");
    ends(cli_trace, "trace @none", CLI_REFUSED, "none: No such file");
    ends(cli_trace, "trace @noise", CLI_REFUSED, "noise: octet 0: this is no pcapng file");
    ends(cli_trace, "trace -A @t @noise", CLI_REFUSED, "noise: octet 0: this is no pcapng file");
    said_holds(&said, "UEContextReleaseComplete"); /* the other is drawn */
    ends(cli_trace, "trace --imsi 12 @t", CLI_USAGE, "is no IMSI");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(decode_and_encode),
        CASE(bad_nas),
        CASE(protect_and_unprotect),
        CASE(bad_security),
        CASE(s1ap),
        CASE(a_ladder),
        CASE(a_ladder_of_one_subscriber),
        CASE(a_ladder_as_json),
        CASE(bad_traces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
