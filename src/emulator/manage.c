#include "emulator/manage.h"

#include "emulator/rsm.h"
#include "net/address.h"
#include <stdio.h>
#include <string.h>

_Static_assert(RSM_REQUEST_LEN == DIMSI_REQUEST_LEN, "the request of the one is that of the other");

enum err manage_parse(const char *text, struct manage *out)
{
    char url[96];
    struct address a;
    const int n = snprintf(url, sizeof url, "tcp://%s", text);
    if (n <= 0 || (size_t)n >= sizeof url || address_parse(url, &a) != E_OK || a.port == 0) {
        return E_BAD_VALUE;
    }
    (void)snprintf(out->address, sizeof out->address, "%.63s", address_print_ip(&a).s);
    out->port = a.port;
    return E_OK;
}

/* ---- whose RSMF ---- */

static struct plmn cut(const struct imsi *imsi, size_t mnc_n)
{
    struct plmn out;
    memset(&out, 0, sizeof out);
    memcpy(out.mcc, imsi->digits, 3);
    memcpy(out.mnc, imsi->digits + 3, mnc_n);
    return out;
}

/*= dimsi-roots */
size_t manage_homes(const struct imsi *imsi, uint8_t mnc_n, const struct plmn *serving,
                    struct plmn out[static 2])
{
    if (mnc_n == 2 || mnc_n == 3) {
        out[0] = cut(imsi, mnc_n);
        return 1;
    }
    if (imsi_in_plmn(imsi, serving)) {
        out[0] = *serving;
        return 1;
    }
    out[0] = cut(imsi, 2);
    out[1] = cut(imsi, 3);
    return 2;
}

/* ---- asking ---- */

struct asking {
    const struct manage *m;
    struct population *p;
    struct device *d;
    struct say *words;
    struct plmn home[2];
    size_t homes;
    char *why; /* EMULATION_WHY_MAX */
    char more[RSM_WHY_MAX];
};

static bool se_sign(void *ctx, const uint8_t *content, size_t n, uint8_t signature[64])
{
    return soft_se_sign(ctx, (struct bytes){content, n}, signature) == E_OK;
}

static struct rsm_se se_of(struct population *p)
{
    struct device_se *se = &p->state.se;
    struct rsm_se out = {.ctx = se, .sign = se_sign};
    while (out.n_chain < se->chain.count && out.n_chain < RSM_CHAIN_MAX) {
        out.chain[out.n_chain] = device_certificate(&se->chain, out.n_chain);
        out.n_chain++;
    }
    while (out.n_ci < se->ci.count && out.n_ci < RSM_CHAIN_MAX) {
        out.ci[out.n_ci] = device_certificate(&se->ci, out.n_ci);
        out.n_ci++;
    }
    return out;
}

static struct rsm_place place_of(const struct asking *a, size_t home)
{
    return (struct rsm_place){.home = a->home[home], .port = a->m->port, .address = a->m->address};
}

static void tell(const struct asking *a, const char *what, size_t home)
{
    char host[RSM_HOST_MAX];
    rsm_host(&a->home[home], host);
    if (a->words != NULL) {
        say_line(a->words, "-> RSMF %s (%s port %u): %s, with the secure element's certificate",
                 host, a->m->address, a->m->port, what);
    }
}

static enum rsm_outcome fetch(struct asking *a, struct mbytes profile, size_t *n)
{
    const struct rsm_se se = se_of(a->p);
    enum rsm_outcome o = RSM_LOCAL;
    for (size_t i = 0; i < a->homes; i++) {
        const struct rsm_place place = place_of(a, i);
        tell(a, "the operator's own subscription is asked for", i);
        o = rsm_fetch(&se, &place, a->p->state.discovery.request, profile.p, n, a->more);
        if (o != RSM_UNTRUSTED) { /* which also says that it has another name */
            break;
        }
    }
    return o;
}

static enum rsm_outcome confirm(struct asking *a)
{
    const struct rsm_se se = se_of(a->p);
    enum rsm_outcome o = RSM_LOCAL;
    for (size_t i = 0; i < a->homes; i++) {
        const struct rsm_place place = place_of(a, i);
        tell(a, "the subscription is installed and works", i);
        o = rsm_confirm(&se, &place, a->p->state.discovery.request, a->more);
        if (o != RSM_UNTRUSTED) {
            break;
        }
    }
    return o;
}

static enum emulation_turn failed(struct asking *a, enum rsm_outcome o)
{
    if (a->words != NULL) {
        say_line(a->words, "<- RSMF (%s): %s%s%s%s", rsm_outcome_name(o), rsm_outcome_sentence(o),
                 a->more[0] != '\0' ? ": " : "", a->more,
                 rsm_outcome_again(o) ? "; the same command asks again" : "");
    }
    (void)snprintf(a->why, EMULATION_WHY_MAX, "remote subscription management: %s",
                   rsm_outcome_name(o));
    return EMULATION_TURN_FAILED;
}

static enum emulation_turn not_stored(struct asking *a)
{
    if (a->words != NULL) {
        say_line(a->words, "the state could not be stored: %s", a->p->why.text);
    }
    (void)snprintf(a->why, EMULATION_WHY_MAX, "the device could not store its state");
    return EMULATION_TURN_FAILED;
}

static bool save(struct asking *a, const struct device_state *next)
{
    struct population *p = a->p;
    const bool saved = device_state_save_held(p->path, &p->hold, next, &p->why) == E_OK;
    if (saved) {
        p->state = *next;
    }
    return saved;
}

/* ---- the steps ---- */

/*= dimsi-durable */
/* The request is in the file before it leaves, and stays the same until all is done. */
static bool draw_request(struct asking *a)
{
    struct device_state next = a->p->state;
    struct device_discovery *d = &next.discovery;
    bool good = d->asked;
    if (!good) {
        d->asked = true;
        good =
            a->p->crypto.random(a->p->crypto.ctx, MBYTES_OF(d->request)) == E_OK && save(a, &next);
    }
    device_state_wipe(&next);
    return good;
}

/* An RSMF of several operators must not hand one's device to another of them. */
static bool of_its_operator(const struct asking *a, const struct certattach_profile *profile)
{
    bool is = false;
    for (size_t i = 0; i < a->homes; i++) {
        is = is || plmn_eq(&profile->home, &a->home[i]);
    }
    return is;
}

/*= dimsi-trial */
static enum emulation_turn install(struct asking *a, struct bytes profile)
{
    struct certattach_profile read;
    struct device_state next = a->p->state;
    enum emulation_turn turn = EMULATION_TURN_MANAGED;
    if (certattach_profile_read(profile, &read) != E_OK || !of_its_operator(a, &read) ||
        device_state_manage(&next, &read) != E_OK) {
        turn = failed(a, RSM_BAD_ANSWER);
    } else if (!save(a, &next)) {
        turn = not_stored(a);
    } else if (a->words != NULL) {
        say_line(a->words,
                 "<- RSMF: the operator's own subscription, IMSI %s: it is in its file, and the "
                 "one before stays until this one works; detaches",
                 next.imsi.digits);
    }
    wipe(&read, sizeof read);
    device_state_wipe(&next);
    return turn;
}

static enum emulation_turn fetch_and_install(struct asking *a)
{
    uint8_t profile[CERTATTACH_PROFILE_MAX];
    size_t n = 0;
    if (!draw_request(a)) {
        return not_stored(a);
    }
    const enum rsm_outcome o = fetch(a, MBYTES_OF(profile), &n);
    const enum emulation_turn turn =
        o == RSM_DONE ? install(a, (struct bytes){profile, n}) : failed(a, o);
    wipe(profile, sizeof profile);
    return turn;
}

/*= dimsi-erase */
static enum emulation_turn confirm_and_erase(struct asking *a)
{
    struct device_state next = a->p->state;
    enum emulation_turn turn = EMULATION_TURN_NONE;
    /* The network gives up the one before when it hears of it: by then the file must say that this
     * one works. */
    if (!save(a, &next)) {
        device_state_wipe(&next);
        return not_stored(a);
    }
    const enum rsm_outcome o = confirm(a);
    if (o != RSM_DONE || device_state_managed(&next) != E_OK) {
        turn = failed(a, o);
    } else if (!save(a, &next)) {
        turn = not_stored(a);
    } else if (a->words != NULL) {
        say_line(a->words, "<- RSMF: it knows; the key of the dIMSI and all that came of it is "
                           "erased in the device");
    }
    device_state_wipe(&next);
    return turn;
}

/*= dimsi-11 */
enum emulation_turn manage_registered(const struct manage *m, struct population *p,
                                      struct device *d, const struct plmn *serving,
                                      struct say *words, char why[static EMULATION_WHY_MAX])
{
    const struct device_discovery *x = &p->state.discovery;
    struct asking a = {.m = m, .p = p, .d = d, .words = words, .why = why};
    if (x->slot == 0) {
        return EMULATION_TURN_NONE; /* it is done */
    }
    const uint8_t mnc_n = p->mnc_n != 0 ? p->mnc_n : p->state.mnc_n;
    a.homes = manage_homes(&p->state.imsi, mnc_n, serving, a.home);
    return x->previous.imsi.n == 0 ? fetch_and_install(&a) : confirm_and_erase(&a);
}
