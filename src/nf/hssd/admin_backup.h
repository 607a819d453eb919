/* nf/hssd/admin_backup.h - backups at the administration interface (docs/admin-api.md): one is
 * begun, and all of the folder are shown with what their manifests say.
 *
 * No octet of a backup goes through this interface, and none is removed by it.
 */
#ifndef BINDERY_NF_HSSD_ADMIN_BACKUP_H
#define BINDERY_NF_HSSD_ADMIN_BACKUP_H

#include "nf/hssd/admin_request.h"
#include "store/store_backup.h"

/* The handlers. */
void admin_backup_begin(struct admin_request *r);
void admin_backup_list(struct admin_request *r);

/* {"name":"night","made":"...","sha256":"...",...}; NULL without memory. */
json_t *admin_backup_view(const char *name, const struct store_manifest *m);

#endif
