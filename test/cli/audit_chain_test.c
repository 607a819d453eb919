/* Does the audit log hold? src/cli/audit_chain.c, and what reads files for it:
 * src/cli/hashed_file.c.
 */
#include "cli/audit_chain.h"

#include "cli/hashed_file.h"
#include "crypto/openssl.h"
#include "lib/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ENTRIES 6

static struct crypto crypto;
static json_t *entries[ENTRIES];
static struct audit_head head_of[ENTRIES];

static json_t *shown(const struct store_audit *e)
{
    char hex[65];
    hex_encode(BYTES_OF(e->hash), hex);
    return json_pack("{s:I,s:I,s:s,s:s,s:s,s:s,s:n,s:s,s:s,s:s}", "id", (json_int_t)e->id, "at_ms",
                     (json_int_t)e->at_ms, "who", e->who, "from", e->from, "action", e->action,
                     "target", e->target, "before", "after", e->after, "outcome", e->outcome,
                     "hash", hex);
}

/* A log whose entry `other` (0: none) says another thing. */
static void make(uint64_t other)
{
    uint8_t last[32] = {0};
    for (uint64_t i = 0; i < ENTRIES; i++) {
        struct store_audit e = {.id = i + 1, .at_ms = 1700000000000 + (int64_t)i};
        strcpy(e.who, "anna");
        strcpy(e.from, "unix");
        strcpy(e.action, "PATCH /v1/subscribers/{imsi}");
        strcpy(e.target, "subscribers/001010000000001");
        snprintf(e.after, sizeof e.after, "{\"suspended\":%s}", e.id == other ? "true" : "false");
        strcpy(e.outcome, "changed");
        assert_ok(store_audit_hash(&crypto, last, &e, e.hash));
        memcpy(last, e.hash, sizeof last);
        entries[i] = shown(&e);
        assert_non_null(entries[i]);
        head_of[i].id = e.id;
        memcpy(head_of[i].hash, e.hash, sizeof e.hash);
    }
}

static int setup(void **state)
{
    (void)state;
    if (crypto_openssl_open(&crypto) != E_OK) {
        return -1;
    }
    make(0);
    return 0;
}

static void drop(void)
{
    for (size_t i = 0; i < ENTRIES; i++) {
        json_decref(entries[i]);
        entries[i] = NULL;
    }
}

static int teardown(void **state)
{
    (void)state;
    drop();
    crypto_openssl_close(&crypto);
    return 0;
}

/* The entry at which the log breaks, in this order of entries (index + 1 each, 0 ends). */
static uint64_t breaks_at(struct audit_chain *c, const unsigned order[])
{
    c->crypto = &crypto;
    for (size_t i = 0; order[i] != 0; i++) {
        if (!audit_chain_add(c, entries[order[i] - 1])) {
            assert_true(c->why[0] != '\0');
            return c->broken;
        }
    }
    return audit_chain_end(c) ? 0 : c->broken;
}

static const unsigned in_order[] = {1, 2, 3, 4, 5, 6, 0};

static uint64_t breaks_with(const char *key, const char *value)
{
    struct audit_chain c = {.broken = 0};
    assert_int_equal(json_object_set_new(entries[2], key, json_string(value)), 0);
    const uint64_t at = breaks_at(&c, in_order);
    assert_int_equal(json_object_del(entries[2], key), 0);
    return at;
}

static void
a_time_that_is_not_that_of_the_entry_is_found_and_so_is_a_member_that_no_hash_covers(void **state)
{
    (void)state;
    assert_int_equal(breaks_with("time", "2023-11-14T22:13:20.002Z"), 0);
    assert_int_equal(breaks_with("time", "2023-11-15T22:13:20.002Z"), 3);
    assert_int_equal(breaks_with("time", ""), 3);
    assert_int_equal(breaks_with("approved_by", "boss"), 3);
}

static void a_whole_log_holds_and_ends_with_its_head(void **state)
{
    struct audit_chain c = {.broken = 0};
    (void)state;
    assert_int_equal(breaks_at(&c, in_order), 0);
    assert_int_equal(c.last.id, ENTRIES);
    assert_memory_equal(c.last.hash, head_of[ENTRIES - 1].hash, 32);
}

/*= test op-audit-chain */
static void a_change_of_any_member_is_found_at_its_entry(void **state)
{
    static const char *const texts[] = {"who",   "from",    "action", "target",
                                        "after", "outcome", "before"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct audit_chain c = {.broken = 0};
        json_t *kept = json_incref(json_object_get(entries[2], texts[i]));
        assert_int_equal(json_object_set_new(entries[2], texts[i], json_string("x")), 0);
        assert_int_equal(breaks_at(&c, in_order), 3);
        assert_non_null(strstr(c.why, "changed"));
        assert_int_equal(json_object_set_new(entries[2], texts[i], kept), 0);
    }
    struct audit_chain c = {.broken = 0};
    json_t *at = json_incref(json_object_get(entries[2], "at_ms"));
    assert_int_equal(json_object_set_new(entries[2], "at_ms", json_integer(1)), 0);
    assert_int_equal(breaks_at(&c, in_order), 3);
    assert_int_equal(json_object_set_new(entries[2], "at_ms", at), 0);
}

static void a_change_with_a_hash_that_fits_is_found_at_the_next(void **state)
{
    struct store_audit e = {.id = 3, .at_ms = 1};
    struct audit_chain c = {.broken = 0};
    (void)state;
    assert_ok(store_audit_hash(&crypto, head_of[1].hash, &e, e.hash));
    json_t *kept = entries[2];
    entries[2] = shown(&e);
    assert_int_equal(breaks_at(&c, in_order), 4);
    json_decref(entries[2]);
    entries[2] = kept;
}

static void what_is_missing_reordered_or_twice_is_named(void **state)
{
    struct audit_chain a = {.broken = 0}, b = {.broken = 0}, c = {.broken = 0}, d = {.broken = 0};
    (void)state;
    assert_int_equal(breaks_at(&a, (const unsigned[]){1, 2, 4, 5, 6, 0}), 3);
    assert_non_null(strstr(a.why, "entry 3 is missing"));
    assert_int_equal(breaks_at(&b, (const unsigned[]){3, 4, 0}), 1);
    assert_non_null(strstr(b.why, "entries 1 to 2 are missing"));
    assert_int_equal(breaks_at(&c, (const unsigned[]){1, 2, 3, 2, 4, 0}), 2);
    assert_non_null(strstr(c.why, "reordered"));
    assert_int_equal(breaks_at(&d, (const unsigned[]){1, 2, 2, 0}), 2);
}

static void an_inserted_entry_with_moved_ids_is_found(void **state)
{
    struct audit_chain c = {.broken = 0};
    (void)state;
    json_t *kept = json_incref(json_object_get(entries[3], "id"));
    assert_int_equal(json_object_set_new(entries[3], "id", json_integer(5)), 0);
    assert_int_equal(breaks_at(&c, (const unsigned[]){1, 2, 3, 5, 0}), 4); /* 5 in 4's place */
    struct audit_chain moved = {.broken = 0};
    json_t *five = json_incref(json_object_get(entries[4], "id"));
    assert_int_equal(json_object_set_new(entries[4], "id", json_integer(4)), 0);
    assert_int_equal(breaks_at(&moved, (const unsigned[]){1, 2, 3, 5, 4, 0}), 4);
    assert_int_equal(json_object_set_new(entries[3], "id", kept), 0);
    assert_int_equal(json_object_set_new(entries[4], "id", five), 0);
}

/*= test op-audit-chain */
static void a_kept_head_finds_what_was_cut_off_or_written_anew(void **state)
{
    struct audit_chain c = {.kept = head_of[3]}, cut = {.kept = head_of[5]};
    struct audit_chain anew = {.kept = head_of[3]}, blind = {.broken = 0};
    (void)state;
    assert_int_equal(breaks_at(&c, in_order), 0);
    assert_int_equal(breaks_at(&cut, (const unsigned[]){1, 2, 3, 4, 0}), 5);
    assert_non_null(strstr(cut.why, "cut off"));
    drop();
    make(2);
    assert_int_equal(breaks_at(&blind, in_order), 0); /* it fits together */
    assert_int_equal(breaks_at(&anew, in_order), 4);
    assert_non_null(strstr(anew.why, "written anew"));
    drop();
    make(0);
}

static void what_is_no_entry_breaks_the_log(void **state)
{
    static const char *const keys[] = {"id", "at_ms", "who", "hash", "before"};
    struct audit_chain none = {.crypto = &crypto};
    (void)state;
    assert_false(audit_chain_add(&none, NULL));
    assert_int_equal(none.broken, 1);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        struct audit_chain c = {.crypto = &crypto};
        json_t *less = json_copy(entries[0]);
        assert_int_equal(json_object_del(less, keys[i]), 0);
        assert_false(audit_chain_add(&c, less));
        json_decref(less);
    }
}

static void a_head_is_written_as_it_is_read_and_nothing_else_is_one(void **state)
{
    char text[AUDIT_HEAD_TEXT], other[AUDIT_HEAD_TEXT + 8];
    struct audit_head h;
    (void)state;
    audit_head_print(&head_of[2], text);
    assert_ok(audit_head_parse(text, &h));
    assert_int_equal(h.id, 3);
    assert_memory_equal(h.hash, head_of[2].hash, 32);
    for (size_t n = 0; n < strlen(text); n++) { /* no beginning of it is one */
        snprintf(other, sizeof other, "%.*s", (int)n, text);
        assert_err(audit_head_parse(other, &h), E_BAD_VALUE);
    }
    snprintf(other, sizeof other, "%s\n", text);
    assert_err(audit_head_parse(other, &h), E_BAD_VALUE);
    snprintf(other, sizeof other, "0%s", text + 1);
    assert_err(audit_head_parse(other, &h), E_BAD_VALUE);
}

static void a_file_s_hash_is_that_of_all_it_holds(void **state)
{
    static const char text[] = "one\ntwo\n";
    struct hashed_file h;
    char line[16];
    uint8_t got[32], want[32];
    const struct bytes part = bytes_of_str(text);
    int ends[2];
    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], text, strlen(text)), strlen(text));
    close(ends[1]);
    FILE *f = hashed_file_open(&h, ends[0]);
    assert_non_null(f);
    assert_non_null(fgets(line, sizeof line, f));
    assert_false(hashed_file_hash(&h, got)); /* not read to its end */
    while (fgets(line, sizeof line, f) != NULL) {
    }
    assert_ok(crypto.sha256(crypto.ctx, &part, 1, want));
    assert_true(hashed_file_hash(&h, got));
    assert_memory_equal(got, want, sizeof got);
    assert_int_equal(h.octets, strlen(text));
    fclose(f);
    hashed_file_free(&h);
    close(ends[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_log_holds_and_ends_with_its_head),
        cmocka_unit_test(
            a_time_that_is_not_that_of_the_entry_is_found_and_so_is_a_member_that_no_hash_covers),
        cmocka_unit_test(a_change_of_any_member_is_found_at_its_entry),
        cmocka_unit_test(a_change_with_a_hash_that_fits_is_found_at_the_next),
        cmocka_unit_test(what_is_missing_reordered_or_twice_is_named),
        cmocka_unit_test(an_inserted_entry_with_moved_ids_is_found),
        cmocka_unit_test(a_kept_head_finds_what_was_cut_off_or_written_anew),
        cmocka_unit_test(what_is_no_entry_breaks_the_log),
        cmocka_unit_test(a_head_is_written_as_it_is_read_and_nothing_else_is_one),
        cmocka_unit_test(a_file_s_hash_is_that_of_all_it_holds),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
