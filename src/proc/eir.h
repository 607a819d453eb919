/* proc/eir.h - the equipment identity register's decision: rules on three lists and an IMEI give a
 * verdict (TS 22.016, TS 29.272 6.2.1).
 *
 * A rule covers one IMEI, a range or a TAC, and stands on one list. Of the rules that cover an IMEI
 * the one that covers the fewest IMEIs decides; between rules of the same width black goes before
 * grey, and grey before white; between those that are still equal, the one that begins lower (which
 * changes no verdict, only which rule is named). The rules are flattened once into a table of
 * disjoint stretches, so that a look-up (proc/eir_index.h)
 * costs the same however many rules there are. Pure: no I/O, no allocation, no clock;
 * the caller brings the memory.
 */
#ifndef BINDERY_PROC_EIR_H
#define BINDERY_PROC_EIR_H

#include "id/imei_range.h"
#include "proc/binding.h"
#include "proc/eir_index.h"

enum eir_list { EIR_NO_LIST = 0, EIR_WHITE = 1, EIR_GREY = 2, EIR_BLACK = 3 };
const char *eir_list_name(enum eir_list list); /* "none", "white", "grey", "black" */
/* Errors: E_BAD_VALUE ("none" is no list that a rule can stand on). */
MUST_USE enum err eir_list_parse(struct bytes ascii, enum eir_list *out);

/* ---- rules into a table ---- */

struct eir_rule {
    struct imei_range range;
    enum eir_list list;
};
#define EIR_NO_RULE       UINT32_MAX
#define EIR_EDGES_OF(n)   (2 * (n) + 1) /* room for the edges of n rules */
#define EIR_RULES_AT_MOST 0x7ffffffeu

/* From edge i to edge i + 1 one rule decides, or none. */
struct eir_table {
    uint64_t *edge; /* EIR_EDGES_OF(n_rules): number of the first IMEI * 4 + list, ascending */
    uint32_t *rule; /* as many: the deciding rule's place, or EIR_NO_RULE */
    size_t n_edges;
    struct eir_index index; /* zeros: look-ups bisect */
};
/* rules ascend by first, then last, then list, and none is there twice; `heap` has room for n
 * places. table->edge and ->rule are the caller's memory, and the index
 * is one for him to build afterwards. Errors: E_BAD_VALUE (rules not so,
 * or one that is none), E_NO_ROOM (more than EIR_RULES_AT_MOST). */
MUST_USE enum err eir_table_build(const struct eir_rule *rules, size_t n, uint32_t *heap,
                                  struct eir_table *table);
/* The deciding rule's list; *rule (if not NULL) its place, or EIR_NO_RULE. */
enum eir_list eir_table_find(const struct eir_table *table, uint64_t imei, uint32_t *rule);

/* ---- the verdict ---- */

/* What equipment that is on no list gets. */
enum eir_unknown { EIR_UNKNOWN_REFUSE, EIR_UNKNOWN_ALLOW, EIR_UNKNOWN_GREY };
/* What a bound subscription gets in equipment that is not among its devices. OFF: nobody looks.
 * REPORT: only an event. */
enum eir_pairing { EIR_PAIRING_OFF, EIR_PAIRING_REPORT, EIR_PAIRING_GREY, EIR_PAIRING_BLACK };
struct eir_policy {
    enum eir_unknown unknown;
    enum eir_pairing pairing;
};
/* What the subscription says, if the request named one that is ours. */
struct eir_subscription {
    bool known;
    enum binding_policy policy;
    bool device_listed; /* this IMEI is among the devices of the subscription */
    bool has_last_imei;
    struct imei last_imei;
};
enum eir_status { /* from mild to severe */
                  EIR_WHITELISTED,
                  EIR_GREYLISTED,
                  EIR_UNKNOWN_EQUIPMENT,
                  EIR_BLACKLISTED
};
struct eir_verdict {
    enum eir_status status;
    bool not_paired; /* bound, and not in one of its devices */
    bool changed;    /* not the IMEI of the last registration */
    bool by_pairing; /* the lists alone would have been milder */
};
/* The severer of what the lists say and what pairing says; pairing never makes anything milder. */
struct eir_verdict eir_decide(const struct eir_policy *policy, enum eir_list list,
                              const struct imei *imei, const struct eir_subscription *subscription);
const char *eir_status_name(enum eir_status s); /* "whitelisted", ..., "unknown" */

#endif
