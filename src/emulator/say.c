#include "emulator/say.h"

#include "codec/nas.h"
#include "emulator/tally.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

static void put(const struct say *s, uint64_t at_ns, const char *text)
{
    fprintf(s->to, "%8.3f  %s\n", (double)(at_ns - s->start_ns) / 1e9, text);
    (void)fflush(s->to);
}

void say_rest(struct say *s)
{
    if (s->held[0] != '\0') {
        put(s, s->held_ns, s->held);
        s->held[0] = '\0';
    }
}

void say_line(struct say *s, const char *format, ...)
{
    char text[400];
    va_list ap;
    va_start(ap, format);
    (void)vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    say_rest(s);
    put(s, s->now_ns, text);
}

/* ---- messages ---- */

static const char *protection(const struct nas_pdu *p)
{
    if (p->kind != NAS_PROTECTED) {
        return p->kind == NAS_SERVICE_REQUEST ? "" : ", in clear";
    }
    return p->sht == NAS_SHT_CIPHERED || p->sht == NAS_SHT_CIPHERED_NEW ? ", ciphered"
                                                                        : ", integrity protected";
}

static const char *name_of(const struct nas_pdu *head, struct bytes plain)
{
    struct nas_pdu inner = *head;
    if (head->kind == NAS_SERVICE_REQUEST) {
        return "SERVICE REQUEST";
    }
    if (head->kind == NAS_PROTECTED && (plain.n == 0 || nas_peek(plain, &inner) != E_OK)) {
        return "a message";
    }
    const char *name = nas_message_type_name(inner.type);
    return name != NULL ? name : "a message of a type that is not known";
}

void say_nas(struct say *s, bool uplink, struct bytes pdu, struct bytes plain)
{
    struct nas_pdu head;
    if (nas_peek(pdu, &head) != E_OK) {
        say_line(s, "%s %zu octets that are no NAS message", uplink ? "->" : "<-", pdu.n);
        return;
    }
    if (!uplink) {
        say_line(s, "<- %s%s", name_of(&head, plain), protection(&head));
        return;
    }
    say_rest(s);
    (void)snprintf(s->held, sizeof s->held, "-> %s%s", name_of(&head, plain), protection(&head));
    s->held_ns = s->now_ns;
}

/* ---- what the device says ---- */

void say_guti(const struct bindery_ue_guti *guti, char out[static SAY_GUTI_MAX])
{
    struct plmn plmn;
    char text[PLMN_TEXT_MAX] = "?";
    if (plmn_from_octets(guti->plmn, &plmn) == E_OK) {
        plmn_print(&plmn, text);
    }
    (void)snprintf(out, SAY_GUTI_MAX, "%s, group %04x, code %02x, M-TMSI %08" PRIx32, text,
                   guti->mme_group_id, guti->mme_code, guti->m_tmsi);
}

static const char *challenge_of(enum bindery_ue_outcome o)
{
    switch (o) {
    case BINDERY_UE_ANSWERED:
        return "the USIM answered";
    case BINDERY_UE_REPEATED:
        return "it came before, and is answered as before";
    case BINDERY_UE_MAC_FAILURE:
        return "the USIM refuses its MAC: it was not made for this device and this USIM";
    case BINDERY_UE_SYNC_FAILURE:
        return "the USIM has seen its sequence number, and asks for resynchronisation";
    case BINDERY_UE_NO_SEPARATION_BIT:
        return "it is none for EPS";
    case BINDERY_UE_NO_KME:
        return "this device has no KME to decrypt it";
    case BINDERY_UE_BROKEN:
        break;
    }
    return "the USIM gave no answer";
}

static void say_registered(struct say *s, const struct device *d)
{
    struct bindery_ue_registration r;
    char guti[SAY_GUTI_MAX];
    if (bindery_ue_registration(&d->ue, &r) != BINDERY_UE_OK) {
        return;
    }
    const uint8_t *ip = r.pdn_address + 8;
    say_guti(&r.guti, guti);
    say_line(s, "registered: GUTI %s; address %u.%u.%u.%u; bearer %u", guti, ip[0], ip[1], ip[2],
             ip[3], r.bearer);
}

/* To a device that has no subscription it may bring one. */
static void say_rejected(struct say *s, const struct device *d, const struct bindery_ue_event *e)
{
    char text[TALLY_TEXT];
    const char *name = emm_cause_name(e->cause);
    if (d->seeks) {
        say_line(s, "its cause is #%u (%s)", e->cause, name != NULL ? name : "no name");
        return;
    }
    tally_reject_text(e, text);
    say_line(s, "rejected: %s", text);
}

static void say_waiting(struct say *s, const struct bindery_ue_event *e)
{
    const uint64_t now = s->now_ns / 1000000;
    if (e->until == BINDERY_UE_NEVER) {
        say_line(s, "waiting (%s) until something changes", bindery_ue_why_name(e->why));
    } else {
        say_line(s, "waiting (%s) for %.1f s", bindery_ue_why_name(e->why),
                 e->until > now ? (double)(e->until - now) / 1e3 : 0.0);
    }
}

static void say_detached(struct say *s, const struct device *d, const struct bindery_ue_event *e)
{
    const char *cause = e->cause != 0 ? emm_cause_name(e->cause) : NULL;
    if (d->phase == PHASE_OFF) {
        say_line(s, "the device is switched off");
        return;
    }
    say_line(s, "detached%s%s%s%s", e->by_network ? " by the network" : "",
             cause != NULL ? " (" : "", cause != NULL ? cause : "", cause != NULL ? ")" : "");
}

/* Before the answer, which was taken from the device first. */
static void say_challenge(const struct say *s, const struct bindery_ue_event *e)
{
    char text[160];
    (void)snprintf(text, sizeof text, "challenge, RAND %s: %s",
                   e->processed ? "encrypted under KME" : "in clear", challenge_of(e->outcome));
    put(s, s->now_ns, text);
}

static void say_offered(const struct say *s, const struct device *d)
{
    const enum forge_deed deed = d->forge != NULL ? d->forge->deed : FORGE_NOTHING;
    char text[160];
    if (deed != FORGE_NOTHING) {
        (void)snprintf(text, sizeof text, "made a KME, and %s", forge_deed_text(deed));
    } else {
        (void)snprintf(text, sizeof text, "made a KME and offered it, lot %s",
                       d->population->provisioning.lot.id);
    }
    put(s, s->now_ns, text);
}

/* What somebody who wanted it to make one can do about it. */
static const char *unable_text(const struct device *d)
{
    const struct population *p = d->population;
    if (p->guise.makes_no_kme || p->guise.without_kme) {
        return "was asked for a KME, and makes none";
    }
    if (p->provisioning.lot.id == NULL) {
        return "was asked for a KME, and cannot make one: it was given no lot";
    }
    return d->signer.algorithm != DEVID_ECDSA_P256
               ? "was asked for a KME, and cannot make one: it has no key of ecdsa-p256"
               : "was asked for a KME, and cannot make one: its USIM does not say which network is "
                 "its home (--mnc-length)";
}

static void say_active(struct say *s, const struct bindery_ue_event *e)
{
    if (e->processed) {
        put(s, s->now_ns, "the challenge is under the KME that was offered: it is active");
    } else {
        say_line(s, "the home network has the KME: it is active; the device attaches again");
    }
}

static void say_onboarding(const struct say *s, const struct device *d)
{
    char text[200];
    (void)snprintf(text, sizeof text, "has no subscription, and asks for one as %.120s",
                   d->onboard->url);
    put(s, s->now_ns, text);
}

static void say_onboarded(struct say *s, const struct device *d)
{
    const struct bindery_ue_profile *p = &d->onboard->profile;
    struct plmn home;
    char plmn[PLMN_TEXT_MAX] = "?";
    if (plmn_from_octets(p->home, &home) == E_OK) {
        plmn_print(&home, plmn);
    }
    say_line(s,
             "a subscription came, signed by the operator and encrypted to this device: it is %s; "
             "IMSI %.*s, home network %s, policy %s",
             d->onboard->store != NULL ? "in its file" : "kept", (int)p->imsi_n, p->imsi, plmn,
             binding_policy_name((enum binding_policy)p->policy));
}

/* ---- by way of a dIMSI ---- */

static const char *kept(const struct device *d)
{
    return d->discovery->store != NULL ? "in its file" : "kept";
}

void say_begin(struct say *s, const struct device *d)
{
    const struct discovery *x = d->discovery;
    if (x == NULL) {
        return;
    }
    switch ((enum discovery_stage)x->stage) {
    case DISCOVERY_DIMSI:
        say_line(s,
                 "has no subscription: attaches with dIMSI %s, whose key its secure element has "
                 "agreed with %s",
                 d->imsi.digits, discovery_slot(x)->arpf.text);
        break;
    case DISCOVERY_TEMPORARY:
        say_line(s, "goes on with IMSI %s, which came for dIMSI %s", d->imsi.digits,
                 discovery_slot(x)->dimsi.digits);
        break;
    case DISCOVERY_OWN:
        say_line(s,
                 "goes on with its operator's own subscription, IMSI %s; the one before is kept "
                 "until the RSMF knows that it works",
                 d->imsi.digits);
        break;
    }
}

/* Before the answer, which was taken from the device first. */
static void say_discovery(const struct say *s, const struct device *d,
                          const struct bindery_ue_event *e)
{
    char text[200];
    switch (e->discovery) {
    case BINDERY_UE_DISCOVERY_INSTALLED:
        (void)snprintf(text, sizeof text,
                       "challenge: AUTN holds, and RAND brings IMSI %.*s: it takes the dIMSI's "
                       "place, and is %s",
                       (int)e->imsi_n, e->imsi, kept(d));
        break;
    case BINDERY_UE_DISCOVERY_REPEATED:
        (void)snprintf(text, sizeof text, "challenge: RAND brings IMSI %.*s, which came before",
                       (int)e->imsi_n, e->imsi);
        break;
    case BINDERY_UE_DISCOVERY_INTEGRITY:
    case BINDERY_UE_DISCOVERY_CTV:
    case BINDERY_UE_DISCOVERY_IMSI_UNREADABLE:
    case BINDERY_UE_DISCOVERY_OTHER_IMSI:
    case BINDERY_UE_DISCOVERY_ERASED:
    case BINDERY_UE_DISCOVERY_NOT_STORED:
    case BINDERY_UE_DISCOVERY_BROKEN:
    default:
        (void)snprintf(text, sizeof text, "challenge refused (%s): %s",
                       bindery_ue_discovery_outcome_name(e->discovery),
                       bindery_ue_discovery_outcome_sentence(e->discovery));
        break;
    }
    put(s, s->now_ns, text);
}

static void say_undiscovered(struct say *s, const struct device *d)
{
    if (d->seeks) {
        say_line(s,
                 "its subscription was never used, and is no good: it is given up; attaches "
                 "with dIMSI %s",
                 d->imsi.digits);
    } else {
        say_line(s,
                 "its operator's own subscription was never used, and is no good: it is given "
                 "up; attaches with the one before, IMSI %s",
                 d->imsi.digits);
    }
}

void say_turned(struct say *s, const struct device *d, struct plmn plmn, enum emulation_turn turn)
{
    char text[PLMN_TEXT_MAX];
    plmn_print(&plmn, text);
    switch (turn) {
    case EMULATION_TURN_MOVED:
        say_line(s, "goes to network %s", text);
        break;
    case EMULATION_TURN_SUBSCRIBED:
        say_line(s, "attaches with the subscription that it got, IMSI %s", d->imsi.digits);
        break;
    case EMULATION_TURN_UNSUBSCRIBED:
        say_line(s, "its subscription was never used, and is no good: it is given up, and another "
                    "one asked for");
        break;
    case EMULATION_TURN_DISCOVERED:
        say_line(s, "attaches with the IMSI that came, %s", d->imsi.digits);
        break;
    case EMULATION_TURN_DIMSI:
        say_line(s, "attaches with its next dIMSI, %s", d->imsi.digits);
        break;
    case EMULATION_TURN_UNDISCOVERED:
        say_undiscovered(s, d);
        break;
    case EMULATION_TURN_MANAGED:
        say_line(s, "attaches with its operator's own subscription, IMSI %s", d->imsi.digits);
        break;
    case EMULATION_TURN_FAILED:
        say_line(s, "it could not go on: %s",
                 d->population->why.text[0] != '\0' ? d->population->why.text
                                                    : "what it has makes no device");
        break;
    case EMULATION_TURN_NONE:
        break;
    }
}

void say_event(struct say *s, const struct device *d, const struct bindery_ue_event *e)
{
    char text[64];
    switch (e->kind) {
    case BINDERY_UE_EVENT_AUTHENTICATION:
        say_challenge(s, e);
        break;
    case BINDERY_UE_EVENT_SECURED:
        (void)snprintf(text, sizeof text, "NAS security is on: EEA%u, EIA%u", e->eea, e->eia);
        put(s, s->now_ns, text);
        break;
    case BINDERY_UE_EVENT_REGISTERED:
        say_registered(s, d);
        break;
    case BINDERY_UE_EVENT_REJECTED:
        say_rejected(s, d, e);
        break;
    case BINDERY_UE_EVENT_WAITING:
        say_waiting(s, e);
        break;
    case BINDERY_UE_EVENT_DEREGISTERED:
        say_detached(s, d, e);
        break;
    case BINDERY_UE_EVENT_NOT_GENUINE:
        say_line(s, "the network did not authenticate itself: this cell is left");
        break;
    case BINDERY_UE_EVENT_RELEASE:
        say_line(s, "the device ends the connection");
        break;
    case BINDERY_UE_EVENT_REFUSED:
        say_line(s, "refused (%s): %s", bindery_ue_refusal_name(e->refusal),
                 bindery_ue_refusal_sentence(e->refusal));
        break;
    case BINDERY_UE_EVENT_STORE_FAILED:
        say_line(s, "the state could not be stored, so nothing was sent");
        break;
    case BINDERY_UE_EVENT_CRYPTO_FAILED:
        say_line(s, "%s, so nothing was sent",
                 d->population->guise.silent && e->message == NAS_IDENTITY_REQUEST
                     ? "was asked to prove the IMEI and keeps silent"
                     : "a cryptographic operation failed");
        break;
    case BINDERY_UE_EVENT_PROVED:
        (void)snprintf(text, sizeof text, "signed the challenge for the IMEI with %s",
                       bindery_ue_signature_name(e->algorithm));
        put(s, s->now_ns, text);
        break;
    case BINDERY_UE_EVENT_NO_PROOF:
        put(s, s->now_ns, "was asked to prove the IMEI, and has nothing to prove it with");
        break;
    case BINDERY_UE_EVENT_KME_OFFERED:
        say_offered(s, d);
        break;
    case BINDERY_UE_EVENT_KME_ACTIVE:
        say_active(s, e);
        break;
    case BINDERY_UE_EVENT_KME_UNABLE:
        put(s, s->now_ns, unable_text(d));
        break;
    case BINDERY_UE_EVENT_ONBOARDING:
        say_onboarding(s, d);
        break;
    case BINDERY_UE_EVENT_ONBOARDED:
        say_onboarded(s, d);
        break;
    case BINDERY_UE_EVENT_ELSEWHERE:
        say_line(s, "no %s came of this", d->discovery != NULL ? "IMSI" : "subscription");
        break;
    case BINDERY_UE_EVENT_DISCOVERY:
        say_discovery(s, d, e);
        break;
    case BINDERY_UE_EVENT_DISCOVERED:
        say_line(s, "the attach with the dIMSI is over: no service runs on it");
        break;
    }
}

/* ---- what the eNB noticed ---- */

/* Names of peers are shown with what could drive a terminal taken out. */
static void clean(struct bytes in, char *out, size_t cap)
{
    size_t n = 0;
    for (; n < in.n && n + 1 < cap; n++) {
        out[n] = in.p[n] >= 0x20 && in.p[n] < 0x7f ? (char)in.p[n] : '?';
    }
    out[n] = '\0';
}

static void say_fault(struct say *s, const struct enb_told *t)
{
    const char *cause = t->has_cause ? s1ap_cause_name(t->cause) : NULL;
    char wait[48] = "";
    if (t->wait_ms > 0) {
        (void)snprintf(wait, sizeof wait, "; asked again in %" PRIu64 " s", t->wait_ms / 1000);
    }
    say_line(s, "eNB: %s (%s)%s%s%s", enb_fault_sentence(t->fault), enb_fault_name(t->fault),
             cause != NULL ? ": " : "", cause != NULL ? cause : "", wait);
}

void say_told(struct say *s, const struct enb_told *t)
{
    const char *cause = t->has_cause ? s1ap_cause_name(t->cause) : NULL;
    char name[64];
    switch (t->kind) {
    case ENB_TOLD_SET_UP:
        clean(t->name, name, sizeof name);
        say_line(s, "S1 is set up with MME %s (relative capacity %u)",
                 name[0] != '\0' ? name : "without a name", t->capacity);
        break;
    case ENB_TOLD_FAULT:
        say_fault(s, t);
        break;
    case ENB_TOLD_CONTEXT:
        say_line(s, "radio context: KeNB is the device's own; %" PRIu32 " bearer%s", t->bearers,
                 t->bearers == 1 ? "" : "s");
        break;
    case ENB_TOLD_RELEASED:
        say_line(s, "the MME ends the connection (%s)", cause != NULL ? cause : "no cause");
        break;
    case ENB_TOLD_RESET:
        say_line(s, "RESET by the MME: %" PRIu32 " connections ended", t->bearers);
        break;
    case ENB_TOLD_OVERLOAD:
        say_line(s, "OVERLOAD START by the MME");
        break;
    case ENB_TOLD_OVERLOAD_OVER:
        say_line(s, "OVERLOAD STOP by the MME");
        break;
    }
}
