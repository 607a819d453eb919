/* test/device/onboarding_client.h - the NAS client of a device without a subscription, and networks
 * that give it one, or do not.
 */
#ifndef BINDERY_TEST_DEVICE_ONBOARDING_CLIENT_H
#define BINDERY_TEST_DEVICE_ONBOARDING_CLIENT_H

#include "device/onboarding.h"
#include "device/ue.h"
#include "device/world.h"

struct client {
    struct world w;
    struct maker k;
    struct certattach_request request; /* the last that left */
};

/* Power on, as what its flash says: without a subscription, or with the one that was installed. */
static inline void client_boot(struct client *c)
{
    struct world *w = &c->w;
    w->identity = (struct bindery_ue_identity){.mnc_n = 0};
    memcpy(w->identity.imeisv, WORLD_IMEISV, 16);
    w->host.onboarding = &c->k.onboarding;
    w->has_security = false;
    if (c->k.installed_n > 0) {
        const struct bindery_ue_profile *p = &c->k.installed;
        memcpy(w->identity.imsi, p->imsi, sizeof p->imsi);
        w->identity.imsi_n = p->imsi_n;
        w->identity.mnc_n = p->mnc_n;
        memcpy(w->keys.k.b, p->usim.k, sizeof p->usim.k);
        memcpy(w->keys.opc.b, p->usim.opc, sizeof p->usim.opc);
    }
    world_boot(w, false);
}

static inline void client_open(struct client *c)
{
    memset(c, 0, sizeof *c);
    world_open(&c->w);
    maker_open(&c->k);
    client_boot(c);
}

static inline void client_close(struct client *c)
{
    maker_close(&c->k);
    world_close(&c->w);
}

static inline void camp_on(struct client *c, const char *plmn, uint16_t tac)
{
    struct plmn p;
    struct bindery_ue_cell cell = {.tac = tac};
    assert_ok(plmn_parse(bytes_of_str(plmn), &p));
    plmn_to_octets(&p, cell.plmn);
    c->w.events_n = 0;
    assert_int_equal(bindery_ue_camp(&c->w.ue, c->w.now, &cell), BINDERY_UE_OK);
    world_take(&c->w);
}

static inline bool told(const struct client *c, enum bindery_ue_event_kind kind)
{
    return world_event(&c->w, kind) != NULL;
}

/* The ATTACH REQUEST that left. */
static inline void expect_request(struct client *c)
{
    struct nas_attach_request m;
    struct nas_eps_identity id;
    assert_true(c->w.up.initial);
    assert_false(c->w.up.has_guti);
    net_expect(&c->w, &nas_attach_request_message, &m);
    assert_int_equal(c->w.sht, NAS_SHT_PLAIN);
    assert_int_equal(m.attach_type, NAS_PROVISIONING_ATTACH);
    assert_int_equal(m.ksi, NAS_KSI_NONE);
    assert_ok(nas_eps_identity_parse(m.identity, &id));
    assert_int_equal(id.type, NAS_EPS_IDENTITY_IMEI);
    assert_memory_equal(id.imei.digits, WORLD_IMEISV, 14);
    c->request = maker_request(&c->k, m.bindery_container);
    assert_true(told(c, BINDERY_UE_EVENT_ONBOARDING));
    assert_int_equal(bindery_ue_state(&c->w.ue), BINDERY_UE_STATE_ATTACHING);
}

static inline void begin(struct client *c)
{
    world_camp(&c->w, 1);
    world_attach(&c->w);
    expect_request(c);
    world_lower(&c->w, BINDERY_UE_LOWER_CONNECTED);
}

static inline void reject_with(struct client *c, uint8_t cause, struct bytes value)
{
    const struct nas_attach_reject m = {.emm_cause = cause, .bindery_container = value};
    net_plain(&c->w, &nas_attach_reject_message, &m);
}

static inline void reject(struct client *c, struct bytes value)
{
    reject_with(c, EMM_CAUSE_NETWORK_FAILURE, value);
}

static inline struct bytes result(struct client *c)
{
    return maker_result(&c->k, &c->w.c);
}

static inline void expect_onboarded(struct client *c)
{
    assert_true(told(c, BINDERY_UE_EVENT_ONBOARDED));
    assert_false(told(c, BINDERY_UE_EVENT_ELSEWHERE));
    assert_false(told(c, BINDERY_UE_EVENT_WAITING));
    assert_int_equal(bindery_ue_state(&c->w.ue), BINDERY_UE_STATE_DEREGISTERED);
    assert_int_equal(c->w.up.n, 0);
    assert_int_equal(c->k.installed_n, 1);
    maker_expect_installed(&c->k);
    assert_int_equal(c->w.stores, 0);
    assert_int_equal(c->w.record_stores, 0);
}

/* An attempt that failed, and what follows. */
static inline void expect_elsewhere(struct client *c, enum bindery_ue_why why)
{
    const struct bindery_ue_event *waits = world_event(&c->w, BINDERY_UE_EVENT_WAITING);
    assert_true(told(c, BINDERY_UE_EVENT_ELSEWHERE));
    assert_false(told(c, BINDERY_UE_EVENT_ONBOARDED));
    assert_non_null(waits);
    assert_int_equal(waits->why, why);
    assert_true(waits->until != BINDERY_UE_NEVER);
    assert_int_equal(bindery_ue_state(&c->w.ue), BINDERY_UE_STATE_WAITING);
    assert_int_equal(c->k.installed_n, 0);
    assert_int_equal(c->w.stores, 0);
}

/* Until the next ATTACH REQUEST leaves: the connection that nobody released ends by T3440. */
static inline uint64_t wait_for_request(struct client *c)
{
    const uint64_t from = c->w.now;
    do {
        assert_true(world_wait(&c->w));
    } while (c->w.up.n == 0);
    expect_request(c);
    return c->w.now - from;
}

/* A normal attach with the subscription that was installed. */
static inline void attaches_normally(struct client *c)
{
    client_boot(c);
    world_begin(&c->w);
    net_challenge(&c->w, NULL);
    net_secure(&c->w);
    net_accept(&c->w);
}

#endif
