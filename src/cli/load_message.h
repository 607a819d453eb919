/* cli/load_message.h - requests encoded once per connection, of which every request is a copy with
 * its identifiers, IMSI and AUTS written over; and the messages that open and close a connection.
 */
#ifndef BINDERY_CLI_LOAD_MESSAGE_H
#define BINDERY_CLI_LOAD_MESSAGE_H

#include "cli/load_mix.h"
#include "codec/s6a.h"

#define LOAD_MESSAGE_MAX 2048
#define LOAD_HOST_MAX    256

/* Who sends, to whom, and what all requests of a connection have in common. */
struct load_names {
    const char *host, *realm;
    const char *destination_host; /* NULL: none, an agent decides */
    const char *destination_realm;
    const char *session; /* between Origin-Host and the counter; differs between runs */
    uint8_t plmn[3];
    uint32_t vectors;
    uint32_t own_vendor;
    unsigned imsi_digits;
};
struct load_template {
    size_t n;
    size_t session_at; /* where the ten digits of the counter stand */
    size_t imsi_at;
    size_t resync_at; /* 0: none */
    unsigned imsi_digits;
    uint8_t octets[LOAD_MESSAGE_MAX];
};
/* Errors: as diameter_write. */
MUST_USE enum err load_template_make(enum load_kind kind, const struct load_names *names,
                                     struct load_template *out);

struct load_stamp {
    uint32_t hop_by_hop, end_to_end;
    uint32_t session; /* the counter */
    uint64_t imsi;
    const uint8_t *resync; /* 30 octets, for a template that has them */
};
/* Writes one request of t->n octets. */
void load_stamp(const struct load_template *t, const struct load_stamp *s, uint8_t *out);

struct load_outcome {
    uint32_t code; /* 0: the answer has no result that can be read */
    bool experimental;
};
struct load_outcome load_outcome_of(struct bytes answer);

/* CER and DPR. ip: 4 or 16 octets. Errors: as diameter_write. */
MUST_USE enum err load_cer_write(const struct load_names *names, struct bytes ip, struct mbytes out,
                                 size_t *n);
MUST_USE enum err load_dpr_write(const struct load_names *names, struct mbytes out, size_t *n);
/* To a request of the HSS: success for watchdogs, disconnection and location cancellation, 3001 for
 * anything else. Errors: as diameter_answer_error. */
MUST_USE enum err load_answer_write(const struct load_names *names, const struct diameter_header *h,
                                    struct bytes request, struct mbytes out, size_t *n);

#endif
