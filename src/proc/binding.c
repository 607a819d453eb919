#include "proc/binding.h"

#include "crypto/kdf.h"

#include <string.h>

static const char *const policy_names[] = {
    [BINDING_OPEN] = "open",
    [BINDING_LEARN] = "learn",
    [BINDING_BOUND] = "bound",
};

const char *binding_policy_name(enum binding_policy p)
{
    return (size_t)p < sizeof policy_names / sizeof *policy_names ? policy_names[p] : "unknown";
}

enum err binding_policy_parse(struct bytes ascii, enum binding_policy *out)
{
    for (size_t i = 0; i < sizeof policy_names / sizeof *policy_names; i++) {
        if (bytes_eq(ascii, bytes_of_str(policy_names[i]))) {
            *out = (enum binding_policy)i;
            return E_OK;
        }
    }
    return E_BAD_VALUE;
}

/* ---- step 1, HSS: which KME ---- */

static const struct binding_device *device_find(const struct binding_view *view,
                                                const struct imei *imei)
{
    for (size_t i = 0; i < view->n_devices; i++) {
        if (imei_eq(&view->devices[i].imei, imei)) {
            return &view->devices[i];
        }
    }
    return NULL;
}

static bool kme_eq(const struct key_kme *a, const struct key_kme *b)
{
    return crypto_ct_eq(BYTES_OF(a->b), BYTES_OF(b->b));
}

/* The first device with a KME, or NULL; *same tells whether all KMEs are equal (a group KME). */
/*= binding-keys */
static const struct binding_device *kme_first(const struct binding_view *view, bool *same)
{
    const struct binding_device *first = NULL;
    *same = true;
    for (size_t i = 0; i < view->n_devices; i++) {
        const struct binding_device *d = &view->devices[i];
        if (!d->has_kme) {
            continue;
        }
        if (first == NULL) {
            first = d;
        } else if (!kme_eq(&first->kme, &d->kme)) {
            *same = false;
        }
    }
    return first;
}

static enum refusal chosen(const struct binding_view *view, const struct binding_device *d,
                           struct binding_choice *out)
{
    *out = (struct binding_choice){.processed = true, .device = (uint8_t)(d - view->devices)};
    return REFUSAL_NONE;
}

/*= binding-alt binding-unlisted */
/* The IMEI that the network reports decides if it can; otherwise what the IMSI alone tells. */
static enum refusal choose_bound(const struct binding_view *view, const struct imei *served,
                                 struct binding_choice *out)
{
    const struct binding_device *d = NULL;
    if (served != NULL) {
        d = device_find(view, served);
        if (d == NULL) {
            return REFUSAL_IMEI_NOT_AUTHORISED;
        }
        return d->has_kme ? chosen(view, d, out) : REFUSAL_NO_KME;
    }
    if (view->has_last_imei && (d = device_find(view, &view->last_imei)) != NULL && d->has_kme) {
        return chosen(view, d, out);
    }
    bool same;
    d = kme_first(view, &same);
    if (d == NULL) {
        return REFUSAL_NO_KME;
    }
    return same ? chosen(view, d, out) : REFUSAL_KME_AMBIGUOUS;
}

/*= binding-1a binding-bound */
enum refusal binding_hss_choose(const struct binding_view *view, const struct imei *served,
                                struct binding_choice *out)
{
    bool same;
    bool bound = view->policy == BINDING_BOUND;
    /* Once one device of a `learn` subscription has its KME, a regular vector would undo it. */
    if (view->policy == BINDING_LEARN && kme_first(view, &same) != NULL) {
        bound = true;
    }
    if (bound) {
        return choose_bound(view, served, out);
    }
    if (view->policy == BINDING_LEARN && served != NULL && view->n_devices > 0 &&
        device_find(view, served) == NULL) {
        return REFUSAL_IMEI_NOT_AUTHORISED;
    }
    *out = (struct binding_choice){.processed = false, .device = 0};
    return REFUSAL_NONE;
}

/*= binding-group */
enum err binding_view_check(const struct binding_view *view, bool served_imei_known)
{
    bool same;
    const struct binding_device *first = kme_first(view, &same);
    if (view->policy == BINDING_BOUND && first == NULL) {
        return E_MISSING;
    }
    if (view->policy != BINDING_OPEN && !same && !served_imei_known) {
        return E_CONFLICT;
    }
    return E_OK;
}

/* ---- step 1, HSS: the vector ---- */

/*= binding-1b */
enum err binding_hss_encrypt(const struct crypto *c, const struct key_kme *kme,
                             const struct rand128 *rand, struct encrand *out)
{
    enum err err = c->aes128_key(c->ctx, kme->b);
    if (err == E_OK) {
        err = c->aes128_encrypt(c->ctx, rand->b, out->b, 1);
    }
    return err;
}

/*= binding-1c binding-amf */
/* The flag is in AMF, which f1 covers, so everything is computed with it in place. */
enum err binding_hss_vector(const struct crypto *c, const struct aka_keys *keys,
                            const struct key_kme *kme, uint64_t sqn, const uint8_t *sn_id,
                            struct binding_vector *out)
{
    enum err err = E_CRYPTO;
    struct rand128 rand;
    struct encrand travels;
    struct aka_vector v;
    struct key_kasme kasme = {{0}};
    uint16_t amf = kme != NULL ? BINDING_AMF_PROCESSED : BINDING_AMF_REGULAR;

    if ((err = c->random(c->ctx, MBYTES_OF(rand.b))) != E_OK) {
        goto out;
    }
    memcpy(travels.b, rand.b, sizeof travels.b);
    if (kme != NULL && (err = binding_hss_encrypt(c, kme, &rand, &travels)) != E_OK) {
        goto out;
    }
    if ((err = aka_auc_vector(c, keys, &rand, sqn, amf, &v)) != E_OK) {
        goto out;
    }
    /* AUTN begins with SQN xor AK, which is what KASME takes. */
    if (sn_id != NULL && (err = kdf_kasme(c, &v.ck, &v.ik, sn_id, v.autn.b, &kasme)) != E_OK) {
        goto out;
    }
    *out = (struct binding_vector){.processed = kme != NULL,
                                   .autn = v.autn,
                                   .xres = v.xres,
                                   .ck = v.ck,
                                   .ik = v.ik,
                                   .kasme = kasme};
    memcpy(out->rand, travels.b, sizeof out->rand);
out:
    wipe(&rand, sizeof rand);
    wipe(&v, sizeof v);
    wipe(&kasme, sizeof kasme);
    return err;
}

/* ---- steps 2 and 3, ME ---- */

static const char *const outcome_names[] = {
    [BINDING_ME_ANSWERED] = "answered",
    [BINDING_ME_REPEATED] = "repeated",
    [BINDING_ME_MAC_FAILURE] = "mac-failure",
    [BINDING_ME_SYNC_FAILURE] = "sync-failure",
    [BINDING_ME_NO_SEPARATION_BIT] = "no-separation-bit",
    [BINDING_ME_NO_KME] = "no-kme",
    [BINDING_ME_BROKEN] = "broken",
};

const char *binding_me_outcome_name(enum binding_me_outcome o)
{
    return (size_t)o < sizeof outcome_names / sizeof *outcome_names ? outcome_names[o] : "unknown";
}

/*= binding-3a */
/* What the USIM is given: RAND as received, or decrypted under KME. */
static enum err me_recover(const struct crypto *c, const struct binding_me *me,
                           const uint8_t received[static 16], bool processed, struct rand128 *out)
{
    if (!processed) {
        memcpy(out->b, received, sizeof out->b);
        return E_OK;
    }
    return c->aes128_decrypt(c->ctx, me->kme.b, received, out->b);
}

/*= binding-4 */
static enum binding_me_outcome me_ask_usim(struct binding_me *me, const struct usim_port *usim,
                                           const struct rand128 *rand,
                                           const uint8_t received[static 16],
                                           const struct autn *autn, struct usim_answer *out)
{
    enum err err = usim->authenticate(usim->ctx, rand, autn, out);
    if (err == E_BAD_MAC) {
        return BINDING_ME_MAC_FAILURE;
    }
    if (err == E_SYNC) {
        return BINDING_ME_SYNC_FAILURE;
    }
    if (err != E_OK) {
        return BINDING_ME_BROKEN;
    }
    me->answered = true;
    memcpy(me->last_rand, received, sizeof me->last_rand);
    me->last_answer = *out;
    return BINDING_ME_ANSWERED;
}

/*= binding-3b binding-repeat binding-factory */
enum binding_me_outcome binding_me_ask(const struct crypto *c, struct binding_me *me,
                                       const struct usim_port *usim, const uint8_t rand[static 16],
                                       const struct autn *autn, struct usim_answer *out)
{
    uint16_t amf = autn_amf(autn);
    bool processed = (amf & BINDING_AMF_PROCESSED & ~AMF_SEPARATION_BIT) != 0;
    if ((amf & AMF_SEPARATION_BIT) == 0) {
        return BINDING_ME_NO_SEPARATION_BIT;
    }
    if (me->answered && bytes_eq((struct bytes){rand, 16}, BYTES_OF(me->last_rand))) {
        *out = me->last_answer;
        return BINDING_ME_REPEATED;
    }
    if (processed && !me->has_kme) {
        return BINDING_ME_NO_KME;
    }
    struct rand128 plain;
    enum binding_me_outcome outcome = BINDING_ME_BROKEN;
    if (me_recover(c, me, rand, processed, &plain) == E_OK) {
        outcome = me_ask_usim(me, usim, &plain, rand, autn, out);
    }
    wipe(&plain, sizeof plain);
    return outcome;
}

struct soft_usim {
    const struct crypto *c;
    struct usim *usim;
};

MUST_USE static enum err soft_authenticate(void *ctx, const struct rand128 *rand,
                                           const struct autn *autn, struct usim_answer *out)
{
    const struct soft_usim *soft = ctx;
    return usim_authenticate(soft->c, soft->usim, rand, autn, out);
}

enum binding_me_outcome binding_me_challenge(const struct crypto *c, struct binding_me *me,
                                             struct usim *usim, const uint8_t rand[static 16],
                                             const struct autn *autn, struct usim_answer *out)
{
    struct soft_usim soft = {.c = c, .usim = usim};
    const struct usim_port port = {.ctx = &soft, .authenticate = soft_authenticate};
    return binding_me_ask(c, me, &port, rand, autn, out);
}

/* ---- resynchronisation, HSS ---- */

static enum err resync_under(const struct crypto *c, const struct aka_keys *keys,
                             const struct key_kme *kme, const uint8_t received[static 16],
                             const struct auts *auts, uint64_t *sqn_ms)
{
    struct rand128 rand;
    enum err err = c->aes128_decrypt(c->ctx, kme->b, received, rand.b);
    if (err == E_OK) {
        err = aka_auc_resync(c, keys, &rand, auts, sqn_ms);
    }
    wipe(&rand, sizeof rand);
    return err;
}

/* Only E_BAD_MAC leads on to the next key; anything else is the answer. */
static enum err resync_device(const struct crypto *c, const struct aka_keys *keys,
                              const struct binding_device *d, const uint8_t received[static 16],
                              const struct auts *auts, uint64_t *sqn_ms,
                              enum binding_auts_under *under)
{
    enum err err = E_BAD_MAC;
    if (d->has_kme) {
        *under = BINDING_AUTS_ACTIVE;
        err = resync_under(c, keys, &d->kme, received, auts, sqn_ms);
    }
    if (err == E_BAD_MAC && d->has_previous) {
        *under = BINDING_AUTS_PREVIOUS;
        err = resync_under(c, keys, &d->previous, received, auts, sqn_ms);
    }
    return err;
}

/*= binding-resync */
enum err binding_hss_resync(const struct crypto *c, const struct aka_keys *keys,
                            const struct binding_view *view, const uint8_t received_rand[static 16],
                            const struct auts *auts, uint64_t *sqn_ms,
                            enum binding_auts_under *under)
{
    struct rand128 plain;
    uint64_t found = 0;
    enum binding_auts_under which = BINDING_AUTS_PLAIN;
    memcpy(plain.b, received_rand, sizeof plain.b);
    enum err err = aka_auc_resync(c, keys, &plain, auts, &found);
    for (size_t i = 0; err == E_BAD_MAC && i < view->n_devices; i++) {
        err = resync_device(c, keys, &view->devices[i], received_rand, auts, &found, &which);
    }
    if (err == E_OK) {
        *sqn_ms = found;
        *under = which;
    }
    return err;
}

/* ---- step 5 ---- */

/*= binding-5b */
bool binding_failure_counts(uint32_t *in_a_row, uint32_t threshold)
{
    if (*in_a_row < UINT32_MAX) {
        (*in_a_row)++;
    }
    return threshold != 0 && *in_a_row == threshold;
}
