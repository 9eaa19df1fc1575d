/* Reads sensors; the contract is in sensors.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bmc/redfish/sensors.h"

#include "common/json_text.h"
#include "common/log.h"

#include <string.h>

enum {
    CHASSIS_MAX = 8,
    CONTROLLERS_MAX = 16,
    DRIVES_MAX = 128,
    SENSORS_MAX = 512,
    UNIT_BYTES = 16
};

/* Where sensors of a kind stand: in which document of the chassis, and under which name. */
static const struct {
    const char *document, *array, *type;
    const char *value, *unit; /* unit NULL: the sensor's ReadingUnits */
} parts[] = {
    {"Thermal", "Fans",          "Fan",         "Reading",              NULL},
    {"Thermal", "Temperatures",  "Temperature", "ReadingCelsius",       "celsius"},
    {"Power",   "PowerControl",  "Power",       "PowerConsumedWatts",   "watts"},
    {"Power",   "PowerSupplies", "Power",       "LastPowerOutputWatts", "watts"},
    {"Power",   "Voltages",      "Voltage",     "ReadingVolts",         "volts"},
};

static const char *
name_of(const json_t *sensor)
{
    static const char *const names[] = {"Name", "FanName", "MemberId", "Id"};
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        const char *name = json_string_member(sensor, names[i]);
        if (name != NULL && *name != '\0')
            return name;
    }
    return "unnamed";
}

/* "RPM" becomes "rpm". */
static char *
unit_of(const json_t *sensor, const char *unit)
{
    const char *told = json_string_member(sensor, "ReadingUnits");
    if (unit != NULL || told == NULL)
        return g_strdup(unit != NULL ? unit : "none");
    g_autofree char *lower = g_ascii_strdown(told, UNIT_BYTES);
    return g_utf8_make_valid(lower, -1);
}

/* A place without a part in it is left out. */
static void
add_sensor(json_t *all, const json_t *sensor, const char *type, const char *value, const char *unit)
{
    const json_t *status = json_object_get(sensor, "Status");
    json_t *reading = json_object_get(sensor, value);
    if (json_array_size(all) >= SENSORS_MAX || !json_is_object(sensor) ||
        g_strcmp0(json_string_member(status, "State"), "Absent") == 0)
        return;
    g_autofree char *unit_name = unit_of(sensor, unit);
    json_t *row = json_pack("{s:s, s:s, s:s, s:s*}", "type", type, "name", name_of(sensor), "unit",
                            unit_name, "health", json_string_member(status, "Health"));
    if (json_is_number(reading))
        json_object_set(row, "value", reading);
    json_array_append_new(all, row);
}

/* NULL, with a line in the log, if it cannot be read. */
static json_t *
read_part(const RedfishBmc *bmc, const char *path)
{
    g_autoptr(GError) why = NULL;
    json_t *document = redfish_get(bmc, path, &why);
    if (document == NULL)
        log_debug("bmc.redfish", "sensors of %s are left out: %s", path, why->message);
    return document;
}

static void
read_document(const RedfishBmc *bmc, const json_t *chassis, const char *name, json_t *all)
{
    g_autofree char *path = redfish_link(chassis, name);
    json_auto_t *document = path != NULL ? read_part(bmc, path) : NULL;
    for (size_t i = 0; document != NULL && i < G_N_ELEMENTS(parts); i++) {
        const json_t *sensors = json_object_get(document, parts[i].array), *sensor;
        size_t j;
        if (strcmp(parts[i].document, name) == 0)
            json_array_foreach(sensors, j, sensor)
                add_sensor(all, sensor, parts[i].type, parts[i].value, parts[i].unit);
    }
}

static void
read_drives(const RedfishBmc *bmc, const json_t *controller, json_t *all)
{
    g_autoptr(GPtrArray) paths = redfish_links(json_object_get(controller, "Drives"));
    for (guint i = 0; i < paths->len && i < DRIVES_MAX; i++) {
        json_auto_t *drive = read_part(bmc, paths->pdata[i]);
        add_sensor(all, drive, "Drive", "PredictedMediaLifeLeftPercent", "percent");
    }
}

static void
read_storage(const RedfishBmc *bmc, const RedfishSystem *system, json_t *all)
{
    g_autoptr(GError) why = NULL;
    g_autofree char *path = redfish_link(system->document, "Storage");
    json_auto_t *controllers =
        path != NULL ? redfish_get_members(bmc, path, CONTROLLERS_MAX, &why) : NULL;
    const json_t *controller;
    size_t i;
    json_array_foreach(controllers, i, controller) read_drives(bmc, controller, all);
}

json_t *
redfish_sensors_read(const RedfishBmc *bmc, const RedfishSystem *system, GError **error)
{
    const json_t *links = json_object_get(system->document, "Links");
    g_autoptr(GPtrArray) paths = redfish_links(json_object_get(links, "Chassis"));
    json_t *all = json_array();
    for (guint i = 0; i < paths->len && i < CHASSIS_MAX; i++) {
        json_auto_t *chassis = read_part(bmc, paths->pdata[i]);
        read_document(bmc, chassis, "Thermal", all);
        read_document(bmc, chassis, "Power", all);
    }
    read_storage(bmc, system, all);
    if (json_array_size(all) > 0)
        return all;
    json_decref(all);
    steel_fail(error, STEEL_ERROR_UNSUPPORTED, "system %s tells of no sensors", system->path);
    return NULL;
}
