/* Any octets as every message of a connection; what was accepted must be written and parse to the
 * same octets again. */
#include "codec/diameter_base.h"
#include <stdlib.h>
#include <string.h>

static const struct diameter_message *const messages[] = {
#define X(m) &diameter_##m##_message,
    DIAMETER_BASE_MESSAGES(X)
#undef X
};
union any {
#define X(m) struct diameter_##m m;
    DIAMETER_BASE_MESSAGES(X)
#undef X
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static union any first, second;
    struct diameter_fault fault;
    size_t n, m, cap = size + 64;
    for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
        const struct diameter_message *as = messages[i];
        if (diameter_parse(as, 0, (struct bytes){data, size}, &first, &fault) != E_OK) {
            continue;
        }
        uint8_t *one = malloc(cap);
        uint8_t *two = malloc(cap);
        if (diameter_write(as, 0, &first, (struct mbytes){one, cap}, &n) != E_OK ||
            diameter_parse(as, 0, (struct bytes){one, n}, &second, &fault) != E_OK ||
            diameter_write(as, 0, &second, (struct mbytes){two, cap}, &m) != E_OK || n != m ||
            memcmp(one, two, n) != 0) {
            abort();
        }
        free(one);
        free(two);
    }
    return 0;
}
