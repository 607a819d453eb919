/* test/emulator/kme_site.h - a home network that provisions, behind the small MME of
 * test/emulator/mme.h: procedure kme with a lot of its own, and a repository that knows the keys it
 * is given. What it decided last is for the test to look at.
 */
#ifndef BINDERY_TEST_EMULATOR_KME_SITE_H
#define BINDERY_TEST_EMULATOR_KME_SITE_H

#include "device/test_key.h"
#include "emulator/mme.h"
#include "net/lot_key.h"
#include "proc/kme.h"
#include "wire/kme.h"

#define SITE_LOT      "2026-07"
#define SITE_LIFETIME 120

struct site_ue {
    struct binding_view view;
    struct kme_home home;
    struct bytes spki; /* what the repository says of its IMEI; n 0: nothing */
};
struct site {
    struct mme_home hooks;
    struct lot_key *key;
    struct kme_lot lot;
    struct imei_range range;
    struct plmn plmn; /* its own; the MME's is 001-01 */
    struct kme_opener opener;
    struct site_ue ue[MME_UES];
    int64_t at;
    /* what it does wrong */
    bool wrong_nw_sig;
    unsigned swallow; /* results that get lost */
    /* what it saw */
    unsigned commands, payloads, taken, again, refused, without, bearers;
    /* The device's file, if it is to be looked at when its messages arrive, and what it had: the
     * payload; the KME as the active one, when RES came. */
    const char *file;
    bool has_payload, has_active;
    enum kme_cause cause; /* of the last one */
    enum devid_cause key_cause;
    struct key_kme last; /* the KME that was taken last */
};

static inline enum err site_open_payload(void *ctx, struct bytes encrypted, struct bytes label,
                                         struct mbytes out)
{
    const struct site *s = ctx;
    return lot_key_open(s->key, encrypted, label, out);
}

static inline struct site_ue *site_ue_of(struct site *s, const struct mme *m,
                                         const struct mme_ue *u)
{
    return &s->ue[u - m->ue];
}

static inline void site_command(struct site *s, struct mme *m, struct mme_ue *u)
{
    uint8_t element[64], b[128];
    struct nas_identity_request r = {.identity_type = NAS_IDENTITY_IMEI};
    s->commands++;
    assert_ok(wire_kme_command_write(site_ue_of(s, m, u)->home.nonce, MBYTES_OF(element),
                                     &r.bindery_container));
    mme_nas(m, u,
            mme_protect(m, u, NAS_SHT_CIPHERED, &nas_identity_request_message, &r, MBYTES_OF(b)));
}

/* ATTACH REJECT #17, with NW_SIG or without. */
static inline void site_reject(struct mme *m, struct mme_ue *u, const uint8_t *nw_sig)
{
    uint8_t element[64], b[128];
    struct nas_attach_reject r = {.emm_cause = 17};
    if (nw_sig != NULL) {
        assert_ok(wire_kme_result_write(nw_sig, MBYTES_OF(element), &r.bindery_container));
    }
    mme_nas(m, u,
            mme_protect(m, u, NAS_SHT_CIPHERED, &nas_attach_reject_message, &r, MBYTES_OF(b)));
    mme_release(m, u);
}

/* ---- the home network ---- */

static inline struct kme_verdict site_take(struct site *s, struct mme *m, struct mme_ue *u,
                                           const struct kme_payload *payload,
                                           struct kme_taken *taken)
{
    const struct site_ue *own = site_ue_of(s, m, u);
    struct binding_record record = {.imei = payload->imei,
                                    .use = BINDING_IDENTITY,
                                    .form = BINDING_PUBLIC_KEY,
                                    .status = BINDING_ACTIVE,
                                    .not_after = INT64_MAX,
                                    .serial = 7,
                                    .issued = 1};
    uint8_t octets[BINDING_RECORD_LEN];
    const uint8_t filler[64] = {0};
    const struct devid_port port = {.record = test_trust, .signature = test_verify};
    assert_ok(m->c.sha256(m->c.ctx, &own->spki, 1, record.digest));
    binding_record_write(&record, octets);
    const struct devid_credential credential = {.status =
                                                    own->spki.n > 0 ? DEVID_FOUND : DEVID_NONE,
                                                .form = BINDING_PUBLIC_KEY,
                                                .spki = own->spki,
                                                .record = BYTES_OF(octets),
                                                .signature = BYTES_OF(filler),
                                                .signer = {filler, 32},
                                                .source = DEVID_FROM_REPOSITORY};
    const struct kme_arrived in = {.payload = payload,
                                   .imsi = u->imsi,
                                   .imei = &u->device.imei,
                                   .lot = &s->lot,
                                   .opener = &s->opener,
                                   .port = &port,
                                   .credential = &credential,
                                   .home = s->plmn,
                                   .at = s->at};
    return kme_home_take(&m->c, &own->view, &own->home, &in, taken);
}

static inline struct device_state site_look(const struct site *s)
{
    struct device_state state;
    struct device_why why;
    memset(&state, 0, sizeof state);
    if (s->file != NULL) {
        assert_ok(device_state_load(s->file, &state, &why));
    }
    return state;
}

static inline void site_payload(struct site *s, struct mme *m, struct mme_ue *u, struct bytes value)
{
    struct site_ue *own = site_ue_of(s, m, u);
    struct kme_payload payload;
    struct kme_taken taken;
    const struct device_state state = site_look(s);
    assert_ok(wire_kme_payload_read(value, &payload));
    s->has_payload =
        bytes_eq(payload.encrypted, (struct bytes){state.pending.encrypted, state.pending.n});
    s->payloads++;
    s->cause = kme_mme_carries(&payload, &u->imsi, &u->device.imei);
    if (s->cause == KME_CAUSE_NONE) {
        const struct kme_verdict v = site_take(s, m, u, &payload, &taken);
        s->cause = v.cause;
        s->key_cause = v.key;
    }
    if (s->cause != KME_CAUSE_NONE) {
        s->refused++;
        site_reject(m, u, NULL);
        return;
    }
    assert_ok(kme_home_keep(&taken, true, &own->view, &own->home));
    s->again += taken.again;
    s->taken += !taken.again;
    s->last = taken.again ? s->last : taken.kme;
    if (s->swallow > 0) {
        s->swallow--;
        mme_release(m, u);
        return;
    }
    taken.nw_sig[5] ^= s->wrong_nw_sig;
    site_reject(m, u, taken.nw_sig);
}

/* ---- what the MME asks of it ---- */

static inline const struct key_kme *site_key(void *ctx, const struct mme_ue *u)
{
    struct site *s = ctx;
    const struct site_ue *own = s->ue;
    for (size_t i = 0; i < MME_UES; i++, own++) {
        if (own->view.n_devices > 0 && imei_eq(&own->view.devices[0].imei, &u->device.imei)) {
            break;
        }
    }
    if (own == s->ue + MME_UES || !own->view.devices[0].has_kme ||
        kme_home_due(&own->view, &own->home, &u->device.imei) != KME_DUE_NOT) {
        return NULL;
    }
    return &own->view.devices[0].kme;
}

static inline bool site_complete(void *ctx, struct mme *m, struct mme_ue *u)
{
    struct site *s = ctx;
    struct site_ue *own = site_ue_of(s, m, u);
    const enum kme_due due = kme_home_due(&own->view, &own->home, &u->device.imei);
    if (due == KME_DUE_NOT) {
        (void)kme_home_used(&own->view, &u->device.imei);
        return false;
    }
    assert_ok(kme_home_offer(&m->c, due, s->at, SITE_LIFETIME, &own->home));
    site_command(s, m, u);
    return true;
}

/* A bearer is refused, and the command comes once more, as it would when T3470 ends. */
static inline void site_no_bearer(struct site *s, struct mme *m, struct mme_ue *u,
                                  struct bytes plain)
{
    struct nas_pdn_connectivity_request r;
    struct nas_pdn_connectivity_reject no = {.esm_cause = 31};
    uint8_t b[64];
    assert_ok(nas_parse(&nas_pdn_connectivity_request_message, plain, &r, NULL));
    s->bearers++;
    no.header.pti = r.header.pti;
    mme_nas(m, u,
            mme_protect(m, u, NAS_SHT_CIPHERED, &nas_pdn_connectivity_reject_message, &no,
                        MBYTES_OF(b)));
    site_command(s, m, u);
}

static inline bool site_message(void *ctx, struct mme *m, struct mme_ue *u, uint8_t type,
                                struct bytes plain)
{
    struct site *s = ctx;
    struct nas_identity_response r;
    if (type == NAS_PDN_CONNECTIVITY_REQUEST) {
        site_no_bearer(s, m, u, plain);
        return true;
    }
    if (type == NAS_AUTHENTICATION_RESPONSE) {
        s->has_active = site_look(s).me.has_kme;
    }
    if (type != NAS_IDENTITY_RESPONSE) {
        return false;
    }
    assert_ok(nas_parse(&nas_identity_response_message, plain, &r, NULL));
    if (r.bindery_container.p != NULL) {
        site_payload(s, m, u, r.bindery_container);
    } else {
        s->without++;
        site_reject(m, u, NULL);
    }
    return true;
}

/* ---- beginning and end ---- */

/* One lot key for a whole program: it takes a while to make. */
static inline struct lot_key *site_lot_key(void)
{
    static struct lot_key *key;
    if (key == NULL) {
        assert_ok(lot_key_make(2048, &key));
    }
    return key;
}

/* Subscriptions `learn`, with their device listed. */
static inline struct site *site_open(struct mme *m)
{
    struct site *s = calloc(1, sizeof *s);
    struct population_origin origin = m->origin;
    assert_non_null(s);
    origin.unbound = true;
    m->origin.unbound = true;
    s->key = site_lot_key();
    assert_ok(kme_lot_make(BYTES_LIT(SITE_LOT), BYTES_LIT("Example Meters"),
                           lot_key_modulus(s->key), &s->lot));
    assert_ok(imei_range_parse(BYTES_LIT("00101700"), &s->range));
    s->opener = (struct kme_opener){.ctx = s, .open = site_open_payload};
    s->plmn = (struct plmn){"001", "01"};
    s->at = 1000;
    for (uint32_t i = 0; i < MME_UES; i++) {
        struct lot_device device;
        assert_ok(population_derive(&m->c, &origin, i, &device));
        s->ue[i].view = (struct binding_view){
            .policy = BINDING_LEARN, .n_devices = 1, .devices = {{.imei = device.imei}}};
    }
    s->hooks = (struct mme_home){
        .ctx = s, .key = site_key, .complete = site_complete, .message = site_message};
    m->home = &s->hooks;
    return s;
}

static inline void site_close(struct site *s)
{
    free(s);
}

#endif
