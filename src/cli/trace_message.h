/* cli/trace_message.h - one message of a trace: its name, its fields, and what it says of whoever
 * sent it.
 */
#ifndef BINDERY_CLI_TRACE_MESSAGE_H
#define BINDERY_CLI_TRACE_MESSAGE_H

#include "cli/trace_read.h"

struct trace_sender {
    enum trace_role from, to; /* TRACE_NO_ROLE: it does not tell */
    bool by_name;             /* ends without addresses: they are told apart by their names, */
    char from_name[TRACE_NAME_MAX], to_name[TRACE_NAME_MAX]; /* which are these */
    struct bytes name; /* of the sender; empty: it does not tell */
    bool surely;       /* an agent cannot have passed the name on */
};
/* What the packet's message is, into *m, of which time, file and, as far as the ends tell, `up` are
 * there; never the octets themselves. What cannot be read is named as far as it can be. */
void trace_message_take(const struct trace_options *o, const struct pcapng_packet *p,
                        struct trace_message *m, struct trace_sender *sender);

#endif
