/* nf/hssd/admit.h - whether a peer that sent its CER may be in: identity, realm, transport,
 * address, certificate, number of connections. Every refusal becomes the event "peer-refused".
 */
#ifndef BINDERY_NF_HSSD_ADMIT_H
#define BINDERY_NF_HSSD_ADMIT_H

#include "nf/common/node.h"
#include "nf/hssd/hssd.h"

/* On REFUSAL_NONE *out is the peer, with this connection counted in; hssd_leave counts it out.
 * Refusals: PEER_UNKNOWN, PEER_REALM, PEER_ADDRESS, PEER_CERTIFICATE, PEER_LIMIT,
 * PEER_NO_COMMON_APPLICATION. */
MUST_USE enum refusal hssd_admit(struct hssd *h, const struct node_cer *cer,
                                 struct hssd_peer_state **out);
void hssd_leave(struct hssd_peer_state *peer);
/* May a connection that was let in stay, by what is configured now? How many there may be counts
 * for new ones only. */
bool hssd_may_stay(const struct hssd_peer_state *peer, const struct node_cer *cer);
/* Before anything is read: could a connection from here be any configured peer's? */
bool hssd_address_may_be_a_peer(const struct hssd_config *config, const struct address *remote);

#endif
