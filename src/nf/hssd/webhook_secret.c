#include "nf/hssd/webhook_secret.h"

#include "nf/common/base64.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PREFIX   "whsec_"
#define FILE_MAX 160u

static enum err say(char why[static 160], enum err err, const char *path, const char *what)
{
    (void)snprintf(why, 160, "`%.60s` %.90s", path, what);
    return err;
}

/* The file's text without what ends its line. */
static enum err take(struct bytes text, struct webhook_secret *out)
{
    const size_t prefix = sizeof PREFIX - 1;
    while (text.n > 0 && (text.p[text.n - 1] == '\n' || text.p[text.n - 1] == '\r')) {
        text.n--;
    }
    if (text.n <= prefix || memcmp(text.p, PREFIX, prefix) != 0) {
        return E_BAD_VALUE;
    }
    struct bytes base64 = {text.p + prefix, text.n - prefix};
    enum err err = base64_decode(base64, (struct mbytes){out->b, sizeof out->b}, &out->n);
    return err == E_OK && out->n >= WEBHOOK_SECRET_LEAST ? E_OK : E_BAD_VALUE;
}

static enum err read_file(int fd, const char *path, struct webhook_secret *out,
                          char why[static 160])
{
    uint8_t text[FILE_MAX];
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        return say(why, E_IO, path, "is not a file");
    }
    if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        return say(why, E_DENIED, path, "may be read by others than its owner: chmod 600 it");
    }
    const ssize_t n = read(fd, text, sizeof text);
    enum err err = n < 0 ? E_IO : E_BAD_VALUE;
    if (n >= 0 && (size_t)n < sizeof text) {
        err = take((struct bytes){text, (size_t)n}, out);
    }
    wipe(text, sizeof text);
    if (err == E_BAD_VALUE) {
        (void)say(why, err, path, "is not one line of whsec_ and 32 to 64 octets in base64");
    } else if (err != E_OK) {
        (void)say(why, err, path, "cannot be read");
    }
    return err;
}

enum err webhook_secret_load(const char *path, struct webhook_secret *out, char why[static 160])
{
    *out = (struct webhook_secret){0, {0}};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        const enum err err = errno == ENOENT ? E_NOT_FOUND : errno == EACCES ? E_DENIED : E_IO;
        return say(why, err, path, err == E_NOT_FOUND ? "is not there" : "cannot be read");
    }
    enum err err = read_file(fd, path, out, why);
    (void)close(fd); /* read only */
    return err;
}

enum err webhook_sign(const struct crypto *crypto, const struct webhook_secret *secret,
                      const char *id, const char *timestamp, struct bytes body,
                      char out[static WEBHOOK_SIGNATURE_MAX])
{
    uint8_t mac[32];
    const struct bytes parts[] = {bytes_of_str(id), BYTES_LIT("."), bytes_of_str(timestamp),
                                  BYTES_LIT("."), body};
    enum err err = crypto->hmac_sha256(crypto->ctx, (struct bytes){secret->b, secret->n}, parts,
                                       sizeof parts / sizeof *parts, mac);
    if (err == E_OK) {
        memcpy(out, "v1,", sizeof "v1,");
        base64_encode(BYTES_OF(mac), out + 3);
    }
    return err;
}
