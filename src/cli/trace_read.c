#include "cli/trace_read.h"
#include "cli/trace_http.h"
#include "cli/trace_message.h"
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK        (256u * 1024)
#define BUFFER       (2u * PCAPNG_BLOCK_MAX)
#define ENDS_MAX     4096
#define PENDING_MAX  1024 /* requests whose answers are still waited for; a power of two */
#define MESSAGES_MAX 5000000u

struct pending {
    bool used;
    uint32_t hop_by_hop, end_to_end;
    size_t message;
};
struct reading {
    struct trace_options options;
    struct trace_list *list;
    struct pending pending[PENDING_MAX];
    struct pcapng_reader pcapng;
    uint8_t buffer[BUFFER];
    size_t have;
};

void trace_list_free(struct trace_list *list)
{
    free(list->message);
    free(list->end);
    *list = (struct trace_list){0};
}

/* ---- ends ---- */

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

static size_t end_of(struct trace_list *list, const struct pcapng_end *e)
{
    for (size_t i = list->n_ends; i-- > 0;) {
        if (same_end(&list->end[i].end, e)) {
            return i;
        }
    }
    size_t at = list->n_ends < ENDS_MAX ? list->n_ends++ : ENDS_MAX - 1;
    list->end[at].end = *e;
    list->end[at].role = TRACE_NO_ROLE;
    address_of(e, list->end[at].name);
    return at;
}

/* One without an address. */
static size_t end_named(struct trace_list *list, const char *name, enum trace_role role)
{
    for (size_t i = list->n_ends; i-- > 0;) {
        if (!strcmp(list->end[i].name, name)) {
            return i;
        }
    }
    size_t at = list->n_ends < ENDS_MAX ? list->n_ends++ : ENDS_MAX - 1;
    list->end[at] = (struct trace_end){.end = {.port = (uint16_t)at}, .role = role};
    memcpy(list->end[at].name, name, TRACE_NAME_MAX);
    return at;
}

/* A CER, a CEA, a watchdog or an S1 Setup says who the sender is; anything else says so only where
 * nothing else has, for an agent carries the names of others. */
static void learn_name(struct trace_end *from, const struct trace_sender *s)
{
    char address[TRACE_NAME_MAX];
    address_of(&from->end, address);
    if (!s->name.n || (!s->surely && strcmp(from->name, address) != 0)) {
        return;
    }
    size_t n = s->name.n < TRACE_NAME_MAX - 1 ? s->name.n : TRACE_NAME_MAX - 1;
    for (size_t i = 0; i < n; i++) {
        bool good = s->name.p[i] >= 0x20 && s->name.p[i] < 0x7f;
        from->name[i] = good ? (char)s->name.p[i] : '.';
    }
    from->name[n] = '\0';
}

static void learn_role(struct trace_end *end, enum trace_role role)
{
    if (end->role == TRACE_NO_ROLE) {
        end->role = role;
    }
}

static void take_ends(struct trace_list *list, const struct pcapng_packet *p,
                      struct trace_message *m)
{
    m->from_end = m->to_end = TRACE_NO_END;
    m->up = true;
    bool nas = bytes_eq(p->dissector, BYTES_LIT("nas-eps")) ||
               bytes_eq(p->dissector, BYTES_LIT("nas-eps_plain"));
    bool nowhere = p->from.family == 0 && p->to.family == 0;
    if (nowhere && (nas || bytes_eq(p->dissector, BYTES_LIT("http")))) {
        return; /* its ends are those of the message that it was in, or told by name */
    }
    m->from_end = end_of(list, &p->from);
    m->to_end = end_of(list, &p->to);
    m->up = list->end[m->from_end].role != TRACE_MME;
}

static void learn_ends(struct trace_list *list, struct trace_message *m,
                       const struct trace_sender *s)
{
    if (s->by_name) {
        m->from_end = end_named(list, s->from_name, s->from);
        m->to_end = end_named(list, s->to_name, s->to);
    } else if (m->from_end != TRACE_NO_END) {
        learn_name(&list->end[m->from_end], s);
        learn_role(&list->end[m->from_end], s->from);
        learn_role(&list->end[m->to_end], s->to);
    }
}

/* ---- messages ---- */

static struct trace_message *new_message(struct trace_list *list)
{
    if (list->n == list->room) {
        size_t room = list->room ? list->room * 2 : 64;
        void *fresh =
            list->room < MESSAGES_MAX ? realloc(list->message, room * sizeof *list->message) : NULL;
        if (!fresh) {
            return NULL;
        }
        list->message = fresh;
        list->room = room;
    }
    struct trace_message *m = &list->message[list->n++];
    memset(m, 0, sizeof *m);
    return m;
}

static void pair(struct reading *r, const struct diameter_header *h, struct trace_message *m)
{
    struct pending *p = &r->pending[(h->hop_by_hop ^ h->end_to_end * 31u) & (PENDING_MAX - 1)];
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
    struct trace_sender sender;
    struct trace_message *m = new_message(r->list);
    if (!m) {
        return false;
    }
    m->time_ns = p->time_ns;
    m->file = r->list->files;
    take_ends(r->list, p, m);
    trace_message_take(&r->options, p, m, &sender);
    learn_ends(r->list, m, &sender);
    if (m->protocol == TRACE_DIAMETER && diameter_header_read(p->message, &h) == E_OK) {
        pair(r, &h, m);
    } else if (m->protocol == TRACE_HTTP) {
        trace_http_pair(r->list);
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

enum err trace_read(FILE *in, const struct trace_options *options, struct trace_list *list)
{
    struct reading *r = calloc(1, sizeof *r);
    list->why[0] = '\0';
    if (r && !list->end) {
        list->end = calloc(ENDS_MAX, sizeof *list->end);
    }
    if (!r || !list->end) {
        free(r);
        snprintf(list->why, sizeof list->why, "%s", err_sentence(E_MEMORY));
        return E_MEMORY;
    }
    r->options = *options;
    r->list = list;
    enum err e = read_stream(r, in);
    list->files++;
    free(r);
    return e;
}
