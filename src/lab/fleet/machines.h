/* All simulated machines of a fleet, with what serves them.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "bmc/ipmi/bmc/server.h"
#include "lab/options.h"

#include <jansson.h>

typedef struct Machines Machines;

/* The machines behind the fleet's BMCs, switched off: machine i has UDP (BMC) and TCP (agent) port
 * port_base + i. options: borrowed. Errors: CONFIG, IO (a port is taken), INTERNAL. */
Machines *machines_new(const LabOptions *options, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Ends all jobs and connections; from now on a BMC's orders start nothing. Blocks until requests
 * under way have ended. May be called again; NULL is fine. */
void machines_stop(Machines *machines);

/* Stops and frees; the BMCs are gone. NULL is fine. */
void machines_free(Machines *machines);

/* What a BMC's orders do, for ipmi_server_add; its user data is machines_user(i). */
extern const IpmiBmcOps machines_bmc_ops;
void *machines_user(Machines *machines, unsigned index);

/* Tells a machine its BMC. */
void machines_set_bmc(Machines *machines, unsigned index, IpmiBmc *bmc);

/* What the machines boot from; borrowed. */
const char *machines_boot_url(const Machines *machines);

/* {"name", "uuid", "mac", "ipmi_address", "ipmi_port", "ipmi_username", "ipmi_password"}, a new
 * object. */
json_t *machines_node(const Machines *machines, unsigned index);

/* True if the machine runs the system on its disk. Any thread. */
bool machines_run_instance(Machines *machines, unsigned index);

/* Command lines that enrol a machine; the caller frees. */
char *machines_commands(const Machines *machines, unsigned index);

/* {"phases": {WORD: count}, "sum": {COUNT: sum}}, a new object. Any thread. */
json_t *machines_sum(Machines *machines);

/* The same with "machines": [...], what each has seen. */
json_t *machines_report(Machines *machines);
