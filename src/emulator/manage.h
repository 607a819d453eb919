/* emulator/manage.h - step 11 for the device of a state file (TR 33.899 5.5.4.x): with what it got
 * for its dIMSI it asks the RSMF for its operator's own subscription, stores it, and says when it
 * works (emulator/rsm.h). Each step is in the file before the next begins, so whoever begins again
 * goes on where the file says.
 *
 * Nothing here attaches or detaches: the emulation does, as the answer says.
 */
#ifndef BINDERY_EMULATOR_MANAGE_H
#define BINDERY_EMULATOR_MANAGE_H

#include "emulator/emulation.h"
#include "emulator/say.h"

struct manage {
    char address[64]; /* an IP address: where each name of an RSMF leads */
    uint16_t port;
};
/* "127.0.0.1:8443", "[::1]:8443". Errors: E_BAD_VALUE. */
MUST_USE enum err manage_parse(const char *text, struct manage *out);
/* What may be the home network of an IMSI, the likeliest first: as its MNC's digits are known (2 or
 * 3; 0: not), else as the serving network says if it is the IMSI's, else both. How many, 1 or 2. */
size_t manage_homes(const struct imsi *imsi, uint8_t mnc_n, const struct plmn *serving,
                    struct plmn out[static 2]);
/* As struct emulation_host.registered; words: where each step is told, or NULL. Blocks while it
 * talks to the RSMF. */
enum emulation_turn manage_registered(const struct manage *m, struct population *p,
                                      struct device *d, const struct plmn *serving,
                                      struct say *words, char why[static EMULATION_WHY_MAX]);

#endif
