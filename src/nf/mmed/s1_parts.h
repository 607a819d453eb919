/* nf/mmed/s1_parts.h - what the files of nf/mmed/s1.h share. Nobody else includes it. */
#ifndef BINDERY_NF_MMED_S1_PARTS_H
#define BINDERY_NF_MMED_S1_PARTS_H

#include "nf/mmed/hss.h"
#include "nf/mmed/s1.h"

struct s1 {
    struct mmed *m;
    struct assoc_set *set;
    struct assoc_callbacks callbacks;
    struct address *bound;
    struct enb *enbs;
    size_t n_enbs;
};

/* A message of an eNB that was let in. */
struct s1_run {
    struct s1 *s;
    struct mmed *m;
    struct assoc *a;
    struct enb *enb;
    struct bytes octets;
    uint16_t stream;
    const struct s1ap_pdu *pdu;
};

/* s1_setup.c */
void s1_on_setup_request(struct s1_run *r);
bool s1_serves(const struct mmed_config *c, const struct plmn *plmn, uint16_t tac);

/* s1_ue.c: UE-associated messages. */
void s1_on_initial(struct s1_run *r);
void s1_on_uplink(struct s1_run *r);
void s1_on_undelivered(struct s1_run *r);
void s1_on_context_set(struct s1_run *r);
void s1_on_context_failed(struct s1_run *r);
void s1_on_release_request(struct s1_run *r);
void s1_lose_ue(struct s1 *s, struct ue *ue); /* its connection has ended on the eNB's side */

/* s1_reset.c */
void s1_on_reset(struct s1_run *r);
void s1_on_error_indication(struct s1_run *r);

/* s1_send.c */
void s1_send(struct s1 *s, struct assoc *a, uint16_t stream, const struct s1ap_pdu *pdu);
/* ERROR INDICATION about UE S1AP IDs, told with its name. */
void s1_refuse_ids(struct s1_run *r, enum refusal why, struct s1ap_cause cause, const uint32_t *mme,
                   const uint32_t *enb);
void s1_refuse(struct s1_run *r, enum refusal why, struct s1ap_cause cause);

#endif
