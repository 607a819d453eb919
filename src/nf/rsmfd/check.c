/* What a start reads, read beside one that serves: part of src/nf/rsmfd/rsmfd.h. */
#include "nf/common/start_check.h"
#include "nf/rsmfd/rsmfd.h"

enum err rsmfd_check(const struct rsmfd_config *c, struct config_why *why)
{
    struct start_check k = {.kind = &rsmfd_config_kind, .path = c->path, .why = why};
    const struct rsmfd_listener *o = &c->operators_at, *d = &c->devices_at;
    const struct start_check_https operators = {o->certificate, o->key, o->ca, o->crl};
    const struct start_check_https devices = {d->certificate, d->key, d->ca, d->crl};
    start_check_https(&k, &operators, "listen");
    start_check_https(&k, &devices, "devices");
    start_check_admin(&k, &c->admin_https, "admin_https");
    start_check_store(&k, STORE_OF_RSMF, c->store, c->kek, "store");
    return k.err;
}
