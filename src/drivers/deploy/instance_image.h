/* The image of an instance: instance_info image_source and the fields around it, with Ironic's
 * names. For deploy drivers whose agent writes it.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/task.h"

/* A text of instance_info; NULL if it is absent, no text, or "". Borrowed from the node. */
const char *instance_image_text(const Node *node, const char *key);

/* Checks the image's fields in instance_info, with Ironic's sentences. Contract:
 * Interface.validate. */
bool instance_image_validate(const Task *task, GError **error);

/* True for an image of a whole disk, false for that of a root file system (instance_info image_type
 * "partition", or a kernel and ramdisk of its own). */
bool instance_image_is_whole_disk(const Node *node);

/* How the image comes to the machine. */
typedef enum InstanceImageWay {
    INSTANCE_IMAGE_FETCHED, /* the agent fetches it from where it is */
    INSTANCE_IMAGE_SERVED,  /* the agent fetches it from this conductor */
    INSTANCE_IMAGE_WRITTEN, /* this conductor writes it (deploy interface iscsi) */
} InstanceImageWay;

InstanceImageWay instance_image_way(const Task *task);

/* True where partitions that are on the disk stay (preserve_ephemeral). */
bool instance_image_keeps_table(const Node *node);

/* The config drive as an agent reads it; NULL without an error: there is none. The caller calls
 * secret_free. Errors: INVALID. */
char *instance_image_config_drive(const Task *task, GError **error);

/* The file of an image that this conductor writes; the caller frees. */
char *instance_image_path(const Node *node);

/* Gets the image ready for the agent: notes in instance_info where the agent takes it from
 * (image_url) and what it is (image_type, image_disk_format). What is to come from this conductor
 * (file://, image_download_source "local") is copied below http_root and its checksum noted; what
 * this conductor writes becomes a raw file at instance_image_path.
 * Changes the node without saving it. From a worker; blocks until the copy is made.
 * Errors: INVALID, NOT_FOUND, TOO_LARGE, HTTP, TIMEOUT, IO; DEPLOY_FAILED: the checksum is not the
 * one that was given. */
bool instance_image_prepare(Task *task, GError **error);

/* The arguments of the agent's step write_image: {"image_info": {...}, "configdrive": str or null},
 * a new reference. */
json_t *instance_image_arguments(const Task *task);

/* Removes the copy that this conductor serves or writes. Safe when there is none. */
void instance_image_remove(const Task *task);
