#include "cli/hashed_file.h"

#include "crypto/digest.h"

#include <errno.h>
#include <unistd.h>

static ssize_t on_read(void *cookie, char *out, size_t n)
{
    struct hashed_file *h = cookie;
    ssize_t got;
    do {
        got = read(h->fd, out, n);
    } while (got < 0 && errno == EINTR);
    h->ended = got == 0;
    h->octets += got > 0 ? (uint64_t)got : 0;
    if (got > 0 && digest_add(h->digest, (struct bytes){(uint8_t *)out, (size_t)got}) != E_OK) {
        h->failed = true;
    }
    return got;
}

FILE *hashed_file_open(struct hashed_file *h, int fd)
{
    const cookie_io_functions_t functions = {.read = on_read};
    *h = (struct hashed_file){.fd = fd};
    if (digest_new(&h->digest) != E_OK) {
        return NULL;
    }
    FILE *f = fopencookie(h, "r", functions);
    if (f == NULL) {
        hashed_file_free(h);
    }
    return f;
}

bool hashed_file_hash(struct hashed_file *h, uint8_t out[static 32])
{
    return h->digest != NULL && h->ended && !h->failed && digest_end(h->digest, out) == E_OK;
}

void hashed_file_free(struct hashed_file *h)
{
    digest_free(h->digest);
    h->digest = NULL;
}
