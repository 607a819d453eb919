/* A secure element in a device state file, and the way from a dIMSI to the operator's own
 * subscription: src/device/linux/state_discovery.c, src/device/linux/state_se.c and
 * src/device/linux/state_onboarding.c. */
#include "crypto/openssl.h"
#include "device_linux/se_factory.h"
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define DIMSI "901700000000001"
#define OTHER "901700000000002"

static char folder[] = "/tmp/state_discovery_test.XXXXXX";
static char path[64];
static struct device_why why;
static struct factory factory;
static struct crypto c;

static int open_all(void **state)
{
    (void)state;
    factory_open(&factory);
    if (mkdtemp(folder) == NULL || crypto_openssl_open(&c) != E_OK) {
        return -1;
    }
    (void)snprintf(path, sizeof path, "%s/device.json", folder);
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    factory_close(&factory);
    crypto_openssl_close(&c);
    (void)unlink(path);
    return rmdir(folder); /* fails when a temporary file was left behind */
}

static struct imsi imsi_of(const char *digits)
{
    struct imsi imsi;
    assert_ok(imsi_parse(bytes_of_str(digits), &imsi));
    return imsi;
}

static const char temporary[] = "001010000700000", own[] = "001010000800000";

static struct certattach_profile a_profile(void)
{
    struct certattach_profile p = {.imsi = imsi_of(own),
                                   .keys = {.algorithm = AKA_MILENAGE, .res_len = 8},
                                   .home = {"001", "01"},
                                   .policy = BINDING_LEARN,
                                   .n_apns = 1,
                                   .apns = {"internet"}};
    p.keys.k.n = p.keys.opc.n = 16;
    memset(p.keys.k.b, 0x71, 16);
    memset(p.keys.opc.b, 0x72, 16);
    return p;
}

/* The stages of the way. */
enum stage { MADE, ORDERED, DISCOVERED, ASKED, TRIED, USED, DONE, STAGES };

static struct device_state at_stage(enum stage stage)
{
    struct device_state s = factory_device(&factory, "35693803564380");
    const struct imsi imsi = imsi_of(temporary);
    const struct certattach_profile p = a_profile();
    if (stage >= ORDERED) {
        factory_order(&factory, &c, &s, DIMSI);
        factory_order(&factory, &c, &s, OTHER);
    }
    if (stage >= DISCOVERED) {
        assert_ok(device_state_discovered(&c, &s, 0, &imsi));
    }
    if (stage >= ASKED) {
        s.discovery.trial.confirmed = true;
        s.discovery.asked = true;
        memset(s.discovery.request, 0x44, sizeof s.discovery.request);
        s.usim.seq[3] = 77;
    }
    if (stage >= TRIED) {
        assert_ok(device_state_manage(&s, &p));
    }
    if (stage >= USED) {
        s.profile.trial.confirmed = true;
    }
    if (stage >= DONE) {
        assert_ok(device_state_managed(&s));
    }
    return s;
}

/* ---- the file ---- */

/*= test dimsi-0c-store dimsi-durable */
static void every_stage_of_the_way_is_kept(void **state)
{
    (void)state;
    for (enum stage stage = MADE; stage < STAGES; stage++) {
        const struct device_state s = at_stage(stage);
        struct device_state t;
        assert_ok(device_state_save(path, false, &s, &why));
        assert_ok(device_state_load(path, &t, &why));
        assert_memory_equal(&s, &t, sizeof s);
    }
}

static void text_of(const struct device_state *s, char out[static 65536], size_t *n)
{
    assert_ok(device_state_save(path, false, s, &why));
    FILE *f = fopen(path, "re");
    assert_non_null(f);
    *n = fread(out, 1, 65536, f);
    fclose(f);
}

static void a_file_without_a_secure_element_says_nothing_of_one(void **state)
{
    static char text[65536];
    size_t n = 0;
    struct device_state s = at_stage(DONE);
    (void)state;
    wipe(&s.se, sizeof s.se);
    text_of(&s, text, &n);
    text[n] = '\0';
    assert_null(strstr(text, "secure_element"));
    assert_null(strstr(text, "discovery"));
}

static void erased_means_that_the_key_is_not_in_the_file_any_more(void **state)
{
    static char text[65536];
    char ek[65];
    size_t n = 0;
    const struct device_state used = at_stage(USED);
    struct device_state s = used;
    (void)state;
    hex_encode(BYTES_OF(used.se.slot[0].ek.b), ek);
    text_of(&s, text, &n);
    text[n] = '\0';
    assert_non_null(strstr(text, ek));
    assert_ok(device_state_managed(&s));
    text_of(&s, text, &n);
    text[n] = '\0';
    assert_null(strstr(text, ek));
}

/* What is changed in the JSON of a stage, with what it becomes; NULL: taken out. */
struct spoiling {
    enum stage stage;
    const char *object; /* "" or "secure_element" or "slot" or "discovery" */
    const char *member;
    const char *value; /* JSON */
    const char *says;
};

static void spoil(const struct spoiling *p)
{
    const struct device_state s = at_stage(p->stage);
    struct device_state t, zero;
    memset(&zero, 0, sizeof zero);
    assert_ok(device_state_save(path, false, &s, &why));
    json_t *o = json_load_file(path, 0, NULL), *in = o;
    if (p->object[0] != '\0') {
        in = json_object_get(o, strcmp(p->object, "slot") == 0 ? "secure_element" : p->object);
        in = strcmp(p->object, "slot") == 0 ? json_array_get(json_object_get(in, "slots"), 0) : in;
    }
    assert_non_null(in);
    if (p->value == NULL) {
        assert_int_equal(json_object_del(in, p->member), 0);
    } else {
        assert_int_equal(
            json_object_set_new(in, p->member, json_loads(p->value, JSON_DECODE_ANY, NULL)), 0);
    }
    char *text = json_dumps(o, 0);
    assert_int_not_equal(device_state_parse("f", bytes_of_str(text), &t, &why), E_OK);
    if (strstr(why.text, p->says) == NULL) {
        fail_msg("%s %s: '%s' is not in: %s", p->object, p->member, p->says, why.text);
    }
    assert_memory_equal(&t, &zero, sizeof t);
    free(text);
    json_decref(o);
}

static void a_file_that_was_changed_is_refused_with_the_place(void **state)
{
    static const struct spoiling rows[] = {
        {MADE, "secure_element", "key", "\"AAAA\"", "secure_element.key"},
        {MADE, "secure_element", "key", NULL, "secure_element.key is missing"},
        {MADE, "secure_element", "certificates", "[]", "secure_element.certificates"},
        {MADE, "secure_element", "certificates", "[\"?\"]", "secure_element.certificates[0]"},
        {MADE, "secure_element", "ci", "[1]", "secure_element.ci[0]"},
        {MADE, "secure_element", "ci", NULL, "secure_element.ci"},
        {MADE, "secure_element", "tokens", "-1", "secure_element.tokens"},
        {MADE, "secure_element", "slots", NULL, "secure_element.slots"},
        {MADE, "secure_element", "slots", "[{},{},{},{},{}]", "secure_element.slots"},
        {MADE, "secure_element", "more", "1", "secure_element.more"},
        {MADE, "", "secure_element", "7", "secure_element."},
        {MADE, "", "secure_element", NULL, "usim is missing"},
        {MADE, "", "discovery", "{}", "discovery is there"},
        {ORDERED, "slot", "dimsi", "\"12\"", "dimsi is not"},
        {ORDERED, "slot", "dimsi", "\"" OTHER "\"", "twice"},
        {ORDERED, "slot", "arpf", "\"A b\"", "arpf is not"},
        {ORDERED, "slot", "token", "\"00\"", "token"},
        {ORDERED, "slot", "ek", "\"00\"", "ek"},
        {ORDERED, "slot", "ek", "null", "ek is not there"},
        {ORDERED, "slot", "imsi", "\"x\"", "imsi is not"},
        {ORDERED, "slot", "more", "1", "more"},
        {DISCOVERED, "discovery", "dimsi", "\"" OTHER "\"", "no slot that usim"},
        {DISCOVERED, "discovery", "dimsi", "\"901700000000009\"", "no slot that usim"},
        {DISCOVERED, "discovery", "confirmed", "1", "discovery.confirmed"},
        {DISCOVERED, "discovery", "failures", "256", "discovery.failures"},
        {DISCOVERED, "discovery", "request", "\"00\"", "discovery.request"},
        {DISCOVERED, "discovery", "more", "1", "discovery.more"},
        {DISCOVERED, "slot", "imsi", "null", "no slot that usim"},
        {TRIED, "discovery", "request", "null", "discovery.previous is there"},
        {TRIED, "discovery", "previous", "null", "no slot that usim"},
        {TRIED, "discovery", "previous", "{}", "discovery.previous.imsi"},
        {TRIED, "slot", "imsi", "\"001010000700009\"", "no slot that discovery.previous"},
        {TRIED, "", "profile", NULL, "discovery.previous is there"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        spoil(&rows[i]);
    }
}

/* ---- slots ---- */

/*= test dimsi-several */
static void there_are_four_slots_and_each_dimsi_has_one(void **state)
{
    static const char *const dimsis[] = {DIMSI, OTHER, "901700000000003", "901700000000004"};
    struct device_state s = at_stage(MADE);
    uint8_t token[DIMSI_ATK_MAX];
    size_t n = 0;
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        factory_order(&factory, &c, &s, dimsis[i]);
    }
    const struct dimsi_slot more = factory_agree(&factory, &c, &s, "901700000000005", token, &n);
    const struct dimsi_slot again = factory_agree(&factory, &c, &s, OTHER, token, &n);
    const struct device_state before = s;
    const struct imsi other = imsi_of(OTHER), fifth = imsi_of("901700000000005");
    assert_err(device_state_agreed(&s, &more), E_NO_ROOM);
    assert_memory_equal(&s, &before, sizeof s);
    assert_ok(device_state_agreed(&s, &again));
    assert_int_equal(s.se.n_slots, 4);
    assert_int_equal(s.se.tokens, 5);
    assert_int_equal(device_slot_of(&s, &other), 1);
    assert_int_equal(device_slot_of(&s, &fifth), DEVICE_SLOTS_MAX);
    assert_memory_equal(&s.se.slot[1], &again, sizeof again);
}

/* From the order to the key's end. */
static void deploy(struct device_state *s, const char *dimsi)
{
    const struct imsi imsi = imsi_of(temporary), which = imsi_of(dimsi);
    const struct certattach_profile p = a_profile();
    factory_order(&factory, &c, s, dimsi);
    device_state_drop(s); /* the subscription of the operator before, with which it came */
    assert_ok(device_state_discovered(&c, s, device_slot_of(s, &which), &imsi));
    s->discovery.trial.confirmed = s->discovery.asked = true;
    assert_ok(device_state_manage(s, &p));
    s->profile.trial.confirmed = true;
    assert_ok(device_state_managed(s));
}

/*= test dimsi-several dimsi-erase */
static void
an_erased_slot_is_used_again_so_a_device_is_deployed_for_as_often_as_it_is_sold(void **state)
{
    struct device_state s = at_stage(MADE), t;
    uint8_t token[DIMSI_ATK_MAX];
    char dimsi[16];
    size_t n = 0;
    (void)state;
    for (unsigned i = 1; i <= 6; i++) {
        (void)snprintf(dimsi, sizeof dimsi, "90170000000001%u", i);
        deploy(&s, dimsi);
        assert_ok(device_state_save(path, false, &s, &why));
        assert_ok(device_state_load(path, &t, &why));
        assert_memory_equal(&s, &t, sizeof s);
    }
    assert_int_equal(s.se.n_slots, 4);
    assert_int_equal(s.se.tokens, 6);
    assert_string_equal(s.imsi.digits, own);
    /* One with a key is never taken: four more fit, and no fifth. */
    for (unsigned i = 1; i <= 4; i++) {
        (void)snprintf(dimsi, sizeof dimsi, "90170000000002%u", i);
        factory_order(&factory, &c, &s, dimsi);
    }
    const struct dimsi_slot more = factory_agree(&factory, &c, &s, DIMSI, token, &n);
    assert_err(device_state_agreed(&s, &more), E_NO_ROOM);
}

static void without_a_secure_element_nothing_is_agreed(void **state)
{
    struct device_state s = at_stage(ORDERED);
    const struct dimsi_slot slot = s.se.slot[0];
    (void)state;
    wipe(&s.se, sizeof s.se);
    assert_err(device_state_agreed(&s, &slot), E_BAD_STATE);
}

/* "New eK agreed": what came under the old one is no good any more. */
static void a_new_key_gives_up_what_came_of_the_old_one(void **state)
{
    struct device_state s = at_stage(ASKED);
    (void)state;
    factory_order(&factory, &c, &s, DIMSI);
    assert_int_equal(s.imsi.n, 0);
    assert_int_equal(s.discovery.slot, 0);
    assert_false(s.discovery.asked);
    assert_false(s.se.slot[0].installed);
    /* Another slot's changes nothing. */
    s = at_stage(ASKED);
    factory_order(&factory, &c, &s, OTHER);
    assert_string_equal(s.imsi.digits, temporary);
    assert_true(s.discovery.asked);
}

static void while_its_successor_is_on_trial_no_key_is_replaced(void **state)
{
    struct device_state s = at_stage(TRIED);
    uint8_t token[DIMSI_ATK_MAX];
    size_t n = 0;
    (void)state;
    const struct dimsi_slot slot = factory_agree(&factory, &c, &s, DIMSI, token, &n);
    assert_err(device_state_agreed(&s, &slot), E_BAD_STATE);
    s = at_stage(DONE); /* a resale: the subscription stays, and the slot is new */
    factory_order(&factory, &c, &s, DIMSI);
    assert_string_equal(s.imsi.digits, own);
    assert_false(s.se.slot[0].erased);
    assert_false(s.se.slot[0].installed);
}

static void slots_are_tried_in_their_order_and_erased_ones_are_not(void **state)
{
    struct device_state s = at_stage(DONE);
    (void)state;
    assert_int_equal(device_slot_live(&s, 0), 1);
    assert_int_equal(device_slot_live(&s, 2), DEVICE_SLOTS_MAX);
    s = at_stage(ORDERED);
    assert_int_equal(device_slot_live(&s, 0), 0);
    assert_int_equal(device_slot_live(&s, 1), 1);
}

/* ---- step 7 ---- */

/*= test dimsi-7-replace dimsi-second-keys */
static void the_imsi_takes_the_dimsis_place_with_keys_of_ek(void **state)
{
    struct device_state s = at_stage(DISCOVERED);
    struct aka_keys keys;
    const struct imsi imsi = imsi_of(temporary);
    (void)state;
    assert_string_equal(s.imsi.digits, temporary);
    assert_ok(dimsi_aka_keys(&c, &s.se.slot[0].ek, &s.se.slot[0].dimsi, &imsi, &keys));
    assert_memory_equal(s.usim.keys.k.b, keys.k.b, keys.k.n);
    assert_memory_equal(s.usim.keys.opc.b, keys.opc.b, keys.opc.n);
    assert_int_equal(s.usim.seq[0], 0);
    assert_true(s.se.slot[0].installed);
    assert_int_equal(s.discovery.slot, 1);
    assert_false(s.discovery.trial.confirmed);
    assert_false(s.profile.present);
}

/*= test dimsi-other-imsi dimsi-repeat */
static void the_same_again_changes_nothing_and_another_one_is_refused(void **state)
{
    struct device_state s = at_stage(DISCOVERED);
    const struct device_state before = s;
    const struct imsi imsi = imsi_of(temporary), other = imsi_of("001010000700001");
    (void)state;
    assert_ok(device_state_discovered(&c, &s, 0, &imsi));
    assert_err(device_state_discovered(&c, &s, 0, &other), E_CONFLICT);
    assert_err(device_state_discovered(&c, &s, 1, &imsi), E_BAD_STATE);
    assert_err(device_state_discovered(&c, &s, 2, &imsi), E_BAD_STATE);
    assert_memory_equal(&s, &before, sizeof s);
    s = at_stage(DONE);
    assert_err(device_state_discovered(&c, &s, 0, &imsi), E_BAD_STATE);
}

/*= test dimsi-trial */
static void one_that_is_given_up_goes_back_to_the_dimsi_and_may_come_again(void **state)
{
    struct device_state s = at_stage(DISCOVERED);
    const struct device_state before = s;
    const struct imsi imsi = imsi_of(temporary), other = imsi_of("001010000700001");
    (void)state;
    s.discovery.trial.failures = 5;
    device_state_drop(&s);
    assert_int_equal(s.imsi.n, 0);
    assert_int_equal(s.discovery.slot, 0);
    assert_true(s.se.slot[0].installed);
    assert_err(device_state_discovered(&c, &s, 0, &other), E_CONFLICT);
    assert_ok(device_state_discovered(&c, &s, 0, &imsi));
    assert_memory_equal(&s, &before, sizeof s);
}

/* ---- step 11 ---- */

/*= test dimsi-trial dimsi-erase */
static void what_was_before_is_kept_until_the_operators_own_one_worked(void **state)
{
    struct device_state s = at_stage(TRIED);
    const struct device_state asked = at_stage(ASKED);
    (void)state;
    assert_string_equal(s.imsi.digits, own);
    assert_int_equal(s.mnc_n, 2);
    assert_int_equal(s.profile.policy, BINDING_LEARN);
    assert_string_equal(s.profile.apns[0], "internet");
    assert_string_equal(s.discovery.previous.imsi.digits, temporary);
    assert_int_equal(s.discovery.previous.usim.seq[3], 77);
    assert_err(device_state_managed(&s), E_BAD_STATE);
    device_state_drop(&s); /* it is no good */
    assert_string_equal(s.imsi.digits, temporary);
    assert_int_equal(s.usim.seq[3], 77);
    assert_true(s.discovery.asked);
    assert_memory_equal(s.discovery.request, asked.discovery.request, DIMSI_REQUEST_LEN);
    assert_true(s.discovery.trial.confirmed);
    assert_int_equal(s.discovery.previous.imsi.n, 0);
    assert_false(s.profile.present);
    s = at_stage(DONE);
    assert_string_equal(s.imsi.digits, own);
    assert_int_equal(s.discovery.slot, 0);
    assert_true(s.se.slot[0].erased);
    assert_true(s.profile.present);
}

static void what_cannot_be_a_successor_is_none(void **state)
{
    struct device_state s = at_stage(ASKED);
    const struct device_state before = s;
    struct certattach_profile p = a_profile();
    (void)state;
    p.imsi = imsi_of(temporary);
    assert_err(device_state_manage(&s, &p), E_BAD_VALUE);
    p = a_profile();
    p.keys.k.n = 3;
    assert_err(device_state_manage(&s, &p), E_BAD_VALUE);
    assert_memory_equal(&s, &before, sizeof s);
    p = a_profile();
    s = at_stage(DISCOVERED); /* nothing was asked for */
    assert_err(device_state_manage(&s, &p), E_BAD_STATE);
    s = at_stage(ORDERED);
    assert_err(device_state_manage(&s, &p), E_BAD_STATE);
    s = at_stage(TRIED);
    assert_err(device_state_manage(&s, &p), E_BAD_STATE);
    assert_err(device_state_managed(&s), E_BAD_STATE);
    s = at_stage(ASKED);
    assert_err(device_state_managed(&s), E_BAD_STATE);
}

/* ---- crashes ---- */

/*= test dimsi-durable */
static void killed_at_any_moment_a_device_is_before_the_step_or_after_it(void **state)
{
    const struct device_state before = at_stage(ORDERED);
    struct device_state t, after = before;
    const struct imsi imsi = imsi_of(temporary);
    unsigned seen[2] = {0, 0};
    (void)state;
    assert_ok(device_state_discovered(&c, &after, 0, &imsi));
    for (unsigned i = 0; i < 40; i++) {
        assert_ok(device_state_save(path, false, &before, &why));
        const pid_t child = fork();
        if (child == 0) {
            for (;;) {
                if (device_state_save(path, false, &after, &why) != E_OK) {
                    _exit(1);
                }
            }
        }
        usleep(50 * i);
        assert_int_equal(kill(child, SIGKILL), 0);
        assert_int_equal(waitpid(child, NULL, 0), child);
        assert_ok(device_state_load(path, &t, &why));
        assert_true(memcmp(&t, &before, sizeof t) == 0 || memcmp(&t, &after, sizeof t) == 0);
        seen[t.imsi.n > 0]++;
    }
    assert_true(seen[0] + seen[1] == 40);
    char command[96];
    (void)snprintf(command, sizeof command, "rm -f %s.*", path); /* of those killed */
    assert_int_equal(system(command), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_stage_of_the_way_is_kept),
        cmocka_unit_test(a_file_without_a_secure_element_says_nothing_of_one),
        cmocka_unit_test(erased_means_that_the_key_is_not_in_the_file_any_more),
        cmocka_unit_test(a_file_that_was_changed_is_refused_with_the_place),
        cmocka_unit_test(there_are_four_slots_and_each_dimsi_has_one),
        cmocka_unit_test(
            an_erased_slot_is_used_again_so_a_device_is_deployed_for_as_often_as_it_is_sold),
        cmocka_unit_test(without_a_secure_element_nothing_is_agreed),
        cmocka_unit_test(a_new_key_gives_up_what_came_of_the_old_one),
        cmocka_unit_test(while_its_successor_is_on_trial_no_key_is_replaced),
        cmocka_unit_test(slots_are_tried_in_their_order_and_erased_ones_are_not),
        cmocka_unit_test(the_imsi_takes_the_dimsis_place_with_keys_of_ek),
        cmocka_unit_test(the_same_again_changes_nothing_and_another_one_is_refused),
        cmocka_unit_test(one_that_is_given_up_goes_back_to_the_dimsi_and_may_come_again),
        cmocka_unit_test(what_was_before_is_kept_until_the_operators_own_one_worked),
        cmocka_unit_test(what_cannot_be_a_successor_is_none),
        cmocka_unit_test(killed_at_any_moment_a_device_is_before_the_step_or_after_it),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
