/* What a start of the MME reads, read beside one that serves: part of src/nf/mmed/mmed.h. */
#include "nf/common/start_check.h"
#include "nf/mmed/mmed.h"
#include "nf/mmed/trust.h"

enum err mmed_check(const struct mmed_config *c, struct config_why *why)
{
    struct start_check k = {.kind = &mmed_config_kind, .path = c->path, .why = why};
    struct mmed_trust *trust = NULL;
    struct verify_why said = {.text = ""};
    for (size_t i = 0; i < c->n_peers; i++) {
        const struct mmed_peer *p = &c->peers[i];
        const struct tls_files files = {p->certificate, p->key, p->ca};
        start_check_tls(&k, &files, false, "peers", i);
    }
    if (k.err == E_OK) {
        start_check_is(&k, trust_make(&c->devid, 0, &trust, &said), said.text, "devid");
        trust_close(trust);
    }
    start_check_admin(&k, &c->admin_https, "admin.https");
    return k.err;
}
