#include "nf/rsmfd/rsmfd_parts.h"

#include <string.h>

static json_t *text_or_null(const char *text)
{
    return text[0] != '\0' ? json_string(text) : json_null();
}

json_t *rsmfd_view(const struct delivery_row *row)
{
    char se[65];
    hex_encode(BYTES_OF(row->se), se);
    return json_pack("{s:s,s:s,s:s,s:I,s:I,s:o}", "se", se, "imsi", row->imsi.digits, "phase",
                     dimsi_delivery_phase_name((enum dimsi_delivery_phase)row->phase), "serial",
                     (json_int_t)row->serial, "changed", (json_int_t)row->changed, "fetched_from",
                     text_or_null(row->from));
}

/* For the administration: whose it is, and the IMSI as the log has it. */
static json_t *view_with_owner(const struct delivery_row *row, bool mask)
{
    char plmn[PLMN_TEXT_MAX], imsi[IMSI_DIGITS_MAX + 1];
    json_t *v = rsmfd_view(row);
    plmn_print(&row->owner, plmn);
    imsi_mask(&row->imsi, imsi);
    if (v != NULL && (json_object_set_new(v, "operator", json_string(plmn)) != 0 ||
                      (mask && json_object_set_new(v, "imsi", json_string(imsi)) != 0))) {
        json_decref(v);
        return NULL;
    }
    return v;
}

struct page {
    json_t *rows;
    bool of_all, mask, failed;
    uint64_t last;
    size_t seen;
};

static bool add(void *ctx, const struct delivery_row *row)
{
    struct page *p = ctx;
    p->last = row->serial;
    p->seen++;
    p->failed = json_array_append_new(p->rows, p->of_all ? view_with_owner(row, p->mask)
                                                         : rsmfd_view(row)) != 0;
    return !p->failed;
}

/* Who has seen more than there is learns it by a `next` that is below what he asked for: this RSMF
 * was set back. */
enum err rsmfd_view_page(struct rsmfd *r, const struct plmn *owner, uint64_t after, size_t limit,
                         json_t **out)
{
    struct delivery_store *s = r->deliveries.store;
    struct page p = {
        .rows = json_array(), .of_all = owner == NULL, .mask = r->config->mask_imsi, .last = after};
    *out = NULL;
    enum err err =
        p.rows == NULL ? E_MEMORY : delivery_store_changes(s, owner, after, limit, add, &p);
    if (err == E_OK && p.seen == 0) {
        err = delivery_store_last(s, owner, &p.last);
    }
    if (err != E_OK || p.failed) {
        json_decref(p.rows);
        return err;
    }
    *out = json_pack("{s:o,s:I}", "deliveries", p.rows, "next", (json_int_t)p.last);
    return E_OK;
}

void rsmfd_refuse(struct https_api_call *c, enum deliveries_result result)
{
    https_api_refuse(c, deliveries_status(result), deliveries_name(result),
                     deliveries_sentence(result), NULL);
}

void rsmfd_tell(struct rsmfd *r, const char *event, const struct delivery_row *row, bool again)
{
    char se[65], plmn[PLMN_TEXT_MAX];
    hex_encode(BYTES_OF(row->se), se);
    plmn_print(&row->owner, plmn);
    const struct log_field fields[] = {
        LOG_FIELD_STR("se", se),
        LOG_FIELD_STR("operator", plmn),
        LOG_FIELD_IMSI(&row->imsi),
        LOG_FIELD_UINT("serial", row->serial),
        LOG_FIELD_STR("from", row->from[0] != '\0' ? row->from : NULL),
        LOG_FIELD_BOOL("again", again)};
    log_line(r->log, LOG_LEVEL_INFO, event, fields, sizeof fields / sizeof fields[0]);
}
