/* One ISO for BIOS and UEFI, from CD, virtual media or a stick, that boots a deploy ramdisk. GRUB
 * for both, put together by xorriso.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "ramdisk/build.h"

/* Makes RAMDISK_ISO of RAMDISK_KERNEL and RAMDISK_INITRAMFS, all in `folder`, which has files of
 * its own left there. Without root; the same inputs give the same bytes.
 *
 * Errors  NOT_FOUND (a part of GRUB), PROCESS, TIMEOUT, IO */
bool iso_build(const RamdiskPlan *plan, const char *folder,
               GError **error) G_GNUC_WARN_UNUSED_RESULT;
