/* test/attach/certattach_attack.h - what the attacks on procedure certattach share: the scene, a
 * man on the radio who changes one message, and how it ends: nothing of what he wanted, and service
 * all the same. Header only.
 */
#ifndef BINDERY_TEST_ATTACH_CERTATTACH_ATTACK_H
#define BINDERY_TEST_ATTACH_CERTATTACH_ATTACK_H

#include "attach/certattach_scene.h"
#include "codec/nas_container.h"

static struct scene s;

/* ---- messages -------------------------------------------------------------------------------- */

/* Is it an ATTACH REJECT in clear with an element 7E? Where its content is, or p NULL. */
static inline struct bytes result_in(struct bytes pdu)
{
    struct nas_attach_reject m;
    if (pdu.n < 3 || pdu.p[0] != NAS_PD_EMM || pdu.p[1] != NAS_ATTACH_REJECT ||
        nas_parse(&nas_attach_reject_message, pdu, &m, NULL) != E_OK) {
        return (struct bytes){NULL, 0};
    }
    return m.bindery_container;
}

/* Likewise an ATTACH REQUEST of type 5. */
static inline struct bytes request_in(struct bytes pdu)
{
    struct nas_attach_request m;
    if (pdu.n < 3 || pdu.p[0] != NAS_PD_EMM || pdu.p[1] != NAS_ATTACH_REQUEST ||
        nas_parse(&nas_attach_request_message, pdu, &m, NULL) != E_OK ||
        (m.attach_type & 7U) != NAS_PROVISIONING_ATTACH) {
        return (struct bytes){NULL, 0};
    }
    return m.bindery_container;
}

/* ATTACH REJECT of this cause with this container, or (p NULL) none. */
static inline void write_reject(uint8_t cause, struct bytes container, uint8_t *pdu, size_t *n)
{
    static uint8_t copy[EMM_PDU_MAX];
    struct nas_attach_reject m = {.emm_cause = cause};
    if (container.p != NULL) {
        memmove(copy, container.p, container.n);
        m.bindery_container = (struct bytes){copy, container.n};
    }
    assert_ok(nas_write(&nas_attach_reject_message, &m, (struct mbytes){pdu, EMM_PDU_MAX}, n));
}

/* ---- how it ends ----------------------------------------------------------------------------- */

/* The device has nothing of what came, and knows why; then nobody disturbs it any more. */
static inline void assert_refused_then_served(unsigned ue, enum bindery_ue_refusal why)
{
    const struct device *d = &s.w.devices[ue];
    if (d->last_refused != why) {
        fail_msg("refused as %s, not as %s", bindery_ue_refusal_name(d->last_refused),
                 bindery_ue_refusal_name(why));
    }
    assert_int_equal(d->onboarded, 0);
    assert_false(d->has_profile);
    s.w.radio = NULL;
    assert_true(world_run_registered(&s.w, ue, s.w.now + 20 * MINUTE));
    world_run(&s.w, s.w.now + SECOND);
    assert_true(scene_one_subscription(&s, ue));
    assert_int_equal(s.a.given, 1);
}

/* One attempt, with whatever disturbs it. */
static inline void attempt(unsigned ue)
{
    world_attach(&s.w, ue);
    world_run(&s.w, s.w.now + 5 * SECOND);
}

#endif
