/* The lease of a life of the conductor; the contract is in internal.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/log.h"
#include "common/steady.h"
#include "conductor/internal.h"
#include "db/conductors.h"

static json_t *
driver_names(const json_t *hardware)
{
    json_t *names = json_array();
    size_t index;
    json_t *row;
    json_array_foreach(hardware, index, row) json_array_append(names, json_object_get(row, "name"));
    return names;
}

bool
conductor_register(Conductor *conductor, GError **error)
{
    g_autoptr(ConductorRecord) record = conductor_record_new();
    record->hostname = g_strdup(conductor->hostname);
    record->conductor_group = g_strdup(conductor->group);
    record->lease = g_strdup(conductor->lease);
    record->lease_expires_ms =
        steady_now_ms() + config_integer(config_current(), OPT_CONDUCTOR_HEARTBEAT_TIMEOUT) * 1000;
    json_decref(record->hardware);
    record->hardware = registry_hardware(conductor->registry);
    json_decref(record->drivers);
    record->drivers = driver_names(record->hardware);
    if (!db_conductor_register(conductor->services.db, record, error))
        return false;
    atomic_store(&conductor->registered, true);
    log_info("conductor", "%s is at work", conductor->hostname);
    return true;
}
