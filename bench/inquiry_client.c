/* bench/inquiry_client - the closed loop (lib/closed.h) over S13: equipment checks, and checks that
 * ask for the device's credential as well.
 *
 *   bench_inquiry_client plain|inquiry --to IP:PORT [options of bench_air_client]
 *
 * The device goes with the IMSI: the i-th of --imsis has the i-th device of bench_bindings. An
 * inquiry counts as 2001 only when a credential was found; otherwise as 1 and the status.
 */
#include "air_message.h"
#include "codec/s13.h"
#include "lib/closed.h"
#include <stdio.h>
#include <string.h>

#define IN_MAX    65536
#define ECR_MAX   640
#define TAC_FIRST 35693800u /* as bench/bindings.c has it */
#define IMEI      14

struct node {
    char host[128];
    struct identity who;
    uint8_t octets[ECR_MAX];
    size_t n, session_at, imsi_at, imei_at;
};
static bool inquires;

static enum err ecr_make(struct node *n)
{
    char session[200];
    struct s13_ecr e = {
        .terminal_information = {.present = true, .imei = BYTES_LIT("00000000000000")}};
    struct bytes found, msg;
    snprintf(session, sizeof session, "%.150s;1;0000000000", n->who.host);
    s13_request_begin(&e.request, 0, 0);
    e.request.session_id = bytes_of_str(session);
    e.request.origin_host = bytes_of_str(n->who.host);
    e.request.origin_realm = bytes_of_str(n->who.realm);
    e.request.destination_realm = bytes_of_str(n->who.destination_realm);
    e.request.user_name = BYTES_LIT("000000000000000");
    if (inquires) {
        e.credential_request = DIAMETER_U32_OF(S13_USE_IDENTITY);
    }
    enum err err = s13_ecr_write(DIAMETER_VENDOR_OWN_DEFAULT, &e, MBYTES_OF(n->octets), &n->n);
    msg = (struct bytes){n->octets, n->n};
    if (err == E_OK) {
        err = diameter_find(msg, 263, 0, &found);
    }
    if (err == E_OK) {
        n->session_at = (size_t)(found.p - n->octets) + found.n - 10;
        err = diameter_find(msg, 1, 0, &found);
    }
    if (err == E_OK) {
        n->imsi_at = (size_t)(found.p - n->octets);
        err = diameter_find(msg, 1401, DIAMETER_VENDOR_3GPP, &found);
    }
    if (err == E_OK) {
        n->imei_at = (size_t)(found.p - n->octets) + 12; /* behind the header of its AVP */
    }
    return err;
}

static enum err capabilities(const struct node *n, const uint8_t own_ip[4], struct mbytes out,
                             size_t *octets)
{
    static const uint32_t applications[] = {DIAMETER_APP_S6A, DIAMETER_APP_S13};
    uint8_t address[18];
    struct diameter_cer cer = {.header = {.request = true,
                                          .command = DIAMETER_CAPABILITIES_EXCHANGE,
                                          .hop_by_hop = 1,
                                          .end_to_end = 1},
                               .origin_host = bytes_of_str(n->who.host),
                               .origin_realm = bytes_of_str(n->who.realm)};
    struct diameter_capabilities *c = &cer.capabilities;
    c->host_ip_address[c->host_ip_address_n++] =
        diameter_address((struct bytes){own_ip, 4}, address);
    c->vendor_id = DIAMETER_U32_OF(DIAMETER_VENDOR_OWN_DEFAULT);
    c->product_name = BYTES_LIT("bench_inquiry_client");
    for (size_t i = 0; i < 2; i++) {
        c->vendor_specific_application_id[c->vendor_specific_application_id_n++] =
            (struct diameter_vendor_specific_application_id){
                .present = true,
                .vendor_id = DIAMETER_U32_OF(DIAMETER_VENDOR_3GPP),
                .auth_application_id = DIAMETER_U32_OF(applications[i])};
    }
    return diameter_cer_write(&cer, out, octets);
}

static void hello(struct closed_conn *c, const uint8_t own_ip[4])
{
    const struct closed_options *o = closed_options(c);
    struct node *n = closed_own(c);
    size_t octets = 0;
    snprintf(n->host, sizeof n->host, "%s%u.%s", o->host, closed_number(c), o->realm);
    n->who = (struct identity){
        .host = n->host, .realm = o->realm, .destination_realm = o->destination_realm};
    if (ecr_make(n) != E_OK || capabilities(n, own_ip, closed_room(c), &octets) != E_OK) {
        closed_die(n->host, "the name does not fit a request");
    }
    closed_put(c, octets);
}

static enum err frame(struct bytes in, size_t *total)
{
    return diameter_frame(in, IN_MAX, total);
}

/* 2001, or what came instead of a credential. */
static uint32_t verdict(struct bytes msg)
{
    static struct s13_eca eca;
    struct diameter_fault fault;
    uint32_t result = result_of(msg);
    if (!inquires || result != DIAMETER_SUCCESS) {
        return result;
    }
    if (s13_eca_parse(DIAMETER_VENDOR_OWN_DEFAULT, msg, &eca, &fault) != E_OK) {
        return 0;
    }
    uint32_t status = eca.device_credential.credential_status.v;
    return status == S13_CREDENTIAL_FOUND ? result : 10 + status;
}

static void take(struct closed_conn *c, struct bytes msg)
{
    struct diameter_header h;
    struct node *node = closed_own(c);
    size_t n = 0;
    if (diameter_header_read(msg, &h) != E_OK) {
        closed_die(node->host, "no Diameter message");
    }
    if (h.command == S13_ME_IDENTITY_CHECK && !h.request) {
        closed_answered(c, h.hop_by_hop, verdict(msg), 0);
    } else if (h.command == DIAMETER_CAPABILITIES_EXCHANGE && !h.request) {
        if (result_of(msg) != DIAMETER_SUCCESS) {
            closed_die("CER", "was refused");
        }
        closed_opened(c);
    } else if (h.command == DIAMETER_DEVICE_WATCHDOG && h.request &&
               dwa_make(&node->who, &h, closed_room(c), &n) == E_OK) {
        closed_put(c, n);
    } else if (h.command == DIAMETER_DISCONNECT_PEER) {
        closed_over(c);
    }
}

static size_t request(struct closed_conn *c, uint32_t id, uint64_t imsi, uint8_t *out)
{
    const struct node *n = closed_own(c);
    char imei[IMEI + 1];
    uint64_t i = imsi - closed_options(c)->imsi_first;
    snprintf(imei, sizeof imei, "%08u%06u", (unsigned)(TAC_FIRST + i / 1000000 % 100),
             (unsigned)(i % 1000000));
    memcpy(out, n->octets, n->n);
    memcpy(out + n->imei_at, imei, IMEI);
    uint8_t *id_at = out + 12;
    for (unsigned k = 0; k < 4; k++) {
        id_at[k] = id_at[4 + k] = (uint8_t)(id >> 8 * (3 - k));
    }
    char digits[IMSI_DIGITS + 1];
    snprintf(digits, sizeof digits, "%015llu", (unsigned long long)imsi);
    memcpy(out + n->imsi_at, digits, IMSI_DIGITS);
    snprintf(digits, sizeof digits, "%010u", id);
    memcpy(out + n->session_at, digits, 10);
    return n->n;
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
    static const struct closed_protocol s13 = {.request_max = ECR_MAX,
                                               .own_size = sizeof(struct node),
                                               .hello = hello,
                                               .frame = frame,
                                               .take = take,
                                               .request = request,
                                               .bye = bye};
    if (argc < 2 || (strcmp(argv[1], "plain") != 0 && strcmp(argv[1], "inquiry") != 0)) {
        fputs("usage: bench_inquiry_client plain|inquiry --to IP:PORT ...\n", stderr);
        return 2;
    }
    inquires = strcmp(argv[1], "inquiry") == 0;
    struct closed_options o = closed_options_of(argc - 1, argv + 1);
    return closed_run(&o, &s13);
}
