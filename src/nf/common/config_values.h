/* nf/common/config_values.h - values of the configuration: text into numbers, choices, identities
 * and paths, each with the sentence that says what is wrong with it.
 *
 * A checker's error is sticky: the first fault is kept with its place, and everything after it
 * yields zero, NULL or the default. So a section is checked straight down and asked once.
 */
#ifndef BINDERY_NF_COMMON_CONFIG_VALUES_H
#define BINDERY_NF_COMMON_CONFIG_VALUES_H

#include "id/plmn.h"
#include "net/address.h"
#include "nf/common/config_places.h"
#include "nf/common/log.h"

#define CHECK_VENDOR_DEFAULT 32473

/* What a value is held against, for whoever makes a reference of it (docs/reference). With a
 * listener, faults of values are not kept, so that all of a file is gone through: the outcome is
 * none that anybody may serve by. */
struct check_rule {
    const char *key;       /* "peers[0].connections" */
    const char *kind;      /* "number", "choice", "path" */
    uint64_t least, most;  /* of a number */
    const char *otherwise; /* the default; NULL: none, or it is worked out */
    const char *choices;   /* "open, learn"; NULL: not of a few */
};
struct check_record {
    void (*fn)(void *ctx, const struct check_rule *rule);
    void *ctx;
};

struct checker {
    const struct config_places *places;
    struct config_why *why;
    const struct check_record *record; /* hears of every value that is checked, or NULL */
    char folder[1024];                 /* of the file, with its slash; relative paths begin here */
    char section[160];                 /* "peers[1]." or "": what a key's path begins with */
    enum err err;
};
void check_section(struct checker *k, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Keeps the fault if it is the first. */
void check_wrong(struct checker *k, const char *key, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Tells k->record; rule->key is without the section. */
void check_heard(struct checker *k, struct check_rule rule);
void *check_alloc(struct checker *k, size_t n, size_t size); /* zeroed; NULL when n is 0 */

struct check_range {
    uint64_t least, most, otherwise; /* otherwise: the default */
};
/* Decimal digits without leading zeros. */
uint64_t check_number(struct checker *k, const char *key, const char *text,
                      struct check_range range);
/* "true" or "false". */
bool check_bool(struct checker *k, const char *key, const char *text, bool otherwise);
/* Index into names. */
unsigned check_choice(struct checker *k, const char *key, const char *text,
                      const char *const *names, unsigned n, unsigned otherwise);
/* Must be there and not be empty; a copy. */
char *check_text(struct checker *k, const char *key, const char *text);
char *check_identity(struct checker *k, const char *key, const char *text); /* DiameterIdentity */
char *check_path(struct checker *k, const char *key, const char *text);
/* Bits per second: digits, or digits and bps, kbps, Mbps or Gbps. */
uint32_t check_rate(struct checker *k, const char *key, const char *text);
/* A list without duplicates, each a DiameterIdentity. */
char **check_identities(struct checker *k, const char *key, char *const *texts, size_t n);
struct plmn *check_plmns(struct checker *k, const char *key, char *const *texts, size_t n);

/* IP addresses without ports, each once. *n of them; what is half made is freed with the list. */
struct address *check_addresses(struct checker *k, const char *key, char *const *texts, size_t n);
unsigned check_bounded(struct checker *k, const char *key, const char *text, unsigned least,
                       unsigned most, unsigned otherwise);
/* A path that a Unix socket can have. */
char *check_socket(struct checker *k, const char *key, const char *text);
/* The vendor of our own AVPs. */
uint32_t check_vendor(struct checker *k, const char *key, const char *text);
enum log_level check_log_level(struct checker *k, const char *key, const char *text);

/* certificate, key and ca of one end of TLS: all there, readable, and no certificate of the
 * generated demo PKI beyond loopback. The paths are the caller's to free. */
struct check_tls {
    char *certificate, *key, *ca;
};
struct check_tls check_tls_files(struct checker *k, const char *certificate, const char *key,
                                 const char *ca, bool loopback);

/* The folder of a file, with its slash: where its relative paths begin. */
void check_folder(struct checker *k, const char *path);

#endif
