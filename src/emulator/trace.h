/* emulator/trace.h - what passed between eNBs and MMEs, in a pcapng file: each S1AP message, which
 * Wireshark opens down to the NAS inside, and, if secrets may be shown, each ciphered NAS message
 * once more in clear behind it.
 *
 * Without that KeNB is blanked, and nothing of a device's keys is looked at.
 */
#ifndef BINDERY_EMULATOR_TRACE_H
#define BINDERY_EMULATOR_TRACE_H

#include "id/imsi.h"
#include "net/address.h"

struct trace_ends {
    const struct address *enb, *mme;
};
struct trace;
/* Errors: E_IO (errno says why), E_MEMORY. */
MUST_USE enum err trace_open(const char *path, bool secrets, struct trace **out);
void trace_close(struct trace *t);
bool trace_shows_secrets(const struct trace *t);

/* A whole S1AP message. A trace that cannot be written is given up, and `trace_failed` says so. */
void trace_s1ap(struct trace *t, const struct trace_ends *ends, bool to_mme, struct bytes message);
/* The plain message that a NAS PDU holds. Nothing is written of one that stands in the S1AP message
 * in clear already, nor without secrets. */
void trace_nas(struct trace *t, const struct trace_ends *ends, bool to_mme, const struct imsi *imsi,
               struct bytes pdu, struct bytes plain);
bool trace_failed(const struct trace *t);

#endif
