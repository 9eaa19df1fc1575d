/* Chooses the disk that the node is deployed to, and names the disks that may be touched.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "agent/agent.h"

/* The machine's disks as disks_list has them, without those that properties.skip_block_devices
 * names; a new reference. node: NULL if unknown. Errors: DEVICE_NOT_FOUND (a hint is wrong). */
json_t *choose_disks(const Agent *agent, const json_t *node, GError **error);

/* The disk to deploy to, as "/dev/sda": instance_info.root_device, else properties.root_device,
 * else the parameter root_device, else the smallest of at least 4 GiB. Waits for it to appear,
 * ipa-disk-wait-attempts times. The caller frees.
 * Errors: DEVICE_NOT_FOUND, listing the machine's disks. */
char *choose_root_disk(Agent *agent, const json_t *node, GError **error);
