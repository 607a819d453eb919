#include "proc/kme.h"

#include "crypto/kdf.h"

#include <string.h>

/* ---- names ---- */

static const struct {
    const char *name, *sentence;
} causes[] = {
#define X(id, text, words) [KME_CAUSE_##id] = {.name = text, .sentence = words},
    KME_CAUSE_LIST(X)
#undef X
};

const char *kme_cause_name(enum kme_cause c)
{
    return (size_t)c < KME_CAUSES ? causes[c].name : "unknown";
}

const char *kme_cause_sentence(enum kme_cause c)
{
    return (size_t)c < KME_CAUSES ? causes[c].sentence : "unknown";
}

static const char *const request_names[] = {
    [KME_REQUEST_NONE] = "none", [KME_REQUEST_RENEW] = "renew", [KME_REQUEST_REBIND] = "rebind"};
#define REQUESTS (sizeof request_names / sizeof request_names[0])

const char *kme_request_name(enum kme_request r)
{
    return (size_t)r < REQUESTS ? request_names[r] : "unknown";
}

enum err kme_request_parse(struct bytes ascii, enum kme_request *out)
{
    for (size_t i = 0; i < REQUESTS; i++) {
        if (bytes_eq(ascii, bytes_of_str(request_names[i]))) {
            *out = (enum kme_request)i;
            return E_OK;
        }
    }
    return E_BAD_VALUE;
}

const char *kme_due_name(enum kme_due d)
{
    static const char *const names[] = {[KME_DUE_NOT] = "not",
                                        [KME_DUE_FIRST] = "first",
                                        [KME_DUE_RENEWAL] = "renewal",
                                        [KME_DUE_REBINDING] = "rebinding"};
    return (size_t)d < sizeof names / sizeof names[0] ? names[d] : "unknown";
}

/* ---- step 3, HSS ---- */

static size_t device_at(const struct binding_view *view, const struct imei *imei)
{
    size_t i = 0;
    while (i < view->n_devices && !imei_eq(&view->devices[i].imei, imei)) {
        i++;
    }
    return i; /* n_devices: it is not on the list */
}

static bool other_has_kme(const struct binding_view *view, size_t but)
{
    bool found = false;
    for (size_t i = 0; i < view->n_devices; i++) {
        found = found || (i != but && view->devices[i].has_kme);
    }
    return found;
}

/* Is there a key of the device that asks, or, where nobody says which one that is, of any? */
static bool key_held(const struct binding_view *view, const struct imei *served)
{
    if (served == NULL) {
        return other_has_kme(view, BINDING_DEVICES_MAX);
    }
    size_t i = device_at(view, served);
    return i < view->n_devices && view->devices[i].has_kme;
}

/*= kme-3 kme-learn kme-rebind */
enum kme_due kme_home_due(const struct binding_view *view, const struct kme_home *home,
                          const struct imei *served)
{
    if (view->policy == BINDING_OPEN) {
        return KME_DUE_NOT;
    }
    if (home->request == KME_REQUEST_REBIND) {
        /* While it is to be bound to one device and no other, no other is learned either. */
        bool another =
            served != NULL && home->request_has_imei && !imei_eq(served, &home->request_imei);
        return another ? KME_DUE_NOT : KME_DUE_REBINDING;
    }
    if (key_held(view, served)) {
        return home->request == KME_REQUEST_RENEW ? KME_DUE_RENEWAL : KME_DUE_NOT;
    }
    bool listed =
        served == NULL || view->n_devices == 0 || device_at(view, served) < view->n_devices;
    return view->policy == BINDING_LEARN && listed ? KME_DUE_FIRST : KME_DUE_NOT;
}

/* ---- step 4, HSS ---- */

/*= kme-offer-stands */
/* One that has more left than a new one would have was made under another configuration. */
bool kme_home_stands(const struct kme_home *home, enum kme_due due, int64_t now, uint32_t lifetime)
{
    return home->phase == KME_OFFERED && due != KME_DUE_NOT && home->due == due &&
           home->expires - now >= lifetime / 2 && home->expires - now <= lifetime;
}

/*= kme-renewal-waits */
bool kme_home_rests(const struct kme_home *home, enum kme_due due, int64_t now, uint32_t lifetime)
{
    const int64_t age = now - home->expires + lifetime;
    if (due != KME_DUE_RENEWAL || home->phase != KME_OFFERED) {
        return false;
    }
    if (home->due != due) {
        return kme_home_stands(home, home->due, now, lifetime);
    }
    return !kme_home_stands(home, due, now, lifetime) && age >= 0 &&
           age < KME_REST * (int64_t)lifetime;
}

/*= kme-nonce kme-consent */
enum err kme_home_offer(const struct crypto *c, enum kme_due due, int64_t now, uint32_t lifetime,
                        struct kme_home *home)
{
    uint8_t nonce[KME_NONCE_LEN];
    if (due == KME_DUE_NOT) {
        return E_BAD_STATE;
    }
    enum err err = c->random(c->ctx, MBYTES_OF(nonce));
    if (err != E_OK) {
        return err;
    }
    nonce[0] = (uint8_t)((nonce[0] & 0x7f) | (due == KME_DUE_RENEWAL ? 0x80 : 0));
    memcpy(home->nonce, nonce, sizeof home->nonce);
    home->phase = KME_OFFERED;
    home->due = due;
    home->expires = now + lifetime;
    wipe(home->nw_sig, sizeof home->nw_sig);
    return E_OK;
}

void kme_home_request(struct kme_home *home, enum kme_request request, const struct imei *imei)
{
    home->phase = KME_IDLE;
    wipe(home->nw_sig, sizeof home->nw_sig);
    home->request = request;
    home->request_has_imei = imei != NULL;
    home->request_imei = imei != NULL ? *imei : (struct imei){""};
}

/* ---- step 5: what the device and the HSS compute alike ---- */

static void put(struct wr *w, struct bytes item)
{
    wr_be16(w, (uint16_t)item.n);
    wr_put(w, item);
}

static struct bytes digits_of(const struct imei *imei)
{
    return (struct bytes){(const uint8_t *)imei->digits, IMEI_DIGITS};
}

/*= kme-covers */
struct bytes kme_sig_content(const struct key_kme *kme, const struct kme_parties *parties,
                             const uint8_t rme[static KME_RME_LEN],
                             const uint8_t nonce[static KME_NONCE_LEN], const uint8_t *consent,
                             uint8_t out[static KME_SIG_CONTENT_MAX])
{
    uint8_t imsi[IMSI_BCD_LEN], home[PLMN_LEN];
    struct wr w = wr_of((struct mbytes){out, KME_SIG_CONTENT_MAX});
    imsi_to_bcd(&parties->imsi, imsi);
    plmn_to_octets(&parties->home, home);
    put(&w, BYTES_LIT(KME_SIG_LABEL));
    put(&w, BYTES_OF(kme->b));
    put(&w, digits_of(&parties->imei));
    put(&w, BYTES_OF(imsi));
    put(&w, BYTES_OF(home));
    put(&w, (struct bytes){rme, KME_RME_LEN});
    put(&w, (struct bytes){nonce, KME_NONCE_LEN});
    put(&w, (struct bytes){consent, consent != NULL ? 32 : 0});
    return wr_done(&w);
}

enum err kme_consent(const struct crypto *c, const struct key_kme *old,
                     const uint8_t nonce[static KME_NONCE_LEN], uint8_t out[static 32])
{
    const struct bytes item = {nonce, KME_NONCE_LEN};
    return kdf_own(c, BYTES_OF(old->b), "kme consent", &item, 1, out);
}

/*= kme-padding */
void kme_oaep_label(const struct imsi *imsi, const struct imei *imei,
                    const uint8_t nonce[static KME_NONCE_LEN],
                    uint8_t out[static KME_OAEP_LABEL_LEN])
{
    uint8_t bcd[IMSI_BCD_LEN];
    struct wr w = wr_of((struct mbytes){out, KME_OAEP_LABEL_LEN});
    imsi_to_bcd(imsi, bcd);
    put(&w, BYTES_OF(bcd));
    put(&w, digits_of(imei));
    put(&w, (struct bytes){nonce, KME_NONCE_LEN});
}

/*= kme-nwsig */
enum err kme_nw_sig(const struct crypto *c, const struct key_kme *kme,
                    const uint8_t rme[static KME_RME_LEN], uint8_t out[static KME_NW_SIG_LEN])
{
    const struct bytes parts[] = {BYTES_OF(kme->b), {rme, KME_RME_LEN}};
    return c->sha256(c->ctx, parts, 2, out);
}

/* ---- step 5, ME ---- */

/* {KME | KME_SIG | RME} as it is before it is encrypted. */
struct plaintext {
    uint8_t kme[KME_LEN];
    uint8_t sig[KME_SIG_LEN];
    uint8_t rme[KME_RME_LEN];
};
_Static_assert(sizeof(struct plaintext) == KME_PLAINTEXT_LEN, "nothing between the three");

/*= kme-5b */
static enum err me_sign(const struct crypto *c, const struct kme_device *device,
                        const struct kme_me *me, const uint8_t nonce[static KME_NONCE_LEN],
                        const struct key_kme *kme, struct plaintext *plain)
{
    uint8_t consent[32], content[KME_SIG_CONTENT_MAX];
    size_t n = sizeof plain->sig;
    bool consents = me->has_active && kme_nonce_wants_consent(nonce);
    enum err err = consents ? kme_consent(c, &me->active, nonce, consent) : E_OK;
    if (err == E_OK) {
        const struct bytes signed_octets = kme_sig_content(kme, &device->parties, plain->rme, nonce,
                                                           consents ? consent : NULL, content);
        err = device->signer->sign(device->signer->ctx, signed_octets, plain->sig, &n);
    }
    wipe(consent, sizeof consent);
    wipe(content, sizeof content);
    return err == E_OK && n == sizeof plain->sig ? E_OK : E_CRYPTO;
}

/*= kme-5d */
static enum err me_encrypt(const struct kme_device *device,
                           const uint8_t nonce[static KME_NONCE_LEN], struct bytes plain)
{
    const struct kme_parties *p = &device->parties;
    uint8_t label[KME_OAEP_LABEL_LEN];
    kme_oaep_label(&p->imsi, &p->imei, nonce, label);
    return device->encrypter->encrypt(device->encrypter->ctx, device->modulus, BYTES_OF(label),
                                      plain, device->room);
}

/* A struct kme_pending but for what is encrypted, which is in the device's room. */
struct made {
    struct key_kme kme;
    uint8_t xnw_sig[KME_NW_SIG_LEN];
};

/*= kme-5a kme-5c kme-5e kme-one-key */
/* The KME that is pending, or a fresh one, under a fresh RME. */
static enum err me_make(const struct crypto *c, const struct kme_device *device,
                        const uint8_t nonce[static KME_NONCE_LEN], const struct kme_me *me,
                        struct made *made)
{
    struct plaintext plain;
    enum err err = E_OK;
    if (me->pending.present) {
        made->kme = me->pending.kme;
    } else {
        err = c->random(c->ctx, MBYTES_OF(made->kme.b));
    }
    if (err == E_OK) {
        err = c->random(c->ctx, MBYTES_OF(plain.rme));
    }
    if (err == E_OK) {
        memcpy(plain.kme, made->kme.b, sizeof plain.kme);
        err = me_sign(c, device, me, nonce, &made->kme, &plain);
    }
    if (err == E_OK) {
        err = kme_nw_sig(c, &made->kme, plain.rme, made->xnw_sig);
    }
    if (err == E_OK) {
        err = me_encrypt(device, nonce, (struct bytes){(const uint8_t *)&plain, sizeof plain});
    }
    wipe(&plain, sizeof plain);
    return err;
}

static void me_take(const struct kme_device *device, const uint8_t nonce[static KME_NONCE_LEN],
                    const struct made *made, struct kme_pending *out)
{
    out->present = true;
    out->kme = made->kme;
    memcpy(out->nonce, nonce, sizeof out->nonce);
    memcpy(out->xnw_sig, made->xnw_sig, sizeof out->xnw_sig);
    out->n = (uint16_t)device->modulus.n;
    memcpy(out->encrypted, device->room, device->modulus.n);
}

/* ---- step 6, ME ---- */

static bool answered(const struct kme_pending *p, const uint8_t nonce[static KME_NONCE_LEN])
{
    return p->present && bytes_eq(BYTES_OF(p->nonce), (struct bytes){nonce, KME_NONCE_LEN});
}

/*= kme-same */
enum err kme_me_offer(const struct crypto *c, const struct kme_device *device,
                      const uint8_t nonce[static KME_NONCE_LEN], struct kme_me *me,
                      struct kme_payload *payload)
{
    if (device->signer->algorithm != DEVID_ECDSA_P256) {
        return E_UNSUPPORTED;
    }
    if (!imsi_in_plmn(&device->parties.imsi, &device->parties.home)) {
        return E_BAD_VALUE;
    }
    if (!answered(&me->pending, nonce)) {
        struct made made;
        enum err err = me_make(c, device, nonce, me, &made);
        if (err == E_OK) {
            me_take(device, nonce, &made, &me->pending);
        }
        wipe(&made, sizeof made);
        if (err != E_OK) {
            return E_CRYPTO;
        }
    }
    *payload = (struct kme_payload){.imsi = device->parties.imsi,
                                    .imei = device->parties.imei,
                                    .lot = device->lot,
                                    .encrypted = {me->pending.encrypted, me->pending.n}};
    return E_OK;
}

/* ---- step 7, MME ---- */

/*= kme-context */
enum kme_cause kme_mme_carries(const struct kme_payload *payload, const struct imsi *imsi,
                               const struct imei *imei)
{
    if (!imsi_eq(&payload->imsi, imsi)) {
        return KME_CAUSE_OTHER_IMSI;
    }
    return imei_eq(&payload->imei, imei) ? KME_CAUSE_NONE : KME_CAUSE_OTHER_IMEI;
}

/* ---- step 8, HSS: the public key ---- */

static enum devid_cause validity(const struct binding_record *record, int64_t at)
{
    if (record->status != BINDING_ACTIVE) {
        return DEVID_CAUSE_REVOKED;
    }
    if (at < record->not_before) {
        return DEVID_CAUSE_BINDING_EARLY;
    }
    return at > record->not_after ? DEVID_CAUSE_BINDING_LATE : DEVID_CAUSE_NONE;
}

/*= kme-8 */
/* The rules of procedure devid (proc/devid.h): the repository's record is believed, valid and of
 * this IMEI, and a certificate leads to a CA that is trusted. */
static enum devid_cause key_judge(const struct crypto *c, const struct kme_arrived *in)
{
    const struct devid_credential *k = in->credential;
    struct binding_record record;
    if (k->status == DEVID_NONE) {
        return DEVID_CAUSE_NO_BINDING;
    }
    if (k->status != DEVID_FOUND && k->status != DEVID_REVOKED) {
        bool told = devid_cause_result(k->cause) == DEVID_UNDETERMINED;
        return told ? k->cause : DEVID_CAUSE_INQUIRY_UNANSWERED;
    }
    enum devid_cause cause = devid_record_check(c, in->port, &in->payload->imei, k, &record);
    if (cause == DEVID_CAUSE_NONE) {
        cause = validity(&record, in->at);
    }
    if (cause == DEVID_CAUSE_NONE && k->form == BINDING_CERTIFICATE) {
        cause = in->port->chain(in->port->ctx, k->chain, k->n_chain, in->at);
    }
    return cause;
}

/* ---- step 9, HSS: what everybody may know ---- */

/*= kme-approval kme-list */
/* May this device be bound by what was offered? */
static enum kme_cause device_judge(const struct binding_view *view, const struct kme_home *home,
                                   const struct imei *imei, bool served_known)
{
    size_t at = device_at(view, imei);
    bool listed = at < view->n_devices;
    bool has_key = listed && view->devices[at].has_kme;
    bool approved = home->due == KME_DUE_REBINDING &&
                    (!home->request_has_imei || imei_eq(imei, &home->request_imei));
    bool learns = home->due == KME_DUE_FIRST && view->n_devices == 0;
    if (view->policy == BINDING_OPEN) {
        return KME_CAUSE_NOT_ASKED;
    }
    if (!approved && !learns && (!listed || home->due == KME_DUE_REBINDING)) {
        return KME_CAUSE_NOT_AUTHORISED;
    }
    if (home->due == KME_DUE_FIRST && has_key) {
        return KME_CAUSE_BOUND;
    }
    if (home->due == KME_DUE_RENEWAL && !has_key) {
        return KME_CAUSE_NO_CONSENT;
    }
    bool ambiguous = listed && !served_known && other_has_kme(view, at);
    return ambiguous ? KME_CAUSE_AMBIGUOUS : KME_CAUSE_NONE;
}

static enum err payload_digest(const struct crypto *c, const struct kme_payload *payload,
                               uint8_t out[static KME_DIGEST_LEN])
{
    uint8_t octets[IMSI_BCD_LEN + IMEI_DIGITS + KME_LOT_ID_MAX + 3 * 2], imsi[IMSI_BCD_LEN];
    struct wr w = wr_of(MBYTES_OF(octets));
    imsi_to_bcd(&payload->imsi, imsi);
    put(&w, BYTES_OF(imsi));
    put(&w, digits_of(&payload->imei));
    put(&w, (struct bytes){(const uint8_t *)payload->lot.text, payload->lot.n});
    const struct bytes parts[] = {wr_done(&w), payload->encrypted};
    return c->sha256(c->ctx, parts, 2, out);
}

/* Where the payload stands to what was offered. *again: it is the one that was taken last. */
static enum kme_cause nonce_judge(const struct kme_home *home, const struct imei *imei,
                                  const struct binding_view *view, int64_t at,
                                  const uint8_t digest[static KME_DIGEST_LEN], bool *again)
{
    bool same =
        home->has_taken && bytes_eq(BYTES_OF(home->digest), (struct bytes){digest, KME_DIGEST_LEN});
    *again = same && home->phase == KME_TAKEN && key_held(view, imei);
    if (*again) {
        return KME_CAUSE_NONE;
    }
    if (home->phase != KME_OFFERED) {
        return home->phase == KME_TAKEN ? KME_CAUSE_NONCE_USED : KME_CAUSE_NOT_ASKED;
    }
    if (same) {
        return KME_CAUSE_REPLAYED;
    }
    return at > home->expires ? KME_CAUSE_NONCE_EXPIRED : KME_CAUSE_NONE;
}

/*= kme-find */
static enum kme_cause lot_judge(const struct kme_arrived *in)
{
    if (in->lot == NULL) {
        return KME_CAUSE_NO_LOT;
    }
    if (!kme_lot_id_eq(&in->lot->id, &in->payload->lot)) {
        return KME_CAUSE_OTHER_LOT;
    }
    return in->payload->encrypted.n == in->lot->modulus_n ? KME_CAUSE_NONE : KME_CAUSE_LENGTH;
}

static enum kme_cause request_judge(const struct kme_arrived *in)
{
    if (in->payload == NULL) {
        return KME_CAUSE_UNREADABLE;
    }
    if (in->imei == NULL) {
        return KME_CAUSE_OTHER_IMEI;
    }
    return kme_mme_carries(in->payload, &in->imsi, in->imei);
}

/* ---- step 9, HSS: what is encrypted ---- */

/* The keys whose consent counts: the device may not know yet that the one it has is the one before.
 */
#define CONSENTS_MAX 2
struct judged {
    enum err open;
    enum err plain;                 /* the signature, without consent */
    enum err consent[CONSENTS_MAX]; /* the signature, with the consent of each */
    size_t n_consents;
};

static enum err verify(const struct kme_arrived *in, struct bytes content,
                       const uint8_t sig[static KME_SIG_LEN])
{
    const struct devid_credential *k = in->credential;
    bool certificate = k->form == BINDING_CERTIFICATE;
    return in->port->signature(in->port->ctx, DEVID_ECDSA_P256, certificate,
                               certificate ? k->chain[0] : k->spki, content,
                               (struct bytes){sig, KME_SIG_LEN});
}

struct opened {
    struct plaintext plain;
    struct key_kme kme;
    struct kme_parties parties;
};

static enum err verify_with(const struct kme_arrived *in, const struct kme_home *home,
                            const struct opened *o, const uint8_t *consent)
{
    uint8_t content[KME_SIG_CONTENT_MAX];
    const struct bytes octets =
        kme_sig_content(&o->kme, &o->parties, o->plain.rme, home->nonce, consent, content);
    enum err err = verify(in, octets, o->plain.sig);
    wipe(content, sizeof content);
    return err;
}

/* All of them, whichever holds. */
static void verify_all(const struct crypto *c, const struct kme_arrived *in,
                       const struct kme_home *home, const struct binding_device *device,
                       const struct opened *o, struct judged *j)
{
    uint8_t consent[32];
    const struct key_kme *const keys[] = {&device->kme, &device->previous};
    j->plain = verify_with(in, home, o, NULL);
    j->n_consents = home->due != KME_DUE_RENEWAL ? 0 : device->has_previous ? 2 : 1;
    for (size_t i = 0; i < j->n_consents; i++) {
        enum err err = kme_consent(c, keys[i], home->nonce, consent);
        j->consent[i] = err == E_OK ? verify_with(in, home, o, consent) : err;
    }
    wipe(consent, sizeof consent);
}

/*= kme-one-refusal */
/* What does not open is random, and goes the same way. */
static enum err open_payload(const struct crypto *c, const struct kme_arrived *in,
                             const struct kme_home *home, struct opened *o, struct judged *j)
{
    uint8_t label[KME_OAEP_LABEL_LEN];
    enum err err = c->random(c->ctx, (struct mbytes){(uint8_t *)&o->plain, sizeof o->plain});
    if (err != E_OK) {
        return err;
    }
    kme_oaep_label(&in->payload->imsi, &in->payload->imei, home->nonce, label);
    j->open = in->opener->open(in->opener->ctx, in->payload->encrypted, BYTES_OF(label),
                               (struct mbytes){(uint8_t *)&o->plain, sizeof o->plain});
    memcpy(o->kme.b, o->plain.kme, sizeof o->kme.b);
    return E_OK;
}

/* One verification's result, where the others did not decide. */
static struct kme_verdict signature_verdict(enum err err)
{
    switch ((unsigned)err) {
    case E_OK:
        return (struct kme_verdict){KME_CAUSE_NONE, DEVID_CAUSE_NONE};
    case E_BAD_MAC:
        return (struct kme_verdict){KME_CAUSE_SIGNATURE, DEVID_CAUSE_NONE};
    case E_UNSUPPORTED:
        return (struct kme_verdict){KME_CAUSE_KEY, DEVID_CAUSE_ALGORITHM};
    case E_BAD_VALUE:
        return (struct kme_verdict){KME_CAUSE_KEY, DEVID_CAUSE_RECORD};
    default:
        return (struct kme_verdict){KME_CAUSE_CRYPTO, DEVID_CAUSE_NONE};
    }
}

/*= kme-consent */
static struct kme_verdict consent_verdict(const struct judged *j)
{
    for (size_t i = 0; i < j->n_consents; i++) {
        if (j->consent[i] != E_BAD_MAC) {
            return signature_verdict(j->consent[i]);
        }
    }
    return j->plain == E_OK ? (struct kme_verdict){KME_CAUSE_NO_CONSENT, DEVID_CAUSE_NONE}
                            : signature_verdict(j->plain);
}

static struct kme_verdict verdict_of(const struct judged *j)
{
    if (j->open != E_OK) {
        return (struct kme_verdict){j->open == E_BAD_MAC ? KME_CAUSE_OPENING : KME_CAUSE_CRYPTO,
                                    DEVID_CAUSE_NONE};
    }
    return j->n_consents > 0 ? consent_verdict(j) : signature_verdict(j->plain);
}

/*= kme-9a kme-9b kme-9d */
static struct kme_verdict secret_judge(const struct crypto *c, const struct kme_arrived *in,
                                       const struct binding_view *view, const struct kme_home *home,
                                       struct kme_taken *taken)
{
    static const struct binding_device nobody;
    struct opened o = {.parties = {in->payload->imsi, in->payload->imei, in->home}};
    struct judged j = {.n_consents = 0};
    struct kme_verdict v = {KME_CAUSE_CRYPTO, DEVID_CAUSE_NONE};
    size_t at = device_at(view, &in->payload->imei);
    if (open_payload(c, in, home, &o, &j) == E_OK) {
        verify_all(c, in, home, at < view->n_devices ? &view->devices[at] : &nobody, &o, &j);
        if (kme_nw_sig(c, &o.kme, o.plain.rme, taken->nw_sig) == E_OK) {
            v = verdict_of(&j);
        }
    }
    taken->kme = o.kme;
    wipe(&o, sizeof o);
    return v;
}

/* ---- step 9, HSS ---- */

static struct kme_verdict take_fresh(const struct crypto *c, const struct binding_view *view,
                                     const struct kme_home *home, const struct kme_arrived *in,
                                     struct kme_taken *taken)
{
    struct kme_verdict v = {device_judge(view, home, &in->payload->imei, in->served_known),
                            DEVID_CAUSE_NONE};
    if (v.cause == KME_CAUSE_NONE) {
        v.cause = lot_judge(in);
    }
    if (v.cause == KME_CAUSE_NONE && (v.key = key_judge(c, in)) != DEVID_CAUSE_NONE) {
        v.cause = KME_CAUSE_KEY;
    }
    return v.cause == KME_CAUSE_NONE ? secret_judge(c, in, view, home, taken) : v;
}

/*= kme-same-answer kme-latest */
struct kme_verdict kme_home_take(const struct crypto *c, const struct binding_view *view,
                                 const struct kme_home *home, const struct kme_arrived *arrived,
                                 struct kme_taken *out)
{
    struct kme_taken taken = {.again = false};
    struct kme_verdict v = {request_judge(arrived), DEVID_CAUSE_NONE};
    if (v.cause == KME_CAUSE_NONE && payload_digest(c, arrived->payload, taken.digest) != E_OK) {
        v.cause = KME_CAUSE_CRYPTO;
    }
    if (v.cause == KME_CAUSE_NONE) {
        v.cause = nonce_judge(home, &arrived->payload->imei, view, arrived->at, taken.digest,
                              &taken.again);
    }
    if (taken.again) {
        memcpy(taken.nw_sig, home->nw_sig, sizeof taken.nw_sig);
    } else if (v.cause == KME_CAUSE_NONE) {
        v = take_fresh(c, view, home, arrived, &taken);
    }
    if (v.cause == KME_CAUSE_NONE) {
        taken.imei = arrived->payload->imei;
        memcpy(taken.nonce, home->nonce, sizeof taken.nonce);
        *out = taken;
    }
    wipe(&taken, sizeof taken);
    return v;
}

/* ---- step 9, HSS: into the subscription ---- */

/* A device that is not on the list comes in its place. */
static struct binding_device *device_enter(struct binding_view *view, const struct imei *imei)
{
    size_t at = device_at(view, imei);
    if (at == view->n_devices) {
        wipe(view->devices, sizeof view->devices);
        view->devices[0].imei = *imei;
        view->n_devices = 1;
        at = 0;
    }
    return &view->devices[at];
}

/* One that was taken under an earlier nonce is the key that is there. */
static void kme_store(struct binding_device *d, const struct key_kme *kme)
{
    if (d->has_kme && crypto_ct_eq(BYTES_OF(d->kme.b), BYTES_OF(kme->b))) {
        return;
    }
    d->previous = d->kme;
    d->has_previous = d->has_kme;
    d->kme = *kme;
    d->has_kme = true;
}

static bool nonce_is(const struct kme_home *home, const struct kme_taken *taken)
{
    return bytes_eq(BYTES_OF(home->nonce), BYTES_OF(taken->nonce));
}

/*= kme-9c kme-old-kept kme-race */
enum err kme_home_keep(const struct kme_taken *taken, bool served_known, struct binding_view *view,
                       struct kme_home *home)
{
    enum kme_phase phase = taken->again ? KME_TAKEN : KME_OFFERED;
    if (home->phase != phase || !nonce_is(home, taken)) {
        return E_CONFLICT;
    }
    if (taken->again) {
        return E_OK;
    }
    if (device_judge(view, home, &taken->imei, served_known) != KME_CAUSE_NONE) {
        return E_CONFLICT;
    }
    kme_store(device_enter(view, &taken->imei), &taken->kme);
    kme_home_request(home, KME_REQUEST_NONE, NULL);
    home->phase = KME_TAKEN;
    home->has_taken = true;
    memcpy(home->digest, taken->digest, sizeof home->digest);
    memcpy(home->nw_sig, taken->nw_sig, sizeof home->nw_sig);
    return E_OK;
}

/* ---- step 12, ME ---- */

static void activate(struct kme_me *me)
{
    me->active = me->pending.kme;
    me->has_active = true;
    wipe(&me->pending, sizeof me->pending);
}

/*= kme-12 kme-wrong-nwsig */
enum err kme_me_confirm(const uint8_t nw_sig[static KME_NW_SIG_LEN], struct kme_me *me)
{
    if (!me->pending.present) {
        return E_BAD_STATE;
    }
    if (!crypto_ct_eq(BYTES_OF(me->pending.xnw_sig), (struct bytes){nw_sig, KME_NW_SIG_LEN})) {
        return E_BAD_MAC;
    }
    if (!me->has_active) {
        activate(me);
    }
    return E_OK;
}

/* ---- the next access ---- */

static enum binding_me_outcome ask_with(const struct crypto *c, bool has, const struct key_kme *kme,
                                        struct binding_me *me, const struct usim_port *usim,
                                        const uint8_t rand[static 16], const struct autn *autn,
                                        struct usim_answer *out)
{
    me->has_kme = has;
    me->kme = *kme;
    return binding_me_ask(c, me, usim, rand, autn, out);
}

/* The USIM looks at the sequence number only if MAC-A holds. */
static bool mac_holds(enum binding_me_outcome o)
{
    return o == BINDING_ME_ANSWERED || o == BINDING_ME_SYNC_FAILURE;
}

/*= kme-active-then-pending */
enum binding_me_outcome kme_me_ask(const struct crypto *c, struct kme_me *keys,
                                   struct binding_me *me, const struct usim_port *usim,
                                   const uint8_t rand[static 16], const struct autn *autn,
                                   struct usim_answer *out)
{
    enum binding_me_outcome o =
        ask_with(c, keys->has_active, &keys->active, me, usim, rand, autn, out);
    bool processed = (autn_amf(autn) & BINDING_AMF_PROCESSED) == BINDING_AMF_PROCESSED;
    if (!processed || !keys->pending.present ||
        (o != BINDING_ME_MAC_FAILURE && o != BINDING_ME_NO_KME)) {
        return o;
    }
    o = ask_with(c, true, &keys->pending.kme, me, usim, rand, autn, out);
    if (mac_holds(o)) {
        activate(keys);
    }
    me->has_kme = keys->has_active;
    me->kme = keys->active;
    return o;
}

/*= kme-old-kept */
bool kme_home_used(struct binding_view *view, const struct imei *imei)
{
    size_t at = device_at(view, imei);
    if (at == view->n_devices || !view->devices[at].has_previous) {
        return false;
    }
    view->devices[at].has_previous = false;
    wipe(&view->devices[at].previous, sizeof view->devices[at].previous);
    return true;
}
