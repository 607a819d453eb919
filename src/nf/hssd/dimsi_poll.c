/* nf/hssd/dimsi_poll.c - what devices confirmed to the RSMF, and what is not there for them any
 * more, by its changes since the last time. */
#include "nf/hssd/dimsi_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct confirmed {
    struct imsi imsi;
    uint8_t se[STORE_DIMSI_DIGEST];
    bool withdrawn; /* else it was confirmed */
    /* what became of it */
    bool news;
    struct store_dimsi row;
    struct dimsi_settled settled;
};
struct page {
    uint64_t next;
    int64_t at;
    const char *cursor;
    size_t n;
    struct confirmed rows[HSS_DIMSI_POLL_BATCH];
};

/* ---- in the batch ---- */

/* The RSMF keeps one delivery for a secure element: what an earlier row of the same one took back
 * late was this row's, which has not given it up. It is brought there again. */
static enum err deliver_again(struct store_writer *w, int64_t at, struct store_dimsi *row)
{
    const unsigned pending = STORE_DIMSI_DELIVER | STORE_DIMSI_UNDELIVER;
    if (!row->delivered || !row->has_operator || (row->todo & pending) != 0) {
        return E_OK;
    }
    row->delivered = false;
    row->todo |= STORE_DIMSI_DELIVER;
    row->next_try = at;
    return store_put_dimsi(w, row);
}

/* The delivery is the row's by its IMSI and by its secure element. */
static enum err changed(struct hssd *h, struct store_writer *w, int64_t at, struct confirmed *c)
{
    enum err err = store_writer_dimsi_of(w, &c->imsi, &c->row);
    if (err == E_NOT_FOUND) { /* it is done, or was given up */
        return E_OK;
    }
    if (err != E_OK || c->row.confirmed || !c->row.has_imsi || !imsi_eq(&c->imsi, &c->row.imsi) ||
        memcmp(c->se, c->row.se, sizeof c->se) != 0) {
        return err;
    }
    if (c->withdrawn) {
        return deliver_again(w, at, &c->row);
    }
    c->news = true;
    c->row.confirmed = true;
    err = hss_dimsi_settle(h, w, &c->row, at, &c->settled);
    return err == E_OK ? store_put_dimsi(w, &c->row) : err;
}

static enum err apply(struct store_writer *w, struct dimsi_write *x)
{
    struct page *p = x->ctx;
    enum err err = E_OK;
    for (size_t i = 0; err == E_OK && i < p->n; i++) {
        err = changed(x->d->h, w, p->at, &p->rows[i]);
    }
    return err == E_OK ? store_set_cursor(w, p->cursor, p->next) : err;
}

static void tell(struct hssd *h, const struct page *p)
{
    for (size_t i = 0; i < p->n; i++) {
        const struct confirmed *c = &p->rows[i];
        if (c->news && c->settled.done) {
            hss_dimsi_settled(h, &c->row, &c->settled);
        } else if (c->news) {
            hss_dimsi_event(h, "dimsi-confirmed-unused", &c->row, &c->imsi, "rsmf", NULL);
        }
    }
}

/* ---- what the RSMF says ---- */

static bool read_one(const json_t *view, struct confirmed *out)
{
    struct dimsi_json_fault fault;
    const char *imsi = json_string_value(json_object_get(view, "imsi"));
    return imsi != NULL && imsi_parse(bytes_of_str(imsi), &out->imsi) == E_OK &&
           dimsi_json_hex(json_object_get(view, "se"), "se", MBYTES_OF(out->se), &fault);
}

/* False: it is no page. */
static bool read_page(const json_t *json, struct page *p)
{
    size_t i;
    const json_t *view;
    const json_t *list = json_object_get(json, "deliveries");
    const json_t *next = json_object_get(json, "next");
    if (!json_is_array(list) || json_array_size(list) > HSS_DIMSI_POLL_BATCH ||
        !json_is_integer(next) || json_integer_value(next) < 0) {
        return false;
    }
    p->next = (uint64_t)json_integer_value(next);
    json_array_foreach((json_t *)(uintptr_t)list, i, view)
    {
        const char *phase = json_string_value(json_object_get(view, "phase"));
        const bool withdrawn = phase != NULL && strcmp(phase, "withdrawn") == 0;
        if (withdrawn || (phase != NULL && strcmp(phase, "confirmed") == 0)) {
            if (!read_one(view, &p->rows[p->n])) {
                return false;
            }
            p->rows[p->n++].withdrawn = withdrawn;
        }
    }
    return true;
}

/* A cursor is that RSMF's; one that counts from the beginning again is asked from there. */
static bool take_page(struct dimsi_worker *w, const json_t *json, uint64_t after,
                      const char *cursor)
{
    struct page *p = calloc(1, sizeof *p);
    bool more = false;
    if (p != NULL && read_page(json, p) && (p->n > 0 || p->next != after)) {
        p->at = w->d->world.unix_s(w->d->world.ctx);
        p->cursor = cursor;
        p->next = p->next < after ? 0 : p->next;
        struct dimsi_write x = {.d = w->d, .apply = apply, .ctx = p};
        if (hss_dimsi_write(&x) == E_OK) {
            tell(w->d->h, p);
            more = json_array_size(json_object_get(json, "deliveries")) == HSS_DIMSI_POLL_BATCH;
        }
    }
    free(p);
    return more;
}

/*= dimsi-erase */
void hss_dimsi_poll(struct dimsi_worker *w)
{
    char path[80], cursor[STORE_DIMSI_LINK_MAX + 8];
    struct dimsi_reply reply;
    struct dimsi_result result;
    uint64_t after = 0;
    bool more = true;
    const struct hssd_dimsi_remote *c = &w->d->h->config->dimsi.rsmf;
    struct dimsi_remote *r = hss_dimsi_remote(w->d, HSS_DIMSI_RSMF, c);
    (void)snprintf(cursor, sizeof cursor, "rsmf %s", c->link);
    while (more && store_read_cursor(w->reader, cursor, &after) == E_OK) {
        (void)snprintf(path, sizeof path, "/v1/deliveries?after=%" PRIu64 "&limit=%d", after,
                       HSS_DIMSI_POLL_BATCH);
        more = hss_dimsi_ask(w, r, "GET", path, NULL, &reply, &result) && reply.status == 200 &&
               take_page(w, reply.json, after, cursor);
        json_decref(reply.json);
    }
}
