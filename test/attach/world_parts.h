/* test/attach/world_parts.h - what the files of test/attach/world.h share. */
#ifndef BINDERY_TEST_ATTACH_WORLD_PARTS_H
#define BINDERY_TEST_ATTACH_WORLD_PARTS_H

#include "attach/world.h"

/* world.c: mail to be carried out after so many milliseconds; mail with a PDU; a NAS message over
 * the air, where the faults are. */
struct mail *world_post(struct world *w, struct mail m, uint64_t after);
struct mail world_mail(struct mail m, struct bytes pdu);
void world_on_air(struct world *w, struct mail m, bool uplink);

/* world_device.c: what a device stores; what its lower layers tell it; what comes to it. */
bool world_store(void *ctx, const uint8_t *image, size_t n);
bool world_store_keys(void *ctx, const uint8_t *keys, size_t n);
void world_lower(struct world *w, unsigned ue, enum bindery_ue_lower what);
void world_downlink(struct world *w, const struct mail *m);
void world_released(struct world *w, const struct mail *m);
/* Takes everything that a call brought out. */
void world_drain(struct world *w, unsigned ue);

/* world_line.c: somebody is about to store something: false, he is dead by then. A true one is
 * followed by world_stored. */
bool world_stores(struct world *w, enum party who, const char *what);
void world_stored(struct world *w);
/* A message leaves: with what the strike does to it. False: its sender is dead. */
bool world_send(struct world *w, enum party from, const char *what, struct mail m, uint64_t after);
/* Names, as soon as it is known, what a message is. */
void world_name(struct world *w, unsigned point, const char *what);
/* The type of a NAS message in plain, 0: it has none. */
uint8_t world_nas_type(struct bytes plain);
/* The name of a NAS message that is in clear; NULL: it is not. */
const char *world_nas_name(struct bytes pdu);
/* What was late has come; a party is there again. */
void world_arrived(struct world *w, const struct mail *m);
void world_rise(struct world *w, enum party who);

/* A device with a dIMSI stores its slot as the factory leaves it. */
void world_store_slot(struct device *d);

/* home.c: a request, a credential, or its own work. */
void world_home(struct world *w, const struct mail *m);
void world_home_killed(struct world *w);

/* world_mme.c: the MME with its HSS. */
void world_mme_step(struct world *w, struct context *x, const struct emm_event *event);
void world_mme_initial(struct world *w, const struct mail *m);
void world_mme_uplink(struct world *w, const struct mail *m);
struct context *world_mme_context(struct world *w, uint32_t connection);

#endif
