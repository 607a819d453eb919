/* `bindery-ue` with devices without subscriptions: src/emulator/commands.c,
 * src/emulator/population_onboard.c, src/emulator/say.c and src/emulator/report.c. */
#include "emulator/desk.h"
#include "emulator/identities.h"
#include "emulator/onboard_site.h"
#include <signal.h>
#include <sys/wait.h>

const char *argp_program_version = "bindery-ue of a test";

struct bench {
    struct desk *d;
    struct onboard_site *site;
    char result[64], lot[64], option[96];
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

static int open_bench(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    struct device_state box;
    struct device_why why;
    void *d = NULL;
    assert_int_equal(desk_of(&d), 0);
    b->d = d;
    b->site = onboard_site_open(&b->d->s->mme);
    (void)snprintf(b->result, sizeof b->result, "%s/result", b->d->folder);
    (void)snprintf(b->lot, sizeof b->lot, "%s/lot", b->d->folder);
    site_state(b->site, 0, &box);
    assert_ok(device_state_save(file_of(b), true, &box, &why));
    *state = b;
    return 0;
}

static int close_bench(void **state)
{
    struct bench *b = *state;
    void *d = b->d;
    char command[96];
    (void)unlink(b->result);
    identities_remove(b->lot);
    (void)snprintf(command, sizeof command, "rm -f %s.*", file_of(b)); /* of those killed */
    assert_int_equal(system(command), 0);
    assert_int_equal(clear(&d), 0);
    onboard_site_close(b->site);
    free(b);
    return 0;
}

static void lacks(const char *text)
{
    if (strstr(said, text) != NULL) {
        fail_msg("'%s' is in: %s", text, said);
    }
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

static const char *option(struct bench *b, const char *name, const char *value)
{
    (void)snprintf(b->option, sizeof b->option, "--%s=%s", name, value);
    return b->option;
}

/* ---- one device ---- */

/*= test certattach-5 certattach-installs */
static void a_device_goes_from_the_box_to_service_in_one_command(void **state)
{
    struct bench *b = *state;
    assert_int_equal(ATTACH(b, NULL), UE_DONE);
    has("has no subscription, and asks for one as " SITE_LOOKS "0");
    has("-> ATTACH REQUEST, in clear");
    has("<- ATTACH REJECT, in clear");
    has("its cause is #17 (Network failure)");
    lacks("rejected");
    has("a subscription came, signed by the operator and encrypted to this device");
    has("it is in its file; IMSI 001010000000001, home network 001-01, policy open");
    has("attaches with the subscription that it got, IMSI 001010000000001");
    has("registered: GUTI 001-01");
    struct device_state s = state_of(b);
    assert_string_equal(s.imsi.digits, "001010000000001");
    assert_int_equal(s.mnc_n, 2);
    assert_true(s.profile.present);
    assert_true(s.profile.trial.confirmed);
    assert_true(s.has_nas);
    assert_string_equal(s.profile.apns[0], "internet");
    /* From then on it is as any other. */
    assert_int_equal(ATTACH(b, NULL), UE_DONE);
    lacks("has no subscription");
    assert_int_equal(b->site->asked, 1);
    assert_int_equal(b->d->s->mme.registered, 2);
    device_state_wipe(&s);
}

static void who_it_is_can_be_asked_before_and_after(void **state)
{
    struct bench *b = *state;
    assert_int_equal(CALL("identity", b->d->device), UE_DONE);
    has("IMSI   none");
    has("Asks   for a subscription as " SITE_LOOKS "0 (p256, 1 provisioning root)");
    assert_int_equal(CALL("identity", b->d->device, "--json"), UE_DONE);
    json_t *o = json_loads(said, 0, NULL);
    assert_true(json_is_null(json_object_get(o, "imsi")));
    assert_true(json_is_null(json_object_get(o, "confirmed")));
    assert_string_equal(json_string_value(json_object_get(o, "onboarding")), SITE_LOOKS "0");
    json_decref(o);
    assert_int_equal(ATTACH(b, NULL), UE_DONE);
    assert_int_equal(CALL("identity", b->d->device), UE_DONE);
    has("IMSI   001010000000001");
    has("Got    the one that it has over the air, policy open\n");
    assert_int_equal(CALL("identity", b->d->device, "--json"), UE_DONE);
    o = json_loads(said, 0, NULL);
    assert_true(json_is_true(json_object_get(o, "confirmed")));
    json_decref(o);
}

static void a_device_that_is_refused_stays_as_it_came_out_of_the_box(void **state)
{
    struct bench *b = *state;
    const struct device_state before = state_of(b);
    b->site->answer = SITE_REFUSES;
    assert_int_equal(ATTACH(b, NULL), UE_REFUSED);
    has("no subscription came of this");
    has("failed: no subscription: ATTACH REJECT #17");
    b->site->answer = SITE_SWALLOWS;
    assert_int_equal(ATTACH(b, NULL), UE_SILENT);
    has("timeout: no subscription: nothing was answered");
    const struct device_state after = state_of(b);
    assert_memory_equal(&before, &after, sizeof before);
    b->site->answer = SITE_GIVES;
    assert_int_equal(ATTACH(b, NULL), UE_DONE);
}

/* The file is not written: the device has nothing, and asks again, and gets the same. */
static void what_cannot_be_stored_is_not_used(void **state)
{
    struct bench *b = *state;
    assert_int_equal(chmod(b->d->folder, 0500), 0);
    const bool stops_us = geteuid() != 0; /* no folder is closed to root */
    if (stops_us) {
        assert_int_equal(ATTACH(b, NULL), UE_REFUSED);
        has("the state could not be stored");
        assert_int_equal(state_of(b).imsi.n, 0);
    }
    assert_int_equal(chmod(b->d->folder, 0700), 0);
    assert_int_equal(ATTACH(b, NULL), UE_DONE);
}

static void a_subscription_that_the_network_does_not_know_is_given_up(void **state)
{
    struct bench *b = *state;
    const struct device_state before = state_of(b);
    b->d->s->mme.reject = 2;
    assert_int_equal(ATTACH(b, NULL), UE_REFUSED);
    has("its subscription was never used, and is no good: it is given up");
    has("failed: ATTACH REJECT #2");
    const struct device_state after = state_of(b);
    assert_memory_equal(&before, &after, sizeof before);
    b->d->s->mme.reject = 0;
    assert_int_equal(ATTACH(b, NULL), UE_DONE);
}

/* A key that the home network does not have: it fails to prove itself, five times, each of them
 * another power cycle. */
static void a_subscription_whose_key_is_wrong_is_given_up_in_the_end(void **state)
{
    struct bench *b = *state;
    unsigned cycles = 0;
    b->site->other_keys = true;
    while (b->site->asked < 2 && cycles < 12) {
        assert_int_equal(ATTACH(b, NULL), UE_REFUSED);
        cycles++;
        assert_false(state_of(b).profile.trial.confirmed);
        b->site->other_keys = b->site->asked < 2;
    }
    assert_int_equal(b->site->asked, 2);
    b->site->other_keys = false;
    for (unsigned i = 0; i < 7 && b->d->s->mme.registered == 0; i++) {
        (void)ATTACH(b, NULL);
    }
    assert_int_equal(b->d->s->mme.registered, 1);
    assert_true(state_of(b).profile.trial.confirmed);
}

static void its_policy_says_which_network_it_asks_first(void **state)
{
    struct bench *b = *state;
    struct server *other = server_open();
    struct onboard_site *site = onboard_site_open(&other->mme);
    char enb[96];
    site->answer = SITE_REFUSES;
    (void)snprintf(enb, sizeof enb, "--enb=999-70=%s", address_print(&other->at).s);
    server_start(other);
    assert_int_equal(ATTACH(b, enb, "--networks=999-70,001-01"), UE_DONE);
    has("goes to network 001-01");
    assert_int_equal(ATTACH(b, enb, "--networks=310-410"), UE_USAGE);
    has("none of the networks that the device may use has a cell");
    server_stop(other);
    assert_int_equal(site->asked, 1);
    assert_int_equal(b->site->asked, 1);
    onboard_site_close(site);
    server_close(other);
}

/* A process of its own attaches, and is killed when the server has seen so many messages; false: it
 * was done before. */
static bool killed_after(struct bench *b, unsigned messages)
{
    int go[2], status = 0;
    char x = 'x';
    assert_int_equal(pipe(go), 0);
    const pid_t child = fork(); /* before there are threads */
    assert_true(child >= 0);
    if (child == 0) {
        const bool told = read(go[0], &x, 1) == 1;
        _exit(told ? CALL("attach", b->d->device, b->d->mme) : UE_USAGE);
    }
    atomic_store(&b->d->s->messages, 0);
    server_start(b->d->s);
    assert_int_equal(write(go[1], &x, 1), 1);
    while (atomic_load(&b->d->s->messages) < messages && waitpid(child, &status, WNOHANG) == 0) {
        (void)usleep(50);
    }
    (void)kill(child, SIGKILL);
    (void)waitpid(child, &status, 0);
    server_stop(b->d->s);
    close(go[0]);
    close(go[1]);
    return WIFSIGNALED(status);
}

/*= test certattach-no-orphan certattach-installs */
static void killed_after_any_message_it_ends_with_one_working_subscription(void **state)
{
    struct bench *b = *state;
    bool more = true;
    for (unsigned messages = 1; more && messages < 40; messages++) {
        struct device_state s = state_of(b);
        struct device_why why;
        device_state_drop(&s);
        assert_ok(device_state_save(file_of(b), false, &s, &why));
        b->d->s->mme.registered = 0;
        more = killed_after(b, messages);
        s = state_of(b); /* it can be read: the box, or the whole subscription */
        assert_int_equal(s.profile.present, s.imsi.n > 0);
        assert_int_equal(ATTACH(b, NULL), UE_DONE);
        s = state_of(b);
        assert_string_equal(s.imsi.digits, "001010000000001");
        assert_true(s.profile.trial.confirmed);
        device_state_wipe(&s);
    }
}

/* ---- attacks ---- */

static void an_old_result_does_not_pass(void **state)
{
    struct bench *b = *state;
    assert_int_equal(ATTACH(b, option(b, "record-result", b->result)), UE_DONE);
    struct device_state box;
    struct device_why why;
    box = state_of(b);
    device_state_drop(&box);
    assert_ok(device_state_save(file_of(b), false, &box, &why));
    assert_int_equal(ATTACH(b, option(b, "replay-result", b->result)), UE_REFUSED);
    has("refused (operator-signature)");
    has("failed: no subscription: the device refused what came (operator-signature)");
    assert_int_equal(state_of(b).imsi.n, 0);
    assert_int_equal(ATTACH(b, NULL), UE_DONE);
    put(b->result, "00\n");
    assert_int_equal(ATTACH(b, option(b, "replay-result", b->result)), UE_USAGE);
    has("is not what --record-result writes");
}

static void a_cloned_url_gives_nothing(void **state)
{
    struct bench *b = *state;
    uint8_t key[ONBOARD_KEY_MAX];
    size_t n = 0;
    site_device(b->site, 1, 0, key, &n); /* whose URL it is */
    b->site->other_device = true;
    assert_int_equal(ATTACH(b, "--url=" SITE_LOOKS "1"), UE_REFUSED);
    has("asks for one as " SITE_LOOKS "1");
    has("refused (not-opened)");
    assert_string_equal(b->site->url, SITE_LOOKS "1");
    assert_int_equal(state_of(b).imsi.n, 0);
}

static void other_equipment_with_the_same_file_writes_nothing_there(void **state)
{
    struct bench *b = *state;
    const struct device_state before = state_of(b);
    b->site->device_key[1] = b->site->device_key[0]; /* an operator that asks nobody for the IMEI */
    EVP_PKEY_up_ref(b->site->device_key[1]);
    assert_int_equal(ATTACH(b, "--as-imei=00101700000001"), UE_DONE);
    const struct device_state after = state_of(b);
    assert_memory_equal(&before, &after, sizeof before);
}

/* ---- many ---- */

static void a_population_out_of_the_box_is_served(void **state)
{
    struct bench *b = *state;
    char from[96], to[96];
    site_lot(b->site, b->lot, 24, 0);
    (void)snprintf(from, sizeof from, "--identities=%s", b->lot);
    (void)snprintf(b->d->path, sizeof b->d->path, "%s/out.json", b->d->folder);
    (void)snprintf(to, sizeof to, "--json=%s", b->d->path);
    server_start(b->d->s);
    assert_int_equal(
        CALL("run", from, b->d->mme, "--storm=300ms", "--seed=7", "--enbs=2", "--keep", to),
        UE_DONE);
    server_stop(b->d->s);
    has("24 devices, 2 eNBs, 24 attaches over 0.3 s (beta)");
    has("Subscriptions over the air");
    has("onboarded");
    json_t *o = json_load_file(b->d->path, 0, NULL);
    const json_t *onboarding = json_object_get(o, "onboarding");
    assert_int_equal(json_integer_value(json_object_get(o, "registered")), 24);
    assert_int_equal(json_integer_value(json_object_get(onboarding, "asked")), 24);
    assert_int_equal(json_integer_value(json_object_get(onboarding, "onboarded")), 24);
    assert_int_equal(json_integer_value(json_object_get(onboarding, "refused")), 0);
    assert_int_equal(json_integer_value(json_object_get(onboarding, "given_up")), 0);
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(onboarding, "onboarded_ms"), "count")),
        24);
    json_decref(o);
    assert_int_equal(b->d->s->mme.registered, 24);
}

static void a_part_of_a_lot_can_be_taken(void **state)
{
    struct bench *b = *state;
    char from[96];
    site_lot(b->site, b->lot, 4, 0);
    (void)snprintf(from, sizeof from, "--identities=%s", b->lot);
    server_start(b->d->s);
    assert_int_equal(CALL("run", from, b->d->mme, "--at-once", "--count=3"), UE_DONE);
    server_stop(b->d->s);
    has("3 devices");
    assert_int_equal(b->site->given, 3);
}

static void a_lot_whose_devices_have_subscriptions_elsewhere_says_what_to_do(void **state)
{
    struct bench *b = *state;
    struct test_key keys[1];
    char from[96];
    identities_make(b->lot, DEVID_ECDSA_P256, 1, keys);
    (void)snprintf(from, sizeof from, "--identities=%s", b->lot);
    assert_int_equal(CALL("run", from, b->d->mme, "--at-once"), UE_USAGE);
    has("were not made for onboarding");
    assert_int_equal(CALL("run", "--identities=/nowhere/at/all", b->d->mme), UE_USAGE);
    has("/nowhere/at/all");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, open_bench, close_bench)
    const struct CMUnitTest tests[] = {
        T(a_device_goes_from_the_box_to_service_in_one_command),
        T(who_it_is_can_be_asked_before_and_after),
        T(a_device_that_is_refused_stays_as_it_came_out_of_the_box),
        T(what_cannot_be_stored_is_not_used),
        T(a_subscription_that_the_network_does_not_know_is_given_up),
        T(a_subscription_whose_key_is_wrong_is_given_up_in_the_end),
        T(its_policy_says_which_network_it_asks_first),
        T(killed_after_any_message_it_ends_with_one_working_subscription),
        T(an_old_result_does_not_pass),
        T(a_cloned_url_gives_nothing),
        T(other_equipment_with_the_same_file_writes_nothing_there),
        T(a_population_out_of_the_box_is_served),
        T(a_part_of_a_lot_can_be_taken),
        T(a_lot_whose_devices_have_subscriptions_elsewhere_says_what_to_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
