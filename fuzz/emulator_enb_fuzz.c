/* An eNB between two MMEs that send anything at any time and devices that come, speak and go. The
 * input is a list of commands: an octet that says what happens, and for a message of an MME its
 * length (2) and its octets. Whatever comes, each message that the eNB sends is one that S1AP
 * allows, a device hears of the end of its connection once, and no connection is left when both
 * MMEs are gone. */
#include "emulator/enb.h"

#include <stdlib.h>
#include <string.h>

enum { DEVICES = 6, COMMANDS_MAX = 200 };

struct rig {
    struct enb *e;
    uint64_t now;
    bool has[DEVICES]; /* a connection */
    uint32_t connection[DEVICES];
    uint8_t mood; /* of devices: comes back at once, is out of reach, has no KeNB, answers */
    bool deaf;
};

static void check(bool holds)
{
    if (!holds) {
        abort();
    }
}

static bool send(void *ctx, unsigned mme, uint16_t stream, struct bytes message)
{
    const struct rig *r = ctx;
    struct s1ap_pdu pdu;
    struct s1ap_fault fault;
    check(mme < 2 && stream < 9);
    check(s1ap_parse(message, &pdu, &fault) == E_OK && fault.kind == S1AP_FAULT_NONE);
    return !r->deaf;
}

static void come(struct rig *r, uint32_t device)
{
    static const uint8_t pdu[] = {0x07, 0x41, 0x71};
    struct bindery_ue_uplink up = {.pdu = pdu, .n = sizeof pdu, .initial = true};
    up.establishment = (enum bindery_ue_establishment)(r->mood >> 4 & 3);
    up.has_guti = (r->mood & 64) != 0;
    up.guti = (struct bindery_ue_guti){{0x00, 0xf1, 0x10}, 0x8001, 1, 7};
    if (!r->has[device]) {
        r->has[device] = enb_initial(r->e, device, &up, &r->connection[device]) == E_OK;
    }
}

static bool downlink(void *ctx, uint32_t device, struct bytes nas)
{
    struct rig *r = ctx;
    check(device < DEVICES && r->has[device]);
    if ((r->mood & 8) != 0) {
        (void)!enb_uplink(r->e, r->connection[device], nas);
    }
    if ((r->mood & 3) == 3) {
        enb_lost(r->e, r->connection[device]);
        r->has[device] = false;
    }
    return (r->mood & 2) == 0;
}

static void lower(void *ctx, uint32_t device, enum bindery_ue_lower what)
{
    struct rig *r = ctx;
    check(device < DEVICES && r->has[device]);
    if (what == BINDERY_UE_LOWER_RELEASED) {
        r->has[device] = false;
        if ((r->mood & 1) != 0) {
            come(r, device);
        }
    }
}

static bool kenb(void *ctx, uint32_t device, uint8_t out[static 32])
{
    const struct rig *r = ctx;
    (void)device;
    memset(out, 0x4e, 32);
    return (r->mood & 4) == 0;
}

static void told(void *ctx, const struct enb_told *t)
{
    (void)ctx;
    check(t->device == ENB_NO_DEVICE || t->device < DEVICES);
    check(strcmp(enb_fault_name(t->fault), "unknown") != 0);
}

static void begin(struct rig *r)
{
    const struct enb_config config = {.plmns = {{"001", "01"}},
                                      .n_plmns = 1,
                                      .id = 1,
                                      .name = "fuzz",
                                      .tac = 1,
                                      .mmes = 2,
                                      .ues = 5,
                                      .reroute = true};
    const struct enb_host host = {
        .ctx = r, .send = send, .downlink = downlink, .lower = lower, .kenb = kenb, .told = told};
    memset(r, 0, sizeof *r);
    check(enb_open(&config, &host, &r->e) == E_OK);
    enb_up(r->e, 0, 0, 9);
    enb_up(r->e, 1, 0, 2);
}

/* The message in a block of its own length. */
static void receive(struct rig *r, unsigned mme, struct rd *in)
{
    const size_t n = rd_be16(in);
    const struct bytes m = rd_take(in, n < rd_left(in) ? n : rd_left(in));
    uint8_t *exact = malloc(m.n > 0 ? m.n : 1);
    check(exact != NULL);
    if (m.n > 0) {
        memcpy(exact, m.p, m.n);
    }
    enb_receive(r->e, mme, r->now, (struct bytes){exact, m.n});
    free(exact);
}

static void act(struct rig *r, uint8_t what, struct rd *in)
{
    static const uint8_t pdu[] = {0x07, 0x53};
    const uint32_t device = (what >> 4) % DEVICES;
    const struct s1ap_cause cause = S1AP_CAUSE_OF(MISC, S1AP_MISC_UNSPECIFIED);
    switch (what & 15) {
    case 1:
        come(r, device);
        break;
    case 2:
        (void)!enb_uplink(r->e, r->connection[device], BYTES_OF(pdu));
        break;
    case 3:
        if (r->has[device]) {
            enb_lost(r->e, r->connection[device]);
            r->has[device] = false;
        }
        break;
    case 4:
        (void)!enb_release(r->e, r->connection[device], cause);
        break;
    case 5:
        enb_down(r->e, device & 1);
        break;
    case 6:
        enb_up(r->e, device & 1, r->now, (uint16_t)(device & 1 ? 2 : 9));
        break;
    case 7:
        r->now += device * 1000;
        enb_tick(r->e, r->now);
        break;
    case 8:
        (void)!enb_reset(r->e, device & 1, cause);
        break;
    case 9:
        (void)!enb_reset_some(r->e, device & 1, cause, r->connection, 1 + device);
        break;
    case 10:
        r->mood = rd_u8(in);
        break;
    case 11:
        r->deaf = !r->deaf;
        break;
    default:
        receive(r, what & 1, in);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct rig r;
    struct rd in = rd_of((struct bytes){data, size});
    begin(&r);
    for (unsigned i = 0; i < COMMANDS_MAX && rd_left(&in) > 0 && in.err == E_OK; i++) {
        act(&r, rd_u8(&in), &in);
        check(enb_counters(r.e)->connections <= 5);
    }
    r.mood = 0;
    enb_down(r.e, 0);
    enb_down(r.e, 1);
    check(enb_counters(r.e)->connections == 0);
    for (unsigned i = 0; i < DEVICES; i++) {
        check(!r.has[i]);
    }
    enb_close(r.e);
    return 0;
}
