#include "nf/hssd/config_raw.h"

#include <cyaml/cyaml.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PEERS_MAX     4096
#define LISTENERS_MAX 64
#define PROFILES_MAX  1024
#define LIST_MAX      4096

#define OPTIONAL (CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL)
#define TEXT(of, member)                                                                           \
    CYAML_FIELD_STRING_PTR(#member, OPTIONAL, struct of, member, 0, CYAML_UNLIMITED)
#define TEXTS(of, member)                                                                          \
    CYAML_FIELD_SEQUENCE(#member, OPTIONAL, struct of, member, &text, 0, LIST_MAX)
#define PART(of, member, fields)                                                                   \
    CYAML_FIELD_MAPPING(#member, CYAML_FLAG_OPTIONAL, struct of, member, fields)
#define PARTS(of, member, entry, max)                                                              \
    CYAML_FIELD_SEQUENCE(#member, OPTIONAL, struct of, member, entry, 0, max)
#define ENTRY(name, of, fields)                                                                    \
    static const cyaml_schema_value_t name = {                                                     \
        CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct of, fields)}

static const cyaml_schema_value_t text = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 0, CYAML_UNLIMITED)};

static const cyaml_schema_field_t listener_fields[] = {
    TEXT(raw_listener, address),
    TEXT(raw_listener, certificate),
    TEXT(raw_listener, key),
    TEXT(raw_listener, ca),
    TEXT(raw_listener, plain_tcp_off_loopback),
    CYAML_FIELD_END,
};
ENTRY(listener, raw_listener, listener_fields);

static const cyaml_schema_field_t peer_fields[] = {
    TEXT(raw_peer, origin_host),
    TEXT(raw_peer, realm),
    TEXT(raw_peer, kind),
    TEXT(raw_peer, role),
    TEXTS(raw_peer, origins),
    TEXTS(raw_peer, realms),
    TEXTS(raw_peer, visited_plmns),
    TEXTS(raw_peer, transports),
    TEXTS(raw_peer, addresses),
    TEXT(raw_peer, connections),
    TEXT(raw_peer, sends_served_imei),
    CYAML_FIELD_END,
};
ENTRY(peer, raw_peer, peer_fields);

static const cyaml_schema_field_t ambr_fields[] = {
    TEXT(raw_ambr, uplink),
    TEXT(raw_ambr, downlink),
    CYAML_FIELD_END,
};
static const cyaml_schema_field_t arp_fields[] = {
    TEXT(raw_arp, priority),
    TEXT(raw_arp, preemption_capability),
    TEXT(raw_arp, preemption_vulnerability),
    CYAML_FIELD_END,
};
static const cyaml_schema_field_t apn_fields[] = {
    TEXT(raw_apn, name), TEXT(raw_apn, context),         TEXT(raw_apn, pdn_type),
    TEXT(raw_apn, qci),  PART(raw_apn, arp, arp_fields), PART(raw_apn, ambr, ambr_fields),
    CYAML_FIELD_END,
};
ENTRY(apn, raw_apn, apn_fields);

static const cyaml_schema_field_t profile_fields[] = {
    TEXT(raw_profile, name),
    TEXT(raw_profile, network_access_mode),
    TEXT(raw_profile, access_restriction_data),
    TEXT(raw_profile, subscribed_periodic_rau_tau_timer),
    TEXT(raw_profile, default_apn),
    PART(raw_profile, ambr, ambr_fields),
    PARTS(raw_profile, apns, &apn, HSSD_APNS_MAX),
    CYAML_FIELD_END,
};
ENTRY(profile, raw_profile, profile_fields);

static const cyaml_schema_field_t store_fields[] = {
    TEXT(raw_store, path),
    TEXT(raw_store, key_file),
    CYAML_FIELD_END,
};
static const cyaml_schema_field_t admin_fields[] = {
    TEXT(raw_admin, socket),
    CYAML_FIELD_END,
};
static const cyaml_schema_field_t alarms_fields[] = {
    TEXT(raw_alarms, suspected_theft_after),
    TEXT(raw_alarms, unconfirmed_vectors_after),
    TEXT(raw_alarms, unconfirmed_raises_theft),
    CYAML_FIELD_END,
};
static const cyaml_schema_field_t limits_fields[] = {
    TEXT(raw_limits, threads),
    TEXT(raw_limits, connections),
    TEXT(raw_limits, handshakes),
    TEXT(raw_limits, message_size),
    TEXT(raw_limits, receive_buffer),
    TEXT(raw_limits, send_buffer),
    TEXT(raw_limits, messages_per_turn),
    TEXT(raw_limits, writer_queue),
    TEXT(raw_limits, recent_subscribers),
    TEXT(raw_limits, events_kept),
    CYAML_FIELD_END,
};
static const cyaml_schema_field_t timers_fields[] = {
    TEXT(raw_timers, watchdog_seconds),
    TEXT(raw_timers, cer_seconds),
    TEXT(raw_timers, request_seconds),
    CYAML_FIELD_END,
};
static const cyaml_schema_field_t log_fields[] = {
    TEXT(raw_log, level),
    TEXT(raw_log, mask_imsi),
    CYAML_FIELD_END,
};
static const cyaml_schema_field_t config_fields[] = {
    TEXT(raw_config, origin_host),
    TEXT(raw_config, origin_realm),
    TEXT(raw_config, instance),
    TEXT(raw_config, vendor_id),
    TEXTS(raw_config, plmns),
    PART(raw_config, store, store_fields),
    PART(raw_config, admin, admin_fields),
    PARTS(raw_config, listeners, &listener, LISTENERS_MAX),
    PARTS(raw_config, peers, &peer, PEERS_MAX),
    PARTS(raw_config, profiles, &profile, PROFILES_MAX),
    PART(raw_config, alarms, alarms_fields),
    PART(raw_config, limits, limits_fields),
    PART(raw_config, timers, timers_fields),
    PART(raw_config, log, log_fields),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t config_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct raw_config, config_fields)};

/* ---- libcyaml's words, caught and put into ours ---- */

struct caught {
    char message[160]; /* the first line: what is wrong */
    size_t line;       /* of the first line of the backtrace: where, or just before */
    size_t column;
};

/* "... (line: 3, column: 4)" */
static void place_of(const char *said, struct caught *c)
{
    char *rest = NULL;
    c->line = strtoul(said + strlen("(line: "), &rest, 10);
    const char *column = strstr(rest, "column: ");
    c->column = column != NULL ? strtoul(column + strlen("column: "), NULL, 10) : 0;
}

static void hear(cyaml_log_t level, void *ctx, const char *fmt, va_list args)
    __attribute__((format(printf, 3, 0)));
static void hear(cyaml_log_t level, void *ctx, const char *fmt, va_list args)
{
    struct caught *c = ctx;
    char line[256];
    (void)level;
    vsnprintf(line, sizeof line, fmt, args);
    line[strcspn(line, "\n")] = '\0';
    const char *at = strstr(line, "(line: ");
    if (at != NULL && c->line == 0) {
        place_of(at, c);
    } else if (at == NULL && c->message[0] == '\0') {
        const char *said = strncmp(line, "Load: ", 6) == 0 ? line + 6 : line;
        snprintf(c->message, sizeof c->message, "%.150s", said);
    }
}

static const cyaml_config_t *cyaml_of(struct caught *c, cyaml_config_t *config)
{
    *config = (cyaml_config_t){.log_fn = hear,
                               .log_ctx = c,
                               .mem_fn = cyaml_mem,
                               .log_level = CYAML_LOG_ERROR,
                               .flags = CYAML_CFG_NO_ALIAS};
    return config;
}

static const char *after(const char *message, const char *prefix)
{
    size_t n = strlen(prefix);
    return strncmp(message, prefix, n) == 0 ? message + n : NULL;
}

static void expected(const struct caught *c, char *out, size_t room)
{
    const char *kind = after(c->message, "Expecting ");
    if (kind != NULL && strncmp(kind, "STRING", 6) == 0) {
        snprintf(out, room, "must be one value, not a list and not a group of keys");
    } else if (kind != NULL && strncmp(kind, "SEQUENCE", 8) == 0) {
        snprintf(out, room, "must be a list: write `[a, b]`, or each entry on a line after `- `");
    } else if (kind != NULL && strncmp(kind, "MAPPING", 7) == 0) {
        snprintf(out, room, "must be a group of `key: value` lines");
    } else {
        snprintf(out, room, "%.150s", c->message[0] != '\0' ? c->message : "cannot be read");
    }
}

static enum err wrong(const struct caught *c, const struct config_places *places,
                      struct config_why *why)
{
    const char *key = after(c->message, "Unexpected key: ");
    const char *twice = after(c->message, "Mapping field already seen: ");
    size_t line = c->line > 0 ? c->line : 1;
    if (key != NULL) {
        config_place_after(places, key, line, why->place, sizeof why->place);
        snprintf(why->sentence, sizeof why->sentence,
                 "there is no key `%.64s` here: see docs/configuration.md for those there are",
                 key);
    } else if (twice != NULL) {
        config_place_after(places, twice, line + 1, why->place, sizeof why->place);
        snprintf(why->sentence, sizeof why->sentence, "the key `%.64s` is here twice: keep one",
                 twice);
    } else {
        config_place_at(places, line, c->column > 0 ? c->column : 1, why->place, sizeof why->place);
        expected(c, why->sentence, sizeof why->sentence);
    }
    return E_BAD_VALUE;
}

enum err config_raw_read(struct bytes yaml, const struct config_places *places,
                         struct raw_config **out, struct config_why *why)
{
    struct caught c = {0};
    cyaml_config_t config;
    cyaml_data_t *data = NULL;
    cyaml_err_t err =
        cyaml_load_data(yaml.p, yaml.n, cyaml_of(&c, &config), &config_schema, &data, NULL);
    if (err == CYAML_ERR_OOM) {
        return E_MEMORY;
    }
    if (err != CYAML_OK) {
        return wrong(&c, places, why);
    }
    if (data == NULL) {
        config_place_at(places, 1, 1, why->place, sizeof why->place);
        snprintf(why->sentence, sizeof why->sentence, "the file is empty: see examples/hssd.yaml");
        return E_BAD_VALUE;
    }
    *out = data;
    return E_OK;
}

void config_raw_free(struct raw_config *raw)
{
    struct caught c = {0};
    cyaml_config_t config;
    (void)cyaml_free(cyaml_of(&c, &config), &config_schema, raw, 0); /* fails on NULL config only */
}
