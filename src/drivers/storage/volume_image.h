/* An image that is written to a volume: instance_info force_deployment asks for it. The machine's
 * host bus adapter presents the volume as a disk, which the agent finds by the WWN or serial number
 * that the volume target's properties have.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/task.h"

/* True while instance_info force_deployment is true. */
bool volume_image_wanted(const Node *node);

/* Checks a node that has a boot volume and an image: that the image is wanted on it, and that the
 * agent can find it. As Interface.validate. Errors: INVALID naming what to set. */
bool volume_image_validate(Task *task, GError **error);

/* The root device hint by which the agent finds the boot volume: {"wwn": "0x5000..."} or
 * {"serial": "..."}. A new reference; NULL when no image is wanted on a volume, or an operator's
 * own hint is to be taken. Reads the targets that task_volume_targets has loaded. */
json_t *volume_image_hint(Task *task);

/* The image is on the volume: forgets force_deployment, so that the next deployment boots from it
 * as it is. Nothing is saved. Exclusive lock. */
void volume_image_done(Task *task);
