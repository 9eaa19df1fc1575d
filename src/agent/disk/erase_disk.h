/* Erases a whole disk: none of its old data can be read afterwards.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "agent/progress.h"
#include "agent_protocol/agent_error.h"

/* Erases a disk. An NVMe disk is formatted with user data erase if agent_enable_nvme_secure_erase
 * allows it; an ATA disk erases itself if it can and agent_enable_ata_secure_erase allows it. Any
 * other disk is overwritten; so is one whose own erase fails while
 * agent_continue_if_secure_erase_failed is true. Overwriting writes noise
 * agent_erase_devices_iterations times, then zeros with agent_erase_devices_zeroize. Some blocks
 * are read back and compared with the last write. Blocks for hours on a large disk; an overwrite
 * gives up soon after progress_stopped().
 *
 * info   the node's driver_internal_info; may be NULL
 * Errors ERASE naming the disk */
bool erase_disk(const json_t *info, const char *kernel_name, const char *path, Progress *progress,
                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Formats an NVMe namespace with user data erase. Blocks until the device is done. Errors: ERASE
 * (the device does not support it, or refused). */
bool erase_nvme(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
