/* test/emulator/desk.h - the command `bindery-ue` called from a test: what it says, a folder with a
 * seed and the state file of the seed's first device, and an MME to talk to.
 */
#ifndef BINDERY_TEST_EMULATOR_DESK_H
#define BINDERY_TEST_EMULATOR_DESK_H

#include "emulator/commands.h"

#include "emulator/server.h"
#include <argp.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* What is said goes into a file, and is read from there. */
static char said[65536];

static inline int call(size_t n, const char *const *words)
{
    char pool[16][96];
    char *argv[17] = {0};
    char path[] = "/tmp/commands_out.XXXXXX";
    (void)fflush(stdout);
    (void)fflush(stderr);
    const int fd = mkstemp(path), out = dup(1), err = dup(2);
    assert_true(fd >= 0 && out >= 0 && err >= 0);
    assert_true(dup2(fd, 1) >= 0 && dup2(fd, 2) >= 0);
    for (size_t i = 0; i < n; i++) {
        argv[i] = pool[i];
        (void)snprintf(argv[i], sizeof pool[0], "%s", words[i]);
    }
    const int rc = commands_main((int)n, argv);
    (void)fflush(stdout);
    (void)fflush(stderr);
    assert_true(dup2(out, 1) >= 0 && dup2(err, 2) >= 0);
    close(out);
    close(err);
    const ssize_t octets = pread(fd, said, sizeof said - 1, 0);
    said[octets > 0 ? octets : 0] = '\0';
    close(fd);
    unlink(path);
    return rc;
}
#define WORDS(...) ((const char *const[]){"bindery-ue", __VA_ARGS__})
#define CALL(...)  call(sizeof WORDS(__VA_ARGS__) / sizeof(char *), WORDS(__VA_ARGS__))

static inline void has(const char *text)
{
    if (strstr(said, text) == NULL) {
        fail_msg("'%s' is not in: %s", text, said);
    }
}

struct desk {
    struct server *s;
    char folder[32], device[64], seed[64], mme[64], path[64];
};

static inline void put(const char *path, const char *text)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static inline int desk_of(void **state)
{
    struct desk *d = calloc(1, sizeof *d);
    strcpy(d->folder, "/tmp/commands.XXXXXX");
    assert_non_null(mkdtemp(d->folder));
    (void)snprintf(d->seed, sizeof d->seed, "--key-seed-file=%s/seed", d->folder);
    put(d->seed + strlen("--key-seed-file="), mme_seed);
    d->s = server_open();
    d->s->mme.origin.seed.n = strlen(mme_seed); /* a text file has no NUL at its end */
    (void)snprintf(d->mme, sizeof d->mme, "--mme=%s", address_print(&d->s->at).s);
    (void)snprintf(d->device, sizeof d->device, "--device=%s/device.json", d->folder);
    *state = d;
    return 0;
}

/* The state file of the seed's first device. */
static inline void make_device(struct desk *d)
{
    struct lot_device dev;
    struct device_state state;
    struct device_why why;
    assert_ok(population_derive(&d->s->mme.c, &d->s->mme.origin, 0, &dev));
    memset(&state, 0, sizeof state);
    state.imei = dev.imei;
    state.imsi = dev.imsi;
    state.me.has_kme = true;
    state.me.kme = dev.kme;
    state.usim.keys = dev.keys;
    state.usim.keys.keccak_iterations = 1;
    assert_ok(device_state_save(d->device + strlen("--device="), true, &state, &why));
}

static inline int clear(void **state)
{
    struct desk *d = *state;
    char command[2][96];
    server_close(d->s);
    (void)snprintf(command[0], sizeof command[0], "%s/seed", d->folder);
    (void)unlink(command[0]);
    (void)unlink(d->device + strlen("--device="));
    if (d->path[0] != '\0') {
        (void)unlink(d->path);
    }
    (void)rmdir(d->folder);
    free(d);
    return 0;
}

#endif
