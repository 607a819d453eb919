/* nf/common/program.h - what every daemon's main does before it serves: arguments, and closing the
 * process to debuggers and core dumps.
 */
#ifndef BINDERY_NF_COMMON_PROGRAM_H
#define BINDERY_NF_COMMON_PROGRAM_H

#include "nf/common/log.h"
#include "trace/pcapng.h"

enum { PROGRAM_DONE = 0, PROGRAM_FAILED = 1, PROGRAM_USAGE = 2 }; /* exit status */

struct program {
    const char *name;    /* "bindery-hssd" */
    const char *version; /* "bindery-hssd 0.1.0" */
    const char *doc;     /* of --help, before and behind the options, as argp wants it */
    bool rotates_key;    /* it takes --rotate-key */
};
struct program_options {
    const char *config;
    const char *trace;
    bool check;
    bool trace_secrets;
    bool rotate_key;
};
/* Does not return when the arguments are wrong (status PROGRAM_USAGE), or for --help and
 * --version. */
void program_arguments(const struct program *p, int argc, char **argv, struct program_options *out);
/* "bindery-hssd: where: what" on standard error; where may be NULL. */
void program_say(const struct program *p, const char *where, const char *what);
/* No core and no debugger reads keys out of this process, its files are its owner's, and a limit of
 * their size does not end it. False and said. */
MUST_USE bool program_harden(const struct program *p);
/* *out is NULL when no trace is wanted. False and said. */
MUST_USE bool program_trace(const struct program *p, const struct program_options *o,
                            struct pcapng_writer **out);
/* The log on standard error. False and said. */
MUST_USE bool program_log(const struct program *p, enum log_level level, bool mask_imsi,
                          struct log **out);

#endif
