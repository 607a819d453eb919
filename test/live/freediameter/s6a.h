/* S6a as libfreediameter sees it: the commands, which its 3GPP dictionary lacks, and short ways to
 * build and to read messages by the names of AVPs. A mistake of the test's own ends the program; a
 * value that is not the expected one is told on standard output and gives false. */
#ifndef LIVE_S6A_H
#define LIVE_S6A_H

#include <freeDiameter/freeDiameter-host.h>
#include <freeDiameter/libfdcore.h>
#include <stdbool.h>
#include <stdint.h>

enum { S6A_ULR = 316, S6A_AIR = 318, S6A_PUR = 321, S6A_NOR = 323 };

/* Ends the program when a call of the library failed. */
void must(int result, const char *what);

/* Completes the dictionary and announces the application. After the configuration was read. */
void s6a_dictionary(void);

/* A request with what every S6a request has. */
struct msg *s6a_request(uint32_t command, const char *imsi, const char *hss, const char *realm);
struct avp *put_group(msg_or_avp *parent, const char *name);
void put_u32(msg_or_avp *parent, const char *name, uint32_t value);
void put_octets(msg_or_avp *parent, const char *name, const void *data, size_t n);
void put_text(msg_or_avp *parent, const char *name, const char *text);

/* Sends and waits for the answer, which the caller frees; NULL when none came in time. */
struct msg *s6a_ask(struct msg *request);

/* The n-th AVP of that name, from 0, or NULL. A NULL parent has none. */
struct avp *get_nth(msg_or_avp *parent, const char *name, unsigned n);
struct avp *get(msg_or_avp *parent, const char *name);
unsigned count_of(msg_or_avp *parent, const char *name);
bool u32_is(msg_or_avp *parent, const char *name, uint32_t expected);
bool octets_are(msg_or_avp *parent, const char *name, const void *expected, size_t n);
bool text_is(msg_or_avp *parent, const char *name, const char *expected);
/* Copies an AVP of exactly n octets. */
bool octets_of(msg_or_avp *parent, const char *name, void *out, size_t n);

#endif
