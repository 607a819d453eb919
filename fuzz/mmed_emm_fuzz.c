/* The EMM state machine under a sequence of events: one octet says which, further ones say what.
 * Two contexts, the second of which may be what the first one's GUTI names. The UE that speaks is
 * now the right one, now one without keys, now noise. After every step: the effects fit, nothing
 * follows the end, an ended context holds nothing, no bearer and no ATTACH ACCEPT without secure
 * exchange and without RES, a COUNT is never used twice downwards, who is to prove its IMEI gets no
 * further than the home network's word on it, who is provisioned gets no bearer at all, and who has
 * no subscription is nobody throughout. */
#include "mmed/emm_rig.h"
#include "wire/devid.h"

#define EVENTS_MAX 64

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

static bool is_protected(struct bytes pdu)
{
    return pdu.n > 6 && pdu.p[0] != NAS_PD_EMM && pdu.p[0] >> 4 != 0;
}

static void check_context(const struct rig *g)
{
    static struct emm_ue nobody;
    if (g->gone) {
        emm_ue_init(&nobody);
        must(memcmp(g->ue, &nobody, sizeof nobody) == 0);
        return;
    }
    must(g->ue->state < EMM_STATE_COUNT);
    must(g->ue->state != EMM_DEREGISTERED);
    must(g->ue->next_vector <= g->ue->n_vectors && g->ue->n_vectors <= EMM_VECTORS_MAX);
    must(g->ue->state != EMM_AUTHENTICATION || g->ue->next_vector > 0);
    must(!g->ue->secured || g->ue->has_security);
    must(g->ue->state != EMM_IDLE || !g->ue->connected);
    must(g->ue->state < EMM_PROOF || g->ue->state > EMM_ACCEPT || g->ue->secured);
    must(g->ue->state < EMM_PROOF || g->ue->who.authenticated);
    must(g->ue->state != EMM_PROOF || (g->ue->proof_wanted && g->ue->imei_asked));
    must(g->ue->state != EMM_PROVISIONING || (g->ue->provisioning && g->ue->imei_asked));
    must(!g->ue->provisioning ||
         (g->config.kme && !g->ue->proof_wanted && g->ue->state <= EMM_LOCATION));
    must(!g->ue->provisioning || g->ue->carried.n <= WIRE_KME_PAYLOAD_MAX ||
         g->ue->state <= EMM_SECURITY_MODE); /* vectors lie there until then */
    must(g->ue->onboarding == (g->ue->state == EMM_ONBOARDING));
    must(!g->ue->onboarding ||
         (g->config.onboarding && g->ue->who.has_imei && !g->ue->who.has_imsi &&
          !g->ue->who.has_guti && !g->ue->has_security && g->ue->n_vectors == 0));
}

static void check_onboarding(const struct emm_effect *e)
{
    bool of_its_own = e->kind == EMM_SEND || e->kind == EMM_RELEASE || e->kind == EMM_FORGET ||
                      e->kind == EMM_TOLD || e->kind == EMM_TIMER_START ||
                      e->kind == EMM_TIMER_STOP || e->kind == EMM_ASK_ONBOARDING;
    must(!e->onboarding || (of_its_own && !e->who.has_imsi));
    must(e->kind != EMM_ASK_ONBOARDING ||
         (e->onboarding && e->who.has_imei && bytes_eq(e->request, RIG_REQUEST)));
    must(e->kind != EMM_TOLD || e->refusal != REFUSAL_ONBOARDED ||
         (e->onboarding && e->ends_attach));
}

static void check_provisioning(const struct emm_effect *e)
{
    struct kme_payload p;
    if (e->kind == EMM_ASK_LOCATION) {
        must(e->provisioning == (e->payload.p != NULL));
        must(!e->provisioning ||
             (wire_kme_payload_read(e->payload, &p) == E_OK &&
              kme_mme_carries(&p, &e->who.imsi, &e->who.imei.imei) == KME_CAUSE_NONE));
    }
    must(!e->provisioning || (e->kind != EMM_SETUP && e->kind != EMM_ASSIGN_GUTI &&
                              e->kind != EMM_REGISTERED_NOW && e->kind != EMM_DEVICE));
    must(e->kind != EMM_TOLD || e->refusal != REFUSAL_PROVISIONED ||
         (e->provisioning && e->ends_attach));
}

static void check_effects(const struct rig *g, bool was_authenticated)
{
    bool authenticated = was_authenticated;
    must(g->fx.n < EMM_EFFECTS_MAX); /* room is never short */
    for (unsigned i = 0; i < g->fx.n; i++) {
        const struct emm_effect *e = &g->fx.e[i];
        must(e->kind != EMM_FORGET || i + 1 == g->fx.n);
        if (e->kind == EMM_DEVICE) {
            must(e->proof.result == devid_cause_result(e->proof.cause) && e->who.has_imei);
            must(i + 1 < g->fx.n && e[1].kind == EMM_ASK_LOCATION);
            must(e[1].proof.result == e->proof.result && e[1].proof.cause == e->proof.cause);
        }
        must(e->kind != EMM_ASK_LOCATION || g->gone || !g->ue->proof_wanted ||
             e->proof.result != DEVID_NOT_ASKED);
        must(e->kind != EMM_ASK_EQUIPMENT || e->who.has_imei);
        check_provisioning(e);
        check_onboarding(e);
        authenticated = authenticated || e->kind == EMM_AUTHENTICATED;
        if (e->kind == EMM_SETUP) {
            must(authenticated && e->who.authenticated && e->apn != NULL);
            must(e->pdu.p == NULL || e->pdu.p[0] >> 4 == NAS_SHT_CIPHERED);
        }
        if (e->kind == EMM_ASK_LOCATION || e->kind == EMM_ASSIGN_GUTI ||
            e->kind == EMM_REGISTERED_NOW || e->kind == EMM_PURGE) {
            must(authenticated && e->who.has_imsi);
        }
        if (e->kind == EMM_SEND) {
            must(e->pdu.p != NULL && e->pdu.n <= EMM_PDU_MAX);
            must(is_protected(e->pdu) ||
                 nassec_may_be_plain(NASSEC_UE, false, e->pdu.p[1], e->pdu.p[2]));
        }
    }
}

/* ---- events ------------------------------------------------------------------------------------
 */

/* What a repository may say; the good one is of the IMEI that the rig's UE has. */
static void publish(struct rig *g, struct input *in)
{
    static const uint8_t key[] = "a key", nothing[64];
    static uint8_t octets[BINDING_RECORD_LEN];
    static struct devid_credential c;
    const struct bytes spki = BYTES_OF(key);
    uint8_t how = take(in);
    struct binding_record r = {.use = BINDING_IDENTITY,
                               .form = BINDING_PUBLIC_KEY,
                               .status = (how & 8) != 0 ? BINDING_REVOKED : BINDING_ACTIVE,
                               .not_after = INT64_MAX,
                               .serial = how};
    must(imei_parse(BYTES_LIT("35693803564380"), &r.imei) == E_OK);
    must(g->crypto.sha256(g->crypto.ctx, &spki, 1, r.digest) == E_OK);
    binding_record_write(&r, octets);
    c = (struct devid_credential){.status = (enum devid_status)(1 + how % 4),
                                  .cause = (enum devid_cause)(how / 8),
                                  .spki = spki,
                                  .n_chain = 1,
                                  .chain = {spki},
                                  .record = BYTES_OF(octets),
                                  .signature = BYTES_OF(nothing),
                                  .signer = {nothing, 32}};
    c.form = (how & 16) != 0 ? BINDING_CERTIFICATE : BINDING_PUBLIC_KEY;
    g->credential = (how & 32) != 0 ? NULL : &c;
}

static void onboarded(struct rig *g, uint32_t code, uint8_t how)
{
    static const uint8_t octets[400] = {NAS_CONTAINER_PROVISIONING_RESULT, NAS_CONTAINER_VERSION};
    struct emm_eca eca = {.code = code, .experimental = (how & 128) != 0};
    struct emm_event event = {.kind = EMM_ECA, .eca = &eca};
    eca.result = (how & 64) != 0 ? BYTES_OF(octets) : (struct bytes){NULL, 0};
    rig_step(g, &event);
}

static void hss_event(struct rig *g, struct input *in)
{
    static const uint32_t codes[] = {2001, 0, 5001, 4181, 3004, 5004, 5012};
    uint8_t how = take(in);
    uint32_t code = codes[take(in) % (sizeof codes / sizeof codes[0])];
    struct emm_ula ula = rig_subscription();
    switch (how % 3) {
    case 0:
        g->proof_control = g->config.devid ? take(in) % 4 : 0;
        g->provisioning = (how & 8) != 0 && (g->config.kme || (how & 48) == 48);
        rig_vectors(g, how % 7, code, (how & 64) != 0);
        return;
    case 1:
        ula.code = code;
        ula.experimental = (how & 64) != 0;
        ula.barred = (how & 128) != 0;
        ula.has_nw_sig = (how & 32) != 0;
        ula.subscription.n_apns = how % 5;
        ula.subscription.apns[0].pdn_type = take(in);
        rig_located(g, &ula);
        return;
    default:
        if (g->ue->state == EMM_ONBOARDING) {
            onboarded(g, code, how);
            return;
        }
        if (g->config.devid) {
            publish(g, in);
        }
        rig_checked(g, code, take(in));
        return;
    }
}

/* The answer to a challenge: with a proof, with noise, or without. */
static void proof_event(struct rig *g, struct input *in)
{
    static uint8_t room[600];
    uint8_t how = take(in);
    const char *imei = (how & 1) != 0 ? "35693803564380" : "35693803564398";
    struct devid_proof p = {.algorithm = how >> 4, .n = 64};
    struct bytes container = {NULL, 0};
    must(imei_parse(bytes_of_str((how & 2) != 0 ? "35693803564380" : "35693803564398"), &p.imei) ==
         E_OK);
    if ((how & 4) != 0) {
        must(wire_devid_proof_write(&p, MBYTES_OF(room), &container) == E_OK);
    } else if ((how & 8) != 0) {
        container = take_span(in);
        container = container.n < 2 ? (struct bytes){NULL, 0} : container;
    }
    rig_imei(g, imei, container);
}

/* The answer to a command: with a payload, of which an octet may be another, or with noise. */
static void payload_event(struct rig *g, struct input *in)
{
    uint8_t room[WIRE_KME_PAYLOAD_MAX];
    uint8_t how = take(in);
    struct bytes container =
        rig_payload((how & 1) != 0 ? g->imsi : "001010123456780",
                    (how & 2) != 0 ? "35693803564380" : "35693803564398", room);
    if ((how & 8) != 0) {
        room[take(in) % container.n] ^= take(in);
    } else if ((how & 16) != 0) {
        container = take_span(in);
        container = container.n < 2 ? (struct bytes){NULL, 0} : container;
    }
    rig_imei(g, (how & 4) != 0 ? "35693803564380" : "35693803564398", container);
}

/* What the right UE would say. */
static void ue_event(struct rig *g, struct input *in)
{
    uint8_t how = take(in);
    bool initial = (how & 128) != 0;
    uint8_t sht = !g->secured       ? NAS_SHT_PLAIN
                  : (how & 64) != 0 ? NAS_SHT_INTEGRITY
                                    : NAS_SHT_CIPHERED;
    if (sht == NAS_SHT_PLAIN && how % 16 >= 8 && how % 16 != 15) {
        rig_secure(g, how, 2); /* keys of its own */
    }
    switch (how % 16) {
    case 0:
    case 1:
        g->by_guti = (how & 32) != 0;
        g->transfer = (how & 16) != 0;
        g->attach_type = take(in) & 7;
        g->pdn_type = take(in) & 7;
        g->imsi = (how & 1) != 0 ? "001010123456789" : "001010000000001";
        rig_pdu(g, initial, rig_attach_request(g, sht));
        return;
    case 2:
        rig_identity(g);
        return;
    case 3:
        rig_res(g);
        return;
    case 4:
        rig_auth_failure(g, take(in));
        return;
    case 5:
        rig_security_complete(g);
        return;
    case 6:
        rig_attach_complete(g);
        return;
    case 7:
        rig_pdu(g, initial, rig_detach_request(g, sht, (how & 32) != 0));
        return;
    case 8:
        rig_pdu(g, initial, rig_service_request(g));
        return;
    case 9:
        rig_pdu(g, initial,
                rig_update_request(g, g->secured ? NAS_SHT_INTEGRITY : sht, take(in) & 15));
        return;
    case 10:
        if (g->config.devid && g->ue->state != EMM_PROVISIONING) {
            proof_event(g, in);
            return;
        }
        if (g->config.kme) {
            payload_event(g, in);
            return;
        }
        /* fall through */
    default: { /* any octets, protected */
        struct bytes plain = take_span(in);
        if (plain.n >= 2 && plain.n <= 200 && g->secured && plain.p[0] >> 4 < 12 &&
            plain.p[1] != NAS_SECURITY_MODE_COMMAND &&
            plain.p[1] != NAS_SECURITY_MODE_COMPLETE) { /* these two have a header of their own */
            rig_pdu(g, initial, rig_protect(g, NAS_SHT_CIPHERED, plain));
        } else {
            rig_pdu(g, initial, plain);
        }
        return;
    }
    }
}

static void other_event(struct rig *g, struct input *in)
{
    static const enum emm_event_kind kinds[] = {
        EMM_UNDELIVERED, EMM_CONTEXT_SET, EMM_CONTEXT_FAILED, EMM_CONNECTION_LOST, EMM_SUPERSEDED};
    uint8_t how = take(in);
    if (how % 8 < 5) {
        rig_event(g, kinds[how % 8]);
    } else if (how % 8 == 5) {
        rig_cancel(g, take(in));
    } else {
        rig_timer(g, (enum emm_timer)(how / 8 % 3));
    }
}

/* Nobody is authenticated who did not send RES. */
static void check_res(const struct rig *g, const struct res *xres)
{
    const struct bytes pdu = g->last;
    bool found = false;
    if (xres->n == 0 || rig_effect(g, EMM_AUTHENTICATED) == NULL) {
        return;
    }
    for (size_t i = 0; i + xres->n <= pdu.n; i++) {
        found = found || memcmp(pdu.p + i, xres->b, xres->n) == 0;
    }
    must(found || pdu.p[0] != NAS_PD_EMM); /* of a ciphered one this can't be seen */
}

static void step(struct rig *g, struct input *in)
{
    uint8_t how = take(in);
    struct res xres = {.n = 0};
    if (g->ue->state == EMM_AUTHENTICATION) {
        xres = g->ue->vectors[g->ue->next_vector - 1].xres;
    }
    g->last = (struct bytes){NULL, 0};
    bool was_authenticated = g->ue->who.authenticated;
    uint32_t count = g->ue->security.send_next;
    struct nas_security was = g->ue->security;
    switch (how % 4) {
    case 0:
        hss_event(g, in);
        break;
    case 1:
        ue_event(g, in);
        break;
    case 2:
        other_event(g, in);
        break;
    default:
        rig_pdu(g, (how & 4) != 0, take_span(in));
        break;
    }
    check_effects(g, was_authenticated || g->ue->who.authenticated);
    check_context(g);
    check_res(g, &xres);
    if (!g->gone && memcmp(&was.agreed.kasme, &g->ue->security.agreed.kasme, 32) == 0 &&
        g->ue->has_security) {
        must(g->ue->security.send_next >= count); /* with one key, only upwards */
    }
    wipe(&was, sizeof was);
}

/* The context that is gone makes room for another; what is left of it may be named by the next. */
static void begin_another(struct rig *g, struct emm_ue *old, bool names_old)
{
    if (!g->gone) {
        *old = *g->ue;
    }
    emm_ue_init(g->ue);
    g->gone = false;
    g->old = names_old ? old : NULL;
    rig_pdu(g, true,
            rig_attach_request(g, g->secured && names_old ? NAS_SHT_INTEGRITY : NAS_SHT_PLAIN));
    check_effects(g, g->ue->who.authenticated);
    check_context(g);
    must(!names_old || !(old->has_security && g->ue->has_security)); /* keys are in one place */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct rig g;
    static struct emm_ue old;
    struct input in = {data, size};
    uint8_t how = take(&in);
    rig_open(&g);
    emm_ue_init(&old);
    g.config.check_imei = (how & 1) != 0;
    g.config.reuse_security = (how & 2) != 0;
    g.config.reroute = (how & 4) != 0;
    g.config.serve = (how & 8) == 0;
    g.config.devid = (how & 32) != 0;
    g.config.vectors = 1 + how / 64;
    g.config.kme = how / 64 == 3;
    g.config.onboarding = !g.config.reroute;
    g.config.network_name = (how & 16) != 0 ? BYTES_LIT("Bindery") : (struct bytes){NULL, 0};
    begin_another(&g, &old, false);
    for (unsigned i = 0; i < EVENTS_MAX && in.n > 0; i++) {
        if (g.gone || *in.p == 0xff) {
            begin_another(&g, &old, (take(&in) & 1) != 0);
        } else {
            step(&g, &in);
        }
    }
    rig_close(&g);
    return 0;
}
