/* bench/provision_client - fresh devices that get their KME (procedure kme), over S6a: for each an
 * AIR, the device's steps 5 and 6 with the nonce of its answer, and an ULR with the payload. What
 * comes back has to be the NW_SIG that the device expects. The closed loop (lib/closed.h), slowed
 * down to a rate that is wanted.
 *
 *   bench_provision_client bindings KEY COUNT      NDJSON for POST /v1/bulk: all with one public
 *                                                  key, KEY's
 *   bench_provision_client subscribers COUNT       NDJSON for `bindery import`: they learn
 *   bench_provision_client run KEY LOT-ID MODULUS RATE --to IP:PORT [options of bench_air_client]
 *
 * KEY: a P-256 private key in PEM. MODULUS: the lot's N in hex. RATE: begun each second. Each IMSI
 * is used once, so there have to be more subscribers (--imsis says how many) than rate and seconds
 * make of it, from --imsi on; the first is 001010500000001, and the i-th has the i-th device.
 */
#include "air_message.h"
#include "codec/s6a.h"
#include "crypto/openssl.h"
#include "lib/closed.h"
#include "lib/kme_ports.h"
#include "lib/measure.h"
#include "net/lot_key.h"
#include "wire/kme.h"
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define IN_MAX  65536
#define ULR_MAX 2048
#define TAC     "35693805"
#define SPKI_N  91
#define FIRST   1010500000001U /* IMSI: apart from those of rows.pl */

static EVP_PKEY *key;
static struct kme_lot lot;
static struct crypto crypto;
static uint64_t interval_ns, begun;

static void need(bool ok, const char *what)
{
    if (!ok) {
        closed_die("start", what);
    }
}

/* ---- who ---- */

static void identities(uint64_t i, struct imsi *imsi, struct imei *imei)
{
    char text[16];
    (void)snprintf(text, sizeof text, "%015llu", (unsigned long long)(i % 1000000000000000));
    bool ok = imsi_parse(bytes_of_str(text), imsi) == E_OK;
    (void)snprintf(text, sizeof text, TAC "%06llu", (unsigned long long)(i % 1000000));
    need(ok && imei_parse(bytes_of_str(text), imei) == E_OK, "no identity");
}

static void read_key(const char *path)
{
    FILE *f = fopen(path, "re");
    key = f != NULL ? PEM_read_PrivateKey(f, NULL, NULL, NULL) : NULL;
    need(key != NULL && i2d_PUBKEY(key, NULL) == SPKI_N && fclose(f) == 0,
         "the key is no P-256 key in PEM");
}

static int print_bindings(const char *path, uint64_t n)
{
    uint8_t spki[SPKI_N], text[(SPKI_N + 2) / 3 * 4 + 1], *p = spki;
    read_key(path);
    need(i2d_PUBKEY(key, &p) == SPKI_N, "no public key");
    (void)EVP_EncodeBlock(text, spki, SPKI_N);
    for (uint64_t i = 0; i < n; i++) {
        printf("{\"imei\":\"" TAC "%06u\",\"use\":\"identity\",\"public_key\":\"%s\"}\n",
               (unsigned)((FIRST + i) % 1000000), (const char *)text);
    }
    return 0;
}

static int print_subscribers(uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        printf("{\"imsi\":\"%015llu\",\"k\":\"%032llx\",\"opc\":\"%032llx\","
               "\"policy\":\"learn\"}\n",
               (unsigned long long)(FIRST + i), (unsigned long long)i * 7919 + 1,
               (unsigned long long)i * 104729 + 1);
    }
    return 0;
}

/* ---- the device ---- */

/* One that is being provisioned. */
struct device {
    uint64_t number;
    uint8_t expected[KME_NW_SIG_LEN];
};
/* What the device is told is `nonce`; the payload's container is written to `room`. */
static struct bytes offer(struct device *d, const uint8_t nonce[static KME_NONCE_LEN],
                          struct mbytes room)
{
    static const uint8_t plmn[] = {0x00, 0xf1, 0x10};
    uint8_t work[KME_MODULUS_MAX];
    const struct devid_signer signer = kme_port_signer(key);
    const struct kme_encrypter encrypter = kme_port_encrypter();
    struct kme_device device = {.lot = lot.id,
                                .modulus = {lot.modulus, lot.modulus_n},
                                .signer = &signer,
                                .encrypter = &encrypter,
                                .room = work};
    struct kme_me me = {.has_active = false};
    struct kme_payload payload;
    struct bytes container = {NULL, 0};
    identities(d->number, &device.parties.imsi, &device.parties.imei);
    need(plmn_from_octets(plmn, &device.parties.home) == E_OK &&
             kme_me_offer(&crypto, &device, nonce, &me, &payload) == E_OK &&
             wire_kme_payload_write(&payload, room, &container) == E_OK,
         "the device made no payload");
    memcpy(d->expected, me.pending.xnw_sig, sizeof d->expected);
    wipe(&me, sizeof me);
    return container;
}

/* ---- a connection ---- */

struct node {
    char host[128];
    struct identity who;
    uint64_t next;
    struct device device[CLOSED_WINDOW_MAX];
};

static void fill(const struct node *n, const struct imsi *imsi, const char *session,
                 struct s6a_request *r)
{
    r->session_id = bytes_of_str(session);
    r->origin_host = bytes_of_str(n->who.host);
    r->origin_realm = bytes_of_str(n->who.realm);
    r->destination_realm = bytes_of_str(n->who.destination_realm);
    r->user_name = bytes_of_str(imsi->digits);
    need(s6a_features_add(r->supported_features, &r->supported_features_n,
                          DIAMETER_VENDOR_OWN_DEFAULT, OWN_FEATURE_LIST_ID,
                          OWN_FEATURE_BINDING | OWN_FEATURE_PROVISIONING),
         "no feature");
}

static size_t request(struct closed_conn *c, uint32_t id, uint64_t imsi, uint8_t *out)
{
    struct node *n = closed_own(c);
    struct device *d = &n->device[id & (CLOSED_WINDOW_MAX - 1)];
    struct imsi who;
    struct imei imei;
    char session[200];
    size_t octets = 0;
    (void)imsi; /* at random: here each is used once */
    d->number = closed_options(c)->imsi_first + n->next++;
    identities(d->number, &who, &imei);
    snprintf(session, sizeof session, "%.150s;1;%u", n->who.host, id);
    struct s6a_air air;
    memset(&air, 0, sizeof air);
    s6a_request_begin(&air.request, id, id);
    air.request.header.command = S6A_AUTHENTICATION_INFORMATION;
    fill(n, &who, session, &air.request);
    air.visited_plmn_id = BYTES_OF(n->who.plmn);
    air.requested_eutran_authentication_info = (struct s6a_requested_authentication_info){
        .present = true, .number_of_requested_vectors = DIAMETER_U32_OF(1)};
    need(s6a_air_write(DIAMETER_VENDOR_OWN_DEFAULT, &air, (struct mbytes){out, ULR_MAX}, &octets) ==
             E_OK,
         "no AIR");
    const uint64_t now = now_ns();
    begun = begun + interval_ns > now ? begun + interval_ns : now;
    const struct timespec nap = {.tv_nsec = (long)((begun - now) % 1000000000U)};
    if (begun > now) {
        nanosleep(&nap, NULL);
    }
    return octets;
}

static void hello(struct closed_conn *c, const uint8_t own_ip[4])
{
    const struct closed_options *o = closed_options(c);
    struct node *n = closed_own(c);
    size_t octets = 0;
    snprintf(n->host, sizeof n->host, "%s%u.%s", o->host, closed_number(c), o->realm);
    n->who = (struct identity){
        .host = n->host, .realm = o->realm, .destination_realm = o->destination_realm};
    memcpy(n->who.plmn, o->plmn, sizeof n->who.plmn);
    n->next = (uint64_t)(closed_number(c) - 1) * (o->imsi_count / o->connections);
    need(cer_make(&n->who, own_ip, closed_room(c), &octets) == E_OK, "no CER");
    closed_put(c, octets);
}

static enum err frame(struct bytes in, size_t *total)
{
    return diameter_frame(in, IN_MAX, total);
}

/* ---- answers ---- */

static void send_payload(struct closed_conn *c, uint32_t id, const uint8_t nonce[KME_NONCE_LEN])
{
    struct node *n = closed_own(c);
    struct device *d = &n->device[id & (CLOSED_WINDOW_MAX - 1)];
    uint8_t room[WIRE_KME_PAYLOAD_MAX];
    struct imsi imsi;
    struct imei imei;
    struct s6a_ulr ulr;
    char session[200];
    size_t octets = 0;
    identities(d->number, &imsi, &imei);
    snprintf(session, sizeof session, "%.150s;2;%u", n->who.host, id);
    memset(&ulr, 0, sizeof ulr);
    s6a_request_begin(&ulr.request, id, id);
    ulr.request.header.command = S6A_UPDATE_LOCATION;
    fill(n, &imsi, session, &ulr.request);
    ulr.rat_type = DIAMETER_U32_OF(S6A_RAT_EUTRAN);
    ulr.ulr_flags = DIAMETER_U32_OF(S6A_ULR_S6A_S6D | S6A_ULR_INITIAL_ATTACH);
    ulr.visited_plmn_id = BYTES_OF(n->who.plmn);
    ulr.terminal_information.present = true;
    ulr.terminal_information.imei = (struct bytes){(const uint8_t *)imei.digits, IMEI_DIGITS};
    wire_kme_update_fill(offer(d, nonce, MBYTES_OF(room)), &ulr);
    need(s6a_ulr_write(DIAMETER_VENDOR_OWN_DEFAULT, &ulr, closed_room(c), &octets) == E_OK,
         "no ULR");
    closed_put(c, octets);
}

static void take_aia(struct closed_conn *c, uint32_t id, struct bytes msg)
{
    static struct s6a_aia aia;
    struct diameter_fault fault;
    uint8_t nonce[KME_NONCE_LEN];
    if (result_of(msg) == DIAMETER_SUCCESS &&
        s6a_aia_parse(DIAMETER_VENDOR_OWN_DEFAULT, msg, &aia, &fault) == E_OK &&
        wire_kme_offer_read(&aia.binding_control, nonce) == E_OK) {
        send_payload(c, id, nonce);
    } else {
        closed_answered(c, id, result_of(msg) == DIAMETER_SUCCESS ? 1 : result_of(msg), 0);
    }
}

/* 2001 only with the NW_SIG that the device expects; 2 with another. */
static void take_ula(struct closed_conn *c, uint32_t id, struct bytes msg)
{
    static struct s6a_ula ula;
    struct node *n = closed_own(c);
    const struct device *d = &n->device[id & (CLOSED_WINDOW_MAX - 1)];
    struct diameter_fault fault;
    uint8_t nw_sig[KME_NW_SIG_LEN];
    uint32_t result = result_of(msg);
    if (result == DIAMETER_SUCCESS &&
        (s6a_ula_parse(DIAMETER_VENDOR_OWN_DEFAULT, msg, &ula, &fault) != E_OK ||
         wire_kme_answer_read(&ula, nw_sig) != E_OK ||
         !bytes_eq(BYTES_OF(nw_sig), BYTES_OF(d->expected)))) {
        result = 2;
    }
    closed_answered(c, id, result, 0);
}

static void take(struct closed_conn *c, struct bytes msg)
{
    struct diameter_header h;
    struct node *n = closed_own(c);
    size_t octets = 0;
    need(diameter_header_read(msg, &h) == E_OK, "no Diameter message");
    if (h.command == S6A_AUTHENTICATION_INFORMATION && !h.request) {
        take_aia(c, h.hop_by_hop, msg);
    } else if (h.command == S6A_UPDATE_LOCATION && !h.request) {
        take_ula(c, h.hop_by_hop, msg);
    } else if (h.command == DIAMETER_CAPABILITIES_EXCHANGE && !h.request) {
        need(result_of(msg) == DIAMETER_SUCCESS, "the server refuses the CER");
        closed_opened(c);
    } else if (h.command == DIAMETER_DEVICE_WATCHDOG && h.request &&
               dwa_make(&n->who, &h, closed_room(c), &octets) == E_OK) {
        closed_put(c, octets);
    }
}

static void bye(struct closed_conn *c)
{
    struct node *node = closed_own(c);
    size_t n = 0;
    if (dpr_make(&node->who, closed_room(c), &n) == E_OK) {
        closed_put(c, n);
    }
}

int main(int argc, char **argv)
{
    static const struct closed_protocol s6a = {.request_max = ULR_MAX,
                                               .own_size = sizeof(struct node),
                                               .hello = hello,
                                               .frame = frame,
                                               .take = take,
                                               .request = request,
                                               .bye = bye};
    long n = 0;
    if (argc == 4 && strcmp(argv[1], "bindings") == 0) {
        return print_bindings(argv[2], number_or_die(argv[3], "count", 1, 1000000));
    }
    if (argc == 3 && strcmp(argv[1], "subscribers") == 0) {
        return print_subscribers(number_or_die(argv[2], "count", 1, 1000000));
    }
    if (argc < 6 || strcmp(argv[1], "run") != 0) {
        fputs("usage: bench_provision_client run KEY LOT-ID MODULUS RATE --to IP:PORT ...\n",
              stderr);
        return 2;
    }
    read_key(argv[2]);
    unsigned char *modulus = OPENSSL_hexstr2buf(argv[4], &n);
    need(modulus != NULL &&
             kme_lot_make(bytes_of_str(argv[3]), BYTES_LIT("bench"),
                          (struct bytes){modulus, (size_t)n}, &lot) == E_OK &&
             crypto_openssl_open(&crypto) == E_OK,
         "the lot's modulus is none");
    OPENSSL_free(modulus);
    interval_ns = 1000000000U / number_or_die(argv[5], "rate", 1, 1000000);
    struct closed_options o = closed_options_of(argc - 5, argv + 5);
    if (o.imsi_first < FIRST) {
        o.imsi_first = FIRST;
    }
    return closed_run(&o, &s6a);
}
