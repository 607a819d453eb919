/* test/live/raw_malformed.c - messages that are wrong in every way a length can be, and octets that
 * are no messages. The first get an answer that says so and the connection lives; the others end
 * their connection, and only that. */
#include "raw_stage.h"

#include <stdio.h>
#include <string.h>

#define AVP_LENGTH_AT 5 /* octets into an AVP */

/* A sound AIR in s->link.out. */
static size_t sound(struct raw_stage *s)
{
    struct raw_air ask = {.imsi = raw_next(s)->imsi};
    return raw_air(&s->link, &ask);
}

static void set24(uint8_t *p, size_t v)
{
    p[0] = (uint8_t)(v >> 16);
    p[1] = (uint8_t)(v >> 8);
    p[2] = (uint8_t)v;
}

/* Where the AVP of this code begins, directly in the message. */
static size_t find(struct raw_stage *s, size_t n, uint32_t code)
{
    struct bytes data;
    struct bytes msg = {s->link.out, n};
    if (diameter_find(msg, code, code > 1000 ? 10415 : 0, &data) != E_OK) {
        return 0;
    }
    return (size_t)(data.p - s->link.out) - (code > 1000 ? 12 : 8);
}

/* Sends what is in out and expects this result, then that the connection still serves. */
static void answered(struct raw_stage *s, size_t n, uint32_t expected, const char *what)
{
    struct bytes answer;
    uint32_t got = 0;
    set24(s->link.out + 1, n);
    if (raw_ask(&s->link, n, &answer)) {
        got = raw_result(answer);
    }
    if (got != expected) {
        printf("# expected %u, got %u\n", expected, got);
    }
    raw_says(got == expected && raw_is_served(s), "%s is answered with %u, and the next AIR served",
             what, expected);
    if (got == 0) {
        raw_close(&s->link);
        (void)raw_stage_open(s);
    }
}

static void lengths(struct raw_stage *s)
{
    char what[64];
    for (size_t length = 0; length < 8; length++) {
        size_t n = sound(s);
        set24(s->link.out + find(s, n, 1) + AVP_LENGTH_AT, length);
        snprintf(what, sizeof what, "a User-Name of length %zu", length);
        answered(s, n, DIAMETER_INVALID_AVP_LENGTH, what);
    }
    size_t n = sound(s);
    set24(s->link.out + find(s, n, 1407) + AVP_LENGTH_AT, 11);
    answered(s, n, DIAMETER_INVALID_AVP_LENGTH, "a vendor's AVP shorter than its header");
    n = sound(s);
    set24(s->link.out + find(s, n, 1407) + AVP_LENGTH_AT, 0xffffff);
    answered(s, n, DIAMETER_INVALID_AVP_LENGTH, "an AVP of 16 MiB in a short message");
    n = sound(s);
    set24(s->link.out + find(s, n, 1) + AVP_LENGTH_AT, n);
    answered(s, n, DIAMETER_INVALID_AVP_LENGTH, "an AVP that ends behind its message");
    n = sound(s);
    set24(s->link.out + find(s, n, 1408) + 12 + AVP_LENGTH_AT, 64);
    answered(s, n, DIAMETER_INVALID_AVP_LENGTH, "a member that ends behind its group");
}

/* The message cut at every multiple of four: always an answer, never another peer's business. */
static void truncated(struct raw_stage *s)
{
    size_t whole = sound(s);
    size_t refused = 0, tried = 0;
    for (size_t n = DIAMETER_HEADER_LEN; n < whole; n += 4, tried++) {
        struct bytes answer;
        (void)sound(s);
        set24(s->link.out + 1, n);
        if (!raw_ask(&s->link, n, &answer)) {
            break;
        }
        uint32_t code = raw_result(answer);
        refused += code >= 5000 && code < 6000;
    }
    raw_says(refused == tried && raw_is_served(s),
             "an AIR cut short at each of %zu places is refused each time", tried);
}

/* ---- many and deep ---- */

static struct wr behind(struct raw_stage *s, size_t n)
{
    struct wr w = wr_of(MBYTES_OF(s->link.out));
    w.n = n;
    return w;
}

static void put_avp(struct wr *w, uint32_t code, uint8_t flags, struct bytes value)
{
    wr_be32(w, code);
    wr_u8(w, flags);
    wr_be24(w, (uint32_t)(8 + value.n));
    wr_put(w, value);
    wr_zero(w, (4 - value.n % 4) % 4);
}

/* `depth` groups of one code in each other, the innermost empty. */
static void put_nested(struct wr *w, uint32_t code, uint8_t flags, size_t depth)
{
    for (size_t i = 0; i < depth; i++) {
        wr_be32(w, code);
        wr_u8(w, flags);
        wr_be24(w, (uint32_t)(8 * (depth - i)));
    }
}

static void nested(struct raw_stage *s)
{
    /* Groups the dictionary knows; in each other they have no business, deep or not. */
    static const struct {
        uint32_t code;
        uint32_t expected;
        const char *what;
    } groups[] = {
        {260, DIAMETER_AVP_OCCURS_TOO_MANY_TIMES, "Vendor-Specific-Application-Id, 50 deep"},
        {279, DIAMETER_AVP_UNSUPPORTED, "Failed-AVP, 50 deep"},
        {999999, DIAMETER_AVP_UNSUPPORTED, "an unknown group that must be understood, 50 deep"},
    };
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
        struct wr w = behind(s, sound(s));
        put_nested(&w, groups[i].code, DIAMETER_AVP_M, 50);
        answered(s, w.n, groups[i].expected, groups[i].what);
    }
    struct wr w = behind(s, sound(s));
    put_nested(&w, 999999, 0, 50);
    answered(s, w.n, DIAMETER_SUCCESS, "an unknown group that need not be understood, 50 deep,");
    w = behind(s, sound(s));
    put_nested(&w, 284, DIAMETER_AVP_M, 50);
    answered(s, w.n, DIAMETER_SUCCESS, "Proxy-Info, which is nobody's but its proxy's, 50 deep,");
}

static void repeated(struct raw_stage *s)
{
    static const uint8_t four[] = {0, 0, 0, 1};
    struct wr w = behind(s, sound(s));
    for (size_t i = 0; i < 1000; i++) {
        put_avp(&w, 278, DIAMETER_AVP_M, BYTES_OF(four));
    }
    answered(s, w.n, DIAMETER_AVP_OCCURS_TOO_MANY_TIMES, "Origin-State-Id a thousand times");
    w = behind(s, sound(s));
    for (size_t i = 0; i < 1000; i++) {
        put_avp(&w, 999999, 0, BYTES_OF(four));
    }
    answered(s, w.n, DIAMETER_SUCCESS, "an unknown optional AVP a thousand times");
    w = behind(s, sound(s));
    put_avp(&w, 1, DIAMETER_AVP_M, bytes_of_str(raw_next(s)->imsi));
    answered(s, w.n, DIAMETER_AVP_OCCURS_TOO_MANY_TIMES, "a second User-Name");
}

static void headers(struct raw_stage *s)
{
    size_t n = sound(s);
    s->link.out[4] |= 0x20;
    answered(s, n, DIAMETER_INVALID_HDR_BITS, "a request with the E bit");
    n = sound(s);
    set24(s->link.out + 5, 777777);
    answered(s, n, DIAMETER_COMMAND_UNSUPPORTED, "an unknown command");
    n = sound(s);
    s->link.out[11] ^= 0xff;
    answered(s, n, DIAMETER_APPLICATION_UNSUPPORTED, "another application");
    n = sound(s);
    s->link.out[4] = 0x40;
    bool sent = raw_send(&s->link, (struct bytes){s->link.out, n});
    raw_says(sent && raw_is_served(s), "an answer to nothing is ignored");
    n = sound(s);
    s->link.out[find(s, n, 1407) + 12] = 0xaa;
    answered(s, n, DIAMETER_INVALID_AVP_VALUE, "a Visited-PLMN-Id of hexadecimal digits");
    n = sound(s);
    memset(s->link.out + find(s, n, 1) + 8, 'x', 15);
    answered(s, n, DIAMETER_INVALID_AVP_VALUE, "a User-Name of letters");
}

/* message_size is 16384 in the configuration of the test. */
static void at_the_limit(struct raw_stage *s)
{
    static const uint8_t zeros[RAW_MESSAGE_MAX];
    struct wr w = behind(s, sound(s));
    put_avp(&w, 999999, 0, (struct bytes){zeros, 16384 - w.n - 8});
    answered(s, w.n, DIAMETER_SUCCESS, "a message as long as may be");
}

void raw_play_malformed(struct raw_stage *s)
{
    if (!raw_says(raw_stage_open(s), "the peer is let in")) {
        return;
    }
    lengths(s);
    truncated(s);
    nested(s);
    repeated(s);
    headers(s);
    at_the_limit(s);
    raw_close(&s->link);
}

/* ---- what is no message ends its connection ---- */

static void ends(struct raw_stage *s, struct bytes octets, const char *what)
{
    bool open = raw_stage_open(s);
    bool sent = open && raw_send(&s->link, octets);
    raw_says(sent && raw_is_closed(&s->link), "%s ends the connection", what);
    raw_close(&s->link);
}

static void header_ends(struct raw_stage *s, uint8_t version, size_t length, const char *what)
{
    uint8_t header[DIAMETER_HEADER_LEN] = {version, 0, 0, 0, 0xc0, 0, 1, 0x3e, 1, 0, 0, 0x23};
    set24(header + 1, length);
    ends(s, BYTES_OF(header), what);
}

/* Octets without sense before any CER, the same ones in every run. */
static void noise(struct raw_stage *s)
{
    uint64_t state = 1;
    size_t closed = 0;
    for (size_t i = 0; i < 100; i++) {
        uint8_t octets[512];
        for (size_t j = 0; j < sizeof octets; j++) {
            state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
            octets[j] = (uint8_t)(state >> 56);
        }
        octets[0] = (i & 1) != 0 ? 1 : octets[0];
        bool open = raw_open(&s->link, &s->at, "mme-a");
        closed += open && raw_send(&s->link, BYTES_OF(octets)) && raw_is_closed(&s->link);
        raw_close(&s->link);
    }
    raw_same(100, (uint32_t)closed, "a hundred connections of noise are closed");
}

static void before_capabilities(struct raw_stage *s)
{
    bool open = raw_open(&s->link, &s->at, "mme-a");
    bool sent = open && raw_send(&s->link, BYTES_LIT("GET / HTTP/1.1\r\nHost: hss\r\n\r\n"));
    raw_says(sent && raw_is_closed(&s->link), "HTTP on the port of Diameter ends the connection");
    raw_close(&s->link);
    open = raw_open(&s->link, &s->at, "mme-a");
    sent = open && raw_send(&s->link, (struct bytes){s->link.out, sound(s)});
    raw_says(sent && raw_is_closed(&s->link),
             "an AIR before the CER ends the connection unanswered");
    raw_close(&s->link);
}

void raw_play_frames(struct raw_stage *s)
{
    header_ends(s, 1, 0, "a message of length 0");
    header_ends(s, 1, 16, "a message shorter than its header");
    header_ends(s, 1, 21, "a length that is no multiple of four");
    header_ends(s, 1, 16388, "a message longer than may be");
    header_ends(s, 1, 0xfffffc, "a message of 16 MiB");
    header_ends(s, 2, 20, "version 2");
    header_ends(s, 0, 20, "version 0");
    before_capabilities(s);
    noise(s);
}
