/* What a boot driver must do: bring a machine into a ramdisk or into its instance at its next
 * start. It switches no power.
 *
 * For every member that can fail:
 *   Lock     exclusive, from a worker
 *   Blocks   on the BMC, the database and the publisher of boot files, each request until
 *            task->deadline_ms, or, where the task has none, until that request's own limit
 *   Errors   INVALID (the node lacks what this boot needs), UNSUPPORTED, BMC_*, TIMEOUT, STORAGE,
 *            DATABASE
 *   Again    it may be called again after the process died in it, and after it has succeeded
 *   NULL     nothing to do
 *
 * What a member must remove later, it remembers in a key of the node (model/internal_info.h),
 * because the process may restart in between.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/interface.h"

/* Which ramdisk a machine is to boot. */
typedef enum RamdiskUse {
    RAMDISK_FOR_AGENT, /* to deploy, clean or inspect it */
    RAMDISK_FOR_RESCUE
} RamdiskUse;

typedef struct BootOps {
    Interface interface;
    /* what the ramdisk is told reaches nobody but the machine: its parameters may have
     * RAMDISK_BOOT_TOKEN_WORD (netboot/ramdisk_boot.h), which becomes the agent's token */
    bool carries_token;
    /* an instance may be an ISO (instance_info boot_iso) */
    bool boots_iso;

    /* Checks whether the machine can boot such a ramdisk, beyond Interface.validate, whose contract
     * this has.
     * Errors: INVALID, MISSING, UNSUPPORTED. NULL: UNSUPPORTED */
    bool (*validate_ramdisk)(Task *task, RamdiskUse use, GError **error);

    /* Makes the machine boot the ramdisk with the agent. From a step or before cleaning, with the
     * machine off or about to be rebooted. parameters: kernel arguments {name: value}, or NULL;
     * borrowed. */
    bool (*prepare_ramdisk)(Task *task, const json_t *parameters, GError **error);

    /* Removes what prepare_ramdisk has left. Safe when nothing was prepared. */
    bool (*clean_up_ramdisk)(Task *task, GError **error);

    /* Makes the machine boot what it is deployed with. From a deploy step, and when a node is taken
     * over or adopted: then the machine runs, and its boot device is left alone. */
    bool (*prepare_instance)(Task *task, GError **error);

    /* Removes what prepare_instance has left. Safe when nothing was prepared. */
    bool (*clean_up_instance)(Task *task, GError **error);

    /* Called by power interfaces before they switch on or restart a machine: what the instance
     * boots from may have gone since its last start. */
    bool (*before_power_on)(Task *task, GError **error);

    /* True if the machine will report its boot (its boot script does): a step may wait for the
     * report. Needs no lock, never blocks, cannot fail. NULL: false. */
    bool (*reports_progress)(Task *task);

    /* Called when the wait for a ramdisk has ended, before what is prepared for it is removed: what
     * the BMC shows of why the machine has not booted it, a sentence, which the caller frees. NULL:
     * nothing is wrong, or the BMC does not say. */
    char *(*why_silent)(Task *task);
} BootOps;

/* Interface.validate of the boot driver, and validate_ramdisk. */
bool boot_validate_ramdisk(Task *task, RamdiskUse use, GError **error);

/* Call the member of the same name of the node's driver. If the driver has none, they do nothing
 * and return true; boot_reports_progress returns false. */
bool boot_prepare_ramdisk(Task *task, const json_t *parameters, GError **error);
bool boot_clean_up_ramdisk(Task *task, GError **error);
bool boot_prepare_instance(Task *task, GError **error);
bool boot_clean_up_instance(Task *task, GError **error);
bool boot_before_power_on(Task *task, GError **error);
bool boot_reports_progress(Task *task);
char *boot_why_silent(Task *task);

/* Begins the first phase that the machine's reports continue, if it will report. For a step that
 * waits for the reports; with the node's lock. */
void boot_begin_phase(Task *task);
