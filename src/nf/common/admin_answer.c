/* What both ways of an administration interface share: what is asked of a request's query and
 * headers, and the answer as it leaves. Part of src/nf/common/admin_server.h. */
#include "nf/common/admin_server_parts.h"

#include "nf/common/admin_condition.h"
#include "nf/common/json_whole.h"

#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NOT_MODIFIED 304u

/* ---- what is asked --------------------------------------------------------------------------- */

static const char *parameter(const struct admin_call *c, const char *name)
{
    return MHD_lookup_connection_value(c->connection, MHD_GET_ARGUMENT_KIND, name);
}

static const char *header(const struct admin_call *c, const char *name)
{
    return MHD_lookup_connection_value(c->connection, MHD_HEADER_KIND, name);
}

struct search {
    const char *known, *unknown;
};

static enum MHD_Result look(void *ctx, enum MHD_ValueKind kind, const char *key, const char *value)
{
    struct search *s = ctx;
    char spaced[48];
    (void)kind;
    (void)value;
    (void)snprintf(spaced, sizeof spaced, " %.40s ", key);
    if (strlen(key) > 40 || strchr(key, ' ') != NULL || strstr(s->known, spaced) == NULL) {
        s->unknown = key;
        return MHD_NO;
    }
    return MHD_YES;
}

static const char *unknown(const struct admin_call *c, const char *known)
{
    struct search s = {.known = known};
    (void)MHD_get_connection_values(c->connection, MHD_GET_ARGUMENT_KIND, look, &s);
    return s.unknown;
}

const struct admin_way admin_way_http = {parameter, header, unknown};

/* ---- the answer ------------------------------------------------------------------------------ */

/* A version alone does not do: what is shown has members that change without it. */
static void tag(struct admin_call *c)
{
    char digest[ADMIN_ETAG_MAX];
    const size_t n = strlen(c->etag);
    admin_etag((struct bytes){(const uint8_t *)c->text, c->text_n}, digest);
    if (digest[0] == '\0') {
        c->etag[0] = '\0'; /* without one it is transferred, which is never wrong */
    } else if (n < 2) {
        (void)snprintf(c->etag, sizeof c->etag, "%s", digest);
    } else {
        (void)snprintf(c->etag + n - 1, sizeof c->etag - n + 1, "-%.12s\"", digest + 1);
    }
}

/* RFC 9110 13.1.2: one of a list, weak or not. What is no list ends it. */
static bool listed(const char *list, const char *etag)
{
    for (const char *p = list + strspn(list, " \t,"); *p != '\0'; p += strspn(p, " \t,")) {
        p += strncmp(p, "W/", 2) == 0 ? 2 : 0;
        const char *end = *p == '"' ? strchr(p + 1, '"') : NULL;
        if (end == NULL) {
            return false;
        }
        const size_t n = (size_t)(end - p) + 1;
        if (n == strlen(etag) && memcmp(p, etag, n) == 0) {
            return true;
        }
        p = end + 1;
    }
    return false;
}

static void unchanged(struct admin_call *c)
{
    const char *has = c->way->header(c, MHD_HTTP_HEADER_IF_NONE_MATCH);
    if (has == NULL || c->etag[0] == '\0' || (strcmp(has, "*") != 0 && !listed(has, c->etag))) {
        return;
    }
    admin_answer_free(c);
    c->status = NOT_MODIFIED;
}

enum err admin_answer_finish(struct admin_call *c)
{
    if (c->answer != NULL) {
        c->text = json_whole_text(c->answer, &c->text_n);
        c->type = c->is_problem ? "application/problem+json" : "application/json";
        json_decref(c->answer);
        c->answer = NULL;
        if (c->text == NULL) {
            return E_MEMORY; /* nothing is better than half of it */
        }
    }
    if (c->status == ADMIN_STATUS_OK && strcmp(c->method, "GET") == 0) {
        if (c->text != NULL) {
            tag(c);
        }
        unchanged(c);
    }
    return E_OK;
}

void admin_answer_free(struct admin_call *c)
{
    json_decref(c->answer);
    free(c->text);
    if (c->file > 0) {
        (void)close(c->file); /* was never handed on */
    }
    c->answer = NULL;
    c->text = NULL;
    c->text_n = 0;
    c->file = 0;
}
