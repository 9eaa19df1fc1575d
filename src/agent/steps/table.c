/* The table of steps.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent/steps/step_functions.h"
#include "agent/steps/steps.h"

static const StepArgument image_arguments[] = {
    {"image_info",  true,  "The image: id, urls, disk_format, checksums."},
    {"configdrive", false, "The config drive: base64 of a gzipped filesystem, or a URL of one."},
    {0},
};

static const StepArgument files_arguments[] = {
    {"files", false,
     "Files: path, partition, content (base64 or a URL), deleted, mode, dirmode, owner, group."},
    {"verify_ca", false, "False: content comes from servers whatever their certificates are."},
    {0},
};

static const StepArgument raid_arguments[] = {
    {"raid_config",     true,  "The RAID to make, as target_raid_config."},
    {"delete_existing", false, "Delete what there is first; true without it."},
    {0},
};

/* write_image has the priority of the service's step of this name. */
const Step steps_table[] = {
    {"erase_devices", "deploy", 10, STEP_NEVER, false, true, NULL, false, step_erase_devices},
    {"erase_devices_metadata", "deploy", 99, 0, false, true, NULL, false,
     step_erase_devices_metadata},
    {"erase_devices_express", "deploy", 0, STEP_NEVER, false, true, NULL, false,
     step_erase_devices_express},
    {"create_configuration", "raid", 0, STEP_NEVER, true, true, NULL, false,
     step_create_configuration},
    {"delete_configuration", "raid", 0, STEP_NEVER, true, true, NULL, false,
     step_delete_configuration},
    {"apply_configuration", "raid", STEP_NEVER, 0, true, false, raid_arguments, true,
     step_apply_configuration},
    {"inject_files", "deploy", STEP_NEVER, 0, true, false, files_arguments, true, step_inject_files,
     AGENT_PARAMETER_INJECT_FILES_PRIORITY},
    {"erase_pstore", "deploy", 0, STEP_NEVER, false, true, NULL, false, step_erase_pstore},
    {"burnin_cpu", "deploy", 0, STEP_NEVER, true, true, NULL, false, step_burnin_cpu},
    {"burnin_disk", "deploy", 0, STEP_NEVER, false, true, NULL, false, step_burnin_disk},
    {"burnin_memory", "deploy", 0, STEP_NEVER, true, true, NULL, false, step_burnin_memory},
    {"burnin_network", "deploy", 0, STEP_NEVER, true, true, NULL, false, step_burnin_network},
    {"write_image", "deploy", STEP_NEVER, 0, true, false, image_arguments, false, step_write_image},
    {0},
};
