/* Which stages an image passes: unpacking by its first bytes, then its format.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "agent/agent.h"
#include "stream/stage.h"

/* The first stage.
 *
 * format   disk_format: "raw", "qcow2"; NULL: what it looks like. A format that is told must be the
 *          image's: an image that says raw is never looked into, one that says qcow2 must be
 * Errors   INVALID_IMAGE: a format that cannot be written, or that the service does not permit */
Stage *image_format_stage(Agent *agent, const char *format, Sink *sink, GError **error);
