/* Inspection rules; the contract is in inspection_rules.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "db/inspection_rules.h"

#include "db/sql.h"

GPtrArray *
db_inspection_rules(Db *db, const char *phase, GError **error)
{
    const DbValue value = db_text(phase);
    return db_records_where(db, &inspection_rule_resource, "phase = ?1 ORDER BY priority DESC, id",
                            &value, 1, error);
}
