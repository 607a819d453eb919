#include "wire/certattach.h"

#include "codec/nas_container.h"
#include "codec/samples.h"
#include "lib/check.h"

#include <stdlib.h>
#include <string.h>

static uint8_t counting[8192];

static void count_octets(void)
{
    for (size_t i = 0; i < sizeof counting; i++) {
        counting[i] = (uint8_t)i;
    }
}

static struct certattach_request sample_request_of(size_t signature_n)
{
    static uint8_t proof[CERTATTACH_PROOF_MAX];
    struct certattach_request q = {.url = BYTES_LIT("https://certs.example.org/DeviceID=42")};
    count_octets();
    memcpy(q.nonce, counting, sizeof q.nonce);
    if (signature_n > 0) {
        proof[0] = DEVID_ECDSA_P256;
        memcpy(proof + 1, counting + 64, signature_n);
        q.proof = (struct bytes){proof, 1 + signature_n};
    }
    return q;
}

static struct certattach_result sample_result(size_t box_n, size_t certificates_n)
{
    struct certattach_result r = {.expiry = 0x0102030405060708};
    count_octets();
    memcpy(r.nonce_1, counting + 32, sizeof r.nonce_1);
    r.box = (struct bytes){counting + 1, box_n};
    r.signature = (struct bytes){counting + 2, CERTATTACH_SIGNATURE_LEN};
    r.certificates = (struct bytes){counting + 3, certificates_n};
    return r;
}

static void assert_same_request(const struct certattach_request *a,
                                const struct certattach_request *b)
{
    assert_true(bytes_eq(a->url, b->url) && bytes_eq(a->proof, b->proof));
    assert_true((a->proof.p == NULL) == (b->proof.p == NULL));
    assert_memory_equal(a->nonce, b->nonce, sizeof a->nonce);
}

static void assert_same_result(const struct certattach_result *a, const struct certattach_result *b)
{
    assert_true(bytes_eq(a->box, b->box) && bytes_eq(a->signature, b->signature) &&
                bytes_eq(a->certificates, b->certificates));
    assert_memory_equal(a->nonce_1, b->nonce_1, sizeof a->nonce_1);
    assert_true(a->expiry == b->expiry);
}

/* ---- containers ---- */

static void assert_octets(struct bytes got, const char *hex)
{
    char text[600];
    assert_true(2 * got.n < sizeof text);
    hex_encode(got, text);
    assert_string_equal(text, hex);
}

/* The requests are those of test/vectors/nas_samples.txt, written by another hand. */
/*= test certattach-1b certattach-4 */
static void containers_are_the_octets_of_the_samples(void **state)
{
    (void)state;
    uint8_t out[WIRE_CERTATTACH_RESULT_MAX];
    struct bytes value;
    struct certattach_request q = sample_request_of(0);
    assert_ok(wire_certattach_request_write(&q, MBYTES_OF(out), &value));
    assert_octets(value,
                  "06010e002568747470733a2f2f63657274732e6578616d706c652e6f72672f446576696365"
                  "49443d34320f0010000102030405060708090a0b0c0d0e0f");
    q = sample_request_of(64);
    assert_ok(wire_certattach_request_write(&q, MBYTES_OF(out), &value));
    assert_octets(value,
                  "06010e002568747470733a2f2f63657274732e6578616d706c652e6f72672f44657669636549443d"
                  "34320f0010000102030405060708090a0b0c0d0e0f10004101404142434445464748494a4b4c4d4e"
                  "4f505152535455565758595a5b5c5d5e5f606162636465666768696a6b6c6d6e6f70717273747576"
                  "7778797a7b7c7d7e7f");
    const struct certattach_result r = sample_result(5, 3);
    assert_ok(wire_certattach_result_write(&r, MBYTES_OF(out), &value));
    assert_octets(value, "0701080010202122232425262728292a2b2c2d2e2f090008010203040506070"
                         "80a000501020304050b004002030405060708090a0b0c0d0e0f101112131415"
                         "161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f30313233343"
                         "5363738393a3b3c3d3e3f40410c0003030405");
}

static void a_request_comes_through_and_no_prefix_of_it_does(void **state)
{
    (void)state;
    static const size_t signatures[] = {0, 64, 96, 256, 512};
    for (size_t i = 0; i < sizeof signatures / sizeof signatures[0]; i++) {
        const struct certattach_request sent = sample_request_of(signatures[i]);
        struct certattach_request got = {.url = {NULL, 7}};
        uint8_t out[WIRE_CERTATTACH_REQUEST_MAX];
        struct bytes value, none;
        assert_ok(wire_certattach_request_write(&sent, MBYTES_OF(out), &value));
        for (size_t n = 0; n < value.n; n++) {
            uint8_t *exact = exact_copy((struct bytes){value.p, n});
            const enum err err = wire_certattach_request_read((struct bytes){exact, n}, &got);
            /* the proof is optional, and the last: without it there is a request as well */
            const bool whole = signatures[i] > 0 && n == value.n - 3 - sent.proof.n;
            assert_int_equal(err == E_OK, whole);
            assert_int_equal(got.url.n, whole || got.url.p != NULL ? sent.url.n : 7);
            free(exact);
            uint8_t *room = malloc(n + 1);
            assert_err(wire_certattach_request_write(&sent, (struct mbytes){room, n}, &none),
                       E_NO_ROOM);
            free(room);
        }
        assert_ok(wire_certattach_request_read(value, &got));
        assert_same_request(&got, &sent);
    }
}

static void a_result_comes_through_and_no_prefix_of_it_does(void **state)
{
    (void)state;
    static const struct {
        size_t box, certificates;
    } sizes[] = {{1, 1}, {143, 420}, {366, 1024}, {CERTATTACH_BOX_MAX, 512}};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        const struct certattach_result sent = sample_result(sizes[i].box, sizes[i].certificates);
        struct certattach_result got = {.expiry = 7};
        uint8_t out[WIRE_CERTATTACH_RESULT_MAX];
        struct bytes value, none;
        assert_ok(wire_certattach_result_write(&sent, MBYTES_OF(out), &value));
        for (size_t n = 0; n < value.n; n++) {
            uint8_t *exact = exact_copy((struct bytes){value.p, n});
            assert_int_not_equal(wire_certattach_result_read((struct bytes){exact, n}, &got), E_OK);
            free(exact);
            uint8_t *room = malloc(n + 1);
            assert_err(wire_certattach_result_write(&sent, (struct mbytes){room, n}, &none),
                       E_NO_ROOM);
            free(room);
        }
        assert_int_equal(got.expiry, 7);
        assert_ok(wire_certattach_result_read(value, &got));
        assert_same_result(&got, &sent);
    }
}

static void the_longest_request_has_room(void **state)
{
    (void)state;
    uint8_t out[WIRE_CERTATTACH_REQUEST_MAX];
    struct bytes value;
    struct certattach_request q = sample_request_of(DEVID_SIGNATURE_MAX);
    q.url = (struct bytes){counting, CERTATTACH_URL_MAX};
    assert_ok(wire_certattach_request_write(&q, MBYTES_OF(out), &value));
    assert_int_equal(value.n, WIRE_CERTATTACH_REQUEST_MAX);
}

/* A key of 4096 bits, TUAK, and the longest chain that an operator may have, with one APN. */
static void the_longest_result_of_one_apn_can_be_carried(void **state)
{
    (void)state;
    uint8_t out[WIRE_CERTATTACH_RESULT_MAX];
    struct bytes value;
    const size_t box = 1 + CERTATTACH_SENT_MAX + CERTATTACH_TAG_LEN + CERTATTACH_PROFILE_MAX -
                       4 * CERTATTACH_APN_MAX - 4 * 2 + 2 + 10;
    const struct certattach_result r = sample_result(box, 1024);
    assert_ok(wire_certattach_result_write(&r, MBYTES_OF(out), &value));
}

static void what_has_no_place_in_a_container_is_not_written(void **state)
{
    (void)state;
    uint8_t out[4 * WIRE_CERTATTACH_RESULT_MAX];
    struct bytes value = {NULL, 7};
    struct certattach_request q = sample_request_of(63);
    assert_err(wire_certattach_request_write(&q, MBYTES_OF(out), &value), E_BAD_LENGTH);
    q = sample_request_of(0);
    q.url.n = 0;
    assert_err(wire_certattach_request_write(&q, MBYTES_OF(out), &value), E_BAD_LENGTH);
    q.url.p = NULL;
    assert_err(wire_certattach_request_write(&q, MBYTES_OF(out), &value), E_MISSING);
    struct certattach_result r = sample_result(4097, 10);
    assert_err(wire_certattach_result_write(&r, MBYTES_OF(out), &value), E_BAD_LENGTH);
    r = sample_result(10, 3073);
    assert_err(wire_certattach_result_write(&r, MBYTES_OF(out), &value), E_BAD_LENGTH);
    r = sample_result(10, 10);
    r.signature.n = 63;
    assert_err(wire_certattach_result_write(&r, MBYTES_OF(out), &value), E_BAD_LENGTH);
    assert_null(value.p);
}

static void a_container_of_another_kind_is_not_read(void **state)
{
    (void)state;
    uint8_t out[WIRE_CERTATTACH_RESULT_MAX];
    struct bytes value;
    struct certattach_request q = sample_request_of(64);
    struct certattach_result r = sample_result(5, 3);
    assert_ok(wire_certattach_request_write(&q, MBYTES_OF(out), &value));
    assert_err(wire_certattach_result_read(value, &r), E_UNSUPPORTED);
    out[1] = 2;
    assert_err(wire_certattach_request_read(value, &q), E_UNSUPPORTED);
    assert_ok(wire_certattach_result_write(&r, MBYTES_OF(out), &value));
    assert_err(wire_certattach_request_read(value, &q), E_UNSUPPORTED);
}

static void a_time_that_is_none_is_not_read(void **state)
{
    (void)state;
    uint8_t out[WIRE_CERTATTACH_RESULT_MAX];
    struct bytes value;
    struct certattach_result r = sample_result(5, 3);
    r.expiry = INT64_MAX;
    assert_ok(wire_certattach_result_write(&r, MBYTES_OF(out), &value));
    assert_ok(wire_certattach_result_read(value, &r));
    assert_true(r.expiry == INT64_MAX);
    out[24] = 0x80; /* its first octet */
    assert_err(wire_certattach_result_read(value, &r), E_BAD_VALUE);
    assert_true(r.expiry == INT64_MAX);
}

/* ---- AVPs ---- */

static uint8_t octets[4096];

/*= test certattach-2a */
static void a_request_comes_through_to_the_ausf_as_the_device_wrote_it(void **state)
{
    (void)state;
    static struct s13_ecr ecr, parsed;
    static const uint8_t network[] = {0x00, 0xf1, 0x10};
    struct diameter_fault fault;
    uint8_t out[WIRE_CERTATTACH_REQUEST_MAX];
    const struct certattach_request sent = sample_request_of(64);
    struct certattach_request got;
    struct plmn plmn;
    struct bytes value, again;
    size_t n = 0;
    sample_ecr(&ecr);
    assert_ok(wire_certattach_request_write(&sent, MBYTES_OF(out), &value));
    wire_certattach_inquiry_fill(value, network, &ecr);
    assert_ok(s13_ecr_write(OWN, &ecr, MBYTES_OF(octets), &n));
    assert_ok(s13_ecr_parse(OWN, (struct bytes){octets, n}, &parsed, &fault));
    assert_ok(wire_certattach_inquiry_read(&parsed, &again, &plmn));
    assert_true(bytes_eq(again, value));
    assert_string_equal(plmn.mcc, "001");
    assert_string_equal(plmn.mnc, "01");
    assert_ok(wire_certattach_request_read(again, &got));
    assert_same_request(&got, &sent);
}

static void an_inquiry_is_whole_or_none(void **state)
{
    (void)state;
    static struct s13_ecr ecr;
    static const uint8_t network[] = {0x00, 0xf1, 0x10, 0}, wrong[] = {0x00, 0xa1, 0x10};
    struct plmn plmn = {.mcc = "999"};
    struct bytes value = {NULL, 7};
    sample_ecr(&ecr);
    ecr.provisioning_request = (struct bytes){NULL, 0};
    assert_err(wire_certattach_inquiry_read(&ecr, &value, &plmn), E_NOT_FOUND);
    wire_certattach_inquiry_fill(BYTES_LIT("x"), network, &ecr);
    ecr.provisioning_plmn = (struct bytes){NULL, 0};
    assert_err(wire_certattach_inquiry_read(&ecr, &value, &plmn), E_MISSING);
    for (size_t n = 0; n <= sizeof network; n++) {
        ecr.provisioning_plmn = (struct bytes){network, n};
        if (n != 3) {
            assert_err(wire_certattach_inquiry_read(&ecr, &value, &plmn), E_BAD_LENGTH);
        }
    }
    ecr.provisioning_plmn = BYTES_OF(wrong);
    assert_err(wire_certattach_inquiry_read(&ecr, &value, &plmn), E_BAD_DIGIT);
    assert_string_equal(plmn.mcc, "999");
    assert_int_equal(value.n, 7);
}

/*= test certattach-4 */
static void a_result_comes_through_to_the_mme_as_the_ausf_wrote_it(void **state)
{
    (void)state;
    static struct s13_eca eca, parsed;
    struct diameter_fault fault;
    uint8_t out[WIRE_CERTATTACH_RESULT_MAX];
    const struct certattach_result sent = sample_result(200, 900);
    struct certattach_result got;
    struct bytes value, again;
    size_t n = 0;
    sample_eca(&eca);
    assert_ok(wire_certattach_result_write(&sent, MBYTES_OF(out), &value));
    wire_certattach_answer_fill(value, &eca);
    assert_ok(s13_eca_write(OWN, &eca, MBYTES_OF(octets), &n));
    assert_ok(s13_eca_parse(OWN, (struct bytes){octets, n}, &parsed, &fault));
    assert_ok(wire_certattach_answer_read(&parsed, &again));
    assert_true(bytes_eq(again, value));
    assert_ok(wire_certattach_result_read(again, &got));
    assert_same_result(&got, &sent);
}

static void what_is_no_result_goes_to_no_device(void **state)
{
    (void)state;
    static struct s13_eca eca;
    uint8_t out[2 * WIRE_CERTATTACH_RESULT_MAX];
    struct bytes value, again = {NULL, 7};
    struct certattach_result r = sample_result(5, 3);
    sample_eca(&eca);
    eca.provisioning_result = (struct bytes){NULL, 0};
    assert_err(wire_certattach_answer_read(&eca, &again), E_NOT_FOUND);
    assert_ok(wire_certattach_result_write(&r, MBYTES_OF(out), &value));
    wire_certattach_answer_fill((struct bytes){value.p, value.n - 1}, &eca);
    assert_err(wire_certattach_answer_read(&eca, &again), E_TRUNCATED);
    wire_certattach_answer_fill((struct bytes){value.p, value.n + 1}, &eca);
    assert_err(wire_certattach_answer_read(&eca, &again), E_TRAILING);
    wire_certattach_answer_fill(BYTES_LIT(""), &eca);
    assert_err(wire_certattach_answer_read(&eca, &again), E_TRUNCATED);
    const struct certattach_request q = sample_request_of(64);
    assert_ok(wire_certattach_request_write(&q, MBYTES_OF(out), &value));
    wire_certattach_answer_fill(value, &eca);
    assert_err(wire_certattach_answer_read(&eca, &again), E_UNSUPPORTED);
    r = sample_result(1000, 1000);
    assert_ok(wire_certattach_result_write(&r, MBYTES_OF(out), &value));
    assert_true(value.n > WIRE_CERTATTACH_RESULT_MAX);
    wire_certattach_answer_fill(value, &eca);
    assert_err(wire_certattach_answer_read(&eca, &again), E_BAD_LENGTH);
    assert_int_equal(again.n, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(containers_are_the_octets_of_the_samples),
        cmocka_unit_test(a_request_comes_through_and_no_prefix_of_it_does),
        cmocka_unit_test(a_result_comes_through_and_no_prefix_of_it_does),
        cmocka_unit_test(the_longest_request_has_room),
        cmocka_unit_test(the_longest_result_of_one_apn_can_be_carried),
        cmocka_unit_test(what_has_no_place_in_a_container_is_not_written),
        cmocka_unit_test(a_container_of_another_kind_is_not_read),
        cmocka_unit_test(a_time_that_is_none_is_not_read),
        cmocka_unit_test(a_request_comes_through_to_the_ausf_as_the_device_wrote_it),
        cmocka_unit_test(an_inquiry_is_whole_or_none),
        cmocka_unit_test(a_result_comes_through_to_the_mme_as_the_ausf_wrote_it),
        cmocka_unit_test(what_is_no_result_goes_to_no_device),
    };
    return cmocka_run_group_tests_name("wire/certattach", tests, NULL, NULL);
}
