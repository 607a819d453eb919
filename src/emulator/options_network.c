/* What is said of networks: cells, their MMEs, and which of them devices use. */
#include "emulator/options_parts.h"
#include <string.h>

#define ENB_ID_DEFAULT 0xb1d

static bool plan_mmes(const struct ue_options *o, struct run_plan *p)
{
    const unsigned n = o->mmes > 0 ? o->mmes : 1;
    p->emulation.enb.mmes = n;
    for (unsigned i = 0; i < n; i++) {
        const char *text = o->mmes > 0 ? o->mme[i] : OPTIONS_MME;
        if (address_parse_s1(text, &p->mme[i]) != E_OK || p->mme[i].port == 0) {
            options_error("--mme '%s' is no address: write sctp://192.0.2.1:36412, "
                          "sctp-udp://192.0.2.1:36412?udp=9899 or " OPTIONS_MME,
                          text);
            return false;
        }
    }
    return true;
}

/* "MCC-MNC=ADDRESS": the cells of a further network, and its MME. */
static bool plan_network(const char *text, struct emulation_config *e, struct address *mme)
{
    const char *equals = strchr(text, '=');
    const struct bytes name = {(const uint8_t *)text, equals != NULL ? (size_t)(equals - text) : 0};
    struct plmn plmn;
    if (equals == NULL || plmn_parse(name, &plmn) != E_OK ||
        address_parse_s1(equals + 1, mme) != E_OK || mme->port == 0) {
        options_error("--enb '%s' is no network with its MME: write it like "
                      "999-70=s1-tcp://127.0.0.1:36413",
                      text);
        return false;
    }
    for (unsigned i = 0; i <= e->further; i++) {
        const struct plmn other = emulation_plmn(e, i);
        if (plmn_eq(&plmn, &other)) {
            options_error("--enb '%s': that network has its cells already", text);
            return false;
        }
    }
    e->network[e->further++] = plmn;
    return true;
}

static bool plan_networks(const struct ue_options *o, struct run_plan *p)
{
    for (unsigned i = 0; i < o->enbs; i++) {
        if (!plan_network(o->enb[i], &p->emulation, &p->mme[p->emulation.enb.mmes + i])) {
            return false;
        }
    }
    return true;
}

static bool add_to_policy(struct emulation_config *e, const struct plmn *plmn)
{
    if (e->policy_n == EMULATION_POLICY_MAX) {
        return false;
    }
    plmn_to_octets(plmn, e->policy[e->policy_n++]);
    return true;
}

/* "001-01,999-70", or what the state file says. */
static bool plan_policy(const struct ue_options *o, const struct population *p,
                        struct emulation_config *e)
{
    const struct device_onboarding *own = &p->state.onboarding;
    const char *list = options_text(o, OPT_NETWORKS), *text = list;
    for (size_t i = 0; list == NULL && p->path != NULL && i < own->n_networks; i++) {
        (void)add_to_policy(e, &own->network[i]);
    }
    while (text != NULL && *text != '\0') {
        const size_t n = strcspn(text, ",");
        struct plmn plmn;
        if (plmn_parse((struct bytes){(const uint8_t *)text, n}, &plmn) != E_OK ||
            !add_to_policy(e, &plmn)) {
            options_error("--networks '%s' is not like 001-01,999-70: at most %d, the best one "
                          "first",
                          list, EMULATION_POLICY_MAX);
            return false;
        }
        text += n + (text[n] == ',');
    }
    if (!emulation_has_network(e)) {
        options_error(
            "none of the networks that the device may use has a cell: give it with --plmn "
            "and --mme, or with --enb");
        return false;
    }
    return true;
}

static bool plan_enb(const struct ue_options *o, struct run_plan *p)
{
    struct enb_config *e = &p->emulation.enb;
    const char *plmn = options_text(o, OPT_PLMN), *name = options_text(o, OPT_ENB_NAME);
    uint64_t tac = 1, id = ENB_ID_DEFAULT, enbs = 1;
    plmn = plmn != NULL ? plmn : OPTIONS_PLMN;
    if (plmn_parse(bytes_of_str(plmn), &e->plmns[0]) != E_OK) {
        options_error("--plmn '%s' is no PLMN: write it like 001-01", plmn);
        return false;
    }
    if (!options_number(o, OPT_TAC, "tac", 0, UINT16_MAX, &tac) ||
        !options_number(o, OPT_ENBS, "enbs", 1, EMULATION_ENBS_MAX / (1 + o->enbs), &enbs) ||
        !options_number(o, OPT_ENB_ID, "enb-id", 0, (1U << 20) - enbs * (1 + o->enbs), &id)) {
        return false;
    }
    if (name != NULL && (strlen(name) == 0 || strlen(name) > 20)) {
        options_error("--enb-name has 1 to 20 characters");
        return false;
    }
    e->n_plmns = 1;
    e->id = (uint32_t)id;
    e->tac = (uint16_t)tac;
    e->paging_drx = S1AP_PAGING_DRX_V128;
    e->transport[0] = 127;
    e->transport[3] = 1;
    e->reroute = options_flag(o, FLAG_REROUTE);
    (void)snprintf(e->name, sizeof e->name, "%s", name != NULL ? name : "bindery-ue");
    p->emulation.enbs = (unsigned)enbs;
    return plan_mmes(o, p) && plan_networks(o, p);
}

bool options_network(const struct ue_options *o, const struct population *devices,
                     struct run_plan *plan)
{
    return plan_enb(o, plan) && plan_policy(o, devices, &plan->emulation);
}
