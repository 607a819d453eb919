/* Any octets as every message of S6a and S13: parsed, told, redacted, answered; what was accepted
 * must be written and parse to the same octets again. */
#include "codec/diameter_text.h"
#include "codec/s13.h"
#include <stdlib.h>
#include <string.h>

#define OWN DIAMETER_VENDOR_OWN_DEFAULT

static const struct diameter_message *const messages[] = {
#define X(m) &s6a_##m##_message,
    S6A_MESSAGES(X)
#undef X
#define X(m) &s13_##m##_message,
        S13_MESSAGES(X)
#undef X
};
union any {
#define X(m) struct s6a_##m m;
    S6A_MESSAGES(X)
#undef X
#define X(m) struct s13_##m m;
    S13_MESSAGES(X)
#undef X
};

static void again(const struct diameter_message *as, struct bytes msg)
{
    static union any first, second;
    struct diameter_fault fault;
    size_t n, m;
    if (diameter_parse(as, OWN, msg, &first, &fault) != E_OK) {
        return;
    }
    size_t cap = msg.n + 64; /* flags and padding may differ, lengths may not grow */
    uint8_t *one = malloc(cap);
    uint8_t *two = malloc(cap);
    if (diameter_write(as, OWN, &first, (struct mbytes){one, cap}, &n) != E_OK ||
        diameter_parse(as, OWN, (struct bytes){one, n}, &second, &fault) != E_OK ||
        diameter_write(as, OWN, &second, (struct mbytes){two, cap}, &m) != E_OK || n != m ||
        memcmp(one, two, n) != 0) {
        abort();
    }
    free(one);
    free(two);
}

static void answered(struct bytes msg, const struct diameter_fault *fault)
{
    struct diameter_answer a = {.code = fault->result_code,
                                .origin_host = BYTES_LIT("hss.example"),
                                .origin_realm = BYTES_LIT("example.net"),
                                .fault = fault};
    size_t cap = 2 * msg.n + 512;
    uint8_t *out = malloc(cap);
    size_t n;
    enum err e = diameter_answer_error(msg, &a, (struct mbytes){out, cap}, &n);
    if (e != E_OK && e != E_TRUNCATED && e != E_BAD_STATE) {
        abort();
    }
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static union any out;
    struct bytes msg = {data, size};
    struct diameter_fault fault;
    struct diameter_routing routing;
    size_t total;
    char line[300];
    if (diameter_frame(msg, 65536, &total) == E_OK && (total < 20 || total > size)) {
        abort();
    }
    if (diameter_routing_read(msg, &routing) == E_OK && routing.origin_host.n > size) {
        abort();
    }
    for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
        again(messages[i], msg);
        if (diameter_parse(messages[i], OWN, msg, &out, &fault) != E_OK) {
            answered(msg, &fault);
        }
    }
    diameter_fault_value(msg, AVP_IMEI, OWN, &fault);
    diameter_line(msg, OWN, size % 2, MBYTES_OF(line));
    uint8_t *copy = malloc(size ? size : 1);
    memcpy(copy, data, size);
    diameter_redact(OWN, (struct mbytes){copy, size});
    free(copy);
    return 0;
}
