#include "lib/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

json_t *vectors_load(const char *dir, const char *file)
{
    char path[1024];
    json_error_t why;
    snprintf(path, sizeof path, "%s/%s", dir, file);
    json_t *j = json_load_file(path, 0, &why);
    if (j == NULL) {
        fail_msg("%s:%d: %s", path, why.line, why.text);
    }
    return j;
}

void vector_hex(json_t *set, const char *key, struct mbytes out)
{
    const char *hex = json_string_value(json_object_get(set, key));
    if (hex == NULL || hex_decode(hex, out) != E_OK) {
        fail_msg("vector has no %zu octets of hex at %s", out.n, key);
    }
}

uint8_t *exact_copy(struct bytes in)
{
    uint8_t *p = malloc(in.n ? in.n : 1);
    assert_non_null(p);
    if (in.n) {
        memcpy(p, in.p, in.n);
    }
    return p;
}

uint64_t test_rand(uint64_t *state)
{
    uint64_t x = (*state += UINT64_C(0x9e3779b97f4a7c15));
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}
