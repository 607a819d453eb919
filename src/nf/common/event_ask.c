#include "nf/common/event_ask.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- RFC 3339 ---- */

/* n digits at *at, between least and most. */
static bool digits(const char **at, unsigned n, int least, int most, int *out)
{
    int v = 0;
    for (unsigned i = 0; i < n; i++, (*at)++) {
        if (**at < '0' || **at > '9') {
            return false;
        }
        v = v * 10 + (**at - '0');
    }
    *out = v;
    return v >= least && v <= most;
}

static bool letter(const char **at, const char *of)
{
    const bool is = **at != '\0' && strchr(of, **at) != NULL;
    *at += is;
    return is;
}

/* ".123" in milliseconds, rounded up. */
static bool fraction(const char **at, int *ms)
{
    int unit = 100, more = 0;
    *ms = 0;
    if (!letter(at, ".")) {
        return true;
    }
    const char *first = *at;
    for (; **at >= '0' && **at <= '9'; (*at)++) {
        *ms += (**at - '0') * unit;
        more |= unit == 0 && **at != '0';
        unit /= 10;
    }
    *ms += more;
    return *at > first && *at - first <= 12;
}

static bool offset(const char **at, int *minutes)
{
    int h = 0, m = 0;
    *minutes = 0;
    if (letter(at, "Zz")) {
        return true;
    }
    const int sign = **at == '-' ? -1 : 1;
    if (!letter(at, "+-") || !digits(at, 2, 0, 23, &h) || !letter(at, ":") ||
        !digits(at, 2, 0, 59, &m)) {
        return false;
    }
    *minutes = sign * (h * 60 + m);
    return true;
}

enum err event_ask_time(const char *text, int64_t *unix_ms)
{
    struct tm tm = {0};
    int year = 0, month = 0, ms = 0, minutes = 0;
    const char *at = text;
    if (!digits(&at, 4, 1970, 9999, &year) || !letter(&at, "-") || !digits(&at, 2, 1, 12, &month) ||
        !letter(&at, "-") || !digits(&at, 2, 1, 31, &tm.tm_mday) || !letter(&at, "Tt ") ||
        !digits(&at, 2, 0, 23, &tm.tm_hour) || !letter(&at, ":") ||
        !digits(&at, 2, 0, 59, &tm.tm_min) || !letter(&at, ":") ||
        !digits(&at, 2, 0, 60, &tm.tm_sec) || !fraction(&at, &ms) || !offset(&at, &minutes) ||
        *at != '\0') {
        return E_BAD_VALUE;
    }
    tm.tm_year = year - 1900;
    tm.tm_mon = month - 1;
    const int day = tm.tm_mday;
    const bool leap = tm.tm_sec == 60; /* timegm makes the next day of it */
    tm.tm_sec -= leap;
    const time_t t = timegm(&tm);
    if (tm.tm_mday != day) { /* 31 April */
        return E_BAD_VALUE;
    }
    *unix_ms = ((int64_t)t + leap - (int64_t)minutes * 60) * 1000 + ms;
    return E_OK;
}

/* ---- what is asked ---- */

struct event_ask *event_ask_new(struct admin_call *c)
{
    struct event_ask *a = calloc(1, sizeof *a);
    if (a == NULL) {
        return NULL;
    }
    a->call = c;
    a->found = json_array();
    if (a->found == NULL) {
        free(a);
        return NULL;
    }
    return a;
}

void event_ask_free(struct event_ask *a)
{
    if (a != NULL) {
        json_decref(a->found);
        free(a);
    }
}

static bool read_identities(struct event_ask *a)
{
    const char *imsi = admin_call_parameter(a->call, "imsi"),
               *imei = admin_call_parameter(a->call, "imei");
    if (imsi != NULL && imsi_parse(bytes_of_str(imsi), &a->imsi) != E_OK) {
        return admin_call_parameter_wrong(a->call, "imsi", "is not 6 to 15 digits");
    }
    if (imsi != NULL && !admin_call_in_scope(a->call, &a->imsi)) {
        return false;
    }
    return imei == NULL || imei_parse(bytes_of_str(imei), &a->imei) == E_OK ||
           admin_call_parameter_wrong(a->call, "imei",
                                      "is not 14 digits, or 15 with the right check digit");
}

/* The one place to go on from: behind an event, or before one. Those before one are there, and
 * nobody waits for them. */
static bool read_place(struct event_ask *a)
{
    struct admin_call *c = a->call;
    a->back = admin_call_parameter(c, "before") != NULL;
    if (!a->back) {
        return admin_call_number(c, "after", 0, INT64_MAX / 10, &a->after);
    }
    if (admin_call_parameter(c, "after") != NULL || admin_call_parameter(c, "wait") != NULL) {
        return admin_call_parameter_wrong(c, "before", "goes neither with `after` nor with `wait`");
    }
    return admin_call_number(c, "before", 1, INT64_MAX / 10, &a->after);
}

bool event_ask_read(struct event_ask *a, uint64_t now_ms)
{
    uint64_t wait = 0;
    struct admin_call *c = a->call;
    const char *since = admin_call_parameter(c, "since");
    a->name = admin_call_parameter(c, "name");
    a->peer = admin_call_parameter(c, "peer");
    a->cause = admin_call_parameter(c, "cause");
    if (!admin_call_limit(c, &a->limit) || !read_place(a) ||
        !admin_call_number(c, "wait", 1, EVENT_WAIT_MAX, &wait) || !read_identities(a)) {
        return false;
    }
    a->until_ms = wait > 0 ? now_ms + wait * 1000 : 0;
    return since == NULL || event_ask_time(since, &a->since_ms) == E_OK ||
           admin_call_parameter_wrong(c, "since", "is not a time such as 2026-01-31T12:00:00Z");
}

/* ---- one event ---- */

/* What is about no subscription is for those who may see all. */
static bool sees(const struct admin_call *c, const struct event_facts *e)
{
    struct imsi imsi;
    const bool about = imsi_parse(bytes_of_str(e->imsi), &imsi) == E_OK;
    return admin_call_sees(c, about ? &imsi : NULL);
}

/*= op-events-follow */
bool event_ask_wants(const struct event_ask *a, const struct event_facts *e)
{
    return e->at_ms >= a->since_ms && (a->name == NULL || strcmp(e->name, a->name) == 0) &&
           (a->imsi.digits[0] == '\0' || strcmp(e->imsi, a->imsi.digits) == 0) &&
           (a->imei.digits[0] == '\0' || strcmp(e->imei, a->imei.digits) == 0) &&
           (a->peer == NULL || bytes_eq_nocase(bytes_of_str(e->peer), bytes_of_str(a->peer))) &&
           (a->cause == NULL || strcmp(e->cause, a->cause) == 0) && sees(a->call, e);
}

bool event_ask_full(const struct event_ask *a)
{
    return json_array_size(a->found) >= a->limit;
}

enum err event_ask_take(struct event_ask *a, json_t *event)
{
    const size_t at = a->back ? 0 : json_array_size(a->found); /* shown in the order of time */
    return event != NULL && json_array_insert_new(a->found, at, event) == 0 ? E_OK : E_MEMORY;
}

void event_ask_answer(struct event_ask *a)
{
    admin_call_show(a->call,
                    json_pack("{s:O,s:I}", "events", a->found, "next", (json_int_t)a->after));
}
