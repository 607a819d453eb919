#include "net/pki.h"
#include "net/tls.h"

#include <openssl/ssl.h>

struct fixture {
    struct pki pki;
    struct tls_context *server, *client, *stranger;
};

static struct tls_context *context(struct pki *p, const char *name, const char *ca, bool server)
{
    struct tls_files f = {pki_path(p, name, ".crt"), pki_path(p, name, ".key"),
                          pki_path(p, ca, ".crt")};
    struct tls_context *c = NULL;
    struct tls_why why;
    enum err err = tls_context_open(&f, server, &c, &why);
    if (err != E_OK) {
        fail_msg("%s", why.text);
    }
    return c;
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    pki_open(&f->pki);
    pki_make(&f->pki, "ca", NULL, "good CA", NULL);
    pki_make(&f->pki, "other", NULL, "other CA", NULL);
    pki_make(&f->pki, "hss", "ca", "ignored.example", "DNS:hss.example,DNS:HSS2.example");
    pki_make(&f->pki, "mme", "ca", "mme.example", NULL);
    pki_make(&f->pki, "stranger", "other", "mme.example", NULL);
    f->server = context(&f->pki, "hss", "ca", true);
    f->client = context(&f->pki, "mme", "ca", false);
    f->stranger = context(&f->pki, "stranger", "ca", false);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    tls_context_close(f->server);
    tls_context_close(f->client);
    tls_context_close(f->stranger);
    pki_close(&f->pki);
    free(f);
    return 0;
}

/* Moves what `from` has for the socket to `to`, `step` octets at a time. */
static bool move(struct tls *from, struct tls *to, size_t step)
{
    uint8_t buffer[16384];
    bool any = false;
    size_t n;
    while ((n = tls_pull(from, (struct mbytes){buffer, step})) != 0) {
        any = true;
        assert_ok(tls_feed(to, (struct bytes){buffer, n}));
        if (step == 1) {
            (void)!tls_handshake(to);
        }
    }
    return any;
}

struct pair {
    struct tls *client, *server;
    enum err client_err, server_err;
};

static struct pair shake(struct tls_context *client, struct tls_context *server, size_t step)
{
    struct pair p = {NULL, NULL, E_AGAIN, E_AGAIN};
    bool moved;
    assert_ok(tls_open(client, &p.client));
    assert_ok(tls_open(server, &p.server));
    do {
        if (p.client_err == E_AGAIN) {
            p.client_err = tls_handshake(p.client);
        }
        moved = move(p.client, p.server, step);
        if (p.server_err == E_AGAIN) {
            p.server_err = tls_handshake(p.server);
        }
        moved |= move(p.server, p.client, step);
    } while (moved);
    return p;
}

static void pair_close(struct pair *p)
{
    tls_close(p->client);
    tls_close(p->server);
}

static void both_ends_agree_and_know_each_other(void **state)
{
    struct fixture *f = *state;
    struct pair p = shake(f->client, f->server, 16384);
    assert_ok(p.client_err);
    assert_ok(p.server_err);
    assert_true(tls_peer_is(p.client, BYTES_LIT("hss.example")));
    assert_true(tls_peer_is(p.client, BYTES_LIT("HSS.Example")));
    assert_true(tls_peer_is(p.client, BYTES_LIT("hss2.example")));
    assert_false(
        tls_peer_is(p.client, BYTES_LIT("ignored.example"))); /* dNSNames rule the CN out */
    assert_false(tls_peer_is(p.client, BYTES_LIT("hss.exampl")));
    assert_false(tls_peer_is(p.client, BYTES_LIT("*.example")));
    assert_false(tls_peer_is(p.client, BYTES_LIT("")));
    assert_true(tls_peer_is(p.server, BYTES_LIT("mme.example")));
    assert_false(tls_peer_is(p.server, BYTES_LIT("hss.example")));
    pair_close(&p);
}

static void names_mean_nothing_before_the_handshake(void **state)
{
    struct fixture *f = *state;
    struct tls *t;
    assert_ok(tls_open(f->client, &t));
    assert_false(tls_peer_is(t, BYTES_LIT("hss.example")));
    assert_err(tls_write(t, BYTES_LIT("x")), E_BAD_STATE);
    tls_close(t);
}

static void octets_may_come_one_by_one(void **state)
{
    struct fixture *f = *state;
    struct pair p = shake(f->client, f->server, 1);
    assert_ok(tls_handshake(p.client));
    assert_ok(tls_handshake(p.server));
    assert_ok(tls_write(p.client, BYTES_LIT("hello")));
    (void)move(p.client, p.server, 1);
    uint8_t got[16];
    size_t n;
    assert_ok(tls_read(p.server, MBYTES_OF(got), &n));
    assert_int_equal(n, 5);
    assert_memory_equal(got, "hello", 5);
    assert_err(tls_read(p.server, MBYTES_OF(got), &n), E_AGAIN);
    pair_close(&p);
}

static void a_certificate_of_another_ca_is_denied(void **state)
{
    struct fixture *f = *state;
    struct pair p = shake(f->stranger, f->server, 16384);
    assert_err(p.server_err, E_DENIED);
    assert_non_null(strstr(tls_reason(p.server), "certificate"));
    /* The client has finished before the server judged: it learns by an alert. */
    uint8_t got[16];
    size_t n;
    assert_err(tls_read(p.client, MBYTES_OF(got), &n), E_IO);
    assert_err(tls_read(p.server, MBYTES_OF(got), &n), E_IO);
    assert_err(tls_write(p.server, BYTES_LIT("x")), E_BAD_STATE);
    pair_close(&p);
}

static void a_server_of_another_ca_is_denied(void **state)
{
    struct fixture *f = *state;
    struct tls_context *server = context(&f->pki, "stranger", "ca", true);
    struct pair p = shake(f->client, server, 16384);
    assert_err(p.client_err, E_DENIED);
    assert_int_not_equal(p.server_err, E_OK);
    pair_close(&p);
    tls_context_close(server);
}

/* A client made with OpenSSL itself, that does what ours would never do. */
static enum err against_raw_client(struct fixture *f, SSL_CTX *ctx, char reason[200])
{
    struct tls *server;
    SSL *ssl = SSL_new(ctx);
    BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
    BIO_set_mem_eof_return(in, -1);
    SSL_set_bio(ssl, in, out);
    SSL_set_connect_state(ssl);
    assert_ok(tls_open(f->server, &server));
    enum err err = E_AGAIN;
    for (unsigned i = 0; i < 8 && err == E_AGAIN; i++) {
        uint8_t b[16384];
        (void)SSL_do_handshake(ssl);
        int n = BIO_read(out, b, sizeof b);
        assert_ok(tls_feed(server, (struct bytes){b, n > 0 ? (size_t)n : 0}));
        err = tls_handshake(server);
        size_t m = tls_pull(server, MBYTES_OF(b));
        if (m > 0) {
            (void)BIO_write(in, b, (int)m);
        }
    }
    snprintf(reason, 200, "%s", tls_reason(server));
    tls_close(server);
    SSL_free(ssl);
    return err;
}

static void a_client_without_certificate_is_denied(void **state)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    char reason[200];
    assert_err(against_raw_client(*state, ctx, reason), E_DENIED);
    assert_non_null(strstr(reason, "no certificate"));
    SSL_CTX_free(ctx);
}

static void tls_1_2_is_refused(void **state)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    char reason[200];
    assert_int_equal(SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION), 1);
    assert_err(against_raw_client(*state, ctx, reason), E_IO);
    assert_non_null(strstr(reason, "protocol"));
    SSL_CTX_free(ctx);
}

static void a_giant_write_arrives_whole(void **state)
{
    struct fixture *f = *state;
    struct pair p = shake(f->client, f->server, 16384);
    enum { GIANT = 1024 * 1024 + 7 };
    uint8_t *sent = malloc(GIANT), *got = malloc(GIANT);
    uint64_t seed = 3;
    for (size_t i = 0; i < GIANT; i++) {
        sent[i] = (uint8_t)test_rand(&seed);
    }
    assert_ok(tls_write(p.client, (struct bytes){sent, GIANT}));
    size_t have = 0, n;
    uint8_t wire[16384];
    while ((n = tls_pull(p.client, MBYTES_OF(wire))) != 0) {
        assert_ok(tls_feed(p.server, (struct bytes){wire, n}));
        while (tls_read(p.server, (struct mbytes){got + have, GIANT - have}, &n) == E_OK) {
            have += n;
            if (have == GIANT) {
                break;
            }
        }
    }
    assert_int_equal(have, GIANT);
    assert_memory_equal(sent, got, GIANT);
    free(sent), free(got);
    pair_close(&p);
}

static void what_is_not_read_is_bounded(void **state)
{
    struct fixture *f = *state;
    struct pair p = shake(f->client, f->server, 16384);
    uint8_t wire[16384] = {0};
    enum err err = E_OK;
    unsigned i;
    for (i = 0; i < 10 && err == E_OK; i++) {
        err = tls_feed(p.server, BYTES_OF(wire));
    }
    assert_err(err, E_NO_ROOM);
    pair_close(&p);
}

static void close_notify_is_an_orderly_end(void **state)
{
    struct fixture *f = *state;
    struct pair p = shake(f->client, f->server, 16384);
    uint8_t got[16];
    size_t n;
    assert_ok(tls_write(p.client, BYTES_LIT("last")));
    tls_shutdown(p.client);
    assert_true(tls_wants_send(p.client));
    (void)move(p.client, p.server, 16384);
    assert_false(tls_wants_send(p.client));
    assert_ok(tls_read(p.server, MBYTES_OF(got), &n));
    assert_int_equal(n, 4);
    assert_err(tls_read(p.server, MBYTES_OF(got), &n), E_CLOSED);
    pair_close(&p);
}

static void noise_breaks_the_connection_for_good(void **state)
{
    struct fixture *f = *state;
    struct pair p = shake(f->client, f->server, 16384);
    static const uint8_t noise[64] = {0x17, 3, 3, 0, 40};
    uint8_t got[16];
    size_t n;
    assert_ok(tls_feed(p.server, BYTES_OF(noise)));
    assert_err(tls_read(p.server, MBYTES_OF(got), &n), E_IO);
    assert_err(tls_write(p.server, BYTES_LIT("x")), E_BAD_STATE);
    pair_close(&p);
}

static void bad_files_are_named(void **state)
{
    struct fixture *f = *state;
    struct pki *k = &f->pki;
    struct tls_context *c = NULL;
    struct tls_why why;
    char open_key[64];
    snprintf(open_key, sizeof open_key, "%s", pki_path(k, "open", ".key"));
    pki_make(k, "open", "ca", "x", NULL);
    assert_int_equal(chmod(open_key, 0644), 0);
    struct tls_files wide = {pki_path(k, "open", ".crt"), open_key, pki_path(k, "ca", ".crt")};
    assert_err(tls_context_open(&wide, true, &c, &why), E_DENIED);
    assert_non_null(strstr(why.text, "open.key: others may read"));
    struct tls_files foreign = {pki_path(k, "hss", ".crt"), pki_path(k, "mme", ".key"),
                                pki_path(k, "ca", ".crt")};
    assert_err(tls_context_open(&foreign, true, &c, &why), E_WRONG_KEY);
    struct tls_files gone = {pki_path(k, "hss", ".crt"), "/nonexistent.key",
                             pki_path(k, "ca", ".crt")};
    assert_err(tls_context_open(&gone, true, &c, &why), E_IO);
    assert_non_null(strstr(why.text, "/nonexistent.key: No such file"));
    struct tls_files swapped = {pki_path(k, "hss", ".key"), pki_path(k, "hss", ".key"),
                                pki_path(k, "ca", ".crt")};
    assert_err(tls_context_open(&swapped, true, &c, &why), E_BAD_VALUE);
    struct tls_files no_ca = {pki_path(k, "hss", ".crt"), pki_path(k, "hss", ".key"),
                              pki_path(k, "hss", ".key")};
    assert_err(tls_context_open(&no_ca, true, &c, &why), E_BAD_VALUE);
    assert_null(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ends_agree_and_know_each_other),
        cmocka_unit_test(names_mean_nothing_before_the_handshake),
        cmocka_unit_test(octets_may_come_one_by_one),
        cmocka_unit_test(a_certificate_of_another_ca_is_denied),
        cmocka_unit_test(a_server_of_another_ca_is_denied),
        cmocka_unit_test(a_client_without_certificate_is_denied),
        cmocka_unit_test(tls_1_2_is_refused),
        cmocka_unit_test(a_giant_write_arrives_whole),
        cmocka_unit_test(what_is_not_read_is_bounded),
        cmocka_unit_test(close_notify_is_an_orderly_end),
        cmocka_unit_test(noise_breaks_the_connection_for_good),
        cmocka_unit_test(bad_files_are_named),
    };
    return cmocka_run_group_tests_name("net/tls", tests, set_up, tear_down);
}
