/* test/live/raw_stage.h - what the scenes of raw_misbehave.c share. */
#ifndef BINDERY_TEST_LIVE_RAW_STAGE_H
#define BINDERY_TEST_LIVE_RAW_STAGE_H

#include "raw_link.h"

#define RAW_POOL_MAX 1024

struct raw_stage {
    struct raw_place at;
    struct raw_subscriber pool[RAW_POOL_MAX]; /* all are open */
    size_t pool_n;
    size_t next; /* round and round, so that no subscriber is asked for too often */
    struct raw_link link;
};
/* A subscriber of the scenes' half of the pool; the neighbour has the other one. */
const struct raw_subscriber *raw_next(struct raw_stage *s);
/* Is the link of the stage open, and served? Opens it, as mme-a over TCP. */
bool raw_stage_open(struct raw_stage *s);
/* One AIR over the link of the stage: is it answered with a vector? */
bool raw_is_served(struct raw_stage *s);

void raw_play_malformed(struct raw_stage *s); /* raw_malformed.c */
void raw_play_frames(struct raw_stage *s);

#endif
