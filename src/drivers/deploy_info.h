/* A deploy ramdisk without an agent: it exports its machine's disk by itself and tells so once, by
 * the vendor method pass_deploy_info. The deploy interface iscsi writes the image to what it names;
 * what an agent would be asked for is left out.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/task.h"

/* True if the ramdisk that runs on the machine has exported the disk. Pure. */
bool deploy_info_given(const Task *task);

/* Where the disk is. Strings are borrowed from the node. */
typedef struct DeployInfoDisk {
    const char *address; /* an IP address */
    const char *iqn;
    int port, lun;
} DeployInfoDisk;

/* The exported disk. Errors: DEPLOY_FAILED with the ramdisk's own words: it could not export it;
 * INVALID: no ramdisk has called. */
bool deploy_info_disk(const Task *task, DeployInfoDisk *out,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* What such a ramdisk finds among its boot parameters, under the names of the first one
 * (diskimage-builder's deploy-ironic); a new reference. The agent's token takes the place of
 * RAMDISK_BOOT_TOKEN_WORD. */
json_t *deploy_info_parameters(const Task *task);

/* Checks a call of pass_deploy_info: {"key": the agent's token, "address": IP address, "iqn": str,
 * "port"?: int (3260), "lun"?: int (1), "error"?: why the ramdisk could not export the disk; then
 * only the key is needed}. Reads the node and changes nothing, so it needs no lock: a caller
 * without the key gets none. Errors: INVALID, MISSING, INVALID_STATE_REQUESTED. */
bool deploy_info_check(const Task *task, const json_t *arguments,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Checks the call and notes it in the node, which the caller saves. Errors as above. */
bool deploy_info_note(Task *task, const json_t *arguments,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
