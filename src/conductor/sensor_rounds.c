/* Reads the sensors of machines in rounds ([sensor_data]), on few workers and without the nodes'
 * locks.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/json_text.h"
#include "common/log.h"
#include "common/time_text.h"
#include "common/uuid.h"
#include "conductor/health.h"
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

/* As ipmitool writes them in Ironic's messages, and as plain values besides. */
static json_t *
reading_to_tell(const json_t *row)
{
    const char *name = json_string_member(row, "name"), *unit = json_string_member(row, "unit");
    const json_t *value = json_object_get(row, "value");
    g_autofree char *number = value != NULL ? json_dumps(value, JSON_ENCODE_ANY) : NULL;
    g_autofree char *text =
        number != NULL ? g_strdup_printf("%s %s", number, unit != NULL ? unit : "none") : NULL;
    return json_pack("{s:s, s:s*, s:O*, s:s*, s:O*}", "Sensor ID", name, "Sensor Reading", text,
                     "reading", value, "reading_units", unit, "health",
                     json_object_get(row, "health"));
}

/* {type: {name: reading}}, a new reference. */
static json_t *
readings_by_type(const json_t *readings)
{
    json_t *types = json_object();
    const json_t *row;
    size_t i;
    json_array_foreach(readings, i, row)
    {
        const char *type = json_string_member(row, "type");
        json_t *named = json_object_get(types, type);
        if (named == NULL) {
            named = json_object();
            json_object_set_new(types, type, named);
        }
        json_object_set_new(named, json_string_member(row, "name"), reading_to_tell(row));
    }
    return types;
}

/* Ironic's message "hardware.<driver>.metrics", without a version. */
static void
tell(const Task *task, const json_t *readings)
{
    char uuid[UUID_TEXT_SIZE];
    const Node *node = task->node;
    g_autofree char *type = g_strdup_printf("hardware.%s.metrics", node->driver),
                    *update = g_strconcat(type, ".update", NULL);
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autofree char *timestamp = g_date_time_format(now, "%Y-%m-%dT%H:%M:%S.%f");
    json_auto_t *payload = json_pack(
        "{s:s, s:s?, s:s, s:s, s:s?, s:s, s:o}", "message_id", uuid_generate(uuid), "instance_uuid",
        node->instance_uuid, "node_uuid", node->uuid, "timestamp", timestamp, "node_name",
        node->name, "event_type", update, "payload", readings_by_type(readings));
    const Notification notification = {.service = "None", /* Ironic names no service here */
                                       .host = task->services->conductor_host,
                                       .event_type = type};
    notifier_send_sensors(task->services->notifier, &notification, payload);
}

/* Of machines whose BMCs tell of sensors, but not of the whole: the worst of them. */
static bool
is_told_by_sensors(const Task *task)
{
    return task != NULL && health_is_watched() && task->driver.management->health_by_sensors;
}

static void
note_health(Conductor *conductor, const char *uuid, const char *health)
{
    g_autoptr(GError) error = NULL;
    Task *task = task_acquire(conductor, uuid, TASK_EXCLUSIVE, "health", &error);
    if (task == NULL) {
        log_debug(AREA, "the health is noted in the next round: %s", error->message);
        return;
    }
    health_note(task, health);
    if (!task_save(task, &error))
        log_warning(AREA, "%s", error->message);
    task_release(task);
}

static void
read_node(Conductor *conductor, const char *uuid)
{
    const char *health = NULL;
    bool changed = false;
    g_autoptr(GError) error = NULL;
    Task *task = task_acquire(conductor, uuid, TASK_SHARED, "sensors", &error);
    json_auto_t *readings = NULL;
    log_context_node(uuid);
    if (task != NULL) {
        task->deadline_ms = time_monotonic_ms() + ONE_NODE_MS;
        readings = read_sensors(task);
        if (json_array_size(readings) > 0)
            tell(task, readings);
        health = health_of_sensors(readings);
        changed = health != NULL && is_told_by_sensors(task) &&
                  g_strcmp0(task->node->health, health) != 0;
    } else
        log_debug(AREA, "the sensors are not read: %s", error->message);
    log_context_node(NULL);
    task_release(task);
    if (changed)
        note_health(conductor, uuid, health);
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
        if (conductor_submit(conductor, CONDUCTOR_OWN_WORKERS, sensors_worker, conductor, &error))
            continue;
        sensors_worker_end(conductor->sensors);
        log_debug(AREA, "no more workers read sensors: %s", error->message);
        return;
    }
}

/* A node without an instance has sensors too; the operator says whether they are read. */
static void
add_page(Conductor *conductor, const GPtrArray *nodes)
{
    bool all = config_boolean(config_current(), OPT_SENSOR_DATA_ENABLE_FOR_UNDEPLOYED_NODES);
    for (guint i = 0; i < nodes->len; i++) {
        const Node *node = nodes->pdata[i];
        if ((all || node->instance_uuid != NULL) && ring_is_mine(conductor, node))
            sensors_add(conductor->sensors, node->uuid);
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
        add_page(conductor, nodes);
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
