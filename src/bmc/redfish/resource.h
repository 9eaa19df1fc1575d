/* Resources of one Redfish service: read, changed and acted on, with what BMCs need around it
 * (fresh ETags, bodies of actions, tasks). For workers: everything blocks.
 *
 * Errors of all functions: those of redfish_call; BMC_PROTOCOL for a document without what is asked
 * of it; TIMEOUT for a task that does not end.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "bmc/redfish/client.h"

/* A service, for the time of some calls. Nothing is owned. */
typedef struct RedfishBmc {
    RedfishClient *client;
    RedfishTarget target;
    int64_t limit_ms; /* of time_monotonic_ms(): tasks are not waited for longer; 0: five minutes */
} RedfishBmc;

/* Puts in front of an error what Ironic's exceptions RedfishConnectionError and RedfishError say,
 * by which clients tell the protocol that has failed; false. The functions below do it
 * themselves. */
bool redfish_fail(GError **error);

/* The document at a path; a new reference. */
json_t *redfish_get(const RedfishBmc *bmc, const char *path, GError **error);

/* The document and its ETag (owned; NULL if absent). */
json_t *redfish_get_tagged(const RedfishBmc *bmc, const char *path, char **etag, GError **error);

/* Changes a resource: reads it for a fresh ETag and sends that as If-Match. If it has changed
 * meanwhile (412), its new ETag is sent. BMCs that take their own ETag for stale get it without the
 * mark of a weak one, then none. Waits for a task.
 *
 * body  borrowed */
bool redfish_patch(const RedfishBmc *bmc, const char *path, const json_t *body,
                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Posts to an action's target and waits for a task.
 *
 * body    NULL: none is sent, and {} where the BMC wants one (400, 411, 415)
 * answer  out, may be NULL; filled also on failure */
bool redfish_post(const RedfishBmc *bmc, const char *path, const json_t *body,
                  RedfishAnswer *answer, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Asks and does not wait for a task: *monitor is its path, NULL if there is none; the caller
 * frees.
 *
 * method  "POST", "DELETE"
 * body    NULL: none */
bool redfish_request_begin(const RedfishBmc *bmc, const char *method, const char *path,
                           const json_t *body, char **monitor,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Asks a task once. *done: it has ended well, or the BMC does not know it any more. Errors:
 * BMC_REFUSED with the task's words when it has ended otherwise. */
bool redfish_task_look(const RedfishBmc *bmc, const char *monitor, bool *done,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

bool redfish_delete(const RedfishBmc *bmc, const char *path,
                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The documents of a collection at a path, in their order; new array. At most `limit`. */
json_t *redfish_get_members(const RedfishBmc *bmc, const char *path, size_t limit, GError **error);

/* The URI of an action, "#ComputerSystem.Reset", of a document; the caller frees. NULL if it has
 * none. */
char *redfish_action_target(const json_t *document, const char *action);

/* True unless the action of the document lists the values that it allows, without this one.
 * property: "ResetType" */
bool redfish_action_allows(const json_t *document, const char *action, const char *property,
                           const char *value);

/* The values that it lists, "On, ForceOff"; the caller frees; "" without a list. */
char *redfish_action_values(const json_t *document, const char *action, const char *property);
