/* bench/gsup_client - the closed loop (lib/closed.h) over GSUP: Send-Authentication-Info requests,
 * as an MSC or SGSN sends them to osmo-hlr, over TCP with the IPA multiplex below.
 *
 *   bench_gsup_client --to IP:PORT [--connections N] [--window W] [--seconds S] [--warmup S]
 *                     [--imsi FIRST] [--imsis COUNT] [--host PREFIX]
 *
 * GSUP has no transaction identifier: an answer belongs to the oldest request of its IMSI on its
 * connection. Results: 2001 for tuples, 1 for a refusal. Ends with 1 if the server could not be
 * used.
 */
#include "lib/closed.h"
#include <stdio.h>
#include <string.h>

enum { IPA_CCM = 0xfe, IPA_OSMO = 0xee, OSMO_GSUP = 5 };
enum { CCM_PING = 0, CCM_PONG = 1, CCM_ID_GET = 4, CCM_ID_RESP = 5 };
enum { TAG_SERIAL = 0, TAG_NAME = 1, TAG_UNIT = 8 };
enum { GSUP_SAI_REQUEST = 0x08, GSUP_SAI_ERROR = 0x09, GSUP_SAI_RESULT = 0x0a };
enum { GSUP_IMSI = 0x01, GSUP_TUPLE = 0x03 };
#define IPA_HEADER  3
#define IMSI_OCTETS 8
#define REQUEST     (IPA_HEADER + 2 + 2 + IMSI_OCTETS)

struct asked {
    uint32_t id; /* 0: free */
    uint8_t imsi[IMSI_OCTETS];
};
struct node {
    bool open;
    unsigned n;
    struct asked asked[CLOSED_WINDOW_MAX]; /* oldest first */
};

static void hello(struct closed_conn *c, const uint8_t own_ip[4])
{
    (void)c; /* the server speaks first */
    (void)own_ip;
}

static enum err frame(struct bytes in, size_t *total)
{
    if (in.n < IPA_HEADER) {
        return E_AGAIN;
    }
    *total = IPA_HEADER + ((size_t)in.p[0] << 8 | in.p[1]);
    return *total <= in.n ? E_OK : E_AGAIN;
}

static void put(struct closed_conn *c, struct bytes b)
{
    struct mbytes room = closed_room(c);
    if (b.n > room.n) {
        closed_die("send", "the server reads nothing");
    }
    memcpy(room.p, b.p, b.n);
    closed_put(c, b.n);
}

/* ---- who we are ---- */

static size_t tag(uint8_t *out, uint8_t which, const char *text)
{
    size_t n = strlen(text) + 1;
    out[0] = 0;
    out[1] = (uint8_t)(n + 1);
    out[2] = which;
    memcpy(out + 3, text, n);
    return 3 + n;
}

static void identify(struct closed_conn *c)
{
    uint8_t out[256] = {0, 0, IPA_CCM, CCM_ID_RESP};
    char name[64];
    size_t n = 4;
    snprintf(name, sizeof name, "%.40s%u", closed_options(c)->host, closed_number(c));
    n += tag(out + n, TAG_SERIAL, name);
    n += tag(out + n, TAG_NAME, name);
    n += tag(out + n, TAG_UNIT, "0/0/0");
    out[1] = (uint8_t)(n - IPA_HEADER);
    put(c, (struct bytes){out, n});
}

/* The server asks who we are, and says no more when it knows. */
static void take_ccm(struct closed_conn *c, uint8_t type)
{
    static const uint8_t pong[] = {0, 1, IPA_CCM, CCM_PONG};
    struct node *node = closed_own(c);
    if (type == CCM_PING) {
        put(c, BYTES_OF(pong));
    } else if (type == CCM_ID_GET && !node->open) {
        identify(c);
        node->open = true;
        closed_opened(c);
    }
}

/* ---- asking ---- */

/* Digits in half octets, the first one low; an odd one out is filled up. */
static void imsi_octets(uint64_t imsi, uint8_t out[static IMSI_OCTETS])
{
    char digits[17];
    snprintf(digits, sizeof digits, "%015llu", (unsigned long long)imsi);
    for (size_t i = 0; i < IMSI_OCTETS; i++) {
        unsigned low = (unsigned)(digits[2 * i] - '0');
        unsigned high = digits[2 * i + 1] != '\0' ? (unsigned)(digits[2 * i + 1] - '0') : 15;
        out[i] = (uint8_t)(high << 4 | low);
    }
}

static size_t request(struct closed_conn *c, uint32_t id, uint64_t imsi, uint8_t *out)
{
    static const uint8_t head[] = {
        0, REQUEST - IPA_HEADER, IPA_OSMO, OSMO_GSUP, GSUP_SAI_REQUEST, GSUP_IMSI, IMSI_OCTETS};
    struct node *node = closed_own(c);
    struct asked *a = &node->asked[node->n++];
    a->id = id;
    imsi_octets(imsi, a->imsi);
    memcpy(out, head, sizeof head);
    memcpy(out + sizeof head, a->imsi, IMSI_OCTETS);
    return REQUEST;
}

/* ---- answers ---- */

static uint32_t take_asked(struct node *node, struct bytes imsi)
{
    for (unsigned i = 0; i < node->n && imsi.n == IMSI_OCTETS; i++) {
        if (memcmp(node->asked[i].imsi, imsi.p, IMSI_OCTETS) == 0) {
            uint32_t id = node->asked[i].id;
            memmove(&node->asked[i], &node->asked[i + 1], (--node->n - i) * sizeof *node->asked);
            return id;
        }
    }
    return 0;
}

static void take_gsup(struct closed_conn *c, struct bytes msg)
{
    struct rd r = rd_of(msg);
    struct bytes imsi = {0};
    unsigned tuples = 0;
    uint8_t type = rd_u8(&r);
    while (r.err == E_OK && rd_left(&r) > 0) {
        uint8_t which = rd_u8(&r);
        struct bytes value = rd_take(&r, rd_u8(&r));
        tuples += which == GSUP_TUPLE;
        if (which == GSUP_IMSI) {
            imsi = value;
        }
    }
    if (r.err != E_OK || (type != GSUP_SAI_RESULT && type != GSUP_SAI_ERROR)) {
        closed_die("an answer", "is not what was asked for");
    }
    closed_answered(c, take_asked(closed_own(c), imsi), type == GSUP_SAI_RESULT ? 2001 : 1, tuples);
}

static void take(struct closed_conn *c, struct bytes msg)
{
    struct bytes body = {msg.p + IPA_HEADER, msg.n - IPA_HEADER};
    if (msg.p[2] == IPA_CCM && body.n > 0) {
        take_ccm(c, body.p[0]);
    } else if (msg.p[2] == IPA_OSMO && body.n > 1 && body.p[0] == OSMO_GSUP) {
        take_gsup(c, (struct bytes){body.p + 1, body.n - 1});
    }
}

int main(int argc, char **argv)
{
    static const struct closed_protocol gsup = {
        .request_max = REQUEST,
        .own_size = sizeof(struct node),
        .hello = hello,
        .frame = frame,
        .take = take,
        .request = request,
    };
    struct closed_options o = closed_options_of(argc, argv);
    return closed_run(&o, &gsup);
}
