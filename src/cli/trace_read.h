/* cli/trace_read.h - trace files as one list of messages: who sent what to whom, and its fields.
 *
 * Reads the pcapng that our programs write, or any with Diameter, S1AP or NAS in upper-PDU
 * encapsulation; from ours HTTP too. A damaged file gives what is before the damage, and the octet
 * where it is. Files are read one behind the other into one list, and trace_join (cli/trace_join.h)
 * makes one trace of them.
 */
#ifndef BINDERY_CLI_TRACE_READ_H
#define BINDERY_CLI_TRACE_READ_H

#include "codec/diameter_text.h"
#include "trace/pcapng.h"
#include <stdio.h>

#define TRACE_FIELDS_MAX 20
#define TRACE_NAME_MAX   64
#define TRACE_NO_END     SIZE_MAX

enum trace_protocol { TRACE_OTHER, TRACE_DIAMETER, TRACE_S1AP, TRACE_NAS, TRACE_HTTP };
/* In the order of a ladder's columns. */
enum trace_role { TRACE_ENB, TRACE_MME, TRACE_HSS, TRACE_REPOSITORY, TRACE_NO_ROLE };

struct trace_field {
    char key[24];
    char value[DIAMETER_VALUE_TEXT_MAX];
};
/* The UE-associated S1 connection that a message is of. */
struct trace_s1 {
    bool of_ue, initial; /* initial: it begins one */
    bool has_enb_id, has_mme_id;
    uint32_t enb_id, mme_id;
};
struct trace_message {
    uint64_t time_ns;                              /* since 1970 */
    char from[TRACE_NAME_MAX], to[TRACE_NAME_MAX]; /* Origin-Host, eNBname, or address:port */
    enum trace_role from_role, to_role;
    char name[48]; /* "AIR", "UplinkNASTransport", or the dissector's name */
    char nas[64];  /* "ATTACH REQUEST", the NAS message inside S1AP; "ciphered"; or empty */
    enum trace_protocol protocol;
    bool inside;                        /* plain NAS that a protected message of the trace holds */
    bool told;                          /* and that message could be read as it is */
    bool up;                            /* S1AP and NAS: from the eNB, from the UE */
    bool request;                       /* of Diameter */
    bool matched;                       /* an answer whose request is in the trace */
    bool bad;                           /* a refusal */
    bool housekeeping;                  /* a watchdog */
    char step[16];                      /* of a procedure (cli/trace_steps.h); or empty */
    char carries[96];                   /* what it carries as that step, in words; or empty */
    uint64_t answered_ns;               /* of one that is matched: how long after */
    char imsi[DIAMETER_VALUE_TEXT_MAX]; /* that it is about, as far as the trace says; or empty */
    size_t n_fields;
    struct trace_field field[TRACE_FIELDS_MAX];
    /* For trace_join. */
    unsigned file;
    size_t from_end, to_end; /* or TRACE_NO_END */
    uint64_t digest;         /* of the octets, keys blanked */
    struct trace_s1 s1;
    size_t covered;  /* octets that the security header of its NAS is around; 0: none */
    uint64_t tmsi;   /* MME code and M-TMSI that it names; 0: none */
    bool tmsi_given; /* the network gives it */
};
struct trace_end {
    struct pcapng_end end;
    char name[TRACE_NAME_MAX];
    enum trace_role role;
};
struct trace_list {
    struct trace_message *message;
    size_t n, room;
    struct trace_end *end;
    size_t n_ends;
    unsigned files;
    char why[256]; /* what is wrong with the last file, with the octet; empty when nothing is */
};
struct trace_options {
    uint32_t own_vendor;
    bool mask;
    bool null_cipher; /* NAS that claims to be ciphered is in clear */
};

/* Reads a whole stream to the end of a list that begins as {0}. Errors: E_IO, E_MEMORY, and the
 * reader's: the list is good up to there. The caller frees it in any case. */
MUST_USE enum err trace_read(FILE *in, const struct trace_options *options,
                             struct trace_list *list);
void trace_list_free(struct trace_list *list);

#endif
