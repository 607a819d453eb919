/* nf/hssd/s6a.h - one request of S6a or S13 from octets to answer: what the handlers of the
 * commands share.
 *
 * A call lives on a signalling thread. A handler either writes its answer at once or hands a change
 * to the writer and is called again when that is durable, so no answer ever runs ahead of the
 * store. The handlers carry out; proc/ decides about keys and wire/ translates.
 */
#ifndef BINDERY_NF_HSSD_S6A_H
#define BINDERY_NF_HSSD_S6A_H

#include "nf/hssd/hssd.h"
#include "nf/hssd/proof.h"
#include "nf/hssd/timings.h"
#include "proc/kme.h"
#include "wire/refusal_wire.h"
#include "wire/s6a_aka.h"

struct s6a_call {
    struct hssd *h;
    struct hssd_thread *thread;
    uint64_t conn; /* handle of the connection the request came on */
    struct hssd_peer_state *peer;
    struct store_reader *reader;
    struct eir_reader *eir;
    const struct crypto *crypto;
    uint64_t now_ms; /* monotonic */
    struct diameter_header header;
    struct bytes msg;
    struct diameter_routing routing;
    bool not_offered;     /* the peer's CER did not offer the request's application */
    bool crowded;         /* an answer that comes late would hold up others of the connection */
    struct mbytes out;    /* space for the answer */
    size_t n;             /* octets of it; 0: nothing is to be sent */
    enum refusal refused; /* what the answer says */
    struct hssd_timings *timings; /* the thread's; NULL: nobody counts */
    uint64_t begun_ns;            /* when the request's turn came; 0: not known */
};

enum s6a_outcome {
    S6A_ANSWERED, /* call->out holds n octets */
    S6A_LATER,    /* the writer has it; the answer follows */
};

/* Checks who asks for what (nf/hssd/authorise.h) and calls the handler. */
enum s6a_outcome s6a_serve(struct s6a_call *call);

/* Does it belong to something that was begun? All that does not ask for vectors does, and what asks
 * because the USIM did not accept those it got. Looks at no more than it must. */
bool s6a_is_in_progress(const struct diameter_header *header, struct bytes msg);

/* The handlers, a file each. */
enum s6a_outcome s6a_air_serve(struct s6a_call *call);
enum s6a_outcome s6a_ulr_serve(struct s6a_call *call);
enum s6a_outcome s6a_pur_serve(struct s6a_call *call);
enum s6a_outcome s6a_nor_serve(struct s6a_call *call);

/* ---- for the handlers ---- */

/* Writes the refusal's answer, names it in the log and the events, counts it. */
enum s6a_outcome s6a_refuse(struct s6a_call *call, enum refusal refusal,
                            const struct diameter_fault *fault, const struct imsi *imsi,
                            const struct imei *imei);
/* The refusal for a failed read or write of the store. */
enum refusal s6a_store_refusal(enum err err);
/* The answer is about to be sent: it is counted. */
void s6a_answered(const struct s6a_call *call);
/* Ends a handler whose answer was written with `err` (the codec's). */
enum s6a_outcome s6a_written(struct s6a_call *call, enum err err);
/* The beginning of an answer with Result-Code 2001. */
void s6a_success(const struct s6a_call *call, const struct s6a_request *request,
                 struct s6a_answer *out);

/* What a registration changes of the KME that the device has. */
struct provision_use {
    bool first;    /* the first one under it */
    bool drops;    /* there was a KME before, which goes */
    bool told;     /* it is an event: not where the KME was brought, which nobody waits for */
    int64_t since; /* of the KME */
};

/* What a registration changes of a subscription that was made in the attach procedure. */
struct onboarding_use {
    bool wanted; /* it is to be stored */
    bool first;  /* the subscription was pending */
    struct store_onboarding_key key;
};

/* What a registration changes of a subscription that a first attach with a discovery IMSI gave. */
struct hss_dimsi_use {
    bool given;        /* who registers it was given vectors of it: else it is no news */
    bool wanted;       /* it is to be stored: */
    bool first;        /* the first one with the temporary IMSI; */
    bool operators;    /* the first one with the operator's own */
    struct imsi dimsi; /* whose */
    bool done;         /* and with that the temporary subscription ended: */
    struct imsi ended;
    struct store_serving serving; /* of that */
};

/* A change that must be durable before its answer. Owns a copy of the request. */
struct s6a_later {
    struct writer_job job;
    struct hssd *h;
    struct hssd_thread *thread;
    uint64_t conn;
    struct hssd_peer_state *peer;
    uint64_t begun_ns; /* of the call */
    /* On the signalling thread after the commit, with job.result; call->msg is the copy. */
    enum s6a_outcome (*finish)(struct s6a_call *call, struct s6a_later *later);
    struct imsi imsi;
    bool has_imei;
    struct imei imei;
    struct store_serving serving; /* now */
    struct store_serving before;
    uint64_t version; /* of the row that was looked at; the change is for no other */
    uint64_t glc;
    uint64_t sqn_ms;
    enum binding_auts_under under;
    bool moved; /* DIF did */
    uint32_t count;
    bool raised; /* the change reached a threshold */
    /* ULR: what was decided of the device's proof, and again when it is written. */
    struct proof_registration proof;
    struct proof_decision proven;
    bool registers;  /* the serving node changes */
    bool takes_data; /* and gets the subscription in the answer */
    /* ULR: the first registration under this KME of the device; what nf/hssd/provision.h says. */
    struct provision_use use;
    struct onboarding_use onboarding;
    struct hss_dimsi_use dimsi;
    bool offered; /* AIR: a nonce was stored */
    enum kme_due due;
    size_t len;
    uint8_t msg[];
};
/* An empty change for this call, or NULL without memory. */
struct s6a_later *s6a_later_of(const struct s6a_call *call, const struct imsi *imsi);
/* Hands it to the writer; answers TOO_BUSY when that is full. Takes ownership. */
enum s6a_outcome s6a_defer(struct s6a_call *call, struct s6a_later *later,
                           enum err (*run)(struct store_writer *w, struct writer_job *job),
                           enum s6a_outcome (*finish)(struct s6a_call *call,
                                                      struct s6a_later *later));

/* ---- what a signalling thread gives (nf/hssd/thread.c) ---- */

/* Runs fn(arg) on that thread, soon; when the thread has ended, on the caller's, at once. From any
 * thread. False: too much waits there already. */
MUST_USE bool hssd_thread_post(struct hssd_thread *thread, void (*fn)(void *arg), void *arg);
/* It runs no more. */
bool hssd_thread_has_ended(const struct hssd_thread *thread);
/* A call on that thread with its reader, crypto and space, for an answer that comes later; what it
 * reads is not older than the call. hssd_thread_call_end when done. */
struct s6a_call hssd_thread_call(struct hssd_thread *thread, uint64_t conn);
void hssd_thread_call_end(struct hssd_thread *thread);
/* Sends the answer, or with an empty one lets the request go unanswered. Harmless when the
 * connection is gone: its requests died with it. */
void hssd_thread_send(struct hssd_thread *thread, uint64_t conn, struct bytes msg);
/* Sends a request of ours; false when the connection is gone or full. The answer is only counted: a
 * node that refuses CLR has nothing more to be told. */
/* For a request that is answered late (S6A_LATER) and shortly: so many more of them may wait on one
 * connection (node_owes_short). Then hssd_thread_send_short has to answer it. */
void hssd_thread_will_send_short(struct hssd_thread *thread, uint64_t conn);
void hssd_thread_send_short(struct hssd_thread *thread, uint64_t conn, struct bytes msg);
bool hssd_thread_request(struct hssd_thread *thread, uint64_t conn, struct mbytes msg);
/* The same, of nf/hssd/push.h: push_answered gets the answer, or an empty one, with the cookie,
 * which is not 0. */
bool hssd_thread_ask(struct hssd_thread *thread, uint64_t conn, struct mbytes msg, uint64_t cookie);

#endif
