/* The step that puts files into what was written. SPDX-License-Identifier: Apache-2.0 */
#include "agent/disk/choose.h"
#include "agent/disk/inject_files.h"
#include "agent/steps/step_functions.h"

#define FILES_LIMIT 1000u

/* Each file of a list; NULL and null are empty. */
static bool
inject_list(const InjectCall *call, const json_t *files, GError **error)
{
    json_t *file;
    size_t i;
    if (files == NULL || json_is_null(files))
        return true;
    if (!json_is_array(files) || json_array_size(files) > FILES_LIMIT)
        return steel_fail(error, STEEL_ERROR_INVALID, "files must be a list of at most %u files",
                          FILES_LIMIT);
    json_array_foreach(files, i, file)
    {
        if (!inject_file(call, file, error))
            return false;
    }
    return true;
}

/* Those of the node's properties first, so that those of the step win. */
json_t *
step_inject_files(const StepCall *call, GError **error)
{
    const json_t *properties = json_object_get(call->node, "properties");
    const json_t *verify = json_object_get(call->args, "verify_ca");
    g_autofree char *disk = choose_root_disk(call->agent, call->node, error);
    const InjectCall inject = {call->agent, disk, call->node, call->ports, !json_is_false(verify)};
    progress_begin(call->progress, "inject files", 0);
    if (disk == NULL || !inject_list(&inject, json_object_get(properties, "inject_files"), error) ||
        !inject_list(&inject, json_object_get(call->args, "files"), error))
        return NULL;
    return json_null();
}
