#include "cli/trace_read.h"
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK        (256u * 1024)
#define BUFFER       (2u * PCAPNG_BLOCK_MAX)
#define ENDS_MAX     4096
#define PENDING_MAX  1024 /* requests whose answers are still waited for; a power of two */
#define MESSAGES_MAX 5000000u

struct known_end {
    struct pcapng_end end;
    char name[TRACE_NAME_MAX];
};
struct pending {
    bool used;
    uint32_t hop_by_hop, end_to_end;
    size_t message;
};
struct reading {
    struct trace_options options;
    struct trace_list *list;
    size_t room;
    struct known_end end[ENDS_MAX];
    size_t n_ends;
    struct pending pending[PENDING_MAX];
    struct pcapng_reader pcapng;
    uint8_t buffer[BUFFER];
    size_t have;
};

void trace_list_free(struct trace_list *list)
{
    free(list->message);
    list->message = NULL;
    list->n = 0;
}

/* ---- names of ends ---- */

static void address_of(const struct pcapng_end *e, char out[static TRACE_NAME_MAX])
{
    char ip[INET6_ADDRSTRLEN] = "?";
    if (e->family == 4 || e->family == 6) {
        (void)inet_ntop(e->family == 4 ? AF_INET : AF_INET6, e->ip, ip, sizeof ip);
    }
    snprintf(out, TRACE_NAME_MAX, e->family == 6 ? "[%s]:%u" : "%s:%u", ip, e->port);
}

static bool same_end(const struct pcapng_end *a, const struct pcapng_end *b)
{
    return a->family == b->family && a->port == b->port && !memcmp(a->ip, b->ip, sizeof a->ip);
}

static size_t end_of(struct reading *r, const struct pcapng_end *e)
{
    for (size_t i = r->n_ends; i-- > 0;) {
        if (same_end(&r->end[i].end, e)) {
            return i;
        }
    }
    size_t at = r->n_ends < ENDS_MAX ? r->n_ends++ : ENDS_MAX - 1;
    r->end[at].end = *e;
    address_of(e, r->end[at].name);
    return at;
}

/* A CER, a CEA or a watchdog says who the sender is; anything else says so only where nothing else
 * has, for an agent carries the names of others. */
static void learn_name(struct known_end *from, const struct diameter_header *h,
                       struct bytes message)
{
    char address[TRACE_NAME_MAX];
    struct diameter_routing routing;
    enum err e = diameter_routing_read(message, &routing);
    (void)e; /* what is there is enough */
    struct bytes host = routing.origin_host;
    address_of(&from->end, address);
    if (!host.n || (h->application != DIAMETER_APP_BASE && strcmp(from->name, address) != 0)) {
        return;
    }
    size_t n = host.n < TRACE_NAME_MAX - 1 ? host.n : TRACE_NAME_MAX - 1;
    for (size_t i = 0; i < n; i++) {
        from->name[i] = host.p[i] > 0x20 && host.p[i] < 0x7f ? (char)host.p[i] : '.';
    }
    from->name[n] = '\0';
}

/* ---- messages ---- */

static struct trace_message *new_message(struct reading *r)
{
    if (r->list->n == r->room) {
        size_t room = r->room ? r->room * 2 : 64;
        void *fresh = r->room < MESSAGES_MAX
                          ? realloc(r->list->message, room * sizeof *r->list->message)
                          : NULL;
        if (!fresh) {
            return NULL;
        }
        r->list->message = fresh;
        r->room = room;
    }
    struct trace_message *m = &r->list->message[r->list->n++];
    memset(m, 0, sizeof *m);
    return m;
}

static void take_fields(struct reading *r, struct trace_message *m, struct bytes message)
{
    struct diameter_text t = diameter_text_of(message, r->options.own_vendor, r->options.mask);
    struct diameter_field f;
    while (diameter_text_next(&t, &f)) {
        if (!strcmp(f.key, "user-name") || !strcmp(f.key, "imsi")) {
            memcpy(m->imsi, f.value, sizeof m->imsi);
        }
        if (!strcmp(f.key, "result")) {
            m->bad = strcmp(f.value, "DIAMETER_SUCCESS") != 0;
        }
        if (m->n_fields < TRACE_FIELDS_MAX) {
            struct trace_field *to = &m->field[m->n_fields++];
            snprintf(to->key, sizeof to->key, "%.23s", f.key);
            memcpy(to->value, f.value, sizeof to->value);
        }
    }
}

static struct pending *pending_of(struct reading *r, const struct diameter_header *h)
{
    return &r->pending[(h->hop_by_hop ^ h->end_to_end * 31u) & (PENDING_MAX - 1)];
}

static void pair(struct reading *r, const struct diameter_header *h, struct trace_message *m)
{
    struct pending *p = pending_of(r, h);
    if (h->request) {
        *p = (struct pending){true, h->hop_by_hop, h->end_to_end, r->list->n - 1};
    } else if (p->used && p->hop_by_hop == h->hop_by_hop && p->end_to_end == h->end_to_end) {
        const struct trace_message *request = &r->list->message[p->message];
        m->matched = true;
        m->answered_ns = m->time_ns > request->time_ns ? m->time_ns - request->time_ns : 0;
        memcpy(m->imsi, request->imsi, sizeof m->imsi);
        p->used = false;
    }
}

static bool take_packet(struct reading *r, const struct pcapng_packet *p)
{
    struct diameter_header h;
    struct trace_message *m = new_message(r);
    if (!m) {
        return false;
    }
    m->from_end = end_of(r, &p->from);
    m->to_end = end_of(r, &p->to);
    m->time_ns = p->time_ns;
    m->diameter = bytes_eq(p->dissector, BYTES_LIT("diameter")) &&
                  diameter_header_read(p->message, &h) == E_OK;
    if (m->diameter) {
        learn_name(&r->end[m->from_end], &h, p->message);
        m->request = h.request;
        snprintf(m->name, sizeof m->name, "%s", diameter_short_name(&h));
        take_fields(r, m, p->message);
        pair(r, &h, m);
    } else {
        snprintf(m->name, sizeof m->name, "%.*s", (int)(p->dissector.n < 32 ? p->dissector.n : 32),
                 p->dissector.n ? (const char *)p->dissector.p : "");
    }
    return true;
}

/* ---- the file ---- */

static enum err say_place(struct reading *r, enum err e)
{
    if (r->pcapng.why) {
        snprintf(r->list->why, sizeof r->list->why, "octet %llu: %s",
                 (unsigned long long)r->pcapng.place, r->pcapng.why);
    } else {
        snprintf(r->list->why, sizeof r->list->why, "octet %llu: %s",
                 (unsigned long long)r->pcapng.place, err_sentence(e));
    }
    return e;
}

/* All packets that are whole in the buffer. E_AGAIN when it wants more. */
static enum err take_buffer(struct reading *r)
{
    struct pcapng_packet packet;
    size_t at = 0, used = 0;
    enum err e;
    do {
        e = pcapng_next(&r->pcapng, (struct bytes){r->buffer + at, r->have - at}, &used, &packet);
        if (e == E_OK && !take_packet(r, &packet)) {
            snprintf(r->list->why, sizeof r->list->why, "more messages than memory");
            e = E_MEMORY;
        }
        at += used;
    } while (e == E_OK);
    memmove(r->buffer, r->buffer + at, r->have - at);
    r->have -= at;
    return e;
}

static enum err read_stream(struct reading *r, FILE *in)
{
    for (;;) {
        size_t space = sizeof r->buffer - r->have;
        size_t n = fread(r->buffer + r->have, 1, space < CHUNK ? space : CHUNK, in);
        r->have += n;
        if (n == 0) {
            break;
        }
        enum err e = take_buffer(r);
        if (e == E_MEMORY) {
            return e;
        }
        if (e != E_AGAIN) {
            return say_place(r, e);
        }
    }
    if (ferror(in)) {
        snprintf(r->list->why, sizeof r->list->why, "%s", strerror(errno));
        return E_IO;
    }
    enum err e = pcapng_finish(&r->pcapng, (struct bytes){r->buffer, r->have});
    return e == E_OK ? E_OK : say_place(r, e);
}

/* The name that an end had at last holds for its earlier messages too: the receiver of the CER was
 * nameless then. */
static void name_all(struct reading *r)
{
    for (size_t i = 0; i < r->list->n; i++) {
        struct trace_message *m = &r->list->message[i];
        memcpy(m->from, r->end[m->from_end].name, sizeof m->from);
        memcpy(m->to, r->end[m->to_end].name, sizeof m->to);
    }
}

enum err trace_read(FILE *in, const struct trace_options *options, struct trace_list *out)
{
    *out = (struct trace_list){0};
    struct reading *r = calloc(1, sizeof *r);
    if (!r) {
        return E_MEMORY;
    }
    r->options = *options;
    r->list = out;
    enum err e = read_stream(r, in);
    name_all(r);
    free(r);
    return e;
}
