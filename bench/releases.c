/* bench/releases - how many releases of eK one core of an ARPF does (procedure dimsi, step 0-e).
 *
 *   bench_releases FOLDER ARPFD.YAML CREDENTIALS... [--seconds N]
 *
 * All that bindery-arpfd computes for one release, by its own functions (nf/arpfd/release.h, over
 * proc/dimsi, nf/common/dimsi_port and net/eck): the service provider's chain and delegation, the
 * SE's chain and token, the chain of the key that eK is encrypted to, eK, the endorsement, the box.
 * Without HTTP, TLS and JSON, and without the record, which is a commit. The CREDENTIALS (files of
 * `bindery-ue se accept`) take turns, and are more than what is remembered: each SE is as good as
 * new, while part number, service provider and operator are the same again. FOLDER is a directory
 * of `bindery up`: sp/sp.key and .crt sign the delegations, pki/ausf-agreement.key and .crt open
 * the first box of each. Output: releases per second of processor time, and what each part of one
 * takes.
 */
#include "crypto/openssl.h"
#include "lib/measure.h"
#include "net/verify_seen.h"
#include "nf/arpfd/release.h"
#include "nf/common/dimsi_json.h"
#include "nf/common/dimsi_port.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DEVICES_MAX 64u
#define VALID_S     3600

struct device {
    struct dimsi_json_space space;
    struct release_request request;
    uint8_t delegation[DIMSI_DELEGATION_MAX], signature[SIGNATURE_LEN];
};
struct work {
    const char *folder;
    struct crypto crypto;
    struct arpfd_config *config;
    struct arpfd_trust *trust;
    struct signer *sp;
    struct eck *sp_chain, *ausf;
    struct release_desk desk;
    size_t n;
    struct device devices[DEVICES_MAX];
};
enum part { PREPARE, ENDORSE, SEAL, PARTS };

static void need(bool ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "bench_releases: %s\n", what);
        exit(1);
    }
}

/* ---- parties ---- */

static char *name(const struct work *w, const char *file, char path[static 256])
{
    need((size_t)snprintf(path, 256, "%s/%s", w->folder, file) < 256, "the folder's name is long");
    return path;
}

static void open_arpf(struct work *w, const char *config)
{
    struct config_why said = {.sentence = "?"};
    struct arpfd_why why = {"?"};
    need(arpfd_config_load(config, &w->config, &said) == E_OK, said.sentence);
    need(arpfd_trust_open(w->config, w->desk.at, NULL, &w->trust, &why) == E_OK, why.text);
    need(w->config->n_operators > 0, "the ARPF works for no operator");
    w->desk.trust = w->trust;
    w->desk.crypto = &w->crypto;
}

static void open_others(struct work *w)
{
    char key[256], certificate[256];
    struct verify_why why = {"?"};
    name(w, "sp/sp.crt", certificate);
    need(signer_open(name(w, "sp/sp.key", key), &w->sp, &why) == E_OK &&
             eck_open(key, certificate, &w->sp_chain, &why) == E_OK,
         why.text);
    name(w, "pki/ausf-agreement.crt", certificate);
    need(eck_open(name(w, "pki/ausf-agreement.key", key), certificate, &w->ausf, &why) == E_OK,
         why.text);
}

/* Step 0-d. */
static void delegate(const struct work *w, struct device *d)
{
    struct dimsi_offer *o = &d->request.offer;
    struct dimsi_delegation made = {.target = d->request.asks,
                                    .arpf = w->config->name,
                                    .expiry = w->desk.at + VALID_S,
                                    .number = 1};
    need(verify_digest(o->atk, made.token) == E_OK, "no digest");
    o->delegation = dimsi_delegation_write(&made, d->delegation);
    need(o->delegation.n > 0 && signer_sign(w->sp, o->delegation, d->signature) == E_OK,
         "no signature");
    o->signature = BYTES_OF(d->signature);
    const struct bytes *chain = eck_chain(w->sp_chain, &o->n_sp_chain);
    need(o->n_sp_chain <= DIMSI_CHAIN_MAX, "the service provider's chain is long");
    memcpy(o->sp_chain, chain, o->n_sp_chain * sizeof *chain);
}

static void read_device(struct work *w, const char *path)
{
    need(w->n < DEVICES_MAX, "too many devices");
    struct device *d = &w->devices[w->n++];
    struct dimsi_credentials c;
    struct dimsi_json_fault fault = {"no JSON"};
    json_t *all = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
    const char *dimsi = json_string_value(json_object_get(all, "dimsi"));
    need(dimsi != NULL && imsi_parse(bytes_of_str(dimsi), &d->request.dimsi) == E_OK, path);
    json_object_del(all, "dimsi");
    need(dimsi_json_credentials(all, "credentials", &d->space, &c, &fault), fault.text);
    json_decref(all);
    d->request.asks = w->config->operators[0].plmn;
    d->request.offer.atk = c.token;
    d->request.offer.n_se_chain = c.n_chain;
    memcpy(d->request.offer.se_chain, c.chain, c.n_chain * sizeof c.chain[0]);
    size_t n = 0;
    const struct bytes *to = eck_chain(w->ausf, &n);
    need(n <= DIMSI_CHAIN_MAX, "the AUSF's chain is long");
    d->request.n_encrypt_to = n;
    memcpy(d->request.encrypt_to, to, n * sizeof *to);
    delegate(w, d);
}

/* ---- one release ---- */

/* As record_new of nf/arpfd/release.c has it for a dIMSI that was never released, without a row. */
static void endorse(const struct work *w, struct release *r)
{
    struct arpf_endorsed *e = &r->row.endorsed;
    struct dimsi_endorsement content = {.dimsi = r->offered.atk.dimsi,
                                        .target = r->offered.delegation.target,
                                        .number = 1,
                                        .expiry = w->desk.at + w->config->endorsement_seconds};
    uint8_t octets[DIMSI_ENDORSEMENT_MAX];
    memcpy(content.token, r->offered.token, sizeof content.token);
    memcpy(content.se_digest, r->offered.atk.se_digest, sizeof content.se_digest);
    const struct bytes written = dimsi_endorsement_write(&content, octets);
    need(written.n > 0 && signer_sign(w->trust->endorser, written, e->signature) == E_OK,
         "nothing was endorsed");
    memcpy(e->content, written.p, written.n);
    e->n = written.n;
    r->row.dimsi = r->offered.atk.dimsi;
}

static void release(const struct work *w, const struct device *d, struct release *r,
                    uint64_t took[static PARTS])
{
    const char *detail = NULL;
    uint64_t at[PARTS + 1];
    at[PREPARE] = cpu_ns();
    enum dimsi_cause cause = release_prepare(&w->desk, &d->request, r, &detail);
    need(cause == DIMSI_NONE, detail != NULL ? detail : dimsi_cause_sentence(cause));
    at[ENDORSE] = cpu_ns();
    endorse(w, r);
    at[SEAL] = cpu_ns();
    cause = release_seal(&w->desk, r);
    need(cause == DIMSI_NONE, dimsi_cause_sentence(cause));
    at[PARTS] = cpu_ns();
    for (unsigned i = 0; i < PARTS; i++) {
        took[i] += at[i + 1] - at[i];
    }
}

/* Would the operator take it? */
static void check(const struct work *w, const struct device *d, const struct release *r)
{
    size_t n = 0;
    uint8_t secret[ECK_SECRET_LEN];
    struct key_ek ek;
    struct dimsi_endorsement e;
    struct dimsi_name arpf;
    const struct bytes endorsement = {r->row.endorsed.content, r->row.endorsed.n};
    const struct bytes *chain = eck_chain(w->trust->endorser_chain, &n);
    need(dimsi_endorsed(w->trust->port.verify, chain, n, endorsement,
                        BYTES_OF(r->row.endorsed.signature), &r->offered, &d->request.dimsi,
                        &d->request.asks, w->desk.at, &e, &arpf) == DIMSI_NONE,
         "the endorsement does not hold");
    need(eck_agree(w->ausf, (struct bytes){r->box, ECK_COMPRESSED_LEN}, secret) == E_OK &&
             dimsi_box_open(&w->crypto, r->box, secret, endorsement, &d->request.dimsi, &ek) ==
                 E_OK &&
             crypto_ct_eq(BYTES_OF(ek.b), BYTES_OF(r->ek.b)),
         "the box does not hold eK");
    wipe(&ek, sizeof ek);
    wipe(secret, sizeof secret);
}

/* ---- measuring ---- */

static void measure(const struct work *w, uint64_t ns)
{
    static const char *const parts[PARTS] = {"prepare.us", "endorse.us", "seal.us"};
    uint64_t n = 0, took = 0, of[PARTS] = {0};
    struct release r = {.again = false};
    for (uint64_t from = cpu_ns(); took < ns; took = cpu_ns() - from) {
        release(w, &w->devices[n++ % w->n], &r, of);
    }
    wipe(&r, sizeof r);
    printf("releases.per.second\t%.1f\n", (double)n * 1e9 / (double)took);
    for (unsigned i = 0; i < PARTS; i++) {
        printf("%s\t%.1f\n", parts[i], (double)of[i] / 1e3 / (double)n);
    }
}

static void close_all(struct work *w)
{
    eck_close(w->ausf);
    eck_close(w->sp_chain);
    signer_close(w->sp);
    arpfd_trust_close(w->trust);
    arpfd_config_free(w->config);
    crypto_openssl_close(&w->crypto);
}

int main(int argc, char **argv)
{
    static struct work w;
    uint64_t ns = UINT64_C(1000000000), ignored[PARTS] = {0};
    struct release r = {.again = false};
    need(argc > 3, "usage: bench_releases FOLDER ARPFD.YAML CREDENTIALS... [--seconds N]");
    w.folder = argv[1];
    w.desk.at = time(NULL);
    need(crypto_openssl_open(&w.crypto) == E_OK, "no cryptography");
    open_arpf(&w, argv[2]);
    open_others(&w);
    for (int i = 3; i < argc; i++) {
        if (strcmp(argv[i], "--seconds") == 0 && i + 1 < argc) {
            ns *= number_or_die(argv[++i], "seconds", 1, 60);
        } else {
            read_device(&w, argv[i]);
        }
    }
    need(w.n > VERIFY_SEEN_MAX, "with so few devices their certificates would be remembered");
    for (size_t i = 0; i < w.n; i++) {
        release(&w, &w.devices[i], &r, ignored);
        check(&w, &w.devices[i], &r);
    }
    wipe(&r, sizeof r);
    measure(&w, ns);
    close_all(&w);
    return 0;
}
