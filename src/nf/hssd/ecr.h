/* nf/hssd/ecr.h - ME-Identity-Check-Request (TS 29.272 6.2.1): may this equipment be used?
 *
 * The lists are looked up in memory; a request that names one of our subscriptions costs one read
 * of the store, unless the configuration says that nobody looks. Nothing is written but events.
 */
#ifndef BINDERY_NF_HSSD_ECR_H
#define BINDERY_NF_HSSD_ECR_H

#include "nf/hssd/s6a.h"

enum s6a_outcome s13_ecr_serve(struct s6a_call *call);
/* What an ECR with this IMEI and IMSI (NULL: none) is answered: the control thread's `check` asks
 * the same. rule is as in eir_reader_find. Errors: those of the store's read. */
MUST_USE enum err ecr_verdict(const struct hssd_config *config, struct eir_reader *lists,
                              struct store_reader *store, const struct imei *imei,
                              const struct imsi *imsi, struct eir_rule *rule, enum eir_list *list,
                              struct eir_verdict *out);

#endif
