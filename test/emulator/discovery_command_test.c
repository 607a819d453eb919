/* `bindery-ue` with devices that have secure elements: src/emulator/command_se.c,
 * src/emulator/commands.c, src/emulator/say.c, src/emulator/report.c and
 * src/device/linux/se_files.c. */
#include "device/linux/se_files.h"
#include "emulator/desk.h"
#include "emulator/discovery_site.h"

const char *argp_program_version = "bindery-ue of a test";

struct bench {
    struct desk *d;
    struct discovery_site *site;
    char option[6][96];
    unsigned options;
};

static const char *file_of(const struct bench *b)
{
    return b->d->device + strlen("--device=");
}

static struct device_state state_of(const struct bench *b)
{
    struct device_state s;
    struct device_why why;
    assert_ok(device_state_load(file_of(b), &s, &why));
    return s;
}

static void keep(const struct bench *b, const struct device_state *s)
{
    struct device_why why;
    assert_ok(device_state_save(file_of(b), false, s, &why));
}

static int open_bench(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    void *d = NULL;
    assert_int_equal(desk_of(&d), 0);
    b->d = d;
    b->site = discovery_site_open(&b->d->s->mme);
    const struct device_state s = site_device(b->site, 0, true);
    keep(b, &s);
    *state = b;
    return 0;
}

static int close_bench(void **state)
{
    struct bench *b = *state;
    void *d = b->d;
    char command[160];
    (void)snprintf(command, sizeof command, "rm -rf %s/many %s/c.json %s/o.json %s/challenge",
                   b->d->folder, b->d->folder, b->d->folder, b->d->folder);
    assert_int_equal(system(command), 0);
    assert_int_equal(clear(&d), 0);
    discovery_site_close(b->site);
    free(b);
    return 0;
}

static void lacks(const char *text)
{
    if (strstr(said, text) != NULL) {
        fail_msg("'%s' is in: %s", text, said);
    }
}

/* --NAME=FOLDER/FILE */
static const char *option(struct bench *b, const char *name, const char *file)
{
    char *out = b->option[b->options++ % 6];
    (void)snprintf(out, sizeof b->option[0], "--%s=%s/%s", name, b->d->folder, file);
    return out;
}

static const char *path_of(struct bench *b, const char *file)
{
    return strchr(option(b, "x", file), '=') + 1;
}

#define ATTACH(b, ...) attach_of(b, sizeof(WORDS(__VA_ARGS__)) / sizeof(char *), WORDS(__VA_ARGS__))
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

/* ---- attach ---- */

/*= test dimsi-3 dimsi-7-replace dimsi-8 */
static void an_attach_says_each_step_from_the_dimsi_to_service(void **state)
{
    struct bench *b = *state;
    assert_int_equal(ATTACH(b, NULL), UE_DONE);
    has("has no subscription: attaches with dIMSI 901700000000000, whose key its secure element "
        "has agreed with arpf.example.org");
    has("-> ATTACH REQUEST, in clear");
    has("<- AUTHENTICATION REQUEST, in clear");
    has("challenge: AUTN holds, and RAND brings IMSI 001010000700000: it takes the dIMSI's place, "
        "and is in its file");
    has("its cause is #17 (Network failure)");
    lacks("rejected");
    has("the attach with the dIMSI is over: no service runs on it");
    has("attaches with the IMSI that came, 001010000700000");
    has("registered: GUTI 001-01");
    has("Its operator's own subscription is the RSMF's to give: attach with --rsmf IP:PORT");
    struct device_state s = state_of(b);
    assert_string_equal(s.imsi.digits, "001010000700000");
    assert_true(s.discovery.trial.confirmed);
    assert_true(s.has_nas);
    assert_int_equal(ATTACH(b, NULL), UE_DONE);
    has("goes on with IMSI 001010000700000, which came for dIMSI 901700000000000");
    lacks("has no subscription");
    assert_int_equal(b->site->first_attaches, 1);
    device_state_wipe(&s);
}

/*= test dimsi-11 dimsi-erase */
static void with_an_rsmf_it_ends_with_the_operators_own_subscription(void **state)
{
    struct bench *b = *state;
    assert_int_equal(ATTACH(b, "--rsmf=127.0.0.1:8443"), UE_DONE);
    has("-> RSMF rsmf.epc.mnc001.mcc001.3gppnetwork.org (127.0.0.1 port 8443): the operator's own "
        "subscription is asked for, with the secure element's certificate");
    has("<- RSMF: the operator's own subscription, IMSI 001010000800000: it is in its file");
    has("-> DETACH REQUEST");
    has("attaches with its operator's own subscription, IMSI 001010000800000");
    has("the subscription is installed and works");
    has("<- RSMF: it knows; the key of the dIMSI and all that came of it is erased");
    lacks("--rsmf IP:PORT");
    struct device_state s = state_of(b);
    assert_true(s.se.slot[0].erased);
    assert_int_equal(s.discovery.slot, 0);
    assert_int_equal(ATTACH(b, "--rsmf=127.0.0.1:8443"), UE_DONE);
    lacks("RSMF");
    assert_int_equal(b->site->confirmed, 1);
    device_state_wipe(&s);
}

static void an_rsmf_that_refuses_is_told_and_tried_again(void **state)
{
    struct bench *b = *state;
    b->site->rsmf = RSM_NO_PROFILE;
    assert_int_equal(ATTACH(b, "--rsmf=127.0.0.1:8443"), UE_REFUSED);
    has("<- RSMF (other-device): the RSMF has no profile for this device (yet)");
    has("failed: remote subscription management: other-device");
    b->site->rsmf = RSM_DONE;
    assert_int_equal(ATTACH(b, "--rsmf=127.0.0.1:8443"), UE_DONE);
    has("goes on with IMSI 001010000700000");
    assert_int_equal(b->site->confirmed, 1);
    assert_int_equal(ATTACH(b, "--rsmf=nowhere"), UE_USAGE);
}

/*= test dimsi-provisional */
static void a_network_that_brings_nothing_is_not_the_end(void **state)
{
    struct bench *b = *state;
    b->d->s->mme.reject = 8;
    assert_int_equal(ATTACH(b, NULL), UE_REFUSED);
    has("no IMSI came of this");
    has("failed: no IMSI: ATTACH REJECT #8");
    b->d->s->mme.reject = 0;
    assert_int_equal(ATTACH(b, NULL), UE_DONE);
}

static void a_challenge_can_be_recorded_and_is_refused_when_it_is_played_later(void **state)
{
    struct bench *b = *state;
    char text[80] = "";
    assert_int_equal(ATTACH(b, "--radio-flip=rand"), UE_REFUSED);
    has("challenge refused (integrity): AUTN does not hold for what RAND brings");
    assert_int_equal(ATTACH(b, "--radio-flip=autn"), UE_REFUSED);
    has("challenge refused (integrity)");
    /* The challenge of the first attach is recorded last when the second one goes no further. */
    b->site->rejects_imsi = 111;
    assert_int_equal(ATTACH(b, option(b, "record-challenge", "challenge")), UE_REFUSED);
    FILE *f = fopen(path_of(b, "challenge"), "re");
    assert_non_null(f);
    assert_non_null(fgets(text, sizeof text, f));
    fclose(f);
    assert_int_equal(strlen(text), 66);
    assert_int_equal(text[32], ':');
    b->site->rejects_imsi = 0;
    assert_int_equal(ATTACH(b, option(b, "replay-challenge", "challenge")), UE_REFUSED);
    has("the USIM refuses its MAC");
    assert_int_equal(ATTACH(b, option(b, "replay-challenge", "challenge"), "--radio-flip=rand"),
                     UE_USAGE);
    assert_int_equal(ATTACH(b, option(b, "replay-challenge", "nothing")), UE_USAGE);
    has("is not what --record-challenge writes");
    assert_int_equal(ATTACH(b, NULL), UE_DONE);
}

/* ---- se ---- */

static void what_a_secure_element_has_is_said_without_secrets(void **state)
{
    struct bench *b = *state;
    struct device_state s = state_of(b);
    char ek[65];
    hex_encode(BYTES_OF(s.se.slot[0].ek.b), ek);
    assert_int_equal(CALL("se", "show", file_of(b)), UE_DONE);
    has("IMEI   00101700000100");
    has("SE     SE");
    has("Part   PN 7");
    has("CI     CI");
    has("Tokens 1");
    has("dIMSI  901700000000000, agreed with arpf.example.org");
    has("the device attaches with the dIMSI");
    lacks(ek);
    assert_int_equal(CALL("se", "show", "--json", file_of(b)), UE_DONE);
    json_t *o = json_loads(said, 0, NULL);
    const json_t *slot = json_array_get(json_object_get(o, "slots"), 0);
    assert_string_equal(json_string_value(json_object_get(o, "part_number")), "PN 7");
    assert_string_equal(json_string_value(json_object_get(slot, "phase")), "agreed");
    assert_true(json_is_null(json_object_get(slot, "imsi")));
    assert_int_equal(strlen(json_string_value(json_object_get(o, "se_sha256"))), 64);
    json_decref(o);
    lacks(ek);
    lacks("\"ek\"");
    lacks("\"key\"");
    device_state_wipe(&s);
}

static void who_a_device_with_a_dimsi_is_can_be_asked(void **state)
{
    struct bench *b = *state;
    assert_int_equal(CALL("identity", b->d->device), UE_DONE);
    has("IMSI   none");
    has("SE     1 dIMSI; `bindery-ue se show` says more");
    assert_int_equal(CALL("identity", "--json", b->d->device), UE_DONE);
    json_t *o = json_loads(said, 0, NULL);
    assert_int_equal(json_integer_value(json_object_get(o, "dimsis")), 1);
    assert_true(json_is_null(json_object_get(o, "imsi")));
    json_decref(o);
}

static void its_phases_are_told_apart(void **state)
{
    struct bench *b = *state;
    const struct imsi imsi = site_imsi(SITE_IMSI);
    struct device_state s = state_of(b);
    assert_ok(device_state_discovered(b->site->c, &s, 0, &imsi));
    keep(b, &s);
    assert_int_equal(CALL("se", "show", file_of(b)), UE_DONE);
    has("001010000700000: an IMSI came, and was not used yet");
    s.discovery.trial.confirmed = true;
    keep(b, &s);
    assert_int_equal(CALL("se", "show", file_of(b)), UE_DONE);
    has("001010000700000: the device was registered with the IMSI that came");
    device_state_drop(&s);
    keep(b, &s);
    assert_int_equal(CALL("se", "show", file_of(b)), UE_DONE);
    has("an IMSI came, and was given up");
    wipe(&s.se, sizeof s.se);
    s.imsi = imsi;
    s.usim.keys = b->site->entry[0].own_keys;
    keep(b, &s);
    assert_int_equal(CALL("se", "show", file_of(b)), UE_REFUSED);
    has("the device has no secure element");
    assert_int_equal(CALL("se", "show"), UE_USAGE);
    assert_int_equal(CALL("se"), UE_USAGE);
    assert_int_equal(CALL("se", "hide", file_of(b)), UE_USAGE);
    device_state_wipe(&s);
}

/* An order as the service provider writes it. */
static void write_order(struct bench *b, const char *file, const char *dimsi,
                        const struct factory_der *arpf)
{
    char text[4096];
    uint8_t base64[2048];
    const int n = EVP_EncodeBlock(base64, arpf->b, (int)arpf->n);
    assert_true(n > 0);
    (void)snprintf(text, sizeof text, "{\"dimsi\": \"%s\", \"sp\": \"%s\", \"arpf\": [\"%s\"]}\n",
                   dimsi, FACTORY_SP, (const char *)base64);
    put(path_of(b, file), text);
}

#define ACCEPT(b, ...)                                                                             \
    CALL("se", "accept", (b)->d->device, option(b, "order", "o.json"),                             \
         option(b, "credentials", "c.json"), __VA_ARGS__)

/*= test dimsi-0b dimsi-0c-token dimsi-0c-store */
static void an_order_is_accepted_and_the_credentials_are_what_an_arpf_takes(void **state)
{
    struct bench *b = *state;
    struct se_credentials c;
    struct device_why why;
    struct device_state s;
    write_order(b, "o.json", "901700000000001", &b->site->factory.arpf);
    assert_int_equal(ACCEPT(b, "--again"), UE_DONE);
    has("1 accepted, 0 not");
    assert_ok(se_credentials_load(path_of(b, "c.json"), &c, &why));
    assert_string_equal(c.dimsi.digits, "901700000000001");
    site_accept(b->site, 1, (struct bytes){c.token, c.token_n});
    s = state_of(b);
    assert_int_equal(s.se.n_slots, 2);
    assert_int_equal(s.se.tokens, 2);
    assert_memory_equal(s.se.slot[1].ek.b, b->site->entry[1].ek.b, DIMSI_EK_LEN);
    assert_true(bytes_eq(device_certificate(&c.chain, 0), device_certificate(&s.se.chain, 0)));
    assert_true(bytes_eq(device_certificate(&c.chain, 1), device_certificate(&s.se.chain, 1)));
    device_state_wipe(&s);
}

static void accepted_once_it_is_left_alone_until_told_otherwise(void **state)
{
    struct bench *b = *state;
    struct device_state s, t;
    write_order(b, "o.json", "901700000000000", &b->site->factory.arpf);
    assert_int_equal(ATTACH(b, NULL), UE_DONE);
    assert_int_equal(ACCEPT(b, "--again"), UE_DONE); /* the subscription came of the old key */
    has("subscription 001010000700000 is given up, for it was made of the key before");
    s = state_of(b);
    assert_int_equal(s.imsi.n, 0);
    assert_false(s.se.slot[0].installed);
    assert_int_equal(CALL("se", "accept", b->d->device, option(b, "order", "o.json"),
                          option(b, "credentials", "c.json")),
                     UE_DONE);
    has("0 accepted, 1 were before, 0 not");
    t = state_of(b);
    assert_memory_equal(&s, &t, sizeof s);
    (void)unlink(path_of(b, "c.json")); /* it never arrived */
    assert_int_equal(CALL("se", "accept", b->d->device, option(b, "order", "o.json"),
                          option(b, "credentials", "c.json")),
                     UE_DONE);
    has("1 accepted, 0 not");
    device_state_wipe(&s);
    device_state_wipe(&t);
}

/*= test dimsi-0c-verify */
static void an_order_that_cannot_be_trusted_changes_nothing(void **state)
{
    struct bench *b = *state;
    struct device_state s = state_of(b), t;
    struct factory_der other;
    struct factory_wish w = factory_arpf_wish();
    w.issuer = "another CI";
    factory_certify(b->site->factory.arpf_key, b->site->factory.pn_key, &w, &other);
    write_order(b, "o.json", "901700000000001", &other);
    assert_int_equal(ACCEPT(b, "--again"), UE_REFUSED);
    has("o.json: certificate-untrusted: the chain leads to no CI that is agreed");
    has("0 accepted, 1 not");
    w = factory_arpf_wish();
    w.role = FACTORY_ROLE_OTHER;
    factory_certify(b->site->factory.arpf_key, b->site->factory.ci_key, &w, &other);
    write_order(b, "o.json", "901700000000001", &other);
    assert_int_equal(ACCEPT(b, "--again"), UE_REFUSED);
    has("certificate-purpose");
    put(path_of(b, "o.json"), "{\"dimsi\": \"901700000000001\", \"more\": 1}");
    assert_int_equal(ACCEPT(b, "--again"), UE_REFUSED);
    has("o.json: more is not a member of an order for a secure element");
    put(path_of(b, "o.json"), "{\"dimsi\": \"1\", \"sp\": \"a\", \"arpf\": []}");
    assert_int_equal(ACCEPT(b, "--again"), UE_REFUSED);
    has("dimsi is not 6 to 15 digits");
    put(path_of(b, "o.json"), "{\"dimsi\": \"901700000000001\", \"sp\": \"A\", \"arpf\": [1]}");
    assert_int_equal(ACCEPT(b, "--again"), UE_REFUSED);
    has("sp is not a DNS name in lower case");
    put(path_of(b, "o.json"), "{\"dimsi\": \"901700000000001\", \"sp\": \"a\", \"arpf\": [1]}");
    assert_int_equal(ACCEPT(b, "--again"), UE_REFUSED);
    has("arpf[0] is no certificate");
    t = state_of(b);
    assert_memory_equal(&s, &t, sizeof s);
    assert_int_equal(access(path_of(b, "c.json"), F_OK), -1);
    assert_int_equal(CALL("se", "accept", b->d->device), UE_USAGE);
    device_state_wipe(&s);
    device_state_wipe(&t);
}

static void a_fifth_dimsi_finds_no_room(void **state)
{
    struct bench *b = *state;
    char dimsi[16];
    for (unsigned i = 1; i < DEVICE_SLOTS_MAX; i++) {
        (void)snprintf(dimsi, sizeof dimsi, "90170000000000%u", i);
        write_order(b, "o.json", dimsi, &b->site->factory.arpf);
        assert_int_equal(ACCEPT(b, "--again"), UE_DONE);
    }
    write_order(b, "o.json", "901700000000009", &b->site->factory.arpf);
    assert_int_equal(ACCEPT(b, "--again"), UE_REFUSED);
    has("as many dIMSIs as it can keep");
}

/* ---- many ---- */

#define MANY(b)                                                                                    \
    CALL("se", "accept", option(b, "devices", "many/d"), option(b, "orders", "many/o"),            \
         option(b, "credentials", "many/c"))

static void make_many(struct bench *b, unsigned n)
{
    char command[160], file[32], dimsi[16];
    struct device_why why;
    (void)snprintf(command, sizeof command, "mkdir -p %s/many/d %s/many/o", b->d->folder,
                   b->d->folder);
    assert_int_equal(system(command), 0);
    for (unsigned i = 0; i < n; i++) {
        char imei[32];
        (void)snprintf(imei, sizeof imei, "001017%08u", 500 + i);
        struct device_state s = factory_device(&b->site->factory, imei);
        (void)snprintf(file, sizeof file, "many/d/%s.json", imei);
        assert_ok(device_state_save(path_of(b, file), true, &s, &why));
        (void)snprintf(file, sizeof file, "many/o/%s.json", imei);
        (void)snprintf(dimsi, sizeof dimsi, "90170000000%04u", i);
        write_order(b, file, dimsi, &b->site->factory.arpf);
        device_state_wipe(&s);
    }
}

/*= test dimsi-several */
static void many_devices_get_their_orders_and_one_bad_one_stops_nobody(void **state)
{
    struct bench *b = *state;
    make_many(b, 6);
    put(path_of(b, "many/o/00101700000503.json"), "no order");
    (void)unlink(path_of(b, "many/d/00101700000504.json"));
    assert_int_equal(MANY(b), UE_REFUSED);
    has("00101700000503.json: line 1 column");
    has("00101700000504.json: No such file or directory");
    has("4 accepted, 2 not");
    assert_int_equal(access(path_of(b, "many/c/00101700000505.json"), F_OK), 0);
    assert_int_equal(access(path_of(b, "many/c/00101700000503.json"), F_OK), -1);
    write_order(b, "many/o/00101700000503.json", "901700000000003", &b->site->factory.arpf);
    assert_int_equal(MANY(b), UE_REFUSED);
    has("1 accepted, 4 were before, 1 not");
    struct device_state s, t;
    struct device_why why;
    const char *one = path_of(b, "many/d/00101700000500.json");
    assert_ok(device_state_load(one, &s, &why));
    assert_int_equal(CALL("se", "accept", option(b, "devices", "many/d"),
                          option(b, "orders", "many/o"), option(b, "credentials", "many/no/where"),
                          "--again"),
                     UE_REFUSED);
    has("many/no/where: No such file or directory");
    assert_ok(device_state_load(path_of(b, "many/d/00101700000500.json"), &t, &why));
    assert_memory_equal(&s, &t, sizeof s); /* no key was agreed on */
}

static void many_devices_attach_for_the_first_time_in_one_run(void **state)
{
    struct bench *b = *state;
    struct se_credentials c;
    struct device_why why;
    char file[48];
    make_many(b, 8);
    assert_int_equal(MANY(b), UE_DONE);
    for (unsigned i = 0; i < 8; i++) {
        (void)snprintf(file, sizeof file, "many/c/001017%08u.json", 500 + i);
        assert_ok(se_credentials_load(path_of(b, file), &c, &why));
        site_accept(b->site, i, (struct bytes){c.token, c.token_n});
    }
    server_start(b->d->s);
    assert_int_equal(CALL("run", option(b, "devices", "many/d"), b->d->mme, "--at-once", "--keep"),
                     UE_DONE);
    server_stop(b->d->s);
    has("First attaches with a dIMSI");
    has("an IMSI came for a dIMSI");
    assert_int_equal(b->site->first_attaches, 8);
    assert_int_equal(b->d->s->mme.registered, 8);
    server_start(b->d->s);
    assert_int_equal(CALL("run", option(b, "devices", "many/d"), b->d->mme, "--at-once",
                          "--count=3", "--json=-"),
                     UE_DONE);
    server_stop(b->d->s);
    json_t *o = json_loads(said, 0, NULL);
    const json_t *d = json_object_get(o, "discovery");
    assert_int_equal(json_integer_value(json_object_get(d, "discovered")), 3);
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(d, "challenges"), "installed")), 3);
    json_decref(o);
    assert_int_equal(CALL("run", option(b, "devices", "many/c"), b->d->mme), UE_USAGE);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, open_bench, close_bench)
    const struct CMUnitTest tests[] = {
        T(an_attach_says_each_step_from_the_dimsi_to_service),
        T(with_an_rsmf_it_ends_with_the_operators_own_subscription),
        T(an_rsmf_that_refuses_is_told_and_tried_again),
        T(a_network_that_brings_nothing_is_not_the_end),
        T(a_challenge_can_be_recorded_and_is_refused_when_it_is_played_later),
        T(what_a_secure_element_has_is_said_without_secrets),
        T(who_a_device_with_a_dimsi_is_can_be_asked),
        T(its_phases_are_told_apart),
        T(an_order_is_accepted_and_the_credentials_are_what_an_arpf_takes),
        T(accepted_once_it_is_left_alone_until_told_otherwise),
        T(an_order_that_cannot_be_trusted_changes_nothing),
        T(a_fifth_dimsi_finds_no_room),
        T(many_devices_get_their_orders_and_one_bad_one_stops_nobody),
        T(many_devices_attach_for_the_first_time_in_one_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
