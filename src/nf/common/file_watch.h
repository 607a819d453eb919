/* nf/common/file_watch.h - a thread of low priority that looks at files so that no other thread
 * has to: until when the certificates and revocation lists in them are good, how large a store is,
 * and how much room its disk has left.
 *
 * Certificates are read once a minute, sizes every five seconds. A file system that does not answer
 * holds up this thread alone. It reads certificates and never a key; what it finds it only tells.
 */
#ifndef BINDERY_NF_COMMON_FILE_WATCH_H
#define BINDERY_NF_COMMON_FILE_WATCH_H

#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FILE_WATCH_MAX 1024u /* files; beyond, they are left out and file_watch_left_out counts */

enum file_watch_kind {
    FILE_WATCH_CERTIFICATES, /* PEM: certificates, revocation lists */
    FILE_WATCH_STORE         /* a database, with PATH-wal beside it */
};
struct file_watch_item {
    enum file_watch_kind kind;
    const char *use;  /* "listeners[0].certificate": its place in the configuration */
    const char *path; /* NULL or "": no item */
};
struct file_watch_seen {
    enum file_watch_kind kind;
    char use[96];
    char path[1024]; /* its end, if it is longer */
    bool looked;     /* there was time for it yet */
    bool readable;
    /* Unix seconds: of the certificate, and of the list, that ends first; 0: there is none in it */
    int64_t certificate_until, list_until;
    /* of a store, octets */
    uint64_t bytes, wal_bytes, disk_free, disk_size;
};

struct file_watch;
/* Starts the thread. `also` (or NULL) is called on it with ctx once a minute, for what else takes
 * long. Errors: E_MEMORY, E_IO. */
MUST_USE enum err file_watch_open(void (*also)(void *ctx), void *ctx, struct file_watch **out);
/* These files from now on, and a first look at them at once; texts are copied. One path and use
 * that comes twice is one. Errors: E_MEMORY. */
MUST_USE enum err file_watch_set(struct file_watch *w, const struct file_watch_item *items,
                                 size_t n);
/* The same in two steps, of which the second cannot fail. Errors: E_MEMORY. */
struct file_watch_list;
MUST_USE enum err file_watch_list_of(const struct file_watch_item *items, size_t n,
                                     struct file_watch_list **out);
void file_watch_take(struct file_watch *w, struct file_watch_list *list); /* it is gone then */
void file_watch_list_drop(struct file_watch_list *list);                  /* harmless on NULL */
/* Files that did not fit. */
size_t file_watch_left_out(struct file_watch *w);
/* As of the last look; does not wait for one. At most n, in the order of file_watch_set. */
size_t file_watch_see(struct file_watch *w, struct file_watch_seen *out, size_t n);
/* Waits until all was looked at once, `ms` at most; false: it was not. For tests and a start. */
bool file_watch_wait(struct file_watch *w, unsigned ms);
/* Looks again at once. */
void file_watch_kick(struct file_watch *w);
void file_watch_close(struct file_watch *w); /* harmless on NULL */

/* One file, on the caller's thread. */
void file_watch_look(struct file_watch_seen *seen);

#endif
