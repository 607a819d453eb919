/* cli/trace_steps.h - which step of which procedure a message of a trace is, and what it carries
 * then, in words.
 *
 * Of the proof of an IMEI the figures of TR 33.899 5.2.4 count ("2" to "9"); of a KME made by the
 * ME the message flow of TR 33.868 5.4.4.2.3.3.3 ("kme 1" to "kme 11, 12"); of a subscription that
 * comes in the attach procedure figure 5.12.4.z.2-1 of TR 33.899 ("certattach 1" to "certattach 4,
 * 5"); of a first attach with a discovery IMSI the figure of 5.5.4.x ("dimsi 0-a" to "dimsi 11",
 * cli/trace_dimsi.h). Steps that are one message on the wire stand together; those that a party
 * does by itself stand with the message that follows, or, the last one, with the message that it
 * comes of. No secret is in the words.
 */
#ifndef BINDERY_CLI_TRACE_STEPS_H
#define BINDERY_CLI_TRACE_STEPS_H

#include "cli/trace_read.h"

/* What the message alone tells. */
void trace_step_take(struct trace_message *m);
/* A look-up at a repository that an HSS made for a payload, or its answer. */
void trace_step_inquiry(struct trace_message *m);
bool trace_step_is_proof(const struct trace_message *m);
bool trace_step_is_kme(const struct trace_message *m);
/* What those around it tell: a list that is in order and whose messages have their IMSIs. */
void trace_steps_follow(struct trace_list *list);

#endif
