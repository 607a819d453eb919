/* cli/sp.h - the service provider of a first attach with a discovery IMSI (proc/dimsi.h, steps 0-a
 * to 0-d): its folder, and its calls to ARPFs and operators.
 *
 *   sp.crt, sp.key   who it is: role service-provider; the key signs delegations too. 0600
 *   ca.crt           the CA of those it calls
 *   arpfs/NAME.json  an ARPF: name, link, certificate for key agreement
 *   devices/D.json   a device by its dIMSI: what was ordered, its SE CREDENTIALS, its offers
 *   lock             held by whoever writes here, with his number and what he does
 *
 * A file is there whole or not at all, and is written before what it tells leaves. One process at a
 * time writes: two at once would give one dIMSI to two devices, and one device to two operators.
 * Nothing secret
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
    int lock;                    /* -1: it may not write */
    struct https_client *https;  /* NULL until the first call */
    char silent[300];            /* a link that could not be reached: it is not tried again */
    char said[300];              /* one of which that was said: once is enough */
    struct pcapng_writer *trace; /* or NULL */
    struct dimsi_name name;      /* of its certificate */
    struct dimsi_json_space space;
    struct bytes chain[DIMSI_CHAIN_MAX]; /* of its key, in `space` */
    size_t n_chain;
};
/* CLI_DONE, or said. */
MUST_USE int sp_open(const struct sp_options *o, struct sp *out);
/* To write: the folder is this process's until sp_close. `verb` is what others are told. */
MUST_USE int sp_open_to_write(const struct sp_options *o, const char *verb, struct sp *out);
/* That, in a folder that is open: whoever has it gets so many ms to finish. */
MUST_USE int sp_take_lock(struct sp *s, const char *verb, unsigned wait_ms);
void sp_close(struct sp *s);
/* A file of "arpfs" or "devices", by name; NULL: it is not there, or (said) cannot be read. */
json_t *sp_read(const struct sp *s, const char *folder, const char *name);
bool sp_has(const struct sp *s, const char *folder, const char *name);
/* False and said. */
MUST_USE bool sp_write(const struct sp *s, const char *folder, const char *name,
                       const json_t *value);
/* The same, of one that is not there yet: never in the place of another. */
MUST_USE bool sp_write_new(const struct sp *s, const char *folder, const char *name,
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
/* https://HOST, with a port or without, and nothing behind it. False and said. */
MUST_USE bool sp_link(const char *text);
/* LINK and path. CLI_DONE when an answer came, whatever it says; else said. An answer that says
 * that there were too many requests is waited for, as long as it says, for a minute or so in all;
 * then it is the answer. */
MUST_USE int sp_call(struct sp *s, const char *method, const char *link, const char *path,
                     const json_t *body, struct sp_answer *out);
void sp_answer_free(struct sp_answer *a);
/* How long to wait before the same is asked again, in ms: `after` seconds, as the answer says, but
 * no more than half a minute, and a little more, by `chance`, so that not all come back at once. */
unsigned sp_wait_ms(unsigned after, unsigned chance);
/* The cause that a problem gives, or "refused". */
const char *sp_cause(const struct sp_answer *a);
/* What a problem says, with its cause and its sentence. Returns CLI_REFUSED. */
int sp_say_problem(const char *what, const struct sp_answer *a);
/* sp_call, and sp_say_problem unless it is 2xx. */
MUST_USE int sp_do(struct sp *s, const char *what, const char *method, const char *link,
                   const char *path, const json_t *body, struct sp_answer *out);

/* To a person who watches: so many of so many. */
void sp_progress(size_t done, size_t n);

/* ---- what is known of a device: sp_record.c ----
 *
 * An offer in a device's file: target, link, number, delegation, and what came of it:
 *   taken       the operator has taken it in (not there: by an earlier version, it may have)
 *   refused     it has not: the cause
 *   revoked     the ARPF knows that it is taken back, and gives its key to nobody under it
 *   withdrawn   the operator knows too: now, and not before, it is taken back
 *   in_service  the operator does not let the device go: it is used there
 */

/* The last offer of a device; NULL: there is none. */
json_t *sp_last_offer(const json_t *device);
bool sp_is_true(const json_t *object, const char *key);
/* Was it taken back, so that the device can go to somebody else? */
bool sp_taken_back(const json_t *offer);
/* Is there anything that still has to be told to take it back? */
bool sp_to_take_back(const json_t *offer);
/* Members that are not known are null. */
json_t *sp_known(const json_t *device);
/* Of what sp_known gave, and `offer`, what the operator answered: in one or two words. The
 * operator's word comes before the folder's. */
const char *sp_state(const json_t *row);
/* Is the operator still to ask an ARPF, or to tell the discovery AUSF? */
bool sp_is_busy(const json_t *row);

/* ---- SE CREDENTIALS: sp_judge.c ---- */

/* NULL, or what is wrong with those that came for this device, of which the ARPF is `arpf`. All but
 * the root, which nobody has here, is judged as the ARPF will: the token's signature, whose it is,
 * and the chain. */
const char *sp_judge(const struct sp *s, const json_t *credentials, const json_t *device,
                     const json_t *arpf, struct dimsi_json_fault *fault);
/* May they take the place of those that the device has? NULL, or why not. */
const char *sp_judge_replacing(const json_t *credentials, const json_t *device);

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
