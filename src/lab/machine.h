/* A virtual server: a QEMU process that its BMC starts, stops and resets on commands. It takes its
 * boot order from the BMC's boot flags as real firmware does.
 *
 * The boot order of the next boot always follows the flags: the command line has it at power on,
 * and the running QEMU gets later changes, because a guest may reboot by itself at any time. QEMU
 * hands it to the firmware at reset. All functions belong to the main thread, except the BMC's
 * callbacks.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "bmc/ipmi/bmc/server.h"
#include "lab/machine_command.h"
#include "lab/mailbox.h"
#include "lab/redfish/bmc.h"

#include <poll.h>
#include <sys/types.h>

typedef struct Machine Machine;

/* Makes a machine that is off.
 *
 * config              borrowed with all it points to, until the machine is freed
 * folder              the folder of its files, where QEMU runs; borrowed likewise
 * uefi                always UEFI; else BIOS, but UEFI for a boot that the BMC's EFI flag asks it
 *                     for, as servers do
 * network_namespace   descriptor, or 0; borrowed likewise
 * mailbox             takes the BMC's orders; borrowed likewise
 */
Machine *machine_new(const MachineConfig *config, const char *folder, bool uefi,
                     int network_namespace, Mailbox *mailbox);

/* Powers off and frees. Its BMC must be gone. */
void machine_free(Machine *machine);

/* For ipmi_server_add(), with the machine as user_data. */
extern const IpmiBmcOps machine_bmc_ops;

/* The same for the IPMI of an iLO, which has the serial port and tells the power state; the other
 * orders go to its Redfish. */
extern const IpmiBmcOps machine_console_ops;
void machine_set_bmc(Machine *machine, IpmiBmc *bmc);

/* The same for a machine whose BMC speaks Redfish: for redfish_bmc_new(). */
extern const RedfishMachineOps machine_redfish_ops;
void machine_set_redfish(Machine *machine, RedfishBmc *bmc);

/* Carries out an order: a power command, or another medium in a drive. Takes its file. Logs
 * failures, since the BMC has answered already. */
void machine_obey(Machine *machine, MailboxOrder *order);

/* Call it after SIGCHLD: checks whether QEMU has ended, since a guest powers off so. */
void machine_reap(Machine *machine);

/* For poll(): the descriptors to wait for, at most MACHINE_POLLED; when one is readable, call
 * machine_attend. Returns how many. */
enum { MACHINE_POLLED = 3 };
size_t machine_poll(const Machine *machine, struct pollfd *polled);
void machine_attend(Machine *machine);

/* Call it about once a second: for the second half of a power cycle, and for boot flags that
 * expire. */
void machine_tick(Machine *machine);

typedef struct MachineStatus {
    bool powered;
    pid_t pid;               /* 0 when off */
    const char *boot_device; /* of the last boot: "pxe", "disk", ... or "none" (no flags); static */
    const char *firmware;    /* of the last boot: "bios" or "uefi"; static */
    unsigned boot_count;     /* power on and resets since the lab started */
} MachineStatus;
void machine_status(const Machine *machine, MachineStatus *status);
