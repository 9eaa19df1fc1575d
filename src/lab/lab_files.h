/* The files of a lab in its folder, which may hold other files too.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>

/* Removes the files of labs from a folder, and no others. With `keep_logs` the logs stay: they say
 * why a lab did not start. Call it only while no lab runs there. */
void lab_remove_files(const char *folder, bool keep_logs);
