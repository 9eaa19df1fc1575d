/* Questions about volumes; the contract is in volumes.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "db/volumes.h"

#include "db/sql.h"
#include "model/resources.h"

GPtrArray *
db_volume_targets_to_boot(Db *db, const char *node_uuid, const char *type, GError **error)
{
    const DbValue values[] = {db_text(node_uuid), db_text(type)};
    return db_records_where(
        db, &volume_target_resource,
        "node_uuid = ?1 AND volume_type = ?2 AND boot_index >= 0 ORDER BY boot_index", values,
        G_N_ELEMENTS(values), error);
}

GPtrArray *
db_volume_connector_first(Db *db, const char *node_uuid, const char *type, GError **error)
{
    const DbValue values[] = {db_text(node_uuid), db_text(type)};
    return db_records_where(db, &volume_connector_resource,
                            "node_uuid = ?1 AND type = ?2 ORDER BY id LIMIT 1", values,
                            G_N_ELEMENTS(values), error);
}

bool
db_volume_targets_delete(Db *db, const char *node_uuid, GError **error)
{
    const DbValue node = db_text(node_uuid);
    return db_execute(db, "DELETE FROM volume_targets WHERE node_uuid = ?1", &node, 1, NULL, error);
}
