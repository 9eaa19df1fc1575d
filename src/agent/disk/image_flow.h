/* Brings an image from its server to a sink: download, checksum, unpacking, format, in one stream.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "agent/agent.h"
#include "agent/disk/image_info.h"
#include "agent/progress.h"
#include "stream/sink.h"

/* Writes it and flushes. What is on the sink is worth nothing when this fails.
 *
 * Each URL is tried in turn as long as nothing of the image has come.
 * Errors: IMAGE_DOWNLOAD, IMAGE_CHECKSUM, IMAGE_WRITE, INVALID_IMAGE. Blocks. */
bool image_flow_write(Agent *agent, const ImageInfo *info, Sink *sink, Progress *progress,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Downloads a text of at most `limit` bytes; the caller frees. size: out, may be NULL. Errors:
 * IMAGE_DOWNLOAD. */
char *image_flow_text(Agent *agent, const ImageInfo *info, const char *url, size_t limit,
                      size_t *size, GError **error) G_GNUC_WARN_UNUSED_RESULT;
