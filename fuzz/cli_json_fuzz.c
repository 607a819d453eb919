/* Octets as a PDU that becomes JSON, which must come back as the same octets; and octets as JSON,
 * of which nothing may come but a PDU or a reason. The first octet says which. */
#include "cli/pdu_input.h"
#include "cli/s1ap_json.h"
#include <stdlib.h>
#include <string.h>

static uint8_t out[PDU_MAX];
static char why[512];

static void back(json_t *shown, struct bytes in, bool s1ap, enum nas_direction direction)
{
    size_t n = 0;
    if (!shown) {
        return;
    }
    enum err e = s1ap ? s1ap_json_build(shown, MBYTES_OF(out), &n, why, sizeof why)
                      : nas_json_build(shown, direction, MBYTES_OF(out), &n, why, sizeof why);
    if (e != E_OK || n != in.n || memcmp(out, in.p, n) != 0) {
        abort();
    }
    json_decref(shown);
}

static void from_octets(struct bytes in, bool s1ap, enum nas_direction direction)
{
    struct s1ap_view view = {.show_keys = true};
    struct nas_text_options how = {.direction = direction};
    struct s1ap_fault s1ap_fault;
    struct nas_fault fault;
    enum err e;
    json_t *shown =
        s1ap ? s1ap_json_of(in, &view, &e, &s1ap_fault) : nas_json_of(in, &how, &e, &fault);
    if (s1ap && e != E_MEMORY) {
        s1ap_fault_text(in, e, &s1ap_fault, why, sizeof why);
    } else if (!shown && e != E_MEMORY) {
        nas_fault_text(in, e, &fault, why, sizeof why);
    }
    back(shown, in, s1ap, direction);
}

static void from_json(struct bytes in, bool s1ap, enum nas_direction direction)
{
    json_t *o = json_loadb((const char *)in.p, in.n, JSON_REJECT_DUPLICATES, NULL);
    size_t n;
    if (!json_is_object(o)) {
        json_decref(o);
        return;
    }
    why[0] = '\0';
    enum err e = s1ap ? s1ap_json_build(o, MBYTES_OF(out), &n, why, sizeof why)
                      : nas_json_build(o, direction, MBYTES_OF(out), &n, why, sizeof why);
    if (e != E_OK && !why[0]) {
        abort();
    }
    json_decref(o);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t n;
    if (size < 2) {
        return 0;
    }
    struct bytes in = {data + 1, size - 1};
    bool s1ap = data[0] & 1;
    enum nas_direction direction = data[0] & 2 ? NAS_UP : NAS_DOWN;
    if (data[0] & 4) {
        from_json(in, s1ap, direction);
    } else {
        from_octets(in, s1ap, direction);
    }
    (void)!pdu_hex_parse(in, MBYTES_OF(out), &n, why, sizeof why);
    return 0;
}
