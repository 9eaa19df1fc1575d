/* What a boot driver must do: bring a machine into a ramdisk or into its instance.
 *
 * Called from a worker with the node locked exclusively. Every prepare has its clean_up, which must be safe to call when
 * nothing was prepared. NULL: nothing to do.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/interface.h"

typedef struct BootOps {
    Interface interface;
    /* Sets the machine up to boot the deploy ramdisk at the next power on. parameters: kernel arguments, {name: value} */
    bool (*prepare_ramdisk)(Task *task, const json_t *parameters, GError **error);
    bool (*clean_up_ramdisk)(Task *task, GError **error);
    /* Sets the machine up to boot what it is deployed with. Idempotent: also used when a conductor takes a node over. */
    bool (*prepare_instance)(Task *task, GError **error);
    bool (*clean_up_instance)(Task *task, GError **error);
    /* True when the machine will tell us that it has come up (a boot script that reports): a deploy then waits for it. */
    bool (*reports_progress)(Task *task);
} BootOps;

/* What the node's driver does, as the member of the same name says; true, and nothing is done, where the driver has none.
 * boot_reports_progress is false then. */
bool boot_prepare_ramdisk(Task *task, const json_t *parameters, GError **error);
bool boot_clean_up_ramdisk(Task *task, GError **error);
bool boot_prepare_instance(Task *task, GError **error);
bool boot_clean_up_instance(Task *task, GError **error);
bool boot_reports_progress(Task *task);

/* Where the machine will report: begins the phase that its reports go on with. For a step that waits for them. */
void boot_begin_phase(Task *task);
