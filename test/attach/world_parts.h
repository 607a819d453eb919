/* test/attach/world_parts.h - what the files of test/attach/world.h share. */
#ifndef BINDERY_TEST_ATTACH_WORLD_PARTS_H
#define BINDERY_TEST_ATTACH_WORLD_PARTS_H

#include "attach/world.h"

/* world.c: mail to be carried out after so many milliseconds; mail with a PDU; a NAS message over
 * the air, where the faults are. */
struct mail *world_post(struct world *w, struct mail m, uint64_t after);
struct mail world_mail(struct mail m, struct bytes pdu);
void world_on_air(struct world *w, struct mail m, bool uplink);

/* world_mme.c: the MME with its HSS. */
void world_mme_step(struct world *w, struct context *x, const struct emm_event *event);
void world_mme_initial(struct world *w, const struct mail *m);
void world_mme_uplink(struct world *w, const struct mail *m);
struct context *world_mme_context(struct world *w, uint32_t connection);

#endif
