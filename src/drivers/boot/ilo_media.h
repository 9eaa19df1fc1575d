/* How an iLO takes virtual media (virtual_media.h): for the boot interface ilo-virtual-media
 * and the vendor method boot_into_iso.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/boot/virtual_media.h"

extern const VirtualMedia ilo_media;
