/* test/mmed/emm_provision_rig.h - the way through an attach for provisioning on the bench of
 * emm_rig.h. Nobody here has a KME: an MME sees no more of one than a container that it hands on.
 * Real devices and home networks meet in test/attach.
 */
#ifndef BINDERY_TEST_MMED_EMM_PROVISION_RIG_H
#define BINDERY_TEST_MMED_EMM_PROVISION_RIG_H

#include "lib/check.h"
#include "mmed/emm_rig.h"

static struct rig g;

#define IMSI  "001010123456789"
#define IMEI  "35693803564380" /* of the IMEISV that the rig gives */
#define OTHER "35693803564398"

static inline void open_kme(void)
{
    rig_open(&g);
    g.config.kme = g.provisioning = true;
    memset(g.nonce, 0x4e, sizeof g.nonce);
}

/* Nothing that only a registered UE has. */
static inline void assert_no_bearer(void)
{
    assert_null(rig_effect(&g, EMM_SETUP));
    assert_null(rig_effect(&g, EMM_ASSIGN_GUTI));
    assert_null(rig_effect(&g, EMM_REGISTERED_NOW));
}

static inline void secure(void)
{
    rig_pdu(&g, true, rig_attach_request(&g, NAS_SHT_PLAIN));
    rig_vectors(&g, 1, 2001, false);
    rig_res(&g);
    rig_security_complete(&g);
    assert_no_bearer();
}

/* As far as the command, which the last step sent. */
static inline void commanded(void)
{
    open_kme();
    secure();
    assert_int_equal(g.ue->state, EMM_PROVISIONING);
}

/* ... and as far as the ULR or, with check_imei, the ECR. */
static inline void answered(void)
{
    uint8_t room[WIRE_KME_PAYLOAD_MAX];
    rig_imei(&g, IMEI, rig_payload(IMSI, IMEI, room));
    assert_int_equal(g.ue->state, g.config.check_imei ? EMM_EQUIPMENT : EMM_LOCATION);
}

/* The UE was told this, secured, and nothing of it is left. */
static inline void assert_rejected(enum refusal why, uint8_t cause)
{
    uint8_t got = 0;
    static struct emm_ue nobody;
    emm_ue_init(&nobody);
    assert_true(rig_told(&g, why));
    assert_int_equal(rig_sent(&g, 0, &got), NAS_ATTACH_REJECT);
    assert_int_equal(got, cause);
    assert_non_null(rig_effect(&g, EMM_RELEASE));
    assert_no_bearer();
    assert_true(g.gone);
    assert_memory_equal(g.ue, &nobody, sizeof nobody);
}

/* What the last step sent, as the UE reads it; it came ciphered. */
static inline struct bytes sent(uint8_t room[static EMM_PDU_MAX])
{
    const struct emm_effect *e = rig_effect(&g, EMM_SEND);
    assert_non_null(e);
    assert_int_equal(e->pdu.p[0] >> 4, NAS_SHT_CIPHERED);
    return rig_open_pdu(&g, e->pdu, room);
}

#endif
