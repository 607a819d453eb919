/* test/live/dimsi_parties.c - the parties of procedure dimsi with the keys of files, for
 * test/live/dimsi_openssl.sh, which computes everything again: what comes out is lines of a word
 * and hex. The files are in the current folder, made by the openssl command: ci.crt, ci.crl,
 * pn.crt, se.key, se.crt, ephemeral.key and .crt, arpf.key and .crt (agreement), endorse.key and
 * .crt, sp-ca.crt, sp.crt, ausf.crt, and what stands behind them.
 *
 *   dimsi_parties agree DIMSI SP AT COUNTER                    token, ek of the SE
 *   dimsi_parties release PLMN TOKEN DELEGATION SIGNATURE AT   endorsement, signature, box; or
 * refused dimsi_parties challenge EK DIMSI IMSI SERVING              rand, autn, xres, ck, ik, k,
 * opc, kasme dimsi_parties answer EK DIMSI RAND AUTN                    an outcome, imsi, res, ck,
 * ik; AUTN "-": 2G
 */
#include "crypto/openssl.h"
#include "net/eck.h"
#include "net/verify_sign.h"
#include "nf/common/dimsi_port.h"

#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct crypto crypto;

static void must(bool holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "dimsi_parties: %s\n", what);
        exit(2);
    }
}

static void say(const char *word, struct bytes octets)
{
    char hex[2049];
    must(octets.n <= 1024, "too much to say");
    hex_encode(octets, hex);
    printf("%s %s\n", word, hex);
}

static struct bytes octets_of(const char *hex, uint8_t room[static 1024])
{
    const size_t n = strlen(hex) / 2;
    must(n <= 1024 && hex_decode(hex, (struct mbytes){room, n}) == E_OK, "hex");
    return (struct bytes){room, n};
}

static struct imsi imsi_of(const char *digits)
{
    struct imsi imsi;
    must(imsi_parse(bytes_of_str(digits), &imsi) == E_OK, "an IMSI");
    return imsi;
}

static struct key_ek ek_of(const char *hex)
{
    struct key_ek ek;
    must(hex_decode(hex, MBYTES_OF(ek.b)) == E_OK, "eK");
    return ek;
}

/* In DER; the room is the certificate's own. */
static struct bytes der_of(const char *path)
{
    static uint8_t rooms[8][4096];
    static size_t next;
    uint8_t *room = rooms[next++ % 8], *p = room;
    FILE *f = fopen(path, "r");
    X509 *x = f != NULL ? PEM_read_X509(f, NULL, NULL, NULL) : NULL;
    must(x != NULL && i2d_X509(x, NULL) <= 4096, path);
    const int n = i2d_X509(x, &p);
    X509_free(x);
    (void)fclose(f); /* was only read */
    return (struct bytes){room, (size_t)n};
}

static struct eck *eck_of(const char *key, const char *crt)
{
    struct eck *k = NULL;
    struct verify_why why;
    must(eck_open(key, crt, &k, &why) == E_OK, why.text);
    return k;
}

static enum err sign_with(const char *key, struct bytes content, uint8_t out[static 64])
{
    struct signer *s = NULL;
    struct verify_why why;
    must(signer_open(key, &s, &why) == E_OK, why.text);
    const enum err err = signer_sign(s, content, out);
    signer_close(s);
    return err;
}

/* ---- the secure element ---- */

static int64_t se_at;

static enum dimsi_cause se_arpf(void *ctx, const struct bytes *chain, size_t n,
                                struct dimsi_name *name, uint8_t point[static DIMSI_POINT_LEN])
{
    (void)ctx;
    struct verifier *v = NULL;
    struct verify_why why;
    const struct verify_files ci = {.ca = "ci.crt"};
    must(verifier_open(&ci, &v, &why) == E_OK, why.text);
    const enum dimsi_cause cause =
        dimsi_agreement_chain(v, VERIFY_ROLE_ARPF, chain, n, se_at, name, point);
    verifier_close(v);
    return cause;
}

static enum err se_agree(void *ctx, const uint8_t arpf[static DIMSI_POINT_LEN],
                         uint8_t se[static DIMSI_POINT_LEN], uint8_t z[static 32])
{
    (void)ctx;
    struct eck *k = eck_of("ephemeral.key", "ephemeral.crt");
    memcpy(se, eck_point(k), DIMSI_POINT_LEN);
    const enum err err = eck_agree(k, (struct bytes){arpf, DIMSI_POINT_LEN}, z);
    eck_close(k);
    return err;
}

static enum err se_sign(void *ctx, struct bytes content, uint8_t signature[static 64])
{
    (void)ctx;
    return sign_with("se.key", content, signature);
}

static void agree(char **a)
{
    uint8_t token[DIMSI_ATK_MAX];
    size_t n = 0;
    struct dimsi_slot slot;
    const struct bytes chain[] = {der_of("arpf.crt")};
    se_at = strtoll(a[2], NULL, 10);
    const struct dimsi_se_port port = {.arpf = se_arpf,
                                       .agree = se_agree,
                                       .sign = se_sign,
                                       .certificate = der_of("se.crt"),
                                       .at = se_at,
                                       .counter = (uint32_t)strtoul(a[3], NULL, 10)};
    struct dimsi_order order = {.dimsi = imsi_of(a[0]), .arpf_chain = chain, .n_arpf_chain = 1};
    must(dimsi_name_parse(bytes_of_str(a[1]), &order.sp) == E_OK, "SP");
    const enum dimsi_cause cause = dimsi_se_agree(&crypto, &port, &order, &slot, token, &n);
    if (cause != DIMSI_NONE) {
        printf("refused %s\n", dimsi_cause_name(cause));
        return;
    }
    say("token", (struct bytes){token, n});
    say("ek", BYTES_OF(slot.ek.b));
}

/* ---- the ARPF ---- */

static bool arpf_key(void *ctx, const uint8_t digest[static DIMSI_DIGEST_LEN],
                     struct dimsi_arpf_key *out)
{
    const struct eck *k = ctx;
    memcpy(out->digest, eck_digest(k), sizeof out->digest);
    memcpy(out->point, eck_point(k), sizeof out->point);
    return memcmp(digest, out->digest, sizeof out->digest) == 0;
}

static enum err arpf_agree(void *ctx, const struct dimsi_arpf_key *key,
                           const uint8_t se[static DIMSI_POINT_LEN], uint8_t z[static 32])
{
    (void)key;
    return eck_agree(ctx, (struct bytes){se, DIMSI_POINT_LEN}, z);
}

static struct dimsi_trust *trust(void)
{
    struct dimsi_trust *t = NULL;
    struct verify_why why;
    const struct dimsi_trust_options o = {
        .roots = {
            [DIMSI_SE] = {.ca = "ci.crt", .crl = "ci.crl"}, [DIMSI_SP] = {.ca = "sp-ca.crt"}}};
    must(dimsi_trust_open(&o, &t, &why) == E_OK, why.text);
    return t;
}

static void endorse(const struct dimsi_offered *offered, int64_t at, const struct key_ek *ek)
{
    uint8_t content[DIMSI_ENDORSEMENT_MAX], signature[64], box[DIMSI_BOX_LEN];
    uint8_t theirs[65], own[65], sent[33], z[32];
    struct dimsi_endorsement e = {.dimsi = offered->atk.dimsi,
                                  .target = offered->delegation.target,
                                  .number = 1,
                                  .expiry = at + 3600};
    memcpy(e.token, offered->token, sizeof e.token);
    memcpy(e.se_digest, offered->atk.se_digest, sizeof e.se_digest);
    const struct bytes made = dimsi_endorsement_write(&e, content);
    must(sign_with("endorse.key", made, signature) == E_OK, "endorse.key");
    must(eck_point_of_certificate(der_of("ausf.crt"), theirs) == E_OK, "ausf.crt");
    must(eck_fresh(BYTES_OF(theirs), own, z) == E_OK, "a fresh key");
    eck_compress(own, sent);
    must(dimsi_box_seal(&crypto, sent, z, made, &e.dimsi, ek, box) == E_OK, "the box");
    say("endorsement", made);
    say("signature", BYTES_OF(signature));
    say("box", BYTES_OF(box));
}

static void release(char **a)
{
    static uint8_t rooms[3][1024];
    struct dimsi_trust *t = trust();
    struct eck *k = eck_of("arpf.key", "arpf.crt");
    struct dimsi_arpf_port port = {
        .ctx = k, .verify = dimsi_trust_port(t), .key = arpf_key, .agree = arpf_agree};
    const struct dimsi_offer offer = {.atk = octets_of(a[1], rooms[0]),
                                      .se_chain = {der_of("se.crt"), der_of("pn.crt")},
                                      .n_se_chain = 2,
                                      .delegation = octets_of(a[2], rooms[1]),
                                      .signature = octets_of(a[3], rooms[2]),
                                      .sp_chain = {der_of("sp.crt")},
                                      .n_sp_chain = 1};
    const int64_t at = strtoll(a[4], NULL, 10);
    struct plmn plmn;
    struct dimsi_offered offered;
    struct key_ek ek;
    must(dimsi_name_parse(BYTES_LIT("arpf.example.org"), &port.name) == E_OK, "a name");
    must(plmn_parse(bytes_of_str(a[0]), &plmn) == E_OK, "PLMN");
    const enum dimsi_cause cause = dimsi_arpf_verify(&crypto, &port, &offer, &plmn, at, &offered);
    if (cause != DIMSI_NONE) {
        printf("refused %s\n", dimsi_cause_name(cause));
    } else if (dimsi_arpf_ek(&crypto, &port, &offered, &ek) != E_OK) {
        printf("refused %s\n", dimsi_cause_name(DIMSI_POINT));
    } else {
        endorse(&offered, at, &ek);
    }
    eck_close(k);
    dimsi_trust_close(t);
}

/* ---- target AUSF and device ---- */

static void challenge(char **a)
{
    uint8_t serving[3];
    struct dimsi_challenge c;
    struct aka_keys keys;
    struct key_kasme kasme;
    const struct key_ek ek = ek_of(a[0]);
    const struct imsi dimsi = imsi_of(a[1]), imsi = imsi_of(a[2]);
    must(hex_decode(a[3], MBYTES_OF(serving)) == E_OK, "SERVING");
    must(dimsi_ausf_challenge(&crypto, &ek, &dimsi, &imsi, &c) == E_OK &&
             dimsi_aka_keys(&crypto, &ek, &dimsi, &imsi, &keys) == E_OK &&
             dimsi_dausf_kasme(&crypto, &c, serving, &kasme) == E_OK,
         "the challenge");
    say("rand", BYTES_OF(c.rand.b));
    say("autn", BYTES_OF(c.autn.b));
    say("xres", (struct bytes){c.xres.b, c.xres.n});
    say("ck", BYTES_OF(c.ck.b));
    say("ik", BYTES_OF(c.ik.b));
    say("k", (struct bytes){keys.k.b, keys.k.n});
    say("opc", (struct bytes){keys.opc.b, keys.opc.n});
    say("kasme", BYTES_OF(kasme.b));
}

static void answer(char **a)
{
    const struct dimsi_slot slot = {.ek = ek_of(a[0]), .dimsi = imsi_of(a[1])};
    struct rand128 rand;
    struct autn autn;
    struct dimsi_answer out;
    const bool has_autn = strcmp(a[3], "-") != 0;
    must(hex_decode(a[2], MBYTES_OF(rand.b)) == E_OK, "RAND");
    must(!has_autn || hex_decode(a[3], MBYTES_OF(autn.b)) == E_OK, "AUTN");
    const enum dimsi_outcome o =
        dimsi_se_challenge(&crypto, &slot, &rand, has_autn ? &autn : NULL, &out);
    printf("outcome %s\n", dimsi_outcome_name(o));
    if (o == DIMSI_OUTCOME_INSTALL) {
        printf("imsi %s\n", out.imsi.digits);
        say("res", (struct bytes){out.res.b, out.res.n});
        say("ck", BYTES_OF(out.ck.b));
        say("ik", BYTES_OF(out.ik.b));
    }
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int n;
        void (*run)(char **arguments);
    } commands[] = {{"agree", 4, agree},
                    {"release", 5, release},
                    {"challenge", 4, challenge},
                    {"answer", 4, answer}};
    must(crypto_openssl_open(&crypto) == E_OK, "no crypto");
    for (size_t i = 0; argc > 1 && i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(argv[1], commands[i].name) == 0 && argc == 2 + commands[i].n) {
            commands[i].run(argv + 2);
            crypto_openssl_close(&crypto);
            return 0;
        }
    }
    must(false, "agree, release, challenge or answer, and what belongs to it");
}
