/* nf/repod/bulk.h with nf/repod/bulk_lines.h and nf/repod/crew.h: rows of a bulk on a store of the
 * test's own. */
#define OPENSSL_SUPPRESS_DEPRECATED                                                                \
    1 /* RAND_set_rand_method: there is no other way to let it fail */
#include "net/pki.h"

#include "nf/common/base64.h"
#include "nf/repod/bulk.h"

#include <openssl/rand.h>
#include <pthread.h>
#include <stdatomic.h>

#define NOW 1800000000

struct world {
    struct pki pki;
    struct repo_store *store;
    struct signer *signer;
    struct crew *crew;
    struct bulk_desk *desk;
    struct repod_grant grant;
    struct imei_range range;
    struct bulk *bulk;
    char key[2][BASE64_ROOM(VERIFY_SPKI_MAX)];
};

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    struct store_why store;
    struct verify_why why;
    uint8_t spki[VERIFY_SPKI_MAX];
    pki_open(&w->pki);
    pki_make(&w->pki, "records", NULL, "records", NULL);
    assert_ok(signer_open(pki_path(&w->pki, "records", ".key"), &w->signer, &why));
    assert_ok(repo_store_open(pki_path(&w->pki, "repo", ".db"), &w->store, &store));
    assert_ok(crew_open(3, &w->crew));
    assert_ok(bulk_desk_open(w->crew, &w->desk));
    assert_ok(imei_range_parse(bytes_of_str("35693803"), &w->range));
    w->grant = (struct repod_grant){VERIFY_ROLE_MANUFACTURER, NULL, &w->range, 1, NULL};
    for (size_t i = 0; i < 2; i++) {
        EVP_PKEY *k = EVP_EC_gen("P-256");
        unsigned char *p = spki;
        int n = i2d_PUBKEY(k, &p);
        base64_encode((struct bytes){spki, (size_t)n}, w->key[i]);
        EVP_PKEY_free(k);
    }
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    bulk_free(w->bulk);
    bulk_desk_close(w->desk);
    crew_close(w->crew);
    repo_store_close(w->store);
    signer_close(w->signer);
    pki_close(&w->pki);
    free(w);
    return 0;
}

static struct bulk_by by_of(struct world *w)
{
    return (struct bulk_by){
        .grant = &w->grant, .rules = {.now = NOW}, .ctx = {w->store, w->signer, "maker", NOW}};
}

static void begin(struct world *w, uint64_t rows_most)
{
    bulk_free(w->bulk);
    assert_ok(bulk_open(w->pki.dir, rows_most, &w->bulk));
}

static void take(struct world *w, const char *text)
{
    const struct bulk_by by = by_of(w);
    bulk_take(w->desk, w->bulk, &by, bytes_of_str(text));
}

static void put(struct world *w, unsigned device, int key)
{
    char text[512];
    snprintf(text, sizeof text,
             "{\"imei\":\"35693803%06u\",\"use\":\"identity\",\"public_key\":\"%s\"}\n", device,
             w->key[key]);
    take(w, text);
}

/* The report; the caller frees it. */
static char *end(struct world *w)
{
    const struct bulk_by by = by_of(w);
    assert_ok(bulk_end(w->desk, w->bulk, &by));
    off_t n = lseek(w->bulk->report, 0, SEEK_END);
    char *text = calloc(1, (size_t)n + 1);
    assert_int_equal(pread(w->bulk->report, text, (size_t)n, 0), n);
    return text;
}

static void ends_with(struct world *w, const char *counts)
{
    char *text = end(w);
    const char *last = strstr(text, "{\"report\"");
    assert_non_null(last);
    assert_string_equal(last, counts);
    free(text);
}

struct seen {
    struct world *w;
    uint64_t n;
};

static bool see(void *ctx, const struct repo_row *row)
{
    struct seen *s = ctx;
    uint8_t content[BINDING_RECORD_LEN];
    struct binding_record r = {.imei = row->imei,
                               .use = row->use,
                               .form = row->form,
                               .status = row->status,
                               .not_before = row->not_before,
                               .not_after = row->not_after,
                               .serial = row->serial,
                               .issued = row->issued};
    memcpy(r.digest, row->digest, sizeof r.digest);
    binding_record_write(&r, content);
    assert_int_equal(row->serial, ++s->n);
    assert_ok(signature_verify(signer_spki(s->w->signer), BYTES_OF(content), row->signature));
    return true;
}

/* Every record is there, signed, and the serials have no gap. */
static void has_records(struct world *w, uint64_t n)
{
    struct seen s = {w, 0};
    assert_ok(repo_store_changes(w->store, 0, 1000000, see, &s));
    assert_int_equal(s.n, n);
}

#define COUNTS(rows, added, replaced, revoked, unchanged, refused)                                 \
    "{\"report\":{\"rows\":" #rows ",\"added\":" #added ",\"replaced\":" #replaced                 \
    ",\"revoked\":" #revoked ",\"unchanged\":" #unchanged ",\"refused\":" #refused

static void rows_of_many_batches_become_records_in_their_order(void **state)
{
    struct world *w = *state;
    for (int twice = 0; twice < 2; twice++) {
        begin(w, 5000);
        for (unsigned i = 0; i < 2500; i++) {
            put(w, i, 0);
        }
        char *text = end(w);
        char line[128];
        for (unsigned i = 0; i < 2500; i += 499) {
            snprintf(line, sizeof line,
                     "{\"row\":%u,\"imei\":\"35693803%06u\",\"did\":\"%s\",\"serial\":%u}\n", i + 1,
                     i, twice ? "unchanged" : "added", i + 1);
            assert_non_null(strstr(text, line));
        }
        free(text);
        has_records(w, 2500);
    }
}

static void a_row_sees_what_the_rows_before_it_did(void **state)
{
    struct world *w = *state;
    begin(w, 100);
    put(w, 1, 0);
    put(w, 2, 0);
    put(w, 1, 0); /* the same */
    put(w, 1, 1); /* another, without the serial */
    take(w, "{\"imei\":\"35693803000001\",\"use\":\"identity\",\"revoke\":true}\n");
    put(w, 1, 0); /* revoked */
    put(w, 3, 1);
    ends_with(w, COUNTS(7, 3, 0, 1, 1, 2) "}}\n");
    has_records(w, 4);
}

static void a_refused_row_says_why_and_is_alone(void **state)
{
    struct world *w = *state;
    begin(w, 100);
    put(w, 1, 0);
    take(w, "{\"imei\":\"35693804000001\",\"use\":\"identity\",\"revoke\":true}\n\n\n");
    take(w, "{\"imei\":\"35693803000009\",\"use\":\"identity\",\"\\\"\\\\\xc3\xa9\":1}\n");
    put(w, 2, 0);
    take(w, "{\"imei\":\"35693803000009\",\"use\":\"identity\",\"revoke\":true}"); /* no LF */
    char *text = end(w);
    assert_non_null(strstr(text, "{\"row\":2,\"imei\":\"35693804000001\",\"did\":\"refused\","
                                 "\"cause\":\"outside-grant\",\"detail\":\"\"}\n"));
    assert_non_null(
        strstr(text, "\"cause\":\"unknown-member\",\"detail\":\"`\\\"\\\\\?\?` is not"));
    assert_non_null(strstr(text, "\"cause\":\"no-binding\""));
    assert_non_null(strstr(text, COUNTS(5, 2, 0, 0, 0, 3) "}}\n"));
    for (char *at = strtok(text, "\n"); at != NULL; at = strtok(NULL, "\n")) {
        json_t *line = json_loads(at, 0, NULL);
        assert_non_null(line);
        json_decref(line);
    }
    free(text);
    has_records(w, 2);
}

static void a_bulk_ends_at_its_bounds(void **state)
{
    struct world *w = *state;
    begin(w, 2);
    put(w, 1, 0);
    put(w, 2, 0);
    put(w, 3, 0);
    ends_with(w, COUNTS(2, 2, 0, 0, 0, 0) ",\"ended\":\"too-many-rows\"}}\n");
    begin(w, 1000);
    for (int i = 0; i < 70; i++) {
        char text[1001];
        memset(text, ' ', 1000);
        text[1000] = '\0';
        take(w, text);
    }
    ends_with(w, COUNTS(0, 0, 0, 0, 0, 0) ",\"ended\":\"too-large\"}}\n");
    assert_err(bulk_open("/nowhere", 1, &(struct bulk *){NULL}), E_IO);
}

static void while_the_store_is_taken_nothing_is_done(void **state)
{
    struct world *w = *state;
    begin(w, 100);
    put(w, 1, 0);
    assert_ok(repo_store_begin(w->store));
    ends_with(w, COUNTS(0, 0, 0, 0, 0, 0) ",\"ended\":\"store-failed\"}}\n");
    repo_store_rollback(w->store);
    has_records(w, 0);
}

/* ---- a signature that cannot be made ---- */

static int no_octets(unsigned char *out, int n)
{
    (void)out;
    (void)n;
    return 0;
}

static void what_cannot_be_signed_is_refused_and_leaves_no_gap(void **state)
{
    struct world *w = *state;
    const RAND_METHOD *good = RAND_get_rand_method();
    const RAND_METHOD none = {.bytes = no_octets, .pseudorand = no_octets};
    begin(w, 100);
    put(w, 1, 0);
    RAND_set_rand_method(&none);
    ends_with(w, COUNTS(1, 0, 0, 0, 0, 1) "}}\n");
    RAND_set_rand_method(good);
    has_records(w, 0);
    begin(w, 100);
    put(w, 1, 0);
    ends_with(w, COUNTS(1, 1, 0, 0, 0, 0) "}}\n");
    has_records(w, 1);
}

/* ---- the crew ---- */

struct pieces {
    atomic_uint done[1000];
    atomic_uint at_once[CREW_MAX];
    unsigned size;
};

static void do_piece(void *ctx, unsigned worker, size_t i)
{
    struct pieces *p = ctx;
    assert_true(worker < p->size);
    assert_int_equal(p->at_once[worker]++, 0);
    p->done[i]++;
    p->at_once[worker]--;
}

static void a_crew_does_each_piece_once(void **state)
{
    (void)state;
    static const unsigned sizes[] = {0, 1, 4, 100};
    for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
        struct crew *c = NULL;
        struct pieces *p = calloc(1, sizeof *p);
        assert_ok(crew_open(sizes[k], &c));
        p->size = crew_size(c);
        assert_true(p->size >= 1 && p->size <= CREW_MAX);
        for (unsigned round = 1; round <= 50; round++) {
            crew_do(c, 1000, do_piece, p);
            for (size_t i = 0; i < 1000; i++) {
                assert_int_equal(p->done[i], round);
            }
            crew_do(c, 0, do_piece, p);
        }
        crew_close(c);
        free(p);
    }
    crew_close(NULL);
}

static void lines_are_the_same_whatever_the_cut(void **state)
{
    (void)state;
    static const char text[] = "one\n\ntwo\nthree3\n\n\nf";
    static const char *const wanted[] = {"one", "two", "three3", "f"};
    for (size_t part = 1; part < sizeof text; part++) {
        uint8_t *buffer = malloc(7);
        struct bulk_lines l = {.buffer = {buffer, 7}};
        struct bytes left = BYTES_LIT(text), line;
        size_t n = 0;
        while (left.n > 0) {
            size_t want = left.n < part ? left.n : part;
            size_t put_n = bulk_lines_put(&l, (struct bytes){left.p, want});
            left = (struct bytes){left.p + put_n, left.n - put_n};
            while (bulk_lines_next(&l, false, &line)) {
                assert_true(bytes_eq(line, bytes_of_str(wanted[n++])));
            }
            assert_false(bulk_lines_stuck(&l));
        }
        assert_true(bulk_lines_next(&l, true, &line));
        assert_true(bytes_eq(line, bytes_of_str(wanted[n++])));
        assert_false(bulk_lines_next(&l, true, &line));
        assert_int_equal(n, 4);
        free(buffer);
    }
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {T(rows_of_many_batches_become_records_in_their_order),
                                       T(a_row_sees_what_the_rows_before_it_did),
                                       T(a_refused_row_says_why_and_is_alone),
                                       T(a_bulk_ends_at_its_bounds),
                                       T(while_the_store_is_taken_nothing_is_done),
                                       T(what_cannot_be_signed_is_refused_and_leaves_no_gap),
                                       cmocka_unit_test(a_crew_does_each_piece_once),
                                       cmocka_unit_test(lines_are_the_same_whatever_the_cut)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
