#include "nf/hssd/admin_view.h"

#include "base/version.h"
#include "nf/common/admin_call.h"
#include "nf/hssd/admin_eir.h"
#include "nf/hssd/kme_pool.h"
#include "nf/hssd/lots.h"
#include "nf/hssd/onboarding.h"
#include "nf/hssd/peers.h"
#include "nf/hssd/proof.h"
#include "proc/binding.h"
#include "proc/devid.h"

#include <stdio.h>

static json_t *view_serving(const struct store_serving *s)
{
    char plmn_text[PLMN_TEXT_MAX] = "";
    struct plmn plmn;
    if (s->host[0] == '\0') {
        return json_null();
    }
    if (plmn_from_octets(s->plmn, &plmn) == E_OK) {
        plmn_print(&plmn, plmn_text);
    }
    return json_pack("{s:s,s:s,s:s,s:b,s:I}", "host", s->host, "realm", s->realm, "plmn", plmn_text,
                     "purged", (int)s->purged, "since", (json_int_t)s->since);
}

static json_t *view_devices(const struct store_device *devices, size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; list != NULL && i < n; i++) {
        (void)json_array_append_new(list, view_device(&devices[i], false));
    }
    return list;
}

static void print_policy(uint8_t bits, char out[static DEVID_POLICY_TEXT])
{
    struct devid_policy policy = {.wanted = false};
    if (devid_policy_of_bits(bits, &policy) == E_OK) {
        devid_policy_print(&policy, out);
    } else {
        snprintf(out, DEVID_POLICY_TEXT, "unknown");
    }
}

json_t *view_subscriber(const struct store_subscriber *s, const struct store_device *devices,
                        size_t n)
{
    char proof[DEVID_POLICY_TEXT];
    print_policy(s->proof, proof);
    json_t *o = json_pack("{s:s,s:s,s:s,s:s,s:s,s:o,s:b,s:b,s:I,s:o,s:o,s:I}", "imsi",
                          s->imsi.digits, "algorithm", aka_algorithm_name(s->keys.algorithm),
                          "policy", binding_policy_name((enum binding_policy)s->policy), "proof",
                          proof, "profile", s->profile, "msisdn", admin_text_or_null(s->msisdn),
                          "suspended", (int)s->suspended, "pending", (int)s->pending, "version",
                          (json_int_t)s->version, "serving", view_serving(&s->serving), "last_imei",
                          s->has_last_imei ? json_string(s->last_imei.digits) : json_null(),
                          "binding_failures", (json_int_t)s->binding_failures);
    if (o != NULL && devices != NULL) {
        (void)json_object_set_new(o, "devices", view_devices(devices, n));
    }
    return o;
}

static json_t *view_form(uint8_t form)
{
    return form != 0 ? json_string(binding_form_name(form)) : json_null();
}

static json_t *view_memory(const struct store_memory *m)
{
    return json_pack("{s:s,s:I,s:o,s:I,s:I}", "imei", m->imei.digits, "until", (json_int_t)m->until,
                     "form", view_form(m->form), "serial", (json_int_t)m->serial, "at",
                     (json_int_t)m->at);
}

static json_t *view_outcome(const struct store_outcome *o)
{
    json_t *v = json_pack("{s:s,s:s,s:s,s:o,s:I}", "imei", o->imei.digits, "result",
                          devid_result_name((enum devid_result)o->result), "cause", o->cause,
                          "form", view_form(o->form), "at", (json_int_t)o->at);
    if (v != NULL) {
        (void)json_object_set_new(v, "serial",
                                  o->form != 0 ? json_integer((json_int_t)o->serial) : json_null());
    }
    return v;
}

void view_add_proof(json_t *subscriber, const struct store_proof *proof, uint32_t remember_seconds)
{
    if (subscriber != NULL && proof->known) {
        (void)json_object_set_new(subscriber, "proof_last", view_outcome(&proof->last));
    }
    if (subscriber != NULL &&
        proof_is_remembered(proof, NULL, remember_seconds, hssd_unix_seconds())) {
        (void)json_object_set_new(subscriber, "proof_remembered", view_memory(&proof->memory));
    }
}

/* Of what is over only the wish is left. */
void view_add_kme(json_t *subscriber, const struct kme_home *kme)
{
    static const char *const phases[] = {
        [KME_IDLE] = "idle", [KME_OFFERED] = "offered", [KME_TAKEN] = "taken"};
    bool idle = kme->phase == KME_IDLE;
    json_t *o = json_pack(
        "{s:s,s:o,s:s,s:o,s:o}", "request", kme_request_name(kme->request), "request_imei",
        kme->request_has_imei ? json_string(kme->request_imei.digits) : json_null(), "phase",
        phases[kme->phase], "due", idle ? json_null() : json_string(kme_due_name(kme->due)),
        "expires", idle ? json_null() : json_integer((json_int_t)kme->expires));
    if (subscriber != NULL && o != NULL) {
        (void)json_object_set_new(subscriber, "kme", o);
    } else {
        json_decref(o);
    }
}

void view_add_onboarding(json_t *subscriber, const struct store_onboarding *row)
{
    char device[ONBOARDING_NAME_MAX];
    onboarding_name(&row->key, device);
    if (subscriber != NULL) {
        (void)json_object_set_new(subscriber, "onboarding",
                                  row->phase != CERTATTACH_PHASE_NEW ? json_string(device)
                                                                     : json_null());
    }
}

static json_t *view_what(uint8_t what)
{
    static const struct {
        uint8_t bit;
        const char *name;
    } names[] = {{STORE_PUSH_DATA, "insert"},
                 {STORE_PUSH_DROP_MSISDN, "delete-msisdn"},
                 {STORE_PUSH_DROP_TIMER, "delete-rau-tau-timer"},
                 {STORE_PUSH_WITHDRAW, "cancel"}};
    json_t *list = json_array();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if ((what & names[i].bit) != 0) {
            (void)json_array_append_new(list, json_string(names[i].name));
        }
    }
    return list;
}

void view_add_waiting(json_t *subscriber, const struct store_push *rows, size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; i < n; i++) {
        const struct store_push *p = &rows[i];
        (void)json_array_append_new(list,
                                    json_pack("{s:s,s:o,s:o,s:I,s:o,s:o}", "host", p->host, "what",
                                              view_what(p->what), "since", admin_time(p->since),
                                              "tries", (json_int_t)p->tries, "next_try",
                                              p->tries > 0 ? admin_time(p->next_try) : json_null(),
                                              "cause", admin_text_or_null(p->cause)));
    }
    if (subscriber != NULL) {
        (void)json_object_set_new(subscriber, "waiting", list);
    } else {
        json_decref(list);
    }
}

static json_t *view_seconds(int64_t at)
{
    return at != 0 ? json_integer((json_int_t)at) : json_null();
}

json_t *view_device(const struct store_device *d, bool with_imsi)
{
    json_t *o =
        json_pack("{s:s,s:b,s:b,s:o,s:o,s:o}", "imei", d->imei.digits, "has_kme", (int)d->has_kme,
                  "has_previous", (int)d->has_previous, "kme_since", view_seconds(d->kme_since),
                  "kme_lot", admin_text_or_null(d->kme_lot), "kme_used", view_seconds(d->kme_used));
    if (o != NULL && with_imsi) {
        (void)json_object_set_new(o, "imsi", json_string(d->imsi.digits));
    }
    return o;
}

json_t *view_event(const struct store_event *e)
{
    return json_pack("{s:I,s:o,s:s,s:o,s:o,s:o,s:o,s:o}", "id", (json_int_t)e->id, "time",
                     admin_time(e->at_ms), "name", e->name, "imsi", admin_text_or_null(e->imsi),
                     "imei", admin_text_or_null(e->imei), "peer", admin_text_or_null(e->peer),
                     "cause", admin_text_or_null(e->cause), "detail",
                     admin_text_or_null(e->detail));
}

static json_t *view_counters(struct hssd *h)
{
    json_t *o = json_object();
#define X(name)                                                                                    \
    (void)json_object_set_new(                                                                     \
        o, #name,                                                                                  \
        json_integer((json_int_t)atomic_load_explicit(&h->counters.name, memory_order_relaxed)));
    HSSD_COUNTERS(X)
#undef X
    return o;
}

static json_t *view_peer(struct hssd_peer_state *p)
{
    const struct hssd_peer *c = p->peer;
    return json_pack(
        "{s:s,s:s,s:s,s:s,s:I,s:I,s:I}", "origin_host", c->origin_host, "realm", c->realm, "kind",
        c->kind == HSSD_PEER_AGENT ? "agent" : "end", "role", hssd_role_name(c->role),
        "connections", (json_int_t)atomic_load(&p->connections), "requests",
        (json_int_t)atomic_load(&p->requests), "answers", (json_int_t)atomic_load(&p->answers));
}

static json_t *view_peers(struct hssd *h)
{
    json_t *list = json_array();
    size_t n = 0;
    struct hssd_peer_state *const *peers = hssd_peers_all(h, &n);
    for (size_t i = 0; i < n; i++) {
        (void)json_array_append_new(list, view_peer(peers[i]));
    }
    return list;
}

static const char *state_name(const struct repository_state *s)
{
    return s->state == REPOSITORY_UP ? "up" : s->state == REPOSITORY_DOWN ? "down" : "untried";
}

static json_t *view_repository(const struct repository_state *s)
{
    int64_t for_ms = (int64_t)(hssd_monotonic_ms() - s->since_ms);
    json_t *o = json_pack("{s:s,s:s,s:s,s:o,s:o,s:I,s:i}", "name", s->repository->name, "url",
                          s->repository->url, "state", state_name(s), "cause",
                          s->state == REPOSITORY_DOWN ? json_string(devid_cause_name(s->cause))
                                                      : json_null(),
                          "since", admin_time(hssd_unix_seconds() * 1000 - for_ms), "cursor",
                          (json_int_t)s->cursor, "waiting", (int)s->waiting);
#define X(name)                                                                                    \
    if (o != NULL) {                                                                               \
        (void)json_object_set_new(o, #name, json_integer((json_int_t)s->name));                    \
    }
    REPOSITORY_COUNTERS(X)
#undef X
    return o;
}

json_t *view_repositories(struct hssd *h)
{
    json_t *list = json_array();
    size_t n = h->repositories != NULL ? repositories_count(h->repositories) : 0;
    uint64_t cached = h->repositories != NULL ? repositories_cached(h->repositories) : 0;
    for (size_t i = 0; i < n; i++) {
        struct repository_state s;
        repositories_state(h->repositories, i, &s);
        (void)json_array_append_new(list, view_repository(&s));
    }
    return json_pack("{s:o,s:I}", "repositories", list, "cached", (json_int_t)cached);
}

static json_t *view_listeners(const struct hssd_config *config, const struct address *bound)
{
    json_t *list = json_array();
    for (size_t i = 0; i < config->n_listeners; i++) {
        struct address_text text = address_print(&bound[i]);
        (void)json_array_append_new(list, json_pack("{s:s}", "address", text.s));
    }
    return list;
}

static unsigned payloads_waiting(const struct hssd *h)
{
    return h->kme_pool != NULL ? kme_pool_waiting(h->kme_pool) : 0;
}

json_t *view_status(struct hssd *h, const struct address *bound, uint64_t subscribers,
                    uint64_t devices, json_t *onboarding)
{
    const struct hssd_config *c = h->config;
    return json_pack(
        "{s:s,s:s,s:s,s:s,s:i,s:o,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:o,s:o,s:o,s:o,s:o,s:o}", "program",
        "bindery-hssd", "version", BINDERY_VERSION, "origin_host", c->origin_host, "origin_realm",
        c->origin_realm, "instance", (int)c->instance, "started",
        admin_time(h->started_unix * 1000), "uptime_seconds",
        (json_int_t)(hssd_unix_seconds() - h->started_unix), "threads", (json_int_t)h->n_threads,
        "subscribers", (json_int_t)subscribers, "devices", (json_int_t)devices, "writer_waiting",
        (json_int_t)writer_depth(h->writer), "payloads_waiting", (json_int_t)payloads_waiting(h),
        "lots", (json_int_t)lots_count(h->lots), "listeners", view_listeners(c, bound), "peers",
        view_peers(h), "eir", admin_eir_in_force(h), "devid", view_repositories(h), "onboarding",
        onboarding, "counters", view_counters(h));
}
