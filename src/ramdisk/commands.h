/* The command line of steel-ramdisk.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Runs it; the exit status: 0, 1 (failed), 2 (the words make no sense). */
int ramdisk_commands_run(int argc, char **argv);
