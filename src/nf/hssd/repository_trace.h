/* nf/hssd/repository_trace.h - what is asked of a repository and what it answers, for the trace.
 *
 * The octets on the wire are libcurl's and inside TLS, so nobody has them to write down. What is
 * written is the request as it was given to libcurl and the answer as it came back, in HTTP/1.1,
 * under Wireshark's dissector "http" and without addresses; the comment names both ends, which
 * `bindery trace` reads (cli/trace_http.h). Nothing in it is secret: records are public to whoever
 * may ask, and no key of TLS passes here.
 */
#ifndef BINDERY_NF_HSSD_REPOSITORY_TRACE_H
#define BINDERY_NF_HSSD_REPOSITORY_TRACE_H

#include "net/https_client.h"
#include "trace/pcapng.h"

struct repository_trace {
    struct pcapng_writer *to;
    const char *hss, *repository; /* the names of the ends */
};
/* A GET of `url`, as it is sent. E_OK, or why it could not be written. */
MUST_USE enum err repository_trace_request(const struct repository_trace *t, const char *url);
/* What it was answered with. An answer that is too long for a packet is left out (E_NO_ROOM). */
MUST_USE enum err repository_trace_reply(const struct repository_trace *t, const char *url,
                                         const struct https_reply *reply);

#endif
