/* The disk to deploy to; the contract is in choose.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent/disk/choose.h"

#include "agent/hardware/disks.h"
#include "common/backoff.h"
#include "common/json_text.h"
#include "common/log.h"
#include "common/time_text.h"
#include "model/hints.h"

#define AREA "agent.disk"
#define LEAST_SIZE (INT64_C(4) << 30)

/* Hints with volume_name are about RAID volumes, not disks. */
static bool
is_skipped(const json_t *skips, const json_t *disk, bool *skipped, GError **error)
{
    size_t i;
    json_t *hints;
    *skipped = false;
    json_array_foreach((json_t *)(uintptr_t)skips, i, hints)
    {
        bool match = false;
        if (json_object_get(hints, "volume_name") != NULL)
            continue;
        if (!hints_match(hints, disk, &match, error))
            return false;
        *skipped = *skipped || match;
    }
    return true;
}

json_t *
choose_disks(const Agent *agent, const json_t *node, GError **error)
{
    const json_t *skips =
        json_object_get(json_object_get(node, "properties"), "skip_block_devices");
    json_t *all = disks_list(agent->root), *kept = json_array(), *disk;
    size_t i;
    bool good = true;
    json_array_foreach(all, i, disk)
    {
        bool skipped;
        good = good && is_skipped(skips, disk, &skipped, error);
        if (good && !skipped)
            json_array_append(kept, disk);
    }
    json_decref(all);
    if (good)
        return kept;
    json_decref(kept);
    if (error != NULL)
        agent_error_classify(error, AGENT_ERROR_DEVICE_NOT_FOUND);
    return NULL;
}

static json_t *
find_hints(const Agent *agent, const json_t *node)
{
    static const char *const places[] = {"instance_info", "properties"};
    for (size_t i = 0; i < G_N_ELEMENTS(places); i++) {
        json_t *hints = json_object_get(json_object_get(node, places[i]), "root_device");
        if (json_is_object(hints) && json_object_size(hints) > 0)
            return json_incref(hints);
    }
    const char *given = parameters_string(agent->parameters, AGENT_PARAMETER_ROOT_DEVICE);
    return given != NULL ? hints_parse(given) : NULL;
}

/* "/dev/vda (10 GiB, serial X), …" */
static char *
describe(const json_t *disks)
{
    GString *text = g_string_new(NULL);
    size_t i;
    json_t *disk;
    json_array_foreach((json_t *)(uintptr_t)disks, i, disk)
    {
        const char *serial = json_string_member(disk, "serial");
        g_string_append_printf(text, "%s%s (%" JSON_INTEGER_FORMAT " bytes, serial %s)",
                               i > 0 ? ", " : "", json_string_member(disk, "name"),
                               json_integer_value(json_object_get(disk, "size")),
                               serial != NULL ? serial : "none");
    }
    return g_string_free(text, FALSE);
}

static const json_t *
smallest(const json_t *disks)
{
    const json_t *found = NULL;
    json_int_t least = 0;
    size_t i;
    json_t *disk;
    json_array_foreach((json_t *)(uintptr_t)disks, i, disk)
    {
        json_int_t size = json_integer_value(json_object_get(disk, "size"));
        if (size >= LEAST_SIZE && (found == NULL || size < least)) {
            found = disk;
            least = size;
        }
    }
    return found;
}

/* *found: out, NULL if no disk matches. */
static bool
first_match(const json_t *disks, const json_t *hints, const json_t **found, GError **error)
{
    size_t i;
    json_t *disk;
    json_array_foreach((json_t *)(uintptr_t)disks, i, disk)
    {
        bool match = false;
        if (!hints_match(hints, disk, &match, error))
            return agent_error_classify(error, AGENT_ERROR_DEVICE_NOT_FOUND), false;
        if (match && *found == NULL)
            *found = disk;
    }
    return true;
}

static char *
choose(const json_t *disks, const json_t *hints, GError **error)
{
    const json_t *found = NULL;
    if (hints == NULL)
        found = smallest(disks);
    else if (!first_match(disks, hints, &found, error))
        return NULL;
    if (found != NULL)
        return g_strdup(json_string_member(found, "name"));
    g_autofree char *wanted = hints != NULL ? json_text_dump(hints) : NULL;
    g_autofree char *there = describe(disks);
    agent_fail(error, AGENT_ERROR_DEVICE_NOT_FOUND, "%s %s; disks: %s",
               hints != NULL ? "No suitable device was found for deployment using these hints"
                             : "No disk has at least 4 GiB",
               hints != NULL ? wanted : "", *there != '\0' ? there : "none");
    return NULL;
}

static char *
choose_now(const Agent *agent, const json_t *node, const json_t *hints, GError **error)
{
    json_t *disks = choose_disks(agent, node, error);
    char *name = disks != NULL ? choose(disks, hints, error) : NULL;
    json_decref(disks);
    return name;
}

char *
choose_root_disk(Agent *agent, const json_t *node, GError **error)
{
    int64_t attempts = parameters_integer(agent->parameters, AGENT_PARAMETER_DISK_WAIT_ATTEMPTS);
    int64_t delay_ms =
        1000 * parameters_integer(agent->parameters, AGENT_PARAMETER_DISK_WAIT_DELAY);
    json_t *hints = find_hints(agent, node);
    char *name = NULL;
    for (int64_t i = 0; name == NULL && (i == 0 || i < attempts); i++) {
        g_clear_error(error);
        if (i > 0 && delay_ms > 0)
            backoff_sleep((unsigned)delay_ms);
        name = choose_now(agent, node, hints, error);
    }
    json_decref(hints);
    if (name != NULL)
        log_info(AREA, "the disk to deploy to is %s", name);
    return name;
}
