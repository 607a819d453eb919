/* Any octets as a PDU to be printed; the fields of what was printed must build the same PDU, unless
 * one of them says that they cannot. */
#include "codec/nas_text.h"
#include <stdlib.h>
#include <string.h>

#define PAIRS_MAX 128

struct kept {
    struct nas_text_pair pairs[PAIRS_MAX];
    size_t n;
    bool lossy;
};

static char *copy_of(const char *text)
{
    size_t n = strlen(text) + 1;
    char *copy = malloc(n);
    if (!copy) {
        abort();
    }
    return memcpy(copy, text, n);
}

static void keep(void *ctx, const struct nas_text_field *f)
{
    struct kept *k = ctx;
    if (!f->value) {
        return;
    }
    if (k->n == PAIRS_MAX) {
        abort();
    }
    k->lossy = k->lossy || strcmp(f->path, "as-received") == 0;
    k->pairs[k->n].path = copy_of(f->path);
    k->pairs[k->n++].value = copy_of(f->value);
}

static void check(struct bytes in, const struct nas_text_options *options)
{
    static struct kept k;
    static uint8_t out[NAS_TEXT_PDU_MAX];
    char wrong[NAS_PATH_MAX];
    struct nas_fault fault;
    size_t n;
    k.n = 0;
    k.lossy = false;
    enum err e = nas_text_walk(in, options, keep, &k, &fault);
    if (e != E_OK && k.n != 0) {
        abort();
    }
    if (e == E_OK) {
        e = nas_text_build(k.pairs, k.n, options->direction, MBYTES_OF(out), &n, wrong);
        if (e != E_OK || (!k.lossy && (n != in.n || memcmp(out, in.p, n) != 0))) {
            abort();
        }
    }
    for (size_t i = 0; i < k.n; i++) {
        free((void *)(uintptr_t)k.pairs[i].path);
        free((void *)(uintptr_t)k.pairs[i].value);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t line[128];
    struct nas_text_options options = {.direction = NAS_UP};
    struct nas_text_options masked = {.direction = NAS_BOTH, .mask = true, .null_cipher = true};
    struct bytes in = {data, size};
    check(in, &options);
    options.direction = NAS_DOWN;
    options.null_cipher = true;
    check(in, &options);
    nas_text_line(in, &masked, MBYTES_OF(line));
    return 0;
}
