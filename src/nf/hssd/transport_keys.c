#include "nf/hssd/transport_keys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX (2u * TRANSPORT_KEY_MAX + 3u) /* with the end of its line, and one too many */

static enum err say(char why[static 160], enum err err, const char *path, const char *what)
{
    (void)snprintf(why, 160, "`%.60s` %.90s", path, what);
    return err;
}

/* The file's text without what ends its line. */
static enum err take(struct bytes text, enum transport_algorithm algorithm,
                     struct transport_key **out)
{
    uint8_t key[TRANSPORT_KEY_MAX];
    while (text.n > 0 && (text.p[text.n - 1] == '\n' || text.p[text.n - 1] == '\r')) {
        text.n--;
    }
    const size_t n = text.n / 2;
    if (text.n % 2 != 0 || !transport_key_fits(algorithm, n)) {
        return E_BAD_LENGTH;
    }
    char digits[FILE_MAX + 1];
    memcpy(digits, text.p, text.n);
    digits[text.n] = '\0';
    enum err err = hex_decode(digits, (struct mbytes){key, n});
    if (err == E_OK) {
        err = transport_open(algorithm, (struct bytes){key, n}, out);
    }
    wipe(key, sizeof key);
    wipe(digits, sizeof digits);
    return err;
}

static enum err read_file(int fd, const char *path, enum transport_algorithm algorithm,
                          struct transport_key **out, char why[static 160])
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
    enum err err = n < 0 ? E_IO : E_BAD_LENGTH;
    if (n >= 0 && (size_t)n < sizeof text) {
        err = take((struct bytes){text, (size_t)n}, algorithm, out);
    }
    wipe(text, sizeof text);
    return err == E_OK           ? E_OK
           : err == E_BAD_LENGTH ? say(why, err, path,
                                       "has not as many hex digits as a key of its "
                                       "algorithm, on one line")
           /* E_BAD_DIGIT, or of Triple DES */
           : err == E_BAD_VALUE || err == E_BAD_DIGIT
               ? say(why, err, path, "is no key of its algorithm in hex digits")
           : err == E_IO ? say(why, err, path, "cannot be read")
                         : say(why, err, path, "cannot be used now");
}

enum err transport_key_load(const char *path, enum transport_algorithm algorithm,
                            struct transport_key **out, char why[static 160])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        const enum err err = errno == ENOENT ? E_NOT_FOUND : errno == EACCES ? E_DENIED : E_IO;
        return say(why, err, path, err == E_NOT_FOUND ? "is not there" : "cannot be read");
    }
    enum err err = read_file(fd, path, algorithm, out, why);
    (void)close(fd); /* read only */
    return err;
}

struct transport_key *transport_ring_find(struct transport_ring *ring, const char *name,
                                          const char *pointer, struct admin_fault *fault)
{
    char why[160];
    const struct hssd_transport_key *key = hssd_config_transport_key(ring->config, name);
    for (size_t i = 0; i < ring->n; i++) {
        if (ring->of[i].key == key) {
            return ring->of[i].open;
        }
    }
    if (key == NULL) {
        (void)admin_fault_set(fault, PROBLEM_NO_TRANSPORT_KEY, pointer,
                              "the configuration has no transport key of this name: add it to "
                              "transport_keys, or correct the name");
        return NULL;
    }
    if (transport_key_load(key->file, key->algorithm, &ring->of[ring->n].open, why) != E_OK) {
        (void)admin_fault_set(fault, PROBLEM_TRANSPORT_KEY_FILE, pointer, "%s", why);
        return NULL;
    }
    ring->of[ring->n].key = key;
    return ring->of[ring->n++].open;
}

void transport_ring_close(struct transport_ring *ring)
{
    for (size_t i = 0; i < ring->n; i++) {
        transport_close(ring->of[i].open);
    }
    ring->n = 0;
}
