/* A device without a subscription and a hostile network: PDUs, subscriptions that were sealed and
 * signed well but hold anything, what the lower layers say, other cells, time and wishes. Whatever
 * comes: nothing crashes, what comes out is a PDU, nothing but a whole subscription is installed,
 * and that once and only for the request that is outstanding; no image and no keys are stored; and
 * the device is never locked out: it is done, it is told to be silent, or a timer runs.
 *
 * After the first octet, the host's verdict, a record is: what (1), length (2), that many octets.
 */
#include "codec/nas.h"
#include "crypto/openssl.h"
#include "device/bindery_ue.h"
#include "device/linux/platform_openssl.h"
#include "wire/certattach.h"
#include <stdlib.h>
#include <string.h>

static struct bindery_ue_crypto table;
static struct crypto crypto;
static uint8_t drawn;

struct world {
    struct bindery_ue ue;
    struct bindery_ue_onboarding onboarding;
    uint8_t says;
    unsigned asked, installed;
    struct certattach_about about; /* of the last request */
    uint64_t now;
    uint8_t buffer[BINDERY_UE_ONBOARDING_BUFFER_MIN];
};

static void must(bool held)
{
    if (!held) {
        abort();
    }
}

/* ---- the host ---- */

/* The same input gives the same run. */
static bool draw(void *ctx, uint8_t *out, size_t n)
{
    (void)ctx;
    memset(out, ++drawn, n);
    return drawn % 16 != 0;
}

static bool store(void *ctx, const uint8_t *octets, size_t n)
{
    (void)ctx, (void)octets, (void)n;
    abort(); /* of which IMSI? */
}

static enum bindery_ue_operator_verdict verify(void *ctx,
                                               const struct bindery_ue_operator_message *m)
{
    const struct world *w = ctx;
    uint8_t plmn[3];
    uint8_t sum = 0;
    plmn_to_octets(&w->about.plmn, plmn);
    must(memcmp(m->plmn, plmn, 3) == 0 && m->certificates_n > 0);
    for (size_t i = 0; i < m->certificates_n; i++) { /* a sanitizer sees an octet too far */
        sum = (uint8_t)(sum + m->certificates[i]);
    }
    for (size_t i = 0; i < m->content_n + BINDERY_UE_ONBOARDING_SIGNATURE_SIZE; i++) {
        sum = (uint8_t)(sum + (i < m->content_n ? m->content[i] : m->signature[i - m->content_n]));
    }
    return w->says < 128 ? BINDERY_UE_OPERATOR_GOOD
                         : (enum bindery_ue_operator_verdict)((w->says + sum) % 9);
}

static bool find_secret(void *ctx, uint8_t form, const uint8_t *sent, size_t sent_n,
                        uint8_t secret[BINDERY_UE_ONBOARDING_SECRET])
{
    const struct world *w = ctx;
    must(sent_n == w->onboarding.sent_n && (form == 1 || form == 2));
    memset(secret, sent[sent_n - 1], BINDERY_UE_ONBOARDING_SECRET);
    return sent[0] % 8 != 7;
}

static bool install(void *ctx, const struct bindery_ue_profile *p)
{
    struct world *w = ctx;
    struct imsi imsi;
    must(w->installed == 0 && p->n_apns <= BINDERY_UE_PROFILE_APNS && p->policy <= 2);
    must(imsi_parse((struct bytes){(const uint8_t *)p->imsi, p->imsi_n}, &imsi) == E_OK);
    must(p->mnc_n == 2 || p->mnc_n == 3);
    for (size_t i = 0; i < p->n_apns; i++) {
        must(memchr(p->apns[i], '\0', sizeof p->apns[i]) != NULL && p->apns[i][0] != '\0');
    }
    w->installed += p->usim.k[0] % 8 != 0; /* a flash that fails now and then */
    return p->usim.k[0] % 8 != 0;
}

/* ---- what comes out ---- */

static void read_request(struct world *w, struct bytes pdu)
{
    struct nas_attach_request m;
    struct certattach_request r;
    must(nas_parse(&nas_attach_request_message, pdu, &m, NULL) == E_OK);
    must(m.attach_type == NAS_PROVISIONING_ATTACH);
    must(wire_certattach_request_read(m.bindery_container, &r) == E_OK);
    memcpy(w->about.nonce, r.nonce, sizeof r.nonce);
    must(certattach_url_id(r.url, &w->about.id) == E_OK);
    w->asked++;
}

static void take(struct world *w)
{
    struct bindery_ue_uplink up;
    struct bindery_ue_event e;
    struct nas_pdu pdu;
    while (bindery_ue_uplink(&w->ue, &up)) {
        const struct bytes octets = {up.pdu, up.n};
        must(nas_peek(octets, &pdu) == E_OK && pdu.kind == NAS_PLAIN_EMM);
        if (pdu.type == NAS_ATTACH_REQUEST) {
            read_request(w, octets);
        }
    }
    while (bindery_ue_next_event(&w->ue, &e)) {
        must(e.kind != BINDERY_UE_EVENT_REGISTERED && e.kind != BINDERY_UE_EVENT_SECURED &&
             e.kind != BINDERY_UE_EVENT_AUTHENTICATION && e.kind != BINDERY_UE_EVENT_PROVED);
        must(e.kind != BINDERY_UE_EVENT_ONBOARDED || w->installed == 1);
        must(e.kind != BINDERY_UE_EVENT_ELSEWHERE || w->installed == 0);
    }
    const enum bindery_ue_state s = bindery_ue_state(&w->ue);
    must(s == BINDERY_UE_STATE_DEREGISTERED || bindery_ue_deadline(&w->ue) != BINDERY_UE_NEVER ||
         s == BINDERY_UE_STATE_LIMITED);
}

/* ---- what comes in ---- */

static void down(struct world *w, struct bytes pdu)
{
    uint8_t *exact = malloc(pdu.n > 0 ? pdu.n : 1);
    must(exact != NULL);
    if (pdu.n > 0) {
        memcpy(exact, pdu.p, pdu.n);
    }
    (void)bindery_ue_downlink(&w->ue, w->now, exact, pdu.n);
    free(exact);
    take(w);
}

static void reject(struct world *w, const struct nas_attach_reject *m)
{
    uint8_t out[BINDERY_UE_ONBOARDING_ROOM + 64];
    size_t n = 0;
    if (nas_write(&nas_attach_reject_message, m, (struct mbytes){out, sizeof out}, &n) == E_OK) {
        down(w, (struct bytes){out, n});
    }
}

/* A box that this device opens, for its last request, with these octets in it. */
static void give(struct world *w, struct bytes plain)
{
    static const uint8_t one[64] = {1};
    uint8_t box[CERTATTACH_BOX_MAX], aad[160], value[WIRE_CERTATTACH_RESULT_MAX], plmn[3];
    uint8_t secret[CERTATTACH_SECRET_LEN];
    struct wr a = wr_of((struct mbytes){aad, sizeof aad});
    struct nas_attach_reject m = {.emm_cause = EMM_CAUSE_NETWORK_FAILURE};
    const uint16_t n = w->onboarding.sent_n;
    plain.n = plain.n > CERTATTACH_PROFILE_MAX ? CERTATTACH_PROFILE_MAX : plain.n;
    memset(box, 2, sizeof box);
    box[0] = n == 33 ? CERTATTACH_EC : CERTATTACH_RSA;
    memset(secret, 2, sizeof secret);
    plmn_to_octets(&w->about.plmn, plmn);
    const struct bytes items[] = {BYTES_LIT(CERTATTACH_AAD_LABEL), bytes_of_str(w->about.id.text),
                                  BYTES_OF(w->about.nonce), BYTES_OF(w->about.nonce_1),
                                  BYTES_OF(plmn)};
    for (size_t i = 0; i < sizeof items / sizeof items[0]; i++) {
        wr_be16(&a, (uint16_t)items[i].n);
        wr_put(&a, items[i]);
    }
    must(ecies_seal(&crypto, secret, (struct bytes){box + 1, n}, wr_done(&a), plain, box + 1 + n,
                    box + 1 + n + plain.n) == E_OK);
    struct certattach_result r = {.expiry = 1,
                                  .box = {box, 1U + n + plain.n + CERTATTACH_TAG_LEN},
                                  .signature = {one, CERTATTACH_SIGNATURE_LEN},
                                  .certificates = {one, 1}};
    must(wire_certattach_result_write(&r, (struct mbytes){value, sizeof value},
                                      &m.bindery_container) == E_OK);
    reject(w, &m);
}

static void other(struct world *w, uint8_t what, uint8_t v)
{
    const struct bindery_ue_cell cell = {.plmn = {(uint8_t)(v % 4), 0xf1, 0x10}, .tac = v};
    const uint64_t due = bindery_ue_deadline(&w->ue);
    switch (what % 6) {
    case 0:
        w->now = due != BINDERY_UE_NEVER && due > w->now ? due : w->now + 1;
        (void)bindery_ue_tick(&w->ue, w->now);
        break;
    case 1:
        (void)bindery_ue_lower(&w->ue, w->now, (enum bindery_ue_lower)(v % 5));
        break;
    case 2:
        must(bindery_ue_camp(&w->ue, w->now, &cell) == BINDERY_UE_OK);
        must(plmn_from_octets(cell.plmn, &w->about.plmn) == E_OK);
        break;
    case 3:
        must(bindery_ue_attach(&w->ue, w->now) == BINDERY_UE_OK || w->installed > 0 ||
             bindery_ue_state(&w->ue) == BINDERY_UE_STATE_ATTACHING);
        break;
    case 4:
        must(bindery_ue_detach(&w->ue, w->now, v % 2 == 0) == BINDERY_UE_OK);
        break;
    default:
        must(bindery_ue_service(&w->ue, w->now, v % 2 == 0) == BINDERY_UE_ERR_STATE);
        break;
    }
    take(w);
}

static void begin(struct world *w, uint8_t says)
{
    static const struct bindery_ue_settings settings = {
        .eea = 0xf0, .eia = 0x70, .pdn_type = 1, .apn = "a"};
    const struct bindery_ue_host host = {
        .store = store, .store_keys = store, .onboarding = &w->onboarding};
    const struct bindery_ue_identity identity = {
        .imeisv = {'3', '5', '6', '9', '3', '8', '0', '3', '5', '6', '4', '3', '8', '0', '9', '9'}};
    w->says = says;
    w->onboarding = (struct bindery_ue_onboarding){.url = "https://ca.example.org/DeviceID=a",
                                                   .sent_n = says % 2 == 0 ? 33 : 256,
                                                   .ctx = w,
                                                   .verify = verify,
                                                   .secret = find_secret,
                                                   .install = install};
    must(bindery_ue_init(&w->ue, &table, &host, &settings, &identity, w->buffer, sizeof w->buffer,
                         NULL, 0) == BINDERY_UE_OK);
    other(w, 2, 0);
    other(w, 3, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct world w;
    struct rd r = rd_of((struct bytes){data, size});
    if (table.ctx == NULL) {
        must(platform_openssl_open(&table) == E_OK && crypto_openssl_open(&crypto) == E_OK);
        table.random = draw;
    }
    drawn = 0;
    memset(&w, 0, sizeof w);
    w.now = 1000;
    begin(&w, rd_u8(&r));
    for (unsigned i = 0; i < 64 && rd_left(&r) > 2; i++) {
        const uint8_t what = rd_u8(&r);
        const struct bytes v = rd_take(&r, rd_be16(&r));
        if (what < 0x40) {
            down(&w, v);
        } else if (what < 0x80) {
            const struct nas_attach_reject m = {.emm_cause = what, .bindery_container = v};
            reject(&w, &m);
        } else if (what < 0xc0) {
            give(&w, v);
        } else {
            other(&w, what, v.n > 0 ? v.p[0] : 0);
        }
    }
    must(bindery_ue_detach(&w.ue, w.now, true) == BINDERY_UE_OK);
    take(&w);
    must(bindery_ue_state(&w.ue) == BINDERY_UE_STATE_DEREGISTERED);
    return 0;
}
