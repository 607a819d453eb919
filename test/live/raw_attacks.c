/* test/live/raw_attacks.c SCENE WORK REALM TCP TLS PID - attacks on the binding, over S6a with a
 * real bindery-hssd. The program is the MME and whoever stands between it and the device; the
 * devices are those of proc/binding.h, with a SIM of proc/aka.h in them. Each attack is refused
 * with a cause that has a name, on the device's side here and on the HSS's side in its events
 * (attacks.sh). */
#include "raw_link.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STRANGER "35999999999998" /* nobody's authorised device */

struct play {
    struct raw_place at;
    struct raw_link link;
    struct crypto crypto;
    struct raw_subscriber sub;
    struct usim usim;
    struct binding_me own;   /* the device the SIM is bound to */
    struct binding_me other; /* the thief's, with a KME of its own */
};

/* ---- the parts ---- */

static bool play_open(struct play *p, const char *subscriber)
{
    char file[64];
    snprintf(file, sizeof file, "%s.sub", subscriber);
    if (raw_subscribers(&p->at, file, &p->sub, 1) != 1 || crypto_openssl_open(&p->crypto) != E_OK) {
        return false;
    }
    p->usim = (struct usim){.keys = p->sub.keys};
    p->own = (struct binding_me){.has_kme = p->sub.imei[0] != '\0', .kme = p->sub.kme};
    p->other = (struct binding_me){.has_kme = true};
    return p->crypto.random(p->crypto.ctx, MBYTES_OF(p->other.kme.b)) == E_OK &&
           raw_enter(&p->link, &p->at, "mme-a");
}

/* One vector. served and resync may be NULL. */
static uint32_t ask(struct play *p, const char *served, const uint8_t *resync, struct raw_vector *v)
{
    struct raw_air air = {.imsi = p->sub.imsi, .served_imei = served, .resync = resync};
    struct raw_vector all[S6A_VECTORS_MAX];
    size_t n;
    uint32_t code = raw_authenticate(&p->link, &air, all, &n);
    *v = all[0];
    return code;
}

static enum binding_me_outcome challenge(struct play *p, struct binding_me *me,
                                         const struct raw_vector *v, struct usim_answer *a)
{
    struct autn autn;
    memcpy(autn.b, v->autn, sizeof autn.b);
    return binding_me_challenge(&p->crypto, me, &p->usim, v->rand, &autn, a);
}

static void outcome(enum binding_me_outcome expected, enum binding_me_outcome got,
                    const char *sentence)
{
    raw_says(expected == got, "%s: %s", sentence, binding_me_outcome_name(got));
}

/* The right device answers this vector, and the MME finds RES right. */
static bool authenticates(struct play *p, struct binding_me *me, const struct raw_vector *v)
{
    struct usim_answer a;
    return challenge(p, me, v, &a) == BINDING_ME_ANSWERED && a.res.n == v->xres_n &&
           memcmp(a.res.b, v->xres, v->xres_n) == 0;
}

static void still_works(struct play *p, const char *sentence)
{
    struct raw_vector v;
    raw_says(ask(p, NULL, NULL, &v) == DIAMETER_SUCCESS && authenticates(p, &p->own, &v), "%s",
             sentence);
}

/* What the MME reports when the device says AUTHENTICATION FAILURE #20. */
static uint32_t report(struct play *p, const char *imei)
{
    char session[300];
    struct bytes answer;
    size_t n = 0;
    struct s6a_nor nor = {
        .binding_failure = {.present = true,
                            .imei = imei != NULL ? bytes_of_str(imei) : (struct bytes){NULL, 0},
                            .binding_failure_count = DIAMETER_U32_OF(1),
                            .binding_failure_cause = DIAMETER_U32_OF(S6A_FAILURE_MAC)}};
    raw_begin(&p->link, &nor.request, p->sub.imsi, session);
    enum err err = s6a_nor_write(RAW_OWN_VENDOR, &nor, MBYTES_OF(p->link.out), &n);
    return err == E_OK && raw_ask(&p->link, n, &answer) ? raw_result(answer) : 0;
}

/* ---- the attacks ---- */

/*= test binding-theft */
/* The SIM is in a device of the thief's: one that knows nothing, one with a KME of its own. */
static void play_other_device(struct play *p)
{
    struct binding_me plain = {.has_kme = false};
    struct usim_answer a;
    struct raw_vector v;
    raw_same(DIAMETER_SUCCESS, ask(p, NULL, NULL, &v), "the MME gets a vector for the stolen SIM");
    raw_same(BINDING_AMF_PROCESSED, (uint32_t)(v.autn[6] << 8 | v.autn[7]), "a processed one");
    outcome(BINDING_ME_NO_KME, challenge(p, &plain, &v, &a), "a device without KME has no answer");
    outcome(BINDING_ME_MAC_FAILURE, challenge(p, &p->other, &v, &a),
            "a device with another KME fails MAC-A");
    for (size_t i = 0; i < 3; i++) {
        raw_same(DIAMETER_SUCCESS, report(p, STRANGER), "the MME reports the failure");
    }
    still_works(p, "back in its own device the SIM authenticates");
}

/* An ordinary phone ignores the proprietary bit and hands the RAND to the SIM as it is. */
static void play_ordinary_phone(struct play *p)
{
    struct usim_answer a;
    struct raw_vector v;
    struct rand128 rand;
    struct autn autn;
    bool got = ask(p, NULL, NULL, &v) == DIAMETER_SUCCESS;
    memcpy(rand.b, v.rand, sizeof rand.b);
    memcpy(autn.b, v.autn, sizeof autn.b);
    raw_says(got && usim_authenticate(&p->crypto, &p->usim, &rand, &autn, &a) == E_BAD_MAC,
             "in a phone that knows no binding the SIM itself refuses: bad-mac");
    still_works(p, "and loses nothing by it");
}

/* The thief's device says that it is the right one. */
static void play_forged_imei(struct play *p)
{
    struct usim_answer a;
    struct raw_vector v;
    raw_same(DIAMETER_SUCCESS, ask(p, p->sub.imei, NULL, &v),
             "the forged Served-IMEI is the right one, so a vector comes");
    raw_same(BINDING_AMF_PROCESSED, (uint32_t)(v.autn[6] << 8 | v.autn[7]), "a processed one");
    outcome(BINDING_ME_MAC_FAILURE, challenge(p, &p->other, &v, &a),
            "the device that forged it fails MAC-A");
    raw_same(DIAMETER_SUCCESS, report(p, p->sub.imei), "the MME reports the failure");
    still_works(p, "the device that bears it authenticates");
}

/*= test binding-amf */
/* Between MME and device somebody turns the processed bit, so that a device decrypts what it must
 * not, or does not decrypt what it must. */
static void play_amf(struct play *p)
{
    struct usim_answer a;
    struct raw_vector v, flipped;
    bool got = ask(p, NULL, NULL, &v) == DIAMETER_SUCCESS;
    flipped = v;
    flipped.autn[7] ^= BINDING_AMF_REGULAR ^ BINDING_AMF_PROCESSED;
    raw_says(got && flipped.autn[7] == 0, "a processed vector has its bit cleared in flight");
    outcome(BINDING_ME_MAC_FAILURE, challenge(p, &p->own, &flipped, &a), "its own device refuses");
    outcome(BINDING_ME_MAC_FAILURE, challenge(p, &p->other, &flipped, &a),
            "the thief's device gains nothing");
    flipped = v;
    flipped.autn[6] ^= AMF_SEPARATION_BIT >> 8;
    outcome(BINDING_ME_NO_SEPARATION_BIT, challenge(p, &p->own, &flipped, &a),
            "without the separation bit the device refuses");
    raw_says(authenticates(p, &p->own, &v), "the vector as it was sent still authenticates");
}

/* The subscription is open; the vector is regular. */
static void play_amf_set(struct play *p)
{
    struct usim_answer a;
    struct raw_vector v, flipped;
    struct binding_me keyless = {.has_kme = false};
    bool got = ask(p, NULL, NULL, &v) == DIAMETER_SUCCESS;
    flipped = v;
    flipped.autn[7] ^= BINDING_AMF_REGULAR ^ BINDING_AMF_PROCESSED;
    raw_says(got && flipped.autn[7] == 1, "a regular vector has the bit set in flight");
    outcome(BINDING_ME_MAC_FAILURE, challenge(p, &p->other, &flipped, &a),
            "a device with a KME refuses");
    outcome(BINDING_ME_NO_KME, challenge(p, &keyless, &flipped, &a), "a device without one too");
    raw_says(authenticates(p, &keyless, &v), "the vector as it was sent still authenticates");
}

/*= test binding-repeat */
/* A recorded challenge is played again: at once, after the next one, and in the thief's device. */
static void play_replay(struct play *p)
{
    struct usim_answer a, again;
    struct raw_vector first, second;
    struct usim before;
    uint8_t resync[30];
    bool got = ask(p, NULL, NULL, &first) == DIAMETER_SUCCESS;
    raw_says(got && challenge(p, &p->own, &first, &a) == BINDING_ME_ANSWERED,
             "the challenge is answered once");
    before = p->usim;
    outcome(BINDING_ME_REPEATED, challenge(p, &p->own, &first, &again),
            "played again at once it gets the same answer");
    raw_says(memcmp(&before, &p->usim, sizeof before) == 0 &&
                 memcmp(a.res.b, again.res.b, a.res.n) == 0,
             "from memory: the SIM is not asked");
    outcome(BINDING_ME_MAC_FAILURE, challenge(p, &p->other, &first, &a),
            "in the thief's device it fails MAC-A");
    got = ask(p, NULL, NULL, &second) == DIAMETER_SUCCESS;
    raw_says(got && authenticates(p, &p->own, &second), "the next challenge is answered");
    outcome(BINDING_ME_SYNC_FAILURE, challenge(p, &p->own, &first, &a),
            "the one before, played again, is out of sequence");
    memcpy(resync, first.rand, 16);
    memcpy(resync + 16, a.auts.b, sizeof a.auts.b);
    raw_says(ask(p, NULL, resync, &second) == DIAMETER_SUCCESS &&
                 authenticates(p, &p->own, &second),
             "the honest AUTS that it provoked does no harm");
}

/*= test binding-unlisted */
static void play_unlisted(struct play *p)
{
    struct raw_vector v;
    raw_same(S6A_AUTHENTICATION_DATA_UNAVAILABLE, ask(p, STRANGER, NULL, &v),
             "a Served-IMEI that is not authorised gets 4181 and no vector");
    still_works(p, "the device that is authorised authenticates");
}

/*= test binding-resync */
/* An AUTS that nobody's SIM made must not move the SQN: a far SQN_MS would lock the subscriber out.
 */
static void play_forged_auts(struct play *p)
{
    struct raw_vector v;
    struct rand128 plain;
    uint8_t resync[30];
    uint64_t before = 0, after = 0;
    uint64_t far = (SEQ_DELTA - 5) << SQN_IND_BITS;
    bool got = ask(p, NULL, NULL, &v) == DIAMETER_SUCCESS &&
               raw_sqn(&p->crypto, &p->sub.keys, &p->sub.kme, &v, &before) &&
               p->crypto.aes128_decrypt(p->crypto.ctx, p->sub.kme.b, v.rand, plain.b) == E_OK &&
               raw_auts(&p->crypto, &p->sub.keys, &plain, v.rand, before + far, resync);
    size_t refused = 0;
    for (size_t bit = 0; got && bit < 64; bit++) {
        resync[22 + bit / 8] ^= (uint8_t)(1u << bit % 8);
        refused += ask(p, NULL, resync, &v) == S6A_AUTHENTICATION_DATA_UNAVAILABLE;
        resync[22 + bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    raw_same(64, (uint32_t)refused, "a MAC-S that is wrong in any one bit gets 4181");
    resync[16] ^= 0x80;
    raw_same(S6A_AUTHENTICATION_DATA_UNAVAILABLE, ask(p, NULL, resync, &v),
             "so does another SQN_MS under the same MAC-S");
    resync[16] ^= 0x80;
    resync[0] ^= 1;
    raw_same(S6A_AUTHENTICATION_DATA_UNAVAILABLE, ask(p, NULL, resync, &v),
             "and a RAND that it was not made for");
    got = ask(p, NULL, NULL, &v) == DIAMETER_SUCCESS &&
          raw_sqn(&p->crypto, &p->sub.keys, &p->sub.kme, &v, &after);
    raw_says(got && after > before && after < before + far,
             "the SQN has gone on by no more than time");
    raw_says(authenticates(p, &p->own, &v), "and the SIM takes it");
}

/* ---- the play ---- */

static const struct {
    const char *name;
    void (*play)(struct play *p);
} scenes[] = {
    {"stolen", play_other_device}, {"ordinary", play_ordinary_phone},
    {"imei", play_forged_imei},    {"amf", play_amf},
    {"amfset", play_amf_set},      {"replay", play_replay},
    {"unlisted", play_unlisted},   {"auts", play_forged_auts},
};

int main(int argc, char **argv)
{
    static struct play p;
    if (argc != 7) {
        fprintf(stderr, "usage: %s SCENE WORK REALM TCP TLS PID\n", argv[0]);
        return 2;
    }
    p.at = (struct raw_place){.work = argv[2],
                              .realm = argv[3],
                              .tcp = (uint16_t)atoi(argv[4]),
                              .tls = (uint16_t)atoi(argv[5]),
                              .pid = atoi(argv[6])};
    p.link.fd = -1;
    if (!raw_says(play_open(&p, argv[1]), "scene '%s': the MME is let in", argv[1])) {
        return 1;
    }
    for (size_t i = 0; i < sizeof scenes / sizeof *scenes; i++) {
        if (strcmp(scenes[i].name, argv[1]) == 0) {
            scenes[i].play(&p);
        }
    }
    raw_close(&p.link);
    crypto_openssl_close(&p.crypto);
    return raw_failures > 0;
}
