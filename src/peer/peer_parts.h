/* peer/peer_parts.h - what the files of the peer room lend each other. Not for other rooms. */
#ifndef BINDERY_PEER_PEER_PARTS_H
#define BINDERY_PEER_PEER_PARTS_H

#include "peer/peer_states.h"

/* peer_buffer.c */
uint64_t peer_next_random(struct peer *p);
/* Input that no event has been told of, and what the last one holds. */
struct bytes peer_waiting(const struct peer *p);
void peer_drop_held(struct peer *p);
/* Octets of output left when everything owed gets as long as it may be. */
size_t peer_out_spare(const struct peer *p);
/* All free octets of output in one piece; whoever fills some counts them with out_to. */
struct mbytes peer_out_space(struct peer *p);
struct peer_pending *peer_pending_find(const struct peer *p, const struct diameter_header *h);
void peer_pending_free(struct peer *p, struct peer_pending *q);
/* Ends one request that is over: any of a closed connection, else one whose time has come. */
bool peer_tell_unanswered(struct peer *p, struct peer_event *out);

/* peer_base.c: each writes one message of the base protocol behind the output. */
MUST_USE enum err peer_send_cer(struct peer *p);
MUST_USE enum err peer_send_cea(struct peer *p, const struct diameter_header *cer);
MUST_USE enum err peer_send_dwr(struct peer *p);
MUST_USE enum err peer_send_dwa(struct peer *p, const struct diameter_header *dwr);
MUST_USE enum err peer_send_dpr(struct peer *p, enum diameter_disconnect_cause why);
MUST_USE enum err peer_send_dpa(struct peer *p, const struct diameter_header *dpr);
/* An error answer; the Failed-AVP is left out where it would not fit. */
void peer_send_error(struct peer *p, struct bytes request, uint32_t code, const char *text,
                     const struct diameter_fault *fault);
void peer_send_fault(struct peer *p, struct bytes request, const struct diameter_fault *fault);

/* peer_table.c */
/* The one place where states change. What the table does not allow ends the connection. */
void peer_dispatch(struct peer *p, enum peer_input_kind kind, struct peer_input_data *in);
/* Starts Tw again. */
void peer_set_watchdog(struct peer *p);

#endif
