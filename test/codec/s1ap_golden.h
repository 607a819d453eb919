/* test/codec/s1ap_golden.h - the octets of test/vectors/s1ap_samples.txt, by name. */
#ifndef BINDERY_TEST_CODEC_S1AP_GOLDEN_H
#define BINDERY_TEST_CODEC_S1AP_GOLDEN_H

#include "codec/s1ap_samples.h"
#include "lib/check.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define S1AP_MOST 1024

struct s1ap_octets {
    uint8_t p[S1AP_MOST];
    size_t n;
};

static struct bytes s1ap_span(const struct s1ap_octets *o)
{
    return (struct bytes){o->p, o->n};
}

/* The octets of the sample's line, or the test fails. */
static void s1ap_golden(const char *name, struct s1ap_octets *out)
{
    char line[2 * S1AP_MOST + 64];
    FILE *f = fopen(TEST_DATA "/s1ap_samples.txt", "r");
    assert_non_null(f);
    out->n = 0;
    while (fgets(line, sizeof line, f) != NULL) {
        char *hex = strchr(line, ' ');
        if (line[0] == '#' || hex == NULL) {
            continue;
        }
        *hex++ = '\0';
        hex[strcspn(hex, "\n")] = '\0';
        if (strcmp(line, name) == 0) {
            out->n = strlen(hex) / 2;
            assert_ok(hex_decode(hex, (struct mbytes){out->p, out->n}));
        }
    }
    (void)fclose(f);
    assert_true(out->n > 0);
}

#endif
