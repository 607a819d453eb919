/* cli/cli.h - what every verb of `bindery` shares: exit codes, the verb tables, the common options,
 * and how things are said to a person.
 *
 * A verb is one function with argc and argv of its own; its options are an argp. Answers go to
 * standard output, everything else to standard error. A secret is never taken from an argument, and
 * never said.
 */
#ifndef BINDERY_CLI_CLI_H
#define BINDERY_CLI_CLI_H

#include "base/span.h"
#include "id/imei.h"
#include "id/imsi.h"
#include <argp.h>
#include <stdio.h>
#include <sys/un.h>

enum cli_exit {
    CLI_DONE = 0,
    CLI_REFUSED = 1,     /* refused by the HSS, the network or the input, or failed */
    CLI_USAGE = 2,       /* the command line is not one we know */
    CLI_UNREACHABLE = 3, /* the HSS cannot be reached */
};

#define CLI_SOCKET_MAX sizeof(((struct sockaddr_un *)0)->sun_path)
#define CLI_PATH_MAX   4096

struct cli_verb {
    const char *name;
    const char *summary;
    int (*run)(int argc, char **argv); /* returns an enum cli_exit; argv[0] is the full verb */
};

/* Runs the verb that argv[1] names out of a table that ends with an empty row. `prefix` is how the
 * table's own command is called ("bindery", "bindery subscriber"). */
int cli_dispatch(const char *prefix, const char *doc, const struct cli_verb *table, int argc,
                 char **argv);
/* The whole command. */
int cli_main(int argc, char **argv);

/* ---- the verbs ---- */
int cli_up(int argc, char **argv);
int cli_down(int argc, char **argv);
int cli_status(int argc, char **argv);
int cli_top(int argc, char **argv);
int cli_reload(int argc, char **argv);
int cli_explain(int argc, char **argv);
int cli_logs(int argc, char **argv);
int cli_events(int argc, char **argv);
int cli_devices(int argc, char **argv);
int cli_subscriber(int argc, char **argv);
int cli_device(int argc, char **argv);
int cli_attach(int argc, char **argv);
int cli_device_file(int argc, char **argv); /* subverbs of device, in files of their own */
int cli_device_make(int argc, char **argv);
int cli_device_se(int argc, char **argv);
int cli_device_show(int argc, char **argv);
int cli_device_rebind(int argc, char **argv);
int cli_lot(int argc, char **argv);
int cli_onboarding(int argc, char **argv);
int cli_sp(int argc, char **argv);
int cli_dimsi(int argc, char **argv);
int cli_key(int argc, char **argv);
int cli_binding(int argc, char **argv);
int cli_audit(int argc, char **argv);
int cli_import(int argc, char **argv);
int cli_export(int argc, char **argv);
int cli_authenticate(int argc, char **argv);
int cli_aka(int argc, char **argv);
int cli_trace(int argc, char **argv);
int cli_pki(int argc, char **argv);
int cli_backup(int argc, char **argv);
int cli_restore(int argc, char **argv); /* backup.c */

/* ---- the options that most verbs have: -C/--dir, --socket, --json, and --server with its files.
 * A verb whose own option has the name of one of the files takes that file from the environment
 * alone ---- */

struct cli_common {
    const char *dir;    /* NULL: $BINDERY_DIR, or ./.bindery */
    const char *socket; /* NULL: $BINDERY_SOCKET, or admin.sock in the directory */
    bool json;
    const char *server;                 /* NULL: $BINDERY_SERVER, or the socket */
    const char *certificate, *key, *ca; /* of TLS with the server; NULL: cli/api_remote.h */
};
/* A child parser whose input is a struct cli_common. */
extern const struct argp cli_common_argp;
const char *cli_dir(const struct cli_common *common);
/* The administration socket; false, and said why, when the path is too long for a socket. */
MUST_USE bool cli_socket_path(const struct cli_common *common, char out[static CLI_SOCKET_MAX]);
/* The MME's: --socket, or mme.sock in the directory. */
MUST_USE bool cli_mme_socket(const struct cli_common *common, char out[static CLI_SOCKET_MAX]);
/* The server that --server names, or $BINDERY_SERVER where neither --dir nor --socket says
 * otherwise; NULL: none, it is the socket. Of the MME the variable is $BINDERY_MME_SERVER. */
const char *cli_server(const struct cli_common *common);
const char *cli_mme_server(const struct cli_common *common);
/* For a verb that works with files and processes of this machine alone: false, and said, when a
 * server is named. */
MUST_USE bool cli_local_only(const struct cli_common *common, const char *verb);
/* Does `bindery up` of this directory run an MME too, and is the HSS meant that runs beside it (and
 * not one that --socket or the environment name)? */
bool cli_has_mme(const struct cli_common *common);
/* Does --socket, --server or the environment name one daemon, whichever it is? */
bool cli_names_one(const struct cli_common *common);
bool cli_has_repo(const struct cli_common *common); /* the same for a repository */
/* dir/name into out; false, and said why, when it doesn't fit. */
MUST_USE bool cli_path(const char *dir, const char *name, char *out, size_t cap);

/* Where the state file of a device lies in the directory (imsi NULL: of one that came without a
 * subscription); false, and said, when it is too long. */
MUST_USE bool cli_device_path(const struct cli_common *common, const struct imsi *imsi,
                              const struct imei *imei, char out[static CLI_PATH_MAX]);
/* May a trace be written there? A file that is something else is not replaced, and --trace-secrets
 * has no meaning without a file. False and said. */
MUST_USE bool cli_trace_path(const char *path, bool secrets);

/* ---- identities on the command line: false and said why when they are none ---- */
MUST_USE bool cli_imsi(const char *text, struct imsi *out);
MUST_USE bool cli_imei(const char *text, struct imei *out);
/* A decimal number from min to max. */
MUST_USE bool cli_number(const char *option, const char *text, long min, long max, long *out);

/* ---- saying ---- */

/* "bindery: ...\n" on standard error. */
void cli_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
enum cli_colour { CLI_PLAIN, CLI_BOLD, CLI_DIM, CLI_RED, CLI_GREEN, CLI_YELLOW, CLI_CYAN };
/* The escape sequence, or "" when `to` is no terminal or NO_COLOR is set. */
const char *cli_paint(FILE *to, enum cli_colour colour);
/* Text from elsewhere, with control characters shown as \xNN so that it can't drive the terminal.
 */
void cli_put_clean(FILE *to, const char *text);
/* A field of a CSV file, in quotes (RFC 4180); control characters become spaces. */
void cli_put_quoted(FILE *to, const char *text);

#endif
