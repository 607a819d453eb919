#include "lib/link.h"

#include "lib/measure.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void die(const char *what, const char *why)
{
    fprintf(stderr, "%s: %s\n", what, why);
    exit(1);
}

static void die_tls(const char *what)
{
    char text[256];
    ERR_error_string_n(ERR_get_error(), text, sizeof text);
    die(what, text);
}

SSL_CTX *link_tls(const char *certificate, const char *key, const char *ca)
{
    SSL_CTX *c = SSL_CTX_new(TLS_client_method());
    if (c == NULL || SSL_CTX_set_min_proto_version(c, TLS1_3_VERSION) != 1 ||
        SSL_CTX_use_certificate_file(c, certificate, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_use_PrivateKey_file(c, key, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_load_verify_locations(c, ca, NULL) != 1) {
        die_tls("TLS");
    }
    SSL_CTX_set_verify(c, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_mode(c, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    return c;
}

void link_connect(struct link *l, const struct sockaddr_in *to, SSL_CTX *tls, uint8_t own[4])
{
    int one = 1;
    struct sockaddr_in here;
    socklen_t n = sizeof here;
    *l = (struct link){.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    if (l->fd < 0 || connect(l->fd, (const struct sockaddr *)to, sizeof *to) != 0 ||
        getsockname(l->fd, (struct sockaddr *)&here, &n) != 0 ||
        setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) != 0) {
        die("connect", strerror(errno));
    }
    if (tls != NULL) {
        l->ssl = SSL_new(tls);
        if (l->ssl == NULL || SSL_set_fd(l->ssl, l->fd) != 1 || SSL_connect(l->ssl) != 1) {
            die_tls("TLS handshake");
        }
    }
    if (fcntl(l->fd, F_SETFL, O_NONBLOCK) != 0) {
        die("connect", strerror(errno));
    }
    memcpy(own, &here.sin_addr, 4);
}

/* What OpenSSL said as errno has it. */
static ssize_t tls_result(struct link *l, int rc)
{
    if (rc > 0) {
        return rc;
    }
    int why = SSL_get_error(l->ssl, rc);
    ERR_clear_error();
    if (why == SSL_ERROR_ZERO_RETURN) {
        return 0;
    }
    errno = why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? EAGAIN : ECONNRESET;
    return -1;
}

static int at_most(size_t n)
{
    return n > 1U << 20 ? 1 << 20 : (int)n;
}

ssize_t link_send(struct link *l, const void *p, size_t n)
{
    return l->ssl == NULL ? send(l->fd, p, n, MSG_NOSIGNAL)
                          : tls_result(l, SSL_write(l->ssl, p, at_most(n)));
}

ssize_t link_recv(struct link *l, void *p, size_t n)
{
    return l->ssl == NULL ? recv(l->fd, p, n, 0) : tls_result(l, SSL_read(l->ssl, p, at_most(n)));
}

bool link_pending(const struct link *l)
{
    return l->ssl != NULL && SSL_has_pending(l->ssl) == 1;
}

void link_close(struct link *l)
{
    if (l->ssl != NULL) {
        SSL_free(l->ssl);
    }
    close(l->fd);
    *l = (struct link){.fd = -1};
}

struct sockaddr_in address_or_die(char *text)
{
    struct sockaddr_in a = {.sin_family = AF_INET};
    char *colon = strrchr(text, ':');
    if (colon == NULL) {
        die(text, "write IP:PORT");
    }
    a.sin_port = htons((uint16_t)number_or_die(colon + 1, "port", 1, 65535));
    *colon = '\0';
    if (inet_pton(AF_INET, text, &a.sin_addr) != 1) {
        die(text, "is not an IPv4 address");
    }
    return a;
}
