/* Messages out: written, protected, and left in the buffer for bindery_ue_uplink. */
#include "codec/nas.h"
#include "device/ue.h"
#include <string.h>

/* Where an uplink PDU is made: the last BINDERY_UE_UPLINK_MAX octets of the buffer. */
static struct mbytes uplink_room(const struct ue *ue)
{
    return (struct mbytes){ue->buffer.p + (ue->buffer.n - BINDERY_UE_UPLINK_MAX),
                           BINDERY_UE_UPLINK_MAX};
}

static bool failed(struct step *s)
{
    (void)ue_event(s, BINDERY_UE_EVENT_CRYPTO_FAILED);
    return false;
}

/* The plain message, after the room for a security header. */
static bool write_plain(struct step *s, const struct nas_message *m, const void *in,
                        struct bytes *plain)
{
    const struct mbytes room = uplink_room(s->ue);
    size_t n = 0;
    if (nas_write(m, in, (struct mbytes){room.p + NASSEC_OVERHEAD, room.n - NASSEC_OVERHEAD}, &n) !=
        E_OK) {
        return failed(s);
    }
    *plain = (struct bytes){room.p + NASSEC_OVERHEAD, n};
    return true;
}

static void leave(struct step *s, size_t n)
{
    s->ue->out = (struct ue_out){.n = n};
}

static bool leave_plain(struct step *s, struct bytes plain)
{
    const struct mbytes room = uplink_room(s->ue);
    memmove(room.p, plain.p, plain.n);
    leave(s, plain.n);
    return true;
}

static bool leave_protected(struct step *s, uint8_t sht, struct bytes plain)
{
    struct ue *ue = s->ue;
    const struct crypto c = ue_crypto(ue);
    size_t n = 0;
    if (nassec_protect(&c, &ue->security, sht, plain, uplink_room(ue), &n) != E_OK) {
        return failed(s);
    }
    leave(s, n);
    return true;
}

bool emm_send(struct step *s, const struct nas_message *m, const void *in)
{
    struct bytes plain;
    if (!write_plain(s, m, in, &plain)) {
        return false;
    }
    return s->ue->secured ? leave_protected(s, NAS_SHT_CIPHERED, plain) : leave_plain(s, plain);
}

bool emm_send_complete(struct step *s, const void *in)
{
    struct ue *ue = s->ue;
    struct bytes plain;
    const uint32_t count = ue->security.send_next;
    if (!write_plain(s, &nas_security_mode_complete_message, in, &plain) ||
        !leave_protected(s, NAS_SHT_CIPHERED_NEW, plain)) {
        return false;
    }
    /* TS 33.401 7.2.4.4: after a security mode procedure KeNB comes from this message. */
    ue->kenb_count = count;
    ue->kenb_known = true;
    return true;
}

/* A context without a COUNT left is none (4.4.3.5). */
static bool context_is_usable(struct ue *ue)
{
    if (ue->has_security && ue->security.send_next >= NASSEC_COUNT_LIMIT) {
        ue_forget_security(ue);
    }
    return ue->has_security;
}

/* The message has a connection, or begins one. */
static void leave_initially(struct step *s, enum bindery_ue_establishment establishment)
{
    struct ue *ue = s->ue;
    ue->out.initial = !ue->connected;
    ue->out.establishment = establishment;
    ue->connected = true;
    ue_stop(s, UE_T3412);
    ue_stop(s, UE_T3440); /* the connection is in use again */
}

static void begins_with(struct ue *ue, uint32_t count)
{
    if (!ue->connected) {
        ue->kenb_count = count;
        ue->kenb_known = true;
    }
}

bool emm_send_initial(struct step *s, const struct nas_message *m, const void *in, bool cipher)
{
    struct ue *ue = s->ue;
    struct bytes plain;
    if (!write_plain(s, m, in, &plain)) {
        return false;
    }
    bool done = false;
    if (context_is_usable(ue)) {
        const uint32_t count = ue->security.send_next;
        done =
            leave_protected(s, cipher && ue->secured ? NAS_SHT_CIPHERED : NAS_SHT_INTEGRITY, plain);
        if (done) {
            begins_with(ue, count);
        }
    } else {
        done = leave_plain(s, plain);
    }
    if (done) {
        leave_initially(s, ue_signalling(ue));
    }
    return done;
}

bool emm_send_kept(struct step *s, const struct nas_message *m, const void *in)
{
    struct ue *ue = s->ue;
    size_t n = 0;
    ue->sent_n = 0;
    if (nas_write(m, in, MBYTES_OF(ue->sent), &n) != E_OK) {
        return failed(s);
    }
    ue->sent_n = (uint8_t)n;
    return emm_send_initial(s, m, in, false);
}

bool emm_send_service(struct step *s, enum bindery_ue_establishment establishment)
{
    struct ue *ue = s->ue;
    const struct crypto c = ue_crypto(ue);
    const uint32_t count = ue->security.send_next;
    if (nassec_service_request(&c, &ue->security, uplink_room(ue).p) != E_OK) {
        return failed(s);
    }
    leave(s, NASSEC_SERVICE_REQUEST_LEN);
    begins_with(ue, count);
    leave_initially(s, establishment);
    return true;
}

enum bindery_ue_establishment ue_signalling(const struct ue *ue)
{
    return ue->settings->delay_tolerant ? BINDERY_UE_DELAY_TOLERANT : BINDERY_UE_MO_SIGNALLING;
}

void emm_status(struct step *s, uint8_t cause)
{
    const struct nas_emm_status m = {.emm_cause = cause};
    if (cause != 0 && s->ue->connected) {
        (void)emm_send(s, &nas_emm_status_message, &m);
    }
}

void emm_malformed(struct step *s, enum err err)
{
    ue_refuse(s, BINDERY_UE_REFUSED_MALFORMED);
    emm_status(s, nas_cause_of(err));
}
