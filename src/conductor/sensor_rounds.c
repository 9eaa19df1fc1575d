/* Reads the sensors of machines in rounds ([sensor_data]), on few workers and without the nodes'
 * locks.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/json_text.h"
#include "common/log.h"
#include "common/time_text.h"
#include "conductor/periodic.h"
#include "conductor/task.h"
#include "db/nodes.h"
#include "drivers/management/management.h"

#define AREA "conductor.sensors"
enum { PAGE = 500, ONE_NODE_MS = 120000 };

/* ALL, or names of types. */
static bool
is_wanted(const char *type)
{
    const char *const *types = config_list(config_current(), OPT_SENSOR_DATA_DATA_TYPES);
    for (; *types != NULL; types++)
        if (g_ascii_strcasecmp(*types, "ALL") == 0 || g_ascii_strcasecmp(*types, type) == 0)
            return true;
    return false;
}

static void
drop_unwanted(json_t *readings)
{
    for (size_t i = json_array_size(readings); i-- > 0;)
        if (!is_wanted(json_string_member(json_array_get(readings, i), "type")))
            json_array_remove(readings, i);
}

static json_t *
read_sensors(Task *task)
{
    g_autoptr(GError) error = NULL;
    json_t *readings = management_get_sensors(task, &error);
    if (readings == NULL && steel_error_is(error, STEEL_ERROR_UNSUPPORTED))
        log_debug(AREA, "%s", error->message);
    else if (readings == NULL)
        log_warning(AREA, "the sensors cannot be read: %s", error->message);
    drop_unwanted(readings);
    return readings;
}

static void
read_node(Conductor *conductor, const char *uuid)
{
    g_autoptr(GError) error = NULL;
    Task *task = task_acquire(conductor, uuid, TASK_SHARED, "sensors", &error);
    json_auto_t *readings = NULL;
    log_context_node(uuid);
    if (task != NULL) {
        task->deadline_ms = time_monotonic_ms() + ONE_NODE_MS;
        readings = read_sensors(task);
    } else
        log_debug(AREA, "the sensors are not read: %s", error->message);
    log_context_node(NULL);
    task_release(task);
    sensors_told(conductor->sensors, uuid, readings);
}

static void
sensors_worker(void *data)
{
    Conductor *conductor = data;
    while (!conductor->stopping) {
        g_autofree char *uuid = sensors_next(conductor->sensors);
        if (uuid == NULL)
            break;
        read_node(conductor, uuid);
    }
    sensors_worker_end(conductor->sensors);
}

/* Without a free worker, those that run read the rest, or nobody does in this round. */
static void
start_workers(Conductor *conductor)
{
    unsigned most = (unsigned)config_integer(config_current(), OPT_SENSOR_DATA_WORKERS);
    for (unsigned i = 0; i < most && sensors_worker_begin(conductor->sensors, most); i++) {
        g_autoptr(GError) error = NULL;
        if (conductor_submit(conductor, CONDUCTOR_WORKERS, sensors_worker, conductor, &error))
            continue;
        sensors_worker_end(conductor->sensors);
        log_debug(AREA, "no more workers read sensors: %s", error->message);
        return;
    }
}

/* A node without an instance has sensors too; the operator says whether they are read. */
static void
add_page(Sensors *sensors, const GPtrArray *nodes)
{
    bool all = config_boolean(config_current(), OPT_SENSOR_DATA_ENABLE_FOR_UNDEPLOYED_NODES);
    for (guint i = 0; i < nodes->len; i++) {
        const Node *node = nodes->pdata[i];
        if (all || node->instance_uuid != NULL)
            sensors_add(sensors, node->uuid);
    }
}

static bool
add_all(Conductor *conductor)
{
    g_autofree char *last = g_strdup("");
    for (guint found = PAGE; found == PAGE;) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GPtrArray) nodes =
            db_nodes_power_page(conductor->services.db, last, false, PAGE, &error);
        if (nodes == NULL) {
            log_warning(AREA, "%s", error->message);
            return false;
        }
        add_page(conductor->sensors, nodes);
        found = nodes->len;
        g_free(last);
        last = g_strdup(found > 0 ? ((const Node *)nodes->pdata[found - 1])->uuid : "");
    }
    return true;
}

static void
begin_round(Sensors *sensors)
{
    int64_t limit_s = config_integer(config_current(), OPT_SENSOR_DATA_WAIT_TIMEOUT);
    unsigned left = sensors_begin(sensors, time_monotonic_ms() + limit_s * 1000);
    if (left > 0)
        log_warning(AREA,
                    "the sensors of %u nodes were not read in the last round; raise [sensor_data] "
                    "workers, wait_timeout or interval",
                    left);
}

void
sensors_run(Conductor *conductor)
{
    const Config *config = config_current();
    bool reads = config_boolean(config, OPT_SENSOR_DATA_SEND_SENSOR_DATA) &&
                 config_boolean(config, OPT_SENSOR_DATA_ENABLE_FOR_NODES);
    begin_round(conductor->sensors);
    if (!reads || add_all(conductor))
        sensors_complete(conductor->sensors);
    if (reads)
        start_workers(conductor);
}
