/* Files of an instance that boots from this conductor, handed out for as long as there is the
 * instance: kernel and initramfs where its root file system is on NFS or it is a ramdisk
 * (instance_info kernel and ramdisk), or an ISO (instance_info boot_iso).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/task.h"

/* True if the instance of a node with the deploy interface ramdisk is an ISO. Pure. */
bool instance_files_are_iso(const Task *task);

/* Checks them.
 *
 * why     "the root file system is on NFS": why the instance needs them
 * Errors  MISSING; UNSUPPORTED: no URL that can be fetched. Contract: Interface.validate */
bool instance_files_validate(const Task *task, const char *why, GError **error);

/* Where a file belongs, by its name below the root of the server that hands it out. The caller
 * frees. */
typedef char *(*InstanceFilesPath)(const char *name);

/* Copies them to where machines fetch them. From a worker; blocks until the copies are made.
 * Errors: those of image_copies_put. */
bool instance_files_put(const Task *task, InstanceFilesPath path, GError **error);

/* Removes the copies. Safe when there are none. */
void instance_files_remove(const Task *task, InstanceFilesPath path);
