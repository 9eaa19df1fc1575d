/* The image that an instance is made of: instance_info image_source and what belongs to it, with
 * Ironic's names. For deploy drivers that have an agent write it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/task.h"

/* Checks what instance_info says of the image, with Ironic's sentences. As Interface.validate. */
bool instance_image_validate(const Task *task, GError **error);

/* True for an image of a whole disk, false for that of a root file system (instance_info image_type
 * "partition", or a kernel and ramdisk of its own). */
bool instance_image_is_whole_disk(const Node *node);

/* Gets the image ready for the agent: notes in instance_info where the agent takes it from
 * (image_url) and what it is (image_type, image_disk_format). What is to come from this conductor
 * (file://, image_download_source "local") is copied below http_root and its checksum noted.
 * Changes the node without saving it. From a worker; blocks until the copy is made.
 * Errors: INVALID, NOT_FOUND, TOO_LARGE, HTTP, TIMEOUT, IO; DEPLOY_FAILED: the checksum is not the
 * one that was given. */
bool instance_image_prepare(Task *task, GError **error);

/* What the agent's step write_image is to be told: {"image_info": {...}, "configdrive": str or
 * null}. A new reference. */
json_t *instance_image_arguments(const Task *task);

/* Removes the copy that this conductor serves. Safe when there is none. */
void instance_image_remove(const Task *task);
