/* nf/common/http_trace.h - what is asked of somebody over HTTPS and what he answers, for a trace.
 *
 * The octets on the wire are libcurl's and inside TLS, so nobody has them to write down. What is
 * written is the request as it was given to libcurl and the answer as it came back, in HTTP/1.1,
 * under Wireshark's dissector "http" and without addresses; the comment names both ends, which
 * `bindery trace` reads (cli/trace_http.h). What an answer holds is written as it is: who calls
 * leaves out what is secret. No key of TLS passes here.
 */
#ifndef BINDERY_NF_COMMON_HTTP_TRACE_H
#define BINDERY_NF_COMMON_HTTP_TRACE_H

#include "net/https_client.h"
#include "trace/pcapng.h"

struct http_trace {
    struct pcapng_writer *to;
    const char *client, *server; /* the names of the ends */
};
/* A GET of `url`, as it is sent. E_OK, or why it could not be written. */
MUST_USE enum err http_trace_request(const struct http_trace *t, const char *url);
/* The same with another method; of a body nothing is written. */
MUST_USE enum err http_trace_asked(const struct http_trace *t, const char *method, const char *url);
/* What it was answered with. An answer that is too long for a packet is left out (E_NO_ROOM). */
MUST_USE enum err http_trace_reply(const struct http_trace *t, const char *url,
                                   const struct https_reply *reply);

#endif
