/* nf/hssd/admin_eir.h - the EIR's part of the administration interface (docs/admin-api.md): rules
 * on the lists, one or many, and what an equipment check would say.
 *
 * All on the control thread but the writer's job. A request's rules are one
 * job: it is bounded by the rows of a request, and no rule costs more than a few row writes.
 */
#ifndef BINDERY_NF_HSSD_ADMIN_EIR_H
#define BINDERY_NF_HSSD_ADMIN_EIR_H

#include "nf/hssd/admin_request.h"

struct admin_eir_item {
    /* in */
    bool remove;
    bool keeps_note; /* import: its row has none, and a rule that is there keeps its own */
    struct store_eir_rule rule;
    unsigned number; /* import: the row's; its fault may be set already, then it is passed over */
    /* out */
    struct admin_fault fault;
    enum store_did did;
};

/* The handlers. */
void admin_eir_state(struct admin_request *r);
void admin_eir_list(struct admin_request *r);
void admin_eir_get(struct admin_request *r);
void admin_eir_check(struct admin_request *r);
void admin_eir_put(struct admin_request *r);
void admin_eir_delete(struct admin_request *r);
void admin_eir_import(struct admin_request *r);

void admin_eir_free(struct admin_request *r);

/* {"rule":"35693803","list":"black","note":"..."}; NULL without memory. */
json_t *admin_eir_view(const struct store_eir_rule *rule);
/* The status answer's and GET /v1/eir's member on what is in force. */
json_t *admin_eir_in_force(struct hssd *h);
/* A rule as a row of an import has it. */
MUST_USE bool admin_eir_parse(const json_t *json, struct store_eir_rule *out,
                              struct admin_fault *fault);

#endif
