#include "crypto/crypto.h"

bool crypto_ct_eq(struct bytes a, struct bytes b)
{
    if (a.n != b.n) {
        return false;
    }
    /* volatile: the compiler may not leave the loop at the first difference. */
    volatile uint8_t difference = 0;
    for (size_t i = 0; i < a.n; i++) {
        difference = (uint8_t)(difference | (a.p[i] ^ b.p[i]));
    }
    return difference == 0;
}
