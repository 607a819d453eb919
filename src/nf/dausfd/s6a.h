/* nf/dausfd/s6a.h - one request of S6a at the discovery AUSF, from octets to answer
 * (TS 29.272 5.2).
 *
 * A call lives on the signalling thread and never waits: it reads, and what it writes is a count in
 * memory. An entry's challenge answers every request for vectors of its dIMSI, whatever number of
 * them is asked for, and again after a resynchronisation: the device has no sequence number there.
 * Where there is none the answer is 4181; an update of location gets 5012, a purge and a
 * notification are refused as by a node that serves nobody. Nothing here is ever said that would
 * lock a device out (5001, 5004, 5420), so who guesses dIMSIs learns only that one is offered now.
 */
#ifndef BINDERY_NF_DAUSFD_S6A_H
#define BINDERY_NF_DAUSFD_S6A_H

#include "codec/diameter.h"
#include "crypto/crypto.h"
#include "nf/dausfd/dausfd.h"

#define DAUSFD_ANSWER_MAX 8192u /* octets; Proxy-Info of the request is in it */

struct dausfd_call {
    struct dausfd *d;
    struct dausfd_peer_state *peer;
    struct discovery_reader *reader;
    const struct crypto *crypto;
    struct diameter_header header;
    struct bytes msg;
    bool not_offered; /* the peer's CER did not offer the request's application */
    /* The rest is made here. */
    struct diameter_routing routing;
    struct mbytes out; /* space for the answer, which is secret */
    size_t n;          /* octets of it; 0: nothing is to be sent */
};
void dausfd_serve(struct dausfd_call *call);
/* More comes than can be done: TOO_BUSY, without a look at what it asks for. */
void dausfd_turn_away(struct dausfd_call *call);

#endif
