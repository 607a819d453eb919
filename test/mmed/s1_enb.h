/* test/mmed/s1_enb.h - what the eNBs of a world (mmed/s1_world.h, which includes this) send. */
#ifndef BINDERY_TEST_MMED_S1_ENB_H
#define BINDERY_TEST_MMED_S1_ENB_H

#include "mmed/s1_world.h"

static inline void w_setup_request(struct world *w, unsigned i, uint32_t id, const char *plmn,
                                   uint16_t tac)
{
    struct plmn p;
    assert_ok(plmn_parse(bytes_of_str(plmn), &p));
    const struct s1ap_supported_ta ta = {.tac = tac, .broadcast_plmns = {.items = &p, .n = 1}};
    struct s1ap_pdu pdu = {.type = S1AP_S1_SETUP_REQUEST};
    char name[16];
    snprintf(name, sizeof name, "enb-%u", i);
    pdu.u.s1_setup_request = (struct s1ap_s1_setup_request){
        .global_enb_id = {.plmn = p, .enb_id = {.kind = S1AP_ENB_MACRO, .id = id}},
        .has_enb_name = true,
        .enb_name = bytes_of_str(name),
        .supported_tas = {.items = &ta, .n = 1},
        .has_default_paging_drx = true};
    w_send(w, i, &pdu);
}

static inline void w_set_up(struct world *w, unsigned i)
{
    w_connect(w, i);
    w_setup_request(w, i, i + 1, "001-01", 7);
    struct s1ap_pdu r = w_next(w, i, S1AP_S1_SETUP_RESPONSE);
    assert_int_equal(r.u.s1_setup_response.relative_capacity, 255);
}

static inline void w_initial(struct world *w, unsigned i, uint32_t enb_id, struct bytes nas,
                             const uint32_t *m_tmsi)
{
    struct s1ap_pdu pdu = {.type = S1AP_INITIAL_UE_MESSAGE};
    pdu.u.initial_ue_message = (struct s1ap_initial_ue_message){
        .enb_ue_s1ap_id = enb_id,
        .nas_pdu = nas,
        .tai = {.plmn = w->config.plmn, .tac = 7},
        .has_eutran_cgi = true,
        .eutran_cgi = {.plmn = w->config.plmn, .cell_identity = 0x101},
        .has_rrc_cause = true,
        .has_s_tmsi = m_tmsi != NULL,
        .s_tmsi = {.mmec = w->config.code, .m_tmsi = m_tmsi != NULL ? *m_tmsi : 0}};
    w_send(w, i, &pdu);
}

static inline void w_uplink(struct world *w, unsigned i, uint32_t mme_id, uint32_t enb_id,
                            struct bytes nas)
{
    struct s1ap_pdu pdu = {.type = S1AP_UPLINK_NAS_TRANSPORT};
    pdu.u.uplink_nas_transport = (struct s1ap_uplink_nas_transport){
        .mme_ue_s1ap_id = mme_id,
        .enb_ue_s1ap_id = enb_id,
        .nas_pdu = nas,
        .has_eutran_cgi = true,
        .eutran_cgi = {.plmn = w->config.plmn, .cell_identity = 0x101},
        .has_tai = true,
        .tai = {.plmn = w->config.plmn, .tac = 7}};
    w_send(w, i, &pdu);
}

#include "mmed/s1_attach.h"

#endif
