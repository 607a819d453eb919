/* nf/hssd/transport_keys.h - the transport keys of the configuration: read from their files when a
 * request names them, for that request only.
 *
 * A file has one line of hex digits, and nobody but its owner may read it. Nothing here logs, shows
 * or sends what is in it.
 */
#ifndef BINDERY_NF_HSSD_TRANSPORT_KEYS_H
#define BINDERY_NF_HSSD_TRANSPORT_KEYS_H

#include "crypto/transport.h"
#include "nf/common/admin_problem.h"
#include "nf/hssd/config.h"

/* Reads the file. Errors, with why as a sentence: E_NOT_FOUND, E_DENIED (others may read it),
 * E_BAD_VALUE, E_BAD_LENGTH (not the algorithm's), E_IO, E_CRYPTO, E_MEMORY. */
MUST_USE enum err transport_key_load(const char *path, enum transport_algorithm algorithm,
                                     struct transport_key **out, char why[static 160]);

/* What one request has opened so far; zeroed but for config. Of one thread. */
struct transport_ring {
    const struct hssd_config *config;
    size_t n;
    struct {
        const struct hssd_transport_key *key;
        struct transport_key *open;
    } of[HSSD_TRANSPORT_KEYS_MAX];
};
/* The key of this name, or NULL with *fault at `pointer`: there is none, or its file cannot be
 * read. It is the ring's. */
struct transport_key *transport_ring_find(struct transport_ring *ring, const char *name,
                                          const char *pointer, struct admin_fault *fault);
/* Wipes and closes all of them. */
void transport_ring_close(struct transport_ring *ring);

#endif
