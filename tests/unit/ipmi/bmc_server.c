/* A simulated BMC as a program, for trying foreign clients by hand:
 *     bmc_server ADDRESS PORT [SUITE]      prints "listening ADDRESS PORT", serves until its input
 *                                          ends
 * Users: admin / secret-admin (ADMINISTRATOR), oper / secret-oper (OPERATOR), and the null user /
 * secret-null (USER).
 * SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bmc/ipmi/bmc/server.h"

static const IpmiBmcUser users[] = {
    {"admin", "secret-admin", IPMI_PRIVILEGE_ADMINISTRATOR},
    {"oper",  "secret-oper",  IPMI_PRIVILEGE_OPERATOR},
    {"",      "secret-null",  IPMI_PRIVILEGE_USER},
};

int
main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    if (argc < 3) {
        fprintf(stderr, "usage: bmc_server ADDRESS PORT [SUITE]\n");
        return 2;
    }
    g_autoptr(IpmiServer) server = ipmi_server_new(&error);
    IpmiBmc *bmc = server == NULL
                       ? NULL
                       : ipmi_server_add(server, argv[1], (uint16_t)strtoul(argv[2], NULL, 10),
                                         users, G_N_ELEMENTS(users), NULL, NULL, &error);
    if (bmc == NULL) {
        fprintf(stderr, "%s\n", error->message);
        return 1;
    }
    const IpmiBmcFaults faults = {.only_suite = argc > 3 ? (int)strtol(argv[3], NULL, 10) : 0};
    ipmi_bmc_set_faults(bmc, &faults);
    ipmi_bmc_set_identity(bmc, 10876, 1); /* Supermicro */
    printf("listening %s %u\n", argv[1], ipmi_bmc_port(bmc));
    fflush(stdout);
    char byte;
    while (read(STDIN_FILENO, &byte, 1) > 0)
        continue;
    return 0;
}
