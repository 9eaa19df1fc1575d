/* Questions about volume targets and connectors beyond loading and saving. Any thread; errors as in
 * db.h.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "db/db.h"
#include <glib.h>

/* The targets of this type that a node boots from and attaches while it boots, by boot index from
 * 0. The array owns them; NULL on failure. */
GPtrArray *db_volume_targets_to_boot(Db *db, const char *node_uuid, const char *type,
                                     GError **error);

/* The first connector of this type that a node got, in an array that owns it; empty when there is
 * none, NULL on failure. */
GPtrArray *db_volume_connector_first(Db *db, const char *node_uuid, const char *type,
                                     GError **error);

/* Deletes all targets of a node. */
bool db_volume_targets_delete(Db *db, const char *node_uuid,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;
