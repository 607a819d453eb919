#include "nf/common/http_trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define HEAD_MAX 1024

static uint64_t wall_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

struct parts {
    const char *host, *path;
    int host_n;
};
/* Of https://HOST/PATH. */
static struct parts parts_of(const char *url)
{
    static const char scheme[] = "https://";
    struct parts p = {.host = url, .path = "/"};
    if (strncmp(url, scheme, sizeof scheme - 1) == 0) {
        p.host += sizeof scheme - 1;
    }
    p.host_n = (int)strcspn(p.host, "/");
    if (p.host[p.host_n] != '\0') {
        p.path = p.host + p.host_n;
    }
    return p;
}

static enum err put(const struct http_trace *t, const char *comment, struct bytes message)
{
    const struct pcapng_packet packet = {.time_ns = wall_ns(),
                                         .dissector = BYTES_LIT("http"),
                                         .port_type = PCAPNG_PORT_TCP,
                                         .comment = bytes_of_str(comment),
                                         .message = message};
    return pcapng_write(t->to, &packet);
}

enum err http_trace_request(const struct http_trace *t, const char *url)
{
    return http_trace_asked(t, "GET", url);
}

enum err http_trace_asked(const struct http_trace *t, const char *method, const char *url)
{
    char head[HEAD_MAX], comment[PCAPNG_COMMENT_MAX];
    const struct parts p = parts_of(url);
    int n = snprintf(head, sizeof head, "%s %s HTTP/1.1\r\nHost: %.*s\r\n\r\n", method, p.path,
                     p.host_n, p.host);
    if (n < 0 || (size_t)n >= sizeof head) {
        return E_NO_ROOM;
    }
    (void)snprintf(comment, sizeof comment, "%s asks %s", t->client, t->server);
    return put(t, comment, (struct bytes){(const uint8_t *)head, (size_t)n});
}

enum err http_trace_reply(const struct http_trace *t, const char *url,
                          const struct https_reply *reply)
{
    char head[HEAD_MAX], comment[PCAPNG_COMMENT_MAX];
    int n = snprintf(head, sizeof head,
                     "HTTP/1.1 %u \r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n",
                     reply->status, reply->type, reply->body.n);
    if (n < 0 || (size_t)n >= sizeof head || reply->body.n > PCAPNG_BLOCK_MAX / 2) {
        return E_NO_ROOM;
    }
    uint8_t *whole = malloc((size_t)n + reply->body.n);
    if (whole == NULL) {
        return E_MEMORY;
    }
    memcpy(whole, head, (size_t)n);
    if (reply->body.n > 0) {
        memcpy(whole + n, reply->body.p, reply->body.n);
    }
    (void)snprintf(comment, sizeof comment, "%s answers %s about %s", t->server, t->client,
                   parts_of(url).path);
    enum err err = put(t, comment, (struct bytes){whole, (size_t)n + reply->body.n});
    free(whole);
    return err;
}
