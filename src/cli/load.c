#include "cli/load.h"
#include "cli/cli.h"
#include "cli/load_options.h"
#include "cli/load_plot.h"
#include "cli/load_run.h"
#include "crypto/openssl.h"
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

static atomic_bool stopped;

static void on_signal(int number)
{
    (void)number;
    atomic_store(&stopped, true);
}

/* Ctrl-C ends the load early and still tells what was measured; a second one ends the program. */
static void heed_signals(void)
{
    struct sigaction a = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
    (void)sigaction(SIGINT, &a, NULL);
    (void)sigaction(SIGTERM, &a, NULL);
}

/* Opened before the load, so that a wrong path costs no run. */
static bool open_output(const char *path, FILE **out)
{
    *out = NULL;
    if (!path) {
        return true;
    }
    *out = !strcmp(path, "-") ? stdout : fopen(path, "we");
    if (!*out) {
        cli_error("%s: %s", path, strerror(errno));
    }
    return *out != NULL;
}

static bool close_output(const char *path, FILE *f)
{
    if (!f) {
        return true;
    }
    bool good = fflush(f) == 0 && !ferror(f);
    if (f != stdout) {
        good = fclose(f) == 0 && good;
    }
    if (!good) {
        cli_error("%s: %s", path, strerror(errno));
    }
    return good;
}

static void write_json(const struct load_counts *c, const struct load_plan *p, FILE *to)
{
    json_t *o = load_json(c, p);
    (void)json_dumpf(o, to, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
    fputc('\n', to);
    json_decref(o);
}

static int say(const struct load_counts *c, const struct load_plan *p, FILE *json, FILE *plot)
{
    if (json != stdout && plot != stdout) {
        load_report(c, p, stdout);
    }
    if (json) {
        write_json(c, p, json);
    }
    if (plot) {
        load_plot(c, p, plot);
    }
    bool failed = c->failed > 0 && !p->allow_failures;
    return failed || c->succeeded + c->failed == 0 ? CLI_REFUSED : CLI_DONE;
}

static int run(const struct load_plan *p, struct load_counts *c)
{
    char why[512];
    FILE *json, *plot = NULL;
    int rc = CLI_REFUSED;
    if (open_output(p->json, &json) && open_output(p->plot, &plot)) {
        enum err e = load_run(p, &stopped, c, why, sizeof why);
        if (e != E_OK) {
            struct address_text at = address_print(&p->to);
            cli_error("%s: %s", at.s, why);
            rc = e == E_CLOSED ? CLI_UNREACHABLE : CLI_REFUSED;
        } else {
            rc = say(c, p, json, plot);
        }
    }
    bool written = close_output(p->json, json);
    written = close_output(p->plot, plot) && written;
    return rc == CLI_DONE && !written ? CLI_REFUSED : rc;
}

int cli_load(int argc, char **argv)
{
    struct load_options o = {.to = NULL};
    struct load_plan p;
    struct crypto c = {0};
    int rc = CLI_REFUSED;
    if (argp_parse(&load_argp, argc, argv, 0, NULL, &o) != 0) {
        return CLI_USAGE;
    }
    struct load_counts *counts = calloc(1, sizeof *counts);
    if (!counts || crypto_openssl_open(&c) != E_OK) {
        cli_error("no memory");
    } else if (!load_plan_make(&o, &c, &p)) {
        rc = CLI_USAGE;
        load_keys_wipe(&p.keys);
    } else {
        heed_signals();
        rc = run(&p, counts);
        load_keys_wipe(&p.keys);
    }
    crypto_openssl_close(&c);
    free(counts);
    return rc;
}
