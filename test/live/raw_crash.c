/* test/live/raw_crash.c KILLS WORK REALM TCP HSSD - kills bindery-hssd with SIGKILL under load,
 * again and again, and starts it each time on what the kill left.
 *
 * Everything that the HSS acknowledged is noted when its answer has come, and what is under way
 * when the HSS dies is noted too: that may be there afterwards or not, but wholly. After each start
 * all of it is asked for. Every SQN of every AUTN is taken out with the subscriber's keys. */
#include "raw_admin.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { OPEN = 24, BOUND = 24, MOVING = 8, CHANGED = 8, COMING = 16 };
enum {
    FIRST_BOUND = OPEN,
    FIRST_MOVING = FIRST_BOUND + BOUND,
    FIRST_CHANGED = FIRST_MOVING + MOVING,
    FIRST_COMING = FIRST_CHANGED + CHANGED,
    ALL = FIRST_COMING + COMING
};
#define IMEI "35693803564380"

/* What the HSS has acknowledged of one thing, and what it was asked and has not answered yet. */
struct fact {
    char now[256];
    char wanted[256];
    bool under_way;
};

struct one {
    char imsi[16];
    struct aka_keys keys;
    struct key_kme kme;      /* acknowledged */
    struct key_kme kme_next; /* under way */
    bool kme_under_way;
    bool bound;
    struct fact host;   /* who serves it */
    struct fact msisdn; /* "" when it is not there */
    uint64_t sqn;       /* the highest that ever came */
    struct raw_vector last;
    bool has_last;
};

static struct one subs[ALL];
static struct raw_place place;
static const char *hssd;
static pid_t child;
static atomic_ulong acknowledged, vectors, changes, resyncs, exhausted, wrong;
static atomic_ulong kill_at;

static void went_wrong(const char *what, const struct one *s, const char *detail)
{
    printf("# %s: %s %s\n", s != NULL ? s->imsi : "-", what, detail);
    fflush(stdout);
    atomic_fetch_add(&wrong, 1);
}

static void acknowledge(void)
{
    if (atomic_fetch_add(&acknowledged, 1) + 1 == atomic_load(&kill_at)) {
        (void)kill(child, SIGKILL);
    }
}

static uint64_t draw(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + 1442695040888963407;
    return *state >> 33;
}

static void ask_for(struct fact *f, const char *wanted)
{
    snprintf(f->wanted, sizeof f->wanted, "%s", wanted);
    f->under_way = true;
}

static void granted(struct fact *f)
{
    memcpy(f->now, f->wanted, sizeof f->now);
    f->under_way = false;
    atomic_fetch_add(&changes, 1);
    acknowledge();
}

/* What is read after a crash: the last that was acknowledged, or what was under way. */
static void hold_against(struct fact *f, const char *read, const struct one *s, const char *what)
{
    char detail[800];
    bool either = strcmp(read, f->now) == 0 || (f->under_way && strcmp(read, f->wanted) == 0);
    if (!either) {
        snprintf(detail, sizeof detail, "is '%s', acknowledged was '%s', under way %s%s", read,
                 f->now, f->under_way ? f->wanted : "nothing", "");
        went_wrong(what, s, detail);
    }
    snprintf(f->now, sizeof f->now, "%s", read);
    f->under_way = false;
}

/* ---- authentication ---- */

static bool take_sqn(const struct crypto *c, struct one *s, const struct raw_vector *v,
                     uint64_t above)
{
    char detail[128];
    uint64_t sqn = 0;
    bool next = s->kme_under_way && raw_sqn(c, &s->keys, &s->kme_next, v, &sqn);
    if (next) {
        s->kme = s->kme_next;
    } else if (!raw_sqn(c, &s->keys, s->bound ? &s->kme : NULL, v, &sqn)) {
        went_wrong("MAC-A holds under no key that was acknowledged", s, "");
        return false;
    }
    s->kme_under_way = false;
    if (sqn <= s->sqn || sqn <= above) {
        snprintf(detail, sizeof detail, "%012llx after %012llx, SQN_MS %012llx",
                 (unsigned long long)sqn, (unsigned long long)s->sqn, (unsigned long long)above);
        went_wrong("SQN went back", s, detail);
    }
    s->sqn = sqn > s->sqn ? sqn : s->sqn;
    s->last = *v;
    s->has_last = true;
    atomic_fetch_add(&vectors, 1);
    return true;
}

static bool resync_of(const struct crypto *c, const struct one *s, uint64_t sqn_ms,
                      uint8_t out[static 30])
{
    struct rand128 plain;
    memcpy(plain.b, s->last.rand, 16);
    if (s->bound && c->aes128_decrypt(c->ctx, s->kme.b, s->last.rand, plain.b) != E_OK) {
        return false;
    }
    return raw_auts(c, &s->keys, &plain, s->last.rand, sqn_ms, out);
}

/* ahead: how many SEQs the USIM says it is ahead; 0: no resynchronisation. False: no answer. */
static bool authenticate(const struct crypto *c, struct raw_link *l, struct one *s, unsigned want,
                         uint64_t ahead)
{
    struct raw_vector v[S6A_VECTORS_MAX];
    uint8_t resync[30];
    size_t n = 0;
    uint64_t sqn_ms = ahead > 0 ? s->sqn + (ahead << SQN_IND_BITS) : 0;
    bool resyncs_now = ahead > 0 && s->has_last && resync_of(c, s, sqn_ms, resync);
    struct raw_air air = {.imsi = s->imsi, .vectors = want, .resync = resyncs_now ? resync : NULL};
    uint32_t code = raw_authenticate(l, &air, v, &n);
    if (code == 0) {
        return false;
    }
    if (code == S6A_AUTHENTICATION_DATA_UNAVAILABLE) {
        atomic_fetch_add(&exhausted, 1); /* asked faster than the mark allows; not a fault */
    } else if (code != DIAMETER_SUCCESS) {
        went_wrong("AIR was refused", s, "");
    }
    for (size_t i = 0; i < n; i++) {
        (void)take_sqn(c, s, &v[i], resyncs_now ? sqn_ms : 0);
    }
    atomic_fetch_add(&resyncs, resyncs_now && n > 0);
    acknowledge();
    return true;
}

struct asker {
    size_t first, n;
    uint64_t seed;
};

static void *ask_main(void *arg)
{
    const struct asker *a = arg;
    static _Thread_local struct raw_link l;
    struct crypto c;
    uint64_t state = a->seed;
    bool live = crypto_openssl_open(&c) == E_OK && raw_open(&l, &place, "mme-a") &&
                raw_capabilities(&l) == DIAMETER_SUCCESS;
    for (size_t i = 0; live; i++) {
        bool resync = draw(&state) % 8 == 0;
        live = authenticate(&c, &l, &subs[a->first + i % a->n], 1 + (unsigned)(draw(&state) % 5),
                            resync ? 1 + draw(&state) % 5000 : 0);
    }
    raw_close(&l);
    crypto_openssl_close(&c);
    return NULL;
}

/* ---- registration ---- */

static bool move(struct raw_link *l, struct one *s)
{
    static const uint8_t home[] = {0x00, 0xf1, 0x10};
    char session[300];
    struct bytes answer;
    size_t n = 0;
    struct s6a_ulr ulr = {.rat_type = DIAMETER_U32_OF(S6A_RAT_EUTRAN),
                          .ulr_flags = DIAMETER_U32_OF(S6A_ULR_S6A_S6D | S6A_ULR_INITIAL_ATTACH),
                          .visited_plmn_id = BYTES_OF(home)};
    raw_begin(l, &ulr.request, s->imsi, session);
    ask_for(&s->host, l->host);
    if (s6a_ulr_write(RAW_OWN_VENDOR, &ulr, MBYTES_OF(l->out), &n) != E_OK ||
        !raw_ask(l, n, &answer)) {
        return false;
    }
    if (raw_result(answer) != DIAMETER_SUCCESS) {
        went_wrong("ULR was refused", s, "");
        return false;
    }
    granted(&s->host);
    return true;
}

static void *move_main(void *arg)
{
    static struct raw_link l[2];
    (void)arg;
    bool live = true;
    for (size_t i = 0; i < 2; i++) {
        live = raw_open(&l[i], &place, i == 0 ? "mme-a" : "mme-b") &&
               raw_capabilities(&l[i]) == DIAMETER_SUCCESS && live;
    }
    for (size_t i = 0; live; i++) {
        live = move(&l[i / MOVING % 2], &subs[FIRST_MOVING + i % MOVING]);
    }
    raw_close(&l[0]);
    raw_close(&l[1]);
    return NULL;
}

/* ---- administration ---- */

static bool put(struct one *s, const char *msisdn)
{
    char body[1024], path[64], k[65], opc[65], kme[33];
    char devices[128] = "";
    hex_encode((struct bytes){s->keys.k.b, 16}, k);
    hex_encode((struct bytes){s->keys.opc.b, 16}, opc);
    hex_encode(BYTES_OF(s->kme.b), kme);
    if (s->bound) {
        snprintf(devices, sizeof devices, "{\"imei\":\"" IMEI "\",\"kme\":\"%s\"}", kme);
    }
    snprintf(body, sizeof body,
             "{\"imsi\":\"%s\",\"algorithm\":\"milenage\",\"k\":\"%s\",\"opc\":\"%s\","
             "\"policy\":\"%s\",\"profile\":\"default\",\"msisdn\":\"%s\",\"devices\":[%s]}",
             s->imsi, k, opc, s->bound ? "bound" : "open", msisdn, devices);
    snprintf(path, sizeof path, "/v1/subscribers/%s", s->imsi);
    ask_for(&s->msisdn, msisdn);
    int status = raw_admin(&place, "PUT", path, body, NULL);
    if (status == 200 || status == 201) {
        granted(&s->msisdn);
    } else if (status != 0) {
        went_wrong("PUT was refused", s, "");
    }
    return status == 200 || status == 201;
}

static bool patch(struct one *s, const char *msisdn)
{
    char body[128], path[64];
    snprintf(body, sizeof body, "{\"msisdn\":\"%s\"}", msisdn);
    snprintf(path, sizeof path, "/v1/subscribers/%s", s->imsi);
    ask_for(&s->msisdn, msisdn);
    int status = raw_admin(&place, "PATCH", path, body, NULL);
    if (status == 200) {
        granted(&s->msisdn);
    } else if (status != 0) {
        went_wrong("PATCH was refused", s, "");
    }
    return status == 200;
}

static bool patch_kme(struct one *s, uint64_t *state)
{
    char body[128], path[96], kme[33];
    for (size_t i = 0; i < sizeof s->kme_next.b; i++) {
        s->kme_next.b[i] = (uint8_t)draw(state);
    }
    hex_encode(BYTES_OF(s->kme_next.b), kme);
    snprintf(body, sizeof body, "{\"kme\":\"%s\"}", kme);
    snprintf(path, sizeof path, "/v1/subscribers/%s/devices/" IMEI, s->imsi);
    s->kme_under_way = true;
    int status = raw_admin(&place, "PATCH", path, body, NULL);
    if (status == 200) {
        s->kme = s->kme_next;
        s->kme_under_way = false;
        atomic_fetch_add(&changes, 1);
        acknowledge();
    } else if (status != 0) {
        went_wrong("PATCH of the KME was refused", s, "");
    }
    return status == 200;
}

static bool drop(struct one *s)
{
    char path[64];
    snprintf(path, sizeof path, "/v1/subscribers/%s", s->imsi);
    ask_for(&s->msisdn, "");
    s->sqn = 0; /* a subscriber that is made anew has a USIM that is new */
    s->has_last = false;
    int status = raw_admin(&place, "DELETE", path, NULL, NULL);
    if (status == 204) {
        granted(&s->msisdn);
    } else if (status != 0) {
        went_wrong("DELETE was refused", s, "");
    }
    return status == 204;
}

static void *change_main(void *arg)
{
    uint64_t state = *(const uint64_t *)arg;
    bool live = true;
    for (size_t i = 0; live; i++) {
        char msisdn[16];
        struct one *changed = &subs[FIRST_CHANGED + i % CHANGED];
        struct one *coming = &subs[FIRST_COMING + i % COMING];
        snprintf(msisdn, sizeof msisdn, "49%012llu", (unsigned long long)(draw(&state)));
        live = patch(changed, msisdn) && patch_kme(changed, &state);
        snprintf(msisdn, sizeof msisdn, "48%012llu", (unsigned long long)(draw(&state)));
        live = live && (coming->msisdn.now[0] == '\0' ? put(coming, msisdn) : drop(coming));
    }
    return NULL;
}

/* ---- the HSS ---- */

static void nap(void)
{
    static const struct timespec pause = {.tv_nsec = 5000000};
    (void)nanosleep(&pause, NULL);
}

static bool hss_is_up(struct raw_link *l)
{
    bool up = raw_admin(&place, "GET", "/v1/status", NULL, NULL) == 200 &&
              raw_open(l, &place, "mme-a") && raw_capabilities(l) == DIAMETER_SUCCESS;
    if (!up) {
        raw_close(l);
    }
    return up;
}

static void hss_exec(void)
{
    char config[512], log[512];
    snprintf(config, sizeof config, "%s/hssd.yaml", place.work);
    snprintf(log, sizeof log, "%s/hss.log", place.work);
    int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    /* However this program ends, its HSS ends too. */
    if (fd >= 0 && dup2(fd, 2) >= 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0) {
        (void)execl(hssd, hssd, "--config", config, (char *)NULL);
    }
    _exit(127);
}

/* True when it serves; l is then a connection of mme-a. */
static bool hss_start(struct raw_link *l)
{
    time_t until = time(NULL) + RAW_WAIT_SECONDS;
    fflush(stdout);
    l->fd = -1;
    child = fork();
    if (child == 0) {
        hss_exec();
    }
    while (child > 0 && time(NULL) < until) {
        if (waitpid(child, NULL, WNOHANG) != 0) {
            child = 0;
            return false;
        }
        if (hss_is_up(l)) {
            return true;
        }
        nap();
    }
    return false;
}

static bool hss_ended(int signal)
{
    int status = 0;
    if (child <= 0) {
        return false;
    }
    (void)kill(child, signal);
    bool reaped = waitpid(child, &status, 0) == child;
    child = 0;
    return reaped && (signal == SIGKILL ? WIFSIGNALED(status)
                                        : WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* ---- afterwards ---- */

static void read_back(struct one *s)
{
    char path[64];
    json_t *body;
    snprintf(path, sizeof path, "/v1/subscribers/%s", s->imsi);
    int status = raw_admin(&place, "GET", path, NULL, &body);
    if (status != 200 && status != 404) {
        went_wrong("GET failed", s, "");
    }
    hold_against(&s->msisdn, raw_text(body, "msisdn"), s, "MSISDN");
    if (status == 200) {
        hold_against(&s->host, raw_text(json_object_get(body, "serving"), "host"), s,
                     "serving node");
    }
    json_decref(body);
}

static void verify(const struct crypto *c, struct raw_link *l)
{
    for (size_t i = 0; i < ALL; i++) {
        struct one *s = &subs[i];
        read_back(s);
        if (s->msisdn.now[0] != '\0' && !authenticate(c, l, s, 1, 0)) {
            went_wrong("no answer to the AIR after the start", s, "");
        }
    }
}

/* ---- rounds ---- */

static void load(uint64_t *state)
{
    struct asker a = {0, OPEN, draw(state)}, b = {FIRST_BOUND, BOUND, draw(state)};
    uint64_t seed = draw(state);
    pthread_t threads[4];
    size_t n = 0;
    n += pthread_create(&threads[n], NULL, ask_main, &a) == 0;
    n += pthread_create(&threads[n], NULL, ask_main, &b) == 0;
    n += pthread_create(&threads[n], NULL, move_main, NULL) == 0;
    n += pthread_create(&threads[n], NULL, change_main, &seed) == 0;
    for (size_t i = 0; i < n; i++) {
        (void)pthread_join(threads[i], NULL);
    }
}

static bool populate(const struct crypto *c)
{
    bool good = true;
    for (size_t i = 0; i < ALL; i++) {
        struct one *s = &subs[i];
        char msisdn[16];
        snprintf(s->imsi, sizeof s->imsi, "00101%010zu", i + 1);
        snprintf(msisdn, sizeof msisdn, "47%08zu", i);
        s->keys = (struct aka_keys){.algorithm = AKA_MILENAGE, .res_len = 8};
        s->keys.k.n = s->keys.opc.n = 16;
        s->bound =
            (i >= FIRST_BOUND && i < FIRST_MOVING) || (i >= FIRST_CHANGED && i < FIRST_COMING);
        good = good && c->random(c->ctx, (struct mbytes){s->keys.k.b, 16}) == E_OK &&
               c->random(c->ctx, (struct mbytes){s->keys.opc.b, 16}) == E_OK &&
               c->random(c->ctx, MBYTES_OF(s->kme.b)) == E_OK && put(s, msisdn);
    }
    return good;
}

/* One kill: at an acknowledgement that nobody can foresee. False: the HSS did not come back. */
static bool round_of(const struct crypto *c, struct raw_link *l, uint64_t *state, unsigned number)
{
    unsigned long before = atomic_load(&acknowledged);
    atomic_store(&kill_at, before + 200 + draw(state) % 1500);
    raw_close(l);
    load(state);
    bool killed = atomic_load(&acknowledged) >= atomic_load(&kill_at);
    atomic_store(&kill_at, 0);
    if (!killed) {
        went_wrong("the load ended before the kill", NULL, "");
    }
    bool dead = hss_ended(SIGKILL);
    bool back = dead && hss_start(l);
    if (back) {
        verify(c, l);
    }
    printf("# kill %u after %lu acknowledgements: %s\n", number,
           atomic_load(&acknowledged) - before, back ? "it is back" : "it does not start");
    return back;
}

int main(int argc, char **argv)
{
    static struct raw_link l;
    struct crypto c;
    uint64_t state;
    if (argc != 6) {
        fprintf(stderr, "usage: %s KILLS WORK REALM TCP HSSD\n", argv[0]);
        return 2;
    }
    unsigned kills = (unsigned)atoi(argv[1]), done = 0;
    place = (struct raw_place){.work = argv[2], .realm = argv[3], .tcp = (uint16_t)atoi(argv[4])};
    hssd = argv[5];
    if (getrandom(&state, sizeof state, 0) != sizeof state || crypto_openssl_open(&c) != E_OK) {
        return 2;
    }
    bool live = raw_says(hss_start(&l) && populate(&c), "the HSS starts and takes its subscribers");
    while (live && done < kills) {
        live = round_of(&c, &l, &state, ++done);
    }
    raw_close(&l);
    raw_says(live && done == kills, "%u kills under load, and each time it serves again", done);
    printf("# %lu vectors, %lu resynchronisations, %lu changes, %lu times too fast\n",
           atomic_load(&vectors), atomic_load(&resyncs), atomic_load(&changes),
           atomic_load(&exhausted));
    raw_says(atomic_load(&wrong) == 0 && atomic_load(&vectors) > 0 && atomic_load(&resyncs) > 0 &&
                 atomic_load(&changes) > ALL,
             "no SQN went back and no acknowledged change was lost");
    raw_says(hss_ended(SIGTERM), "SIGTERM ends it in order");
    crypto_openssl_close(&c);
    return raw_failures > 0;
}
