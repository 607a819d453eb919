/* What a device state file has of a device's KMEs, and who may change it:
 * src/device/linux/state_read.c, src/device/linux/state_write.c, src/device/linux/state_image.c and
 * src/device/linux/durable_file.c. */
#include "crypto/openssl.h"
#include "device/keys.h"
#include "device/linux/durable_file.h"
#include "device/linux/state_file.h"
#include "lib/check.h"
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[] = "/tmp/state_kme_test.XXXXXX";
static char path[64];
static struct device_why why;
static struct crypto c;

static int open_all(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL || crypto_openssl_open(&c) != E_OK) {
        return -1;
    }
    (void)snprintf(path, sizeof path, "%s/device.json", folder);
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    crypto_openssl_close(&c);
    (void)unlink(path);
    return rmdir(folder);
}

static struct device_state sample(void)
{
    struct device_state s;
    memset(&s, 0, sizeof s);
    assert_ok(imei_parse(BYTES_LIT("35693803564380"), &s.imei));
    assert_ok(imsi_parse(BYTES_LIT("001010000000001"), &s.imsi));
    s.usim.keys.algorithm = AKA_MILENAGE;
    s.usim.keys.k.n = s.usim.keys.opc.n = 16;
    s.usim.keys.res_len = 8;
    s.usim.keys.keccak_iterations = 1;
    return s;
}

static struct kme_pending a_pending(uint16_t n)
{
    struct kme_pending p;
    memset(&p, 0, sizeof p);
    p.present = true;
    memset(p.kme.b, 0x11, sizeof p.kme.b);
    memset(p.nonce, 0x22, sizeof p.nonce);
    memset(p.xnw_sig, 0x33, sizeof p.xnw_sig);
    memset(p.encrypted, 0x44, n);
    p.n = n;
    return p;
}

static struct device_state of_a_lot(size_t n)
{
    struct device_state s = sample();
    uint8_t modulus[KME_MODULUS_MAX];
    memset(modulus, 0xc3, sizeof modulus);
    assert_ok(device_lot_make(BYTES_LIT("2026-07"), (struct bytes){modulus, n}, &s.lot));
    s.pending = a_pending((uint16_t)n);
    return s;
}

static json_t *file_of(const struct device_state *s)
{
    assert_ok(device_state_save(path, false, s, &why));
    json_t *o = json_load_file(path, 0, NULL);
    assert_non_null(o);
    return o;
}

static void a_lot_and_a_kme_that_was_offered_are_kept(void **state)
{
    static const size_t sizes[] = {256, 512};
    struct device_state t;
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct device_state s = of_a_lot(sizes[i % 2]);
        s.me.has_kme = i >= 2;
        s.mnc_n = i < 2 ? (uint8_t)(i + 2) : 0;
        memset(s.me.kme.b, i >= 2 ? 0x55 : 0, sizeof s.me.kme.b);
        assert_ok(device_state_save(path, false, &s, &why));
        assert_ok(device_state_load(path, &t, &why));
        assert_memory_equal(&s, &t, sizeof s);
    }
}

static void who_has_neither_keeps_his_file(void **state)
{
    const struct device_state s = sample();
    (void)state;
    json_t *o = file_of(&s);
    assert_null(json_object_get(o, "lot"));
    assert_null(json_object_get(o, "kme_pending"));
    json_decref(o);
}

static void refused(const char *object, const char *key, json_t *value, const char *part)
{
    const struct device_state s = of_a_lot(256), zero = {.has_nas = false};
    struct device_state t;
    json_t *o = file_of(&s), *in = object != NULL ? json_object_get(o, object) : o;
    if (value != NULL) {
        assert_int_equal(json_object_set_new(in, key, value), 0);
    } else {
        assert_int_equal(json_object_del(in, key), 0);
    }
    char *text = json_dumps(o, 0);
    assert_int_not_equal(device_state_parse("x", bytes_of_str(text), &t, &why), E_OK);
    if (strstr(why.text, part) == NULL || strstr(why.text, "1111") != NULL) {
        fail_msg("'%s' is not in: %s", part, why.text);
    }
    assert_memory_equal(&t.pending, &zero.pending, sizeof t.pending);
    free(text);
    json_decref(o);
}

static void bad_members_are_named(void **state)
{
    static const char *const members[] = {"kme", "nonce", "nw_sig", "encrypted"};
    char part[64];
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        (void)snprintf(part, sizeof part, "kme_pending.%s is missing", members[i]);
        refused("kme_pending", members[i], NULL, part);
        (void)snprintf(part, sizeof part, "kme_pending.%s is not", members[i]);
        refused("kme_pending", members[i], json_string("11"), part);
    }
    refused("usim", "mnc_length", json_integer(1), "usim.mnc_length is neither 2 nor 3");
    refused("usim", "mnc_length", json_integer(4), "usim.mnc_length is out of its range");
    refused("usim", "mnc_length", json_string("2"), "usim.mnc_length is out of its range");
    refused(NULL, "kme_pending", json_string("1111"), "kme_pending. is not an object");
    refused("kme_pending", "more", json_true(), "kme_pending.more is not a member");
    refused("lot", "id", NULL, "lot.id is missing");
    refused("lot", "id", json_string("a lot"), "lot.id is not 1 to 32");
    refused("lot", "modulus", NULL, "lot.modulus is missing");
    refused("lot", "modulus", json_string("c3"), "lot.modulus is not");
    refused("lot", "more", json_true(), "lot.more is not a member");
    char even[2 * 256 + 1] = "";
    memset(even, 'c', sizeof even - 1);
    refused("lot", "modulus", json_string(even), "lot.modulus is not one that a lot may have");
}

/* ---- the library's record ---- */

/*= test kme-me-storage */
static void the_librarys_keys_come_and_go(void **state)
{
    uint8_t record[BINDERY_UE_KEYS_MAX], again[BINDERY_UE_KEYS_MAX];
    struct device_state s = of_a_lot(512), t = sample();
    size_t n = 0, m = 0;
    (void)state;
    s.me.has_kme = true;
    memset(s.me.kme.b, 0x55, sizeof s.me.kme.b);
    assert_ok(device_state_keys(&c, &s, MBYTES_OF(record), &n));
    assert_ok(device_state_take_keys(&c, &t, (struct bytes){record, n}));
    assert_true(t.me.has_kme);
    assert_memory_equal(&t.me.kme, &s.me.kme, sizeof t.me.kme);
    assert_memory_equal(&t.pending, &s.pending, sizeof t.pending);
    assert_ok(device_state_save(path, false, &t, &why));
    assert_ok(device_state_load(path, &t, &why));
    assert_ok(device_state_keys(&c, &t, MBYTES_OF(again), &m));
    assert_int_equal(m, n);
    assert_memory_equal(again, record, n);
}

static void keys_that_are_not_the_devices_change_nothing(void **state)
{
    uint8_t record[BINDERY_UE_KEYS_MAX];
    struct device_state s = of_a_lot(256), t = sample();
    const struct device_state before = t;
    size_t n = 0;
    (void)state;
    assert_ok(imsi_parse(BYTES_LIT("001010000000002"), &s.imsi));
    assert_ok(device_state_keys(&c, &s, MBYTES_OF(record), &n));
    assert_err(device_state_take_keys(&c, &t, (struct bytes){record, n}), E_CONFLICT);
    record[n - 1] ^= 1;
    assert_err(device_state_take_keys(&c, &t, (struct bytes){record, n}), E_BAD_MAC);
    assert_int_not_equal(device_state_take_keys(&c, &t, (struct bytes){record, n - 1}), E_OK);
    assert_memory_equal(&t, &before, sizeof t);
}

/* ---- one program at a time ---- */

static void a_file_that_is_held_is_nobody_elses(void **state)
{
    const struct device_state s = of_a_lot(256);
    struct device_hold mine, other;
    (void)state;
    assert_ok(device_state_save(path, false, &s, &why));
    assert_ok(device_state_hold(path, &mine, &why));
    for (unsigned i = 0; i < 3; i++) { /* also after it was replaced */
        assert_err(device_state_hold(path, &other, &why), E_LOCKED);
        assert_int_equal(other.fd, -1);
        assert_non_null(strstr(why.text, "another program"));
        assert_err(device_state_save(path, false, &s, &why), E_LOCKED);
        assert_ok(device_state_save_held(path, &mine, &s, &why));
    }
    device_state_release(&mine);
    device_state_release(&mine);
    assert_ok(device_state_hold(path, &other, &why));
    device_state_release(&other);
    assert_ok(device_state_save(path, false, &s, &why));
    assert_err(device_state_hold("/nowhere/at/all.json", &other, &why), E_NOT_FOUND);
}

static void a_hold_ends_with_its_process(void **state)
{
    const struct device_state s = of_a_lot(256);
    struct device_hold hold;
    int there[2], status = 0;
    char ready;
    (void)state;
    assert_ok(device_state_save(path, false, &s, &why));
    assert_int_equal(pipe(there), 0);
    const pid_t child = fork();
    if (child == 0) {
        const bool held = device_state_hold(path, &hold, &why) == E_OK &&
                          device_state_save_held(path, &hold, &s, &why) == E_OK;
        (void)!write(there[1], held ? "y" : "n", 1);
        (void)pause();
        _exit(0);
    }
    assert_true(child > 0);
    assert_int_equal(read(there[0], &ready, 1), 1);
    assert_int_equal(ready, 'y');
    assert_err(device_state_hold(path, &hold, &why), E_LOCKED);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_ok(device_state_hold(path, &hold, &why));
    device_state_release(&hold);
    (void)close(there[0]);
    (void)close(there[1]);
}

enum { COUNTERS = 4, COUNTS = 40 };

/* Counts up the number in the file, as often as told, each time under a hold of its own. */
static void count_up(void)
{
    for (unsigned i = 0; i < COUNTS;) {
        int held = -1;
        unsigned n = 0;
        char text[16];
        if (durable_hold(path, &held) != E_OK) {
            continue;
        }
        FILE *in = fopen(path, "r");
        const bool good = in != NULL && fscanf(in, "%u", &n) == 1;
        (void)fclose(in);
        (void)snprintf(text, sizeof text, "%u", n + 1);
        if (!good ||
            durable_write(path, 0600, DURABLE_REPLACE, bytes_of_str(text), &held) != E_OK) {
            _exit(1);
        }
        (void)close(held);
        i++;
    }
    _exit(0);
}

static void of_those_that_come_at_once_each_gets_it_alone(void **state)
{
    char text[16] = "", all[16];
    int status = 0;
    (void)state;
    (void)unlink(path);
    assert_ok(durable_write(path, 0600, DURABLE_FRESH, BYTES_LIT("0"), NULL));
    for (unsigned i = 0; i < COUNTERS; i++) {
        if (fork() == 0) {
            count_up();
        }
    }
    for (unsigned i = 0; i < COUNTERS; i++) {
        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }
    FILE *in = fopen(path, "r");
    assert_non_null(in);
    assert_non_null(fgets(text, sizeof text, in));
    (void)fclose(in);
    (void)snprintf(all, sizeof all, "%d", COUNTERS * COUNTS);
    assert_string_equal(text, all);
}

static void a_fresh_file_replaces_none(void **state)
{
    char text[8] = "";
    (void)state;
    (void)unlink(path);
    assert_ok(durable_write(path, 0600, DURABLE_FRESH, BYTES_LIT("one"), NULL));
    assert_err(durable_write(path, 0600, DURABLE_FRESH, BYTES_LIT("two"), NULL), E_EXISTS);
    FILE *in = fopen(path, "r");
    assert_non_null(in);
    assert_non_null(fgets(text, sizeof text, in));
    assert_string_equal(text, "one");
    (void)fclose(in);
}

/* ---- what a writer that was killed leaves ---- */

#define SECRET "a key that was erased since"

static const char *beside(void)
{
    static char name[sizeof path + 4];
    (void)snprintf(name, sizeof name, "%s.tmp", path);
    return name;
}

/* The descriptor shows what becomes of its octets. */
static int leave(void)
{
    const int fd = open(beside(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, SECRET, sizeof SECRET), (ssize_t)sizeof SECRET);
    return fd;
}

static void assert_wiped(int fd)
{
    static const char zeros[sizeof SECRET];
    char there[sizeof SECRET];
    assert_int_equal(access(beside(), F_OK), -1);
    assert_int_equal(pread(fd, there, sizeof there, 0), (ssize_t)sizeof there);
    assert_memory_equal(there, zeros, sizeof zeros);
    (void)close(fd);
}

static void assert_holds(const char *text)
{
    char there[64] = "";
    FILE *in = fopen(path, "r");
    assert_non_null(in);
    assert_non_null(fgets(there, sizeof there, in));
    (void)fclose(in);
    assert_string_equal(there, text);
}

/*= test dimsi-erase */
static void a_leftover_is_wiped_by_the_next_write_and_by_the_next_hold(void **state)
{
    int held = -1;
    (void)state;
    (void)unlink(path);
    int fd = leave();
    assert_ok(durable_write(path, 0600, DURABLE_FRESH, BYTES_LIT("one"), NULL));
    assert_wiped(fd);
    fd = leave();
    assert_err(durable_write(path, 0600, DURABLE_FRESH, BYTES_LIT("two"), NULL), E_EXISTS);
    assert_wiped(fd);
    fd = leave();
    assert_ok(durable_hold(path, &held));
    assert_wiped(fd);
    fd = leave();
    assert_ok(durable_write(path, 0600, DURABLE_REPLACE, BYTES_LIT("three"), &held));
    assert_wiped(fd);
    (void)close(held);
    assert_holds("three");
}

/* The file may not grow beyond what it has by then: the kernel ends the writer. */
static void a_writer_that_is_killed_leaves_nothing_for_good(void **state)
{
    int status = 0;
    (void)state;
    (void)unlink(path);
    assert_ok(durable_write(path, 0600, DURABLE_FRESH, BYTES_LIT("before"), NULL));
    if (fork() == 0) {
        const struct rlimit few = {8, 8}, none = {0, 0};
        (void)setrlimit(RLIMIT_CORE, &none);
        (void)setrlimit(RLIMIT_FSIZE, &few);
        (void)signal(SIGXFSZ, SIG_DFL);
        (void)!durable_write(path, 0600, DURABLE_REPLACE, BYTES_LIT(SECRET), NULL);
        _exit(0);
    }
    assert_true(wait(&status) > 0);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(access(beside(), F_OK), 0);
    assert_holds("before");
    assert_ok(durable_write(path, 0600, DURABLE_REPLACE, BYTES_LIT("after"), NULL));
    assert_int_equal(access(beside(), F_OK), -1);
    assert_holds("after");
}

/* What stands there may be a way to a file that is none of ours. */
static void nothing_is_written_through_what_somebody_put_there(void **state)
{
    char other[sizeof path + 8], text[16] = "";
    int held = -1;
    (void)state;
    (void)unlink(path);
    (void)snprintf(other, sizeof other, "%s.other", path);
    FILE *f = fopen(other, "we");
    assert_non_null(f);
    assert_true(fputs("untouched", f) >= 0);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(symlink(other, beside()), 0);
    assert_ok(durable_write(path, 0600, DURABLE_FRESH, BYTES_LIT("one"), NULL));
    assert_int_equal(mkfifo(beside(), 0600), 0);
    assert_ok(durable_write(path, 0600, DURABLE_REPLACE, BYTES_LIT("two"), NULL));
    /* Killed between link and unlink: it is the file itself. */
    assert_int_equal(link(path, beside()), 0);
    assert_ok(durable_hold(path, &held));
    assert_holds("two");
    assert_int_equal(link(path, beside()), 0);
    assert_ok(durable_write(path, 0600, DURABLE_REPLACE, BYTES_LIT("three"), &held));
    (void)close(held);
    assert_holds("three");
    f = fopen(other, "re");
    assert_non_null(f);
    assert_non_null(fgets(text, sizeof text, f));
    (void)fclose(f);
    assert_string_equal(text, "untouched");
    assert_int_equal(unlink(other), 0);
}

static void who_writes_at_this_moment_is_left_alone(void **state)
{
    char there[sizeof SECRET];
    int held = -1;
    (void)state;
    (void)unlink(path);
    assert_ok(durable_write(path, 0600, DURABLE_FRESH, BYTES_LIT("one"), NULL));
    const int fd = leave();
    assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
    assert_ok(durable_hold(path, &held));
    assert_int_equal(pread(fd, there, sizeof there, 0), (ssize_t)sizeof there);
    assert_string_equal(there, SECRET);
    assert_int_equal(access(beside(), F_OK), 0);
    (void)close(fd);
    assert_ok(durable_write(path, 0600, DURABLE_REPLACE, BYTES_LIT("two"), &held));
    (void)close(held);
}

static void those_that_write_at_once_without_a_hold_wait_for_each_other(void **state)
{
    int status = 0;
    (void)state;
    (void)unlink(path);
    for (unsigned i = 0; i < COUNTERS; i++) {
        if (fork() == 0) {
            bool good = true;
            for (unsigned j = 0; j < COUNTS && good; j++) {
                good = durable_write(path, 0600, DURABLE_REPLACE, BYTES_LIT("whole"), NULL) == E_OK;
            }
            _exit(good ? 0 : 1);
        }
    }
    for (unsigned i = 0; i < COUNTERS; i++) {
        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }
    assert_holds("whole");
    assert_int_equal(access(beside(), F_OK), -1);
}

/* One gets in between link and unlink of another now and then. */
static void those_that_make_it_at_once_make_it_or_hear_that_it_is_there(void **state)
{
    int status = 0;
    (void)state;
    (void)unlink(path);
    for (unsigned i = 0; i < COUNTERS; i++) {
        if (fork() == 0) {
            bool good = true;
            for (unsigned j = 0; j < COUNTS && good; j++) {
                const enum err err =
                    durable_write(path, 0600, DURABLE_FRESH, BYTES_LIT("whole"), NULL);
                good = err == E_OK || err == E_EXISTS;
                (void)unlink(path);
            }
            _exit(good ? 0 : 1);
        }
    }
    for (unsigned i = 0; i < COUNTERS; i++) {
        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }
    assert_int_equal(access(beside(), F_OK), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lot_and_a_kme_that_was_offered_are_kept),
        cmocka_unit_test(who_has_neither_keeps_his_file),
        cmocka_unit_test(bad_members_are_named),
        cmocka_unit_test(the_librarys_keys_come_and_go),
        cmocka_unit_test(keys_that_are_not_the_devices_change_nothing),
        cmocka_unit_test(a_file_that_is_held_is_nobody_elses),
        cmocka_unit_test(a_hold_ends_with_its_process),
        cmocka_unit_test(of_those_that_come_at_once_each_gets_it_alone),
        cmocka_unit_test(a_fresh_file_replaces_none),
        cmocka_unit_test(a_leftover_is_wiped_by_the_next_write_and_by_the_next_hold),
        cmocka_unit_test(a_writer_that_is_killed_leaves_nothing_for_good),
        cmocka_unit_test(nothing_is_written_through_what_somebody_put_there),
        cmocka_unit_test(who_writes_at_this_moment_is_left_alone),
        cmocka_unit_test(those_that_write_at_once_without_a_hold_wait_for_each_other),
        cmocka_unit_test(those_that_make_it_at_once_make_it_or_hear_that_it_is_there),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
