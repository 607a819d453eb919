/* src/emulator/run.c, src/emulator/trace.c, src/emulator/shadow.c, src/emulator/say.c and
 * src/emulator/report.c with an MME behind a real socket. */
#include "emulator/run.h"

#include "emulator/report.h"
#include "emulator/server.h"
#include "trace/pcapng.h"
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

struct stage {
    struct server *s;
    struct population p;
    struct run_plan plan;
    struct run_result r;
    volatile sig_atomic_t stop;
};

static struct stage *stage_of(uint32_t devices)
{
    struct bindery_ue_settings settings = population_settings();
    struct stage *g = calloc(1, sizeof *g);
    assert_non_null(g);
    settings.timers.t3411 = 20; /* tests do not wait */
    settings.timers.t3402 = 20;
    g->s = server_open();
    assert_ok(population_open(&g->p, &settings, NULL));
    assert_ok(population_add_derived(&g->p, &g->s->mme.origin, devices));
    g->plan =
        (struct run_plan){.attaches = devices, .connect_ms = 20000, .reconnect_ms = 10, .seed = 1};
    g->plan.mme[0] = g->s->at;
    g->plan.emulation = (struct emulation_config){.enbs = 1, .timeout_ms = 60000};
    g->plan.emulation.enb = (struct enb_config){.plmns = {{"001", "01"}},
                                                .n_plmns = 1,
                                                .id = 5,
                                                .name = "test",
                                                .tac = 1,
                                                .transport = {127, 0, 0, 1},
                                                .mmes = 1,
                                                .ues = 2 * devices + 16};
    return g;
}

static void perform(struct stage *g)
{
    server_start(g->s);
    run(&g->plan, &g->p, &g->stop, &g->r);
    server_stop(g->s);
}

static void strike(struct stage *g)
{
    population_close(&g->p);
    server_close(g->s);
    free(g);
}

static void attaches_and_detaches(void **state)
{
    struct stage *g = stage_of(40);
    (void)state;
    g->plan.emulation.enbs = 4;
    perform(g);
    assert_int_equal(g->r.end, RUN_DONE);
    assert_int_equal(g->r.tally.offered, 40);
    assert_int_equal(g->r.tally.registered, 40);
    assert_int_equal(g->r.tally.detached, 40);
    assert_int_equal(g->s->mme.registered, 40);
    assert_int_equal(g->s->mme.setups, 4);
    assert_int_equal(g->r.enb.contexts, 40);
    assert_true(g->r.elapsed_ns > 0);
    assert_true(g->r.device_octets > sizeof(struct bindery_ue));
    strike(g);
}

static void patterns(void **state)
{
    static const enum load_pattern all[] = {LOAD_CONSTANT, LOAD_POISSON, LOAD_BETA};
    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        struct stage *g = stage_of(20);
        g->plan.pattern = all[i];
        g->plan.over_ns = 100000000;
        g->plan.attaches = 60; /* each device three times */
        perform(g);
        assert_int_equal(g->r.end, RUN_DONE);
        assert_int_equal(g->r.tally.offered, 60);
        assert_int_equal(g->r.tally.registered + g->r.tally.failed, 60);
        assert_int_equal(g->r.tally.registered, g->s->mme.registered);
        strike(g);
    }
}

static void rejects_are_counted(void **state)
{
    struct stage *g = stage_of(5);
    (void)state;
    g->s->mme.reject = EMM_CAUSE_CONGESTION;
    perform(g);
    assert_int_equal(g->r.end, RUN_DONE);
    assert_int_equal(g->r.tally.failed, 5);
    assert_int_equal(g->r.tally.cause[0].n, 5);
    assert_string_equal(g->r.tally.cause[0].text, "ATTACH REJECT #22 (Congestion), not protected");
    strike(g);
}

/* It takes all of the time; a machine on which the refusal does not come in it gets more. */
static void setup_refused(void **state)
{
    bool refused = false;
    (void)state;
    for (uint64_t ms = 2000; !refused; ms *= 4) {
        struct stage *g = stage_of(1);
        g->plan.connect_ms = ms;
        g->s->mme.resend_setup_failure = true;
        g->s->mme.wait = S1AP_WAIT_60S;
        perform(g);
        refused = strstr(g->r.why, "the MME refused S1 SETUP: unknown-PLMN") != NULL;
        assert_int_equal(g->r.end, RUN_UNREACHABLE);
        assert_true(refused || ms < 30000);
        assert_int_equal(g->r.tally.offered, 0);
        strike(g);
    }
}

/* A port that is taken, so that no other process gets it, and that nobody listens on. */
static int deaf_port(struct address *at)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t n = sizeof a;
    char text[64];
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, n), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
    (void)snprintf(text, sizeof text, "s1-tcp://127.0.0.1:%u", (unsigned)ntohs(a.sin_port));
    assert_ok(address_parse_s1(text, at));
    return fd;
}

static void nobody_there(void **state)
{
    struct stage *g = stage_of(1);
    const int taken = deaf_port(&g->plan.mme[0]);
    (void)state;
    g->plan.connect_ms = 50;
    run(&g->plan, &g->p, &g->stop, &g->r);
    close(taken);
    assert_int_equal(g->r.end, RUN_UNREACHABLE);
    assert_non_null(strstr(g->r.why, "s1-tcp://127.0.0.1:"));
    strike(g);
}

static void stopped_at_once(void **state)
{
    struct stage *g = stage_of(1);
    (void)state;
    g->plan.stay = true;
    g->stop = 1;
    perform(g);
    assert_int_equal(g->r.end, RUN_INTERRUPTED);
    strike(g);
}

static void association_is_made_again(void **state)
{
    struct stage *g = stage_of(3);
    (void)state;
    g->s->drop_after = 4; /* in the middle of attaches */
    g->plan.emulation.persist = true;
    perform(g);
    assert_int_equal(g->r.end, RUN_DONE);
    assert_int_equal(g->r.associations_lost, 1);
    assert_int_equal(g->s->mme.setups, 2);
    assert_int_equal(g->r.tally.registered, 3);
    strike(g);
}

/* ---- the trace ---- */

struct read {
    unsigned s1ap, nas, deciphered, keys;
    bool accept, kasme;
};

static void look(struct read *r, const struct pcapng_packet *p)
{
    struct s1ap_pdu pdu;
    struct s1ap_fault fault;
    struct nas_pdu nas;
    static const uint8_t zeros[32] = {0};
    if (bytes_eq(p->dissector, BYTES_LIT("s1ap"))) {
        r->s1ap++;
        assert_ok(s1ap_parse(p->message, &pdu, &fault));
        if (pdu.type == S1AP_INITIAL_CONTEXT_SETUP_REQUEST) {
            r->keys += !bytes_eq(pdu.u.initial_context_setup_request.security_key, BYTES_OF(zeros));
        }
        return;
    }
    assert_true(bytes_eq(p->dissector, BYTES_LIT("nas-eps")));
    r->nas++;
    assert_ok(nas_peek(p->message, &nas));
    assert_true(nas.kind == NAS_PLAIN_EMM);
    r->accept = r->accept || nas.type == NAS_ATTACH_ACCEPT;
    r->deciphered += p->comment.n > 0;
}

static struct read read_trace(const char *path)
{
    static uint8_t file[1 << 20];
    struct pcapng_reader reader = {.offset = 0};
    struct pcapng_packet p;
    struct read r = {.s1ap = 0};
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    struct bytes left = {file, fread(file, 1, sizeof file, f)};
    size_t used;
    enum err err;
    while ((err = pcapng_next(&reader, left, &used, &p)) == E_OK) {
        look(&r, &p);
        left.p += used;
        left.n -= used;
    }
    assert_int_equal(err, E_AGAIN);
    left.p += used;
    left.n -= used;
    assert_ok(pcapng_finish(&reader, left));
    (void)fclose(f);
    return r;
}

static struct read traced(bool secrets)
{
    struct stage *g = stage_of(2);
    char path[] = "/tmp/emulator_trace.XXXXXX";
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    assert_ok(trace_open(path, secrets, &g->plan.trace));
    perform(g);
    assert_int_equal(g->r.tally.detached, 2);
    assert_false(trace_failed(g->plan.trace));
    trace_close(g->plan.trace);
    struct read r = read_trace(path);
    unlink(path);
    strike(g);
    return r;
}

static void trace_without_secrets(void **state)
{
    struct read r = traced(false);
    (void)state;
    assert_true(r.s1ap >= 2 + 2 * 12);
    assert_int_equal(r.nas, 0);
    assert_int_equal(r.keys, 0);
}

static void trace_with_secrets(void **state)
{
    struct read r = traced(true);
    (void)state;
    /* of each device: security mode complete, attach accept and complete, detach request, accept */
    assert_int_equal(r.nas, 10);
    assert_int_equal(r.deciphered, 10);
    assert_int_equal(r.keys, 2);
    assert_true(r.accept);
}

/* ---- words ---- */

static void told_in_words(void **state)
{
    static const char *const expected[] = {"connected to s1-tcp://127.0.0.1:",
                                           "S1 is set up with MME test mme (relative capacity 10)",
                                           "-> ATTACH REQUEST, in clear",
                                           "<- AUTHENTICATION REQUEST, in clear",
                                           "challenge, RAND encrypted under KME: the USIM answered",
                                           "-> AUTHENTICATION RESPONSE, in clear",
                                           "<- SECURITY MODE COMMAND, integrity protected",
                                           "NAS security is on: EEA2, EIA2",
                                           "-> SECURITY MODE COMPLETE, ciphered",
                                           "radio context: KeNB is the device's own; 1 bearer",
                                           "<- ATTACH ACCEPT, ciphered",
                                           "-> ATTACH COMPLETE, ciphered",
                                           "registered: GUTI 001-01, group 8001, code 07",
                                           "-> DETACH REQUEST, ciphered",
                                           "<- DETACH ACCEPT, ciphered",
                                           "detached"};
    struct stage *g = stage_of(1);
    char *text = NULL;
    size_t n = 0;
    (void)state;
    g->plan.words = open_memstream(&text, &n);
    perform(g);
    (void)fclose(g->plan.words);
    const char *at = text;
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        at = strstr(at, expected[i]);
        if (at == NULL) {
            fail_msg("not said, or not then: %s\n%s", expected[i], text);
        }
    }
    free(text);
    strike(g);
}

/* ---- the result ---- */

static void result_as_table_and_json(void **state)
{
    struct stage *g = stage_of(4);
    char *text = NULL;
    size_t n = 0;
    (void)state;
    g->s->mme.wrong_kme = true;
    perform(g);
    FILE *to = open_memstream(&text, &n);
    report_print(&g->plan, &g->r, to);
    (void)fclose(to);
    assert_non_null(strstr(text, "4 devices, 1 eNB, 4 attaches (all at once), to s1-tcp://"));
    assert_non_null(strstr(text, "AUTHENTICATION REJECT, not protected"));
    assert_non_null(strstr(text, "mac-failure"));
    assert_non_null(strstr(text, "octets per device"));
    free(text);
    json_t *o = report_json(&g->plan, &g->r);
    assert_non_null(o);
    assert_int_equal(json_integer_value(json_object_get(o, "failed")), 4);
    assert_true(json_is_null(json_object_get(o, "attach_ms")));
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(o, "challenges"), "mac-failure")), 4);
    assert_int_equal(json_array_size(json_object_get(o, "failures")), 1);
    assert_int_equal(json_integer_value(json_object_get(json_object_get(o, "enb"), "initials")), 4);
    json_decref(o);
    strike(g);
}

static void progress_line(void **state)
{
    struct stage *g = stage_of(10);
    char *text = NULL;
    size_t n = 0;
    (void)state;
    g->plan.progress = open_memstream(&text, &n);
    g->plan.over_ns = 600000000;
    perform(g);
    (void)fclose(g->plan.progress);
    assert_non_null(strstr(text, "under way"));
    free(text);
    strike(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        {"run: 40 devices in four cells attach and detach over a socket", attaches_and_detaches,
         NULL, NULL, NULL},
        {"run: every pattern makes as many attaches as were asked for", patterns, NULL, NULL, NULL},
        {"run: rejects are counted by their cause", rejects_are_counted, NULL, NULL, NULL},
        {"run: a refused S1 SETUP is unreachable, with the cause", setup_refused, NULL, NULL, NULL},
        {"run: nobody there is unreachable, with the address", nobody_there, NULL, NULL, NULL},
        {"run: a signal ends it in good order", stopped_at_once, NULL, NULL, NULL},
        {"run: an association that was cut is made again", association_is_made_again, NULL, NULL,
         NULL},
        {"trace: without secrets it holds S1AP and no key", trace_without_secrets, NULL, NULL,
         NULL},
        {"trace: with secrets each ciphered message is there once more in clear",
         trace_with_secrets, NULL, NULL, NULL},
        {"say: an attach and detach are told in order", told_in_words, NULL, NULL, NULL},
        {"report: the table and the JSON say what happened", result_as_table_and_json, NULL, NULL,
         NULL},
        {"run: a line shows what goes on", progress_line, NULL, NULL, NULL},
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
