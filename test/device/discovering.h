/* test/device/discovering.h - a device with a dIMSI and a soft secure element under it, and the
 * networks that it meets: D-AUSF and target AUSF of proc/dimsi.h in one place.
 */
#ifndef BINDERY_TEST_DEVICE_DISCOVERING_H
#define BINDERY_TEST_DEVICE_DISCOVERING_H

#include "device/slot.h"
#include "device/ue.h"
#include "device/world.h"

#define SEEKER_DIMSI "901700000000001"
#define SEEKER_IMSI  "001010000700001"

struct seeker {
    struct world w;
    struct bindery_ue_discovery discovery;

    /* the secure element */
    struct bindery_ue_slot slot;
    uint8_t flash[BINDERY_UE_SLOT_MAX];
    size_t flash_n;
    unsigned flashed;
    bool flash_fails;
    unsigned asked;
    /* what it says instead of the truth, if it is to */
    bool lies;
    enum bindery_ue_discovery_outcome says;
    struct bindery_ue_usim_answer says_answer;
    char says_imsi[15];
    uint8_t says_imsi_n;

    /* the target AUSF */
    struct key_ek ek;
    struct imsi dimsi, imsi;
    struct dimsi_challenge challenge;
};

/* ---- the secure element ---- */

static inline bool seeker_store(struct seeker *s)
{
    size_t n = sizeof s->flash;
    if (s->flash_fails) {
        return false;
    }
    assert_int_equal(bindery_ue_slot_write(&s->slot, &s->w.table, s->flash, &n), BINDERY_UE_OK);
    s->flash_n = n;
    s->flashed++;
    return true;
}

/* What a host does with bindery_ue_slot_challenge. */
static inline enum bindery_ue_discovery_outcome seeker_challenge(void *ctx, const uint8_t rand[16],
                                                                 const uint8_t *autn,
                                                                 struct bindery_ue_usim_answer *out,
                                                                 char imsi[15], uint8_t *imsi_n)
{
    struct seeker *s = ctx;
    s->asked++;
    if (s->lies) {
        *out = s->says_answer;
        memcpy(imsi, s->says_imsi, 15);
        *imsi_n = s->says_imsi_n;
        return s->says;
    }
    const struct bindery_ue_slot before = s->slot;
    enum bindery_ue_discovery_outcome o =
        bindery_ue_slot_challenge(&s->slot, &s->w.table, rand, autn, out, imsi, imsi_n);
    if (o == BINDERY_UE_DISCOVERY_INSTALLED &&
        (bindery_ue_slot_installed(&s->slot, imsi, *imsi_n) != BINDERY_UE_OK || !seeker_store(s))) {
        s->slot = before;
        memset(out, 0, sizeof *out);
        o = BINDERY_UE_DISCOVERY_NOT_STORED;
    }
    return o;
}

/* ---- power ---- */

/* As the slot in its flash says: with the IMSI, or with the dIMSI. */
static inline void seeker_boot(struct seeker *s)
{
    struct world *w = &s->w;
    struct bindery_ue_slot_view v;
    struct bindery_ue_usim_keys keys;
    assert_int_equal(bindery_ue_slot_read(&s->slot, &w->table, s->flash, s->flash_n),
                     BINDERY_UE_OK);
    bindery_ue_slot_view(&s->slot, &v);
    w->identity = (struct bindery_ue_identity){.mnc_n = 0};
    memcpy(w->identity.imeisv, WORLD_IMEISV, 16);
    w->has_security = false;
    if (v.imsi_n > 0) {
        memcpy(w->identity.imsi, v.imsi, 15);
        w->identity.imsi_n = v.imsi_n;
        w->host.discovery = NULL;
        assert_int_equal(bindery_ue_slot_usim(&s->slot, &w->table, &keys), BINDERY_UE_OK);
        assert_int_equal(keys.algorithm, BINDERY_UE_MILENAGE);
        w->keys = (struct aka_keys){.algorithm = AKA_MILENAGE,
                                    .k = {.n = keys.k_n},
                                    .opc = {.n = keys.opc_n},
                                    .res_len = keys.res_n};
        memcpy(w->keys.k.b, keys.k, keys.k_n);
        memcpy(w->keys.opc.b, keys.opc, keys.opc_n);
    } else {
        memcpy(w->identity.imsi, v.dimsi, 15);
        w->identity.imsi_n = v.dimsi_n;
        w->host.discovery = &s->discovery;
    }
    world_boot(w, false);
}

static inline void seeker_open(struct seeker *s)
{
    memset(s, 0, sizeof *s);
    world_open(&s->w);
    assert_ok(imsi_parse(BYTES_LIT(SEEKER_DIMSI), &s->dimsi));
    assert_ok(imsi_parse(BYTES_LIT(SEEKER_IMSI), &s->imsi));
    memset(s->ek.b, 0x5e, sizeof s->ek.b);
    struct dimsi_slot *slot = slot_of(&s->slot);
    slot->dimsi = s->dimsi;
    slot->ek = s->ek;
    assert_ok(dimsi_name_parse(BYTES_LIT("arpf.example.org"), &slot->arpf));
    memset(slot->token, 0x70, sizeof slot->token);
    assert_true(seeker_store(s));
    s->flashed = 0;
    s->discovery = (struct bindery_ue_discovery){.ctx = s, .challenge = seeker_challenge};
    seeker_boot(s);
}

static inline void seeker_close(struct seeker *s)
{
    world_close(&s->w);
}

/* ---- the network ---- */

static inline bool seeker_told(const struct seeker *s, enum bindery_ue_event_kind kind)
{
    return world_event(&s->w, kind) != NULL;
}

/* The ATTACH REQUEST with the dIMSI, as any other. */
static inline void seeker_expect_request(struct seeker *s)
{
    struct nas_attach_request m;
    struct nas_eps_identity id;
    assert_true(s->w.up.initial);
    assert_false(s->w.up.has_guti);
    net_expect_attach(&s->w, &m);
    assert_int_equal(s->w.sht, NAS_SHT_PLAIN);
    assert_int_equal(m.attach_type, NAS_EPS_ATTACH);
    assert_int_equal(m.ksi, NAS_KSI_NONE);
    assert_null(m.bindery_container.p);
    assert_ok(nas_eps_identity_parse(m.identity, &id));
    assert_int_equal(id.type, NAS_EPS_IDENTITY_IMSI);
    assert_true(imsi_eq(&id.imsi, &s->dimsi));
    assert_int_equal(bindery_ue_state(&s->w.ue), BINDERY_UE_STATE_ATTACHING);
}

static inline void seeker_begin(struct seeker *s)
{
    world_camp(&s->w, 1);
    world_attach(&s->w);
    seeker_expect_request(s);
    world_lower(&s->w, BINDERY_UE_LOWER_CONNECTED);
}

/* Steps 1 to 5: the challenge with this IMSI, which the network sends by seeker_send. */
static inline void seeker_make_for(struct seeker *s, const struct imsi *imsi)
{
    struct world *w = &s->w;
    uint8_t sn[3];
    plmn_to_octets(&w->guti.plmn, sn);
    assert_ok(dimsi_ausf_challenge(&w->c, &s->ek, &s->dimsi, imsi, &s->challenge));
    memcpy(w->vector.rand, s->challenge.rand.b, sizeof w->vector.rand);
    w->vector.autn = s->challenge.autn;
    w->vector.xres = s->challenge.xres;
    assert_ok(dimsi_dausf_kasme(&w->c, &s->challenge, sn, &w->vector.kasme));
}

static inline void seeker_make(struct seeker *s)
{
    seeker_make_for(s, &s->imsi);
}

static inline void seeker_send(struct seeker *s)
{
    const struct nas_authentication_request m = {
        .ksi = 1, .rand = BYTES_OF(s->w.vector.rand), .autn = BYTES_OF(s->w.vector.autn.b)};
    net_plain(&s->w, &nas_authentication_request_message, &m);
}

static inline const struct bindery_ue_event *seeker_outcome(const struct seeker *s)
{
    const struct bindery_ue_event *e = world_event(&s->w, BINDERY_UE_EVENT_DISCOVERY);
    assert_non_null(e);
    return e;
}

static inline void expect_imsi(const struct bindery_ue_event *e, const struct imsi *imsi)
{
    assert_int_equal(e->imsi_n, imsi->n);
    assert_memory_equal(e->imsi, imsi->digits, sizeof e->imsi);
}

/* The challenge came, and RES left after the IMSI was stored. */
static inline void seeker_expect_answer(struct seeker *s, enum bindery_ue_discovery_outcome o)
{
    net_expect_res(&s->w);
    assert_int_equal(seeker_outcome(s)->discovery, o);
    assert_int_equal(seeker_outcome(s)->cause, 0);
    expect_imsi(seeker_outcome(s), &s->imsi);
    assert_int_equal(s->flashed, 1);
    struct bindery_ue_slot stored;
    struct bindery_ue_slot_view v;
    assert_int_equal(bindery_ue_slot_read(&stored, &s->w.table, s->flash, s->flash_n),
                     BINDERY_UE_OK);
    bindery_ue_slot_view(&stored, &v);
    assert_int_equal(v.imsi_n, s->imsi.n);
    assert_memory_equal(v.imsi, s->imsi.digits, v.imsi_n);
}

static inline void seeker_answers(struct seeker *s)
{
    seeker_make(s);
    seeker_send(s);
    seeker_expect_answer(s, BINDERY_UE_DISCOVERY_INSTALLED);
}

/* A challenge that does not hold: what is answered, and that nothing is stored. */
static inline void seeker_expect_failure(struct seeker *s, enum bindery_ue_discovery_outcome o)
{
    struct nas_authentication_failure m;
    net_expect(&s->w, &nas_authentication_failure_message, &m);
    assert_int_equal(m.emm_cause, EMM_CAUSE_MAC_FAILURE);
    assert_null(m.auts.p);
    assert_int_equal(seeker_outcome(s)->discovery, o);
    assert_int_equal(seeker_outcome(s)->cause, EMM_CAUSE_MAC_FAILURE);
    assert_int_equal(seeker_outcome(s)->imsi_n, 0);
}

/* An attach reject as step 5's ULA 5012 gives it: under protection if there is any. */
static inline void seeker_reject(struct seeker *s, uint8_t cause)
{
    const struct nas_attach_reject m = {.emm_cause = cause};
    if (s->w.has_security) {
        net_secured(&s->w, &nas_attach_reject_message, &m);
    } else {
        net_plain(&s->w, &nas_attach_reject_message, &m);
    }
}

/* The attach has ended, and an IMSI is there. */
static inline void seeker_expect_discovered(struct seeker *s)
{
    const struct bindery_ue_event *e = world_event(&s->w, BINDERY_UE_EVENT_DISCOVERED);
    assert_non_null(e);
    expect_imsi(e, &s->imsi);
    assert_false(seeker_told(s, BINDERY_UE_EVENT_ELSEWHERE));
    assert_false(seeker_told(s, BINDERY_UE_EVENT_WAITING));
    assert_int_equal(bindery_ue_state(&s->w.ue), BINDERY_UE_STATE_DEREGISTERED);
    assert_int_equal(s->w.up.n, 0);
    assert_int_equal(s->w.stores, 0);
    assert_int_equal(s->w.record_stores, 0);
}

static inline void seeker_expect_elsewhere(struct seeker *s, enum bindery_ue_why why)
{
    const struct bindery_ue_event *waits = world_event(&s->w, BINDERY_UE_EVENT_WAITING);
    assert_true(seeker_told(s, BINDERY_UE_EVENT_ELSEWHERE));
    assert_false(seeker_told(s, BINDERY_UE_EVENT_DISCOVERED));
    assert_non_null(waits);
    assert_int_equal(waits->why, why);
    assert_true(waits->until != BINDERY_UE_NEVER);
    assert_int_equal(bindery_ue_state(&s->w.ue), BINDERY_UE_STATE_WAITING);
    assert_int_equal(s->flashed, 0);
    assert_int_equal(s->w.stores, 0);
}

static inline uint64_t seeker_wait_for_request(struct seeker *s)
{
    const uint64_t from = s->w.now;
    do {
        assert_true(world_wait(&s->w));
    } while (s->w.up.n == 0);
    seeker_expect_request(s);
    return s->w.now - from;
}

/* Steps 8 to 10. */
static inline void seeker_attaches_with_imsi(struct seeker *s)
{
    struct aka_keys keys;
    struct nas_eps_identity id;
    struct nas_attach_request m;
    seeker_boot(s);
    assert_null(s->w.host.discovery);
    world_camp(&s->w, 1);
    world_attach(&s->w);
    net_expect_attach(&s->w, &m);
    assert_ok(nas_eps_identity_parse(m.identity, &id));
    assert_true(imsi_eq(&id.imsi, &s->imsi));
    /* the target AUSF's own */
    assert_ok(dimsi_aka_keys(&s->w.c, &s->ek, &s->dimsi, &s->imsi, &keys));
    s->w.keys = keys;
    net_challenge(&s->w, NULL);
    net_secure(&s->w);
    net_accept(&s->w);
}

#endif
