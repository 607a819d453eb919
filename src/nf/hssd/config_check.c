#include "nf/hssd/config_values.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#define VENDOR_3GPP 10415u

static void identity(struct checker *k, const struct raw_config *raw, struct hssd_config *c)
{
    check_section(k, "%s", "");
    c->origin_host = check_identity(k, "origin_host", raw->origin_host);
    c->origin_realm = check_identity(k, "origin_realm", raw->origin_realm);
    c->plmns = check_plmns(k, "plmns", raw->plmns, raw->plmns_count);
    c->n_plmns = c->plmns != NULL ? raw->plmns_count : 0;
    c->instance = (unsigned)check_number(k, "instance", raw->instance,
                                         (struct check_range){0, HSSD_INSTANCE_MAX, 0});
    c->vendor_id =
        (uint32_t)check_number(k, "vendor_id", raw->vendor_id,
                               (struct check_range){1, UINT32_MAX, HSSD_VENDOR_ID_DEFAULT});
    if (c->vendor_id == VENDOR_3GPP) {
        check_wrong(k, "vendor_id", "10415 is 3GPP's, whose AVP codes are not ours to use");
    }
}

static void files(struct checker *k, const struct raw_config *raw, struct hssd_config *c)
{
    struct sockaddr_un un;
    check_section(k, "%s", "");
    c->store_path = check_path(k, "store.path", raw->store.path);
    c->key_path = check_path(k, "store.key_file", raw->store.key_file);
    c->admin_socket = check_path(k, "admin.socket", raw->admin.socket);
    if (k->err != E_OK) {
        return;
    }
    if (strcmp(c->store_path, c->key_path) == 0) {
        check_wrong(k, "store.key_file", "is the same file as store.path");
    }
    if (strlen(c->admin_socket) >= sizeof un.sun_path) {
        check_wrong(k, "admin.socket", "the path is longer than the %zu characters a socket has",
                    sizeof un.sun_path - 1);
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

static unsigned bounded(struct checker *k, const char *key, const char *text, unsigned least,
                        unsigned most, unsigned otherwise)
{
    return (unsigned)check_number(k, key, text, (struct check_range){least, most, otherwise});
}

static void buffers(struct checker *k, const struct raw_limits *raw, struct hssd_limits *l)
{
    l->message_size = bounded(k, "message_size", raw->message_size, 4096, 1048576, 16384);
    unsigned receive = l->message_size > 65536 ? l->message_size : 65536;
    unsigned send = l->message_size > 262144 ? l->message_size : 262144;
    l->receive_buffer =
        bounded(k, "receive_buffer", raw->receive_buffer, l->message_size, 16777216, receive);
    l->send_buffer =
        bounded(k, "send_buffer", raw->send_buffer,
                l->message_size > HSSD_SEND_BUFFER_MIN ? l->message_size : HSSD_SEND_BUFFER_MIN,
                16777216, send);
}

static void limits(struct checker *k, const struct raw_limits *raw, struct hssd_limits *l)
{
    struct check_range kept = {100, 100000000, 100000};
    check_section(k, "limits.");
    l->threads = bounded(k, "threads", raw->threads, 0, 16, 0);
    l->connections = bounded(k, "connections", raw->connections, 1, 65536, 1024);
    l->handshakes = bounded(k, "handshakes", raw->handshakes, 1, 65536, 256);
    buffers(k, raw, l);
    l->messages_per_turn = bounded(k, "messages_per_turn", raw->messages_per_turn, 1, 1024, 16);
    l->writer_queue = bounded(k, "writer_queue", raw->writer_queue, 16, 1048576, 4096);
    l->recent_subscribers =
        bounded(k, "recent_subscribers", raw->recent_subscribers, 1024, 16777216, 65536);
    l->events_kept = check_number(k, "events_kept", raw->events_kept, kept);
}

static void timers(struct checker *k, const struct raw_timers *raw, struct hssd_timers *t)
{
    check_section(k, "timers.");
    t->watchdog_seconds = bounded(k, "watchdog_seconds", raw->watchdog_seconds, 6, 3600, 30);
    t->cer_seconds = bounded(k, "cer_seconds", raw->cer_seconds, 1, 60, 10);
    t->request_seconds = bounded(k, "request_seconds", raw->request_seconds, 1, 60, 10);
}

static void logging(struct checker *k, const struct raw_log *raw, struct hssd_config *c)
{
    static const char *const levels[] = {"debug", "info", "warning", "error"};
    check_section(k, "log.");
    c->log_level = (enum log_level)check_choice(k, "level", raw->level, levels, 4, LOG_LEVEL_INFO);
    c->mask_imsi = check_bool(k, "mask_imsi", raw->mask_imsi, false);
}

static void folder_of(struct checker *k, const char *path)
{
    const char *slash = strrchr(path, '/');
    size_t n = slash != NULL ? (size_t)(slash - path) + 1 : 0;
    if (n >= sizeof k->folder) {
        check_wrong(k, "", "the path of the file is too long");
        return;
    }
    memcpy(k->folder, path, n);
    k->folder[n] = '\0';
}

enum err config_check(const struct raw_config *raw, const char *path,
                      const struct config_places *places, struct hssd_config **out,
                      struct config_why *why)
{
    struct checker k = {.places = places, .why = why};
    struct hssd_config *c = check_alloc(&k, 1, sizeof *c);
    if (c == NULL) {
        return E_MEMORY;
    }
    folder_of(&k, path);
    c->path = check_text(&k, "", path);
    identity(&k, raw, c);
    files(&k, raw, c);
    check_listeners(&k, raw, c);
    check_peers(&k, raw, c);
    check_profiles(&k, raw, c);
    alarms(&k, &raw->alarms, &c->alarms);
    limits(&k, &raw->limits, &c->limits);
    timers(&k, &raw->timers, &c->timers);
    logging(&k, &raw->log, c);
    if (k.err != E_OK) {
        hssd_config_free(c);
        return k.err;
    }
    *out = c;
    return E_OK;
}
