#include "wire/refusal_wire.h"

enum err wire_refusal_answer(struct bytes request, enum refusal refusal,
                             const struct diameter_fault *fault, const struct wire_origin *origin,
                             struct mbytes out, size_t *n)
{
    const struct refusal_row *row = refusal_row(refusal);
    struct diameter_answer a = {.code = row->code,
                                .experimental = row->carrier == REFUSAL_3GPP,
                                .origin_host = origin->host,
                                .origin_realm = origin->realm};
    if (refusal == REFUSAL_MALFORMED && fault != NULL && fault->result_code != 0) {
        a.code = fault->result_code;
        a.fault = fault;
        a.error_message = bytes_of_str(fault->path);
    }
    return diameter_answer_error(request, &a, out, n);
}
