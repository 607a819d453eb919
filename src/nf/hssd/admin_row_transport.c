/* What came encrypted in a row: nf/hssd/admin_row.h. */
#include "nf/hssd/admin_row.h"

#include <stdio.h>
#include <string.h>

static const struct secret {
    enum admin_member encrypted, plain, other; /* other: excluded too, in whichever form */
    const char *pointer, *words;
} secrets[ADMIN_SECRETS] = {
    [ADMIN_SECRET_K] = {ROW_K_ENCRYPTED, ROW_K, 0, "/k_encrypted",
                        "k_encrypted and k exclude each other"},
    [ADMIN_SECRET_OPC] = {ROW_OPC_ENCRYPTED, ROW_OPC, ROW_OP, "/opc_encrypted",
                          "opc_encrypted, opc and op exclude each other"},
    [ADMIN_SECRET_OP] = {ROW_OP_ENCRYPTED, ROW_OP, ROW_OPC, "/op_encrypted",
                         "op_encrypted, opc_encrypted, opc and op exclude each other"},
};

static bool missing(const char *pointer, struct admin_fault *fault, const char *what)
{
    return admin_fault_set(fault, PROBLEM_MISSING_MEMBER, pointer, "%s", what);
}

/* Is there anything that only a transport key opens? */
static bool has_encrypted(const struct admin_row *row)
{
    bool has = (row->has & (ROW_K_ENCRYPTED | ROW_OPC_ENCRYPTED | ROW_OP_ENCRYPTED)) != 0;
    for (size_t i = 0; i < row->n_devices; i++) {
        has = has || row->devices[i].kme_encrypted.n != 0;
    }
    return has;
}

static bool members_fit(const struct admin_row *row, struct admin_fault *fault)
{
    const bool named = (row->has & ROW_TRANSPORT_KEY) != 0;
    if ((row->has & ROW_KEYS) != 0 &&
        (has_encrypted(row) || (row->has & (ROW_K | ROW_OP | ROW_OPC)) != 0)) {
        return admin_fault_set(fault, PROBLEM_BAD_MEMBER, "/keys",
                               "keys says that the keys were left out, and the row has some");
    }
    if (has_encrypted(row) && !named) {
        return missing("/transport_key", fault,
                       "transport_key is missing: it says what opens what is encrypted");
    }
    if (named && !has_encrypted(row)) {
        return admin_fault_set(fault, PROBLEM_BAD_MEMBER, "/transport_key",
                               "transport_key goes only with something that is encrypted");
    }
    return true;
}

/* The fault of one secret. What it came to is not said: only whether it opened. */
static bool opened(enum err err, const char *pointer, struct admin_fault *fault)
{
    if (err == E_BAD_LENGTH) {
        return admin_fault_set(fault, PROBLEM_BAD_MEMBER, pointer,
                               "it is not as long as a key of 16 or 32 octets is under this "
                               "transport key: aes-kw adds 8 octets, the others none");
    }
    if (err == E_WRONG_KEY) {
        return admin_fault_set(fault, PROBLEM_TRANSPORT_WRONG, pointer,
                               "it does not open under this transport key: it is another key's, "
                               "or was changed on its way");
    }
    return err == E_OK || admin_fault_store(fault, E_CRYPTO);
}

static bool open_one(struct transport_key *t, const struct admin_encrypted *in, const char *pointer,
                     uint8_t out[static TRANSPORT_PLAIN], uint8_t *n, struct admin_fault *fault)
{
    size_t got = 0;
    const enum err err = transport_unwrap(t, (struct bytes){in->b, in->n}, out, &got);
    *n = (uint8_t)got;
    return opened(err, pointer, fault);
}

static bool open_secrets(struct transport_key *t, struct admin_row *row, struct admin_fault *fault)
{
    const struct {
        uint8_t *b, *n;
    } to[ADMIN_SECRETS] = {{row->keys.k.b, &row->keys.k.n},
                           {row->keys.opc.b, &row->keys.opc.n},
                           {row->op.b, &row->op.n}};
    for (size_t i = 0; i < ADMIN_SECRETS; i++) {
        const struct secret *s = &secrets[i];
        if ((row->has & s->encrypted) == 0) {
            continue;
        }
        if ((row->has & (s->plain | s->other)) != 0) {
            return admin_fault_set(fault, PROBLEM_BAD_MEMBER, s->pointer, "%s", s->words);
        }
        if (!open_one(t, &row->encrypted[i], s->pointer, to[i].b, to[i].n, fault)) {
            return false;
        }
        row->has |= s->plain;
    }
    return true;
}

/* A KME has 16 octets. */
static bool open_device(struct transport_key *t, struct admin_device *d, size_t at,
                        struct admin_fault *fault)
{
    char pointer[40];
    uint8_t kme[TRANSPORT_PLAIN], n = 0;
    snprintf(pointer, sizeof pointer, "/devices/%zu/kme_encrypted", at);
    if (d->has_kme) {
        return admin_fault_set(fault, PROBLEM_BAD_MEMBER, pointer,
                               "kme_encrypted and kme exclude each other");
    }
    bool ok = open_one(t, &d->kme_encrypted, pointer, kme, &n, fault) &&
              (n == sizeof d->kme.b || opened(E_BAD_LENGTH, pointer, fault));
    if (ok) {
        memcpy(d->kme.b, kme, sizeof d->kme.b);
        d->has_kme = true;
    }
    wipe(kme, sizeof kme);
    return ok;
}

static bool open_devices(struct transport_key *t, struct admin_row *row, struct admin_fault *fault)
{
    for (size_t i = 0; i < row->n_devices; i++) {
        if (row->devices[i].kme_encrypted.n != 0 && !open_device(t, &row->devices[i], i, fault)) {
            return false;
        }
    }
    return true;
}

static bool kcv_fits(const struct admin_row *row, struct admin_fault *fault)
{
    uint8_t kcv[TRANSPORT_KCV];
    if ((row->has & ROW_KCV) == 0) {
        return true;
    }
    if ((row->has & ROW_K) == 0) {
        return missing("/k", fault,
                       "k is missing, and so is k_encrypted: k_kcv is its check value");
    }
    enum err err = transport_kcv((struct bytes){row->keys.k.b, row->keys.k.n}, kcv);
    bool same = err == E_OK && crypto_ct_eq(BYTES_OF(kcv), BYTES_OF(row->kcv));
    wipe(kcv, sizeof kcv); /* what K is not is for nobody */
    if (err != E_OK) {
        return admin_fault_store(fault, err);
    }
    return same || admin_fault_set(fault, PROBLEM_KCV_DIFFERS, "/k_kcv",
                                   "K is not the one that this check value is of: is "
                                   "transport_key the one that the SIM maker used?");
}

bool admin_row_open(struct admin_row *row, struct transport_ring *ring, struct admin_fault *fault)
{
    struct transport_key *t = NULL;
    if (!members_fit(row, fault)) {
        return false;
    }
    if (has_encrypted(row)) {
        t = transport_ring_find(ring, row->transport_key, "/transport_key", fault);
        if (t == NULL || !open_secrets(t, row, fault) || !open_devices(t, row, fault)) {
            return false;
        }
    }
    return kcv_fits(row, fault);
}
