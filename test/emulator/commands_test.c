/* src/emulator/commands.c: the verbs from their arguments to their exit status. */
#include "emulator/desk.h"

const char *argp_program_version = "bindery-ue of a test";

static void usage(void **state)
{
    (void)state;
    assert_int_equal(CALL("--help"), UE_DONE);
    has("attach");
    has("identity");
    assert_int_equal(CALL("--version"), UE_DONE);
    assert_int_equal(CALL("frobnicate"), UE_USAGE);
    assert_int_equal(call(1, (const char *const[]){"bindery-ue"}), UE_USAGE);
    assert_int_equal(CALL("attach"), UE_USAGE);
    has("which device?");
    assert_int_equal(CALL("lot", "--imsi=001010000000001"), UE_USAGE);
    has("--out FILE is needed");
}

static void attach(void **state)
{
    struct desk *d = *state;
    make_device(d);
    server_start(d->s);
    assert_int_equal(CALL("attach", d->device, d->mme), UE_DONE);
    has("challenge, RAND encrypted under KME: the USIM answered");
    has("registered: GUTI 001-01");
    /* Its state is in the file: the next one needs no authentication. */
    assert_int_equal(CALL("identity", d->device), UE_DONE);
    has("IMSI   001010000000001");
    has("GUTI   001-01, group 8001, code 07, M-TMSI c0000000");
    has("a NAS security context is kept");
    assert_int_equal(CALL("attach", d->device, d->mme), UE_DONE);
    assert_null(strstr(said, "challenge"));
    has("-> ATTACH REQUEST, integrity protected");
    has("<- ATTACH ACCEPT, ciphered"); /* named, though the key is of the time before */
    has("-> ATTACH COMPLETE, ciphered");
    assert_int_equal(CALL("detach", d->device, d->mme), UE_DONE);
    has("detached");
    server_stop(d->s);
    assert_int_equal(d->s->mme.registered, 3);
    assert_int_equal(d->s->mme.detached, 1);
    assert_int_equal(d->s->mme.challenges, 1);
}

static void identity_json(void **state)
{
    struct desk *d = *state;
    make_device(d);
    assert_int_equal(CALL("identity", d->device, "--json"), UE_DONE);
    json_t *o = json_loads(said, 0, NULL);
    assert_non_null(o);
    assert_string_equal(json_string_value(json_object_get(o, "imsi")), "001010000000001");
    assert_true(json_is_null(json_object_get(o, "guti")));
    assert_true(json_is_true(json_object_get(o, "kme")));
    assert_string_equal(json_string_value(json_object_get(o, "state")), "deregistered");
    json_decref(o);
}

static void rejected(void **state)
{
    struct desk *d = *state;
    make_device(d);
    d->s->mme.reject = EMM_CAUSE_ILLEGAL_ME;
    d->s->mme.reject_secured = true;
    server_start(d->s);
    assert_int_equal(CALL("attach", d->device, d->mme), UE_REFUSED);
    server_stop(d->s);
    has("rejected: ATTACH REJECT #6 (Illegal ME)");
}

static void stolen(void **state)
{
    struct desk *d = *state;
    make_device(d);
    server_start(d->s);
    assert_int_equal(CALL("attach", d->device, d->mme, "--without-kme"), UE_REFUSED);
    server_stop(d->s);
    has("RAND encrypted under KME: this device has no KME to decrypt it");
    has("the device is switched off");
}

static void stolen_after_attach(void **state)
{
    struct desk *d = *state;
    make_device(d);
    server_start(d->s);
    assert_int_equal(CALL("attach", d->device, d->mme), UE_DONE);
    /* The thief's equipment has neither GUTI nor security context of the right one. */
    assert_int_equal(CALL("attach", d->device, d->mme, "--without-kme"), UE_REFUSED);
    has("-> ATTACH REQUEST, in clear");
    assert_int_equal(CALL("attach", d->device, d->mme, "--as-imei=356938035643809"), UE_DONE);
    has("challenge, RAND encrypted under KME");
    /* Back in the right equipment, whose state nobody has touched. */
    assert_int_equal(CALL("identity", d->device), UE_DONE);
    has("GUTI   001-01, group 8001, code 07");
    assert_int_equal(CALL("attach", d->device, d->mme), UE_DONE);
    server_stop(d->s);
    assert_memory_equal(d->s->mme.last_imeisv, "00101700000000", 14);
}

static void silent(void **state)
{
    struct desk *d = *state;
    make_device(d);
    d->s->mme.silent = true;
    server_start(d->s);
    assert_int_equal(CALL("attach", d->device, d->mme, "--timeout=30ms"), UE_SILENT);
    server_stop(d->s);
    has("failed: timeout: nothing was answered");
}

/* It waits for all of the time; where the refusal takes longer than that, it gets more. */
static void unreachable(void **state)
{
    static const char *const patience[] = {"--connect-timeout=2s", "--connect-timeout=30s"};
    static const char text[] = "the MME refused S1 SETUP";
    struct desk *d = *state;
    make_device(d);
    d->s->mme.resend_setup_failure = true;
    d->s->mme.wait = S1AP_WAIT_60S;
    server_start(d->s);
    for (unsigned i = 0; i < 2 && (i == 0 || strstr(said, text) == NULL); i++) {
        assert_int_equal(CALL("attach", d->device, d->mme, patience[i]), UE_UNREACHABLE);
    }
    server_stop(d->s);
    has(text);
}

static void many(void **state)
{
    struct desk *d = *state;
    server_start(d->s);
    assert_int_equal(CALL("run", "--imsi=001010000000001", d->seed, "--count=20", d->mme,
                          "--at-once", "--json=-"),
                     UE_DONE);
    server_stop(d->s);
    json_t *o = json_loads(said, 0, NULL);
    assert_non_null(o);
    assert_int_equal(json_integer_value(json_object_get(o, "registered")), 20);
    assert_int_equal(json_integer_value(json_object_get(o, "detached")), 20);
    json_decref(o);
    assert_int_equal(d->s->mme.registered, 20);
}

static void many_fail(void **state)
{
    struct desk *d = *state;
    d->s->mme.reject = EMM_CAUSE_CONGESTION;
    server_start(d->s);
    assert_int_equal(
        CALL("run", "--imsi=001010000000001", d->seed, "--count=3", d->mme, "--at-once"),
        UE_REFUSED);
    has("ATTACH REJECT #22 (Congestion), not protected");
    assert_int_equal(CALL("run", "--imsi=001010000000001", d->seed, "--count=3", d->mme,
                          "--at-once", "--allow-failures"),
                     UE_DONE);
    server_stop(d->s);
}

static void lot(void **state)
{
    struct desk *d = *state;
    char out[96], from[96];
    struct stat st;
    (void)snprintf(d->path, sizeof d->path, "%s/lot.csv", d->folder);
    (void)snprintf(out, sizeof out, "--out=%s", d->path);
    (void)snprintf(from, sizeof from, "--lot=%s", d->path);
    assert_int_equal(CALL("lot", "--imsi=001010000000001", d->seed, "--count=5", out), UE_DONE);
    assert_int_equal(said[0], '\0');
    assert_int_equal(stat(d->path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(CALL("lot", "--imsi=001010000000001", d->seed, out), UE_REFUSED);
    server_start(d->s); /* the lot's devices are those of the seed */
    assert_int_equal(CALL("run", from, d->mme, "--at-once"), UE_DONE);
    server_stop(d->s);
    assert_int_equal(d->s->mme.registered, 5);
}

static void part_of_a_lot(void **state)
{
    struct desk *d = *state;
    char out[96], from[96];
    (void)snprintf(d->path, sizeof d->path, "%s/lot.csv", d->folder);
    (void)snprintf(out, sizeof out, "--out=%s", d->path);
    (void)snprintf(from, sizeof from, "--lot=%s", d->path);
    assert_int_equal(CALL("lot", "--imsi=001010000000001", d->seed, "--count=5", out), UE_DONE);
    server_start(d->s);
    assert_int_equal(CALL("run", from, "--count=2", d->mme, "--at-once"), UE_DONE);
    server_stop(d->s);
    assert_int_equal(d->s->mme.registered, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        {"commands: usage", usage, NULL, NULL, NULL},
        {"commands: attach, identity, attach again, detach of one device", attach, desk_of, clear,
         NULL},
        {"commands: identity in JSON", identity_json, desk_of, clear, NULL},
        {"commands: a reject is exit status 1, with its cause", rejected, desk_of, clear, NULL},
        {"commands: a stolen SIM is exit status 1, and says why", stolen, desk_of, clear, NULL},
        {"commands: a SIM in other equipment brings nothing of the right one's state",
         stolen_after_attach, desk_of, clear, NULL},
        {"commands: silence is exit status 4", silent, desk_of, clear, NULL},
        {"commands: a refused S1 SETUP is exit status 3", unreachable, desk_of, clear, NULL},
        {"commands: run attaches many and tells in JSON", many, desk_of, clear, NULL},
        {"commands: run with failures is exit status 1 unless they are allowed", many_fail, desk_of,
         clear, NULL},
        {"commands: a lot is for its owner only, and makes the same devices", lot, desk_of, clear,
         NULL},
        {"commands: --count takes the first of a lot", part_of_a_lot, desk_of, clear, NULL},
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
