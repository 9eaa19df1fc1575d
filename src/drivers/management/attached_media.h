/* Images that users attach to a machine's virtual drives: what is served for them, and how the
 * words of the API name drives.
 *
 * From a worker with the node locked; blocks on networks and disks, an hour for an image at most.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "drivers/task.h"

/* The drives of the API: "disk", "cdrom", "floppy"; NULL ends them. */
extern const char *const attached_media_devices[];

/* The URL by which the BMC fetches an image: its own with the source http and where it is on a
 * share (nfs, cifs, smb), else that of a copy that this conductor serves until it is released. The
 * caller frees, and does not log: it is a secret. device: a word of attached_media_devices; source:
 * "http", "local" or "swift"
 * Errors: INVALID, IO, HTTP, TIMEOUT; those of media_publish */
char *attached_media_publish(const Task *task, const char *device, const char *url,
                             const char *source, GError **error);

/* Removes what is served for a drive (NULL: for all); what cannot be removed is logged, and goes
 * later. */
void attached_media_release(const Task *task, const char *device);

/* The URL of what is in a drive as users may see it, without what gives access to an image; the
 * caller frees. NULL of NULL. */
char *attached_media_shown_url(const char *url);
