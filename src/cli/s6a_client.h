/* cli/s6a_client.h - one connection to an HSS as an MME has it: TCP or TLS, CER/CEA, requests with
 * their answers one at a time, DPR/DPA.
 *
 * Blocking, with a deadline on everything; watchdogs and location cancellations that come between
 * are answered. What goes over it can be traced, with secrets zeroed unless asked otherwise. Each
 * failure leaves its sentence in the client.
 */
#ifndef BINDERY_CLI_S6A_CLIENT_H
#define BINDERY_CLI_S6A_CLIENT_H

#include "codec/s6a.h"
#include "id/imsi.h"
#include "net/address.h"
#include "net/tls.h"
#include "trace/pcapng.h"

#define S6A_CLIENT_BUFFER 65536
#define S6A_CLIENT_HOST   256

struct s6a_client_options {
    struct address address;
    struct tls_files tls; /* for tls:// */
    const char *host;     /* Origin-Host */
    const char *realm;    /* Origin-Realm */
    uint32_t own_vendor;
    const char *trace; /* a pcapng to write, or NULL */
    bool trace_secrets;
    int timeout_ms; /* for each wait */
};
struct s6a_client {
    struct s6a_client_options options;
    int fd;
    struct tls_context *tls_context;
    struct tls *tls;
    struct pcapng_writer *trace;
    struct pcapng_end self, peer;
    uint32_t hop_by_hop, end_to_end;
    uint32_t session;
    unsigned cancelled; /* CLRs that came */
    char peer_host[S6A_CLIENT_HOST];
    char peer_realm[S6A_CLIENT_HOST];
    char why[512];
    uint8_t in[S6A_CLIENT_BUFFER];
    size_t in_n;
    uint8_t message[S6A_CLIENT_BUFFER]; /* the answer that was returned last */
    uint8_t out[S6A_CLIENT_BUFFER];     /* for s6a_client_ask's caller to write its request */
};

/* Connects and exchanges capabilities. Errors: E_IO (not reached), E_DENIED (certificates, or the
 * CEA refuses us), E_CLOSED (closed without a word), E_AGAIN (nothing came in time), E_BAD_VALUE
 * (what came is not Diameter), E_MEMORY. c->why says it for a person. */
MUST_USE enum err s6a_client_open(struct s6a_client *c, const struct s6a_client_options *options);
/* With DPR if the connection lives; wipes what went through. */
void s6a_client_close(struct s6a_client *c);

/* Fills what our requests share: identifiers, a Session-Id written to `session`, origin and
 * destination. */
void s6a_client_begin(struct s6a_client *c, struct s6a_request *r, const struct imsi *imsi,
                      char session[static S6A_CLIENT_HOST + 32]);
/* Sends the request of n octets in c->out and waits for its answer, which lies in c->message until
 * the next call. Errors: as above. */
MUST_USE enum err s6a_client_ask(struct s6a_client *c, size_t n, struct bytes *answer);

#endif
