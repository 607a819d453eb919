#include "proc/devid.h"

#include "crypto/kdf.h"

#include <string.h>

/* ---- names ---- */

const char *devid_algorithm_name(uint8_t algorithm)
{
    switch (algorithm) {
#define X(name, number, text)                                                                      \
    case DEVID_##name:                                                                             \
        return text;
        DEVID_ALGORITHM_LIST(X)
#undef X
    default:
        return "unknown";
    }
}

enum err devid_algorithm_parse(struct bytes ascii, uint8_t *out)
{
#define X(name, number, text)                                                                      \
    if (bytes_eq(ascii, BYTES_LIT(text))) {                                                        \
        *out = DEVID_##name;                                                                       \
        return E_OK;                                                                               \
    }
    DEVID_ALGORITHM_LIST(X)
#undef X
    return E_BAD_VALUE;
}

const char *devid_result_name(enum devid_result r)
{
    static const char *const names[] = {[DEVID_NOT_ASKED] = "not-asked",
                                        [DEVID_PROVEN] = "proven",
                                        [DEVID_UNPROVEN] = "unproven",
                                        [DEVID_FAILED] = "failed",
                                        [DEVID_UNDETERMINED] = "undetermined"};
    return (size_t)r < sizeof names / sizeof names[0] ? names[r] : "unknown";
}

const char *devid_source_name(enum devid_source s)
{
    static const char *const names[] = {[DEVID_FROM_REPOSITORY] = "repository",
                                        [DEVID_FROM_CACHE] = "cache",
                                        [DEVID_FROM_STALE_CACHE] = "stale-cache"};
    return (unsigned)s - 1U < DEVID_FROM_STALE_CACHE ? names[s] : "unknown";
}

static const struct {
    const char *name, *sentence;
    uint8_t result;
} causes[] = {
#define X(id, text, its_result, words)                                                             \
    [DEVID_CAUSE_##id] = {.name = text, .sentence = words, .result = (uint8_t)DEVID_##its_result},
    DEVID_CAUSE_LIST(X)
#undef X
};

const char *devid_cause_name(enum devid_cause c)
{
    return (size_t)c < DEVID_CAUSES ? causes[c].name : "unknown";
}

const char *devid_cause_sentence(enum devid_cause c)
{
    return (size_t)c < DEVID_CAUSES ? causes[c].sentence : "unknown";
}

/* What is not known was not found out. */
enum devid_result devid_cause_result(enum devid_cause c)
{
    return (size_t)c < DEVID_CAUSES ? (enum devid_result)causes[c].result : DEVID_UNDETERMINED;
}

enum err devid_cause_parse(struct bytes ascii, enum devid_cause *out)
{
    for (size_t i = 0; i < DEVID_CAUSES; i++) {
        if (bytes_eq(ascii, bytes_of_str(causes[i].name))) {
            *out = (enum devid_cause)i;
            return E_OK;
        }
    }
    return E_BAD_VALUE;
}

/* ---- step 3, CP-AU ---- */

/*= devid-3 */
enum err devid_challenge_make(const struct crypto *c, struct bytes algorithms,
                              struct devid_challenge *out)
{
    struct devid_challenge made = {.n_algorithms = (uint8_t)algorithms.n};
    if (algorithms.n == 0 || algorithms.n > DEVID_ALGORITHMS_MAX) {
        return E_BAD_VALUE;
    }
    memcpy(made.algorithms, algorithms.p, algorithms.n);
    enum err err = c->random(c->ctx, MBYTES_OF(made.nonce));
    if (err == E_OK) {
        *out = made;
    }
    return err;
}

static bool accepts(const struct devid_challenge *challenge, uint8_t algorithm)
{
    bool found = false; /* no memchr: a device need not have it */
    for (size_t i = 0; i < challenge->n_algorithms; i++) {
        found = found || challenge->algorithms[i] == algorithm;
    }
    return found;
}

/* ---- step 4, device ---- */

static void put(struct wr *w, struct bytes item)
{
    wr_be16(w, (uint16_t)item.n);
    wr_put(w, item);
}

/*= devid-channel */
static enum err channel(const struct crypto *c, const struct key_kasme *kasme, struct bytes nonce,
                        uint8_t out[static 32])
{
    return kdf_own(c, BYTES_OF(kasme->b), "devid channel", &nonce, 1, out);
}

enum err devid_content(const struct crypto *c, uint8_t algorithm, const struct imei *imei,
                       const uint8_t nonce[static DEVID_NONCE_LEN],
                       const struct devid_session *session, uint8_t out[static DEVID_CONTENT_LEN])
{
    uint8_t plmn[PLMN_LEN], bound[32];
    enum err err = channel(c, session->kasme, (struct bytes){nonce, DEVID_NONCE_LEN}, bound);
    if (err != E_OK) {
        return err;
    }
    plmn_to_octets(&session->plmn, plmn);
    struct wr w = wr_of((struct mbytes){out, DEVID_CONTENT_LEN});
    put(&w, BYTES_LIT(DEVID_LABEL));
    put(&w, (struct bytes){&algorithm, 1});
    put(&w, (struct bytes){(const uint8_t *)imei->digits, IMEI_DIGITS});
    put(&w, (struct bytes){nonce, DEVID_NONCE_LEN});
    put(&w, BYTES_OF(plmn));
    put(&w, BYTES_OF(bound));
    wipe(bound, sizeof bound);
    return E_OK;
}

/*= devid-key */
/* A signature that could not travel is none. */
static enum err sign_with(const struct devid_signer *signer, struct bytes content,
                          struct devid_proof *proof)
{
    size_t n = sizeof proof->signature;
    enum err err = signer->sign(signer->ctx, content, proof->signature, &n);
    if (err != E_OK || n < DEVID_SIGNATURE_MIN || n > sizeof proof->signature) {
        return E_CRYPTO;
    }
    proof->n = (uint16_t)n;
    return E_OK;
}

/*= devid-4 */
enum err devid_device_sign(const struct crypto *c, const struct devid_challenge *challenge,
                           const struct imei *imei, const struct devid_session *session,
                           const struct devid_signer *signer, struct devid_proof *out)
{
    if (!accepts(challenge, signer->algorithm)) {
        return E_UNSUPPORTED;
    }
    uint8_t content[DEVID_CONTENT_LEN];
    enum err err = devid_content(c, signer->algorithm, imei, challenge->nonce, session, content);
    if (err == E_OK) {
        /* Signed in place: a second proof on the stack is much for a small device. */
        out->imei = *imei;
        out->algorithm = signer->algorithm;
        err = sign_with(signer, BYTES_OF(content), out);
    }
    if (err != E_OK) {
        memset(out, 0, sizeof *out);
    }
    wipe(content, sizeof content);
    return err;
}

/* ---- steps 6 to 8 ---- */

/* The one key that the record speaks of: the leaf certificate, or the public key. */
static struct bytes key_of(const struct devid_credential *credential)
{
    if (credential->form != BINDING_CERTIFICATE) {
        return credential->spki;
    }
    bool some = credential->n_chain > 0 && credential->n_chain <= DEVID_CHAIN_MAX;
    return some ? credential->chain[0] : (struct bytes){NULL, 0};
}

/* Does the record speak of what came with it? A revoked binding comes without its key. */
static enum devid_cause fits(const struct crypto *c, const struct devid_credential *credential,
                             const struct binding_record *record)
{
    if (credential->status == DEVID_REVOKED) {
        return record->status == BINDING_REVOKED ? DEVID_CAUSE_NONE : DEVID_CAUSE_RECORD;
    }
    uint8_t digest[32];
    const struct bytes key = key_of(credential);
    if (record->form != credential->form || key.n == 0) {
        return DEVID_CAUSE_RECORD;
    }
    if (c->sha256(c->ctx, &key, 1, digest) != E_OK) {
        return DEVID_CAUSE_CRYPTO;
    }
    return bytes_eq(BYTES_OF(digest), BYTES_OF(record->digest)) ? DEVID_CAUSE_NONE
                                                                : DEVID_CAUSE_RECORD;
}

static enum devid_cause trusted(const struct devid_port *port,
                                const struct devid_credential *credential)
{
    enum err err =
        port->record(port->ctx, credential->signer, credential->record, credential->signature);
    if (err == E_NOT_FOUND || err == E_BAD_MAC) {
        return DEVID_CAUSE_RECORD_SIGNATURE;
    }
    return err == E_OK ? DEVID_CAUSE_NONE : DEVID_CAUSE_CRYPTO;
}

/*= devid-record */
enum devid_cause devid_record_check(const struct crypto *c, const struct devid_port *port,
                                    const struct imei *imei,
                                    const struct devid_credential *credential,
                                    struct binding_record *record)
{
    struct binding_record read;
    if (credential->signature.n != DEVID_RECORD_SIGNATURE_LEN ||
        credential->signer.n != DEVID_RECORD_SIGNER_LEN ||
        binding_record_read(credential->record, &read) != E_OK || !imei_eq(&read.imei, imei) ||
        read.use != BINDING_IDENTITY) {
        return DEVID_CAUSE_RECORD;
    }
    enum devid_cause cause = fits(c, credential, &read);
    if (cause == DEVID_CAUSE_NONE) {
        cause = trusted(port, credential);
    }
    if (cause == DEVID_CAUSE_NONE) {
        *record = read;
    }
    return cause;
}

/* ---- step 9, CP-AU ---- */

/* What can be said of a proof before anything is computed. */
static enum devid_cause proof_judge(const struct devid_asked *asked)
{
    if (asked->challenge == NULL) {
        return DEVID_CAUSE_NOT_CIPHERED;
    }
    if (asked->unreadable) {
        return DEVID_CAUSE_BAD_PROOF;
    }
    if (asked->proof == NULL) {
        return DEVID_CAUSE_NO_PROOF;
    }
    if (!imei_eq(&asked->proof->imei, &asked->imei)) {
        return DEVID_CAUSE_OTHER_IMEI;
    }
    return accepts(asked->challenge, asked->proof->algorithm) ? DEVID_CAUSE_NONE
                                                              : DEVID_CAUSE_ALGORITHM;
}

static enum devid_cause validity_judge(const struct binding_record *record, int64_t at)
{
    if (at < record->not_before) {
        return DEVID_CAUSE_BINDING_EARLY;
    }
    return at > record->not_after ? DEVID_CAUSE_BINDING_LATE : DEVID_CAUSE_NONE;
}

/* The device is not to blame for a key that is none, nor for a library that fails. */
static enum devid_cause signature_cause(enum err err)
{
    static const struct {
        enum err err;
        enum devid_cause cause;
    } known[] = {{E_OK, DEVID_CAUSE_NONE},
                 {E_UNSUPPORTED, DEVID_CAUSE_ALGORITHM},
                 {E_BAD_MAC, DEVID_CAUSE_SIGNATURE},
                 {E_BAD_VALUE, DEVID_CAUSE_RECORD}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (known[i].err == err) {
            return known[i].cause;
        }
    }
    return DEVID_CAUSE_CRYPTO;
}

/*= devid-9y */
static enum devid_cause signature_judge(const struct crypto *c, const struct devid_port *port,
                                        const struct devid_asked *asked,
                                        const struct devid_credential *credential)
{
    const struct devid_proof *p = asked->proof;
    uint8_t content[DEVID_CONTENT_LEN];
    if (devid_content(c, p->algorithm, &asked->imei, asked->challenge->nonce, &asked->session,
                      content) != E_OK) {
        return DEVID_CAUSE_CRYPTO;
    }
    enum err err =
        port->signature(port->ctx, p->algorithm, credential->form == BINDING_CERTIFICATE,
                        key_of(credential), BYTES_OF(content), (struct bytes){p->signature, p->n});
    wipe(content, sizeof content);
    return signature_cause(err);
}

/*= devid-9x */
/* The one place where the two variants differ. */
static enum devid_cause credential_judge(const struct devid_port *port,
                                         const struct devid_credential *credential, int64_t at)
{
    if (credential->form != BINDING_CERTIFICATE) {
        return DEVID_CAUSE_NONE;
    }
    return port->chain(port->ctx, credential->chain, credential->n_chain, at);
}

/* With a binding: everything that a device has to live up to, cheapest first. That nobody could
 * find out whether a chain is good, because a list has run out, makes no wrong signature right. */
static enum devid_cause device_judge(const struct crypto *c, const struct devid_port *port,
                                     const struct devid_asked *asked,
                                     const struct devid_credential *credential,
                                     const struct binding_record *record)
{
    if (record->status == BINDING_REVOKED) {
        return DEVID_CAUSE_REVOKED;
    }
    enum devid_cause cause = proof_judge(asked);
    if (cause == DEVID_CAUSE_NONE) {
        cause = validity_judge(record, asked->at);
    }
    if (cause == DEVID_CAUSE_NONE) {
        cause = credential_judge(port, credential, asked->at);
    }
    if (devid_cause_result(cause) == DEVID_FAILED) {
        return cause;
    }
    enum devid_cause signature = signature_judge(c, port, asked, credential);
    return cause == DEVID_CAUSE_NONE || devid_cause_result(signature) == DEVID_FAILED ? signature
                                                                                      : cause;
}

static enum devid_cause unavailable(const struct devid_credential *credential)
{
    bool says_why = credential->status == DEVID_UNAVAILABLE &&
                    devid_cause_result(credential->cause) == DEVID_UNDETERMINED &&
                    (size_t)credential->cause < DEVID_CAUSES;
    return says_why ? credential->cause : DEVID_CAUSE_INQUIRY_UNANSWERED;
}

/*= devid-results */
static enum devid_cause judge(const struct crypto *c, const struct devid_port *port,
                              const struct devid_asked *asked,
                              const struct devid_credential *credential, struct devid_outcome *out)
{
    if (credential->status == DEVID_NONE) {
        return DEVID_CAUSE_NO_BINDING;
    }
    if (credential->status != DEVID_FOUND && credential->status != DEVID_REVOKED) {
        return unavailable(credential);
    }
    struct binding_record record;
    enum devid_cause cause = devid_record_check(c, port, &asked->imei, credential, &record);
    if (cause != DEVID_CAUSE_NONE) {
        return cause;
    }
    out->form = record.form;
    out->serial = record.serial;
    return device_judge(c, port, asked, credential, &record);
}

void devid_check(const struct crypto *c, const struct devid_port *port,
                 const struct devid_asked *asked, const struct devid_credential *credential,
                 struct devid_outcome *out)
{
    struct devid_outcome o = {.form = 0};
    o.cause = judge(c, port, asked, credential, &o);
    o.result = devid_cause_result(o.cause);
    *out = o;
}

/* ---- what the subscription makes of it: HSS ---- */

enum { BIT_WANTED = 1, BIT_UNPROVEN = 2, BIT_FAILED = 4, BIT_UNDETERMINED = 8, BITS = 16 };

static struct devid_policy policy_of(uint8_t bits)
{
    return (struct devid_policy){.wanted = (bits & BIT_WANTED) != 0,
                                 .admit_unproven = (bits & BIT_UNPROVEN) != 0,
                                 .admit_failed = (bits & BIT_FAILED) != 0,
                                 .admit_undetermined = (bits & BIT_UNDETERMINED) != 0};
}

uint8_t devid_policy_bits(const struct devid_policy *p)
{
    if (!p->wanted) {
        return 0; /* nobody asks: there is nothing to admit or to refuse */
    }
    return (uint8_t)(BIT_WANTED | (p->admit_unproven ? BIT_UNPROVEN : 0) |
                     (p->admit_failed ? BIT_FAILED : 0) |
                     (p->admit_undetermined ? BIT_UNDETERMINED : 0));
}

enum err devid_policy_of_bits(uint8_t bits, struct devid_policy *out)
{
    if (bits >= BITS || (bits != 0 && (bits & BIT_WANTED) == 0)) {
        return E_BAD_VALUE;
    }
    *out = policy_of(bits);
    return E_OK;
}

static const struct {
    const char *name;
    uint8_t bits;
} shorthands[] = {{"off", 0},
                  {"observe", BIT_WANTED | BIT_UNPROVEN | BIT_FAILED | BIT_UNDETERMINED},
                  {"want", BIT_WANTED | BIT_UNPROVEN | BIT_UNDETERMINED},
                  {"require", BIT_WANTED}};
#define SHORTHANDS (sizeof shorthands / sizeof shorthands[0])

static const struct {
    const char *name; /* of the result */
    uint8_t bit;
} admitted[] = {
    {"unproven=", BIT_UNPROVEN}, {"failed=", BIT_FAILED}, {"undetermined=", BIT_UNDETERMINED}};
#define ADMITTED (sizeof admitted / sizeof admitted[0])

/* "failed=refuse": which bit, and is it set? */
static enum err item_parse(struct bytes item, uint8_t *bit, bool *admit)
{
    for (size_t i = 0; i < ADMITTED; i++) {
        const struct bytes name = bytes_of_str(admitted[i].name);
        if (item.n < name.n || !bytes_eq((struct bytes){item.p, name.n}, name)) {
            continue;
        }
        const struct bytes value = {item.p + name.n, item.n - name.n};
        *bit = admitted[i].bit;
        *admit = bytes_eq(value, BYTES_LIT("admit"));
        return *admit || bytes_eq(value, BYTES_LIT("refuse")) ? E_OK : E_BAD_VALUE;
    }
    return E_BAD_VALUE;
}

/* What stands before the next comma; the rest of *text is what follows it. */
static struct bytes item_next(struct bytes *text, bool *more)
{
    const uint8_t *comma = text->n > 0 ? memchr(text->p, ',', text->n) : NULL;
    const struct bytes item = {text->p, comma != NULL ? (size_t)(comma - text->p) : text->n};
    *more = comma != NULL;
    if (*more) {
        *text = (struct bytes){comma + 1, text->n - item.n - 1};
    }
    return item;
}

static enum err items_parse(struct bytes text, uint8_t *bits)
{
    uint8_t seen = 0;
    bool more = true;
    *bits = BIT_WANTED;
    while (more) {
        uint8_t bit;
        bool admit;
        enum err err = item_parse(item_next(&text, &more), &bit, &admit);
        if (err != E_OK || (seen & bit) != 0) {
            return err != E_OK ? err : E_REPEATED;
        }
        seen |= bit;
        *bits |= admit ? bit : 0;
    }
    return seen == (BIT_UNPROVEN | BIT_FAILED | BIT_UNDETERMINED) ? E_OK : E_MISSING;
}

enum err devid_policy_parse(struct bytes ascii, struct devid_policy *out)
{
    uint8_t bits;
    for (size_t i = 0; i < SHORTHANDS; i++) {
        if (bytes_eq(ascii, bytes_of_str(shorthands[i].name))) {
            *out = policy_of(shorthands[i].bits);
            return E_OK;
        }
    }
    enum err err = items_parse(ascii, &bits);
    if (err == E_OK) {
        *out = policy_of(bits);
    }
    return err;
}

static void put_text(struct wr *w, const char *text)
{
    wr_put(w, bytes_of_str(text));
}

static void put_items(struct wr *w, uint8_t bits)
{
    for (size_t i = 0; i < ADMITTED; i++) {
        put_text(w, i > 0 ? "," : "");
        put_text(w, admitted[i].name);
        put_text(w, (bits & admitted[i].bit) != 0 ? "admit" : "refuse");
    }
}

void devid_policy_print(const struct devid_policy *p, char out[static DEVID_POLICY_TEXT])
{
    const uint8_t bits = devid_policy_bits(p);
    struct wr w = wr_of((struct mbytes){(uint8_t *)out, DEVID_POLICY_TEXT});
    size_t i = 0;
    while (i < SHORTHANDS && shorthands[i].bits != bits) {
        i++;
    }
    if (i < SHORTHANDS) {
        put_text(&w, shorthands[i].name);
    } else {
        put_items(&w, bits);
    }
    wr_u8(&w, 0);
}

/* An MME that cannot ask leaves open whether a binding exists. */
static enum refusal admit_without(const struct devid_policy *policy, bool remembered)
{
    bool admit = remembered || (policy->admit_unproven && policy->admit_undetermined);
    return admit ? REFUSAL_NONE : REFUSAL_PROOF_MISSING;
}

/*= devid-policy devid-provisional */
enum refusal devid_hss_admit(const struct devid_policy *policy, const struct devid_outcome *outcome,
                             bool remembered)
{
    if (!policy->wanted) {
        return REFUSAL_NONE;
    }
    switch (outcome != NULL ? outcome->result : DEVID_NOT_ASKED) {
    case DEVID_PROVEN:
        return REFUSAL_NONE;
    case DEVID_UNPROVEN:
        return policy->admit_unproven ? REFUSAL_NONE : REFUSAL_DEVICE_UNPROVEN;
    case DEVID_FAILED:
        return policy->admit_failed ? REFUSAL_NONE : REFUSAL_DEVICE_FAILED;
    case DEVID_UNDETERMINED:
        remembered = remembered && outcome->cause != DEVID_CAUSE_INQUIRY_LIMITED;
        return policy->admit_undetermined || remembered ? REFUSAL_NONE
                                                        : REFUSAL_DEVICE_UNDETERMINED;
    case DEVID_NOT_ASKED:
        break;
    }
    return admit_without(policy, remembered);
}
