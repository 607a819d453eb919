/* nf/common/metrics_desk.h - what a daemon needs for its metrics beside its own numbers: the thread
 * that looks at the files of its configuration, and the plain listener if there is one.
 *
 * One per daemon, in its libuv loop. The daemon gives two functions (nf/common/metrics_answer.h)
 * and the list of its files, and puts the pages into its table of paths.
 */
#ifndef BINDERY_NF_COMMON_METRICS_DESK_H
#define BINDERY_NF_COMMON_METRICS_DESK_H

#include "nf/common/config_metrics.h"
#include "nf/common/log.h"
#include "nf/common/metrics_port.h"

/* The files that a configuration names, each with its place in it. Large: not on a stack. */
struct metrics_files {
    struct file_watch_item items[FILE_WATCH_MAX + 1];
    char uses[FILE_WATCH_MAX + 1][96];
    size_t n;
};
/* path NULL: nothing. `use` is a format. The path is kept by reference. */
void metrics_files_add(struct metrics_files *f, enum file_watch_kind kind, const char *path,
                       const char *use, ...) __attribute__((format(printf, 4, 5)));

struct metrics_desk;
struct metrics_desk_options {
    const char *program;
    int64_t started_unix;
    void *ctx; /* of the functions */
    void (*write)(void *ctx, struct metrics_text *t);
    void (*health)(void *ctx, struct metrics_health *h);
    void (*also)(void *ctx); /* see file_watch_open; or NULL */
    /* Lists the files of a configuration. */
    void (*files)(const void *config, struct metrics_files *out);
    struct log *log;
};
/* Errors with *why: those of metrics_port_open and file_watch_open. */
MUST_USE enum err metrics_desk_open(const struct metrics_desk_options *options,
                                    const struct config_metrics *at, const void *config,
                                    struct uv_loop_s *loop, struct metrics_desk **out,
                                    struct metrics_port_why *why);
/* Another configuration, other files and another listener, in two steps: all that can fail, and
 * then what cannot, or nothing. d NULL (it does not serve): *out is NULL, and there is nothing to
 * take. Another listener is opened in the first step, beside the one that serves. So an address
 * that cannot be had is known before anything counts; one that overlaps the present one, as the
 * same port on all addresses does, is refused as in use. Who comes to it before the second step is
 * cut off if there is none. Both steps in one callback of the loop. Errors: those of
 * metrics_port_open, E_MEMORY; with *why. */
struct metrics_next;
MUST_USE enum err metrics_next_open(struct metrics_desk *d, const struct config_metrics *at,
                                    const void *config, struct metrics_next **out,
                                    struct metrics_port_why *why);
/* next is gone then. Harmless when it is NULL, as the next one. */
void metrics_next_take(struct metrics_desk *d, struct metrics_next *next);
void metrics_next_drop(struct metrics_next *next);
/* NULL for NULL. */
const struct metrics_source *metrics_desk_source(const struct metrics_desk *d);
/* Runs the loop until its handles are closed. Harmless on NULL. */
void metrics_desk_close(struct metrics_desk *d);

#endif
