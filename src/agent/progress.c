/* How far a command has come; the contract is in progress.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent/progress.h"

#include <stddef.h>

/* The phase that ends, if none before it has moved more. */
static void
keep_most(Progress *progress)
{
    uint64_t bytes = atomic_load(&progress->bytes);
    if (bytes == 0 || bytes < atomic_load(&progress->most_bytes))
        return;
    atomic_store(&progress->most_bytes, bytes);
    atomic_store(&progress->most_total, atomic_load(&progress->total));
    atomic_store(&progress->most_phase, atomic_load(&progress->phase));
}

Progress
progress_part(Progress *whole)
{
    return (Progress){.stop = whole != NULL ? whole->stop : NULL, .whole = whole};
}

void
progress_begin(Progress *progress, const char *phase, uint64_t total)
{
    if (progress == NULL)
        return;
    keep_most(progress);
    if (progress->whole != NULL)
        atomic_fetch_add(&progress->whole->total, total);
    atomic_store(&progress->bytes, 0);
    atomic_store(&progress->total, total);
    atomic_store(&progress->phase, phase);
}

void
progress_set(Progress *progress, uint64_t bytes)
{
    if (progress == NULL)
        return;
    uint64_t before = atomic_exchange(&progress->bytes, bytes);
    if (progress->whole != NULL)
        atomic_fetch_add(&progress->whole->bytes, bytes - before);
}

bool
progress_stopped(const Progress *progress)
{
    return progress != NULL && progress->stop != NULL && atomic_load(progress->stop);
}

static json_t *
phase_json(const char *phase, uint64_t bytes, uint64_t total)
{
    if (phase == NULL)
        return NULL;
    return json_pack("{s:s, s:I, s:o}", "phase", phase, "bytes", (json_int_t)bytes, "total",
                     total > 0 ? json_integer((json_int_t)total) : json_null());
}

json_t *
progress_json(const Progress *progress)
{
    return phase_json(atomic_load(&progress->phase), atomic_load(&progress->bytes),
                      atomic_load(&progress->total));
}

json_t *
progress_most_json(const Progress *progress)
{
    if (atomic_load(&progress->bytes) >= atomic_load(&progress->most_bytes))
        return progress_json(progress);
    return phase_json(atomic_load(&progress->most_phase), atomic_load(&progress->most_bytes),
                      atomic_load(&progress->most_total));
}
