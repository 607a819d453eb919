#include "nf/hssd/reset.h"

#include "nf/hssd/push_parts.h"

#include <stdio.h>

/*= op-reset */
enum err reset_decide(enum hssd_reset_after after, bool restored, struct store_writer *w,
                      struct store_reset *out, bool *unclean)
{
    struct store_reset now;
    enum err err = store_writer_reset(w, &now);
    if (err != E_OK) {
        return err;
    }
    *unclean = now.open || restored;
    if (after == HSSD_RESET_ALWAYS || (after == HSSD_RESET_UNCLEAN && *unclean)) {
        now.epoch++;
        now.since = push_unix_ms();
    }
    now.open = true;
    err = store_put_reset(w, &now);
    if (err == E_OK) {
        *out = now;
    }
    return err;
}

/* TS 29.272 7.3.50: the leading digits of the IMSIs that it is about: MCC and MNC. */
enum err reset_write(struct hssd *h, const char *host, const char *realm, struct mbytes out,
                     size_t *n)
{
    char session[PUSH_SESSION_MAX];
    char digits[S6A_USER_IDS_MAX][PLMN_TEXT_MAX];
    static _Thread_local struct s6a_rsr rsr;
    const struct hssd_config *config = h->config;
    rsr = (struct s6a_rsr){.user_id_n = 0};
    push_request_begin(h, host, realm, session, &rsr.request);
    for (size_t i = 0; i < config->n_plmns && config->n_plmns <= S6A_USER_IDS_MAX; i++) {
        const struct plmn *plmn = &config->plmns[i];
        (void)snprintf(digits[i], sizeof digits[i], "%s%s", plmn->mcc, plmn->mnc);
        rsr.user_id[rsr.user_id_n++] = bytes_of_str(digits[i]);
    }
    return s6a_rsr_write(config->vendor_id, &rsr, out, n);
}
