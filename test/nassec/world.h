/* A UE and an MME that agreed on a context, and what tests do with them. */
#ifndef BINDERY_TEST_NASSEC_WORLD_H
#define BINDERY_TEST_NASSEC_WORLD_H

#include "lib/check.h"

#include "codec/nas_codes.h"
#include "crypto/openssl.h"
#include "nassec/nassec.h"
#include <stdlib.h>
#include <string.h>

static struct crypto crypto;

static inline int open_crypto(void **state)
{
    (void)state;
    return crypto_openssl_open(&crypto) == E_OK ? 0 : -1;
}

static inline int close_crypto(void **state)
{
    (void)state;
    crypto_openssl_close(&crypto);
    return 0;
}

struct pair {
    struct nas_security ue;
    struct nas_security mme;
};

static inline struct nassec_agreement agreement(enum nassec_side side, int eea, int eia)
{
    struct nassec_agreement a = {
        .side = side, .ksi = 3, .eea = (enum nas_eea)eea, .eia = (enum nas_eia)eia};
    memset(a.kasme.b, 0xa5, sizeof a.kasme.b);
    return a;
}

static inline void pair_start(struct pair *p, int eea, int eia)
{
    const struct nassec_agreement ue = agreement(NASSEC_UE, eea, eia);
    const struct nassec_agreement mme = agreement(NASSEC_MME, eea, eia);
    memset(p, 0, sizeof *p);
    assert_ok(nassec_establish(&crypto, &ue, &p->ue));
    assert_ok(nassec_establish(&crypto, &mme, &p->mme));
}

/* Member by member: what lies between them is nobody's. */
static inline void assert_same_context(const struct nas_security *a, const struct nas_security *b)
{
    assert_int_equal(a->agreed.side, b->agreed.side);
    assert_int_equal(a->agreed.ksi, b->agreed.ksi);
    assert_int_equal(a->agreed.eea, b->agreed.eea);
    assert_int_equal(a->agreed.eia, b->agreed.eia);
    assert_memory_equal(a->agreed.kasme.b, b->agreed.kasme.b, sizeof a->agreed.kasme.b);
    assert_memory_equal(a->knasenc.b, b->knasenc.b, sizeof a->knasenc.b);
    assert_memory_equal(a->knasint.b, b->knasint.b, sizeof a->knasint.b);
    assert_int_equal(a->send_next, b->send_next);
    assert_int_equal(a->receive_next, b->receive_next);
    assert_int_equal(a->seen, b->seen);
}

#define PDU_MAX 128

struct pdu {
    size_t n;
    uint8_t b[PDU_MAX];
};

/* An EMM message of n octets of a type that needs no header of its own. */
static inline struct pdu plain_of(size_t n, uint8_t fill)
{
    struct pdu m = {.n = n};
    memset(m.b, fill, n);
    m.b[0] = NAS_PD_EMM;
    m.b[1] = NAS_EMM_INFORMATION;
    return m;
}

static inline struct pdu protect(struct nas_security *s, uint8_t sht, const struct pdu *plain)
{
    struct pdu out = {0};
    assert_ok(nassec_protect(&crypto, s, sht, (struct bytes){plain->b, plain->n}, MBYTES_OF(out.b),
                             &out.n));
    assert_int_equal(out.n, plain->n + NASSEC_OVERHEAD);
    return out;
}

/* Receives from a heap block of exactly the message into one of exactly `room` octets. */
static inline enum err receive_into(struct nas_security *s, const struct pdu *pdu, size_t room,
                                    struct pdu *plain, struct nassec_received *got)
{
    uint8_t *in = exact_copy((struct bytes){pdu->b, pdu->n});
    uint8_t *out = malloc(room > 0 ? room : 1);
    memset(out, 0x77, room > 0 ? room : 1);
    enum err err =
        nassec_unprotect(&crypto, s, (struct bytes){in, pdu->n}, (struct mbytes){out, room}, got);
    memset(plain, 0, sizeof *plain);
    if (err == E_OK) {
        plain->n = got->n;
        memcpy(plain->b, out, got->n);
    }
    free(in);
    free(out);
    return err;
}

static inline enum err receive(struct nas_security *s, const struct pdu *pdu)
{
    struct pdu plain;
    struct nassec_received got;
    return receive_into(s, pdu, pdu->n, &plain, &got);
}

/* Refused with that error, and the context is octet for octet what it was. */
static inline void assert_refused(struct nas_security *s, const struct pdu *pdu, enum err want)
{
    const struct nas_security before = *s;
    assert_err(receive(s, pdu), want);
    assert_memory_equal(s, &before, sizeof before);
}

#endif
