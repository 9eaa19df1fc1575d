/* Scripts of the ramdisk, as the build puts them into the program: /init is init.sh.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

extern const char ramdisk_init[];

/* What udhcpc runs, from udhcpc.sh. */
extern const char ramdisk_udhcpc[];
