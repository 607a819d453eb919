/* nf/repod/publish.h with src/nf/repod/publish_apply.c: rows become records, or their cause says
 * why not; nf/repod/audit.h. The whole program, src/nf/repod/repod.h, is test/live/repod.sh's. */
#include "net/pki.h"

#include "nf/common/base64.h"
#include "nf/repod/audit.h"
#include "nf/repod/publish.h"

#define NOW 1800000000

struct world {
    struct pki pki;
    struct repo_store *store;
    struct signer *signer;
    struct publish_roots roots;
    char key[3][BASE64_ROOM(VERIFY_SPKI_MAX)];
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
    for (size_t i = 0; i < 3; i++) {
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
    publish_roots_free(&w->roots);
    repo_store_close(w->store);
    signer_close(w->signer);
    pki_close(&w->pki);
    free(w);
    return 0;
}

/* One row of a bulk as a batch of its own. */
static enum cause publish(struct world *w, const char *text, enum publish_did *did,
                          uint64_t *serial)
{
    struct publish_row *row = calloc(1, sizeof *row);
    struct publish_why why = {.cause = CAUSE_NONE};
    const struct publish_rules rules = {NULL, NOW, &w->roots};
    const struct publish_context ctx = {w->store, w->signer, "maker", NOW};
    json_t *json = publish_json(bytes_of_str(text), &why);
    bool ok = json != NULL && publish_identity(json, row, &why) &&
              publish_read(json, true, &rules, row, &why);
    if (ok) {
        assert_ok(repo_store_begin(w->store));
        ok = publish_apply(&ctx, row, did, serial, &why);
        assert_ok(repo_store_commit(w->store));
    }
    assert_int_equal(ok, why.cause == CAUSE_NONE);
    json_decref(json);
    free(row);
    return why.cause;
}

static enum cause put(struct world *w, const char *use, int key, uint64_t replaces,
                      enum publish_did *did, uint64_t *serial)
{
    char text[1024], more[40] = "";
    if (replaces != 0) {
        snprintf(more, sizeof more, ",\"replaces\":%llu", (unsigned long long)replaces);
    }
    snprintf(text, sizeof text,
             "{\"imei\":\"35693803564380\",\"use\":\"%s\",\"public_key\":\"%s\"%s}", use,
             w->key[key], more);
    return publish(w, text, did, serial);
}

static bool check_record(void *ctx, const struct repo_row *row)
{
    struct world *w = ctx;
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
    assert_ok(signature_verify(signer_spki(w->signer), BYTES_OF(content), row->signature));
    content[40] ^= 1;
    assert_err(signature_verify(signer_spki(w->signer), BYTES_OF(content), row->signature),
               E_BAD_MAC);
    assert_string_equal(row->by, "maker");
    return true;
}

static void a_key_lives_from_its_publication_to_its_revocation(void **state)
{
    struct world *w = *state;
    enum publish_did did = PUBLISH_UNCHANGED;
    uint64_t serial = 0;
    const char *revoke = "{\"imei\":\"35693803564380\",\"use\":\"identity\",\"revoke\":true}";
    assert_int_equal(publish(w, revoke, &did, &serial), CAUSE_NO_BINDING);
    assert_int_equal(put(w, "identity", 0, 5, &did, &serial), CAUSE_NOT_NEWEST);
    assert_int_equal(put(w, "identity", 0, 0, &did, &serial), CAUSE_NONE);
    assert_int_equal(did, PUBLISH_ADDED);
    assert_int_equal(put(w, "identity", 0, 0, &did, &serial), CAUSE_NONE);
    assert_int_equal(did, PUBLISH_UNCHANGED);
    assert_int_equal(put(w, "identity", 1, 0, &did, &serial), CAUSE_OTHER_KEY);
    assert_int_equal(put(w, "identity", 1, 9, &did, &serial), CAUSE_NOT_NEWEST);
    assert_int_equal(put(w, "identity", 1, 1, &did, &serial), CAUSE_NONE);
    assert_int_equal(did, PUBLISH_REPLACED);
    assert_int_equal(put(w, "provisioning", 1, 0, &did, &serial), CAUSE_KEY_IN_OTHER_USE);
    assert_int_equal(publish(w, revoke, &did, &serial), CAUSE_NONE);
    assert_int_equal(did, PUBLISH_REVOKED);
    assert_int_equal(serial, 3);
    assert_int_equal(put(w, "identity", 1, 3, &did, &serial), CAUSE_KEY_REVOKED);
    assert_int_equal(put(w, "identity", 2, 3, &did, &serial), CAUSE_NONE);
    assert_int_equal(put(w, "identity", 1, 4, &did, &serial), CAUSE_KEY_REVOKED);
    assert_ok(repo_store_changes(w->store, 0, 100, check_record, w));
}

static void a_row_that_is_wrong_has_its_cause(void **state)
{
    struct world *w = *state;
    enum publish_did did = PUBLISH_UNCHANGED;
    uint64_t serial = 0;
#define ROW "{\"imei\":\"35693803564380\",\"use\":\"identity\""
    static const struct {
        const char *text;
        enum cause cause;
    } wrong[] = {
        {"", CAUSE_NOT_JSON},
        {"[]", CAUSE_NOT_JSON},
        {ROW ",\"use\":\"identity\"}", CAUSE_NOT_JSON},
        {ROW "}x", CAUSE_NOT_JSON},
        {"{\"use\":\"identity\"}", CAUSE_MISSING_MEMBER},
        {"{\"imei\":\"1\",\"use\":\"identity\"}", CAUSE_BAD_MEMBER},
        {"{\"imei\":\"35693803564380\",\"use\":\"x\"}", CAUSE_BAD_MEMBER},
        {"{\"imei\":35693803564380,\"use\":\"identity\"}", CAUSE_BAD_MEMBER},
        {ROW "}", CAUSE_MISSING_MEMBER},
        {ROW ",\"revoke\":false}", CAUSE_BAD_MEMBER},
        {ROW ",\"revoke\":true,\"not_after\":1}", CAUSE_UNKNOWN_MEMBER},
        {ROW ",\"surprise\":1}", CAUSE_UNKNOWN_MEMBER},
        {ROW ",\"public_key\":1}", CAUSE_KEY_MALFORMED},
        {ROW ",\"public_key\":\"\"}", CAUSE_KEY_MALFORMED},
        {ROW ",\"public_key\":\"AAAA\"}", CAUSE_KEY_MALFORMED},
        {ROW ",\"certificates\":1}", CAUSE_CHAIN_MALFORMED},
        {ROW ",\"certificates\":[]}", CAUSE_CHAIN_MALFORMED},
        {ROW ",\"certificates\":[1]}", CAUSE_CHAIN_MALFORMED},
        {ROW ",\"certificates\":[\"AAAA\"]}", CAUSE_KEY_MALFORMED},
        {ROW ",\"public_key\":\"\",\"replaces\":0}", CAUSE_BAD_MEMBER},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        if (publish(w, wrong[i].text, &did, &serial) != wrong[i].cause) {
            fail_msg("%s", wrong[i].text);
        }
    }
}

static void a_stored_chain_gives_its_certificates_back(void **state)
{
    (void)state;
    static const uint8_t chain[] = {0, 2, 'a', 'b', 0, 1, 'c'};
    assert_true(bytes_eq(publish_certificate(BYTES_OF(chain), 0), BYTES_LIT("ab")));
    assert_true(bytes_eq(publish_certificate(BYTES_OF(chain), 1), BYTES_LIT("c")));
    assert_int_equal(publish_certificate(BYTES_OF(chain), 2).n, 0);
    assert_int_equal(publish_certificate((struct bytes){chain, 3}, 0).n, 0);
}

static void the_audit_log_is_appended_to_and_follows_its_path(void **state)
{
    struct world *w = *state;
    struct audit *a = NULL;
    struct address from;
    char path[64], moved[64], line[512];
    snprintf(path, sizeof path, "%s", pki_path(&w->pki, "audit", ".log"));
    snprintf(moved, sizeof moved, "%s", pki_path(&w->pki, "audit", ".old"));
    assert_ok(address_parse("tls://192.0.2.1:1", &from));
    const struct audit_entry e = {
        .at_s = NOW, .client = "op", .from = &from, .asked = "GET x", .outcome = "ok"};
    assert_ok(audit_open(path, &a));
    assert_ok(audit_write(a, &e));
    assert_ok(audit_write(a, &e));
    assert_int_equal(rename(path, moved), 0);
    assert_ok(audit_write(a, &e));
    audit_close(a);
    FILE *f = fopen(path, "r");
    assert_non_null(fgets(line, sizeof line, f));
    assert_string_equal(line,
                        "{\"time\":\"2027-01-15T08:00:00Z\",\"client\":\"op\",\"address\":"
                        "\"192.0.2.1\",\"asked\":\"GET x\",\"imei\":null,\"outcome\":\"ok\"}\n");
    assert_null(fgets(line, sizeof line, f));
    fclose(f);
    assert_err(audit_open("/nowhere/audit", &a), E_IO);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {T(a_key_lives_from_its_publication_to_its_revocation),
                                       T(a_row_that_is_wrong_has_its_cause),
                                       T(a_stored_chain_gives_its_certificates_back),
                                       T(the_audit_log_is_appended_to_and_follows_its_path)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
