#include "emulator/commands.h"

#include "emulator/options.h"
#include "emulator/report.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

static volatile sig_atomic_t stopped;

static void on_signal(int number)
{
    (void)number;
    stopped = 1;
}

/* Ctrl-C ends in good order; a second one ends the program. */
static void heed_signals(void)
{
    struct sigaction a = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
    (void)sigaction(SIGINT, &a, NULL);
    (void)sigaction(SIGTERM, &a, NULL);
}

/* ---- one device ---- */

static bool open_trace(const struct ue_options *o, struct run_plan *plan)
{
    const char *path = options_text(o, OPT_TRACE);
    if (path != NULL &&
        trace_open(path, options_flag(o, FLAG_TRACE_SECRETS), &plan->trace) != E_OK) {
        options_error("%s: %s", path, strerror(errno));
        return false;
    }
    return true;
}

static bool close_trace(const struct ue_options *o, struct run_plan *plan)
{
    bool good = plan->trace == NULL || !trace_failed(plan->trace);
    trace_close(plan->trace);
    if (!good) {
        options_error("%s: the trace could not be written to its end", options_text(o, OPT_TRACE));
    }
    return good;
}

/* Why an attach or detach of one device did not succeed. */
static int exit_of(const struct run_result *r, bool good)
{
    if (r->end == RUN_UNREACHABLE) {
        options_error("%s", r->why);
        return UE_UNREACHABLE;
    }
    if (r->end == RUN_FAILED) {
        options_error("%s", r->why);
        return UE_REFUSED;
    }
    if (good) {
        return UE_DONE;
    }
    if (r->end == RUN_INTERRUPTED) {
        options_error("interrupted");
        return UE_REFUSED;
    }
    options_error("failed: %s", r->tally.cause[0].n > 0 ? r->tally.cause[0].text
                                                        : "the network did not answer the detach");
    const bool silent =
        r->tally.cause[0].n == 0 || strncmp(r->tally.cause[0].text, "timeout", 7) == 0;
    return silent ? UE_SILENT : UE_REFUSED;
}

/* A device that got this far and no further is as it should be without --rsmf. */
static void say_stopped(const struct ue_options *o, const struct population *p)
{
    const struct device_discovery *d = &p->state.discovery;
    if (d->slot == 0 || options_text(o, OPT_RSMF) != NULL) {
        return;
    }
    puts(
        d->previous.imsi.n > 0
            ? "It is registered with its operator's own subscription, which the RSMF does not know "
              "yet: attach with --rsmf IP:PORT"
            : "It is registered with what came of its dIMSI. Its operator's own subscription is "
              "the RSMF's to give: attach with --rsmf IP:PORT");
}

static int run_one(struct ue_options *o, struct population *p, bool detach)
{
    struct run_plan plan;
    struct run_result *r = calloc(1, sizeof *r);
    int rc = UE_USAGE;
    if (r == NULL) {
        options_error("there is not enough memory");
        return UE_REFUSED;
    }
    if (options_plan_one(o, p, &plan)) {
        rc = UE_REFUSED;
        plan.words = stdout;
        plan.emulation.hold_ms = detach ? 0 : EMULATION_FOR_EVER;
        if (open_trace(o, &plan)) {
            heed_signals();
            run(&plan, p, &stopped, r);
            rc = exit_of(r, detach ? r->tally.detached > 0 : r->tally.registered > 0);
            rc = close_trace(o, &plan) || rc != UE_DONE ? rc : UE_REFUSED;
            if (rc == UE_DONE && !detach) {
                say_stopped(o, p);
            }
        }
    }
    free(r);
    return rc;
}

static int with_population(int argc, char **argv, const struct argp *argp, bool reads_only,
                           int (*act)(struct ue_options *o, struct population *p))
{
    struct ue_options o;
    memset(&o, 0, sizeof o);
    o.reads_only = reads_only;
    if (argp_parse(argp, argc, argv, 0, NULL, &o) != 0) {
        return UE_USAGE;
    }
    struct population *p = calloc(1, sizeof *p);
    if (p == NULL) {
        options_error("there is not enough memory");
        return UE_REFUSED;
    }
    int rc = UE_USAGE;
    if (options_population(&o, p)) {
        rc = act(&o, p);
        population_close(p);
    }
    free(p);
    return rc;
}

static int attach_one(struct ue_options *o, struct population *p)
{
    return run_one(o, p, false);
}

static int detach_one(struct ue_options *o, struct population *p)
{
    return run_one(o, p, true);
}

int command_attach(int argc, char **argv)
{
    return with_population(argc, argv, &options_attach, false, attach_one);
}

int command_detach(int argc, char **argv)
{
    return with_population(argc, argv, &options_detach, false, detach_one);
}

/* ---- identity ---- */

/* What the device proves its IMEI with. */
static const char *proof_of(const struct population *p)
{
    return p->state.identity.n > 0 ? devid_algorithm_name(p->state.identity.algorithm) : "none";
}

static const char *kme_of(const struct population *p)
{
    return p->state.pending.present ? p->state.me.has_kme ? "present, and another one offered"
                                                          : "offered, and not known to be taken"
           : p->state.me.has_kme    ? "present"
                                    : "none";
}

/* What it gets a subscription with, and what it got so. */
static void print_onboarding(const struct device_state *s)
{
    if (s->onboarding.form != 0) {
        printf("Asks   for a subscription as %s (%s, %u provisioning root%s)\n", s->onboarding.url,
               s->onboarding.form == CERTATTACH_RSA ? "rsa" : "p256", s->onboarding.n_roots,
               s->onboarding.n_roots == 1 ? "" : "s");
    }
    if (s->se.key.n > 0) {
        printf("SE     %u dIMSI%s; `bindery-ue se show` says more\n", s->se.n_slots,
               s->se.n_slots == 1 ? "" : "s");
    }
    if (s->profile.present) {
        printf("Got    the one that it has over the air, policy %s%s\n",
               binding_policy_name((enum binding_policy)s->profile.policy),
               s->profile.trial.confirmed ? "" : "; it was not used yet");
    }
}

static void print_identity(const struct population *p, const char *imei, bool has_guti,
                           const struct bindery_ue_guti *guti)
{
    char text[SAY_GUTI_MAX] = "none";
    if (has_guti) {
        say_guti(guti, text);
    }
    printf("IMSI   %s\nIMEI   %s\nKME    %s\nLot    %s\nProof  %s\nGUTI   %s\nKeys   %s\n"
           "State  %s\n",
           p->state.imsi.n > 0 ? p->state.imsi.digits : "none", imei, kme_of(p),
           p->state.lot.modulus_n > 0 ? p->state.lot.id.text : "none", proof_of(p), text,
           p->state.has_nas && p->state.nas.has_security ? "a NAS security context is kept"
                                                         : "no NAS security context",
           bindery_ue_state_name(bindery_ue_state(&population_at(p, 0)->ue)));
    print_onboarding(&p->state);
}

static void json_identity(const struct population *p, const char *imei, bool has_guti,
                          const struct bindery_ue_guti *guti)
{
    struct plmn plmn;
    char text[PLMN_TEXT_MAX] = "";
    json_t *g = json_null();
    if (has_guti && plmn_from_octets(guti->plmn, &plmn) == E_OK) {
        plmn_print(&plmn, text);
        g = json_pack("{s:s, s:i, s:i, s:I}", "plmn", text, "mme_group", (int)guti->mme_group_id,
                      "mme_code", (int)guti->mme_code, "m_tmsi", (json_int_t)guti->m_tmsi);
    }
    json_t *o = json_pack(
        "{s:s?, s:s, s:b, s:b, s:s?, s:s, s:o, s:b, s:s, s:s?, s:o, s:i}", "imsi",
        p->state.imsi.n > 0 ? p->state.imsi.digits : NULL, "imei", imei, "kme",
        (int)p->state.me.has_kme, "kme_offered", (int)p->state.pending.present, "lot",
        p->state.lot.modulus_n > 0 ? p->state.lot.id.text : NULL, "proof", proof_of(p), "guti", g,
        "security_context", p->state.has_nas && p->state.nas.has_security, "state",
        bindery_ue_state_name(bindery_ue_state(&population_at(p, 0)->ue)), "onboarding",
        p->state.onboarding.form != 0 ? p->state.onboarding.url : NULL, "confirmed",
        p->state.profile.present ? json_boolean(p->state.profile.trial.confirmed) : json_null(),
        "dimsis", (int)p->state.se.n_slots);
    (void)json_dumpf(o, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(o);
}

static int identity(struct ue_options *o, struct population *p)
{
    struct bindery_ue_guti guti;
    char imei[IMEI_DIGITS + 2];
    const bool has_guti = bindery_ue_guti(&population_at(p, 0)->ue, &guti);
    imei_print(&p->state.imei, imei);
    if (options_flag(o, FLAG_JSON)) {
        json_identity(p, imei, has_guti, &guti);
    } else {
        print_identity(p, imei, has_guti, &guti);
    }
    return UE_DONE;
}

int command_identity(int argc, char **argv)
{
    return with_population(argc, argv, &options_identity, true, identity);
}

/* ---- run ---- */

/* Opened before the run, so that a wrong path costs nothing. */
static bool open_json(const char *path, FILE **out)
{
    *out = NULL;
    if (path != NULL) {
        *out = strcmp(path, "-") == 0 ? stdout : fopen(path, "we");
        if (*out == NULL) {
            options_error("%s: %s", path, strerror(errno));
        }
    }
    return path == NULL || *out != NULL;
}

static bool write_json(const struct run_plan *plan, const struct run_result *r, FILE *to)
{
    json_t *o = report_json(plan, r);
    bool good = o != NULL && json_dumpf(o, to, JSON_INDENT(2) | JSON_REAL_PRECISION(9)) == 0 &&
                fputc('\n', to) != EOF;
    json_decref(o);
    good = fflush(to) == 0 && good;
    if (to != stdout) {
        good = fclose(to) == 0 && good;
    }
    if (!good) {
        options_error("the result could not be written: %s", strerror(errno));
    }
    return good;
}

static int tell(const struct ue_options *o, const struct run_plan *plan, const struct run_result *r,
                FILE *json)
{
    if (r->end == RUN_UNREACHABLE || r->end == RUN_FAILED) {
        options_error("%s", r->why);
        return r->end == RUN_UNREACHABLE ? UE_UNREACHABLE : UE_REFUSED;
    }
    if (json != stdout) {
        report_print(plan, r, stdout);
    }
    if (json != NULL && !write_json(plan, r, json)) {
        return UE_REFUSED;
    }
    const bool failed = r->tally.failed > 0 && !options_flag(o, FLAG_ALLOW_FAILURES);
    return failed || r->tally.registered + r->tally.failed == 0 ? UE_REFUSED : UE_DONE;
}

static int run_many(struct ue_options *o, struct population *p)
{
    struct run_plan plan;
    FILE *json = NULL;
    struct run_result *r = calloc(1, sizeof *r);
    int rc = UE_USAGE;
    if (r == NULL) {
        options_error("there is not enough memory");
        return UE_REFUSED;
    }
    if (options_plan_run(o, p, &plan)) {
        rc = UE_REFUSED;
        plan.progress = isatty(2) ? stderr : NULL;
        if (open_json(options_text(o, OPT_JSON), &json) && open_trace(o, &plan)) {
            heed_signals();
            run(&plan, p, &stopped, r);
            rc = tell(o, &plan, r, json);
            rc = close_trace(o, &plan) || rc != UE_DONE ? rc : UE_REFUSED;
        }
    }
    free(r);
    return rc;
}

int command_run(int argc, char **argv)
{
    return with_population(argc, argv, &options_run, false, run_many);
}

/* ---- lot ---- */

static bool write_lot(FILE *out, const struct population_origin *origin, uint32_t n)
{
    struct population p; /* for its crypto tables alone */
    const struct bindery_ue_settings settings = population_settings();
    if (population_open(&p, &settings, NULL) != E_OK) {
        options_error("there is not enough memory");
        return false;
    }
    enum err err = lot_write_header(out);
    for (uint32_t i = 0; err == E_OK && i < n; i++) {
        struct lot_device device;
        err = population_derive(&p.crypto, origin, i, &device);
        if (err == E_OK) {
            err = lot_write(out, &device, origin->unbound ? BINDING_LEARN : BINDING_BOUND);
        }
        wipe(&device, sizeof device);
    }
    population_close(&p);
    if (err != E_OK) {
        options_error("the lot could not be written: %s", err_sentence(err));
    }
    return err == E_OK;
}

static int lot_to(const char *path, const struct population_origin *origin, uint32_t n)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    FILE *out = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (out == NULL) {
        options_error("%s: %s", path, strerror(errno));
        if (fd >= 0) {
            (void)close(fd);
        }
        return UE_REFUSED;
    }
    bool good = write_lot(out, origin, n);
    if (fclose(out) != 0) {
        options_error("%s: %s", path, strerror(errno));
        good = false;
    }
    return good ? UE_DONE : UE_REFUSED;
}

int command_lot(int argc, char **argv)
{
    struct ue_options o;
    uint8_t room[POPULATION_SEED_MAX];
    struct population_origin origin;
    uint32_t n = 0;
    int rc = UE_USAGE;
    memset(&o, 0, sizeof o);
    if (argp_parse(&options_lot, argc, argv, 0, NULL, &o) != 0) {
        return UE_USAGE;
    }
    if (options_text(&o, OPT_OUT) == NULL) {
        options_error("--out FILE is needed: the rows hold keys");
    } else if (options_count(&o, &n) && options_origin(&o, room, &origin)) {
        rc = lot_to(options_text(&o, OPT_OUT), &origin, n);
    }
    wipe(room, sizeof room);
    return rc;
}

/* ---- all ---- */

static const struct {
    const char *name;
    const char *summary;
    int (*run)(int argc, char **argv);
} verbs[] = {
    {"attach", "attach one device and say each step", command_attach},
    {"detach", "attach one device and detach it", command_detach},
    {"identity", "say who a device is and what it has of the network", command_identity},
    {"key", "make the key that proves a device's IMEI", command_key},
    {"se", "a device's secure element: what it has, and orders for it", command_se},
    {"run", "many devices attach and detach", command_run},
    {"lot", "write the devices that run makes of a seed", command_lot},
};
#define VERBS (sizeof verbs / sizeof verbs[0])

static void usage(FILE *to)
{
    fputs("Usage: bindery-ue VERB [OPTION...]\n\nDevices and eNBs, emulated: NAS and S1AP are "
          "real, the radio is not.\n\n",
          to);
    for (size_t i = 0; i < VERBS; i++) {
        fprintf(to, "  %-10s %s\n", verbs[i].name, verbs[i].summary);
    }
    fputs("\n`bindery-ue VERB --help` says more, and the manual: man bindery-ue\n", to);
}

/* Devices' keys are in this process: no core, and no debugger of another. */
static bool harden(void)
{
    const struct rlimit none = {0, 0};
    return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 && setrlimit(RLIMIT_CORE, &none) == 0;
}

int commands_main(int argc, char **argv)
{
    char name[32];
    argp_err_exit_status = UE_USAGE;
    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-?") == 0)) {
        usage(stdout);
        return UE_DONE;
    }
    if (argc > 1 && (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0)) {
        puts(argp_program_version);
        return UE_DONE;
    }
    for (size_t i = 0; argc > 1 && i < VERBS; i++) {
        if (strcmp(argv[1], verbs[i].name) == 0) {
            if (!harden()) {
                options_error("the process cannot be closed to debuggers: %s", strerror(errno));
                return UE_REFUSED;
            }
            (void)snprintf(name, sizeof name, "bindery-ue %s", verbs[i].name);
            argv[1] = name;
            return verbs[i].run(argc - 1, argv + 1);
        }
    }
    usage(stderr);
    return UE_USAGE;
}
