#include "device/proof.h"

#include "codec/nas_container.h"
#include "codec/nas_ie.h"
#include "device/platform.h"
#include "wire/devid.h"
#include <string.h>

#define X(name, number, text)                                                                      \
    _Static_assert((int)BINDERY_UE_SIGNATURE_##name == (int)DEVID_##name, "the two lists are "     \
                                                                          "one");
BINDERY_UE_SIGNATURES(X)
#undef X
_Static_assert(BINDERY_UE_SIGNATURE_MAX == DEVID_SIGNATURE_MAX, "the public size is the inner one");
/* The buffer's part for what came in takes any answer, once the challenge was read from it. */
_Static_assert(BINDERY_UE_DEVID_ANSWER_MAX <= BINDERY_UE_BUFFER_MIN - BINDERY_UE_UPLINK_MAX,
               "there is room for it");

const char *bindery_ue_signature_name(uint8_t algorithm)
{
    return devid_algorithm_name(algorithm);
}

/* ---- the signer's function as the procedure takes it ---- */

MUST_USE static enum err sign(void *ctx, struct bytes content, uint8_t *signature, size_t *n)
{
    const struct bindery_ue_signer *signer = ctx;
    const size_t room = *n;
    const bool done = signer->sign(signer->ctx, content.p, content.n, signature, n);
    return done && *n <= room ? E_OK : E_CRYPTO;
}

struct devid_signer proof_signer(const struct bindery_ue_signer *signer)
{
    union { /* the function above only reads it */
        const struct bindery_ue_signer *in;
        void *out;
    } ctx = {.in = signer};
    return (struct devid_signer){.ctx = ctx.out, .algorithm = signer->algorithm, .sign = sign};
}

static enum bindery_ue_devid_outcome prove(const struct crypto *c,
                                           const struct bindery_ue_signer *signer,
                                           const struct devid_challenge *challenge,
                                           const struct proof_asked *asked, struct mbytes out,
                                           struct bytes *value)
{
    struct devid_proof proof;
    const struct devid_signer port = proof_signer(signer);
    if (signer->sign == NULL) {
        return BINDERY_UE_DEVID_BROKEN;
    }
    enum err err = devid_device_sign(c, challenge, &asked->imei, &asked->session, &port, &proof);
    if (err == E_UNSUPPORTED) {
        return BINDERY_UE_DEVID_NO_PROOF;
    }
    err = err == E_OK ? wire_devid_proof_write(&proof, out, value) : err;
    return err == E_OK ? BINDERY_UE_DEVID_PROVED : BINDERY_UE_DEVID_BROKEN;
}

/*= devid-4 devid-ciphered */
enum bindery_ue_devid_outcome proof_answer(const struct crypto *c,
                                           const struct bindery_ue_signer *signer,
                                           const struct proof_asked *asked, struct mbytes out,
                                           struct bytes *value)
{
    struct devid_challenge challenge;
    uint8_t type = 0;
    if (nas_container_type(asked->element, &type) != E_OK ||
        type != NAS_CONTAINER_DEVID_CHALLENGE) {
        return BINDERY_UE_DEVID_NOT_ASKED;
    }
    if (!devid_may_answer(asked->integrity, asked->ciphered)) {
        return BINDERY_UE_DEVID_UNPROTECTED;
    }
    if (asked->identity_type != NAS_IDENTITY_IMEI ||
        wire_devid_challenge_read(asked->element, &challenge) != E_OK) {
        return BINDERY_UE_DEVID_MALFORMED;
    }
    return signer == NULL ? BINDERY_UE_DEVID_NO_PROOF
                          : prove(c, signer, &challenge, asked, out, value);
}

/* ---- layer 1 ---- */

const char *bindery_ue_devid_outcome_name(enum bindery_ue_devid_outcome o)
{
    static const char *const names[] = {
        [BINDERY_UE_DEVID_PROVED] = "proved",       [BINDERY_UE_DEVID_NO_PROOF] = "no-proof",
        [BINDERY_UE_DEVID_NOT_ASKED] = "not-asked", [BINDERY_UE_DEVID_UNPROTECTED] = "unprotected",
        [BINDERY_UE_DEVID_MALFORMED] = "malformed", [BINDERY_UE_DEVID_BROKEN] = "broken",
    };
    return (size_t)o < sizeof names / sizeof names[0] ? names[o] : "unknown";
}

enum bindery_ue_devid_outcome
bindery_ue_devid_answer(const struct bindery_ue_crypto *crypto,
                        const struct bindery_ue_signer *signer,
                        const struct bindery_ue_devid_request *request, uint8_t *out, size_t *out_n)
{
    const struct mbytes room = {out, *out_n};
    struct proof_asked asked = {.identity_type = request->identity_type,
                                .element = {request->element, request->element_n},
                                .integrity = request->integrity,
                                .ciphered = request->eea != 0};
    struct key_kasme kasme;
    struct bytes value = {NULL, 0};
    enum bindery_ue_devid_outcome o = BINDERY_UE_DEVID_BROKEN;
    *out_n = 0;
    if (platform_complete(crypto) && request->kasme != NULL &&
        imei_parse(BYTES_OF(request->imei), &asked.imei) == E_OK &&
        plmn_from_octets(request->plmn, &asked.session.plmn) == E_OK) {
        const struct crypto c = platform_crypto(crypto);
        memcpy(kasme.b, request->kasme, sizeof kasme.b);
        asked.session.kasme = &kasme;
        o = proof_answer(&c, signer, &asked, room, &value);
        wipe(&kasme, sizeof kasme);
    }
    if (o == BINDERY_UE_DEVID_PROVED) {
        *out_n = value.n;
    }
    return o;
}
