/* What a start reads, read beside one that serves: part of src/nf/dausfd/dausfd.h. */
#include "nf/common/start_check.h"
#include "nf/dausfd/dausfd.h"

enum err dausfd_check(const struct dausfd_config *c, struct config_why *why)
{
    struct start_check k = {.kind = &dausfd_config_kind, .path = c->path, .why = why};
    const struct start_check_https push = {c->push.certificate, c->push.key, c->push.ca,
                                           c->push.crl};
    for (size_t i = 0; i < c->n_listeners; i++) {
        const struct dausfd_listener *l = &c->listeners[i];
        const struct tls_files files = {l->certificate, l->key, l->ca};
        start_check_tls(&k, &files, true, "listeners", i);
    }
    start_check_roots(&k, c->ci_roots, c->ci_crl, "ci");
    start_check_https(&k, &push, "push");
    start_check_admin(&k, &c->admin_https, "admin_https");
    start_check_store(&k, STORE_OF_DAUSF, c->store, c->kek, "store");
    return k.err;
}
