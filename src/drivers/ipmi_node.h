/* A node's BMC as its driver_info describes it, and talking IPMI to it: shared by all interfaces named ipmitool (Ironic's
 * name for IPMI; no program of that name is run).
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "bmc/ipmi/client/client.h"
#include "drivers/task.h"

/* Who the BMC is. Fill with ipmi_node_read, end with ipmi_node_clear, which wipes the secrets. */
typedef struct IpmiNode {
    IpmiTarget target;                   /* its strings are those below */
    char *address, *username, *password; /* owned */
    bool force_boot_device; /* the BMC forgets the boot device: say it before each power on */
    bool disable_boot_timeout;
} IpmiNode;

/* The keys of driver_info, as Ironic knows them. */
extern const PropertyDef ipmi_node_properties[];

/* Reads driver_info. Numbers and strings are both taken where a client's command line may make either of them. A password
 * beyond IPMI's 20 bytes is cut, as ipmitool cuts it, with one warning per node.
 *
 * out     untouched on failure
 * Errors  MISSING (ipmi_address), INVALID naming the key, UNSUPPORTED (IPMI 1.5, bridging, cipher suites but 3 and 17).
 *         A password is in no message.
 * Threads any. */
bool ipmi_node_read(const Node *node, IpmiNode *out, GError **error);
void ipmi_node_clear(IpmiNode *ipmi);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(IpmiNode, ipmi_node_clear)

/* The validate of all ipmitool interfaces. Errors as ipmi_node_read. */
bool ipmi_node_validate(Task *task, GError **error);

/* The maker's name as Ironic writes it, in lower case, from the answer to ipmi_build_device_id; the caller frees. NULL
 * without an error: a maker without a name. Errors: BMC_REFUSED, BMC_PROTOCOL. Threads any. */
char *ipmi_node_vendor(const IpmiResponse *response, GError **error);

/* Does the operator call this completion code passing ([ipmi]additional_retryable_ipmi_errors)? Threads any. */
bool ipmi_node_is_passing(uint8_t completion_code);

/* Until when a command is tried again: [ipmi]command_retry_timeout from now, but not beyond the task's deadline. Of
 * time_monotonic_ms(). */
int64_t ipmi_node_patience_ms(const Task *task);

/* Performs requests in one session, trying again for [ipmi]command_retry_timeout seconds but not beyond the task's
 * deadline: after silence and garbage only where all requests are repeatable. From a worker; blocks.
 *
 * responses  out, `count` elements, or NULL
 * Errors     those of ipmi_node_read and ipmi_client_submit */
bool ipmi_node_call(Task *task, const IpmiRequest *requests, size_t count, IpmiResponse *responses,
                    GError **error);
