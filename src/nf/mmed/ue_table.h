/* nf/mmed/ue_table.h - the UEs that an MME knows: contexts in a bounded table, found by MME UE S1AP
 * ID, by M-TMSI and by IMSI, and their timers.
 *
 * Every look-up costs the same with ten UEs and with a hundred thousand. Memory grows by chunks as
 * UEs come, up to the bound, and each chunk is kept. One thread owns a table. Nothing here knows
 * what a context means, and nothing is sent.
 */
#ifndef BINDERY_NF_MMED_UE_TABLE_H
#define BINDERY_NF_MMED_UE_TABLE_H

#include "net/assoc.h"
#include "nf/mmed/emm.h"

#define UE_SLOT_BITS 20u /* of the MME UE S1AP ID; the rest says how often the slot was used */
#define UE_TABLE_MAX (1u << UE_SLOT_BITS)

struct ue_table;

struct ue;
struct ue_timer { /* in a bucket of the wheel while it runs */
    struct ue_timer *next, **where;
    uint64_t deadline_ms;
    struct ue *ue;
    enum emm_timer which;
};
struct ue_list { /* the UEs of an eNB */
    struct ue *first;
    size_t n;
};
struct ue {
    uint32_t id; /* MME UE S1AP ID, never 0 */
    bool in_use;
    /* The S1 connection, if there is one. */
    assoc_handle enb; /* 0: none */
    uint32_t enb_ue_s1ap_id;
    uint16_t stream;
    struct ue *enb_next, *enb_prev; /* among the UEs of the same eNB; the list is the eNB's */
    struct ue_list *enb_list;
    struct ue *by_enb_next;
    /* What it is found by. */
    bool has_imsi; /* authenticated */
    struct imsi imsi;
    struct ue *imsi_next;
    uint32_t m_tmsi[2]; /* the one in use, and one given but not confirmed; 0: none */
    struct ue *m_tmsi_next[2];
    struct ue_timer timers[EMM_TIMER_COUNT];
    uint64_t asked;    /* the request to an HSS that is under way; 0: none */
    uint64_t began_ns; /* the attach that is under way; 0: none */
    uint8_t *initial;  /* the Initial UE Message as it came, while it may be rerouted */
    size_t initial_n;
    struct ue *free_next;
    struct emm_ue *emm;
};

/* Errors: E_BAD_VALUE (max 0 or above UE_TABLE_MAX), E_MEMORY. `seed`: 16 octets that nobody can
 * guess, for the hashing of what devices send. */
MUST_USE enum err ue_table_open(size_t max, const uint8_t seed[static 16], uint64_t now_ms,
                                struct ue_table **out);
void ue_table_close(struct ue_table *t); /* wipes */

/* A fresh one, without connection or identity. NULL: the table is full, or there is no memory. */
struct ue *ue_table_new(struct ue_table *t);
/* Wipes it, stops its timers, unlinks it everywhere. Its id finds nothing any more. */
void ue_table_free(struct ue_table *t, struct ue *ue);
struct ue *ue_table_find(struct ue_table *t, uint32_t id);
size_t ue_table_count(const struct ue_table *t);
size_t ue_table_max(const struct ue_table *t);
/* The slot of a UE, 0 and up: no two UEs have the same at a time. */
uint32_t ue_slot(const struct ue *ue);
/* Calls fn for each; fn may free the one it is given. */
void ue_table_each(struct ue_table *t, void (*fn)(void *arg, struct ue *ue), void *arg);

/* An MME UE S1AP ID for somebody who gets no slot and is only sent away: no UE's, and another one
 * than the last million times. */
uint32_t ue_table_nobody(struct ue_table *t);

/* Gives it an S1 connection, in this list; takes it away. */
void ue_connect(struct ue_table *t, struct ue *ue, struct ue_list *list, assoc_handle enb,
                uint32_t enb_ue_s1ap_id, uint16_t stream);
void ue_disconnect(struct ue_table *t, struct ue *ue);
struct ue *ue_table_by_enb(struct ue_table *t, assoc_handle enb, uint32_t enb_ue_s1ap_id);

/* M-TMSI 0 is nobody's. False: both places are taken. */
bool ue_table_add_m_tmsi(struct ue_table *t, struct ue *ue, uint32_t m_tmsi);
void ue_table_drop_m_tmsi(struct ue_table *t, struct ue *ue, uint32_t m_tmsi);
struct ue *ue_table_by_m_tmsi(struct ue_table *t, uint32_t m_tmsi);

void ue_table_set_imsi(struct ue_table *t, struct ue *ue, const struct imsi *imsi);
/* The first one with this IMSI, then the next one after it; NULL: no more. */
struct ue *ue_table_by_imsi(struct ue_table *t, const struct imsi *imsi);
struct ue *ue_table_next_by_imsi(const struct ue *ue);

void ue_timer_start(struct ue_table *t, struct ue *ue, enum emm_timer which, uint64_t deadline_ms);
void ue_timer_stop(struct ue_table *t, struct ue *ue, enum emm_timer which);
/* One that has expired by now, already stopped: its UE, and which in *which. NULL: none any more.
 * Call until NULL. */
struct ue *ue_timer_expired(struct ue_table *t, uint64_t now_ms, enum emm_timer *which);
/* How long until it makes sense to ask again; -1: no timer runs. A timer is late by a tick (32 ms)
 * at most; a second is the longest wait. */
int ue_timer_wait_ms(const struct ue_table *t, uint64_t now_ms);

#endif
