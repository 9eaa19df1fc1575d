/* steel-ramdisk: builds the ramdisk that steel-agent runs in. All of it is in src/ramdisk.
 * SPDX-License-Identifier: Apache-2.0 */
#include "ramdisk/commands.h"

int
main(int argc, char **argv)
{
    return ramdisk_commands_run(argc, argv);
}
