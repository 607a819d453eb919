#include "nf/mmed/mmed.h"

#include "codec/diameter_text.h"
#include "nf/mmed/events.h"
#include "nf/mmed/hss.h"
#include "nf/mmed/reload.h"
#include "nf/mmed/s1.h"
#include "nf/mmed/trust.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- clocks ---------------------------------------------------------------------------------- */

uint64_t mmed_monotonic_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static uint64_t wall_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_REALTIME, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* ---- telling --------------------------------------------------------------------------------- */

/* What somebody should look at. */
static enum log_level level_of(const char *name)
{
    static const char *const alarms[] = {
        "binding-failed", "res-mismatch",  "bidding-down",    "crypto-failed",
        "congestion",     "hss-lost",      "enb-lost",        "enb-replaced",
        "enb-address",    "device-failed", "devid-files-bad", "configuration-refused"};
    for (size_t i = 0; i < sizeof alarms / sizeof alarms[0]; i++) {
        if (strcmp(name, alarms[i]) == 0) {
            return LOG_LEVEL_WARNING;
        }
    }
    return LOG_LEVEL_INFO;
}

void mmed_event(struct mmed *m, const char *name, const struct emm_who *who, const char *cause,
                const char *detail)
{
    const struct imsi *imsi = who != NULL && who->has_imsi ? &who->imsi : NULL;
    const struct imei *imei = who != NULL && who->has_imei ? &who->imei.imei : NULL;
    const struct log_field fields[] = {LOG_FIELD_IMSI(imsi), LOG_FIELD_IMEI(imei),
                                       LOG_FIELD_STR("cause", cause),
                                       LOG_FIELD_STR("detail", detail)};
    /* what an outsider can cause at will hides nothing that has another cause */
    bool refused = strcmp(name, "refused") == 0 || strcmp(name, "provisioning-refused") == 0 ||
                   strcmp(name, "onboarding-refused") == 0;
    const char *by = refused && cause != NULL ? cause : name;
    log_limited_by(m->log, by, level_of(by), name, fields, sizeof fields / sizeof fields[0]);
    m->counters.events_lost += events_add(m->events, name, imsi, imei, cause, detail);
}

void mmed_tell(struct mmed *m, const struct emm_who *who, enum refusal why, const char *detail)
{
    m->counters.refusals[why]++;
    mmed_event(m, "refused", who, refusal_row(why)->name, detail);
}

/* ---- traces ---------------------------------------------------------------------------------- */

static struct pcapng_end end_of(const struct address *a)
{
    struct pcapng_end e = {.family = a->family, .port = a->port};
    memcpy(e.ip, a->ip, sizeof e.ip);
    return e;
}

static void write_packet(struct mmed *m, struct pcapng_packet *p)
{
    p->time_ns = wall_ns();
    if (pcapng_write(m->trace, p) != E_OK) {
        m->counters.trace_lost++; /* a full disk must not stop the service */
    }
}

static enum pcapng_port port_of(enum transport t)
{
    return t == TRANSPORT_SCTP || t == TRANSPORT_SCTP_UDP ? PCAPNG_PORT_SCTP : PCAPNG_PORT_TCP;
}

static void trace(struct mmed *m, const char *dissector, const struct address *local,
                  const struct address *remote, bool sent, struct bytes msg)
{
    struct pcapng_packet p = {.dissector = bytes_of_str(dissector),
                              .port_type = port_of(remote->transport),
                              .from = end_of(sent ? local : remote),
                              .to = end_of(sent ? remote : local),
                              .message = msg};
    write_packet(m, &p);
}

/* The copy that is blanked; one too long to copy stays out rather than show a key. */
static bool copied(struct mmed *m, struct bytes msg)
{
    if (m->trace == NULL || msg.n > MMED_TRACED_MAX) {
        m->counters.trace_lost += m->trace != NULL;
        return false;
    }
    memcpy(m->traced, msg.p, msg.n);
    return true;
}

void mmed_trace_s1ap(struct mmed *m, const struct assoc *a, bool sent, struct bytes msg)
{
    if (!copied(m, msg)) {
        return;
    }
    if (!m->trace_secrets) {
        s1ap_redact((struct mbytes){m->traced, msg.n});
    }
    trace(m, "s1ap", assoc_local(a), assoc_peer(a), sent, (struct bytes){m->traced, msg.n});
    wipe(m->traced, msg.n);
}

void mmed_trace_nas(struct mmed *m, bool uplink, struct bytes message)
{
    struct pcapng_packet p = {.dissector = BYTES_LIT("nas-eps_plain"),
                              .comment = uplink
                                             ? BYTES_LIT("inside: uplink NAS message, deciphered")
                                             : BYTES_LIT("inside: downlink NAS message, plain"),
                              .message = message};
    write_packet(m, &p);
}

void mmed_trace_diameter(struct mmed *m, const struct address *local, const struct address *remote,
                         bool sent, struct bytes msg)
{
    if (!copied(m, msg)) {
        return;
    }
    if (!m->trace_secrets) {
        diameter_redact(m->config->vendor_id, (struct mbytes){m->traced, msg.n});
    }
    trace(m, "diameter", local, remote, sent, (struct bytes){m->traced, msg.n});
    wipe(m->traced, msg.n);
}

/* ---- opening --------------------------------------------------------------------------------- */

void mmed_emm_config(const struct mmed_config *c, struct emm_config *out)
{
    *out = (struct emm_config){
        .plmn = c->plmn,
        .mme_group_id = c->group_id,
        .mme_code = c->code,
        .algorithms = c->algorithms,
        .vectors = c->vectors,
        .reuse_security = c->reuse_security,
        .served_imei = c->sends_served_imei,
        .check_imei = c->check_imei,
        .admit_grey = c->admit_grey,
        .serve = c->serve,
        .reroute = c->reroute,
        .reroute_group_id = c->reroute_group_id,
        .devid = c->devid.on,
        .kme = c->provisioning.kme,
        .onboarding = c->provisioning.onboarding != NULL,
        .n_proof_algorithms = c->devid.n_algorithms,
        .resyncs = 2,
        .t3412_s = c->t3412_s,
        .t3402_s = c->t3402_s,
        .t3450_ms = c->t3450_ms,
        .t3460_ms = c->t3460_ms,
        .t3470_ms = c->t3470_ms,
        .t3422_ms = c->t3422_ms,
        .t3489_ms = c->t3489_ms,
        .retransmissions = (uint8_t)c->retransmissions,
        .attach_ms = c->attach_ms,
        .implicit_detach_ms = c->implicit_detach_s * 1000U,
        .network_name = bytes_of_str(c->network_name),
    };
    memcpy(out->transport, c->transport, sizeof out->transport);
    memcpy(out->proof_algorithms, c->devid.algorithms, sizeof out->proof_algorithms);
}

static enum err open_memory(struct mmed *m)
{
    uint8_t seed[16];
    m->scratch = malloc(2 * MMED_SCRATCH);
    m->out = malloc(MMED_OUT_MAX);
    m->traced = malloc(MMED_TRACED_MAX);
    if (m->scratch == NULL || m->out == NULL || m->traced == NULL) {
        return E_MEMORY;
    }
    enum err err = crypto_openssl_open(&m->crypto);
    if (err == E_OK) {
        err = m->crypto.random(m->crypto.ctx, MBYTES_OF(seed));
    }
    if (err == E_OK) {
        err = ue_table_open(m->config->limits.ues, seed, m->now_ms, &m->ues);
    }
    if (err == E_OK) {
        err = events_open(m->config->limits.events_kept, &m->events);
    }
    if (err == E_OK) {
        events_number_from(m->events, wall_ns() / 1000000u);
    }
    return err;
}

enum err mmed_open(struct mmed *m, const struct mmed_config *config, struct log *log)
{
    m->config = config;
    m->log = log;
    m->now_ms = mmed_monotonic_ms();
    m->started_unix = m->now_unix = (int64_t)(wall_ns() / 1000000000u);
    mmed_emm_config(config, &m->emm);
    enum err err = open_memory(m);
    if (err == E_OK) {
        err = trust_open(m);
    }
    if (err == E_OK) {
        err = hss_open(m, &m->hss);
    }
    if (err == E_OK) {
        err = s1_open(m, &m->s1);
    }
    if (err != E_OK) {
        mmed_close(m);
    }
    return err;
}

void mmed_close(struct mmed *m)
{
    s1_close(m->s1);
    hss_close(m->hss);
    ue_table_close(m->ues);
    events_close(m->events);
    trust_close(m->trust);
    crypto_openssl_close(&m->crypto);
    free(m->scratch);
    free(m->out);
    free(m->traced);
    m->s1 = NULL;
    m->hss = NULL;
    m->ues = NULL;
    m->events = NULL;
    m->trust = NULL;
    m->scratch = m->out = m->traced = NULL;
    mmed_reload_close(m);
}

/* ---- one wake-up ----------------------------------------------------------------------------- */

static int least(int a, int b)
{
    return a < 0 ? b : b < 0 || a < b ? a : b;
}

int mmed_wait_ms(struct mmed *m)
{
    m->now_ms = mmed_monotonic_ms();
    return least(least(s1_wait_ms(m->s1), hss_wait_ms(m->hss)),
                 ue_timer_wait_ms(m->ues, m->now_ms));
}

enum err mmed_poll(struct mmed *m)
{
    m->now_ms = mmed_monotonic_ms();
    m->now_unix = (int64_t)(wall_ns() / 1000000000u);
    trust_poll(m);
    mmed_timers(m);
    enum err err = hss_poll(m->hss); /* first: it ends what was begun */
    return err == E_OK ? s1_poll(m->s1) : err;
}
