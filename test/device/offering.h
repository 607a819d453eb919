/* test/device/offering.h - a device that makes its own KME, and its home network: proc/kme.c's HSS
 * with a lot, a repository and real keys (test/proc/kme_rig.h).
 */
#ifndef BINDERY_TEST_DEVICE_OFFERING_H
#define BINDERY_TEST_DEVICE_OFFERING_H

#include "device/bindery_ue.h"
#include "device/keys.h"
#include "proc/kme_rig.h"
#include "wire/kme.h"

/* What a device brings: its key, its lot, and OpenSSL for the rest. */
struct maker {
    struct krig k;
    struct bindery_ue_signer signer;
    struct bindery_ue_encrypter encrypter;
    struct bindery_ue_provisioning provisioning;
    unsigned signed_n, encrypted_n;
    bool sign_fails, encrypt_fails;
    uint8_t element[64]; /* of the command */
    size_t element_n;
    uint8_t result[64]; /* of ATTACH REJECT */
    size_t result_n;
};

static inline bool maker_sign(void *ctx, const uint8_t *content, size_t n, uint8_t *signature,
                              size_t *signature_n)
{
    struct maker *m = ctx;
    assert_int_equal(*signature_n >= KME_SIG_LEN, true);
    m->signed_n++;
    return !m->sign_fails && m->k.signer.sign(m->k.signer.ctx, (struct bytes){content, n},
                                              signature, signature_n) == E_OK;
}

static inline bool maker_encrypt(void *ctx, const uint8_t *modulus, size_t modulus_n,
                                 const uint8_t *label, size_t label_n, const uint8_t *plain,
                                 size_t plain_n, uint8_t *out)
{
    struct maker *m = ctx;
    assert_int_equal(plain_n, KME_PLAINTEXT_LEN);
    m->encrypted_n++;
    return !m->encrypt_fails &&
           krig_encrypt(NULL, (struct bytes){modulus, modulus_n}, (struct bytes){label, label_n},
                        (struct bytes){plain, plain_n}, out) == E_OK;
}

static inline void maker_open(struct maker *m)
{
    memset(m, 0, sizeof *m);
    krig_open(&m->k, BINDING_PUBLIC_KEY);
    m->signer = (struct bindery_ue_signer){
        .ctx = m, .algorithm = BINDERY_UE_SIGNATURE_ECDSA_P256, .sign = maker_sign};
    m->encrypter = (struct bindery_ue_encrypter){.ctx = m, .encrypt = maker_encrypt};
    m->provisioning = (struct bindery_ue_provisioning){.encrypter = &m->encrypter,
                                                       .lot = {.id = m->k.lot.id.text,
                                                               .modulus = m->k.lot.modulus,
                                                               .modulus_n = m->k.lot.modulus_n}};
}

static inline void maker_close(struct maker *m)
{
    krig_close(&m->k);
}

/* ---- the home network ---- */

static inline struct bytes maker_command(struct maker *m)
{
    struct bytes value;
    assert_ok(wire_kme_command_write(m->k.home.nonce, MBYTES_OF(m->element), &value));
    m->element_n = value.n;
    return (struct bytes){m->element, value.n};
}

/* Step 4, under a fresh nonce. */
static inline struct bytes maker_ask(struct maker *m)
{
    assert_int_not_equal(krig_offer(&m->k), KME_DUE_NOT);
    return maker_command(m);
}

/* Steps 7 to 9: what is made of a payload. */
static inline enum kme_cause maker_take(struct maker *m, struct bytes element)
{
    struct kme_payload p;
    struct kme_taken taken;
    struct bytes value;
    assert_ok(wire_kme_payload_read(element, &p));
    assert_int_equal(kme_mme_carries(&p, &m->k.parties.imsi, &m->k.parties.imei), KME_CAUSE_NONE);
    const enum kme_cause cause = krig_take(&m->k, &p, &taken);
    if (cause == KME_CAUSE_NONE) {
        assert_ok(wire_kme_result_write(taken.nw_sig, MBYTES_OF(m->result), &value));
        m->result_n = value.n;
    }
    return cause;
}

static inline struct bytes maker_result(const struct maker *m)
{
    return (struct bytes){m->result, m->result_n};
}

/* The KME that the home network has now. */
static inline const struct key_kme *maker_kme(const struct maker *m)
{
    assert_int_equal(m->k.view.n_devices, 1);
    assert_true(m->k.view.devices[0].has_kme);
    return &m->k.view.devices[0].kme;
}

#endif
