/* nf/mmed/hss.h - an MME's connections to home networks: S6a and S13 as a client (TS 29.272), with
 * realm routing, several HSSs for each realm, and fail-over.
 *
 * A request goes to the realm of the UE's IMSI (TS 23.003 19.2, or the one that the configuration
 * gives for its PLMN), to the first of that realm's connected peers, and to the next one when a
 * connection breaks before the answer (RFC 6733 5.5.4, T set). An answer reaches its UE through
 * mmed_step, from inside hss_poll only; a UE that has gone on or is gone gets none.
 * No answer in time, or nobody connected, is an answer with code 0. What home networks
 * ask (CLR, IDR, DSR, RSR) is answered here and handed to the UEs that it is about.
 */
#ifndef BINDERY_NF_MMED_HSS_H
#define BINDERY_NF_MMED_HSS_H

#include "net/tls.h"
#include "nf/mmed/mmed.h"

/* Begins to connect to all configured peers, and keeps at it. Errors: E_MEMORY, E_IO, E_CRYPTO (TLS
 * files; logged). */
MUST_USE enum err hss_open(struct mmed *m, struct hss **out);
void hss_close(struct hss *h); /* DPR, without waiting for the answers */

/* Home networks and peers of another snapshot, or the same with other certificates, in two steps:
 * what they need is made ready, and then counts at once. A peer is the same one as long as its
 * Origin-Host, realm and address are: its connection stays, and its certificate counts from the
 * next one on. Who is new is connected to. Who is gone gets DPR; what waits for its answers ends as
 * it does when a connection breaks. A request whose home network is not there any more goes
 * nowhere. Errors of hss_change_open: E_MEMORY, those of tls_context_open with *why. */
struct hss_change;
MUST_USE enum err hss_change_open(const struct hss *h, const struct mmed_config *config,
                                  struct hss_change **out, struct tls_why *why);
void hss_change_drop(struct hss_change *change); /* harmless on NULL */
/* Takes it over. m->config is still the snapshot before, and may be freed afterwards. */
void hss_change_take(struct hss *h, struct hss_change *change);

/* Readable when hss_poll has something to do; and the longest wait in ms, -1 for ever. */
int hss_fd(const struct hss *h);
int hss_wait_ms(const struct hss *h);
MUST_USE enum err hss_poll(struct hss *h);

/* May another attach begin? False when nearly all places for requests that wait are taken: those
 * under way need what is left. */
bool hss_has_room(const struct hss *h);

/* Requests for a UE. There is one under way at most: a new one makes the answer to the one before
 * unwanted. Without a place for it no answer comes, and the attach timer ends it. */
void hss_ask_vectors(struct hss *h, struct ue *ue, const struct emm_effect *e);   /* AIR */
void hss_ask_location(struct hss *h, struct ue *ue, const struct emm_effect *e);  /* ULR */
void hss_ask_equipment(struct hss *h, struct ue *ue, const struct emm_effect *e); /* ECR */
/* ECR to the realm that the configuration names for this: the device has no IMSI to go by. */
void hss_ask_onboarding(struct hss *h, struct ue *ue, const struct emm_effect *e);
/* Told once, their answers are only counted. */
void hss_report_failure(struct hss *h, const struct emm_effect *e); /* NOR, for e->who */
void hss_purge(struct hss *h, const struct emm_who *who);           /* PUR */

/* For the status answer: calls fn for each configured peer. */
void hss_each_peer(const struct hss *h,
                   void (*fn)(void *arg, const char *origin_host, const char *realm, bool open,
                              uint64_t requests, uint64_t answers),
                   void *arg);

#endif
