/* Erases all of a disk, so that nothing of it can be read any more. SPDX-License-Identifier:
 * Apache-2.0 */
#pragma once
#include "agent/agent_error.h"
#include "agent/progress.h"

/* NVMe: a format with user data erase, where agent_enable_nvme_secure_erase allows it. What cannot,
 * or fails while agent_continue_if_secure_erase_failed is true, and every other disk: noise over
 * all of it, agent_erase_devices_iterations times, then zeros with agent_erase_devices_zeroize;
 * then it is read here and there, and must be what was written last.
 *
 * info   the node's driver_internal_info; may be NULL
 * Errors ERASE naming the disk */
bool erase_disk(const json_t *info, const char *kernel_name, const char *path, Progress *progress,
                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Errors: ERASE (the device does not support it, or has refused). */
bool erase_nvme(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
