/* codec/nas_container.h */
#include "codec/nas_container.h"
#include "codec/nas_samples.h"
#include <stdlib.h>

union any_container {
#define X(name, type, list) struct nas_##name name;
    NAS_CONTAINERS(X)
#undef X
};
/* The messages that carry one, in the order of the types. */
static const char *const carriers[] = {
    "identity_request.devid_challenge",  "identity_response.devid_proof",
    "identity_request.kme_command",      "identity_response.kme_payload",
    "attach_reject.kme_result",          "attach_request.provisioning_with_proof",
    "attach_reject.provisioning_result",
};

/* The content of the last element of a sample, which is the container: what is behind 7E. */
static struct bytes container_in(const char *sample, unsigned type)
{
    struct bytes pdu = sample_named(sample);
    for (size_t i = 2; i + 4 < pdu.n; i++) {
        size_t n = (size_t)pdu.p[i + 1] << 8 | pdu.p[i + 2];
        if (pdu.p[i] == NAS_IEI_BINDERY && i + 3 + n == pdu.n && pdu.p[i + 3] == type) {
            return (struct bytes){pdu.p + i + 3, n};
        }
    }
    fail_msg("%s has no container", sample);
    return (struct bytes){NULL, 0};
}

static void every_container_is_parsed_and_written_as_it_was(void **state)
{
    (void)state;
    for (unsigned type = 1; type <= 7; type++) {
        union any_container in;
        uint8_t seen;
        uint8_t out[NAS_CONTAINER_MAX];
        struct bytes back;
        struct bytes value = container_in(carriers[type - 1], type);
        const struct nas_container *c = nas_container_of((uint8_t)type);
        assert_non_null(c);
        assert_int_equal(c->type, type);
        assert_ok(nas_container_type(value, &seen));
        assert_int_equal(seen, type);
        assert_ok(nas_container_parse(c, value, &in));
        assert_ok(nas_container_write(c, &in, MBYTES_OF(out), &back));
        assert_true(bytes_eq(back, value));
        for (size_t n = 0; n < value.n; n++) {
            assert_err(nas_container_write(c, &in, (struct mbytes){out, n}, &back), E_NO_ROOM);
        }
    }
    assert_null(nas_container_of(0));
    assert_null(nas_container_of(8));
}

static void every_prefix_is_refused_but_one_without_the_optional_proof(void **state)
{
    (void)state;
    for (unsigned type = 1; type <= 7; type++) {
        struct bytes value = container_in(carriers[type - 1], type);
        size_t taken = 0;
        for (size_t n = 0; n < value.n; n++) {
            union any_container in, zero;
            uint8_t *copy = exact_copy((struct bytes){value.p, n});
            const struct nas_container *c = nas_container_of((uint8_t)type);
            memset(&zero, 0, sizeof zero);
            enum err e = nas_container_parse(c, (struct bytes){copy, n}, &in);
            taken += e == E_OK;
            assert_true(e == E_OK || memcmp(&in, &zero, c->size) == 0);
            free(copy);
        }
        assert_int_equal(taken, type == NAS_CONTAINER_PROVISIONING_REQ ? 1 : 0);
    }
}

static void members_are_what_was_sent(void **state)
{
    (void)state;
    struct nas_kme_payload m;
    assert_ok(nas_container_parse(&nas_kme_payload_container, container_in(carriers[3], 4), &m));
    assert_true(bytes_eq(m.imsi, BYTES_LIT("\x00\x01\x01\x21\x43\x65\x87\xf9")));
    assert_true(bytes_eq(m.imei, BYTES_LIT("35209900176148")));
    assert_true(bytes_eq(m.lot, BYTES_LIT("acme-2024-a")));
    assert_int_equal(m.ciphertext.n, 256);
    struct nas_provisioning_request p;
    assert_ok(nas_container_parse(&nas_provisioning_request_container,
                                  container_in("attach_request.provisioning", 6), &p));
    assert_null(p.proof.p);
    assert_int_equal(p.device_nonce.n, 16);
}

static enum err parse_challenge(struct bytes value)
{
    struct nas_devid_challenge m;
    uint8_t *copy = exact_copy(value);
    enum err e =
        nas_container_parse(&nas_devid_challenge_container, (struct bytes){copy, value.n}, &m);
    free(copy);
    return e;
}

static void there_is_one_way_to_write_a_container(void **state)
{
    (void)state;
#define NONCE                                                                                      \
    "\x01\x00\x20"                                                                                 \
    "0123456789abcdef0123456789abcdef"
#define ALGORITHMS "\x02\x00\x01\x01"
    assert_ok(parse_challenge(BYTES_LIT("\x01\x01" NONCE ALGORITHMS)));
    assert_err(parse_challenge(BYTES_LIT("\x01\x02" NONCE ALGORITHMS)), E_UNSUPPORTED);
    assert_err(parse_challenge(BYTES_LIT("\x02\x01" NONCE ALGORITHMS)), E_UNSUPPORTED);
    assert_err(parse_challenge(BYTES_LIT("\x08\x01" NONCE ALGORITHMS)), E_UNSUPPORTED);
    assert_err(parse_challenge(BYTES_LIT("\x01\x01" ALGORITHMS NONCE)), E_MISSING);
    assert_err(parse_challenge(BYTES_LIT("\x01\x01" ALGORITHMS)), E_MISSING);
    assert_err(parse_challenge(BYTES_LIT("\x01\x01" NONCE)), E_MISSING);
    assert_err(parse_challenge(BYTES_LIT("\x01\x01" NONCE NONCE ALGORITHMS)), E_UNKNOWN);
    assert_err(parse_challenge(BYTES_LIT("\x01\x01" NONCE "\x63\x00\x00" ALGORITHMS)), E_UNKNOWN);
    assert_err(parse_challenge(BYTES_LIT("\x01\x01" NONCE ALGORITHMS "\x00")), E_TRAILING);
    assert_err(parse_challenge(BYTES_LIT("\x01\x01" NONCE ALGORITHMS ALGORITHMS)), E_TRAILING);
    assert_err(parse_challenge(BYTES_LIT("\x01\x01\x01\x00\x1f"
                                         "0123456789abcdef0123456789abcde" ALGORITHMS)),
               E_BAD_LENGTH);
    assert_err(parse_challenge(BYTES_LIT("\x01\x01" NONCE "\x02\x00\x09"
                                         "123456789")),
               E_BAD_LENGTH);
#undef NONCE
#undef ALGORITHMS
}

static void the_writer_refuses_what_the_parser_would(void **state)
{
    (void)state;
    struct nas_devid_challenge m = {.nonce = BYTES_LIT("0123456789abcdef0123456789abcdef")};
    uint8_t out[64];
    struct bytes value = {NULL, 7};
    const struct nas_container *c = &nas_devid_challenge_container;
    assert_err(nas_container_write(c, &m, MBYTES_OF(out), &value), E_MISSING);
    m.algorithms = BYTES_LIT("123456789");
    assert_err(nas_container_write(c, &m, MBYTES_OF(out), &value), E_BAD_LENGTH);
    m.algorithms.n = 0;
    assert_err(nas_container_write(c, &m, MBYTES_OF(out), &value), E_BAD_LENGTH);
    assert_int_equal(value.n, 7);
    m.algorithms.n = 2;
    assert_ok(nas_container_write(c, &m, MBYTES_OF(out), &value));
}

static void the_largest_container_of_each_type_fits_a_message(void **state)
{
    (void)state;
    for (unsigned type = 1; type <= 7; type++) {
        const struct nas_container *c = nas_container_of((uint8_t)type);
        size_t most = 2;
        for (size_t i = 0; i < c->n; i++) {
            most += 3U + c->rows[i].max;
            assert_true(i == 0 || c->rows[i].tag > c->rows[i - 1].tag);
        }
        assert_true(most <= NAS_CONTAINER_MAX);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_container_is_parsed_and_written_as_it_was),
        cmocka_unit_test(every_prefix_is_refused_but_one_without_the_optional_proof),
        cmocka_unit_test(members_are_what_was_sent),
        cmocka_unit_test(there_is_one_way_to_write_a_container),
        cmocka_unit_test(the_writer_refuses_what_the_parser_would),
        cmocka_unit_test(the_largest_container_of_each_type_fits_a_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
