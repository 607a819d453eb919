/* Any octets, cut anywhere, as the messages of a framed TCP connection (net/assoc_tcp.c): what
 * comes out is what another cut gives, and is what the queue would have made of the same messages.
 */
#include "net/assoc_set.h"
#include <stdlib.h>
#include <string.h>

enum { MESSAGE_MAX = 300, BOUND = 2 * MESSAGE_MAX + ASSOC_HEAD };

static void require(int holds)
{
    if (!holds) {
        abort();
    }
}

/* Reads `in` in parts of 1 to `part` octets; writes each message, as it was framed, behind *out. */
static enum err read_all(struct bytes in, size_t part, uint8_t *out, size_t *n)
{
    struct assoc_queue q, again;
    struct assoc_message m;
    enum err err = E_AGAIN;
    size_t at = 0;
    require(assoc_queue_init(&q, BOUND) == E_OK && assoc_queue_init(&again, BOUND) == E_OK);
    *n = 0;
    while (at < in.n && err == E_AGAIN) {
        size_t k = in.n - at < part ? in.n - at : part;
        uint8_t *room = assoc_queue_room(&q, k);
        require(room != NULL);
        memcpy(room, in.p + at, k);
        q.to += k;
        at += k;
        while ((err = assoc_queue_first(&q, MESSAGE_MAX, &m)) == E_OK) {
            size_t whole = ASSOC_HEAD + m.octets.n;
            require(assoc_queue_put(&again, &m) == E_OK);
            memcpy(out + *n, again.p + again.from, whole);
            *n += whole;
            assoc_queue_taken(&again, whole);
            assoc_queue_taken(&q, whole);
        }
    }
    assoc_queue_free(&q);
    assoc_queue_free(&again);
    return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    struct bytes in = {data + 1, size - 1};
    uint8_t *one = malloc(size), *two = malloc(size);
    size_t n = 0, m = 0;
    require(one != NULL && two != NULL);
    enum err first = read_all(in, 1, one, &n), second = read_all(in, data[0] % 250u + 1, two, &m);
    require(first == second && n == m && memcmp(one, two, n) == 0);
    require(n <= in.n && memcmp(one, in.p, n) == 0);
    free(one);
    free(two);
    return 0;
}
