/* Any octets as a frame and as every message of either direction; what was accepted must be written
 * and parse to the same octets again. */
#include "codec/nas.h"
#include <stdlib.h>
#include <string.h>

/* What is written is never longer than what was read. */
static void try_message(const struct nas_message *m, struct bytes in)
{
    static union nas_any first, second;
    struct nas_fault fault;
    size_t n, again;
    if (nas_parse(m, in, &first, &fault) != E_OK) {
        return;
    }
    uint8_t *one = malloc(in.n);
    uint8_t *two = malloc(in.n);
    if (nas_write(m, &first, (struct mbytes){one, in.n}, &n) != E_OK ||
        nas_parse(m, (struct bytes){one, n}, &second, &fault) != E_OK || fault.ignored != 0 ||
        nas_write(m, &second, (struct mbytes){two, in.n}, &again) != E_OK || n != again ||
        memcmp(one, two, n) != 0) {
        abort();
    }
    free(one);
    free(two);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes in = {data, size};
    struct nas_pdu pdu;
    size_t n;
    const struct nas_message *const *all = nas_messages(&n);
    if (nas_peek(in, &pdu) == E_OK && pdu.kind == NAS_PROTECTED) {
        in = pdu.inner;
    }
    for (size_t i = 0; i < n; i++) {
        try_message(all[i], in);
    }
    return 0;
}
