/* A machine's size, as properties of its node that schedulers read; the contract is in hooks.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/config.h"
#include "common/json_text.h"
#include "common/log.h"
#include "drivers/inspect/hooks.h"
#include "model/hints.h"

#define AREA "drivers.inspect"
#define GIB (INT64_C(1) << 30)
/* What agents take for a disk to deploy to, where nothing else is said. */
#define LEAST_DISK_SIZE (4 * GIB)

static json_t *
properties_of(const Inspection *inspection)
{
    return inspection->task->node->properties;
}

bool
hook_architecture_run(Inspection *inspection, GError **error)
{
    const char *architecture =
        json_string_member(json_object_get(inspection->inventory, "cpu"), "architecture");
    if (architecture == NULL || *architecture == '\0')
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "the inventory does not tell the architecture of the machine's CPU");
    json_object_set_new(properties_of(inspection), "cpu_arch", json_string(architecture));
    return true;
}

/* A whole number of something, if the inventory tells one. */
static void
set_number(const Inspection *inspection, const char *part, const char *member, const char *property)
{
    int64_t number = 0;
    if (json_integer_member(json_object_get(inspection->inventory, part), member, &number) &&
        number > 0)
        json_object_set_new(properties_of(inspection), property, json_integer(number));
    else
        log_warning(AREA, "the inventory of node %s has no %s.%s: %s stays as it is",
                    inspection->task->node->uuid, part, member, property);
}

bool
hook_cpus_run(Inspection *inspection, GError **error)
{
    (void)error;
    set_number(inspection, "cpu", "count", "cpus");
    return true;
}

bool
hook_memory_run(Inspection *inspection, GError **error)
{
    (void)error;
    set_number(inspection, "memory", "physical_mb", "memory_mb");
    return true;
}

/* ---- root-device ---- */

/* True for disks that properties.skip_block_devices names. */
static bool
is_skipped(const Inspection *inspection, const json_t *disk, bool *skipped, GError **error)
{
    size_t i;
    json_t *hints;
    *skipped = false;
    json_array_foreach(json_object_get(properties_of(inspection), "skip_block_devices"), i, hints)
    {
        bool match = false;
        if (json_object_get(hints, "volume_name") != NULL)
            continue; /* of a RAID */
        if (!hints_match(hints, disk, &match, error))
            return false;
        *skipped = *skipped || match;
    }
    return true;
}

/* The first one that the hints fit; without hints the smallest that is large enough. */
static bool
find_disk(const Inspection *inspection, const json_t *hints, json_t **found, GError **error)
{
    size_t i;
    json_t *disk;
    int64_t least = 0;
    json_array_foreach(json_object_get(inspection->inventory, "disks"), i, disk)
    {
        bool skipped = false, match = hints == NULL;
        int64_t size = json_integer_value(json_object_get(disk, "size"));
        if (!is_skipped(inspection, disk, &skipped, error) ||
            (hints != NULL && !hints_match(hints, disk, &match, error)))
            return false;
        if (skipped || !match || (hints == NULL && size < LEAST_DISK_SIZE))
            continue;
        if (*found == NULL || (hints == NULL && size < least)) {
            *found = disk;
            least = size;
        }
    }
    return true;
}

/* What the node says, else what the agent has chosen, else what it would choose. */
static bool
find_root_disk(Inspection *inspection, json_t **disk, GError **error)
{
    const json_t *hints = json_object_get(properties_of(inspection), "root_device");
    bool hinted = json_is_object(hints) && json_object_size(hints) > 0;
    *disk = hinted ? NULL : json_object_get(inspection->plugin_data, "root_disk");
    if (json_is_object(*disk))
        return true;
    *disk = NULL;
    if (!find_disk(inspection, hinted ? hints : NULL, disk, error))
        return false;
    if (*disk != NULL || !hinted)
        return true;
    g_autofree char *wanted = json_text_dump(hints);
    return steel_fail(error, STEEL_ERROR_INVALID,
                      "no disk of the machine is the one that properties root_device says: %s",
                      wanted);
}

static int64_t
gigabytes_of(const json_t *disk)
{
    int64_t size = json_integer_value(json_object_get(disk, "size")) / GIB;
    bool spacing = config_boolean(config_current(), OPT_INSPECTOR_DISK_PARTITIONING_SPACING);
    return size > 0 && spacing ? size - 1 : size;
}

bool
hook_root_device_run(Inspection *inspection, GError **error)
{
    json_t *disk = NULL;
    if (!find_root_disk(inspection, &disk, error))
        return false;
    int64_t local_gb = gigabytes_of(disk);
    if (disk != NULL)
        json_object_set(inspection->plugin_data, "root_disk", disk);
    json_object_set_new(inspection->plugin_data, "local_gb", json_integer(local_gb));
    json_object_set_new(properties_of(inspection), "local_gb", json_integer(local_gb));
    return true;
}
