#include "codec/diameter_table.h"

static bool is_s6a_or_s13(uint32_t application)
{
    return application == DIAMETER_APP_S6A || application == DIAMETER_APP_S13;
}

static void put_application(struct wr *w, uint32_t application)
{
    size_t mark = diameter_put_open(w, AVP_VENDOR_SPECIFIC_APPLICATION_ID, 0);
    diameter_put_u32(w, AVP_VENDOR_ID, 0, DIAMETER_VENDOR_3GPP);
    diameter_put_u32(w, AVP_AUTH_APPLICATION_ID, 0, application);
    diameter_put_close(w, mark);
}

static void put_result(struct wr *w, const struct diameter_answer *a)
{
    if (!a->experimental) {
        diameter_put_u32(w, AVP_RESULT_CODE, 0, a->code);
        return;
    }
    size_t mark = diameter_put_open(w, AVP_EXPERIMENTAL_RESULT, 0);
    diameter_put_u32(w, AVP_VENDOR_ID, 0, DIAMETER_VENDOR_3GPP);
    diameter_put_u32(w, AVP_EXPERIMENTAL_RESULT_CODE, 0, a->code);
    diameter_put_close(w, mark);
}

/*= RFC 6733 6.2: "Any Proxy-Info AVPs in the request MUST be added to the answer message, in the
 * same order they were present in the request." */
static void put_proxy_info(struct wr *w, struct bytes request)
{
    struct rd r = diameter_avps(request);
    struct diameter_avp avp;
    while (diameter_avp_next(&r, &avp) == E_OK) {
        if (avp.code == diameter_definition(AVP_PROXY_INFO)->code && avp.vendor == 0) {
            wr_put(w, avp.whole);
            wr_zero(w, (4 - avp.whole.n % 4) % 4);
        }
    }
}

static void put_session(struct wr *w, struct bytes request)
{
    struct bytes session;
    uint32_t code = diameter_definition(AVP_SESSION_ID)->code;
    if (diameter_find(request, code, 0, &session) == E_OK) {
        diameter_put_octets(w, AVP_SESSION_ID, 0, session);
    }
}

enum err diameter_answer_error(struct bytes request, const struct diameter_answer *a,
                               struct mbytes out, size_t *n)
{
    struct diameter_header h;
    if (diameter_header_read(request, &h) != E_OK) {
        return E_TRUNCATED;
    }
    if (!h.request) {
        return E_BAD_STATE;
    }
    h.request = false;
    h.retransmitted = false;
    h.error = !a->experimental && a->code >= 3000 && a->code < 4000;
    struct wr w = wr_of(out);
    diameter_header_write(&w, &h);
    put_session(&w, request);
    if (is_s6a_or_s13(h.application)) {
        put_application(&w, h.application);
    }
    put_result(&w, a);
    if (is_s6a_or_s13(h.application)) {
        diameter_put_u32(&w, AVP_AUTH_SESSION_STATE, 0, 1);
    }
    diameter_put_octets(&w, AVP_ORIGIN_HOST, 0, a->origin_host);
    diameter_put_octets(&w, AVP_ORIGIN_REALM, 0, a->origin_realm);
    if (a->error_message.n != 0) {
        diameter_put_octets(&w, AVP_ERROR_MESSAGE, 0, a->error_message);
    }
    if (a->fault) {
        diameter_failed_avp_write(&w, a->fault);
    }
    if (!a->without_proxy_info) {
        put_proxy_info(&w, request);
    }
    enum err e = diameter_length_set(&w);
    if (e == E_OK) {
        *n = w.n;
    }
    return e;
}
