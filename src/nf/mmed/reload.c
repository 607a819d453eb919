#include "nf/mmed/reload.h"

#include "nf/common/config_read.h"
#include "nf/mmed/admin.h"
#include "nf/mmed/hss.h"
#include "nf/mmed/metrics.h"
#include "nf/mmed/trust.h"

#include <stdio.h>
#include <stdlib.h>

#define DETAIL_MAX 1536u /* of the log line; the event list keeps what fits there */

struct next {                         /* what will count */
    struct mmed_config *config;       /* NULL: the one in force stays, files may be others */
    const struct mmed_config *counts; /* one of the two */
    struct hss_change *peers;
    struct mmed_trust *trust;
    struct metrics_next *metrics;
    struct admin_next *admin;
};

static enum err wrong(struct config_why *why, enum err err, const char *place, const char *sentence)
{
    (void)snprintf(why->place, sizeof why->place, "%s", place);
    (void)snprintf(why->sentence, sizeof why->sentence, "%.300s",
                   sentence[0] != '\0' ? sentence : err_sentence(err));
    return err;
}

/* All that can fail of what serves. */
static enum err interfaces_open(struct mmed *m, struct next *n, struct config_why *why)
{
    const struct mmed_config *c = n->counts;
    struct admin_why admin = {""};
    struct metrics_port_why metrics = {""};
    enum err err = metrics_next_open(m->metrics, &c->metrics, c, &n->metrics, &metrics);
    if (err != E_OK) {
        return wrong(why, err, "metrics", metrics.text);
    }
    err = admin_next_open(mmed_admin_server(m->admin), &c->admin_https, &n->admin, &admin);
    return err == E_OK ? E_OK : wrong(why, err, "admin.https", admin.text);
}

static enum err parts_open(struct mmed *m, struct next *n, struct config_why *why)
{
    struct tls_why tls = {""};
    struct verify_why trust = {""};
    enum err err = hss_change_open(m->hss, n->counts, &n->peers, &tls);
    if (err != E_OK) {
        return wrong(why, err, "peers", tls.text);
    }
    err = trust_make(&n->counts->devid, m->now_ms, &n->trust, &trust);
    if (err != E_OK) {
        return wrong(why, err, "devid", trust.text);
    }
    return interfaces_open(m, n, why);
}

static void parts_drop(struct next *n)
{
    metrics_next_drop(n->metrics);
    admin_next_drop(n->admin);
    hss_change_drop(n->peers);
    trust_close(n->trust);
}

/* The raw trees have exchanged what needs a restart, so that has to be undone too. */
static void config_drop(const struct mmed_config *was, struct next *n)
{
    if (n->config != NULL) {
        mmed_config_reload_undo(was, n->config);
        mmed_config_free(n->config);
        n->config = NULL;
    }
}

/* Where nothing changed the snapshot stays. */
static enum err make(struct mmed *m, struct next *n, struct config_changes *changes,
                     struct config_why *why)
{
    const struct mmed_config *was = m->config;
    if (was->raw == NULL) {
        return wrong(why, E_UNSUPPORTED, "reload", "the configuration was not read from a file");
    }
    enum err err = mmed_config_reload(was, &n->config, changes, why);
    if (err != E_OK) {
        return err;
    }
    if (changes->changed.n == 0) {
        config_drop(was, n);
    }
    n->counts = n->config != NULL ? n->config : was;
    err = parts_open(m, n, why);
    if (err != E_OK) {
        parts_drop(n);
        config_drop(was, n);
        config_changes_free(changes);
    }
    return err;
}

static void take(struct mmed *m, struct next *n)
{
    metrics_next_take(m->metrics, n->metrics);
    admin_next_take(mmed_admin_server(m->admin), n->admin);
    hss_change_take(m->hss, n->peers);
    trust_close(m->trust);
    m->trust = n->trust;
    if (n->config == NULL) {
        return;
    }
    m->config = n->config;
    mmed_emm_config(n->config, &m->emm);
    log_set(m->log, n->config->log_level, n->config->mask_imsi);
    mmed_config_free(m->own); /* one thread: nobody looks into it between two wake-ups */
    m->own = n->config;
}

/*= op-reload */
enum err mmed_reload(struct mmed *m, struct config_changes *changes, struct config_why *why)
{
    struct next n = {.config = NULL};
    char detail[DETAIL_MAX];
    *changes = (struct config_changes){.changed = {NULL, 0}};
    *why = (struct config_why){{0}, {0}};
    enum err err = make(m, &n, changes, why);
    if (err != E_OK) {
        (void)snprintf(detail, sizeof detail, "%s: %s", why->place, why->sentence);
        mmed_event(m, "configuration-refused", NULL, err_name(err), detail);
        return err;
    }
    take(m, &n);
    config_changes_print(changes, detail, sizeof detail);
    mmed_event(m, "configuration-reloaded", NULL, NULL, detail);
    return E_OK;
}

void mmed_reload_now(struct mmed *m)
{
    struct config_changes changes;
    struct config_why why;
    if (mmed_reload(m, &changes, &why) == E_OK) {
        config_changes_free(&changes);
    }
}

void mmed_reload_close(struct mmed *m)
{
    mmed_config_free(m->own);
    m->own = NULL;
}
