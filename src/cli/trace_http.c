#include "cli/trace_http.h"
#include "cli/trace_steps.h"
#include "id/imei.h"
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static void add(struct trace_message *m, const char *key, const char *value)
{
    if (m->n_fields < TRACE_FIELDS_MAX && *value) {
        struct trace_field *to = &m->field[m->n_fields++];
        snprintf(to->key, sizeof to->key, "%.23s", key);
        snprintf(to->value, sizeof to->value, "%.127s", value);
    }
}

static bool begins(struct bytes v, const char *with)
{
    size_t n = strlen(with);
    return v.n >= n && !memcmp(v.p, with, n);
}

/* ---- who, and about what ---- */

/* The word that begins at *at, up to a space or the line's end, and what is behind it. */
static void take_word(struct bytes v, size_t *at, char *out, size_t cap)
{
    size_t n = 0;
    while (*at < v.n && v.p[*at] != ' ' && v.p[*at] != '\r' && v.p[*at] != '\n') {
        if (n + 1 < cap) {
            out[n++] = (char)v.p[*at];
        }
        (*at)++;
    }
    out[n] = '\0';
    *at += *at < v.n && v.p[*at] == ' ';
}

/* Of "FROM asks TO" and "FROM answers TO about PATH". */
static void take_ends(struct bytes comment, struct trace_http *h, char path[static 128])
{
    char verb[16], about[16];
    size_t at = 0;
    take_word(comment, &at, h->from, sizeof h->from);
    take_word(comment, &at, verb, sizeof verb);
    take_word(comment, &at, h->to, sizeof h->to);
    take_word(comment, &at, about, sizeof about);
    take_word(comment, &at, path, 128);
    if (!h->to[0] || strcmp(verb, h->request ? "asks" : "answers") != 0) {
        snprintf(h->from, sizeof h->from, "HTTP %s", h->request ? "client" : "server");
        snprintf(h->to, sizeof h->to, "HTTP %s", h->request ? "server" : "client");
    }
}

/* ---- what ---- */

/* What is as long as an IMSI, a dIMSI or an IMEI keeps its first five and last three digits; what
 * the end of a long path cut off may have been one, and keeps none. */
static void mask_digits(char *path, size_t most)
{
    for (char *at = path; *at != '\0';) {
        const size_t n = strspn(at, "0123456789");
        if (n >= 14) {
            memset(at + 5, '*', n - 8);
        } else if (at + n - path >= (ptrdiff_t)most) {
            memset(at, '*', n);
        }
        at += n > 0 ? n : 1;
    }
}

/* The IMEI of /v1/bindings/IMEI; the path otherwise. A device's id may be its IMEI. */
static void take_path(const struct trace_options *o, const char *path, struct trace_message *m)
{
    static const char begin[] = "/v1/bindings/", record[] = "/v1/device-records/";
    const char *digits = strncmp(path, begin, sizeof begin - 1) ? NULL : path + sizeof begin - 1;
    struct imei imei;
    char shown[IMEI_DIGITS + 1];
    struct bytes ascii = {(const uint8_t *)digits, digits ? strcspn(digits, "/?") : 0};
    if (digits && imei_parse(ascii, &imei) == E_OK) {
        snprintf(shown, sizeof shown, o->mask ? "%.8s******" : "%s", imei.digits);
        add(m, "imei", shown);
    } else if (o->mask && !strncmp(path, record, sizeof record - 1)) {
        add(m, "path", "/v1/device-records/******");
    } else {
        char words[128];
        snprintf(words, sizeof words, "%s", path);
        if (o->mask) {
            mask_digits(words, sizeof words - 1);
        }
        add(m, "path", words);
    }
}

static void take_record(const json_t *record, struct trace_message *m)
{
    static const char *const keys[] = {"use", "form", "status"};
    const json_t *serial = json_object_get(record, "serial");
    char text[24];
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        const char *value = json_string_value(json_object_get(record, keys[i]));
        add(m, keys[i], value ? value : "");
    }
    if (json_is_integer(serial)) {
        snprintf(text, sizeof text, "%" JSON_INTEGER_FORMAT, json_integer_value(serial));
        add(m, "serial", text);
    }
}

static void take_body(struct bytes body, struct trace_message *m)
{
    json_t *v = json_loadb((const char *)body.p, body.n, JSON_REJECT_DUPLICATES, NULL);
    const char *type = json_string_value(json_object_get(v, "type"));
    const json_t *list = json_object_get(v, "bindings");
    size_t i;
    json_t *record;
    if (type) {
        const char *slash = strrchr(type, '/');
        add(m, "cause", slash ? slash + 1 : type);
    }
    json_array_foreach(list, i, record)
    {
        take_record(record, m);
    }
    json_decref(v);
}

static struct bytes body_of(struct bytes v)
{
    for (size_t i = 0; i + 4 <= v.n; i++) {
        if (!memcmp(v.p + i, "\r\n\r\n", 4)) {
            return (struct bytes){v.p + i + 4, v.n - i - 4};
        }
    }
    return (struct bytes){v.p, 0};
}

void trace_http_take(const struct trace_options *o, const struct pcapng_packet *p,
                     struct trace_message *m, struct trace_http *out)
{
    char word[128], path[128];
    size_t at = 0;
    out->request = !begins(p->message, "HTTP/");
    take_ends(p->comment, out, path);
    m->protocol = TRACE_HTTP;
    m->request = out->request;
    take_word(p->message, &at, word, sizeof word);
    take_word(p->message, &at, out->request ? path : word, sizeof word);
    snprintf(m->name, sizeof m->name, "HTTPS %.40s", word);
    take_path(o, path, m);
    if (!out->request) {
        long status = strtol(word, NULL, 10);
        m->bad = (status < 200 || status >= 300) && status != 404; /* no binding is an answer */
        take_body(body_of(p->message), m);
    }
}

/* ---- in the list ---- */

#define LOOKED_BACK 1000u

static const char *field_of(const struct trace_message *m, const char *key)
{
    for (size_t i = 0; i < m->n_fields; i++) {
        if (!strcmp(m->field[i].key, key)) {
            return m->field[i].value;
        }
    }
    return "";
}

/* The inquiry of an MME, or a payload whose signature is to be verified. */
static bool asks(const struct trace_message *m)
{
    return !strcmp(m->name, "ECR") ||
           (!strcmp(m->name, "ULR") && *field_of(m, "kme-payload") != '\0');
}

/* Is `m` what `last` came of? */
static bool began(const struct trace_message *m, const struct trace_message *last)
{
    bool same = m->file == last->file && !strcmp(field_of(m, "imei"), field_of(last, "imei"));
    if (last->request) {
        return same && asks(m);
    }
    return same && m->protocol == TRACE_HTTP && m->request &&
           !strcmp(field_of(m, "path"), field_of(last, "path"));
}

void trace_http_pair(struct trace_list *list)
{
    struct trace_message *last = &list->message[list->n - 1];
    size_t least = list->n > LOOKED_BACK ? list->n - LOOKED_BACK : 0;
    for (size_t i = list->n - 1; i-- > least;) {
        const struct trace_message *m = &list->message[i];
        if (!began(m, last)) {
            continue;
        }
        memcpy(last->imsi, m->imsi, sizeof last->imsi);
        if (trace_step_is_kme(m)) {
            trace_step_inquiry(last);
        }
        if (!last->request) {
            last->matched = true;
            last->answered_ns = last->time_ns > m->time_ns ? last->time_ns - m->time_ns : 0;
        }
        return;
    }
}
