/* How a modem uses libbindery-ue, in one file: layer 1 in challenge(), prove(), make_key(),
 * take_result(), ask(), take_subscription(), order() and discover(), layer 2 in the rest.
 *
 * The radio is standard input and output: a line in is what RRC would tell NAS, a line out what NAS
 * would tell RRC. So the program can be tried by hand, or tied to anything that carries NAS PDUs.
 * README.md beside this file has a session.
 */
#include "discovery.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A device's own data. In a modem they come from its protected storage; these are made up. */
static const uint8_t kme[BINDERY_UE_KME_SIZE] = {0x5c, 0x5c, 0x5c, 0x5c, 0x5c, 0x5c, 0x5c, 0x5c,
                                                 0x5c, 0x5c, 0x5c, 0x5c, 0x5c, 0x5c, 0x5c, 0x5c};

static const char imsi[] = "001010123456789";
static const char imeisv[] = "3569380356438099";

/* A subscription that came over the air. */
struct subscription {
    struct bindery_ue_profile profile;
    struct bindery_ue_trial trial;
};

/* Everything that must outlive the library's contexts. */
struct modem {
    struct flash flash;
    struct flash keys_flash; /* a place of their own: they outlive the image */
    struct flash subscription_flash;
    bool from_the_box; /* this device left the factory without a subscription */
    bool onboarded;    /* it has one now: a context with it begins when the connection has ended */
    bool given_up;     /* it had one that is no good */
    bool ended;        /* the connection has */
    struct subscription subscription; /* imsi_n 0: none */
    struct bindery_ue_onboarding onboarding;
    struct bindery_ue_asked asked; /* layer 1 */
    struct discovery discovery;    /* a device that left the factory without an operator */
    struct bindery_ue_usim usim;
    struct bindery_ue ue;
    struct bindery_ue_binding binding;
    struct bindery_ue_keys keys;
    uint8_t keys_room[BINDERY_UE_KEYS_MAX];
    /* The manufacturer's lot, which the factory wrote into the device. */
    struct bindery_ue_provisioning provisioning;
    uint8_t modulus[BINDERY_UE_MODULUS_MAX];
    /* One buffer may serve every context of a thread. */
    uint8_t buffer[4096];
};

/* ---- hex, which a real modem has no use for ---- */

static size_t from_hex(const char *text, uint8_t *out, size_t room)
{
    size_t n = 0;
    unsigned octet = 0;
    while (n < room && sscanf(text + 2 * n, "%2x", &octet) == 1 && text[2 * n + 1] != '\0') {
        out[n++] = (uint8_t)octet;
    }
    return n;
}

static void put_hex(const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        printf("%02x", p[i]);
    }
    putchar('\n');
}

/* ---- layer 1: for a modem whose NAS stack stays as it is ---- */

/* Where the stack would have handed RAND and AUTN to the USIM. Here the USIM is soft; with a UICC a
 * function that sends AUTHENTICATE to the card stands in the place of
 * bindery_ue_usim_authenticate. */
static void challenge(struct modem *m, const char *rand_hex, const char *autn_hex)
{
    struct bindery_ue_usim_answer answer;
    uint8_t rand[16], autn[16], cause = 0;
    if (from_hex(rand_hex, rand, 16) != 16 || from_hex(autn_hex, autn, 16) != 16) {
        puts("error: RAND and AUTN are 32 hex digits each");
        return;
    }
    /* A modem that makes no keys calls bindery_ue_binding_challenge(). */
    enum bindery_ue_outcome o = bindery_ue_kme_challenge(&m->keys, &m->binding, &platform_crypto,
                                                         bindery_ue_usim_authenticate, &m->usim,
                                                         rand, autn, &answer, &cause);
    if (o == BINDERY_UE_ANSWERED || o == BINDERY_UE_REPEATED) {
        /* KASME is derived by the stack, as ever: CK, IK, and the first octets of AUTN as received.
         */
        printf("AUTHENTICATION RESPONSE ");
        put_hex(answer.res, answer.res_n);
    } else if (o == BINDERY_UE_SYNC_FAILURE) {
        printf("AUTHENTICATION FAILURE 21 ");
        put_hex(answer.auts, sizeof answer.auts);
    } else if (cause != 0) {
        printf("AUTHENTICATION FAILURE %u (%s)\n", cause, bindery_ue_outcome_name(o));
    } else {
        puts("no answer: the card or the crypto engine failed");
    }
    memset(&answer, 0, sizeof answer);
}

/* Where the stack meets an IDENTITY REQUEST for the IMEI with an information element 7E: its
 * content, and KASME of the security context that the message came under. The stack knows whether
 * that message was integrity protected and ciphered; here it was, with EEA2. */
static void prove(const char *element_hex, const char *kasme_hex)
{
    uint8_t element[256], kasme[32];
    uint8_t out[BINDERY_UE_DEVID_ANSWER(64)]; /* for a key of P-256 */
    size_t n = sizeof out;
    struct bindery_ue_devid_request request = {
        .identity_type = 2, .integrity = true, .eea = 2, .plmn = {0x00, 0xf1, 0x10}};
    if (from_hex(kasme_hex, kasme, 32) != 32) {
        puts("error: KASME is 64 hex digits");
        return;
    }
    request.element = element;
    request.element_n = from_hex(element_hex, element, sizeof element);
    request.kasme = kasme;
    memcpy(request.imei, imeisv, sizeof request.imei);
    enum bindery_ue_devid_outcome o =
        bindery_ue_devid_answer(&platform_crypto, &platform_signer, &request, out, &n);
    switch (o) {
    case BINDERY_UE_DEVID_PROVED:
        printf("IDENTITY RESPONSE %.14s, ciphered, 7e ", imeisv);
        put_hex(out, n);
        break;
    case BINDERY_UE_DEVID_NO_PROOF:
    case BINDERY_UE_DEVID_NOT_ASKED:
        printf("IDENTITY RESPONSE %.14s (%s)\n", imeisv, bindery_ue_devid_outcome_name(o));
        break;
    case BINDERY_UE_DEVID_UNPROTECTED:
        printf("EMM STATUS 98 (%s)\n", bindery_ue_devid_outcome_name(o));
        break;
    case BINDERY_UE_DEVID_MALFORMED:
        printf("EMM STATUS 95 (%s)\n", bindery_ue_devid_outcome_name(o));
        break;
    case BINDERY_UE_DEVID_BROKEN:
        puts("no answer: the crypto engine or the key failed");
        break;
    }
    memset(kasme, 0, sizeof kasme);
}

/* Keys are durable before this returns: the library says nothing that relies on them before. Both
 * layers are here to be shown, and each has read the record for itself: a modem uses one of them,
 * for the last that is stored counts. */
static bool store_keys(void *ctx, const uint8_t *keys, size_t n)
{
    const struct modem *m = ctx;
    return flash_write(&m->keys_flash, keys, n);
}

/* Where the stack meets an IDENTITY REQUEST for the IMEI whose element 7E is no challenge: the home
 * network may want this device to make its own KME. */
static void make_key(struct modem *m, const char *element_hex)
{
    uint8_t element[256];
    uint8_t out[BINDERY_UE_KME_ANSWER_MAX];
    size_t n = sizeof out;
    struct bindery_ue_kme_request request = {
        .identity_type = 2, .element = element, .integrity = true, .eea = 2};
    request.element_n = from_hex(element_hex, element, sizeof element);
    memcpy(request.imei, imeisv, sizeof request.imei);
    enum bindery_ue_kme_outcome o = bindery_ue_kme_answer(
        &m->keys, &platform_crypto, &platform_signer, &m->provisioning, &request, out, &n);
    switch (o) {
    case BINDERY_UE_KME_OFFERED:
        printf("IDENTITY RESPONSE %.14s, ciphered, 7e ", imeisv);
        put_hex(out, n);
        break;
    case BINDERY_UE_KME_UNABLE:
    case BINDERY_UE_KME_NOT_ASKED:
        printf("IDENTITY RESPONSE %.14s (%s)\n", imeisv, bindery_ue_kme_outcome_name(o));
        break;
    case BINDERY_UE_KME_UNPROTECTED:
        printf("EMM STATUS 98 (%s)\n", bindery_ue_kme_outcome_name(o));
        break;
    case BINDERY_UE_KME_MALFORMED:
        printf("EMM STATUS 95 (%s)\n", bindery_ue_kme_outcome_name(o));
        break;
    case BINDERY_UE_KME_ACTIVE:
    case BINDERY_UE_KME_WRONG: /* those of a result */
    case BINDERY_UE_KME_NOT_STORED:
    case BINDERY_UE_KME_BROKEN:
        printf("no answer (%s)\n", bindery_ue_kme_outcome_name(o));
        break;
    }
}

/* Where the stack meets an ATTACH REJECT with an element 7E. Whatever else it says, the stack does
 * what it does with any. */
static void take_result(struct modem *m, const char *element_hex)
{
    uint8_t element[256];
    const size_t n = from_hex(element_hex, element, sizeof element);
    enum bindery_ue_kme_outcome o =
        bindery_ue_kme_result(&m->keys, &platform_crypto, element, n, true, 2);
    const bool again = o == BINDERY_UE_KME_ACTIVE || o == BINDERY_UE_KME_NOT_STORED;
    printf("%s (%s)\n", again ? "attach again" : "as any ATTACH REJECT",
           bindery_ue_kme_outcome_name(o));
}

/* ---- a device that has no subscription yet ---- */

/* All of it, or nothing: it is durable before this returns. */
static bool install(void *ctx, const struct bindery_ue_profile *profile)
{
    struct modem *m = ctx;
    const struct subscription given = {.profile = *profile};
    return flash_write(&m->subscription_flash, &given, sizeof given);
}

/* Layer 1: what the stack puts into element 7E of an ATTACH REQUEST of type 5. */
static void ask(struct modem *m, const char *plmn_hex)
{
    uint8_t plmn[3];
    size_t n = sizeof m->buffer;
    enum bindery_ue_result r = BINDERY_UE_ERR_ARGUMENT;
    if (from_hex(plmn_hex, plmn, 3) == 3) {
        r = bindery_ue_onboarding_ask(&m->asked, &platform_crypto, &m->onboarding, &platform_signer,
                                      imeisv, plmn, m->buffer, &n);
    }
    if (r != BINDERY_UE_OK) {
        printf("error: the request cannot be made (%d)\n", (int)r);
        return;
    }
    printf("ATTACH REQUEST 5 %.14s 7e ", imeisv);
    put_hex(m->buffer, n);
}

/* Layer 1: where the stack meets the ATTACH REJECT to it. */
static void take_subscription(struct modem *m, const char *element_hex)
{
    static uint8_t element[BINDERY_UE_ONBOARDING_ROOM];
    const size_t n = from_hex(element_hex, element, sizeof element);
    enum bindery_ue_onboarding_outcome o = bindery_ue_onboarding_take(
        &m->asked, &platform_crypto, &m->onboarding, element, n, m->buffer, sizeof m->buffer);
    printf("%s (%s)\n", o == BINDERY_UE_ONBOARDING_TAKEN ? "attach anew" : "as any ATTACH REJECT",
           bindery_ue_onboarding_outcome_name(o));
}

/* What the service provider hands to the secure element, and what it gets for it. The certificate
 * of the element's own key comes with the order here; a real one has it. */
static void order(struct modem *m, const char *dimsi, const char *hex)
{
    static uint8_t octets[4096];
    uint8_t token[BINDERY_UE_TOKEN_MAX];
    size_t n = from_hex(hex, octets, sizeof octets), token_n = 0;
    /* one certificate behind its length: the element's; the ARPF's chain */
    const size_t own = n > 2 ? (size_t)octets[0] << 8 | octets[1] : 0;
    struct bindery_ue_order o = {.sp = "sp.example.org"};
    if (n < 2 + own || strlen(dimsi) > sizeof o.dimsi) {
        puts("error: this is no order");
        return;
    }
    const struct bindery_ue_se se = discovery_se(octets + 2, own, 0);
    o.dimsi_n = (uint8_t)strlen(dimsi);
    memcpy(o.dimsi, dimsi, o.dimsi_n);
    o.chain = octets + 2 + own;
    o.chain_n = n - 2 - own;
    const enum bindery_ue_result r =
        bindery_ue_se_agree(&m->discovery.slot, &platform_crypto, &se, &o, token, &token_n);
    if (r != BINDERY_UE_OK || !discovery_store(&m->discovery)) { /* before the token leaves */
        printf("error: no token (%d)\n", (int)r);
        return;
    }
    m->discovery.there = true;
    printf("token ");
    put_hex(token, token_n);
}

/* Layer 1: where the stack would have asked the USIM, after its own look at the separation bit.
 * AUTN "-": a network of 2G. */
static void discover(struct modem *m, const char *rand_hex, const char *autn_hex)
{
    struct bindery_ue_usim_answer answer;
    uint8_t rand[16], autn[16], digits_n = 0;
    char digits[15];
    const bool has_autn = strcmp(autn_hex, "-") != 0;
    if (from_hex(rand_hex, rand, 16) != 16 || (has_autn && from_hex(autn_hex, autn, 16) != 16)) {
        puts("error: RAND and AUTN are 32 hex digits each");
        return;
    }
    enum bindery_ue_discovery_outcome o = discovery_challenge(
        &m->discovery, rand, has_autn ? autn : NULL, &answer, digits, &digits_n);
    const uint8_t cause = bindery_ue_discovery_emm_cause(o);
    if (o == BINDERY_UE_DISCOVERY_INSTALLED || o == BINDERY_UE_DISCOVERY_REPEATED) {
        printf("AUTHENTICATION RESPONSE, then attach with %.*s (%s) ", digits_n, digits,
               bindery_ue_discovery_outcome_name(o));
        put_hex(answer.res, answer.res_n);
    } else if (cause != 0) {
        printf("AUTHENTICATION FAILURE %u (%s)\n", cause, bindery_ue_discovery_outcome_name(o));
    } else {
        printf("no answer (%s)\n", bindery_ue_discovery_outcome_name(o));
    }
    memset(&answer, 0, sizeof answer);
}

/* Layer 2: until it was used once, a subscription is one on trial. */
static void watch(struct modem *m, const struct bindery_ue_event *e)
{
    struct subscription *s = &m->subscription;
    const bool confirmed = s->trial.confirmed;
    m->onboarded = m->onboarded || e->kind == BINDERY_UE_EVENT_ONBOARDED ||
                   e->kind == BINDERY_UE_EVENT_DISCOVERED;
    m->ended = m->ended || e->kind == BINDERY_UE_EVENT_RELEASE;
    if (e->kind == BINDERY_UE_EVENT_DISCOVERED) {
        m->discovery.given_up = false;
    }
    if (s->profile.imsi_n == 0) {
        return;
    }
    m->given_up = bindery_ue_trial_event(&s->trial, e) || m->given_up;
    if (s->trial.confirmed && !confirmed) {
        (void)flash_write(&m->subscription_flash, s, sizeof *s);
    }
}

static void forget_subscription(struct modem *m)
{
    if (m->discovery
            .there) { /* the slot and the sequence numbers stay: the same IMSI comes again */
        m->discovery.given_up = true;
        puts("the IMSI is no good, and the dIMSI is used again");
        return;
    }
    (void)flash_write(&m->flash, "", 0); /* all of that is of one IMSI and one K */
    (void)flash_write(&m->keys_flash, "", 0);
    (void)flash_write(&m->subscription_flash, "", 0);
    puts("the subscription is no good, and is not used");
}

/* ---- layer 2: the whole NAS client ---- */

/* The library waits for this before anything leaves that relies on the image. The soft USIM's
 * sequence numbers go with it, in one write: an RES that leaves must never be of an SQN that a
 * power cut makes us forget. */
static bool store(void *ctx, const uint8_t *image, size_t n)
{
    struct modem *m = ctx;
    uint8_t all[FLASH_MAX];
    uint64_t seq[BINDERY_UE_USIM_SEQUENCES];
    bindery_ue_usim_sequences(&m->usim, seq);
    memcpy(all, seq, sizeof seq);
    memcpy(all + sizeof seq, image, n);
    return flash_write(&m->flash, all, sizeof seq + n);
}

/* After every call: the PDU first, then the events. */
static void give_out(struct modem *m)
{
    struct bindery_ue_uplink up;
    struct bindery_ue_event e;
    while (bindery_ue_uplink(&m->ue, &up)) {
        /* An initial PDU asks RRC for a connection with this cause, and gives it the S-TMSI. */
        printf(up.initial ? "up initial cause=%d " : "up ", (int)up.establishment);
        put_hex(up.pdu, up.n);
    }
    while (bindery_ue_next_event(&m->ue, &e)) {
        watch(m, &e);
        printf("event %s", bindery_ue_event_name(e.kind));
        switch (e.kind) {
        case BINDERY_UE_EVENT_AUTHENTICATION:
            printf(" %s%s", bindery_ue_outcome_name(e.outcome), e.processed ? " processed" : "");
            break;
        case BINDERY_UE_EVENT_WAITING:
            printf(" %s", bindery_ue_why_name(e.why));
            break;
        case BINDERY_UE_EVENT_REFUSED:
            printf(" %s: %s", bindery_ue_refusal_name(e.refusal),
                   bindery_ue_refusal_sentence(e.refusal));
            break;
        case BINDERY_UE_EVENT_REJECTED:
            printf(" cause=%u", e.cause);
            break;
        case BINDERY_UE_EVENT_DISCOVERY:
            printf(" %s", bindery_ue_discovery_outcome_name(e.discovery));
            break;
        case BINDERY_UE_EVENT_DISCOVERED:
            printf(" %.*s", e.imsi_n, e.imsi);
            break;
        case BINDERY_UE_EVENT_PROVED:
            printf(" %s", bindery_ue_signature_name(e.algorithm));
            break;
        case BINDERY_UE_EVENT_ELSEWHERE: /* a modem camps on another PLMN, if it finds one */
        case BINDERY_UE_EVENT_ONBOARDING:
        case BINDERY_UE_EVENT_ONBOARDED:
        case BINDERY_UE_EVENT_NO_PROOF:
        case BINDERY_UE_EVENT_KME_OFFERED:
        case BINDERY_UE_EVENT_KME_ACTIVE:
        case BINDERY_UE_EVENT_KME_UNABLE:
        case BINDERY_UE_EVENT_SECURED:
        case BINDERY_UE_EVENT_REGISTERED:
        case BINDERY_UE_EVENT_DEREGISTERED:
        case BINDERY_UE_EVENT_NOT_GENUINE: /* a modem bars the cell */
        case BINDERY_UE_EVENT_RELEASE:     /* a modem releases the RRC connection */
        case BINDERY_UE_EVENT_STORE_FAILED:
        case BINDERY_UE_EVENT_CRYPTO_FAILED:
            break;
        }
        putchar('\n');
    }
    printf("state %s\n", bindery_ue_state_name(bindery_ue_state(&m->ue)));
    (void)fflush(stdout);
}

static bool lower(struct modem *m, const char *what)
{
    static const char *const words[] = {"connected", "bearers", "released", "failed"};
    for (unsigned i = 0; i < 4; i++) {
        if (strcmp(what, words[i]) == 0) {
            (void)bindery_ue_lower(&m->ue, platform_now(), (enum bindery_ue_lower)i);
            return true;
        }
    }
    return false;
}

static bool power_on(struct modem *m);
/* With another subscription the device is another one to the network: everything begins anew. */
static void begin_anew(struct modem *m)
{
    if (m->given_up) {
        forget_subscription(m);
    }
    m->onboarded = m->given_up = false;
    bindery_ue_wipe(&m->ue);
    if (!power_on(m)) {
        puts("error: this device cannot start");
    }
    printf("anew, with %s subscription\n", m->subscription.profile.imsi_n > 0 ? "a" : "no");
    (void)fflush(stdout);
}

static bool layer_1(struct modem *m, const char *word, const char *a, const char *b)
{
    if (strcmp(word, "challenge") == 0 && a != NULL && b != NULL) {
        challenge(m, a, b);
    } else if (strcmp(word, "prove") == 0 && a != NULL && b != NULL) {
        prove(a, b);
    } else if (strcmp(word, "command") == 0 && a != NULL) {
        make_key(m, a);
    } else if (strcmp(word, "result") == 0 && a != NULL) {
        take_result(m, a);
    } else if (strcmp(word, "ask") == 0 && a != NULL) {
        ask(m, a);
    } else if (strcmp(word, "subscription") == 0 && a != NULL) {
        take_subscription(m, a);
    } else if (strcmp(word, "order") == 0 && a != NULL && b != NULL) {
        order(m, a, b);
    } else if (strcmp(word, "discover") == 0 && a != NULL && b != NULL) {
        discover(m, a, b);
    } else {
        return false;
    }
    (void)fflush(stdout);
    return true;
}

static void line_in(struct modem *m, char *line)
{
    static uint8_t pdu[2048];
    char *word = strtok(line, " \n"), *a = strtok(NULL, " \n"), *b = strtok(NULL, " \n");
    uint64_t now = platform_now();
    struct bindery_ue_cell cell;
    if (word == NULL || layer_1(m, word, a, b)) {
        return;
    }
    if (strcmp(word, "camp") == 0 && a != NULL && from_hex(a, cell.plmn, 3) == 3) {
        cell.tac = (uint16_t)strtoul(b != NULL ? b : "1", NULL, 10);
        (void)bindery_ue_camp(&m->ue, now, &cell);
    } else if (strcmp(word, "attach") == 0) {
        (void)bindery_ue_attach(&m->ue, now);
    } else if (strcmp(word, "detach") == 0) {
        (void)bindery_ue_detach(&m->ue, now, false);
    } else if (strcmp(word, "down") == 0 && a != NULL) {
        (void)bindery_ue_downlink(&m->ue, now, pdu, from_hex(a, pdu, sizeof pdu));
    } else if (strcmp(word, "tick") == 0) {
        (void)bindery_ue_tick(&m->ue, now);
    } else if (!lower(m, word)) {
        printf("error: what is '%s'?\n", word);
        return;
    }
    m->ended = strcmp(word, "released") == 0;
    give_out(m);
    if ((m->onboarded || m->given_up) && m->ended) {
        begin_anew(m);
    }
}

/* ---- power on ---- */

static bool begin_layer_1(struct modem *m, const struct bindery_ue_identity *id)
{
    const struct bindery_ue_keys_store where = {
        .ctx = m, .store_keys = store_keys, .room = m->keys_room};
    struct bindery_ue_subscription subscription = {.imsi_n = id->imsi_n, .mnc_n = id->mnc_n};
    memcpy(subscription.imsi, id->imsi, sizeof subscription.imsi);
    bindery_ue_binding_init(&m->binding, NULL); /* whose keys are m->keys */
    return bindery_ue_keys_init(&m->keys, &platform_crypto, &where, &subscription, id->kme,
                                id->keys, id->keys_n) == BINDERY_UE_OK;
}

/* With an IMSI in its slot that one, and else the dIMSI. The IMSI is a subscription like one that
 * came in an ATTACH REJECT; this example does not keep that it was confirmed. */
static void identify_by_slot(struct modem *m, struct bindery_ue_identity *id)
{
    struct bindery_ue_profile *p = &m->subscription.profile;
    struct bindery_ue_slot_view v;
    memset(&m->subscription, 0, sizeof m->subscription);
    bindery_ue_slot_view(&m->discovery.slot, &v);
    if (v.imsi_n > 0 && !m->discovery.given_up &&
        bindery_ue_slot_usim(&m->discovery.slot, &platform_crypto, &p->usim) == BINDERY_UE_OK) {
        p->imsi_n = v.imsi_n;
        memcpy(p->imsi, v.imsi, sizeof p->imsi);
    }
    id->mnc_n = 2; /* what a USIM says in EF AD; a slot does not, and nothing but a KME needs it */
    id->imsi_n = p->imsi_n > 0 ? v.imsi_n : v.dimsi_n;
    memcpy(id->imsi, p->imsi_n > 0 ? v.imsi : v.dimsi, sizeof id->imsi);
}

/* Who this device is: by what was made up above, or by what came over the air. */
static void identify(struct modem *m, struct bindery_ue_identity *id,
                     struct bindery_ue_usim_keys *keys)
{
    const struct bindery_ue_profile *p = &m->subscription.profile;
    memcpy(id->imeisv, imeisv, 16);
    if (m->discovery.there) {
        identify_by_slot(m, id);
        *keys = p->usim;
        return;
    }
    if (m->from_the_box) {
        const size_t n =
            flash_read(&m->subscription_flash, &m->subscription, sizeof m->subscription);
        if (n != sizeof m->subscription) {
            memset(&m->subscription, 0, sizeof m->subscription);
        }
        *keys = p->usim;
        id->imsi_n = p->imsi_n;
        id->mnc_n = p->mnc_n;
        memcpy(id->imsi, p->imsi, sizeof id->imsi);
        return;
    }
    *keys = (struct bindery_ue_usim_keys){
        .algorithm = BINDERY_UE_MILENAGE, .k_n = 16, .opc_n = 16, .res_n = 8};
    memset(keys->k, 0x11, 16);
    memset(keys->opc, 0x22, 16);
    memcpy(id->imsi, imsi, sizeof id->imsi);
    id->imsi_n = 15;
    id->mnc_n = 2;
    id->kme = kme;
}

/* The modulus, in hex, from a file that plays what the factory wrote. Without one this device makes
 * no key: it says so when it is told to. */
static void read_lot(struct modem *m, const char *path)
{
    static char hex[2 * BINDERY_UE_MODULUS_MAX + 2];
    struct flash file = {""};
    m->provisioning.encrypter = &platform_encrypter;
    if (path != NULL && strcmp(path, "-") != 0 && strlen(path) < sizeof file.path) {
        memcpy(file.path, path, strlen(path) + 1);
        hex[flash_read(&file, hex, sizeof hex - 1)] = '\0';
        m->provisioning.lot =
            (struct bindery_ue_lot){.id = "example",
                                    .modulus = m->modulus,
                                    .modulus_n = from_hex(hex, m->modulus, sizeof m->modulus)};
    }
}

static bool power_on(struct modem *m)
{
    static const struct bindery_ue_settings settings = {
        .eea = 0xf0, /* EEA0, which has to be there, and EEA1 to EEA3 */
        .eia = 0x70, /* EIA1 to EIA3 */
        .allow_eea0 = false,
        .delay_tolerant = true,
        .pdn_type = 1,
        .apn = "iot",
        .unprotected_limit = 0, /* nobody comes to switch a meter off and on */
    };
    struct bindery_ue_host host = {.ctx = m,
                                   .usim = bindery_ue_usim_authenticate,
                                   .usim_ctx = &m->usim,
                                   .store = store,
                                   .signer = &platform_signer,
                                   .provisioning = &m->provisioning,
                                   .store_keys = store_keys,
                                   .onboarding = &m->onboarding};
    struct bindery_ue_usim_keys keys;
    struct bindery_ue_identity identity = {.imsi_n = 0};
    uint8_t stored[FLASH_MAX], keys_stored[BINDERY_UE_KEYS_MAX];
    uint64_t seq[BINDERY_UE_USIM_SEQUENCES];
    size_t n = flash_read(&m->flash, stored, sizeof stored);
    bool known = n > sizeof seq;

    m->onboarding = platform_onboarding(m, install);
    m->discovery.element =
        (struct bindery_ue_discovery){.ctx = &m->discovery, .challenge = discovery_challenge};
    identify(m, &identity, &keys);
    if (m->discovery.there && m->subscription.profile.imsi_n == 0) {
        host.discovery = &m->discovery.element;
    }
    if (identity.imsi_n == 0 || host.discovery != NULL) {
        return bindery_ue_init(&m->ue, &platform_crypto, &host, &settings, &identity, m->buffer,
                               sizeof m->buffer, NULL, 0) == BINDERY_UE_OK;
    }
    /* One IMSI here; a modem has a record for each, and takes that of the card in it. */
    identity.keys_n = flash_read(&m->keys_flash, keys_stored, sizeof keys_stored);
    identity.keys = identity.keys_n > 0 ? keys_stored : NULL;
    if (known) {
        memcpy(seq, stored, sizeof seq);
    }
    if (bindery_ue_usim_init(&m->usim, &platform_crypto, &keys, known ? seq : NULL) !=
        BINDERY_UE_OK) {
        return false;
    }
    if (!begin_layer_1(m, &identity)) {
        /* Without its keys this device may be one that its home network does not know. */
        puts("the stored keys are not usable");
        return false;
    }
    enum bindery_ue_result r = bindery_ue_init(
        &m->ue, &platform_crypto, &host, &settings, &identity, m->buffer, sizeof m->buffer,
        known ? stored + sizeof seq : NULL, known ? n - sizeof seq : 0);
    if (r == BINDERY_UE_ERR_IMAGE || r == BINDERY_UE_ERR_FOREIGN) {
        /* Damaged flash, or another SIM: begin without GUTI and keys, as a new device would. */
        puts("the stored image is not usable, and is not used");
        r = bindery_ue_init(&m->ue, &platform_crypto, &host, &settings, &identity, m->buffer,
                            sizeof m->buffer, NULL, 0);
    }
    memset(keys_stored, 0, sizeof keys_stored);
    memset(stored, 0, sizeof stored);
    return r == BINDERY_UE_OK;
}

int main(int argc, char **argv)
{
    static struct modem modem;
    char line[8192];
    (void)snprintf(modem.flash.path, sizeof modem.flash.path - sizeof ".subscription", "%s",
                   argc > 1 ? argv[1] : "modem.flash");
    (void)snprintf(modem.keys_flash.path, sizeof modem.keys_flash.path, "%s.keys",
                   modem.flash.path);
    (void)snprintf(modem.subscription_flash.path, sizeof modem.subscription_flash.path,
                   "%s.subscription", modem.flash.path);
    /* A provisioning root: this device comes out of the box. */
    const bool has_root = argc > 3 && strcmp(argv[3], "-") != 0;
    modem.from_the_box = has_root && platform_trust(argv[3]);
    if (has_root && !modem.from_the_box) {
        puts("error: no provisioning root");
        return 1;
    }
    /* A root of secure elements: this device gets a dIMSI, or has one. */
    (void)snprintf(modem.discovery.flash.path, sizeof modem.discovery.flash.path, "%s.slot",
                   modem.flash.path);
    if (argc > 4 && discovery_trust(argv[4])) {
        (void)discovery_load(&modem.discovery);
    }
    read_lot(&modem, argc > 2 ? argv[2] : NULL);
    if (!power_on(&modem)) {
        puts("error: this device cannot start");
        return 1;
    }
    printf("state %s\n", bindery_ue_state_name(bindery_ue_state(&modem.ue)));
    (void)fflush(stdout);
    while (fgets(line, sizeof line, stdin) != NULL) {
        line_in(&modem, line);
    }
    bindery_ue_wipe(&modem.ue);
    bindery_ue_binding_wipe(&modem.binding);
    bindery_ue_keys_wipe(&modem.keys);
    bindery_ue_usim_wipe(&modem.usim);
    bindery_ue_onboarding_forget(&modem.asked);
    bindery_ue_slot_wipe(&modem.discovery.slot);
    memset(&modem.subscription, 0, sizeof modem.subscription);
    return 0;
}
