/* Releases and counters as JSON: part of src/nf/arpfd/api.h. */
#include "nf/arpfd/api.h"

#include "base/version.h"
#include "nf/common/admin_call.h"
#include "nf/common/dimsi_json.h"

#include <string.h>

json_t *view_release(const struct arpf_release *row)
{
    struct plmn target;
    char text[PLMN_TEXT_MAX] = "";
    if (plmn_from_octets(row->target, &target) == E_OK) {
        plmn_print(&target, text);
    }
    return json_pack("{s:s,s:o,s:o,s:s,s:s,s:I,s:I,s:I,s:I,s:b}", "dimsi", row->dimsi.digits,
                     "token", dimsi_json_of_hex(BYTES_OF(row->token)), "se",
                     dimsi_json_of_hex(BYTES_OF(row->se)), "sp", row->sp, "target", text, "number",
                     (json_int_t)row->number, "delegation", (json_int_t)row->delegation, "released",
                     (json_int_t)row->released, "times", (json_int_t)row->times, "revoked",
                     (int)row->revoked);
}

bool view_list_add(void *ctx, const struct arpf_release *row)
{
    struct view_list *l = ctx;
    l->last = row->dimsi;
    l->n++;
    l->failed = json_array_append_new(l->rows, view_release(row)) != 0;
    return !l->failed;
}

json_t *view_list_end(struct view_list *l, size_t limit)
{
    if (l->failed) {
        json_decref(l->rows);
        return NULL;
    }
    return json_pack("{s:o,s:o}", "releases", l->rows, "next",
                     l->n >= limit ? json_string(l->last.digits) : json_null());
}

json_t *view_status(const struct arpfd *a)
{
    const struct address bound = https_api_bound(a->api);
    const struct address_text at = address_print(&bound);
    return json_pack("{s:s,s:s,s:s,s:s,s:o,s:I,s:i,s:I,s:I,s:I,s:I,s:I,s:o}", "program",
                     "bindery-arpfd", "version", BINDERY_VERSION, "name", a->config->name.text,
                     "listener", at.s, "started", admin_time(a->started * 1000), "uptime_seconds",
                     (json_int_t)(arpfd_wall(a) - a->started), "agreement_keys",
                     (int)a->trust->n_agreement, "dimsis", (json_int_t)a->counts.dimsis, "releases",
                     (json_int_t)a->counts.releases, "answered_again", (json_int_t)a->again,
                     "revocations", (json_int_t)a->counts.revocations, "commits",
                     (json_int_t)a->commits, "https", https_api_counts(a->api));
}
