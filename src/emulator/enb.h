/* emulator/enb.h - an eNB's side of S1 (TS 36.413) as a machine without I/O: messages of the MME,
 * NAS PDUs of devices and the time go in, messages and NAS PDUs come out through the functions of a
 * host. One eNB has one association with each of its MMEs (S1-flex), which are numbered from 0.
 *
 * What is behind S1 is made up as little as it can be: there is no radio, so a device is a number,
 * and the security mode command between eNB and device is the question whether both have the same
 * KeNB. Nothing here knows what a NAS PDU says.
 *
 * A function of the host may call enb_initial, enb_uplink, enb_release and enb_lost: whatever a
 * message changes is written before the host hears of it. It must not call the others.
 *
 * A UE-associated connection is named by its eNB UE S1AP ID. One that has ended is found no more:
 * an ID comes again only after all others of 24 bits that have its place in the table.
 */
#ifndef BINDERY_EMULATOR_ENB_H
#define BINDERY_EMULATOR_ENB_H

#include "codec/s1ap.h"
#include "device/bindery_ue.h"

#define ENB_MMES_MAX      8
#define ENB_PLMNS_MAX     6
#define ENB_NAME_MAX      32
#define ENB_UES_MAX       (1U << 20)
#define ENB_NAS_MAX       2048 /* octets of a NAS PDU taken from a device */
#define ENB_OUT_MAX       8192 /* octets of a message written */
#define ENB_NEVER         UINT64_MAX
#define ENB_NO_DEVICE     UINT32_MAX
#define ENB_NO_CONNECTION UINT32_MAX
#define ENB_SETUP_MS      10000 /* without an answer S1 SETUP REQUEST is sent again */
#define ENB_RETRY_MS      5000  /* after a failure that says no time to wait */

struct enb_config {
    struct plmn plmns[ENB_PLMNS_MAX]; /* the first one is part of the Global eNB ID */
    size_t n_plmns;
    uint32_t id; /* of a macro eNB: 20 bits */
    char name[ENB_NAME_MAX];
    uint16_t tac;
    enum s1ap_paging_drx paging_drx;
    uint8_t transport[4]; /* the IPv4 address told for S1-U; nobody listens there */
    unsigned mmes;        /* 1 to ENB_MMES_MAX */
    uint32_t ues;         /* connections at a time, 1 to ENB_UES_MAX */
    bool reroute;         /* act on REROUTE NAS REQUEST; else it is only counted */
};

/* What was noticed. NAME, "name", sentence */
#define ENB_FAULTS(X)                                                                              \
    X(NONE, "none", "nothing")                                                                     \
    X(KENB_MISMATCH, "kenb-mismatch",                                                              \
      "the SecurityKey of INITIAL CONTEXT SETUP REQUEST is not the KeNB that the device has")      \
    X(KENB_UNKNOWN, "kenb-unknown",                                                                \
      "INITIAL CONTEXT SETUP REQUEST came for a device that has no KeNB")                          \
    X(UNREADABLE, "unreadable", "a message of the MME breaks the rules of S1AP")                   \
    X(NOT_UNDERSTOOD, "not-understood", "a message of the MME has an element that is not known")   \
    X(UNEXPECTED, "unexpected", "a message of the MME does not fit the state of the interface")    \
    X(UNKNOWN_CONNECTION, "unknown-connection", "the MME names a connection that there is not")    \
    X(UNKNOWN_PAIR, "unknown-pair", "the MME names a connection with another MME UE S1AP ID")      \
    X(NOT_DELIVERED, "not-delivered", "a NAS PDU came for a device that is out of reach")          \
    X(ERROR_INDICATION, "error-indication", "the MME says that it was sent something wrong")       \
    X(SETUP_REFUSED, "setup-refused", "the MME refused S1 SETUP")                                  \
    X(SETUP_SILENT, "setup-silent", "the MME did not answer S1 SETUP REQUEST")                     \
    X(REROUTE_NOWHERE, "reroute-nowhere", "a NAS PDU is to be rerouted, and no MME is there")      \
    X(BARRED, "barred", "a device was turned away because an MME is overloaded")                   \
    X(NOT_SENT, "not-sent", "a message could not be handed to the association")
enum enb_fault {
#define X(name, text, sentence) ENB_FAULT_##name,
    ENB_FAULTS(X)
#undef X
        ENB_FAULT_COUNT
};
const char *enb_fault_name(enum enb_fault f);     /* never NULL */
const char *enb_fault_sentence(enum enb_fault f); /* never NULL */

enum enb_told_kind {
    ENB_TOLD_SET_UP,       /* name, capacity */
    ENB_TOLD_FAULT,        /* fault, device, cause if there is one, wait_ms of a setup refused */
    ENB_TOLD_CONTEXT,      /* INITIAL CONTEXT SETUP succeeded: device, bearers */
    ENB_TOLD_RELEASED,     /* UE CONTEXT RELEASE COMMAND: device, cause */
    ENB_TOLD_RESET,        /* RESET of the MME: `bearers` connections ended */
    ENB_TOLD_OVERLOAD,     /* OVERLOAD START: action */
    ENB_TOLD_OVERLOAD_OVER /* OVERLOAD STOP */
};
struct enb_told {
    enum enb_told_kind kind;
    unsigned mme;
    uint32_t device; /* ENB_NO_DEVICE: none */
    enum enb_fault fault;
    bool has_cause;
    struct s1ap_cause cause;
    uint64_t wait_ms;
    uint32_t bearers;
    struct bytes name; /* valid during the call */
    uint8_t capacity;
    enum s1ap_overload_action action;
};

struct enb_host {
    void *ctx;
    /* Hands a message to the association with this MME. False: it was not taken. */
    bool (*send)(void *ctx, unsigned mme, uint16_t stream, struct bytes message);
    /* A NAS PDU for a device. False: it is out of reach (NAS NON DELIVERY INDICATION). */
    bool (*downlink)(void *ctx, uint32_t device, struct bytes nas);
    /* BINDERY_UE_LOWER_BEARERS, or _RELEASED: then the connection exists no more. */
    void (*lower)(void *ctx, uint32_t device, enum bindery_ue_lower what);
    /* The device's KeNB. False: it has none. */
    bool (*kenb)(void *ctx, uint32_t device, uint8_t out[static 32]);
    void (*told)(void *ctx, const struct enb_told *told); /* may be NULL */
};

struct enb;

/* Copies both; no MME is up yet. Errors: E_BAD_VALUE, E_MEMORY. */
MUST_USE enum err enb_open(const struct enb_config *config, const struct enb_host *host,
                           struct enb **out);
void enb_close(struct enb *e);

/* ---- the associations ---- */

/* One came up, with so many streams to send on: S1 SETUP REQUEST goes out (8.7.3). */
void enb_up(struct enb *e, unsigned mme, uint64_t now_ms, uint16_t streams);
/* It ended; so do its connections. */
void enb_down(struct enb *e, unsigned mme);
/* A message. One that is not accepted is answered as clause 10 says, and told. */
void enb_receive(struct enb *e, unsigned mme, uint64_t now_ms, struct bytes message);
bool enb_is_set_up(const struct enb *e, unsigned mme);
/* Timers: S1 SETUP REQUEST again. */
void enb_tick(struct enb *e, uint64_t now_ms);
uint64_t enb_deadline(const struct enb *e);

/* ---- the devices ---- */

/* A device's first NAS PDU: picks an MME (the one that the GUTI names, else by relative capacity),
 * honours OVERLOAD START, sends INITIAL UE MESSAGE (8.6.2.1). Errors: E_CLOSED (no MME is set up),
 * E_BUSY (barred), E_EXHAUSTED (as many connections as may be), E_BAD_LENGTH, E_IO (not sent). */
MUST_USE enum err enb_initial(struct enb *e, uint32_t device, const struct bindery_ue_uplink *up,
                              uint32_t *connection);
/* A later one: UPLINK NAS TRANSPORT (8.6.2.3). Errors: E_NOT_FOUND (the connection has ended),
 * E_BAD_STATE (the MME has not answered on it yet), E_BAD_LENGTH, E_IO. */
MUST_USE enum err enb_uplink(struct enb *e, uint32_t connection, struct bytes nas);
/* UE CONTEXT RELEASE REQUEST (8.3.2). The connection stays until the MME ends it. Errors:
 * E_NOT_FOUND, E_BAD_STATE, E_IO. */
enum err enb_release(struct enb *e, uint32_t connection, struct s1ap_cause cause);
/* The device is gone from the cell: no more PDUs for it on this connection, whose end is asked for
 * as soon as the MME can be told. The host hears nothing more of it. */
void enb_lost(struct enb *e, uint32_t connection);

/* ---- RESET begun here (8.7.1.2.2) ---- */

/* All connections with an MME, or some of them (at most 256), end; the host hears of each. Errors:
 * E_CLOSED (not set up), E_BAD_LENGTH, E_IO. */
MUST_USE enum err enb_reset(struct enb *e, unsigned mme, struct s1ap_cause cause);
MUST_USE enum err enb_reset_some(struct enb *e, unsigned mme, struct s1ap_cause cause,
                                 const uint32_t *connections, size_t n);

/* ---- what it counted ---- */

#define ENB_COUNTERS(X)                                                                            \
    X(setups, "S1 SETUP REQUEST sent")                                                             \
    X(initials, "INITIAL UE MESSAGE sent")                                                         \
    X(uplinks, "UPLINK NAS TRANSPORT sent")                                                        \
    X(downlinks, "DOWNLINK NAS TRANSPORT received")                                                \
    X(contexts, "INITIAL CONTEXT SETUP that succeeded")                                            \
    X(contexts_failed, "INITIAL CONTEXT SETUP that failed")                                        \
    X(release_requests, "UE CONTEXT RELEASE REQUEST sent")                                         \
    X(releases, "UE CONTEXT RELEASE COMMAND carried out")                                          \
    X(resets_received, "RESET received")                                                           \
    X(resets_sent, "RESET sent")                                                                   \
    X(resets_acknowledged, "RESET ACKNOWLEDGE received")                                           \
    X(error_indications_received, "ERROR INDICATION received")                                     \
    X(error_indications_sent, "ERROR INDICATION sent")                                             \
    X(non_deliveries, "NAS NON DELIVERY INDICATION sent")                                          \
    X(reroutes, "REROUTE NAS REQUEST received")                                                    \
    X(rerouted, "INITIAL UE MESSAGE sent again to another MME")                                    \
    X(overloads, "OVERLOAD START received")                                                        \
    X(barred, "devices turned away because of overload")
struct enb_counters {
#define X(name, text) uint64_t name;
    ENB_COUNTERS(X)
#undef X
    uint64_t faults[ENB_FAULT_COUNT];
    uint32_t connections; /* now */
};
const struct enb_counters *enb_counters(const struct enb *e);
/* Octets that one connection takes. */
size_t enb_connection_size(void);

#endif
