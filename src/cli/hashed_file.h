/* cli/hashed_file.h - a file that is hashed while it is read: what an import read and what the
 * audit log names are then the same octets, and the file is read once, from a pipe too.
 */
#ifndef BINDERY_CLI_HASHED_FILE_H
#define BINDERY_CLI_HASHED_FILE_H

#include "base/err.h"
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct digest;
struct hashed_file {
    int fd; /* borrowed */
    struct digest *digest;
    uint64_t octets; /* read so far */
    bool ended;      /* all of it was read */
    bool failed;
};
/* A stream over fd, which stays open when the stream is closed; *h lives until then. NULL without
 * memory. */
FILE *hashed_file_open(struct hashed_file *h, int fd);
/* The hash of all of it, once. False when it was not read to its end. */
bool hashed_file_hash(struct hashed_file *h, uint8_t out[static 32]);
/* After the stream was closed. Harmless on zeros. */
void hashed_file_free(struct hashed_file *h);

#endif
