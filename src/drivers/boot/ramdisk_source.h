/* Which ramdisk a node's machine runs: driver_info deploy_kernel and deploy_ramdisk, or, where it
 * has neither, those of [conductor]; for a rescue rescue_kernel and rescue_ramdisk before them.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/task.h"

/* URLs, borrowed from the node or the configuration. */
typedef struct RamdiskSource {
    const char *kernel, *initramfs;
} RamdiskSource;

/* Finds it by the state that the node is in. Errors: MISSING with Ironic's sentence; UNSUPPORTED:
 * no file://, http:// or https:// URL. */
bool ramdisk_source_find(const Task *task, RamdiskSource *source, GError **error);
