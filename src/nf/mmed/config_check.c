#include "nf/mmed/config_raw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_S1 150u   /* MMEname of TS 36.413 9.2.1.77 */
#define TIMER_MAX_S 11160u /* 31 times 6 minutes: the most that a GPRS timer holds */

static void one_plmn(struct checker *k, const char *key, const char *text, struct plmn *out)
{
    if (text == NULL) {
        check_wrong(k, key, "is missing: write the PLMN that this MME serves, such as \"001-01\"");
    } else if (plmn_parse(bytes_of_str(text), out) != E_OK) {
        check_wrong(k, key, "`%.40s` is not a PLMN: write MCC and MNC as in 001-01 or 310-410",
                    text);
    }
}

/* A PrintableString: eNBs are told it. */
static char *s1_name(struct checker *k, const char *key, const char *text)
{
    static const char printable[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                    "0123456789 '()+,-./:=?";
    const char *name = text != NULL ? text : "bindery-mmed";
    size_t n = strlen(name);
    if (n == 0 || n > NAME_MAX_S1 || strspn(name, printable) != n) {
        check_wrong(k, key,
                    "must be 1 to 150 letters, digits, spaces and of '()+,-./:=? : eNBs are told "
                    "it as a PrintableString");
        return NULL;
    }
    return check_text(k, key, name);
}

static void identity(struct checker *k, const struct raw_mme *raw, struct mmed_config *c)
{
    check_section(k, "%s", "");
    c->origin_host = check_identity(k, "origin_host", raw->origin_host);
    c->origin_realm = check_identity(k, "origin_realm", raw->origin_realm);
    c->name = s1_name(k, "name", raw->name);
    c->vendor_id = check_vendor(k, "vendor_id", raw->vendor_id);
    one_plmn(k, "plmn", raw->plmn, &c->plmn);
    c->group_id =
        (uint16_t)check_bounded(k, "mme_group_id", raw->mme_group_id, 0, UINT16_MAX, 0x8001);
    c->code = (uint8_t)check_bounded(k, "mme_code", raw->mme_code, 0, UINT8_MAX, 1);
    c->relative_capacity = (uint8_t)check_bounded(k, "relative_capacity", raw->relative_capacity, 0,
                                                  UINT8_MAX, UINT8_MAX);
    c->admin_socket = check_socket(k, "admin.socket", raw->admin.socket);
    check_admin_https(k, "admin.https.", &raw->admin.https, &c->admin_https);
}

/* Who gives subscriptions asks a site first and may wait 8 s for that. A device waits 15 s, and its
 * attach is over after 14 (emm_onboard.c): what would come then is of no use to anybody. */
static unsigned onboard_ms_of(unsigned request_ms)
{
    const unsigned least = 10000, most = 13000;
    return request_ms < least ? least : request_ms > most ? most : request_ms;
}

static void timers(struct checker *k, const struct raw_mme_timers *raw, struct mmed_config *c)
{
    check_section(k, "timers.");
    c->t3412_s = check_bounded(k, "t3412_seconds", raw->t3412_seconds, 60, TIMER_MAX_S, 3240);
    c->t3402_s = check_bounded(k, "t3402_seconds", raw->t3402_seconds, 60, TIMER_MAX_S, 720);
    c->t3346_s = check_bounded(k, "t3346_seconds", raw->t3346_seconds, 2, TIMER_MAX_S, 60);
    c->implicit_detach_s =
        check_bounded(k, "implicit_detach_seconds", raw->implicit_detach_seconds, 1, 86400, 240);
    c->t3450_ms = 1000 * check_bounded(k, "t3450_seconds", raw->t3450_seconds, 1, 60, 6);
    c->t3460_ms = 1000 * check_bounded(k, "t3460_seconds", raw->t3460_seconds, 1, 60, 6);
    c->t3470_ms = 1000 * check_bounded(k, "t3470_seconds", raw->t3470_seconds, 1, 60, 6);
    c->t3422_ms = 1000 * check_bounded(k, "t3422_seconds", raw->t3422_seconds, 1, 60, 6);
    c->t3489_ms = 1000 * check_bounded(k, "t3489_seconds", raw->t3489_seconds, 1, 60, 4);
    c->attach_ms = 1000 * check_bounded(k, "attach_seconds", raw->attach_seconds, 5, 600, 60);
    c->request_ms = 1000 * check_bounded(k, "request_seconds", raw->request_seconds, 1, 60, 5);
    c->onboard_ms = onboard_ms_of(c->request_ms);
    c->watchdog_seconds = check_bounded(k, "watchdog_seconds", raw->watchdog_seconds, 6, 3600, 30);
    c->reconnect_seconds =
        check_bounded(k, "reconnect_seconds", raw->reconnect_seconds, 1, 3600, 5);
}

static void limits(struct checker *k, const struct raw_mme_limits *raw, struct mmed_limits *l)
{
    struct check_range kept = {100, 1000000, 10000};
    check_section(k, "limits.");
    l->enbs = check_bounded(k, "enbs", raw->enbs, 1, 4096, 256);
    l->ues = check_bounded(k, "ues", raw->ues, 1, 1048576, 100000);
    unsigned most = (unsigned)l->ues;
    l->attaching =
        check_bounded(k, "attaching", raw->attaching, 1, most, most < 8192 ? most : 8192);
    l->hss_pending = check_bounded(k, "hss_pending", raw->hss_pending, 16, 65536, 16384);
    l->events_kept = check_number(k, "events_kept", raw->events_kept, kept);
}

static void logging(struct checker *k, const struct raw_mme_log *raw, struct mmed_config *c)
{
    check_section(k, "log.");
    c->log_level = check_log_level(k, "level", raw->level);
    c->mask_imsi = check_bool(k, "mask_imsi", raw->mask_imsi, false);
}

/* Against the PLMNs of all homes together. */
static void scopes(struct checker *k, const struct mmed_config *c)
{
    size_t n = 0;
    for (size_t i = 0; i < c->n_homes; i++) {
        n += c->homes[i].n_plmns;
    }
    struct plmn *all = check_alloc(k, n, sizeof *all);
    n = 0;
    for (size_t i = 0; all != NULL && i < c->n_homes; i++) {
        for (size_t j = 0; j < c->homes[i].n_plmns; j++) {
            all[n++] = c->homes[i].plmns[j];
        }
    }
    check_admin_scopes(k, "admin.https.", &c->admin_https, all, n);
    free(all);
}

enum err mmed_config_check(const struct config_file *file, const char *path, void **out,
                           struct config_why *why)
{
    const struct raw_mme *raw = file->raw;
    struct checker k = {.places = file->places, .why = why, .record = file->record};
    struct mmed_config *c = check_alloc(&k, 1, sizeof *c);
    if (c == NULL) {
        return E_MEMORY;
    }
    check_folder(&k, path);
    c->path = check_text(&k, "", path);
    identity(&k, raw, c);
    mmed_check_s1(&k, raw, c);
    mmed_check_peers(&k, raw, c);
    mmed_check_homes(&k, raw, c);
    scopes(&k, c);
    timers(&k, &raw->timers, c);
    limits(&k, &raw->limits, &c->limits);
    mmed_check_service(&k, raw, c);
    mmed_check_devid(&k, raw, c);
    mmed_check_provisioning(&k, raw, c);
    check_metrics(&k, &raw->metrics, &c->metrics);
    logging(&k, &raw->log, c);
    if (k.err != E_OK) {
        mmed_config_free(c);
        return k.err;
    }
    *out = c;
    return E_OK;
}
