/* The guest's /init, src/lab/guest/init.sh, as the build puts it into the program.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

extern const char lab_guest_init[];
