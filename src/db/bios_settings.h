/* The BIOS settings of a node, as its driver has read them last.
 *
 * Any thread; errors as in db.h.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "db/db.h"
#include "model/resources.h"

/* Puts these in place of all settings of the node. One that was there before keeps the time at
 * which it was first seen.
 *
 * settings  BiosSetting, each name once; they get what they lack: uuid, created_at */
bool db_bios_settings_replace(Db *db, const char *node_uuid, const GPtrArray *settings,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;
