/* nf/hssd/inquiry.h - an equipment check that wants the device's credential as well (devid steps 6
 * to 8): answered at once from the cache, or when the repository has answered.
 *
 * An inquiry that needs the repository comes out of its IMSI's share, and one without an IMSI out
 * of its peer's, so that nobody who sends IMEIs at will drives the repository.
 */
#ifndef BINDERY_NF_HSSD_INQUIRY_H
#define BINDERY_NF_HSSD_INQUIRY_H

#include "nf/hssd/s6a.h"
#include "wire/s13_eir.h"

/* `eca` has its beginning and its status; the credential comes in and it is sent. */
enum s6a_outcome inquiry_serve(struct s6a_call *call, const struct s13_ecr *ecr,
                               const struct wire_ecr *asked, struct s13_eca *eca);

/* ---- how often an IMSI may have a repository asked ---- */

#define INQUIRY_BURST 8u
#define INQUIRY_MS    5000u /* then one each so often */
struct inquiry_rates;
MUST_USE enum err inquiry_rates_open(unsigned imsis, struct inquiry_rates **out);
void inquiry_rates_close(struct inquiry_rates *r);
/* Any thread. Of more IMSIs than there is room for, those that asked least of late are forgotten.
 */
bool inquiry_rates_take(struct inquiry_rates *r, const struct imsi *imsi, uint64_t now_ms);

#endif
