/* test/emulator/bench.h - one eNB on a bench: what it sends is parsed and kept, what its MME sends
 * is written here, its devices are a counter. */
#ifndef BINDERY_TEST_EMULATOR_BENCH_H
#define BINDERY_TEST_EMULATOR_BENCH_H

#include "emulator/enb.h"
#include "lib/check.h"
#include <stdlib.h>
#include <string.h>

#define SENT 64

struct sent {
    unsigned mme;
    uint16_t stream;
    uint8_t b[2048];
    size_t n;
    struct s1ap_pdu pdu; /* into b */
};
struct bench {
    struct enb_config config;
    struct enb *e;
    struct sent sent[SENT];
    unsigned n;
    bool deaf;
    /* the device's side */
    uint8_t kenb[32];
    bool has_kenb, reachable;
    unsigned bearers, released, released_device;
    uint8_t nas[64];
    size_t nas_n;
    unsigned nas_count;
    /* what was told */
    struct enb_told told;
    unsigned faults[ENB_FAULT_COUNT];
    bool again; /* a device that is released comes back at once */
    uint32_t again_connection;
};

static const uint8_t hello[] = {0x07, 0x41, 0x71, 0x01, 0x02};
static const struct bindery_ue_uplink first = {
    .pdu = hello, .n = sizeof hello, .initial = true, .establishment = BINDERY_UE_MO_SIGNALLING};

static inline bool host_send(void *ctx, unsigned mme, uint16_t stream, struct bytes message)
{
    struct bench *b = ctx;
    struct s1ap_fault fault;
    if (b->deaf) {
        return false;
    }
    assert_true(b->n < SENT && message.n <= sizeof b->sent[0].b);
    struct sent *s = &b->sent[b->n++];
    s->mme = mme;
    s->stream = stream;
    s->n = message.n;
    memcpy(s->b, message.p, message.n);
    assert_ok(s1ap_parse((struct bytes){s->b, s->n}, &s->pdu, &fault));
    return true;
}

static inline bool host_downlink(void *ctx, uint32_t device, struct bytes nas)
{
    struct bench *b = ctx;
    (void)device;
    assert_true(nas.n <= sizeof b->nas);
    memcpy(b->nas, nas.p, nas.n);
    b->nas_n = nas.n;
    b->nas_count++;
    return b->reachable;
}

static inline void host_lower(void *ctx, uint32_t device, enum bindery_ue_lower what)
{
    struct bench *b = ctx;
    if (what == BINDERY_UE_LOWER_BEARERS) {
        b->bearers++;
        return;
    }
    assert_int_equal(what, BINDERY_UE_LOWER_RELEASED);
    b->released++;
    b->released_device = device;
    if (b->again) {
        assert_ok(enb_initial(b->e, device, &first, &b->again_connection));
    }
}

static inline bool host_kenb(void *ctx, uint32_t device, uint8_t out[static 32])
{
    const struct bench *b = ctx;
    (void)device;
    memcpy(out, b->kenb, 32);
    return b->has_kenb;
}

static inline void host_told(void *ctx, const struct enb_told *told)
{
    struct bench *b = ctx;
    b->told = *told;
    if (told->kind == ENB_TOLD_FAULT) {
        b->faults[told->fault]++;
    }
}

static inline struct bench *bench_of(unsigned mmes, uint32_t ues)
{
    struct bench *b = calloc(1, sizeof *b);
    assert_non_null(b);
    b->config = (struct enb_config){.plmns = {{"001", "01"}, {"262", "01"}},
                                    .n_plmns = 2,
                                    .id = 0xabcde,
                                    .name = "cell 1",
                                    .tac = 7,
                                    .paging_drx = S1AP_PAGING_DRX_V64,
                                    .transport = {192, 0, 2, 9},
                                    .mmes = mmes,
                                    .ues = ues};
    b->reachable = true;
    b->has_kenb = true;
    memset(b->kenb, 0x4e, sizeof b->kenb);
    const struct enb_host host = {.ctx = b,
                                  .send = host_send,
                                  .downlink = host_downlink,
                                  .lower = host_lower,
                                  .kenb = host_kenb,
                                  .told = host_told};
    assert_ok(enb_open(&b->config, &host, &b->e));
    return b;
}

static inline void done(struct bench *b)
{
    enb_close(b->e);
    free(b);
}

/* The message sent last, of this type; none is left unexpected. */
static const struct sent *last(const struct bench *b, enum s1ap_message type)
{
    assert_true(b->n > 0);
    const struct sent *s = &b->sent[b->n - 1];
    assert_int_equal(s->pdu.type, type);
    return s;
}

static inline void give(struct bench *b, unsigned mme, uint64_t now, const struct s1ap_pdu *pdu)
{
    uint8_t out[2048];
    size_t n = 0;
    assert_ok(s1ap_write(pdu, MBYTES_OF(out), &n));
    uint8_t *exact = exact_copy((struct bytes){out, n});
    enb_receive(b->e, mme, now, (struct bytes){exact, n});
    free(exact);
}

static inline struct s1ap_pdu response_of(uint16_t group, uint8_t code, uint8_t capacity)
{
    static const struct plmn plmns[] = {{"001", "01"}};
    static uint16_t groups[ENB_MMES_MAX];
    static uint8_t codes[ENB_MMES_MAX];
    static struct s1ap_served_gummei served[ENB_MMES_MAX];
    static unsigned next;
    const unsigned i = next++ % ENB_MMES_MAX;
    struct s1ap_pdu pdu = {.type = S1AP_S1_SETUP_RESPONSE};
    groups[i] = group;
    codes[i] = code;
    served[i] = (struct s1ap_served_gummei){.plmns = S1AP_LIST_OF(plmns),
                                            .group_ids = {.items = &groups[i], .n = 1},
                                            .mmecs = {.items = &codes[i], .n = 1}};
    pdu.u.s1_setup_response =
        (struct s1ap_s1_setup_response){.has_mme_name = true,
                                        .mme_name = BYTES_LIT("mme"),
                                        .served_gummeis = {.items = &served[i], .n = 1},
                                        .has_relative_capacity = true,
                                        .relative_capacity = capacity};
    return pdu;
}

static inline void set_up(struct bench *b, unsigned mme, uint16_t group, uint8_t code,
                          uint8_t capacity)
{
    struct s1ap_pdu response = response_of(group, code, capacity);
    enb_up(b->e, mme, 0, 9);
    give(b, mme, 1, &response);
    assert_true(enb_is_set_up(b->e, mme));
}

static inline struct bench *ready(uint32_t ues)
{
    struct bench *b = bench_of(1, ues);
    set_up(b, 0, 0x8001, 1, 10);
    b->n = 0;
    return b;
}

static inline void give_nas(struct bench *b, uint32_t mme_id, uint32_t enb_id)
{
    struct s1ap_pdu pdu = {.type = S1AP_DOWNLINK_NAS_TRANSPORT};
    pdu.u.downlink_nas_transport = (struct s1ap_downlink_nas_transport){
        .mme_ue_s1ap_id = mme_id, .enb_ue_s1ap_id = enb_id, .nas_pdu = BYTES_OF(hello)};
    give(b, 0, 5, &pdu);
}

/* A connection that the MME has answered on. */
static inline uint32_t connected(struct bench *b, uint32_t device, uint32_t mme_id)
{
    uint32_t id = 0;
    assert_ok(enb_initial(b->e, device, &first, &id));
    give_nas(b, mme_id, id);
    return id;
}

#endif
