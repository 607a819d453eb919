/* POST /v1/bulk: the HTTP of src/nf/repod/bulk.h. Part of src/nf/repod/api.h. */
#include "nf/repod/api.h"

#define REPORT_TYPE "application/x-ndjson"

static struct bulk_by by_of(struct repod *r, const struct api_call *c)
{
    return (struct bulk_by){c->grant, api_rules(r, c), api_context(r, c)};
}

void api_bulk_begin(struct repod *r, struct api_call *c)
{
    enum err err = bulk_open(r->folder, c->rules->config->bulk_rows, &c->bulk);
    if (err != E_OK) {
        api_refuse(r, c, cause_of_err(err), NULL);
        return;
    }
    c->call.streams = true;
    https_extend(r->server, &c->call, c->rules->config->bulk_ms);
}

void api_bulk_data(struct repod *r, struct api_call *c, struct bytes part)
{
    const struct bulk_by by = by_of(r, c);
    bulk_take(r->desk, c->bulk, &by, part);
}

void api_bulk_end(struct repod *r, struct api_call *c)
{
    const struct bulk_by by = by_of(r, c);
    struct bulk *b = c->bulk;
    enum err err = bulk_end(r->desk, b, &by);
    if (err != E_OK) {
        api_refuse(r, c, cause_of_err(err), "the rows before the failure stand");
        return;
    }
    const struct log_field fields[] = {
        LOG_FIELD_STR("client", c->grant->name), LOG_FIELD_UINT("rows", b->rows),
        LOG_FIELD_UINT("added", b->done[PUBLISH_ADDED]), LOG_FIELD_UINT("refused", b->refused)};
    log_line(r->log, LOG_LEVEL_INFO, "bulk", fields, sizeof fields / sizeof fields[0]);
    const char *outcome = b->ended == CAUSE_NONE ? "ok" : cause_name(b->ended);
    if (api_audit(r, c, outcome, bulk_counts(b))) {
        unsigned status = b->ended == CAUSE_NONE ? 200 : cause_status(b->ended);
        https_answer_file(&c->call, status, REPORT_TYPE, b->report);
        b->report = -1; /* the server's now */
    }
}

void api_bulk_count(struct repod *r, const struct api_call *c)
{
    for (size_t i = 0; c->bulk != NULL && i < sizeof r->published / sizeof r->published[0]; i++) {
        r->published[i] += c->bulk->done[i];
    }
}
