/* bench/air_message.h - the S6a messages of the bench's clients: an AIR or ULR is encoded once per
 * connection; the identifiers and the IMSI are overwritten for every request.
 */
#ifndef BENCH_AIR_MESSAGE_H
#define BENCH_AIR_MESSAGE_H

#include "codec/s6a.h"

#define AIR_MAX     512
#define IMSI_DIGITS 15

struct identity {
    const char *host;
    const char *realm;
    const char *destination_realm;
    uint8_t plmn[3];
};
struct air_template {
    uint8_t octets[AIR_MAX];
    size_t n;
    size_t session_at; /* where the ten last digits of Session-Id stand */
    size_t imsi_at;    /* where the digits of User-Name stand */
};

/* One Update-Location, filled in by air_stamp as well. */
MUST_USE enum err ulr_template_make(const struct identity *who, struct air_template *out);
MUST_USE enum err air_template_make(const struct identity *who, uint32_t vectors,
                                    struct air_template *out);
/* Writes one request of template->n octets. */
void air_stamp(const struct air_template *t, uint32_t id, uint64_t imsi, uint8_t *out);
MUST_USE enum err cer_make(const struct identity *who, const uint8_t ipv4[static 4],
                           struct mbytes out, size_t *n);
MUST_USE enum err dpr_make(const struct identity *who, struct mbytes out, size_t *n);
MUST_USE enum err dwa_make(const struct identity *who, const struct diameter_header *dwr,
                           struct mbytes out, size_t *n);
/* Result-Code or Experimental-Result-Code; 0 when there is neither. */
uint32_t result_of(struct bytes answer);
/* How many E-UTRAN vectors an AIA brings. */
unsigned vectors_of(struct bytes answer);

#endif
