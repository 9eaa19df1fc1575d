/* What ilo-pxe and ilo-ipxe share: network boot, but volumes are booted by the firmware of a
 * machine in UEFI mode. In BIOS mode iPXE boots them.
 *
 * The functions are those of BootOps (boot.h), whose contracts they have.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/boot/boot.h"

/* base: how everything but a volume is booted */
bool ilo_network_validate(Task *task, const BootOps *base, GError **error);
bool ilo_network_prepare_ramdisk(Task *task, const BootOps *base, const json_t *parameters,
                                 GError **error);
bool ilo_network_prepare_instance(Task *task, const BootOps *base, GError **error);
bool ilo_network_clean_up_instance(Task *task, const BootOps *base, GError **error);
