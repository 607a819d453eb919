#include "nf/arpfd/trust.h"

#include "nf/common/dimsi_port.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum err say(struct arpfd_why *why, enum err err, const char *text)
{
    if (err != E_OK) {
        (void)snprintf(why->text, sizeof why->text, "%s", text);
    }
    return err;
}

/* ---- the port of proc/dimsi.h ---- */

static const struct eck *find_key(const struct arpfd_trust *t, const uint8_t digest[static 32])
{
    for (size_t i = 0; i < t->n_agreement; i++) {
        if (memcmp(eck_digest(t->agreement[i]), digest, DIMSI_DIGEST_LEN) == 0) {
            return t->agreement[i];
        }
    }
    return NULL;
}

static bool port_key(void *ctx, const uint8_t digest[static DIMSI_DIGEST_LEN],
                     struct dimsi_arpf_key *out)
{
    const struct eck *k = find_key(ctx, digest);
    if (k == NULL) {
        return false;
    }
    memcpy(out->digest, digest, sizeof out->digest);
    memcpy(out->point, eck_point(k), sizeof out->point);
    return true;
}

static enum err port_agree(void *ctx, const struct dimsi_arpf_key *key,
                           const uint8_t se[static DIMSI_POINT_LEN], uint8_t z[static 32])
{
    const struct eck *k = find_key(ctx, key->digest);
    return k != NULL ? eck_agree(k, (struct bytes){se, DIMSI_POINT_LEN}, z) : E_NOT_FOUND;
}

/* ---- its own certificates ---- */

static bool in_time_only(enum dimsi_cause cause)
{
    return cause == DIMSI_CHAIN_EARLY || cause == DIMSI_CHAIN_LATE || cause == DIMSI_NO_CRL;
}

static enum err check_own(const struct arpfd_key_files *files, enum dimsi_cause cause,
                          struct log *log, struct arpfd_why *why)
{
    const struct log_field fields[] = {LOG_FIELD_STR("cause", dimsi_cause_name(cause)),
                                       LOG_FIELD_STR("file", files->certificate)};
    if (cause == DIMSI_NONE) {
        return E_OK;
    }
    if (in_time_only(cause)) {
        log_line(log, LOG_LEVEL_WARNING, "own-certificate", fields, 2);
        return E_OK;
    }
    (void)snprintf(why->text, sizeof why->text, "%.300s: no device or operator will accept it: %s",
                   files->certificate, dimsi_cause_sentence(cause));
    return E_BAD_VALUE;
}

static enum err check_name(const struct arpfd_trust *t, const struct arpfd_key_files *files,
                           const struct dimsi_name *name, struct arpfd_why *why)
{
    if (name->n == 0 || dimsi_name_eq(name, &t->config->name)) {
        return E_OK; /* none: the certificate is out of its time */
    }
    (void)snprintf(why->text, sizeof why->text,
                   "%.300s is for `%s`, but this ARPF's name is `%s`: have one issued for it",
                   files->certificate, name->text, t->config->name.text);
    return E_BAD_VALUE;
}

/* One key, one use, whatever its files are called: all that are open before it are compared. */
static enum err check_apart(const struct arpfd_trust *t, const struct eck *k,
                            const struct arpfd_key_files *files, struct arpfd_why *why)
{
    for (size_t i = 0; i < t->n_agreement; i++) {
        if (t->agreement[i] != k &&
            memcmp(eck_point(t->agreement[i]), eck_point(k), ECK_POINT_LEN) == 0) {
            (void)snprintf(why->text, sizeof why->text,
                           "%.200s: is the same key as %.200s: each use has a key of its own",
                           files->key, t->config->agreement[i].key);
            return E_BAD_VALUE;
        }
    }
    return E_OK;
}

static enum err open_agreement(struct arpfd_trust *t, const struct verifier *ci, int64_t at,
                               struct log *log, struct arpfd_why *why)
{
    struct verify_why said = {.text = "there is not enough memory"};
    struct eck *k = NULL;
    const struct arpfd_key_files *files = &t->config->agreement[t->n_agreement];
    enum err err = eck_open(files->key, files->certificate, &k, &said);
    if (err != E_OK) {
        return say(why, err, said.text);
    }
    t->agreement[t->n_agreement++] = k;
    err = check_apart(t, k, files, why);
    if (err != E_OK) {
        return err;
    }
    size_t n = 0;
    uint8_t point[DIMSI_POINT_LEN];
    struct dimsi_name name = {.n = 0};
    const struct bytes *chain = eck_chain(k, &n);
    err = check_own(files, dimsi_agreement_chain(ci, VERIFY_ROLE_ARPF, chain, n, at, &name, point),
                    log, why);
    return err == E_OK ? check_name(t, files, &name, why) : err;
}

/* Signs and verifies as an operator would. */
static enum err check_endorser(const struct arpfd_trust *t, int64_t at, struct log *log,
                               struct arpfd_why *why)
{
    static const uint8_t content[] = "bindery arpf start";
    size_t n = 0;
    uint8_t signature[SIGNATURE_LEN], digest[DIMSI_DIGEST_LEN];
    struct dimsi_name name = {.n = 0};
    const struct dimsi_verify_port *port = dimsi_trust_port(t->signers);
    const struct bytes *chain = eck_chain(t->endorser_chain, &n);
    enum err err = signer_sign(t->endorser, BYTES_OF(content), signature);
    if (err != E_OK) {
        return say(why, err, "the endorsement key cannot sign");
    }
    err = check_own(&t->config->endorsement,
                    port->signed_by(port->ctx, DIMSI_ARPF, chain, n, BYTES_OF(content),
                                    BYTES_OF(signature), at, digest, &name),
                    log, why);
    return err == E_OK ? check_name(t, &t->config->endorsement, &name, why) : err;
}

static enum err open_endorser(struct arpfd_trust *t, int64_t at, struct log *log,
                              struct arpfd_why *why)
{
    struct verify_why said = {.text = "there is not enough memory"};
    const struct arpfd_key_files *files = &t->config->endorsement;
    enum err err = signer_open(files->key, &t->endorser, &said);
    if (err == E_OK) {
        err = eck_open(files->key, files->certificate, &t->endorser_chain, &said);
    }
    if (err != E_OK) {
        return say(why, err, said.text);
    }
    err = check_apart(t, t->endorser_chain, files, why);
    return err == E_OK ? check_endorser(t, at, log, why) : err;
}

/* ---- all of it ---- */

static enum err open_roots(struct arpfd_trust *t, struct arpfd_why *why)
{
    const struct arpfd_config *c = t->config;
    struct verify_why said = {.text = "there is not enough memory"};
    const struct verify_files clients = {c->ca, c->crl}, ci = {c->ci.roots, c->ci.crl};
    const struct dimsi_trust_options options = {
        .roots = {[DIMSI_SE] = ci, [DIMSI_ARPF] = ci, [DIMSI_SP] = {c->sp.roots, c->sp.crl}}};
    enum err err = dimsi_trust_open(&options, &t->signers, &said);
    if (err == E_OK) {
        err = verifier_open(&clients, &t->clients, &said);
    }
    return say(why, err, said.text);
}

static enum err open_keys(struct arpfd_trust *t, int64_t at, struct log *log, struct arpfd_why *why)
{
    struct verify_why said = {.text = "there is not enough memory"};
    const struct verify_files files = {t->config->ci.roots, t->config->ci.crl};
    struct verifier *ci = NULL;
    enum err err = say(why, verifier_open(&files, &ci, &said), said.text);
    for (size_t i = 0; err == E_OK && i < t->config->n_agreement; i++) {
        err = open_agreement(t, ci, at, log, why);
    }
    verifier_close(ci);
    return err == E_OK ? open_endorser(t, at, log, why) : err;
}

enum err arpfd_trust_open(const struct arpfd_config *config, int64_t at, struct log *log,
                          struct arpfd_trust **out, struct arpfd_why *why)
{
    struct arpfd_trust *t = calloc(1, sizeof *t);
    if (t == NULL) {
        return say(why, E_MEMORY, "there is not enough memory");
    }
    t->config = config;
    enum err err = open_roots(t, why);
    if (err == E_OK) {
        err = open_keys(t, at, log, why);
    }
    if (err != E_OK) {
        arpfd_trust_close(t);
        return err;
    }
    t->port = (struct dimsi_arpf_port){.ctx = t,
                                       .verify = dimsi_trust_port(t->signers),
                                       .name = config->name,
                                       .key = port_key,
                                       .agree = port_agree};
    *out = t;
    return E_OK;
}

void arpfd_trust_close(struct arpfd_trust *t)
{
    if (t == NULL) {
        return;
    }
    for (size_t i = 0; i < t->n_agreement; i++) {
        eck_close(t->agreement[i]);
    }
    eck_close(t->endorser_chain);
    signer_close(t->endorser);
    verifier_close(t->clients);
    dimsi_trust_close(t->signers);
    arpfd_config_free(t->own);
    free(t);
}
