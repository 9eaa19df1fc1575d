/* A small Redfish BMC with a machine, in this process: power, boot override, LED, secure boot. For
 * tests of drivers; steel-lab's are faithful where this one is quick.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>

typedef struct RedfishMachine RedfishMachine;

/* user, password  of its one account; static */
RedfishMachine *redfish_machine_start(const char *user, const char *password);
void redfish_machine_stop(RedfishMachine *machine);

/* "https://127.0.0.1:4711", and the file of its certificate; borrowed. */
const char *redfish_machine_url(const RedfishMachine *machine);
const char *redfish_machine_ca(const RedfishMachine *machine);

/* How it behaves from now on. Any thread. */
void redfish_machine_set_maker(RedfishMachine *machine, const char *manufacturer);
void redfish_machine_refuse_continuous(RedfishMachine *machine, bool refuse);
/* The next reads of the system are answered with 503 this many times. */
void redfish_machine_be_busy(RedfishMachine *machine, unsigned times);
void redfish_machine_hide_mode(RedfishMachine *machine, bool hide);

/* Sessions that are open. */
unsigned redfish_machine_sessions(RedfishMachine *machine);
/* What was asked so far, as scripted_bmc_log; the caller frees. */
char *redfish_machine_log(RedfishMachine *machine);
