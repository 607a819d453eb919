/* cli/home.h - the directory of `bindery up`: what is in it, who holds it, and its first contents.
 *
 *   hssd.yaml      the HSS's configuration, generated once and the operator's from then on
 *   mmed.yaml      the MME's; without it `up` runs the HSS alone
 *   kek            the key-encryption key of the store, 0600
 *   hss.db         the store
 *   admin.sock     the HSS's administration socket; mme.sock is the MME's
 *   pki/           demonstration certificates
 *   log/           what the daemons write
 *   lock           held by the `up` that runs
 */
#ifndef BINDERY_CLI_HOME_H
#define BINDERY_CLI_HOME_H

#include "cli/cli.h"
#include <sys/types.h>

struct home_ports {
    long tcp, tls; /* 0: a free one; -1: the registered one, which must be free */
    long s1;
};

/* Makes the directory if it isn't there. False and said. */
MUST_USE bool home_make(const char *dir);
/* The lock's descriptor, or -1; then *holder is the process that has it (0 when the reason is
 * another, which is said). */
int home_lock(const char *dir, pid_t *holder);
/* The process that holds the lock; 0 when none does, -1 (said) when that cannot be known. */
pid_t home_holder(const char *dir);
/* Writes configurations, key and certificates unless there is one of the HSS, which the ports then
 * do not change (said). False and said. Each file is there whole or not at all, and the next try
 * keeps what is there. */
MUST_USE bool home_furnish(const char *dir, const struct home_ports *ports);
/* Is there a configuration of an MME? */
bool home_has_mme(const char *dir);
/* A file of the directory, made 0600 and durable; refuses to replace one. False and said. */
MUST_USE bool home_write(const char *dir, const char *name, const char *text, size_t n);

#endif
