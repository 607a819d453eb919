#include "proc/certattach.h"

#include "proc/certattach_parts.h"

#include <string.h>

/* ---- names ---- */

static const struct {
    const char *name, *sentence;
} causes[] =
    {
#define X(id, text, words) [CERTATTACH_##id] = {.name = text, .sentence = words},
        CERTATTACH_CAUSE_LIST(X)
#undef X
},
  refusals[] = {
#define X(id, text, words) [CERTATTACH_REFUSED_##id] = {.name = text, .sentence = words},
      CERTATTACH_REFUSAL_LIST(X)
#undef X
};

const char *certattach_cause_name(enum certattach_cause c)
{
    return (size_t)c < CERTATTACH_CAUSES ? causes[c].name : "unknown";
}

const char *certattach_cause_sentence(enum certattach_cause c)
{
    return (size_t)c < CERTATTACH_CAUSES ? causes[c].sentence : "unknown";
}

const char *certattach_refusal_name(enum certattach_refusal r)
{
    return (size_t)r < CERTATTACH_REFUSALS ? refusals[r].name : "unknown";
}

const char *certattach_refusal_sentence(enum certattach_refusal r)
{
    return (size_t)r < CERTATTACH_REFUSALS ? refusals[r].sentence : "unknown";
}

static const char *const phases[] = {
#define X(id, text) [CERTATTACH_PHASE_##id] = text,
    CERTATTACH_PHASES_LIST(X)
#undef X
};

const char *certattach_phase_name(enum certattach_phase p)
{
    return (size_t)p < CERTATTACH_PHASES ? phases[p] : "unknown";
}

enum err certattach_phase_parse(struct bytes ascii, enum certattach_phase *out)
{
    for (size_t i = 0; i < CERTATTACH_PHASES; i++) {
        if (bytes_eq(ascii, bytes_of_str(phases[i]))) {
            *out = (enum certattach_phase)i;
            return E_OK;
        }
    }
    return E_BAD_VALUE;
}

/* ---- the URL ---- */

static const char scheme[] = "https://";
static const char path[] = "/DeviceID=";

static bool is_letter(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* A host name, but no address, however that may be written: an address ends in a number. */
static enum err host_check(struct bytes host)
{
    size_t dots = 0, last = 0;
    if (host.n > CERTATTACH_HOST_MAX) {
        return E_BAD_LENGTH;
    }
    const enum err err = diameter_identity_check(host);
    if (err != E_OK) {
        return err;
    }
    for (size_t i = 0; i < host.n; i++) {
        if (host.p[i] == '.') {
            dots++;
            last = i + 1;
        }
    }
    return dots > 0 && is_letter(host.p[last]) ? E_OK : E_BAD_VALUE;
}

static bool begins(struct bytes in, struct bytes with)
{
    return in.n >= with.n && bytes_eq((struct bytes){in.p, with.n}, with);
}

/*= certattach-name */
static enum err split(struct bytes url, struct bytes *host, struct device_id *id)
{
    const struct bytes before = bytes_of_str(scheme), between = bytes_of_str(path);
    if (url.n > CERTATTACH_URL_MAX) {
        return E_BAD_LENGTH;
    }
    if (!begins(url, before)) {
        return E_BAD_VALUE;
    }
    size_t at = before.n;
    while (at < url.n && url.p[at] != '/') {
        at++;
    }
    if (!begins((struct bytes){url.p + at, url.n - at}, between)) {
        return E_BAD_VALUE;
    }
    *host = (struct bytes){url.p + before.n, at - before.n};
    const enum err err = host_check(*host);
    at += between.n;
    return err == E_OK ? device_id_parse((struct bytes){url.p + at, url.n - at}, id) : err;
}

enum err certattach_url_id(struct bytes ascii, struct device_id *out)
{
    struct bytes host;
    return split(ascii, &host, out);
}

enum err certattach_url_parse(struct bytes ascii, struct certattach_url *out)
{
    struct bytes host;
    struct device_id id;
    const enum err err = split(ascii, &host, &id);
    if (err != E_OK) {
        return err;
    }
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < host.n; i++) {
        const uint8_t c = host.p[i];
        out->host[i] = (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
    }
    out->id = id;
    return E_OK;
}

/* ---- what is signed, and what a box is bound to ---- */

/*= certattach-proof */
enum err certattach_proof_content(const struct crypto *c, uint8_t algorithm, struct bytes url,
                                  const struct imei *imei,
                                  const uint8_t nonce[static CERTATTACH_NONCE_LEN],
                                  const struct plmn *plmn,
                                  uint8_t out[static CERTATTACH_PROOF_CONTENT_LEN])
{
    uint8_t digest[32], network[PLMN_LEN];
    const enum err err = c->sha256(c->ctx, &url, 1, digest);
    if (err != E_OK) {
        return err;
    }
    plmn_to_octets(plmn, network);
    struct wr w = wr_of((struct mbytes){out, CERTATTACH_PROOF_CONTENT_LEN});
    certattach_put(&w, BYTES_LIT(CERTATTACH_PROOF_LABEL));
    certattach_put(&w, (struct bytes){&algorithm, 1});
    certattach_put(&w, BYTES_OF(digest));
    certattach_put(&w, (struct bytes){(const uint8_t *)imei->digits, IMEI_DIGITS});
    certattach_put(&w, (struct bytes){nonce, CERTATTACH_NONCE_LEN});
    certattach_put(&w, BYTES_OF(network));
    return E_OK;
}

static void put_about(struct wr *w, struct bytes label, const struct certattach_about *about)
{
    uint8_t network[PLMN_LEN];
    plmn_to_octets(&about->plmn, network);
    certattach_put(w, label);
    certattach_put(w, certattach_id_octets(&about->id));
    certattach_put(w, BYTES_OF(about->nonce));
    certattach_put(w, BYTES_OF(about->nonce_1));
    certattach_put(w, BYTES_OF(network));
}

/*= certattach-bound-box */
struct bytes certattach_aad(const struct certattach_about *about,
                            uint8_t out[static CERTATTACH_AAD_MAX])
{
    struct wr w = wr_of((struct mbytes){out, CERTATTACH_AAD_MAX});
    put_about(&w, BYTES_LIT(CERTATTACH_AAD_LABEL), about);
    return wr_done(&w);
}

/*= certattach-signed */
enum err certattach_signed_content(const struct crypto *c, const struct certattach_about *about,
                                   int64_t expiry, struct bytes box,
                                   uint8_t out[static CERTATTACH_SIGNED_MAX], struct bytes *content)
{
    uint8_t digest[32];
    const enum err err = c->sha256(c->ctx, &box, 1, digest);
    if (err != E_OK) {
        return err;
    }
    struct wr w = wr_of((struct mbytes){out, CERTATTACH_SIGNED_MAX});
    put_about(&w, BYTES_LIT(CERTATTACH_SIGNED_LABEL), about);
    wr_be16(&w, 8);
    wr_be64(&w, (uint64_t)expiry);
    certattach_put(&w, BYTES_OF(digest));
    *content = wr_done(&w);
    return E_OK;
}
