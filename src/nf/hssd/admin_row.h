/* nf/hssd/admin_row.h - a subscriber or a device as the administration interface receives it: JSON
 * into typed values, and nothing else.
 *
 * Strict: a member that is not known, of another type, repeated or out of its range is refused with
 * its JSON pointer. What is written about a fault never holds what a secret member held, nor of the
 * others what could be a key that stands in the wrong place. Nothing here looks at the store;
 * nf/hssd/admin_plan.h holds a row against it.
 */
#ifndef BINDERY_NF_HSSD_ADMIN_ROW_H
#define BINDERY_NF_HSSD_ADMIN_ROW_H

#include "nf/hssd/transport_keys.h"
#include "proc/binding.h"
#include "proc/devid.h"
#include "proc/kme.h"
#include "store/store.h"

enum admin_member {
    ROW_IMSI = 1 << 0,
    ROW_ALGORITHM = 1 << 1,
    ROW_K = 1 << 2,
    ROW_OPC = 1 << 3,
    ROW_OP = 1 << 4,
    ROW_RES_LENGTH = 1 << 5,
    ROW_KECCAK = 1 << 6,
    ROW_SQN = 1 << 7,
    ROW_POLICY = 1 << 8,
    ROW_PROFILE = 1 << 9,
    ROW_MSISDN = 1 << 10,
    ROW_SUSPENDED = 1 << 11,
    ROW_DEVICES = 1 << 12,
    ROW_IMEI = 1 << 13,
    ROW_KME = 1 << 14,
    ROW_PROOF = 1 << 15,
    ROW_K_ENCRYPTED = 1 << 16, /* the same order as admin_secret */
    ROW_OPC_ENCRYPTED = 1 << 17,
    ROW_OP_ENCRYPTED = 1 << 18,
    ROW_TRANSPORT_KEY = 1 << 19,
    ROW_KCV = 1 << 20,
    ROW_KEYS = 1 << 21,
};

/* What may come encrypted under a transport key. */
enum admin_secret { ADMIN_SECRET_K, ADMIN_SECRET_OPC, ADMIN_SECRET_OP, ADMIN_SECRETS };
struct admin_encrypted {
    uint8_t n; /* 0: none */
    uint8_t b[TRANSPORT_MAX];
};
struct admin_device {
    struct imei imei;
    bool has_kme;
    struct key_kme kme;
    struct admin_encrypted kme_encrypted; /* of a row only; kme has it once the row is parsed */
};
/* Members that are not in `has` have their defaults. Its holder wipes it. */
struct admin_row {
    unsigned has; /* enum admin_member bits */
    bool whole;   /* one that is not there can be made of it: k is given */
    struct imsi imsi;
    struct aka_keys keys; /* opc is that of `op` too, once admin_row_parse is done */
    struct key_op op;
    char transport_key[HSSD_TRANSPORT_NAME_MAX];
    struct admin_encrypted
        encrypted[ADMIN_SECRETS]; /* keys and op have them too, once it is parsed */
    uint8_t kcv[TRANSPORT_KCV];
    uint64_t sqn;
    enum binding_policy policy;
    struct devid_policy proof;
    char profile[STORE_PROFILE_MAX];
    char msisdn[STORE_MSISDN_MAX];
    bool suspended;
    size_t n_devices;
    struct admin_device devices[STORE_DEVICES_MAX];
};

/* What may be left out. */
enum admin_shape {
    ADMIN_WHOLE,  /* PUT: k and op or opc are there, the rest has defaults */
    ADMIN_CHANGE, /* PATCH: anything */
    ADMIN_EITHER  /* import: imsi is there; with k it can make one that is not there yet */
};

/* `imsi` is the one of the path, or NULL; a member `imsi` must then be the same. `c` makes OPc of
 * OP; what came encrypted is opened with the keys of `ring`. On false the row is wiped. */
MUST_USE bool admin_row_parse(const json_t *json, enum admin_shape shape, const struct imsi *imsi,
                              const struct crypto *c, struct transport_ring *ring,
                              struct admin_row *out, struct admin_fault *fault);
/* Of a row whose members are known, before anything else of it is looked at: opens what came
 * encrypted, and holds the check value against K (admin_row_transport.c). */
MUST_USE bool admin_row_open(struct admin_row *row, struct transport_ring *ring,
                             struct admin_fault *fault);
/* The body of PUT and PATCH of a device: {"kme":"..."} or {}. */
MUST_USE bool admin_device_parse(const json_t *json, const struct imei *imei, bool kme_needed,
                                 struct admin_device *out, struct admin_fault *fault);

/* What an operator wants of the subscription's KME: {"request":"rebind","imei":"..."}. */
struct admin_kme {
    enum kme_request request;
    bool has_imei; /* with KME_REQUEST_REBIND */
    struct imei imei;
};
MUST_USE bool admin_kme_parse(const json_t *json, struct admin_kme *out, struct admin_fault *fault);

/* Makes jansson wipe what it frees: whoever parses secrets calls it before anything else uses
 * jansson, and before there are threads. */
void admin_json_wipes(void);

#endif
