/* test/mmed/s1_attach.h - the second half of test/mmed/s1_world.h, which includes it: a UE that
 * attaches through an eNB of that world, step by step or as a whole, and what can be asked about it
 * then.
 */
#ifndef BINDERY_TEST_MMED_S1_ATTACH_H
#define BINDERY_TEST_MMED_S1_ATTACH_H

/* ---- a whole attach ----------------------------------------------------------------------------
 */

struct w_ue {
    unsigned enb;
    uint32_t enb_id, mme_id, m_tmsi;
    struct nas_security security;
};

static inline uint8_t w_nas_type(struct bytes nas)
{
    struct nas_pdu head;
    assert_ok(nas_peek(nas, &head));
    if (head.kind == NAS_PROTECTED) {
        assert_ok(nas_peek(head.inner, &head));
    }
    return head.type;
}

/* INITIAL UE MESSAGE to AUTHENTICATION REQUEST; the MME UE S1AP ID. */
static inline uint32_t w_begin(struct world *w, unsigned i, uint32_t enb_id, const char *imsi)
{
    w->ue.imsi = imsi;
    w->ue.secured = false;
    w_initial(w, i, enb_id, rig_attach_request(&w->ue, NAS_SHT_PLAIN), NULL);
    struct s1ap_pdu r = w_next(w, i, S1AP_DOWNLINK_NAS_TRANSPORT);
    const struct s1ap_downlink_nas_transport *d = &r.u.downlink_nas_transport;
    assert_int_equal(d->enb_ue_s1ap_id, enb_id);
    assert_int_equal(w_nas_type(d->nas_pdu), NAS_AUTHENTICATION_REQUEST);
    w->ue.ksi = d->nas_pdu.p[2] & 7U;
    w->ue.kasme = d->nas_pdu.p[3]; /* the first of RAND */
    return d->mme_ue_s1ap_id;
}

static inline struct bytes w_res(struct world *w)
{
    uint8_t res[8];
    struct nas_authentication_response m = {.res = BYTES_OF(res)};
    memset(res, w->ue.kasme, sizeof res);
    return rig_write(&w->ue, NAS_SHT_PLAIN, &nas_authentication_response_message, &m);
}

static inline void w_context_set(struct world *w, unsigned i, uint32_t mme_id, uint32_t enb_id)
{
    const struct s1ap_e_rab_setup rab = {
        .e_rab_id = 5, .address = BYTES_OF(w->config.transport), .gtp_teid = 1};
    struct s1ap_pdu pdu = {.type = S1AP_INITIAL_CONTEXT_SETUP_RESPONSE};
    pdu.u.initial_context_setup_response =
        (struct s1ap_initial_context_setup_response){.has_mme_ue_s1ap_id = true,
                                                     .has_enb_ue_s1ap_id = true,
                                                     .mme_ue_s1ap_id = mme_id,
                                                     .enb_ue_s1ap_id = enb_id,
                                                     .has_e_rabs = true,
                                                     .e_rabs = {.items = &rab, .n = 1}};
    w_send(w, i, &pdu);
}

static inline void w_answer_security(struct world *w, unsigned i, uint32_t mme_id, uint32_t enb_id)
{
    uint8_t room[NAS_IDENTITY_MAX];
    struct nas_identity id = {.type = NAS_IDENTITY_IMEISV};
    struct nas_security_mode_complete m = {.header = {0}};
    assert_ok(imeisv_parse(BYTES_LIT("3569380356438099"), &id.imeisv));
    assert_ok(nas_identity_write(&id, MBYTES_OF(room), &m.imeisv));
    rig_secure(&w->ue, w->ue.kasme, w->ue.ksi);
    w_uplink(w, i, mme_id, enb_id,
             rig_write(&w->ue, NAS_SHT_CIPHERED_NEW, &nas_security_mode_complete_message, &m));
}

static inline uint32_t w_guti_of_accept(struct world *w, struct bytes nas)
{
    static uint8_t room[EMM_PDU_MAX];
    struct nas_attach_accept m;
    struct nas_eps_identity id;
    assert_ok(nas_parse(&nas_attach_accept_message, rig_open_pdu(&w->ue, nas, room), &m, NULL));
    assert_ok(nas_eps_identity_parse(m.guti, &id));
    return id.guti.m_tmsi;
}

static inline void w_complete(struct world *w, unsigned i, uint32_t mme_id, uint32_t enb_id)
{
    const uint8_t esm[] = {EMM_BEARER << 4 | NAS_PD_ESM, 0,
                           NAS_ACTIVATE_DEFAULT_EPS_BEARER_CONTEXT_ACCEPT};
    struct nas_attach_complete m = {.esm_message_container = BYTES_OF(esm)};
    w_uplink(w, i, mme_id, enb_id,
             rig_write(&w->ue, NAS_SHT_CIPHERED, &nas_attach_complete_message, &m));
}

static inline struct w_ue w_attach(struct world *w, unsigned i, uint32_t enb_id, const char *imsi)
{
    struct w_ue u = {.enb = i, .enb_id = enb_id};
    u.mme_id = w_begin(w, i, enb_id, imsi);
    w_uplink(w, i, u.mme_id, enb_id, w_res(w));
    struct s1ap_pdu r = w_next(w, i, S1AP_DOWNLINK_NAS_TRANSPORT);
    assert_int_equal(w_nas_type(r.u.downlink_nas_transport.nas_pdu), NAS_SECURITY_MODE_COMMAND);
    w_answer_security(w, i, u.mme_id, enb_id);
    r = w_next(w, i, S1AP_INITIAL_CONTEXT_SETUP_REQUEST);
    struct s1ap_cursor at = s1ap_each(&r.u.initial_context_setup_request.e_rabs);
    struct s1ap_e_rab_to_be_setup rab;
    assert_true(s1ap_next_e_rab_to_be_setup(&at, &rab));
    u.m_tmsi = w_guti_of_accept(w, rab.nas_pdu);
    w_context_set(w, i, u.mme_id, enb_id);
    w_complete(w, i, u.mme_id, enb_id);
    w_turns(w, 30);
    u.security = w->ue.security;
    struct ue *ue = ue_table_find(w->m.ues, u.mme_id);
    assert_non_null(ue);
    assert_int_equal(emm_ue_state(ue->emm), EMM_REGISTERED);
    return u;
}

/* The context of its own, whatever its id is by now. */
static inline enum emm_state w_state(struct world *w, const char *imsi)
{
    struct imsi i;
    assert_ok(imsi_parse(bytes_of_str(imsi), &i));
    struct ue *ue = ue_table_by_imsi(w->m.ues, &i);
    return ue != NULL ? emm_ue_state(ue->emm) : EMM_DEREGISTERED;
}

static inline bool w_told(struct world *w, enum refusal why)
{
    return w->m.counters.refusals[why] > 0;
}

static inline void w_count(void *arg, struct ue *ue)
{
    enum emm_state s = emm_ue_state(ue->emm);
    *(size_t *)arg += s >= EMM_ONBOARDING && s <= EMM_ACCEPT;
}

/* The counter that admission looks at is what it counts. */
static inline void w_assert_counted(struct world *w)
{
    size_t attaching = 0;
    ue_table_each(w->m.ues, w_count, &attaching);
    assert_int_equal(w->m.attaching, attaching);
}

#endif
