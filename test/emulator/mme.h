/* test/emulator/mme.h - a small MME with the AuC inside, for tests of the emulator: it
 * authenticates the devices that population_derive makes, turns NAS security on, serves attach,
 * service request and detach, and does on request what an MME should not. Messages come in by
 * mme_receive; what it sends waits in a queue.
 */
#ifndef BINDERY_TEST_EMULATOR_MME_H
#define BINDERY_TEST_EMULATOR_MME_H

#include "emulator/mme_base.h"

struct mme_accept {
    struct nas_attach_accept m;
    uint8_t tai[8], guti[16], esm[128];
};

static inline void mme_make_accept(const struct mme *m, const struct mme_ue *u,
                                   struct mme_accept *a)
{
    static const uint8_t qos[] = {9}, apn[] = "\x08internet", address[] = {1, 10, 0, 0, 2};
    struct nas_tai_list list = {.n = 1, .tai = {{.plmn = {"001", "01"}, .tac = 1}}};
    struct nas_eps_identity id = {.type = NAS_EPS_IDENTITY_GUTI};
    struct nas_activate_default_eps_bearer_context_request bearer = {
        .eps_qos = BYTES_OF(qos), .apn = {apn, 9}, .pdn_address = BYTES_OF(address)};
    size_t n = 0;
    memset(a, 0, sizeof *a);
    bearer.header.ebi = 5;
    bearer.header.pti = 1;
    id.guti = (struct nas_guti){.plmn = {"001", "01"},
                                .mme_group_id = (uint16_t)(m->group ? m->group : MME_GROUP),
                                .mme_code = MME_CODE,
                                .m_tmsi = 0xc0000000 + (uint32_t)(u - m->ue)};
    assert_ok(nas_write(&nas_activate_default_eps_bearer_context_request_message, &bearer,
                        MBYTES_OF(a->esm), &n));
    a->m.attach_result = NAS_EPS_ONLY;
    a->m.t3412 = nas_timer_of(3600);
    a->m.esm_message_container = (struct bytes){a->esm, n};
    assert_ok(nas_tai_list_write(&list, MBYTES_OF(a->tai), &a->m.tai_list));
    assert_ok(nas_eps_identity_write(&id, MBYTES_OF(a->guti), &a->m.guti));
}

/* INITIAL CONTEXT SETUP, around this NAS message or around none. */
static inline void mme_context(struct mme *m, const struct mme_ue *u, struct bytes nas)
{
    static const uint8_t address[] = {127, 0, 0, 2};
    struct key_kenb kenb;
    const struct s1ap_e_rab_to_be_setup rab = {.e_rab_id = 5,
                                               .qos = {.qci = 9, .arp = {.priority_level = 8}},
                                               .address = BYTES_OF(address),
                                               .gtp_teid = u->mme_id,
                                               .has_nas_pdu = nas.n > 0,
                                               .nas_pdu = nas};
    struct s1ap_pdu pdu = {.type = S1AP_INITIAL_CONTEXT_SETUP_REQUEST};
    assert_ok(nassec_kenb(&m->c, &u->security, u->count, &kenb));
    kenb.b[31] ^= m->wrong_kenb;
    pdu.u.initial_context_setup_request =
        (struct s1ap_initial_context_setup_request){.mme_ue_s1ap_id = u->mme_id,
                                                    .enb_ue_s1ap_id = u->enb_id,
                                                    .ambr = {1000000, 1000000},
                                                    .e_rabs = {.items = &rab, .n = 1},
                                                    .security_capabilities = {0xe000, 0xe000},
                                                    .security_key = BYTES_OF(kenb.b)};
    mme_send(m, u->enb, &pdu);
}

static inline void mme_accept_attach(struct mme *m, struct mme_ue *u)
{
    struct mme_accept a;
    uint8_t b[512];
    mme_make_accept(m, u, &a);
    mme_context(
        m, u, mme_protect(m, u, NAS_SHT_CIPHERED, &nas_attach_accept_message, &a.m, MBYTES_OF(b)));
}

/* ---- receiving NAS ---- */

static inline struct mme_ue *mme_subscriber(struct mme *m, const struct nas_eps_identity *id)
{
    uint64_t i = id->guti.m_tmsi - 0xc0000000;
    if (id->type == NAS_EPS_IDENTITY_IMSI && m->discovery != NULL) {
        struct mme_ue *found = m->discovery->find(m->discovery->ctx, m, &id->imsi);
        if (found != NULL) {
            return found;
        }
    }
    if (id->type == NAS_EPS_IDENTITY_IMSI) {
        i = strtoull(id->imsi.digits, NULL, 10) - strtoull(m->origin.imsi.digits, NULL, 10);
    }
    if (id->type == NAS_EPS_IDENTITY_IMEI) {
        i = strtoull(id->imei.digits, NULL, 10) - strtoull(m->origin.imei.digits, NULL, 10);
    }
    if (i >= MME_UES) {
        return NULL;
    }
    struct mme_ue *u = &m->ue[i];
    if (!u->known) {
        u->known = true;
        assert_ok(population_derive(&m->c, &m->origin, (uint32_t)i, &u->device));
        u->imsi = u->device.imsi;
    }
    return u;
}

/* `pdu` may be protected; `plain` is its message, and u has opened it if it could. */
static inline void mme_attach(struct mme *m, struct mme_ue *u, struct bytes plain, bool held)
{
    struct nas_attach_request r;
    if (nas_parse(&nas_attach_request_message, plain, &r, NULL) != E_OK) {
        return; /* the radio damages messages */
    }
    m->attaches++;
    assert_true(plain.n <= sizeof u->attach);
    memcpy(u->attach, plain.p, plain.n);
    u->attach_n = plain.n;
    memcpy(u->capability, r.ue_network_capability.p, 2);
    u->registered = false;
    if (m->silent) {
        return;
    }
    u->nameless = r.attach_type == NAS_PROVISIONING_ATTACH && m->onboarding == NULL;
    if (u->nameless) {
        mme_plain(m, u, &nas_identity_request_message,
                  &(struct nas_identity_request){.identity_type = NAS_IDENTITY_IMSI});
    } else if (r.attach_type == NAS_PROVISIONING_ATTACH) {
        m->onboarding->ask(m->onboarding->ctx, m, u, &r);
    } else if (m->reject != 0 && !m->reject_secured) {
        mme_reject(m, u, false);
    } else if (held && m->reject == 0 && m->home == NULL) {
        mme_accept_attach(m, u);
    } else {
        u->secured = false;
        mme_challenge(m, u);
    }
}

static inline void mme_response(struct mme *m, struct mme_ue *u, struct bytes plain)
{
    struct nas_authentication_response r;
    if (nas_parse(&nas_authentication_response_message, plain, &r, NULL) == E_OK &&
        bytes_eq(r.res, (struct bytes){u->vector.xres.b, u->vector.xres.n})) {
        mme_secure(m, u);
    }
}

static inline void mme_ask_proof(struct mme *m, struct mme_ue *u)
{
    static const uint8_t algorithms[] = {DEVID_ECDSA_P256, DEVID_ED25519, DEVID_ECDSA_P384};
    uint8_t element[64], b[128];
    struct nas_identity_request r = {.identity_type = NAS_IDENTITY_IMEI};
    u->secured_count = u->count;
    assert_ok(devid_challenge_make(&m->c, BYTES_OF(algorithms), &u->challenge));
    assert_ok(wire_devid_challenge_write(&u->challenge, MBYTES_OF(element), &r.bindery_container));
    mme_nas(m, u,
            mme_protect(m, u, NAS_SHT_CIPHERED, &nas_identity_request_message, &r, MBYTES_OF(b)));
}

/* What the device should have signed. */
static inline void mme_content(struct mme *m, const struct mme_ue *u, const struct imei *imei,
                               uint8_t out[static DEVID_CONTENT_LEN])
{
    struct devid_session session = {.kasme = &u->vector.kasme};
    assert_ok(plmn_parse(BYTES_LIT("001-01"), &session.plmn));
    assert_ok(devid_content(&m->c, u->proof.algorithm, imei, u->challenge.nonce, &session, out));
}

static inline void mme_complete(struct mme *m, struct mme_ue *u, struct bytes plain)
{
    struct nas_security_mode_complete r;
    struct nas_identity id;
    assert_ok(nas_parse(&nas_security_mode_complete_message, plain, &r, NULL));
    assert_ok(nas_identity_parse(r.imeisv, &id));
    memcpy(m->last_imeisv, id.imeisv.imei.digits, IMEI_DIGITS);
    u->secured = true;
    if (m->reject != 0) {
        mme_reject(m, u, true);
    } else if (m->home != NULL && m->home->complete(m->home->ctx, m, u)) {
        return;
    } else if (m->asks_proof) {
        mme_ask_proof(m, u);
    } else {
        mme_accept_attach(m, u);
    }
}

static inline void mme_no_name(struct mme *m, struct mme_ue *u, struct bytes plain)
{
    struct nas_identity_response r;
    struct nas_identity id;
    assert_ok(nas_parse(&nas_identity_response_message, plain, &r, NULL));
    assert_ok(nas_identity_parse(r.identity, &id));
    m->nameless += id.type == NAS_IDENTITY_NONE;
    mme_plain(m, u, &nas_attach_reject_message, &(struct nas_attach_reject){.emm_cause = 9});
    mme_release(m, u);
}

/* Whatever it says of the IMEI, it is let in: what a proof is worth is for other tests. */
static inline void mme_identity(struct mme *m, struct mme_ue *u, struct bytes plain)
{
    struct nas_identity_response r;
    assert_ok(nas_parse(&nas_identity_response_message, plain, &r, NULL));
    u->has_proof = r.bindery_container.p != NULL;
    m->proofs += u->has_proof;
    m->unproven += !u->has_proof;
    if (u->has_proof) {
        assert_ok(wire_devid_proof_read(r.bindery_container, &u->proof));
    }
    u->count = u->secured_count;
    mme_accept_attach(m, u);
}

static inline void mme_detach(struct mme *m, struct mme_ue *u, struct bytes plain)
{
    struct nas_detach_request_up r;
    if (nas_parse(&nas_detach_request_up_message, plain, &r, NULL) != E_OK) {
        return;
    }
    m->detached++;
    u->registered = false;
    if (m->silent) {
        return;
    }
    if ((r.detach_type & NAS_SWITCH_OFF) == 0) {
        const struct nas_detach_accept accept = {.header = {0}};
        uint8_t b[64];
        mme_nas(
            m, u,
            mme_protect(m, u, NAS_SHT_CIPHERED, &nas_detach_accept_message, &accept, MBYTES_OF(b)));
    }
    if (!m->keep_context) {
        mme_release(m, u);
    }
}

static inline void mme_message(struct mme *m, struct mme_ue *u, struct bytes plain, bool held)
{
    struct nas_pdu p;
    struct nas_authentication_failure failure;
    if (nas_peek(plain, &p) != E_OK ||
        (m->home != NULL && m->home->message(m->home->ctx, m, u, p.type, plain))) {
        return;
    }
    switch (p.type) {
    case NAS_ATTACH_REQUEST:
        mme_attach(m, u, plain, held);
        break;
    case NAS_AUTHENTICATION_RESPONSE:
        mme_response(m, u, plain);
        break;
    case NAS_AUTHENTICATION_FAILURE:
        if (nas_parse(&nas_authentication_failure_message, plain, &failure, NULL) != E_OK) {
            break;
        }
        m->mac_failures++;
        mme_plain(m, u, &nas_authentication_reject_message,
                  &(struct nas_authentication_reject){.header = {0}});
        mme_release(m, u);
        break;
    case NAS_SECURITY_MODE_COMPLETE:
        mme_complete(m, u, plain);
        break;
    case NAS_IDENTITY_RESPONSE:
        if (u->nameless) {
            mme_no_name(m, u, plain);
        } else {
            mme_identity(m, u, plain);
        }
        break;
    case NAS_ATTACH_COMPLETE:
        u->registered = true;
        m->registered++;
        break;
    case NAS_DETACH_REQUEST:
        mme_detach(m, u, plain);
        break;
    default:
        break;
    }
}

/* Opens what can be opened; a MAC that fails leaves a message that may come in clear. */
static inline void mme_pdu(struct mme *m, struct mme_ue *u, struct bytes pdu)
{
    uint8_t room[1024];
    struct nassec_received got;
    struct nas_pdu p;
    if (nas_peek(pdu, &p) != E_OK) {
        return;
    }
    if (p.kind == NAS_SERVICE_REQUEST) {
        if (nassec_check_service_request(&m->c, &u->security, pdu, &u->count) == E_OK) {
            m->services++;
            mme_context(m, u, (struct bytes){0});
        }
    } else if (p.kind != NAS_PROTECTED) {
        mme_message(m, u, pdu, false);
    } else if (nassec_unprotect(&m->c, &u->security, pdu, MBYTES_OF(room), &got) == E_OK) {
        u->count = got.count;
        mme_message(m, u, (struct bytes){room, got.n}, true);
    } else if (p.sht == NAS_SHT_INTEGRITY) {
        mme_message(m, u, p.inner, false);
    }
}

static inline void mme_initial(struct mme *m, unsigned enb, const struct s1ap_initial_ue_message *i)
{
    struct nas_attach_request r;
    struct nas_detach_request_up d;
    struct nas_eps_identity id;
    struct nas_pdu p;
    struct bytes inner = i->nas_pdu;
    struct mme_ue *u = NULL;
    m->rrc_cause = i->rrc_cause;
    m->has_s_tmsi = i->has_s_tmsi;
    memset(&id, 0, sizeof id);
    bool read = nas_peek(inner, &p) == E_OK;
    if (read && p.kind == NAS_SERVICE_REQUEST) {
        id.guti.m_tmsi = i->s_tmsi.m_tmsi;
    } else if (read) {
        inner = p.inner;
        read = nas_peek(inner, &p) == E_OK;
        if (read && p.type == NAS_DETACH_REQUEST) {
            read = nas_parse(&nas_detach_request_up_message, inner, &d, NULL) == E_OK &&
                   nas_eps_identity_parse(d.identity, &id) == E_OK;
        } else if (read) {
            read = p.type == NAS_ATTACH_REQUEST &&
                   nas_parse(&nas_attach_request_message, inner, &r, NULL) == E_OK &&
                   nas_eps_identity_parse(r.identity, &id) == E_OK;
        }
    }
    u = read ? mme_subscriber(m, &id) : NULL;
    if (u == NULL) {
        return;
    }
    u->connected = true;
    u->enb = enb;
    u->enb_id = i->enb_ue_s1ap_id;
    u->mme_id = m->next_mme_id++;
    mme_pdu(m, u, i->nas_pdu);
}

static inline struct mme_ue *mme_by_id(struct mme *m, uint32_t mme_id)
{
    for (size_t i = 0; i < MME_UES; i++) {
        if (m->ue[i].connected && m->ue[i].mme_id == mme_id) {
            return &m->ue[i];
        }
    }
    return NULL;
}

static inline void mme_setup(struct mme *m, unsigned enb)
{
    static const struct plmn plmn[] = {{"001", "01"}};
    const uint16_t groups[] = {(uint16_t)(m->group ? m->group : MME_GROUP)};
    static const uint8_t codes[] = {MME_CODE};
    const struct s1ap_served_gummei served = {.plmns = S1AP_LIST_OF(plmn),
                                              .group_ids = S1AP_LIST_OF(groups),
                                              .mmecs = S1AP_LIST_OF(codes)};
    struct s1ap_pdu pdu = {.type = S1AP_S1_SETUP_RESPONSE};
    m->setups++;
    if (m->resend_setup_failure) {
        pdu.type = S1AP_S1_SETUP_FAILURE;
        pdu.u.s1_setup_failure =
            (struct s1ap_s1_setup_failure){.has_cause = true,
                                           .cause = S1AP_CAUSE_OF(MISC, S1AP_MISC_UNKNOWN_PLMN),
                                           .has_time_to_wait = true,
                                           .time_to_wait = m->wait};
    } else {
        pdu.u.s1_setup_response =
            (struct s1ap_s1_setup_response){.has_mme_name = true,
                                            .mme_name = BYTES_LIT("test mme"),
                                            .served_gummeis = {.items = &served, .n = 1},
                                            .has_relative_capacity = true,
                                            .relative_capacity = 10};
    }
    mme_send(m, enb, &pdu);
}

static inline void mme_receive(struct mme *m, unsigned enb, struct bytes message)
{
    struct s1ap_pdu pdu;
    struct s1ap_fault fault;
    struct mme_ue *u;
    assert_ok(s1ap_parse(message, &pdu, &fault));
    assert_int_equal(fault.kind, S1AP_FAULT_NONE);
    switch ((int)pdu.type) {
    case S1AP_S1_SETUP_REQUEST:
        mme_setup(m, enb);
        break;
    case S1AP_INITIAL_UE_MESSAGE:
        mme_initial(m, enb, &pdu.u.initial_ue_message);
        break;
    case S1AP_UPLINK_NAS_TRANSPORT:
        u = mme_by_id(m, pdu.u.uplink_nas_transport.mme_ue_s1ap_id);
        if (u != NULL && u->enb_id == pdu.u.uplink_nas_transport.enb_ue_s1ap_id) {
            mme_pdu(m, u, pdu.u.uplink_nas_transport.nas_pdu);
        }
        break;
    case S1AP_UE_CONTEXT_RELEASE_REQUEST:
        m->release_requests++;
        u = mme_by_id(m, pdu.u.ue_context_release_request.mme_ue_s1ap_id);
        if (u != NULL) {
            mme_release(m, u);
        }
        break;
    case S1AP_UE_CONTEXT_RELEASE_COMPLETE:
        m->releases++;
        u = mme_by_id(m, pdu.u.ue_context_release_complete.mme_ue_s1ap_id);
        if (u != NULL) {
            u->connected = false;
        }
        break;
    case S1AP_INITIAL_CONTEXT_SETUP_FAILURE:
        m->context_failures++;
        break;
    case S1AP_ERROR_INDICATION:
        m->errors++;
        break;
    case S1AP_NAS_NON_DELIVERY_INDICATION:
        m->non_deliveries++;
        break;
    case S1AP_RESET:
        m->resets++;
        break;
    default:
        break;
    }
}

#endif
