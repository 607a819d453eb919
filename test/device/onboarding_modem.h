/* test/device/onboarding_modem.h - a modem with a NAS stack of its own that has no subscription.
 */
#ifndef BINDERY_TEST_DEVICE_ONBOARDING_MODEM_H
#define BINDERY_TEST_DEVICE_ONBOARDING_MODEM_H

#include "crypto/openssl.h"
#include "device/linux/platform_openssl.h"
#include "device/onboarding.h"

static const uint8_t plmn_001_01[3] = {0x00, 0xf1, 0x10};
#define MODEM_IMEI "35693803564380"

struct modem {
    struct maker k;
    struct bindery_ue_crypto table;
    struct crypto c; /* the operator's */
    struct bindery_ue_signer signer;
    struct test_key key;
    struct bindery_ue_asked asked;
    uint8_t room[BINDERY_UE_ONBOARDING_ROOM];
    size_t n;
};

static inline void modem_open(struct modem *m, unsigned rsa_bits)
{
    memset(m, 0, sizeof *m);
    maker_open_rsa(&m->k, rsa_bits);
    assert_ok(platform_openssl_open(&m->table));
    assert_ok(crypto_openssl_open(&m->c));
}

static inline void modem_close(struct modem *m)
{
    maker_close(&m->k);
    platform_openssl_close(&m->table);
    crypto_openssl_close(&m->c);
}

static inline enum bindery_ue_result ask_with(struct modem *m,
                                              const struct bindery_ue_signer *signer)
{
    m->n = sizeof m->room;
    return bindery_ue_onboarding_ask(&m->asked, &m->table, &m->k.onboarding, signer, MODEM_IMEI,
                                     plmn_001_01, m->room, &m->n);
}

static inline struct certattach_request ask(struct modem *m)
{
    assert_int_equal(ask_with(m, NULL), BINDERY_UE_OK);
    return maker_request(&m->k, (struct bytes){m->room, m->n});
}

/* The element and the room in blocks of exactly their length. */
static inline enum bindery_ue_onboarding_outcome take_in(struct modem *m, struct bytes element,
                                                         size_t room_n)
{
    static const uint8_t zero[BINDERY_UE_ONBOARDING_ROOM];
    uint8_t *exact = exact_copy(element), *room = malloc(room_n);
    assert_non_null(room);
    memset(room, 0xee, room_n);
    const enum bindery_ue_onboarding_outcome o =
        bindery_ue_onboarding_take(&m->asked, &m->table, &m->k.onboarding,
                                   element.p != NULL ? exact : NULL, element.n, room, room_n);
    assert_memory_equal(room, zero, room_n); /* whatever it was */
    free(room);
    free(exact);
    return o;
}

static inline enum bindery_ue_onboarding_outcome take(struct modem *m, struct bytes element)
{
    return take_in(m, element, BINDERY_UE_ONBOARDING_ROOM);
}

/* What it would take now, without taking it. */
static inline enum bindery_ue_onboarding_outcome tries(struct modem *m, struct bytes element)
{
    const struct bindery_ue_asked before = m->asked;
    const unsigned installed = m->k.installed_n;
    const enum bindery_ue_onboarding_outcome o = take(m, element);
    assert_int_equal(m->k.installed_n, installed + (o == BINDERY_UE_ONBOARDING_TAKEN));
    m->asked = before;
    return o;
}

#endif
