/* The verb `logs`: what the daemons of `bindery up` wrote, as one list in the order of time. */
#include "cli/home.h"
#include "cli/log_file.h"
#include <errno.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#define TIME_LEN 24 /* of 2026-03-01T12:00:00.123Z */
#define STREAMS  6

struct options {
    struct cli_common common;
    const char *lines, *from;
    bool follow;
};
/* One daemon's file; the next line of it in hand. */
struct stream {
    const char *from; /* "hss", "mme", "repo" */
    char path[CLI_PATH_MAX];
    FILE *in;
    bool held;
    char line[LOG_FILE_LINE_MAX];
    char time[TIME_LEN + 1]; /* of the line, or of the one before that has one */
};
struct logs {
    const struct options *o;
    char dir[CLI_PATH_MAX];
    struct stream streams[STREAMS];
    size_t n;
};

static error_t take(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &o->common;
        return 0;
    case 'n':
        o->lines = arg;
        return 0;
    case 'f':
        o->follow = true;
        return 0;
    case 'F':
        o->from = arg;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* ---- lines ----------------------------------------------------------------------------------- */

/* Whole lines only: the rest of one that is being written comes with a later call. */
static bool hold(struct stream *s)
{
    static const char begin[] = "{\"time\":\"";
    if (s->held) {
        return true;
    }
    long at = ftell(s->in);
    if (!fgets(s->line, sizeof s->line, s->in)) {
        clearerr(s->in);
        return false;
    }
    size_t n = strlen(s->line);
    if (n && s->line[n - 1] != '\n' && n + 1 < sizeof s->line) {
        (void)fseek(s->in, at, SEEK_SET);
        clearerr(s->in);
        return false;
    }
    s->line[strcspn(s->line, "\n")] = '\0';
    if (strncmp(s->line, begin, sizeof begin - 1) == 0) {
        snprintf(s->time, sizeof s->time, "%s", s->line + sizeof begin - 1);
    }
    s->held = true;
    return true;
}

/* The stream with the oldest line; NULL: there is none now. */
static struct stream *oldest(struct logs *l)
{
    struct stream *found = NULL;
    for (size_t i = 0; i < l->n; i++) {
        struct stream *s = &l->streams[i];
        if (hold(s) && (!found || strcmp(s->time, found->time) < 0)) {
            found = s;
        }
    }
    return found;
}

static void show(const struct logs *l, const struct stream *s)
{
    if (l->o->common.json) {
        puts(s->line);
        return;
    }
    if (l->n > 1) {
        printf("%s%s%s ", cli_paint(stdout, CLI_DIM), s->from, cli_paint(stdout, CLI_PLAIN));
    }
    log_file_show(s->line, stdout);
}

/* Shows what there is, but for the first `skipped` lines. */
static void show_new(struct logs *l, unsigned long skipped)
{
    struct stream *s;
    while ((s = oldest(l)) != NULL) {
        if (skipped > 0) {
            skipped--;
        } else {
            show(l, s);
        }
        s->held = false;
    }
    (void)fflush(stdout);
}

static unsigned long lines_left(FILE *in)
{
    long at = ftell(in);
    unsigned long n = 0;
    for (int c = getc(in); c != EOF; c = getc(in)) {
        n += c == '\n';
    }
    clearerr(in);
    (void)fseek(in, at, SEEK_SET);
    return n;
}

/* The last n lines of them all. */
static void show_last(struct logs *l, unsigned long n)
{
    unsigned long all = 0;
    for (size_t i = 0; i < l->n; i++) {
        log_file_seek(l->streams[i].in, (unsigned)n);
        all += lines_left(l->streams[i].in);
    }
    show_new(l, all > n ? all - n : 0);
}

/* ---- going on -------------------------------------------------------------------------------- */

/* A file that was put aside is followed by the one that has its name now. */
static void reopen(struct stream *s)
{
    struct stat open_one, named;
    if (fstat(fileno(s->in), &open_one) == 0 && stat(s->path, &named) == 0 &&
        open_one.st_ino != named.st_ino) {
        FILE *fresh = fopen(s->path, "re");
        if (fresh) {
            (void)fclose(s->in);
            s->in = fresh;
        }
    }
}

static int follow(struct logs *l)
{
    char event[4096];
    int fd = inotify_init1(IN_CLOEXEC);
    if (fd < 0 || inotify_add_watch(fd, l->dir, IN_MODIFY | IN_CREATE | IN_MOVED_TO) < 0) {
        cli_error("%s: %s", l->dir, strerror(errno));
        if (fd >= 0) {
            (void)close(fd);
        }
        return CLI_REFUSED;
    }
    while (!ferror(stdout)) {
        show_new(l, 0);
        for (size_t i = 0; i < l->n; i++) {
            reopen(&l->streams[i]);
        }
        show_new(l, 0);
        if (read(fd, event, sizeof event) < 0 && errno != EINTR) {
            break;
        }
    }
    (void)close(fd);
    return CLI_REFUSED;
}

/* ---- which files ----------------------------------------------------------------------------- */

static int open_one(struct logs *l, const char *from, const char *name)
{
    struct stream *s = &l->streams[l->n];
    s->from = from;
    if (!cli_path(l->dir, name, s->path, sizeof s->path)) {
        return CLI_USAGE;
    }
    s->in = fopen(s->path, "re");
    if (!s->in) {
        cli_error("%s: %s%s", s->path, strerror(errno),
                  errno == ENOENT ? "; `bindery up` writes it" : "");
        return CLI_REFUSED;
    }
    l->n++;
    return CLI_DONE;
}

static const struct daemon {
    const char *from, *log, *configuration; /* without which `up` does not run it */
} daemons[STREAMS] = {{"hss", "hssd.log", "hssd.yaml"},
                      {"mme", "mmed.log", "mmed.yaml"},
                      {"repo", "repod.log", "repod.yaml"},
                      {"arpf", "arpfd.log", "arpf/arpfd.yaml"},
                      {"discovery", "dausfd.log", "discovery/dausfd.yaml"},
                      {"rsmf", "rsmfd.log", "rsmf/rsmfd.yaml"}};

static int open_streams(struct logs *l)
{
    const struct options *o = l->o;
    int rc = CLI_DONE;
    for (size_t i = 0; rc == CLI_DONE && i < STREAMS; i++) {
        const struct daemon *d = &daemons[i];
        if (o->from ? !strcmp(o->from, d->from)
                    : i == 0 || home_has(cli_dir(&o->common), d->configuration)) {
            rc = open_one(l, d->from, d->log);
        }
    }
    return rc;
}

static bool from_known(const struct options *o)
{
    bool known = !o->from;
    for (size_t i = 0; !known && i < STREAMS; i++) {
        known = !strcmp(o->from, daemons[i].from);
    }
    if (!known) {
        cli_error("--from takes hss, mme, repo, arpf, discovery or rsmf, not '%s'", o->from);
    }
    return known;
}

static const struct argp_option logs_options[] = {
    {"lines", 'n', "N", 0, "the last N lines (20)", 0},
    {"from", 'F', "DAEMON", 0, "only that one's: hss, mme, repo, arpf, discovery or rsmf", 0},
    {"follow", 'f', NULL, 0, "go on as lines are written", 0},
    {0},
};

int cli_logs(int argc, char **argv)
{
    static const struct argp_child children[] = {{&cli_common_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        logs_options, take,
        NULL,         "Shows what the daemons of `bindery up` wrote; with --json as they wrote it.",
        children,     NULL,
        NULL};
    static struct logs l; /* lines: not on the stack */
    struct options o = {0};
    long lines = 20;
    if (argp_parse(&argp, argc, argv, 0, NULL, &o) != 0 ||
        (o.lines && !cli_number("--lines", o.lines, 0, 1000000, &lines)) || !from_known(&o) ||
        !cli_local_only(&o.common, "logs") ||
        !cli_path(cli_dir(&o.common), "log", l.dir, sizeof l.dir)) {
        return CLI_USAGE;
    }
    l.o = &o;
    int rc = open_streams(&l);
    if (rc == CLI_DONE) {
        show_last(&l, (unsigned long)lines);
        rc = o.follow ? follow(&l) : CLI_DONE;
    }
    for (size_t i = 0; i < l.n; i++) {
        (void)fclose(l.streams[i].in);
    }
    l.o = NULL;
    return rc;
}
