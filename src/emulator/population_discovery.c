/* How emulated devices discover their operators by a dIMSI, and give up again what came of it. */
#include "emulator/population_parts.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- a device with a secure element ---- */

struct lot_device population_row_of(const struct device_state *s)
{
    struct lot_device row = {.imsi = s->imsi,
                             .has_imei = true,
                             .imei = s->imei,
                             .has_kme = s->me.has_kme,
                             .kme = s->me.kme,
                             .keys = s->usim.keys};
    const size_t slot = device_slot_live(s, 0);
    if (s->imsi.n == 0 && slot < DEVICE_SLOTS_MAX) {
        row.imsi = s->se.slot[slot].dimsi;
    }
    return row;
}

static enum err save(struct population *p, const struct device_state *next)
{
    const enum err err = device_state_save_held(p->path, &p->hold, next, &p->why);
    if (err == E_OK) {
        p->state = *next;
    }
    return err;
}

/*= dimsi-durable */
/* Of a state file: the IMSI is in it before RES leaves. */
static bool store_discovered(void *ctx, size_t slot, const struct imsi *imsi)
{
    struct population *p = ctx;
    struct device_state next = p->state;
    bool good = device_state_discovered(&p->crypto, &next, slot, imsi) == E_OK;
    if (good && p->state.imsi.n == 0) { /* else it is there */
        good = save(p, &next) == E_OK;
    }
    device_state_wipe(&next);
    return good;
}

enum err population_give_discovery(struct population *p, struct device *d,
                                   const struct device_state *s)
{
    d->discovery = discovery_of(s, &p->crypto);
    if (d->discovery == NULL) {
        return E_MEMORY;
    }
    if (s == &p->state) {
        d->discovery->store = store_discovered;
        d->discovery->ctx = p;
    }
    p->key_octets += sizeof *d->discovery;
    return E_OK;
}

/* ---- a subscription comes and goes ---- */

static bool is_from_file(const struct device *d)
{
    return d->discovery->store != NULL;
}

/*= dimsi-trial */
bool population_discovery_trial(struct population *p, struct device *d,
                                const struct bindery_ue_event *event)
{
    struct discovery *x = d->discovery;
    if (d->seeks) {
        return false;
    }
    const struct bindery_ue_trial before = x->trial;
    const bool no_good = bindery_ue_trial_event(&x->trial, event);
    const bool changed = before.confirmed != x->trial.confirmed ||
                         before.challenged != x->trial.challenged ||
                         before.failures != x->trial.failures;
    if (changed && !no_good && is_from_file(d)) {
        struct bindery_ue_trial *kept =
            x->stage == DISCOVERY_OWN ? &p->state.profile.trial : &p->state.discovery.trial;
        /* If that fails it goes into the file with the next image: nothing relies on it. */
        *kept = x->trial;
        const enum err err = device_state_save_held(p->path, &p->hold, &p->state, &p->why);
        (void)err;
    }
    return no_good;
}

/* A new NAS client with what the state file has. */
static enum err begin_with_file(struct population *p, struct device *d)
{
    struct lot_device from = population_row_of(&p->state);
    struct population_kept kept = {.seq = p->state.usim.seq, .mnc_n = p->state.mnc_n};
    enum err err = E_OK;
    if (p->state.imsi.n > 0 && !population_is_disguised(p)) {
        err = population_read_kept(p, &kept);
    }
    if (err == E_OK) {
        err = population_begin(p, d, &from, &kept);
    }
    wipe(&from, sizeof from);
    return err;
}

static void enter(struct discovery *x, enum discovery_stage stage)
{
    x->stage = (uint8_t)stage;
    x->trial = (struct bindery_ue_trial){.confirmed = false};
    x->tried = 0;
}

/*= dimsi-8 */
enum err population_discovered(struct population *p, struct device *d)
{
    const struct population_kept nothing = {.seq = NULL};
    struct lot_device from = {.has_imei = true, .imei = d->imei};
    enum err err = discovery_keys(d->discovery, &from.keys);
    if (err == E_OK && is_from_file(d) && p->state.imsi.n == 0 && /* one that was given up */
        !store_discovered(p, d->discovery->at, &discovery_slot(d->discovery)->imsi)) {
        err = E_IO;
    }
    if (err == E_OK) {
        from.imsi = discovery_slot(d->discovery)->imsi;
        enter(d->discovery, DISCOVERY_TEMPORARY);
        err = is_from_file(d) ? begin_with_file(p, d) : population_begin(p, d, &from, &nothing);
    }
    wipe(&from, sizeof from);
    return err;
}

/*= dimsi-3 */
enum err population_dimsi(struct population *p, struct device *d)
{
    const struct population_kept nothing = {.seq = NULL};
    const struct lot_device from = {
        .has_imei = true, .imei = d->imei, .imsi = discovery_slot(d->discovery)->dimsi};
    return population_begin(p, d, &from, &nothing);
}

enum err population_undiscovered(struct population *p, struct device *d)
{
    struct discovery *x = d->discovery;
    if (is_from_file(d)) {
        struct device_state next = p->state;
        device_state_drop(&next);
        const enum err err = save(p, &next);
        device_state_wipe(&next);
        if (err != E_OK) {
            return err;
        }
    }
    if (x->stage == DISCOVERY_OWN) {
        enter(x, DISCOVERY_TEMPORARY);
        x->trial = p->state.discovery.trial;
        return begin_with_file(p, d);
    }
    enter(x, DISCOVERY_DIMSI);
    return population_dimsi(p, d);
}

enum err population_managed(struct population *p, struct device *d)
{
    enter(d->discovery, DISCOVERY_OWN);
    return begin_with_file(p, d);
}

/* ---- a directory of state files ---- */

static int is_state(const struct dirent *e)
{
    const size_t n = strlen(e->d_name);
    return e->d_name[0] != '.' && n > 5 && strcmp(e->d_name + n - 5, ".json") == 0;
}

static enum err add_file(struct population *p, const char *path, struct population_why *why)
{
    struct device_state s;
    struct device_why said;
    enum err err = device_state_load(path, &s, &said);
    if (err != E_OK) {
        (void)snprintf(why->text, sizeof why->text, "%s", said.text);
        return err;
    }
    struct lot_device from = population_row_of(&s);
    /* With its operator's own subscription it goes the way of any: there is no going back. */
    const bool discovers = discovery_is_wanted(&s) && s.discovery.previous.imsi.n == 0;
    const struct population_kept kept = {.seq = s.usim.seq,
                                         .identity = &s.identity,
                                         .mnc_n = s.mnc_n,
                                         .discovers = discovers ? &s : NULL};
    err = from.imsi.n > 0 ? population_add_kept(p, &from, &kept) : E_MISSING;
    if (err != E_OK) {
        (void)snprintf(why->text, sizeof why->text, "%s: %s", path,
                       err == E_MISSING ? "it has neither a subscription nor a dIMSI"
                                        : err_sentence(err));
    }
    wipe(&from, sizeof from);
    device_state_wipe(&s);
    return err;
}

enum err population_load_devices(struct population *p, const char *dir, uint32_t most,
                                 struct population_why *why)
{
    struct dirent **list = NULL;
    char path[4096];
    const int n = scandir(dir, &list, is_state, alphasort);
    enum err err = n < 0 ? (errno == ENOENT ? E_NOT_FOUND : E_IO) : n == 0 ? E_MISSING : E_OK;
    if (err != E_OK) {
        (void)snprintf(why->text, sizeof why->text, "%s: %s", dir,
                       n < 0 ? strerror(errno) : "no state file is there (NAME.json)");
    }
    for (int i = 0; i < n; i++) {
        if (err == E_OK && (most == 0 || p->n < most)) {
            const int length = snprintf(path, sizeof path, "%s/%s", dir, list[i]->d_name);
            err = length > 0 && (size_t)length < sizeof path ? add_file(p, path, why) : E_IO;
        }
        free(list[i]);
    }
    free(list);
    return err;
}
