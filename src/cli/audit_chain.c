#include "cli/audit_chain.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static bool breaks(struct audit_chain *c, uint64_t id, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static bool breaks(struct audit_chain *c, uint64_t id, const char *format, ...)
{
    va_list args;
    c->broken = id;
    va_start(args, format);
    vsnprintf(c->why, sizeof c->why, format, args);
    va_end(args);
    return false;
}

/* ---- an entry -------------------------------------------------------------------------------- */

/* null is the empty text. */
static bool take_text(const json_t *entry, const char *key, char *to, size_t size)
{
    const json_t *v = json_object_get(entry, key);
    const char *text = json_is_null(v) ? "" : json_string_value(v);
    bool fits = text != NULL && strlen(text) < size;
    snprintf(to, size, "%s", fits ? text : "");
    return fits;
}

/* What the hash does not cover must follow from what it covers, or not be there: it would be read
 * as part of the entry. */
static bool nothing_more(const json_t *entry, int64_t at_ms)
{
    static const char *const known[] = {"id",     "at_ms",  "time",  "who",     "from", "action",
                                        "target", "before", "after", "outcome", "hash"};
    const json_t *said = json_object_get(entry, "time");
    char text[40] = "";
    const time_t seconds = (time_t)(at_ms / 1000);
    struct tm tm;
    size_t n = 0;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        n += json_object_get(entry, known[i]) != NULL;
    }
    if (said != NULL && gmtime_r(&seconds, &tm) != NULL) {
        const size_t at = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
        snprintf(text + at, sizeof text - at, ".%03dZ", (int)(at_ms % 1000));
    }
    return n == json_object_size(entry) &&
           (said == NULL || (json_is_string(said) && strcmp(json_string_value(said), text) == 0));
}

static bool take_entry(const json_t *entry, struct store_audit *out)
{
    const char *hash = json_string_value(json_object_get(entry, "hash"));
    const json_t *id = json_object_get(entry, "id"), *at = json_object_get(entry, "at_ms");
    *out = (struct store_audit){.id = (uint64_t)json_integer_value(id),
                                .at_ms = json_integer_value(at)};
    return json_is_integer(id) && json_integer_value(id) > 0 && json_is_integer(at) &&
           nothing_more(entry, out->at_ms) && take_text(entry, "who", out->who, sizeof out->who) &&
           take_text(entry, "from", out->from, sizeof out->from) &&
           take_text(entry, "action", out->action, sizeof out->action) &&
           take_text(entry, "target", out->target, sizeof out->target) &&
           take_text(entry, "before", out->before, sizeof out->before) &&
           take_text(entry, "after", out->after, sizeof out->after) &&
           take_text(entry, "outcome", out->outcome, sizeof out->outcome) && hash != NULL &&
           strlen(hash) == 2 * sizeof out->hash &&
           hex_decode(hash, (struct mbytes){out->hash, sizeof out->hash}) == E_OK;
}

static bool order_holds(struct audit_chain *c, uint64_t id)
{
    const uint64_t due = c->last.id + 1;
    if (id == due) {
        return true;
    }
    if (id > due) {
        return id == due + 1
                   ? breaks(c, due, "entry %" PRIu64 " is missing: it was removed", due)
                   : breaks(c, due,
                            "entries %" PRIu64 " to %" PRIu64 " are missing: they were removed",
                            due, id - 1);
    }
    return breaks(c, id, "entry %" PRIu64 " stands behind entry %" PRIu64 ": they were reordered",
                  id, c->last.id);
}

static bool kept_holds(struct audit_chain *c, const struct store_audit *e)
{
    return e->id != c->kept.id || memcmp(e->hash, c->kept.hash, sizeof e->hash) == 0 ||
           breaks(c, e->id,
                  "entry %" PRIu64 " is not the one that the kept head is of: the log was written "
                  "anew up to here, though it fits together",
                  e->id);
}

/*= op-audit-chain */
bool audit_chain_add(struct audit_chain *c, const json_t *entry)
{
    struct store_audit e;
    uint8_t hash[STORE_AUDIT_HASH];
    if (!take_entry(entry, &e)) {
        return breaks(c, e.id != 0 ? e.id : c->last.id + 1,
                      "what stands behind entry %" PRIu64 " is no entry of an audit log",
                      c->last.id);
    }
    if (!order_holds(c, e.id)) {
        return false;
    }
    if (store_audit_hash(c->crypto, c->last.hash, &e, hash) != E_OK) {
        return breaks(c, e.id, "entry %" PRIu64 " could not be hashed", e.id);
    }
    if (memcmp(hash, e.hash, sizeof hash) != 0) {
        return e.id == 1
                   ? breaks(c, e.id, "entry 1 does not give its hash: it was changed or inserted")
                   : breaks(c, e.id,
                            "entry %" PRIu64
                            " does not give its hash: it was changed or inserted, or "
                            "entry %" PRIu64 " before it was, with a hash that fits it",
                            e.id, e.id - 1);
    }
    c->last.id = e.id;
    memcpy(c->last.hash, hash, sizeof hash);
    return kept_holds(c, &e);
}

bool audit_chain_end(struct audit_chain *c)
{
    return c->kept.id <= c->last.id ||
           breaks(c, c->last.id + 1,
                  "the log ends at entry %" PRIu64 ", and the kept head is of entry %" PRIu64
                  ": the last entries were cut off, or the store was restored from a backup",
                  c->last.id, c->kept.id);
}

/* ---- a head ---------------------------------------------------------------------------------- */

enum err audit_head_parse(const char *text, struct audit_head *out)
{
    const size_t digits = strspn(text, "0123456789");
    struct audit_head h = {.id = 0};
    const char *hash = text + digits + 1;
    if (digits == 0 || digits > 18 || text[digits] != ' ' ||
        strspn(hash, "0123456789abcdef") != 64 || strcmp(hash + 64, "\n") != 0) {
        return E_BAD_VALUE;
    }
    char hex[65];
    snprintf(hex, sizeof hex, "%.64s", hash);
    h.id = strtoull(text, NULL, 10);
    if (h.id == 0 || hex_decode(hex, (struct mbytes){h.hash, sizeof h.hash}) != E_OK) {
        return E_BAD_VALUE;
    }
    *out = h;
    return E_OK;
}

void audit_head_print(const struct audit_head *h, char out[static AUDIT_HEAD_TEXT])
{
    char hex[65];
    hex_encode(BYTES_OF(h->hash), hex);
    snprintf(out, AUDIT_HEAD_TEXT, "%" PRIu64 " %s\n", h->id, hex);
}
