/* What leaves, with its headers, and whether the client has it already: part of src/net/https.h. */
#include "net/https_parts.h"

#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

/* ---- what leaves ---- */

struct secret {
    size_t n;
    char *text;
};

static void secret_end(void *ctx)
{
    struct secret *s = ctx;
    wipe(s->text, s->n);
    free(s->text);
    free(s);
}

static struct MHD_Response *secret_of(struct https_call *c)
{
    struct MHD_Response *response = NULL;
    struct secret *s = malloc(sizeof *s);
    if (s != NULL) {
        *s = (struct secret){c->text_n, c->text};
        response =
            MHD_create_response_from_buffer_with_free_callback_cls(s->n, s->text, secret_end, s);
    }
    if (response == NULL) {
        free(s); /* the text is the call's still */
        return NULL;
    }
    c->text = NULL;
    return response;
}

static struct MHD_Response *content_of(struct https_call *c)
{
    struct stat st;
    struct MHD_Response *response = NULL;
    if (c->file > 0) {
        if (fstat(c->file, &st) == 0) {
            response = MHD_create_response_from_fd64((uint64_t)st.st_size, c->file);
        }
        c->file = response != NULL ? 0 : c->file;
        return response;
    }
    if (c->secret && c->text != NULL) {
        return secret_of(c);
    }
    response = MHD_create_response_from_buffer(c->text_n, c->text, MHD_RESPMEM_MUST_FREE);
    if (response != NULL) {
        c->text = NULL;
    }
    return response;
}

static void add(struct MHD_Response *response, const char *name, const char *value)
{
    if (value != NULL && value[0] != '\0') {
        (void)MHD_add_response_header(response, name, value); /* fails without memory: left out */
    }
}

/* RFC 9110 5.6.7; the names are not those of a locale. */
static void add_date(struct MHD_Response *response, int64_t at)
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct tm tm;
    char text[40];
    const time_t t = (time_t)at;
    if (at > 0 && gmtime_r(&t, &tm) != NULL && tm.tm_year < 8100) {
        (void)snprintf(text, sizeof text, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[tm.tm_wday],
                       tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min,
                       tm.tm_sec);
        add(response, MHD_HTTP_HEADER_LAST_MODIFIED, text);
    }
}

struct MHD_Response *https_response_of(struct https_call *c)
{
    char after[16];
    struct MHD_Response *response = content_of(c);
    if (response == NULL) {
        return NULL;
    }
    add(response, MHD_HTTP_HEADER_CONTENT_TYPE, c->type);
    add(response, MHD_HTTP_HEADER_CACHE_CONTROL, c->cache != NULL ? c->cache : "no-store");
    add(response, MHD_HTTP_HEADER_ETAG, c->etag);
    add(response, MHD_HTTP_HEADER_ALLOW, c->allow);
    add_date(response, c->modified);
    if (c->retry_after > 0) {
        (void)snprintf(after, sizeof after, "%u", c->retry_after);
        add(response, MHD_HTTP_HEADER_RETRY_AFTER, after);
    }
    if (c->peer == NULL || c->peer->verdict != VERIFY_GOOD) {
        add(response, MHD_HTTP_HEADER_CONNECTION, "close");
    }
    return response;
}

/* ---- conditional requests ---- */

struct known {
    const char *etag;
    bool asked, has;
};

static const char *skip(const char *p)
{
    return p + strspn(p, " \t,");
}

/* RFC 9110 13.1.2: is it one of the list? Weak or not, the opaque part counts. What is no list ends
 * it. */
static bool listed(const char *list, const char *etag)
{
    for (const char *p = skip(list); *p != '\0'; p = skip(p)) {
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

static enum MHD_Result look(void *ctx, enum MHD_ValueKind kind, const char *key, const char *value)
{
    struct known *k = ctx;
    (void)kind;
    if (value != NULL &&
        bytes_eq_nocase(bytes_of_str(key), BYTES_LIT(MHD_HTTP_HEADER_IF_NONE_MATCH))) {
        k->asked = true;
        k->has = k->has || strcmp(value, "*") == 0 || listed(value, k->etag);
    }
    return MHD_YES;
}

/* The one form that is written today; another counts as none, which costs a transfer. */
static bool date_of(const char *text, int64_t *at)
{
    struct tm tm = {.tm_mday = 0};
    const char *end = strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &tm);
    *at = end != NULL && *end == '\0' ? (int64_t)timegm(&tm) : -1;
    return *at >= 0;
}

bool https_unchanged(struct https_call *c)
{
    struct known k = {.etag = c->etag};
    int64_t since = 0;
    if (c->etag[0] != '\0') {
        (void)MHD_get_connection_values(c->connection, MHD_HEADER_KIND, look, &k);
    }
    if (k.asked) {
        return k.has;
    }
    const char *text = MHD_lookup_connection_value(c->connection, MHD_HEADER_KIND,
                                                   MHD_HTTP_HEADER_IF_MODIFIED_SINCE);
    return c->modified > 0 && text != NULL && date_of(text, &since) && c->modified <= since;
}
