/* HTTPS for target AUSFs (step 2): part of src/nf/dausfd/dausfd.h. docs/openapi/dausfd.yaml
 * describes it. */
#include "nf/common/dimsi_json.h"
#include "nf/dausfd/dausfd.h"

#include <string.h>

#define EXPIRES_MOST INT64_C(253402300799) /* the end of the year 9999 */

struct push_call {
    struct https_api_call api; /* the first */
    struct plmn target;        /* whose AUSF asks: a copy, for a reload may come before the body */
};

static const struct plmn *target_of(const struct https_api_call *c)
{
    return &((const struct push_call *)(const void *)c)->target;
}

/* ---- refusals ---- */

static void refuse(struct https_api_call *c, enum dimsi_cause cause, const char *detail)
{
    https_api_refuse(c, dimsi_status(cause), dimsi_cause_name(cause), dimsi_cause_sentence(cause),
                     detail);
}

static void refuse_store(struct dausfd *d, struct https_api_call *c, enum err err)
{
    const struct log_field field = LOG_FIELD_STR("error", err_name(err));
    log_limited(d->log, LOG_LEVEL_ERROR, "store-failed", &field, 1);
    refuse(c, DIMSI_STORE, NULL);
}

static void show(struct dausfd *d, struct https_api_call *c, unsigned status)
{
    struct discovery_entry entry;
    dausfd_flush(d);
    enum err err = discovery_find(d->store, &c->imsi, &entry);
    if (err != E_OK) {
        refuse_store(d, c, err);
        return;
    }
    https_api_show(c, status, dausfd_view(&entry));
    wipe(&entry, sizeof entry);
}

/* What is held, if it is this operator's; nobody learns that another holds the dIMSI. False: it was
 * refused. The entry is secret. */
static bool own_entry(struct dausfd *d, struct https_api_call *c, struct discovery_entry *out)
{
    enum err err = discovery_find(d->store, &c->imsi, out);
    bool own = err == E_OK && plmn_eq(&out->target, target_of(c));
    if (own) {
        return true;
    }
    wipe(out, sizeof *out);
    if (err != E_OK && err != E_NOT_FOUND) {
        refuse_store(d, c, err);
    } else {
        refuse(c, DIMSI_NOT_FOUND, NULL);
    }
    return false;
}

/* ---- PUT /v1/entries/{dimsi} ---- */

struct pushed {
    struct dimsi_json_space space;
    struct dimsi_signed endorsement; /* as it came */
    struct dimsi_endorsement endorsed;
    struct dimsi_entry entry; /* secret */
};

static bool read_members(struct dausfd *d, struct https_api_call *c, struct pushed *p)
{
    struct dimsi_json_fault fault;
    struct dimsi_challenge *challenge = &p->entry.challenge;
    const int64_t now = dausfd_now(d);
    challenge->xres.n = DIMSI_RES_LEN;
    https_api_imsi(c, "imsi", &p->entry.imsi);
    https_api_hex(c, "rand", MBYTES_OF(challenge->rand.b));
    https_api_hex(c, "autn", MBYTES_OF(challenge->autn.b));
    https_api_hex(c, "xres", (struct mbytes){challenge->xres.b, DIMSI_RES_LEN});
    https_api_hex(c, "ck", MBYTES_OF(challenge->ck.b));
    https_api_hex(c, "ik", MBYTES_OF(challenge->ik.b));
    p->entry.expires = https_api_number(c, "expires", 1, EXPIRES_MOST);
    if (https_api_ok(c) && p->entry.expires <= now) {
        https_api_bad_member(c, "expires is over");
    }
    if (https_api_ok(c) && !dimsi_json_signed(https_api_member(c, "endorsement"), "endorsement",
                                              &p->space, &p->endorsement, &fault)) {
        https_api_bad_member(c, fault.text);
    }
    const int64_t most = now + d->rules->limits.entry_seconds;
    p->entry.expires = p->entry.expires < most ? p->entry.expires : most;
    return https_api_ok(c);
}

/*= dimsi-endorsement */
static enum dimsi_cause verify(struct dausfd *d, struct https_api_call *c, struct pushed *p)
{
    struct dimsi_name arpf;
    const struct dimsi_signed *e = &p->endorsement;
    if (!dausfd_config_serves(d->config, &c->imsi)) {
        return DIMSI_OUTSIDE;
    }
    enum dimsi_cause cause =
        dimsi_endorsed(dimsi_trust_port(d->trust), e->chain, e->n_chain, e->content, e->signature,
                       NULL, &c->imsi, target_of(c), dausfd_now(d), &p->endorsed, &arpf);
    if (cause == DIMSI_NONE && !dausfd_config_may_endorse(d->rules, &arpf, &c->imsi)) {
        cause = DIMSI_ENDORSEMENT_SIGNATURE;
    }
    return cause;
}

static void pushed_entry(struct pushed *p, const struct plmn *target)
{
    p->entry.number = p->endorsed.number;
    p->entry.target = *target;
    p->entry.phase = DIMSI_ENTRY_LIVE;
    memcpy(p->entry.token, p->endorsed.token, sizeof p->entry.token);
}

/* An entry whose time is over is that at once, whenever the next tick comes. */
static enum err held_entry(struct dausfd *d, const struct imsi *dimsi, struct dimsi_entry *out)
{
    struct discovery_entry row;
    *out = (struct dimsi_entry){.number = 0};
    enum err err = discovery_find(d->store, dimsi, &row);
    if (err == E_OK) {
        bool over = row.phase == DISCOVERY_LIVE && row.expires <= dausfd_now(d);
        out->number = row.number;
        out->target = row.target;
        out->phase = over ? DIMSI_ENTRY_EXPIRED : (enum dimsi_entry_phase)row.phase;
        out->imsi = row.imsi;
        out->expires = row.expires;
        out->challenge =
            (struct dimsi_challenge){row.challenge.rand, row.challenge.autn, row.challenge.xres,
                                     row.challenge.ck, row.challenge.ik};
        memcpy(out->token, row.token, sizeof out->token);
    }
    wipe(&row, sizeof row);
    return err == E_NOT_FOUND ? E_OK : err;
}

static enum err store(struct dausfd *d, const struct imsi *dimsi, const struct dimsi_entry *e)
{
    const struct dimsi_challenge *c = &e->challenge;
    struct discovery_entry row = {.dimsi = *dimsi,
                                  .phase = DISCOVERY_LIVE,
                                  .number = e->number,
                                  .target = e->target,
                                  .expires = e->expires,
                                  .imsi = e->imsi,
                                  .challenge = {c->rand, c->autn, c->xres, c->ck, c->ik}};
    memcpy(row.token, e->token, sizeof row.token);
    enum err err = discovery_put(d->store, &row);
    wipe(&row, sizeof row);
    return err;
}

static void stored(struct dausfd *d, struct https_api_call *c, const struct dimsi_entry *before)
{
    char target[PLMN_TEXT_MAX], was[PLMN_TEXT_MAX];
    bool moved = before->number != 0 && !plmn_eq(&before->target, target_of(c));
    plmn_print(target_of(c), target);
    if (moved) {
        plmn_print(&before->target, was);
    }
    const struct log_field fields[] = {LOG_FIELD_IMSI(&c->imsi), LOG_FIELD_STR("target", target),
                                       LOG_FIELD_STR("before", moved ? was : NULL)};
    log_line(d->log, LOG_LEVEL_INFO, "challenge-pushed", fields, 3);
    atomic_fetch_add_explicit(&d->counters.pushed, 1, memory_order_relaxed);
    show(d, c, before->number == 0 ? 201 : 200);
}

/*= dimsi-one-target dimsi-spent */
static void decide(struct dausfd *d, struct https_api_call *c, const struct pushed *p,
                   struct dimsi_entry *held)
{
    enum dimsi_cause why = DIMSI_STORE;
    enum err err = held_entry(d, &c->imsi, held);
    if (err != E_OK) {
        refuse_store(d, c, err);
        return;
    }
    switch (dimsi_dausf_decide(held, &p->endorsed, &p->entry, &why)) {
    case DIMSI_NEW:
        err = store(d, &c->imsi, &p->entry);
        if (err != E_OK) {
            refuse_store(d, c, err);
        } else {
            stored(d, c, held);
        }
        break;
    case DIMSI_AGAIN:
        show(d, c, 200);
        break;
    case DIMSI_REFUSE:
    default:
        refuse(c, why, NULL);
    }
}

/*= dimsi-2 */
/*= dimsi-durable */
static void put_entry(void *ctx, struct https_api_call *c)
{
    struct dausfd *d = ctx;
    struct pushed p = {.space.n = 0};
    struct dimsi_entry held;
    if (read_members(d, c, &p)) {
        enum dimsi_cause cause = verify(d, c, &p);
        if (cause == DIMSI_NONE) {
            pushed_entry(&p, target_of(c));
            decide(d, c, &p, &held);
            wipe(&held, sizeof held);
        } else {
            refuse(c, cause, NULL);
        }
    }
    wipe(&p.entry, sizeof p.entry);
}

/* ---- PUT /v1/entries/{dimsi}/spent ---- */

static void spend(struct dausfd *d, struct https_api_call *c, uint64_t number)
{
    const struct log_field field = LOG_FIELD_IMSI(&c->imsi);
    dausfd_flush(d); /* an entry that has ended counts no more */
    enum err err = discovery_spend(d->store, &c->imsi, number);
    if (err != E_OK) {
        refuse_store(d, c, err);
        return;
    }
    log_line(d->log, LOG_LEVEL_INFO, "dimsi-spent", &field, 1);
    atomic_fetch_add_explicit(&d->counters.spent, 1, memory_order_relaxed);
    show(d, c, 200);
}

/*= dimsi-entry-end */
static void put_spent(void *ctx, struct https_api_call *c)
{
    struct dausfd *d = ctx;
    struct discovery_entry held;
    uint64_t number = (uint64_t)https_api_number(c, "number", 1, INT64_MAX);
    if (!https_api_ok(c) || !own_entry(d, c, &held)) {
        return;
    }
    if (held.number != number) {
        refuse(c, DIMSI_NOT_FOUND, "the entry that is here has another number");
    } else if (held.phase == DISCOVERY_SPENT) {
        show(d, c, 200);
    } else {
        spend(d, c, number);
    }
    wipe(&held, sizeof held);
}

/* ---- GET ---- */

static void get_entry(void *ctx, struct https_api_call *c)
{
    struct dausfd *d = ctx;
    struct discovery_entry held;
    if (own_entry(d, c, &held)) {
        wipe(&held, sizeof held);
        show(d, c, 200);
    }
}

static void get_entries(void *ctx, struct https_api_call *c)
{
    struct dausfd *d = ctx;
    struct imsi after = {.n = 0};
    size_t limit = 0;
    json_t *page = NULL;
    if (!https_api_param_imsi(c, "after", &after) || !https_api_param_limit(c, &limit)) {
        return;
    }
    enum err err = dausfd_view_page(d, target_of(c), &after, limit, &page);
    if (err != E_OK && err != E_MEMORY) {
        refuse_store(d, c, err);
    } else {
        https_api_show(c, 200, page);
    }
}

/* ---- the interface ---- */

#define AUSF (1U << VERIFY_ROLE_AUSF)
static const struct https_api_route routes[] = {
    {.method = "PUT",
     .path = "/v1/entries/{dimsi}",
     .roles = AUSF,
     .members = " imsi rand autn xres ck ik expires endorsement ",
     .secret = true,
     .handle = put_entry},
    {.method = "PUT",
     .path = "/v1/entries/{dimsi}/spent",
     .roles = AUSF,
     .members = " number ",
     .handle = put_spent},
    {.method = "GET", .path = "/v1/entries/{dimsi}", .roles = AUSF, .handle = get_entry},
    {.method = "GET",
     .path = "/v1/entries",
     .roles = AUSF,
     .parameters = " after limit ",
     .handle = get_entries},
};

static bool admit(void *ctx, struct https_api_call *c)
{
    struct dausfd *d = ctx;
    const struct verify_peer *peer = c->call.peer;
    const struct plmn *target = dausfd_config_operator(d->rules, peer->dns_named ? peer->name : "");
    if (target == NULL) {
        refuse(c, DIMSI_NOT_ALLOWED, "the certificate names no operator that may push here");
        return false;
    }
    ((struct push_call *)(void *)c)->target = *target;
    return true;
}

static int64_t wall(void *ctx)
{
    return dausfd_now(ctx);
}

static struct https_api_rules rules_of(const struct dausfd_push *p)
{
    return (struct https_api_rules){.ca = p->ca,
                                    .crl = p->crl,
                                    .requests_per_second = p->requests_per_second,
                                    .burst = p->burst};
}

enum err dausfd_push_open(struct dausfd *d, struct uv_loop_s *loop, struct https_why *why)
{
    const struct dausfd_push *p = &d->config->push;
    const struct https_api_options options = {.routes = routes,
                                              .n_routes = sizeof routes / sizeof routes[0],
                                              .ctx = d,
                                              .admit = admit,
                                              .call_size = sizeof(struct push_call),
                                              .log = d->log,
                                              .address = p->address,
                                              .certificate = p->certificate,
                                              .key = p->key,
                                              .rules = rules_of(p),
                                              .limits = p->limits,
                                              .wall_s = wall};
    return https_api_open(&options, loop, &d->push, why);
}

enum err dausfd_push_next(const struct dausfd_config *config, struct https_api_next **out,
                          struct https_why *why)
{
    const struct dausfd_push *p = &config->push;
    const struct https_api_rules rules = rules_of(p);
    return https_api_next_open(p->certificate, p->key, &rules, out, why);
}
