/* nf/hssd/admin_export.h - subscribers as rows that POST /v1/import takes again, one JSON object on
 * each line. Keys are in them only under a transport key, for an administrator, and after the audit
 * log has an entry of it.
 */
#ifndef BINDERY_NF_HSSD_ADMIN_EXPORT_H
#define BINDERY_NF_HSSD_ADMIN_EXPORT_H

#include "nf/hssd/admin_request.h"

/* GET /v1/export/subscribers?after=IMSI&limit=N&transport_key=NAME: a page in the order of IMSIs.
 * When more follow, the last line is {"next": IMSI}. Without transport_key each row says
 * "keys":"left-out". */
void admin_export_subscribers(struct admin_request *r);

#endif
