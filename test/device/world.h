/* test/device/world.h - a device and, by hand, the network that it talks to: AuC and MME of one
 * subscriber in one place, a virtual clock, and a flash that remembers the last image.
 */
#ifndef BINDERY_TEST_DEVICE_WORLD_H
#define BINDERY_TEST_DEVICE_WORLD_H

#include "codec/nas.h"
#include "codec/nas_ie.h"
#include "crypto/kdf.h"
#include "crypto/openssl.h"
#include "device/bindery_ue.h"
#include "device/linux/platform_openssl.h"
#include "lib/check.h"
#include "nassec/nassec.h"
#include "proc/binding.h"
#include <string.h>

#define WORLD_IMSI   "001010123456789"
#define WORLD_IMEISV "3569380356438099"
#define WORLD_EVENTS 32

struct world {
    struct bindery_ue_crypto table;
    struct bindery_ue_settings settings;
    struct bindery_ue_identity identity;
    struct bindery_ue_host host;
    struct bindery_ue_usim usim;
    struct bindery_ue ue;
    uint8_t buffer[4096];
    uint64_t now;

    /* flash */
    uint8_t image[BINDERY_UE_IMAGE_MAX];
    size_t image_n;
    uint64_t sequences[BINDERY_UE_USIM_SEQUENCES];
    unsigned stores;
    bool store_fails;
    uint8_t record[BINDERY_UE_KEYS_MAX]; /* of the keys */
    size_t record_n;
    unsigned record_stores;
    bool store_keys_fails;
    char stored[32]; /* 'k' and 'i', in the order in which keys and images came */

    /* what came out */
    struct bindery_ue_uplink up; /* pdu points to up_pdu; n 0: none */
    uint8_t up_pdu[BINDERY_UE_UPLINK_MAX];
    struct bindery_ue_event events[WORLD_EVENTS];
    unsigned events_n;

    /* the network */
    struct crypto c;
    struct aka_keys keys;
    struct key_kme kme;
    uint64_t sqn;
    struct binding_vector vector;
    bool has_security;
    struct nas_security security;
    uint8_t opened[BINDERY_UE_UPLINK_MAX];
    struct bytes plain; /* of the last uplink, opened */
    uint8_t sht;        /* it came under */
    uint8_t attach[BINDERY_UE_UPLINK_MAX];
    size_t attach_n;
    struct nas_guti guti;
    uint8_t eea, eia;
};

/* ---- the device's side ---- */

static void world_note(struct world *w, char what)
{
    const size_t n = strlen(w->stored);
    if (n < sizeof w->stored - 1) {
        w->stored[n] = what;
    }
}

static bool world_store(void *ctx, const uint8_t *image, size_t n)
{
    struct world *w = ctx;
    if (w->store_fails) {
        return false;
    }
    assert_true(n <= sizeof w->image);
    memcpy(w->image, image, n);
    w->image_n = n;
    bindery_ue_usim_sequences(&w->usim, w->sequences);
    w->stores++;
    world_note(w, 'i');
    return true;
}

static bool world_store_keys(void *ctx, const uint8_t *keys, size_t n)
{
    struct world *w = ctx;
    if (w->store_keys_fails) {
        return false;
    }
    assert_true(n <= sizeof w->record);
    memcpy(w->record, keys, n);
    w->record_n = n;
    w->record_stores++;
    world_note(w, 'k');
    return true;
}

static void world_boot(struct world *w, bool with_image)
{
    struct bindery_ue_usim_keys keys = {.algorithm = BINDERY_UE_MILENAGE,
                                        .k_n = w->keys.k.n,
                                        .opc_n = w->keys.opc.n,
                                        .res_n = w->keys.res_len};
    memcpy(keys.k, w->keys.k.b, sizeof keys.k);
    memcpy(keys.opc, w->keys.opc.b, sizeof keys.opc);
    memset(&w->usim, 0xee, sizeof w->usim); /* what was in memory is gone */
    memset(&w->ue, 0xee, sizeof w->ue);
    memset(w->buffer, 0xee, sizeof w->buffer);
    w->up.n = 0;
    w->events_n = 0;
    w->identity.keys = w->record_n > 0 ? w->record : NULL;
    w->identity.keys_n = w->record_n;
    assert_int_equal(bindery_ue_usim_init(&w->usim, &w->table, &keys, w->sequences), BINDERY_UE_OK);
    assert_int_equal(bindery_ue_init(&w->ue, &w->table, &w->host, &w->settings, &w->identity,
                                     w->buffer, sizeof w->buffer,
                                     with_image && w->image_n > 0 ? w->image : NULL, w->image_n),
                     BINDERY_UE_OK);
}

static inline void world_open(struct world *w)
{
    memset(w, 0, sizeof *w);
    assert_ok(platform_openssl_open(&w->table));
    assert_ok(crypto_openssl_open(&w->c));
    w->now = 1000000;
    w->settings = (struct bindery_ue_settings){
        .eea = 0xf0, .eia = 0x70, .pdn_type = 1, .apn = "internet", .unprotected_limit = 3};
    memcpy(w->identity.imsi, WORLD_IMSI, 15);
    w->identity.imsi_n = 15;
    memcpy(w->identity.imeisv, WORLD_IMEISV, 16);
    memset(w->kme.b, 0x5c, sizeof w->kme.b);
    w->identity.kme = w->kme.b;
    w->host = (struct bindery_ue_host){.ctx = w,
                                       .usim = bindery_ue_usim_authenticate,
                                       .usim_ctx = &w->usim,
                                       .store = world_store,
                                       .store_keys = world_store_keys};
    w->keys = (struct aka_keys){
        .algorithm = AKA_MILENAGE, .k = {.n = 16}, .opc = {.n = 16}, .res_len = 8};
    memset(w->keys.k.b, 0x11, 16);
    memset(w->keys.opc.b, 0x22, 16);
    w->sqn = 32;
    w->eea = NAS_EEA2;
    w->eia = NAS_EIA2;
    assert_ok(plmn_parse(BYTES_LIT("001-01"), &w->guti.plmn));
    w->guti.mme_group_id = 0x8001;
    w->guti.mme_code = 7;
    w->guti.m_tmsi = 0xc0ffee01;
    world_boot(w, false);
}

static inline void world_close(struct world *w)
{
    bindery_ue_wipe(&w->ue);
    platform_openssl_close(&w->table);
    crypto_openssl_close(&w->c);
}

/* ---- what came out ---- */

/* Takes it all; events are appended, the uplink replaces the one before. */
static inline void world_take(struct world *w)
{
    struct bindery_ue_event e;
    struct bindery_ue_uplink up;
    w->up.n = 0;
    while (bindery_ue_uplink(&w->ue, &up)) {
        w->up = up;
        memcpy(w->up_pdu, up.pdu, up.n);
        w->up.pdu = w->up_pdu;
    }
    while (bindery_ue_next_event(&w->ue, &e)) {
        assert_true(w->events_n < WORLD_EVENTS);
        w->events[w->events_n++] = e;
    }
}

static inline const struct bindery_ue_event *world_event(const struct world *w,
                                                         enum bindery_ue_event_kind kind)
{
    for (unsigned i = w->events_n; i > 0; i--) {
        if (w->events[i - 1].kind == kind) {
            return &w->events[i - 1];
        }
    }
    return NULL;
}

static inline enum bindery_ue_refusal world_refusal(const struct world *w)
{
    const struct bindery_ue_event *e = world_event(w, BINDERY_UE_EVENT_REFUSED);
    return e != NULL ? e->refusal : BINDERY_UE_REFUSED_NONE;
}

/* ---- doing things to the device ---- */

static inline void world_camp(struct world *w, uint16_t tac)
{
    struct bindery_ue_cell cell = {.tac = tac};
    plmn_to_octets(&w->guti.plmn, cell.plmn);
    w->events_n = 0;
    assert_int_equal(bindery_ue_camp(&w->ue, w->now, &cell), BINDERY_UE_OK);
    world_take(w);
}

static inline void world_attach(struct world *w)
{
    w->events_n = 0;
    assert_int_equal(bindery_ue_attach(&w->ue, w->now), BINDERY_UE_OK);
    world_take(w);
}

static inline void world_lower(struct world *w, enum bindery_ue_lower what)
{
    w->events_n = 0;
    assert_int_equal(bindery_ue_lower(&w->ue, w->now, what), BINDERY_UE_OK);
    world_take(w);
}

static inline void world_down(struct world *w, struct bytes pdu)
{
    uint8_t *exact = exact_copy(pdu);
    w->events_n = 0;
    assert_int_equal(bindery_ue_downlink(&w->ue, w->now, exact, pdu.n), BINDERY_UE_OK);
    free(exact);
    world_take(w);
}

/* To the next deadline; false when there is none. */
static inline bool world_wait(struct world *w)
{
    uint64_t at = bindery_ue_deadline(&w->ue);
    w->events_n = 0;
    w->up.n = 0;
    if (at == BINDERY_UE_NEVER) {
        return false;
    }
    w->now = at > w->now ? at : w->now;
    assert_int_equal(bindery_ue_tick(&w->ue, w->now), BINDERY_UE_OK);
    world_take(w);
    return true;
}

/* ---- the network ---- */

static inline void net_plain(struct world *w, const struct nas_message *m, const void *in)
{
    uint8_t out[2048];
    size_t n = 0;
    assert_ok(nas_write(m, in, MBYTES_OF(out), &n));
    world_down(w, (struct bytes){out, n});
}

/* Protects without sending. */
static inline struct bytes net_protect(struct world *w, uint8_t sht, const struct nas_message *m,
                                       const void *in, struct mbytes out)
{
    uint8_t plain[1024];
    size_t n = 0, made = 0;
    assert_ok(nas_write(m, in, MBYTES_OF(plain), &n));
    assert_true(w->has_security);
    assert_ok(nassec_protect(&w->c, &w->security, sht, (struct bytes){plain, n}, out, &made));
    return (struct bytes){out.p, made};
}

static inline void net_secured(struct world *w, const struct nas_message *m, const void *in)
{
    uint8_t out[1100];
    world_down(w, net_protect(w, NAS_SHT_CIPHERED, m, in, MBYTES_OF(out)));
}

/* The last uplink, opened under the network's context if it is protected and can be. */
static inline uint8_t net_open(struct world *w)
{
    struct nas_pdu p;
    struct nassec_received got;
    assert_true(w->up.n > 0);
    const struct bytes pdu = {w->up_pdu, w->up.n};
    assert_ok(nas_peek(pdu, &p));
    w->sht = p.sht;
    if (p.kind == NAS_SERVICE_REQUEST) {
        return 0;
    }
    if (p.kind == NAS_PROTECTED && w->has_security &&
        nassec_unprotect(&w->c, &w->security, pdu, MBYTES_OF(w->opened), &got) == E_OK) {
        w->plain = (struct bytes){w->opened, got.n};
    } else if (p.kind == NAS_PROTECTED) { /* a context that is not ours: 4.4.4.3 */
        w->plain = p.inner;
    } else {
        w->plain = pdu;
    }
    assert_ok(nas_peek(w->plain, &p));
    return p.type;
}

/* An uplink of this type, parsed. */
static inline void net_expect(struct world *w, const struct nas_message *m, void *out)
{
    assert_int_equal(net_open(w), m->type);
    assert_ok(nas_parse(m, w->plain, out, NULL));
}

static inline void net_expect_attach(struct world *w, struct nas_attach_request *out)
{
    net_expect(w, &nas_attach_request_message, out);
    memcpy(w->attach, w->plain.p, w->plain.n);
    w->attach_n = w->plain.n;
}

/* A challenge, made but not sent; processed: under this KME, or NULL. */
static inline struct nas_authentication_request net_vector(struct world *w,
                                                           const struct key_kme *kme)
{
    uint8_t sn[3];
    plmn_to_octets(&w->guti.plmn, sn);
    w->sqn += 32;
    assert_ok(binding_hss_vector(&w->c, &w->keys, kme, w->sqn, sn, &w->vector));
    return (struct nas_authentication_request){
        .ksi = 1, .rand = BYTES_OF(w->vector.rand), .autn = BYTES_OF(w->vector.autn.b)};
}

static inline void net_expect_res(struct world *w)
{
    struct nas_authentication_response m;
    net_expect(w, &nas_authentication_response_message, &m);
    assert_int_equal(m.res.n, w->vector.xres.n);
    assert_memory_equal(m.res.p, w->vector.xres.b, m.res.n);
}

static inline void net_challenge(struct world *w, const struct key_kme *kme)
{
    struct nas_authentication_request m = net_vector(w, kme);
    net_plain(w, &nas_authentication_request_message, &m);
    net_expect_res(w);
}

static inline struct nas_security_mode_command
net_command(struct world *w, uint8_t capability[static 2], uint8_t hash[static 8])
{
    capability[0] = w->settings.eea;
    capability[1] = w->settings.eia;
    assert_ok(nassec_hash_mme(&w->c, (struct bytes){w->attach, w->attach_n}, hash));
    return (struct nas_security_mode_command){.algorithms = nas_algorithms(w->eea, w->eia),
                                              .ksi = 1,
                                              .replayed_ue_security_capabilities = {capability, 2},
                                              .imeisv_request = NAS_U8_OF(NAS_IMEISV_REQUESTED),
                                              .hash_mme = {hash, 8}};
}

static inline void net_new_context(struct world *w)
{
    const struct nassec_agreement agreed = {.side = NASSEC_MME,
                                            .ksi = 1,
                                            .eea = (enum nas_eea)w->eea,
                                            .eia = (enum nas_eia)w->eia,
                                            .kasme = w->vector.kasme};
    assert_ok(nassec_establish(&w->c, &agreed, &w->security));
    w->has_security = true;
}

static inline void net_secure(struct world *w)
{
    uint8_t capability[2], hash[8], out[64];
    struct nas_security_mode_command m = net_command(w, capability, hash);
    struct nas_security_mode_complete complete;
    net_new_context(w);
    world_down(w, net_protect(w, NAS_SHT_INTEGRITY_NEW, &nas_security_mode_command_message, &m,
                              MBYTES_OF(out)));
    net_expect(w, &nas_security_mode_complete_message, &complete);
    assert_int_equal(w->sht, NAS_SHT_CIPHERED_NEW);
    assert_non_null(complete.imeisv.p);
}

struct net_accept {
    struct nas_attach_accept m;
    uint8_t tai[8], guti[16], esm[128];
    struct nas_activate_default_eps_bearer_context_request bearer;
};

static inline void net_make_accept(struct world *w, struct net_accept *a)
{
    static const uint8_t qos[] = {9};
    static const uint8_t apn[] = "\x08internet";
    static const uint8_t address[] = {1, 10, 0, 0, 2};
    struct nas_tai_list list = {.n = 1, .tai = {{.plmn = w->guti.plmn, .tac = 1}}};
    struct nas_eps_identity id = {.type = NAS_EPS_IDENTITY_GUTI, .guti = w->guti};
    size_t n = 0;
    memset(a, 0, sizeof *a);
    a->bearer.header.ebi = 5;
    a->bearer.header.pti = 1;
    a->bearer.eps_qos = BYTES_OF(qos);
    a->bearer.apn = (struct bytes){apn, 9};
    a->bearer.pdn_address = BYTES_OF(address);
    assert_ok(nas_write(&nas_activate_default_eps_bearer_context_request_message, &a->bearer,
                        MBYTES_OF(a->esm), &n));
    a->m.attach_result = NAS_EPS_ONLY;
    a->m.t3412 = nas_timer_of(3600);
    a->m.esm_message_container = (struct bytes){a->esm, n};
    assert_ok(nas_tai_list_write(&list, MBYTES_OF(a->tai), &a->m.tai_list));
    assert_ok(nas_eps_identity_write(&id, MBYTES_OF(a->guti), &a->m.guti));
}

static inline void net_accept(struct world *w)
{
    struct net_accept a;
    struct nas_attach_complete m;
    net_make_accept(w, &a);
    net_secured(w, &nas_attach_accept_message, &a.m);
    net_expect(w, &nas_attach_complete_message, &m);
    assert_int_equal(bindery_ue_state(&w->ue), BINDERY_UE_STATE_REGISTERED);
}

/* The device asks; up to and with SECURITY MODE COMPLETE; all of it. */
static inline void world_begin(struct world *w)
{
    struct nas_attach_request m;
    world_camp(w, 1);
    world_attach(w);
    net_expect_attach(w, &m);
}

static inline void world_secure(struct world *w)
{
    world_begin(w);
    net_challenge(w, &w->kme);
    net_secure(w);
}

static inline void world_register(struct world *w)
{
    world_secure(w);
    net_accept(w);
}

#endif
