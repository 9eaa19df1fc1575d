/* The image of an instance: instance_info image_source and the fields around it, with Ironic's
 * names. For deploy drivers whose agent writes it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/task.h"

/* Checks the image's fields in instance_info, with Ironic's sentences. Contract:
 * Interface.validate. */
bool instance_image_validate(const Task *task, GError **error);

/* True for an image of a whole disk, false for that of a root file system (instance_info image_type
 * "partition", or a kernel and ramdisk of its own). */
bool instance_image_is_whole_disk(const Node *node);

/* Gets the image ready for the agent: sets image_url, from where the agent downloads it, image_type
 * and image_disk_format in instance_info. Copies an image that this conductor serves (file://,
 * image_download_source "local") below http_root and sets its checksum. Changes the node without
 * saving it. From a worker; blocks until the copy is made.
 * Errors: INVALID, NOT_FOUND, TOO_LARGE, HTTP, TIMEOUT, IO; DEPLOY_FAILED: the copy's checksum
 * differs from the given one. */
bool instance_image_prepare(Task *task, GError **error);

/* The arguments of the agent's step write_image: {"image_info": {...}, "configdrive": str or null},
 * a new reference. */
json_t *instance_image_arguments(const Task *task);

/* Removes the copy that this conductor serves. Safe when there is none. */
void instance_image_remove(const Task *task);
