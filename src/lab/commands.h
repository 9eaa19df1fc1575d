/* The commands of steel-lab.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Runs a command line. Returns the exit status: 0; 1 with a message on stderr; 2 if the command
 * line is wrong. */
int lab_commands_run(int argc, char *const *argv);
