/* Shared by all resources: new records, their limits, locked nodes; the contract is in resources.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "conductor/resources/resources.h"
#include "conductor/transition.h"

#include "db/nodes.h"
#include "db/records.h"
#include "model/record_size.h"

bool
record_from_values(const Resource *resource, void *record, const json_t *values, GError **error)
{
    for (size_t i = 0; i < resource->field_count; i++) {
        const Field *field = &resource->fields[i];
        const json_t *value = json_object_get(values, field->name);
        if (field->type == FIELD_COMPUTED || (value == NULL && field->absent == NULL))
            continue;
        if (!record_set(resource, record, field, value, error))
            return false;
    }
    return true;
}

bool
record_fits_limits(const Resource *resource, const void *record, const void *original,
                   GError **error)
{
    const Config *config = config_current();
    const SizeLimits limits = {
        .field = (size_t)config_integer(config, OPT_API_MAX_FIELD_SIZE) * 1024,
        .record = (size_t)config_integer(config, OPT_API_MAX_RECORD_SIZE) * 1024,
    };
    return record_size_check(resource, record, original, &limits, error);
}

bool
reference_failed(GError *cause, GError **error)
{
    if (steel_error_is(cause, STEEL_ERROR_NOT_FOUND) ||
        steel_error_is(cause, STEEL_ERROR_NODE_NOT_FOUND))
        cause->code = STEEL_ERROR_INVALID;
    g_propagate_error(error, cause);
    return false;
}

bool
locked_node_take(const VerbCall *call, const char *uuid, const char *purpose, LockedNode *locked,
                 GError **error)
{
    Conductor *conductor = call->conductor;
    char lease[LEASE_SIZE];
    if (!task_lock(conductor, uuid, purpose, lease, error))
        return false;
    Node *node = task_load_locked(conductor, uuid, lease, error);
    *locked = (LockedNode){conductor, node, node != NULL ? node_copy(node) : NULL};
    if (node != NULL && verb_call_holds(call, node, error))
        return true;
    if (node == NULL)
        task_unlock(conductor, uuid, lease);
    locked_node_give(locked);
    return false;
}

void
locked_node_give(LockedNode *locked)
{
    if (locked->stored != NULL)
        task_unlock(locked->conductor, locked->stored->uuid, locked->stored->reservation_lease);
    node_free(locked->node);
    node_free(locked->stored);
    *locked = (LockedNode){0};
}
