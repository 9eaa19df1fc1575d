/* Volumes in Cinder: looked at, reserved, connected, attached, and all of that undone, by the
 * volume actions that every version 3 of its API has.
 * https://docs.openstack.org/api-ref/block-storage/v3/#volume-actions-volumes-action
 *
 * Requests block: from workers. Errors as openstack_ask's, and HTTP for an answer that makes no
 * sense. An action may have happened although its answer was lost: cinder_volume_get tells.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "openstack/session.h"

#include <glib.h>
#include <jansson.h>

enum { CINDER_ATTACHMENTS_LIMIT = 256 };

/* What all calls about one volume share; borrowed. */
typedef struct CinderCall {
    OpenstackSession *session;
    const char *volume_id;
    const char *request_id; /* of the client, passed on; NULL: none */
    int64_t deadline_ms;    /* monotonic; 0: each request's own limit */
} CinderCall;

typedef struct CinderAttachment {
    char *id;     /* owned */
    char *server; /* owned: the instance or machine that has the volume; "" if Cinder names none */
} CinderAttachment;

typedef struct CinderVolume {
    char *status; /* owned: "available", "attaching", "in-use", "detaching", ... */
    bool multiattach;
    GPtrArray *attachments; /* owned, of owned CinderAttachment */
} CinderVolume;

/* Leaves an empty one. */
void cinder_volume_clear(CinderVolume *volume);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CinderVolume, cinder_volume_clear)

/* A volume as Cinder has it now. volume: empty, or untouched on failure. NOT_FOUND: there is none
 * with this ID, or not for this login. */
bool cinder_volume_get(const CinderCall *call, CinderVolume *volume,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* available -> attaching, and back. */
bool cinder_reserve(const CinderCall *call, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool cinder_unreserve(const CinderCall *call, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Has the volume exported to a machine. The same again gives the same.
 *
 * connector  how the machine is known: {"initiator": iqn, "ip": str, "wwpns": [str], "wwnns":
 *            [str], "host": str, "multipath": true}; borrowed
 * Returns    what its initiator needs, connection_info["data"], with secrets:
 *            {"target_portal": str, "target_iqn": str, "target_lun": int, "auth_method": str, ...}
 *            or {"target_wwn": str or [str], "target_lun": int, ...}; a new reference */
json_t *cinder_initialize_connection(const CinderCall *call, const json_t *connector,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool cinder_terminate_connection(const CinderCall *call, const json_t *connector,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* attaching -> in-use, as the volume of a server (a UUID). */
bool cinder_attach(const CinderCall *call, const char *server,
                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* in-use -> detaching, and back; detaching -> available. */
bool cinder_begin_detaching(const CinderCall *call, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool cinder_roll_detaching(const CinderCall *call, GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool cinder_detach(const CinderCall *call, const char *attachment_id,
                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Sets one word of the volume's metadata; the others stay. */
bool cinder_set_metadata(const CinderCall *call, const char *key, const char *value,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Read the answers of the calls above. Pure. Errors: HTTP */
bool cinder_volume_read(const char *text, size_t size, CinderVolume *volume,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
json_t *cinder_connection_read(const char *text, size_t size,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;
