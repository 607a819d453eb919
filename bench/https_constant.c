/* bench/https_constant - the least that an HTTPS server can do with libmicrohttpd and GnuTLS, as
 * the repository uses them: TLS 1.3, a client's certificate asked for and not looked at, one thread
 * of the library's own, and to each request the same octets.
 *
 *   bench_https_constant PORT CERTIFICATE KEY CA OCTETS
 */
#include "lib/measure.h"
#include <arpa/inet.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_MOST 65536u

static struct MHD_Response *answer;

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "bench_https_constant: %s\n", what);
    exit(1);
}

static char *text_of(const char *path)
{
    FILE *f = fopen(path, "re");
    char *text = calloc(1, FILE_MOST + 1);
    if (f == NULL || text == NULL || fread(text, 1, FILE_MOST, f) == 0) {
        die(path);
    }
    (void)fclose(f); /* was only read */
    return text;
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *n, void **cls)
{
    static int seen;
    (void)ctx;
    (void)url;
    (void)method;
    (void)version;
    (void)data;
    if (*cls == NULL) {
        *cls = &seen;
        return MHD_YES;
    }
    *n = 0;
    return MHD_queue_response(connection, MHD_HTTP_OK, answer);
}

int main(int argc, char **argv)
{
    if (argc != 6) {
        die("usage: PORT CERTIFICATE KEY CA OCTETS");
    }
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_ANY)};
    at.sin_port = htons((uint16_t)number_or_die(argv[1], "port", 1, 65535));
    char *certificate = text_of(argv[2]), *key = text_of(argv[3]), *ca = text_of(argv[4]);
    size_t octets = number_or_die(argv[5], "octets", 1, 65536);
    char *body = malloc(octets);
    if (body == NULL) {
        die("no memory");
    }
    memset(body, 'x', octets);
    answer = MHD_create_response_from_buffer(octets, body, MHD_RESPMEM_MUST_FREE);
    if (answer == NULL ||
        MHD_add_response_header(answer, "Content-Type", "text/plain") != MHD_YES) {
        die("no memory");
    }
    struct MHD_Daemon *daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_TLS, 0, NULL, NULL, on_request, NULL,
        MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&at, MHD_OPTION_HTTPS_MEM_CERT, certificate,
        MHD_OPTION_HTTPS_MEM_KEY, key, MHD_OPTION_HTTPS_MEM_TRUST, ca, MHD_OPTION_HTTPS_PRIORITIES,
        "NORMAL:-VERS-ALL:+VERS-TLS1.3", MHD_OPTION_END);
    if (daemon == NULL) {
        die("the server does not start");
    }
    for (;;) {
        (void)pause(); /* until it is ended from outside */
    }
}
