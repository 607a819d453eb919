#include "nf/hssd/profiles.h"

#include "store/store_push.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT_MOST 10000u /* whoever reads the number wants to know how bad it is */

/* ---- at a reload ---- */

static enum err is_named(struct store_reader *r, const char *profile, char *text, size_t room)
{
    uint32_t n = 0;
    enum err err = store_count_profile(r, profile, COUNT_MOST, &n);
    if (err == E_OK && n > 0) {
        (void)snprintf(text, room,
                       "profile %s is gone, and %s%" PRIu32 " %s: give them another one first",
                       profile, n == COUNT_MOST ? "at least " : "", n,
                       n == 1 ? "subscriber names it" : "subscribers name it");
        return E_CONFLICT;
    }
    return err;
}

static bool one_is_gone(const struct hssd_config *was, const struct hssd_config *next)
{
    bool gone = false;
    for (size_t i = 0; !gone && i < was->n_profiles; i++) {
        gone = hssd_config_profile(next, was->profiles[i].name) == NULL;
    }
    return gone;
}

enum err profiles_gone(const struct hssd *h, const struct hssd_config *next, char *text,
                       size_t room)
{
    const struct hssd_config *was = h->config;
    struct store_reader *r = NULL;
    if (!one_is_gone(was, next)) {
        return E_OK;
    }
    enum err err = store_reader_open(h->store, &r);
    for (size_t i = 0; err == E_OK && i < was->n_profiles; i++) {
        const char *name = was->profiles[i].name;
        err = hssd_config_profile(next, name) == NULL ? is_named(r, name, text, room) : E_OK;
    }
    store_reader_close(r);
    return err;
}

/* ---- at the start ---- */

struct forgetting {
    struct writer_job job;
    char profile[STORE_PROFILE_MAX];
};

static enum err forget_run(struct store_writer *w, struct writer_job *job)
{
    return store_drop_push_profile(w, ((const struct forgetting *)job)->profile);
}

static void forget_done(struct writer_job *job)
{
    free(job);
}

/* The next start does not look for it again. */
static void forget(struct hssd *h, const char *profile)
{
    struct forgetting *f = calloc(1, sizeof *f);
    if (f == NULL) {
        return;
    }
    f->job = (struct writer_job){.run = forget_run, .done = forget_done};
    (void)snprintf(f->profile, sizeof f->profile, "%s", profile);
    if (writer_submit_low(h->writer, &f->job) != E_OK) {
        free(f);
    }
}

static void look_at(struct hssd *h, struct store_reader *r, const char *profile)
{
    char text[160];
    const enum err err = is_named(r, profile, text, sizeof text);
    if (err == E_CONFLICT) {
        hssd_event(h, "profile-missing", NULL, NULL, NULL, NULL, text);
    } else if (err == E_OK) {
        forget(h, profile);
    }
}

void profiles_tell_missing(struct hssd *h)
{
    char profile[STORE_PROFILE_MAX] = "";
    struct store_reader *r = NULL;
    if (store_reader_open(h->store, &r) != E_OK) {
        return; /* whoever needs one says so */
    }
    while (store_next_push_profile(r, profile, profile) == E_OK) {
        if (hssd_config_profile(h->config, profile) == NULL) {
            look_at(h, r, profile);
        }
    }
    store_reader_close(r);
}
