/* The requests, and the AUTS in them: what is patched is what an HSS reads. */
#include "cli/load_keys.h"
#include "cli/load_message.h"
#include "crypto/openssl.h"
#include "lib/check.h"
#include "proc/aka.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct load_names names = {
    .host = "mme7.visited.example",
    .realm = "visited.example",
    .destination_host = "hss.home.example",
    .destination_realm = "home.example",
    .session = "1700000000;3",
    .plmn = {0x00, 0xf1, 0x10},
    .vectors = 3,
    .own_vendor = 32473,
    .imsi_digits = 15,
};
static const char k_text[] = "465b5ce8b199b49faa5f0a2ee238a6bc";
static const char op_text[] = "cdc202d5123e20f62b6d676ac72cb318";
static const char opc_text[] = "cd63cb71954a9f4e48a5994e37a02baf";

static struct load_template t;
static uint8_t out[LOAD_MESSAGE_MAX], resync[30];

static void stamp(enum load_kind kind)
{
    struct load_stamp s = {0x01020304, 0xa1b2c3d4, 42, 1010000000077, resync};
    assert_ok(load_template_make(kind, &names, &t));
    load_stamp(&t, &s, out);
}

static void shared(const struct s6a_request *r)
{
    assert_int_equal(r->header.hop_by_hop, 0x01020304);
    assert_int_equal(r->header.end_to_end, 0xa1b2c3d4);
    assert_true(bytes_eq(r->user_name, BYTES_LIT("001010000000077")));
    assert_true(bytes_eq(r->session_id, BYTES_LIT("mme7.visited.example;1700000000;3;0000000042")));
    assert_true(bytes_eq(r->origin_host, BYTES_LIT("mme7.visited.example")));
    assert_true(bytes_eq(r->destination_host, BYTES_LIT("hss.home.example")));
}

static void an_air(void **state)
{
    struct s6a_air air;
    struct diameter_fault fault;
    (void)state;
    stamp(LOAD_AIR);
    assert_ok(s6a_air_parse(32473, (struct bytes){out, t.n}, &air, &fault));
    shared(&air.request);
    assert_int_equal(air.requested_eutran_authentication_info.number_of_requested_vectors.v, 3);
    assert_int_equal(air.requested_eutran_authentication_info.re_synchronization_info.n, 0);
}

static void a_ulr(void **state)
{
    struct s6a_ulr ulr;
    struct diameter_fault fault;
    (void)state;
    stamp(LOAD_ULR);
    assert_ok(s6a_ulr_parse(32473, (struct bytes){out, t.n}, &ulr, &fault));
    shared(&ulr.request);
    assert_true(bytes_eq(ulr.visited_plmn_id, BYTES_OF(names.plmn)));
}

/* What the AuC makes of the AUTS in the message is the SQN that was put in. */
static void a_resynchronisation(void **state)
{
    struct s6a_air air;
    struct diameter_fault fault;
    struct crypto c;
    struct aka_keys keys = {
        .algorithm = AKA_MILENAGE, .k = {.n = 16}, .opc = {.n = 16}, .res_len = 8};
    struct rand128 rand = {"0123456789abcde"};
    struct auts auts;
    uint64_t sqn = 0;
    (void)state;
    assert_ok(hex_decode(k_text, (struct mbytes){keys.k.b, 16}));
    assert_ok(hex_decode(opc_text, (struct mbytes){keys.opc.b, 16}));
    assert_ok(crypto_openssl_open(&c));
    assert_ok(load_resync_info(&c, &keys, &rand, 0x123456789abc, resync));
    stamp(LOAD_RESYNC);
    assert_ok(s6a_air_parse(32473, (struct bytes){out, t.n}, &air, &fault));
    shared(&air.request);
    struct bytes info = air.requested_eutran_authentication_info.re_synchronization_info;
    assert_int_equal(info.n, 30);
    assert_memory_equal(info.p, rand.b, 16);
    memcpy(auts.b, info.p + 16, 14);
    assert_ok(aka_auc_resync(&c, &keys, &rand, &auts, &sqn));
    assert_true(sqn == 0x123456789abc);
    crypto_openssl_close(&c);
}

static void outcomes(void **state)
{
    struct load_outcome o;
    size_t n;
    (void)state;
    stamp(LOAD_AIR);
    struct diameter_answer answer = {
        .code = 3004, .origin_host = BYTES_LIT("h.x"), .origin_realm = BYTES_LIT("x")};
    uint8_t msg[1024];
    assert_ok(diameter_answer_error((struct bytes){out, t.n}, &answer, MBYTES_OF(msg), &n));
    o = load_outcome_of((struct bytes){msg, n});
    assert_int_equal(o.code, 3004);
    assert_false(o.experimental);
    answer.code = S6A_USER_UNKNOWN;
    answer.experimental = true;
    assert_ok(diameter_answer_error((struct bytes){out, t.n}, &answer, MBYTES_OF(msg), &n));
    o = load_outcome_of((struct bytes){msg, n});
    assert_int_equal(o.code, 5001);
    assert_true(o.experimental);
    assert_int_equal(load_outcome_of((struct bytes){msg, DIAMETER_HEADER_LEN}).code, 0);
}

/* ---- the keys file ---- */

static char path[64];

static void file_with(const char *ending, const char *text)
{
    snprintf(path, sizeof path, "/tmp/load_keys_%d%s", (int)getpid(), ending);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chmod(path, 0600), 0);
}

static bool read_keys(struct load_keys *k)
{
    struct crypto c;
    assert_ok(crypto_openssl_open(&c));
    bool good = load_keys_read(path, &c, 1010000000001, 10, k);
    crypto_openssl_close(&c);
    unlink(path);
    return good;
}

static void common_keys(void **state)
{
    struct load_keys k;
    char text[200];
    uint8_t opc[16];
    (void)state;
    assert_ok(hex_decode(opc_text, MBYTES_OF(opc)));
    snprintf(text, sizeof text, "k = %s\nop = %s\n", k_text, op_text);
    file_with(".txt", text);
    assert_true(read_keys(&k));
    assert_true(k.common);
    assert_int_equal(k.n, 1);
    assert_memory_equal(k.row[0].keys.opc.b, opc, 16);
    load_keys_wipe(&k);
    file_with(".txt", "k = 465b5ce8b199b49faa5f0a2ee238a6bc\n");
    assert_false(read_keys(&k));
    assert_int_equal(k.n, 0);
}

static void rows(void **state)
{
    struct load_keys k;
    char text[600];
    (void)state;
    snprintf(text, sizeof text,
             "imsi,k,opc,op,algorithm\n001010000000003,%s,%s,,\n001010000000099,%s,%s,,\n"
             "001010000000001,%s,,%s,milenage\n",
             k_text, opc_text, k_text, opc_text, k_text, op_text);
    file_with(".csv", text);
    assert_true(read_keys(&k));
    assert_false(k.common);
    assert_int_equal(k.n, 2);
    assert_true(k.row[0].imsi == 1010000000003 && k.row[1].imsi == 1010000000001);
    assert_memory_equal(k.row[0].keys.opc.b, k.row[1].keys.opc.b, 16);
    load_keys_wipe(&k);
    file_with(".csv", "imsi,k,opc\n001010000000003,12,34\n");
    assert_false(read_keys(&k));
    file_with(".csv", "imsi,k,opc\n");
    assert_false(read_keys(&k));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_air),
        cmocka_unit_test(a_ulr),
        cmocka_unit_test(a_resynchronisation),
        cmocka_unit_test(outcomes),
        cmocka_unit_test(common_keys),
        cmocka_unit_test(rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
