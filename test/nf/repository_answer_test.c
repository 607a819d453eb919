/* A repository's JSON as a credential, and a page of its changes (src/nf/hssd/repository_answer.c).
 */
#include "nf/repository_world.h"

#include "crypto/openssl.h"
#include "nf/common/devid_port.h"

static struct crypto crypto;
static struct devid_verifier *verifier;

static struct devid_credential got;
static struct repository_answer *answer;

static int up(void **state)
{
    const char *signers[] = {world_maker.public_path};
    const struct devid_port_options options = {.signers = signers, .n_signers = 1};
    struct verify_why why;
    (void)state;
    world_anew();
    assert_ok(crypto_openssl_open(&crypto));
    assert_ok(devid_port_open(&options, &verifier, &why));
    return 0;
}

static int down(void **state)
{
    (void)state;
    repository_answer_release(answer);
    answer = NULL;
    devid_port_close(verifier);
    crypto_openssl_close(&crypto);
    return 0;
}

/* From an exact copy, so that a read past the end is seen. */
static enum devid_status reads(unsigned status, struct bytes body)
{
    struct imei imei = world_imei(1);
    uint8_t *copy = exact_copy(body);
    repository_answer_release(answer);
    answer = NULL;
    assert_ok(repository_answer_read(&crypto, devid_port_of(verifier), &imei, status,
                                     (struct bytes){copy, body.n}, &answer));
    free(copy);
    repository_answer_credential(answer, &got);
    return got.status;
}

static enum devid_cause cause_of(unsigned status, const char *body)
{
    assert_int_equal(reads(status, bytes_of_str(body)), DEVID_UNAVAILABLE);
    return got.cause;
}

/* What the repository says of the first device, with a change; takes `v`. */
static enum devid_status reads_json(json_t *v)
{
    char *text = json_dumps(v, 0);
    enum devid_status s = reads(200, bytes_of_str(text));
    free(text);
    json_decref(v);
    return s;
}

static json_t *device(json_t **binding)
{
    struct imei imei = world_imei(1);
    json_t *v = world_device(&imei);
    *binding = json_array_get(json_object_get(v, "bindings"), 0);
    return v;
}

/*= test devid-7 devid-record */
static void a_binding_is_read_with_its_key_and_its_record(void **state)
{
    (void)state;
    json_t *b;
    uint8_t key[91];
    struct binding_record record;
    world_publish(1, false);
    assert_int_equal(reads_json(device(&b)), DEVID_FOUND);
    world_key(&world.bindings[0], key);
    assert_int_equal(got.form, BINDING_PUBLIC_KEY);
    assert_true(bytes_eq(got.spki, BYTES_OF(key)));
    assert_int_equal(got.n_chain, 0);
    assert_ok(binding_record_read(got.record, &record));
    assert_int_equal(record.serial, 1);
    assert_int_equal(repository_answer_serial(answer), 1);
    assert_true(bytes_eq(got.signer, signer_id(world_maker.signer)));
}

static void a_revocation_has_no_key(void **state)
{
    (void)state;
    json_t *b;
    world_publish(1, false);
    world_publish(1, true);
    assert_int_equal(reads_json(device(&b)), DEVID_REVOKED);
    assert_int_equal(got.spki.n, 0);
    assert_int_equal(repository_answer_serial(answer), 2);
}

static void a_binding_for_another_use_is_none_for_the_identity(void **state)
{
    (void)state;
    json_t *b;
    world_publish(1, false);
    world.bindings[0].provisioning = true;
    assert_int_equal(reads_json(device(&b)), DEVID_NONE);
    assert_int_equal(reads(404, BYTES_LIT("{\"type\":\"/problems/no-binding\"}")), DEVID_NONE);
}

static void statuses_have_their_causes(void **state)
{
    (void)state;
    assert_int_equal(cause_of(403, "{}"), DEVID_CAUSE_REPOSITORY_REFUSED);
    assert_int_equal(cause_of(429, "{}"), DEVID_CAUSE_REPOSITORY_BUSY);
    assert_int_equal(cause_of(503, "{}"), DEVID_CAUSE_REPOSITORY_BUSY);
    static const unsigned bad[] = {0, 100, 204, 301, 400, 401, 404, 405, 500, 502};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(cause_of(bad[i], "{}"), DEVID_CAUSE_REPOSITORY_BAD);
    }
    assert_int_equal(cause_of(404, "{\"type\":\"/problems/no-such-path\"}"),
                     DEVID_CAUSE_REPOSITORY_BAD);
}

static void what_is_not_the_json_of_a_repository_is_bad(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "{",
                                      "[]",
                                      "{}",
                                      "{\"bindings\":{}}",
                                      "{\"bindings\":[{\"use\":\"identity\"}]}",
                                      "{\"bindings\":[{\"use\":\"identity\",\"record\":\"AAAA\"}]}",
                                      "{\"bindings\":[],\"bindings\":[]}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(cause_of(200, bad[i]), DEVID_CAUSE_REPOSITORY_BAD);
    }
    json_t *b;
    world_publish(1, false);
    json_t *v = device(&b);
    assert_int_equal(json_array_append(json_object_get(v, "bindings"), b), 0);
    assert_int_equal(reads_json(v), DEVID_UNAVAILABLE); /* twice the same use */
    assert_int_equal(got.cause, DEVID_CAUSE_REPOSITORY_BAD);
}

/* Every member of a good answer, taken away or made another type. */
static void a_binding_lacks_nothing(void **state)
{
    (void)state;
    static const char *const members[] = {"record", "signature", "signer", "public_key"};
    json_t *b;
    world_publish(1, false);
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        json_t *v = device(&b);
        assert_int_equal(json_object_del(b, members[i]), 0);
        assert_int_equal(reads_json(v), DEVID_UNAVAILABLE);
        v = device(&b);
        assert_int_equal(json_object_set_new(b, members[i], json_integer(1)), 0);
        assert_int_equal(reads_json(v), DEVID_UNAVAILABLE);
        v = device(&b);
        assert_int_equal(json_object_set_new(b, members[i], json_string("AA=")), 0);
        assert_int_equal(reads_json(v), DEVID_UNAVAILABLE);
    }
}

/* Every prefix is refused, and never read past. */
static void every_prefix_is_bad(void **state)
{
    (void)state;
    json_t *b;
    world_publish(1, false);
    json_t *v = device(&b);
    char *text = json_dumps(v, 0);
    for (size_t n = 0; n < strlen(text); n++) {
        assert_int_equal(reads(200, (struct bytes){(const uint8_t *)text, n}), DEVID_UNAVAILABLE);
    }
    free(text);
    json_decref(v);
}

/*= test devid-record */
static void a_record_that_is_not_this_device_s_or_not_trusted_is_refused(void **state)
{
    (void)state;
    json_t *b, *other_b;
    struct imei other = world_imei(2);
    world_publish(1, false);
    world_publish(2, false);
    json_t *v = world_device(&other);
    assert_int_equal(reads_json(v), DEVID_UNAVAILABLE);
    assert_int_equal(got.cause, DEVID_CAUSE_RECORD);
    v = device(&b);
    json_t *w = world_device(&other);
    other_b = json_array_get(json_object_get(w, "bindings"), 0);
    json_object_set(b, "public_key", json_object_get(other_b, "public_key"));
    json_decref(w);
    assert_int_equal(reads_json(v), DEVID_UNAVAILABLE); /* another device's key */
    assert_int_equal(got.cause, DEVID_CAUSE_RECORD);
    world.signer = &world_stranger;
    assert_int_equal(reads_json(device(&b)), DEVID_UNAVAILABLE);
    assert_int_equal(got.cause, DEVID_CAUSE_RECORD_SIGNATURE);
}

static void a_chain_that_is_too_long_is_bad(void **state)
{
    (void)state;
    json_t *b;
    struct binding_record r = {.imei = world_imei(1),
                               .use = BINDING_IDENTITY,
                               .form = BINDING_CERTIFICATE,
                               .status = BINDING_ACTIVE,
                               .serial = 1};
    uint8_t content[BINDING_RECORD_LEN];
    world_publish(1, false);
    binding_record_write(&r, content);
    for (size_t n = 0; n <= DEVID_CHAIN_MAX + 1; n += DEVID_CHAIN_MAX + 1) {
        json_t *v = device(&b), *chain = json_array();
        for (size_t i = 0; i < n; i++) {
            json_array_append_new(chain, json_string("AAAA"));
        }
        json_object_set_new(b, "record", world_base64(BYTES_OF(content)));
        json_object_set_new(b, "certificates", chain);
        assert_int_equal(reads_json(v), DEVID_UNAVAILABLE);
        assert_int_equal(got.cause, DEVID_CAUSE_REPOSITORY_BAD);
    }
    json_t *v = device(&b), *chain = json_array();
    char *large = malloc(30001);
    memset(large, 'A', 30000);
    large[30000] = '\0';
    json_object_set_new(b, "record", world_base64(BYTES_OF(content)));
    json_array_append_new(chain, json_string(large));
    json_object_set_new(b, "certificates", chain);
    free(large);
    assert_int_equal(reads_json(v), DEVID_UNAVAILABLE);
    assert_int_equal(got.cause, DEVID_CAUSE_REPOSITORY_BAD);
}

/* ---- pages ---- */

static struct repository_page page;

static enum devid_cause turns(const char *text, uint64_t after)
{
    return repository_page_read(200, bytes_of_str(text), after, &page);
}

static void a_page_gives_the_changes_of_identities(void **state)
{
    (void)state;
    world_publish(1, false);
    world_publish(2, true);
    world_publish(3, false);
    world.bindings[2].provisioning = true;
    json_t *v = world_changes(0);
    char *text = json_dumps(v, 0);
    assert_int_equal(turns(text, 0), DEVID_CAUSE_NONE);
    assert_int_equal(page.n, 2);
    assert_true(page.next == 3 && !page.more);
    assert_true(!page.changes[0].revoked && page.changes[1].revoked);
    assert_int_equal(page.changes[1].serial, 2);
    assert_int_equal(turns(text, 1), DEVID_CAUSE_REPOSITORY_BAD); /* what is not above `after` */
    free(text);
    json_decref(v);
}

static void a_page_that_makes_no_sense_is_bad(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "{}",
        "[]",
        "{\"records\":[],\"next\":5}",
        "{\"records\":[],\"more\":false}",
        "{\"records\":{},\"next\":5,\"more\":false}",
        "{\"records\":[{\"imei\":\"35693803000001\",\"use\":\"identity\",\"status\":\"active\","
        "\"serial\":4}],\"next\":4,\"more\":false}",
        "{\"records\":[],\"next\":-1,\"more\":false}",
        "{\"records\":[1],\"next\":9,\"more\":false}",
        "{\"records\":[{\"imei\":\"35693803000001\",\"use\":\"identity\",\"status\":\"active\","
        "\"serial\":10}],\"next\":9,\"more\":false}",
        "{\"records\":[{\"imei\":\"35693803000001\",\"use\":\"identity\",\"status\":\"gone\","
        "\"serial\":9}],\"next\":9,\"more\":false}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(turns(bad[i], 5), DEVID_CAUSE_REPOSITORY_BAD);
    }
    assert_int_equal(turns("{\"records\":[],\"next\":5,\"more\":true}", 5), DEVID_CAUSE_NONE);
    assert_false(page.more); /* without headway it would be asked for without end */
    assert_int_equal(turns("{\"records\":[],\"next\":6,\"more\":true}", 5), DEVID_CAUSE_NONE);
    assert_true(page.more);
    assert_false(page.behind);
    assert_int_equal(turns("{\"records\":[],\"next\":4,\"more\":true}", 5), DEVID_CAUSE_NONE);
    assert_true(page.behind && !page.more);
    assert_int_equal(repository_page_read(403, BYTES_LIT(""), 0, &page),
                     DEVID_CAUSE_REPOSITORY_REFUSED);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, up, down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_binding_is_read_with_its_key_and_its_record),
        CASE(a_revocation_has_no_key),
        CASE(a_binding_for_another_use_is_none_for_the_identity),
        CASE(statuses_have_their_causes),
        CASE(what_is_not_the_json_of_a_repository_is_bad),
        CASE(a_binding_lacks_nothing),
        CASE(every_prefix_is_bad),
        CASE(a_record_that_is_not_this_device_s_or_not_trusted_is_refused),
        CASE(a_chain_that_is_too_long_is_bad),
        CASE(a_page_gives_the_changes_of_identities),
        CASE(a_page_that_makes_no_sense_is_bad),
    };
    world_keys();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    world_keys_gone();
    return failed;
}
