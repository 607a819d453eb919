#include "emulator/report.h"

#include "emulator/latency.h"
#include <inttypes.h>

static const char *outcome_name(size_t o)
{
    return bindery_ue_outcome_name((enum bindery_ue_outcome)o);
}

static const char *proof_name(size_t algorithm)
{
    return algorithm == 0 ? "none" : bindery_ue_signature_name((uint8_t)algorithm);
}

static double per_second(uint64_t n, uint64_t ns)
{
    return ns > 0 ? (double)n * 1e9 / (double)ns : 0;
}

static const char *pattern_of(const struct run_plan *p)
{
    return p->over_ns == 0 ? "all at once" : load_pattern_name(p->pattern);
}

/* ---- for people ---- */

static void print_head(const struct run_plan *p, const struct run_result *r, FILE *to)
{
    const struct address_text at = address_print(&p->mme[0]);
    const unsigned mmes = p->emulation.enb.mmes + p->emulation.further;
    const unsigned enbs = emulation_enbs(&p->emulation);
    char more[32] = "";
    if (mmes > 1) {
        (void)snprintf(more, sizeof more, " and %u more", mmes - 1);
    }
    fprintf(to, "%" PRIu32 " device%s, %u eNB%s, %" PRIu64 " attach%s", r->devices,
            r->devices == 1 ? "" : "s", enbs, enbs == 1 ? "" : "s", p->attaches,
            p->attaches == 1 ? "" : "es");
    if (p->over_ns > 0) {
        fprintf(to, " over %g s", (double)p->over_ns / 1e9);
    }
    fprintf(to, " (%s), to %s%s\n\n", pattern_of(p), at.s, more);
    if (r->end == RUN_INTERRUPTED) {
        fputs("Interrupted\n", to);
    }
}

static void print_counts(const struct run_result *r, FILE *to)
{
    const struct tally *t = &r->tally;
    fprintf(to, "Offered     %12" PRIu64 "  %12.1f/s\n", t->offered,
            per_second(t->offered, r->elapsed_ns));
    fprintf(to, "Registered  %12" PRIu64 "  %12.1f/s\n", t->registered,
            per_second(t->registered, r->elapsed_ns));
    fprintf(to, "Failed      %12" PRIu64 "\n", t->failed);
    fprintf(to, "Detached    %12" PRIu64 "\n", t->detached);
    if (t->detach_failed > 0) {
        fprintf(to, "Detaches without an answer: %" PRIu64 "\n", t->detach_failed);
    }
    if (t->detached_by_network > 0) {
        fprintf(to, "Detached by the network: %" PRIu64 "\n", t->detached_by_network);
    }
}

static void print_failures(const struct tally *t, FILE *to)
{
    if (t->failed > 0) {
        fprintf(to, "\nFailed %" PRIu64 " of %" PRIu64 "\n", t->failed, t->offered);
    }
    for (size_t i = 0; i < TALLY_CAUSES && t->cause[i].n > 0; i++) {
        fprintf(to, "  %-68s %10" PRIu64 "  %7.3f%%\n", t->cause[i].text, t->cause[i].n,
                100.0 * (double)t->cause[i].n / (double)(t->offered > 0 ? t->offered : 1));
    }
}

static void print_devices(const struct tally *t, FILE *to)
{
    fputs("\nChallenges\n", to);
    for (size_t i = 0; i < TALLY_OUTCOMES; i++) {
        if (t->outcomes[i] > 0) {
            fprintf(to, "  %-68s %10" PRIu64 "\n", outcome_name(i), t->outcomes[i]);
        }
    }
    fprintf(to, "  %-68s %10" PRIu64 "\n", "of all, RAND under KME", t->processed);
    for (size_t i = 1; i < TALLY_REFUSALS; i++) {
        if (t->refused[i] > 0) {
            fprintf(to, "Refused by devices (%s): %" PRIu64 "\n",
                    bindery_ue_refusal_name((enum bindery_ue_refusal)i), t->refused[i]);
        }
    }
}

static void print_proofs(const struct tally *t, FILE *to)
{
    const char *head = "\nProofs of the IMEI\n";
    for (size_t i = 0; i < TALLY_PROOFS; i++) {
        if (t->proofs[i] > 0) {
            fprintf(to, "%s  %-68s %10" PRIu64 "\n", head, proof_name(i), t->proofs[i]);
            head = "";
        }
    }
}

static void print_kme(const struct tally *t, FILE *to)
{
    const struct {
        const char *text;
        uint64_t n;
    } rows[] = {{"offered", t->kme_offered},
                {"asked for, and none was made", t->kme_unable},
                {"active: the home network proved to have it", t->kme_active},
                {"of these by a challenge", t->kme_by_challenge}};
    const char *head = "\nKMEs made by devices\n";
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].n > 0) {
            fprintf(to, "%s  %-68s %10" PRIu64 "\n", head, rows[i].text, rows[i].n);
            head = "";
        }
    }
}

static void print_onboarding(const struct tally *t, FILE *to)
{
    const struct {
        const char *text;
        uint64_t n;
    } rows[] = {{"asked for", t->onboarding_asked},
                {"got, and installed", t->onboarded},
                {"asked for, and a network gave none", t->onboarding_refused},
                {"given up, for they were no good and never used", t->onboarding_given_up}};
    const char *head = "\nSubscriptions over the air\n";
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].n > 0) {
            fprintf(to, "%s  %-68s %10" PRIu64 "\n", head, rows[i].text, rows[i].n);
            head = "";
        }
    }
}

static void print_discovery(const struct tally *t, FILE *to)
{
    const struct {
        const char *text;
        uint64_t n;
    } rows[] = {{"an IMSI came for a dIMSI", t->discovered},
                {"a network brought none", t->discovery_refused},
                {"given up, for they were no good and never used", t->discovery_given_up}};
    const char *head = "\nFirst attaches with a dIMSI\n";
    for (size_t i = 0; i < TALLY_DISCOVERIES; i++) {
        if (t->discoveries[i] > 0) {
            fprintf(to, "%s  %-68s %10" PRIu64 "\n", head,
                    bindery_ue_discovery_outcome_name((enum bindery_ue_discovery_outcome)i),
                    t->discoveries[i]);
            head = "";
        }
    }
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].n > 0) {
            fprintf(to, "%s  %-68s %10" PRIu64 "\n", head, rows[i].text, rows[i].n);
            head = "";
        }
    }
}

static void print_network(const struct run_result *r, FILE *to)
{
    for (unsigned i = 1; i < ENB_FAULT_COUNT; i++) {
        if (r->enb.faults[i] > 0) {
            fprintf(to, "Noticed by eNBs (%s): %" PRIu64 "\n", enb_fault_name((enum enb_fault)i),
                    r->enb.faults[i]);
        }
    }
    if (r->enb.reroutes > 0) {
        fprintf(to, "To be rerouted: %" PRIu64 ", sent to another MME: %" PRIu64 "\n",
                r->enb.reroutes, r->enb.rerouted);
    }
    if (r->associations_lost > 0) {
        fprintf(to, "Associations lost: %" PRIu64 "\n", r->associations_lost);
    }
    if (r->radio.lost + r->radio.repeated + r->radio.delayed + r->radio.damaged + r->radio.changed >
        0) {
        fprintf(to,
                "Of %" PRIu64 " NAS PDUs: lost %" PRIu64 ", repeated %" PRIu64 ", delayed %" PRIu64
                ", damaged %" PRIu64 ", changed on purpose %" PRIu64 "\n",
                r->radio.passed + r->radio.lost, r->radio.lost, r->radio.repeated, r->radio.delayed,
                r->radio.damaged, r->radio.changed);
    }
}

void report_print(const struct run_plan *plan, const struct run_result *r, FILE *to)
{
    const struct tally *t = &r->tally;
    print_head(plan, r, to);
    print_counts(r, to);
    latency_head(to, "Milliseconds from when an attach was due, or a detach began", "of them");
    latency_row(to, "attach", &t->attach);
    latency_row(to, "sent after", &t->lag);
    if (t->onboarded > 0) {
        latency_row(to, "onboarded", &t->onboard);
    }
    if (t->discovered > 0) {
        latency_row(to, "discovered", &t->discover);
    }
    latency_row(to, "detach", &t->detach);
    print_failures(t, to);
    print_devices(t, to);
    print_proofs(t, to);
    print_kme(t, to);
    print_onboarding(t, to);
    print_discovery(t, to);
    print_network(r, to);
    fprintf(to, "\nMemory: %" PRIu64 " octets per device, %.1f MiB for all\n", r->device_octets,
            (double)r->device_octets * r->devices / (1 << 20));
}

/* ---- for programs ---- */

static json_t *json_failures(const struct tally *t)
{
    json_t *list = json_array();
    for (size_t i = 0; i < TALLY_CAUSES && t->cause[i].n > 0; i++) {
        (void)json_array_append_new(list, json_pack("{s:s, s:I}", "cause", t->cause[i].text,
                                                    "count", (json_int_t)t->cause[i].n));
    }
    return list;
}

static json_t *json_challenges(const struct tally *t)
{
    json_t *o = json_pack("{s:I}", "processed", (json_int_t)t->processed);
    for (size_t i = 0; i < TALLY_OUTCOMES; i++) {
        (void)json_object_set_new(o, outcome_name(i), json_integer((json_int_t)t->outcomes[i]));
    }
    return o;
}

static json_t *json_proofs(const struct tally *t)
{
    json_t *o = json_object();
    for (size_t i = 0; i < TALLY_PROOFS; i++) {
        (void)json_object_set_new(o, proof_name(i), json_integer((json_int_t)t->proofs[i]));
    }
    return o;
}

static json_t *json_kme(const struct tally *t)
{
    return json_pack("{s:I, s:I, s:I, s:I}", "offered", (json_int_t)t->kme_offered, "unable",
                     (json_int_t)t->kme_unable, "active", (json_int_t)t->kme_active, "by_challenge",
                     (json_int_t)t->kme_by_challenge);
}

static json_t *json_onboarding(const struct tally *t)
{
    return json_pack(
        "{s:I, s:I, s:I, s:I, s:o}", "asked", (json_int_t)t->onboarding_asked, "onboarded",
        (json_int_t)t->onboarded, "refused", (json_int_t)t->onboarding_refused, "given_up",
        (json_int_t)t->onboarding_given_up, "onboarded_ms", latency_json(&t->onboard, "count"));
}

static json_t *json_discovery(const struct tally *t)
{
    json_t *challenges = json_object();
    for (size_t i = 0; i < TALLY_DISCOVERIES; i++) {
        (void)json_object_set_new(
            challenges, bindery_ue_discovery_outcome_name((enum bindery_ue_discovery_outcome)i),
            json_integer((json_int_t)t->discoveries[i]));
    }
    return json_pack("{s:o, s:I, s:I, s:I, s:o}", "challenges", challenges, "discovered",
                     (json_int_t)t->discovered, "refused", (json_int_t)t->discovery_refused,
                     "given_up", (json_int_t)t->discovery_given_up, "discovered_ms",
                     latency_json(&t->discover, "count"));
}

static json_t *json_refused(const struct tally *t)
{
    json_t *o = json_object();
    for (size_t i = 1; i < TALLY_REFUSALS; i++) {
        if (t->refused[i] > 0) {
            (void)json_object_set_new(o, bindery_ue_refusal_name((enum bindery_ue_refusal)i),
                                      json_integer((json_int_t)t->refused[i]));
        }
    }
    return o;
}

static json_t *json_enb(const struct enb_counters *c)
{
    json_t *o = json_object(), *faults = json_object();
#define X(name, text) (void)json_object_set_new(o, #name, json_integer((json_int_t)c->name));
    ENB_COUNTERS(X)
#undef X
    for (unsigned i = 1; i < ENB_FAULT_COUNT; i++) {
        (void)json_object_set_new(faults, enb_fault_name((enum enb_fault)i),
                                  json_integer((json_int_t)c->faults[i]));
    }
    (void)json_object_set_new(o, "faults", faults);
    return o;
}

static json_t *json_radio(const struct radio_counters *c)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "passed", (json_int_t)c->passed, "lost",
                     (json_int_t)c->lost, "repeated", (json_int_t)c->repeated, "delayed",
                     (json_int_t)c->delayed, "damaged", (json_int_t)c->damaged, "changed",
                     (json_int_t)c->changed);
}

static json_t *json_plan(const struct run_plan *p, const struct run_result *r)
{
    json_t *mmes = json_array();
    for (unsigned i = 0; i < p->emulation.enb.mmes + p->emulation.further; i++) {
        const struct address_text at = address_print(&p->mme[i]);
        (void)json_array_append_new(mmes, json_string(at.s));
    }
    return json_pack("{s:o, s:I, s:i, s:I, s:s, s:f, s:I}", "mmes", mmes, "devices",
                     (json_int_t)r->devices, "enbs", (int)emulation_enbs(&p->emulation), "attaches",
                     (json_int_t)p->attaches, "pattern", pattern_of(p), "over_s",
                     (double)p->over_ns / 1e9, "seed", (json_int_t)(p->seed >> 1));
}

json_t *report_json(const struct run_plan *plan, const struct run_result *r)
{
    const struct tally *t = &r->tally;
    json_t *o = json_pack(
        "{s:o, s:b, s:f, s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:f}", "plan", json_plan(plan, r),
        "interrupted", r->end == RUN_INTERRUPTED, "elapsed_s", (double)r->elapsed_ns / 1e9,
        "offered", (json_int_t)t->offered, "registered", (json_int_t)t->registered, "failed",
        (json_int_t)t->failed, "detached", (json_int_t)t->detached, "detach_failed",
        (json_int_t)t->detach_failed, "detached_by_network", (json_int_t)t->detached_by_network,
        "offered_per_s", per_second(t->offered, r->elapsed_ns), "registered_per_s",
        per_second(t->registered, r->elapsed_ns));
    json_t *more = json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:I, s:o, s:o, s:I, s:I}",
        "attach_ms", latency_json(&t->attach, "count"), "sent_after_ms",
        latency_json(&t->lag, "count"), "detach_ms", latency_json(&t->detach, "count"), "failures",
        json_failures(t), "challenges", json_challenges(t), "proofs", json_proofs(t), "kme",
        json_kme(t), "onboarding", json_onboarding(t), "discovery", json_discovery(t),
        "refused_by_devices", json_refused(t), "store_failed", (json_int_t)t->store_failed,
        "crypto_failed", (json_int_t)t->crypto_failed, "enb", json_enb(&r->enb), "radio",
        json_radio(&r->radio), "associations_lost", (json_int_t)r->associations_lost,
        "octets_per_device", (json_int_t)r->device_octets);
    if (o == NULL || more == NULL || json_object_update(o, more) != 0) {
        json_decref(o);
        o = NULL;
    }
    json_decref(more);
    return o;
}
