/* nf/common/peer_rules.h - which Diameter peer may connect, whose requests it may carry, and for
 * which PLMN it may ask: the same for every server of S6a here.
 *
 * Pure decisions over what the configuration says of a peer: an end speaks for itself, an agent for
 * the origins that are listed with it, and Route-Record must agree. Nothing is allowed that is not
 * configured. How peers are kept, found and counted, and which commands they may send, is their
 * server's.
 */
#ifndef BINDERY_NF_COMMON_PEER_RULES_H
#define BINDERY_NF_COMMON_PEER_RULES_H

#include "base/refusal.h"
#include "codec/diameter.h"
#include "id/plmn.h"
#include "nf/common/node.h"

struct peer_rules { /* what one peer may do; all of it is the configuration's */
    const char *origin_host, *realm;
    bool agent;                      /* else an end */
    char *const *origins;            /* an agent may carry; none: any host below its realms */
    char *const *realms;             /* an agent may carry */
    const struct plmn *plmns;        /* Visited-PLMN-Ids it may name */
    const struct address *addresses; /* only the IP counts. None: any over TLS, else loopback */
    size_t n_origins, n_realms, n_plmns, n_addresses;
    bool on_tcp, on_tls, on_sctp; /* which transports it may use */
};
struct peer_rules_self { /* who is asked */
    const char *origin_host, *origin_realm;
    const struct plmn *plmns; /* their realms are its own too */
    size_t n_plmns;
    /* Is an end of this name configured? */
    bool (*has_end)(const void *config, struct bytes host);
    const void *config;
};

/* May it come from there? */
bool peer_rules_address(const struct peer_rules *p, const struct address *remote);
/* May it in by what its CER says? Its Origin-Host is known to be the peer's. Refusals: PEER_REALM,
 * PEER_ADDRESS, PEER_CERTIFICATE, PEER_NO_COMMON_APPLICATION. */
MUST_USE enum refusal peer_rules_admit(const struct peer_rules *p, const struct node_cer *cer);
/* May an agent carry this host? */
bool peer_rules_carries(const struct peer_rules *agent, struct bytes host);
/* May the requester of this message, coming over the peer's connection, ask here at all? Looks at
 * Destination-Realm and -Host, Origin-Host and -Realm, and Route-Record. Refusals: NOT_OURS,
 * NOT_THIS_HOST, LOOP, ORIGIN_NOT_ALLOWED. */
MUST_USE enum refusal peer_rules_request(const struct peer_rules_self *self,
                                         const struct peer_rules *peer, struct bytes msg,
                                         const struct diameter_routing *routing);
/* May it ask in the name of this Visited-PLMN-Id? Refusal: VISITED_PLMN_NOT_ALLOWED. */
MUST_USE enum refusal peer_rules_visited(const struct peer_rules *p,
                                         const uint8_t visited_plmn_id[static PLMN_LEN]);

#endif
