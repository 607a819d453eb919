/* What the repository says of itself, as JSON: part of src/nf/repod/admin.h. */
#include "nf/repod/admin.h"

#include "base/version.h"

#include <stdlib.h>

#define DAY_S 86400

static json_t *number(uint64_t v)
{
    return json_integer((json_int_t)v);
}

const char *repod_view_role(const struct repod_grant *g)
{
    return g->role == VERIFY_ROLE_MANUFACTURER ? "manufacturer" : "operator";
}

json_t *repod_view_client(const struct repod_grant *g)
{
    json_t *ranges = json_array();
    for (size_t i = 0; i < g->n_ranges; i++) {
        char text[IMEI_RANGE_TEXT_MAX];
        imei_range_print(&g->ranges[i], text);
        (void)json_array_append_new(ranges, json_string(text));
    }
    return json_pack("{s:s,s:s,s:o,s:b,s:s?}", "role", repod_view_role(g), "name", g->name,
                     "ranges", ranges, "every_device",
                     (int)(g->n_ranges == 0 && g->role == VERIFY_ROLE_OPERATOR), "device_ca",
                     g->device_ca);
}

/* ---- files ---- */

/* When the first certificate or list in it ends; 0: it has none. */
static int64_t until_of(const struct file_watch_seen *f)
{
    const int64_t a = f->certificate_until, b = f->list_until;
    return a == 0 || (b != 0 && b < a) ? b : a;
}

static json_t *view_file(const struct file_watch_seen *f, int64_t now)
{
    const int64_t until = until_of(f), left = until - now;
    const int64_t days = left / DAY_S - (left % DAY_S < 0 ? 1 : 0);
    const bool known = f->looked && until != 0;
    return json_pack("{s:s,s:s,s:o,s:o,s:o}", "use", f->use, "path", f->path, "readable",
                     f->looked ? json_boolean(f->readable) : json_null(), "until",
                     known ? admin_time(until * 1000) : json_null(), "days",
                     known ? json_integer(days) : json_null());
}

static json_t *view_files(const struct repod *r)
{
    const struct metrics_source *source = metrics_desk_source(r->metrics);
    struct file_watch_seen *seen = calloc(FILE_WATCH_MAX, sizeof *seen);
    const size_t n = source != NULL && source->files != NULL && seen != NULL
                         ? file_watch_see(source->files, seen, FILE_WATCH_MAX)
                         : 0;
    json_t *list = seen != NULL ? json_array() : NULL;
    for (size_t i = 0; i < n; i++) {
        if (seen[i].kind == FILE_WATCH_CERTIFICATES) {
            (void)json_array_append_new(list, view_file(&seen[i], repod_wall(r)));
        }
    }
    free(seen);
    return list;
}

/* ---- counters ---- */

static json_t *view_https(const struct repod *r)
{
    uint64_t all = r->answered;
    json_t *refused = json_object();
    for (unsigned i = 0; i < CAUSES; i++) {
        all += r->refused[i];
        if (r->refused[i] > 0) {
            (void)json_object_set_new(refused, cause_name((enum cause)i), number(r->refused[i]));
        }
    }
    return json_pack("{s:o,s:o}", "requests", number(all), "refused", refused);
}

static json_t *view_published(const struct repod *r)
{
    json_t *o = json_object();
    for (unsigned i = 0; i < sizeof r->published / sizeof r->published[0]; i++) {
        (void)json_object_set_new(o, publish_did_name((enum publish_did)i),
                                  number(r->published[i]));
    }
    return o;
}

static size_t count_of(const struct repod_config *c, enum verify_role role)
{
    size_t n = 0;
    for (size_t i = 0; i < c->n_grants; i++) {
        n += c->grants[i].role == role;
    }
    return n;
}

/* Serials have no gaps: that of the newest record is how many there are; null when it cannot be
 * read now. */
static json_t *records_of(const struct repod *r)
{
    uint64_t serial = 0;
    return repo_store_last(r->store, &serial) == E_OK ? number(serial) : json_null();
}

json_t *repod_view_status(const struct repod *r)
{
    const struct repod_config *c = r->rules->config;
    const struct address bound = https_bound(r->server);
    char signer[65];
    hex_encode(signer_id(r->signer), signer);
    return json_pack("{s:s,s:s,s:s,s:o,s:I,s:s,s:s,s:o,s:o,s:o,s:i,s:b,s:b,s:o,s:o,s:o}", "program",
                     "bindery-repod", "version", BINDERY_VERSION, "listener",
                     address_print(&bound).s, "started", admin_time(r->started * 1000),
                     "uptime_seconds", (json_int_t)(repod_wall(r) - r->started), "signer", signer,
                     "site",
                     !c->site.on    ? "none"
                     : c->site.open ? "open"
                                    : "clients",
                     "manufacturers", number(count_of(c, VERIFY_ROLE_MANUFACTURER)), "operators",
                     number(count_of(c, VERIFY_ROLE_OPERATOR)), "records", records_of(r),
                     "connections", (int)https_connections(r->server), "store_failing",
                     (int)r->store_failing, "audit_failing", (int)r->audit_failing, "published",
                     view_published(r), "https", view_https(r), "files", view_files(r));
}
