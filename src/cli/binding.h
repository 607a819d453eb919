/* cli/binding.h - a client of a device binding repository (docs/repository.md): who it is, what it
 * asks, and whether the records that come are signed by whom it trusts.
 *
 * Everything goes over mutual TLS 1.3 (net/https_client.h). What is not named on the command line
 * is what `bindery up` made in its directory: the maker's certificate for publishing, the HSS's for
 * asking. An answer that is not signed as it should be, or of another device than was asked for, is
 * shown as that, and is a failure.
 */
#ifndef BINDERY_CLI_BINDING_H
#define BINDERY_CLI_BINDING_H

#include "cli/cli.h"
#include "net/https_client.h"
#include "net/verify_sign.h"
#include "proc/binding_record.h"
#include <jansson.h>

#define BINDING_SIGNERS_MAX 4u

struct binding_options {
    struct cli_common common;
    const char *url, *certificate, *key, *ca, *crl, *signer;
};
/* A child parser whose input is a struct binding_options; its own child is cli_common_argp. */
extern const struct argp binding_argp;

struct binding_client {
    struct https_client *https;
    char url[512]; /* without a slash at its end */
    char path[4][CLI_PATH_MAX];
    char signer[CLI_PATH_MAX]; /* the file, for messages */
    size_t n_signers;          /* 0: signatures are not looked at */
    uint8_t spki[BINDING_SIGNERS_MAX][SIGNER_SPKI_LEN];
    const struct imei *imei; /* whose records are asked for; NULL: any device's */
    uint8_t use;             /* enum binding_use, likewise; 0: any */
};
enum binding_as { BINDING_AS_MAKER, BINDING_AS_OPERATOR };
/* Nobody is contacted yet. CLI_DONE, CLI_USAGE or CLI_REFUSED, said. */
MUST_USE int binding_open(const struct binding_options *options, enum binding_as as,
                          struct binding_client *out);
void binding_close(struct binding_client *c);

struct binding_answer {
    unsigned status;
    bool lines;       /* the body is NDJSON, and json NULL */
    json_t *json;     /* NULL when there is none */
    struct bytes raw; /* good until the next call */
};
/* CLI_DONE when it answered, whatever it said; else said. Who asks too often waits and asks again.
 * `body` is JSON, or with `lines` rows of NDJSON. */
MUST_USE int binding_call(struct binding_client *c, const char *method, const char *path,
                          bool lines, struct bytes body, struct binding_answer *out);
void binding_answer_free(struct binding_answer *answer);
/* Says what the repository refused, and what to do. Returns CLI_REFUSED. */
int binding_say_problem(const char *what, const struct binding_answer *answer);
/* binding_call of one without a body, and binding_say_problem unless it is 2xx. */
MUST_USE int binding_get(struct binding_client *c, const char *what, const char *path,
                         struct binding_answer *out);

/* What a change did ("added", "replaced", "revoked" or "unchanged") and the record's serial. NULL
 * and said: the answer does not tell. */
const char *binding_did(const struct binding_client *c, const char *what,
                        const struct binding_answer *answer, json_int_t *serial);
/* Asks for the binding that was changed, and holds it to its signature, to this status (enum
 * binding_status) and, unless that is NULL, to this certificate or key in base64. CLI_DONE, or
 * said.
 */
MUST_USE int binding_check(struct binding_client *c, const char *what, uint8_t status,
                           const char *credential);

/* Reads what was signed out of a record in JSON, and holds it to the signature, to the members
 * beside it, to the credential, and to what was asked for. NULL: it is all in order (where there is
 * a signer to hold it to); else what is wrong. *out is written whenever the record can be read,
 * else zeros. */
const char *binding_record_fault(const struct binding_client *c, const json_t *json,
                                 struct binding_record *out);

/* ---- the subverbs ---- */
int binding_publish(int argc, char **argv);
int binding_revoke(int argc, char **argv);
int binding_show(int argc, char **argv);
int binding_history(int argc, char **argv);
int binding_changes(int argc, char **argv);

#endif
