/* The table of steps.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent/steps/step_functions.h"
#include "agent/steps/steps.h"

static const StepArgument image_arguments[] = {
    {"image_info",  true,  "The image: id, urls, disk_format, checksums."},
    {"configdrive", false, "The config drive: base64 of a gzipped filesystem, or a URL of one."},
    {0},
};

/* write_image has the priority of the service's step of this name. */
const Step steps_table[] = {
    {"erase_devices", "deploy", 10, STEP_NEVER, true, NULL, false, step_erase_devices},
    {"erase_devices_metadata", "deploy", 99, 0, true, NULL, false, step_erase_devices_metadata},
    {"erase_devices_express", "deploy", 0, STEP_NEVER, true, NULL, false,
     step_erase_devices_express},
    {"erase_pstore", "deploy", 0, STEP_NEVER, true, NULL, false, step_erase_pstore},
    {"burnin_cpu", "deploy", 0, STEP_NEVER, true, NULL, false, step_burnin_cpu},
    {"burnin_disk", "deploy", 0, STEP_NEVER, true, NULL, false, step_burnin_disk},
    {"burnin_memory", "deploy", 0, STEP_NEVER, true, NULL, false, step_burnin_memory},
    {"burnin_network", "deploy", 0, STEP_NEVER, true, NULL, false, step_burnin_network},
    {"write_image", "deploy", STEP_NEVER, 0, false, image_arguments, false, step_write_image},
    {0},
};
