/* nf/hssd/key_job.h - the thread that seals a store's secrets again, when it was told to
 * (store/store_reseal.h), and who may change the store's keys right now.
 *
 * One small change of the writer's after the other, each behind what waits already and only while
 * few wait, with a pause as long as the change took: signalling goes first. A job that a process
 * left unfinished goes on when the next one starts. It decides nothing: an operator begins and
 * stops it (nf/hssd/admin_keys.h).
 */
#ifndef BINDERY_NF_HSSD_KEY_JOB_H
#define BINDERY_NF_HSSD_KEY_JOB_H

#include "nf/hssd/hssd.h"
#include "store/store_sealed.h"

struct key_job;

/* A line of the log that says whose sealed value does not open. Any thread. */
void hssd_log_damaged(struct hssd *h, const struct store_sealed_value *v);

/* After the writer. Errors: E_MEMORY, E_IO. */
MUST_USE enum err key_job_start(struct hssd *h);
/* There may be a job now. */
void key_job_wake(struct key_job *j);
/* Before the writer is drained: what is under way is finished, the rest is for the next process.
 * Harmless on NULL. */
void key_job_close(struct hssd *h);

/* Keys are changed by one request at a time: from one of these to the other. False: another one is
 * under way. The control thread. */
MUST_USE bool key_job_reserve(struct key_job *j);
void key_job_release(struct key_job *j);

#endif
