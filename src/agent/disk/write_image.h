/* Writes an image and its config drive to the node's disk.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "agent/agent.h"
#include "agent/disk/image_info.h"
#include "agent/progress.h"

/* Chooses the node's disk, wipes it, writes and verifies the image, moves the second GPT to the end
 * of the disk, writes the config drive, and stores the result of standby.get_partition_uuids. Wipes
 * the disk again after a failure: an incomplete image never boots. Blocks until all is written.
 *
 * configdrive  as for config_drive_read; NULL: none
 * Returns      the sentence that Ironic's agent returns, a new JSON text */
json_t *write_image(Agent *agent, const json_t *image_info, const char *configdrive,
                    Progress *progress, GError **error);

/* Like write_image, but writes nothing if this image is on the disk already, unless `force` is
 * true. */
json_t *cache_image(Agent *agent, const json_t *image_info, const char *configdrive, bool force,
                    Progress *progress, GError **error);
