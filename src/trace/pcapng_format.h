/* trace/pcapng_format.h - the numbers of the pcapng format that its writer and reader share. For
 * the trace room alone. */
#ifndef BINDERY_TRACE_PCAPNG_FORMAT_H
#define BINDERY_TRACE_PCAPNG_FORMAT_H

#include "trace/pcapng.h"

/* draft-ietf-opsawg-pcapng 4 */
#define BLOCK_SECTION   0x0a0d0d0au
#define BLOCK_INTERFACE 0x00000001u
#define BLOCK_PACKET    0x00000006u
#define MAGIC           0x1a2b3c4du

enum { OPTION_END = 0, OPTION_COMMENT = 1, OPTION_USERAPPL = 4, OPTION_TSRESOL = 9 };

/* Wireshark's exported_pdu_tlvs.h, as of 4.0 */
enum {
    TAG_END = 0,
    TAG_DISSECTOR = 12,
    TAG_IPV4_SRC = 20,
    TAG_IPV4_DST = 21,
    TAG_IPV6_SRC = 22,
    TAG_IPV6_DST = 23,
    TAG_PORT_TYPE = 24,
    TAG_SRC_PORT = 25,
    TAG_DST_PORT = 26,
};

static inline size_t pad4(size_t n)
{
    return (4 - n % 4) % 4;
}

/* Cut at a character's border: half a UTF-8 sequence would spoil the option. */
static inline size_t comment_length(struct bytes c)
{
    size_t n = c.n;
    if (n > PCAPNG_COMMENT_MAX) {
        n = PCAPNG_COMMENT_MAX;
        while (n > 0 && (c.p[n] & 0xc0) == 0x80) {
            n--;
        }
    }
    return n;
}

#endif
