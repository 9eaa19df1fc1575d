/* The ISO that boots a deploy ramdisk: images/boot_iso.h with the ramdisk's words.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "ramdisk/build.h"

/* Makes RAMDISK_ISO of RAMDISK_KERNEL and RAMDISK_INITRAMFS, all in `folder`, which has files of
 * its own left there. Without root; the same inputs give the same bytes.
 *
 * Errors  those of boot_iso_build */
bool iso_build(const RamdiskPlan *plan, const char *folder,
               GError **error) G_GNUC_WARN_UNUSED_RESULT;
