/* nf/mmed/hss_messages.h - what an MME says on S6a and S13, and what it reads from the answers
 * (TS 29.272 7.2): between Diameter messages and the terms of nf/mmed/emm.h. No I/O, no state, no
 * decision.
 */
#ifndef BINDERY_NF_MMED_HSS_MESSAGES_H
#define BINDERY_NF_MMED_HSS_MESSAGES_H

#include "codec/s13.h"
#include "codec/s6a.h"
#include "nf/mmed/config.h"
#include "nf/mmed/emm.h"

/* Octets of a request of ours, at most: names may have 255 each, and a ULR may carry a payload, an
 * ECR a device's whole request. */
#define HSS_MESSAGE_MAX 2560

struct hss_ask { /* what every request says */
    const struct mmed_config *config;
    const struct imsi *imsi; /* NULL: the device has none */
    const char *realm;       /* Destination-Realm */
    uint32_t session;        /* low part of the Session-Id */
    uint32_t started;        /* high part */
    uint32_t end_to_end;
};

/* Each writes a request. Errors: those of diameter_write. */
MUST_USE enum err hss_write_air(const struct hss_ask *a, const struct emm_effect *e,
                                struct mbytes out, size_t *n);
MUST_USE enum err hss_write_ulr(const struct hss_ask *a, const struct emm_effect *e,
                                struct mbytes out, size_t *n);
MUST_USE enum err hss_write_ecr(const struct hss_ask *a, const struct emm_effect *e,
                                struct mbytes out, size_t *n);
/* An ECR with what a device without a subscription sent, and the serving PLMN. */
MUST_USE enum err hss_write_onboarding(const struct hss_ask *a, const struct emm_effect *e,
                                       struct mbytes out, size_t *n);
MUST_USE enum err hss_write_nor(const struct hss_ask *a, const struct emm_effect *e,
                                struct mbytes out, size_t *n);
MUST_USE enum err hss_write_pur(const struct hss_ask *a, struct mbytes out, size_t *n);

/* Each reads an answer. One that cannot be read is as good as none: code 0. The spans of a
 * credential and a result point into msg. */
void hss_read_aia(uint32_t own_vendor, struct bytes msg, struct emm_aia *out);
void hss_read_ula(uint32_t own_vendor, struct bytes msg, struct emm_ula *out);
void hss_read_eca(uint32_t own_vendor, struct bytes msg, struct emm_eca *out);

/* What an IDR changes. True: the home network bars the subscription. */
bool hss_read_change(const struct s6a_subscription_data *d, struct emm_change *out);

#endif
