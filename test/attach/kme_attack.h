/* test/attach/kme_attack.h - what the attacks on the provisioning of a device share: the scene,
 * what was stored before, the one answer that refusals have, and a payload that was caught on its
 * way to the home network. Header only.
 */
#ifndef BINDERY_TEST_ATTACH_KME_ATTACK_H
#define BINDERY_TEST_ATTACH_KME_ATTACK_H

#include "attach/kme_scene.h"
#include "wire/kme.h"

static struct scene s;

/* ---- what was stored, and what is answered --------------------------------------------------- */

static struct {
    struct binding_view view[HOME_SUBSCRIBERS];
    struct kme_home kme[HOME_SUBSCRIBERS];
} before;

static inline void remember(void)
{
    for (unsigned i = 0; i < HOME_SUBSCRIBERS; i++) {
        before.view[i] = s.h.subscribers[i].view;
        before.kme[i] = s.h.subscribers[i].kme;
    }
}

static inline void assert_as_before(void)
{
    for (unsigned i = 0; i < HOME_SUBSCRIBERS; i++) {
        assert_memory_equal(&s.h.subscribers[i].view, &before.view[i], sizeof before.view[i]);
        assert_memory_equal(&s.h.subscribers[i].kme, &before.kme[i], sizeof before.kme[i]);
    }
}

/* One answer, whatever the cause. */
static inline void assert_answer_tells_nothing(void)
{
    struct emm_ula only;
    memset(&only, 0, sizeof only);
    only.code = 5012;
    assert_int_equal(s.h.answer.code, only.code);
    assert_false(s.h.answer.experimental || s.h.answer.barred || s.h.answer.has_nw_sig);
    assert_memory_equal(s.h.answer.nw_sig, only.nw_sig, sizeof only.nw_sig);
    assert_int_equal(s.h.answer.subscription.n_apns, 0);
    assert_int_equal(s.h.answer.subscription.ambr_ul, 0);
}

static inline void assert_refused(enum kme_cause cause)
{
    assert_string_equal(kme_cause_name(s.h.last.cause), kme_cause_name(cause));
    assert_true(s.h.refused > 0);
    assert_answer_tells_nothing();
}

/* A ULR of somebody in an MME's place. */
static inline void update(const struct imsi *imsi, const struct imei *imei, struct bytes container)
{
    s.h.last.cause = KME_CAUSES;
    s.h.refused = 0;
    home_update(&s.h, imsi, imei, container);
    world_run(&s.w, s.w.now + 100);
}

static inline void update_refused(const struct imsi *imsi, const struct imei *imei,
                                  struct bytes container, enum kme_cause cause)
{
    remember();
    update(imsi, imei, container);
    assert_refused(cause);
    assert_as_before();
}

static inline struct imsi imsi_of(unsigned ue)
{
    return s.h.subscribers[ue].imsi;
}

/* What a device did in its attach is refused, and it has no service. */
static inline void attach_refused(enum kme_cause cause)
{
    world_attach(&s.w, 0);
    world_run(&s.w, s.w.now + 5 * SECOND);
    assert_refused(cause);
    assert_true(world_was_told(&s.w, REFUSAL_KME_REFUSED));
    assert_int_equal(s.w.devices[0].last_reject, 17);
    assert_false(world_registered(&s.w, 0));
    assert_int_equal(s.h.taken, 0);
    assert_int_equal(s.h.registrations, 0);
    assert_int_equal(s.w.devices[0].activated, 0);
}

/* Everything up to the payload, which never reaches the home network: s.h.seen stays empty, and the
 * attacker has it. Undone when its time is over. */
static struct {
    size_t n;
    uint8_t octets[HOME_UPDATE_MAX];
} caught;

static inline void catch_payload(void)
{
    static const struct strike strike = {.kind = STRIKE_DELAY, .at = 14, .ms = 30 * MINUTE};
    s.w.strike = strike;
    world_attach(&s.w, 0);
    world_run(&s.w, s.w.now + SECOND);
    assert_string_equal(s.w.log[14].name, "ULR");
    caught.n = 0;
    for (unsigned i = 0; i < WORLD_MAIL; i++) {
        struct mail *m = &s.w.mail[i];
        if (m->used && m->kind == MAIL_REQUEST && m->n > 0) {
            memcpy(caught.octets, m->pdu, m->n);
            caught.n = m->n;
            m->used = false;
        }
    }
    assert_true(caught.n > 0);
}

static inline struct bytes caught_payload(void)
{
    return (struct bytes){caught.octets, caught.n};
}

/* The container with another IMSI, IMEI or lot on the outside; `encrypted` NULL: the same. */
static inline struct bytes relabelled(const struct imsi *imsi, const struct imei *imei,
                                      const struct kme_lot_id *lot, const uint8_t *encrypted)
{
    static uint8_t room[HOME_UPDATE_MAX];
    struct kme_payload p;
    struct bytes out;
    assert_ok(wire_kme_payload_read(caught_payload(), &p));
    p.imsi = imsi != NULL ? *imsi : p.imsi;
    p.imei = imei != NULL ? *imei : p.imei;
    p.lot = lot != NULL ? *lot : p.lot;
    p.encrypted.p = encrypted != NULL ? encrypted : p.encrypted.p;
    assert_ok(wire_kme_payload_write(&p, MBYTES_OF(room), &out));
    return out;
}

#endif
