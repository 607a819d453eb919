#include "device/onboard.h"

#include "codec/nas_container.h"
#include "device/platform.h"
#include "device/proof.h"
#include "wire/certattach.h"
#include <string.h>

_Static_assert(BINDERY_UE_ONBOARDING_ASK_MAX == WIRE_CERTATTACH_REQUEST_MAX &&
                   BINDERY_UE_APN_MAX == CERTATTACH_APN_MAX &&
                   BINDERY_UE_PROFILE_APNS == CERTATTACH_APNS_MAX &&
                   BINDERY_UE_ONBOARDING_SECRET == CERTATTACH_SECRET_LEN &&
                   BINDERY_UE_ONBOARDING_SIGNATURE_SIZE == CERTATTACH_SIGNATURE_LEN,
               "the public sizes are the inner ones");
_Static_assert(WIRE_CERTATTACH_RESULT_MAX + 64 <= BINDERY_UE_ONBOARDING_ROOM,
               "an ATTACH REJECT with a result is no longer than a downlink PDU may be");

/* ---- what the host brings ---- */

static struct bytes url_of(const struct bindery_ue_onboarding *o)
{
    size_t n = 0;
    while (n <= CERTATTACH_URL_MAX && o->url[n] != '\0') {
        n++;
    }
    return (struct bytes){(const uint8_t *)o->url, n};
}

bool onboard_is_right(const struct bindery_ue_onboarding *o)
{
    struct device_id id;
    return o != NULL && o->url != NULL && o->verify != NULL && o->secret != NULL &&
           o->install != NULL && certattach_url_id(url_of(o), &id) == E_OK &&
           (o->sent_n == 33 || (o->sent_n >= 256 && o->sent_n <= CERTATTACH_SENT_MAX));
}

static enum certattach_refusal verify(void *ctx, struct bytes certificates, const struct plmn *plmn,
                                      int64_t expiry, struct bytes content, struct bytes signature)
{
    static const uint8_t refusals[] = {
        [BINDERY_UE_OPERATOR_GOOD] = CERTATTACH_REFUSED_NONE,
        [BINDERY_UE_OPERATOR_UNTRUSTED] = CERTATTACH_REFUSED_UNTRUSTED,
        [BINDERY_UE_OPERATOR_CERTIFICATE_EXPIRED] = CERTATTACH_REFUSED_CERTIFICATE_EXPIRED,
        [BINDERY_UE_OPERATOR_PURPOSE] = CERTATTACH_REFUSED_PURPOSE,
        [BINDERY_UE_OPERATOR_OTHER_PLMN] = CERTATTACH_REFUSED_OTHER_PLMN,
        [BINDERY_UE_OPERATOR_SIGNATURE] = CERTATTACH_REFUSED_SIGNATURE,
        [BINDERY_UE_OPERATOR_RESULT_EXPIRED] = CERTATTACH_REFUSED_EXPIRED,
        [BINDERY_UE_OPERATOR_FAILED] = CERTATTACH_REFUSED_CRYPTO,
    };
    const struct bindery_ue_onboarding *o = ctx;
    struct bindery_ue_operator_message m = {.certificates = certificates.p,
                                            .certificates_n = certificates.n,
                                            .expiry = (uint64_t)expiry,
                                            .content = content.p,
                                            .content_n = content.n,
                                            .signature = signature.p};
    plmn_to_octets(plmn, m.plmn);
    const enum bindery_ue_operator_verdict v = o->verify(o->ctx, &m);
    return (size_t)v < sizeof refusals ? (enum certattach_refusal)refusals[v]
                                       : CERTATTACH_REFUSED_CRYPTO;
}

MUST_USE static enum err secret(void *ctx, enum certattach_form form, struct bytes sent,
                                uint8_t out[static CERTATTACH_SECRET_LEN])
{
    const struct bindery_ue_onboarding *o = ctx;
    return o->secret(o->ctx, (uint8_t)form, sent.p, sent.n, out) ? E_OK : E_BAD_VALUE;
}

static struct certattach_device_port port_of(const struct bindery_ue_onboarding *o)
{
    union { /* the functions above only read it */
        const struct bindery_ue_onboarding *in;
        void *out;
    } ctx = {.in = o};
    return (struct certattach_device_port){
        .ctx = ctx.out, .verify = verify, .secret = secret, .sent_n = o->sent_n};
}

/* ---- the request ---- */

/*= certattach-1b certattach-1c */
enum err onboard_ask(const struct onboard_device *d, const struct plmn *plmn, struct mbytes room,
                     struct certattach_asked *asked, struct bytes *value)
{
    const struct crypto c = platform_crypto(d->crypto);
    struct devid_signer signer;
    struct certattach_device device = {.url = url_of(d->onboarding), .imei = d->imei};
    struct certattach_asked now;
    struct certattach_request request;
    if (room.n < CERTATTACH_PROOF_MAX + BINDERY_UE_ONBOARDING_ASK_MAX) {
        return E_NO_ROOM;
    }
    if (d->signer != NULL) {
        if (d->signer->sign == NULL) {
            return E_CRYPTO;
        }
        signer = proof_signer(d->signer);
        device.signer = &signer;
    }
    enum err err = certattach_device_ask(&c, &device, plmn, room.p, &now, &request);
    if (err == E_OK) {
        /* Behind the proof, from which it is copied. */
        const struct mbytes rest = {room.p + CERTATTACH_PROOF_MAX, room.n - CERTATTACH_PROOF_MAX};
        err = wire_certattach_request_write(&request, rest, value);
    }
    if (err == E_OK) {
        *asked = now;
    }
    return err;
}

/* ---- the result ---- */

/* What a device has no stack for stands in the room; so does what it was given as long as it is in
 * use. */
struct bench {
    struct certattach_profile profile;
    union {
        struct {
            uint8_t plain[CERTATTACH_PROFILE_MAX];
            uint8_t joined[704]; /* what is hashed in parts: a box with what it is bound to, at most
                                  */
        } open;
        struct bindery_ue_profile given;
    } u;
};
_Static_assert(sizeof(struct bench) + 7 <= BINDERY_UE_ONBOARDING_ROOM, "it fits, wherever it lies");

static struct bench *bench_in(struct mbytes room)
{
    const size_t off = (8 - ((uintptr_t)room.p & 7)) & 7;
    return room.n < sizeof(struct bench) + off ? NULL : (struct bench *)(void *)(room.p + off);
}

static enum bindery_ue_onboarding_outcome outcome_of(enum certattach_refusal r)
{
    static const uint8_t outcomes[CERTATTACH_REFUSALS] = {
        [CERTATTACH_REFUSED_NONE] = BINDERY_UE_ONBOARDING_TAKEN,
        [CERTATTACH_REFUSED_NOT_ASKED] = BINDERY_UE_ONBOARDING_NOT_ASKED,
        [CERTATTACH_REFUSED_UNREADABLE] = BINDERY_UE_ONBOARDING_UNREADABLE,
        [CERTATTACH_REFUSED_UNTRUSTED] = BINDERY_UE_ONBOARDING_UNTRUSTED,
        [CERTATTACH_REFUSED_CERTIFICATE_EXPIRED] = BINDERY_UE_ONBOARDING_CERTIFICATE_EXPIRED,
        [CERTATTACH_REFUSED_PURPOSE] = BINDERY_UE_ONBOARDING_PURPOSE,
        [CERTATTACH_REFUSED_OTHER_PLMN] = BINDERY_UE_ONBOARDING_OTHER_PLMN,
        [CERTATTACH_REFUSED_SIGNATURE] = BINDERY_UE_ONBOARDING_SIGNATURE,
        [CERTATTACH_REFUSED_EXPIRED] = BINDERY_UE_ONBOARDING_EXPIRED,
        [CERTATTACH_REFUSED_BOX] = BINDERY_UE_ONBOARDING_NOT_OPENED,
        [CERTATTACH_REFUSED_PROFILE] = BINDERY_UE_ONBOARDING_PROFILE,
        [CERTATTACH_REFUSED_CRYPTO] = BINDERY_UE_ONBOARDING_BROKEN,
    };
    return (size_t)r < sizeof outcomes ? (enum bindery_ue_onboarding_outcome)outcomes[r]
                                       : BINDERY_UE_ONBOARDING_BROKEN;
}

static void give(const struct certattach_profile *in, struct bindery_ue_profile *out)
{
    memset(out, 0, sizeof *out);
    out->imsi_n = in->imsi.n;
    memcpy(out->imsi, in->imsi.digits, sizeof out->imsi);
    plmn_to_octets(&in->home, out->home);
    out->mnc_n = in->home.mnc[2] == '\0' ? 2 : 3;
    out->policy = in->policy;
    platform_give_usim(&in->keys, &out->usim);
    out->n_apns = in->n_apns;
    memcpy(out->apns, in->apns, sizeof out->apns);
}

static enum bindery_ue_onboarding_outcome open_and_install(const struct onboard_device *d,
                                                           const struct certattach_result *result,
                                                           struct bench *b,
                                                           struct certattach_asked *asked)
{
    struct platform_wide wide = {.table = d->crypto, .room = MBYTES_OF(b->u.open.joined)};
    const struct crypto c = platform_crypto_wide(&wide);
    const struct certattach_device_port port = port_of(d->onboarding);
    struct device_id id;
    if (certattach_url_id(url_of(d->onboarding), &id) != E_OK) {
        return BINDERY_UE_ONBOARDING_BROKEN;
    }
    const enum certattach_refusal r = certattach_device_take(
        &c, &port, &id, result, MBYTES_OF(b->u.open.plain), asked, &b->profile);
    if (r != CERTATTACH_REFUSED_NONE) {
        return outcome_of(r);
    }
    give(&b->profile, &b->u.given);
    return d->onboarding->install(d->onboarding->ctx, &b->u.given)
               ? BINDERY_UE_ONBOARDING_TAKEN
               : BINDERY_UE_ONBOARDING_NOT_STORED;
}

static bool is_result(struct bytes element)
{
    uint8_t type = 0;
    return element.p != NULL && nas_container_type(element, &type) == E_OK &&
           type == NAS_CONTAINER_PROVISIONING_RESULT;
}

/*= certattach-nonce certattach-installs */
enum bindery_ue_onboarding_outcome onboard_take(const struct onboard_device *d,
                                                struct bytes element, struct mbytes room,
                                                struct certattach_asked *asked)
{
    struct certattach_result result;
    struct bench *b = bench_in(room);
    enum bindery_ue_onboarding_outcome o = BINDERY_UE_ONBOARDING_NOT_ASKED;
    if (asked->asked && is_result(element)) {
        o = b == NULL ? BINDERY_UE_ONBOARDING_BROKEN
            : wire_certattach_result_read(element, &result) != E_OK
                ? BINDERY_UE_ONBOARDING_UNREADABLE
                : open_and_install(d, &result, b, asked);
    }
    wipe(room.p, room.n);
    *asked = (struct certattach_asked){.asked = false};
    return o;
}
