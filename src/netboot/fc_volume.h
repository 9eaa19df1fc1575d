/* A Fibre Channel volume, read from a volume target's properties and checked so that it can be
 * written into a boot script.
 *
 *     {"target_wwn": "50:06:01:60:3b:a0:1c:2d" or "500601603ba01c2d", or a list of them, or one
 *     string with commas,
 *      "target_lun": 0 or "0"}
 *
 * Other keys are ignored. Pure; any thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"
#include <jansson.h>

#define FC_PATH_LIMIT 16
#define FC_LUN_LIMIT 16383

/* Reads and checks properties. Returns a NULL-ended list of URIs, one for each path to the volume,
 * as iPXE wants them: fcp:<world wide name>:<LUN, hexadecimal>; the caller frees it (g_strfreev).
 * Errors: MISSING, INVALID naming the property. */
char **fc_volume_uris(const json_t *properties, GError **error) G_GNUC_WARN_UNUSED_RESULT;
