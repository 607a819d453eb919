/* nf/hssd/dimsi_push.c - step 2: the D-AUSF learns the challenge and whose it is; and when it is
 * used up, or given up, that it is spent. */
#include "nf/hssd/dimsi_parts.h"

#include <stdio.h>
#include <string.h>

static void set_hex(json_t *body, const char *name, const uint8_t *p, size_t n)
{
    (void)json_object_set_new(body, name, dimsi_json_of_hex((struct bytes){p, n}));
}

#define PUSH_MEMBERS 8

/*= dimsi-2 */
static json_t *entry_of(const struct store_dimsi *row, const struct store_dimsi_papers *p)
{
    const struct store_dimsi_challenge *c = &p->challenge;
    json_t *endorsement =
        json_loadb((const char *)p->endorsement, p->endorsement_n, JSON_REJECT_DUPLICATES, NULL);
    json_t *body =
        json_pack("{s:s,s:I}", "imsi", row->imsi.digits, "expires", (json_int_t)row->expires);
    if (endorsement == NULL || body == NULL) {
        json_decref(endorsement);
        json_decref(body);
        return NULL;
    }
    set_hex(body, "rand", c->rand.b, sizeof c->rand.b);
    set_hex(body, "autn", c->autn.b, sizeof c->autn.b);
    set_hex(body, "xres", c->xres.b, c->xres.n);
    set_hex(body, "ck", c->ck.b, sizeof c->ck.b);
    set_hex(body, "ik", c->ik.b, sizeof c->ik.b);
    (void)json_object_set_new(body, "endorsement", endorsement);
    if (json_object_size(body) != PUSH_MEMBERS) { /* no memory for one of them */
        json_decref(body);
        return NULL;
    }
    return body;
}

static enum err again(struct store_writer *w, struct dimsi_write *x)
{
    const unsigned todo = x->row.todo;
    if ((todo & STORE_DIMSI_PUSH) == 0 || (todo & STORE_DIMSI_RELEASE) != 0) {
        return E_OK;
    }
    x->row.todo |= STORE_DIMSI_RELEASE;
    return store_put_dimsi(w, &x->row);
}

/* An endorsement is good for a while, and a D-AUSF may have been away for longer. */
static struct dimsi_result ask_for_another(struct dimsi_worker *w, const struct store_dimsi *row)
{
    struct dimsi_write x = {.d = w->d, .dimsi = row->dimsi, .token = row->token, .apply = again};
    enum err err = hss_dimsi_write(&x);
    return err == E_OK ? hss_dimsi_later(DIMSI_ENDORSEMENT_EXPIRED, "discovery")
                       : hss_dimsi_unwritten(err);
}

static struct dimsi_remote *discovery_of(struct dimsi_worker *w, const struct store_dimsi *row)
{
    const struct hssd_dimsi_remote *c = hssd_config_discovery(w->d->h->config, &row->dimsi);
    return c != NULL ? hss_dimsi_remote(w->d, HSS_DIMSI_DISCOVERY, c) : NULL;
}

struct dimsi_result hss_dimsi_push(struct dimsi_worker *w, const struct store_dimsi *row)
{
    char path[64];
    struct dimsi_reply reply;
    struct dimsi_result result;
    struct dimsi_remote *r = discovery_of(w, row);
    if (r == NULL) {
        return hss_dimsi_later(DIMSI_DISCOVERY_UNKNOWN, NULL);
    }
    json_t *body = NULL;
    if (store_read_dimsi_papers(w->reader, &row->dimsi, w->papers) == E_OK &&
        w->papers->has_challenge) {
        body = entry_of(row, w->papers);
    }
    wipe(&w->papers->challenge, sizeof w->papers->challenge);
    if (body == NULL) {
        return hss_dimsi_later(DIMSI_STORE, "no challenge");
    }
    (void)snprintf(path, sizeof path, "/v1/entries/%s", row->dimsi.digits);
    if (!hss_dimsi_ask(w, r, "PUT", path, body, &reply, &result)) {
        return result;
    }
    json_decref(reply.json);
    if (reply.status < 300) {
        return hss_dimsi_clear(w, row, STORE_DIMSI_PUSH, STORE_DIMSI_PUSHED);
    }
    return reply.cause == DIMSI_ENDORSEMENT_EXPIRED ? ask_for_another(w, row)
                                                    : hss_dimsi_answered(r, &reply);
}

/*= dimsi-spent dimsi-entry-end */
struct dimsi_result hss_dimsi_spent(struct dimsi_worker *w, const struct store_dimsi *row)
{
    char path[64];
    struct dimsi_reply reply;
    struct dimsi_result result;
    struct dimsi_remote *r = discovery_of(w, row);
    if (r == NULL) {
        return hss_dimsi_later(DIMSI_DISCOVERY_UNKNOWN, NULL);
    }
    (void)snprintf(path, sizeof path, "/v1/entries/%s/spent", row->dimsi.digits);
    json_t *body = json_pack("{s:I}", "number", (json_int_t)row->release);
    if (body == NULL || !hss_dimsi_ask(w, r, "PUT", path, body, &reply, &result)) {
        return body == NULL ? hss_dimsi_later(DIMSI_STORE, "no memory") : result;
    }
    json_decref(reply.json);
    /* Nothing is there, or another operator's: then it is not this one's any more either. */
    if (reply.status < 300 || reply.status == 404 || reply.status == 409) {
        return hss_dimsi_clear(w, row, STORE_DIMSI_SPENT, 0);
    }
    result = hss_dimsi_answered(r, &reply);
    result.end = DIMSI_STEP_LATER; /* there is nothing that could be refused */
    return result;
}
