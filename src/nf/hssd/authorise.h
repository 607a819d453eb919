/* nf/hssd/authorise.h - who may carry whose requests, which commands a role may send, who may ask
 * for which PLMN.
 *
 * Pure decisions over the configuration: those of nf/common/peer_rules.h, and the HSS's own.
 */
#ifndef BINDERY_NF_HSSD_AUTHORISE_H
#define BINDERY_NF_HSSD_AUTHORISE_H

#include "base/refusal.h"
#include "codec/diameter.h"
#include "nf/common/peer_rules.h"
#include "nf/hssd/config.h"

/* What the configuration says of a peer, as the rules of all servers read it. */
struct peer_rules hssd_peer_rules(const struct hssd_peer *p);
/* May the requester of this message, coming over the connection of `peer`, ask this HSS at all?
 * Looks at Destination-Realm and -Host, Origin-Host and -Realm, Route-Record and the role.
 * Refusals: NOT_OURS, NOT_THIS_HOST, LOOP, ORIGIN_NOT_ALLOWED, COMMAND_NOT_ALLOWED. */
MUST_USE enum refusal request_allowed(const struct hssd_config *config,
                                      const struct hssd_peer *peer,
                                      const struct diameter_header *header, struct bytes msg,
                                      const struct diameter_routing *routing);
/* May an agent carry this host: one of its list, or without a list one below its realms? */
bool agent_carries(const struct hssd_peer *agent, struct bytes host);
/* May the peer ask in the name of this Visited-PLMN-Id? Refusal: VISITED_PLMN_NOT_ALLOWED. */
MUST_USE enum refusal visited_allowed(const struct hssd_peer *peer,
                                      const uint8_t visited_plmn_id[static PLMN_LEN]);

#endif
