/* The config drive of a node that boots from an iSCSI volume: this conductor writes it to a volume
 * of its own, a target whose property config_drive is true. The machine attaches that with the
 * others, and its system finds the drive by its label.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/task.h"

/* True without a config drive, or when it can be written; else the error says what to do. The
 * node boots from a volume, or a root file system on NFS. Any lock. */
bool volume_drive_validate(Task *task, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The step write_image of such a node, as StepDef.run: DONE at once without a config drive, else
 * AGAIN until it is written. Another life of the process writes it from the start. */
StepOutcome volume_drive_run(Task *task, GError **error);

/* Ends the write, and removes the copy that it is made from. Exclusive lock. */
void volume_drive_remove(Task *task);
