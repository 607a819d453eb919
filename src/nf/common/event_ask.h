/* nf/common/event_ask.h - what GET /v1/events asks for, in every daemon that has events alike, and
 * whether an event is of that.
 *
 * Nobody is given an event of a subscription that is not of his scope, nor one that is about no
 * subscription if he has a scope. Where events are kept is the caller's.
 */
#ifndef BINDERY_NF_COMMON_EVENT_ASK_H
#define BINDERY_NF_COMMON_EVENT_ASK_H

#include "nf/common/admin_call.h"

#define EVENT_LOOK     4096u /* events that one request looks at, at most */
#define EVENT_WAIT_MAX 30u   /* seconds */
/* The parameters of the path, as struct admin_path has them. */
#define EVENT_PARAMETERS " after before name limit imsi imei peer cause since wait "

struct event_ask { /* of one request */
    struct admin_call *call;
    const char *name, *peer, *cause; /* NULL: any; the request's own */
    struct imsi imsi;                /* empty: any */
    struct imei imei;
    int64_t since_ms;
    size_t limit;
    uint64_t after;    /* looked at so far; when back, what is above it */
    bool back;         /* asked with before: from the newest to the oldest */
    uint64_t until_ms; /* of the clock of event_ask_read; 0: it does not wait */
    json_t *found;     /* what it is answered with */
    struct event_ask *next;
};
/* An event as it is held against what is asked; texts may be empty, none is NULL. */
struct event_facts {
    int64_t at_ms;
    const char *name, *imsi, *imei, *peer, *cause;
};
/* NULL without memory. */
struct event_ask *event_ask_new(struct admin_call *c);
void event_ask_free(struct event_ask *a); /* harmless on NULL */
/* False when the request was refused: bad-parameter, out-of-scope. now_ms: of a clock that never
 * goes back. */
MUST_USE bool event_ask_read(struct event_ask *a, uint64_t now_ms);
bool event_ask_wants(const struct event_ask *a, const struct event_facts *e);
/* It has as many as it asked for. */
bool event_ask_full(const struct event_ask *a);
/* Puts it into the answer; event is taken over, NULL: there was no memory. Errors: E_MEMORY. */
MUST_USE enum err event_ask_take(struct event_ask *a, json_t *event);
void event_ask_answer(struct event_ask *a);

/* "2026-01-31T12:00:00Z", also with a fraction or an offset as in "+01:00" (RFC 3339), in Unix
 * milliseconds, rounded up. Errors: E_BAD_VALUE. */
MUST_USE enum err event_ask_time(const char *text, int64_t *unix_ms);

#endif
