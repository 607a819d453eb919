/* A whole MME that asks devices for proof: the challenge over S1, the inquiry over S13, the
 * verifier of its configuration, the outcome in ULR, counters, events and the administration's
 * view. Covers src/nf/mmed/trust.c, step.c, hss.c and admin_view.c. */
#include "mmed/s1_world.h"
#include "nf/devid_pki.h"

#include "nf/mmed/admin_view.h"
#include "nf/mmed/trust.h"

static struct world w;
static const char *const IMSI = "001010123456789";

/* ---- a maker, its CAs, a repository ---------------------------------------------------------- */

static struct pki pki;
static struct repository repository;
static struct cert root, middle[3], leaf;
static struct binding_record record;
static uint8_t record_octets[BINDING_RECORD_LEN], record_signature[64];
static struct devid_credential credential;
static char ca_path[64], crl_path[64], signer_path[64];
static char *signers[] = {signer_path};

static void publish(void)
{
    struct crypto c;
    const struct bytes key = leaf.der;
    assert_ok(crypto_openssl_open(&c));
    record = (struct binding_record){.use = BINDING_IDENTITY,
                                     .form = BINDING_CERTIFICATE,
                                     .status = BINDING_ACTIVE,
                                     .not_before = time(NULL) - HOUR,
                                     .not_after = time(NULL) + HOUR,
                                     .serial = 77,
                                     .issued = time(NULL) - HOUR};
    assert_ok(imei_parse(BYTES_LIT("35693803564380"), &record.imei));
    assert_ok(c.sha256(c.ctx, &key, 1, record.digest));
    binding_record_write(&record, record_octets);
    assert_ok(signer_sign(repository.signer, BYTES_OF(record_octets), record_signature));
    crypto_openssl_close(&c);
    credential =
        (struct devid_credential){.status = DEVID_FOUND,
                                  .form = BINDING_CERTIFICATE,
                                  .n_chain = 4,
                                  .chain = {leaf.der, middle[2].der, middle[1].der, middle[0].der},
                                  .record = BYTES_OF(record_octets),
                                  .signature = BYTES_OF(record_signature),
                                  .signer = signer_id(repository.signer),
                                  .source = DEVID_FROM_REPOSITORY};
}

/* A chain as long as one may be: nearly 16 KB of certificates, so that with the rest of the answer
 * it is longer than other messages of Diameter. */
static int make_all(void **state)
{
    (void)state;
    pki_open(&pki);
    cert_make(&root, &(struct cert_wish){.cn = "maker", .ca = true});
    for (size_t i = 0; i < 3; i++) {
        const struct cert_wish wish = {.cn = i == 0   ? "a"
                                             : i == 1 ? "b"
                                                      : "c",
                                       .by = i == 0 ? &root : &middle[i - 1],
                                       .ca = true,
                                       .comment = 3720};
        cert_make(&middle[i], &wish);
    }
    cert_make(&leaf, &(struct cert_wish){.cn = "device", .by = &middle[2], .comment = 3720});
    snprintf(ca_path, sizeof ca_path, "%s", cert_save(&pki, "root", &root));
    snprintf(crl_path, sizeof crl_path, "%s", pki_path(&pki, "list", ".crl"));
    repository_open(&repository, &pki, "repository");
    snprintf(signer_path, sizeof signer_path, "%s", repository.public_path);
    publish();
    size_t n = leaf.der.n;
    for (size_t i = 0; i < 3; i++) {
        n += middle[i].der.n;
    }
    assert_in_range(n, 16000, VERIFY_DER_MAX);
    return 0;
}

static int drop_all(void **state)
{
    (void)state;
    cert_drop(&root);
    cert_drop(&leaf);
    for (size_t i = 0; i < 3; i++) {
        cert_drop(&middle[i]);
    }
    repository_close(&repository);
    pki_close(&pki);
    return 0;
}

static void with_devid(struct mmed_config *c)
{
    c->devid = (struct mmed_devid){.on = true,
                                   .signers = signers,
                                   .n_signers = 1,
                                   .ca = ca_path,
                                   .algorithms = {DEVID_ECDSA_P256},
                                   .n_algorithms = 1,
                                   .verified_kept = 100};
}

/* ---- a device -------------------------------------------------------------------------------- */

static struct devid_challenge challenged(struct bytes nas)
{
    static uint8_t room[EMM_PDU_MAX];
    struct nas_identity_request m;
    struct devid_challenge c;
    assert_ok(nas_parse(&nas_identity_request_message, rig_open_pdu(&w.ue, nas, room), &m, NULL));
    assert_ok(wire_devid_challenge_read(m.bindery_container, &c));
    return c;
}

static void answer(const struct w_ue *u, const struct devid_challenge *c, EVP_PKEY *key)
{
    uint8_t content[DEVID_CONTENT_LEN], room[600], id[NAS_IDENTITY_MAX];
    const struct devid_session session = {w.config.plmn, &w.ue.security.agreed.kasme};
    struct nas_identity imei = {.type = NAS_IDENTITY_IMEI, .imei = record.imei};
    struct nas_identity_response m = {.header = {0}};
    struct devid_proof p = {.imei = record.imei, .algorithm = DEVID_ECDSA_P256};
    struct device_key k = {.kind = VERIFY_KEY_P256, .key = key};
    struct device_signature s;
    assert_ok(nas_identity_write(&imei, MBYTES_OF(id), &m.identity));
    if (key != NULL) {
        assert_ok(devid_content(&w.ue.crypto, p.algorithm, &p.imei, c->nonce, &session, content));
        device_sign(&k, BYTES_OF(content), &s);
        p.n = (uint16_t)s.n;
        memcpy(p.signature, s.octets, s.n);
        assert_ok(wire_devid_proof_write(&p, MBYTES_OF(room), &m.bindery_container));
    }
    w_uplink(&w, u->enb, u->mme_id, u->enb_id,
             rig_write(&w.ue, NAS_SHT_CIPHERED, &nas_identity_response_message, &m));
}

/* As far as the answer to the challenge. */
static struct w_ue prove_by(EVP_PKEY *key, uint32_t enb_id)
{
    struct w_ue u = {.enb = 0, .enb_id = enb_id};
    w.control = S6A_BINDING_PROCESSED;
    w.proof_control = S6A_PROOF_WANTED;
    u.mme_id = w_begin(&w, 0, enb_id, IMSI);
    w_uplink(&w, 0, u.mme_id, enb_id, w_res(&w));
    (void)w_next(&w, 0, S1AP_DOWNLINK_NAS_TRANSPORT);
    w_answer_security(&w, 0, u.mme_id, enb_id);
    struct s1ap_pdu r = w_next(&w, 0, S1AP_DOWNLINK_NAS_TRANSPORT);
    struct devid_challenge c = challenged(r.u.downlink_nas_transport.nas_pdu);
    answer(&u, &c, key);
    return u;
}

static bool event_is(const char *name, const char *cause, const char *detail)
{
    struct mmed_event_row row;
    for (uint64_t after = 0; events_next(w.m.events, after, &row); after = row.id) {
        if (strcmp(row.name, name) == 0 && strcmp(row.cause, cause) == 0 &&
            strcmp(row.detail, detail) == 0) {
            assert_true(row.has_imsi && row.has_imei);
            assert_string_equal(row.imsi.digits, IMSI);
            assert_true(imei_eq(&row.imei, &record.imei));
            return true;
        }
    }
    return false;
}

/* ---- the tests ------------------------------------------------------------------------------- */

static void a_proven_device_is_told_home_counted_and_shown(void **state)
{
    (void)state;
    w_open(&w, with_devid);
    w_set_up(&w, 0);
    w.credential = &credential;
    struct w_ue u = prove_by(leaf.key, 1);
    (void)w_next(&w, 0, S1AP_INITIAL_CONTEXT_SETUP_REQUEST);
    assert_int_equal(w.ecrs, 1);
    assert_int_equal(w.inquiries, 1);
    assert_int_equal(w.reported.result, DEVID_PROVEN);
    assert_int_equal(w.reported.serial, 77);
    assert_int_equal(w.offered, OWN_FEATURE_BINDING | OWN_FEATURE_DEVID);
    assert_int_equal(w.m.counters.device_proven, 1);
    assert_true(event_is("device-proven", "", "certificate"));
    json_t *view = mmed_view_ue(&w.m, ue_table_find(w.m.ues, u.mme_id));
    json_t *proof = json_object_get(view, "proof");
    assert_string_equal(json_string_value(json_object_get(proof, "result")), "proven");
    assert_true(json_is_null(json_object_get(proof, "cause")));
    assert_string_equal(json_string_value(json_object_get(proof, "form")), "certificate");
    assert_int_equal(json_integer_value(json_object_get(proof, "serial")), 77);
    json_decref(view);
    w_close(&w);
}

static void a_device_that_fails_is_refused_by_the_home_network_and_named(void **state)
{
    (void)state;
    EVP_PKEY *other = EVP_EC_gen("P-256");
    w_open(&w, with_devid);
    w_set_up(&w, 0);
    w.credential = &credential;
    w.refuses = REFUSAL_DEVICE_FAILED;
    for (int with_key = 0; with_key < 2; with_key++) {
        (void)prove_by(with_key ? other : NULL, 1 + (uint32_t)with_key);
        (void)w_next(&w, 0, S1AP_DOWNLINK_NAS_TRANSPORT);
        (void)w_next(&w, 0, S1AP_UE_CONTEXT_RELEASE_COMMAND);
        assert_int_equal(w.reported.cause, with_key ? DEVID_CAUSE_SIGNATURE : DEVID_CAUSE_NO_PROOF);
    }
    assert_int_equal(w.m.counters.device_failed, 2);
    assert_int_equal(w.m.counters.refusals[REFUSAL_DEVICE_FAILED], 2);
    assert_true(event_is("device-failed", "no-proof", "certificate"));
    assert_true(event_is("device-failed", "signature", "certificate"));
    assert_true(event_is("refused", "device-failed", ""));
    assert_int_equal(ue_table_count(w.m.ues), 0);
    w_assert_counted(&w);
    w_close(&w);
    EVP_PKEY_free(other);
}

static void what_nobody_published_and_what_nobody_could_find_out_are_told_apart(void **state)
{
    (void)state;
    static const struct devid_credential none = {.status = DEVID_NONE,
                                                 .source = DEVID_FROM_REPOSITORY};
    for (int known = 0; known < 2; known++) {
        w_open(&w, with_devid);
        w_set_up(&w, 0);
        w.credential = known ? &none : NULL; /* an HSS that knows nothing of bindings */
        (void)prove_by(NULL, 1);
        (void)w_next(&w, 0, S1AP_INITIAL_CONTEXT_SETUP_REQUEST);
        assert_int_equal(w.m.counters.device_unproven, known);
        assert_int_equal(w.m.counters.device_undetermined, !known);
        assert_true(known ? event_is("device-unproven", "no-binding", "")
                          : event_is("device-undetermined", "inquiry-unanswered", ""));
        w_close(&w);
    }
}

static void without_the_section_nobody_is_asked(void **state)
{
    (void)state;
    w_open(&w, NULL);
    assert_null(w.m.trust);
    w_set_up(&w, 0);
    w.control = S6A_BINDING_PROCESSED;
    w.proof_control = S6A_PROOF_WANTED;
    struct w_ue u = w_attach(&w, 0, 1, IMSI);
    assert_int_equal(w.ecrs, 0);
    assert_int_equal(w.reported.result, DEVID_NOT_ASKED);
    assert_int_equal(w.offered, OWN_FEATURE_BINDING);
    json_t *view = mmed_view_ue(&w.m, ue_table_find(w.m.ues, u.mme_id));
    assert_true(json_is_null(json_object_get(view, "proof")));
    json_decref(view);
    w_close(&w);
}

/* ---- the files behind it --------------------------------------------------------------------- */

static void open_trust(struct mmed *m, struct mmed_config *c, bool crl)
{
    memset(m, 0, sizeof *m);
    memset(c, 0, sizeof *c);
    with_devid(c);
    c->devid.crl = crl ? crl_path : NULL;
    m->config = c;
    m->now_ms = 1000;
    assert_ok(events_open(100, &m->events));
    assert_ok(trust_open(m));
}

static void close_trust(struct mmed *m)
{
    trust_close(m->trust);
    events_close(m->events);
}

static unsigned events_named(const struct mmed *m, const char *name)
{
    struct mmed_event_row row;
    unsigned n = 0;
    for (uint64_t after = 0; events_next(m->events, after, &row); after = row.id) {
        n += strcmp(row.name, name) == 0;
    }
    return n;
}

static enum devid_cause judge(const struct mmed *m, const struct cert *c)
{
    const struct devid_port *port = trust_port(m->trust);
    return port->chain(port->ctx, &c->der, 1, time(NULL));
}

static void
a_new_revocation_list_is_read_within_a_minute_and_a_bad_one_changes_nothing(void **state)
{
    (void)state;
    struct mmed m;
    struct mmed_config c;
    struct cert device;
    cert_make(&device, &(struct cert_wish){.cn = "device", .by = &root});
    crl_save(crl_path, false, &root, NULL, DAY);
    open_trust(&m, &c, true);
    assert_int_equal(judge(&m, &device), DEVID_CAUSE_NONE);
    FILE *f = fopen(crl_path, "w");
    fputs("this is no list\n", f);
    fclose(f);
    m.now_ms += TRUST_LOOK_MS - 1;
    trust_poll(&m);
    assert_int_equal(events_named(&m, "devid-files-bad"), 0);
    m.now_ms += 1;
    trust_poll(&m);
    assert_int_equal(events_named(&m, "devid-files-bad"), 1);
    assert_int_equal(judge(&m, &device), DEVID_CAUSE_NONE);
    crl_save(crl_path, false, &root, &device, DAY);
    m.now_ms += TRUST_LOOK_MS;
    trust_poll(&m);
    assert_int_equal(events_named(&m, "devid-files-read"), 1);
    assert_int_equal(judge(&m, &device), DEVID_CAUSE_CHAIN_REVOKED);
    m.now_ms += TRUST_LOOK_MS;
    trust_poll(&m); /* nothing has changed since */
    assert_int_equal(events_named(&m, "devid-files-read"), 1);
    close_trust(&m);
    cert_drop(&device);
}

static void files_that_cannot_be_read_end_the_start(void **state)
{
    (void)state;
    struct mmed m;
    struct mmed_config c;
    static char missing[] = "/nowhere/ca.pem";
    memset(&m, 0, sizeof m);
    memset(&c, 0, sizeof c);
    m.config = &c;
    assert_ok(trust_open(&m)); /* without the section there is none */
    assert_null(m.trust);
    assert_null(trust_port(m.trust));
    trust_poll(&m);
    with_devid(&c);
    c.devid.ca = missing;
    assert_err(trust_open(&m), E_IO);
    assert_null(m.trust);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_proven_device_is_told_home_counted_and_shown),
        cmocka_unit_test(a_device_that_fails_is_refused_by_the_home_network_and_named),
        cmocka_unit_test(what_nobody_published_and_what_nobody_could_find_out_are_told_apart),
        cmocka_unit_test(without_the_section_nobody_is_asked),
        cmocka_unit_test(
            a_new_revocation_list_is_read_within_a_minute_and_a_bad_one_changes_nothing),
        cmocka_unit_test(files_that_cannot_be_read_end_the_start),
    };
    return cmocka_run_group_tests(tests, make_all, drop_all);
}
