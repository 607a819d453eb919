/* What a start reads, read beside one that serves: part of src/nf/arpfd/arpfd.h. */
#include "nf/arpfd/arpfd.h"
#include "nf/common/start_check.h"

#include <string.h>
#include <time.h>

/* Its own keys and certificates, which the sentence names by their files. */
static void check_own(struct start_check *k, const struct arpfd_config *c)
{
    struct arpfd_why said = {.text = ""};
    struct arpfd_trust *trust = NULL;
    if (k->err != E_OK) {
        return;
    }
    const enum err err = arpfd_trust_open(c, (int64_t)time(NULL), NULL, &trust, &said);
    const bool endorses = strstr(said.text, c->endorsement.certificate) == said.text ||
                          strstr(said.text, c->endorsement.key) == said.text;
    start_check_is(k, err, said.text, "%s", endorses ? "endorsement" : "agreement");
    arpfd_trust_close(trust);
}

enum err arpfd_check(const struct arpfd_config *c, struct config_why *why)
{
    struct start_check k = {.kind = &arpfd_config_kind, .path = c->path, .why = why};
    const struct start_check_https clients = {c->certificate, c->key, c->ca, c->crl};
    start_check_https(&k, &clients, "listen");
    start_check_roots(&k, c->ci.roots, c->ci.crl, "ci");
    start_check_roots(&k, c->sp.roots, c->sp.crl, "sp");
    check_own(&k, c);
    start_check_admin(&k, &c->admin_https, "admin_https");
    start_check_store(&k, STORE_OF_ARPF, c->store, NULL, "store");
    return k.err;
}
