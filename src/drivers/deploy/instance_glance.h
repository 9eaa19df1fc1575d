/* The image of an instance in Glance: instance_info image_source is its ID. What Glance says of it
 * is written into instance_info, under the names that an operator would use for an image elsewhere
 * (image_os_hash_value, image_disk_format, kernel, ramdisk, boot_iso, ...). What is there already
 * stays: an operator's word wins. What was taken goes when the next image is taken.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/task.h"

/* True if instance_info image_source names an image of Glance. Pure. */
bool instance_glance_is_source(const Node *node);

/* True if a key of instance_info has what Glance says. Pure. */
bool instance_glance_has_set(const Node *node, const char *key);

/* Asks Glance, and checks that the image is active, may be used by the project that deploys, and
 * has what the deploy interface needs. Without an image of Glance what was taken of an earlier one
 * is removed, and nothing is asked. Changes the node without saving it. From a worker.
 * Errors: those of glance_find; INVALID; MISSING: a property, in Ironic's words */
bool instance_glance_resolve(Task *task, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A temporary URL of Swift by which the agent fetches the image; the caller frees, and does not
 * log. Errors as glance_lend */
char *instance_glance_lend(const Task *task, GError **error);
