/* cli/waiting.h - work that takes seconds and cannot say how far it is: on a terminal the time that
 * it took so far is shown while it runs.
 */
#ifndef BINDERY_CLI_WAITING_H
#define BINDERY_CLI_WAITING_H

/* Carries out work(ctx), in a thread of its own where one can be had, and returns behind it.
 * "what ... 12 s" stands on standard error meanwhile if that is a terminal, and goes again. */
void waiting_for(const char *what, void (*work)(void *ctx), void *ctx);

#endif
