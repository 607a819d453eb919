#include "cli/trace_steps.h"

#include "cli/trace_dimsi.h"

#include <string.h>

#define LOOKED_BACK 1000u /* messages between an attach and what came of it */

static bool has(const struct trace_message *m, const char *key, const char *value)
{
    for (size_t i = 0; i < m->n_fields; i++) {
        if (!strcmp(m->field[i].key, key) && (!value || !strcmp(m->field[i].value, value))) {
            return true;
        }
    }
    return false;
}

static const char *nas_name(const struct trace_message *m)
{
    return m->nas[0] || m->protocol == TRACE_DIAMETER ? m->nas : m->name;
}

static void set(struct trace_message *m, const char *step, const char *carries)
{
    snprintf(m->step, sizeof m->step, "%s", step);
    snprintf(m->carries, sizeof m->carries, "%s", carries);
}

/* ---- what the message alone tells ---- */

/* TR 33.899 figures 5.2.4.x.2-1 and 5.2.4.y.2-1. The device signs (4) what it then sends (5); what
 * the MME found out (9) it tells the HSS. */
static const char *proof_step(const struct trace_message *m)
{
    return has(m, "container", "devid_challenge") ? "3"
           : has(m, "container", "devid_proof")   ? "4, 5"
           : has(m, "credential-request", NULL)   ? "6"
           : m->protocol == TRACE_HTTP            ? "7"
           : has(m, "credential", NULL)           ? "8"
           : has(m, "device-proof", NULL)         ? "9"
                                                  : "";
}

/* TR 33.868 5.4.4.2.3.3.3: what only a provisioning has. */
static const struct {
    const char *step, *key, *value; /* value NULL: any */
    const char *carries;
} kme_steps[] = {
    {"kme 3, 4", "binding-control", "provisioning-only",
     "the subscription is to be bound: a regular vector, for provisioning only, and a nonce"},
    {"kme 4", "container", "kme_command", "the HSS's nonce: the device is to make a KME"},
    {"kme 5, 6", "container", "kme_payload",
     "IMSI, IMEI and lot; KME, KME_SIG and RME, encrypted to the lot's N"},
    {"kme 7", "kme-payload", NULL, "the same, on to the HSS"},
    {"kme 9, 10", "nw-signature", NULL, "the KME is taken, and NW_SIG shows it"},
    {"kme 11, 12", "container", "kme_result",
     "NW_SIG; if the device expects the same, its KME is active"},
};

/* TR 33.899 figure 5.12.4.z.2-1; 3 and 5 are no messages. */
static const struct {
    const char *step, *key, *value;
    const char *carries;
} certattach_steps[] = {
    {"certattach 1", "container", "provisioning_request",
     "the URL of the device's certificate, and a nonce: it wants a subscription"},
    {"certattach 1", "provisioning-request", NULL, "the same, on to the AUSF"},
    {"certattach 3, 4", "provisioning-result", NULL,
     "a subscription, encrypted to the device's key and signed by the operator"},
    {"certattach 4, 5", "container", "provisioning_result",
     "the same; if it is for this device and nonce, the device has a subscription"},
};

#define DEVICE_RECORDS "/v1/device-records/"

static bool certattach_step(struct trace_message *m)
{
    for (size_t i = 0; i < sizeof certattach_steps / sizeof certattach_steps[0]; i++) {
        if (has(m, certattach_steps[i].key, certattach_steps[i].value)) {
            set(m, certattach_steps[i].step, certattach_steps[i].carries);
            return true;
        }
    }
    for (size_t i = 0; m->protocol == TRACE_HTTP && i < m->n_fields; i++) {
        if (!strcmp(m->field[i].key, "path") &&
            !strncmp(m->field[i].value, DEVICE_RECORDS, sizeof DEVICE_RECORDS - 1)) {
            set(m, "certattach 2",
                m->request ? "asks the authority for the device's record and certificate"
                           : "what the authority says of it");
            return true;
        }
    }
    return false;
}

void trace_step_take(struct trace_message *m)
{
    if (certattach_step(m) || trace_dimsi_take(m)) {
        return;
    }
    for (size_t i = 0; i < sizeof kme_steps / sizeof kme_steps[0]; i++) {
        if (has(m, kme_steps[i].key, kme_steps[i].value)) {
            set(m, kme_steps[i].step, kme_steps[i].carries);
            return;
        }
    }
    set(m, proof_step(m), "");
}

bool trace_step_is_proof(const struct trace_message *m)
{
    return m->step[0] >= '0' && m->step[0] <= '9';
}

bool trace_step_is_kme(const struct trace_message *m)
{
    return !strncmp(m->step, "kme ", 4);
}

void trace_step_inquiry(struct trace_message *m)
{
    if (m->request) {
        set(m, "kme 8", "asks for the public key of the device that signed");
    } else {
        set(m, "kme 8",
            has(m, "status", "active") ? "what verifies KME_SIG" : "nothing that verifies KME_SIG");
    }
}

/* ---- what those around it tell ---- */

/* Of an attach that turned out to be for provisioning, what it has in common with any other. */
static bool take_common(struct trace_message *m)
{
    const char *nas = nas_name(m);
    if (m->protocol == TRACE_DIAMETER && m->request && !strcmp(m->name, "AIR")) {
        set(m, "kme 2", "asks for a vector, as for any device");
    } else if (!strcmp(nas, "AUTHENTICATION REQUEST")) {
        set(m, "kme 4", "a regular challenge, which the device hands to its USIM");
    } else if (!strcmp(nas, "AUTHENTICATION RESPONSE")) {
        set(m, "kme 4", "what the USIM answered");
    } else if (!strcmp(nas, "ATTACH REQUEST")) {
        set(m, "kme 1", "asks for service, as any device does");
        return false;
    }
    return true;
}

/* What an attach ends with, or an answer by which it is none of these. */
static bool ends_attach(const struct trace_message *m)
{
    static const char *const ends[] = {"UEContextReleaseCommand",
                                       "AUTHENTICATION REJECT",
                                       "ATTACH REJECT",
                                       "ATTACH ACCEPT",
                                       "AIA",
                                       "ULA"};
    const char *nas = nas_name(m);
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        if (!strcmp(nas, ends[i]) || !strcmp(m->name, ends[i])) {
            return true;
        }
    }
    return false;
}

static bool same_imsi(const struct trace_message *a, const struct trace_message *b)
{
    return a->imsi[0] && !strcmp(a->imsi, b->imsi);
}

/* Back from what shows that it is one, to the request that it began with. */
static void mark_attach(struct trace_list *list, size_t at)
{
    const struct trace_message *m = &list->message[at];
    bool going = true;
    for (size_t k = 1; k <= at && k <= LOOKED_BACK && going; k++) {
        struct trace_message *before = &list->message[at - k];
        if (!same_imsi(m, before)) {
            continue;
        }
        if (before->step[0]) {
            going = strcmp(before->step, "kme 1") != 0 && strcmp(before->step, "kme 11, 12") != 0;
        } else {
            going = !ends_attach(before) && take_common(before);
        }
    }
}

/* The answer to a payload that was not taken has nothing that shows it. */
static void mark_refusal(struct trace_list *list, size_t at)
{
    struct trace_message *m = &list->message[at];
    for (size_t k = 1; k <= at && k <= LOOKED_BACK; k++) {
        const struct trace_message *before = &list->message[at - k];
        if (same_imsi(m, before) && before->request && !strcmp(before->name, "ULR")) {
            if (!strcmp(before->step, "kme 7")) {
                set(m, "kme 9, 10", "the KME is not taken; the HSS's own event says why");
            }
            return;
        }
    }
}

void trace_steps_follow(struct trace_list *list)
{
    trace_dimsi_follow(list);
    for (size_t i = 0; i < list->n; i++) {
        const struct trace_message *m = &list->message[i];
        if (!strcmp(m->step, "kme 3, 4") || has(m, "container", "kme_command")) {
            mark_attach(list, i);
        } else if (m->protocol == TRACE_DIAMETER && m->bad && !m->step[0] &&
                   !strcmp(m->name, "ULA")) {
            mark_refusal(list, i);
        }
    }
}
