/* Images that this conductor writes to machines' disks: their progress in the timeline, and their
 * end, for which a step waits. On the threads that write.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/log.h"
#include "conductor/internal.h"
#include "db/timeline.h"

static void
image_writes_progress(void *user, const char *node_uuid, uint64_t done, uint64_t total)
{
    g_autoptr(GError) error = NULL;
    const Conductor *conductor = user;
    if (!db_phases_progress(conductor->services.db, node_uuid, done, total, &error))
        log_warning("conductor.images", "the progress is not written down: %s", error->message);
}

/* There are few writes at a time, and a ramdisk without an agent does not call again. */
static void
image_writes_ended(void *user, const char *node_uuid)
{
    const Conductor *conductor = user;
    if (!atomic_load(&conductor->stopping))
        wakes_add_anyway(conductor->wakes, node_uuid);
}

const LunWritesOps conductor_image_writes = {.progress = image_writes_progress,
                                             .ended = image_writes_ended};
