/* Any file, fed in pieces whose size the first octet gives: the reader answers, never overruns, and
 * says the same as when it gets the whole file at once. */
#include "trace/pcapng.h"

#include <stdlib.h>

struct outcome {
    enum err err;
    uint64_t place;
    unsigned packets;
};

static struct outcome read_in_steps(struct bytes in, size_t step)
{
    struct pcapng_reader r = {0};
    struct outcome o = {E_AGAIN, 0, 0};
    size_t from = 0, to = 0;
    while (o.err == E_AGAIN && to < in.n) {
        to = in.n - to < step ? in.n : to + step;
        do {
            struct pcapng_packet p;
            size_t used;
            o.err = pcapng_next(&r, (struct bytes){in.p + from, to - from}, &used, &p);
            from += used;
            o.packets += o.err == E_OK;
        } while (o.err == E_OK);
    }
    if (o.err == E_AGAIN) {
        o.err = pcapng_finish(&r, (struct bytes){in.p + from, in.n - from});
    }
    o.place = o.err == E_OK ? 0 : r.place;
    return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > 65536) {
        return 0;
    }
    struct bytes in = {data + 1, size - 1};
    struct outcome whole = read_in_steps(in, in.n ? in.n : 1);
    struct outcome parts = read_in_steps(in, (size_t)data[0] + 1);
    if (whole.err != parts.err || whole.place != parts.place || whole.packets != parts.packets) {
        abort();
    }
    return 0;
}
