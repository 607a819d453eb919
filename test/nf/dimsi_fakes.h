/* test/nf/dimsi_fakes.h - what test/nf/dimsi_world.h has beside the home network: certificates,
 * devices with what their secure elements and providers made, and an ARPF, a D-AUSF and an RSMF
 * that answer in this process, honestly or as the test says. Header only: tests are single files.
 */
#ifndef BINDERY_TEST_NF_DIMSI_FAKES_H
#define BINDERY_TEST_NF_DIMSI_FAKES_H

#include "nf/devid_pki.h"
#include "nf/s6a_world.h"

#include "nf/common/base64.h"
#include "nf/hssd/dimsi_parts.h"
#include "proc/certattach.h"

#include <sched.h>

#define SP_1_NAME "sp.example.org"
#define SP_2_NAME "rival.example.org"
#define ARPF_NAME "arpf.example.org"
#define ARPF_LINK "https://arpf.example.org:8445"
#define HOME_NAME REALM

/* ---- certificates ---- */

static struct pki pki_files;
static struct cert ci, arpf_cert, arpf_rogue, ausf_cert;
static struct signer *arpf_signer, *rogue_signer;
static char paths[8][64];

static inline void dimsi_certificates(void)
{
    struct verify_why why;
    pki_open(&pki_files);
    cert_make(&ci, &(struct cert_wish){.cn = "CI", .ca = true});
    cert_make(&arpf_cert, &(struct cert_wish){.cn = "ARPF",
                                              .by = &ci,
                                              .role = VERIFY_OID_ROLES ".8",
                                              .names = "DNS:" ARPF_NAME});
    cert_make(&arpf_rogue, &(struct cert_wish){.cn = "other ARPF",
                                               .by = &ci,
                                               .role = VERIFY_OID_ROLES ".8",
                                               .names = "DNS:other.example.org"});
    cert_make(&ausf_cert, &(struct cert_wish){.cn = "AUSF",
                                              .by = &ci,
                                              .usage = "critical,keyAgreement",
                                              .role = VERIFY_OID_ROLES ".4",
                                              .names = "DNS:" HOME_NAME});
    snprintf(paths[0], sizeof paths[0], "%s", cert_save(&pki_files, "ci", &ci));
    snprintf(paths[1], sizeof paths[1], "%s", cert_save(&pki_files, "ausf-eck", &ausf_cert));
    snprintf(paths[2], sizeof paths[2], "%s", pki_path(&pki_files, "ausf-eck", ".key"));
    (void)cert_save(&pki_files, "arpf", &arpf_cert);
    (void)cert_save(&pki_files, "rogue", &arpf_rogue);
    assert_ok(signer_open(pki_path(&pki_files, "arpf", ".key"), &arpf_signer, &why));
    assert_ok(signer_open(pki_path(&pki_files, "rogue", ".key"), &rogue_signer, &why));
}

static inline void dimsi_certificates_gone(void)
{
    signer_close(arpf_signer);
    signer_close(rogue_signer);
    cert_drop(&ci);
    cert_drop(&arpf_cert);
    cert_drop(&arpf_rogue);
    cert_drop(&ausf_cert);
    pki_close(&pki_files);
}

/* ---- devices: what their secure elements and their providers made ---- */

struct offered_one {
    struct imsi dimsi;
    struct key_ek ek;
    struct dimsi_atk atk;
    struct dimsi_offered offered;
    char paper[4096];
    struct dimsi_slot slot;
};

static inline void base64_of(struct bytes in, char *out, size_t room)
{
    assert_true(BASE64_ROOM(in.n) <= room);
    base64_encode(in, out);
}

/* `seed`: another one is another token, and another eK. */
static inline struct offered_one offer_of(const char *dimsi, uint8_t seed, uint64_t number)
{
    struct offered_one o;
    uint8_t atk[DIMSI_ATK_MAX];
    char text[1024];
    memset(&o, 0, sizeof o);
    o.dimsi = imsi_of(dimsi);
    memset(o.ek.b, seed, sizeof o.ek.b);
    o.ek.b[0] = (uint8_t)dimsi[14];
    o.atk.dimsi = o.dimsi;
    o.atk.point[0] = 4;
    o.atk.counter = seed;
    memset(o.atk.se_digest, dimsi[14], sizeof o.atk.se_digest);
    assert_ok(dimsi_name_parse(BYTES_LIT(ARPF_NAME), &o.atk.arpf));
    assert_ok(dimsi_name_parse(BYTES_LIT(SP_1_NAME), &o.atk.sp));
    const struct bytes octets = dimsi_atk_write(&o.atk, atk);
    o.offered.atk = o.atk;
    o.offered.sp = o.atk.sp;
    assert_ok(thread.crypto.sha256(thread.crypto.ctx, &octets, 1, o.offered.token));
    memcpy(o.offered.delegation.token, o.offered.token, sizeof o.offered.token);
    o.offered.delegation.target = home[0];
    o.offered.delegation.arpf = o.atk.arpf;
    o.offered.delegation.number = number;
    o.offered.delegation.expiry = hssd_unix_seconds() + 100000;
    base64_of(octets, text, sizeof text);
    snprintf(o.paper, sizeof o.paper,
             "{\"credentials\":{\"token\":\"%s\",\"certificates\":[]},\"delegation\":{}}", text);
    o.slot = (struct dimsi_slot){.dimsi = o.dimsi, .ek = o.ek, .arpf = o.atk.arpf};
    return o;
}

/* ---- the others ---- */

enum fake_way {
    FAKE_HONEST,
    FAKE_DOWN,     /* no answer, and nothing happens */
    FAKE_LOST,     /* it happens, and no answer comes */
    FAKE_SAYS,     /* status and problem */
    FAKE_GARBAGE,  /* 200, and no JSON */
    FAKE_ROGUE,    /* ARPF: endorsed by another one */
    FAKE_OTHER_BOX /* ARPF: eK for somebody else */
};
struct fake_entry {
    char dimsi[16], imsi[16], rand[33], autn[33];
    uint64_t number;
    bool spent;
};
struct fake_delivery {
    char se[65], imsi[16], profile[1200];
    bool withdrawn, confirmed;
    uint64_t serial;
};
static struct {
    pthread_mutex_t lock;
    enum fake_way way[3]; /* by enum hss_dimsi_kind */
    unsigned status;
    const char *problem;
    unsigned asked[3], pushes, spents, puts, deletes;
    int64_t skew;         /* seconds by which the clock is ahead */
    uint64_t release;     /* number of the ARPF's releases */
    int64_t endorsed_for; /* seconds */
    unsigned cut_at;      /* the n-th question from now gets no answer; 0: none does */
    bool cut_before;      /* and nothing happens either */
    bool dark;            /* none gets through any more */
    bool holds;           /* a question waits with its answer; */
    bool held;            /* one does */
    struct fake_entry entries[4];
    struct fake_delivery deliveries[4];
    uint64_t serial;
    struct offered_one *devices[4];
} fake = {.lock = PTHREAD_MUTEX_INITIALIZER};

#define FAKE_SET(member, value)                                                                    \
    do {                                                                                           \
        pthread_mutex_lock(&fake.lock);                                                            \
        fake.member = (value);                                                                     \
        pthread_mutex_unlock(&fake.lock);                                                          \
    } while (0)

/* What the first party of each kind has now, copied under the lock. */
static inline struct fake_entry fake_entry_now(void)
{
    pthread_mutex_lock(&fake.lock);
    const struct fake_entry e = fake.entries[0];
    pthread_mutex_unlock(&fake.lock);
    return e;
}

static inline struct fake_delivery fake_delivery_now(void)
{
    pthread_mutex_lock(&fake.lock);
    const struct fake_delivery d = fake.deliveries[0];
    pthread_mutex_unlock(&fake.lock);
    return d;
}

static _Thread_local char fake_text[65536];

static inline struct offered_one *device_of_path(const char *url)
{
    for (size_t i = 0; i < 4; i++) {
        if (fake.devices[i] != NULL && strstr(url, fake.devices[i]->dimsi.digits) != NULL) {
            return fake.devices[i];
        }
    }
    return NULL;
}

static inline int64_t fake_unix(void *ctx)
{
    (void)ctx;
    pthread_mutex_lock(&fake.lock);
    const int64_t skew = fake.skew;
    pthread_mutex_unlock(&fake.lock);
    return hssd_unix_seconds() + skew;
}

static inline uint64_t fake_now(void *ctx)
{
    (void)ctx;
    pthread_mutex_lock(&fake.lock);
    const int64_t skew = fake.skew;
    pthread_mutex_unlock(&fake.lock);
    return hssd_monotonic_ms() + (uint64_t)skew * 1000;
}

/* Releases eK as an honest one does, but for what the test says. Under the lock. */
static inline unsigned fake_arpf(const struct https_request *q)
{
    const struct offered_one *d = device_of_path(q->url);
    struct dimsi_endorsement e = {.dimsi = d->dimsi,
                                  .target = home[0],
                                  .number = fake.release,
                                  .expiry = hssd_unix_seconds() + fake.skew + fake.endorsed_for};
    uint8_t content[DIMSI_ENDORSEMENT_MAX], signature[64], box[DIMSI_BOX_LEN], own[65], z[32],
        sent[33], point[65];
    char text[4][4096];
    struct crypto crypto;
    const bool rogue = fake.way[HSS_DIMSI_ARPF] == FAKE_ROGUE;
    const struct cert *by = rogue ? &arpf_rogue : &arpf_cert;
    assert_ok(crypto_openssl_open(&crypto));
    memcpy(e.token, d->offered.token, sizeof e.token);
    memcpy(e.se_digest, d->atk.se_digest, sizeof e.se_digest);
    const struct bytes written = dimsi_endorsement_write(&e, content);
    assert_ok(signer_sign(rogue ? rogue_signer : arpf_signer, written, signature));
    const struct cert *to = fake.way[HSS_DIMSI_ARPF] == FAKE_OTHER_BOX ? &arpf_cert : &ausf_cert;
    assert_ok(eck_point_of_certificate(to->der, point));
    assert_ok(eck_fresh(BYTES_OF(point), own, z));
    eck_compress(own, sent);
    assert_ok(dimsi_box_seal(&crypto, sent, z, written, &d->dimsi, &d->ek, box));
    crypto_openssl_close(&crypto);
    base64_of(BYTES_OF(box), text[0], sizeof text[0]);
    base64_of(written, text[1], sizeof text[1]);
    base64_of(BYTES_OF(signature), text[2], sizeof text[2]);
    base64_of(by->der, text[3], sizeof text[3]);
    snprintf(fake_text, sizeof fake_text,
             "{\"number\":%llu,\"key\":\"%s\",\"endorsement\":{\"content\":\"%s\","
             "\"signature\":\"%s\",\"certificates\":[\"%s\"]}}",
             (unsigned long long)fake.release, text[0], text[1], text[2], text[3]);
    return 200;
}

static inline const char *text_in(const json_t *json, const char *name)
{
    const char *text = json_string_value(json_object_get(json, name));
    if (text == NULL) {
        fail_msg("no %s", name);
    }
    return text;
}

static inline struct fake_entry *entry_for(const char *dimsi)
{
    for (size_t i = 0; i < 4; i++) {
        struct fake_entry *e = &fake.entries[i];
        if (e->dimsi[0] == '\0' || strcmp(e->dimsi, dimsi) == 0) {
            snprintf(e->dimsi, sizeof e->dimsi, "%s", dimsi);
            return e;
        }
    }
    fail_msg("no room for %s", dimsi);
    return NULL;
}

static inline unsigned fake_discovery(const struct https_request *q, const json_t *body)
{
    struct fake_entry *e = entry_for(device_of_path(q->url)->dimsi.digits);
    snprintf(fake_text, sizeof fake_text, "{}");
    if (strstr(q->url, "/spent") != NULL) {
        fake.spents++;
        e->spent = true;
        return (uint64_t)json_integer_value(json_object_get(body, "number")) == e->number ? 200
                                                                                          : 404;
    }
    fake.pushes++;
    assert_int_equal(strlen(text_in(body, "xres")), 16);
    assert_int_equal(strlen(text_in(body, "ck")), 32);
    assert_int_equal(strlen(text_in(body, "ik")), 32);
    assert_true(json_is_object(json_object_get(body, "endorsement")));
    snprintf(e->imsi, sizeof e->imsi, "%s", text_in(body, "imsi"));
    snprintf(e->rand, sizeof e->rand, "%s", text_in(body, "rand"));
    snprintf(e->autn, sizeof e->autn, "%s", text_in(body, "autn"));
    e->number = fake.release;
    return 201;
}

static inline struct fake_delivery *delivery_for(const char *url)
{
    const char *se = strstr(url, "/v1/deliveries/");
    assert_non_null(se);
    se += strlen("/v1/deliveries/");
    for (size_t i = 0; i < 4; i++) {
        struct fake_delivery *d = &fake.deliveries[i];
        if (d->se[0] == '\0' || strncmp(d->se, se, 64) == 0) {
            snprintf(d->se, sizeof d->se, "%.64s", se);
            return d;
        }
    }
    fail_msg("no room");
    return NULL;
}

static inline unsigned fake_page(const char *url)
{
    const char *after = strstr(url, "after=");
    const unsigned long long serial = strtoull(after + 6, NULL, 10);
    int n = snprintf(fake_text, sizeof fake_text, "{\"deliveries\":[");
    bool more = false;
    for (size_t i = 0; i < 4; i++) {
        const struct fake_delivery *d = &fake.deliveries[i];
        if (d->se[0] != '\0' && d->serial > serial) {
            n += snprintf(fake_text + n, sizeof fake_text - (size_t)n,
                          "%s{\"se\":\"%s\",\"imsi\":\"%s\",\"phase\":\"%s\",\"serial\":%llu}",
                          more ? "," : "", d->se, d->imsi,
                          d->confirmed   ? "confirmed"
                          : d->withdrawn ? "withdrawn"
                                         : "ready",
                          (unsigned long long)d->serial);
            more = true;
        }
    }
    snprintf(fake_text + n, sizeof fake_text - (size_t)n, "],\"next\":%llu}",
             (unsigned long long)fake.serial);
    return 200;
}

static inline unsigned fake_rsmf(const struct https_request *q, const json_t *body)
{
    if (strcmp(q->method, "GET") == 0) {
        return fake_page(q->url);
    }
    struct fake_delivery *d = delivery_for(q->url);
    snprintf(fake_text, sizeof fake_text, "{}");
    if (strcmp(q->method, "DELETE") == 0) {
        fake.deletes++;
        d->withdrawn = true;
        d->serial = ++fake.serial;
        return 200;
    }
    fake.puts++;
    if (d->imsi[0] != '\0' && strcmp(d->profile, text_in(body, "profile")) != 0 && !d->withdrawn) {
        return 409;
    }
    snprintf(d->imsi, sizeof d->imsi, "%s", text_in(body, "imsi"));
    snprintf(d->profile, sizeof d->profile, "%s", text_in(body, "profile"));
    d->withdrawn = d->confirmed = false;
    d->serial = ++fake.serial;
    return 201;
}

static inline unsigned fake_serve(enum hss_dimsi_kind kind, const struct https_request *q)
{
    json_t *body = q->body.n > 0 ? json_loadb((const char *)q->body.p, q->body.n, 0, NULL) : NULL;
    unsigned status = kind == HSS_DIMSI_ARPF        ? fake_arpf(q)
                      : kind == HSS_DIMSI_DISCOVERY ? fake_discovery(q, body)
                                                    : fake_rsmf(q, body);
    json_decref(body);
    return status;
}

/* Under the lock. E_OK, or how it fails. */
static inline enum err fake_answer(enum hss_dimsi_kind kind, const struct https_request *q,
                                   struct https_reply *out)
{
    const bool cut = fake.cut_at > 0 && --fake.cut_at == 0;
    fake.asked[kind]++;
    fake.dark |= cut;
    if (fake.way[kind] == FAKE_DOWN || (fake.dark && (!cut || fake.cut_before))) {
        snprintf(out->reason, sizeof out->reason, "nobody is there");
        return E_CLOSED;
    }
    if (fake.way[kind] == FAKE_SAYS) {
        out->status = fake.status;
        snprintf(fake_text, sizeof fake_text, "{\"type\":\"/problems/%s\"}", fake.problem);
    } else if (fake.way[kind] == FAKE_GARBAGE) {
        out->status = 200;
        snprintf(fake_text, sizeof fake_text, "{\"number\":");
    } else {
        out->status = fake_serve(kind, q);
    }
    return fake.way[kind] == FAKE_LOST || cut ? E_AGAIN : E_OK;
}

static inline enum err fake_ask(void *ctx, const struct hssd_dimsi_remote *remote,
                                const struct https_request *request, struct https_reply *out)
{
    (void)ctx;
    const enum hss_dimsi_kind kind = strstr(remote->link, "arpf") != NULL    ? HSS_DIMSI_ARPF
                                     : strstr(remote->link, "dausf") != NULL ? HSS_DIMSI_DISCOVERY
                                                                             : HSS_DIMSI_RSMF;
    pthread_mutex_lock(&fake.lock);
    *out = (struct https_reply){.status = 0};
    const enum err err = fake_answer(kind, request, out);
    while (fake.holds && kind == HSS_DIMSI_ARPF) {
        fake.held = true;
        pthread_mutex_unlock(&fake.lock);
        sched_yield();
        pthread_mutex_lock(&fake.lock);
    }
    pthread_mutex_unlock(&fake.lock);
    if (err == E_OK) {
        out->body = bytes_of_str(fake_text);
    }
    return err;
}

#endif
