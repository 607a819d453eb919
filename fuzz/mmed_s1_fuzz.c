/* A whole MME, with the associations replaced by this file: eNBs come and go, send octets of any
 * kind or messages that are right but for a few values, and now and then the home network answers
 * or time passes. After every step: what was sent is S1AP, UEs and eNBs refer to each other both
 * ways, the admission's counter is what it counts, no eNB is sent anything about a connection of
 * another, and nobody is served who has no keys. */
#include "mmed/emm_rig.h"

#include "nf/mmed/events.h"
#include "nf/mmed/hss.h"
#include "nf/mmed/s1_parts.h"

/* stands in for net/assoc.c */
#include "mmed/assoc_stub.h"

enum { STEPS_MAX = 48, UES = 12 };

/* ---- input -------------------------------------------------------------------------------------
 */

struct input {
    const uint8_t *p;
    size_t n;
};

static uint8_t take(struct input *in)
{
    if (in->n == 0) {
        return 0;
    }
    in->n--;
    return *in->p++;
}

static struct bytes take_span(struct input *in)
{
    size_t n = take(in);
    struct bytes out = {in->p, n < in->n ? n : in->n};
    in->p += out.n;
    in->n -= out.n;
    return out;
}

/* ---- what must hold ----------------------------------------------------------------------------
 */

static void check_ue(void *arg, struct ue *ue)
{
    size_t *attaching = arg;
    enum emm_state s = emm_ue_state(ue->emm);
    *attaching += s >= EMM_ONBOARDING && s <= EMM_ACCEPT;
    must(s != EMM_DEREGISTERED);
    must((ue->enb != 0) == ue->emm->connected);
    must(ue->enb == 0 || ue_table_by_enb(mme->ues, ue->enb, ue->enb_ue_s1ap_id) == ue);
    must(s < EMM_EQUIPMENT || ue->has_imsi);
    must(!ue->has_imsi || ue->emm->who.authenticated || s < EMM_EQUIPMENT);
    must(s != EMM_REGISTERED || ue->emm->secured);
    must(s != EMM_IDLE || ue->timers[EMM_TIMER_REACHABLE].where != NULL);
    must((s >= EMM_ONBOARDING && s <= EMM_ACCEPT) == (ue->timers[EMM_TIMER_ATTACH].where != NULL));
    for (unsigned i = 0; i < 2; i++) {
        must(ue->m_tmsi[i] == 0 || ue_table_by_m_tmsi(mme->ues, ue->m_tmsi[i]) == ue);
    }
}

static void check_enb(void *arg, const struct enb *e)
{
    size_t n = 0;
    for (const struct ue *ue = e->ues.first; ue != NULL; ue = ue->enb_next) {
        must(ue->enb == e->handle && ue->in_use);
        n++;
    }
    must(n == e->ues.n);
    *(size_t *)arg += n;
}

static void count_connected(void *arg, struct ue *ue)
{
    *(size_t *)arg += ue->enb != 0;
}

static void check_all(void)
{
    size_t attaching = 0, listed = 0, connected = 0;
    ue_table_each(mme->ues, check_ue, &attaching);
    must(mme->attaching == attaching);
    s1_each_enb(mme->s1, check_enb, &listed);
    ue_table_each(mme->ues, count_connected, &connected);
    must(listed == connected);
    must(ue_table_count(mme->ues) <= UES);
}

/* ---- steps -------------------------------------------------------------------------------------
 */

static void go_down(struct assoc *a)
{
    a->up = false;
    callbacks->down(callbacks_ctx, a, ASSOC_LOST);
    a->dying = false;
}

static void come_up(struct assoc *a)
{
    void *own = NULL;
    if (!a->up && callbacks->accept(callbacks_ctx, &nowhere, &nowhere, &own)) {
        *a = (struct assoc){.up = true, .handle = ++next_handle};
        callbacks->up(callbacks_ctx, a);
    }
}

static void send_octets(struct assoc *a, struct bytes octets)
{
    const struct assoc_message msg = {.octets = octets, .stream = 9, .ppid = ASSOC_PPID_S1AP};
    uint8_t *exact = malloc(octets.n + 1);
    struct assoc_message copy = msg;
    must(exact != NULL);
    memcpy(exact, octets.p, octets.n);
    copy.octets.p = exact;
    callbacks->message(callbacks_ctx, a, &copy);
    free(exact);
}

static void send_pdu(struct assoc *a, const struct s1ap_pdu *pdu)
{
    static uint8_t out[4096];
    size_t n = 0;
    if (s1ap_write(pdu, MBYTES_OF(out), &n) == E_OK) {
        send_octets(a, (struct bytes){out, n});
    }
}

static void find_nth(void *arg, struct ue *ue)
{
    struct {
        unsigned left;
        struct ue *ue;
    } *f = arg;
    if (f->ue == NULL && f->left-- == 0) {
        f->ue = ue;
    }
}

static struct ue *some_ue(uint8_t which)
{
    struct {
        unsigned left;
        struct ue *ue;
    } f = {which % UES, NULL};
    ue_table_each(mme->ues, find_nth, &f);
    return f.ue;
}

static void setup(struct assoc *a, struct input *in)
{
    uint8_t how = take(in);
    struct plmn plmn = mme->config->plmn;
    plmn.mnc[0] = (how & 128) != 0 ? '9' : plmn.mnc[0];
    const struct s1ap_supported_ta ta = {.tac = how & 1,
                                         .broadcast_plmns = {.items = &plmn, .n = 1}};
    struct s1ap_pdu pdu = {.type = S1AP_S1_SETUP_REQUEST};
    pdu.u.s1_setup_request = (struct s1ap_s1_setup_request){
        .global_enb_id = {.plmn = plmn, .enb_id = {.kind = S1AP_ENB_MACRO, .id = how >> 1 & 3}},
        .supported_tas = {.items = &ta, .n = 1},
        .has_default_paging_drx = true};
    send_pdu(a, &pdu);
}

static void initial(struct assoc *a, struct input *in, struct rig *g)
{
    uint8_t how = take(in);
    struct ue *named = some_ue(take(in));
    uint32_t m_tmsi = named != NULL ? named->m_tmsi[0] : 0x4711;
    struct s1ap_pdu pdu = {.type = S1AP_INITIAL_UE_MESSAGE};
    uint8_t sht = g->secured ? NAS_SHT_INTEGRITY : NAS_SHT_PLAIN;
    struct bytes nas;
    g->guti = m_tmsi;
    g->by_guti = (how & 16) != 0;
    g->imsi = (how & 32) != 0 ? "001010123456789" : "001010000000001";
    g->attach_type = (how & 192) == 192 ? NAS_PROVISIONING_ATTACH : NAS_EPS_ATTACH;
    if (!g->secured) {
        rig_secure(g, how, 2);
        g->secured = false;
    }
    switch (how % 5) {
    case 0:
    case 1:
        nas = rig_attach_request(g, sht);
        break;
    case 2:
        nas = rig_service_request(g);
        break;
    case 3:
        nas = rig_update_request(g, sht, how >> 6);
        break;
    default:
        nas = take_span(in);
        break;
    }
    pdu.u.initial_ue_message =
        (struct s1ap_initial_ue_message){.enb_ue_s1ap_id = take(in) % 8,
                                         .nas_pdu = nas,
                                         .tai = {.plmn = mme->config->plmn, .tac = how & 1},
                                         .has_eutran_cgi = true,
                                         .eutran_cgi = {.plmn = mme->config->plmn},
                                         .has_rrc_cause = true,
                                         .has_s_tmsi = (how & 8) != 0,
                                         .s_tmsi = {.mmec = mme->config->code, .m_tmsi = m_tmsi}};
    send_pdu(a, &pdu);
}

/* What the UE would say next, or noise. */
static struct bytes next_nas(struct rig *g, const struct ue *ue, struct input *in)
{
    static const uint8_t esm[] = {EMM_BEARER << 4 | NAS_PD_ESM, 0,
                                  NAS_ACTIVATE_DEFAULT_EPS_BEARER_CONTEXT_ACCEPT};
    struct nas_attach_complete complete = {.esm_message_container = BYTES_OF(esm)};
    struct nas_security_mode_complete security = {.header = {0}};
    uint8_t res[8];
    struct nas_authentication_response response = {.res = BYTES_OF(res)};
    uint8_t sht = g->secured ? NAS_SHT_CIPHERED : NAS_SHT_PLAIN;
    switch (take(in) % 6) {
    case 0:
        memset(res, g->kasme, sizeof res);
        return rig_write(g, NAS_SHT_PLAIN, &nas_authentication_response_message, &response);
    case 1:
        rig_secure(g, g->kasme, ue->emm->ksi % NAS_KSI_NONE);
        return rig_write(g, NAS_SHT_CIPHERED_NEW, &nas_security_mode_complete_message, &security);
    case 2:
        return rig_write(g, sht, &nas_attach_complete_message, &complete);
    case 3:
        return rig_detach_request(g, sht, (take(in) & 1) != 0);
    case 4:
        return rig_attach_request(g, sht);
    default:
        return take_span(in);
    }
}

static void uplink(struct assoc *a, struct input *in, struct rig *g)
{
    const struct ue *ue = some_ue(take(in));
    uint8_t off = take(in);
    struct s1ap_pdu pdu = {.type = S1AP_UPLINK_NAS_TRANSPORT};
    if (ue == NULL) {
        return;
    }
    pdu.u.uplink_nas_transport =
        (struct s1ap_uplink_nas_transport){.mme_ue_s1ap_id = ue->id ^ (off & 1u),
                                           .enb_ue_s1ap_id = ue->enb_ue_s1ap_id ^ (off >> 1 & 1u),
                                           .nas_pdu = next_nas(g, ue, in),
                                           .has_eutran_cgi = true,
                                           .eutran_cgi = {.plmn = mme->config->plmn},
                                           .has_tai = true,
                                           .tai = {.plmn = mme->config->plmn}};
    send_pdu(a, &pdu);
}

static void about_ue(struct assoc *a, struct input *in)
{
    uint8_t how = take(in);
    const struct ue *ue = some_ue(how >> 3);
    struct s1ap_pdu pdu = {.type = S1AP_UE_CONTEXT_RELEASE_REQUEST};
    const struct s1ap_cause cause = S1AP_CAUSE_OF(RADIO_NETWORK, S1AP_RADIO_UNKNOWN_MME_UE_S1AP_ID);
    if (ue == NULL) {
        return;
    }
    const struct s1ap_connection items[2] = {{true, false, ue->id, 0}, {false, true, 0, how}};
    switch (how % 8) {
    case 0:
        pdu.u.ue_context_release_request =
            (struct s1ap_ue_context_release_request){ue->id, ue->enb_ue_s1ap_id, true, cause};
        break;
    case 1:
        pdu.type = S1AP_INITIAL_CONTEXT_SETUP_FAILURE;
        pdu.u.initial_context_setup_failure =
            (struct s1ap_initial_context_setup_failure){.has_mme_ue_s1ap_id = true,
                                                        .has_enb_ue_s1ap_id = true,
                                                        .has_cause = true,
                                                        .mme_ue_s1ap_id = ue->id,
                                                        .enb_ue_s1ap_id = ue->enb_ue_s1ap_id,
                                                        .cause = cause};
        break;
    case 2:
        pdu.type = S1AP_ERROR_INDICATION;
        pdu.u.error_indication = (struct s1ap_error_indication){.has_mme_ue_s1ap_id = true,
                                                                .mme_ue_s1ap_id = ue->id,
                                                                .has_cause = true,
                                                                .cause = cause};
        break;
    case 3:
        pdu.type = S1AP_RESET;
        pdu.u.reset = (struct s1ap_reset){
            .has_cause = true,
            .cause = cause,
            .type = {.kind = S1AP_RESET_PART, .connections = {.items = items, .n = 2}}};
        break;
    case 4:
        pdu.type = S1AP_RESET;
        pdu.u.reset = (struct s1ap_reset){
            .has_cause = true, .cause = cause, .type = {.kind = S1AP_RESET_S1_INTERFACE}};
        break;
    case 5:
        pdu.type = S1AP_NAS_NON_DELIVERY_INDICATION;
        pdu.u.nas_non_delivery_indication =
            (struct s1ap_nas_non_delivery_indication){.mme_ue_s1ap_id = ue->id,
                                                      .enb_ue_s1ap_id = ue->enb_ue_s1ap_id,
                                                      .has_nas_pdu = true,
                                                      .has_cause = true,
                                                      .nas_pdu = BYTES_LIT("\x07\x60\x60"),
                                                      .cause = cause};
        break;
    default: {
        static const struct s1ap_e_rab_setup rab = {
            .e_rab_id = 5, .address = {(const uint8_t *)"\xc0\x00\x02\x01", 4}, .gtp_teid = 1};
        pdu.type = S1AP_INITIAL_CONTEXT_SETUP_RESPONSE;
        pdu.u.initial_context_setup_response =
            (struct s1ap_initial_context_setup_response){.has_mme_ue_s1ap_id = true,
                                                         .has_enb_ue_s1ap_id = true,
                                                         .has_e_rabs = true,
                                                         .mme_ue_s1ap_id = ue->id,
                                                         .enb_ue_s1ap_id = ue->enb_ue_s1ap_id,
                                                         .e_rabs = {.items = &rab, .n = 1}};
        break;
    }
    }
    send_pdu(a, &pdu);
}

/* The home network's answers, as hss.c would hand them in. */
static void home(struct input *in, struct rig *g)
{
    static struct emm_aia aia;
    uint8_t how = take(in);
    struct ue *ue = some_ue(how >> 3);
    struct emm_ula ula = rig_subscription();
    struct emm_event event = {.aia = &aia, .ula = &ula};
    if (how % 8 == 7) {
        must(hss_poll(mme->hss) == E_OK); /* those that nobody answered */
        return;
    }
    if (ue == NULL) {
        return;
    }
    ue->asked = 0;
    aia = (struct emm_aia){.code = 2001, .n = how % 8 == 6 ? 0 : 1};
    aia.vectors[0].xres.n = 8;
    memset(aia.vectors[0].xres.b, ++g->kasme, 8);
    memset(aia.vectors[0].kasme.b, g->kasme, sizeof aia.vectors[0].kasme.b);
    event.kind = how % 2 == 0 ? EMM_AIA : EMM_ULA;
    if (how % 8 == 5) {
        event.kind = EMM_CANCEL;
        event.cancellation_type = take(in);
    }
    mmed_step(mme, ue, &event);
}

static void step(struct input *in, struct rig *g)
{
    uint8_t how = take(in);
    struct assoc *a = &assocs[how % ENBS];
    switch (how / ENBS % 12) {
    case 0:
        come_up(a);
        return;
    case 1:
        if (a->up) {
            go_down(a);
        }
        return;
    case 2:
        home(in, g);
        return;
    case 3:
        mme->now_ms += /* from here on it stands still but for this */
            (uint64_t)take(in) * take(in) * 100;
        mmed_timers(mme);
        return;
    case 4: /* another UE speaks from now on */
        g->secured = false;
        return;
    default:
        break;
    }
    come_up(a);
    switch (how / ENBS % 12) {
    case 5:
        setup(a, in);
        break;
    case 6:
    case 7:
        initial(a, in, g);
        break;
    case 8:
    case 9:
        uplink(a, in, g);
        break;
    case 10:
        about_ue(a, in);
        break;
    default:
        send_octets(a, take_span(in));
        break;
    }
}

static void reap(void)
{
    for (unsigned i = 0; i < ENBS; i++) {
        if (assocs[i].up && assocs[i].dying) {
            go_down(&assocs[i]);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct mmed m;
    static struct rig g;
    static char name[] = "mme", host[] = "mme.example", realm[] = "example", none[] = "";
    static struct mmed_listener listener;
    static uint16_t tacs[] = {0};
    static struct mmed_peer peer;  /* nobody listens there */
    static struct mmed_home homes; /* nobody's: nothing is ever sent */
    struct input in = {data, size};
    uint8_t how = take(&in);
    struct mmed_config config = {
        .origin_host = host,
        .origin_realm = realm,
        .name = name,
        .group_id = 2,
        .code = 1,
        .listeners = &listener,
        .n_listeners = 1,
        .tacs = tacs,
        .n_tacs = how & 1,
        .peers = &peer,
        .n_peers = 1,
        .homes = &homes,
        .n_homes = 1,
        .algorithms = {{2}, 1, {2}, 1},
        .vectors = 1,
        .serve = true,
        .reuse_security = (how & 2) != 0,
        .reroute = (how & 4) != 0,
        .reroute_group_id = 9,
        .provisioning = {.onboarding = (how & 8) == 0 ? realm : NULL},
        .network_name = none,
        .pool = {10, 0, 0, 1},
        .t3412_s = 3240,
        .t3402_s = 720,
        .t3346_s = 600,
        .implicit_detach_s = 240,
        .t3450_ms = 6000,
        .t3460_ms = 6000,
        .t3470_ms = 6000,
        .t3422_ms = 6000,
        .t3489_ms = 4000,
        .attach_ms = 60000,
        .retransmissions = 4,
        .request_ms = 5000,
        .watchdog_seconds = 30,
        .reconnect_seconds = 1,
        .limits = {
            .enbs = ENBS, .ues = UES, .attaching = UES - 2, .hss_pending = 8, .events_kept = 40}};
    must(plmn_parse(BYTES_LIT("001-01"), &config.plmn) == E_OK);
    nowhere = (struct address){0};
    must(address_parse("tcp://127.0.0.1:1", &nowhere) == E_OK);
    peer = (struct mmed_peer){.origin_host = host, .realm = realm, .address = nowhere};
    homes = (struct mmed_home){.realm = realm};
    memset(&m, 0, sizeof m);
    mme = &m;
    rig_open(&g);
    must(mmed_open(&m, &config, NULL) == E_OK);
    for (unsigned i = 0; i < STEPS_MAX && in.n > 0; i++) {
        step(&in, &g);
        check_all();
        reap();
        check_all();
    }
    mmed_close(&m);
    rig_close(&g);
    return 0;
}
