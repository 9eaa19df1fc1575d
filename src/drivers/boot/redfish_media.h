/* How a BMC that speaks Redfish takes virtual media (virtual_media.h): for the boot interface
 * redfish-virtual-media. What redfish-https has in common with it is here too.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/boot/virtual_media.h"

extern const VirtualMedia redfish_media;

/* VirtualMedia.kernel_words and .in_swift, by [redfish]. */
const char *redfish_media_kernel_words(void);
bool redfish_media_in_swift(VirtualMediaSwift *place);

/* Sets or ends secure boot for an instance that asks for it, unless it runs: a take-over or an
 * adoption changes nothing of the machine. Blocks on the BMC; errors as virtual_media.h's. */
bool redfish_media_set_secure_boot(Task *task, bool on, GError **error);
