#include "nf/hssd/admin_keys.h"

#include "nf/hssd/audit.h"
#include "nf/hssd/key_job.h"
#include "store/store_reseal.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define STATUS_ACCEPTED 202u

struct admin_keys {
    struct seal_key kek;     /* rotation: the next one */
    struct store_keks files; /* reseal: those that there are */
    struct store_kek_id id, former;
    bool has_former;
    uint64_t values;
    struct store_reseal row;
    enum err err; /* of what the thread did */
    struct store_why why;
    bool holds; /* key_job_reserve */
};

/* ---- a view ---- */

static json_t *hex_json(struct bytes octets)
{
    char text[2 * STORE_KEK_ID_LEN + 1];
    hex_encode(octets, text);
    return json_string(text);
}

static json_t *view_data_keys(const struct store_keys_view *keys)
{
    json_t *list = json_array();
    for (size_t i = 0; i < keys->n; i++) {
        (void)json_array_append_new(
            list, json_pack("{s:I,s:I,s:b}", "id", (json_int_t)keys->data[i].id, "created",
                            (json_int_t)keys->data[i].created, "seals", (int)(i + 1 == keys->n)));
    }
    return list;
}

static const char *state_name(uint8_t state)
{
    static const char *const names[STORE_RESEAL_STATES] = {
        [STORE_RESEAL_NEVER] = "never",     [STORE_RESEAL_RUNNING] = "running",
        [STORE_RESEAL_STOPPED] = "stopped", [STORE_RESEAL_CHECKING] = "checking",
        [STORE_RESEAL_ENDED] = "ended",     [STORE_RESEAL_FAILED] = "failed"};
    return state < STORE_RESEAL_STATES ? names[state] : "unknown";
}

static json_t *number_or_null(bool is_there, int64_t n)
{
    return is_there ? json_integer((json_int_t)n) : json_null();
}

/* What is left is about: rows come and go while it runs. */
static json_t *view_reseal(const struct store_reseal *row)
{
    const bool there = row->state != STORE_RESEAL_NEVER;
    const bool open = row->state == STORE_RESEAL_RUNNING || row->state == STORE_RESEAL_STOPPED;
    const uint64_t left = open && row->values > row->looked ? row->values - row->looked : 0;
    return json_pack("{s:s,s:o,s:I,s:I,s:I,s:I,s:I,s:o,s:o}", "state", state_name(row->state),
                     "data_key", number_or_null(there, row->key_id), "values",
                     (json_int_t)row->values, "looked", (json_int_t)row->looked, "resealed",
                     (json_int_t)row->resealed, "left", (json_int_t)left, "failed",
                     (json_int_t)row->failed, "started", number_or_null(there, row->started),
                     "changed", number_or_null(there, row->changed));
}

/* Which key file the backups made before a rotation need, and where it is kept. */
static bool add_former(struct admin_request *r, json_t *body)
{
    char path[PATH_MAX + 64], real[PATH_MAX];
    const struct store_kek_id *id = &r->keys_item->former;
    const bool kept =
        store_kek_former_path(r->h->config->key_path, id, path, sizeof path) == E_OK &&
        realpath(path, real) != NULL; /* whoever asks is in another folder */
    return json_object_set_new(body, "former",
                               json_pack("{s:o,s:o}", "fingerprint", hex_json(BYTES_OF(id->b)),
                                         "file", kept ? json_string(real) : json_null())) == 0;
}

static void show(struct admin_request *r, unsigned status)
{
    struct store_keys_view keys;
    struct store_reseal row;
    enum err err = store_read_keys(r->reader, &keys);
    if (err == E_OK) {
        err = store_read_reseal(r->reader, &row);
    }
    if (err != E_OK) {
        admin_call_refuse_err(&r->call, err);
        return;
    }
    json_t *body = json_pack("{s:{s:o,s:I},s:o,s:o}", "kek", "fingerprint",
                             hex_json(BYTES_OF(keys.kek_id.b)), "since", (json_int_t)keys.kek_since,
                             "data_keys", view_data_keys(&keys), "reseal", view_reseal(&row));
    const bool rotated = r->keys_item != NULL && r->keys_item->has_former;
    if (body == NULL || (rotated && !add_former(r, body))) {
        json_decref(body);
        admin_call_refuse_err(&r->call, E_MEMORY);
    } else {
        admin_answer(r, status, body);
    }
}

void admin_keys_get(struct admin_request *r)
{
    show(r, ADMIN_STATUS_OK);
}

/* ---- one at a time ---- */

static void let_go(struct admin_request *r)
{
    if (r->keys_item != NULL && r->keys_item->holds) {
        r->keys_item->holds = false;
        key_job_release(r->h->key_job);
    }
}

void admin_keys_free(struct admin_request *r)
{
    let_go(r);
    if (r->keys_item != NULL) {
        wipe(r->keys_item, sizeof *r->keys_item);
    }
    free(r->keys_item);
    r->keys_item = NULL;
}

/* NULL: refused. */
static struct admin_keys *begin(struct admin_request *r)
{
    struct admin_fault fault;
    struct admin_keys *x = r->keys_item = calloc(1, sizeof *x);
    if (x == NULL) {
        admin_call_refuse_err(&r->call, E_MEMORY);
        return NULL;
    }
    x->holds = key_job_reserve(r->h->key_job);
    if (!x->holds) {
        (void)admin_fault_set(&fault, PROBLEM_KEYS_BUSY, NULL,
                              "wait for its answer, then look at /v1/keys");
        admin_refuse(r, &fault);
        return NULL;
    }
    return x;
}

static void refuse_file(struct admin_request *r, const struct store_why *why)
{
    struct admin_fault fault;
    let_go(r);
    (void)admin_fault_set(&fault, PROBLEM_KEY_FILE, NULL, "%s", why->text);
    admin_refuse(r, &fault);
}

static void refuse_err(struct admin_request *r, enum err err)
{
    let_go(r);
    admin_call_refuse_err(&r->call, err);
}

/* The worker ends, and with it the process. */
static void refuse_skipped(struct admin_request *r)
{
    struct admin_fault fault;
    let_go(r);
    (void)admin_fault_busy(r, &fault);
    admin_refuse(r, &fault);
}

/* ---- another key-encryption key ---- */

static void think_next(struct admin_task *task)
{
    struct admin_request *r = admin_request_of_task(task);
    struct admin_keys *x = r->keys_item;
    x->err = store_kek_next(r->h->store, &x->kek, &x->why);
    if (x->err == E_OK) {
        x->err = store_kek_id_of(&x->kek, &x->id);
    }
}

static enum err run_rotate(struct store_writer *w, struct writer_job *job)
{
    struct admin_request *r = admin_request_of(job);
    struct admin_keys *x = r->keys_item;
    enum err err = store_rotate_kek(w, &x->kek, hssd_unix_seconds());
    return err == E_OK ? admin_audit(w, r, NULL,
                                     json_pack("{s:o}", "fingerprint", hex_json(BYTES_OF(x->id.b))),
                                     "changed")
                       : err;
}

static void think_place(struct admin_task *task)
{
    struct admin_request *r = admin_request_of_task(task);
    r->keys_item->err = store_kek_put_in_place(r->h->store, &r->keys_item->why);
}

static void back_placed(struct admin_request *r)
{
    struct admin_keys *x = r->keys_item;
    if (r->task.skipped) {
        think_place(&r->task); /* the process ends, and one call is left */
    }
    if (x->err != E_OK) {
        hssd_event(r->h, "key-file-unfinished", NULL, NULL, NULL, NULL, x->why.text);
        refuse_file(r, &x->why);
        return;
    }
    char text[2 * STORE_KEK_ID_LEN + 1];
    hex_encode(BYTES_OF(x->id.b), text);
    hssd_event(r->h, "key-rotated", NULL, NULL, NULL, NULL, text);
    let_go(r);
    x->has_former = true;
    show(r, ADMIN_STATUS_OK);
}

/* A commit that failed may have been one all the same: the next file stays, and the next rotation
 * takes it up. */
static void back_wrapped(struct admin_request *r)
{
    if (r->change.job.result != E_OK) {
        refuse_err(r, r->change.job.result);
    } else {
        admin_think(r, think_place, back_placed);
    }
}

static void back_next(struct admin_request *r)
{
    struct admin_keys *x = r->keys_item;
    if (r->task.skipped) {
        refuse_skipped(r);
    } else if (x->err != E_OK) {
        refuse_file(r, &x->why);
    } else if (!admin_submit(r, run_rotate, back_wrapped)) {
        let_go(r);
    }
}

void admin_keys_rotate(struct admin_request *r)
{
    struct store_keys_view now;
    struct admin_keys *x = begin(r);
    if (x == NULL) {
        return;
    }
    const enum err err = store_read_keys(r->reader, &now);
    if (err != E_OK) {
        refuse_err(r, err);
        return;
    }
    x->former = now.kek_id;
    admin_think(r, think_next, back_next);
}

/* ---- another data key ---- */

static void think_files(struct admin_task *task)
{
    struct admin_request *r = admin_request_of_task(task);
    struct admin_keys *x = r->keys_item;
    struct store_reader *reader = NULL;
    x->err = store_kek_files(r->h->store, &x->files, &x->why);
    if (x->err == E_OK && store_reader_open(r->h->store, &reader) == E_OK &&
        store_count_sealed(reader, &x->values) != E_OK) {
        x->values = 0; /* it is for people only */
    }
    store_reader_close(reader);
}

static enum err run_begin(struct store_writer *w, struct writer_job *job)
{
    struct admin_request *r = admin_request_of(job);
    struct admin_keys *x = r->keys_item;
    enum err err = store_reseal_begin(w, &x->files, x->values, hssd_unix_seconds(), &x->row);
    return err == E_OK
               ? admin_audit(w, r, NULL, json_pack("{s:I}", "data_key", (json_int_t)x->row.key_id),
                             "started")
               : err;
}

static void refuse_begin(struct admin_request *r, enum err err)
{
    struct admin_fault fault = {.problem = PROBLEM_NONE};
    if (err == E_CONFLICT) {
        (void)admin_fault_set(&fault, PROBLEM_RESEAL_RUNS, NULL, "look at /v1/keys for how far");
    } else if (err == E_NO_ROOM) {
        (void)admin_fault_set(
            &fault, PROBLEM_RESEAL_FULL, NULL,
            "values that do not open keep %d data keys: find them by the log, and "
            "put or remove those subscribers",
            SEAL_KEYS_MAX);
    } else if (err == E_WRONG_KEY) {
        (void)admin_fault_set(&fault, PROBLEM_KEY_FILE, NULL,
                              "the key file is not this store's any more; put the right one back");
    }
    if (fault.problem == PROBLEM_NONE) {
        refuse_err(r, err);
        return;
    }
    let_go(r);
    admin_refuse(r, &fault);
}

static void back_begun(struct admin_request *r)
{
    if (r->change.job.result != E_OK) {
        refuse_begin(r, r->change.job.result);
        return;
    }
    let_go(r);
    hssd_event(r->h, "reseal-started", NULL, NULL, NULL, NULL, "");
    key_job_wake(r->h->key_job);
    show(r, STATUS_ACCEPTED);
}

static void back_files(struct admin_request *r)
{
    struct admin_keys *x = r->keys_item;
    if (r->task.skipped) {
        refuse_skipped(r);
    } else if (x->err != E_OK) {
        refuse_file(r, &x->why);
    } else if (!admin_submit(r, run_begin, back_begun)) {
        let_go(r);
    }
}

void admin_reseal_begin(struct admin_request *r)
{
    if (begin(r) != NULL) {
        admin_think(r, think_files, back_files);
    }
}

static enum err run_stop(struct store_writer *w, struct writer_job *job)
{
    struct admin_request *r = admin_request_of(job);
    struct admin_keys *x = r->keys_item;
    enum err err = store_reseal_stop(w, hssd_unix_seconds(), &x->row);
    return err == E_OK
               ? admin_audit(w, r, NULL, json_pack("{s:I}", "data_key", (json_int_t)x->row.key_id),
                             "stopped")
               : err;
}

static void back_stopped(struct admin_request *r)
{
    struct admin_fault fault;
    const enum err err = r->change.job.result;
    let_go(r);
    if (err == E_NOT_FOUND) {
        (void)admin_fault_set(&fault, PROBLEM_NO_RESEAL, NULL, "there is none to stop");
        admin_refuse(r, &fault);
    } else if (err != E_OK) {
        admin_call_refuse_err(&r->call, err);
    } else {
        hssd_event(r->h, "reseal-stopped", NULL, NULL, NULL, NULL, "");
        show(r, ADMIN_STATUS_OK);
    }
}

void admin_reseal_stop(struct admin_request *r)
{
    if (begin(r) != NULL && !admin_submit(r, run_stop, back_stopped)) {
        let_go(r);
    }
}
