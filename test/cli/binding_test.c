/* cli/binding.h: what a record from a repository is held to. */
#include "cli/binding.h"

#include "cli/pki.h"
#include "cli/said.h"
#include "net/verify_key.h"
#include "nf/common/base64.h"

static char folder[64];
static struct signer *signer;

static int begin(void **state)
{
    struct verify_why why;
    char path[96];
    (void)state;
    folder_make(folder);
    (void)snprintf(path, sizeof path, "%s/records.key", folder);
    return pki_signing_key(folder, "records") && signer_open(path, &signer, &why) == E_OK ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    signer_close(signer);
    folder_remove(folder);
    return 0;
}

static const uint8_t key[] = "a key in DER";

static json_t *base64(struct bytes in)
{
    char text[1024];
    assert_in_range(in.n, 0, 700);
    base64_encode(in, text);
    return json_string(text);
}

static json_t *record_of(struct binding_record *r, uint8_t form)
{
    uint8_t content[BINDING_RECORD_LEN], signature[SIGNATURE_LEN];
    char id[65], digest[65];
    *r = (struct binding_record){.imei = {"35693803564380"},
                                 .use = BINDING_IDENTITY,
                                 .form = form,
                                 .status = BINDING_ACTIVE,
                                 .not_before = 100,
                                 .not_after = 2000000000,
                                 .serial = 12,
                                 .issued = 1700000000};
    assert_ok(verify_digest(BYTES_OF(key), r->digest));
    binding_record_write(r, content);
    assert_ok(signer_sign(signer, BYTES_OF(content), signature));
    hex_encode(signer_id(signer), id);
    hex_encode(BYTES_OF(r->digest), digest);
    json_t *o = json_pack(
        "{s:s,s:s,s:s,s:s,s:i,s:i,s:i,s:i,s:s,s:o,s:o,s:s}", "imei", r->imei.digits, "use",
        "identity", "form", binding_form_name(form), "status", "active", "serial", 12, "issued",
        1700000000, "not_before", 100, "not_after", 2000000000, "digest", digest, "record",
        base64(BYTES_OF(content)), "signature", base64(BYTES_OF(signature)), "signer", id);
    if (form == BINDING_CERTIFICATE) {
        assert_int_equal(json_object_set_new(o, "certificates",
                                             json_pack("[o,s]", base64(BYTES_OF(key)), "AAAA")),
                         0);
    } else {
        assert_int_equal(json_object_set_new(o, "public_key", base64(BYTES_OF(key))), 0);
    }
    return o;
}

static struct binding_client client_of(bool trusts)
{
    struct binding_client c = {.n_signers = trusts};
    memcpy(c.spki[0], signer_spki(signer).p, SIGNER_SPKI_LEN);
    return c;
}

static void a_record_that_is_in_order_has_no_fault(void **state)
{
    struct binding_record made, read;
    (void)state;
    for (uint8_t form = BINDING_CERTIFICATE; form <= BINDING_PUBLIC_KEY; form++) {
        const struct binding_client c = client_of(true);
        json_t *o = record_of(&made, form);
        assert_null(binding_record_fault(&c, o, &read));
        assert_int_equal(read.serial, 12);
        assert_int_equal(read.form, form);
        /* without the credential, as in a list of changes */
        assert_int_equal(
            json_object_del(o, form == BINDING_CERTIFICATE ? "certificates" : "public_key"), 0);
        assert_null(binding_record_fault(&c, o, &read));
        json_decref(o);
    }
}

static void whatever_is_changed_in_a_record_is_told(void **state)
{
    static const struct {
        const char *member, *text, *part;
    } texts[] = {
        {"imei", "35693803564381", "beside"},  {"use", "provisioning", "beside"},
        {"form", "certificate", "beside"},     {"status", "revoked", "beside"},
        {"public_key", "AAAA", "not the one"}, {"public_key", "A", "not the one"},
        {"record", "AAAA", "cannot be read"},  {"record", "", "cannot be read"},
        {"signature", "AAAA", "cannot be"},    {"signer", "00", "not trusted"},
    };
    static const char *const numbers[] = {"serial", "issued", "not_before", "not_after"};
    const struct binding_client c = client_of(true);
    struct binding_record made, read;
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        json_t *o = record_of(&made, BINDING_PUBLIC_KEY);
        assert_int_equal(json_object_set_new(o, texts[i].member, json_string(texts[i].text)), 0);
        const char *fault = binding_record_fault(&c, o, &read);
        assert_non_null(fault);
        assert_non_null(strstr(fault, texts[i].part));
        json_decref(o);
    }
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        json_t *o = record_of(&made, BINDING_PUBLIC_KEY);
        assert_int_equal(json_object_set_new(o, numbers[i], json_integer(7)), 0);
        assert_non_null(binding_record_fault(&c, o, &read));
        assert_int_equal(json_object_set_new(o, numbers[i], json_string("12")), 0);
        assert_non_null(binding_record_fault(&c, o, &read));
        json_decref(o);
    }
}

static void a_record_of_another_content_or_signer_is_not_relied_on(void **state)
{
    struct binding_client c = client_of(true);
    struct binding_record made, read;
    uint8_t content[BINDING_RECORD_LEN];
    json_t *o = record_of(&made, BINDING_PUBLIC_KEY);
    (void)state;
    made.serial = 13;
    binding_record_write(&made, content);
    assert_int_equal(json_object_set_new(o, "record", base64(BYTES_OF(content))), 0);
    assert_int_equal(json_object_set_new(o, "serial", json_integer(13)), 0);
    assert_string_equal(binding_record_fault(&c, o, &read), "the signature is false");
    assert_int_equal(read.serial, 13); /* it can be shown, as bad */
    c.spki[0][50] ^= 1;
    assert_non_null(strstr(binding_record_fault(&c, o, &read), "not trusted"));
    json_decref(o);
}

static void without_a_signer_the_rest_is_still_looked_at(void **state)
{
    const struct binding_client c = client_of(false);
    struct binding_record made, read;
    json_t *o = record_of(&made, BINDING_PUBLIC_KEY);
    (void)state;
    assert_null(binding_record_fault(&c, o, &read));
    assert_int_equal(json_object_set_new(o, "serial", json_integer(13)), 0);
    assert_non_null(binding_record_fault(&c, o, &read));
    json_decref(o);
}

static void a_record_of_another_device_or_use_is_no_answer(void **state)
{
    struct imei asked = {"35693803564380"};
    struct binding_client c = client_of(true);
    struct binding_record made, read;
    json_t *o = record_of(&made, BINDING_PUBLIC_KEY);
    (void)state;
    c.imei = &asked;
    c.use = BINDING_IDENTITY;
    assert_null(binding_record_fault(&c, o, &read));
    c.use = BINDING_PROVISIONING;
    assert_non_null(strstr(binding_record_fault(&c, o, &read), "another device's"));
    c.use = 0;
    asked.digits[13] = '1';
    assert_non_null(strstr(binding_record_fault(&c, o, &read), "another device's"));
    json_decref(o);
}

static void what_a_change_did_is_one_of_four_words(void **state)
{
    static const char *const known[] = {"added", "replaced", "revoked", "unchanged"};
    static const char *const others[] = {"", "Added", "\033[2Jadded"};
    const struct binding_client c = {.url = "https://repo"};
    struct binding_answer answer = {.json = json_object()};
    struct said s;
    json_int_t serial = 0;
    (void)state;
    assert_int_equal(json_object_set_new(answer.json, "serial", json_integer(12)), 0);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        assert_int_equal(json_object_set_new(answer.json, "did", json_string(known[i])), 0);
        assert_string_equal(binding_did(&c, "x", &answer, &serial), known[i]);
        assert_int_equal(serial, 12);
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_int_equal(json_object_set_new(answer.json, "did", json_string(others[i])), 0);
        said_begin(&s);
        const char *did = binding_did(&c, "x", &answer, &serial);
        said_end(&s);
        assert_null(did);
        said_holds(&s, "does not tell what was done");
    }
    binding_answer_free(&answer);
}

static int run(int (*verb)(int, char **), const char *const *words, struct said *s)
{
    char *argv[12] = {NULL};
    int argc = 0;
    for (; words[argc]; argc++) {
        argv[argc] = (char *)(uintptr_t)words[argc];
    }
    said_begin(s);
    const int rc = verb(argc, argv);
    said_end(s);
    return rc;
}

static void what_is_missing_is_said_before_anybody_is_called(void **state)
{
    struct said s;
    char ca[96];
    (void)state;
    (void)snprintf(ca, sizeof ca, "%s/records.pub", folder);
    assert_int_equal(
        run(binding_show, (const char *[]){"get", "35693803564380", "-C", folder, NULL}, &s),
        CLI_USAGE);
    said_holds(&s, "names no repository");
    assert_int_equal(run(binding_show,
                         (const char *[]){"get", "35693803564380", "-C", folder, "--url",
                                          "https://localhost:1", NULL},
                         &s),
                     CLI_REFUSED);
    said_holds(&s, "pki/hss.crt");
    assert_int_equal(
        run(binding_show,
            (const char *[]){"get", "35693803564380", "-C", folder, "--url", "https://localhost:1",
                             "--client-certificate", "x.pem", NULL},
            &s),
        CLI_USAGE);
    said_holds(&s, "--client-key");
    assert_int_equal(run(binding_show, (const char *[]){"get", "123", "-C", folder, NULL}, &s),
                     CLI_USAGE);
    said_holds(&s, "no IMEI");
    assert_int_equal(
        run(binding_revoke, (const char *[]){"revoke", "35693803564380", "--use", "x", NULL}, &s),
        CLI_USAGE);
    said_holds(&s, "identity or provisioning");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_that_is_in_order_has_no_fault),
        cmocka_unit_test(whatever_is_changed_in_a_record_is_told),
        cmocka_unit_test(a_record_of_another_content_or_signer_is_not_relied_on),
        cmocka_unit_test(without_a_signer_the_rest_is_still_looked_at),
        cmocka_unit_test(a_record_of_another_device_or_use_is_no_answer),
        cmocka_unit_test(what_a_change_did_is_one_of_four_words),
        cmocka_unit_test(what_is_missing_is_said_before_anybody_is_called),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
