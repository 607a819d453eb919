/* emulator/emulation_parts.h - what emulation.c (eNBs, associations, time) and emulation_device.c
 * (what one device does) share. For nobody else.
 */
#ifndef BINDERY_EMULATOR_EMULATION_PARTS_H
#define BINDERY_EMULATOR_EMULATION_PARTS_H

#include "emulator/emulation.h"
#include "emulator/wheel.h"

#define EMULATION_MS              UINT64_C(1000000)
#define EMULATION_NOTHING_PENDING UINT64_MAX

struct cell {
    struct emulation *e;
    unsigned number;
    struct enb *enb;
    struct bindery_ue_cell where;
};
struct emulation {
    struct emulation_config config;
    struct emulation_host host;
    struct population *p;
    struct radio *radio;
    struct cell cell[EMULATION_ENBS_MAX];
    struct wheel wheel; /* of each device two: its own timers, and what it is to do next */
    uint32_t active;
    struct tally tally;
};

uint64_t emulation_now_ns(const struct emulation *e);
uint64_t emulation_now_ms(const struct emulation *e);
struct cell *emulation_cell(struct emulation *e, const struct device *d);
/* An attempt that should have begun at due_ns begins. */
void device_begin(struct emulation *e, struct device *d, uint64_t due_ns);
/* After every call of a device: takes what came of it, until it is quiet. */
void device_settle(struct emulation *e, struct device *d);
/* The time of what it is to do next has come. */
void device_due(struct emulation *e, struct device *d);
/* A radio_sink. */
void device_arrives(void *ctx, const struct radio_pdu *pdu);
/* An attempt that does not even begin. */
void device_too_busy(struct emulation *e);

#endif
