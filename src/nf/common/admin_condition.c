#include "nf/common/admin_condition.h"

#include "net/verify_key.h"
#include "nf/common/json_whole.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ETAG_OCTETS 12u /* of a digest: 24 digits and two quotes */

void admin_etag(struct bytes shown, char etag[static ADMIN_ETAG_MAX])
{
    uint8_t digest[32];
    char hex[2 * ETAG_OCTETS + 1];
    etag[0] = '\0';
    if (verify_digest(shown, digest) == E_OK) {
        hex_encode((struct bytes){digest, ETAG_OCTETS}, hex);
        (void)snprintf(etag, ADMIN_ETAG_MAX, "\"%s\"", hex);
    }
}

static bool wrong(struct admin_call *c, const char *what)
{
    struct admin_fault fault;
    (void)admin_fault_set(&fault, PROBLEM_PARAMETER, NULL, "%s", what);
    admin_call_refuse(c, &fault);
    return false;
}

bool admin_condition_read(struct admin_call *c, struct admin_condition_of *out)
{
    const char *none = admin_call_header(c, "If-None-Match");
    const char *match = admin_call_header(c, "If-Match");
    *out = (struct admin_condition_of){.none = none != NULL, .match = match != NULL};
    if (none != NULL && strcmp(none, "*") != 0) {
        return wrong(c, "If-None-Match can only be *");
    }
    if (match == NULL) {
        return true;
    }
    const size_t n = strlen(match);
    out->any = strcmp(match, "*") == 0;
    if (!out->any && (n < 2 || n >= sizeof out->etag || match[0] != '"' ||
                      strchr(match + 1, '"') != match + n - 1)) {
        return wrong(c, "If-Match is neither * nor one ETag of this interface");
    }
    (void)snprintf(out->etag, sizeof out->etag, "%s", match);
    return true;
}

static bool is_same(const char *etag, const json_t *shown)
{
    char now[ADMIN_ETAG_MAX];
    size_t n = 0;
    char *text = json_whole_text(shown, &n);
    if (text == NULL) {
        return false;
    }
    admin_etag((struct bytes){(const uint8_t *)text, n}, now);
    free(text);
    return now[0] != '\0' && strcmp(now, etag) == 0;
}

/*= op-api-conditional */
bool admin_condition_holds(const struct admin_condition_of *c, json_t *shown,
                           struct admin_fault *fault)
{
    const bool there = shown != NULL;
    const bool same = !c->match || (there && (c->any || is_same(c->etag, shown)));
    json_decref(shown);
    if (c->none && there) {
        return admin_fault_set(fault, PROBLEM_PRECONDITION, NULL, "it is there already");
    }
    return same || admin_fault_set(fault, PROBLEM_PRECONDITION, NULL,
                                   there ? "it was changed by somebody else: read it again"
                                         : "it is not there");
}
