#include "proc/kme_lot.h"

#include <string.h>

static bool in_an_id(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_';
}

enum err kme_lot_id_parse(struct bytes ascii, struct kme_lot_id *out)
{
    struct kme_lot_id id = {.n = (uint8_t)ascii.n};
    if (ascii.n == 0 || ascii.n > KME_LOT_ID_MAX) {
        return E_BAD_LENGTH;
    }
    for (size_t i = 0; i < ascii.n; i++) {
        if (!in_an_id(ascii.p[i])) {
            return E_BAD_VALUE;
        }
        id.text[i] = (char)ascii.p[i];
    }
    *out = id;
    return E_OK;
}

bool kme_lot_id_eq(const struct kme_lot_id *a, const struct kme_lot_id *b)
{
    return bytes_eq((struct bytes){(const uint8_t *)a->text, a->n},
                    (struct bytes){(const uint8_t *)b->text, b->n});
}

/* ---- a lot ---- */

static enum err manufacturer_take(struct bytes ascii, struct kme_lot *lot)
{
    if (ascii.n == 0 || ascii.n > KME_LOT_MANUFACTURER_MAX) {
        return E_BAD_LENGTH;
    }
    for (size_t i = 0; i < ascii.n; i++) {
        if (ascii.p[i] < ' ' || ascii.p[i] > '~') {
            return E_BAD_VALUE;
        }
        lot->manufacturer[i] = (char)ascii.p[i];
    }
    return E_OK;
}

/* X9.31 makes moduli in steps of 256 bits; a product of two primes of the right size fills its
 * octets, and is odd. */
enum err kme_modulus_check(struct bytes modulus)
{
    if (modulus.n < KME_MODULUS_MIN || modulus.n > KME_MODULUS_MAX) {
        return E_BAD_LENGTH;
    }
    if (modulus.n % 32 != 0 || modulus.p[0] < 0x80 || (modulus.p[modulus.n - 1] & 1) == 0) {
        return E_BAD_VALUE;
    }
    return E_OK;
}

/*= kme-lot */
enum err kme_lot_make(struct bytes id, struct bytes manufacturer, struct bytes modulus,
                      struct kme_lot *out)
{
    struct kme_lot lot = {.modulus_n = 0};
    enum err err = kme_lot_id_parse(id, &lot.id);
    if (err == E_OK) {
        err = manufacturer_take(manufacturer, &lot);
    }
    if (err == E_OK) {
        err = kme_modulus_check(modulus);
    }
    if (err == E_OK) {
        lot.modulus_n = (uint16_t)modulus.n;
        memcpy(lot.modulus, modulus.p, modulus.n);
        *out = lot;
    }
    return err;
}

/* ---- whose lot is this IMEI of? ---- */

static bool is_range(const struct imei_range *r)
{
    return r->first <= r->last && r->last < IMEI_NUMBERS;
}

/* What two ranges both cover, if they do. */
static bool common(const struct imei_range *a, const struct imei_range *b, struct imei_range *both)
{
    both->first = a->first > b->first ? a->first : b->first;
    both->last = a->last < b->last ? a->last : b->last;
    return both->first <= both->last;
}

static bool overlaps(const struct kme_lot_range *a, const struct kme_lot_range *b,
                     struct kme_lot_overlap *overlap)
{
    struct imei_range both;
    if (!common(&a->range, &b->range, &both)) {
        return false;
    }
    *overlap = (struct kme_lot_overlap){.a = a->lot, .b = b->lot, .range = both};
    return true;
}

/*= kme-overlap */
/* Ranges that ascend and of which none touches the next are disjoint altogether. */
enum err kme_lots_of(const struct kme_lot_range *ranges, size_t n, struct kme_lot_overlap *overlap,
                     struct kme_lots *out)
{
    for (size_t i = 0; i < n; i++) {
        if (!is_range(&ranges[i].range) ||
            (i > 0 && ranges[i].range.first < ranges[i - 1].range.first)) {
            return E_BAD_VALUE;
        }
        if (i > 0 && overlaps(&ranges[i - 1], &ranges[i], overlap)) {
            return E_CONFLICT;
        }
    }
    *out = (struct kme_lots){.ranges = ranges, .n = n};
    return E_OK;
}

/* The last range that begins at or below `want`, or NULL. */
static const struct kme_lot_range *last_below(const struct kme_lots *lots, uint64_t want)
{
    const struct kme_lot_range *from = lots->ranges;
    size_t n = lots->n;
    if (n == 0 || from->range.first > want) {
        return NULL;
    }
    while (n > 1) {
        size_t half = n / 2;
        from = from[half].range.first <= want ? from + half : from;
        n -= half;
    }
    return from;
}

/* Of disjoint ranges the last that begins within the added one, or before it, reaches furthest. */
enum err kme_lots_try(const struct kme_lots *lots, const struct kme_lot_range *added,
                      struct kme_lot_overlap *overlap)
{
    if (!is_range(&added->range)) {
        return E_BAD_VALUE;
    }
    const struct kme_lot_range *last = last_below(lots, added->range.last);
    return last != NULL && overlaps(last, added, overlap) ? E_CONFLICT : E_OK;
}

/*= kme-find */
enum err kme_lots_find(const struct kme_lots *lots, const struct imei *imei, uint32_t *lot)
{
    const uint64_t number = imei_number(imei);
    const struct kme_lot_range *r = last_below(lots, number);
    if (r == NULL || r->range.last < number) {
        return E_NOT_FOUND;
    }
    *lot = r->lot;
    return E_OK;
}
