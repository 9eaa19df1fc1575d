/* A node's BMC as its driver_info describes it, and the system behind it. All interfaces named
 * redfish use this.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "bmc/redfish/system.h"
#include "drivers/task.h"

/* Address and credentials. Filled by redfish_node_read; redfish_node_clear wipes the secrets. */
typedef struct RedfishNode {
    RedfishTarget target; /* its texts are owned */
    char *system_id;      /* owned; a path; NULL: the only system of the BMC */
} RedfishNode;

/* The keys of driver_info, as Ironic knows them. */
extern const PropertyDef redfish_node_properties[];

/* Reads driver_info.
 *
 *   redfish_address    "bmc", "bmc:8443", "[2001:db8::1]", "2001:db8::1", "https://bmc/redfish/v1":
 *                      https unless a scheme is named; a path is the root of the service
 *   redfish_system_id  a path; a missing slash is added
 *   redfish_verify_ca  true, false, or a file or folder of certificates
 *   redfish_auth_type  auto, session, basic
 *
 * out     untouched on failure
 * Errors  MISSING (redfish_address), INVALID naming the key. No message contains the password.
 * Threads any. */
bool redfish_node_read(const Node *node, RedfishNode *out, GError **error);
void redfish_node_clear(RedfishNode *redfish);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(RedfishNode, redfish_node_clear)

/* The validate of all redfish interfaces. Errors as redfish_node_read. */
bool redfish_node_validate(Task *task, GError **error);

/* The service of the node, and its system as it is now. */
typedef struct RedfishVisit {
    RedfishNode node;
    RedfishBmc bmc; /* borrows from node */
    RedfishSystem system;
} RedfishVisit;

void redfish_visit_clear(RedfishVisit *visit);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(RedfishVisit, redfish_visit_clear)

/* Reads the system. A BMC that does not answer is asked [redfish]connection_attempts times, but
 * not beyond the task's deadline. From a worker; blocks.
 *
 * visit   out; empty on failure
 * Errors  those of redfish_node_read and redfish_system_read */
bool redfish_visit_begin(Task *task, RedfishVisit *visit, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Reads the system again. */
bool redfish_visit_again(RedfishVisit *visit, GError **error) G_GNUC_WARN_UNUSED_RESULT;
