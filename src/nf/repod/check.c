/* What a start reads, read beside one that serves: part of src/nf/repod/repod.h. */
#include "nf/common/start_check.h"
#include "nf/repod/repod.h"

/* After the roots of clients and of devices: what is left are the lists of the site. */
static void check_rules(struct start_check *k, const struct repod_config *c)
{
    struct repod_why said = {.text = ""};
    struct repod_rules *rules = NULL;
    for (size_t i = 0; i < c->n_grants; i++) {
        start_check_roots(k, c->grants[i].device_ca, NULL, "manufacturers");
    }
    if (k->err == E_OK) {
        start_check_is(k, repod_rules_open(c, 0, &rules, &said), said.text, "site");
        repod_rules_release(rules);
    }
}

static void check_signer(struct start_check *k, const struct repod_config *c)
{
    struct verify_why said = {.text = ""};
    struct signer *signer = NULL;
    if (k->err == E_OK) {
        start_check_is(k, signer_open(c->signing_key, &signer, &said), said.text, "signing_key");
        signer_close(signer);
    }
}

enum err repod_check(const struct repod_config *c, struct config_why *why)
{
    struct start_check k = {.kind = &repod_config_kind, .path = c->path, .why = why};
    const struct start_check_https clients = {c->certificate, c->key, c->ca, c->crl};
    start_check_https(&k, &clients, "listener");
    check_rules(&k, c);
    check_signer(&k, c);
    start_check_admin(&k, &c->admin_https, "admin.https");
    start_check_writable(&k, c->audit, "audit");
    start_check_store(&k, STORE_OF_REPOSITORY, c->store, NULL, "store");
    return k.err;
}
