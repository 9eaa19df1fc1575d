/* How long a program may run that a build of the ramdisk starts.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* It ends a program that hangs. How long one works depends on the machine and its other work, and
 * is not limited. */
#define RAMDISK_PROGRAM_LIMIT_MS (60 * 60 * 1000)
