/* test/emulator/discovery_site.h - an operator that devices with dIMSIs discover, behind the small
 * MME of test/emulator/mme.h: what D-AUSF, target AUSF and RSMF know, and do, of procedure dimsi.
 * The i-th device of the site has the dIMSI 901700000000000 + i; what the RSMF has for it is asked
 * for as emulator/rsm.h says, without a socket: this file stands in the place of emulator/rsm.c.
 */
#ifndef BINDERY_TEST_EMULATOR_DISCOVERY_SITE_H
#define BINDERY_TEST_EMULATOR_DISCOVERY_SITE_H

#include "device_linux/se_factory.h"
#include "emulator/mme.h"
#include "emulator/rsm.h"

#define SITE_DIMSIS   32
#define SITE_DIMSI    UINT64_C(901700000000000)
#define SITE_IMSI     UINT64_C(1010000700000) /* with two zeros before */
#define SITE_OWN_IMSI UINT64_C(1010000800000)
#define SITE_UES_AT   (MME_UES - 3 * SITE_DIMSIS)

struct site_entry {
    bool known;  /* to the D-AUSF */
    bool wanted; /* by the target AUSF; its IMSI is in service */
    bool own;    /* what the RSMF gave out is in service */
    struct key_ek ek;
    struct imsi dimsi, imsi, own_imsi;
    struct aka_keys own_keys;
    struct dimsi_challenge challenge;
    struct dimsi_delivery delivery;
};
struct discovery_site {
    struct mme_discovery hooks;
    struct mme_home home;
    struct factory factory;
    struct crypto *c;
    struct site_entry entry[SITE_DIMSIS];
    /* what it does */
    bool other_imsi; /* challenges bring another one */
    bool refuses_own;
    uint8_t ends_with;     /* EMM cause of the reject after security; 0: 17 */
    uint8_t rejects_imsi;  /* EMM cause for the IMSIs that came for dIMSIs; 0: they are served */
    enum rsm_outcome rsmf; /* what it answers; RSM_DONE: what is right */
    unsigned untrusted;    /* so often first it has another name */
    bool of_another;       /* what it gives is another operator's */
    /* what it saw */
    unsigned first_attaches, fetched, confirmed;
    char hosts[4][RSM_HOST_MAX];
    unsigned n_hosts;
    uint8_t request[RSM_REQUEST_LEN];
};
static struct discovery_site *the_site; /* the RSMF's, which is called by name */

static inline struct imsi site_imsi(uint64_t number)
{
    struct imsi imsi;
    char text[IMSI_DIGITS_MAX + 1];
    (void)snprintf(text, sizeof text, "%015llu", (unsigned long long)number);
    assert_ok(imsi_parse(bytes_of_str(text), &imsi));
    return imsi;
}

/* ---- MME's view ---- */

static inline struct mme_ue *site_ue(struct mme *m, size_t i, const struct imsi *imsi,
                                     const struct aka_keys *keys)
{
    struct mme_ue *u = &m->ue[SITE_UES_AT + i];
    u->known = true;
    u->imsi = *imsi;
    u->device.imsi = *imsi;
    u->device.keys = *keys;
    return u;
}

static inline struct mme_ue *site_find(void *ctx, struct mme *m, const struct imsi *imsi)
{
    struct discovery_site *s = ctx;
    struct aka_keys keys;
    memset(&keys, 0, sizeof keys);
    for (size_t i = 0; i < SITE_DIMSIS; i++) {
        const struct site_entry *e = &s->entry[i];
        if (e->known && imsi_eq(imsi, &e->dimsi)) {
            return site_ue(m, i, imsi, &keys);
        }
        if (e->wanted && imsi_eq(imsi, &e->imsi)) {
            assert_ok(dimsi_aka_keys(s->c, &e->ek, &e->dimsi, &e->imsi, &keys));
            return site_ue(m, SITE_DIMSIS + i, imsi, &keys);
        }
        if (e->own && imsi_eq(imsi, &e->own_imsi)) {
            return site_ue(m, 2 * SITE_DIMSIS + i, imsi, &e->own_keys);
        }
    }
    return NULL;
}

static inline struct site_entry *site_entry_of(struct discovery_site *s, const struct mme *m,
                                               const struct mme_ue *u)
{
    const size_t i = (size_t)(u - m->ue) - SITE_UES_AT;
    return u >= &m->ue[SITE_UES_AT] && i < SITE_DIMSIS ? &s->entry[i] : NULL;
}

static inline bool site_vector(void *ctx, struct mme *m, struct mme_ue *u,
                               const uint8_t sn[static 3])
{
    struct discovery_site *s = ctx;
    const struct site_entry *e = site_entry_of(s, m, u);
    struct imsi other = site_imsi(SITE_IMSI + 99);
    struct dimsi_challenge ch;
    if (e == NULL) {
        return false;
    }
    ch = e->challenge;
    if (s->other_imsi) {
        assert_ok(dimsi_ausf_challenge(s->c, &e->ek, &e->dimsi, &other, &ch));
    }
    memset(&u->vector, 0, sizeof u->vector);
    memcpy(u->vector.rand, ch.rand.b, 16);
    u->vector.autn = ch.autn;
    u->vector.xres = ch.xres;
    assert_ok(dimsi_dausf_kasme(s->c, &ch, sn, &u->vector.kasme));
    return true;
}

static inline const struct key_kme *site_no_kme(void *ctx, const struct mme_ue *u)
{
    (void)ctx;
    (void)u;
    return NULL;
}

/* The update of the location of a dIMSI is refused: 5012, which is #17 for the device. */
static inline bool site_complete(void *ctx, struct mme *m, struct mme_ue *u)
{
    struct discovery_site *s = ctx;
    if (site_entry_of(s, m, u) == NULL) {
        return false;
    }
    s->first_attaches++;
    m->reject = s->ends_with != 0 ? s->ends_with : 17;
    mme_reject(m, u, true);
    m->reject = 0;
    return true;
}

static inline bool site_message(void *ctx, struct mme *m, struct mme_ue *u, uint8_t type,
                                struct bytes plain)
{
    struct discovery_site *s = ctx;
    const struct nas_attach_reject reject = {.emm_cause = s->rejects_imsi};
    const size_t i = (size_t)(u - m->ue) - SITE_UES_AT;
    (void)plain;
    if (type != NAS_ATTACH_REQUEST || s->rejects_imsi == 0 || u < &m->ue[SITE_UES_AT] ||
        i / SITE_DIMSIS != 1) {
        return false;
    }
    mme_plain(m, u, &nas_attach_reject_message, &reject);
    mme_release(m, u);
    return true;
}

static inline struct discovery_site *discovery_site_open(struct mme *m)
{
    struct discovery_site *s = calloc(1, sizeof *s);
    assert_non_null(s);
    s->c = &m->c;
    factory_open(&s->factory);
    s->hooks = (struct mme_discovery){.ctx = s, .find = site_find, .vector = site_vector};
    s->home = (struct mme_home){
        .ctx = s, .key = site_no_kme, .complete = site_complete, .message = site_message};
    m->discovery = &s->hooks;
    m->home = &s->home;
    the_site = s;
    return s;
}

static inline void discovery_site_close(struct discovery_site *s)
{
    factory_close(&s->factory);
    free(s);
    the_site = NULL;
}

/* ---- before it is deployed ---- */

/* The operator accepts the i-th device: eK is the one that the token stands for. */
static inline void site_accept(struct discovery_site *s, size_t i, struct bytes token)
{
    struct site_entry *e = &s->entry[i];
    struct dimsi_atk atk;
    struct bytes content;
    assert_ok(dimsi_atk_read(token, &atk, &content));
    factory_ek(&s->factory, s->c, &atk, &e->ek);
    e->dimsi = atk.dimsi;
    e->imsi = site_imsi(SITE_IMSI + i);
    e->own_imsi = site_imsi(SITE_OWN_IMSI + i);
    e->own_keys = (struct aka_keys){.algorithm = AKA_MILENAGE, .res_len = 8};
    e->own_keys.k.n = e->own_keys.opc.n = 16;
    memset(e->own_keys.k.b, (int)(0x10 + i), 16);
    memset(e->own_keys.opc.b, (int)(0x60 + i), 16);
    assert_ok(dimsi_ausf_challenge(s->c, &e->ek, &e->dimsi, &e->imsi, &e->challenge));
    e->delivery = (struct dimsi_delivery){.phase = DIMSI_DELIVERY_READY};
    e->known = e->wanted = e->own = true;
}

/* The i-th device gets the i-th dIMSI; the operator accepts it, if told so. */
static inline void site_order(struct discovery_site *s, struct device_state *d, size_t i,
                              bool accepts)
{
    const struct imsi dimsi = site_imsi(SITE_DIMSI + i);
    uint8_t token[DIMSI_ATK_MAX];
    size_t n = 0;
    const struct dimsi_slot slot = factory_agree(&s->factory, s->c, d, dimsi.digits, token, &n);
    assert_ok(device_state_agreed(d, &slot));
    if (accepts) {
        site_accept(s, i, (struct bytes){token, n});
    }
}

static inline struct device_state site_device(struct discovery_site *s, size_t i, bool accepts)
{
    char imei[32];
    (void)snprintf(imei, sizeof imei, "001017%08u", 100 + (unsigned)i);
    struct device_state d = factory_device(&s->factory, imei);
    site_order(s, &d, i, accepts);
    return d;
}

/* ---- the RSMF, in the place of emulator/rsm.c ---- */

const char *rsm_outcome_name(enum rsm_outcome o)
{
    static const char *const names[] = {
#define X(name, text, again, sentence) text,
        RSM_OUTCOME_LIST(X)
#undef X
    };
    return names[o];
}

const char *rsm_outcome_sentence(enum rsm_outcome o)
{
    static const char *const sentences[] = {
#define X(name, text, again, sentence) sentence,
        RSM_OUTCOME_LIST(X)
#undef X
    };
    return sentences[o];
}

bool rsm_outcome_again(enum rsm_outcome o)
{
    return o != RSM_DONE;
}

void rsm_host(const struct plmn *home, char out[static RSM_HOST_MAX])
{
    char realm[REALM_TEXT_MAX];
    plmn_realm(home, realm);
    (void)snprintf(out, RSM_HOST_MAX, "rsmf.%s", realm);
}

/* Whose SE signs what it is handed. */
static inline struct site_entry *site_asked(const struct rsm_se *se, const struct rsm_place *place)
{
    struct discovery_site *s = the_site;
    uint8_t signature[64];
    assert_non_null(s);
    rsm_host(&place->home, s->hosts[s->n_hosts++ % 4]);
    assert_int_equal(se->n_chain, 2);
    assert_int_equal(se->n_ci, 1);
    assert_true(se->sign(se->ctx, (const uint8_t *)"a handshake", 11, signature));
    for (size_t i = 0; i < SITE_DIMSIS; i++) {
        if (s->entry[i].known) {
            return &s->entry[i]; /* the tests have one device at the RSMF */
        }
    }
    return NULL;
}

static inline enum rsm_outcome site_answer(enum dimsi_decision d, enum dimsi_cause why)
{
    return d != DIMSI_REFUSE          ? RSM_DONE
           : why == DIMSI_FETCHED     ? RSM_FETCHED
           : why == DIMSI_NOT_FETCHED ? RSM_NOT_FETCHED
                                      : RSM_NO_PROFILE;
}

enum rsm_outcome rsm_fetch(const struct rsm_se *se, const struct rsm_place *place,
                           const uint8_t request[static RSM_REQUEST_LEN],
                           uint8_t profile[static CERTATTACH_PROFILE_MAX], size_t *n,
                           char why[static RSM_WHY_MAX])
{
    struct discovery_site *s = the_site;
    struct site_entry *e = site_asked(se, place);
    enum dimsi_cause cause = DIMSI_NONE;
    why[0] = '\0';
    *n = 0;
    if (s->untrusted > 0) {
        s->untrusted--;
        return RSM_UNTRUSTED;
    }
    if (s->rsmf != RSM_DONE) {
        return s->rsmf;
    }
    memcpy(s->request, request, sizeof s->request);
    const enum dimsi_decision d = dimsi_rsmf_fetch(&e->delivery, request, &cause);
    if (d == DIMSI_NEW) {
        e->delivery.phase = DIMSI_DELIVERY_FETCHED;
        memcpy(e->delivery.request, request, sizeof e->delivery.request);
    }
    if (d != DIMSI_REFUSE) {
        struct certattach_profile p = {.imsi = e->own_imsi,
                                       .keys = e->own_keys,
                                       .home = {"001", "01"},
                                       .policy = BINDING_OPEN,
                                       .n_apns = 1,
                                       .apns = {"internet"}};
        p.keys.k.b[0] ^= s->refuses_own;
        if (s->of_another) {
            p.home = (struct plmn){"999", "70"};
            assert_ok(imsi_parse(BYTES_LIT("999700000000001"), &p.imsi));
        }
        assert_ok(certattach_profile_write(&p, profile, n));
        s->fetched++;
    }
    return site_answer(d, cause);
}

enum rsm_outcome rsm_confirm(const struct rsm_se *se, const struct rsm_place *place,
                             const uint8_t request[static RSM_REQUEST_LEN],
                             char why[static RSM_WHY_MAX])
{
    struct discovery_site *s = the_site;
    struct site_entry *e = site_asked(se, place);
    enum dimsi_cause cause = DIMSI_NONE;
    why[0] = '\0';
    if (s->rsmf != RSM_DONE) {
        return s->rsmf;
    }
    const enum dimsi_decision d = dimsi_rsmf_confirm(&e->delivery, request, &cause);
    if (d == DIMSI_NEW) {
        e->delivery.phase = DIMSI_DELIVERY_CONFIRMED;
        s->confirmed++;
    }
    return site_answer(d, cause);
}

#endif
