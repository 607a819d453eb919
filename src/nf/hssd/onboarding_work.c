/* nf/hssd/onboarding_work.c - a device's request on a thread of the pool (proc/certattach.h, steps
 * 2 and 3): ask its site, verify, decide, have the writer draw, protect what is stored. */
#include "nf/hssd/device_profile.h"
#include "nf/hssd/onboarding_parts.h"

#include <string.h>

/* ---- what the device is given ---- */

/*= certattach-3b */
static enum certattach_cause profile_of(const struct hssd_config *c,
                                        const struct store_subscriber *row,
                                        struct certattach_profile *out)
{
    const struct hssd_onboarding *o = &c->onboarding;
    if (row->suspended) {
        return CERTATTACH_DENIED;
    }
    return device_profile(c, o->pools, o->n_pools, row, out) ? CERTATTACH_NONE : CERTATTACH_STORE;
}

/* ---- protected ---- */

struct box {
    uint8_t octets[CERTATTACH_BOX_MAX + CERTATTACH_SIGNATURE_LEN];
};

static enum certattach_cause cause_of(enum err err)
{
    switch ((int)err) {
    case E_UNSUPPORTED:
    case E_NO_ROOM: /* what comes of a key that long is more than a device takes */
        return CERTATTACH_KEY;
    default:
        return CERTATTACH_CRYPTO;
    }
}

/*= certattach-3c certattach-4 */
static enum certattach_cause protect(struct onboarding_one *one, const struct onboard_tools *tools,
                                     struct bytes certificate, const struct store_onboarding *row,
                                     const struct certattach_profile *profile)
{
    struct box box;
    struct certattach_result result;
    struct certattach_about about = {.id = one->arrived.id, .plmn = one->arrived.plmn};
    memcpy(about.nonce, one->request.nonce, sizeof about.nonce);
    memcpy(about.nonce_1, row->nonce_1, sizeof about.nonce_1);
    enum err err =
        certattach_ausf_protect(tools->crypto, tools->operator_port, certificate, &about, profile,
                                hssd_unix_seconds() + one->h->config->onboarding.answer_seconds,
                                MBYTES_OF(box.octets), &result);
    if (err == E_OK) {
        result.certificates = onboard_signer_chain(tools->signer);
        err = wire_certattach_result_write(&result, MBYTES_OF(one->octets), &one->result);
    }
    return err == E_OK ? CERTATTACH_NONE : cause_of(err);
}

static enum certattach_decision decide(const struct onboarding_one *one,
                                       const struct device_record *record,
                                       const struct store_onboarding *row,
                                       enum certattach_cause *why)
{
    struct certattach_held held = {.phase = (enum certattach_phase)row->phase, .again = row->again};
    memcpy(held.digest, row->digest, sizeof held.digest);
    return certattach_ausf_decide(&held, record, one->authority->by_rule, why);
}

/* Decided again of the row as it is: it may have been denied, or used, or have ended in between. */
static enum certattach_cause read_what_is_given(struct onboarding_one *one,
                                                struct store_reader *reader,
                                                const struct device_record *record,
                                                struct store_onboarding *row,
                                                struct store_subscriber *subscriber)
{
    enum certattach_cause why = CERTATTACH_NONE;
    if (store_read_onboarding(reader, &one->key, row) != E_OK) {
        return CERTATTACH_STORE;
    }
    const enum certattach_decision decision = decide(one, record, row, &why);
    if (decision == CERTATTACH_REFUSE) {
        return why;
    }
    if (decision != CERTATTACH_REPEAT) { /* it may ask again */
        one->busy = true;
        return CERTATTACH_NONE;
    }
    return store_read_subscriber(reader, &row->imsi, subscriber) == E_OK ? CERTATTACH_NONE
                                                                         : CERTATTACH_STORE;
}

/* What is stored, and not what was computed: so a device never gets what might be lost. */
static enum certattach_cause read_and_protect(struct onboarding_one *one,
                                              const struct onboard_tools *tools,
                                              const struct device_record *record,
                                              struct bytes certificate)
{
    struct store_onboarding row;
    struct store_subscriber subscriber;
    struct certattach_profile profile;
    enum certattach_cause cause = CERTATTACH_STORE;
    memset(&profile, 0, sizeof profile);
    memset(&subscriber, 0, sizeof subscriber);
    if (store_reader_begin(tools->reader) == E_OK) {
        cause = read_what_is_given(one, tools->reader, record, &row, &subscriber);
        store_reader_end(tools->reader);
    }
    if (cause == CERTATTACH_NONE && !one->busy) {
        cause = profile_of(one->h->config, &subscriber, &profile);
    }
    if (cause == CERTATTACH_NONE && !one->busy) {
        cause = protect(one, tools, certificate, &row, &profile);
    }
    wipe(&profile, sizeof profile);
    wipe(&subscriber, sizeof subscriber);
    return cause;
}

/* ---- decided ---- */

static enum certattach_cause look(const struct onboarding_one *one, struct store_reader *reader,
                                  const struct device_record *record,
                                  enum certattach_decision *decision)
{
    struct store_onboarding row = {.phase = CERTATTACH_PHASE_NEW};
    enum certattach_cause why = CERTATTACH_NONE;
    enum err err = store_read_onboarding(reader, &one->key, &row);
    if (err != E_OK && err != E_NOT_FOUND) {
        return CERTATTACH_STORE;
    }
    *decision = decide(one, record, &row, &why);
    return *decision == CERTATTACH_REFUSE ? why : CERTATTACH_NONE;
}

/* The writer decides again; what it says goes. */
static enum certattach_cause settle(struct onboarding_one *one, const struct onboard_tools *tools,
                                    const struct device_record *record)
{
    enum certattach_decision decision;
    struct onboarding_drawn drawn;
    enum certattach_cause cause = look(one, tools->reader, record, &decision);
    if (cause != CERTATTACH_NONE) {
        return cause;
    }
    if (decision == CERTATTACH_REPEAT) {
        onboarding_count(&one->h->counters.onboarding_repeated);
        return CERTATTACH_NONE;
    }
    onboarding_draw(one, record, &drawn);
    one->busy = drawn.busy;
    if (drawn.cause == CERTATTACH_NONE && drawn.decision == CERTATTACH_REPEAT) {
        onboarding_count(&one->h->counters.onboarding_repeated);
    }
    return drawn.cause;
}

/* ---- verified ---- */

/* Not before: whoever has the device's URL, or what it once said, would keep it out. */
static enum certattach_cause charge(const struct onboarding_one *one)
{
    const struct onboard_ask ask = {one->job.authority, &one->arrived.id, one->request.nonce};
    const uint32_t seconds = one->h->config->onboarding.device_seconds;
    bool may = onboard_rates_take(one->h->onboarding->rates, &ask, (uint64_t)seconds * 1000,
                                  one->arrived_ms);
    return may ? CERTATTACH_NONE : CERTATTACH_OFTEN;
}

static enum certattach_cause judge(struct onboarding_one *one, const struct onboard_tools *tools,
                                   const struct certattach_context *context)
{
    struct device_record record;
    enum certattach_cause cause = certattach_ausf_verify(tools->crypto, tools->authority_port,
                                                         &one->arrived, context, &record);
    if (cause == CERTATTACH_NONE) {
        cause = charge(one);
    }
    if (cause == CERTATTACH_NONE) {
        cause = settle(one, tools, &record);
    }
    if (cause == CERTATTACH_NONE && !one->busy) {
        cause = read_and_protect(one, tools, &record, context->chain[0]);
    }
    return cause;
}

/*= certattach-2c */
void onboarding_work(struct onboarding_one *one, const struct onboard_tools *tools)
{
    struct onboard_answer *answer = NULL;
    struct onboard_site *site = one->h->onboarding->sites[one->job.authority];
    one->arrived.at = hssd_unix_seconds();
    if (!onboard_operator_serves(tools->signer, &one->arrived.plmn, one->arrived.at)) {
        one->cause = CERTATTACH_NOT_OFFERED; /* a device there would not take it */
        return;
    }
    one->cause = onboard_site_ask(site, tools->client, &one->arrived.id, &answer);
    if (one->cause == CERTATTACH_NONE) {
        one->cause = judge(one, tools, onboard_answer_context(answer));
    }
    onboard_answer_release(answer);
}
