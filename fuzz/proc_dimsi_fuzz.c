/* What a stranger may send in procedure dimsi: tokens, delegations, endorsements, whole offers,
 * boxes of eK, challenges, names. The first octet says which. What is accepted has one way to be
 * written; an offer whose parts do not belong together is taken by nobody, whoever signed it; and a
 * device takes no challenge that it was not made with eK for. */
#include "crypto/openssl.h"
#include "proc/dimsi.h"

#include <stdlib.h>
#include <string.h>

static struct crypto crypto;

static void check(bool holds)
{
    if (!holds) {
        abort();
    }
}

static struct imsi imsi_of(const char *digits)
{
    struct imsi imsi;
    check(imsi_parse(bytes_of_str(digits), &imsi) == E_OK);
    return imsi;
}

static void try_token(struct bytes in)
{
    uint8_t out[DIMSI_ATK_MAX];
    struct dimsi_atk atk;
    struct bytes content;
    if (dimsi_atk_read(in, &atk, &content) == E_OK) {
        check(bytes_eq(in, dimsi_atk_write(&atk, out)));
        check(bytes_eq(content, dimsi_atk_content(&atk, out)));
        check(content.p == in.p && content.n + DIMSI_SIGNATURE_LEN == in.n);
        check(atk.at >= 0 && atk.point[0] == 4 && atk.arpf.n > 0 && atk.sp.n > 0);
    }
}

static void try_delegation(struct bytes in)
{
    uint8_t out[DIMSI_DELEGATION_MAX];
    struct dimsi_delegation d;
    if (dimsi_delegation_read(in, &d) == E_OK) {
        check(bytes_eq(in, dimsi_delegation_write(&d, out)));
        check(d.number >= 1 && d.number <= INT64_MAX && d.expiry >= 0);
    }
}

static void try_name(struct bytes in)
{
    struct dimsi_name name;
    if (dimsi_name_parse(in, &name) == E_OK) {
        check(bytes_eq(in, bytes_of_str(name.text)) && name.n == in.n);
        check(strpbrk(name.text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ:/@?#%_ \r\n\"") == NULL);
    }
}

/* ---- with ports that believe everybody ---- */

static enum dimsi_cause anybody(void *ctx, enum dimsi_signer who, const struct bytes *chain,
                                size_t n, struct bytes content, struct bytes signature, int64_t at,
                                uint8_t digest[static DIMSI_DIGEST_LEN], struct dimsi_name *name)
{
    (void)ctx, (void)who, (void)chain, (void)at;
    check(n == 1 && content.n > 0 && signature.n == DIMSI_SIGNATURE_LEN);
    memset(digest, 's', DIMSI_DIGEST_LEN);
    return dimsi_name_parse(BYTES_LIT("a"), name) == E_OK ? DIMSI_NONE : DIMSI_CRYPTO;
}

static const struct dimsi_verify_port believes = {.signed_by = anybody};

static void try_endorsement(struct bytes in)
{
    static const uint8_t signature[DIMSI_SIGNATURE_LEN];
    uint8_t out[DIMSI_ENDORSEMENT_MAX];
    struct dimsi_endorsement e, again;
    struct dimsi_name arpf;
    struct dimsi_entry held = {.number = 0}, pushed = {.number = 0};
    enum dimsi_cause why;
    if (dimsi_endorsement_read(in, &e) != E_OK) {
        return;
    }
    const struct bytes chain = {signature, 1};
    check(bytes_eq(in, dimsi_endorsement_write(&e, out)));
    check(e.number >= 1 && e.number <= INT64_MAX && e.expiry >= 0);
    check(dimsi_endorsed(&believes, &chain, 1, in, BYTES_OF(signature), NULL, &e.dimsi, &e.target,
                         e.expiry, &again, &arpf) == DIMSI_NONE);
    pushed.imsi = e.dimsi; /* of whatever operator */
    const enum dimsi_decision decision = dimsi_dausf_decide(&held, &e, &pushed, &why);
    check(decision == DIMSI_REFUSE && (why == DIMSI_OTHER_IMSI || why == DIMSI_CHALLENGE));
}

static bool any_key(void *ctx, const uint8_t digest[static DIMSI_DIGEST_LEN],
                    struct dimsi_arpf_key *out)
{
    (void)ctx;
    memcpy(out->digest, digest, DIMSI_DIGEST_LEN);
    memset(out->point, 4, sizeof out->point);
    return true;
}

static enum err any_secret(void *ctx, const struct dimsi_arpf_key *key,
                           const uint8_t se[static DIMSI_POINT_LEN], uint8_t z[static 32])
{
    (void)ctx, (void)key;
    check(se[0] == 4);
    memset(z, 'z', 32);
    return E_OK;
}

/* Token and delegation, the token's length before it in two octets: taken by the ARPF only if the
 * target AUSF takes it, and only if one is for the other. */
static void try_offer(struct bytes in)
{
    static const uint8_t signature[DIMSI_SIGNATURE_LEN];
    struct dimsi_arpf_port port = {.verify = &believes, .key = any_key, .agree = any_secret};
    struct dimsi_offered one, two;
    struct dimsi_release held = {.number = 0};
    struct key_ek ek;
    struct plmn plmn;
    enum dimsi_cause why;
    struct rd r = rd_of(in);
    const size_t n = rd_be16(&r);
    struct dimsi_offer offer = {.atk = rd_take(&r, n),
                                .se_chain = {{signature, 1}},
                                .n_se_chain = 1,
                                .signature = BYTES_OF(signature),
                                .sp_chain = {{signature, 1}},
                                .n_sp_chain = 1};
    offer.delegation = rd_take(&r, rd_left(&r));
    if (plmn_parse(BYTES_LIT("001-01"), &plmn) != E_OK ||
        dimsi_name_parse(BYTES_LIT("a"), &port.name) != E_OK) {
        abort();
    }
    const enum dimsi_cause ausf =
        dimsi_ausf_take_offer(&crypto, &believes, &offer, &plmn, 1000, &one);
    const enum dimsi_cause arpf = dimsi_arpf_verify(&crypto, &port, &offer, &plmn, 1000, &two);
    check(arpf != DIMSI_NONE || ausf == DIMSI_NONE);
    if (arpf == DIMSI_NONE) {
        check(memcmp(one.token, two.delegation.token, sizeof one.token) == 0);
        check(dimsi_name_eq(&two.atk.arpf, &two.delegation.arpf) && two.delegation.expiry >= 1000);
        check(dimsi_arpf_ek(&crypto, &port, &two, &ek) == E_OK);
        check(dimsi_arpf_decide(&held, 0, &two, &why) == DIMSI_NEW);
    }
}

/* ---- with eK ---- */

/* RAND and AUTN; of the first 16 octets alone, 2G. */
static void try_challenge(struct bytes in)
{
    struct dimsi_slot slot = {.dimsi = imsi_of("901700000000001")};
    struct dimsi_challenge made;
    struct dimsi_answer a;
    struct rand128 rand;
    struct autn autn;
    struct rd r = rd_of(in);
    memset(slot.ek.b, 'e', sizeof slot.ek.b);
    const struct bytes first = rd_take(&r, 16), second = rd_take(&r, 16);
    if (first.n != 16) {
        return;
    }
    memcpy(rand.b, first.p, 16);
    memcpy(autn.b, second.n == 16 ? second.p : first.p, 16);
    const enum dimsi_outcome o =
        dimsi_se_challenge(&crypto, &slot, &rand, second.n == 16 ? &autn : NULL, &a);
    check(o != DIMSI_OUTCOME_BROKEN && o != DIMSI_OUTCOME_REPEATED);
    check((o == DIMSI_OUTCOME_INSTALL) == (a.res.n == DIMSI_RES_LEN));
    if (o == DIMSI_OUTCOME_INSTALL) { /* then it is what the AUSF makes for this IMSI */
        check(dimsi_ausf_challenge(&crypto, &slot.ek, &slot.dimsi, &a.imsi, &made) == E_OK);
        check(memcmp(made.rand.b, rand.b, 16) == 0);
        check(second.n != 16 || memcmp(made.autn.b, autn.b, 16) == 0);
        check(memcmp(made.xres.b, a.res.b, 8) == 0 && memcmp(made.ck.b, a.ck.b, 16) == 0);
        slot.installed = true;
        slot.imsi = imsi_of("001010000000001");
        const enum dimsi_outcome next =
            dimsi_se_challenge(&crypto, &slot, &rand, second.n == 16 ? &autn : NULL, &a);
        check(next == DIMSI_OUTCOME_OTHER_IMSI || next == DIMSI_OUTCOME_REPEATED);
    }
}

/* A box, and the endorsement that it is bound to behind it. */
static void try_box(struct bytes in)
{
    static const uint8_t z[32] = {1};
    const struct imsi dimsi = imsi_of("901700000000001");
    struct key_ek ek;
    struct rd r = rd_of(in);
    uint8_t again[DIMSI_BOX_LEN];
    const struct bytes box = rd_take(&r, DIMSI_BOX_LEN), endorsement = rd_take(&r, rd_left(&r));
    if (box.n == DIMSI_BOX_LEN &&
        dimsi_box_open(&crypto, box.p, z, endorsement, &dimsi, &ek) == E_OK) {
        check(dimsi_box_seal(&crypto, box.p, z, endorsement, &dimsi, &ek, again) == E_OK);
        check(memcmp(again, box.p, sizeof again) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const tries[])(struct bytes in) = {
        try_token, try_delegation, try_endorsement, try_offer, try_challenge, try_box, try_name};
    if (crypto.ctx == NULL && crypto_openssl_open(&crypto) != E_OK) {
        abort();
    }
    if (size > 0) {
        tries[data[0] % (sizeof tries / sizeof tries[0])]((struct bytes){data + 1, size - 1});
    }
    return 0;
}
