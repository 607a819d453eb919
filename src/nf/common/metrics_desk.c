#include "nf/common/metrics_desk.h"

#include "base/version.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct metrics_desk {
    struct metrics_desk_options options;
    struct metrics_source source;
    struct uv_loop_s *loop;
    struct config_metrics at;  /* of the listener */
    struct metrics_port *port; /* NULL: there is none */
};

void metrics_files_add(struct metrics_files *f, enum file_watch_kind kind, const char *path,
                       const char *use, ...)
{
    va_list args;
    if (path == NULL || f->n > FILE_WATCH_MAX) {
        return;
    }
    va_start(args, use);
    (void)vsnprintf(f->uses[f->n], sizeof f->uses[0], use, args);
    va_end(args);
    f->items[f->n] = (struct file_watch_item){kind, f->uses[f->n], path};
    f->n++;
}

struct metrics_next { /* what will count */
    struct config_metrics at;
    bool other;                /* the listener is to be another, or to be none */
    struct metrics_port *port; /* that one; or NULL */
    struct file_watch_list *files;
};

static enum err files_of(const struct metrics_desk *d, const void *config,
                         struct file_watch_list **out)
{
    struct metrics_files *files = calloc(1, sizeof *files);
    if (files == NULL) {
        return E_MEMORY;
    }
    d->options.files(config, files);
    const enum err err = file_watch_list_of(files->items, files->n, out);
    free(files);
    return err;
}

/* Port 0 is any that is free, and somebody wants to know which. */
static void tell(const struct metrics_desk *d)
{
    if (d->port != NULL) {
        const struct address at = metrics_port_bound(d->port);
        const struct address_text text = address_print(&at);
        const struct log_field field = LOG_FIELD_STR("listener", text.s);
        log_line(d->options.log, LOG_LEVEL_INFO, "metrics-listener", &field, 1);
    } else {
        log_line(d->options.log, LOG_LEVEL_INFO, "metrics-listener-closed", NULL, 0);
    }
}

static enum err next_fill(struct metrics_desk *d, const void *config, struct metrics_next *next,
                          struct metrics_port_why *why)
{
    const enum err err = files_of(d, config, &next->files);
    if (err != E_OK) {
        (void)snprintf(why->text, sizeof why->text, "metrics: %s", err_sentence(err));
        return err;
    }
    return next->other && next->at.on
               ? metrics_port_open(&next->at.listen, &d->source, d->loop, &next->port, why)
               : E_OK;
}

enum err metrics_next_open(struct metrics_desk *d, const struct config_metrics *at,
                           const void *config, struct metrics_next **out,
                           struct metrics_port_why *why)
{
    *out = NULL;
    if (d == NULL) {
        return E_OK; /* it does not serve */
    }
    struct metrics_next *next = calloc(1, sizeof *next);
    if (next == NULL) {
        (void)snprintf(why->text, sizeof why->text, "metrics: %s", err_sentence(E_MEMORY));
        return E_MEMORY;
    }
    next->at = *at;
    next->other = !same_metrics(&d->at, at);
    const enum err err = next_fill(d, config, next, why);
    if (err != E_OK) {
        metrics_next_drop(next);
        return err;
    }
    *out = next;
    return E_OK;
}

void metrics_next_take(struct metrics_desk *d, struct metrics_next *next)
{
    if (next == NULL) {
        return;
    }
    file_watch_take(d->source.files, next->files);
    if (next->other) {
        metrics_port_leave(d->port); /* a reload is itself a callback of the loop */
        d->port = next->port;
        d->at = next->at;
        tell(d);
    }
    free(next);
}

void metrics_next_drop(struct metrics_next *next)
{
    if (next != NULL) {
        metrics_port_leave(next->port);
        file_watch_list_drop(next->files);
        free(next);
    }
}

enum err metrics_desk_open(const struct metrics_desk_options *options,
                           const struct config_metrics *at, const void *config,
                           struct uv_loop_s *loop, struct metrics_desk **out,
                           struct metrics_port_why *why)
{
    struct metrics_next *first = NULL;
    struct metrics_desk *d = calloc(1, sizeof *d);
    (void)snprintf(why->text, sizeof why->text, "metrics: %s", err_sentence(E_MEMORY));
    if (d == NULL) {
        return E_MEMORY;
    }
    d->options = *options;
    d->loop = loop;
    d->source = (struct metrics_source){.program = options->program,
                                        .version = BINDERY_VERSION,
                                        .started_unix = options->started_unix,
                                        .ctx = options->ctx,
                                        .write = options->write,
                                        .health = options->health};
    enum err err = file_watch_open(options->also, options->ctx, &d->source.files);
    if (err == E_OK) {
        err = metrics_next_open(d, at, config, &first, why);
    }
    if (err != E_OK) {
        metrics_desk_close(d);
        return err;
    }
    metrics_next_take(d, first);
    *out = d;
    return E_OK;
}

const struct metrics_source *metrics_desk_source(const struct metrics_desk *d)
{
    return d != NULL ? &d->source : NULL;
}

void metrics_desk_close(struct metrics_desk *d)
{
    if (d == NULL) {
        return;
    }
    metrics_port_close(d->port);
    file_watch_close(d->source.files);
    free(d);
}
