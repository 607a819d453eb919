/* device/linux/identity_lot.h - a production lot of device identities in a directory: a manifest,
 * the devices with their private keys, and what a device binding repository is told of them.
 *
 *   lot.json         what the lot is, and whether it is complete
 *   devices.ndjson   a row for each device with its key, in the order of the IMEIs; 0600
 *   bindings.ndjson  the same order, without keys: rows of POST /v1/bulk (docs/repository.md)
 *
 * A lot for onboarding gives each device a second key, that a subscription is encrypted to, with
 * its certificates, URL and what is signed about it; a device has two rows of bindings then, one of
 * use `identity` and behind it one of use `provisioning`.
 *
 * A device's row is on the disk before its binding is written, so no binding was ever shown whose
 * key is lost, and whoever goes on with a lot that was broken off finds every key that may have
 * been told to anybody. There is one way to write a row, and the reader takes no other. Keys and
 * certificates are made elsewhere; nothing said holds a key.
 */
#ifndef BINDERY_DEVICE_LINUX_IDENTITY_LOT_H
#define BINDERY_DEVICE_LINUX_IDENTITY_LOT_H

#include "device/linux/signer_openssl.h"
#include "proc/certattach.h"

#define IDENTITY_LOT_MAX      1000000u /* devices: one TAC has no more */
#define IDENTITY_KEY_MAX      256u     /* PKCS#8 in DER */
#define IDENTITY_CHAIN_MAX    8192u    /* octets of all certificates of a device */
#define IDENTITY_SPKI_MAX     128u     /* SubjectPublicKeyInfo in DER */
#define IDENTITY_MODEL_MAX    40u
#define IDENTITY_ROOTS_MAX    4u
#define IDENTITY_ROOTS_LEN    4096u  /* octets of all roots of a device */
#define IDENTITY_ROW_MAX      32768u /* characters of a device's rows, newlines included */
#define IDENTITY_LOT_DEVICES  "devices.ndjson"
#define IDENTITY_LOT_BINDINGS "bindings.ndjson"

struct identity_why {
    char text[512]; /* file, place, what is wrong, what to do */
};

/* ---- the lot ---- */

/* What all its devices have in common to be onboarded with (proc/certattach.h). */
struct identity_lot_onboarding {
    uint8_t form;                              /* enum certattach_form of the keys; 0: none */
    uint16_t bits;                             /* of an RSA key; 0 with CERTATTACH_EC */
    bool random;                               /* device ids are random, and not serial numbers */
    char host[CERTATTACH_HOST_MAX + 1];        /* of the URLs, lower case */
    char manufacturer[IDENTITY_MODEL_MAX + 1]; /* as a model is written */
    uint8_t roots[32]; /* SHA-256 of the provisioning roots in DER, one behind the other */
};
struct identity_lot {
    char tac[9];       /* 8 digits */
    uint32_t first;    /* SNR of the first device */
    uint32_t count;    /* 1 or more; first + count is at most 1000000 */
    uint8_t algorithm; /* DEVID_ECDSA_P256 or DEVID_ED25519 */
    uint8_t form;      /* enum binding_form: what is published */
    /* with BINDING_CERTIFICATE or for onboarding, else zeros: */
    uint8_t ca[32];                     /* SHA-256 of the CA's certificate in DER */
    char model[IDENTITY_MODEL_MAX + 1]; /* in every subject: what identity_model_check takes */
    struct identity_lot_onboarding onboarding;
    int64_t made; /* Unix seconds: when it was begun */
    bool complete;
};
/* 1 to 40 letters, digits, spaces, hyphens, dots and underscores. */
bool identity_model_check(const char *model);
/* The i-th device's, i below count. */
struct imei identity_lot_imei(const struct identity_lot *lot, uint32_t i);
/* Reads the manifest. Errors: E_NOT_FOUND, E_IO, E_BAD_VALUE. */
MUST_USE enum err identity_lot_read(const char *dir, struct identity_lot *out,
                                    struct identity_why *why);
/* Writes it, whole or not at all, into a directory that is there. Errors: E_IO. */
MUST_USE enum err identity_lot_write(const char *dir, const struct identity_lot *lot,
                                     struct identity_why *why);

/* ---- a device ---- */

struct identity_key { /* a private key as PKCS#8 in DER: a secret */
    uint16_t n;
    uint8_t der[IDENTITY_KEY_MAX];
};
/* With this a device that has no subscription gets one: a secret. */
struct identity_onboarding {
    uint8_t form; /* enum certattach_form of its key; 0: the device was not made for it */
    char url[CERTATTACH_URL_MAX + 1];
    char manufacturer[DEVICE_TEXT_MAX + 1]; /* these three: what device_text_check takes */
    char model[DEVICE_TEXT_MAX + 1];
    char serial_number[DEVICE_TEXT_MAX + 1];
    uint16_t key_n; /* PKCS#8 in DER: P-256, or RSA of 2048 to 4096 bits */
    uint8_t key[SIGNER_KEY_MAX];
    uint8_t n_chain; /* certificates of that key, the device's first */
    uint16_t chain_n[DEVID_CHAIN_MAX];
    uint8_t chain[IDENTITY_CHAIN_MAX];
    uint8_t n_roots; /* provisioning roots, to which an operator's certificate must lead */
    uint16_t root_n[IDENTITY_ROOTS_MAX];
    uint8_t roots[IDENTITY_ROOTS_LEN];
};
struct identity_row {
    struct imei imei;
    uint8_t algorithm; /* enum devid_algorithm */
    struct identity_key key;
    uint8_t n_chain; /* certificates, the device's first; 0 with BINDING_PUBLIC_KEY */
    uint16_t chain_n[DEVID_CHAIN_MAX];
    uint8_t chain[IDENTITY_CHAIN_MAX]; /* in DER, one behind the other */
    struct identity_onboarding onboarding;
};
/* The i-th certificate; empty behind the last. */
struct bytes identity_certificate(const struct identity_row *row, size_t i);
/* Errors: E_NO_ROOM. */
MUST_USE enum err identity_add_certificate(struct identity_row *row, struct bytes der);
/* The same of its certificates and roots for onboarding. */
struct bytes identity_onboarding_certificate(const struct identity_onboarding *o, size_t i);
MUST_USE enum err identity_onboarding_add_certificate(struct identity_onboarding *o,
                                                      struct bytes der);
struct bytes identity_onboarding_root(const struct identity_onboarding *o, size_t i);
MUST_USE enum err identity_onboarding_add_root(struct identity_onboarding *o, struct bytes der);
/* The SubjectPublicKeyInfo of its key. Errors: E_BAD_VALUE (no key, or not of its algorithm),
 * E_NO_ROOM. */
MUST_USE enum err identity_public_key(const struct identity_row *row,
                                      uint8_t out[static IDENTITY_SPKI_MAX], size_t *n);
void identity_row_wipe(struct identity_row *row);

/* A line of devices.ndjson, with its keys, and its rows of bindings.ndjson: its certificates if it
 * has any, else its public key; and, made for onboarding, a second line with the certificates and
 * the device of that. *n: characters, newlines included. Errors: E_NO_ROOM, E_BAD_VALUE. */
MUST_USE enum err identity_row_write(const struct identity_row *row, struct mbytes out, size_t *n);
MUST_USE enum err identity_binding_write(const struct identity_row *row, struct bytes spki,
                                         struct mbytes out, size_t *n);
/* A line of devices.ndjson without its newline. Errors: E_BAD_VALUE (not written this way).
 * The IMEI has its check digit. An `onboarding` object is there or not:
 * {"url","manufacturer","model","serial_number","algorithm":"p256"|"rsa","key","certificates",
 * "roots"}, keys and certificates in base64. */
MUST_USE enum err identity_row_read(struct bytes line, struct identity_row *out);

/* ---- making one ---- */

struct identity_maker;
/* Makes the directory, or goes on with what is there: a torn last row is cut off, and bindings that
 * are missing are written from the devices. Held by one process at a time. Errors: E_CONFLICT (the
 * lot that is there is another), E_LOCKED, E_DENIED (others may read the keys, or own them),
 * E_BAD_VALUE (it is damaged), E_IO, E_MEMORY; all with *why. `made` and `complete` of *lot are not
 * looked at. */
MUST_USE enum err identity_maker_open(const char *dir, const struct identity_lot *lot, int64_t now,
                                      struct identity_maker **out, struct identity_why *why);
/* How many devices are there; the lot itself, as it stands. */
uint32_t identity_maker_done(const struct identity_maker *m);
const struct identity_lot *identity_maker_lot(const struct identity_maker *m);
/* The next `rows` devices: as many whole lines in each. The devices are durable first. After an
 * error nothing more is appended. Errors: E_BAD_VALUE (more than the lot has), E_IO. */
MUST_USE enum err identity_maker_append(struct identity_maker *m, struct bytes devices,
                                        struct bytes bindings, uint32_t rows,
                                        struct identity_why *why);
/* All are there: the manifest says so. Errors: E_BAD_STATE, E_IO. */
MUST_USE enum err identity_maker_finish(struct identity_maker *m, struct identity_why *why);
void identity_maker_close(struct identity_maker *m);

/* ---- taking out of one ---- */

struct identity_source;
/* Errors: those of identity_lot_read, E_DENIED (others may read the keys, or own them), E_MEMORY. A
 * lot that is not complete may be read: what is there is there. */
MUST_USE enum err identity_source_open(const char *dir, struct identity_source **out,
                                       struct identity_why *why);
const struct identity_lot *identity_source_lot(const struct identity_source *s);
/* By IMEI, without reading all. Errors: E_NOT_FOUND, E_BAD_VALUE, E_IO. *out is the caller's to
 * wipe. */
MUST_USE enum err identity_source_find(struct identity_source *s, const struct imei *imei,
                                       struct identity_row *out, struct identity_why *why);
/* One after the other, in the order of the IMEIs. Errors: E_CLOSED at the end, E_BAD_VALUE, E_IO.
 */
MUST_USE enum err identity_source_next(struct identity_source *s, struct identity_row *out,
                                       struct identity_why *why);
void identity_source_close(struct identity_source *s);

#endif
