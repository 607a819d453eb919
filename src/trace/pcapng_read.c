/* The reading half of trace/pcapng.h. */
#include "trace/pcapng_format.h"

#include <string.h>

/* A cursor over one block that knows the byte order and the place in the file. */
struct cursor {
    struct rd rd;
    uint64_t base; /* of rd's first octet in the file */
    bool big;
};

static uint32_t get32(struct cursor *c)
{
    uint32_t v = rd_be32(&c->rd);
    return c->big ? v : __builtin_bswap32(v);
}

static uint16_t get16(struct cursor *c)
{
    uint16_t v = rd_be16(&c->rd);
    return c->big ? v : (uint16_t)__builtin_bswap16(v);
}

static enum err refuse(struct pcapng_reader *r, uint64_t place, enum err err, const char *why)
{
    r->place = place;
    r->why = why;
    return err;
}

static uint64_t place_of(const struct cursor *c)
{
    return c->base + c->rd.at;
}

/* ---- options ---- */

struct option {
    uint16_t code;
    struct bytes value;
};

/* E_AGAIN ends the list: opt_endofopt, or the end of the block. */
static enum err next_option(struct pcapng_reader *r, struct cursor *c, struct option *out)
{
    uint64_t place = place_of(c);
    if (rd_left(&c->rd) == 0) {
        return E_AGAIN;
    }
    out->code = get16(c);
    uint16_t n = get16(c);
    out->value = rd_take(&c->rd, n);
    (void)rd_take(&c->rd, pad4(n));
    if (c->rd.err != E_OK) {
        return refuse(r, place, E_BAD_LENGTH, "the option ends after its block");
    }
    return out->code == OPTION_END ? E_AGAIN : E_OK;
}

/* ---- blocks ---- */

static enum err read_section(struct pcapng_reader *r, struct cursor *c)
{
    uint64_t place = place_of(c);
    (void)get32(c); /* the magic, which gave the byte order */
    uint16_t major = get16(c);
    (void)rd_take(&c->rd, 10); /* minor version, section length */
    if (c->rd.err != E_OK) {
        return refuse(r, place, E_BAD_LENGTH, "the section head is too short");
    }
    if (major != 1) {
        return refuse(r, place + 4, E_UNSUPPORTED, "the major version is not 1");
    }
    r->in_section = true;
    r->interfaces = 0;
    return E_OK;
}

static enum err read_interface(struct pcapng_reader *r, struct cursor *c)
{
    uint64_t place = place_of(c);
    struct pcapng_interface one = {.link_type = get16(c), .resolution = 6};
    (void)rd_take(&c->rd, 6);
    if (c->rd.err != E_OK) {
        return refuse(r, place, E_BAD_LENGTH, "the interface description is too short");
    }
    if (r->interfaces == PCAPNG_INTERFACES_MAX) {
        return refuse(r, place, E_NO_ROOM, "there are more interfaces than this program follows");
    }
    struct option o;
    enum err err;
    while ((err = next_option(r, c, &o)) == E_OK) {
        if (o.code == OPTION_TSRESOL && o.value.n == 1) {
            one.resolution = o.value.p[0];
        }
    }
    if (err != E_AGAIN) {
        return err;
    }
    r->interface[r->interfaces++] = one;
    return E_OK;
}

/* To nanoseconds. Resolutions finer than that lose digits; absurd ones give 0. */
static uint64_t to_ns(uint64_t v, uint8_t resolution)
{
    unsigned n = resolution & 0x7f;
    if ((resolution & 0x80) != 0) {
        if (n > 63) {
            return 0;
        }
        uint64_t fraction = v & ((UINT64_C(1) << n) - 1);
        /* Keep the product within 64 bits: 30 bits are enough for a nanosecond. */
        uint64_t ns =
            n > 30 ? ((fraction >> (n - 30)) * 1000000000u) >> 30 : (fraction * 1000000000u) >> n;
        return (v >> n) * 1000000000u + ns;
    }
    for (; n < 9; n++) {
        v *= 10;
    }
    for (; n > 9; n--) {
        v /= 10;
    }
    return v;
}

static struct bytes without_padding(struct bytes v)
{
    while (v.n > 0 && v.p[v.n - 1] == 0) {
        v.n--;
    }
    return v;
}

static uint32_t be32_of(struct bytes v)
{
    struct rd r = rd_of(v);
    return rd_be32(&r);
}

static void take_ip(struct pcapng_end *e, uint8_t family, struct bytes v)
{
    e->family = family;
    memset(e->ip, 0, sizeof e->ip);
    memcpy(e->ip, v.p, v.n);
}

/* The length each known tag must have; 0: any. */
static size_t tag_length(uint16_t tag)
{
    switch (tag) {
    case TAG_IPV6_SRC:
    case TAG_IPV6_DST:
        return 16;
    case TAG_IPV4_SRC:
    case TAG_IPV4_DST:
    case TAG_PORT_TYPE:
    case TAG_SRC_PORT:
    case TAG_DST_PORT:
        return 4;
    default:
        return 0;
    }
}

static void take_tag(struct pcapng_packet *p, uint16_t tag, struct bytes v)
{
    switch (tag) {
    case TAG_DISSECTOR:
        p->dissector = without_padding(v);
        break;
    case TAG_IPV4_SRC:
    case TAG_IPV6_SRC:
        take_ip(&p->from, tag == TAG_IPV4_SRC ? 4 : 6, v);
        break;
    case TAG_IPV4_DST:
    case TAG_IPV6_DST:
        take_ip(&p->to, tag == TAG_IPV4_DST ? 4 : 6, v);
        break;
    case TAG_PORT_TYPE:
        p->port_type = be32_of(v) <= PCAPNG_PORT_UDP ? (enum pcapng_port)be32_of(v) : 0;
        break;
    case TAG_SRC_PORT:
        p->from.port = (uint16_t)be32_of(v);
        break;
    case TAG_DST_PORT:
        p->to.port = (uint16_t)be32_of(v);
        break;
    default: /* tags of other programs say nothing we need */
        break;
    }
}

static enum err read_tags(struct pcapng_reader *r, struct bytes data, uint64_t base,
                          struct pcapng_packet *p)
{
    struct rd rd = rd_of(data);
    for (;;) {
        uint64_t place = base + rd.at;
        uint16_t tag = rd_be16(&rd);
        uint16_t n = rd_be16(&rd);
        struct bytes v = rd_take(&rd, n);
        if (rd.err != E_OK) {
            return refuse(r, place, E_BAD_LENGTH, "the tag ends after its packet");
        }
        if (tag == TAG_END) {
            break;
        }
        if (tag_length(tag) != 0 && tag_length(tag) != v.n) {
            return refuse(r, place, E_BAD_LENGTH, "the tag does not have the length of its kind");
        }
        take_tag(p, tag, v);
    }
    p->message = rd_take(&rd, rd_left(&rd));
    return E_OK;
}

static enum err read_comment(struct pcapng_reader *r, struct cursor *c, struct pcapng_packet *p)
{
    struct option o;
    enum err err;
    while ((err = next_option(r, c, &o)) == E_OK) {
        if (o.code == OPTION_COMMENT && p->comment.n == 0) {
            p->comment = o.value;
        }
    }
    return err == E_AGAIN ? E_OK : err;
}

static enum err read_packet(struct pcapng_reader *r, struct cursor *c, struct pcapng_packet *out)
{
    struct pcapng_packet p = {0};
    uint64_t place = place_of(c);
    uint32_t interface = get32(c);
    uint64_t high = get32(c);
    uint64_t time = high << 32 | get32(c);
    uint32_t captured = get32(c);
    (void)get32(c); /* length before it was cut */
    uint64_t data_at = place_of(c);
    struct bytes data = rd_take(&c->rd, captured);
    (void)rd_take(&c->rd, pad4(captured));
    if (c->rd.err != E_OK) {
        return refuse(r, place, E_BAD_LENGTH, "the packet ends after its block");
    }
    if (interface >= r->interfaces) {
        return refuse(r, place, E_BAD_VALUE, "the packet's interface was not described before");
    }
    p.time_ns = to_ns(time, r->interface[interface].resolution);
    p.link_type = r->interface[interface].link_type;
    p.message = data;
    enum err err = p.link_type == PCAPNG_UPPER_PDU ? read_tags(r, data, data_at, &p) : E_OK;
    if (err == E_OK) {
        err = read_comment(r, c, &p);
    }
    if (err == E_OK) {
        *out = p;
    }
    return err;
}

/* ---- framing ---- */

/* Byte order of a section is in the word after its length, which must be known first. */
static enum err section_order(struct pcapng_reader *r, struct bytes in)
{
    static const uint8_t big[] = {0x1a, 0x2b, 0x3c, 0x4d};
    static const uint8_t little[] = {0x4d, 0x3c, 0x2b, 0x1a};
    struct bytes magic = {in.p + 8, 4};
    r->big = bytes_eq(magic, BYTES_OF(big));
    if (!r->big && !bytes_eq(magic, BYTES_OF(little))) {
        return refuse(r, r->offset + 8, E_BAD_VALUE, "the byte-order magic is not there");
    }
    return E_OK;
}

/* E_AGAIN, or the block's type and its whole length, both ends of which agree. */
static enum err frame_block(struct pcapng_reader *r, struct bytes in, uint32_t *type, uint32_t *n)
{
    if (in.n < 12) {
        return E_AGAIN;
    }
    /* The section type reads the same in both orders. */
    if (be32_of(in) == BLOCK_SECTION) {
        enum err err = section_order(r, in);
        if (err != E_OK) {
            return err;
        }
    } else if (!r->in_section) {
        return refuse(r, r->offset, E_BAD_VALUE, "this is no pcapng file: no section head");
    }
    struct cursor c = {rd_of(in), r->offset, r->big};
    *type = get32(&c);
    *n = get32(&c);
    if (*n < 12 || *n % 4 != 0 || *n > PCAPNG_BLOCK_MAX) {
        return refuse(r, r->offset + 4, E_BAD_LENGTH, "the block's length is not possible");
    }
    if (in.n < *n) {
        return E_AGAIN;
    }
    struct cursor back = {rd_of((struct bytes){in.p + *n - 4, 4}), 0, r->big};
    if (get32(&back) != *n) {
        return refuse(r, r->offset + *n - 4, E_BAD_LENGTH, "the block's two lengths differ");
    }
    return E_OK;
}

enum err pcapng_next(struct pcapng_reader *r, struct bytes in, size_t *used,
                     struct pcapng_packet *out)
{
    *used = 0;
    for (;;) {
        struct bytes rest = {in.p + *used, in.n - *used};
        uint32_t type, n;
        enum err err = frame_block(r, rest, &type, &n);
        if (err != E_OK) {
            return err;
        }
        struct cursor c = {rd_of((struct bytes){rest.p + 8, n - 12}), r->offset + 8, r->big};
        if (type == BLOCK_SECTION) {
            err = read_section(r, &c);
        } else if (type == BLOCK_INTERFACE) {
            err = read_interface(r, &c);
        } else if (type == BLOCK_PACKET) {
            err = read_packet(r, &c, out);
        }
        if (err != E_OK) {
            return err;
        }
        r->offset += n;
        *used += n;
        if (type == BLOCK_PACKET) {
            return E_OK;
        }
    }
}

enum err pcapng_finish(struct pcapng_reader *r, struct bytes left)
{
    if (left.n != 0) {
        return refuse(r, r->offset, E_TRUNCATED, "the file ends within this block");
    }
    if (!r->in_section) {
        return refuse(r, r->offset, E_TRUNCATED, "the file ends before a section head");
    }
    return E_OK;
}
