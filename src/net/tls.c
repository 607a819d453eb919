#include "net/tls.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Ciphertext that may wait unread: two of the largest records (RFC 8446 5.2) and a bit. */
enum { PENDING_MAX = 40 * 1024 };

struct tls_context {
    SSL_CTX *ssl;
    bool server;
    atomic_uint users;
};
struct tls {
    SSL *ssl;
    BIO *in;  /* owned by ssl */
    BIO *out; /* owned by ssl */
    bool broken;
    char reason[200];
};

static void say(struct tls_why *why, const char *file, const char *what)
{
    const char *detail = ERR_reason_error_string(ERR_peek_last_error());
    (void)snprintf(why->text, sizeof why->text, "%s: %s%s%s", file, what, detail ? ": " : "",
                   detail ? detail : "");
}

/* OpenSSL would ask the terminal for a passphrase; a daemon has none. */
static int no_passphrase(char *buffer, int size, int writing, void *ctx)
{
    (void)buffer, (void)size, (void)writing, (void)ctx;
    return -1;
}

/* Opened once and judged by its descriptor, so that nobody can swap the file in between. */
static enum err open_key_file(const char *file, BIO **out, struct tls_why *why)
{
    struct stat st;
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0) {
        (void)snprintf(why->text, sizeof why->text, "%s: %s", file, strerror(errno));
        if (fd >= 0) {
            (void)close(fd);
        }
        return E_IO;
    }
    if ((st.st_mode & (S_IRWXO | S_IWGRP)) != 0) {
        say(why, file, "others may read or change this private key; run chmod 600 on it");
        (void)close(fd);
        return E_DENIED;
    }
    *out = BIO_new_fd(fd, BIO_CLOSE);
    return *out ? E_OK : E_MEMORY;
}

static enum err load_key(SSL_CTX *ssl, const char *file, struct tls_why *why)
{
    BIO *bio = NULL;
    enum err err = open_key_file(file, &bio, why);
    if (err != E_OK) {
        return err;
    }
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
    if (key == NULL) {
        say(why, file, "no unencrypted private key in PEM form");
        err = E_BAD_VALUE;
    } else if (SSL_CTX_use_PrivateKey(ssl, key) != 1 || SSL_CTX_check_private_key(ssl) != 1) {
        say(why, file, "the key does not belong to the certificate");
        err = E_WRONG_KEY;
    }
    EVP_PKEY_free(key);
    BIO_free(bio);
    return err;
}

static enum err load_files(struct tls_context *c, const struct tls_files *f, struct tls_why *why)
{
    if (SSL_CTX_use_certificate_chain_file(c->ssl, f->certificate) != 1) {
        say(why, f->certificate, "no certificate chain in PEM form, leaf first");
        return E_BAD_VALUE;
    }
    enum err err = load_key(c->ssl, f->key, why);
    if (err != E_OK) {
        return err;
    }
    if (SSL_CTX_load_verify_file(c->ssl, f->ca) != 1) {
        say(why, f->ca, "no CA certificates in PEM form");
        return E_BAD_VALUE;
    }
    if (c->server) {
        SSL_CTX_set_client_CA_list(c->ssl, SSL_load_client_CA_file(f->ca));
    }
    return E_OK;
}

/* No tickets and no cache: every connection proves its certificate afresh. */
static bool set_policy(SSL_CTX *ssl)
{
    SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    (void)SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
    (void)SSL_CTX_set_options(ssl, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
    (void)SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS);
    return SSL_CTX_set_num_tickets(ssl, 0) == 1 &&
           SSL_CTX_set_min_proto_version(ssl, TLS1_3_VERSION) == 1;
}

enum err tls_context_open(const struct tls_files *files, bool server, struct tls_context **out,
                          struct tls_why *why)
{
    ERR_clear_error();
    why->text[0] = '\0';
    struct tls_context *c = calloc(1, sizeof *c);
    if (c == NULL) {
        return E_MEMORY;
    }
    c->server = server;
    atomic_init(&c->users, 1);
    c->ssl = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());
    enum err err = c->ssl != NULL && set_policy(c->ssl) ? E_OK : E_CRYPTO;
    if (err == E_OK) {
        err = load_files(c, files, why);
    }
    if (err != E_OK) {
        tls_context_close(c);
        return err;
    }
    *out = c;
    return E_OK;
}

struct tls_context *tls_context_hold(struct tls_context *c)
{
    if (c != NULL) {
        atomic_fetch_add(&c->users, 1);
    }
    return c;
}

void tls_context_close(struct tls_context *c)
{
    if (c != NULL && atomic_fetch_sub(&c->users, 1) == 1) {
        SSL_CTX_free(c->ssl);
        free(c);
    }
}

/* Hands both BIOs to the SSL object; an empty memory BIO means "later", not "end". */
static enum err attach_bios(struct tls *t)
{
    t->in = BIO_new(BIO_s_mem());
    t->out = BIO_new(BIO_s_mem());
    if (t->in == NULL || t->out == NULL) {
        BIO_free(t->in);
        BIO_free(t->out);
        return E_MEMORY;
    }
    BIO_set_mem_eof_return(t->in, -1);
    BIO_set_mem_eof_return(t->out, -1);
    SSL_set_bio(t->ssl, t->in, t->out);
    return E_OK;
}

enum err tls_open(struct tls_context *c, struct tls **out)
{
    struct tls *t = calloc(1, sizeof *t);
    if (t == NULL) {
        return E_MEMORY;
    }
    t->ssl = SSL_new(c->ssl);
    enum err err = t->ssl != NULL ? attach_bios(t) : E_MEMORY;
    if (err != E_OK) {
        tls_close(t);
        return err;
    }
    if (c->server) {
        SSL_set_accept_state(t->ssl);
    } else {
        SSL_set_connect_state(t->ssl);
    }
    *out = t;
    return E_OK;
}

void tls_close(struct tls *t)
{
    if (t != NULL) {
        SSL_free(t->ssl);
        free(t);
    }
}

enum err tls_feed(struct tls *t, struct bytes ciphertext)
{
    if (ciphertext.n > PENDING_MAX || BIO_ctrl_pending(t->in) > PENDING_MAX - ciphertext.n) {
        return E_NO_ROOM;
    }
    if (ciphertext.n == 0) {
        return E_OK;
    }
    return BIO_write(t->in, ciphertext.p, (int)ciphertext.n) == (int)ciphertext.n ? E_OK : E_MEMORY;
}

size_t tls_pull(struct tls *t, struct mbytes out)
{
    int n = BIO_read(t->out, out.p, out.n > PENDING_MAX ? PENDING_MAX : (int)out.n);
    return n > 0 ? (size_t)n : 0;
}

bool tls_wants_send(const struct tls *t)
{
    return BIO_ctrl_pending(t->out) > 0;
}

static enum err keep_reason(struct tls *t, enum err err, const char *what)
{
    const char *detail = ERR_reason_error_string(ERR_peek_last_error());
    (void)snprintf(t->reason, sizeof t->reason, "%s%s%s", what, detail ? ": " : "",
                   detail ? detail : "");
    t->broken = true;
    return err;
}

/* What a failed handshake was about: the certificate the peer showed, or anything else. */
static enum err handshake_failed(struct tls *t)
{
    long verdict = SSL_get_verify_result(t->ssl);
    int reason = ERR_GET_REASON(ERR_peek_last_error());
    if (reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE) {
        return keep_reason(t, E_DENIED, "the peer shows no certificate");
    }
    if (verdict != X509_V_OK) {
        ERR_clear_error();
        (void)keep_reason(t, E_DENIED, "");
        (void)snprintf(t->reason, sizeof t->reason, "the peer's certificate is not accepted: %s",
                       X509_verify_cert_error_string(verdict));
        return E_DENIED;
    }
    return keep_reason(t, E_IO, "the TLS handshake failed");
}

enum err tls_handshake(struct tls *t)
{
    if (t->broken) {
        return E_IO;
    }
    ERR_clear_error();
    int rc = SSL_do_handshake(t->ssl);
    if (rc == 1) {
        return E_OK;
    }
    switch (SSL_get_error(t->ssl, rc)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        return E_AGAIN;
    case SSL_ERROR_ZERO_RETURN:
        return keep_reason(t, E_CLOSED, "the peer closed during the TLS handshake");
    default:
        return handshake_failed(t);
    }
}

enum err tls_read(struct tls *t, struct mbytes out, size_t *n)
{
    *n = 0;
    if (t->broken) {
        return E_IO;
    }
    ERR_clear_error();
    int rc = SSL_read_ex(t->ssl, out.p, out.n, n);
    if (rc == 1) {
        return E_OK;
    }
    *n = 0;
    switch (SSL_get_error(t->ssl, rc)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        return E_AGAIN;
    case SSL_ERROR_ZERO_RETURN:
        return E_CLOSED;
    default:
        return keep_reason(t, E_IO, "the TLS connection broke");
    }
}

enum err tls_write(struct tls *t, struct bytes plain)
{
    size_t n = 0;
    if (plain.n == 0) {
        return E_OK;
    }
    if (t->broken || !SSL_is_init_finished(t->ssl)) {
        return E_BAD_STATE;
    }
    ERR_clear_error();
    /* A memory BIO takes everything, and without partial writes 1 means all. */
    if (SSL_write_ex(t->ssl, plain.p, plain.n, &n) != 1 || n != plain.n) {
        return keep_reason(t, E_IO, "the TLS connection broke");
    }
    return E_OK;
}

void tls_shutdown(struct tls *t)
{
    if (!t->broken && SSL_is_init_finished(t->ssl)) {
        ERR_clear_error();
        (void)SSL_shutdown(t->ssl);
    }
}

const char *tls_reason(const struct tls *t)
{
    return t->reason;
}

static bool asn1_is(const ASN1_STRING *s, struct bytes name)
{
    struct bytes text = {ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s)};
    return bytes_eq_nocase(text, name);
}

/* RFC 6125 6.4.4: the CN counts only where the certificate has no dNSName at all. */
static bool common_name_is(X509 *cert, struct bytes name)
{
    X509_NAME *subject = X509_get_subject_name(cert);
    int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (at < 0 || X509_NAME_get_index_by_NID(subject, NID_commonName, at) >= 0) {
        return false; /* none, or two: which one would be meant? */
    }
    return asn1_is(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)), name);
}

bool tls_peer_is(const struct tls *t, struct bytes name)
{
    X509 *cert = SSL_is_init_finished(t->ssl) ? SSL_get0_peer_certificate(t->ssl) : NULL;
    if (cert == NULL || name.n == 0) {
        return false;
    }
    bool any = false, found = false;
    GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    for (int i = 0; i < sk_GENERAL_NAME_num(names) && !found; i++) {
        const GENERAL_NAME *one = sk_GENERAL_NAME_value(names, i);
        if (one->type == GEN_DNS) {
            any = true;
            found = asn1_is(one->d.dNSName, name);
        }
    }
    GENERAL_NAMES_free(names);
    return found || (!any && common_name_is(cert, name));
}
