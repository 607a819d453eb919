#include "device/ue.h"

#include "device/image.h"
#include "device/offer.h"
#include "device/onboard.h"
#include "device/platform.h"
#include <string.h>

_Static_assert(sizeof(struct ue) <= BINDERY_UE_SIZE, "the public size is enough");
_Static_assert(BINDERY_UE_STATE_COUNT <= 16, "a set of states is 16 bits");

/* ---- what the other files use ---- */

struct crypto ue_crypto(const struct ue *ue)
{
    return platform_crypto(ue->table);
}

struct bindery_ue_event *ue_event(struct step *s, enum bindery_ue_event_kind kind)
{
    struct ue *ue = s->ue;
    /* No step makes as many; if one did, its last event would take the place of the one before. */
    if (ue->events_n < UE_EVENTS) {
        ue->events_n++;
    }
    struct bindery_ue_event *e = &ue->events[ue->events_n - 1];
    *e = (struct bindery_ue_event){.kind = kind, .until = BINDERY_UE_NEVER, .message = s->type};
    return e;
}

void ue_refuse(struct step *s, enum bindery_ue_refusal why)
{
    struct bindery_ue_event *e = ue_event(s, BINDERY_UE_EVENT_REFUSED);
    e->refusal = why;
    e->secured = s->secured;
    s->harmless = true;
}

void ue_start(struct step *s, enum ue_timer t, uint64_t ms)
{
    s->ue->deadline[t] = s->now + ms;
}

void ue_stop(struct step *s, enum ue_timer t)
{
    s->ue->deadline[t] = BINDERY_UE_NEVER;
}

bool ue_runs(const struct ue *ue, enum ue_timer t)
{
    return ue->deadline[t] != BINDERY_UE_NEVER;
}

uint64_t ue_random_ms(const struct ue *ue, uint32_t from_ms, uint32_t to_ms)
{
    const struct crypto c = ue_crypto(ue);
    uint8_t b[4];
    /* Without randomness the middle: a time is needed, and nobody gains by knowing it. */
    if (c.random(c.ctx, MBYTES_OF(b)) != E_OK) {
        return from_ms + (to_ms - from_ms) / 2;
    }
    uint32_t r = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
    return from_ms + r % (to_ms - from_ms + 1);
}

uint32_t ue_ms(uint32_t set, uint32_t standard)
{
    return set != 0 ? set : standard;
}

uint32_t ue_procedure_ms(const struct ue *ue)
{
    const struct bindery_ue_timers *t = &ue->settings->timers;
    switch ((enum bindery_ue_state)ue->state) {
    case BINDERY_UE_STATE_ATTACHING:
        return ue_ms(t->t3410, 15000);
    case BINDERY_UE_STATE_SERVICE_REQUESTED:
        return ue_ms(t->t3417, 5000);
    case BINDERY_UE_STATE_UPDATING:
        return ue_ms(t->t3430, 15000);
    case BINDERY_UE_STATE_DETACHING:
        return ue_ms(t->t3421, 15000);
    case BINDERY_UE_STATE_DEREGISTERED:
    case BINDERY_UE_STATE_WAITING:
    case BINDERY_UE_STATE_LIMITED:
    case BINDERY_UE_STATE_NO_USIM:
    case BINDERY_UE_STATE_REGISTERED:
    case BINDERY_UE_STATE_COUNT:
        break;
    }
    return 0;
}

void ue_take_t3402(struct ue *ue, struct nas_u8 value)
{
    if (value.present && nas_timer_seconds(value.v) != NAS_TIMER_OFF) {
        ue->t3402_ms = nas_timer_seconds(value.v) * 1000;
    }
}

void ue_forget_challenge(struct ue *ue)
{
    hooks_forget(&ue->me);
    ue->has_fresh = false;
    wipe(&ue->fresh, sizeof ue->fresh);
}

void ue_forget_security(struct ue *ue)
{
    ue->dirty = ue->dirty || ue->has_security;
    ue->has_security = false;
    ue->secured = false;
    ue->kenb_known = false;
    wipe(&ue->security, sizeof ue->security);
}

void ue_forget_registration(struct ue *ue)
{
    ue_forget_security(ue);
    ue->dirty = ue->dirty || ue->has_guti || ue->has_last_tai;
    ue->has_guti = false;
    ue->has_last_tai = false;
    ue->tai_list_n = 0;
    ue->bearer = 0;
}

/* ---- storing ---- */

/* The image with uplink COUNTs up to `reserved` taken. */
static enum err image_of(const struct ue *ue, uint32_t reserved, uint32_t t3346_ms,
                         struct ue_image *out)
{
    memset(out, 0, sizeof *out);
    out->imsi = ue->keys.imsi;
    out->answered = ue->me.answered;
    memcpy(out->rand, ue->me.last_rand, sizeof out->rand);
    out->res = ue->me.last_answer.res;
    out->ck = ue->me.last_answer.ck;
    out->ik = ue->me.last_answer.ik;
    out->has_guti = ue->has_guti;
    out->guti = ue->guti;
    out->has_last_tai = ue->has_last_tai;
    out->last_tai = ue->last_tai;
    out->tai_list_n = ue->tai_list_n;
    memcpy(out->tai_list, ue->tai_list, sizeof out->tai_list);
    out->t3346_ms = t3346_ms;
    out->has_security = ue->has_security;
    if (!ue->has_security) {
        return E_OK;
    }
    struct nas_security ahead = ue->security;
    ahead.send_next = reserved;
    enum err err = nassec_image_write(&ahead, MBYTES_OF(out->security));
    wipe(&ahead, sizeof ahead);
    return err;
}

static uint32_t t3346_left(const struct ue *ue, uint64_t now)
{
    const uint64_t at = ue->deadline[UE_T3346];
    return at == BINDERY_UE_NEVER || at <= now ? 0 : (uint32_t)(at - now);
}

/* The image goes through that part of the buffer in which nothing waits to leave. */
static bool store(struct ue *ue, uint64_t now)
{
    const struct mbytes room = {ue->buffer.p, BINDERY_UE_IMAGE_MAX};
    const struct crypto c = ue_crypto(ue);
    struct ue_image image;
    uint32_t reserved = ue->security.send_next + BINDERY_UE_COUNT_AHEAD;
    size_t n = 0;
    if (reserved > NASSEC_COUNT_LIMIT) {
        reserved = NASSEC_COUNT_LIMIT;
    }
    bool done = image_of(ue, reserved, t3346_left(ue, now), &image) == E_OK &&
                ue_image_write(&c, &image, room, &n) == E_OK &&
                ue->host.store(ue->host.ctx, room.p, n);
    wipe(&image, sizeof image);
    wipe(room.p, room.n);
    if (done) {
        ue->reserved = reserved;
        ue->dirty = false;
    }
    return done;
}

/* Through the same part of the buffer: what was in it, a command say, has been answered. */
static bool store_keys(struct ue *ue)
{
    const struct mbytes room = {ue->buffer.p, BINDERY_UE_KEYS_MAX};
    const struct crypto c = ue_crypto(ue);
    size_t n = 0;
    bool done = ue_keys_write(&c, &ue->keys, room, &n) == E_OK &&
                ue->host.store_keys(ue->host.ctx, room.p, n);
    wipe(room.p, room.n);
    ue->keys_dirty = !done;
    return done;
}

/*= kme-store */
/* Keys first: an image may be lost, and an older one is as good to them. */
static bool store_all(struct ue *ue, uint64_t now)
{
    return (!ue->keys_dirty || store_keys(ue)) && (!ue->dirty || store(ue, now));
}

/* The end of every step: what was changed is stored, or nothing leaves. */
static enum bindery_ue_result ue_finish(struct step *s)
{
    struct ue *ue = s->ue;
    if (ue->has_security && ue->security.send_next > ue->reserved) {
        ue->dirty = true;
    }
    ue->dirty = ue->dirty && !ue_seeks(ue); /* whose would the image be? */
    if (!store_all(ue, s->now)) {
        if (ue->out.initial) { /* nobody asks for a connection then */
            ue->connected = false;
            ue->kenb_known = false;
        }
        ue->out = (struct ue_out){.n = 0};
        (void)ue_event(s, BINDERY_UE_EVENT_STORE_FAILED);
    }
    return s->result;
}

static bool waits(const struct ue *ue)
{
    return ue->out.n > 0 || ue->events_n > 0;
}

/* Why a call cannot begin: nobody has taken what came out, or the context was not made (an init
 * that failed, a wipe). */
static enum bindery_ue_result hindered(const struct ue *ue)
{
    if (ue->table == NULL) {
        return BINDERY_UE_ERR_STATE;
    }
    return waits(ue) ? BINDERY_UE_ERR_BUSY : BINDERY_UE_OK;
}

static struct step step_of(struct bindery_ue *ue, uint64_t now)
{
    struct step s = {.ue = ue_of(ue), .now = now, .result = BINDERY_UE_OK};
    struct ue *u = s.ue;
    s.result = hindered(u);
    /* What an image read could not know: the present. */
    if (s.result == BINDERY_UE_OK && u->t3346_left > 0) {
        ue_start(&s, UE_T3346, u->t3346_left);
        u->t3346_left = 0;
    }
    if (s.result == BINDERY_UE_OK && u->me.answered && !ue_runs(u, UE_T3416)) {
        ue_start(&s, UE_T3416, ue_ms(u->settings->timers.t3416, 30000));
    }
    return s;
}

/* ---- beginning and end ---- */

static bool settings_are_right(const struct bindery_ue_settings *s)
{
    size_t apn_n = 0;
    while (s != NULL && s->apn != NULL && apn_n <= BINDERY_UE_APN_MAX && s->apn[apn_n] != '\0') {
        apn_n++;
    }
    return s != NULL && (s->eea & 0x80) != 0 && (s->eea & 0x0f) == 0 && (s->eia & 0x8f) == 0 &&
           s->eia != 0 && s->pdn_type >= NAS_PDN_IPV4 && s->pdn_type <= NAS_PDN_IPV4V6 &&
           apn_n <= BINDERY_UE_APN_MAX;
}

static bool take_imsi(struct ue *ue, const struct bindery_ue_identity *id)
{
    const struct bytes digits = {(const uint8_t *)id->imsi, id->imsi_n};
    if (id->imsi_n > sizeof id->imsi || (id->mnc_n != 0 && id->mnc_n != 2 && id->mnc_n != 3)) {
        return false;
    }
    ue->mnc_n = id->mnc_n;
    return id->imsi_n == 0 || imsi_parse(digits, &ue->keys.imsi) == E_OK;
}

static bool take_identity(struct ue *ue, const struct bindery_ue_identity *id)
{
    return take_imsi(ue, id) && imeisv_parse(BYTES_OF(id->imeisv), &ue->imeisv) == E_OK;
}

/* Whoever may get keys, or has some, has to store them; whoever has no IMSI, or a dIMSI, has
 * neither. */
static bool host_is_right(const struct bindery_ue_host *host, const struct bindery_ue_identity *id)
{
    if (host == NULL || id == NULL) {
        return false;
    }
    if (host->discovery != NULL) {
        return host->discovery->challenge != NULL && id->imsi_n != 0 && id->keys == NULL &&
               id->kme == NULL;
    }
    if (id->imsi_n == 0) {
        return onboard_is_right(host->onboarding) && id->keys == NULL && id->kme == NULL;
    }
    return host->usim != NULL && host->store != NULL &&
           (host->store_keys != NULL || (host->provisioning == NULL && id->keys == NULL)) &&
           offer_lot_is_right(host->provisioning);
}

static size_t buffer_least(const struct bindery_ue_identity *id)
{
    return id->imsi_n == 0 ? BINDERY_UE_ONBOARDING_BUFFER_MIN : BINDERY_UE_BUFFER_MIN;
}

static void take_image(struct ue *ue, const struct ue_image *image)
{
    ue->me.answered = image->answered;
    memcpy(ue->me.last_rand, image->rand, sizeof ue->me.last_rand);
    ue->me.last_answer.res = image->res;
    ue->me.last_answer.ck = image->ck;
    ue->me.last_answer.ik = image->ik;
    ue->has_guti = image->has_guti;
    ue->guti = image->guti;
    ue->has_last_tai = image->has_last_tai;
    ue->last_tai = image->last_tai;
    ue->tai_list_n = image->tai_list_n;
    memcpy(ue->tai_list, image->tai_list, sizeof ue->tai_list);
    ue->t3346_left = image->t3346_ms;
}

static enum bindery_ue_result read_keys(struct ue *ue, const struct bindery_ue_identity *id)
{
    const struct crypto c = ue_crypto(ue);
    return ue_keys_take(&c, (struct bytes){id->keys, id->keys_n}, id->kme, &ue->keys);
}

static enum bindery_ue_result read_image(struct ue *ue, struct bytes octets)
{
    const struct crypto c = ue_crypto(ue);
    struct ue_image image;
    memset(&image, 0, sizeof image);
    enum bindery_ue_result result = BINDERY_UE_ERR_IMAGE;
    enum err err = ue_image_read(&c, octets, &image);
    if (err == E_OK && !imsi_eq(&image.imsi, &ue->keys.imsi)) {
        result = BINDERY_UE_ERR_FOREIGN;
        goto out;
    }
    if (err == E_OK && image.has_security) {
        err = nassec_image_read(&c, BYTES_OF(image.security), &ue->security);
        ue->has_security = err == E_OK && ue->security.agreed.side == NASSEC_UE;
    }
    if (err != E_OK || ue->has_security != image.has_security) {
        result = err == E_CRYPTO ? BINDERY_UE_ERR_CRYPTO : BINDERY_UE_ERR_IMAGE;
        goto out;
    }
    take_image(ue, &image);
    ue->reserved = ue->security.send_next;
    if (ue->has_security &&
        !security_allows(ue, ue->security.agreed.eea, ue->security.agreed.eia)) {
        ue_forget_security(ue); /* the settings have changed since: AKA makes another one */
    }
    result = BINDERY_UE_OK;
out:
    wipe(&image, sizeof image);
    return result;
}

static void begin(struct ue *ue)
{
    const struct bindery_ue_timers *t = &ue->settings->timers;
    for (size_t i = 0; i < UE_TIMER_COUNT; i++) {
        ue->deadline[i] = BINDERY_UE_NEVER;
    }
    ue->state = BINDERY_UE_STATE_DEREGISTERED;
    ue->t3402_ms = ue_ms(t->t3402, 720000);
    ue->t3412_ms = ue_ms(t->t3412, 3240000);
}

enum bindery_ue_result bindery_ue_init(struct bindery_ue *ue,
                                       const struct bindery_ue_crypto *crypto,
                                       const struct bindery_ue_host *host,
                                       const struct bindery_ue_settings *settings,
                                       const struct bindery_ue_identity *identity, uint8_t *buffer,
                                       size_t buffer_n, const uint8_t *image, size_t image_n)
{
    struct ue *u = ue_of(ue);
    enum bindery_ue_result result = BINDERY_UE_ERR_ARGUMENT;
    memset(ue, 0, sizeof *ue);
    if (!platform_complete(crypto) || !host_is_right(host, identity) ||
        !settings_are_right(settings) || buffer == NULL || !take_identity(u, identity) ||
        (host->discovery != NULL && image != NULL)) {
        goto out;
    }
    if (buffer_n < buffer_least(identity)) {
        result = BINDERY_UE_ERR_ROOM;
        goto out;
    }
    u->table = crypto;
    u->settings = settings;
    u->host = *host;
    u->buffer = (struct mbytes){buffer, buffer_n};
    begin(u);
    result = read_keys(u, identity);
    if (result == BINDERY_UE_OK && image != NULL) {
        result = read_image(u, (struct bytes){image, image_n});
    }
out:
    if (result != BINDERY_UE_OK) {
        bindery_ue_wipe(ue);
    }
    return result;
}

void bindery_ue_wipe(struct bindery_ue *ue)
{
    wipe(ue, sizeof *ue);
}

/* ---- calls ---- */

static enum bindery_ue_result call(struct step *s, enum emm_event e)
{
    if (s->result != BINDERY_UE_OK) {
        return s->result;
    }
    emm_happen(s, e);
    return ue_finish(s);
}

enum bindery_ue_result bindery_ue_camp(struct bindery_ue *ue, uint64_t now,
                                       const struct bindery_ue_cell *cell)
{
    struct step s = step_of(ue, now);
    struct plmn plmn;
    if (plmn_from_octets(cell->plmn, &plmn) != E_OK) {
        return BINDERY_UE_ERR_ARGUMENT;
    }
    s.cell = cell;
    return call(&s, EMM_ON_CAMP);
}

enum bindery_ue_result bindery_ue_attach(struct bindery_ue *ue, uint64_t now)
{
    struct step s = step_of(ue, now);
    return call(&s, EMM_ON_ATTACH);
}

enum bindery_ue_result bindery_ue_detach(struct bindery_ue *ue, uint64_t now, bool switch_off)
{
    struct step s = step_of(ue, now);
    s.flag = switch_off;
    return call(&s, EMM_ON_DETACH);
}

enum bindery_ue_result bindery_ue_service(struct bindery_ue *ue, uint64_t now, bool paged)
{
    struct step s = step_of(ue, now);
    s.flag = paged;
    return call(&s, EMM_ON_SERVICE);
}

enum bindery_ue_result bindery_ue_downlink(struct bindery_ue *ue, uint64_t now, const uint8_t *pdu,
                                           size_t n)
{
    struct step s = step_of(ue, now);
    if (s.result != BINDERY_UE_OK) {
        return s.result;
    }
    if (n > s.ue->buffer.n - BINDERY_UE_UPLINK_MAX) {
        return BINDERY_UE_ERR_ARGUMENT;
    }
    emm_downlink(&s, (struct bytes){pdu, n});
    /* A COUNT whose message had an effect is stored with it. */
    s.ue->dirty = s.ue->dirty || (s.secured && !s.harmless);
    return ue_finish(&s);
}

enum bindery_ue_result bindery_ue_lower(struct bindery_ue *ue, uint64_t now,
                                        enum bindery_ue_lower what)
{
    static const uint8_t events[] = {
        [BINDERY_UE_LOWER_CONNECTED] = EMM_ON_CONNECTED,
        [BINDERY_UE_LOWER_BEARERS] = EMM_ON_BEARERS,
        [BINDERY_UE_LOWER_RELEASED] = EMM_ON_RELEASED,
        [BINDERY_UE_LOWER_FAILED] = EMM_ON_FAILED,
    };
    struct step s = step_of(ue, now);
    if ((size_t)what >= sizeof events) {
        return BINDERY_UE_ERR_ARGUMENT;
    }
    return call(&s, (enum emm_event)events[what]);
}

/* ---- time ---- */

enum bindery_ue_result bindery_ue_tick(struct bindery_ue *ue, uint64_t now)
{
    struct step s = step_of(ue, now);
    if (s.result != BINDERY_UE_OK) {
        return s.result;
    }
    /* One after the other, until there is something to take; the rest stays due. */
    for (unsigned t = 0; t < UE_TIMER_COUNT && !waits(s.ue); t++) {
        if (s.ue->deadline[t] <= now) {
            s.ue->deadline[t] = BINDERY_UE_NEVER;
            emm_happen(&s, (enum emm_event)(EMM_ON_EXPIRY_T3440 + t));
        }
    }
    return ue_finish(&s);
}

uint64_t bindery_ue_deadline(const struct bindery_ue *ue)
{
    const struct ue *u = ue_in(ue);
    uint64_t first = BINDERY_UE_NEVER;
    for (unsigned t = 0; t < UE_TIMER_COUNT; t++) {
        first = u->deadline[t] < first ? u->deadline[t] : first;
    }
    return first;
}
