#include "nf/hssd/config_raw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void identity(struct checker *k, const struct raw_config *raw, struct hssd_config *c)
{
    check_section(k, "%s", "");
    c->origin_host = check_identity(k, "origin_host", raw->origin_host);
    c->origin_realm = check_identity(k, "origin_realm", raw->origin_realm);
    c->plmns = check_plmns(k, "plmns", raw->plmns, raw->plmns_count);
    c->n_plmns = c->plmns != NULL ? raw->plmns_count : 0;
    c->instance = (unsigned)check_number(k, "instance", raw->instance,
                                         (struct check_range){0, HSSD_INSTANCE_MAX, 0});
    c->vendor_id = check_vendor(k, "vendor_id", raw->vendor_id);
}

static void files(struct checker *k, const struct raw_config *raw, struct hssd_config *c)
{
    check_section(k, "%s", "");
    c->store_path = check_path(k, "store.path", raw->store.path);
    c->key_path = check_path(k, "store.key_file", raw->store.key_file);
    if (raw->store.backup_folder != NULL) {
        c->backup_folder = check_path(k, "store.backup_folder", raw->store.backup_folder);
    }
    c->admin_socket = check_socket(k, "admin.socket", raw->admin.socket);
    check_admin_https(k, "admin.https.", &raw->admin.https, &c->admin_https);
    check_admin_scopes(k, "admin.https.", &c->admin_https, c->plmns, c->n_plmns);
    check_section(k, "%s", "");
    if (k->err == E_OK && strcmp(c->store_path, c->key_path) == 0) {
        check_wrong(k, "store.key_file", "is the same file as store.path");
    }
}

static void alarms(struct checker *k, const struct raw_alarms *raw, struct hssd_alarms *a)
{
    struct check_range failures = {0, 1000000, 3};
    struct check_range vectors = {0, 1000000, 5};
    check_section(k, "alarms.");
    a->suspected_theft_after =
        (uint32_t)check_number(k, "suspected_theft_after", raw->suspected_theft_after, failures);
    a->unconfirmed_vectors_after = (uint32_t)check_number(k, "unconfirmed_vectors_after",
                                                          raw->unconfirmed_vectors_after, vectors);
    a->unconfirmed_raises_theft =
        check_bool(k, "unconfirmed_raises_theft", raw->unconfirmed_raises_theft, false);
}

static void eir(struct checker *k, const struct raw_eir *raw, struct hssd_eir *e)
{
    static const char *const unknown[] = {"refuse", "allow", "grey"};
    static const char *const pairing[] = {"off", "report", "grey", "black"};
    check_section(k, "eir.");
    e->enabled = check_bool(k, "enabled", raw->enabled, false);
    e->policy.unknown =
        (enum eir_unknown)check_choice(k, "unknown", raw->unknown, unknown, 3, EIR_UNKNOWN_REFUSE);
    e->policy.pairing =
        (enum eir_pairing)check_choice(k, "pairing", raw->pairing, pairing, 4, EIR_PAIRING_GREY);
}

static void reset(struct checker *k, const struct raw_reset *raw, struct hssd_config *c)
{
    static const char *const after[] = {"unclean", "always", "never"};
    check_section(k, "reset.");
    c->reset =
        (enum hssd_reset_after)check_choice(k, "after", raw->after, after, 3, HSSD_RESET_UNCLEAN);
    c->reset_pause_seconds = check_bounded(k, "pause_seconds", raw->pause_seconds, 0, 86400, 300);
}

/* What is sent needs room for four of the longest answers; what is received has no chains in it.
 * Inquiries may wait in one half of what is sent, so there is room for more of them. */
static void buffers(struct checker *k, const struct raw_limits *raw, uint32_t answer,
                    struct hssd_limits *l)
{
    l->message_size = check_bounded(k, "message_size", raw->message_size, 4096, 1048576, 16384);
    unsigned receive = l->message_size > 65536 ? l->message_size : 65536;
    unsigned room = (answer == HSSD_ANSWER_LONG ? 96 : 32) * answer;
    unsigned send = l->message_size > room ? l->message_size : room;
    l->receive_buffer =
        check_bounded(k, "receive_buffer", raw->receive_buffer, l->message_size, 16777216, receive);
    unsigned least = l->message_size > 4 * answer ? l->message_size : 4 * answer;
    l->send_buffer = check_bounded(k, "send_buffer", raw->send_buffer, least, 16777216, send);
}

static void turns(struct checker *k, const struct raw_limits *raw, struct hssd_limits *l)
{
    l->messages_per_turn =
        check_bounded(k, "messages_per_turn", raw->messages_per_turn, 1, 1024, 16);
    l->wait_of_peer_ms = check_bounded(k, "wait_of_peer_ms", raw->wait_of_peer_ms, 0, 60000, 250);
    l->wait_of_all_ms = check_bounded(k, "wait_of_all_ms", raw->wait_of_all_ms, 0, 60000, 50);
    l->spin_microseconds =
        check_bounded(k, "spin_microseconds", raw->spin_microseconds, 0, 1000, 200);
}

static void limits(struct checker *k, const struct raw_limits *raw, uint32_t answer,
                   struct hssd_limits *l)
{
    struct check_range kept = {100, 100000000, 100000};
    struct check_range rules = {1000, 100000000, 2000000};
    check_section(k, "limits.");
    l->threads = check_bounded(k, "threads", raw->threads, 0, 16, 0);
    l->connections = check_bounded(k, "connections", raw->connections, 1, 65536, 1024);
    l->handshakes = check_bounded(k, "handshakes", raw->handshakes, 1, 65536, 256);
    buffers(k, raw, answer, l);
    turns(k, raw, l);
    l->writer_queue = check_bounded(k, "writer_queue", raw->writer_queue, 16, 1048576, 4096);
    l->recent_subscribers =
        check_bounded(k, "recent_subscribers", raw->recent_subscribers, 1024, 16777216, 65536);
    l->events_kept = check_number(k, "events_kept", raw->events_kept, kept);
    l->eir_rules = check_number(k, "eir_rules", raw->eir_rules, rules);
}

static void timers(struct checker *k, const struct raw_timers *raw, struct hssd_timers *t)
{
    check_section(k, "timers.");
    t->watchdog_seconds = check_bounded(k, "watchdog_seconds", raw->watchdog_seconds, 6, 3600, 30);
    t->cer_seconds = check_bounded(k, "cer_seconds", raw->cer_seconds, 1, 60, 10);
    t->request_seconds = check_bounded(k, "request_seconds", raw->request_seconds, 1, 60, 10);
}

static void logging(struct checker *k, const struct raw_log *raw, struct hssd_config *c)
{
    check_section(k, "log.");
    c->log_level = check_log_level(k, "level", raw->level);
    c->mask_imsi = check_bool(k, "mask_imsi", raw->mask_imsi, false);
}

enum err hssd_config_check(const struct config_file *file, const char *path, void **out,
                           struct config_why *why)
{
    const struct raw_config *raw = file->raw;
    struct checker k = {.places = file->places, .why = why, .record = file->record};
    struct hssd_config *c = check_alloc(&k, 1, sizeof *c);
    if (c == NULL) {
        return E_MEMORY;
    }
    check_folder(&k, path);
    c->path = check_text(&k, "", path);
    identity(&k, raw, c);
    files(&k, raw, c);
    hssd_check_listeners(&k, raw, c);
    hssd_check_peers(&k, raw, c);
    hssd_check_profiles(&k, raw, c);
    alarms(&k, &raw->alarms, &c->alarms);
    eir(&k, &raw->eir, &c->eir);
    reset(&k, &raw->reset, c);
    hssd_check_devid(&k, raw, c);
    hssd_check_kme(&k, raw, c);
    hssd_check_onboarding(&k, raw, c);
    hssd_check_dimsi(&k, raw, c);
    limits(&k, &raw->limits, hssd_config_answer_max(c), &c->limits);
    timers(&k, &raw->timers, &c->timers);
    check_metrics(&k, &raw->metrics, &c->metrics);
    hssd_check_webhooks(&k, raw, c);
    hssd_check_transport_keys(&k, raw, c);
    logging(&k, &raw->log, c);
    if (k.err != E_OK) {
        hssd_config_free(c);
        return k.err;
    }
    *out = c;
    return E_OK;
}
