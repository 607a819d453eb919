#include "nf/hssd/proof.h"

#include <stdio.h>
#include <string.h>

static int64_t end_of(const struct store_memory *m, uint32_t remember_seconds)
{
    int64_t end = m->at + remember_seconds;
    return end < m->until ? end : m->until;
}

bool proof_is_remembered(const struct store_proof *row, const struct imei *imei,
                         uint32_t remember_seconds, int64_t now)
{
    return row->remembered && end_of(&row->memory, remember_seconds) > now &&
           (imei == NULL || imei_eq(&row->memory.imei, imei));
}

/* ---- the last outcome ---- */

static bool same_outcome(const struct store_proof *row, const struct store_outcome *o)
{
    const struct store_outcome *last = &row->last;
    return row->known && imei_eq(&last->imei, &o->imei) && last->result == o->result &&
           strcmp(last->cause, o->cause) == 0 && last->form == o->form && last->serial == o->serial;
}

static void note_outcome(const struct proof_registration *reg, struct proof_decision *d)
{
    struct store_outcome o = {.imei = reg->imei,
                              .result = (uint8_t)reg->outcome.result,
                              .form = reg->outcome.form,
                              .serial = reg->outcome.serial,
                              .at = reg->now};
    snprintf(o.cause, sizeof o.cause, "%s", devid_cause_name(reg->outcome.cause));
    if (!same_outcome(&d->after, &o)) {
        d->after.known = true;
        d->after.last = o;
        d->write = true;
        d->told = true;
    }
}

/* ---- the memory ---- */

static void forget(struct proof_decision *d)
{
    d->after.remembered = false;
    d->after.memory = (struct store_memory){.form = 0};
    d->forgets = true;
    d->write = true;
}

/* What is remembered is written anew only when half of its time is over, or another record was
 * relied on. */
static bool is_due(const struct proof_registration *reg, const struct store_proof *row)
{
    const struct store_memory *m = &row->memory;
    return !proof_is_remembered(row, &reg->imei, reg->remember_seconds, reg->now) ||
           m->form != reg->outcome.form || m->serial != reg->outcome.serial ||
           end_of(m, reg->remember_seconds) - reg->now < reg->remember_seconds / 2;
}

static void remember(const struct proof_registration *reg, struct proof_decision *d)
{
    if (reg->remember_seconds == 0 || !is_due(reg, &d->after)) {
        return;
    }
    d->after.remembered = true;
    d->after.memory = (struct store_memory){.imei = reg->imei,
                                            .form = reg->outcome.form,
                                            .serial = reg->outcome.serial,
                                            .at = reg->now,
                                            .until = reg->now + reg->remember_seconds};
    d->renews = true;
    d->forgets = false; /* another's place is taken */
    d->write = true;
}

/*= devid-remembered */
void proof_decide(const struct proof_registration *reg, const struct store_proof *before,
                  struct proof_decision *out)
{
    struct proof_decision d = {.refusal = REFUSAL_NONE, .after = *before};
    if (!reg->policy.wanted) {
        *out = d;
        return;
    }
    d.remembered =
        reg->has_imei && proof_is_remembered(before, &reg->imei, reg->remember_seconds, reg->now);
    d.refusal =
        devid_hss_admit(&reg->policy, reg->has_outcome ? &reg->outcome : NULL, d.remembered);
    bool admitted = d.refusal == REFUSAL_NONE;
    bool failed = reg->has_outcome && reg->outcome.result == DEVID_FAILED;
    bool other = admitted && reg->has_imei && !imei_eq(&before->memory.imei, &reg->imei);
    if (reg->has_outcome) {
        note_outcome(reg, &d);
    }
    if (before->remembered && (failed || other)) {
        forget(&d);
    }
    if (admitted && reg->has_outcome && reg->outcome.result == DEVID_PROVEN) {
        remember(reg, &d);
    }
    d.told = d.told || (reg->has_outcome && !admitted);
    *out = d;
}
