/* cli/trace_http.h - what an HSS and a repository of device bindings said to each other over HTTPS,
 * as it stands in a trace: HTTP/1.1 in clear under the dissector "http".
 *
 * libcurl made the octets on the wire and nobody has them; bindery-hssd writes the request and the
 * answer as it gave and took them (nf/common/http_trace.h), with a comment that names both
 * ends: "HSS asks REPOSITORY", "REPOSITORY answers HSS about PATH".
 */
#ifndef BINDERY_CLI_TRACE_HTTP_H
#define BINDERY_CLI_TRACE_HTTP_H

#include "cli/trace_read.h"

struct trace_http {
    bool request;
    char from[TRACE_NAME_MAX], to[TRACE_NAME_MAX];
};
/* Name, IMEI that is asked about and, of a record, what matters, into *m. */
void trace_http_take(const struct trace_options *o, const struct pcapng_packet *p,
                     struct trace_message *m, struct trace_http *out);
/* Finds the request of the last message, an answer, or the inquiry over S13 or the payload of a KME
 * that the last message, a request, is for, whose IMSI it takes. */
void trace_http_pair(struct trace_list *list);

#endif
