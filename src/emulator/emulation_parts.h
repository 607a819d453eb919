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
    struct enb *enb; /* has as many MMEs as emulation_mmes says */
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

/* Which network is next for a device for which those in the bits of `tried` did nothing;
 * EMULATION_NETWORKS_MAX: there is none. */
unsigned emulation_choose(const struct emulation_config *c, uint8_t tried);
uint64_t emulation_now_ns(const struct emulation *e);
uint64_t emulation_now_ms(const struct emulation *e);
struct cell *emulation_cell(struct emulation *e, const struct device *d);
/* An attempt that should have begun at due_ns begins. */
void device_begin(struct emulation *e, struct device *d, uint64_t due_ns);
/* The device is in the cell of its network: tells its NAS client. */
bool device_camp(struct emulation *e, struct device *d);
/* After every call of a device: takes what came of it, until it is quiet. */
void device_settle(struct emulation *e, struct device *d);
/* The time of what it is to do next has come. */
void device_due(struct emulation *e, struct device *d);
/* A radio_sink. */
void device_arrives(void *ctx, const struct radio_pdu *pdu);
/* An attempt that does not even begin. */
void device_too_busy(struct emulation *e);
/* The attempt failed, and why. */
void device_fail(struct emulation *e, struct device *d, const char *text);
/* It is gone from its cell. */
void device_lost(struct emulation *e, struct device *d);
/* An attempt that goes on has its full time once more. */
void device_extend(struct emulation *e, const struct device *d);
/* What was registered stays so: the attempt has succeeded. */
void device_registered(struct emulation *e, struct device *d);

/* ---- emulation_discovery.c: devices that came with a dIMSI ---- */

/* As onboarding_heard. */
bool discovery_heard(struct emulation *e, struct device *d, const struct bindery_ue_event *event);
/* No network brought an IMSI for its dIMSI. False: nor for any other that it has. */
bool discovery_elsewhere(struct device *d);
/* It is registered by way of a dIMSI, and its owner says what becomes of it. */
void discovery_manage(struct emulation *e, struct device *d);

/* ---- emulation_onboard.c: devices that came without a subscription ---- */

/* An event of its NAS client, before anything else is made of it. True: nothing else is to be. */
bool onboarding_heard(struct emulation *e, struct device *d, const struct bindery_ue_event *event);
/* What was put off, if the time has come. False: there is nothing. */
bool onboarding_turn(struct emulation *e, struct device *d);

#endif
