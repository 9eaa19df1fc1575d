/* The firmware of a node's machine, as its driver has read it last.
 *
 * Any thread; errors as in db.h.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "db/db.h"
#include "model/resources.h"

/* Stores what was read. A new component has its version as the initial one; of a known one whose
 * version has changed the new one is the last flashed. Others stay.
 *
 * components  FirmwareComponent with component, current_version, vendor, model and serial_number;
 *             changed */
bool db_firmware_store(Db *db, const char *node_uuid, const GPtrArray *components,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
