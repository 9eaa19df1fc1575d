/* Sensors by IPMI: the records of the BMC's repository, then a reading of each; the contract is in
 * management.h. Each round of requests is a session.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/management/ipmitool_sensors.h"

#include "bmc/ipmi/client/sdr_walk.h"
#include "drivers/ipmi_node.h"

enum { SENSORS_MAX = 512 };

static bool
walk_repository(Task *task, IpmiSdrWalk *walk, GError **error)
{
    g_autofree IpmiRequest *requests = g_new(IpmiRequest, IPMI_REQUESTS_MAX);
    g_autofree IpmiResponse *responses = g_new0(IpmiResponse, IPMI_REQUESTS_MAX);
    size_t count;
    while ((count = ipmi_sdr_walk_requests(walk, requests)) > 0)
        if (!ipmi_node_call(task, requests, count, responses, error) ||
            !ipmi_sdr_walk_take(walk, responses, count, error)) {
            g_prefix_error(error, "reading the BMC's sensor repository: ");
            return false;
        }
    return true;
}

/* One that has nothing to tell now is left out, as one that the BMC does not know any more. */
static void
add_reading(json_t *all, const IpmiSensor *sensor, const IpmiResponse *response)
{
    static const char *const healths[] = {[IPMI_SENSOR_OK] = "OK",
                                          [IPMI_SENSOR_WARNING] = "Warning",
                                          [IPMI_SENSOR_CRITICAL] = "Critical"};
    IpmiSensorReading reading;
    double value = 0;
    if (response->completion_code != 0 || !ipmi_sensor_reading_read(response, &reading) ||
        !reading.available || !ipmi_sensor_value(sensor, reading.raw, &value))
        return;
    json_array_append_new(all,
                          json_pack("{s:s, s:s, s:s, s:f, s:s}", "type", ipmi_sensor_kind(sensor),
                                    "name", sensor->name, "unit", ipmi_sensor_unit(sensor), "value",
                                    value, "health", healths[reading.health]));
}

static bool
read_sensors(Task *task, const GArray *sensors, guint from, json_t *all, GError **error)
{
    g_autofree IpmiRequest *requests = g_new(IpmiRequest, IPMI_REQUESTS_MAX);
    g_autofree IpmiResponse *responses = g_new0(IpmiResponse, IPMI_REQUESTS_MAX);
    guint count = MIN(sensors->len - from, (guint)IPMI_REQUESTS_MAX);
    for (guint i = 0; i < count; i++)
        ipmi_build_sensor_reading(&requests[i], &g_array_index(sensors, IpmiSensor, from + i));
    if (!ipmi_node_call(task, requests, count, responses, error)) {
        g_prefix_error(error, "reading the BMC's sensors: ");
        return false;
    }
    for (guint i = 0; i < count; i++)
        add_reading(all, &g_array_index(sensors, IpmiSensor, from + i), &responses[i]);
    return true;
}

json_t *
ipmitool_sensors_get(Task *task, GError **error)
{
    g_auto(IpmiSdrWalk) walk = {0};
    json_auto_t *all = json_array();
    ipmi_sdr_walk_begin(&walk);
    if (!walk_repository(task, &walk, error))
        return NULL;
    for (guint from = 0; from < MIN(walk.sensors->len, (guint)SENSORS_MAX);
         from += IPMI_REQUESTS_MAX)
        if (!read_sensors(task, walk.sensors, from, all, error))
            return NULL;
    if (json_array_size(all) > 0)
        return json_incref(all);
    steel_fail(error, STEEL_ERROR_UNSUPPORTED, "the BMC tells of no sensors");
    return NULL;
}
