/* emulator/emulation.h - devices, the radio between, and their eNBs, as one machine without
 * sockets: each device is told to attach when it is due, holds its registration for a while,
 * detaches, and is ready for the next time. Messages of MMEs go in, messages for them come out; the
 * clock is handed in.
 *
 * A time to attach counts from when the attach was due, not from when it could begin, so a network
 * that is slow is charged for those that had to wait (no coordinated omission). A device that is
 * rejected is switched off, unless it is told to go on trying as TS 24.301 says. One whose KME the
 * network took comes again by itself, and its attempt goes on until that attach has ended. So does
 * one that came without a subscription and got one; where a network gives it none it goes to the
 * next one, and its attempt has failed when each has been tried. One with dIMSIs tries each on each
 * network, and comes again with the IMSI that it got; its owner may then bring it its operator's
 * own subscription, with which it comes once more.
 *
 * There may be several networks, each with as many cells and with MMEs of its own. A device is in a
 * cell of the one that its policy prefers.
 */
#ifndef BINDERY_EMULATOR_EMULATION_H
#define BINDERY_EMULATOR_EMULATION_H

#include "emulator/enb.h"
#include "emulator/population.h"
#include "emulator/radio.h"
#include "emulator/tally.h"

#define EMULATION_ENBS_MAX     256 /* of all networks */
#define EMULATION_NETWORKS_MAX 8
#define EMULATION_POLICY_MAX   16
#define EMULATION_FOR_EVER     UINT64_MAX

/* How far an attach came. NAME, what is said of one that went no further */
#define EMULATION_STEPS(X)                                                                         \
    X(NOTHING, "it found no connection")                                                           \
    X(SENT, "nothing was answered")                                                                \
    X(ANSWERED, "it stopped before authentication")                                                \
    X(AUTHENTICATED, "it stopped after authentication")                                            \
    X(SECURED, "it stopped after the security mode command")                                       \
    X(OFFERED, "it stopped after a KME was offered")
enum emulation_step {
#define X(name, text) STEP_##name,
    EMULATION_STEPS(X)
#undef X
};

/* What becomes of a device between two NAS clients, or two networks. */
enum emulation_turn {
    EMULATION_TURN_NONE,
    EMULATION_TURN_MOVED,        /* it camps on another network */
    EMULATION_TURN_SUBSCRIBED,   /* it begins with the subscription that it got */
    EMULATION_TURN_UNSUBSCRIBED, /* it gave up its subscription, and asks for one */
    EMULATION_TURN_DISCOVERED,   /* it begins with the IMSI that came for its dIMSI */
    EMULATION_TURN_DIMSI,        /* it begins with its next dIMSI */
    EMULATION_TURN_UNDISCOVERED, /* it gave up what came of its dIMSI, and has what was before */
    EMULATION_TURN_MANAGED,      /* it begins with its operator's own subscription */
    EMULATION_TURN_FAILED        /* one of these could not be, and it stays off */
};
#define EMULATION_WHY_MAX 80
struct emulation_config {
    struct enb_config enb; /* of the first; the others count id up, and have it in their names */
    unsigned enbs;         /* of each network; device i is in the cell of eNB i modulo enbs */
    unsigned further;      /* networks besides that of `enb`, each with one MME */
    struct plmn network[EMULATION_NETWORKS_MAX - 1];
    /* The PLMNs that devices use, the best one first; 0: all that there are, in their order. */
    unsigned policy_n;
    uint8_t policy[EMULATION_POLICY_MAX][PLMN_LEN];
    uint64_t timeout_ms;    /* of an attach, or a detach */
    uint64_t hold_ms;       /* registered for so long, or EMULATION_FOR_EVER */
    uint64_t inactivity_ms; /* the eNB then asks for the connection's release; 0: never */
    bool persist;           /* go on after a reject */
    bool switch_off;        /* detach because of switch off: nothing is waited for */
    struct radio_config radio;
};
struct emulation_host {
    void *ctx;
    uint64_t (*now_ns)(void *ctx); /* never goes back */
    bool (*send)(void *ctx, unsigned enb, unsigned mme, uint16_t stream, struct bytes message);
    /* May be NULL: */
    /* A NAS PDU as it is on S1. */
    void (*nas)(void *ctx, const struct device *d, bool uplink, struct bytes pdu);
    void (*event)(void *ctx, const struct device *d, const struct bindery_ue_event *event);
    void (*told)(void *ctx, unsigned enb, const struct enb_told *told);
    void (*turned)(void *ctx, const struct device *d, enum emulation_turn turn);
    /* A device that came by way of a dIMSI is registered: with NONE it stays so; with MANAGED its
     * file has its operator's own subscription, and it detaches and comes again; with FAILED its
     * attempt has failed, and `why`. May block for a while. */
    enum emulation_turn (*registered)(void *ctx, struct device *d,
                                      char why[static EMULATION_WHY_MAX]);
};

/* ---- its eNBs: those of the first network, then those of each further one ---- */

unsigned emulation_enbs(const struct emulation_config *c);
/* MMEs of this eNB, numbered from 0. */
unsigned emulation_mmes(const struct emulation_config *c, unsigned enb);
struct plmn emulation_plmn(const struct emulation_config *c, unsigned network);
/* In whose cell the device is. */
unsigned emulation_enb_of(const struct emulation_config *c, const struct device *d);
/* False: there is no cell of a network that the policy allows. */
bool emulation_has_network(const struct emulation_config *c);

struct emulation;
/* The population is used until emulation_close, with as many devices as it has now. Errors:
 * E_BAD_VALUE (also: no network that the policy allows), E_MEMORY. */
MUST_USE enum err emulation_open(const struct emulation_config *config,
                                 const struct emulation_host *host, struct population *population,
                                 struct emulation **out);
void emulation_close(struct emulation *e);

/* Associations came up, carried a message, ended. */
void emulation_up(struct emulation *e, unsigned enb, unsigned mme, uint16_t streams);
void emulation_down(struct emulation *e, unsigned enb, unsigned mme);
void emulation_receive(struct emulation *e, unsigned enb, unsigned mme, struct bytes message);

/* A device is to attach, and should have begun at due_ns. While it is busy with the attempt before,
 * one attempt waits for it; a further one fails at once. */
void emulation_attach(struct emulation *e, uint32_t device, uint64_t due_ns);
/* A registered device detaches now. */
void emulation_detach(struct emulation *e, uint32_t device);
/* Data waits for a registered device: SERVICE REQUEST. */
void emulation_service(struct emulation *e, uint32_t device);

void emulation_tick(struct emulation *e);
uint64_t emulation_deadline_ns(const struct emulation *e);

/* Devices with an attempt that has not ended; one that holds for ever has ended its attempt. */
uint32_t emulation_active(const struct emulation *e);
struct tally *emulation_tally(struct emulation *e);
const struct radio_counters *emulation_radio(const struct emulation *e);
/* The sum over all eNBs. */
void emulation_enb_counters(const struct emulation *e, struct enb_counters *out);
const struct enb *emulation_enb(const struct emulation *e, unsigned enb);
/* Octets for each device: client, USIM, timers, connection. */
size_t emulation_device_size(void);

#endif
