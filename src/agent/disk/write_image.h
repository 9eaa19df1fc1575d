/* Writes an image, with its config drive, to the node's disk. SPDX-License-Identifier:
 * Apache-2.0 */
#pragma once
#include "agent/agent.h"
#include "agent/disk/image_info.h"
#include "agent/progress.h"

/* Does all of it: chooses the disk of the agent's node, wipes it, writes and verifies the image,
 * moves the second GPT to the end of the disk, writes the config drive, and notes what
 * standby.get_partition_uuids tells. When it fails in the middle the disk is wiped again: what is
 * half written never boots.
 *
 * configdrive  as config_drive_read takes it; NULL: none
 * Returns      the sentence that Ironic's agent says, a new JSON text */
json_t *write_image(Agent *agent, const json_t *image_info, const char *configdrive,
                    Progress *progress, GError **error);

/* The same for an image that may be on the disk already: then nothing is written unless `force`. */
json_t *cache_image(Agent *agent, const json_t *image_info, const char *configdrive, bool force,
                    Progress *progress, GError **error);
