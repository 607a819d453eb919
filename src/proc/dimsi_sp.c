#include "proc/dimsi.h"

#include "proc/dimsi_parts.h"

/*= dimsi-delegation */
struct bytes dimsi_delegation_write(const struct dimsi_delegation *d,
                                    uint8_t out[static DIMSI_DELEGATION_MAX])
{
    struct wr w = wr_of((struct mbytes){out, DIMSI_DELEGATION_MAX});
    dimsi_put_head(&w, DIMSI_DELEGATION_LABEL, DIMSI_DELEGATION_VERSION);
    dimsi_put(&w, BYTES_OF(d->token));
    dimsi_put_plmn(&w, &d->target);
    dimsi_put_name(&w, &d->arpf);
    dimsi_put_u64(&w, (uint64_t)d->expiry);
    dimsi_put_u64(&w, d->number);
    return wr_done(&w);
}

enum err dimsi_delegation_read(struct bytes in, struct dimsi_delegation *out)
{
    struct dimsi_delegation d = {.expiry = 0};
    struct rd r = rd_of(in);
    dimsi_get_head(&r, DIMSI_DELEGATION_LABEL, DIMSI_DELEGATION_VERSION);
    dimsi_get(&r, d.token, sizeof d.token);
    dimsi_get_plmn(&r, &d.target);
    dimsi_get_name(&r, &d.arpf);
    d.expiry = dimsi_get_i64(&r, 0);
    d.number = (uint64_t)dimsi_get_i64(&r, 1);
    const enum err err = rd_end(&r);
    if (err == E_OK) {
        *out = d;
    }
    return err;
}
