/* What the parties of procedure dimsi write and read: token, delegation, endorsement, SharedInfo
 * (src/proc/dimsi_token.c, src/proc/dimsi_sp.c, src/proc/dimsi_endorse.c, src/proc/dimsi_parts.c,
 * src/proc/dimsi_se.c), and the names (src/proc/dimsi_names.c). */
#include "proc/dimsi_rig.h"

#define LONGEST                                                                                    \
    "a123456789012345678901234567890.b123456789012345678901234567.org" /* 64 characters */

/* ---- one of each kind, and how it is read and written ---- */

static struct dimsi_atk token(const char *name)
{
    struct dimsi_atk atk = {.dimsi = drig_imsi(DRIG_DIMSI),
                            .arpf = drig_name(name),
                            .sp = drig_name(name),
                            .at = RIG_AT,
                            .counter = 0xfffffffe};
    memset(atk.point, 0x11, sizeof atk.point);
    atk.point[0] = 4;
    memset(atk.arpf_digest, 0x22, sizeof atk.arpf_digest);
    memset(atk.se_digest, 0x33, sizeof atk.se_digest);
    memset(atk.signature, 0x44, sizeof atk.signature);
    return atk;
}

static struct dimsi_delegation delegation(const char *name)
{
    struct dimsi_delegation d = {.target = drig_plmn(DRIG_TARGET),
                                 .arpf = drig_name(name),
                                 .expiry = INT64_MAX,
                                 .number = 1};
    memset(d.token, 0x55, sizeof d.token);
    return d;
}

static struct dimsi_endorsement endorsement(void)
{
    struct dimsi_endorsement e = {.dimsi = drig_imsi("901701"),
                                  .target = drig_plmn("310-410"),
                                  .number = INT64_MAX,
                                  .expiry = 0};
    memset(e.token, 0x66, sizeof e.token);
    memset(e.se_digest, 0x77, sizeof e.se_digest);
    return e;
}

/* Reads, and writes what was read: the octets are to be the same. */
static enum err token_again(struct bytes in)
{
    uint8_t out[DIMSI_ATK_MAX];
    struct dimsi_atk atk;
    struct bytes content;
    const enum err err = dimsi_atk_read(in, &atk, &content);
    if (err == E_OK) {
        assert_true(bytes_eq(dimsi_atk_write(&atk, out), in));
        assert_ptr_equal(content.p, in.p);
        assert_int_equal(content.n, in.n - DIMSI_SIGNATURE_LEN);
        assert_true(bytes_eq(dimsi_atk_content(&atk, out), content));
    }
    return err;
}

static enum err delegation_again(struct bytes in)
{
    uint8_t out[DIMSI_DELEGATION_MAX];
    struct dimsi_delegation d;
    const enum err err = dimsi_delegation_read(in, &d);
    assert_true(err != E_OK || bytes_eq(dimsi_delegation_write(&d, out), in));
    return err;
}

static enum err endorsement_again(struct bytes in)
{
    uint8_t out[DIMSI_ENDORSEMENT_MAX];
    struct dimsi_endorsement e;
    const enum err err = dimsi_endorsement_read(in, &e);
    assert_true(err != E_OK || bytes_eq(dimsi_endorsement_write(&e, out), in));
    return err;
}

struct kind {
    const char *label;
    enum err (*again)(struct bytes in);
    uint8_t octets[DIMSI_ATK_MAX];
    size_t n;
};

static size_t kinds(struct kind out[static 5])
{
    const struct dimsi_atk atk[] = {token("a"), token(LONGEST)};
    const struct dimsi_delegation d[] = {delegation("arpf.example.org"), delegation(LONGEST)};
    const struct dimsi_endorsement e = endorsement();
    for (size_t i = 0; i < 2; i++) {
        out[i] = (struct kind){.label = DIMSI_ATK_LABEL, .again = token_again};
        out[i].n = dimsi_atk_write(&atk[i], out[i].octets).n;
        out[2 + i] = (struct kind){.label = DIMSI_DELEGATION_LABEL, .again = delegation_again};
        out[2 + i].n = dimsi_delegation_write(&d[i], out[2 + i].octets).n;
    }
    out[4] = (struct kind){.label = DIMSI_ENDORSEMENT_LABEL, .again = endorsement_again};
    out[4].n = dimsi_endorsement_write(&e, out[4].octets).n;
    return 5;
}

/* As from a heap block of exactly so many octets. */
static enum err exactly(const struct kind *k, struct bytes in)
{
    uint8_t *exact = exact_copy(in);
    const enum err err = k->again((struct bytes){exact, in.n});
    free(exact);
    return err;
}

/* ---- what is read ---- */

/*= test dimsi-token-form dimsi-delegation dimsi-0e-endorse */
static void what_is_written_is_read_and_has_room_for_the_longest_names(void **state)
{
    (void)state;
    struct kind k[5];
    for (size_t i = kinds(k); i-- > 0;) {
        assert_ok(exactly(&k[i], (struct bytes){k[i].octets, k[i].n}));
    }
    assert_int_equal(k[1].n, DIMSI_ATK_MAX);
    assert_int_equal(k[3].n, DIMSI_DELEGATION_MAX);
    assert_int_equal(k[4].n, DIMSI_ENDORSEMENT_MAX);
}

/* Every item of a token comes back as it was. */
static void every_item_comes_back(void **state)
{
    (void)state;
    uint8_t out[DIMSI_ATK_MAX];
    const struct dimsi_atk made = token("arpf.example.org");
    struct dimsi_atk atk;
    struct dimsi_delegation d;
    struct dimsi_endorsement e;
    struct bytes content;
    assert_ok(dimsi_atk_read(dimsi_atk_write(&made, out), &atk, &content));
    assert_true(imsi_eq(&atk.dimsi, &made.dimsi) && dimsi_name_eq(&atk.arpf, &made.arpf));
    assert_true(dimsi_name_eq(&atk.sp, &made.sp) && atk.at == RIG_AT && atk.counter == 0xfffffffe);
    assert_memory_equal(atk.point, made.point, sizeof atk.point);
    assert_memory_equal(atk.arpf_digest, made.arpf_digest, 32);
    assert_memory_equal(atk.se_digest, made.se_digest, 32);
    assert_memory_equal(atk.signature, made.signature, 64);
    const struct dimsi_delegation d0 = delegation("a");
    assert_ok(dimsi_delegation_read(dimsi_delegation_write(&d0, out), &d));
    assert_true(plmn_eq(&d.target, &d0.target) && dimsi_name_eq(&d.arpf, &d0.arpf));
    assert_true(d.expiry == INT64_MAX && d.number == 1);
    const struct dimsi_endorsement e0 = endorsement();
    assert_ok(dimsi_endorsement_read(dimsi_endorsement_write(&e0, out), &e));
    assert_true(plmn_eq(&e.target, &e0.target) && imsi_eq(&e.dimsi, &e0.dimsi));
    assert_true(e.expiry == 0 && e.number == INT64_MAX);
    assert_memory_equal(e.token, e0.token, 32);
    assert_memory_equal(e.se_digest, e0.se_digest, 32);
}

static void no_part_of_one_is_taken_and_nothing_behind_it(void **state)
{
    (void)state;
    struct kind k[5];
    for (size_t i = kinds(k); i-- > 0;) {
        uint8_t longer[DIMSI_ATK_MAX + 1] = {0};
        for (size_t n = 0; n < k[i].n; n++) {
            assert_err(exactly(&k[i], (struct bytes){k[i].octets, n}), E_TRUNCATED);
        }
        memcpy(longer, k[i].octets, k[i].n);
        assert_err(exactly(&k[i], (struct bytes){longer, k[i].n + 1}), E_TRAILING);
    }
}

/* Nothing is written to what the caller handed in, unless all was read. */
static void a_reader_that_refuses_writes_nothing(void **state)
{
    (void)state;
    uint8_t out[DIMSI_ATK_MAX];
    const struct dimsi_atk made = token("a");
    struct dimsi_atk atk = {.counter = 77};
    struct dimsi_delegation d = {.number = 77};
    struct dimsi_endorsement e = {.number = 77};
    struct bytes content = {NULL, 77};
    const struct bytes in = dimsi_atk_write(&made, out);
    assert_err(dimsi_atk_read((struct bytes){in.p, in.n - 1}, &atk, &content), E_TRUNCATED);
    assert_err(dimsi_delegation_read(in, &d), E_BAD_LENGTH);
    assert_err(dimsi_endorsement_read(in, &e), E_BAD_LENGTH);
    assert_true(atk.counter == 77 && d.number == 77 && e.number == 77 && content.n == 77);
    static const struct dimsi_name none;
    assert_memory_equal(&atk.arpf, &none, sizeof none);
}

/* Whatever bit is another one: it is not read, or it is something else in the one way that this is
 * written (token_again and the others see to that). */
static void another_bit_is_another_content_or_none(void **state)
{
    (void)state;
    struct kind k[5];
    for (size_t i = kinds(k); i-- > 0;) {
        const size_t head = 2 + strlen(k[i].label) + 3;
        for (size_t bit = 0; bit < k[i].n * 8; bit++) {
            k[i].octets[bit / 8] ^= (uint8_t)(1U << bit % 8);
            const enum err err = exactly(&k[i], (struct bytes){k[i].octets, k[i].n});
            assert_true(bit / 8 >= head || err != E_OK);
            k[i].octets[bit / 8] ^= (uint8_t)(1U << bit % 8);
        }
        k[i].octets[head - 1] = 2;
        assert_err(exactly(&k[i], (struct bytes){k[i].octets, k[i].n}), E_UNSUPPORTED);
        k[i].octets[head - 1] = 1;
        k[i].octets[2] ^= 0x20;
        assert_err(exactly(&k[i], (struct bytes){k[i].octets, k[i].n}), E_BAD_VALUE);
    }
}

/* ---- values that have no place ---- */

static enum err with_at(int64_t at)
{
    uint8_t out[DIMSI_ATK_MAX];
    struct dimsi_atk atk = token("a");
    atk.at = at;
    return token_again(dimsi_atk_write(&atk, out));
}

static enum err with_number(uint64_t number)
{
    uint8_t out[2][DIMSI_DELEGATION_MAX];
    struct dimsi_delegation d = delegation("a");
    struct dimsi_endorsement e = endorsement();
    d.number = e.number = number;
    const enum err one = delegation_again(dimsi_delegation_write(&d, out[0]));
    assert_int_equal(endorsement_again(dimsi_endorsement_write(&e, out[1])), one);
    return one;
}

static enum err with_expiry(int64_t expiry)
{
    uint8_t out[2][DIMSI_DELEGATION_MAX];
    struct dimsi_delegation d = delegation("a");
    struct dimsi_endorsement e = endorsement();
    d.expiry = e.expiry = expiry;
    const enum err one = delegation_again(dimsi_delegation_write(&d, out[0]));
    assert_int_equal(endorsement_again(dimsi_endorsement_write(&e, out[1])), one);
    return one;
}

static void numbers_are_in_their_range(void **state)
{
    (void)state;
    assert_ok(with_at(0));
    assert_ok(with_at(INT64_MAX));
    assert_err(with_at(-1), E_BAD_VALUE);
    assert_err(with_at(INT64_MIN), E_BAD_VALUE);
    assert_ok(with_number(1));
    assert_ok(with_number(INT64_MAX));
    assert_err(with_number(0), E_BAD_VALUE);
    assert_err(with_number((uint64_t)INT64_MAX + 1), E_BAD_VALUE);
    assert_err(with_number(UINT64_MAX), E_BAD_VALUE);
    assert_ok(with_expiry(0));
    assert_err(with_expiry(-1), E_BAD_VALUE);
}

static void a_point_is_uncompressed(void **state)
{
    (void)state;
    uint8_t out[DIMSI_ATK_MAX];
    struct dimsi_atk atk = token("a");
    for (unsigned first = 0; first < 256; first++) {
        atk.point[0] = (uint8_t)first;
        assert_err(token_again(dimsi_atk_write(&atk, out)), first == 4 ? E_OK : E_BAD_VALUE);
    }
}

static void identities_have_one_form(void **state)
{
    (void)state;
    uint8_t out[DIMSI_ATK_MAX];
    const struct dimsi_atk atk = token("a");
    const struct bytes in = dimsi_atk_write(&atk, out);
    const size_t at = 2 + sizeof DIMSI_ATK_LABEL - 1 + 3 + 2; /* where the dIMSI is */
    assert_int_equal(out[at], 0x09);
    out[at + 7] = 0x2f; /* a digit behind the filler */
    assert_err(token_again(in), E_BAD_DIGIT);
    out[at + 7] = 0xf1;
    out[at] = 0x0a;
    assert_err(token_again(in), E_BAD_DIGIT);
    memset(out + at, 0xff, 8);
    assert_int_not_equal(token_again(in), E_OK);
}

/* ---- names of parties ---- */

static void a_name_is_a_dns_name_in_lower_case(void **state)
{
    (void)state;
    static const char *const good[] = {"a", "localhost", "arpf.example.org", "1-2.3", LONGEST};
    static const char *const bad[] = {"",    ".",   "a.",   ".a",         "a..b",
                                      "A",   "a.B", "-a",   "a-",         "a_b",
                                      "a b", "a/b", "a.b-", "b\xc3\xa4r", LONGEST "x"};
    struct dimsi_name name, other;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_ok(dimsi_name_parse(bytes_of_str(good[i]), &name));
        assert_string_equal(name.text, good[i]);
        assert_int_equal(name.n, strlen(good[i]));
        assert_ok(dimsi_name_parse(bytes_of_str(good[i]), &other));
        assert_true(dimsi_name_eq(&name, &other));
        assert_memory_equal(&name, &other, sizeof name); /* filled with zeros */
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        name = drig_name("a");
        assert_int_not_equal(dimsi_name_parse(bytes_of_str(bad[i]), &name), E_OK);
        assert_string_equal(name.text, "a");
    }
    const struct dimsi_name one = drig_name("a.b"), two = drig_name("a.bc"),
                            three = drig_name("b.b");
    assert_false(dimsi_name_eq(&one, &two) || dimsi_name_eq(&one, &three));
}

/* A token, whatever it says, has no name in it that is none. */
static void a_name_in_a_token_is_one_too(void **state)
{
    (void)state;
    uint8_t out[DIMSI_ATK_MAX];
    struct dimsi_atk atk = token("arpf.example.org");
    atk.arpf.text[0] = 'A';
    assert_err(token_again(dimsi_atk_write(&atk, out)), E_BAD_VALUE);
    atk = token("arpf.example.org");
    atk.sp.text[4] = '\0';
    assert_err(token_again(dimsi_atk_write(&atk, out)), E_BAD_VALUE);
    atk = token("arpf.example.org");
    atk.sp.n = 0;
    assert_err(token_again(dimsi_atk_write(&atk, out)), E_BAD_LENGTH);
}

/* ---- SharedInfo ---- */

/* By hand: usage, type, length; then dIMSI and both keys, each with its length in one octet. */
/*= test dimsi-shared-info */
static void shared_info_has_usage_type_length_the_dimsi_and_both_keys(void **state)
{
    (void)state;
    static const uint8_t head[] = {0x3c, 0x88, 0x20, 0x08, 0x09, 0x71,
                                   0x00, 0x00, 0x00, 0x00, 0x00, 0xf1};
    const struct imsi dimsi = drig_imsi(DRIG_DIMSI);
    uint8_t se[65], arpf[65], out[DIMSI_SHARED_INFO_LEN];
    memset(se, 1, sizeof se);
    memset(arpf, 2, sizeof arpf);
    dimsi_shared_info(&dimsi, se, arpf, out);
    assert_int_equal(sizeof out, sizeof head + 66 + 66);
    assert_memory_equal(out, head, sizeof head);
    assert_int_equal(out[12], 65);
    assert_memory_equal(out + 13, se, 65);
    assert_int_equal(out[78], 65);
    assert_memory_equal(out + 79, arpf, 65);
}

/* ---- names of causes, outcomes and phases ---- */

static void every_cause_has_a_name_of_its_own_and_a_sentence(void **state)
{
    (void)state;
    for (unsigned i = 0; i < DIMSI_CAUSES; i++) {
        const enum dimsi_cause c = (enum dimsi_cause)i;
        assert_int_equal(dimsi_cause_of(bytes_of_str(dimsi_cause_name(c))), c);
        assert_true(strlen(dimsi_cause_sentence(c)) > 5);
    }
    assert_int_equal(dimsi_cause_of(BYTES_LIT("no such name")), DIMSI_NONE);
    assert_int_equal(dimsi_cause_of(BYTES_LIT("")), DIMSI_NONE);
    assert_string_equal(dimsi_cause_name(DIMSI_CAUSES), "unknown");
    assert_string_equal(dimsi_cause_sentence(DIMSI_CAUSES), "unknown");
}

static void every_outcome_and_phase_has_a_name(void **state)
{
    (void)state;
    static const char *const phases[] = {"none", "ready", "fetched", "confirmed", "withdrawn"};
    for (unsigned i = 0; i < DIMSI_OUTCOMES; i++) {
        for (unsigned k = 0; k < i; k++) {
            assert_string_not_equal(dimsi_outcome_name((enum dimsi_outcome)i),
                                    dimsi_outcome_name((enum dimsi_outcome)k));
        }
        assert_true(strlen(dimsi_outcome_sentence((enum dimsi_outcome)i)) > 5);
    }
    assert_string_equal(dimsi_outcome_name(DIMSI_OUTCOMES), "unknown");
    assert_string_equal(dimsi_outcome_sentence(DIMSI_OUTCOMES), "unknown");
    for (unsigned i = 0; i < 5; i++) {
        assert_string_equal(dimsi_delivery_phase_name((enum dimsi_delivery_phase)i), phases[i]);
    }
    assert_string_equal(dimsi_delivery_phase_name((enum dimsi_delivery_phase)5), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_and_has_room_for_the_longest_names),
        cmocka_unit_test(every_item_comes_back),
        cmocka_unit_test(no_part_of_one_is_taken_and_nothing_behind_it),
        cmocka_unit_test(a_reader_that_refuses_writes_nothing),
        cmocka_unit_test(another_bit_is_another_content_or_none),
        cmocka_unit_test(numbers_are_in_their_range),
        cmocka_unit_test(a_point_is_uncompressed),
        cmocka_unit_test(identities_have_one_form),
        cmocka_unit_test(a_name_is_a_dns_name_in_lower_case),
        cmocka_unit_test(a_name_in_a_token_is_one_too),
        cmocka_unit_test(shared_info_has_usage_type_length_the_dimsi_and_both_keys),
        cmocka_unit_test(every_cause_has_a_name_of_its_own_and_a_sentence),
        cmocka_unit_test(every_outcome_and_phase_has_a_name),
    };
    return cmocka_run_group_tests_name("proc/dimsi form", tests, NULL, NULL);
}
