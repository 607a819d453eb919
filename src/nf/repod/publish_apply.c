/* A checked row becomes a record: the second half of src/nf/repod/publish.h. */
#include "nf/repod/publish.h"

#include <stdio.h>
#include <string.h>

#define HISTORY_MAX 10000u

const char *publish_did_name(enum publish_did did)
{
    static const char *const names[] = {"added", "replaced", "revoked", "unchanged"};
    return (unsigned)did < sizeof names / sizeof names[0] ? names[did] : "unknown";
}

static bool wrong(struct publish_why *why, enum cause cause, const char *detail)
{
    why->cause = cause;
    (void)snprintf(why->detail, sizeof why->detail, "%s", detail);
    return false;
}

/* ---- may it be added? ---- */

struct look {
    const struct publish_row *row;
    bool revoked;   /* the key was */
    bool other_use; /* has the key */
};

static bool look_back(void *ctx, const struct repo_row *r)
{
    struct look *l = ctx;
    l->revoked =
        r->status == BINDING_REVOKED && memcmp(r->digest, l->row->digest, sizeof r->digest) == 0;
    return !l->revoked;
}

static bool look_aside(void *ctx, const struct repo_row *r)
{
    struct look *l = ctx;
    uint8_t spki[VERIFY_SPKI_MAX];
    size_t n = 0;
    enum verify_key_kind kind = VERIFY_KEY_RSA;
    struct bytes key = r->credential;
    if (r->use == l->row->use || r->status != BINDING_ACTIVE) {
        return true;
    }
    if (r->form == BINDING_CERTIFICATE) {
        enum err err = verify_key_of_certificate(publish_certificate(key, 0), spki, &n, &kind);
        key = (struct bytes){spki, err == E_OK ? n : 0};
    }
    l->other_use = bytes_eq(key, (struct bytes){l->row->spki, l->row->spki_n});
    return !l->other_use;
}

static bool key_is_free(const struct publish_context *ctx, const struct publish_row *row,
                        bool has_history, struct publish_why *why)
{
    struct look l = {.row = row};
    enum err err = repo_store_find(ctx->store, &row->imei, look_aside, &l);
    if (err == E_OK && has_history) {
        err = repo_store_history(ctx->store, &row->imei, row->use, 0, HISTORY_MAX, look_back, &l);
    }
    if (err != E_OK) {
        return wrong(why, cause_of_err(err), "its history cannot be read");
    }
    if (l.other_use) {
        return wrong(why, CAUSE_KEY_IN_OTHER_USE, "a key has one use");
    }
    return !l.revoked || wrong(why, CAUSE_KEY_REVOKED, "publish another key");
}

static bool same(const struct repo_row *newest, const struct publish_row *row)
{
    return newest->status == BINDING_ACTIVE && newest->form == row->form &&
           newest->not_before == row->not_before && newest->not_after == row->not_after &&
           publish_device_same(&newest->device, &row->device) &&
           memcmp(newest->digest, row->digest, sizeof row->digest) == 0;
}

/* A key without a validity of its own began when it was published: that is no difference. */
static bool repeats(const struct repo_row *newest, const struct publish_row *row, int64_t now)
{
    struct publish_row as = {.form = row->form, .not_after = row->not_after, .device = row->device};
    as.not_before = row->form == BINDING_PUBLIC_KEY && row->not_before == now ? newest->not_before
                                                                              : row->not_before;
    memcpy(as.digest, row->digest, sizeof as.digest);
    return same(newest, &as);
}

static bool may_follow(const struct repo_row *newest, const struct publish_row *row,
                       struct publish_why *why)
{
    char detail[80];
    if (newest->serial == row->replaces) {
        return true;
    }
    if (newest->status == BINDING_REVOKED &&
        memcmp(newest->digest, row->digest, sizeof row->digest) == 0) {
        return wrong(why, CAUSE_KEY_REVOKED, "publish another key");
    }
    (void)snprintf(detail, sizeof detail, "the newest record has serial %llu",
                   (unsigned long long)newest->serial);
    return wrong(why, row->replaces == 0 ? CAUSE_OTHER_KEY : CAUSE_NOT_NEWEST, detail);
}

/* Whoever replaces a key, and knows nothing of the certificate site, does not take the device off
 * it: that has to be said. */
static bool device_is_said(const struct repo_row *newest, const struct publish_row *row,
                           struct publish_why *why)
{
    return newest->device.id[0] == '\0' || row->device.id[0] != '\0' || row->no_device ||
           wrong(why, CAUSE_MISSING_MEMBER,
                 "`device` is missing: the record to replace has one; null takes it away");
}

/* An id names one device for ever: what was encrypted for one never goes to another. */
static bool id_is_free(const struct publish_context *ctx, const struct publish_row *row,
                       struct publish_why *why)
{
    struct imei owner = {.digits = ""};
    enum err err = row->device.id[0] != '\0' ? repo_store_device(ctx->store, row->device.id, &owner)
                                             : E_NOT_FOUND;
    if (err == E_NOT_FOUND || (err == E_OK && imei_eq(&owner, &row->imei))) {
        return true;
    }
    return wrong(why, err == E_OK ? CAUSE_DEVICE_ID_TAKEN : cause_of_err(err),
                 err == E_OK ? "draw another" : "whose the id is cannot be read");
}

/* ---- adding ---- */

static enum err sign_device(const struct signer *signer, struct repo_row *row)
{
    uint8_t content[DEVICE_RECORD_MAX];
    const struct bytes record = publish_device_content(row, content);
    return record.n > 0 ? signer_sign(signer, record, row->device.signature) : E_CRYPTO;
}

enum cause publish_sign(const struct signer *signer, struct repo_row *row)
{
    uint8_t content[BINDING_RECORD_LEN];
    struct binding_record r = {.imei = row->imei,
                               .use = row->use,
                               .form = row->form,
                               .status = row->status,
                               .not_before = row->not_before,
                               .not_after = row->not_after,
                               .serial = row->serial,
                               .issued = row->issued};
    memcpy(r.digest, row->digest, sizeof r.digest);
    binding_record_write(&r, content);
    memcpy(row->signer, signer_id(signer).p, sizeof row->signer);
    enum err err = signer_sign(signer, BYTES_OF(content), row->signature);
    if (err == E_OK && row->device.id[0] != '\0') {
        err = sign_device(signer, row);
    }
    return err == E_OK ? CAUSE_NONE : CAUSE_SIGNING_FAILED;
}

static void issue(const struct publish_context *ctx, uint64_t serial, struct repo_row *r)
{
    r->serial = serial;
    r->issued = ctx->now;
    (void)snprintf(r->by, sizeof r->by, "%s", ctx->by);
}

static bool revoke(const struct publish_context *ctx, const struct repo_row *newest,
                   uint64_t serial, enum publish_did *did, struct repo_row *record)
{
    *record = *newest;
    *did = PUBLISH_UNCHANGED;
    if (newest->status != BINDING_REVOKED) {
        *did = PUBLISH_REVOKED;
        record->status = BINDING_REVOKED;
        issue(ctx, serial, record);
    }
    return true;
}

/*= devid-1 */
static bool put(const struct publish_context *ctx, const struct publish_row *row, uint64_t serial,
                struct repo_row *record)
{
    *record = (struct repo_row){.imei = row->imei,
                                .use = row->use,
                                .form = row->form,
                                .status = BINDING_ACTIVE,
                                .not_before = row->not_before,
                                .not_after = row->not_after,
                                .device = row->device,
                                .credential = {row->credential, row->credential_n}};
    memcpy(record->digest, row->digest, sizeof record->digest);
    issue(ctx, serial, record);
    return true;
}

bool publish_decide(const struct publish_context *ctx, const struct publish_row *row,
                    uint64_t serial, enum publish_did *did, struct repo_row *record,
                    struct publish_why *why)
{
    struct repo_row newest = {.serial = 0};
    enum err err = repo_store_newest(ctx->store, &row->imei, row->use, &newest);
    if (err != E_OK && err != E_NOT_FOUND) {
        return wrong(why, cause_of_err(err), "the newest record cannot be read");
    }
    bool has = err == E_OK;
    if (row->revoke) {
        return has ? revoke(ctx, &newest, serial, did, record)
                   : wrong(why, CAUSE_NO_BINDING, "there is nothing to revoke");
    }
    if (has && repeats(&newest, row, ctx->now)) {
        *did = PUBLISH_UNCHANGED;
        *record = newest;
        return true;
    }
    if (!has && row->replaces != 0) {
        return wrong(why, CAUSE_NOT_NEWEST, "there is no record to replace");
    }
    *did = has ? PUBLISH_REPLACED : PUBLISH_ADDED;
    if (has && (!may_follow(&newest, row, why) || !device_is_said(&newest, row, why))) {
        return false;
    }
    return key_is_free(ctx, row, has, why) && id_is_free(ctx, row, why) &&
           put(ctx, row, serial, record);
}

bool publish_apply(const struct publish_context *ctx, const struct publish_row *row,
                   enum publish_did *did, uint64_t *serial, struct publish_why *why)
{
    struct repo_row record = {.serial = 0};
    uint64_t next = 0;
    enum err err = repo_store_next_serial(ctx->store, &next);
    if (err != E_OK) {
        return wrong(why, cause_of_err(err), "nothing was changed");
    }
    if (!publish_decide(ctx, row, next, did, &record, why)) {
        return false;
    }
    *serial = record.serial;
    if (*did == PUBLISH_UNCHANGED) {
        return true;
    }
    enum cause cause = publish_sign(ctx->signer, &record);
    if (cause == CAUSE_NONE) {
        cause = cause_of_err(repo_store_add(ctx->store, &record));
    }
    return cause == CAUSE_NONE || wrong(why, cause, "nothing was changed");
}
