/* trace/pcapng.h - what was sent and received, as a pcapng file that Wireshark opens and decodes.
 *
 * Each packet is one whole message under the link type WIRESHARK_UPPER_PDU (252): a list of tags
 * names the dissector ("diameter", "s1ap", "nas-eps") and the two ends, then comes the message. No
 * TCP, TLS or radio layer has to be made up, and TLS traffic is traced in clear by the one program
 * that may. File format: draft-ietf-opsawg-pcapng; tags: Wireshark's exported_pdu_tlvs.h.
 *
 * The writer may be used from several threads; a packet is one write, so a crash tears at most the
 * last one. The reader does no I/O: it is fed spans of the file and never reads past them.
 */
#ifndef BINDERY_TRACE_PCAPNG_H
#define BINDERY_TRACE_PCAPNG_H

#include "base/span.h"

enum {
    PCAPNG_UPPER_PDU = 252,
    PCAPNG_COMMENT_MAX = 256,      /* longer comments are cut */
    PCAPNG_NAME_MAX = 32,          /* of a dissector */
    PCAPNG_INTERFACES_MAX = 16,    /* per section, when reading */
    PCAPNG_BLOCK_MAX = 1024 * 1024 /* when reading, and of a message when writing */
};

/* Values are Wireshark's EXP_PDU_PT_*. */
enum pcapng_port { PCAPNG_PORT_NONE, PCAPNG_PORT_SCTP, PCAPNG_PORT_TCP, PCAPNG_PORT_UDP };

struct pcapng_end {
    uint8_t family; /* 4, 6, or 0: not known */
    uint8_t ip[16];
    uint16_t port;
};
struct pcapng_packet {
    uint64_t time_ns; /* since 1970, UTC */
    struct bytes dissector;
    enum pcapng_port port_type;
    struct pcapng_end from, to;
    struct bytes comment; /* UTF-8; may be empty */
    struct bytes message;
    uint16_t link_type; /* reading only: other than 252, message is the raw packet, no ends known */
};

struct pcapng_writer;

/* Makes the file, mode 0600 whatever it was before, and writes the head. Errors: E_IO (errno says
 * why), E_MEMORY. */
MUST_USE enum err pcapng_create(const char *path, const char *application,
                                struct pcapng_writer **out);
/* The same to an open descriptor (a pipe to a viewer), which pcapng_close closes. */
MUST_USE enum err pcapng_create_fd(int fd, const char *application, struct pcapng_writer **out);
/* Errors: E_BAD_LENGTH (dissector name or message too long), E_IO. After E_IO the file ends with
 * the last whole packet, or, where that cannot be had, takes nothing more. */
MUST_USE enum err pcapng_write(struct pcapng_writer *w, const struct pcapng_packet *p);
void pcapng_close(struct pcapng_writer *w);

struct pcapng_interface {
    uint16_t link_type;
    uint8_t resolution; /* if_tsresol: 10^-n, or 2^-n with the high bit */
};
/* Start with {0}. Fields are for the reader alone, but `place` and `why` are good after an error:
 * the octet of the file at which it was found, and what was expected there. */
struct pcapng_reader {
    uint64_t offset; /* of the next octet to be fed */
    uint64_t place;
    const char *why;
    bool in_section, big;
    uint16_t interfaces;
    struct pcapng_interface interface[PCAPNG_INTERFACES_MAX];
};
/* Reads up to the end of the next packet block of `in`; *used octets are done with, even when the
 * answer is E_AGAIN (no whole packet block left: feed the rest again with more behind it). Spans of
 * *out point into `in`. Blocks of other types are skipped, their frame is still checked.
 * Errors: E_AGAIN, E_BAD_VALUE, E_BAD_LENGTH, E_UNSUPPORTED (version), E_NO_ROOM (interfaces). */
MUST_USE enum err pcapng_next(struct pcapng_reader *r, struct bytes in, size_t *used,
                              struct pcapng_packet *out);
/* Call with what pcapng_next left over when the file has no more: E_OK, or E_TRUNCATED with place
 * (a file without even a section head is truncated too). */
MUST_USE enum err pcapng_finish(struct pcapng_reader *r, struct bytes left);

#endif
