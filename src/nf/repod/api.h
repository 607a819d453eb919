/* nf/repod/api.h - the paths of the repository (docs/openapi/repod.yaml): who may take each, and
 * what is answered. Not for others than the files of this room.
 */
#ifndef BINDERY_NF_REPOD_API_H
#define BINDERY_NF_REPOD_API_H

#include "nf/repod/repod.h"

#define API_LIMIT_MAX 1000u

struct api_route;
struct api_call {
    struct https_call call;    /* first */
    struct repod_rules *rules; /* held: a request ends by those with which it began */
    const struct api_route *route;
    const struct repod_grant *grant;
    struct imei imei;
    bool has_imei;
    uint8_t use;
    struct device_id id;
    struct bytes name; /* of a revocation list, within the path */
    char cache[48];    /* Cache-Control of this answer */
    uint64_t after, limit;
    struct bulk *bulk;
    uint64_t begun_ns; /* when its headers were there */
};

extern const struct https_handlers api_handlers; /* their context is a struct repod */

/* api_view.c: JSON of records. */
json_t *api_view_row(const struct repo_row *row);
/* With the certificates, or the key. */
json_t *api_view_whole(const struct repo_row *row);

/* Answers with a problem; writes the audit line. */
void api_refuse(struct repod *r, struct api_call *c, enum cause cause, const char *detail);
/* Writes the audit line, then answers; more: for the audit, or NULL. */
void api_show(struct repod *r, struct api_call *c, unsigned status, json_t *body, json_t *more);
/* False, and refused, when the audit log takes no line. */
MUST_USE bool api_audit(struct repod *r, struct api_call *c, const char *outcome, json_t *more);
struct publish_rules api_rules(const struct repod *r, const struct api_call *c);
struct publish_context api_context(const struct repod *r, const struct api_call *c);

/* What the certificate site says of a device: its record and its chain, and, or NULL, the binding
 * of its identity as api_view_whole has it, which is taken over. */
json_t *api_view_device(const struct repo_row *row, json_t *identity);

/* api_site.c */
void api_get_device(struct repod *r, struct api_call *c);
void api_get_chain(struct repod *r, struct api_call *c);
void api_get_list(struct repod *r, struct api_call *c);

/* api_bulk.c */
void api_bulk_begin(struct repod *r, struct api_call *c);
void api_bulk_data(struct repod *r, struct api_call *c, struct bytes part);
void api_bulk_end(struct repod *r, struct api_call *c);
/* What a bulk did, also one that broke off. Harmless without one. */
void api_bulk_count(struct repod *r, const struct api_call *c);

#endif
