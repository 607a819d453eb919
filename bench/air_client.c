/* bench/air_client - the closed loop (lib/closed.h) over S6a: AIRs, each connection a Diameter node
 * of its own.
 *
 *   bench_air_client --to IP:PORT [--connections N] [--window W] [--seconds S] [--warmup S]
 *                    [--imsi FIRST] [--imsis COUNT] [--vectors V] [--plmn HEX]
 *                    [--host PREFIX] [--realm REALM] [--destination-realm REALM]
 *                    [--cert FILE --key FILE --ca FILE]
 *
 * Connection i calls itself PREFIX<i>.REALM. Ends with 1 if the server could not be used.
 */
#include "air_message.h"
#include "lib/closed.h"
#include <stdio.h>

#define IN_MAX 65536

struct node {
    char host[128];
    struct identity who;
    struct air_template air;
};

static void hello(struct closed_conn *c, const uint8_t own_ip[4])
{
    const struct closed_options *o = closed_options(c);
    struct node *n = closed_own(c);
    size_t octets = 0;
    snprintf(n->host, sizeof n->host, "%s%u.%s", o->host, closed_number(c), o->realm);
    n->who = (struct identity){.host = n->host,
                               .realm = o->realm,
                               .destination_realm = o->destination_realm,
                               .plmn = {o->plmn[0], o->plmn[1], o->plmn[2]}};
    if (air_template_make(&n->who, o->vectors, &n->air) != E_OK ||
        cer_make(&n->who, own_ip, closed_room(c), &octets) != E_OK) {
        closed_die(n->host, "the name does not fit a request");
    }
    closed_put(c, octets);
}

static enum err frame(struct bytes in, size_t *total)
{
    return diameter_frame(in, IN_MAX, total);
}

static void take_cea(struct closed_conn *c, struct bytes msg)
{
    if (result_of(msg) != DIAMETER_SUCCESS) {
        char text[64];
        snprintf(text, sizeof text, "the CEA says %u", result_of(msg));
        closed_die("CER", text);
    }
    closed_opened(c);
}

static void take(struct closed_conn *c, struct bytes msg)
{
    struct diameter_header h;
    struct node *node = closed_own(c);
    size_t n = 0;
    if (diameter_header_read(msg, &h) != E_OK) {
        closed_die(node->host, "no Diameter message");
    }
    if (h.command == S6A_AUTHENTICATION_INFORMATION && !h.request) {
        closed_answered(c, h.hop_by_hop, result_of(msg), vectors_of(msg));
    } else if (h.command == DIAMETER_CAPABILITIES_EXCHANGE && !h.request) {
        take_cea(c, msg);
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
    air_stamp(&n->air, id, imsi, out);
    return n->air.n;
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
    static const struct closed_protocol s6a = {
        .request_max = AIR_MAX,
        .own_size = sizeof(struct node),
        .hello = hello,
        .frame = frame,
        .take = take,
        .request = request,
        .bye = bye,
    };
    struct closed_options o = closed_options_of(argc, argv);
    return closed_run(&o, &s6a);
}
