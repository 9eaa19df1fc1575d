/* What virtual_media.c inserts: the ISO and the floppy image of a node, each as a URL.
 *
 * With the node locked, from a worker; blocks on image servers, the database and the disk.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/boot/media.h"
#include "drivers/boot/virtual_media.h"
#include "drivers/task.h"

#define VIRTUAL_MEDIA_RAMDISK "ramdisk"
#define VIRTUAL_MEDIA_INSTANCE "instance"

/* The media of a node, or, without one, of this conductor. Free with virtual_media_owner_clear. */
void virtual_media_owner(const DriverServices *services, const Node *node, MediaOwner *owner);
void virtual_media_owner_clear(MediaOwner *owner);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(MediaOwner, virtual_media_owner_clear)

/* Checks the place that the media are published in. Errors: INVALID, UNSUPPORTED */
bool virtual_media_check_place(const Task *task, const VirtualMedia *how, GError **error);

/* driver_info deploy_iso or rescue_iso; NULL: it is to be made of kernel and ramdisk. Borrowed. */
const char *virtual_media_ready_iso(const Task *task, RamdiskUse use);

/* Each returns a URL; the caller frees, and does not log. NULL on an error.
 * parameters: {name: text} for the agent; ramdisk_iso: NULL: they are on the floppy */
char *virtual_media_ramdisk_iso(Task *task, const VirtualMedia *how, const json_t *parameters,
                                GError **error);
char *virtual_media_floppy(Task *task, const VirtualMedia *how, const json_t *parameters,
                           GError **error);
/* Of an instance that is an ISO (instance_info boot_iso) or a kernel and a ramdisk, which nodes
 * with the same ones share. */
char *virtual_media_instance_iso(Task *task, const VirtualMedia *how, GError **error);
