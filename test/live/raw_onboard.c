/* test/live/raw_onboard.c - procedure certattach against a real AUSF, request by request
 * (test/live/certattach_attacks.sh): an MME that brings whatever URL, IMEI and network it is told,
 * which no device of ours would send, and as many guessed ids as it likes.
 *
 *   raw_onboard ask WORK REALM TCP MME URL IMEI PLMN KEY.pem|- [NONCE]
 *       2001 RESULT DIGEST      CODE - DIGEST
 *     KEY.pem proves the IMEI. DIGEST is SHA-256 of the answer without its identifiers and
 *     its session.
 *   raw_onboard octets WORK REALM TCP MME IMEI PLMN CONTAINER
 *     The same, with any octets in the place of the container.
 *   raw_onboard flood WORK REALM TCP MME HOST IMEI COUNT
 *       ASKED REFUSED BUSY GIVEN
 *     COUNT requests with ids that were guessed, as fast as they are answered.
 */
#include "raw_link.h"

#include "device/linux/signer_openssl.h"
#include "wire/certattach.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct raw_link link_;
static struct raw_place place;

static int fail(const char *what)
{
    printf("cannot: %s\n", what);
    return 1;
}

static void put_hex(struct bytes b)
{
    char text[2 * RAW_MESSAGE_MAX + 1];
    if (b.n > RAW_MESSAGE_MAX) {
        abort();
    }
    hex_encode(b, text);
    fputs(b.n > 0 ? text : "-", stdout);
}

/* raw_cer speaks S6a alone. */
static uint32_t capabilities(struct raw_link *l)
{
    static const uint8_t loopback[] = {127, 0, 0, 1};
    uint8_t ip[18];
    struct diameter_cer cer = {.header = {.request = true, .hop_by_hop = 1, .end_to_end = 1},
                               .origin_host = bytes_of_str(l->host),
                               .origin_realm = bytes_of_str(l->at->realm)};
    struct diameter_capabilities *k = &cer.capabilities;
    struct bytes answer;
    size_t n = 0;
    k->host_ip_address[0] = diameter_address(BYTES_OF(loopback), ip);
    k->host_ip_address_n = 1;
    k->vendor_id = DIAMETER_U32_OF(RAW_OWN_VENDOR);
    k->product_name = BYTES_LIT("raw");
    k->vendor_specific_application_id[0] = (struct diameter_vendor_specific_application_id){
        .present = true,
        .vendor_id = DIAMETER_U32_OF(10415),
        .auth_application_id = DIAMETER_U32_OF(DIAMETER_APP_S13)};
    k->vendor_specific_application_id_n = 1;
    bool asked = diameter_cer_write(&cer, MBYTES_OF(l->out), &n) == E_OK && raw_ask(l, n, &answer);
    return asked ? raw_result(answer) : 0;
}

/* WORK REALM TCP MME */
static bool connected(char **argv)
{
    place = (struct raw_place){.work = argv[0], .realm = argv[1], .tcp = (uint16_t)atoi(argv[2])};
    link_.fd = -1;
    return raw_enter_as(&link_, &place, argv[3], capabilities);
}

/* Identifiers and session are blanked: what is left is what a refusal tells. */
static bool digest_of(struct bytes answer, const char *session, uint8_t out[static 32])
{
    static uint8_t copy[RAW_MESSAGE_MAX];
    struct crypto c;
    size_t n = strlen(session);
    if (answer.n > sizeof copy || answer.n < 20 || crypto_openssl_open(&c) != E_OK) {
        return false;
    }
    memcpy(copy, answer.p, answer.n);
    memset(copy + 12, 0, 8);
    for (size_t i = 0; i + n <= answer.n; i++) {
        if (memcmp(copy + i, session, n) == 0) {
            memset(copy + i, 's', n);
        }
    }
    const struct bytes parts[] = {{copy, answer.n}};
    bool good = c.sha256(c.ctx, parts, 1, out) == E_OK;
    crypto_openssl_close(&c);
    return good;
}

struct question {
    const char *imei;
    struct plmn plmn;
    struct bytes container;
};

/* The answer's code; 0: none came. */
static uint32_t ask(const struct question *q, struct bytes *answer, char session[static 300])
{
    static const char user[] = "0";
    struct s13_ecr ecr = {.terminal_information = {.present = true, .imei = bytes_of_str(q->imei)}};
    uint8_t plmn[PLMN_LEN];
    size_t n = 0;
    plmn_to_octets(&q->plmn, plmn);
    raw_begin(&link_, &ecr.request, user, session);
    ecr.request.user_name = (struct bytes){NULL, 0};
    wire_certattach_inquiry_fill(q->container, plmn, &ecr);
    if (s13_ecr_write(RAW_OWN_VENDOR, &ecr, MBYTES_OF(link_.out), &n) != E_OK ||
        !raw_ask(&link_, n, answer)) {
        return 0;
    }
    return raw_result(*answer);
}

static int say(const struct question *q)
{
    static struct s13_eca eca;
    char session[300];
    uint8_t digest[32];
    struct bytes answer, result = {NULL, 0};
    struct diameter_fault fault;
    uint32_t code = ask(q, &answer, session);
    if (code == 0 || !digest_of(answer, session, digest)) {
        return fail("no answer");
    }
    if (code == DIAMETER_SUCCESS && (s13_eca_parse(RAW_OWN_VENDOR, answer, &eca, &fault) != E_OK ||
                                     wire_certattach_answer_read(&eca, &result) != E_OK)) {
        return fail("the ECA cannot be read");
    }
    printf("%u ", code);
    put_hex(result);
    printf(" ");
    put_hex(BYTES_OF(digest));
    printf("\n");
    return 0;
}

/* ---- a request as a device makes it, but of any URL ---- */

static bool prove(const char *path, const struct question *q, const struct imei *imei,
                  struct certattach_request *r, uint8_t room[static CERTATTACH_PROOF_MAX])
{
    char pem[SIGNER_PEM_MAX];
    uint8_t key[SIGNER_KEY_MAX], content[CERTATTACH_PROOF_CONTENT_LEN];
    size_t key_n = sizeof key, n = CERTATTACH_PROOF_MAX - 1;
    struct crypto c;
    FILE *f = fopen(path, "re");
    size_t pem_n = f != NULL ? fread(pem, 1, sizeof pem, f) : 0;
    if (f != NULL) {
        (void)fclose(f);
    }
    if (crypto_openssl_open(&c) != E_OK) {
        return false;
    }
    bool good =
        signer_openssl_from_pem((struct bytes){(const uint8_t *)pem, pem_n}, key, &key_n) == E_OK &&
        signer_openssl_algorithm((struct bytes){key, key_n}, &room[0]) == E_OK &&
        certattach_proof_content(&c, room[0], r->url, imei, r->nonce, &q->plmn, content) == E_OK &&
        signer_openssl_sign((struct bytes){key, key_n}, BYTES_OF(content), room + 1, &n) == E_OK;
    crypto_openssl_close(&c);
    r->proof = (struct bytes){room, 1 + n};
    return good;
}

/* URL IMEI PLMN KEY.pem|- [NONCE] */
static int ask_for(int argc, char **argv)
{
    uint8_t container[WIRE_CERTATTACH_REQUEST_MAX], proof[CERTATTACH_PROOF_MAX];
    struct question q = {.imei = argv[1]};
    struct certattach_request r = {.url = bytes_of_str(argv[0])};
    struct imei imei;
    struct crypto c;
    if (imei_parse(bytes_of_str(argv[1]), &imei) != E_OK ||
        plmn_parse(bytes_of_str(argv[2]), &q.plmn) != E_OK || crypto_openssl_open(&c) != E_OK) {
        return fail("IMEI and network");
    }
    bool good = argc > 4 ? hex_decode(argv[4], MBYTES_OF(r.nonce)) == E_OK
                         : c.random(c.ctx, MBYTES_OF(r.nonce)) == E_OK;
    crypto_openssl_close(&c);
    if (!good || (strcmp(argv[3], "-") != 0 && !prove(argv[3], &q, &imei, &r, proof)) ||
        wire_certattach_request_write(&r, MBYTES_OF(container), &q.container) != E_OK) {
        return fail("a request");
    }
    return say(&q);
}

/* IMEI PLMN CONTAINER */
static int octets(char **argv)
{
    static uint8_t container[RAW_MESSAGE_MAX];
    struct question q = {.imei = argv[0]};
    size_t n = strlen(argv[2]) / 2;
    if (plmn_parse(bytes_of_str(argv[1]), &q.plmn) != E_OK || n > sizeof container ||
        hex_decode(argv[2], (struct mbytes){container, n}) != E_OK) {
        return fail("octets");
    }
    q.container = (struct bytes){container, n};
    return say(&q);
}

/* HOST IMEI COUNT */
static int flood(char **argv)
{
    unsigned asked = 0, refused = 0, busy = 0, given = 0;
    struct question q = {.imei = argv[1]};
    struct crypto c;
    if (plmn_parse(BYTES_LIT("001-01"), &q.plmn) != E_OK || crypto_openssl_open(&c) != E_OK) {
        return fail("a flood");
    }
    for (int i = atoi(argv[2]); i > 0; i--) {
        uint8_t container[WIRE_CERTATTACH_REQUEST_MAX], id[16];
        char url[CERTATTACH_URL_MAX + 1], hex[2 * sizeof id + 1], session[300];
        struct certattach_request r;
        struct bytes answer;
        memset(&r, 0, sizeof r);
        if (c.random(c.ctx, MBYTES_OF(id)) != E_OK || c.random(c.ctx, MBYTES_OF(r.nonce)) != E_OK) {
            break;
        }
        hex_encode(BYTES_OF(id), hex);
        snprintf(url, sizeof url, "https://%s/DeviceID=%s", argv[0], hex);
        r.url = bytes_of_str(url);
        if (wire_certattach_request_write(&r, MBYTES_OF(container), &q.container) != E_OK) {
            break;
        }
        uint32_t code = ask(&q, &answer, session);
        asked += code != 0;
        refused += code == DIAMETER_UNABLE_TO_COMPLY;
        busy += code == DIAMETER_TOO_BUSY;
        given += code == DIAMETER_SUCCESS;
    }
    crypto_openssl_close(&c);
    printf("%u %u %u %u\n", asked, refused, busy, given);
    return 0;
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    int rc = 2;
    if (argc > 6 && !connected(argv + 2)) {
        rc = fail("no connection");
    } else if (strcmp(what, "ask") == 0 && argc >= 10) {
        rc = ask_for(argc - 6, argv + 6);
    } else if (strcmp(what, "octets") == 0 && argc == 9) {
        rc = octets(argv + 6);
    } else if (strcmp(what, "flood") == 0 && argc == 9) {
        rc = flood(argv + 6);
    } else {
        fprintf(stderr, "usage: %s ask|octets|flood WORK REALM TCP MME ...\n", argv[0]);
    }
    if (argc > 6) {
        raw_close(&link_);
    }
    return rc;
}
