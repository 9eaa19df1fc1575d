/* How a BMC that speaks Redfish takes virtual media (virtual_media.h): for the boot interface
 * redfish-virtual-media.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/boot/virtual_media.h"

extern const VirtualMedia redfish_media;
