/* Any file as a trace, read twice over as if two ends had written it: what is in it is there once.
 */
#define _GNU_SOURCE /* fmemopen */
#include "cli/trace_join.h"
#include "codec/private.h"
#include <stdlib.h>

static bool reads(const uint8_t *data, size_t size, struct trace_list *t)
{
    struct trace_options options = {.own_vendor = DIAMETER_VENDOR_OWN_DEFAULT};
    FILE *in = fmemopen((void *)(uintptr_t)data, size, "r");
    if (!in) {
        return false;
    }
    enum err e = trace_read(in, &options, t);
    (void)fclose(in);
    return e != E_MEMORY;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct trace_list once = {0}, twice = {0};
    if (size > 0 && reads(data, size, &once) && reads(data, size, &twice) &&
        reads(data, size, &twice) && trace_join(&once) == E_OK && trace_join(&twice) == E_OK &&
        once.n != twice.n) {
        abort();
    }
    trace_list_free(&once);
    trace_list_free(&twice);
    return 0;
}
