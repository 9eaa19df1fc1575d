/* What waits for the bus; the contract is in backlog.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bus/backlog.h"

void
parcel_free(Parcel *parcel)
{
    if (parcel == NULL)
        return;
    g_free(parcel->exchange);
    g_free(parcel->routing_key);
    g_free(parcel->body);
    g_free(parcel);
}

void
backlog_init(Backlog *backlog, size_t most)
{
    *backlog = (Backlog){.most = MAX(most, 1)};
    g_queue_init(&backlog->parcels);
}

void
backlog_clear(Backlog *backlog)
{
    Parcel *parcel;
    while ((parcel = backlog_pop(backlog)) != NULL)
        parcel_free(parcel);
}

Parcel *
backlog_pop(Backlog *backlog)
{
    Parcel *parcel = g_queue_pop_head(&backlog->parcels);
    if (parcel != NULL)
        backlog->size -= parcel->size;
    return parcel;
}

void
backlog_return(Backlog *backlog, Parcel *parcel)
{
    g_queue_push_head(&backlog->parcels, parcel);
    backlog->size += parcel->size;
}

unsigned
backlog_push(Backlog *backlog, Parcel *parcel)
{
    unsigned lost = 0;
    if (parcel->size > BACKLOG_SIZE_MOST) {
        parcel_free(parcel);
        return 1;
    }
    while (backlog->parcels.length >= backlog->most ||
           backlog->size + parcel->size > BACKLOG_SIZE_MOST) {
        parcel_free(backlog_pop(backlog));
        lost++;
    }
    g_queue_push_tail(&backlog->parcels, parcel);
    backlog->size += parcel->size;
    return lost;
}
