/* The command line client as one function.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Runs `steel` with main's arguments. Returns the exit status: 0 done; 1 the service or the
 * environment failed, a sentence is on stderr; 2 the command line is wrong. Once per process. */
int cli_main(int count, char **words);
