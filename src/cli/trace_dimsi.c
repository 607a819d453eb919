#include "cli/trace_dimsi.h"

#include "id/imsi.h"
#include <stdlib.h>
#include <string.h>

#define ELEMENT_MAX 64u

static const char *path_of(const struct trace_message *m)
{
    for (size_t i = 0; i < m->n_fields; i++) {
        if (!strcmp(m->field[i].key, "path")) {
            return m->field[i].value;
        }
    }
    return "";
}

static void set(struct trace_message *m, const char *step, const char *carries)
{
    snprintf(m->step, sizeof m->step, "dimsi %s", step);
    snprintf(m->carries, sizeof m->carries, "%s", carries);
}

/* ---- by paths ---- */

struct path_step {
    const char *begin, *end; /* end NULL: the path ends with the dIMSI, or goes on in any way */
    const char *step, *asks, *answers;
};
static const struct path_step path_steps[] = {
    {"/v1/certificate", NULL, "0-a", "asks the ARPF for its certificate", "CERT.ARPF.ECKA"},
    {"/v1/offers/", NULL, "0-d", "offers the device: ARPF, SE CREDENTIALS, delegation", "taken"},
    {"/v1/releases/", NULL, "0-e", "asks the ARPF for eK, with SE CREDENTIALS and delegation",
     "eK in a box, and the ARPF's endorsement"},
    {"/v1/entries/", "/spent", "10", "the IMSI was used: the dIMSI is spent", "the entry is gone"},
    {"/v1/entries/", NULL, "1, 2", "an IMSI: output_1 as RAND, output_2 as AUTN, for this dIMSI",
     "the discovery AUSF has it"},
    {"/v1/deliveries", NULL, "11", "the operator's own profile, for this SE, and what became of it",
     "taken"},
    {"/v1/profiles/", "/installed", "11", "the device attached with it, and confirms",
     "eK can be erased"},
    {"/v1/profiles/", NULL, "11", "the device asks for its profile", "the profile"},
};

static bool ends_with(const char *text, const char *end)
{
    const size_t n = strlen(text), m = strlen(end);
    return n >= m && !strcmp(text + n - m, end);
}

/* 15 digits behind `begin`: the dIMSI that it is about. */
static void take_dimsi(struct trace_message *m, const char *rest)
{
    struct imsi dimsi;
    const struct bytes digits = {(const uint8_t *)rest, strspn(rest, "0123456789")};
    if (digits.n == IMSI_DIGITS_MAX && imsi_parse(digits, &dimsi) == E_OK) {
        snprintf(m->imsi, sizeof m->imsi, "%s", dimsi.digits);
    }
}

bool trace_dimsi_take(struct trace_message *m)
{
    const char *path = m->protocol == TRACE_HTTP ? path_of(m) : "";
    for (size_t i = 0; *path && i < sizeof path_steps / sizeof path_steps[0]; i++) {
        const struct path_step *p = &path_steps[i];
        if (strncmp(path, p->begin, strlen(p->begin)) != 0 ||
            (p->end && !ends_with(path, p->end))) {
            continue;
        }
        set(m, p->step, m->request ? p->asks : m->bad ? "refused" : p->answers);
        take_dimsi(m, path + strlen(p->begin));
        return true;
    }
    return false;
}

/* ---- by what is around them ---- */

static const char *nas_name(const struct trace_message *m)
{
    return m->nas[0] || m->protocol == TRACE_DIAMETER ? m->nas : m->name;
}

struct known { /* a dIMSI of the trace, and the attach that is expected to follow */
    char dimsi[IMSI_DIGITS_MAX + 1];
    bool expected;
    size_t enb; /* the end that it came from */
    char imsi[IMSI_DIGITS_MAX + 1];
};
struct follow {
    struct known known[ELEMENT_MAX];
    size_t n;
};

static struct known *of_dimsi(struct follow *f, const char *imsi)
{
    for (size_t i = 0; *imsi && i < f->n; i++) {
        if (!strcmp(f->known[i].dimsi, imsi)) {
            return &f->known[i];
        }
    }
    return NULL;
}

static struct known *of_imsi(struct follow *f, const char *imsi)
{
    for (size_t i = 0; *imsi && i < f->n; i++) {
        if (!strcmp(f->known[i].imsi, imsi)) {
            return &f->known[i];
        }
    }
    return NULL;
}

static void learn(struct follow *f, const struct trace_message *m)
{
    if (strlen(m->imsi) == IMSI_DIGITS_MAX && !of_dimsi(f, m->imsi) && f->n < ELEMENT_MAX) {
        f->known[f->n] = (struct known){.expected = false};
        snprintf(f->known[f->n++].dimsi, IMSI_DIGITS_MAX + 1, "%s", m->imsi);
    }
}

struct named_step {
    const char *name, *first, *second; /* NULL: the attach has no such step */
    const char *first_carries, *second_carries;
};
static const struct named_step named_steps[] = {
    {"ATTACH REQUEST", "3", "8", "attaches with its dIMSI", "attaches with its IMSI"},
    {"AIR", "4", "9", "by the dIMSI's PLMN: the discovery AUSF is asked",
     "by the IMSI's PLMN: the target AUSF is asked"},
    {"AIA", "5", "9", "RAND is output_1, AUTN output_2", "a vector of AKA, under K of eK"},
    {"AUTHENTICATION REQUEST", "6", "10", "the same, to the device", "an ordinary challenge"},
    {"AUTHENTICATION RESPONSE", "7", "10", "integrity held, the IMSI is stored", "RES"},
    {"ULR", "7", "10", "service under a dIMSI is asked for", "the device was authenticated"},
    {"ULA", "7", "10", "and refused: no service runs on a dIMSI", "and is registered"},
    {"ATTACH REJECT", "7", NULL, "the end of the first attach", NULL},
    {"ATTACH ACCEPT", NULL, "10", NULL, "the end of the second attach"},
};

static const struct named_step *step_of(const struct trace_message *m)
{
    const char *nas = nas_name(m);
    for (size_t i = 0; i < sizeof named_steps / sizeof named_steps[0]; i++) {
        const char *name = named_steps[i].name;
        if (!strcmp(nas, name) || (m->protocol == TRACE_DIAMETER && !strcmp(m->name, name))) {
            return &named_steps[i];
        }
    }
    return NULL;
}

static void mark(struct follow *f, struct trace_message *m)
{
    const struct named_step *s = m->step[0] ? NULL : step_of(m);
    struct known *first = s ? of_dimsi(f, m->imsi) : NULL;
    struct known *second = s && !first ? of_imsi(f, m->imsi) : NULL;
    if (first && s->first) {
        set(m, s->first, s->first_carries);
        if (!strcmp(s->name, "ATTACH REQUEST")) {
            first->expected = true;
            first->enb = m->from_end;
        }
    } else if (second && s->second) {
        set(m, s->second, s->second_carries);
        if (!strcmp(s->name, "ATTACH ACCEPT")) {
            second->imsi[0] = '\0';
        }
    }
}

/* The attach behind one with a dIMSI, from where that came. */
static void expect(struct follow *f, const struct trace_message *m)
{
    if (strcmp(nas_name(m), "ATTACH REQUEST") != 0 || strlen(m->imsi) > IMSI_DIGITS_MAX ||
        !m->imsi[0] || of_dimsi(f, m->imsi)) {
        return;
    }
    for (size_t i = 0; i < f->n; i++) {
        if (f->known[i].expected && f->known[i].enb == m->from_end) {
            f->known[i].expected = false;
            snprintf(f->known[i].imsi, sizeof f->known[i].imsi, "%.15s", m->imsi);
            return;
        }
    }
}

void trace_dimsi_follow(struct trace_list *list)
{
    struct follow *f = calloc(1, sizeof *f);
    for (size_t i = 0; f && i < list->n; i++) {
        if (!strncmp(list->message[i].step, "dimsi ", 6)) {
            learn(f, &list->message[i]);
        }
    }
    for (size_t i = 0; f && f->n > 0 && i < list->n; i++) {
        expect(f, &list->message[i]);
        mark(f, &list->message[i]);
    }
    free(f);
}
