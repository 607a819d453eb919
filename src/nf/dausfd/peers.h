/* nf/dausfd/peers.h - who may connect, who may carry whose requests, who may ask for which PLMN:
 * the rules of nf/common/peer_rules.h over the configuration.
 */
#ifndef BINDERY_NF_DAUSFD_PEERS_H
#define BINDERY_NF_DAUSFD_PEERS_H

#include "base/refusal.h"
#include "codec/diameter.h"
#include "nf/common/node.h"
#include "nf/dausfd/config.h"

/* Can a connection from there be one of a peer's? Looked at before its first octet. */
bool peers_may_come(const struct dausfd_config *config, const struct address *remote);
/* May it in by what its CER says? *out when it may. Refusals: PEER_UNKNOWN, PEER_REALM,
 * PEER_ADDRESS, PEER_CERTIFICATE, PEER_NO_COMMON_APPLICATION. */
MUST_USE enum refusal peers_admit(const struct dausfd_config *config, const struct node_cer *cer,
                                  const struct dausfd_peer **out);
/* May the requester of this message, coming over the connection of `peer`, ask here at all? Looks
 * at Destination-Realm and -Host, Origin-Host and -Realm, and Route-Record. Refusals: NOT_OURS,
 * NOT_THIS_HOST, LOOP, ORIGIN_NOT_ALLOWED. */
MUST_USE enum refusal peers_request_allowed(const struct dausfd_config *config,
                                            const struct dausfd_peer *peer, struct bytes msg,
                                            const struct diameter_routing *routing);
/* May the peer ask in the name of this Visited-PLMN-Id? Refusal: VISITED_PLMN_NOT_ALLOWED. */
MUST_USE enum refusal peers_visited_allowed(const struct dausfd_peer *peer,
                                            const uint8_t visited_plmn_id[static PLMN_LEN]);

#endif
