/* src/nf/repod/publish_device.c with nf/repod/publish.h: rows that say what a device is become
 * device records, or their cause says why not. */
#include "net/pki.h"

#include "nf/common/base64.h"
#include "nf/repod/publish.h"

#define NOW 1800000000

enum { LEAF_EC, LEAF_OTHER, LEAF_RSA, LEAF_NO_ROLE, LEAF_RSA_AGREES, LEAVES };
struct world {
    struct pki pki;
    struct repo_store *store;
    struct signer *signer;
    struct publish_roots roots;
    uint8_t der[LEAVES][2048];
    size_t der_n[LEAVES];
    char text[LEAVES][BASE64_ROOM(2048)];
    char ca[BASE64_ROOM(2048)];
};

/* ---- certificates that are valid at NOW ---- */

static X509 *sign(EVP_PKEY *key, EVP_PKEY *ca, const char *subject, const char *usage,
                  const char *purpose)
{
    X509 *c = X509_new();
    static long serial = 1;
    X509_set_version(c, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(c), serial++);
    ASN1_TIME_set(X509_getm_notBefore(c), NOW - 1000);
    ASN1_TIME_set(X509_getm_notAfter(c), NOW + 1000);
    X509_set_pubkey(c, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(c), "CN", MBSTRING_UTF8,
                               (const unsigned char *)subject, -1, -1, 0);
    X509_NAME_add_entry_by_txt(X509_get_issuer_name(c), "CN", MBSTRING_UTF8,
                               (const unsigned char *)"ca", -1, -1, 0);
    pki_extend(c, NID_basic_constraints, key == ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
    pki_extend(c, NID_key_usage, usage);
    if (purpose != NULL) {
        pki_extend(c, NID_ext_key_usage, purpose);
    }
    assert_true(X509_sign(c, ca, EVP_sha256()) > 0);
    return c;
}

static size_t encode(X509 *c, uint8_t der[static 2048], char *text)
{
    uint8_t *p = der;
    const int n = i2d_X509(c, &p);
    assert_true(n > 0 && n <= 2048);
    base64_encode((struct bytes){der, (size_t)n}, text);
    X509_free(c);
    return (size_t)n;
}

static void make_chains(struct world *w)
{
    static const char device[] = VERIFY_OID_ROLES ".5";
    uint8_t der[2048];
    EVP_PKEY *ca = EVP_EC_gen("P-256"), *rsa = EVP_RSA_gen(2048);
    EVP_PKEY *keys[2] = {EVP_EC_gen("P-256"), EVP_EC_gen("P-256")};
    const struct {
        EVP_PKEY *key;
        const char *usage, *purpose;
    } all[LEAVES] = {[LEAF_EC] = {keys[0], "keyAgreement", device},
                     [LEAF_OTHER] = {keys[1], "keyAgreement", device},
                     [LEAF_RSA] = {rsa, "keyEncipherment", device},
                     [LEAF_NO_ROLE] = {keys[0], "keyAgreement", NULL},
                     [LEAF_RSA_AGREES] = {rsa, "keyAgreement", device}};
    (void)encode(sign(ca, ca, "ca", "keyCertSign", NULL), der, w->ca);
    for (size_t i = 0; i < LEAVES; i++) {
        w->der_n[i] = encode(sign(all[i].key, ca, "device", all[i].usage, all[i].purpose),
                             w->der[i], w->text[i]);
    }
    EVP_PKEY_free(keys[0]);
    EVP_PKEY_free(keys[1]);
    EVP_PKEY_free(rsa);
    EVP_PKEY_free(ca);
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    struct store_why store;
    struct verify_why why;
    pki_open(&w->pki);
    pki_make(&w->pki, "records", NULL, "records", NULL);
    assert_ok(signer_open(pki_path(&w->pki, "records", ".key"), &w->signer, &why));
    assert_ok(repo_store_open(pki_path(&w->pki, "repo", ".db"), &w->store, &store));
    make_chains(w);
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

/* ---- rows ---- */

#define ONE    "{\"id\":\"one\",\"manufacturer\":\"Maker\",\"model\":\"M\",\"serial_number\":\"1\"}"
#define IMEI_A "35693803564380"
#define IMEI_B "35693803564381"

struct done {
    enum publish_did did;
    uint64_t serial;
    char detail[160];
};

static enum cause publish(struct world *w, const char *imei, const char *rest, struct done *done)
{
    char text[8192];
    struct publish_row *row = calloc(1, sizeof *row);
    struct publish_why why = {.cause = CAUSE_NONE};
    const struct publish_rules rules = {NULL, NOW, &w->roots};
    const struct publish_context ctx = {w->store, w->signer, "maker", NOW};
    snprintf(text, sizeof text, "{\"imei\":\"%s\",%s}", imei, rest);
    snprintf(row->device.id, sizeof row->device.id, "left over");
    json_t *json = publish_json(bytes_of_str(text), &why);
    bool ok = json != NULL && publish_identity(json, row, &why) &&
              publish_read(json, true, &rules, row, &why);
    if (ok) {
        assert_ok(repo_store_begin(w->store));
        ok = publish_apply(&ctx, row, &done->did, &done->serial, &why);
        assert_ok(repo_store_commit(w->store));
    }
    assert_int_equal(ok, why.cause == CAUSE_NONE);
    snprintf(done->detail, sizeof done->detail, "%s", why.detail);
    json_decref(json);
    free(row);
    return why.cause;
}

static enum cause put(struct world *w, const char *imei, int leaf, const char *device,
                      uint64_t replaces, struct done *done)
{
    char rest[8000], more[48] = "";
    if (replaces != 0) {
        snprintf(more, sizeof more, ",\"replaces\":%llu", (unsigned long long)replaces);
    }
    snprintf(rest, sizeof rest, "\"use\":\"provisioning\",\"certificates\":[\"%s\",\"%s\"]%s%s%s",
             w->text[leaf], w->ca, device != NULL ? ",\"device\":" : "",
             device != NULL ? device : "", more);
    return publish(w, imei, rest, done);
}

/* ---- records ---- */

struct seen {
    struct world *w;
    size_t devices, all;
    struct device_record last;
};

static bool check_record(void *ctx, const struct repo_row *row)
{
    struct seen *s = ctx;
    uint8_t content[DEVICE_RECORD_MAX];
    struct device_record *r = &s->last;
    s->all++;
    if (row->device.id[0] == '\0') {
        assert_int_equal(publish_device_content(row, content).n, 0);
        return true;
    }
    s->devices++;
    const struct bytes record = publish_device_content(row, content);
    assert_ok(signature_verify(signer_spki(s->w->signer), record, row->device.signature));
    assert_ok(device_record_read(record, r));
    assert_true(imei_eq(&r->imei, &row->imei));
    assert_int_equal(r->serial, row->serial);
    assert_int_equal(r->status, row->status);
    assert_int_equal(r->issued, NOW);
    assert_memory_equal(r->digest, row->digest, sizeof r->digest);
    assert_memory_not_equal(row->signature, row->device.signature, sizeof row->signature);
    content[record.n - 1] ^= 1;
    assert_err(signature_verify(signer_spki(s->w->signer), record, row->device.signature),
               E_BAD_MAC);
    return true;
}

/* Each record, held to its signature; the last is in *s. */
static void look(struct world *w, struct seen *s)
{
    *s = (struct seen){.w = w};
    assert_ok(repo_store_changes(w->store, 0, 100, check_record, s));
}

/*= test certattach-device */
static void a_record_is_made_anew_with_each_change(void **state)
{
    struct world *w = *state;
    struct done d;
    struct seen s;
    uint8_t digest[32];
    assert_int_equal(put(w, IMEI_A, LEAF_EC, ONE, 0, &d), CAUSE_NONE);
    assert_int_equal(d.did, PUBLISH_ADDED);
    look(w, &s);
    assert_int_equal(s.devices, 1);
    assert_string_equal(s.last.id.text, "one");
    assert_string_equal(s.last.manufacturer, "Maker");
    assert_string_equal(s.last.model, "M");
    assert_string_equal(s.last.serial_number, "1");
    assert_int_equal(s.last.status, BINDING_ACTIVE);
    assert_ok(verify_digest((struct bytes){w->der[LEAF_EC], w->der_n[LEAF_EC]}, digest));
    assert_memory_equal(s.last.digest, digest, sizeof digest);
    assert_int_equal(put(w, IMEI_A, LEAF_EC, ONE, 0, &d), CAUSE_NONE);
    assert_int_equal(d.did, PUBLISH_UNCHANGED);
    const char *other = "{\"id\":\"one\",\"manufacturer\":\"Maker\",\"model\":\"M\","
                        "\"serial_number\":\"2\"}";
    assert_int_equal(put(w, IMEI_A, LEAF_EC, other, 0, &d), CAUSE_OTHER_KEY);
    assert_int_equal(put(w, IMEI_A, LEAF_EC, NULL, 0, &d), CAUSE_OTHER_KEY);
    assert_int_equal(put(w, IMEI_A, LEAF_EC, other, 9, &d), CAUSE_NOT_NEWEST);
    assert_int_equal(put(w, IMEI_A, LEAF_EC, other, 1, &d), CAUSE_NONE);
    assert_int_equal(d.did, PUBLISH_REPLACED);
    look(w, &s);
    assert_int_equal(s.last.serial, 2);
    assert_string_equal(s.last.serial_number, "2");
    assert_int_equal(put(w, IMEI_A, LEAF_OTHER, other, 2, &d), CAUSE_NONE);
    assert_int_equal(publish(w, IMEI_A, "\"use\":\"provisioning\",\"revoke\":true", &d),
                     CAUSE_NONE);
    assert_int_equal(d.did, PUBLISH_REVOKED);
    look(w, &s);
    assert_int_equal(s.devices, 4);
    assert_int_equal(s.last.serial, 4);
    assert_int_equal(s.last.status, BINDING_REVOKED);
    assert_int_equal(put(w, IMEI_A, LEAF_OTHER, other, 4, &d), CAUSE_KEY_REVOKED);
    assert_int_equal(put(w, IMEI_A, LEAF_RSA, "null", 4, &d),
                     CAUSE_NONE); /* and is no device's any more */
    look(w, &s);
    assert_int_equal(s.devices, 4);
    assert_int_equal(s.all, 5);
}

static void a_device_is_not_taken_off_the_site_unsaid(void **state)
{
    struct world *w = *state;
    struct done d;
    struct seen s;
    uint8_t spki[VERIFY_SPKI_MAX], *p = spki;
    char key[BASE64_ROOM(VERIFY_SPKI_MAX)], row[2 * sizeof key];
    EVP_PKEY *k = EVP_EC_gen("P-256");
    const int n = i2d_PUBKEY(k, &p);
    base64_encode((struct bytes){spki, (size_t)n}, key);
    EVP_PKEY_free(k);
    assert_int_equal(put(w, IMEI_A, LEAF_EC, ONE, 0, &d), CAUSE_NONE);
    assert_int_equal(put(w, IMEI_A, LEAF_OTHER, NULL, 1, &d), CAUSE_MISSING_MEMBER);
    assert_non_null(strstr(d.detail, "`device` is missing"));
    snprintf(row, sizeof row, "\"use\":\"provisioning\",\"public_key\":\"%s\",\"replaces\":1", key);
    assert_int_equal(publish(w, IMEI_A, row, &d), CAUSE_MISSING_MEMBER);
    look(w, &s);
    assert_int_equal(s.all, 1);
    assert_int_equal(publish(w, IMEI_A, "\"use\":\"provisioning\",\"revoke\":true", &d),
                     CAUSE_NONE);
    assert_int_equal(put(w, IMEI_A, LEAF_OTHER, NULL, 2, &d), CAUSE_MISSING_MEMBER);
    assert_int_equal(put(w, IMEI_A, LEAF_OTHER, ONE, 2, &d), CAUSE_NONE);
    snprintf(row, sizeof row,
             "\"use\":\"provisioning\",\"public_key\":\"%s\",\"replaces\":3,\"device\":null", key);
    assert_int_equal(publish(w, IMEI_A, row, &d), CAUSE_NONE);
    assert_int_equal(d.did, PUBLISH_REPLACED);
    look(w, &s);
    assert_int_equal(s.all, 4);
    assert_int_equal(s.devices, 3);
    assert_int_equal(put(w, IMEI_A, LEAF_RSA, NULL, 4, &d), CAUSE_NONE); /* it has none to lose */
    assert_int_equal(put(w, IMEI_B, LEAF_EC, "null", 0, &d), CAUSE_NONE);
    assert_int_equal(
        publish(w, IMEI_B, "\"use\":\"identity\",\"public_key\":\"\",\"device\":null", &d),
        CAUSE_BAD_MEMBER);
}

static void a_device_is_valid_as_long_as_its_certificate(void **state)
{
    struct world *w = *state;
    struct done d;
    char rest[8000];
    static const struct {
        long from, to;
        enum cause cause;
    } all[] = {{NOW - 1000, NOW + 999, CAUSE_VALIDITY},
               {NOW - 999, NOW + 1000, CAUSE_VALIDITY},
               {NOW - 1001, NOW + 1000, CAUSE_VALIDITY},
               {NOW - 1000, NOW + 1000, CAUSE_NONE}};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        snprintf(rest, sizeof rest,
                 "\"use\":\"provisioning\",\"certificates\":[\"%s\",\"%s\"],\"device\":" ONE
                 ",\"not_before\":%ld,\"not_after\":%ld",
                 w->text[LEAF_EC], w->ca, all[i].from, all[i].to);
        assert_int_equal(publish(w, IMEI_A, rest, &d), all[i].cause);
    }
}

static void an_id_is_one_devices(void **state)
{
    struct world *w = *state;
    struct done d;
    const char *two = "{\"id\":\"two\",\"manufacturer\":\"Maker\",\"model\":\"M\","
                      "\"serial_number\":\"1\"}";
    assert_int_equal(put(w, IMEI_A, LEAF_EC, ONE, 0, &d), CAUSE_NONE);
    assert_int_equal(put(w, IMEI_B, LEAF_OTHER, ONE, 0, &d), CAUSE_DEVICE_ID_TAKEN);
    assert_int_equal(put(w, IMEI_A, LEAF_EC, two, 1, &d), CAUSE_NONE);
    assert_int_equal(put(w, IMEI_B, LEAF_OTHER, ONE, 0, &d), CAUSE_DEVICE_ID_TAKEN);
    assert_int_equal(put(w, IMEI_A, LEAF_EC, ONE, 2, &d), CAUSE_NONE);
    assert_int_equal(publish(w, IMEI_A, "\"use\":\"provisioning\",\"revoke\":true", &d),
                     CAUSE_NONE);
    assert_int_equal(put(w, IMEI_B, LEAF_OTHER, ONE, 0, &d), CAUSE_DEVICE_ID_TAKEN);
}

static void a_certificate_is_a_devices_to_encrypt_to(void **state)
{
    struct world *w = *state;
    struct done d;
    assert_int_equal(put(w, IMEI_A, LEAF_NO_ROLE, ONE, 0, &d), CAUSE_CHAIN_USAGE);
    assert_non_null(strstr(d.detail, VERIFY_OID_ROLES ".5"));
    assert_int_equal(put(w, IMEI_A, LEAF_RSA_AGREES, ONE, 0, &d), CAUSE_CHAIN_USAGE);
    assert_non_null(strstr(d.detail, "keyEncipherment"));
    assert_int_equal(put(w, IMEI_A, LEAF_RSA, ONE, 0, &d), CAUSE_NONE);
    assert_int_equal(put(w, IMEI_B, LEAF_NO_ROLE, NULL, 0, &d), CAUSE_NONE); /* without a device */
}

static void a_device_that_is_wrong_has_its_cause(void **state)
{
    struct world *w = *state;
    struct done d;
    struct seen s;
    char longest[65 + 1], text[400];
    memset(longest, 'a', 65);
    longest[65] = '\0';
#define REST "\"manufacturer\":\"a\",\"model\":\"b\",\"serial_number\":\"c\""
    static const struct {
        const char *device;
        enum cause cause;
    } wrong[] = {
        {"1", CAUSE_BAD_MEMBER},
        {"[]", CAUSE_BAD_MEMBER},
        {"{}", CAUSE_MISSING_MEMBER},
        {"{" REST "}", CAUSE_MISSING_MEMBER},
        {"{\"id\":1," REST "}", CAUSE_BAD_MEMBER},
        {"{\"id\":\"\"," REST "}", CAUSE_BAD_MEMBER},
        {"{\"id\":\"...\"," REST "}", CAUSE_BAD_MEMBER},
        {"{\"id\":\"a/b\"," REST "}", CAUSE_BAD_MEMBER},
        {"{\"id\":\"a b\"," REST "}", CAUSE_BAD_MEMBER},
        {"{\"id\":\"a\",\"IMEI\":\"1\"," REST "}", CAUSE_UNKNOWN_MEMBER},
        {"{\"id\":\"a\",\"id\":\"a\"," REST "}", CAUSE_NOT_JSON},
        {"{\"id\":\"a\",\"model\":\"b\",\"serial_number\":\"c\"}", CAUSE_MISSING_MEMBER},
        {"{\"id\":\"a\",\"manufacturer\":\"\",\"model\":\"b\",\"serial_number\":\"c\"}",
         CAUSE_BAD_MEMBER},
        {"{\"id\":\"a\",\"manufacturer\":\"a\",\"model\":\"b\\n\",\"serial_number\":\"c\"}",
         CAUSE_BAD_MEMBER},
        {"{\"id\":\"a\",\"manufacturer\":\"a\",\"model\":\"b\",\"serial_number\":\"\xc3"
         "\xa9\"}",
         CAUSE_BAD_MEMBER}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        if (put(w, IMEI_A, LEAF_EC, wrong[i].device, 0, &d) != wrong[i].cause) {
            fail_msg("%s", wrong[i].device);
        }
    }
    snprintf(text, sizeof text, "{\"id\":\"%s\"," REST "}", longest);
    assert_int_equal(put(w, IMEI_A, LEAF_EC, text, 0, &d), CAUSE_BAD_MEMBER);
    assert_int_equal(
        publish(w, IMEI_A, "\"use\":\"provisioning\",\"revoke\":true,\"device\":" ONE, &d),
        CAUSE_UNKNOWN_MEMBER);
    assert_int_equal(
        publish(w, IMEI_A, "\"use\":\"identity\",\"certificates\":[],\"device\":" ONE, &d),
        CAUSE_BAD_MEMBER);
    assert_int_equal(
        publish(w, IMEI_A, "\"use\":\"provisioning\",\"public_key\":\"\",\"device\":" ONE, &d),
        CAUSE_BAD_MEMBER);
    look(w, &s);
    assert_int_equal(s.all, 0);
    longest[64] = '\0';
    snprintf(text, sizeof text,
             "{\"id\":\"%s\",\"manufacturer\":\"%s\",\"model\":\"%s\",\"serial_number\":\"%s\"}",
             longest, longest, longest, longest);
    assert_int_equal(put(w, IMEI_A, LEAF_EC, text, 0, &d), CAUSE_NONE);
    look(w, &s);
    assert_string_equal(s.last.model, longest);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {T(a_record_is_made_anew_with_each_change),
                                       T(a_device_is_not_taken_off_the_site_unsaid),
                                       T(a_device_is_valid_as_long_as_its_certificate),
                                       T(an_id_is_one_devices),
                                       T(a_certificate_is_a_devices_to_encrypt_to),
                                       T(a_device_that_is_wrong_has_its_cause)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
