/* The store against a model of it: arrays in memory, and random operations on both. */
#include "store/fixture.h"

#define PEOPLE   12
#define HANDSETS 20 /* more than STORE_DEVICES_MAX */
#define BATCHES  1500

struct model_device {
    bool there;
    uint8_t kme, previous; /* 0: none */
};
struct model {
    bool there[PEOPLE];
    struct store_subscriber people[PEOPLE];
    struct model_device devices[PEOPLE][HANDSETS];
    uint64_t mark, newest_event, oldest_event; /* ids; newest 0: none yet */
};
struct world {
    struct fixture *f;
    struct model m;
    uint64_t seed;
};

static unsigned pick(struct world *w, unsigned n)
{
    return (unsigned)(test_rand(&w->seed) % n);
}

static struct imsi imsi_nr(unsigned i)
{
    /* lengths and leading zeros differ */
    static const char *const all[PEOPLE] = {"001010",          "0010100",         "00101000",
                                            "001010000000001", "262011234567890", "262011234567891",
                                            "000000",          "0000000",         "310150123456789",
                                            "99999999999999",  "999999999999999", "001011"};
    return imsi_of(all[i]);
}

static struct imei imei_nr(unsigned i)
{
    char digits[15];
    snprintf(digits, sizeof digits, "%014u", i * 4999999u);
    return imei_of(digits);
}

static unsigned devices_in_model(const struct world *w, unsigned p)
{
    unsigned n = 0;
    for (unsigned h = 0; h < HANDSETS; h++) {
        n += w->m.devices[p][h].there;
    }
    return n;
}

static enum err how_err(enum store_put how, bool there)
{
    if (how == STORE_INSERT && there) {
        return E_EXISTS;
    }
    return how == STORE_UPDATE && !there ? E_NOT_FOUND : E_OK;
}

static struct store_subscriber random_row(struct world *w, unsigned p)
{
    static const char *const msisdns[] = {"", "", "49171", "49172", "49173"};
    struct store_subscriber s = subscriber_of(IMSI_A);
    s.imsi = imsi_nr(p);
    s.keys.k.b[3] = (uint8_t)pick(w, 2);
    s.policy = (uint8_t)pick(w, 3);
    s.proof = (uint8_t)pick(w, 3);
    s.suspended = pick(w, 2);
    s.dif = (int64_t)pick(w, 1000) - 500;
    strcpy(s.msisdn, msisdns[pick(w, 5)]);
    return s;
}

static bool msisdn_taken(const struct world *w, unsigned p, const char *msisdn)
{
    for (unsigned i = 0; i < PEOPLE; i++) {
        if (i != p && w->m.there[i] && msisdn[0] && !strcmp(msisdn, w->m.people[i].msisdn)) {
            return true;
        }
    }
    return false;
}

/* What the model says a put does. */
static enum err model_put(struct world *w, unsigned p, enum store_put how,
                          const struct store_subscriber *row, enum store_did *did)
{
    struct store_subscriber *old = &w->m.people[p];
    enum err err = how_err(how, w->m.there[p]);
    if (err != E_OK) {
        return err;
    }
    bool same_k = w->m.there[p] && old->keys.k.b[3] == row->keys.k.b[3];
    if (same_k && old->policy == row->policy && old->proof == row->proof &&
        old->suspended == row->suspended && !strcmp(old->msisdn, row->msisdn)) {
        *did = STORE_UNCHANGED;
        return E_OK;
    }
    if (msisdn_taken(w, p, row->msisdn)) {
        return E_CONFLICT;
    }
    *did = w->m.there[p] ? STORE_CHANGED : STORE_ADDED;
    if (!w->m.there[p]) {
        *old = (struct store_subscriber){.imsi = row->imsi};
        strcpy(old->profile, row->profile);
    }
    old->dif = same_k ? old->dif : row->dif;
    old->keys = row->keys;
    old->policy = row->policy;
    old->proof = row->proof;
    old->suspended = row->suspended;
    strcpy(old->msisdn, row->msisdn);
    old->version++;
    w->m.there[p] = true;
    return E_OK;
}

static void op_put(struct world *w)
{
    unsigned p = pick(w, PEOPLE);
    enum store_put how = (enum store_put)pick(w, 3);
    struct store_subscriber row = random_row(w, p);
    enum store_did expected = STORE_ADDED, did = STORE_ADDED;
    enum err err = model_put(w, p, how, &row, &expected);
    assert_err(store_put_subscriber(w->f->w, how, &row, &did), err);
    assert_int_equal(did, expected);
}

static void op_remove(struct world *w)
{
    unsigned p = pick(w, PEOPLE);
    struct imsi imsi = imsi_nr(p);
    assert_err(store_remove_subscriber(w->f->w, &imsi), w->m.there[p] ? E_OK : E_NOT_FOUND);
    w->m.there[p] = false;
    memset(w->m.devices[p], 0, sizeof w->m.devices[p]);
}

static enum err model_put_device(struct world *w, unsigned p, unsigned h, enum store_put how,
                                 uint8_t kme, enum store_did *did)
{
    struct model_device *d = &w->m.devices[p][h];
    enum err err = w->m.there[p] ? how_err(how, d->there) : E_NOT_FOUND;
    if (err == E_OK && !d->there && devices_in_model(w, p) == STORE_DEVICES_MAX) {
        err = E_NO_ROOM;
    }
    if (err != E_OK) {
        return err;
    }
    bool change = kme != 0 && kme != d->kme;
    *did = !d->there ? STORE_ADDED : change ? STORE_CHANGED : STORE_UNCHANGED;
    d->there = true;
    if (change) {
        d->previous = d->kme != 0 ? d->kme : d->previous;
        d->kme = kme;
    }
    return E_OK;
}

static void op_put_device(struct world *w)
{
    unsigned p = pick(w, PEOPLE), h = pick(w, HANDSETS);
    enum store_put how = (enum store_put)pick(w, 3);
    uint8_t kme = (uint8_t)pick(w, 4);
    struct store_device d = {.imsi = imsi_nr(p), .imei = imei_nr(h), .has_kme = kme != 0};
    memset(d.kme.b, kme, sizeof d.kme.b);
    enum store_did expected = STORE_ADDED, did = STORE_ADDED;
    enum err err = model_put_device(w, p, h, how, kme, &expected);
    assert_err(store_put_device(w->f->w, how, &d, &did), err);
    assert_int_equal(did, expected);
}

static void op_remove_device(struct world *w)
{
    unsigned p = pick(w, PEOPLE), h = pick(w, HANDSETS);
    struct imsi imsi = imsi_nr(p);
    struct imei imei = imei_nr(h);
    enum err err = w->m.devices[p][h].there ? E_OK : E_NOT_FOUND;
    assert_err(store_remove_device(w->f->w, &imsi, &imei), err);
    w->m.devices[p][h] = (struct model_device){0};
}

static void op_serving(struct world *w)
{
    unsigned p = pick(w, PEOPLE), h = pick(w, HANDSETS);
    struct store_subscriber *s = &w->m.people[p];
    struct store_serving now = serving_at(pick(w, 2) ? "mme1.a.b" : "mme2.a.b", pick(w, 100)),
                         before;
    struct imei imei = imei_nr(h);
    struct imsi imsi = imsi_nr(p);
    bool with_imei = pick(w, 2);
    enum err err = store_set_serving(w->f->w, &imsi, &now, with_imei ? &imei : NULL, &before);
    assert_err(err, w->m.there[p] ? E_OK : E_NOT_FOUND);
    if (err == E_OK) {
        assert_same_serving(&before, &s->serving);
        s->serving = now;
        s->binding_failures = 0;
        s->has_last_imei = s->has_last_imei || with_imei;
        s->last_imei = with_imei ? imei : s->last_imei;
    }
}

static void op_purge(struct world *w)
{
    unsigned p = pick(w, PEOPLE);
    struct imsi imsi = imsi_nr(p);
    struct store_subscriber *s = &w->m.people[p];
    bool serves = !strcmp(s->serving.host, "mme1.a.b");
    enum err err = !w->m.there[p] ? E_NOT_FOUND : serves ? E_OK : E_CONFLICT;
    assert_err(store_set_purged(w->f->w, &imsi, "mme1.a.b"), err);
    s->serving.purged = s->serving.purged || err == E_OK;
}

static void op_numbers(struct world *w)
{
    unsigned p = pick(w, PEOPLE);
    struct imsi imsi = imsi_nr(p);
    enum err err = w->m.there[p] ? E_OK : E_NOT_FOUND;
    int64_t dif = (int64_t)test_rand(&w->seed);
    uint32_t failures = pick(w, 9);
    assert_err(store_set_dif(w->f->w, &imsi, dif), err);
    assert_err(store_set_binding_failures(w->f->w, &imsi, failures), err);
    assert_ok(store_set_mark(w->f->w, ++w->m.mark));
    w->m.people[p].dif = dif;
    w->m.people[p].binding_failures = failures;
}

static void op_event(struct world *w)
{
    struct store_event e = event_of("registered");
    uint64_t keep = pick(w, 30);
    assert_ok(store_add_event(w->f->w, &e, keep));
    uint64_t kept = keep == 0 ? 1 : keep, newest = ++w->m.newest_event;
    uint64_t oldest = newest > kept ? newest - kept + 1 : 1;
    w->m.oldest_event = oldest > w->m.oldest_event ? oldest : w->m.oldest_event;
}

static void (*const ops[])(struct world *) = {op_put,        op_put,           op_put_device,
                                              op_put_device, op_remove_device, op_serving,
                                              op_purge,      op_numbers,       op_event};

static void check_devices(struct world *w, unsigned p)
{
    struct store_device all[STORE_DEVICES_MAX];
    struct imsi imsi = imsi_nr(p);
    size_t n, at = 0;
    assert_ok(store_read_devices(w->f->r, &imsi, all, &n));
    assert_int_equal(n, devices_in_model(w, p));
    for (unsigned h = 0; h < HANDSETS; h++) {
        const struct model_device *d = &w->m.devices[p][h];
        struct imei imei = imei_nr(h);
        if (d->there) {
            assert_true(imei_eq(&all[at].imei, &imei));
            assert_int_equal(all[at].has_kme, d->kme != 0);
            assert_int_equal(all[at].has_previous, d->previous != 0);
            assert_int_equal(all[at].kme.b[15], d->kme);
            assert_int_equal(all[at].previous.b[15], d->previous);
            at++;
        }
    }
}

static void check_person(struct world *w, unsigned p)
{
    struct store_subscriber s;
    struct imsi imsi = imsi_nr(p);
    enum err err = store_read_subscriber(w->f->r, &imsi, &s);
    assert_err(err, w->m.there[p] ? E_OK : E_NOT_FOUND);
    if (err == E_OK) {
        assert_same_subscriber(&s, &w->m.people[p]);
    }
    check_devices(w, p);
}

static void check_reverse(struct world *w)
{
    unsigned h = pick(w, HANDSETS), expected = 0;
    struct imei imei = imei_nr(h);
    struct imsi found[PEOPLE];
    size_t n;
    for (unsigned p = 0; p < PEOPLE; p++) {
        expected += w->m.devices[p][h].there;
    }
    assert_ok(store_read_imsis_of(w->f->r, &imei, found, PEOPLE, &n));
    assert_int_equal(n, expected);
    for (size_t i = 1; i < n; i++) {
        assert_true(strcmp(found[i - 1].digits, found[i].digits) < 0);
    }
}

static void check_totals(struct world *w)
{
    static struct store_event events[64];
    uint64_t subscribers, devices, mark, people = 0, handsets = 0;
    size_t n;
    for (unsigned p = 0; p < PEOPLE; p++) {
        people += w->m.there[p];
        handsets += devices_in_model(w, p);
    }
    assert_ok(store_count(w->f->r, &subscribers, &devices));
    assert_int_equal(subscribers, people);
    assert_int_equal(devices, handsets);
    assert_ok(store_read_mark(w->f->r, &mark));
    assert_int_equal(mark, w->m.mark);
    assert_ok(store_list_events(w->f->r, 0, NULL, events, 64, &n));
    assert_int_equal(n, w->m.newest_event == 0 ? 0 : w->m.newest_event - w->m.oldest_event + 1);
    assert_true(n == 0 || events[n - 1].id == w->m.newest_event);
}

static void check_all(struct world *w)
{
    assert_ok(store_reader_begin(w->f->r));
    for (unsigned p = 0; p < PEOPLE; p++) {
        check_person(w, p);
    }
    check_reverse(w);
    check_totals(w);
    store_reader_end(w->f->r);
}

static void random_batches_do_what_the_model_does(void **state)
{
    static struct world w;
    w = (struct world){.f = *state, .seed = 20260101};
    for (int batch = 0; batch < BATCHES; batch++) {
        struct model before = w.m;
        assert_ok(store_begin(w.f->w));
        for (unsigned n = pick(&w, 12); n > 0; n--) {
            ops[pick(&w, sizeof ops / sizeof ops[0])](&w);
        }
        if (pick(&w, 10) == 0) {
            op_remove(&w);
        }
        if (pick(&w, 5) == 0) {
            store_rollback(w.f->w);
            w.m = before;
        } else {
            assert_ok(store_commit(w.f->w));
        }
        if (pick(&w, 50) == 0) {
            reopen_store(w.f);
        }
        check_all(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_STORE(random_batches_do_what_the_model_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
