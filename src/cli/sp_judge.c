/* Is what a secure element answered what was ordered? src/cli/sp.h. */
#include "cli/sp.h"

#include "net/verify_sign.h"
#include <openssl/x509v3.h>
#include <string.h>

/* ---- certificates ---- */

static X509 *certificate_of(struct bytes der)
{
    const unsigned char *p = der.p;
    X509 *x = d2i_X509(NULL, &p, (long)der.n);
    if (x && p != der.p + der.n) {
        X509_free(x);
        x = NULL;
    }
    return x;
}

static bool issued(struct bytes issuer, struct bytes subject)
{
    X509 *above = certificate_of(issuer), *below = certificate_of(subject);
    const bool good = above && below && X509_check_issued(above, below) == X509_V_OK &&
                      X509_verify(below, X509_get0_pubkey(above)) == 1;
    X509_free(above);
    X509_free(below);
    return good;
}

/* By the name of who issued it: the CI itself is not here. */
static bool same_issuer(struct bytes a, struct bytes b)
{
    X509 *one = certificate_of(a), *two = certificate_of(b);
    const bool good =
        one && two && X509_NAME_cmp(X509_get_issuer_name(one), X509_get_issuer_name(two)) == 0;
    X509_free(one);
    X509_free(two);
    return good;
}

/*= dimsi-0e-verify */
static const char *chain_fault(const struct dimsi_credentials *c)
{
    if (c->n_chain < 2) {
        return "the chain is not whole: CERT.SE, then its part number's";
    }
    for (size_t i = 1; i < c->n_chain; i++) {
        if (!issued(c->chain[i], c->chain[i - 1])) {
            return "the chain is not in order: each certificate is issued by the one behind it";
        }
    }
    return NULL;
}

/* The SE took the ARPF's certificate for one of its own CI: with the certificate that it names,
 * that is who issued the last one of its chain. An earlier certificate of the ARPF is not here any
 * more.
 */
static bool of_that_ci(const struct dimsi_credentials *c, const struct dimsi_atk *atk,
                       const json_t *arpf)
{
    static struct dimsi_json_space space;
    struct dimsi_json_fault fault;
    struct bytes chain[DIMSI_CHAIN_MAX];
    uint8_t digest[DIMSI_DIGEST_LEN];
    size_t n;
    space.n = 0;
    return !dimsi_json_chain(json_object_get(arpf, "certificates"), "certificates", &space, chain,
                             &n, &fault) ||
           verify_digest(chain[0], digest) != E_OK ||
           !bytes_eq(BYTES_OF(digest), BYTES_OF(atk->arpf_digest)) ||
           same_issuer(c->chain[c->n_chain - 1], chain[n - 1]);
}

static const char *signature_fault(const struct dimsi_credentials *c, const struct dimsi_atk *atk,
                                   struct bytes content)
{
    uint8_t spki[VERIFY_SPKI_MAX], digest[DIMSI_DIGEST_LEN];
    enum verify_key_kind kind;
    size_t n;
    if (verify_key_of_certificate(c->chain[0], spki, &n, &kind) != E_OK ||
        kind != VERIFY_KEY_P256 || verify_digest(c->chain[0], digest) != E_OK) {
        return "the first certificate is none with a key on P-256";
    }
    if (!bytes_eq(BYTES_OF(digest), BYTES_OF(atk->se_digest))) {
        return "the token was made by another secure element than the one of the certificate";
    }
    return signature_verify((struct bytes){spki, n}, content, atk->signature) == E_OK
               ? NULL
               : "the token is not signed by the key of the certificate";
}

/* ---- all of it ---- */

static bool read_credentials(const json_t *from, struct dimsi_json_space *space,
                             struct dimsi_credentials *c, struct dimsi_json_fault *fault)
{
    json_t *bare = json_pack("{s:O, s:O}", "token", json_object_get(from, "token"), "certificates",
                             json_object_get(from, "certificates"));
    space->n = 0;
    snprintf(fault->text, sizeof fault->text, "a member is missing: token or certificates");
    const bool read = bare && dimsi_json_credentials(bare, "credentials", space, c, fault);
    json_decref(bare);
    return read;
}

static const char *names_fault(const struct sp *s, const struct dimsi_atk *atk,
                               const json_t *credentials, const json_t *device)
{
    const char *arpf = json_string_value(json_object_get(device, "arpf"));
    const char *dimsi = json_string_value(json_object_get(credentials, "dimsi"));
    if (!dimsi || strcmp(atk->dimsi.digits, dimsi) != 0) {
        return "the token is of another discovery IMSI";
    }
    if (!dimsi_name_eq(&atk->sp, &s->name)) {
        return "the token names another service provider";
    }
    return arpf && !strcmp(atk->arpf.text, arpf) ? NULL : "the token is for another ARPF";
}

const char *sp_judge(const struct sp *s, const json_t *credentials, const json_t *device,
                     const json_t *arpf, struct dimsi_json_fault *fault)
{
    static struct dimsi_json_space space;
    struct dimsi_credentials c;
    struct dimsi_atk atk;
    struct bytes content;
    if (!read_credentials(credentials, &space, &c, fault)) {
        return fault->text;
    }
    if (dimsi_atk_read(c.token, &atk, &content) != E_OK) {
        return "the token cannot be read";
    }
    const char *wrong = names_fault(s, &atk, credentials, device);
    wrong = wrong ? wrong : signature_fault(&c, &atk, content);
    wrong = wrong ? wrong : chain_fault(&c);
    if (!wrong && !of_that_ci(&c, &atk, arpf)) {
        wrong = "the chain does not end below the CI that issued the ARPF's certificate";
    }
    return wrong;
}

static bool read_token(const json_t *from, struct dimsi_atk *atk)
{
    static struct dimsi_json_space space;
    struct dimsi_json_fault fault = {.text = ""};
    struct dimsi_credentials c;
    struct bytes content;
    return read_credentials(from, &space, &c, &fault) &&
           dimsi_atk_read(c.token, atk, &content) == E_OK;
}

const char *sp_judge_replacing(const json_t *credentials, const json_t *device)
{
    struct dimsi_atk held, come;
    if (!json_is_string(json_object_get(device, "token")) || !read_token(device, &held)) {
        return NULL; /* there are none, or none that are of any use */
    }
    if (!read_token(credentials, &come) ||
        !bytes_eq(BYTES_OF(held.se_digest), BYTES_OF(come.se_digest))) {
        return "another secure element has answered this order; --replace takes this one instead";
    }
    return come.counter < held.counter
               ? "the token is older than the one that is here; --replace takes it all the same"
               : NULL;
}
