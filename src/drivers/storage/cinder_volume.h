/* One volume of a node in Cinder: attached or detached in several calls, any of which may fail or
 * be the last one of this process.
 *
 * What is under way is written down first, in the node (INFO_CINDER_ATTACHMENTS):
 *
 *     {"<volume id>": {"step": "attaching" | "attached" | "detaching", "server": "<UUID>",
 *                      "connector": {...}}}
 *
 * server is whose the volume is in Cinder; connector is how its machine is known there. Both may
 * change in the node while the volume is attached. The record is removed when the volume is
 * detached, so that no attachment is forgotten with an instance, a connector or a volume target.
 *
 * From workers, with the exclusive lock. Errors: as openstack_ask's and DATABASE.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/task.h"
#include "openstack/cinder.h"

typedef struct CinderWork {
    Task *task;
    OpenstackSession *session;
    int64_t deadline_ms; /* of the calls; 0: none */
    bool undo;           /* takes back an attachment that failed a moment ago */
} CinderWork;

/* How the node's machine is known to Cinder, from its volume connectors:
 *
 *     {"initiator": iqn, "ip": str, "wwpns": [str], "wwnns": [str], "host": node uuid, "multipath":
 *     true}
 *
 * A new reference. Errors: STORAGE if no connector is of a known type, DATABASE */
json_t *cinder_volume_connector(Task *task, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Has the volume attached to the node, and stores what its initiator needs in the properties of the
 * node's targets with this volume. A volume that the node has already stays as it is. STORAGE: it
 * is not free.
 *
 * connector  of cinder_volume_connector; borrowed */
bool cinder_volume_attach(const CinderWork *work, const char *volume_id, const json_t *connector,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Detaches it. Done if the volume is not attached to the node, or is gone. Takes back what an
 * unfinished attachment has done. A reservation whose answer was lost may still come: an undo
 * leaves it written down, for the next attachment or detachment.
 *
 * lenient  goes on if Cinder does not let the detachment begin */
bool cinder_volume_detach(const CinderWork *work, const char *volume_id, bool lenient,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The volumes that are written down; borrowed from the node; NULL: none. */
const json_t *cinder_volume_records(const Node *node);
