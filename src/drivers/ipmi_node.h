/* A node's BMC as its driver_info describes it, and IPMI calls to it. All interfaces named ipmitool
 * use this (that is Ironic's name for IPMI; no such program is run).
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "bmc/ipmi/client/client.h"
#include "drivers/task.h"

/* Address and credentials of the BMC. Filled by ipmi_node_read; ipmi_node_clear wipes the
 * secrets. */
typedef struct IpmiNode {
    IpmiTarget target;                   /* its strings are those below */
    char *address, *username, *password; /* owned */
    bool force_boot_device; /* the BMC forgets the boot device: set it before each power on */
    bool disable_boot_timeout;
} IpmiNode;

/* The keys of driver_info, as Ironic knows them. */
extern const PropertyDef ipmi_node_properties[];

/* Reads driver_info. Where a client's command line may send a number or a string, both are
 * accepted. A password beyond IPMI's 20 bytes is cut, as ipmitool cuts it, with one warning per
 * node.
 *
 * out     untouched on failure
 * Errors  MISSING (ipmi_address), INVALID naming the key, UNSUPPORTED (IPMI 1.5, bridging, cipher
 *         suites but 3 and 17). No message contains the password.
 * Threads any. */
bool ipmi_node_read(const Node *node, IpmiNode *out, GError **error);
void ipmi_node_clear(IpmiNode *ipmi);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(IpmiNode, ipmi_node_clear)

/* The validate of all ipmitool interfaces. Errors as ipmi_node_read. */
bool ipmi_node_validate(Task *task, GError **error);

/* The maker's name as Ironic writes it, in lower case, from the answer to ipmi_build_device_id; the
 * caller frees. NULL without an error: a maker without a name. Errors: BMC_REFUSED, BMC_PROTOCOL.
 * Threads any. */
char *ipmi_node_vendor(const IpmiResponse *response, GError **error);

/* True if the operator lists this completion code as retryable
 * ([ipmi]additional_retryable_ipmi_errors). Threads any. */
bool ipmi_node_is_passing(uint8_t completion_code);

/* Until when a command is tried again: [ipmi]command_retry_timeout from now, but not beyond the
 * task's deadline. Of time_monotonic_ms(). */
int64_t ipmi_node_patience_ms(const Task *task);

/* Performs requests in one session. Tries again for [ipmi]command_retry_timeout seconds but not
 * beyond the task's deadline; after silence or garbage only if all requests are repeatable. From a
 * worker; blocks.
 *
 * responses  out, `count` elements, or NULL
 * Errors     those of ipmi_node_read and ipmi_client_submit */
bool ipmi_node_call(Task *task, const IpmiRequest *requests, size_t count, IpmiResponse *responses,
                    GError **error);
