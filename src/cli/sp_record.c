/* What is known of a device of a service provider: src/cli/sp.h. */
#include "cli/sp.h"

#include <string.h>

json_t *sp_last_offer(const json_t *device)
{
    const json_t *offers = json_object_get(device, "offers");
    const size_t n = json_array_size(offers);
    return n > 0 ? json_array_get(offers, n - 1) : NULL;
}

bool sp_is_true(const json_t *object, const char *key)
{
    return json_is_true(json_object_get(object, key));
}

bool sp_taken_back(const json_t *offer)
{
    return sp_is_true(offer, "revoked") && sp_is_true(offer, "withdrawn");
}

bool sp_to_take_back(const json_t *offer)
{
    return offer && !sp_taken_back(offer) && !sp_is_true(offer, "in_service");
}

json_t *sp_known(const json_t *device)
{
    const json_t *last = sp_last_offer(device), *taken = json_object_get(last, "taken");
    json_t *row = json_pack(
        "{s:O?, s:O?, s:O?, s:b, s:O?, s:O?, s:b}", "dimsi", json_object_get(device, "dimsi"),
        "imei", json_object_get(device, "imei"), "arpf", json_object_get(device, "arpf"),
        "credentials", json_is_string(json_object_get(device, "token")), "target",
        json_object_get(last, "target"), "number", json_object_get(last, "number"), "revoked",
        sp_taken_back(last));
    json_t *more =
        json_pack("{s:b, s:b, s:O?, s:O?}", "revoked_at_arpf", sp_is_true(last, "revoked"),
                  "in_service", sp_is_true(last, "in_service"), "taken", taken, "refused",
                  json_object_get(last, "refused"));
    const bool good = row && more && json_object_update(row, more) == 0;
    json_decref(more);
    if (!good) {
        json_decref(row);
    }
    return good ? row : NULL;
}

/* ---- in one or two words ---- */

static const char *phase_of(const json_t *row)
{
    const char *phase = json_string_value(json_object_get(json_object_get(row, "offer"), "phase"));
    return phase ? phase : "";
}

static bool is_one_of(const char *word, const char *const *words)
{
    while (*words && strcmp(*words, word) != 0) {
        words++;
    }
    return *words != NULL;
}

/* The operator has nothing of the last offer. */
static const char *folder_state(const json_t *row)
{
    if (sp_is_true(row, "in_service")) {
        return "in-service";
    }
    if (sp_is_true(row, "revoked_at_arpf")) {
        return sp_is_true(row, "revoked") ? "revoked" : "revoking";
    }
    if (json_is_string(json_object_get(row, "refused"))) {
        return "refused";
    }
    if (json_is_string(json_object_get(row, "target"))) {
        return json_is_null(json_object_get(row, "offer"))    ? "not-there"
               : json_is_false(json_object_get(row, "taken")) ? "unsent"
                                                              : "offered";
    }
    return sp_is_true(row, "credentials") ? "collected" : "ordered";
}

const char *sp_state(const json_t *row)
{
    static const char *const ended[] = {"refused", "withdrawn", "expired", NULL};
    const char *phase = phase_of(row);
    /* what has ended there may be an offer before the last one, or the one that was taken back */
    const bool older = is_one_of(phase, ended) && (sp_is_true(row, "revoked") ||
                                                   json_is_string(json_object_get(row, "refused")));
    return *phase && !older ? phase : folder_state(row);
}

bool sp_is_busy(const json_t *row)
{
    static const char *const busy[] = {"offered", "allocated", NULL};
    return is_one_of(phase_of(row), busy);
}
