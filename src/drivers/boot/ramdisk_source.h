/* Finds the ramdisk of a node: driver_info deploy_kernel and deploy_ramdisk, or, if it has neither,
 * those of [conductor]deploy_kernel_by_arch and deploy_ramdisk_by_arch for its properties cpu_arch,
 * or else those of [conductor]. For a rescue, rescue_kernel and rescue_ramdisk take their place.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/boot/boot.h"
#include "drivers/task.h"

/* URLs, borrowed from the node or the configuration. */
typedef struct RamdiskSource {
    const char *kernel, *initramfs;
} RamdiskSource;

/* What the ramdisk is for in the node's state. Pure. */
RamdiskUse ramdisk_use_of(const Node *node);

/* Finds it. Pure. Errors: MISSING with Ironic's sentence; UNSUPPORTED: the URL is not file://,
 * http:// or https://. */
bool ramdisk_source_find(const Task *task, RamdiskUse use, RamdiskSource *source, GError **error);

/* The API as agents reach it: "http://192.0.2.1:6385"; the caller frees. */
char *ramdisk_api_url(void);
