/* test/device/offering_client.h - the NAS client of a device that makes its own KME, and a network
 * that asks for it.
 */
#ifndef BINDERY_TEST_DEVICE_OFFERING_CLIENT_H
#define BINDERY_TEST_DEVICE_OFFERING_CLIENT_H

#include "device/offering.h"
#include "device/world.h"

struct client {
    struct world w;
    struct maker m;
    uint8_t payload[BINDERY_UE_KME_ANSWER_MAX]; /* the last that left */
    size_t payload_n;
};

/* A device that nobody bound yet. */
static inline void client_open(struct client *c)
{
    memset(c, 0, sizeof *c);
    world_open(&c->w);
    maker_open(&c->m);
    c->w.identity.kme = NULL;
    c->w.identity.mnc_n = 2;
    c->w.host.signer = &c->m.signer;
    c->w.host.provisioning = &c->m.provisioning;
    world_boot(&c->w, false);
}

static inline void client_close(struct client *c)
{
    maker_close(&c->m);
    world_close(&c->w);
}

/* ---- what the network does ---- */

/* Up to SECURITY MODE COMPLETE, with a challenge under this KME, or a regular one. */
static inline void secure_under(struct client *c, const struct key_kme *kme)
{
    struct nas_attach_request m;
    world_camp(&c->w, 1);
    world_attach(&c->w);
    net_expect_attach(&c->w, &m);
    net_challenge(&c->w, kme);
    net_secure(&c->w);
}

static inline void ask(struct client *c, struct bytes value)
{
    const struct nas_identity_request m = {.identity_type = NAS_IDENTITY_IMEI,
                                           .bindery_container = value};
    net_secured(&c->w, &nas_identity_request_message, &m);
}

static inline void reject_with(struct client *c, uint8_t cause, struct bytes value)
{
    const struct nas_attach_reject m = {.emm_cause = cause, .bindery_container = value};
    net_secured(&c->w, &nas_attach_reject_message, &m);
}

static inline void reject(struct client *c, struct bytes value)
{
    reject_with(c, EMM_CAUSE_NETWORK_FAILURE, value);
}

/* ---- what the device did ---- */

static inline bool told(const struct client *c, enum bindery_ue_event_kind kind)
{
    return world_event(&c->w, kind) != NULL;
}

static inline struct ue_keys record_of(struct client *c)
{
    struct ue_keys k;
    assert_ok(ue_keys_read(&c->w.c, (struct bytes){c->w.record, c->w.record_n}, &k));
    return k;
}

/* IDENTITY RESPONSE, ciphered, with the IMEI. */
static inline struct nas_identity_response expect_imei(struct client *c)
{
    struct nas_identity_response out;
    struct nas_identity id;
    net_expect(&c->w, &nas_identity_response_message, &out);
    assert_int_equal(c->w.sht, NAS_SHT_CIPHERED);
    assert_ok(nas_identity_parse(out.identity, &id));
    assert_int_equal(id.type, NAS_IDENTITY_IMEI);
    assert_memory_equal(id.imei.digits, WORLD_IMEISV, 14);
    return out;
}

static inline struct bytes expect_payload(struct client *c)
{
    const struct nas_identity_response out = expect_imei(c);
    const struct bindery_ue_event *e = world_event(&c->w, BINDERY_UE_EVENT_KME_OFFERED);
    assert_non_null(e);
    assert_true(e->secured);
    assert_int_equal(e->message, NAS_IDENTITY_REQUEST);
    assert_non_null(out.bindery_container.p);
    assert_true(out.bindery_container.n <= sizeof c->payload);
    memcpy(c->payload, out.bindery_container.p, out.bindery_container.n);
    c->payload_n = out.bindery_container.n;
    return (struct bytes){c->payload, c->payload_n};
}

static inline void expect_nothing_leaves(struct client *c, enum bindery_ue_event_kind why)
{
    assert_int_equal(c->w.up.n, 0);
    assert_true(told(c, why));
}

static inline void expect_refusal(struct client *c, enum bindery_ue_refusal why, uint8_t status)
{
    struct nas_emm_status m;
    assert_int_equal(world_refusal(&c->w), why);
    assert_false(told(c, BINDERY_UE_EVENT_KME_OFFERED));
    assert_false(told(c, BINDERY_UE_EVENT_KME_UNABLE));
    assert_int_equal(c->m.signed_n, 0);
    assert_int_equal(c->w.record_stores, 0);
    if (status == 0) {
        assert_int_equal(c->w.up.n, 0);
    } else {
        net_expect(&c->w, &nas_emm_status_message, &m);
        assert_int_equal(m.emm_cause, status);
    }
}

/* A command, its payload, and what the home network makes of it. */
static inline void provide(struct client *c)
{
    ask(c, maker_ask(&c->m));
    assert_int_equal(maker_take(&c->m, expect_payload(c)), KME_CAUSE_NONE);
}

/* The connection ends, and the device attaches at once under the KME that the home network has. */
static inline void comes_back(struct client *c)
{
    struct nas_attach_request m;
    assert_int_equal(bindery_ue_state(&c->w.ue), BINDERY_UE_STATE_WAITING);
    world_lower(&c->w, BINDERY_UE_LOWER_RELEASED);
    assert_int_equal(bindery_ue_state(&c->w.ue), BINDERY_UE_STATE_ATTACHING);
    assert_true(c->w.up.initial);
    c->w.has_security = false;
    net_expect_attach(&c->w, &m);
    net_challenge(&c->w, maker_kme(&c->m));
    assert_true(world_event(&c->w, BINDERY_UE_EVENT_AUTHENTICATION)->processed);
    net_secure(&c->w);
    net_accept(&c->w);
}

/* After whatever happened: an attach with the challenge that the home network has for it, and a
 * second one if the first led to nothing else than a KME. */
static inline void served_within_two_attaches(struct client *c)
{
    const bool bound = c->m.k.view.n_devices == 1 && c->m.k.view.devices[0].has_kme;
    c->w.has_security = false;
    secure_under(c, bound ? maker_kme(&c->m) : NULL);
    if (bound) {
        net_accept(&c->w);
        return;
    }
    provide(c);
    reject(c, maker_result(&c->m));
    assert_true(told(c, BINDERY_UE_EVENT_KME_ACTIVE));
    comes_back(c);
}

#endif
