/* What the sensors of a machine with an iLO say: by Redfish, which an iLO 4 of a Gen9 has as well,
 * or by RIBCL; the contract is in ilo.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bmc/ilo/ilo_internal.h"

#include "bmc/redfish/sensors.h"
#include "common/json_text.h"

#include <string.h>

enum { SENSORS_MAX = 512 };

/* ---- RIBCL ---- */

static const struct {
    const char *group, *type;
    const char *value; /* the element with the reading and its unit; NULL: there is none */
} groups[] = {
    {"FANS",           "Fan",         "SPEED"},
    {"TEMPERATURE",    "Temperature", "CURRENTREADING"},
    {"POWER_SUPPLIES", "Power",       NULL},
};

/* How a status begins. What is not here, such as "Not Installed", is no sensor. */
static const struct {
    const char *status, *health;
} healths[] = {
    {"OK",       "OK"},
    {"Good",     "OK"},
    {"Degraded", "Warning"},
    {"Caution",  "Warning"},
    {"Failed",   "Critical"},
    {"Critical", "Critical"},
};

static const char *
health_of(const RibclNode *node)
{
    const char *status = ribcl_value(node, "STATUS");
    for (size_t i = 0; status != NULL && i < G_N_ELEMENTS(healths); i++)
        if (g_ascii_strncasecmp(status, healths[i].status, strlen(healths[i].status)) == 0)
            return healths[i].health;
    return NULL;
}

/* "Percentage" is "percent". */
static char *
unit_of(const RibclNode *reading)
{
    const char *unit = ribcl_attribute(reading, "UNIT");
    if (unit == NULL)
        return g_strdup("none");
    return g_ascii_strcasecmp(unit, "Percentage") == 0 ? g_strdup("percent")
                                                       : g_ascii_strdown(unit, 16);
}

static void
add_reading(json_t *all, const char *type, const char *name, const RibclNode *reading,
            const char *health)
{
    g_autofree char *unit = unit_of(reading);
    const char *text = ribcl_attribute(reading, "VALUE");
    char *end = NULL;
    double value = text != NULL ? g_ascii_strtod(text, &end) : 0;
    json_t *row = json_pack("{s:s, s:s, s:s, s:s*}", "type", type, "name", name, "unit", unit,
                            "health", health);
    if (text != NULL && end != text && *end == '\0')
        json_object_set_new(row, "value", json_real(value));
    json_array_append_new(all, row);
}

static void
add_group(json_t *all, const RibclNode *data, size_t row)
{
    const RibclNode *group = ribcl_child(data, groups[row].group);
    for (guint i = 0; group != NULL && group->children != NULL && i < group->children->len; i++) {
        const RibclNode *sensor = group->children->pdata[i];
        const char *name = ribcl_value(sensor, "LABEL"), *health = health_of(sensor);
        if (name != NULL && health != NULL && json_array_size(all) < SENSORS_MAX)
            add_reading(all, groups[row].type, name,
                        groups[row].value != NULL ? ribcl_child(sensor, groups[row].value) : NULL,
                        health);
    }
}

/* An iLO without the licence for it does not tell of power. */
static void
add_power(const Ilo *ilo, json_t *all)
{
    static const RibclCommand get = {"SERVER_INFO", false, {"GET_POWER_READINGS", NULL, NULL}};
    g_auto(RibclAnswer) answer = {0};
    if (!ilo_ribcl(ilo, &get, &answer, NULL))
        return;
    const RibclNode *reading = ribcl_child(answer.data, "PRESENT_POWER_READING");
    if (reading != NULL)
        add_reading(all, "Power", "Present Power Reading", reading, NULL);
}

static json_t *
sensors_by_ribcl(const Ilo *ilo, GError **error)
{
    static const RibclCommand get = {"SERVER_INFO", false, {"GET_EMBEDDED_HEALTH", NULL, NULL}};
    g_auto(RibclAnswer) answer = {0};
    if (!ilo_ribcl(ilo, &get, &answer, error))
        return NULL;
    json_t *all = json_array();
    for (size_t row = 0; row < G_N_ELEMENTS(groups); row++)
        add_group(all, answer.data, row);
    add_power(ilo, all);
    return all;
}

/* ---- Redfish ---- */

/* Those of array controllers, which an iLO 5 tells of apart. What cannot be read is left out. */
static void
add_drives(const Ilo *ilo, json_t *all)
{
    json_auto_t *controllers = ilo->dialect->actions ? ilo_get_controllers(ilo, NULL) : NULL;
    const json_t *controller, *drive;
    size_t i, n;
    json_array_foreach(controllers, i, controller)
    {
        const json_t *drives = json_object_get(controller, "drives");
        json_array_foreach((json_t *)(uintptr_t)drives, n, drive)
        {
            if (json_array_size(all) < SENSORS_MAX)
                json_array_append_new(all,
                                      json_pack("{s:s, s:O, s:s, s:O*}", "type", "Drive", "name",
                                                json_object_get(drive, "location"), "unit", "none",
                                                "health", json_object_get(drive, "health")));
        }
    }
}

static json_t *
sensors_by_redfish(const Ilo *ilo, GError **error)
{
    g_autofree char *address = NULL;
    g_auto(RedfishSystem) system = {0};
    if (ilo_redfish_client(ilo->client) == NULL) {
        ilo_lacks(error, "sensors without Redfish");
        return NULL;
    }
    const RedfishBmc bmc = {.client = ilo_redfish_client(ilo->client),
                            .target = ilo_redfish_target(ilo, &address)};
    if (!redfish_system_read(&bmc, "/redfish/v1/Systems/1/", &system, error))
        return NULL;
    json_t *all = redfish_sensors_read(&bmc, &system, error);
    if (all != NULL)
        add_drives(ilo, all);
    return all;
}

json_t *
ilo_get_sensors(const Ilo *ilo, GError **error)
{
    return ilo->dialect == NULL ? sensors_by_ribcl(ilo, error) : sensors_by_redfish(ilo, error);
}
