/* How emulated devices make KMEs, and how they cheat: src/emulator/population_kme.c,
 * src/emulator/forge.c, and the options of src/emulator/options.c for it. */
#include "emulator/desk.h"
#include "emulator/identities.h"
#include "emulator/kme_site.h"

const char *argp_program_version = "bindery-ue of a test";

struct bench {
    struct desk *d;
    struct site *site;
    struct test_key key;
    char lot[64], lot_option[96], record[64];
};

static struct device_state state_of(const struct bench *b)
{
    struct device_state s;
    struct device_why why;
    assert_ok(device_state_load(b->d->device + strlen("--device="), &s, &why));
    return s;
}

static void write_lot(struct bench *b, const char *range)
{
    struct lot_file f = {.lot = b->site->lot};
    struct imei_range r, with;
    struct lot_file_why why;
    (void)unlink(b->lot);
    assert_ok(imei_range_parse(bytes_of_str(range), &r));
    assert_ok(lot_file_add(&f, &r, &with));
    assert_ok(lot_file_save(b->lot, &f, &why));
    lot_file_free(&f);
}

/* The seed's first device, without a KME, and with a key of its own. */
static void make_unbound(struct bench *b, uint8_t algorithm)
{
    struct device_state s;
    struct device_why why;
    make_device(b->d);
    s = state_of(b);
    s.me.has_kme = false;
    memset(&s.me.kme, 0, sizeof s.me.kme);
    test_key_make(&b->key, algorithm);
    s.identity.algorithm = algorithm;
    s.identity.n = (uint16_t)b->key.n;
    memcpy(s.identity.der, b->key.der, b->key.n);
    assert_ok(device_state_save(b->d->device + strlen("--device="), false, &s, &why));
    b->site->ue[0].spki = (struct bytes){b->key.spki, b->key.spki_n};
}

static int bench_of(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    void *d = NULL;
    assert_int_equal(desk_of(&d), 0);
    b->d = d;
    b->site = site_open(&b->d->s->mme);
    (void)snprintf(b->lot, sizeof b->lot, "%s/meters.lot.json", b->d->folder);
    (void)snprintf(b->lot_option, sizeof b->lot_option, "--lot=%s", b->lot);
    (void)snprintf(b->record, sizeof b->record, "%s/payload", b->d->folder);
    write_lot(b, "00101700");
    make_unbound(b, DEVID_ECDSA_P256);
    *state = b;
    return 0;
}

static int bench_close(void **state)
{
    struct bench *b = *state;
    void *d = b->d;
    (void)unlink(b->lot);
    (void)unlink(b->record);
    assert_int_equal(clear(&d), 0);
    site_close(b->site);
    free(b);
    return 0;
}

#define ATTACH(b, ...) attach_of(b, sizeof(WORDS(__VA_ARGS__)) / sizeof(char *), WORDS(__VA_ARGS__))
/* `bindery-ue attach` with the device, the MME and these options. */
static int attach_of(struct bench *b, size_t n, const char *const *words)
{
    const char *all[16] = {"bindery-ue", "attach", b->d->device, b->d->mme};
    size_t m = 4;
    for (size_t i = 1; i < n; i++) {
        if (words[i] != NULL) {
            all[m++] = words[i];
        }
    }
    server_start(b->d->s);
    const int rc = call(m, all);
    server_stop(b->d->s);
    return rc;
}

static void lacks(const char *text)
{
    if (strstr(said, text) != NULL) {
        fail_msg("'%s' is in: %s", text, said);
    }
}

/* ---- one device ---- */

/*= test kme-next kme-5d kme-6 kme-12 */
static void a_device_makes_a_kme_and_attaches_under_it(void **state)
{
    struct bench *b = *state;
    assert_int_equal(ATTACH(b, b->lot_option), UE_DONE);
    has("made a KME and offered it, lot " SITE_LOT);
    has("-> IDENTITY RESPONSE, ciphered");
    has("<- ATTACH REJECT, ciphered");
    has("the home network has the KME: it is active; the device attaches again");
    has("challenge, RAND encrypted under KME: the USIM answered");
    has("registered: GUTI");
    const struct device_state s = state_of(b);
    assert_true(s.me.has_kme);
    assert_false(s.pending.present);
    assert_true(crypto_ct_eq(BYTES_OF(s.me.kme.b), BYTES_OF(b->site->last.b)));
    assert_string_equal(s.lot.id.text, SITE_LOT);
    assert_int_equal(b->site->taken, 1);
    assert_int_equal(ATTACH(b, NULL), UE_DONE);
    has("challenge, RAND encrypted under KME");
    lacks("KME and offered it");
    assert_int_equal(b->site->commands, 1);
}

static void its_lot_stays_in_its_file(void **state)
{
    struct bench *b = *state;
    b->d->s->mme.silent = true;
    assert_int_equal(ATTACH(b, b->lot_option, "--timeout=100ms"), UE_SILENT);
    b->d->s->mme.silent = false;
    assert_int_equal(CALL("identity", b->d->device), UE_DONE);
    has("Lot    " SITE_LOT);
    has("KME    none");
    assert_int_equal(ATTACH(b, NULL), UE_DONE);
    has("made a KME and offered it");
    assert_int_equal(CALL("identity", b->d->device, "--json"), UE_DONE);
    json_t *o = json_loads(said, 0, NULL);
    assert_true(json_is_true(json_object_get(o, "kme")));
    assert_true(json_is_false(json_object_get(o, "kme_offered")));
    assert_string_equal(json_string_value(json_object_get(o, "lot")), SITE_LOT);
    json_decref(o);
}

static void a_lot_that_is_not_the_devices_is_refused(void **state)
{
    struct bench *b = *state;
    write_lot(b, "35693803");
    assert_int_equal(CALL("attach", b->d->device, b->d->mme, b->lot_option), UE_USAGE);
    has("lot " SITE_LOT " does not cover its IMEI, 001017000000003");
    assert_int_equal(CALL("attach", b->d->device, b->d->mme, "--lot=/nowhere/at/all"), UE_USAGE);
    has("/nowhere/at/all");
    put(b->lot, "{}");
    assert_int_equal(CALL("attach", b->d->device, b->d->mme, b->lot_option), UE_USAGE);
    has("is missing");
    assert_int_equal(state_of(b).lot.modulus_n, 0);
}

static void who_cannot_make_one_says_so(void **state)
{
    struct bench *b = *state;
    const char *const words[] = {NULL, b->lot_option, b->lot_option};
    static const char *const why[] = {"cannot make one: it was given no lot", "and makes none",
                                      "cannot make one: it has no key of ecdsa-p256"};
    for (unsigned i = 0; i < 3; i++) {
        if (i == 2) { /* a key that procedure kme has no place for */
            (void)unlink(b->d->device + strlen("--device="));
            make_unbound(b, DEVID_ED25519);
        }
        assert_int_equal(ATTACH(b, words[i], i == 1 ? "--no-kme" : NULL), UE_REFUSED);
        has("was asked for a KME, and");
        has(why[i]);
        has("failed: ATTACH REJECT #17");
        assert_int_equal(b->site->without, i + 1);
    }
    assert_int_equal(b->site->payloads, 0);
    assert_false(state_of(b).pending.present);
}

/* The network that serves it is another one's: how much of the IMSI its home is, only the USIM
 * says.
 */
/*= test kme-covers */
static void abroad_the_usim_says_which_network_is_home(void **state)
{
    struct bench *b = *state;
    struct device_why why;
    assert_ok(imsi_parse(BYTES_LIT("262021234567890"), &b->d->s->mme.origin.imsi));
    b->site->plmn = (struct plmn){"262", "02"};
    (void)unlink(b->d->device + strlen("--device="));
    make_unbound(b, DEVID_ECDSA_P256);
    assert_int_equal(ATTACH(b, b->lot_option), UE_REFUSED);
    has("cannot make one: its USIM does not say which network is its home");
    assert_int_equal(ATTACH(b, "--mnc-length=3"), UE_REFUSED);
    assert_int_equal(b->site->cause, KME_CAUSE_SIGNATURE);
    assert_int_equal(ATTACH(b, "--mnc-length=4"), UE_USAGE);
    struct device_state s = state_of(b);
    s.mnc_n = 2;
    assert_ok(device_state_save(b->d->device + strlen("--device="), false, &s, &why));
    assert_int_equal(ATTACH(b, NULL), UE_DONE);
    has("registered: GUTI");
    assert_int_equal(b->site->taken, 1);
    assert_int_equal(state_of(b).mnc_n, 2);
}

/*= test kme-wrong-nwsig kme-one-key */
static void a_wrong_nw_sig_erases_nothing(void **state)
{
    struct bench *b = *state;
    b->site->wrong_nw_sig = true;
    assert_int_equal(ATTACH(b, b->lot_option), UE_REFUSED);
    has("refused (nw-signature)");
    has("failed: ATTACH REJECT #17");
    const struct device_state s = state_of(b);
    assert_true(s.pending.present);
    assert_false(s.me.has_kme);
    assert_int_equal(CALL("identity", b->d->device), UE_DONE);
    has("KME    offered, and not known to be taken");
    b->site->wrong_nw_sig = false;
    assert_int_equal(ATTACH(b, NULL), UE_DONE);
    has("the challenge is under the KME that was offered: it is active");
    const struct device_state t = state_of(b);
    assert_true(t.me.has_kme);
    assert_true(crypto_ct_eq(BYTES_OF(t.me.kme.b), BYTES_OF(s.pending.kme.b)));
}

/*= test kme-active-then-pending kme-me-storage */
/* And what relies on the file leaves after the file has it. */
static void a_result_that_is_lost_costs_an_attach(void **state)
{
    struct bench *b = *state;
    b->site->swallow = 1;
    b->site->file = b->d->device + strlen("--device=");
    /* Time to offer a KME on a slow machine too, but less than T3411, when it attaches again. */
    assert_int_equal(ATTACH(b, b->lot_option, "--timeout=9s"), UE_SILENT);
    has("made a KME and offered it");
    assert_true(b->site->has_payload);
    assert_false(b->site->has_active);
    assert_int_equal(ATTACH(b, NULL), UE_DONE);
    assert_true(b->site->has_active);
    has("the challenge is under the KME that was offered: it is active");
    assert_int_equal(b->site->commands, 1);
}

/* ---- attacks ---- */

static void what_is_refused_leaves_the_kme_to_be_offered_again(struct bench *b,
                                                               const struct device_state *s)
{
    assert_true(s->pending.present);
    assert_int_equal(ATTACH(b, NULL), UE_DONE);
    const struct device_state t = state_of(b);
    assert_true(crypto_ct_eq(BYTES_OF(t.me.kme.b), BYTES_OF(s->pending.kme.b)));
}

static void one_bit_changed(void **state)
{
    struct bench *b = *state;
    assert_int_equal(ATTACH(b, b->lot_option, "--tamper-kme"), UE_REFUSED);
    has("made a KME, and offers it with one bit changed");
    assert_int_equal(b->site->cause, KME_CAUSE_OPENING);
    const struct device_state s = state_of(b);
    what_is_refused_leaves_the_kme_to_be_offered_again(b, &s);
}

static void for_somebody_else(void **state)
{
    static const struct {
        const char *option;
        enum kme_cause cause;
    } rows[] = {{"--kme-for=001010000000009/00101700000000", KME_CAUSE_OTHER_IMSI},
                {"--kme-for=001010000000001/35693803564380", KME_CAUSE_OTHER_IMEI}};
    struct bench *b = *state;
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(ATTACH(b, b->lot_option, rows[i].option), UE_REFUSED);
        has("made a KME, and offers it for another subscription or device");
        assert_int_equal(b->site->cause, rows[i].cause);
    }
    assert_int_equal(ATTACH(b, "--kme-for=001010000000009"), UE_USAGE);
    has("--kme-for '001010000000009' is no IMSI and IMEI");
}

static void a_payload_is_recorded_and_replayed_under_another_nonce(void **state)
{
    struct bench *b = *state;
    char record[96], replay[96];
    (void)snprintf(record, sizeof record, "--record-kme=%s", b->record);
    (void)snprintf(replay, sizeof replay, "--replay-kme=%s", b->record);
    assert_int_equal(ATTACH(b, replay), UE_USAGE);
    assert_int_equal(ATTACH(b, b->lot_option, record), UE_DONE);
    kme_home_request(&b->site->ue[0].home, KME_REQUEST_REBIND, NULL);
    assert_int_equal(ATTACH(b, replay), UE_REFUSED);
    has("offers what was offered before instead");
    assert_int_equal(b->site->cause, KME_CAUSE_REPLAYED);
    const struct device_state s = state_of(b);
    what_is_refused_leaves_the_kme_to_be_offered_again(b, &s);
    assert_int_equal(b->site->taken, 2);
    (void)unlink(b->record);
    put(b->record, "00");
    assert_int_equal(ATTACH(b, replay), UE_USAGE);
    has("is not what --record-kme writes");
}

static void a_bearer_is_asked_for_while_it_lasts(void **state)
{
    struct bench *b = *state;
    assert_int_equal(ATTACH(b, b->lot_option, "--ask-bearer"), UE_DONE);
    has("made a KME, and asks for a bearer instead of offering it");
    has("-> PDN CONNECTIVITY REQUEST, ciphered");
    has("<- PDN CONNECTIVITY REJECT, ciphered");
    has("made a KME and offered it");
    has("registered: GUTI");
    assert_int_equal(b->site->bearers, 1);
    assert_int_equal(b->site->commands, 2);
    assert_int_equal(b->site->taken, 1);
}

static void another_devices_key_does_not_do(void **state)
{
    struct bench *b = *state;
    struct test_key other;
    test_key_make(&other, DEVID_ECDSA_P256);
    b->site->ue[0].spki = (struct bytes){other.spki, other.spki_n};
    assert_int_equal(ATTACH(b, b->lot_option), UE_REFUSED);
    assert_int_equal(b->site->cause, KME_CAUSE_SIGNATURE);
}

/* The USIM in other equipment: neither its keys nor its lot are there. */
static void a_stolen_sim_makes_no_kme(void **state)
{
    struct bench *b = *state;
    assert_int_equal(ATTACH(b, b->lot_option, "--without-kme"), UE_REFUSED);
    has("was asked for a KME, and makes none");
    assert_false(state_of(b).pending.present);
}

static void attacks_exclude_each_other(void **state)
{
    struct bench *b = *state;
    assert_int_equal(ATTACH(b, "--tamper-kme", "--ask-bearer"), UE_USAGE);
    has("exclude each other");
    assert_int_equal(ATTACH(b, "--no-kme", "--record-kme=x"), UE_USAGE);
    assert_int_equal(b->site->commands, 0);
}

/* ---- one program at a time ---- */

static void a_device_that_runs_is_not_changed_beside(void **state)
{
    struct bench *b = *state;
    struct device_hold hold;
    struct device_why why;
    const struct device_state before = state_of(b);
    assert_ok(device_state_hold(b->d->device + strlen("--device="), &hold, &why));
    assert_int_equal(CALL("key", b->d->device, "--replace"), UE_REFUSED);
    has("another program runs this device");
    assert_int_equal(CALL("attach", b->d->device, b->d->mme), UE_USAGE);
    has("another program runs this device");
    assert_int_equal(CALL("identity", b->d->device), UE_DONE);
    assert_int_equal(CALL("key", b->d->device, "--show"), UE_DONE);
    const struct device_state after = state_of(b);
    assert_memory_equal(&after, &before, sizeof after);
    device_state_release(&hold);
    assert_int_equal(CALL("key", b->d->device, "--replace"), UE_DONE);
}

/* ---- many ---- */

enum { LOT = 6, DEVICES = 8 };

static void devices_of_a_lot_make_their_kmes(void **state)
{
    struct bench *b = *state;
    struct desk *d = b->d;
    struct test_key keys[LOT];
    char dir[64], identities[96], lot[96];
    (void)snprintf(dir, sizeof dir, "%s/keys", d->folder);
    (void)snprintf(identities, sizeof identities, "--identities=%s", dir);
    (void)snprintf(lot, sizeof lot, "--kme-lot=%s", b->lot);
    identities_make(dir, DEVID_ECDSA_P256, LOT, keys);
    write_lot(b, "00101700000000-00101700000004");
    for (unsigned i = 0; i < LOT; i++) {
        b->site->ue[i].spki = (struct bytes){keys[i].spki, keys[i].spki_n};
    }
    server_start(d->s);
    assert_int_equal(CALL("run", "--imsi=001010000000001", d->seed, "--count=8", "--unbound",
                          identities, lot, d->mme, "--at-once", "--json=-", "--allow-failures"),
                     UE_DONE);
    server_stop(d->s);
    json_t *o = json_loads(said, 0, NULL);
    const json_t *kme = json_object_get(o, "kme");
    assert_int_equal(json_integer_value(json_object_get(kme, "offered")), 5);
    assert_int_equal(json_integer_value(json_object_get(kme, "active")), 5);
    assert_int_equal(json_integer_value(json_object_get(kme, "by_challenge")), 0);
    assert_int_equal(json_integer_value(json_object_get(kme, "unable")), DEVICES - 5);
    assert_int_equal(json_integer_value(json_object_get(o, "registered")), 5);
    assert_int_equal(json_integer_value(json_object_get(o, "failed")), DEVICES - 5);
    json_decref(o);
    assert_int_equal(b->site->taken, 5);
    server_start(d->s);
    assert_int_equal(CALL("run", "--imsi=001010000000006", d->seed, "--unbound", d->mme,
                          "--at-once", "--allow-failures"),
                     UE_DONE);
    server_stop(d->s);
    has("KMEs made by devices");
    has("asked for, and none was made");
    identities_remove(dir);
}

static void unbound_devices_are_written_as_learning(void **state)
{
    struct bench *b = *state;
    char out[96], line[256] = "";
    (void)snprintf(b->d->path, sizeof b->d->path, "%s/lot.csv", b->d->folder);
    (void)snprintf(out, sizeof out, "--out=%s", b->d->path);
    assert_int_equal(CALL("lot", "--imsi=001010000000001", b->d->seed, "--unbound", out), UE_DONE);
    FILE *in = fopen(b->d->path, "r");
    assert_non_null(in);
    assert_non_null(fgets(line, sizeof line, in));
    assert_non_null(fgets(line, sizeof line, in));
    (void)fclose(in);
    assert_non_null(strstr(line, ",learn,001017000000003,\n"));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, bench_of, bench_close)
    const struct CMUnitTest tests[] = {
        TEST(a_device_makes_a_kme_and_attaches_under_it),
        TEST(its_lot_stays_in_its_file),
        TEST(a_lot_that_is_not_the_devices_is_refused),
        TEST(who_cannot_make_one_says_so),
        TEST(abroad_the_usim_says_which_network_is_home),
        TEST(a_wrong_nw_sig_erases_nothing),
        TEST(a_result_that_is_lost_costs_an_attach),
        TEST(one_bit_changed),
        TEST(for_somebody_else),
        TEST(a_payload_is_recorded_and_replayed_under_another_nonce),
        TEST(a_bearer_is_asked_for_while_it_lasts),
        TEST(another_devices_key_does_not_do),
        TEST(a_stolen_sim_makes_no_kme),
        TEST(attacks_exclude_each_other),
        TEST(a_device_that_runs_is_not_changed_beside),
        TEST(devices_of_a_lot_make_their_kmes),
        TEST(unbound_devices_are_written_as_learning),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    lot_key_close(site_lot_key());
    return failed;
}
