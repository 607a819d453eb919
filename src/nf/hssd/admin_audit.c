#include "nf/hssd/admin_audit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what a path names ----------------------------------------------------------------------- */

static bool named(const struct admin_request *r, struct bytes want, char *to, size_t size)
{
    char text[IMEI_RANGE_TEXT_MAX];
    if (bytes_eq(want, BYTES_LIT("{imsi}")) && r->imsi.n > 0) {
        snprintf(to, size, "%s", r->imsi.digits);
    } else if (bytes_eq(want, BYTES_LIT("{imei}")) && r->imei.digits[0] != '\0') {
        snprintf(to, size, "%s", r->imei.digits);
    } else if (bytes_eq(want, BYTES_LIT("{rule}")) && r->range.last > 0) {
        imei_range_print(&r->range, text);
        snprintf(to, size, "%s", text);
    } else {
        return false;
    }
    return true;
}

void admin_audit_target(const struct admin_request *r, const char *pattern, const char *path,
                        char out[static STORE_AUDIT_TARGET_MAX])
{
    size_t n = 0;
    bool version = true; /* "v1" comes first and is left out */
    out[0] = '\0';
    while (*pattern != '\0' && n < STORE_AUDIT_TARGET_MAX - 1) {
        const struct bytes want = admin_path_step(&pattern), have = admin_path_step(&path);
        const size_t room = STORE_AUDIT_TARGET_MAX - n;
        char step[STORE_AUDIT_TARGET_MAX];
        if (!named(r, want, step, sizeof step)) {
            snprintf(step, sizeof step, "%.*s", (int)have.n, (const char *)have.p);
        }
        if (!version) {
            snprintf(out + n, room, "%s%s", n > 0 ? "/" : "", step);
            n = strlen(out);
        }
        version = false;
    }
}

/* ---- entries --------------------------------------------------------------------------------- */

/* Somebody who wrote to the database by another way may have left what is no text. */
static json_t *text_of(const char *text)
{
    json_t *s = json_string(text);
    return s != NULL ? s : json_string("(no text)");
}

static json_t *text_or_null(const char *text)
{
    return text[0] != '\0' ? text_of(text) : json_null();
}

static json_t *hash_of(const uint8_t hash[static STORE_AUDIT_HASH])
{
    char text[2 * STORE_AUDIT_HASH + 1];
    hex_encode((struct bytes){hash, STORE_AUDIT_HASH}, text);
    return json_string(text);
}

static json_t *view_entry(const struct store_audit *e)
{
    return json_pack("{s:I,s:I,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "id", (json_int_t)e->id,
                     "at_ms", (json_int_t)e->at_ms, "time", admin_time(e->at_ms), "who",
                     text_of(e->who), "from", text_of(e->from), "action", text_of(e->action),
                     "target", text_of(e->target), "before", text_or_null(e->before), "after",
                     text_or_null(e->after), "outcome", text_of(e->outcome), "hash",
                     hash_of(e->hash));
}

static json_t *page(const struct store_audit *rows, size_t n, uint64_t next,
                    const struct store_audit_head *head)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++) {
        (void)json_array_append_new(list, view_entry(&rows[i]));
    }
    return json_pack("{s:o,s:o,s:{s:I,s:o}}", "entries", list, "next",
                     next != 0 ? json_integer((json_int_t)next) : json_null(), "head", "id",
                     (json_int_t)head->id, "hash", hash_of(head->hash));
}

/* Both of one moment: the head is that of the list's end, when this is the last page. */
static enum err read_page(struct admin_request *r, const struct store_audit_wanted *wanted,
                          struct store_audit *rows, size_t limit, size_t *n, uint64_t *next,
                          struct store_audit_head *head)
{
    enum err err = store_reader_begin(r->reader);
    if (err != E_OK) {
        return err;
    }
    err = store_list_audit(r->reader, wanted, rows, limit, n, next);
    if (err == E_OK) {
        err = store_read_audit_head(r->reader, head);
    }
    store_reader_end(r->reader);
    return err;
}

static const char *wanted_text(struct admin_request *r, const char *name)
{
    const char *text = admin_parameter(r, name);
    return text != NULL ? text : "";
}

void admin_audit_list(struct admin_request *r)
{
    struct store_audit_wanted wanted = {.who = wanted_text(r, "who"),
                                        .target = wanted_text(r, "target")};
    struct store_audit_head head = {.id = 0};
    size_t limit = 0, n = 0;
    uint64_t next = 0;
    if (!admin_call_limit(&r->call, &limit) ||
        !admin_call_number(&r->call, "after", 0, INT64_MAX / 10, &wanted.after)) {
        return;
    }
    struct store_audit *rows = calloc(limit, sizeof *rows);
    enum err err = rows == NULL ? E_MEMORY : read_page(r, &wanted, rows, limit, &n, &next, &head);
    if (err != E_OK) {
        admin_call_refuse_err(&r->call, err);
    } else {
        admin_call_show(&r->call, page(rows, n, next, &head));
    }
    free(rows);
}
