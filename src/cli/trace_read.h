/* cli/trace_read.h - a trace file as a list of messages: who sent what to whom, and its fields.
 *
 * Reads the pcapng that our programs write, or any with Diameter in upper-PDU encapsulation. A
 * damaged file gives what is before the damage, and the octet where it is.
 */
#ifndef BINDERY_CLI_TRACE_READ_H
#define BINDERY_CLI_TRACE_READ_H

#include "codec/diameter_text.h"
#include "trace/pcapng.h"
#include <stdio.h>

#define TRACE_FIELDS_MAX 16
#define TRACE_NAME_MAX   64

struct trace_field {
    char key[24];
    char value[DIAMETER_VALUE_TEXT_MAX];
};
struct trace_message {
    uint64_t time_ns;                              /* since 1970 */
    char from[TRACE_NAME_MAX], to[TRACE_NAME_MAX]; /* Origin-Host, or address:port */
    size_t from_end, to_end;                       /* for the reader */
    char name[48];                                 /* "AIR", or the dissector's name */
    bool diameter, request;
    bool matched;                       /* an answer whose request is in the trace */
    uint64_t answered_ns;               /* then: how long after */
    bool bad;                           /* its result is no success */
    char imsi[DIAMETER_VALUE_TEXT_MAX]; /* also of the request that it answers; or empty */
    size_t n_fields;
    struct trace_field field[TRACE_FIELDS_MAX];
};
struct trace_list {
    struct trace_message *message;
    size_t n;
    char why[256]; /* what is wrong with the file, with the octet; empty when nothing is */
};
struct trace_options {
    uint32_t own_vendor;
    bool mask;
};

/* Reads a whole stream. Errors: E_IO, E_MEMORY, and the reader's: the list is good up to there. The
 * caller frees it in any case. */
MUST_USE enum err trace_read(FILE *in, const struct trace_options *options, struct trace_list *out);
void trace_list_free(struct trace_list *list);

#endif
