#include "nf/arpfd/api.h"

#include "nf/common/dimsi_json.h"

#include <stdlib.h>
#include <string.h>

#define OK      200u
#define SP_ROLE (1U << VERIFY_ROLE_SERVICE_PROVIDER)
#define AUSF    (1U << VERIFY_ROLE_AUSF)
#define MEMBERS " credentials delegation encrypt_to "
#define PAGE    " after limit "

struct arpfd_call {
    struct https_api_call api; /* first */
    struct plmn asks;          /* of a client with the role ausf */
    struct release *release;
    enum dimsi_cause cause;
    struct arpfd_call *next;
};

static struct arpfd_call *own(struct https_api_call *c)
{
    return (struct arpfd_call *)(void *)c;
}

static void refuse(struct https_api_call *c, enum dimsi_cause cause, const char *detail)
{
    https_api_refuse(c, dimsi_status(cause), dimsi_cause_name(cause), dimsi_cause_sentence(cause),
                     detail);
}

static struct release_desk desk_of(const struct arpfd *a)
{
    return (struct release_desk){a->trust, &a->crypto, a->store, arpfd_wall(a)};
}

/* ---- who comes ---- */

/* A role counts for those who are known by name: by a dNSName, which their CA looked at. */
static bool admit(void *ctx, struct https_api_call *c)
{
    const struct arpfd *a = ctx;
    const struct verify_peer *peer = c->call.peer;
    const char *name = peer->dns_named ? peer->name : "";
    const struct arpfd_operator *o = arpfd_config_operator(a->trust->config, name);
    if (o != NULL) {
        own(c)->asks = o->plmn;
    } else {
        c->roles &= ~AUSF;
    }
    if (!arpfd_config_is_sp(a->trust->config, name)) {
        c->roles &= ~SP_ROLE;
    }
    if (c->roles == 0) {
        https_api_refuse_as(c, HTTPS_API_NOT_ALLOWED,
                            "no service provider and no operator of this name is known here");
    }
    return c->roles != 0;
}

static void end(void *ctx, struct https_api_call *c)
{
    struct release *r = own(c)->release;
    (void)ctx;
    if (r != NULL) {
        wipe(r, sizeof *r);
        free(r);
    }
}

/* ---- 0-a ---- */

/*= dimsi-0a */
static void get_certificate(void *ctx, struct https_api_call *c)
{
    const struct arpfd *a = ctx;
    size_t n = 0;
    const struct bytes *chain = eck_chain(a->trust->agreement[0], &n);
    https_api_show(c, OK,
                   json_pack("{s:s,s:o}", "name", a->config->name.text, "certificates",
                             dimsi_json_of_chain(chain, n)));
}

/* ---- 0-e ---- */

static bool read_request(struct https_api_call *c, struct dimsi_json_space *space,
                         struct release_request *out)
{
    struct dimsi_json_fault fault;
    *out = (struct release_request){.dimsi = c->imsi, .asks = own(c)->asks};
    if (!dimsi_json_offer(c->body, space, &out->offer, &fault) ||
        !dimsi_json_chain(https_api_member(c, "encrypt_to"), "encrypt_to", space, out->encrypt_to,
                          &out->n_encrypt_to, &fault)) {
        refuse(c, DIMSI_UNREADABLE, fault.text);
        return false;
    }
    return true;
}

/* Its place in the commit of this turn. */
static void wait_for_commit(struct arpfd *a, struct https_api_call *c)
{
    https_api_wait(c);
    *a->last = own(c);
    a->last = &own(c)->next;
}

/*= dimsi-0e-verify */
static void put_release(void *ctx, struct https_api_call *c)
{
    struct arpfd *a = ctx;
    struct release_request request;
    const struct release_desk desk = desk_of(a);
    const char *detail = NULL;
    struct dimsi_json_space *space = malloc(sizeof *space);
    struct release *r = own(c)->release = calloc(1, sizeof *r);
    if (space == NULL || r == NULL) {
        https_api_refuse_as(c, HTTPS_API_NO_MEMORY, NULL);
        free(space);
        return;
    }
    space->n = 0;
    if (read_request(c, space, &request)) {
        const enum dimsi_cause cause = release_prepare(&desk, &request, r, &detail);
        if (cause == DIMSI_NONE) {
            wait_for_commit(a, c);
        } else {
            refuse(c, cause, detail);
        }
    }
    free(space);
}

static json_t *answer_of(const struct arpfd *a, const struct release *r)
{
    size_t n = 0;
    const struct arpf_endorsed *e = &r->row.endorsed;
    const struct bytes *chain = eck_chain(a->trust->endorser_chain, &n);
    return json_pack(
        "{s:I,s:o,s:o}", "number", (json_int_t)r->row.number, "key",
        dimsi_json_of_octets(BYTES_OF(r->box)), "endorsement",
        dimsi_json_of_signed((struct bytes){e->content, e->n}, BYTES_OF(e->signature), chain, n));
}

static void log_release(const struct arpfd *a, const struct release *r)
{
    char token[2 * 32 + 1], target[PLMN_TEXT_MAX];
    hex_encode(BYTES_OF(r->row.token), token);
    plmn_print(&r->offered.delegation.target, target);
    const struct log_field fields[] = {
        LOG_FIELD_IMSI(&r->row.dimsi),    LOG_FIELD_UINT("number", r->row.number),
        LOG_FIELD_STR("target", target),  LOG_FIELD_STR("sp", r->row.sp),
        LOG_FIELD_STR("token", token),    LOG_FIELD_UINT("delegation", r->row.delegation),
        LOG_FIELD_BOOL("again", r->again)};
    log_line(a->log, LOG_LEVEL_INFO, "released", fields, sizeof fields / sizeof fields[0]);
}

/* It is on record. */
static void give(struct arpfd *a, const struct release_desk *desk, struct arpfd_call *call)
{
    struct release *r = call->release;
    a->counts.releases += !r->again;
    a->counts.dimsis += !r->again && r->row.number == 1;
    a->again += r->again;
    log_release(a, r);
    const enum dimsi_cause cause = release_seal(desk, r);
    if (cause == DIMSI_NONE) {
        https_api_show(&call->api, OK, answer_of(a, r));
    } else {
        refuse(&call->api, cause, NULL);
    }
}

/* A row that cannot be read is its own dIMSI's matter and nobody else's: nothing was written. */
static void log_unrecorded(const struct arpfd *a, const struct release *r)
{
    const struct log_field fields[] = {LOG_FIELD_IMSI(&r->offered.atk.dimsi)};
    log_limited(a->log, LOG_LEVEL_ERROR, "record-unusable", fields, 1);
}

/* Decides and records each; false: the store failed, and nothing of it is there. After a write that
 * failed the batch takes no more, and the commit says so. */
static bool record_all(struct arpfd *a, const struct release_desk *desk, struct arpfd_call *first)
{
    if (arpf_store_begin(a->store) != E_OK) {
        return false;
    }
    for (struct arpfd_call *c = first; c != NULL; c = c->next) {
        c->cause = release_record(desk, c->release);
        if (c->cause == DIMSI_STORE) {
            log_unrecorded(a, c->release);
        }
    }
    a->commits++;
    return arpf_store_commit(a->store) == E_OK;
}

/*= dimsi-release-record dimsi-durable */
void api_turn(struct arpfd *a)
{
    struct arpfd_call *c = a->waiting, *next;
    a->waiting = NULL;
    a->last = &a->waiting;
    if (c == NULL) {
        return;
    }
    const struct release_desk desk = desk_of(a);
    const bool ok = record_all(a, &desk, c);
    a->commit_failing = !ok;
    if (!ok) {
        log_limited(a->log, LOG_LEVEL_ERROR, "store-failed", NULL, 0);
    }
    for (; c != NULL; c = next) {
        next = c->next; /* what is answered may be gone */
        if (!ok) {
            refuse(&c->api, DIMSI_STORE, NULL);
        } else if (c->cause != DIMSI_NONE) {
            refuse(&c->api, c->cause, NULL);
        } else {
            give(a, &desk, c);
        }
        https_api_resume(&c->api);
    }
}

/* ---- what became of it ---- */

static bool is_own(const struct https_api_call *c, const struct arpf_release *row)
{
    uint8_t target[PLMN_LEN];
    if ((c->roles & SP_ROLE) != 0 && strcmp(row->sp, c->call.peer->name) == 0) {
        return true;
    }
    if ((c->roles & AUSF) == 0) {
        return false;
    }
    plmn_to_octets(&((const struct arpfd_call *)(const void *)c)->asks, target);
    return memcmp(target, row->target, sizeof target) == 0;
}

/* Somebody else's is as one that is not there. */
static void get_release(void *ctx, struct https_api_call *c)
{
    struct arpfd *a = ctx;
    struct arpf_release row;
    const enum err err = arpf_store_find(a->store, &c->imsi, &row);
    if (err == E_NOT_FOUND || (err == E_OK && !is_own(c, &row))) {
        refuse(c, DIMSI_NOT_FOUND, NULL);
    } else if (err != E_OK) {
        refuse(c, DIMSI_STORE, NULL);
    } else {
        https_api_show(c, OK, view_release(&row));
    }
}

static void get_releases(void *ctx, struct https_api_call *c)
{
    struct arpfd *a = ctx;
    struct imsi after = {.n = 0};
    uint8_t target[PLMN_LEN];
    size_t limit = 0;
    if (!https_api_param_imsi(c, "after", &after) || !https_api_param_limit(c, &limit)) {
        return;
    }
    struct arpf_filter filter = {.sp = c->call.peer->name};
    if ((c->roles & SP_ROLE) == 0) {
        plmn_to_octets(&own(c)->asks, target);
        filter = (struct arpf_filter){.target = target};
    }
    struct view_list l = {.rows = json_array()};
    if (arpf_store_list(a->store, &filter, &after, limit, view_list_add, &l) != E_OK) {
        json_decref(l.rows);
        refuse(c, DIMSI_STORE, NULL);
        return;
    }
    https_api_show(c, OK, view_list_end(&l, limit));
}

static enum err revoke(struct arpfd *a, const struct https_api_call *c, uint64_t number,
                       uint64_t *now)
{
    enum err err = arpf_store_begin(a->store);
    if (err != E_OK) {
        return err;
    }
    err = arpf_store_revoke(a->store, c->digest, c->call.peer->name, number,
                            a->trust->config->revocations_most, now);
    if (err != E_OK) {
        arpf_store_rollback(a->store);
        return err;
    }
    return arpf_store_commit(a->store);
}

/*= dimsi-release-once */
static void put_revocation(void *ctx, struct https_api_call *c)
{
    struct arpfd *a = ctx;
    uint64_t now = 0;
    char token[2 * 32 + 1];
    const int64_t number = https_api_number(c, "number", 1, INT64_MAX);
    if (!https_api_ok(c)) {
        return;
    }
    const enum err err = revoke(a, c, (uint64_t)number, &now);
    if (err == E_NO_ROOM) {
        refuse(c, DIMSI_QUOTA, "it has revoked as many tokens as it may have on record");
        return;
    }
    a->commit_failing = err != E_OK;
    if (err != E_OK) {
        log_limited(a->log, LOG_LEVEL_ERROR, "store-failed", NULL, 0);
        refuse(c, DIMSI_STORE, NULL);
        return;
    }
    a->counts.revocations++;
    hex_encode(BYTES_OF(c->digest), token);
    const struct log_field fields[] = {LOG_FIELD_STR("sp", c->call.peer->name),
                                       LOG_FIELD_STR("token", token),
                                       LOG_FIELD_UINT("number", now)};
    log_line(a->log, LOG_LEVEL_INFO, "revoked", fields, sizeof fields / sizeof fields[0]);
    https_api_show(c, OK, json_pack("{s:s,s:I}", "token", token, "number", (json_int_t)now));
}

/* ---- the paths ---- */

static const struct https_api_route routes[] = {
    {"GET", "/v1/certificate", SP_ROLE | AUSF, .handle = get_certificate},
    {"PUT", "/v1/releases/{dimsi}", AUSF, .members = MEMBERS, .handle = put_release},
    {"GET", "/v1/releases/{dimsi}", SP_ROLE | AUSF, .handle = get_release},
    {"GET", "/v1/releases", SP_ROLE | AUSF, .parameters = PAGE, .handle = get_releases},
    {"PUT", "/v1/revocations/{token}", SP_ROLE, .members = " number ", .handle = put_revocation},
};

static uint64_t clock_now(void *ctx)
{
    const struct arpfd *a = ctx;
    return a->now_ms(a->clock);
}

static int64_t clock_wall(void *ctx)
{
    return arpfd_wall(ctx);
}

enum err api_open(struct arpfd *a, struct uv_loop_s *loop, struct arpfd_why *why)
{
    const struct arpfd_config *c = a->config;
    struct https_why said = {.text = ""};
    const struct https_api_options options = {
        .routes = routes,
        .n_routes = sizeof routes / sizeof routes[0],
        .ctx = a,
        .admit = admit,
        .end = end,
        .call_size = sizeof(struct arpfd_call),
        .log = a->log,
        .address = c->address,
        .certificate = c->certificate,
        .key = c->key,
        .rules = {c->ca, c->crl, c->requests_per_second, c->burst},
        .limits = c->limits,
        .now_ms = a->now_ms != NULL ? clock_now : NULL,
        .wall_s = clock_wall};
    const enum err err = https_api_open(&options, loop, &a->api, &said);
    if (err != E_OK) {
        (void)memcpy(why->text, said.text, sizeof said.text);
    }
    return err;
}
