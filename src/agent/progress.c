/* How far a command has come; the contract is in progress.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent/progress.h"

#include <stddef.h>

void
progress_begin(Progress *progress, const char *phase, uint64_t total)
{
    if (progress == NULL)
        return;
    atomic_store(&progress->bytes, 0);
    atomic_store(&progress->total, total);
    atomic_store(&progress->phase, phase);
}

void
progress_set(Progress *progress, uint64_t bytes)
{
    if (progress != NULL)
        atomic_store(&progress->bytes, bytes);
}

bool
progress_stopped(const Progress *progress)
{
    return progress != NULL && progress->stop != NULL && atomic_load(progress->stop);
}

json_t *
progress_json(const Progress *progress)
{
    const char *phase = atomic_load(&progress->phase);
    uint64_t total = atomic_load(&progress->total);
    if (phase == NULL)
        return NULL;
    return json_pack("{s:s, s:I, s:o}", "phase", phase, "bytes",
                     (json_int_t)atomic_load(&progress->bytes), "total",
                     total > 0 ? json_integer((json_int_t)total) : json_null());
}
