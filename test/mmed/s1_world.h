/* test/mmed/s1_world.h - a whole struct mmed between eNBs on s1-tcp:// loopback and an HSS on
 * loopback TCP that makes vectors up. All on one thread, pumped by turns; a pump ends when what is
 * waited for is there, or fails the test after a bound of turns.
 */
#ifndef BINDERY_TEST_MMED_S1_WORLD_H
#define BINDERY_TEST_MMED_S1_WORLD_H

#include "lib/check.h"
#include "mmed/emm_rig.h"

#include "codec/s13.h"
#include "net/socket.h"
#include "nf/common/node.h"
#include "nf/mmed/events.h"
#include "nf/mmed/hss.h"
#include "nf/mmed/s1.h"
#include "wire/devid.h"

#include <poll.h>
#include <unistd.h>

enum { W_ENBS = 4, W_INBOX = 512, W_TURNS = 20000, W_SEEN = 64 };

struct w_message {
    uint16_t stream;
    size_t n;
    uint8_t octets[2304];
};
struct w_enb {
    assoc_handle handle;
    bool up, down;
    size_t head, tail; /* of the inbox */
    struct w_message *inbox;
};
struct world {
    struct mmed m;
    struct mmed_config config;
    struct mmed_listener listener;
    struct mmed_home home;
    struct mmed_peer peer;
    size_t peer_index;
    struct assoc_set *set;
    struct assoc_callbacks callbacks;
    struct w_enb enbs[W_ENBS];
    /* the HSS */
    int fd;
    struct node *hss;
    struct node_callbacks hss_callbacks;
    node_handle conn;
    bool silent, black;
    uint32_t air_code; /* experimental; 0: vectors */
    uint32_t control;  /* enum s6a_binding_mode, 0: none said */
    uint32_t proof_control;
    const struct devid_credential
        *credential; /* whoever asks gets it; NULL: it has no such thing */
    unsigned inquiries;
    struct devid_outcome reported; /* with the last ULR */
    uint32_t offered;              /* features, in it */
    enum refusal refuses;          /* the ULR */
    const uint8_t *nonce;          /* of procedure kme, with control; NULL: none */
    const uint8_t *nw_sig;         /* in the answer to an ULR with a payload; NULL: none */
    size_t payload_n;              /* of the last ULR */
    uint8_t payload[WIRE_KME_PAYLOAD_MAX];
    uint32_t offered_first; /* features, in the last AIR */
    uint8_t kasme;
    unsigned onboardings; /* ECRs with a request, the last of which it was: */
    uint8_t request[512], plmn[3];
    size_t request_n;
    char realm[64], imei[15];
    struct bytes result; /* for it; p NULL: none */
    unsigned airs, ulrs, ecrs, purs, nors, clas;
    unsigned done, unknown; /* IDA, DSA and RSA with success, with User Unknown */
    char last_purged[16];
    struct rig ue; /* for its PDUs */
};

/* ---- the HSS --------------------------------------------------------------------------------- */

#define W_VENDOR 51234u

static inline enum refusal w_authorise(void *ctx, const struct node_cer *cer, void **peer_ctx)
{
    (void)cer;
    *peer_ctx = ctx;
    return REFUSAL_NONE;
}

static inline void w_opened(void *ctx, struct node_conn *c)
{
    ((struct world *)ctx)->conn = node_conn_handle(c);
}

static inline void w_closed(void *ctx, struct node_conn *c, const char *why)
{
    (void)c, (void)why;
    ((struct world *)ctx)->conn = 0;
}

static inline enum err w_write_aia(struct world *w, const struct s6a_request *r, size_t vectors,
                                   struct mbytes out, size_t *n)
{
    static uint8_t octets[S6A_VECTORS_MAX][32];
    static struct s6a_aia aia;
    memset(&aia, 0, sizeof aia);
    s6a_answer_begin(&aia.answer, r, BYTES_LIT("hss.home.example"), BYTES_LIT("home.example"));
    if (w->air_code != 0) {
        s6a_answer_experimental(&aia.answer, w->air_code);
        return s6a_aia_write(W_VENDOR, &aia, out, n);
    }
    s6a_answer_result(&aia.answer, 2001);
    aia.authentication_info.present = true;
    for (size_t i = 0; i < vectors && i < S6A_VECTORS_MAX; i++) {
        memset(octets[i], ++w->kasme, sizeof octets[i]);
        aia.authentication_info.e_utran_vector[i] =
            (struct s6a_e_utran_vector){.present = true,
                                        .item_number = DIAMETER_U32_OF((uint32_t)i + 1),
                                        .rand = {octets[i], 16},
                                        .xres = {octets[i], 8},
                                        .autn = {octets[i], 16},
                                        .kasme = {octets[i], 32}};
        aia.authentication_info.e_utran_vector_n++;
    }
    if (w->control != 0) {
        aia.binding_control.present = true;
        aia.binding_control.binding_mode = DIAMETER_U32_OF(w->control);
        aia.binding_control.proof_control = DIAMETER_U32_OF(w->proof_control);
        aia.binding_control.hss_nonce = (struct bytes){w->nonce, w->nonce != NULL ? 16 : 0};
    }
    return s6a_aia_write(W_VENDOR, &aia, out, n);
}

static inline enum err w_write_ula(const struct world *w, const struct s6a_request *r,
                                   struct mbytes out, size_t *n)
{
    static struct s6a_ula ula;
    memset(&ula, 0, sizeof ula);
    s6a_answer_begin(&ula.answer, r, BYTES_LIT("hss.home.example"), BYTES_LIT("home.example"));
    if (w->refuses != REFUSAL_NONE) {
        const struct refusal_row *row = refusal_row(w->refuses);
        row->carrier == REFUSAL_3GPP ? s6a_answer_experimental(&ula.answer, row->code)
                                     : s6a_answer_result(&ula.answer, row->code);
        return s6a_ula_write(W_VENDOR, &ula, out, n);
    }
    s6a_answer_result(&ula.answer, 2001);
    if (w->payload_n > 0 && w->nw_sig != NULL) {
        wire_kme_answer_fill(w->nw_sig, &ula);
        return s6a_ula_write(W_VENDOR, &ula, out, n);
    }
    struct s6a_subscription_data *d = &ula.subscription_data;
    d->present = true;
    d->ambr = (struct s6a_ambr){true, DIAMETER_U32_OF(1000000), DIAMETER_U32_OF(2000000)};
    struct s6a_apn_configuration_profile *p = &d->apn_configuration_profile;
    p->present = true;
    p->context_identifier = DIAMETER_U32_OF(1);
    p->all_apn_configurations_included_indicator = DIAMETER_U32_OF(0);
    p->apn_configuration_n = 1;
    p->apn_configuration[0] =
        (struct s6a_apn_configuration){.present = true,
                                       .context_identifier = DIAMETER_U32_OF(1),
                                       .pdn_type = DIAMETER_U32_OF(S6A_IPV4),
                                       .service_selection = BYTES_LIT("internet")};
    struct s6a_eps_subscribed_qos_profile *q = &p->apn_configuration[0].eps_subscribed_qos_profile;
    q->present = true;
    q->qos_class_identifier = DIAMETER_U32_OF(9);
    q->allocation_retention_priority.present = true;
    q->allocation_retention_priority.priority_level = DIAMETER_U32_OF(8);
    return s6a_ula_write(W_VENDOR, &ula, out, n);
}

static inline uint32_t w_features(const struct s6a_request *r)
{
    return s6a_features_of(r->supported_features, r->supported_features_n, W_VENDOR,
                           OWN_FEATURE_LIST_ID);
}

static inline void w_onboarding(struct world *w, const struct s13_ecr *q, struct s13_eca *a)
{
    const struct bytes imei = q->terminal_information.imei, realm = q->request.destination_realm;
    w->onboardings++;
    assert_null(q->request.user_name.p);
    assert_true(q->provisioning_request.n <= sizeof w->request);
    assert_int_equal(q->provisioning_plmn.n, sizeof w->plmn);
    memcpy(w->request, q->provisioning_request.p, q->provisioning_request.n);
    w->request_n = q->provisioning_request.n;
    memcpy(w->plmn, q->provisioning_plmn.p, sizeof w->plmn);
    snprintf(w->imei, sizeof w->imei, "%.*s", (int)imei.n, (const char *)imei.p);
    snprintf(w->realm, sizeof w->realm, "%.*s", (int)realm.n, (const char *)realm.p);
    s6a_answer_result(&a->answer, refusal_row(w->refuses)->code);
    a->provisioning_result = w->result;
}

static inline enum err w_answer(struct world *w, const struct diameter_header *h, struct bytes msg,
                                struct mbytes out, size_t *n)
{
    static union {
        struct s6a_air air;
        struct s6a_ulr ulr;
        struct s6a_pur pur;
        struct s6a_nor nor;
        struct s13_ecr ecr;
    } q;
    static union {
        struct s6a_pua pua;
        struct s6a_noa noa;
        struct s13_eca eca;
    } a;
    struct diameter_fault fault;
    const struct bytes host = BYTES_LIT("hss.home.example"), realm = BYTES_LIT("home.example");
    memset(&a, 0, sizeof a);
    switch (h->command) {
    case S6A_AUTHENTICATION_INFORMATION:
        w->airs++;
        assert_ok(s6a_air_parse(W_VENDOR, msg, &q.air, &fault));
        w->offered_first = w_features(&q.air.request);
        return w_write_aia(w, &q.air.request,
                           q.air.requested_eutran_authentication_info.number_of_requested_vectors.v,
                           out, n);
    case S6A_UPDATE_LOCATION:
        w->ulrs++;
        assert_ok(s6a_ulr_parse(W_VENDOR, msg, &q.ulr, &fault));
        assert_ok(wire_devid_outcome_read(&q.ulr.device_proof, &w->reported));
        w->offered = w_features(&q.ulr.request);
        w->payload_n = q.ulr.kme_payload.n;
        assert_true(w->payload_n <= sizeof w->payload);
        if (w->payload_n > 0) {
            memcpy(w->payload, q.ulr.kme_payload.p, w->payload_n);
        }
        return w_write_ula(w, &q.ulr.request, out, n);
    case S6A_PURGE_UE:
        w->purs++;
        assert_ok(s6a_pur_parse(W_VENDOR, msg, &q.pur, &fault));
        snprintf(w->last_purged, sizeof w->last_purged, "%.*s", (int)q.pur.request.user_name.n,
                 (const char *)q.pur.request.user_name.p);
        s6a_answer_begin(&a.pua.answer, &q.pur.request, host, realm);
        s6a_answer_result(&a.pua.answer, 2001);
        return s6a_pua_write(W_VENDOR, &a.pua, out, n);
    case S6A_NOTIFY:
        w->nors++;
        assert_ok(s6a_nor_parse(W_VENDOR, msg, &q.nor, &fault));
        s6a_answer_begin(&a.noa.answer, &q.nor.request, host, realm);
        s6a_answer_result(&a.noa.answer, 2001);
        return s6a_noa_write(W_VENDOR, &a.noa, out, n);
    default:
        assert_int_equal(h->command, S13_ME_IDENTITY_CHECK);
        w->ecrs++;
        assert_ok(s13_ecr_parse(W_VENDOR, msg, &q.ecr, &fault));
        s6a_answer_begin(&a.eca.answer, &q.ecr.request, host, realm);
        s6a_answer_result(&a.eca.answer, 2001);
        a.eca.equipment_status = DIAMETER_U32_OF(w->black ? S13_BLACKLISTED : S13_WHITELISTED);
        w->inquiries += q.ecr.credential_request.present;
        if (q.ecr.credential_request.present && w->credential != NULL) {
            wire_devid_credential_fill(w->credential, &a.eca.device_credential);
        }
        if (q.ecr.provisioning_request.p != NULL) {
            w_onboarding(w, &q.ecr, &a.eca);
        }
        return s13_eca_write(W_VENDOR, &a.eca, out, n);
    }
}

static inline void w_request(void *ctx, struct node_conn *c, const struct diameter_header *h,
                             struct bytes msg)
{
    struct world *w = ctx;
    static uint8_t out[32 * 1024];
    size_t n = 0;
    if (w->silent) {
        w->airs += h->command == S6A_AUTHENTICATION_INFORMATION;
        w->ulrs += h->command == S6A_UPDATE_LOCATION;
        node_no_answer(w->hss, c);
        return;
    }
    assert_ok(w_answer(w, h, msg, MBYTES_OF(out), &n));
    assert_ok(node_send(w->hss, c, (struct bytes){out, n}));
}

static inline void w_cla(void *ctx, struct node_conn *c, uint64_t cookie, struct bytes msg)
{
    struct world *w = ctx;
    struct s6a_cla cla;
    struct s6a_ida ida;
    struct s6a_dsa dsa;
    struct s6a_rsa rsa;
    struct diameter_fault fault;
    const struct s6a_answer *a = NULL;
    (void)c, (void)cookie;
    if (msg.n > 0 && s6a_ida_parse(W_VENDOR, msg, &ida, &fault) == E_OK) {
        a = &ida.answer;
    } else if (msg.n > 0 && s6a_dsa_parse(W_VENDOR, msg, &dsa, &fault) == E_OK) {
        a = &dsa.answer;
    } else if (msg.n > 0 && s6a_rsa_parse(W_VENDOR, msg, &rsa, &fault) == E_OK) {
        a = &rsa.answer;
    }
    w->done += a != NULL && a->result_code.v == DIAMETER_SUCCESS;
    w->unknown +=
        a != NULL && a->experimental_result.experimental_result_code.v == S6A_USER_UNKNOWN;
    if (a == NULL && msg.n > 0 && s6a_cla_parse(W_VENDOR, msg, &cla, &fault) == E_OK) {
        w->clas += cla.answer.result_code.v == 2001;
    }
}

static inline void w_open_hss(struct world *w)
{
    struct address at;
    struct node_config k = node_config_default();
    assert_ok(address_parse("tcp://127.0.0.1:0", &at));
    assert_ok(socket_listen(&at, 8, &w->fd));
    w->peer.address = socket_local(w->fd, TRANSPORT_TCP);
    w->hss_callbacks = (struct node_callbacks){.authorise = w_authorise,
                                               .opened = w_opened,
                                               .closed = w_closed,
                                               .request = w_request,
                                               .answer = w_cla};
    k.peer.origin_host = BYTES_LIT("hss.home.example");
    k.peer.origin_realm = BYTES_LIT("home.example");
    k.peer.applications[0] = (struct peer_application){10415, DIAMETER_APP_S6A};
    k.peer.applications[1] = (struct peer_application){10415, DIAMETER_APP_S13};
    k.peer.application_n = 2;
    k.peer.answer_max = (size_t)32 * 1024; /* chains of certificates */
    k.callbacks = &w->hss_callbacks;
    k.ctx = w;
    assert_ok(node_open(&k, &w->hss));
}

/* ---- eNBs ------------------------------------------------------------------------------------ */

static inline void w_up(void *ctx, struct assoc *a)
{
    (void)ctx;
    ((struct w_enb *)assoc_ctx(a))->up = true;
}

static inline void w_down(void *ctx, struct assoc *a, enum assoc_cause why)
{
    struct w_enb *e = assoc_ctx(a);
    (void)ctx, (void)why;
    e->up = false;
    e->down = true;
    e->handle = 0;
}

static inline void w_message(void *ctx, struct assoc *a, const struct assoc_message *msg)
{
    struct w_enb *e = assoc_ctx(a);
    (void)ctx;
    assert_true(e->tail - e->head < W_INBOX);
    struct w_message *to = &e->inbox[e->tail++ % W_INBOX];
    assert_true(msg->octets.n <= sizeof to->octets);
    assert_int_equal(msg->ppid, ASSOC_PPID_S1AP);
    to->n = msg->octets.n;
    to->stream = msg->stream;
    memcpy(to->octets, msg->octets.p, msg->octets.n);
}

/* ---- the world ------------------------------------------------------------------------------- */

static inline void w_configure(struct world *w)
{
    static char host[] = "mme.visited.example", realm[] = "visited.example", name[] = "mme";
    static char hss[] = "hss.home.example", home[] = "home.example", none[] = "";
    w->peer.origin_host = hss;
    w->peer.realm = home;
    w->home = (struct mmed_home){.realm = home, .peers = &w->peer_index, .n_peers = 1};
    assert_ok(address_parse_s1("s1-tcp://127.0.0.1:0", &w->listener.address));
    w->config = (struct mmed_config){
        .origin_host = host,
        .origin_realm = realm,
        .name = name,
        .vendor_id = W_VENDOR,
        .group_id = 2,
        .code = 1,
        .relative_capacity = 255,
        .listeners = &w->listener,
        .n_listeners = 1,
        .homes = &w->home,
        .n_homes = 1,
        .peers = &w->peer,
        .n_peers = 1,
        .algorithms = {{2, 1, 3}, 3, {2, 1, 3}, 3},
        .vectors = 1,
        .serve = true,
        .report_failures = true,
        .network_name = none,
        .pool = {10, 45, 0, 1},
        .transport = {192, 0, 2, 1},
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
        .onboard_ms = 10000,
        .watchdog_seconds = 30,
        .reconnect_seconds = 1,
        .limits = {
            .enbs = 8, .ues = 3000, .attaching = 2500, .hss_pending = 64, .events_kept = 800}};
    assert_ok(plmn_parse(BYTES_LIT("001-01"), &w->config.plmn));
}

static inline void w_turn(struct world *w)
{
    struct address from;
    int fd = -1;
    assert_ok(mmed_poll(&w->m));
    if (socket_accept(w->fd, TRANSPORT_TCP, &fd, &from) == E_OK) {
        assert_ok(node_adopt(w->hss, fd, TRANSPORT_TCP, NULL));
    }
    enum err err = node_poll(w->hss, 0);
    assert_true(err == E_OK);
    assert_ok(assoc_poll(w->set, 0));
}

/* Turns until `done`; false after the bound. */
static inline bool w_until(struct world *w, bool (*done)(struct world *w, void *arg), void *arg)
{
    for (unsigned i = 0; i < W_TURNS; i++) {
        if (done(w, arg)) {
            return true;
        }
        w_turn(w);
        if (i > 1000) {
            (void)poll(NULL, 0, 1);
        }
    }
    return done(w, arg);
}

static inline void w_turns(struct world *w, unsigned n)
{
    while (n-- > 0) {
        w_turn(w);
    }
}

static inline bool w_hss_is_there(struct world *w, void *arg)
{
    (void)arg;
    return w->conn != 0 && hss_fd(w->m.hss) >= 0 && w->m.events != NULL &&
           events_last(w->m.events) > 0;
}

/* For the next world that is opened. */
static struct pcapng_writer *w_trace;
static bool w_trace_secrets;

static inline void w_open(struct world *w, void (*change)(struct mmed_config *c))
{
    struct assoc_config k = assoc_config_default();
    memset(w, 0, sizeof *w);
    rig_open(&w->ue);
    w_configure(w);
    if (change != NULL) {
        change(&w->config);
    }
    w_open_hss(w);
    w->m.trace = w_trace;
    w->m.trace_secrets = w_trace_secrets;
    assert_ok(mmed_open(&w->m, &w->config, NULL));
    w->callbacks = (struct assoc_callbacks){.up = w_up, .down = w_down, .message = w_message};
    k.callbacks = &w->callbacks;
    k.ctx = w;
    assert_ok(assoc_set_open(&k, &w->set));
    assert_true(w_until(w, w_hss_is_there, NULL));
}

static inline void w_close(struct world *w)
{
    assoc_set_close(w->set);
    node_close(w->hss); /* first: nobody would answer the MME's goodbye */
    mmed_close(&w->m);
    close(w->fd);
    for (unsigned i = 0; i < W_ENBS; i++) {
        free(w->enbs[i].inbox);
    }
    rig_close(&w->ue);
}

static inline bool w_is_up(struct world *w, void *arg)
{
    (void)w;
    return ((struct w_enb *)arg)->up || ((struct w_enb *)arg)->down;
}

static inline void w_connect(struct world *w, unsigned i)
{
    struct address at;
    struct w_enb *e = &w->enbs[i];
    free(e->inbox);
    *e = (struct w_enb){.inbox = calloc(W_INBOX, sizeof *e->inbox)};
    assert_true(s1_bound(w->m.s1, 0, &at));
    assert_ok(assoc_connect(w->set, &at, NULL, e, &e->handle));
    assert_true(w_until(w, w_is_up, e));
}

/* ---- messages -------------------------------------------------------------------------------- */

static inline void w_send_octets(struct world *w, unsigned i, struct bytes octets, uint32_t ppid)
{
    struct assoc *a = assoc_find(w->set, w->enbs[i].handle);
    struct assoc_message msg = {.octets = octets, .stream = 1, .ppid = ppid};
    assert_non_null(a);
    assert_ok(assoc_send(a, &msg));
}

static inline void w_send(struct world *w, unsigned i, const struct s1ap_pdu *pdu)
{
    static uint8_t out[65536];
    size_t n = 0;
    assert_ok(s1ap_write(pdu, MBYTES_OF(out), &n));
    w_send_octets(w, i, (struct bytes){out, n}, ASSOC_PPID_S1AP);
}

static inline bool w_has_mail(struct world *w, void *arg)
{
    const struct w_enb *e = arg;
    (void)w;
    return e->head != e->tail || e->down;
}

/* The next message for this eNB, which must be of this type. Good until 512 more came. */
static inline struct s1ap_pdu w_next(struct world *w, unsigned i, enum s1ap_message type)
{
    struct w_enb *e = &w->enbs[i];
    struct s1ap_pdu pdu;
    struct s1ap_fault fault;
    assert_true(w_until(w, w_has_mail, e));
    assert_true(e->head != e->tail);
    struct w_message *msg = &e->inbox[e->head++ % W_INBOX];
    assert_ok(s1ap_parse((struct bytes){msg->octets, msg->n}, &pdu, &fault));
    if (pdu.type != type) {
        fail_msg("%s came instead of %s", s1ap_message_name(pdu.type), s1ap_message_name(type));
    }
    return pdu;
}

/* Nothing is under way to this eNB. */
static inline void w_assert_quiet(struct world *w, unsigned i)
{
    w_turns(w, 20);
    if (w->enbs[i].head != w->enbs[i].tail) {
        struct w_message *msg = &w->enbs[i].inbox[w->enbs[i].head % W_INBOX];
        struct s1ap_pdu pdu;
        struct s1ap_fault fault;
        assert_ok(s1ap_parse((struct bytes){msg->octets, msg->n}, &pdu, &fault));
        fail_msg("%s came", s1ap_message_name(pdu.type));
    }
}

#include "mmed/s1_enb.h"

#endif
