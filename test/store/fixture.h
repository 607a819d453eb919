/* test/store/fixture.h - a store in a folder of its own, and rows to put in it. */
#ifndef BINDERY_TEST_STORE_FIXTURE_H
#define BINDERY_TEST_STORE_FIXTURE_H

#include "lib/check.h"
#include "store/store_internal.h"

#include <dirent.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct fixture {
    char dir[64];
    char path[128];
    char kek[128];
    struct store *store;
    struct store_writer *w;
    struct store_reader *r;
    struct store_why why;
};

static inline enum err try_open(struct fixture *f, bool create)
{
    struct store_options o = {f->path, f->kek, create};
    f->store = NULL;
    return store_open(&o, &f->store, &f->why);
}

static inline void open_store(struct fixture *f)
{
    enum err err = try_open(f, true);
    if (err != E_OK) {
        fail_msg("%s: %s", err_name(err), f->why.text);
    }
    f->w = store_the_writer(f->store);
    assert_ok(store_reader_open(f->store, &f->r));
}

static inline void close_store(struct fixture *f)
{
    store_reader_close(f->r);
    store_close(f->store);
    f->r = NULL;
    f->store = NULL;
}

static inline void reopen_store(struct fixture *f)
{
    close_store(f);
    open_store(f);
}

static inline int folder(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    const char *tmp = getenv("TMPDIR");
    snprintf(f->dir, sizeof f->dir, "%s/bindery-store-XXXXXX", tmp == NULL ? "/tmp" : tmp);
    if (mkdtemp(f->dir) == NULL) {
        free(f);
        return -1;
    }
    snprintf(f->path, sizeof f->path, "%s/hss.db", f->dir);
    snprintf(f->kek, sizeof f->kek, "%s/hss.kek", f->dir);
    *state = f;
    return 0;
}

static inline int store_in_folder(void **state)
{
    int rc = folder(state);
    if (rc == 0) {
        open_store(*state);
    }
    return rc;
}

static inline int remove_folder(void **state)
{
    struct fixture *f = *state;
    close_store(f);
    DIR *d = opendir(f->dir);
    for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
        unlinkat(dirfd(d), e->d_name, 0);
    }
    closedir(d);
    rmdir(f->dir);
    free(f);
    return 0;
}

/* Copies in a process of its own: closing a database's file in this one would drop SQLite's locks.
 */
static inline void copy_file(const char *from, const char *to)
{
    char *argv[] = {strdup("cp"), strdup("-p"), strdup(from), strdup(to), NULL};
    pid_t pid;
    assert_int_equal(posix_spawnp(&pid, "cp", NULL, NULL, argv, environ), 0);
    for (size_t i = 0; argv[i] != NULL; i++) {
        free(argv[i]);
    }
    int status = -1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static inline bool exists(const char *path)
{
    return access(path, F_OK) == 0;
}

/* The path with a suffix, in one of four places that take turns. */
static inline const char *with(const char *path, const char *suffix)
{
    static char places[4][160];
    static unsigned turn;
    char *p = places[turn++ % 4];
    snprintf(p, sizeof places[0], "%s%s", path, suffix);
    return p;
}

/* The file as octets; free() it. Only for files that no store of this process has open. */
static inline struct mbytes slurp(const char *path)
{
    int fd = open(path, O_RDONLY);
    struct stat st = {.st_size = 0};
    assert_true(fd >= 0 && fstat(fd, &st) == 0);
    struct mbytes m = {malloc((size_t)st.st_size + 1), (size_t)st.st_size};
    assert_non_null(m.p);
    assert_int_equal(read(fd, m.p, m.n), m.n);
    close(fd);
    return m;
}

static inline void assert_same_file(const char *path, struct mbytes before)
{
    struct mbytes now = slurp(path);
    assert_int_equal(now.n, before.n);
    assert_memory_equal(now.p, before.p, now.n);
    free(now.p);
}

static inline void spill(const char *path, const char *text, size_t n, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, n), n);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

/* Changes a database that no store has open. */
static inline void sql(const char *path, const char *text)
{
    sqlite3 *db = NULL;
    char *why = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    if (sqlite3_exec(db, text, NULL, NULL, &why) != SQLITE_OK) {
        fail_msg("%s: %s", text, why);
    }
    sqlite3_close(db);
}

/* ---- rows ---- */

static inline struct imsi imsi_of(const char *digits)
{
    struct imsi i;
    assert_ok(imsi_parse(bytes_of_str(digits), &i));
    return i;
}

static inline struct imei imei_of(const char *digits)
{
    struct imei i;
    assert_ok(imei_parse_transmitted(bytes_of_str(digits), &i));
    return i;
}

#define IMSI_A "001010000000001"
#define IMSI_B "001010000000002"
#define IMEI_A "35693803564380"
#define IMEI_B "49015420323751"

static inline struct store_subscriber subscriber_of(const char *digits)
{
    struct store_subscriber s = {.imsi = imsi_of(digits), .policy = 1, .dif = -7};
    s.keys.algorithm = AKA_MILENAGE;
    s.keys.res_len = 8;
    s.keys.k.n = s.keys.opc.n = 16;
    for (size_t i = 0; i < 16; i++) {
        s.keys.k.b[i] = (uint8_t)(0xa0 + i);
        s.keys.opc.b[i] = (uint8_t)(0x30 + i + s.imsi.digits[s.imsi.n - 1]);
    }
    strcpy(s.profile, "default");
    return s;
}

static inline struct store_device device_of(const char *imsi, const char *imei, uint8_t kme)
{
    struct store_device d = {.imsi = imsi_of(imsi), .imei = imei_of(imei), .has_kme = kme != 0};
    memset(d.kme.b, kme, sizeof d.kme.b);
    return d;
}

static inline struct store_event event_of(const char *name)
{
    struct store_event e = {.at_ms = 1700000000123};
    snprintf(e.name, sizeof e.name, "%s", name);
    strcpy(e.imsi, IMSI_A);
    strcpy(e.imei, IMEI_A);
    strcpy(e.peer, "mme.example.org");
    strcpy(e.cause, "imei-not-authorised");
    strcpy(e.detail, "3 in a row");
    return e;
}

static inline struct store_serving serving_at(const char *host, int64_t since)
{
    struct store_serving s = {.plmn = {0x00, 0xf1, 0x10}, .since = since};
    snprintf(s.host, sizeof s.host, "%s", host);
    strcpy(s.realm, "example.org");
    return s;
}

/* One change as a batch of its own. */
#define COMMITTED(f, change)                                                                       \
    do {                                                                                           \
        assert_ok(store_begin((f)->w));                                                            \
        assert_ok(change);                                                                         \
        assert_ok(store_commit((f)->w));                                                           \
    } while (0)

static inline enum store_did put(struct fixture *f, const struct store_subscriber *s)
{
    enum store_did did;
    COMMITTED(f, store_put_subscriber(f->w, STORE_UPSERT, s, &did));
    return did;
}

static inline enum store_did put_device(struct fixture *f, const struct store_device *d)
{
    enum store_did did;
    COMMITTED(f, store_put_device(f->w, STORE_UPSERT, d, &did));
    return did;
}

static inline struct store_subscriber read_back(struct fixture *f, const char *digits)
{
    struct store_subscriber s;
    struct imsi i = imsi_of(digits);
    assert_ok(store_read_subscriber(f->r, &i, &s));
    return s;
}

static inline void assert_same_keys(const struct aka_keys *a, const struct aka_keys *b)
{
    assert_int_equal(a->algorithm, b->algorithm);
    assert_int_equal(a->res_len, b->res_len);
    assert_int_equal(a->keccak_iterations, b->keccak_iterations);
    assert_int_equal(a->k.n, b->k.n);
    assert_int_equal(a->opc.n, b->opc.n);
    assert_memory_equal(a->k.b, b->k.b, a->k.n);
    assert_memory_equal(a->opc.b, b->opc.b, a->opc.n);
}

static inline void assert_same_serving(const struct store_serving *a, const struct store_serving *b)
{
    assert_string_equal(a->host, b->host);
    assert_string_equal(a->realm, b->realm);
    assert_memory_equal(a->plmn, b->plmn, sizeof a->plmn);
    assert_int_equal(a->purged, b->purged);
    assert_int_equal(a->since, b->since);
}

static inline void assert_same_subscriber(const struct store_subscriber *a,
                                          const struct store_subscriber *b)
{
    assert_true(imsi_eq(&a->imsi, &b->imsi));
    assert_same_keys(&a->keys, &b->keys);
    assert_int_equal(a->dif, b->dif);
    assert_int_equal(a->policy, b->policy);
    assert_int_equal(a->proof, b->proof);
    assert_int_equal(a->suspended, b->suspended);
    assert_string_equal(a->msisdn, b->msisdn);
    assert_string_equal(a->profile, b->profile);
    assert_int_equal(a->has_last_imei, b->has_last_imei);
    assert_string_equal(a->last_imei.digits, b->last_imei.digits);
    assert_same_serving(&a->serving, &b->serving);
    assert_int_equal(a->binding_failures, b->binding_failures);
    assert_int_equal(a->kme_request, b->kme_request);
    assert_int_equal(a->pending, b->pending);
    assert_int_equal(a->version, b->version);
}

static inline void assert_same_device(const struct store_device *a, const struct store_device *b)
{
    assert_true(imsi_eq(&a->imsi, &b->imsi));
    assert_true(imei_eq(&a->imei, &b->imei));
    assert_int_equal(a->has_kme, b->has_kme);
    assert_int_equal(a->has_previous, b->has_previous);
    assert_memory_equal(a->kme.b, b->kme.b, sizeof a->kme.b);
    assert_memory_equal(a->previous.b, b->previous.b, sizeof a->previous.b);
}

#define IN_STORE(test)  cmocka_unit_test_setup_teardown(test, store_in_folder, remove_folder)
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, folder, remove_folder)

#endif
