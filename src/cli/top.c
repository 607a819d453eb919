/* The verb `top`: what a daemon does right now, from two readings of its /metrics. */
#include "cli/api_client.h"
#include "cli/top_view.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define INTERVAL_MAX_S 3600L
#define ROWS_LEAST     3u

struct options {
    struct cli_common common;
    const char *interval, *of;
    bool once;
};

static volatile sig_atomic_t ended;

static error_t take(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &o->common;
        return 0;
    case '1':
        o->once = true;
        return 0;
    case 'i':
        o->interval = arg;
        return 0;
    case 'M':
        o->of = "mme";
        return 0;
    case 'o':
        o->of = arg;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* ---- the terminal ---- */

struct screen {
    bool on;   /* standard output is a terminal, and shows frames in place */
    bool keys; /* standard input is one too, and gives keys at once */
    struct termios before;
};

static void on_end(int number)
{
    (void)number;
    ended = 1;
}

static void screen_open(struct screen *s, bool wanted)
{
    const struct sigaction end = {.sa_handler = on_end}; /* no SA_RESTART: a wait ends */
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};
    s->on = wanted && isatty(STDOUT_FILENO) == 1;
    s->keys = s->on && isatty(STDIN_FILENO) == 1 && tcgetattr(STDIN_FILENO, &s->before) == 0;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        (void)sigaction(numbers[i], &end, NULL);
    }
    if (s->keys) {
        struct termios raw = s->before;
        raw.c_lflag &= (tcflag_t) ~(ICANON | ECHO);
        s->keys = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
    }
    if (s->on) {
        fputs("\033[?1049h\033[?25l", stdout); /* another screen, no cursor */
    }
}

static void screen_close(const struct screen *s)
{
    if (s->on) {
        fputs("\033[?25h\033[?1049l", stdout);
        (void)fflush(stdout);
    }
    if (s->keys) {
        (void)tcsetattr(STDIN_FILENO, TCSANOW, &s->before);
    }
}

static void frame(const struct screen *s, const json_t *view)
{
    struct winsize size = {.ws_row = 0};
    if (!s->on) {
        top_show(stdout, view, 0, 0);
        return;
    }
    (void)ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
    const unsigned rows = size.ws_row == 0 ? 24u : size.ws_row;
    fputs("\033[H\033[J", stdout);
    top_show(stdout, view, rows > ROWS_LEAST ? rows : ROWS_LEAST,
             size.ws_col == 0 ? 80u : size.ws_col);
}

static double monotonic_s(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* False: the user has had enough. */
static bool wait_for(const struct screen *s, double seconds)
{
    const double until = monotonic_s() + seconds;
    struct pollfd in = {.fd = s->keys ? STDIN_FILENO : -1, .events = POLLIN};
    double left = seconds;
    while (left > 0 && !ended) {
        char key = '\0';
        if (poll(&in, 1, (int)(left * 1000) + 1) > 0) {
            if (read(STDIN_FILENO, &key, 1) != 1 || key == 'q' || key == 'Q') {
                return false;
            }
            if (key == ' ') {
                return true;
            }
        }
        left = until - monotonic_s();
    }
    return !ended;
}

/* ---- readings ---- */

static int read_metrics(struct api *api, struct top_text *out)
{
    struct api_answer answer;
    const struct api_request request = {
        .method = "GET", .path = "/metrics", .accept = "text/plain", .seconds = 30};
    int rc = api_do(api, "top", &request, &answer);
    if (rc != CLI_DONE) {
        return rc;
    }
    const enum err err =
        answer.text != NULL ? top_text_read(answer.text, answer.text_n, out) : E_BAD_VALUE;
    if (err != E_OK) {
        cli_error("top: the answer is no metrics: %s", err_sentence(err));
        rc = CLI_REFUSED;
    }
    api_answer_free(&answer);
    return rc;
}

static int show(const struct options *o, const struct screen *s, const struct top_text *before,
                const struct top_text *now, double seconds)
{
    json_t *view = top_view(before, now, seconds, (double)time(NULL));
    if (view == NULL) {
        cli_error("no memory");
        return CLI_REFUSED;
    }
    if (o->common.json && o->once) {
        api_print_json(view);
    } else if (o->common.json) {
        (void)json_dumpf(view, stdout, JSON_COMPACT | JSON_REAL_PRECISION(15));
        putchar('\n');
    } else {
        frame(s, view);
    }
    (void)fflush(stdout);
    json_decref(view);
    return CLI_DONE;
}

static int run(const struct options *o, struct api *api, long interval)
{
    struct screen s = {.on = false};
    struct top_text before = {.samples = NULL}, now = {.samples = NULL};
    int rc = read_metrics(api, &before);
    double at = monotonic_s();
    if (rc != CLI_DONE) {
        return rc;
    }
    screen_open(&s, !o->once && !o->common.json);
    while (rc == CLI_DONE && !ferror(stdout) && wait_for(&s, (double)interval)) {
        rc = read_metrics(api, &now);
        const double then = at;
        at = monotonic_s();
        if (rc == CLI_DONE) {
            rc = show(o, &s, &before, &now, at - then);
            top_text_free(&before);
            before = now;
            now = (struct top_text){.samples = NULL};
        }
        if (o->once) {
            break;
        }
    }
    screen_close(&s);
    top_text_free(&before);
    return rc;
}

/* Who is asked, and where `bindery up` has its socket. */
static int open_daemon(const struct options *o, struct api *api)
{
    static const struct {
        const char *name, *who, *socket;
    } others[] = {{"repo", "repository", "repod.sock"},
                  {"arpf", "ARPF", "arpf/arpf.sock"},
                  {"dausf", "discovery AUSF", "discovery/discovery.sock"},
                  {"rsmf", "RSMF", "rsmf/rsm.sock"}};
    const char *of = o->of != NULL ? o->of : "hss";
    if (strcmp(of, "hss") == 0) {
        return api_open(&o->common, api);
    }
    if (strcmp(of, "mme") == 0) {
        return api_open_mme(&o->common, api);
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        if (strcmp(of, others[i].name) == 0) {
            return api_open_other(&o->common, others[i].who, others[i].socket, api);
        }
    }
    cli_error("top: --of is hss, mme, repo, arpf, dausf or rsmf, and not '%s'", of);
    return CLI_USAGE;
}

/*= op-top */
int cli_top(int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"once", '1', NULL, 0, "show one interval and end", 0},
        {"interval", 'i', "SECONDS", 0, "between two readings (2)", 0},
        {"of", 'o', "DAEMON", 0, "which one: hss, mme, repo, arpf, dausf or rsmf (hss)", 0},
        {"mme", 'M', NULL, 0, "the same as --of mme", 0},
        {0},
    };
    static const struct argp_child children[] = {{&cli_common_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        options,
        take,
        NULL,
        "Shows what a daemon does right now: rates, times, peers, refusals, queues. Keys: q ends, "
        "space reads at once.",
        children,
        NULL,
        NULL};
    struct options o = {0};
    struct api api = {0};
    long interval = 2;
    if (argp_parse(&argp, argc, argv, 0, NULL, &o) != 0 ||
        (o.interval != NULL &&
         !cli_number("--interval", o.interval, 1, INTERVAL_MAX_S, &interval))) {
        return CLI_USAGE;
    }
    int rc = open_daemon(&o, &api);
    if (rc == CLI_DONE) {
        rc = run(&o, &api, interval);
        api_close(&api);
    }
    return rc;
}
