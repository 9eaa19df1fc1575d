/* Writes an image and its config drive to the node's disk.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "agent/agent.h"
#include "agent/disk/image_info.h"
#include "agent/disk/table.h"
#include "agent/progress.h"

/* Chooses the node's disk, wipes it, writes and verifies the image, moves the second GPT to the end
 * of the disk, writes the config drive, and stores the result of standby.get_partition_uuids. Wipes
 * the disk again after a failure: an incomplete image never boots. Blocks until all is written.
 *
 * configdrive  as for config_drive_read; NULL: none
 * Returns      the sentence that Ironic's agent returns, a new JSON text */
json_t *write_image(Agent *agent, const json_t *image_info, const char *configdrive,
                    Progress *progress, GError **error);

/* For an image that the service writes through iSCSI. Before: makes the disk ready, with the
 * partitions around an image of a filesystem, and tells where the image belongs: root is {0} for a
 * whole disk. After: does what follows the image. Errors as above. */
bool write_image_begin(Agent *agent, const json_t *image_info, const char *configdrive,
                       const char *device, Partition *root, Progress *progress,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
json_t *write_image_end(Agent *agent, const json_t *image_info, const char *configdrive,
                        const char *device, Progress *progress, GError **error);

/* The same for an image that may be on the disk already: then nothing is written unless `force`. */
json_t *cache_image(Agent *agent, const json_t *image_info, const char *configdrive, bool force,
                    Progress *progress, GError **error);
