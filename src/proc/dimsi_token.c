#include "proc/dimsi.h"

#include "proc/dimsi_parts.h"

#include <string.h>

#define UNCOMPRESSED 4u

static void put_content(struct wr *w, const struct dimsi_atk *atk)
{
    dimsi_put_head(w, DIMSI_ATK_LABEL, DIMSI_ATK_VERSION);
    dimsi_put_imsi(w, &atk->dimsi);
    dimsi_put(w, BYTES_OF(atk->point));
    dimsi_put_name(w, &atk->arpf);
    dimsi_put(w, BYTES_OF(atk->arpf_digest));
    dimsi_put(w, BYTES_OF(atk->se_digest));
    dimsi_put_name(w, &atk->sp);
    dimsi_put_u64(w, (uint64_t)atk->at);
    dimsi_put_u32(w, atk->counter);
}

/*= dimsi-token-form */
struct bytes dimsi_atk_content(const struct dimsi_atk *atk, uint8_t out[static DIMSI_ATK_MAX])
{
    struct wr w = wr_of((struct mbytes){out, DIMSI_ATK_MAX});
    put_content(&w, atk);
    return wr_done(&w);
}

struct bytes dimsi_atk_write(const struct dimsi_atk *atk, uint8_t out[static DIMSI_ATK_MAX])
{
    struct wr w = wr_of((struct mbytes){out, DIMSI_ATK_MAX});
    put_content(&w, atk);
    wr_put(&w, BYTES_OF(atk->signature));
    return wr_done(&w);
}

static void get_content(struct rd *r, struct dimsi_atk *atk)
{
    dimsi_get_head(r, DIMSI_ATK_LABEL, DIMSI_ATK_VERSION);
    dimsi_get_imsi(r, &atk->dimsi);
    dimsi_get(r, atk->point, sizeof atk->point);
    if (r->err == E_OK && atk->point[0] != UNCOMPRESSED) {
        dimsi_fault(r, E_BAD_VALUE);
    }
    dimsi_get_name(r, &atk->arpf);
    dimsi_get(r, atk->arpf_digest, sizeof atk->arpf_digest);
    dimsi_get(r, atk->se_digest, sizeof atk->se_digest);
    dimsi_get_name(r, &atk->sp);
    atk->at = dimsi_get_i64(r, 0);
    atk->counter = dimsi_get_u32(r);
}

/*= dimsi-token-form */
enum err dimsi_atk_read(struct bytes in, struct dimsi_atk *out, struct bytes *content)
{
    struct dimsi_atk atk = {.at = 0};
    struct rd r = rd_of(in);
    get_content(&r, &atk);
    const size_t signed_n = r.at;
    const struct bytes signature = rd_take(&r, DIMSI_SIGNATURE_LEN);
    const enum err err = rd_end(&r);
    if (err != E_OK) {
        return err;
    }
    memcpy(atk.signature, signature.p, sizeof atk.signature);
    *out = atk;
    *content = (struct bytes){in.p, signed_n};
    return E_OK;
}
