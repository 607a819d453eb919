/* cli/sp.h - the service provider of a first attach with a discovery IMSI (proc/dimsi.h, steps 0-a
 * to 0-d): its folder, and its calls to ARPFs and operators.
 *
 *   sp.crt, sp.key   who it is: role service-provider; the key signs delegations too. 0600
 *   ca.crt           the CA of those it calls
 *   arpfs/NAME.json  an ARPF: name, link, certificate for key agreement
 *   devices/D.json   a device by its dIMSI: what was ordered, its SE CREDENTIALS, its offers
 *
 * A file is there whole or not at all, and is written before what it tells leaves. Nothing secret
 * of a device passes through here: SE CREDENTIALS alone give nobody eK.
 */
#ifndef BINDERY_CLI_SP_H
#define BINDERY_CLI_SP_H

#include "cli/cli.h"
#include "net/https_client.h"
#include "nf/common/dimsi_json.h"
#include "trace/pcapng.h"

struct sp_options {
    struct cli_common common;
    const char *folder; /* NULL: sp in the directory */
    const char *trace;  /* or NULL */
};
/* A child parser whose input is a struct sp_options; its own child is cli_common_argp. */
extern const struct argp sp_argp;

/* ---- the folder: sp_folder.c ---- */

struct sp {
    char dir[CLI_PATH_MAX];
    char certificate[CLI_PATH_MAX], key[CLI_PATH_MAX], ca[CLI_PATH_MAX];
    struct https_client *https;  /* NULL until the first call */
    struct pcapng_writer *trace; /* or NULL */
    struct dimsi_name name;      /* of its certificate */
    struct dimsi_json_space space;
    struct bytes chain[DIMSI_CHAIN_MAX]; /* of its key, in `space` */
    size_t n_chain;
};
/* CLI_DONE, or said. */
MUST_USE int sp_open(const struct sp_options *o, struct sp *out);
void sp_close(struct sp *s);
/* A file of "arpfs" or "devices", by name; NULL: it is not there, or (said) cannot be read. */
json_t *sp_read(const struct sp *s, const char *folder, const char *name);
bool sp_has(const struct sp *s, const char *folder, const char *name);
/* False and said. */
MUST_USE bool sp_write(const struct sp *s, const char *folder, const char *name,
                       const json_t *value);
/* The names in a folder without ".json", in their order; freed with sp_names_free. False and said.
 */
MUST_USE bool sp_names(const char *dir, char ***names, size_t *n);
void sp_names_free(char **names, size_t n);
MUST_USE bool sp_folder_path(const struct sp *s, const char *folder, char *out);
/* Any JSON file; NULL and said. Writes one that is not there (`fresh`) or in the place of the one
 * that is. */
json_t *sp_load(const char *path);
MUST_USE bool sp_save(const char *path, bool fresh, const json_t *value);
/* "FIRST-LAST", or one dIMSI. False and said. */
MUST_USE bool sp_range(const char *text, struct imsi *first, struct imsi *last);
MUST_USE bool sp_dimsi(const char *text, struct imsi *out);

/* ---- calls: sp_call.c ---- */

struct sp_answer {
    unsigned status;
    json_t *body; /* NULL: there is none */
};
/* LINK and path. CLI_DONE when an answer came, whatever it says; else said. */
MUST_USE int sp_call(struct sp *s, const char *method, const char *link, const char *path,
                     const json_t *body, struct sp_answer *out);
void sp_answer_free(struct sp_answer *a);
/* What a problem says, with its cause and its sentence. Returns CLI_REFUSED. */
int sp_say_problem(const char *what, const struct sp_answer *a);
/* sp_call, and sp_say_problem unless it is 2xx. */
MUST_USE int sp_do(struct sp *s, const char *what, const char *method, const char *link,
                   const char *path, const json_t *body, struct sp_answer *out);

/* The last offer of a device; NULL: there is none. */
json_t *sp_last_offer(const json_t *device);

/* ---- the subverbs ---- */
int sp_arpf(int argc, char **argv);
int sp_order(int argc, char **argv);
int sp_collect(int argc, char **argv);
int sp_offer(int argc, char **argv);
int sp_revoke(int argc, char **argv);
int sp_list(int argc, char **argv);
int sp_follow(int argc, char **argv);
int sp_links(int argc, char **argv);

#endif
