#include "emulator/radio.h"

#include "codec/nas.h"
#include "device/linux/durable_file.h"
#include "emulator/load_schedule.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DELAY_MS     200
#define DELAY_MS_MAX 60000

/* ---- the command line's words ---- */

static bool number_of(const char *text, size_t n, uint64_t max, uint64_t *out)
{
    uint64_t v = 0;
    if (n == 0 || n > 18) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
        v = v * 10 + (uint64_t)(text[i] - '0');
    }
    *out = v;
    return v <= max;
}

static enum err challenge_parse(const char *text, struct radio_config *out)
{
    char first[33];
    uint8_t rand[16], autn[16];
    if (strlen(text) != 65 || text[32] != ':') {
        return E_BAD_VALUE;
    }
    memcpy(first, text, 32);
    first[32] = '\0';
    if (hex_decode(first, MBYTES_OF(rand)) != E_OK ||
        hex_decode(text + 33, MBYTES_OF(autn)) != E_OK) {
        return E_BAD_VALUE;
    }
    memcpy(out->rand, rand, sizeof out->rand);
    memcpy(out->autn, autn, sizeof out->autn);
    out->flip = RADIO_FLIP_CHALLENGE;
    return E_OK;
}

enum err radio_flip_parse(const char *text, struct radio_config *out)
{
    static const char octet[] = "nas-octet=", challenge[] = "challenge=";
    uint64_t at = 0;
    if (strcmp(text, "rand") == 0 || strcmp(text, "autn") == 0) {
        out->flip = text[0] == 'r' ? RADIO_FLIP_RAND : RADIO_FLIP_AUTN;
        return E_OK;
    }
    if (strcmp(text, "amf") == 0 || strcmp(text, "capability") == 0) {
        out->flip = text[0] == 'a' ? RADIO_FLIP_AMF : RADIO_FLIP_CAPABILITY;
        return E_OK;
    }
    if (strncmp(text, challenge, sizeof challenge - 1) == 0) {
        return challenge_parse(text + sizeof challenge - 1, out);
    }
    if (strncmp(text, octet, sizeof octet - 1) != 0) {
        return E_BAD_VALUE;
    }
    text += sizeof octet - 1;
    const bool up = strncmp(text, "up:", 3) == 0;
    text += up ? 3 : 0;
    if (!number_of(text, strlen(text), RADIO_PDU_MAX - 1, &at)) {
        return E_BAD_VALUE;
    }
    out->flip = RADIO_FLIP_OCTET;
    out->octet_direction = up ? RADIO_UP : RADIO_DOWN;
    out->octet = (size_t)at;
    return E_OK;
}

static bool take_fault(const char *name, size_t n, uint64_t value, struct radio_config *out)
{
    const struct {
        const char *name;
        uint8_t *percent;
    } rows[] = {{"lose", &out->lose},
                {"repeat", &out->repeat},
                {"delay", &out->delay},
                {"tamper", &out->tamper}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strlen(rows[i].name) == n && strncmp(rows[i].name, name, n) == 0) {
            *rows[i].percent = (uint8_t)value;
            return value <= 100;
        }
    }
    if (n == 8 && strncmp(name, "delay-ms", n) == 0) {
        out->delay_ms = (uint32_t)value;
        return value > 0 && value <= DELAY_MS_MAX;
    }
    out->seed = value;
    return n == 4 && strncmp(name, "seed", n) == 0;
}

enum err radio_faults_parse(const char *text, struct radio_config *out)
{
    struct radio_config c = *out;
    for (;;) {
        const size_t name = strcspn(text, "=,"), whole = strcspn(text, ",");
        uint64_t value = 0;
        if (text[name] != '=' ||
            !number_of(text + name + 1, whole - name - 1, UINT64_MAX / 10, &value) ||
            !take_fault(text, name, value, &c)) {
            return E_BAD_VALUE;
        }
        if (text[whole] == '\0') {
            break;
        }
        text += whole + 1;
    }
    *out = c;
    return E_OK;
}

/* ---- PDUs under way ---- */

struct delayed {
    uint64_t at;
    uint64_t order; /* among those of the same time */
    struct radio_pdu pdu;
    uint8_t octets[];
};
struct radio {
    struct radio_config config;
    radio_sink *sink;
    void *ctx;
    uint64_t random;
    uint64_t order;
    struct delayed **heap; /* the first to arrive on top */
    size_t n, room;
    struct radio_counters counters;
};

enum err radio_open(const struct radio_config *config, radio_sink *sink, void *ctx,
                    struct radio **out)
{
    *out = NULL;
    if (config->lose > 100 || config->repeat > 100 || config->delay > 100 || config->tamper > 100) {
        return E_BAD_VALUE;
    }
    struct radio *r = calloc(1, sizeof *r);
    if (r == NULL) {
        return E_MEMORY;
    }
    r->config = *config;
    r->config.delay_ms = config->delay_ms > 0 ? config->delay_ms : DELAY_MS;
    r->sink = sink;
    r->ctx = ctx;
    r->random = config->seed;
    *out = r;
    return E_OK;
}

void radio_close(struct radio *r)
{
    for (size_t i = 0; r != NULL && i < r->n; i++) {
        free(r->heap[i]);
    }
    if (r != NULL) {
        free(r->heap);
    }
    free(r);
}

const struct radio_counters *radio_counters(const struct radio *r)
{
    return &r->counters;
}

static bool earlier(const struct delayed *a, const struct delayed *b)
{
    return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void swap(struct radio *r, size_t i, size_t j)
{
    struct delayed *t = r->heap[i];
    r->heap[i] = r->heap[j];
    r->heap[j] = t;
}

static bool grow(struct radio *r)
{
    if (r->n < r->room) {
        return true;
    }
    size_t room = r->room > 0 ? r->room * 2 : 64;
    struct delayed **heap =
        r->n < RADIO_DELAYED_MAX ? realloc(r->heap, room * sizeof(struct delayed *)) : NULL;
    if (heap == NULL) {
        return false;
    }
    r->heap = heap;
    r->room = room;
    return true;
}

static bool put_off(struct radio *r, uint64_t at, const struct radio_pdu *pdu)
{
    struct delayed *d = grow(r) ? malloc(sizeof *d + pdu->octets.n) : NULL;
    if (d == NULL) {
        return false;
    }
    d->at = at;
    d->order = r->order++;
    d->pdu = *pdu;
    d->pdu.octets.p = d->octets;
    memcpy(d->octets, pdu->octets.p, pdu->octets.n);
    size_t i = r->n++;
    r->heap[i] = d;
    for (; i > 0 && earlier(d, r->heap[(i - 1) / 2]); i = (i - 1) / 2) {
        swap(r, i, (i - 1) / 2);
    }
    return true;
}

static struct delayed *take_first(struct radio *r)
{
    struct delayed *first = r->heap[0];
    r->heap[0] = r->heap[--r->n];
    for (size_t i = 0;;) {
        size_t next = i, left = 2 * i + 1;
        for (size_t j = left; j < left + 2 && j < r->n; j++) {
            next = earlier(r->heap[j], r->heap[next]) ? j : next;
        }
        if (next == i) {
            return first;
        }
        swap(r, i, next);
        i = next;
    }
}

uint64_t radio_deadline(const struct radio *r)
{
    return r->n > 0 ? r->heap[0]->at : RADIO_NEVER;
}

void radio_tick(struct radio *r, uint64_t now_ms)
{
    while (r->n > 0 && r->heap[0]->at <= now_ms) {
        struct delayed *d = take_first(r);
        r->sink(r->ctx, &d->pdu);
        free(d);
    }
}

/* ---- what is changed on purpose ---- */

/* The plain message, also inside a header that only protects integrity. */
static bool plain_of(struct bytes pdu, struct nas_pdu *out)
{
    if (nas_peek(pdu, out) != E_OK) {
        return false;
    }
    if (out->kind == NAS_PROTECTED &&
        (out->sht == NAS_SHT_INTEGRITY || out->sht == NAS_SHT_INTEGRITY_NEW)) {
        return nas_peek(out->inner, out) == E_OK && out->kind == NAS_PLAIN_EMM;
    }
    return out->kind == NAS_PLAIN_EMM;
}

/* `field` lies in the PDU that `pdu` is the writable copy of. */
static uint8_t *octet_in(struct mbytes pdu, struct bytes field, size_t i)
{
    return pdu.p + (field.p - pdu.p) + i;
}

static bool is_challenge(struct mbytes pdu, struct nas_authentication_request *m)
{
    struct nas_pdu plain;
    return plain_of((struct bytes){pdu.p, pdu.n}, &plain) &&
           plain.type == NAS_AUTHENTICATION_REQUEST &&
           nas_parse(&nas_authentication_request_message, plain.inner, m, NULL) == E_OK;
}

static bool flip_amf(struct mbytes pdu)
{
    struct nas_authentication_request m;
    if (!is_challenge(pdu, &m)) {
        return false;
    }
    *octet_in(pdu, m.autn, 7) ^= 1; /* SQN xor AK 6, AMF 2 */
    return true;
}

static bool flip_challenge(enum radio_flip what, struct mbytes pdu)
{
    struct nas_authentication_request m;
    if (!is_challenge(pdu, &m)) {
        return false;
    }
    const struct bytes field = what == RADIO_FLIP_RAND ? m.rand : m.autn;
    *octet_in(pdu, field, field.n - 1) ^= 1;
    return true;
}

static bool exchange(const struct radio_config *c, struct mbytes pdu)
{
    struct nas_authentication_request m;
    if (!is_challenge(pdu, &m) || m.autn.n != sizeof c->autn) {
        return false;
    }
    memcpy(octet_in(pdu, m.rand, 0), c->rand, sizeof c->rand);
    memcpy(octet_in(pdu, m.autn, 0), c->autn, sizeof c->autn);
    return true;
}

static bool weaken(struct mbytes pdu)
{
    struct nas_attach_request m;
    struct nas_pdu plain;
    if (!plain_of((struct bytes){pdu.p, pdu.n}, &plain) || plain.type != NAS_ATTACH_REQUEST ||
        nas_parse(&nas_attach_request_message, plain.inner, &m, NULL) != E_OK) {
        return false;
    }
    *octet_in(pdu, m.ue_network_capability, 0) = 0x80;
    return true;
}

static bool flip(const struct radio *r, enum radio_direction direction, struct mbytes pdu)
{
    const struct radio_config *c = &r->config;
    switch (c->flip) {
    case RADIO_FLIP_AMF:
        return direction == RADIO_DOWN && flip_amf(pdu);
    case RADIO_FLIP_CAPABILITY:
        return direction == RADIO_UP && weaken(pdu);
    case RADIO_FLIP_OCTET:
        if (direction == c->octet_direction && c->octet < pdu.n) {
            pdu.p[c->octet] ^= 1;
            return true;
        }
        break;
    case RADIO_FLIP_CHALLENGE:
        return direction == RADIO_DOWN && exchange(c, pdu);
    case RADIO_FLIP_RAND:
    case RADIO_FLIP_AUTN:
        return direction == RADIO_DOWN && flip_challenge(c->flip, pdu);
    case RADIO_FLIP_NONE:
        break;
    }
    return false;
}

/* ---- a challenge that is kept ---- */

#define CHALLENGE_TEXT 66u /* and a line end */
#define CHALLENGE_MODE 0644

enum err radio_challenge_save(const char *path, struct bytes pdu)
{
    struct nas_authentication_request m;
    struct nas_pdu plain;
    char text[CHALLENGE_TEXT + 1];
    if (!plain_of(pdu, &plain) || plain.type != NAS_AUTHENTICATION_REQUEST ||
        nas_parse(&nas_authentication_request_message, plain.inner, &m, NULL) != E_OK ||
        m.rand.n != 16 || m.autn.n != 16) {
        return E_OK;
    }
    hex_encode(m.rand, text);
    text[32] = ':';
    hex_encode(m.autn, text + 33);
    text[CHALLENGE_TEXT - 1] = '\n';
    return durable_write(path, CHALLENGE_MODE, DURABLE_REPLACE,
                         (struct bytes){(uint8_t *)text, CHALLENGE_TEXT}, NULL);
}

enum err radio_challenge_load(const char *path, struct radio_config *out)
{
    char text[CHALLENGE_TEXT + 2];
    FILE *in = fopen(path, "re");
    if (in == NULL) {
        return errno == ENOENT ? E_NOT_FOUND : errno == EACCES ? E_DENIED : E_IO;
    }
    const size_t n = fread(text, 1, sizeof text - 1, in);
    const bool failed = ferror(in) != 0;
    (void)fclose(in);
    text[n] = '\0';
    text[strcspn(text, "\n")] = '\0';
    return failed ? E_IO : challenge_parse(text, out);
}

/* ---- by chance ---- */

static bool happens(struct radio *r, uint8_t percent)
{
    return percent > 0 && load_draw(&r->random) % 100 < percent;
}

static void damage(struct radio *r, struct mbytes pdu)
{
    if (happens(r, r->config.tamper)) {
        const uint64_t draw = load_draw(&r->random);
        pdu.p[draw / 8 % pdu.n] ^= (uint8_t)(1U << draw % 8);
        r->counters.damaged++;
    }
}

static void send_on(struct radio *r, uint64_t now_ms, const struct radio_pdu *pdu)
{
    if (!happens(r, r->config.delay)) {
        r->sink(r->ctx, pdu);
        return;
    }
    r->counters.delayed++;
    if (!put_off(r, now_ms + 1 + load_draw(&r->random) % r->config.delay_ms, pdu)) {
        r->counters.lost++;
    }
}

/* Copied, changed, damaged. False: too long for a NAS PDU, or empty. */
static bool treat(struct radio *r, enum radio_direction direction, struct bytes pdu, uint8_t *out)
{
    if (pdu.n == 0 || pdu.n > RADIO_PDU_MAX) {
        return false;
    }
    memcpy(out, pdu.p, pdu.n);
    r->counters.passed++;
    r->counters.changed += flip(r, direction, (struct mbytes){out, pdu.n});
    damage(r, (struct mbytes){out, pdu.n});
    return true;
}

void radio_pass(struct radio *r, uint64_t now_ms, const struct radio_pdu *pdu)
{
    uint8_t copy[RADIO_PDU_MAX];
    struct radio_pdu out = *pdu;
    out.octets.p = copy;
    if (happens(r, r->config.lose) || !treat(r, pdu->direction, pdu->octets, copy)) {
        r->counters.lost++;
        return;
    }
    const bool twice = happens(r, r->config.repeat);
    r->counters.repeated += twice;
    send_on(r, now_ms, &out);
    if (twice) {
        send_on(r, now_ms, &out);
    }
}

bool radio_pass_first(struct radio *r, struct bytes pdu, struct mbytes out, size_t *n)
{
    if (out.n < RADIO_PDU_MAX || happens(r, r->config.lose) || !treat(r, RADIO_UP, pdu, out.p)) {
        r->counters.lost++;
        return false;
    }
    *n = pdu.n;
    return true;
}
