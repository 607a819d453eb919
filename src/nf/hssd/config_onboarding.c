/* Subscriptions for devices that have none: `onboarding`. */
#include "nf/hssd/config_raw.h"

#include "crypto/aka_functions.h"
#include "net/onboard_signer.h"
#include "nf/common/config_demo.h"
#include "proc/certattach.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_S  86400u
#define YEAR_S (366 * DAY_S)

/* ---- the operator's certificate ---- */

/* Does it list a network on which somebody may ask, or one that is home? Else no device that comes
 * could take anything. */
static bool is_of_use(const struct hssd_config *c, const struct onboard_signer *s)
{
    char realm[REALM_TEXT_MAX];
    for (size_t i = 0; i < c->n_plmns; i++) {
        plmn_realm(&c->plmns[i], realm);
        if (onboard_signer_lists(s, realm)) {
            return true;
        }
    }
    for (size_t i = 0; i < c->n_peers; i++) {
        const struct hssd_peer *p = &c->peers[i];
        for (size_t j = 0; p->onboarding && j < p->n_visited_plmns; j++) {
            plmn_realm(&p->visited_plmns[j], realm);
            if (onboard_signer_lists(s, realm)) {
                return true;
            }
        }
    }
    return false;
}

/* Devices are told to trust its root, so a demo one must not leave this machine. */
static void not_a_demo(struct checker *k, const struct hssd_config *c)
{
    bool demo = false;
    bool loopback = true;
    for (size_t i = 0; i < c->n_listeners; i++) {
        loopback &= c->listeners[i].loopback;
    }
    if (!loopback && config_demo_certificate(c->onboarding.certificate, &demo) == E_OK && demo) {
        check_wrong(k, "certificate",
                    "is of the generated demo PKI, whose keys are nobody's secret, and not all "
                    "listeners are on loopback: use a certificate of your own CA");
    }
}

static void operator_holds(struct checker *k, const struct hssd_config *c)
{
    const struct hssd_onboarding *o = &c->onboarding;
    struct onboard_signer *s = NULL;
    struct verify_why why;
    if (k->err != E_OK) {
        return;
    }
    if (onboard_signer_open(o->certificate, o->key, &s, &why) != E_OK) {
        check_wrong(k, "certificate", "%.200s", why.text);
        return;
    }
    if (!is_of_use(c, s)) {
        check_wrong(k, "certificate",
                    "lists none of `plmns`, and no visited PLMN of a peer with `onboarding: true`: "
                    "devices there would not take what it signs");
    }
    onboard_signer_close(s);
    not_a_demo(k, c);
}

/* ---- what is given ---- */

static void profile(struct checker *k, const char *text, const struct hssd_config *c,
                    struct hssd_onboarding *o)
{
    o->profile = check_text(k, "profile", text != NULL ? text : "default");
    const struct hssd_profile *p =
        o->profile != NULL && k->err == E_OK ? hssd_config_profile(c, o->profile) : NULL;
    if (p == NULL) {
        check_wrong(k, "profile", "`%.60s` is none of `profiles`", text != NULL ? text : "default");
    } else if (p->n_apns > CERTATTACH_APNS_MAX) {
        check_wrong(k, "profile", "`%.60s` has %zu APNs, and a device is told %d at most",
                    o->profile, p->n_apns, CERTATTACH_APNS_MAX);
    }
}

/* ---- all of it ---- */

static void times(struct checker *k, const struct raw_onboarding *r, struct hssd_onboarding *o)
{
    o->pool_low_percent = check_bounded(k, "pool_low_percent", r->pool_low_percent, 0, 100, 10);
    o->pending_seconds =
        check_bounded(k, "pending_seconds", r->pending_seconds, 60, YEAR_S, 7 * DAY_S);
    o->quarantine_seconds =
        check_bounded(k, "quarantine_seconds", r->quarantine_seconds, 0, 10 * YEAR_S, 30 * DAY_S);
    o->answer_seconds = check_bounded(k, "answer_seconds", r->answer_seconds, 30, 3600, 120);
    o->device_seconds = check_bounded(k, "device_seconds", r->device_seconds, 0, 3600, 5);
    o->threads = check_bounded(k, "threads", r->threads, 1, HSSD_ONBOARD_THREADS_MAX, 8);
    o->queue = check_bounded(k, "queue", r->queue, 1, 100000, 512);
}

static void given(struct checker *k, const struct raw_onboarding *raw, struct hssd_config *c)
{
    static const char *const policies[] = {"open", "learn"};
    static const char *const algorithms[] = {"milenage", "tuak"};
    struct hssd_onboarding *o = &c->onboarding;
    profile(k, raw->profile, c, o);
    o->policy =
        check_choice(k, "policy", raw->policy, policies, 2, 1) == 1 ? BINDING_LEARN : BINDING_OPEN;
    o->algorithm = check_choice(k, "algorithm", raw->algorithm, algorithms, 2, 0) == 1
                       ? AKA_TUAK
                       : AKA_MILENAGE;
    hssd_check_pools(k, "imsis", raw->imsis, raw->imsis_count, c, o->pools, &o->n_pools);
}

/* Who may ask where nothing is offered was forgotten something. */
static void nobody_asks(struct checker *k, const struct raw_config *raw)
{
    for (size_t i = 0; i < raw->peers_count; i++) {
        if (raw->peers[i].onboarding != NULL && strcmp(raw->peers[i].onboarding, "true") == 0) {
            check_section(k, "peers[%zu].", i);
            check_wrong(k, "onboarding", "has no meaning without the section `onboarding`");
        }
    }
}

void hssd_check_onboarding(struct checker *k, const struct raw_config *raw,
                           struct hssd_config *config)
{
    const struct raw_onboarding *r = &raw->onboarding;
    struct hssd_onboarding *o = &config->onboarding;
    check_section(k, "onboarding.");
    times(k, r, o);
    if (r->certificate == NULL && r->key == NULL && r->authorities_count == 0 &&
        r->imsis_count == 0) {
        nobody_asks(k, raw);
        return;
    }
    o->certificate = hssd_check_readable(k, "certificate", r->certificate);
    o->key = hssd_check_readable(k, "key", r->key);
    operator_holds(k, config);
    given(k, r, config);
    hssd_check_authorities(k, r, o);
}

void hssd_free_onboarding(struct hssd_config *config)
{
    struct hssd_onboarding *o = &config->onboarding;
    free(o->certificate);
    free(o->key);
    free(o->profile);
    hssd_free_authorities(o);
}

bool hssd_config_onboards(const struct hssd_config *config)
{
    return config->onboarding.n_authorities > 0;
}
