/* What a certificate site says of a device, well and badly (src/nf/hssd/onboard_answer.c,
 * src/nf/hssd/binding_json.c). */
#include "nf/onboard_pki.h"

#include "nf/hssd/binding_json.h"
#include "nf/hssd/onboard_answer.h"

static struct device_id id_of(const char *text)
{
    struct device_id id;
    assert_ok(device_id_parse(bytes_of_str(text), &id));
    return id;
}

/* Read from a block of exactly its size. */
static enum certattach_cause read_text(const char *text, size_t n, unsigned status,
                                       struct onboard_answer **out)
{
    const struct device_id id = id_of("device-1");
    uint8_t *block = malloc(n > 0 ? n : 1);
    memcpy(block, text, n);
    struct https_reply reply = {.status = status, .body = {n > 0 ? block : NULL, n}};
    snprintf(reply.etag, sizeof reply.etag, "\"7\"");
    *out = NULL;
    enum certattach_cause cause = onboard_answer_read(&id, &reply, out);
    free(block);
    assert_true((*out != NULL) == (cause == CERTATTACH_NONE));
    return cause;
}

static enum certattach_cause cause_of_text(const char *text)
{
    struct onboard_answer *a;
    enum certattach_cause cause = read_text(text, strlen(text), 200, &a);
    onboard_answer_release(a);
    return cause;
}

/* Of the device's own answer with one member otherwise; `with` NULL: without it. */
static enum certattach_cause changed(struct thing *t, const char *member, json_t *with)
{
    char *text = thing_json(t);
    json_t *v = json_loads(text, 0, NULL);
    free(text);
    (void)(with != NULL ? json_object_set_new(v, member, with) : json_object_del(v, member));
    text = json_dumps(v, 0);
    json_decref(v);
    enum certattach_cause cause = cause_of_text(text);
    free(text);
    return cause;
}

static void an_answer_is_read_whole_and_outlives_its_body(void **state)
{
    (void)state;
    struct thing *t = thing_make(1);
    struct onboard_answer *a;
    struct device_record record;
    thing_has_identity(t);
    char *text = thing_json(t);
    assert_int_equal(read_text(text, strlen(text), 200, &a), CERTATTACH_NONE);
    free(text);
    const struct certattach_context *c = onboard_answer_context(a);
    assert_ok(device_record_read(c->record, &record));
    assert_true(device_id_eq(&record.id, &t->id));
    assert_int_equal(c->signature.n, 64);
    assert_true(bytes_eq(c->signer, signer_id(signers[0].signer)));
    assert_int_equal(c->n_chain, 1);
    assert_true(bytes_eq(c->chain[0], t->leaf.der));
    assert_true(c->has_identity);
    assert_int_equal(c->identity.status, DEVID_FOUND);
    assert_true(bytes_eq(c->identity.spki, device_spki(&t->identity)));
    assert_string_equal(onboard_answer_etag(a), "\"7\"");
    assert_true(onboard_answer_octets(a) > c->record.n + c->chain[0].n);
    onboard_answer_release(onboard_answer_hold(a));
    assert_true(bytes_eq(c->chain[0], t->leaf.der));
    onboard_answer_release(a);
    onboard_answer_release(NULL);
}

static void a_revoked_device_has_no_certificates_and_a_revoked_identity_no_key(void **state)
{
    (void)state;
    struct thing *t = thing_make(1);
    struct onboard_answer *a;
    thing_has_identity(t);
    t->revoked = t->identity_revoked = true;
    char *text = thing_json(t);
    assert_int_equal(read_text(text, strlen(text), 200, &a), CERTATTACH_NONE);
    free(text);
    assert_int_equal(onboard_answer_context(a)->n_chain, 0);
    assert_int_equal(onboard_answer_context(a)->identity.status, DEVID_REVOKED);
    onboard_answer_release(a);
}

static void what_is_no_whole_answer_is_a_bad_one(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "{",
        "[]",
        "null",
        "{}",
        "\"x\"",
        "{\"id\":\"device-1\"}",
        "{\"id\":\"device-1\",\"id\":1}",
    };
    struct thing *t = thing_make(1);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_int_equal(cause_of_text(texts[i]), CERTATTACH_SITE_BAD);
    }
    char *text = thing_json(t);
    struct onboard_answer *a;
    for (size_t n = 0; n < strlen(text); n++) {
        assert_int_equal(read_text(text, n, 200, &a), CERTATTACH_SITE_BAD);
    }
    free(text);
    static const char *const members[] = {"id",     "record",       "signature",
                                          "signer", "certificates", "identity"};
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        assert_int_equal(changed(t, members[i], NULL), CERTATTACH_SITE_BAD);
        assert_int_equal(changed(t, members[i], json_integer(7)), CERTATTACH_SITE_BAD);
        assert_int_equal(changed(t, members[i], json_string("*")), CERTATTACH_SITE_BAD);
    }
    assert_int_equal(changed(t, "id", json_string("device-2")), CERTATTACH_SITE_BAD);
    assert_int_equal(changed(t, "certificates", json_pack("[s,i]", "AAAA", 1)),
                     CERTATTACH_SITE_BAD);
    assert_int_equal(changed(t, "certificates",
                             json_pack("[s,s,s,s,s,s,s]",
                                       "AA==", "AA==", "AA==", "AA==", "AA==", "AA==", "AA==")),
                     CERTATTACH_SITE_BAD);
    assert_int_equal(changed(t, "identity", json_pack("{s:s}", "use", "provisioning")),
                     CERTATTACH_SITE_BAD);
    assert_int_equal(changed(t, "identity", json_pack("{s:s}", "use", "identity")),
                     CERTATTACH_SITE_BAD);
    assert_int_equal(changed(t, "more", json_integer(7)), CERTATTACH_NONE); /* for later sites */
}

static void a_status_says_what_it_says_and_404_only_of_a_site(void **state)
{
    (void)state;
    static const struct {
        unsigned status;
        const char *body;
        enum certattach_cause cause;
    } rows[] = {
        {404, "{\"type\":\"/problems/no-device\"}", CERTATTACH_DEVICE_UNKNOWN},
        {404, "{\"type\":\"/problems/no-binding\"}", CERTATTACH_SITE_BAD},
        {404, "<html>", CERTATTACH_SITE_BAD},
        {404, "", CERTATTACH_SITE_BAD},
        {401, "", CERTATTACH_SITE_REFUSED},
        {403, "{}", CERTATTACH_SITE_REFUSED},
        {429, "", CERTATTACH_SITE_BUSY},
        {503, "", CERTATTACH_SITE_BUSY},
        {301, "", CERTATTACH_SITE_BAD},
        {302, "", CERTATTACH_SITE_BAD},
        {304, "", CERTATTACH_SITE_BAD},
        {500, "", CERTATTACH_SITE_BAD},
        {204, "", CERTATTACH_SITE_BAD},
        {0, "", CERTATTACH_SITE_BAD},
    };
    struct onboard_answer *a;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(read_text(rows[i].body, strlen(rows[i].body), rows[i].status, &a),
                         rows[i].cause);
    }
}

static int clean(void **state)
{
    (void)state;
    things_drop();
    return 0;
}

#define CASE(f) cmocka_unit_test_teardown(f, clean)
int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(an_answer_is_read_whole_and_outlives_its_body),
        CASE(a_revoked_device_has_no_certificates_and_a_revoked_identity_no_key),
        CASE(what_is_no_whole_answer_is_a_bad_one),
        CASE(a_status_says_what_it_says_and_404_only_of_a_site),
    };
    onboard_keys();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    onboard_keys_gone();
    return failed;
}
