/* test/live/raw_link.h - a Diameter connection for tests that do not behave: whole messages or any
 * octets, over TCP or TLS, each wait bounded. And the subscribers such a test knows the keys of.
 *
 * TLS is OpenSSL itself and not net/tls.h: a client without a certificate is one that our own code
 * refuses to be.
 */
#ifndef BINDERY_TEST_LIVE_RAW_LINK_H
#define BINDERY_TEST_LIVE_RAW_LINK_H

#include "codec/s6a.h"
#include "crypto/openssl.h"
#include "proc/binding.h"

#define RAW_WAIT_SECONDS 60 /* longer than any timer of the configurations used */
#define RAW_MESSAGE_MAX  20480
#define RAW_OWN_VENDOR   32473U

/* Where the HSS is, and the folder with pki/, from the command line. */
struct raw_place {
    const char *work;
    const char *realm;
    uint16_t tcp;
    uint16_t tls;
    int pid;
};
void raw_host(const struct raw_place *at, const char *name, char out[static 256]);

struct raw_link {
    const struct raw_place *at;
    char host[256]; /* our Origin-Host */
    int fd;
    void *tls; /* SSL, or NULL */
    void *tls_context;
    uint32_t next; /* identifiers */
    uint8_t in[65536];
    size_t in_n;
    size_t given; /* octets of the message handed out last */
    uint8_t out[RAW_MESSAGE_MAX];
};

enum raw_got { RAW_MESSAGE, RAW_END, RAW_NOTHING };

/* Connects; `name` ("mme-a") becomes the Origin-Host. Over TLS with the certificate pki/<cert>.pem
 * and the key beside it, without one when cert is "". False: not connected, or the handshake
 * failed. small: a receive buffer that fills at once. */
bool raw_open(struct raw_link *l, const struct raw_place *at, const char *name);
bool raw_open_small(struct raw_link *l, const struct raw_place *at, const char *name);
bool raw_open_tls(struct raw_link *l, const struct raw_place *at, const char *name,
                  const char *cert);
/* Connects and is let in. Tries again, for as long as RAW_WAIT_SECONDS: this process may have been
 * held up for longer than the HSS waits for a CER, and the HSS may not have seen yet that a
 * connection of before has ended, and refuse one more. small as above. */
bool raw_enter(struct raw_link *l, const struct raw_place *at, const char *name);
bool raw_enter_small(struct raw_link *l, const struct raw_place *at, const char *name);
/* The same with capabilities of one's own. */
bool raw_enter_as(struct raw_link *l, const struct raw_place *at, const char *name,
                  uint32_t (*capabilities)(struct raw_link *l));
void raw_close(struct raw_link *l);
void raw_reset(struct raw_link *l); /* RST */

bool raw_send(struct raw_link *l, struct bytes octets);
/* The next message; one that was handed out is gone then. RAW_END: closed or reset. */
enum raw_got raw_receive(struct raw_link *l, struct bytes *msg);
/* Nothing more but, perhaps, messages: true when the HSS closes the connection. */
bool raw_is_closed(struct raw_link *l);

/* Fills what every request of this connection has. `session` is the caller's memory. */
void raw_begin(struct raw_link *l, struct s6a_request *r, const char *imsi,
               char session[static 300]);
/* Sends n octets of l->out and waits for the answer to them; requests in between are answered. */
bool raw_ask(struct raw_link *l, size_t n, struct bytes *answer);
/* Result-Code, or Experimental-Result-Code; 0 when there is none. */
uint32_t raw_result(struct bytes answer);

/* CER in l->out, as `name` of `realm`. */
size_t raw_cer(struct raw_link *l, const char *host, const char *realm);
/* Sends it and gives the CEA's result; 0: none came. */
uint32_t raw_capabilities(struct raw_link *l);

struct raw_air {
    const char *imsi;
    const char *origin;      /* NULL: our own */
    const char *served_imei; /* NULL: none */
    const uint8_t *plmn;     /* NULL: 001-01 */
    const uint8_t *resync;   /* NULL, or 30 octets */
    unsigned vectors;
};
size_t raw_air(struct raw_link *l, const struct raw_air *ask);
/* Asks and takes the first vectors apart. The result code, 0 when no answer came. */
struct raw_vector {
    uint8_t rand[16];
    uint8_t autn[16];
    uint8_t xres[16];
    size_t xres_n;
};
uint32_t raw_authenticate(struct raw_link *l, const struct raw_air *ask,
                          struct raw_vector out[static S6A_VECTORS_MAX], size_t *n);

/* ---- subscribers ---- */

struct raw_subscriber {
    char imsi[16];
    char imei[16]; /* empty: no device */
    struct aka_keys keys;
    struct key_kme kme;
};
/* Lines 'imsi k opc msisdn imei kme' of <work>/<file>, '-' where there is none. */
size_t raw_subscribers(const struct raw_place *at, const char *file, struct raw_subscriber *out,
                       size_t max);
/* The SQN in a vector if its MAC-A holds under these keys; kme NULL: RAND as it is. */
bool raw_sqn(const struct crypto *c, const struct aka_keys *keys, const struct key_kme *kme,
             const struct raw_vector *v, uint64_t *sqn);
/* Re-Synchronization-Info with an honest AUTS that says sqn_ms for the RAND that was received. */
bool raw_auts(const struct crypto *c, const struct aka_keys *keys, const struct rand128 *plain,
              const uint8_t received[static 16], uint64_t sqn_ms, uint8_t out[static 30]);

/* ---- test lines ---- */

/* "ok - sentence" or "not ok - sentence"; yields what was handed in. */
bool raw_says(bool held, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool raw_same(uint32_t expected, uint32_t got, const char *sentence);
extern int raw_failures;

#endif
