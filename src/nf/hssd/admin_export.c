#include "nf/hssd/admin_export.h"

#include "nf/hssd/admin_pages.h"
#include "nf/hssd/admin_view.h"

#include "nf/hssd/audit.h"
#include "nf/hssd/key_job.h"
#include "nf/hssd/recent.h"
#include "nf/hssd/transport_keys.h"
#include "proc/sqn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a page is made of. */
struct page {
    struct admin_request *r;
    struct imsi after;
    size_t limit;
    const char *name;         /* of the transport key; NULL: no keys */
    struct transport_key *to; /* or NULL */
    bool checks;              /* what it encrypts says nothing of itself: check values go along */
    struct store_sealed_value damaged; /* place NULL: none was met */
};

/* ---- a row ---- */

static enum err put_hex(json_t *o, const char *name, struct bytes octets)
{
    char hex[2 * TRANSPORT_MAX + 1];
    hex_encode(octets, hex);
    return json_object_set_new(o, name, json_string(hex)) == 0 ? E_OK : E_MEMORY;
}

static enum err put_encrypted(const struct page *p, json_t *o, const char *name, struct bytes key)
{
    uint8_t wrapped[TRANSPORT_MAX];
    size_t n = 0;
    enum err err = transport_wrap(p->to, key, wrapped, &n);
    return err == E_OK ? put_hex(o, name, (struct bytes){wrapped, n}) : err;
}

/* The SQN that was issued last, or could have been: whoever takes the row goes on behind it. */
static enum err put_sqn(const struct page *p, const struct store_subscriber *s, json_t *o)
{
    const struct hssd *h = p->r->h;
    const uint64_t next = recent_next(h->recent, &s->imsi, sqn_glc(&h->clock, hssd_monotonic_ms()));
    const int64_t seq = (int64_t)next + s->dif - 1;
    const uint64_t sqn = sqn_of(seq > 0 ? (uint64_t)seq : 0, h->config->instance);
    uint8_t b[6];
    for (size_t i = 0; i < sizeof b; i++) {
        b[i] = (uint8_t)(sqn >> (8 * (sizeof b - 1 - i)));
    }
    return put_hex(o, "sqn", BYTES_OF(b));
}

static enum err put_keys(const struct page *p, const struct store_subscriber *s, json_t *o)
{
    static const char *const algorithms[] = {[AKA_MILENAGE] = "milenage", [AKA_TUAK] = "tuak"};
    const struct aka_keys *keys = &s->keys;
    const struct bytes k = {keys->k.b, keys->k.n}, opc = {keys->opc.b, keys->opc.n};
    uint8_t kcv[TRANSPORT_KCV];
    (void)json_object_set_new(o, "algorithm", json_string(algorithms[keys->algorithm]));
    if (keys->algorithm == AKA_TUAK) {
        (void)json_object_set_new(o, "res_length", json_integer(keys->res_len));
        (void)json_object_set_new(o, "keccak_iterations", json_integer(keys->keccak_iterations));
    }
    (void)json_object_set_new(o, "transport_key", json_string(p->name));
    enum err err = put_encrypted(p, o, "k_encrypted", k);
    err = err == E_OK ? put_encrypted(p, o, "opc_encrypted", opc) : err;
    if (err == E_OK && p->checks) {
        err = transport_kcv(k, kcv);
        err = err == E_OK ? put_hex(o, "k_kcv", BYTES_OF(kcv)) : err;
    }
    return err == E_OK ? put_sqn(p, s, o) : err;
}

static enum err put_devices(const struct page *p, const struct store_device *devices, size_t n,
                            json_t *o)
{
    json_t *list = json_array();
    enum err err = E_OK;
    for (size_t i = 0; err == E_OK && i < n; i++) {
        json_t *d = json_pack("{s:s}", "imei", devices[i].imei.digits);
        if (p->to != NULL && devices[i].has_kme) {
            err = put_encrypted(p, d, "kme_encrypted", BYTES_OF(devices[i].kme.b));
        }
        (void)json_array_append_new(list, d);
    }
    return json_object_set_new(o, "devices", list) == 0 ? err : E_MEMORY;
}

static enum err row_of(const struct page *p, const struct store_subscriber *s,
                       const struct store_device *devices, size_t n, json_t **out)
{
    static const char *const kept[] = {"imsi", "policy", "proof", "profile", "msisdn", "suspended"};
    json_t *row = view_subscriber(s, NULL, 0), *o = json_object();
    for (size_t i = 0; o != NULL && i < sizeof kept / sizeof kept[0]; i++) {
        json_t *v = json_object_get(row, kept[i]);
        if (v != NULL && !json_is_null(v)) {
            (void)json_object_set(o, kept[i], v);
        }
    }
    json_decref(row);
    enum err err = o == NULL ? E_MEMORY : put_devices(p, devices, n, o);
    if (err == E_OK && p->to != NULL) {
        err = put_keys(p, s, o);
    } else if (err == E_OK) {
        err = json_object_set_new(o, "keys", json_string("left-out")) == 0 ? E_OK : E_MEMORY;
    }
    if (err != E_OK) {
        json_decref(o);
        return err;
    }
    *out = o;
    return E_OK;
}

/* Without opening what is sealed. */
static enum err devices_of(struct store_reader *reader, const struct imsi *imsi,
                           struct store_device out[static STORE_DEVICES_MAX], size_t *n)
{
    size_t read = 0;
    enum err err = store_list_devices(reader, imsi, NULL, out, STORE_DEVICES_MAX, &read);
    *n = 0;
    while (err == E_OK && *n < read && imsi_eq(&out[*n].imsi, imsi)) {
        (*n)++;
    }
    return err;
}

/* Opened only where keys are to leave. */
static enum err read_row(struct page *p, struct store_subscriber *s,
                         struct store_device devices[static STORE_DEVICES_MAX], size_t *n)
{
    if (p->to == NULL) {
        return devices_of(p->r->reader, &s->imsi, devices, n);
    }
    const struct imsi imsi = s->imsi;
    const char *place = "subscriber.keys";
    enum err err = store_read_subscriber(p->r->reader, &imsi, s);
    if (err == E_OK) {
        place = "device";
        err = store_read_devices(p->r->reader, &imsi, devices, n);
    }
    if (err == E_WRONG_KEY) {
        p->damaged = (struct store_sealed_value){.place = place, .imsi = imsi};
    }
    return err;
}

static enum err add_row(struct page *p, struct store_subscriber *s, json_t *list)
{
    struct store_device devices[STORE_DEVICES_MAX];
    size_t n = 0;
    json_t *row = NULL;
    if (!admin_call_sees(&p->r->call, &s->imsi)) {
        return E_OK;
    }
    enum err err = read_row(p, s, devices, &n);
    if (err == E_OK) {
        err = row_of(p, s, devices, n, &row);
    }
    wipe(devices, sizeof devices);
    if (err == E_OK) {
        err = json_array_append_new(list, row) == 0 ? E_OK : E_MEMORY;
    }
    return err == E_NOT_FOUND ? E_OK : err; /* removed between two reads */
}

/*= op-key-export */
static enum err rows_of(struct page *p, json_t *list)
{
    size_t n = 0;
    struct store_subscriber *rows = calloc(p->limit + 1, sizeof *rows);
    enum err err =
        rows == NULL ? E_MEMORY : admin_page_subscribers(p->r, &p->after, rows, p->limit + 1, &n);
    for (size_t i = 0; err == E_OK && i < n && i < p->limit; i++) {
        err = add_row(p, &rows[i], list);
    }
    if (err == E_OK && n > p->limit) {
        json_t *next = json_pack("{s:s}", "next", rows[p->limit - 1].imsi.digits);
        err = next != NULL && json_array_append_new(list, next) == 0 ? E_OK : E_MEMORY;
    }
    if (rows != NULL) {
        wipe(rows, (p->limit + 1) * sizeof *rows);
    }
    free(rows);
    return err;
}

/* ---- a page ---- */

/* What was asked for. False when it was refused. */
static bool page_of(struct admin_request *r, struct page *p)
{
    const char *text = admin_parameter(r, "after");
    *p = (struct page){.r = r, .after = {.n = 0}, .name = admin_parameter(r, "transport_key")};
    if (!admin_call_limit(&r->call, &p->limit)) {
        return false;
    }
    if (p->name != NULL && (*p->name == '\0' || strlen(p->name) >= HSSD_TRANSPORT_NAME_MAX ||
                            strspn(p->name, HSSD_TRANSPORT_NAME_ALPHABET) != strlen(p->name))) {
        return admin_call_parameter_wrong(&r->call, "transport_key",
                                          "is not 1 to 32 letters, digits, dots, hyphens and "
                                          "underscores");
    }
    return text == NULL || imsi_parse(bytes_of_str(text), &p->after) == E_OK ||
           admin_call_parameter_wrong(&r->call, "after", "is no IMSI");
}

/*= op-audit */
/* Reading is not in the audit log, but that somebody wanted keys whom they are not for is. */
static void note_refused(const struct admin_request *r, enum problem problem)
{
    char action[STORE_AUDIT_ACTION_MAX];
    const struct admin_path *at = r->call.at;
    if (problem == PROBLEM_NOT_ALLOWED && at != NULL) {
        (void)snprintf(action, sizeof action, "%s %s", at->method, at->path);
        hssd_audit_refused(r->h, &r->call.who, action, r->target, problem_name(problem));
    }
}

static bool may_leave(const struct page *p, struct admin_fault *fault)
{
    const struct admin_who *who = &p->r->call.who;
    const struct hssd_transport_key *key = hssd_config_transport_key(p->r->h->config, p->name);
    if (!admin_role_may(who->role, ADMIN_ADMINISTRATOR)) {
        return admin_fault_set(
            fault, PROBLEM_NOT_ALLOWED, NULL,
            "%.100s has the role %s, and keys are exported by an administrator only", who->name,
            admin_role_name(who->role));
    }
    return key == NULL || key->may_export ||
           admin_fault_set(fault, PROBLEM_NO_EXPORT, NULL,
                           "the configuration does not say `export: true` of this transport key: "
                           "take one that belongs to whoever is to have the keys");
}

/* Whose keys do not open is what has to be mended before all others can leave. */
static void refuse_page(struct page *p, enum err err)
{
    struct admin_fault fault;
    if (p->damaged.place == NULL) {
        admin_call_refuse_err(&p->r->call, err);
        return;
    }
    hssd_log_damaged(p->r->h, &p->damaged);
    (void)admin_fault_set(&fault, PROBLEM_KEY_FAILED, NULL,
                          "IMSI %s: what is sealed in %s does not open; put it in again or remove "
                          "it, and export again",
                          p->damaged.imsi.digits, p->damaged.place);
    admin_refuse(p->r, &fault);
}

static void answer(struct page *p)
{
    json_t *list = json_array();
    enum err err = list != NULL ? rows_of(p, list) : E_MEMORY;
    if (err != E_OK) {
        json_decref(list);
        refuse_page(p, err);
        return;
    }
    admin_call_lines(&p->r->call, ADMIN_STATUS_OK, list);
}

/* The answer, or the reason why there is none, with the transport key open. With `told` false that
 * it could be given: then the log is told first. */
static void with_keys(struct admin_request *r, bool told);

static enum err tell(struct store_writer *w, struct writer_job *job)
{
    struct admin_request *r = admin_request_of(job);
    const char *after = admin_parameter(r, "after"), *limit = admin_parameter(r, "limit");
    return admin_audit(w, r, NULL,
                       json_pack("{s:s,s:s,s:s?}", "transport_key",
                                 admin_parameter(r, "transport_key"), "after",
                                 after != NULL ? after : "", "limit", limit),
                       "exported");
}

static void told(struct admin_request *r)
{
    if (r->change.job.result != E_OK) {
        admin_call_refuse_err(&r->call, r->change.job.result);
        return;
    }
    with_keys(r, true);
}

static void with_keys(struct admin_request *r, bool was_told)
{
    struct transport_ring ring = {.config = r->h->config};
    struct admin_fault fault;
    struct page p;
    if (!page_of(r, &p)) {
        return;
    }
    const struct hssd_transport_key *key = hssd_config_transport_key(ring.config, p.name);
    p.checks = key != NULL && key->algorithm != TRANSPORT_AES_KW;
    if (!may_leave(&p, &fault) ||
        (p.to = transport_ring_find(&ring, p.name, NULL, &fault)) == NULL) {
        note_refused(r, fault.problem);
        admin_refuse(r, &fault);
    } else if (was_told) {
        answer(&p);
    } else {
        (void)!admin_submit(r, tell, told); /* the answer is set when it fails */
    }
    transport_ring_close(&ring);
}

void admin_export_subscribers(struct admin_request *r)
{
    struct page p;
    if (!page_of(r, &p)) {
        return;
    }
    if (p.name != NULL) {
        with_keys(r, false);
    } else {
        answer(&p);
    }
}
