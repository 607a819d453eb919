/* A record of a secure element's slot that a damaged flash, or somebody's hand, brings: what is
 * read is written back the same, and nothing else is taken. The octets are tried as they are, and
 * with a header and a hash that fit, so that the members themselves are reached. */
#include "device/slot.h"
#include "device_framed.h"

static void read_it(struct bytes in)
{
    struct dimsi_slot slot;
    uint8_t again[BINDERY_UE_SLOT_MAX];
    size_t n = 0;
    if (slot_read(&crypto, in, &slot) != E_OK) {
        return;
    }
    if (slot_write(&crypto, &slot, (struct mbytes){again, sizeof again}, &n) != E_OK ||
        !bytes_eq(in, (struct bytes){again, n})) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    framed_try((struct bytes){data, size}, 'D', SLOT_VERSION, BINDERY_UE_SLOT_MAX, read_it);
    return 0;
}
