/* Machines that nobody has enrolled and that send inspection data: with [auto_discovery]enabled
 * each becomes a node.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/log.h"
#include "conductor/resources/resources.h"
#include "conductor/transition.h"
#include "db/nodes.h"
#include "db/records.h"
#include "drivers/inspect/inspection.h"

#define AREA "conductor.discovery"
/* Everybody who reaches the API can send inventories. */
#define ENROLLED_LIMIT 1000

static bool
check_limit(Db *db, GError **error)
{
    static const ProvisionState enroll = STATE_ENROLL;
    int64_t count = 0;
    if (!db_nodes_count_in_states(db, &enroll, 1, "", &count, error))
        return false;
    return count < ENROLLED_LIMIT ||
           steel_fail(error, STEEL_ERROR_LIMIT,
                      "%d nodes are in enroll: move or delete some before more are discovered",
                      ENROLLED_LIMIT);
}

static bool
has_port(Task *task, GError **error)
{
    const GPtrArray *ports = task_ports(task, error);
    if (ports == NULL)
        return false;
    return ports->len > 0 ||
           steel_fail(error, STEEL_ERROR_CONFLICT,
                      "no port could be made for the machine: its addresses are another node's");
}

static bool
learn(Task *task, const json_t *arguments, GError **error)
{
    json_auto_t *plugin_data = json_deep_copy(json_object_get(arguments, "plugin_data"));
    json_object_set_new(plugin_data, "auto_discovered", json_true());
    if (!inspection_keep(task, json_object_get(arguments, "inventory"), plugin_data, error) ||
        !inspection_finish(task, error) || !has_port(task, error))
        return false;
    operation_over(task->node);
    return task_save(task, error);
}

static void
take_back(Conductor *conductor, const char *uuid)
{
    g_autoptr(GError) error = NULL;
    if (!db_record_delete(conductor->services.db, &node_resource, uuid, &error))
        log_warning(AREA, "the node %s of a machine that could not be inspected stays: %s", uuid,
                    error->message);
}

/* A node whose machine could not be learnt is none. */
static bool
fill(Conductor *conductor, const char *uuid, const json_t *arguments, GError **error)
{
    Task *task = task_acquire(conductor, uuid, TASK_EXCLUSIVE, "discovery", error);
    bool good = task != NULL && learn(task, arguments, error);
    if (!good && (task == NULL || task_may_act(task, NULL)))
        take_back(conductor, uuid);
    task_release(task);
    return good;
}

json_t *
verb_enroll_discovered(VerbCall *call, GError **error)
{
    const char *driver = config_string(config_current(), OPT_AUTO_DISCOVERY_DRIVER);
    if (driver == NULL || *driver == '\0') {
        steel_fail(error, STEEL_ERROR_INVALID, "[auto_discovery]driver is not set");
        return NULL;
    }
    if (!inspection_configured(error) || !check_limit(call->conductor->services.db, error) ||
        !inspection_inventory_valid(json_object_get(call->arguments, "inventory"), error))
        return NULL;
    json_auto_t *values = json_pack("{s:s}", "driver", driver);
    json_t *made = node_create(call, values, error);
    if (made == NULL)
        return NULL;
    const char *uuid = json_string_member(made, "uuid");
    if (fill(call->conductor, uuid, call->arguments, error)) {
        log_info(AREA, "node %s is a machine that nobody had enrolled", uuid);
        return made;
    }
    json_decref(made);
    return NULL;
}
