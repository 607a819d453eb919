/* nf/hssd/lots_keys.c - private keys of lots in memory: the latest used, with whoever has one
 * holding it. */
#include "nf/hssd/lots_parts.h"

#include <stdlib.h>

static void key_free(struct lots_key *k)
{
    lot_key_close(k->key); /* and wipes P and Q */
    free(k);
}

/* Under the lock. The key is freed by who holds it last. */
static void let_go(struct lots_key *k)
{
    if (--k->refs == 0) {
        key_free(k);
    }
}

static unsigned place_of(const struct lots *l, const struct kme_lot_id *id)
{
    unsigned i = 0;
    while (i < l->n_keys && !kme_lot_id_eq(&l->keys[i]->id, id)) {
        i++;
    }
    return i; /* n_keys: not here */
}

static void forget_at(struct lots *l, unsigned i)
{
    struct lots_key *k = l->keys[i];
    l->keys[i] = l->keys[--l->n_keys];
    let_go(k);
}

static struct lots_key *hand_out(struct lots *l, struct lots_key *k)
{
    k->used = ++l->turns;
    k->refs++;
    return k;
}

/* ---- a key from the store ---- */

static enum err key_of(const struct store_lot_key *primes, struct lot_key **out)
{
    enum err err = lot_key_of_stored((struct bytes){primes->p, primes->n},
                                     (struct bytes){primes->q, primes->n}, out);
    return err == E_BAD_VALUE ? E_WRONG_KEY : err;
}

static enum err key_read(struct store_reader *reader, const struct kme_lot_id *id,
                         struct lots_key **out)
{
    struct store_lot_key primes;
    struct lots_key *k = calloc(1, sizeof *k);
    if (k == NULL) {
        return E_MEMORY;
    }
    k->id = *id;
    enum err err = store_read_lot_key(reader, id->text, &primes);
    if (err == E_OK) {
        err = key_of(&primes, &k->key);
    }
    wipe(&primes, sizeof primes);
    if (err != E_OK) {
        free(k);
        return err;
    }
    *out = k;
    return E_OK;
}

/* ---- in memory ---- */

/* Is it still the key of the lot of this id? One that was removed and added again may have another.
 * One look at the table decides: between two, the lot may have come back. */
static enum err verdict(struct lots *l, const struct lots_key *k)
{
    return lots_is_key_of(l, &k->id, lot_key_modulus(k->key));
}

static struct lots_key *find(struct lots *l, const struct kme_lot_id *id)
{
    struct lots_key *found = NULL;
    pthread_mutex_lock(&l->keys_lock);
    unsigned i = place_of(l, id);
    if (i < l->n_keys && verdict(l, l->keys[i]) == E_OK) {
        found = hand_out(l, l->keys[i]);
    }
    pthread_mutex_unlock(&l->keys_lock);
    return found;
}

static void make_room(struct lots *l)
{
    unsigned oldest = 0;
    for (unsigned i = 1; i < l->n_keys; i++) {
        oldest = l->keys[i]->used < l->keys[oldest]->used ? i : oldest;
    }
    if (l->n_keys == LOTS_KEYS_KEPT) {
        forget_at(l, oldest);
    }
}

/* Whoever was faster was as right: of the same key the later one takes the place. */
static void keep(struct lots *l, struct lots_key *k)
{
    unsigned i = place_of(l, &k->id);
    if (i < l->n_keys) {
        forget_at(l, i);
    }
    make_room(l);
    k->refs = 1;
    l->keys[l->n_keys++] = k;
}

/* A lot is taken out of the table before its key is forgotten here: none that is gone stays. */
static enum err enter(struct lots *l, struct lots_key *k, struct lots_key **out)
{
    pthread_mutex_lock(&l->keys_lock);
    enum err err = verdict(l, k);
    if (err == E_OK) {
        keep(l, k);
        *out = hand_out(l, k);
    }
    pthread_mutex_unlock(&l->keys_lock);
    if (err != E_OK) {
        key_free(k);
    }
    return err;
}

/* ---- the interface ---- */

enum err lots_take(struct lots *l, struct store_reader *reader, const struct kme_lot_id *id,
                   struct lots_key **out)
{
    struct lots_key *k = find(l, id);
    if (k != NULL) {
        *out = k;
        return E_OK;
    }
    enum err err = key_read(reader, id, &k);
    return err == E_OK ? enter(l, k, out) : err;
}

void lots_release(struct lots *l, struct lots_key *key)
{
    if (key != NULL) {
        pthread_mutex_lock(&l->keys_lock);
        let_go(key);
        pthread_mutex_unlock(&l->keys_lock);
    }
}

static enum err open_with(void *ctx, struct bytes encrypted, struct bytes label, struct mbytes out)
{
    const struct lots_key *k = ctx;
    return lot_key_open(k->key, encrypted, label, out);
}

struct kme_opener lots_opener(const struct lots_key *key)
{
    return (struct kme_opener){.ctx = (void *)(uintptr_t)key, .open = open_with};
}

unsigned lots_keys_held(struct lots *l)
{
    pthread_mutex_lock(&l->keys_lock);
    unsigned n = l->n_keys;
    pthread_mutex_unlock(&l->keys_lock);
    return n;
}

void lots_keys_forget(struct lots *l, const struct kme_lot_id *id)
{
    pthread_mutex_lock(&l->keys_lock);
    unsigned i = place_of(l, id);
    if (i < l->n_keys) {
        forget_at(l, i);
    }
    pthread_mutex_unlock(&l->keys_lock);
}

void lots_keys_close(struct lots *l)
{
    while (l->n_keys > 0) {
        forget_at(l, l->n_keys - 1);
    }
}
