/* nf/hssd/file_seen.h - has a file changed since it was read? So that CAs, lists and chains count
 * without a restart once their files are replaced.
 */
#ifndef BINDERY_NF_HSSD_FILE_SEEN_H
#define BINDERY_NF_HSSD_FILE_SEEN_H

#include <stdbool.h>
#include <sys/stat.h>

/* A file as it was when it was read; zeros: it is not there. */
struct file_seen {
    ino_t inode;
    off_t size;
    struct timespec changed;
};
struct file_seen file_look(const char *path); /* NULL: not there */
bool file_same(const struct file_seen *a, const struct file_seen *b);

#endif
