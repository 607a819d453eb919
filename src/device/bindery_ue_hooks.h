/* device/bindery_ue_hooks.h - layer 1 of libbindery-ue: hooks for a modem with a NAS stack of its
 * own, what the platform brings for both layers, and a soft USIM.
 *
 * A part of bindery_ue.h, which says by what conventions all of this goes, and who saves what when.
 */
#ifndef BINDERY_UE_HOOKS_H
#define BINDERY_UE_HOOKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#define BINDERY_UE_ALIGNED alignas(8)
#else
#define BINDERY_UE_ALIGNED _Alignas(8)
#endif

#define BINDERY_UE_VERSION 1 /* of this interface */

enum bindery_ue_result {
    BINDERY_UE_OK = 0,
    BINDERY_UE_ERR_ARGUMENT, /* a value handed in is none that is allowed */
    BINDERY_UE_ERR_STATE,    /* not in this state (bindery_ue_state()), or no init succeeded */
    BINDERY_UE_ERR_BUSY,     /* take uplink and events first */
    BINDERY_UE_ERR_IMAGE,    /* image or keys: damaged, cut, or of a version that is not known */
    BINDERY_UE_ERR_FOREIGN,  /* an image, or keys, of another IMSI */
    BINDERY_UE_ERR_ROOM,     /* the space given is too small */
    BINDERY_UE_ERR_STORE,    /* the host could not store; what was to leave does not */
    BINDERY_UE_ERR_CRYPTO,   /* a function of the crypto table failed */
    BINDERY_UE_ERR_UNTRUSTED /* a certificate leads to no root of this device, or is for another use
                              */
};

/* ---- what the platform brings ---------------------------------------------------------------- */

/* Cryptographic functions. Each returns false if it failed; its output is then not used. One table
 * serves one thread. All but aes128_key with aes128_encrypt are independent of each other. */
struct bindery_ue_crypto {
    void *ctx;
    /* Loads a key for aes128_encrypt. It stays until the next call. */
    bool (*aes128_key)(void *ctx, const uint8_t key[16]);
    /* `blocks` blocks of 16 octets, in ECB; in and out may be the same. */
    bool (*aes128_encrypt)(void *ctx, const uint8_t *in, uint8_t *out, size_t blocks);
    /* One block under its own key. */
    bool (*aes128_decrypt)(void *ctx, const uint8_t key[16], const uint8_t in[16], uint8_t out[16]);
    bool (*hmac_sha256)(void *ctx, const uint8_t *key, size_t key_n, const uint8_t *message,
                        size_t message_n, uint8_t out[32]);
    bool (*sha256)(void *ctx, const uint8_t *message, size_t message_n, uint8_t out[32]);
    /* Octets fit for keys. */
    bool (*random)(void *ctx, uint8_t *out, size_t n);
};

/* What a USIM answers to the AUTHENTICATE command (TS 31.102 7.1.2). */
enum bindery_ue_usim_status {
    BINDERY_UE_USIM_OK,           /* res, ck, ik */
    BINDERY_UE_USIM_MAC_FAILURE,  /* status word 98 62 */
    BINDERY_UE_USIM_SYNC_FAILURE, /* tag DC: auts */
    BINDERY_UE_USIM_FAILED        /* no answer: the card is gone, or broken */
};
struct bindery_ue_usim_answer {
    uint8_t res[16];
    uint8_t res_n; /* 4 to 16 */
    uint8_t ck[16];
    uint8_t ik[16];
    uint8_t auts[14];
};
/* The USIM, on a UICC or soft. The RAND handed to it is the plain one. */
typedef enum bindery_ue_usim_status (*bindery_ue_usim_fn)(void *ctx, const uint8_t rand[16],
                                                          const uint8_t autn[16],
                                                          struct bindery_ue_usim_answer *out);

/* How a device's key signs; the numbers are those on the air. NAME, number, "name". */
#define BINDERY_UE_SIGNATURES(X)                                                                   \
    X(ECDSA_P256, 1, "ecdsa-p256") /* SHA-256; r || s, 64 octets */                                \
    X(ECDSA_P384, 2, "ecdsa-p384") /* SHA-384; r || s, 96 octets */                                \
    X(ED25519, 3, "ed25519")       /* 64 octets */                                                 \
    X(RSA_PSS, 4, "rsa-pss")       /* SHA-256, MGF1 with it, salt of 32; 2048 to 4096 bits */
enum bindery_ue_signature {
#define BINDERY_UE_X(name, number, text) BINDERY_UE_SIGNATURE_##name = number,
    BINDERY_UE_SIGNATURES(BINDERY_UE_X)
#undef BINDERY_UE_X
};
#define BINDERY_UE_SIGNATURE_MAX 512
const char *bindery_ue_signature_name(uint8_t algorithm); /* "ecdsa-p256"; never NULL */

/* The private key that proves this device's IMEI: in a secure element, in protected memory,
 * wherever it was put when the device was made. The library never sees it. */
struct bindery_ue_signer {
    void *ctx;
    uint8_t algorithm; /* enum bindery_ue_signature: the one that the key has */
    /* Signs `n` octets. *signature_n is the room: BINDERY_UE_SIGNATURE_MAX for a proof of the IMEI,
     * but 64 for a KME, not an octet more. Then the octets written, 64 or more. False: it failed;
     * nothing is answered, and the network asks again. */
    bool (*sign)(void *ctx, const uint8_t *content, size_t n, uint8_t *signature,
                 size_t *signature_n);
};

/* RSAES-OAEP with SHA-256 and MGF1 with SHA-256 (RFC 8017 7.1.1) to a modulus with the exponent
 * 65537: by the modem's own crypto engine, or by OpenSSL. */
struct bindery_ue_encrypter {
    void *ctx;
    /* Fills modulus_n octets at `out`. `plain` is 112 octets and secret. False: it failed; nothing
     * is answered, and the network asks again. */
    bool (*encrypt)(void *ctx, const uint8_t *modulus, size_t modulus_n, const uint8_t *label,
                    size_t label_n, const uint8_t *plain, size_t plain_n, uint8_t *out);
};
/* The manufacturer's lot that covers this device's IMEI, which it was given when it was made.
 * Nothing of it is secret. */
#define BINDERY_UE_LOT_ID_MAX  32 /* characters: letters, digits, '.', '-' and '_' */
#define BINDERY_UE_MODULUS_MIN 256
#define BINDERY_UE_MODULUS_MAX 512
struct bindery_ue_lot {
    const char *id;         /* ends with a NUL */
    const uint8_t *modulus; /* N, the first octet highest and not zero */
    size_t modulus_n;       /* octets: a multiple of 32 */
};
/* What a device needs to make the key of its own binding, besides a signer for ECDSA P-256. */
struct bindery_ue_provisioning {
    const struct bindery_ue_encrypter *encrypter;
    struct bindery_ue_lot lot;
};

/* ---- layer 1: hooks for a modem with a NAS stack of its own ---------------------------------- */

/* Equipment's side of the binding of IMSI and IMEI (TR 33.868 5.4.4.2.3.2): the network may have
 * encrypted RAND under KME, which this device and its home network share. AMF in AUTN says so. */

#define BINDERY_UE_KME_SIZE     16
#define BINDERY_UE_BINDING_SIZE 160
struct bindery_ue_binding {
    BINDERY_UE_ALIGNED unsigned char space[BINDERY_UE_BINDING_SIZE];
};

enum bindery_ue_outcome {
    BINDERY_UE_ANSWERED,          /* AUTHENTICATION RESPONSE with res; ck and ik for KASME */
    BINDERY_UE_REPEATED,          /* the same: the challenge came again, the USIM was not asked */
    BINDERY_UE_MAC_FAILURE,       /* AUTHENTICATION FAILURE #20 */
    BINDERY_UE_SYNC_FAILURE,      /* AUTHENTICATION FAILURE #21 with auts */
    BINDERY_UE_NO_SEPARATION_BIT, /* AUTHENTICATION FAILURE #26 */
    BINDERY_UE_NO_KME,            /* a processed challenge and no KME: #20, the USIM not asked */
    BINDERY_UE_BROKEN             /* crypto table or USIM failed, or is not there: nothing is
                                     answered */
};
/* "answered", "repeated", "mac-failure" and so on; never NULL. */
const char *bindery_ue_outcome_name(enum bindery_ue_outcome o);

/* kme: BINDERY_UE_KME_SIZE octets, copied, or NULL when this device has none for the IMSI. */
void bindery_ue_binding_init(struct bindery_ue_binding *b, const uint8_t *kme);

/* On AUTHENTICATION REQUEST: RAND and AUTN as received. Decrypts RAND if AMF says that it is
 * processed, asks the USIM unless this very RAND was answered last, and says what to send:
 * *emm_cause is the cause for AUTHENTICATION FAILURE, or 0. *out is written as the outcome says,
 * else zeroed. Wipe it after use. KASME takes SQN xor AK from AUTN as received (TS 33.401 A.2). */
enum bindery_ue_outcome bindery_ue_binding_challenge(struct bindery_ue_binding *b,
                                                     const struct bindery_ue_crypto *crypto,
                                                     bindery_ue_usim_fn usim, void *usim_ctx,
                                                     const uint8_t rand[16], const uint8_t autn[16],
                                                     struct bindery_ue_usim_answer *out,
                                                     uint8_t *emm_cause);
/* When T3416 ends, and on the other occasions of TS 24.301 5.4.2.3: the last challenge is forgotten
 * and a repetition goes to the USIM. */
void bindery_ue_binding_forget(struct bindery_ue_binding *b);
/* Keys and answers become zeros. */
void bindery_ue_binding_wipe(struct bindery_ue_binding *b);

/* Device's side of device identifier authentication (TR 33.899 5.2.4.x and 5.2.4.y, steps 4 and 5):
 * an IDENTITY REQUEST for the IMEI brings a fresh challenge in information element 7E, and the
 * device signs its IMEI with it, for this NAS session and no other. */
struct bindery_ue_devid_request {
    uint8_t identity_type;  /* of IDENTITY REQUEST (TS 24.301 9.9.3.17): 2 is the IMEI */
    const uint8_t *element; /* the content of its element 7E, without IEI and length */
    size_t element_n;
    bool integrity; /* the message was integrity protected, and its MAC held */
    /* What the message was ciphered with, and the answer will be: EEA1 to EEA3. 0: it was not, or
     * with EEA0, which is no ciphering. */
    uint8_t eea;
    const uint8_t *kasme; /* of the current security context: 32 octets */
    uint8_t plmn[3];      /* the serving PLMN, which KASME was made for */
    char imei[14];        /* TAC and SNR, no check digit */
};
enum bindery_ue_devid_outcome {
    BINDERY_UE_DEVID_PROVED,      /* IDENTITY RESPONSE with the IMEI, and *out in element 7E */
    BINDERY_UE_DEVID_NO_PROOF,    /* IDENTITY RESPONSE with the IMEI, no element: the device has no
                                     key, or none of an algorithm that the network accepts */
    BINDERY_UE_DEVID_NOT_ASKED,   /* the element is for something else, or of a later version: go on
                                     as if it was not there */
    BINDERY_UE_DEVID_UNPROTECTED, /* no integrity, or no ciphering: no IDENTITY RESPONSE. EMM STATUS
                                     #98 if it was integrity protected, else nothing */
    BINDERY_UE_DEVID_MALFORMED,   /* it cannot be read, or another identity than the IMEI was asked
                                     for with it: no IDENTITY RESPONSE, EMM STATUS #95 */
    BINDERY_UE_DEVID_BROKEN       /* crypto table or signer failed or is not complete, IMEI or PLMN
                                     is none, or the room is too small: nothing is answered */
};
/* "proved", "no-proof" and so on; never NULL. */
const char *bindery_ue_devid_outcome_name(enum bindery_ue_devid_outcome o);

/* Octets of an answer with a signature of so many: 90 with ecdsa-p256 and ed25519. */
#define BINDERY_UE_DEVID_ANSWER(signature_n) (26 + (signature_n))
#define BINDERY_UE_DEVID_ANSWER_MAX          BINDERY_UE_DEVID_ANSWER(BINDERY_UE_SIGNATURE_MAX)

/* On an IDENTITY REQUEST with element 7E. signer: NULL if the device has no key. *out_n is the room
 * at `out`, at least BINDERY_UE_DEVID_ANSWER of the key's signature; then the octets written, 0
 * with any outcome but BINDERY_UE_DEVID_PROVED. `out` may be where the element stands. Keeps
 * nothing: a request that is repeated is answered again. Send what it says integrity protected and
 * ciphered, or not at all. */
enum bindery_ue_devid_outcome bindery_ue_devid_answer(
    const struct bindery_ue_crypto *crypto, const struct bindery_ue_signer *signer,
    const struct bindery_ue_devid_request *request, uint8_t *out, size_t *out_n);

/* Device's side of KME generated by the ME (TR 33.868 5.4.4.2.3.3.3, steps 5, 6 and 12): on the
 * home network's command, an IDENTITY REQUEST for the IMEI with another content of element 7E, the
 * device makes the KME of its own binding, signs it, and encrypts it to its manufacturer's modulus.
 * The network's proof that it has the KME comes back in an ATTACH REJECT. */

/* Octets of a record of keys, at most: see WHO SAVES WHAT, WHEN. */
#define BINDERY_UE_KEYS_MAX  640
#define BINDERY_UE_KEYS_SIZE 768
/* The keys of one IMSI. */
struct bindery_ue_keys {
    BINDERY_UE_ALIGNED unsigned char space[BINDERY_UE_KEYS_SIZE];
};
/* Where they are stored. Copied by value. */
struct bindery_ue_keys_store {
    void *ctx;
    /* Writes a record in the place of the one before; after `true` it must survive a power cut. */
    bool (*store_keys)(void *ctx, const uint8_t *keys, size_t n);
    /* BINDERY_UE_KEYS_MAX octets, in which a record is made, and wiped when it was stored. Pointed
     * to; contexts of one thread may share it. */
    uint8_t *room;
};
struct bindery_ue_subscription {
    char imsi[15];
    uint8_t imsi_n; /* 6 to 15 */
    uint8_t mnc_n;  /* digits of the MNC in it: 2 or 3, as EF AD of the USIM says */
};
/* record: what store_keys was handed last for this IMSI. NULL: nothing yet; then `kme`, unless it
 * is NULL, is the one that the factory gave. After an error *keys is zeros.
 * Errors: ERR_ARGUMENT, ERR_IMAGE, ERR_FOREIGN, ERR_CRYPTO. */
enum bindery_ue_result bindery_ue_keys_init(struct bindery_ue_keys *keys,
                                            const struct bindery_ue_crypto *crypto,
                                            const struct bindery_ue_keys_store *store,
                                            const struct bindery_ue_subscription *subscription,
                                            const uint8_t *kme, const uint8_t *record,
                                            size_t record_n);
void bindery_ue_keys_wipe(struct bindery_ue_keys *keys);

enum bindery_ue_kme_outcome {
    BINDERY_UE_KME_OFFERED, /* IDENTITY RESPONSE with the IMEI, and *out in element 7E */
    BINDERY_UE_KME_UNABLE,  /* IDENTITY RESPONSE with the IMEI, no element: the device has no key to
                               sign with, or another than ECDSA P-256, no lot or no encrypter */
    BINDERY_UE_KME_ACTIVE, /* the network has the KME. It is the active one now, or, if there is one
                              already, with the first challenge under it: attach again when the
                              connection has ended */
    BINDERY_UE_KME_NOT_ASKED,   /* the element is for something else, or of a later version, or not
                                   there: go on as if it was not */
    BINDERY_UE_KME_UNPROTECTED, /* no integrity, or no ciphering. A command: no IDENTITY RESPONSE;
                                   EMM STATUS #98 if it was integrity protected, else nothing. A
                                   result: an ordinary ATTACH REJECT */
    BINDERY_UE_KME_MALFORMED, /* it cannot be read, or another identity than the IMEI was asked for
                                 with it. A command: no IDENTITY RESPONSE, EMM STATUS #95. A
                                 result: an ordinary ATTACH REJECT */
    BINDERY_UE_KME_WRONG,     /* NW_SIG is not what has to come, or nothing was offered: an ordinary
                                 ATTACH REJECT. Nothing is changed: the KME that waits still waits */
    BINDERY_UE_KME_NOT_STORED, /* the keys could not be stored. A command: nothing is answered; the
                                  network asks again, and then they are stored again. A result:
                                  attach again, as after BINDERY_UE_KME_ACTIVE; the challenge that
                                  comes then is answered when they are stored */
    BINDERY_UE_KME_BROKEN      /* crypto table, signer or encrypter failed or is not complete, IMEI
                                  is none, or the room is too small: nothing is answered */
};
/* "offered", "unable" and so on; never NULL. */
const char *bindery_ue_kme_outcome_name(enum bindery_ue_kme_outcome o);

struct bindery_ue_kme_request {
    uint8_t identity_type;  /* of IDENTITY REQUEST: 2 is the IMEI */
    const uint8_t *element; /* the content of its element 7E, without IEI and length */
    size_t element_n;
    bool integrity; /* the message was integrity protected, and its MAC held */
    uint8_t eea;    /* as in struct bindery_ue_devid_request */
    char imei[14];  /* TAC and SNR, no check digit */
};
/* Octets of a payload, at most. */
#define BINDERY_UE_KME_ANSWER_MAX (36 + BINDERY_UE_LOT_ID_MAX + BINDERY_UE_MODULUS_MAX)

/* On an IDENTITY REQUEST with element 7E, after or before bindery_ue_devid_answer: one of the two
 * says that it was not asked. A nonce that was not the last one costs a signature, an encryption
 * and a write to flash; how often in an hour a network may want that is the stack's to limit, for
 * this layer knows no time (layer 2: eight times). signer, provisioning: NULL if the device has
 * none. *out_n is the room at `out`, BINDERY_UE_KME_ANSWER_MAX; then the octets written, 0 with any
 * outcome but BINDERY_UE_KME_OFFERED. Stores the keys before it returns that. Send what it says
 * integrity protected and ciphered, or not at all. */
enum bindery_ue_kme_outcome
bindery_ue_kme_answer(struct bindery_ue_keys *keys, const struct bindery_ue_crypto *crypto,
                      const struct bindery_ue_signer *signer,
                      const struct bindery_ue_provisioning *provisioning,
                      const struct bindery_ue_kme_request *request, uint8_t *out, size_t *out_n);
/* On an ATTACH REJECT with element 7E: its content. */
enum bindery_ue_kme_outcome bindery_ue_kme_result(struct bindery_ue_keys *keys,
                                                  const struct bindery_ue_crypto *crypto,
                                                  const uint8_t *element, size_t element_n,
                                                  bool integrity, uint8_t eea);
/* On AUTHENTICATION REQUEST: as bindery_ue_binding_challenge, with the active KME and then with the
 * one that waits, which a challenge that is right under it makes the active one. `b` keeps the last
 * answer; the KME that bindery_ue_binding_init was given is not used. BINDERY_UE_BROKEN also if the
 * keys could not be stored. */
enum bindery_ue_outcome
bindery_ue_kme_challenge(struct bindery_ue_keys *keys, struct bindery_ue_binding *b,
                         const struct bindery_ue_crypto *crypto, bindery_ue_usim_fn usim,
                         void *usim_ctx, const uint8_t rand[16], const uint8_t autn[16],
                         struct bindery_ue_usim_answer *out, uint8_t *emm_cause);

/* ---- a soft USIM, where there is no UICC ----------------------------------------------------- */

#define BINDERY_UE_USIM_SIZE      512
#define BINDERY_UE_USIM_SEQUENCES 32 /* TS 33.102 C.2.2: the highest SEQ accepted, per IND */
struct bindery_ue_usim {
    BINDERY_UE_ALIGNED unsigned char space[BINDERY_UE_USIM_SIZE];
};
enum bindery_ue_algorithm { BINDERY_UE_MILENAGE = 1, BINDERY_UE_TUAK = 2 };
struct bindery_ue_usim_keys {
    enum bindery_ue_algorithm algorithm;
    uint8_t k[32];
    uint8_t k_n; /* 16; TUAK also 32 */
    uint8_t opc[32];
    uint8_t opc_n;             /* OPc 16, TOPc 32 */
    uint8_t res_n;             /* Milenage 8; TUAK 4, 8 or 16 */
    uint8_t keccak_iterations; /* TUAK: 1 or more */
};
/* seq: what bindery_ue_usim_sequences() gave last, or NULL for a USIM never used. Keys are copied.
 * Errors: ERR_ARGUMENT. */
enum bindery_ue_result bindery_ue_usim_init(struct bindery_ue_usim *usim,
                                            const struct bindery_ue_crypto *crypto,
                                            const struct bindery_ue_usim_keys *keys,
                                            const uint64_t *seq);
/* A bindery_ue_usim_fn whose ctx is a struct bindery_ue_usim. On BINDERY_UE_USIM_OK the sequence
 * number is taken; store it before RES leaves (layer 2: in the host's store function). */
enum bindery_ue_usim_status bindery_ue_usim_authenticate(void *usim, const uint8_t rand[16],
                                                         const uint8_t autn[16],
                                                         struct bindery_ue_usim_answer *out);
void bindery_ue_usim_sequences(const struct bindery_ue_usim *usim,
                               uint64_t seq[BINDERY_UE_USIM_SEQUENCES]);
void bindery_ue_usim_wipe(struct bindery_ue_usim *usim);

/* ---- a device that has no subscription yet --------------------------------------------------- */

/* Device's side of credential provisioning in the attach procedure (TR 33.899 5.12.4.Z, steps 1 and
 * 5): an ATTACH REQUEST of type 5 with the IMEI carries the URL of the device's certificate, and an
 * ATTACH REJECT brings a subscription, encrypted to the key of that certificate and signed by the
 * operator for this device, this PLMN and the nonce of this request. */

#define BINDERY_UE_APN_MAX                   100 /* characters */
#define BINDERY_UE_PROFILE_APNS              4
#define BINDERY_UE_ONBOARDING_SECRET         32
#define BINDERY_UE_ONBOARDING_SIGNATURE_SIZE 64

/* What the operator signed, and with which certificate. All of it is in the message that came. */
struct bindery_ue_operator_message {
    const uint8_t *certificates; /* DER, the signer's first, one behind the other, no root */
    size_t certificates_n;
    uint8_t plmn[3]; /* that the device selected: the certificate has to list it */
    uint64_t expiry; /* Unix seconds: after it the result is taken no more */
    const uint8_t *content;
    size_t content_n;
    const uint8_t *signature; /* 64 octets: ECDSA P-256 with SHA-256, r || s */
};
enum bindery_ue_operator_verdict {
    BINDERY_UE_OPERATOR_GOOD,
    BINDERY_UE_OPERATOR_UNTRUSTED, /* it leads to no provisioning root of the device */
    BINDERY_UE_OPERATOR_CERTIFICATE_EXPIRED,
    BINDERY_UE_OPERATOR_PURPOSE,    /* extended key usage: not role 1.3.6.1.4.1.32473.1.1.7 */
    BINDERY_UE_OPERATOR_OTHER_PLMN, /* no dNSName epc.mncXXX.mccYYY.3gppnetwork.org of the PLMN */
    BINDERY_UE_OPERATOR_SIGNATURE,
    BINDERY_UE_OPERATOR_RESULT_EXPIRED, /* `expiry` is over */
    BINDERY_UE_OPERATOR_FAILED          /* it could not be found out */
};

/* The subscription. Secret. */
struct bindery_ue_profile {
    char imsi[15];
    uint8_t imsi_n;
    uint8_t mnc_n;   /* digits of the MNC in it: 2 or 3 */
    uint8_t home[3]; /* PLMN */
    uint8_t policy;  /* 0 open, 1 learn (the network will want a KME), 2 bound */
    struct bindery_ue_usim_keys usim;
    uint8_t n_apns; /* the default one first; 0: the network says which */
    char apns[BINDERY_UE_PROFILE_APNS][BINDERY_UE_APN_MAX + 1]; /* each ends with a NUL */
};

/* What a device needs for that, from the factory. Its private key stays where it is. */
struct bindery_ue_onboarding {
    const char *url; /* "https://HOST/DeviceID=ID", ends with a NUL */
    uint16_t sent_n; /* octets that are sent to its key: 33 for EC P-256, those of an RSA modulus */
    void *ctx;
    /* Is the certificate good, and the signature over the content the certificate's? A device that
     * does not know the time at all leaves out what it cannot check, validity and expiry: nonce and
     * PLMN are in the content. */
    enum bindery_ue_operator_verdict (*verify)(void *ctx,
                                               const struct bindery_ue_operator_message *m);
    /* The secret behind what was sent, by the device's private key. form 1: `sent` is a compressed
     * point of P-256, the secret the x coordinate of ECDH with it. form 2: `sent` is an
     * RSAES-OAEP block (SHA-256, MGF1 with it, label "bindery onboarding secret") of the secret.
     * False: the key is of the other form, or what was sent is wrong. Called only after `verify`
     * said GOOD. */
    bool (*secret)(void *ctx, uint8_t form, const uint8_t *sent, size_t sent_n,
                   uint8_t secret[BINDERY_UE_ONBOARDING_SECRET]);
    /* Stores K, OPc, IMSI and profile; after `true` they must survive a power cut. After `false`
     * the device asks again, and gets the same. */
    bool (*install)(void *ctx, const struct bindery_ue_profile *profile);
};

/* What a device remembers of its request, in memory alone: PLMN and nonce. */
#define BINDERY_UE_ASKED_SIZE 32
struct bindery_ue_asked {
    BINDERY_UE_ALIGNED unsigned char space[BINDERY_UE_ASKED_SIZE];
};

/* NAME, "name", sentence */
#define BINDERY_UE_ONBOARDING_OUTCOMES(X)                                                          \
    X(TAKEN, "taken", "the subscription is installed")                                             \
    X(NOT_ASKED, "not-asked",                                                                      \
      "it brings no subscription, or none was asked for, or one was taken already")                \
    X(UNREADABLE, "unreadable", "the result cannot be read")                                       \
    X(UNTRUSTED, "operator-untrusted",                                                             \
      "the operator's certificate leads to no provisioning root of this device")                   \
    X(CERTIFICATE_EXPIRED, "operator-certificate-expired",                                         \
      "the operator's certificate is not valid at this time")                                      \
    X(PURPOSE, "operator-purpose", "the certificate is not a provisioning operator's")             \
    X(OTHER_PLMN, "operator-plmn",                                                                 \
      "the operator's certificate does not list the PLMN that was selected")                       \
    X(SIGNATURE, "operator-signature",                                                             \
      "the signature is not the operator's over this device, PLMN, nonce and content")             \
    X(EXPIRED, "result-expired", "the result is too old")                                          \
    X(NOT_OPENED, "not-opened",                                                                    \
      "the content was not encrypted to this device's key for this attach")                        \
    X(PROFILE, "profile-unreadable", "the subscription profile cannot be read")                    \
    X(NOT_STORED, "not-stored", "the subscription could not be stored")                            \
    X(BROKEN, "broken", "crypto table or a function of the host failed, or the room is too small")
enum bindery_ue_onboarding_outcome {
#define BINDERY_UE_X(name, text, sentence) BINDERY_UE_ONBOARDING_##name,
    BINDERY_UE_ONBOARDING_OUTCOMES(BINDERY_UE_X)
#undef BINDERY_UE_X
};
const char *bindery_ue_onboarding_outcome_name(enum bindery_ue_onboarding_outcome o);

/* Octets that the two functions below work in; wiped afterwards but for what they give. */
#define BINDERY_UE_ONBOARDING_ROOM 2048
/* Octets of a request with a URL of 335 characters and a signature of 512. */
#define BINDERY_UE_ONBOARDING_ASK_MAX 875

/* Before an ATTACH REQUEST of EPS attach type 5 with the mobile identity IMEI and KSI "no key":
 * the content of its element 7E. A fresh nonce each time: what an earlier request brings counts no
 * more. signer: NULL if the device has no key to prove its IMEI with. imei: TAC and SNR. *out_n is
 * the room at `out`, BINDERY_UE_ONBOARDING_ROOM; then the octets written, 0 after an error.
 * Errors: ERR_ARGUMENT (IMEI, PLMN, or URL), ERR_ROOM, ERR_CRYPTO. */
enum bindery_ue_result bindery_ue_onboarding_ask(struct bindery_ue_asked *asked,
                                                 const struct bindery_ue_crypto *crypto,
                                                 const struct bindery_ue_onboarding *onboarding,
                                                 const struct bindery_ue_signer *signer,
                                                 const char imei[14], const uint8_t plmn[3],
                                                 uint8_t *out, size_t *out_n);
/* On an ATTACH REJECT of that attach: element 7E's content, or NULL if it has none. The element
 * stands outside of `room`, BINDERY_UE_ONBOARDING_ROOM octets. With TAKEN `install` has the
 * subscription: attach anew with the IMSI. Anything else is an ordinary ATTACH REJECT, and the
 * attempt has failed: try another PLMN, or again after T3411 or T3402. In any case nothing is
 * outstanding any more. */
enum bindery_ue_onboarding_outcome
bindery_ue_onboarding_take(struct bindery_ue_asked *asked, const struct bindery_ue_crypto *crypto,
                           const struct bindery_ue_onboarding *onboarding, const uint8_t *element,
                           size_t element_n, uint8_t *room, size_t room_n);
/* When T3410 ends or the connection does: no answer is taken any more. */
void bindery_ue_onboarding_forget(struct bindery_ue_asked *asked);

/* Which network next? `networks` are those that were found, best first; `preferred` those that the
 * device's policy names, in its order, and `others` says whether it may use any else, after them.
 * The index of the first in that order that was not tried; BINDERY_UE_NO_NETWORK if there is none.
 * On BINDERY_UE_EVENT_ELSEWHERE mark the present one and choose: an index, then camp there; none,
 * then all were tried: unmark them and stay, for the device tries again by itself. */
#define BINDERY_UE_NO_NETWORK SIZE_MAX
struct bindery_ue_network {
    uint8_t plmn[3];
    bool tried;
};
struct bindery_ue_network_policy {
    const uint8_t (*preferred)[3]; /* PLMNs */
    size_t preferred_n;
    bool others;
};
size_t bindery_ue_network_choose(const struct bindery_ue_network_policy *policy,
                                 const struct bindery_ue_network *networks, size_t networks_n);

#ifdef __cplusplus
}
#endif

#endif
