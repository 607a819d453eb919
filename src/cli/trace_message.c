#include "cli/trace_message.h"
#include "cli/s1ap_json.h"
#include "cli/trace_http.h"
#include "cli/trace_steps.h"
#include "codec/nas_ie.h"
#include "codec/s13.h"
#include "codec/s6a.h"
#include <stdlib.h>
#include <string.h>

static void add_field(struct trace_message *m, const char *key, const char *value)
{
    if (m->n_fields < TRACE_FIELDS_MAX) {
        struct trace_field *to = &m->field[m->n_fields++];
        snprintf(to->key, sizeof to->key, "%.23s", key);
        snprintf(to->value, sizeof to->value, "%.127s", value);
    }
}

static void set_imsi(struct trace_message *m, const char *digits)
{
    snprintf(m->imsi, sizeof m->imsi, "%.127s", digits);
}

/* ---- what tells two messages apart ---- */

/* FNV-1a */
static uint64_t digest_of(uint64_t h, struct bytes v)
{
    for (size_t i = 0; i < v.n; i++) {
        h = (h ^ v.p[i]) * UINT64_C(0x100000001b3);
    }
    return h;
}

/* Of the message as it stands in a trace without secrets, so that one with them has the same. */
static uint64_t blanked_digest(enum trace_protocol protocol, uint32_t own_vendor, struct bytes v)
{
    uint8_t *copy = malloc(v.n ? v.n : 1);
    uint64_t h = UINT64_C(0xcbf29ce484222325) + (uint64_t)protocol;
    if (!copy) {
        return digest_of(h, v);
    }
    memcpy(copy, v.p, v.n);
    if (protocol == TRACE_DIAMETER) {
        diameter_redact(own_vendor, (struct mbytes){copy, v.n});
    } else if (protocol == TRACE_S1AP) {
        s1ap_redact((struct mbytes){copy, v.n});
    }
    h = digest_of(h, (struct bytes){copy, v.n});
    wipe(copy, v.n);
    free(copy);
    return h;
}

/* ---- Diameter ---- */

static void take_diameter_fields(const struct trace_options *o, struct trace_message *m,
                                 struct bytes message)
{
    struct diameter_text t = diameter_text_of(message, o->own_vendor, o->mask);
    struct diameter_field f;
    while (diameter_text_next(&t, &f)) {
        if (!strcmp(f.key, "user-name") || !strcmp(f.key, "imsi")) {
            set_imsi(m, f.value);
        }
        if (!strcmp(f.key, "result")) {
            m->bad = strcmp(f.value, "DIAMETER_SUCCESS") != 0;
        }
        add_field(m, f.key, f.value);
    }
}

static void diameter_roles(const struct diameter_header *h, struct trace_sender *s)
{
    bool mme = h->command == S6A_UPDATE_LOCATION || h->command == S6A_PURGE_UE ||
               h->command == S6A_AUTHENTICATION_INFORMATION || h->command == S6A_NOTIFY ||
               h->command == S13_ME_IDENTITY_CHECK;
    if (h->request && (mme || h->command == S6A_CANCEL_LOCATION)) {
        s->from = mme ? TRACE_MME : TRACE_HSS;
        s->to = mme ? TRACE_HSS : TRACE_MME;
    }
}

static bool take_diameter(const struct trace_options *o, const struct pcapng_packet *p,
                          struct trace_message *m, struct trace_sender *s)
{
    struct diameter_header h;
    struct diameter_routing routing;
    if (diameter_header_read(p->message, &h) != E_OK) {
        return false;
    }
    enum err e = diameter_routing_read(p->message, &routing);
    (void)e; /* what is there is enough */
    s->name = routing.origin_host;
    s->surely = h.application == DIAMETER_APP_BASE;
    diameter_roles(&h, s);
    m->protocol = TRACE_DIAMETER;
    m->request = h.request;
    snprintf(m->name, sizeof m->name, "%s", diameter_short_name(&h));
    m->housekeeping = h.command == DIAMETER_DEVICE_WATCHDOG;
    take_diameter_fields(o, m, p->message);
    return true;
}

/* ---- NAS ---- */

/* What a line shows besides the names. */
static bool matters(const char *key)
{
    static const char *const keys[] = {"attach-type",   "detach-type", "update-type", "identity",
                                       "identity-type", "emm-cause",   "esm-cause",   "container",
                                       "lot",           "apn",         "pdn-address", "guti",
                                       "algorithms"};
    size_t i = 0;
    while (i < sizeof keys / sizeof keys[0] && strcmp(keys[i], key) != 0) {
        i++;
    }
    return i < sizeof keys / sizeof keys[0];
}

static uint64_t tmsi_key(uint8_t mmec, uint32_t m_tmsi)
{
    return UINT64_C(1) << 40 | (uint64_t)mmec << 32 | m_tmsi; /* never 0 */
}

static void take_identity(struct trace_message *m, const char *key, const char *text)
{
    uint8_t room[NAS_IDENTITY_MAX];
    struct bytes value;
    struct nas_eps_identity id;
    if (!strncmp(text, "imsi ", 5)) {
        set_imsi(m, text + 5);
    } else if (!strncmp(text, "guti ", 5) &&
               nas_value_from_text(NAS_FORM_EPS_IDENTITY, text, MBYTES_OF(room), &value) == E_OK &&
               nas_eps_identity_parse(value, &id) == E_OK && id.type == NAS_EPS_IDENTITY_GUTI) {
        m->tmsi = tmsi_key(id.guti.mme_code, id.guti.m_tmsi);
        m->tmsi_given = !strcmp(key, "guti");
    }
}

static void take_nas_field(void *ctx, const struct nas_text_field *f)
{
    struct trace_message *m = ctx;
    if (!f->value) {
        return;
    }
    if (!strcmp(f->key, "message")) {
        bool frame = !strcmp(f->value, "SECURITY PROTECTED NAS MESSAGE");
        if (m->nas[0]) {
            add_field(m, "esm", f->value);
        } else if (!frame) {
            snprintf(m->nas, sizeof m->nas, "%.63s", f->value);
        }
    } else if (matters(f->key)) {
        add_field(m, f->key, f->value);
        take_identity(m, f->key, f->value);
    }
}

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), k = strlen(end);
    return n >= k && !strcmp(text + n - k, end);
}

static void take_nas(const struct trace_options *o, struct bytes nas, struct trace_message *m)
{
    struct nas_text_options how = {m->up ? NAS_UP : NAS_DOWN, o->mask, o->null_cipher};
    struct nas_pdu pdu;
    enum err e = nas_text_walk(nas, &how, take_nas_field, m, NULL);
    bool protected = nas_peek(nas, &pdu) == E_OK && pdu.kind == NAS_PROTECTED;
    m->covered = protected ? pdu.inner.n : 0;
    if (e != E_OK) {
        snprintf(m->nas, sizeof m->nas, "NAS");
        add_field(m, "refused", err_name(e));
    } else if (protected && !m->nas[0]) {
        bool clear = pdu.sht == NAS_SHT_INTEGRITY || pdu.sht == NAS_SHT_INTEGRITY_NEW;
        snprintf(m->nas, sizeof m->nas, clear ? "NAS" : "ciphered");
    }
    m->bad = m->bad || e != E_OK || ends_with(m->nas, " REJECT") || ends_with(m->nas, " FAILURE");
}

/* "IMSI 001010123456789, ..." in the comment */
static void take_comment_imsi(const struct trace_options *o, const char *comment,
                              struct trace_message *m)
{
    struct imsi imsi;
    char masked[IMSI_DIGITS_MAX + 1];
    size_t n = !strncmp(comment, "IMSI ", 5) ? strspn(comment + 5, "0123456789") : 0;
    if (n && imsi_parse((struct bytes){(const uint8_t *)comment + 5, n}, &imsi) == E_OK) {
        imsi_mask(&imsi, masked);
        set_imsi(m, o->mask ? masked : imsi.digits);
    }
}

/* One that stands alone: its own name is the message's. The comments are those of bindery-mmed and
 * bindery-ue. */
static void take_plain_nas(const struct trace_options *o, const struct pcapng_packet *p,
                           struct trace_message *m)
{
    char comment[PCAPNG_COMMENT_MAX + 1];
    size_t n = p->comment.n < PCAPNG_COMMENT_MAX ? p->comment.n : PCAPNG_COMMENT_MAX;
    snprintf(comment, sizeof comment, "%.*s", (int)n, n ? (const char *)p->comment.p : "");
    m->protocol = TRACE_NAS;
    m->inside = !strncmp(comment, "inside:", 7) || strstr(comment, ", deciphered") != NULL;
    m->up = strstr(comment, "uplink") || (m->up && !strstr(comment, "downlink"));
    take_comment_imsi(o, comment, m);
    take_nas(o, p->message, m);
    snprintf(m->name, sizeof m->name, "%.47s", m->nas);
    m->nas[0] = '\0';
    if (m->inside) {
        m->covered = p->message.n;
    }
}

/* ---- S1AP ---- */

static bool from_enb(enum s1ap_message type)
{
    static const bool list[S1AP_MESSAGE_COUNT] = {
        [S1AP_S1_SETUP_REQUEST] = true,
        [S1AP_INITIAL_UE_MESSAGE] = true,
        [S1AP_UPLINK_NAS_TRANSPORT] = true,
        [S1AP_NAS_NON_DELIVERY_INDICATION] = true,
        [S1AP_INITIAL_CONTEXT_SETUP_RESPONSE] = true,
        [S1AP_INITIAL_CONTEXT_SETUP_FAILURE] = true,
        [S1AP_UE_CONTEXT_RELEASE_REQUEST] = true,
        [S1AP_UE_CONTEXT_RELEASE_COMPLETE] = true,
        [S1AP_UE_CAPABILITY_INFO_INDICATION] = true,
    };
    return list[type];
}

/* Those that either side sends. */
static bool from_either(enum s1ap_message type)
{
    return type == S1AP_RESET || type == S1AP_RESET_ACKNOWLEDGE || type == S1AP_ERROR_INDICATION;
}

static const struct {
    const char *path, *key;
} s1_fields[] = {
    {"MME-UE-S1AP-ID", "mme-ue"},
    {"eNB-UE-S1AP-ID", "enb-ue"},
    {"UE-S1AP-IDs.mME-UE-S1AP-ID", "mme-ue"},
    {"UE-S1AP-IDs.uE-S1AP-ID-pair.mME-UE-S1AP-ID", "mme-ue"},
    {"UE-S1AP-IDs.uE-S1AP-ID-pair.eNB-UE-S1AP-ID", "enb-ue"},
    {"eNBname", "name"},
    {"MMEname", "name"},
    {"TAI.tAC", "tac"},
    {"RRC-Establishment-Cause", "rrc-cause"},
    {"MME-Group-ID", "mme-group"},
    {"Cause.radioNetwork", "cause"},
    {"Cause.transport", "cause"},
    {"Cause.nas", "cause"},
    {"Cause.protocol", "cause"},
    {"Cause.misc", "cause"},
};

static void take_s1_id(struct trace_s1 *s1, const char *key, const char *value)
{
    bool mme = !strcmp(key, "mme-ue");
    if (mme || !strcmp(key, "enb-ue")) {
        uint32_t id = (uint32_t)strtoul(value, NULL, 10);
        *(mme ? &s1->mme_id : &s1->enb_id) = id;
        *(mme ? &s1->has_mme_id : &s1->has_enb_id) = true;
        s1->of_ue = true;
    }
}

static void take_s1_field(void *ctx, const struct s1ap_field *f)
{
    struct trace_message *m = ctx;
    char value[S1AP_VALUE_MAX + 2 * S1AP_VALUE_MAX];
    for (size_t i = 0; i < sizeof s1_fields / sizeof s1_fields[0]; i++) {
        if (!strcmp(s1_fields[i].path, f->path) && f->form < S1AP_TEXT_OCTETS) {
            s1ap_field_value(f, MBYTES_OF(value));
            add_field(m, s1_fields[i].key, value);
            take_s1_id(&m->s1, s1_fields[i].key, value);
        }
    }
}

static void s1_sender(const struct s1ap_pdu *pdu, struct trace_sender *s)
{
    bool up = from_enb(pdu->type);
    if (!from_either(pdu->type)) {
        s->from = up ? TRACE_ENB : TRACE_MME;
        s->to = up ? TRACE_MME : TRACE_ENB;
    }
    if (pdu->type == S1AP_S1_SETUP_REQUEST && pdu->u.s1_setup_request.has_enb_name) {
        s->name = pdu->u.s1_setup_request.enb_name;
    } else if (pdu->type == S1AP_S1_SETUP_RESPONSE && pdu->u.s1_setup_response.has_mme_name) {
        s->name = pdu->u.s1_setup_response.mme_name;
    }
    s->surely = s->name.n > 0;
}

static void take_s1_tmsi(const struct s1ap_pdu *pdu, struct trace_message *m)
{
    if (pdu->type == S1AP_INITIAL_UE_MESSAGE && pdu->u.initial_ue_message.has_s_tmsi) {
        const struct s1ap_s_tmsi *s = &pdu->u.initial_ue_message.s_tmsi;
        m->tmsi = tmsi_key(s->mmec, s->m_tmsi);
    }
}

static void take_s1ap(const struct trace_options *o, const struct pcapng_packet *p,
                      struct trace_message *m, struct trace_sender *s)
{
    struct s1ap_pdu pdu;
    struct s1ap_fault fault;
    m->protocol = TRACE_S1AP;
    if (s1ap_parse(p->message, &pdu, &fault) != E_OK) {
        const char *name = fault.has_procedure ? s1ap_procedure_name(fault.procedure) : NULL;
        snprintf(m->name, sizeof m->name, "%s", name ? name : "S1AP");
        add_field(m, "refused", s1ap_fault_name(fault.kind));
        m->bad = true;
        return;
    }
    snprintf(m->name, sizeof m->name, "%s", s1ap_message_name(pdu.type));
    s1ap_walk(&pdu, false, take_s1_field, m);
    s1_sender(&pdu, s);
    take_s1_tmsi(&pdu, m);
    m->up = from_enb(pdu.type);
    m->s1.initial = pdu.type == S1AP_INITIAL_UE_MESSAGE;
    m->bad = pdu.type == S1AP_S1_SETUP_FAILURE || pdu.type == S1AP_ERROR_INDICATION ||
             pdu.type == S1AP_INITIAL_CONTEXT_SETUP_FAILURE ||
             pdu.type == S1AP_NAS_NON_DELIVERY_INDICATION;
    struct bytes nas = s1ap_nas_pdu(&pdu);
    if (nas.n) {
        bool up = m->up;
        m->up = s1ap_nas_direction(pdu.type) == NAS_UP;
        take_nas(o, nas, m);
        m->up = up;
    }
}

/* ---- HTTP ---- */

static void take_http(const struct trace_options *o, const struct pcapng_packet *p,
                      struct trace_message *m, struct trace_sender *s)
{
    struct trace_http h;
    trace_http_take(o, p, m, &h);
    s->by_name = true;
    s->from = h.request ? TRACE_HSS : TRACE_REPOSITORY;
    s->to = h.request ? TRACE_REPOSITORY : TRACE_HSS;
    memcpy(s->from_name, h.from, sizeof s->from_name);
    memcpy(s->to_name, h.to, sizeof s->to_name);
}

/* ---- any ---- */

static bool dissector_is(const struct pcapng_packet *p, const char *name)
{
    return bytes_eq(p->dissector, bytes_of_str(name));
}

void trace_message_take(const struct trace_options *o, const struct pcapng_packet *p,
                        struct trace_message *m, struct trace_sender *sender)
{
    *sender = (struct trace_sender){.from = TRACE_NO_ROLE, .to = TRACE_NO_ROLE};
    if (dissector_is(p, "s1ap")) {
        take_s1ap(o, p, m, sender);
    } else if (dissector_is(p, "nas-eps") || dissector_is(p, "nas-eps_plain")) {
        take_plain_nas(o, p, m);
    } else if (dissector_is(p, "http")) {
        take_http(o, p, m, sender);
    } else if (!dissector_is(p, "diameter") || !take_diameter(o, p, m, sender)) {
        snprintf(m->name, sizeof m->name, "%.*s", (int)(p->dissector.n < 32 ? p->dissector.n : 32),
                 p->dissector.n ? (const char *)p->dissector.p : "");
    }
    trace_step_take(m);
    m->digest = blanked_digest(m->protocol, o->own_vendor, p->message);
}
