#include "wire/kme.h"

#include "codec/nas_container.h"
#include "codec/samples.h"
#include "lib/check.h"

#include <stdlib.h>
#include <string.h>

static struct imsi imsi_of(const char *digits)
{
    struct imsi imsi;
    assert_ok(imsi_parse(bytes_of_str(digits), &imsi));
    return imsi;
}

static struct imei imei_of(const char *digits)
{
    struct imei imei;
    assert_ok(imei_parse(bytes_of_str(digits), &imei));
    return imei;
}

static uint8_t counting[KME_MODULUS_MAX + 1];

static struct kme_payload sample_payload(size_t n)
{
    struct kme_payload p = {.imsi = imsi_of("001010123456789"), .imei = imei_of("35209900176148")};
    assert_ok(kme_lot_id_parse(BYTES_LIT("acme-2024-a"), &p.lot));
    for (size_t i = 0; i < sizeof counting; i++) {
        counting[i] = (uint8_t)i;
    }
    p.encrypted = (struct bytes){counting, n};
    return p;
}

static void assert_same_payload(const struct kme_payload *a, const struct kme_payload *b)
{
    assert_true(imsi_eq(&a->imsi, &b->imsi) && imei_eq(&a->imei, &b->imei));
    assert_true(kme_lot_id_eq(&a->lot, &b->lot) && bytes_eq(a->encrypted, b->encrypted));
}

/* ---- containers ---- */

/* The containers of test/vectors/nas_samples.txt, written by another hand. */
/*= test kme-4c kme-6 kme-11 */
static void containers_are_the_octets_of_the_samples(void **state)
{
    (void)state;
    uint8_t want[64], out[WIRE_KME_PAYLOAD_MAX];
    struct bytes value;
    assert_ok(wire_kme_command_write(sample_payload(256).encrypted.p, MBYTES_OF(out), &value));
    assert_ok(hex_decode("0301010010000102030405060708090a0b0c0d0e0f", (struct mbytes){want, 21}));
    assert_true(bytes_eq(value, (struct bytes){want, 21}));
    assert_ok(wire_kme_result_write(counting, MBYTES_OF(out), &value));
    assert_ok(
        hex_decode("05010d0020000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
                   (struct mbytes){want, 37}));
    assert_true(bytes_eq(value, (struct bytes){want, 37}));
    const struct kme_payload p = sample_payload(256);
    assert_ok(wire_kme_payload_write(&p, MBYTES_OF(out), &value));
    assert_ok(
        hex_decode("040103000800010121436587f904000e333532303939303031373631343807000b61636d65"
                   "2d323032342d610a0100",
                   (struct mbytes){want, 47}));
    assert_int_equal(value.n, 47 + 256);
    assert_memory_equal(value.p, want, 47);
    assert_memory_equal(value.p + 47, counting, 256);
}

typedef enum err fixed_writer(const uint8_t *in, struct mbytes out, struct bytes *value);
typedef enum err fixed_reader(struct bytes value, uint8_t *out);

static void fixed_comes_through(fixed_writer *write, fixed_reader *read, size_t n)
{
    uint8_t out[64], got[64], untouched[64];
    struct bytes value, none;
    memset(got, 0x5c, sizeof got);
    memset(untouched, 0x5c, sizeof untouched);
    assert_ok(write(octets_1, MBYTES_OF(out), &value));
    for (size_t cut = 0; cut < value.n; cut++) {
        uint8_t *exact = exact_copy((struct bytes){value.p, cut});
        assert_int_not_equal(read((struct bytes){exact, cut}, got), E_OK);
        free(exact);
        uint8_t *room = malloc(cut + 1);
        assert_err(write(octets_1, (struct mbytes){room, cut}, &none), E_NO_ROOM);
        free(room);
    }
    assert_memory_equal(got, untouched, sizeof got);
    assert_ok(read(value, got));
    assert_memory_equal(got, octets_1, n);
    assert_memory_equal(got + n, untouched, sizeof got - n);
}

static enum err command_write(const uint8_t *in, struct mbytes out, struct bytes *value)
{
    return wire_kme_command_write(in, out, value);
}

static enum err command_read(struct bytes value, uint8_t *out)
{
    return wire_kme_command_read(value, out);
}

static enum err result_write(const uint8_t *in, struct mbytes out, struct bytes *value)
{
    return wire_kme_result_write(in, out, value);
}

static enum err result_read(struct bytes value, uint8_t *out)
{
    return wire_kme_result_read(value, out);
}

/*= test kme-4c kme-11 */
static void command_and_result_come_through_and_no_prefix_of_them_does(void **state)
{
    (void)state;
    fixed_comes_through(command_write, command_read, KME_NONCE_LEN);
    fixed_comes_through(result_write, result_read, KME_NW_SIG_LEN);
}

/*= test kme-6 */
static void a_payload_comes_through_and_no_prefix_of_it_does(void **state)
{
    (void)state;
    static const size_t lengths[] = {256, 288, 384, 512};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        const struct kme_payload sent = sample_payload(lengths[i]);
        struct kme_payload got;
        uint8_t out[WIRE_KME_PAYLOAD_MAX];
        struct bytes value, none;
        assert_ok(wire_kme_payload_write(&sent, MBYTES_OF(out), &value));
        for (size_t n = 0; n < value.n; n++) {
            uint8_t *exact = exact_copy((struct bytes){value.p, n});
            assert_int_not_equal(wire_kme_payload_read((struct bytes){exact, n}, &got), E_OK);
            free(exact);
            uint8_t *room = malloc(n + 1);
            assert_err(wire_kme_payload_write(&sent, (struct mbytes){room, n}, &none), E_NO_ROOM);
            free(room);
        }
        assert_ok(wire_kme_payload_read(value, &got));
        assert_same_payload(&got, &sent);
    }
}

static void the_longest_payload_has_room(void **state)
{
    (void)state;
    struct kme_payload p = sample_payload(KME_MODULUS_MAX);
    uint8_t out[WIRE_KME_PAYLOAD_MAX];
    struct bytes value;
    assert_ok(kme_lot_id_parse(BYTES_LIT("0123456789abcdef0123456789abcdef"), &p.lot));
    assert_ok(wire_kme_payload_write(&p, MBYTES_OF(out), &value));
    assert_int_equal(value.n, WIRE_KME_PAYLOAD_MAX);
    assert_err(wire_kme_payload_write(&p, (struct mbytes){out, sizeof out - 1}, &value), E_NO_ROOM);
}

static void what_has_no_place_in_a_container_is_not_written(void **state)
{
    (void)state;
    static const size_t wrong[] = {0, 255, 513};
    uint8_t out[2 * WIRE_KME_PAYLOAD_MAX];
    struct bytes value = {NULL, 7};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        const struct kme_payload p = sample_payload(wrong[i]);
        assert_err(wire_kme_payload_write(&p, MBYTES_OF(out), &value), E_BAD_LENGTH);
    }
    struct kme_payload p = sample_payload(256);
    p.lot.n = 0;
    assert_err(wire_kme_payload_write(&p, MBYTES_OF(out), &value), E_BAD_LENGTH);
    assert_null(value.p);
}

/* Where the octet that is spoilt stands in the sample above. */
static void identities_that_are_none_are_refused_and_nothing_is_changed(void **state)
{
    (void)state;
    static const struct {
        size_t at;
        uint8_t octet;
        enum err err;
    } table[] = {
        {0, 3, E_UNSUPPORTED},   /* the type */
        {1, 2, E_UNSUPPORTED},   /* the version */
        {5, 0xa0, E_BAD_DIGIT},  /* IMSI */
        {12, 0x9f, E_BAD_DIGIT}, /* filled from the wrong end */
        {16, 'x', E_BAD_DIGIT},  /* IMEI */
        {33, ' ', E_BAD_VALUE},  /* lot id */
    };
    uint8_t out[WIRE_KME_PAYLOAD_MAX], nonce[KME_NONCE_LEN];
    struct bytes value;
    const struct kme_payload sent = sample_payload(256);
    struct kme_payload got = sent;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        assert_ok(wire_kme_payload_write(&sent, MBYTES_OF(out), &value));
        out[table[i].at] = table[i].octet;
        got.encrypted.n = 5;
        assert_err(wire_kme_payload_read(value, &got), table[i].err);
        assert_int_equal(got.encrypted.n, 5);
    }
    assert_err(wire_kme_command_read(value, nonce), E_UNSUPPORTED);
    assert_err(wire_kme_result_read(value, out), E_UNSUPPORTED);
}

/* ---- AVPs ---- */

static uint8_t octets[4096];

static struct s6a_aia *aia_through(const struct s6a_aia *sent)
{
    static struct s6a_aia got;
    struct diameter_fault fault;
    size_t n = 0;
    assert_ok(s6a_aia_write(OWN, sent, MBYTES_OF(octets), &n));
    assert_ok(s6a_aia_parse(OWN, (struct bytes){octets, n}, &got, &fault));
    return &got;
}

/*= test kme-4b */
static void an_offer_comes_through_in_the_answer_and_leaves_the_rest_of_its_group(void **state)
{
    (void)state;
    static struct s6a_aia aia;
    uint8_t nonce[KME_NONCE_LEN];
    sample_aia(&aia);
    aia.binding_control = (struct s6a_binding_control){
        .present = true, .proof_control = DIAMETER_U32_OF(S6A_PROOF_WANTED)};
    wire_kme_offer_fill(octets_1, &aia.binding_control);
    const struct s6a_aia *got = aia_through(&aia);
    assert_ok(wire_kme_offer_read(&got->binding_control, nonce));
    assert_memory_equal(nonce, octets_1, sizeof nonce);
    assert_int_equal(got->binding_control.proof_control.v, S6A_PROOF_WANTED);
}

/*= test kme-4b */
static void a_vector_that_is_not_for_provisioning_only_has_no_offer(void **state)
{
    (void)state;
    uint8_t nonce[KME_NONCE_LEN] = {0};
    struct s6a_binding_control c = {.present = false};
    assert_err(wire_kme_offer_read(&c, nonce), E_NOT_FOUND);
    c.present = true;
    assert_err(wire_kme_offer_read(&c, nonce), E_NOT_FOUND);
    for (uint32_t mode = S6A_BINDING_REGULAR; mode <= S6A_BINDING_PROCESSED; mode++) {
        c.binding_mode = DIAMETER_U32_OF(mode);
        c.hss_nonce = FIRST(KME_NONCE_LEN);
        assert_err(wire_kme_offer_read(&c, nonce), E_NOT_FOUND);
    }
    c.binding_mode = DIAMETER_U32_OF(S6A_BINDING_PROVISIONING_ONLY);
    c.hss_nonce = (struct bytes){NULL, 0};
    assert_err(wire_kme_offer_read(&c, nonce), E_MISSING);
    c.hss_nonce = FIRST(KME_NONCE_LEN - 1);
    assert_err(wire_kme_offer_read(&c, nonce), E_BAD_LENGTH);
    assert_memory_equal(nonce, (const uint8_t[KME_NONCE_LEN]){0}, sizeof nonce);
}

/*= test kme-7 */
static void a_payload_comes_through_in_the_update_as_the_device_wrote_it(void **state)
{
    (void)state;
    static struct s6a_ulr ulr, parsed;
    struct diameter_fault fault;
    uint8_t out[WIRE_KME_PAYLOAD_MAX];
    const struct kme_payload sent = sample_payload(512);
    struct kme_payload got;
    struct bytes value;
    size_t n = 0;
    sample_ulr(&ulr);
    ulr.kme_payload = (struct bytes){NULL, 0};
    assert_err(wire_kme_update_read(&ulr, &got), E_NOT_FOUND);
    assert_ok(wire_kme_payload_write(&sent, MBYTES_OF(out), &value));
    wire_kme_update_fill(value, &ulr);
    assert_ok(s6a_ulr_write(OWN, &ulr, MBYTES_OF(octets), &n));
    assert_ok(s6a_ulr_parse(OWN, (struct bytes){octets, n}, &parsed, &fault));
    assert_true(bytes_eq(parsed.kme_payload, value));
    assert_ok(wire_kme_update_read(&parsed, &got));
    assert_same_payload(&got, &sent);
    wire_kme_update_fill((struct bytes){out, value.n - 1}, &ulr);
    assert_err(wire_kme_update_read(&ulr, &got), E_TRUNCATED);
}

/*= test kme-10 */
static void an_answer_comes_through_in_the_answer_to_the_update(void **state)
{
    (void)state;
    static struct s6a_ula ula, parsed;
    struct diameter_fault fault;
    uint8_t got[KME_NW_SIG_LEN] = {0};
    size_t n = 0;
    sample_ula(&ula);
    ula.nw_signature = (struct bytes){NULL, 0};
    assert_err(wire_kme_answer_read(&ula, got), E_NOT_FOUND);
    wire_kme_answer_fill(octets_1, &ula);
    assert_ok(s6a_ula_write(OWN, &ula, MBYTES_OF(octets), &n));
    assert_ok(s6a_ula_parse(OWN, (struct bytes){octets, n}, &parsed, &fault));
    assert_ok(wire_kme_answer_read(&parsed, got));
    assert_memory_equal(got, octets_1, sizeof got);
    ula.nw_signature = FIRST(31);
    assert_err(wire_kme_answer_read(&ula, got), E_BAD_LENGTH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(containers_are_the_octets_of_the_samples),
        cmocka_unit_test(command_and_result_come_through_and_no_prefix_of_them_does),
        cmocka_unit_test(a_payload_comes_through_and_no_prefix_of_it_does),
        cmocka_unit_test(the_longest_payload_has_room),
        cmocka_unit_test(what_has_no_place_in_a_container_is_not_written),
        cmocka_unit_test(identities_that_are_none_are_refused_and_nothing_is_changed),
        cmocka_unit_test(an_offer_comes_through_in_the_answer_and_leaves_the_rest_of_its_group),
        cmocka_unit_test(a_vector_that_is_not_for_provisioning_only_has_no_offer),
        cmocka_unit_test(a_payload_comes_through_in_the_update_as_the_device_wrote_it),
        cmocka_unit_test(an_answer_comes_through_in_the_answer_to_the_update),
    };
    return cmocka_run_group_tests_name("wire/kme", tests, NULL, NULL);
}
