/* Streams an image from its server to a sink: downloads, checks, unpacks and converts it in one
 * pass.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "agent/agent.h"
#include "agent/disk/image_info.h"
#include "agent/progress.h"
#include "stream/sink.h"

/* Writes the image and flushes the sink. Tries each URL in turn until one delivers data. After an
 * error the sink's contents are useless.
 * Errors: IMAGE_DOWNLOAD, IMAGE_CHECKSUM, IMAGE_WRITE, INVALID_IMAGE. Blocks. */
bool image_flow_write(Agent *agent, const ImageInfo *info, Sink *sink, Progress *progress,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Downloads a text of at most `limit` bytes; the caller frees. Blocks. The login at the image's
 * server is not used: another server may have the text. size: out, in bytes; may be NULL. Errors:
 * IMAGE_DOWNLOAD. */
char *image_flow_text(Agent *agent, const ImageInfo *info, const char *url, size_t limit,
                      size_t *size, GError **error) G_GNUC_WARN_UNUSED_RESULT;
