/* Chooses the stages that an image passes: a decompressor by its first bytes, then its format.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "agent/agent.h"
#include "stream/stage.h"

/* Returns the first stage; the caller frees it.
 *
 * format   disk_format: "raw" or "qcow2"; NULL: detected. "raw" turns detection off; "qcow2" fails
 *          for any other image
 * Errors   INVALID_IMAGE: the format cannot be written, or the service does not permit it */
Stage *image_format_stage(Agent *agent, const char *format, Sink *sink, GError **error);
