/* What the boot interfaces of an iLO share: the machine's boot mode, secure boot, and volumes that
 * its own firmware boots.
 *
 * All block on the iLO, until the task's deadline or each request's own limit; with the exclusive
 * lock, from a worker. Errors: those of ilo_node_open, MISSING, INVALID, DATABASE.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/task.h"

/* Readies a machine for a ramdisk: switches it off, and secure boot off; otherwise sets the boot
 * mode that the node asks for. The two cannot be changed together. */
bool ilo_boot_prepare_machine(Task *task, GError **error);

/* Sets the boot mode that the node asks for, or, if it asks for none, remembers the machine's own.
 * It holds from the next self-test on. */
bool ilo_boot_update_mode(Task *task, GError **error);

/* True if the node boots from an iSCSI volume. Reads the targets that task_volume_targets has
 * loaded; cannot fail. */
bool ilo_boot_has_iscsi_volume(Task *task);

/* "uefi" or "bios": what the instance boots in. Static or borrowed from the node. */
const char *ilo_boot_mode(Task *task);

/* Makes the firmware boot the node's volume: sets the target, lets the machine make a boot entry
 * of it in a self-test (POST) if need be, and chooses that entry for all boots. The machine is off
 * then. Remembers in the node what clean_up_volume has to remove. */
bool ilo_boot_prepare_volume(Task *task, GError **error);

/* Removes the target if prepare_volume has set one; the machine is off then. *had: whether it
 * has. */
bool ilo_boot_clean_up_volume(Task *task, bool *had, GError **error);

/* Switches secure boot on or off if the instance asks for it; nothing otherwise. */
bool ilo_boot_set_secure_boot(Task *task, bool on, GError **error);

/* Checks that the iLO's licence has virtual media by URL. Errors: UNSUPPORTED naming the
 * licence. */
bool ilo_boot_check_media(Task *task, GError **error);

/* True in states whose machine runs its instance: then nothing is changed on it. */
bool ilo_boot_machine_runs(const Task *task);
