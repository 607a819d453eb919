/* emulator/enb_parts.h - what the files of the eNB share: enb.c (memory, sending, telling),
 * enb_setup.c (the interface: setup, overload, reset), enb_ue.c (what devices want), enb_receive.c
 * (what the MME sends). For nobody else.
 */
#ifndef BINDERY_EMULATOR_ENB_PARTS_H
#define BINDERY_EMULATOR_ENB_PARTS_H

#include "emulator/enb.h"

#define ENB_POOL_MAX 32 /* of each kind, kept of ServedGUMMEIs */
#define ENB_NOBODY   UINT32_MAX

enum enb_connection_state {
    ENB_FREE,
    ENB_SENT, /* INITIAL UE MESSAGE: the MME has no ID yet */
    ENB_UP
};
struct enb_connection {
    uint32_t id; /* eNB UE S1AP ID */
    uint32_t mme_id;
    uint32_t device;
    uint32_t next; /* of the free ones */
    uint64_t born; /* which of all connections ever it is */
    uint8_t mme;
    uint8_t state;
    bool release_asked;
};

enum enb_link_state {
    ENB_LINK_DOWN,
    ENB_LINK_WAITS, /* to ask for S1 SETUP again */
    ENB_LINK_ASKED, /* S1 SETUP REQUEST sent */
    ENB_LINK_READY
};
struct enb_link {
    uint8_t state;
    uint16_t streams;
    uint64_t deadline; /* of ASKED and WAITS */
    uint8_t capacity;
    int32_t turn; /* of the weighted choice */
    size_t n_plmns, n_groups, n_codes;
    struct plmn plmns[ENB_POOL_MAX];
    uint16_t groups[ENB_POOL_MAX];
    uint8_t codes[ENB_POOL_MAX];
    bool overload;
    enum s1ap_overload_action action;
    uint8_t reduction; /* per cent of what the action covers */
    uint32_t spared;   /* of what it covers, in hundredths, so far */
    size_t n_overloaded;
    struct s1ap_gummei overloaded[ENB_POOL_MAX]; /* none: all */
};

struct enb {
    struct enb_config config;
    struct enb_host host;
    struct enb_link link[ENB_MMES_MAX];
    struct enb_connection *table;
    uint32_t mask; /* of the place in an ID */
    unsigned bits;
    uint32_t free_first, free_last;
    uint64_t born;
    struct enb_counters counters;
    uint8_t out[ENB_OUT_MAX];
};

/* A message that was received, on its way through the eNB. */
struct enb_in {
    struct enb *e;
    unsigned mme;
    uint64_t now;
    const struct s1ap_pdu *pdu;
    const struct s1ap_fault *fault;
};

/* ---- enb.c ---- */

bool enb_send(struct enb *e, unsigned mme, uint16_t stream, const struct s1ap_pdu *pdu);
/* On the stream that the connection has. */
bool enb_send_for(struct enb *e, const struct enb_connection *c, const struct s1ap_pdu *pdu);
void enb_tell(struct enb *e, const struct enb_told *told);
void enb_tell_fault(struct enb *e, unsigned mme, enum enb_fault fault, uint32_t device,
                    const struct s1ap_cause *cause);
/* ERROR INDICATION with a cause, and the IDs that are there. */
struct enb_ids {
    bool has_mme, has_enb;
    uint32_t mme, enb;
};
void enb_send_error(struct enb *e, unsigned mme, struct s1ap_cause cause,
                    const struct enb_ids *ids);
/* NULL: all are taken. */
struct enb_connection *enb_take(struct enb *e);
/* NULL: there is none of this ID now. */
struct enb_connection *enb_find(struct enb *e, uint32_t id);
/* By the ID that the MME gave. */
struct enb_connection *enb_find_mme(struct enb *e, unsigned mme, uint32_t mme_id);
void enb_free(struct enb *e, struct enb_connection *c);
/* Ends it and tells the device, if it is still there. */
void enb_end(struct enb *e, struct enb_connection *c);
/* Ends all of an MME that were born before `born`. */
uint32_t enb_end_all(struct enb *e, unsigned mme, uint64_t born);

/* ---- enb_setup.c ---- */

void enb_ask_setup(struct enb *e, unsigned mme, uint64_t now);
void enb_setup_response(const struct enb_in *in);
void enb_setup_failure(const struct enb_in *in);
void enb_on_reset(const struct enb_in *in);
void enb_on_reset_acknowledge(const struct enb_in *in);
void enb_on_overload_start(const struct enb_in *in);
void enb_on_overload_stop(const struct enb_in *in);
/* Does the MME serve this pool? */
bool enb_serves_group(const struct enb_link *l, uint16_t group);
bool enb_serves(const struct enb_link *l, const struct s1ap_gummei *gummei);

/* ---- enb_ue.c ---- */

void enb_ask_release(struct enb *e, struct enb_connection *c, struct s1ap_cause cause);
void enb_on_reroute(const struct enb_in *in);

#endif
