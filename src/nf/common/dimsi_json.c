#include "nf/common/dimsi_json.h"

#include "nf/common/base64.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONTENT_MAX 1024u

/* Always false, so that a check can end with it. */
static bool __attribute__((format(printf, 2, 3)))
fault_set(struct dimsi_json_fault *fault, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(fault->text, sizeof fault->text, fmt, args);
    va_end(args);
    return false;
}

/* ---- readers ---- */

bool dimsi_json_octets(const json_t *value, const char *name, size_t most,
                       struct dimsi_json_space *space, struct bytes *out,
                       struct dimsi_json_fault *fault)
{
    size_t n = 0;
    if (!json_is_string(value)) {
        return fault_set(fault, "%s has to be a text in base64", name);
    }
    const struct bytes text = {(const uint8_t *)json_string_value(value),
                               json_string_length(value)};
    const struct mbytes room = {space->octets + space->n, sizeof space->octets - space->n};
    enum err err = base64_decode(text, room, &n);
    if (err == E_NO_ROOM || n > most) {
        return fault_set(fault, "%s is longer than it may be", name);
    }
    if (err != E_OK || n == 0) {
        return fault_set(fault, "%s has to be octets in base64, padded and without white space",
                         name);
    }
    *out = (struct bytes){room.p, n};
    space->n += n;
    return true;
}

bool dimsi_json_hex(const json_t *value, const char *name, struct mbytes out,
                    struct dimsi_json_fault *fault)
{
    const char *text = json_is_string(value) ? json_string_value(value) : "";
    if (json_string_length(value) != 2 * out.n || strspn(text, "0123456789abcdef") != 2 * out.n ||
        hex_decode(text, out) != E_OK) {
        return fault_set(fault, "%s has to be %zu digits 0-9 and a-f", name, 2 * out.n);
    }
    return true;
}

bool dimsi_json_chain(const json_t *value, const char *name, struct dimsi_json_space *space,
                      struct bytes chain[static DIMSI_CHAIN_MAX], size_t *n,
                      struct dimsi_json_fault *fault)
{
    size_t count = json_array_size(value);
    if (count == 0 || count > DIMSI_CHAIN_MAX) {
        return fault_set(fault, "%s has to be an array of 1 to %u certificates", name,
                         DIMSI_CHAIN_MAX);
    }
    for (size_t i = 0; i < count; i++) {
        char at[96];
        snprintf(at, sizeof at, "%s[%zu]", name, i);
        if (!dimsi_json_octets(json_array_get(value, i), at, DIMSI_JSON_DER_MAX, space, &chain[i],
                               fault)) {
            return false;
        }
    }
    *n = count;
    return true;
}

/* Only these? That each of them is there is for its reader to say. */
static bool object_of(const json_t *value, const char *name, const char *const known[], size_t n,
                      struct dimsi_json_fault *fault)
{
    size_t there = 0;
    if (!json_is_object(value)) {
        return fault_set(fault, "%s is missing, or no object", name);
    }
    for (size_t i = 0; i < n; i++) {
        there += json_object_get(value, known[i]) != NULL;
    }
    return json_object_size(value) == there ||
           fault_set(fault, "%s has a member that is not known here", name);
}

static const char *name_in(char out[static 64], const char *name, const char *member)
{
    snprintf(out, 64, "%s.%s", name, member);
    return out;
}

bool dimsi_json_signed(const json_t *value, const char *name, struct dimsi_json_space *space,
                       struct dimsi_signed *out, struct dimsi_json_fault *fault)
{
    static const char *const known[] = {"content", "signature", "certificates"};
    char at[64];
    *out = (struct dimsi_signed){.n_chain = 0};
    if (!object_of(value, name, known, 3, fault) ||
        !dimsi_json_octets(json_object_get(value, "content"), name_in(at, name, "content"),
                           CONTENT_MAX, space, &out->content, fault) ||
        !dimsi_json_octets(json_object_get(value, "signature"), name_in(at, name, "signature"),
                           DIMSI_SIGNATURE_LEN, space, &out->signature, fault)) {
        return false;
    }
    if (out->signature.n != DIMSI_SIGNATURE_LEN) {
        return fault_set(fault, "%s.signature has to be %u octets: r and s", name,
                         DIMSI_SIGNATURE_LEN);
    }
    return dimsi_json_chain(json_object_get(value, "certificates"),
                            name_in(at, name, "certificates"), space, out->chain, &out->n_chain,
                            fault);
}

bool dimsi_json_credentials(const json_t *value, const char *name, struct dimsi_json_space *space,
                            struct dimsi_credentials *out, struct dimsi_json_fault *fault)
{
    static const char *const known[] = {"token", "certificates"};
    char at[64];
    *out = (struct dimsi_credentials){.n_chain = 0};
    return object_of(value, name, known, 2, fault) &&
           dimsi_json_octets(json_object_get(value, "token"), name_in(at, name, "token"),
                             DIMSI_ATK_MAX, space, &out->token, fault) &&
           dimsi_json_chain(json_object_get(value, "certificates"),
                            name_in(at, name, "certificates"), space, out->chain, &out->n_chain,
                            fault);
}

bool dimsi_json_offer(const json_t *body, struct dimsi_json_space *space, struct dimsi_offer *out,
                      struct dimsi_json_fault *fault)
{
    struct dimsi_credentials se = {.n_chain = 0};
    struct dimsi_signed sp = {.n_chain = 0};
    if (!dimsi_json_credentials(json_object_get(body, "credentials"), "credentials", space, &se,
                                fault) ||
        !dimsi_json_signed(json_object_get(body, "delegation"), "delegation", space, &sp, fault)) {
        return false;
    }
    *out = (struct dimsi_offer){.atk = se.token,
                                .n_se_chain = se.n_chain,
                                .delegation = sp.content,
                                .signature = sp.signature,
                                .n_sp_chain = sp.n_chain};
    memcpy(out->se_chain, se.chain, se.n_chain * sizeof se.chain[0]);
    memcpy(out->sp_chain, sp.chain, sp.n_chain * sizeof sp.chain[0]);
    return true;
}

/* ---- writers ---- */

json_t *dimsi_json_of_octets(struct bytes octets)
{
    char *text = malloc(BASE64_ROOM(octets.n));
    if (text == NULL) {
        return NULL;
    }
    base64_encode(octets, text);
    json_t *value = json_string(text);
    free(text);
    return value;
}

json_t *dimsi_json_of_hex(struct bytes octets)
{
    char *text = malloc(2 * octets.n + 1);
    if (text == NULL) {
        return NULL;
    }
    hex_encode(octets, text);
    json_t *value = json_string(text);
    free(text);
    return value;
}

json_t *dimsi_json_of_chain(const struct bytes *chain, size_t n)
{
    json_t *array = json_array();
    for (size_t i = 0; array != NULL && i < n; i++) {
        if (json_array_append_new(array, dimsi_json_of_octets(chain[i])) != 0) {
            json_decref(array);
            array = NULL;
        }
    }
    return array;
}

json_t *dimsi_json_of_signed(struct bytes content, struct bytes signature,
                             const struct bytes *chain, size_t n)
{
    return json_pack("{s:o, s:o, s:o}", "content", dimsi_json_of_octets(content), "signature",
                     dimsi_json_of_octets(signature), "certificates",
                     dimsi_json_of_chain(chain, n));
}

json_t *dimsi_json_of_credentials(struct bytes token, const struct bytes *chain, size_t n)
{
    return json_pack("{s:o, s:o}", "token", dimsi_json_of_octets(token), "certificates",
                     dimsi_json_of_chain(chain, n));
}

/* ---- causes ---- */

static const struct {
    enum dimsi_cause cause;
    unsigned status;
} statuses[] = {
    {DIMSI_NONE, 200},
    {DIMSI_UNREADABLE, 400},
    {DIMSI_NO_CRL, 503}, /* the list is for who answers to have */
    {DIMSI_DELEGATION_OTHER_MNO, 403},
    {DIMSI_DELEGATION_REVOKED, 403},
    {DIMSI_RELEASED, 409},
    {DIMSI_OTHER_SE, 409},
    {DIMSI_TAKEN, 409},
    {DIMSI_SPENT, 409},
    {DIMSI_BOX, 502},
    {DIMSI_ARPF_SILENT, 504},
    {DIMSI_ARPF_REFUSED, 502},
    {DIMSI_ARPF_BAD, 502},
    {DIMSI_DISCOVERY_SILENT, 504},
    {DIMSI_DISCOVERY_REFUSED, 502},
    {DIMSI_RSMF_SILENT, 504},
    {DIMSI_RSMF_REFUSED, 502},
    {DIMSI_POOL_EMPTY, 503},
    {DIMSI_QUOTA, 429},
    {DIMSI_NOT_ALLOWED, 403},
    {DIMSI_NOT_FOUND, 404},
    {DIMSI_OTHER_DEVICE, 403},
    {DIMSI_FETCHED, 409},
    {DIMSI_NOT_FETCHED, 409},
    {DIMSI_SOURCE, 403},
    {DIMSI_STORE, 500},
    {DIMSI_CRYPTO, 500},
};

unsigned dimsi_status(enum dimsi_cause c)
{
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        if (statuses[i].cause == c) {
            return statuses[i].status;
        }
    }
    return 422; /* it can be read, and what it holds is not good */
}

enum dimsi_cause dimsi_json_problem(struct bytes body, char *detail, size_t room)
{
    static const char prefix[] = "/problems/";
    enum dimsi_cause cause = DIMSI_NONE;
    json_t *json = json_loadb((const char *)body.p, body.n, JSON_REJECT_DUPLICATES, NULL);
    const char *type = json_string_value(json_object_get(json, "type"));
    const char *said = json_string_value(json_object_get(json, "detail"));
    if (type != NULL && strncmp(type, prefix, sizeof prefix - 1) == 0) {
        cause = dimsi_cause_of(bytes_of_str(type + sizeof prefix - 1));
    }
    snprintf(detail, room, "%s", said != NULL ? said : "");
    json_decref(json);
    return cause;
}
