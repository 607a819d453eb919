#include "trace/pcapng.h"

#include "trace/pcapng_format.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

struct pcapng_writer {
    int fd;
    bool dead;
    off_t size;
    pthread_mutex_t lock;
};

/* pcapng is written in the writer's order, read in either; ours is little-endian everywhere. */
static void put16(struct wr *w, uint32_t v)
{
    wr_u8(w, (uint8_t)v);
    wr_u8(w, (uint8_t)(v >> 8));
}

static void put32(struct wr *w, uint32_t v)
{
    put16(w, v & 0xffff);
    put16(w, v >> 16);
}

static void put_option(struct wr *w, uint16_t code, struct bytes v)
{
    put16(w, code);
    put16(w, (uint32_t)v.n);
    wr_put(w, v);
    wr_zero(w, pad4(v.n));
}

/* Writes a block's total length at its front and its back. */
static void close_block(struct wr *w, size_t from)
{
    size_t n = w->n - from + 4;
    put32(w, (uint32_t)n);
    if (w->err == E_OK) {
        memcpy(w->p + from + 4, w->p + w->n - 4, 4);
    }
}

static void put_section(struct wr *w, const char *application)
{
    struct bytes name = bytes_of_str(application);
    name.n = name.n > 100 ? 100 : name.n;
    size_t from = w->n;
    put32(w, BLOCK_SECTION);
    put32(w, 0);
    put32(w, MAGIC);
    put16(w, 1);
    put16(w, 0);
    put32(w, UINT32_MAX); /* section length: not given */
    put32(w, UINT32_MAX);
    put_option(w, OPTION_USERAPPL, name);
    put32(w, OPTION_END);
    close_block(w, from);
}

static void put_interface(struct wr *w)
{
    static const uint8_t nanoseconds[] = {9};
    size_t from = w->n;
    put32(w, BLOCK_INTERFACE);
    put32(w, 0);
    put16(w, PCAPNG_UPPER_PDU);
    put16(w, 0);
    put32(w, 0); /* no snap length */
    put_option(w, OPTION_TSRESOL, BYTES_OF(nanoseconds));
    put32(w, OPTION_END);
    close_block(w, from);
}

/* One write for all of it; a torn one is cut off again, so the file stays readable. */
static enum err write_whole(struct pcapng_writer *w, const struct iovec *v, int count)
{
    size_t total = 0;
    for (int i = 0; i < count; i++) {
        total += v[i].iov_len;
    }
    ssize_t n;
    do {
        n = w->dead ? 0 : writev(w->fd, v, count);
    } while (n < 0 && errno == EINTR);
    if (n == (ssize_t)total) {
        w->size += n;
        return E_OK;
    }
    if (n > 0 && ftruncate(w->fd, w->size) != 0) {
        w->dead = true;
    }
    return E_IO;
}

enum err pcapng_create_fd(int fd, const char *application, struct pcapng_writer **out)
{
    uint8_t head[256];
    struct wr h = wr_of(MBYTES_OF(head));
    put_section(&h, application);
    put_interface(&h);
    struct pcapng_writer *w = calloc(1, sizeof *w);
    if (w == NULL) {
        return E_MEMORY;
    }
    if (pthread_mutex_init(&w->lock, NULL) != 0) {
        free(w);
        return E_MEMORY;
    }
    w->fd = fd;
    struct iovec v = {head, wr_done(&h).n};
    if (write_whole(w, &v, 1) != E_OK) {
        (void)pthread_mutex_destroy(&w->lock);
        free(w); /* fd stays the caller's */
        return E_IO;
    }
    *out = w;
    return E_OK;
}

enum err pcapng_create(const char *path, const char *application, struct pcapng_writer **out)
{
    /* O_APPEND: after a cut the next packet goes to the new end. */
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0) {
        return E_IO;
    }
    struct stat st;
    enum err err = E_IO;
    /* A trace holds identities: a file that was there before loses its wider rights. */
    if (fstat(fd, &st) == 0 && (!S_ISREG(st.st_mode) || fchmod(fd, 0600) == 0)) {
        err = pcapng_create_fd(fd, application, out);
    }
    if (err != E_OK) {
        int why = errno;
        (void)close(fd);
        errno = why;
    }
    return err;
}

/* Wireshark advances by the length alone, so it has to include the padding. */
static void put_tag(struct wr *w, uint16_t tag, struct bytes v)
{
    wr_be16(w, tag);
    wr_be16(w, (uint16_t)(v.n + pad4(v.n)));
    wr_put(w, v);
    wr_zero(w, pad4(v.n));
}

static void put_tag_u32(struct wr *w, uint16_t tag, uint32_t v)
{
    wr_be16(w, tag);
    wr_be16(w, 4);
    wr_be32(w, v);
}

static void put_end(struct wr *w, const struct pcapng_end *e, bool source)
{
    if (e->family == 6) {
        put_tag(w, source ? TAG_IPV6_SRC : TAG_IPV6_DST, (struct bytes){e->ip, 16});
    } else if (e->family == 4) {
        put_tag(w, source ? TAG_IPV4_SRC : TAG_IPV4_DST, (struct bytes){e->ip, 4});
    }
}

static void put_tags(struct wr *w, const struct pcapng_packet *p)
{
    put_tag(w, TAG_DISSECTOR, p->dissector);
    put_end(w, &p->from, true);
    put_end(w, &p->to, false);
    if (p->port_type != PCAPNG_PORT_NONE) {
        put_tag_u32(w, TAG_PORT_TYPE, (uint32_t)p->port_type);
        put_tag_u32(w, TAG_SRC_PORT, p->from.port);
        put_tag_u32(w, TAG_DST_PORT, p->to.port);
    }
    wr_be32(w, TAG_END);
}

/* The parts of a packet block around the message. */
struct frame {
    uint8_t head[256];
    uint8_t tail[PCAPNG_COMMENT_MAX + 32];
};

static struct bytes build_tail(struct frame *f, const struct pcapng_packet *p, uint32_t total)
{
    struct wr w = wr_of(MBYTES_OF(f->tail));
    struct bytes comment = {p->comment.p, comment_length(p->comment)};
    wr_zero(&w, pad4(p->message.n));
    if (comment.n != 0) {
        put_option(&w, OPTION_COMMENT, comment);
        put32(&w, OPTION_END);
    }
    put32(&w, total);
    return wr_done(&w);
}

static struct bytes build_head(struct frame *f, const struct pcapng_packet *p, size_t tags,
                               uint32_t total)
{
    struct wr w = wr_of(MBYTES_OF(f->head));
    uint32_t captured = (uint32_t)(tags + p->message.n);
    put32(&w, BLOCK_PACKET);
    put32(&w, total);
    put32(&w, 0); /* interface */
    put32(&w, (uint32_t)(p->time_ns >> 32));
    put32(&w, (uint32_t)p->time_ns);
    put32(&w, captured);
    put32(&w, captured);
    put_tags(&w, p);
    return wr_done(&w);
}

enum { PACKET_FIXED = 28 }; /* block head and packet fields */

enum err pcapng_write(struct pcapng_writer *w, const struct pcapng_packet *p)
{
    struct frame f;
    if (p->dissector.n == 0 || p->dissector.n > PCAPNG_NAME_MAX ||
        p->message.n > PCAPNG_BLOCK_MAX - sizeof f) {
        return E_BAD_LENGTH;
    }
    size_t tags = build_head(&f, p, 0, 0).n - PACKET_FIXED;
    size_t tail = build_tail(&f, p, 0).n;
    uint32_t total = (uint32_t)(PACKET_FIXED + tags + p->message.n + tail);
    struct bytes head_part = build_head(&f, p, tags, total);
    struct bytes tail_part = build_tail(&f, p, total);
    /* writev only reads what iov_base points to. */
    struct iovec v[] = {
        {f.head, head_part.n},
        {(void *)(uintptr_t)p->message.p, p->message.n},
        {f.tail, tail_part.n},
    };
    (void)pthread_mutex_lock(&w->lock);
    enum err err = write_whole(w, v, 3);
    (void)pthread_mutex_unlock(&w->lock);
    return err;
}

void pcapng_close(struct pcapng_writer *w)
{
    if (w != NULL) {
        (void)close(w->fd);
        (void)pthread_mutex_destroy(&w->lock);
        free(w);
    }
}
