#include "store/store_mark.h"

#include "crypto/openssl.h"
#include "store/store_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PLACE  4096 /* a block of its own: writing one place touches the other nowhere */
#define PLACES 2
#define DIGEST 32
#define RECORD (8 + STORE_ID_LEN + 8 + DIGEST)
static const uint8_t magic[8] = "bindmark";

struct store_mark {
    char path[STORE_PATH_MAX];
    uint8_t store_id[STORE_ID_LEN];
    struct crypto crypto;
    bool has_crypto;
    int fd; /* -1: it could not be made */
    unsigned next;
    uint64_t mark;
};

/* ---- a record ---- */

static enum err digest_of(struct store_mark *m, struct bytes record, uint8_t out[static DIGEST])
{
    return m->crypto.sha256(m->crypto.ctx, &record, 1, out);
}

static enum err record_write(struct store_mark *m, uint64_t mark, uint8_t out[static RECORD])
{
    struct wr w = wr_of((struct mbytes){out, RECORD - DIGEST});
    wr_put(&w, BYTES_OF(magic));
    wr_put(&w, BYTES_OF(m->store_id));
    wr_be64(&w, mark);
    return digest_of(m, (struct bytes){out, RECORD - DIGEST}, out + (RECORD - DIGEST));
}

/* 0: none, or another store's. */
static enum err record_read(struct store_mark *m, const uint8_t record[static RECORD],
                            uint64_t *mark)
{
    uint8_t digest[DIGEST];
    struct rd r = rd_of((struct bytes){record, RECORD - DIGEST});
    *mark = 0;
    enum err err = digest_of(m, (struct bytes){record, RECORD - DIGEST}, digest);
    if (err != E_OK || memcmp(digest, record + (RECORD - DIGEST), DIGEST) != 0 ||
        !bytes_eq(rd_take(&r, sizeof magic), BYTES_OF(magic)) ||
        !bytes_eq(rd_take(&r, STORE_ID_LEN), BYTES_OF(m->store_id))) {
        return err;
    }
    *mark = rd_be64(&r);
    return E_OK;
}

/* ---- the file ---- */

static bool write_all(int fd, const uint8_t *p, size_t n, off_t at)
{
    while (n > 0) {
        const ssize_t wrote = pwrite(fd, p, n, at);
        if (wrote < 0 && errno == EINTR) {
            continue;
        }
        if (wrote <= 0) {
            return false;
        }
        p += wrote;
        n -= (size_t)wrote;
        at += wrote;
    }
    return true;
}

/* Every block of it is written, so that none has to be found later. */
static bool fill(int fd)
{
    static const uint8_t zeros[PLACE];
    bool ok = true;
    for (unsigned i = 0; ok && i < PLACES; i++) {
        ok = write_all(fd, zeros, sizeof zeros, (off_t)i * PLACE);
    }
    return ok && fsync(fd) == 0;
}

/* Made under another name, so that it is there whole or not at all. */
static bool make(struct store_mark *m)
{
    char unfinished[STORE_PATH_MAX + 8];
    (void)snprintf(unfinished, sizeof unfinished, "%s.new", m->path);
    (void)unlink(unfinished); /* most often not there */
    int fd = open(unfinished, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        return false;
    }
    const bool named = fill(fd) && rename(unfinished, m->path) == 0;
    if (!named || sync_directory_of(m->path) != E_OK) {
        (void)close(fd); /* it is not used, and has no mark yet */
        (void)unlink(named ? m->path : unfinished);
        return false;
    }
    m->fd = fd;
    m->next = 0;
    return true;
}

static enum err read_places(struct store_mark *m)
{
    uint8_t record[RECORD];
    enum err err = E_OK;
    for (unsigned i = 0; err == E_OK && i < PLACES; i++) {
        uint64_t mark = 0;
        const ssize_t n = pread(m->fd, record, sizeof record, (off_t)i * PLACE);
        if (n == (ssize_t)sizeof record) {
            err = record_read(m, record, &mark);
        } else if (n < 0) {
            err = E_IO;
        }
        if (mark > m->mark) {
            m->mark = mark;
            m->next = (i + 1) % PLACES;
        }
    }
    return err;
}

static bool is_whole(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size >= (off_t)PLACES * PLACE;
}

static enum err take(struct store_mark *m, struct store_why *why)
{
    m->fd = open(m->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (m->fd < 0 && errno == ENOENT) {
        (void)make(m); /* store_mark_put tries again */
        return E_OK;
    }
    if (m->fd < 0) {
        return why_set(why, errno == EACCES ? E_DENIED : E_IO,
                       "%s: the mark of sequence numbers beside the store cannot be opened: %s",
                       m->path, strerror(errno));
    }
    enum err err = read_places(m);
    if (err != E_OK) {
        return why_set(why, err, "%s: the mark of sequence numbers beside the store cannot be read",
                       m->path);
    }
    if (!is_whole(m->fd) && (m->mark != 0 || !fill(m->fd))) {
        (void)close(m->fd); /* what was in it counts; nothing is written to it */
        m->fd = -1;
    }
    return E_OK;
}

/* ---- the interface ---- */

enum err store_mark_open(const struct store *s, struct store_mark **out, uint64_t *mark,
                         struct store_why *why)
{
    struct store_mark *m = calloc(1, sizeof *m);
    if (m == NULL) {
        return why_set(why, E_MEMORY, "no memory for the mark of sequence numbers");
    }
    m->fd = -1;
    memcpy(m->store_id, s->keys.store_id, sizeof m->store_id);
    enum err err =
        snprintf(m->path, sizeof m->path, "%s.mark", s->path) < (int)sizeof m->path ? E_OK : E_IO;
    if (err == E_OK) {
        err = crypto_openssl_open(&m->crypto);
        m->has_crypto = err == E_OK;
    }
    if (err != E_OK) {
        err = why_set(why, err, "%s: %s", s->path, err_sentence(err));
    } else {
        err = take(m, why);
    }
    if (err != E_OK) {
        store_mark_close(m);
        return err;
    }
    *mark = m->mark;
    *out = m;
    return E_OK;
}

/* Removed, or another one in its place: what is written here would be read by nobody. */
static bool is_still_there(const struct store_mark *m)
{
    struct stat ours, there;
    return m->fd >= 0 && fstat(m->fd, &ours) == 0 && lstat(m->path, &there) == 0 &&
           ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
}

enum err store_mark_put(struct store_mark *m, uint64_t mark)
{
    uint8_t record[RECORD];
    if (!is_still_there(m)) {
        if (m->fd >= 0) {
            (void)close(m->fd); /* what is in it counts no more */
            m->fd = -1;
        }
        m->mark = 0;
        if (access(m->path, F_OK) == 0 || !make(m)) {
            return E_IO;
        }
    }
    if (mark <= m->mark) {
        return E_OK;
    }
    enum err err = record_write(m, mark, record);
    if (err != E_OK) {
        return err;
    }
    if (!write_all(m->fd, record, sizeof record, (off_t)m->next * PLACE) || fdatasync(m->fd) != 0) {
        return E_IO;
    }
    m->mark = mark;
    m->next = (m->next + 1) % PLACES;
    return E_OK;
}

void store_mark_close(struct store_mark *m)
{
    if (m == NULL) {
        return;
    }
    if (m->fd >= 0) {
        (void)close(m->fd); /* every mark is on the disk already */
    }
    if (m->has_crypto) {
        crypto_openssl_close(&m->crypto);
    }
    free(m);
}
