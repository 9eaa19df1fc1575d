/* steel-lab: virtual bare metal for demonstrations, tests and users' own CI. All of it is in
 * src/lab.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/commands.h"

int
main(int argc, char **argv)
{
    return lab_commands_run(argc, argv);
}
