#include "crypto/seal.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <stdlib.h>

#define SEAL_LEN_MAX ((size_t)1 << 30) /* OpenSSL counts in int */

/* The key schedules stay in the contexts, so that a value costs one nonce set-up and no key set-up.
 */
struct loaded_key {
    uint32_t id;
    EVP_CIPHER_CTX *encrypt;
    EVP_CIPHER_CTX *decrypt;
};
struct sealer {
    size_t n;
    size_t sealing; /* which of them seals */
    sealer_find_fn *find;
    void *find_ctx;
    struct loaded_key keys[SEAL_KEYS_MAX];
};

enum err sealer_new(struct sealer **out)
{
    *out = calloc(1, sizeof **out);
    return *out == NULL ? E_MEMORY : E_OK;
}

/* EVP_CIPHER_CTX_free cleanses the key schedule. */
static void unload(struct loaded_key *k)
{
    EVP_CIPHER_CTX_free(k->encrypt);
    EVP_CIPHER_CTX_free(k->decrypt);
    wipe(k, sizeof *k);
}

void sealer_free(struct sealer *s)
{
    if (s == NULL) {
        return;
    }
    for (size_t i = 0; i < s->n; i++) {
        unload(&s->keys[i]);
    }
    wipe(s, sizeof *s);
    free(s);
}

static struct loaded_key *find_key(struct sealer *s, uint32_t id)
{
    for (size_t i = s->n; i-- > 0;) {
        if (s->keys[i].id == id) {
            return &s->keys[i];
        }
    }
    return NULL;
}

static enum err load(struct loaded_key *k, uint32_t id, const struct seal_key *key)
{
    k->id = id;
    k->encrypt = EVP_CIPHER_CTX_new();
    k->decrypt = EVP_CIPHER_CTX_new();
    if (k->encrypt == NULL || k->decrypt == NULL) {
        return E_MEMORY;
    }
    if (EVP_EncryptInit_ex(k->encrypt, EVP_aes_256_gcm(), NULL, key->b, NULL) != 1 ||
        EVP_DecryptInit_ex(k->decrypt, EVP_aes_256_gcm(), NULL, key->b, NULL) != 1) {
        return E_CRYPTO;
    }
    return E_OK;
}

/* The oldest that does not seal; whoever needs it again asks for it again. */
static void give_way(struct sealer *s)
{
    const size_t at = s->sealing == 0 ? 1 : 0;
    unload(&s->keys[at]);
    for (size_t i = at; i + 1 < s->n; i++) {
        s->keys[i] = s->keys[i + 1];
    }
    s->n--;
    s->sealing -= s->sealing > at ? 1 : 0;
    wipe(&s->keys[s->n], sizeof s->keys[s->n]);
}

static enum err load_next(struct sealer *s, uint32_t id, const struct seal_key *key)
{
    if (s->n == SEAL_KEYS_MAX && s->find == NULL) {
        return E_NO_ROOM;
    }
    if (s->n == SEAL_KEYS_MAX) {
        give_way(s);
    }
    enum err err = load(&s->keys[s->n], id, key);
    if (err != E_OK) {
        unload(&s->keys[s->n]);
        return err;
    }
    s->n++;
    return E_OK;
}

enum err sealer_add(struct sealer *s, uint32_t key_id, const struct seal_key *key)
{
    if (find_key(s, key_id) != NULL) {
        return E_EXISTS;
    }
    enum err err = load_next(s, key_id, key);
    if (err == E_OK) {
        s->sealing = s->n - 1;
    }
    return err;
}

void sealer_ask(struct sealer *s, sealer_find_fn *find, void *ctx)
{
    s->find = find;
    s->find_ctx = ctx;
}

uint32_t sealer_seals_under(const struct sealer *s)
{
    return s->n > 0 ? s->keys[s->sealing].id : 0;
}

uint32_t seal_key_id_of(struct bytes sealed)
{
    struct rd r = rd_of(sealed);
    uint8_t version = rd_u8(&r);
    uint32_t id = rd_be32(&r);
    return r.err == E_OK && version == SEAL_VERSION && sealed.n >= SEAL_OVERHEAD ? id : 0;
}

/* NULL: nobody knows it. */
static struct loaded_key *learn(struct sealer *s, uint32_t id)
{
    struct seal_key key = {.b = {0}};
    struct loaded_key *found = NULL;
    if (s->find != NULL && s->find(s->find_ctx, id, &key) == E_OK &&
        load_next(s, id, &key) == E_OK) {
        found = &s->keys[s->n - 1];
    }
    wipe(&key, sizeof key);
    return found;
}

/* What both directions authenticate: the header in front of the caller's associated data. */
static bool feed_aad(EVP_CIPHER_CTX *c, const uint8_t header[static SEAL_HEADER_LEN],
                     struct bytes aad)
{
    int n;
    uint8_t both[64]; /* in one piece where it is short, as it is here: a call less */
    struct wr w = wr_of(MBYTES_OF(both));
    wr_put(&w, (struct bytes){header, SEAL_HEADER_LEN});
    wr_put(&w, aad);
    if (w.err == E_OK) {
        return EVP_CipherUpdate(c, NULL, &n, both, (int)w.n) == 1;
    }
    return EVP_CipherUpdate(c, NULL, &n, header, SEAL_HEADER_LEN) == 1 &&
           (aad.n == 0 || EVP_CipherUpdate(c, NULL, &n, aad.p, (int)aad.n) == 1);
}

/* An empty text is legal and must not reach OpenSSL, which takes a NULL input for the end. */
static bool feed_text(EVP_CIPHER_CTX *c, const uint8_t *in, size_t in_n, uint8_t *out)
{
    int n = 0;
    return in_n == 0 || (EVP_CipherUpdate(c, out, &n, in, (int)in_n) == 1 && (size_t)n == in_n);
}

static bool encrypt(EVP_CIPHER_CTX *c, struct bytes aad, struct bytes plain, uint8_t *out)
{
    const uint8_t *nonce = out + SEAL_HEADER_LEN;
    uint8_t *text = out + SEAL_HEADER_LEN + SEAL_NONCE_LEN;
    uint8_t none[SEAL_TAG_LEN]; /* GCM has no final block, but OpenSSL wants a place for one */
    int n = 0;
    return EVP_EncryptInit_ex(c, NULL, NULL, NULL, nonce) == 1 && feed_aad(c, out, aad) &&
           feed_text(c, plain.p, plain.n, text) && EVP_EncryptFinal_ex(c, none, &n) == 1 &&
           EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, SEAL_TAG_LEN, text + plain.n) == 1;
}

enum err seal(struct sealer *s, struct bytes aad, struct bytes plain, struct mbytes out, size_t *n)
{
    if (s->n == 0) {
        return E_BAD_STATE;
    }
    if (plain.n > SEAL_LEN_MAX || aad.n > SEAL_LEN_MAX) {
        return E_BAD_LENGTH;
    }
    if (out.n < plain.n + SEAL_OVERHEAD) {
        return E_NO_ROOM;
    }
    const struct loaded_key *k = &s->keys[s->sealing];
    struct wr w = wr_of(out);
    wr_u8(&w, SEAL_VERSION);
    wr_be32(&w, k->id);
    uint8_t *nonce = wr_hold(&w, SEAL_NONCE_LEN);
    if (nonce == NULL || RAND_bytes(nonce, SEAL_NONCE_LEN) != 1 ||
        !encrypt(k->encrypt, aad, plain, out.p)) {
        wipe(out.p, plain.n + SEAL_OVERHEAD);
        return E_CRYPTO;
    }
    *n = plain.n + SEAL_OVERHEAD;
    return E_OK;
}

static enum err decrypt(EVP_CIPHER_CTX *c, struct bytes aad, const uint8_t *sealed, size_t text_n,
                        uint8_t *out)
{
    const uint8_t *text = sealed + SEAL_HEADER_LEN + SEAL_NONCE_LEN;
    uint8_t tag[SEAL_TAG_LEN]; /* a copy: OpenSSL's parameter is not const */
    for (size_t i = 0; i < sizeof tag; i++) {
        tag[i] = text[text_n + i];
    }
    uint8_t none[SEAL_TAG_LEN];
    int n = 0;
    /* Nonce and tag in one call: each call that names a parameter is a search for its name. */
    const OSSL_PARAM with_tag[] = {
        OSSL_PARAM_construct_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, tag, sizeof tag),
        OSSL_PARAM_construct_end()};
    if (EVP_DecryptInit_ex2(c, NULL, NULL, sealed + SEAL_HEADER_LEN, with_tag) != 1 ||
        !feed_aad(c, sealed, aad) || !feed_text(c, text, text_n, out)) {
        return E_CRYPTO;
    }
    return EVP_DecryptFinal_ex(c, none, &n) == 1 ? E_OK : E_WRONG_KEY;
}

enum err seal_open(struct sealer *s, struct bytes aad, struct bytes sealed, struct mbytes out,
                   size_t *n)
{
    struct rd r = rd_of(sealed);
    uint8_t version = rd_u8(&r);
    uint32_t id = rd_be32(&r);
    if (sealed.n < SEAL_OVERHEAD) {
        return E_TRUNCATED;
    }
    if (version != SEAL_VERSION) {
        return E_UNSUPPORTED;
    }
    size_t text_n = sealed.n - SEAL_OVERHEAD;
    if (text_n > SEAL_LEN_MAX || aad.n > SEAL_LEN_MAX) {
        return E_BAD_LENGTH;
    }
    if (out.n < text_n) {
        return E_NO_ROOM;
    }
    struct loaded_key *k = find_key(s, id);
    if (k == NULL && (k = learn(s, id)) == NULL) {
        return E_WRONG_KEY;
    }
    enum err err = decrypt(k->decrypt, aad, sealed.p, text_n, out.p);
    if (err != E_OK) {
        wipe(out.p, text_n); /* GCM hands out octets before it knows that they are true */
        return err;
    }
    *n = text_n;
    return E_OK;
}
