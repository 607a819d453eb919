/* emulator/say.h - one device's way told in words as it happens, a line for each step: messages by
 * name, what the device made of them, and what the eNB noticed. Never a key, and no RAND.
 */
#ifndef BINDERY_EMULATOR_SAY_H
#define BINDERY_EMULATOR_SAY_H

#include "emulator/emulation.h"
#include "net/assoc.h"

struct say {
    FILE *to;
    uint64_t start_ns, now_ns; /* now_ns is kept by the caller */
    /* An answer of the device, said when it is known what the device made of the question. */
    char held[96];
    uint64_t held_ns;
};
void say_line(struct say *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Says what is held back. */
void say_rest(struct say *s);
/* Of a device that came by way of a dIMSI: how far it is. */
void say_begin(struct say *s, const struct device *d);
/* A NAS PDU; `plain` is what is inside, empty if that is not known. */
void say_nas(struct say *s, bool uplink, struct bytes pdu, struct bytes plain);
void say_event(struct say *s, const struct device *d, const struct bindery_ue_event *event);
/* Between two NAS clients, or on the way to the network `plmn`. */
void say_turned(struct say *s, const struct device *d, struct plmn plmn, enum emulation_turn turn);
void say_told(struct say *s, const struct enb_told *told);
/* "001-01, group 8001, code 07, M-TMSI c0ffee01" */
#define SAY_GUTI_MAX 64
void say_guti(const struct bindery_ue_guti *guti, char out[static SAY_GUTI_MAX]);

#endif
