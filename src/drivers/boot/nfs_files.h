/* Kernel and initramfs of an instance whose root file system is on NFS: instance_info kernel and
 * ramdisk, served by this conductor for as long as there is the instance.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/task.h"

/* Checks what instance_info says. As Interface.validate. Errors: MISSING, UNSUPPORTED, INVALID. */
bool nfs_files_validate(const Task *task, GError **error);

/* Copies both to where machines fetch them. From a worker; blocks until the copies are made.
 * Errors: those of image_copies_put. */
bool nfs_files_put(const Task *task, GError **error);

/* Removes the copies. Safe when there are none. */
void nfs_files_remove(const Task *task);
