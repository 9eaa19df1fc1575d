/* What the console interfaces over IPMI have in common: where a console listens, and how it begins
 * and ends. Threads: that of the task.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/config.h"
#include "drivers/ipmi_node.h"

/* The ports of [console]port_range, "first:end" without the end. *first is 0 if it is unset.
 * Errors: CONFIG. Any thread. */
bool sol_console_range(const Config *config, uint16_t *first, uint16_t *last, GError **error);

/* For config_add_check(): the range. */
bool sol_console_check(const Config *config, GError **error);

/* Checks that the node has a port for its console, of its own or of the range, and that a client
 * would find an address.
 *
 * key     of driver_info, with the port: "ipmi_terminal_port"
 * Errors  MISSING, INVALID, CONFIG */
bool sol_console_validate(const Node *node, const char *key, GError **error);

/* Asks the BMC to end whatever session has its console, at most for [console]subprocess_timeout,
 * so that a wrong login is told now; then listens.
 *
 * ipmi    the BMC
 * Errors  those of ipmi_client_submit(), of consoles_start() and of sol_console_validate() */
bool sol_console_start(Task *task, const IpmiNode *ipmi, const char *key, GError **error);

/* Listens again, after a restart or a deploy, without asking the BMC. */
bool sol_console_restore(Task *task, const IpmiNode *ipmi, const char *key, GError **error);

bool sol_console_stop(Task *task);

/* {"type": "socat", "url": "tcp://HOST:PORT"}, a new reference. Errors: INVALID_STATE (it has no
 * port). */
json_t *sol_console_get(Task *task, const char *key, GError **error);
