/* test/proc/kme_world.h - procedure kme from access to access: a device, an MME and an HSS, each of
 * which forgets what it did not store when it is killed, and messages that get lost, come twice, or
 * late. One fault at a time, at one step of the message flow.
 */
#ifndef BINDERY_TEST_PROC_KME_WORLD_H
#define BINDERY_TEST_PROC_KME_WORLD_H

#include "proc/kme_rig.h"

#define AFTERWARDS 13 /* the step that the next access counts as */

enum party { DEVICE, MME, HSS, REPOSITORY };
enum message_kind {
    NO_MESSAGE,
    REQUEST,    /* step 1: ATTACH REQUEST */
    AIR,        /* 2 */
    AIA,        /* 4, and what follows from it: */
    CHALLENGE,  /* AUTHENTICATION REQUEST */
    RESPONSE,   /* AUTHENTICATION RESPONSE */
    COMMAND,    /* IDENTITY REQUEST with the nonce */
    PAYLOAD,    /* 6: IDENTITY RESPONSE */
    ULR,        /* 7 */
    INQUIRY,    /* 8: to the repository, */
    CREDENTIAL, /* and back */
    ULA,        /* 10 */
    RESULT,     /* 11: ATTACH REJECT with NW_SIG */
    MESSAGES
};
static const struct {
    enum party from, to;
    int step;
} route[MESSAGES] = {[REQUEST] = {DEVICE, MME, 1},
                     [AIR] = {MME, HSS, 2},
                     [AIA] = {HSS, MME, 4},
                     [CHALLENGE] = {MME, DEVICE, 4},
                     [RESPONSE] = {DEVICE, MME, 4},
                     [COMMAND] = {MME, DEVICE, 4},
                     [PAYLOAD] = {DEVICE, MME, 6},
                     [ULR] = {MME, HSS, 7},
                     [INQUIRY] = {HSS, REPOSITORY, 8},
                     [CREDENTIAL] = {REPOSITORY, HSS, 8},
                     [ULA] = {HSS, MME, 10},
                     [RESULT] = {MME, DEVICE, 11}};

/* Whatever a message has in it; which of it counts depends on its kind. */
struct content {
    bool provisioning; /* AIA: for that only */
    struct binding_vector vector;
    uint8_t nonce[KME_NONCE_LEN];
    struct kme_payload payload; /* of PAYLOAD and ULR; a ULR without one registers */
    bool has_payload;
    uint8_t encrypted[KME_MODULUS_MAX];
    struct res res;
    uint8_t nw_sig[KME_NW_SIG_LEN];
};

enum fault_kind { NO_FAULT, LOST, TWICE_FIRST, TWICE_SECOND, LATE, KILL_BEFORE, KILL_AFTER };
struct fault {
    enum fault_kind kind;
    int step;
    enum message_kind message; /* the one it happens to; NO_MESSAGE: the party's store */
    enum party party;          /* which is killed */
    bool done;
};

struct device_image {
    struct kme_me keys;
    struct binding_me me;
    struct usim usim;
};
struct home_image {
    struct binding_view view;
    struct kme_home home;
};
struct world {
    struct krig *rig;
    struct aka_keys aka;
    uint64_t sqn; /* of a clock: no kill sets it back */
    struct device_image device, device_stored;
    struct home_image home, home_stored;
    bool device_dead, mme_dead; /* until the next access */
    bool next_access;           /* this access is not the provisioning one */
    struct fault fault;
    bool late_waits;
    enum message_kind late_kind;
    struct content late;
    int late_at; /* before which message of an access it comes; -1: not by itself */
    int sent;    /* messages of this access so far */
};

/* ---- faults ---- */

static inline bool hits(struct world *w, enum fault_kind kind, enum message_kind message, int step,
                        enum party party)
{
    struct fault *f = &w->fault;
    bool by_kill = kind == KILL_BEFORE || kind == KILL_AFTER;
    int at = w->next_access ? AFTERWARDS : step;
    if (f->done || f->kind != kind || f->message != message || f->step != at ||
        (by_kill && f->party != party)) {
        return false;
    }
    f->done = true;
    return true;
}

static inline void die(struct world *w, enum party party)
{
    if (party == DEVICE) {
        w->device = w->device_stored;
        w->device_dead = true;
    } else if (party == HSS) {
        w->home = w->home_stored; /* and is there again for the next request */
    } else if (party == MME) {
        w->mme_dead = true;
    }
}

static inline bool is_dead(const struct world *w, enum party party)
{
    return (party == DEVICE && w->device_dead) || (party == MME && w->mme_dead);
}

/* False: the party was killed at its store. */
static inline bool store(struct world *w, enum party party, int step)
{
    if (hits(w, KILL_BEFORE, NO_MESSAGE, step, party)) {
        die(w, party);
        return false;
    }
    if (party == DEVICE) {
        w->device_stored = w->device;
    } else {
        w->home_stored = w->home;
    }
    if (hits(w, KILL_AFTER, NO_MESSAGE, step, party)) {
        die(w, party);
        return false;
    }
    return true;
}

static inline void late_arrives(struct world *w);

/* How often it arrives, and which of the answers to it counts. */
struct arrival {
    int times, counts;
};
static inline struct arrival pass(struct world *w, enum message_kind m, const struct content *c)
{
    const struct arrival none = {0, 0};
    if (w->late_waits && w->late_at == w->sent) {
        late_arrives(w);
    }
    w->sent++;
    if (is_dead(w, route[m].from)) {
        return none;
    }
    if (hits(w, KILL_BEFORE, m, route[m].step, route[m].from)) {
        die(w, route[m].from);
        return none;
    }
    bool killed_after = hits(w, KILL_AFTER, m, route[m].step, route[m].from);
    if (killed_after) {
        die(w, route[m].from);
    }
    if (hits(w, LOST, m, route[m].step, DEVICE) || is_dead(w, route[m].to)) {
        return none;
    }
    if (hits(w, LATE, m, route[m].step, DEVICE)) {
        w->late_waits = true;
        w->late_kind = m;
        w->late = *c;
        return none;
    }
    if (hits(w, TWICE_FIRST, m, route[m].step, DEVICE)) {
        return (struct arrival){2, 0};
    }
    return hits(w, TWICE_SECOND, m, route[m].step, DEVICE) ? (struct arrival){2, 1}
                                                           : (struct arrival){1, 0};
}

/* ---- who does what with a message; false: nothing comes of it ---- */

static inline bool hss_air(struct world *w, struct content *out)
{
    struct krig *k = w->rig;
    struct binding_view *view = &w->home.view;
    struct binding_choice choice = {.processed = false};
    const enum kme_due due = kme_home_due(view, &w->home.home, NULL);
    const struct key_kme *kme = NULL;
    out->provisioning = due != KME_DUE_NOT;
    if (out->provisioning) {
        assert_ok(kme_home_offer(&k->rig.crypto, due, k->at, KRIG_LIFETIME, &w->home.home));
        if (!store(w, HSS, 3)) {
            return false;
        }
        memcpy(out->nonce, w->home.home.nonce, sizeof out->nonce);
    } else if (binding_hss_choose(view, NULL, &choice) != REFUSAL_NONE) {
        return false;
    }
    if (choice.processed) {
        kme = &view->devices[choice.device].kme;
    }
    w->sqn += SQN_IND_COUNT;
    assert_ok(binding_hss_vector(&k->rig.crypto, &w->aka, kme, w->sqn, NULL, &out->vector));
    return true;
}

static inline bool hss_repository(struct world *w, const struct content *c)
{
    return pass(w, INQUIRY, c).times > 0 && pass(w, CREDENTIAL, c).times > 0;
}

static inline bool hss_ulr(struct world *w, const struct content *in, struct content *out)
{
    struct krig *k = w->rig;
    struct home_image *h = &w->home;
    struct kme_taken taken;
    if (!in->has_payload) { /* a registration: none while provisioning is due */
        if (kme_home_due(&h->view, &h->home, NULL) != KME_DUE_NOT) {
            return false;
        }
        (void)kme_home_used(&h->view, &k->parties.imei);
        return store(w, HSS, 9);
    }
    struct kme_payload payload = in->payload;
    payload.encrypted.p = in->encrypted;
    const struct kme_arrived arrived = krig_arrived(k, &payload);
    if (!hss_repository(w, in) ||
        kme_home_take(&k->rig.crypto, &h->view, &h->home, &arrived, &taken).cause !=
            KME_CAUSE_NONE) {
        return false;
    }
    assert_ok(kme_home_keep(&taken, false, &h->view, &h->home));
    memcpy(out->nw_sig, taken.nw_sig, sizeof out->nw_sig);
    return store(w, HSS, 9);
}

static inline enum err world_usim(void *ctx, const struct rand128 *rand, const struct autn *autn,
                                  struct usim_answer *out)
{
    struct world *w = ctx;
    return usim_authenticate(&w->rig->rig.crypto, &w->device.usim, rand, autn, out);
}

static inline bool device_challenge(struct world *w, const struct content *in, struct content *out)
{
    struct usim_answer answer;
    const struct usim_port usim = {.ctx = w, .authenticate = world_usim};
    enum binding_me_outcome o = kme_me_ask(&w->rig->rig.crypto, &w->device.keys, &w->device.me,
                                           &usim, in->vector.rand, &in->vector.autn, &answer);
    if (!store(w, DEVICE, 4) || (o != BINDING_ME_ANSWERED && o != BINDING_ME_REPEATED)) {
        return false;
    }
    out->res = answer.res;
    return true;
}

static inline bool device_command(struct world *w, const struct content *in, struct content *out)
{
    const struct kme_device device = krig_device(w->rig);
    assert_ok(
        kme_me_offer(&w->rig->rig.crypto, &device, in->nonce, &w->device.keys, &out->payload));
    out->has_payload = true;
    memcpy(out->encrypted, out->payload.encrypted.p, out->payload.encrypted.n);
    return store(w, DEVICE, 5);
}

static inline bool device_result(struct world *w, const struct content *in)
{
    bool right = kme_me_confirm(in->nw_sig, &w->device.keys) == E_OK;
    return store(w, DEVICE, 12) && right;
}

/* Whoever gets it late does with it what he would have done; an answer that nobody waits for goes
 * nowhere. NAS security would refuse PAYLOAD and RESULT as it does COMMAND; here they come through,
 * which is worse. */
static inline void late_arrives(struct world *w)
{
    struct content out = w->late, void_;
    const struct content in = w->late;
    const bool device_there = !w->device_dead;
    w->late_waits = false;
    switch ((int)w->late_kind) {
    case REQUEST:
    case AIR:
        (void)hss_air(w, &out);
        break;
    case CHALLENGE:
        (void)(device_there && device_challenge(w, &in, &out));
        break;
    case PAYLOAD:
    case ULR:
        (void)hss_ulr(w, &in, &void_);
        break;
    case ULA:
    case RESULT:
        (void)(device_there && device_result(w, &in));
        break;
    default: /* AIA, RESPONSE, INQUIRY, CREDENTIAL: nobody waits for them any more. COMMAND: the
              * NAS keys that it came under are those of an earlier access, so it is refused. */
        break;
    }
}

/* ---- an access ---- */

typedef bool handler(struct world *w, const struct content *in, struct content *out);

/* A message and what comes of it; a copy that comes twice is worked on twice, and the answer to one
 * of the two counts. */
static inline bool sends(struct world *w, enum message_kind m, handler *does, struct content *c)
{
    const struct content sent = *c;
    struct content answers[2] = {sent, sent};
    bool good[2] = {false, false};
    const struct arrival a = pass(w, m, &sent);
    for (int i = 0; i < a.times; i++) {
        good[i] = does == NULL || does(w, &sent, &answers[i]);
    }
    *c = answers[a.counts];
    return good[a.counts];
}

static inline bool on_air(struct world *w, const struct content *in, struct content *out)
{
    (void)in;
    return hss_air(w, out);
}

static inline bool on_request(struct world *w, const struct content *in, struct content *out)
{
    *out = *in;
    return sends(w, AIR, on_air, out);
}

static inline bool on_result(struct world *w, const struct content *in, struct content *out)
{
    (void)out;
    return device_result(w, in);
}

static inline bool authenticated(const struct content *c)
{
    return c->res.n == c->vector.xres.n && memcmp(c->res.b, c->vector.xres.b, c->res.n) == 0;
}

/* True: the device has service. One that was provisioned has to come again. */
static inline bool access_once(struct world *w)
{
    struct content c = {.has_payload = false};
    w->device_dead = w->mme_dead = false;
    w->sent = 0;
    if (!sends(w, REQUEST, on_request, &c) || !sends(w, AIA, NULL, &c) ||
        !sends(w, CHALLENGE, device_challenge, &c) || !sends(w, RESPONSE, NULL, &c) ||
        !authenticated(&c)) {
        return false;
    }
    if (!c.provisioning) { /* registers, and is accepted */
        return sends(w, ULR, hss_ulr, &c) && sends(w, ULA, NULL, &c);
    }
    (void)(sends(w, COMMAND, device_command, &c) && sends(w, PAYLOAD, NULL, &c) &&
           sends(w, ULR, hss_ulr, &c) && sends(w, ULA, NULL, &c) &&
           sends(w, RESULT, on_result, &c));
    return false;
}

#endif
