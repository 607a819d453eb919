/* emulator/run.h - an emulation with sockets: associations with MMEs, arrivals when they are due, a
 * line of progress, and the result. One thread.
 */
#ifndef BINDERY_EMULATOR_RUN_H
#define BINDERY_EMULATOR_RUN_H

#include "emulator/emulation.h"
#include "emulator/load_schedule.h"
#include "emulator/manage.h"
#include "emulator/say.h"
#include "emulator/trace.h"
#include <signal.h>

struct run_plan {
    /* As many as emulation.enb.mmes, then the one of each further network. */
    struct address mme[ENB_MMES_MAX + EMULATION_NETWORKS_MAX - 1];
    struct emulation_config emulation;
    uint64_t attaches; /* in all; device i modulo count */
    uint64_t over_ns;  /* within so long; 0: all at once */
    enum load_pattern pattern;
    uint64_t seed;
    uint64_t connect_ms;         /* until one MME must be set up for each eNB */
    uint64_t reconnect_ms;       /* after an association ended; 0: 1000 */
    bool stay;                   /* go on until stopped, after the last attempt ended */
    struct trace *trace;         /* may be NULL */
    FILE *progress;              /* a terminal, or NULL */
    FILE *words;                 /* the steps of device 0; NULL: none */
    const struct manage *manage; /* step 11 of device 0, of a state file; NULL: none */
    const char *record;          /* challenges that come go into this file; NULL: none */
};
enum run_end {
    RUN_DONE,
    RUN_INTERRUPTED,
    RUN_UNREACHABLE, /* no association, or S1 SETUP refused: why says it */
    RUN_FAILED       /* why */
};
struct run_result {
    enum run_end end;
    char why[320];
    uint64_t elapsed_ns; /* from the start to the end of the last attach */
    uint64_t device_octets;
    uint32_t devices;
    struct tally tally;
    struct radio_counters radio;
    struct enb_counters enb;
    uint64_t associations_lost;
};

/* Runs to the end, or until *stop is set. */
void run(const struct run_plan *plan, struct population *population,
         const volatile sig_atomic_t *stop, struct run_result *out);

#endif
