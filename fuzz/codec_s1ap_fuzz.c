/* Any octets as an S1AP message: read, told, walked, written and built again, answered, redacted.
 * What was accepted must be written and read to the same octets again. */
#include "codec/s1ap.h"
#include "codec/s1ap_text.h"
#include <stdlib.h>
#include <string.h>

#define PAIRS 512

struct fields {
    struct s1ap_pair pairs[PAIRS];
    char *text[PAIRS];
    size_t n;
};

static void gather(void *ctx, const struct s1ap_field *f)
{
    struct fields *all = ctx;
    if (f->form == S1AP_TEXT_OPEN || f->form == S1AP_TEXT_CLOSE || all->n == PAIRS) {
        return;
    }
    size_t room = 2 * f->octets.n + S1AP_VALUE_MAX + 128, path = strlen(f->path) + 1;
    char *text = malloc(path + room);
    memcpy(text, f->path, path);
    s1ap_field_value(f, (struct mbytes){(uint8_t *)text + path, room});
    all->text[all->n] = text;
    all->pairs[all->n++] = (struct s1ap_pair){text, text + path, false};
}

/* The fields of a message make the same message. */
static void built(const struct s1ap_pdu *pdu, struct bytes want)
{
    static struct fields all;
    static uint8_t scratch[1 << 18];
    struct s1ap_pdu again;
    size_t bad, n, cap = want.n + 1;
    uint8_t *out = malloc(cap);
    all.n = 0;
    s1ap_walk(pdu, true, gather, &all);
    if (all.n < PAIRS &&
        (s1ap_build(pdu->type, all.pairs, all.n, MBYTES_OF(scratch), &again, &bad) != E_OK ||
         s1ap_write(&again, (struct mbytes){out, cap}, &n) != E_OK || n != want.n ||
         memcmp(out, want.p, n) != 0)) {
        abort();
    }
    for (size_t i = 0; i < all.n; i++) {
        free(all.text[i]);
    }
    free(out);
}

/* A message may lack mandatory IEs of criticality ignore; it is accepted, and not written. */
static void again(const struct s1ap_pdu *pdu, size_t size)
{
    struct s1ap_pdu second;
    struct s1ap_fault fault;
    size_t n, m, cap = size + 8;
    uint8_t *one = malloc(cap), *two = malloc(cap);
    enum err e = s1ap_write(pdu, (struct mbytes){one, cap}, &n);
    if (e == E_OK) {
        if (s1ap_parse((struct bytes){one, n}, &second, &fault) != E_OK ||
            fault.kind != S1AP_FAULT_NONE ||
            s1ap_write(&second, (struct mbytes){two, cap}, &m) != E_OK || n != m ||
            memcmp(one, two, n) != 0) {
            abort();
        }
        built(pdu, (struct bytes){one, n});
    } else if (e != E_MISSING) {
        abort();
    }
    free(one);
    free(two);
}

static void answered(const struct s1ap_fault *fault)
{
    uint8_t out[512];
    size_t n;
    struct s1ap_pdu pdu = s1ap_fault_indication(fault), read;
    struct s1ap_fault none;
    if (s1ap_write(&pdu, MBYTES_OF(out), &n) != E_OK ||
        s1ap_parse((struct bytes){out, n}, &read, &none) != E_OK || none.kind != S1AP_FAULT_NONE) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes msg = {data, size};
    struct s1ap_pdu pdu;
    struct s1ap_fault fault;
    char line[200];
    enum err e = s1ap_parse(msg, &pdu, &fault);
    if ((e == E_OK) != (fault.kind == S1AP_FAULT_NONE || fault.kind == S1AP_FAULT_NOTIFY) ||
        fault.place > size) {
        abort();
    }
    if (e == E_OK) {
        again(&pdu, size);
    }
    if (fault.kind != S1AP_FAULT_NONE) {
        answered(&fault);
    }
    s1ap_line(msg, MBYTES_OF(line));
    uint8_t *copy = malloc(size ? size : 1);
    memcpy(copy, data, size);
    s1ap_redact((struct mbytes){copy, size});
    free(copy);
    return 0;
}
