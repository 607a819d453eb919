/* nf/mmed/s1.h - an MME's eNBs (TS 36.413): S1 Setup, UE connections, resets, errors.
 *
 * Reads what eNBs send, checks whose it is, and makes events of it for the UEs; writes what the
 * effects of a UE's step want sent. An eNB can name only UEs of its own association. What can't be
 * read or does not fit is answered with ERROR INDICATION as clause 10 says, told with a name, and
 * changes nothing.
 */
#ifndef BINDERY_NF_MMED_S1_H
#define BINDERY_NF_MMED_S1_H

#include "codec/s1ap.h"
#include "nf/mmed/mmed.h"

#define ENB_TAS_MAX  256
#define ENB_NAME_MAX 151

struct enb_ta {
    uint16_t tac;
    bool ours; /* it broadcasts a PLMN that this MME serves */
};
struct enb {
    struct enb *next, *prev;
    assoc_handle handle;
    bool set_up;
    struct s1ap_global_enb_id id;
    char name[ENB_NAME_MAX];
    unsigned n_tas;
    struct enb_ta tas[ENB_TAS_MAX];
    struct ue_list ues; /* those connected through it */
    uint16_t next_stream;
    struct address_text address;
};

/* Opens the configured listeners. Errors: those of assoc_listen (logged with the address). */
MUST_USE enum err s1_open(struct mmed *m, struct s1 **out);
void s1_close(struct s1 *s);

int s1_fd(const struct s1 *s);
int s1_wait_ms(const struct s1 *s);
MUST_USE enum err s1_poll(struct s1 *s);

/* What a step wants sent to the UE's eNB. The UE is connected. */
void s1_send_nas(struct s1 *s, struct ue *ue, struct bytes pdu);
void s1_send_setup(struct s1 *s, struct ue *ue, const struct emm_effect *e);
void s1_send_reroute(struct s1 *s, struct ue *ue);
/* UE Context Release Command; the connection is no longer the UE's afterwards. */
void s1_release(struct s1 *s, struct ue *ue, struct s1ap_cause cause);

/* For the status answer. */
void s1_each_enb(const struct s1 *s, void (*fn)(void *arg, const struct enb *e), void *arg);
/* Where listener i (in the order of the configuration) listens; false: there is none. */
bool s1_bound(const struct s1 *s, size_t i, struct address *out);

#endif
