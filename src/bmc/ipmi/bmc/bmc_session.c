/* The sessions of a simulated BMC: few slots, a time limit, and a window of sequence numbers.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bmc/ipmi/bmc/bmc.h"
#include "common/lock.h"

enum { HALF_OPEN_MS = 3000 }; /* a login that has stopped loses its slot after this */

BmcSession *
bmc_session_find(IpmiBmc *bmc, uint32_t bmc_id)
{
    for (guint i = 0; i < bmc->sessions->len; i++) {
        BmcSession *session = g_ptr_array_index(bmc->sessions, i);
        if (session->login.bmc_id == bmc_id)
            return session;
    }
    return NULL;
}

/* The session that may be replaced and was silent longest: among stopped logins, or all if `any`.
 * NULL if there is none. */
static BmcSession *
most_silent_session(IpmiBmc *bmc, uint64_t now_ms, bool any)
{
    BmcSession *oldest = NULL;
    for (guint i = 0; i < bmc->sessions->len; i++) {
        BmcSession *session = g_ptr_array_index(bmc->sessions, i);
        bool stopped =
            session->state != BMC_SESSION_ACTIVE && session->last_seen_ms + HALF_OPEN_MS <= now_ms;
        if ((stopped || any) && (oldest == NULL || session->last_seen_ms < oldest->last_seen_ms))
            oldest = session;
    }
    return oldest;
}

BmcSession *
bmc_session_add(IpmiBmc *bmc, uint64_t now_ms)
{
    lock_acquire(&bmc->lock);
    unsigned slots = bmc->faults.no_free_session ? 0 : bmc->session_slots;
    bool any = bmc->faults.close_ignored;
    lock_release(&bmc->lock);
    if (bmc->sessions->len >= slots) {
        BmcSession *stale = slots > 0 ? most_silent_session(bmc, now_ms, any) : NULL;
        if (stale == NULL)
            return NULL;
        bmc_session_drop(bmc, stale);
    }
    uint32_t id = 0;
    do {
        if (!ipmi_random(&id, sizeof id, NULL))
            return NULL;
    } while (id == 0 || bmc_session_find(bmc, id) != NULL);
    BmcSession *session = g_new0(BmcSession, 1);
    session->login.bmc_id = id;
    session->last_seen_ms = now_ms;
    g_ptr_array_add(bmc->sessions, session);
    return session;
}

void
bmc_session_drop(IpmiBmc *bmc, BmcSession *session)
{
    g_ptr_array_remove_fast(bmc->sessions, session);
}

void
bmc_sessions_expire(IpmiBmc *bmc, uint64_t now_ms)
{
    if (bmc->sessions->len == 0)
        return;
    lock_acquire(&bmc->lock);
    unsigned timeout_ms = bmc->session_timeout_ms;
    lock_release(&bmc->lock);
    for (guint i = bmc->sessions->len; i > 0; i--) {
        BmcSession *session = g_ptr_array_index(bmc->sessions, i - 1);
        if (session->last_seen_ms + timeout_ms <= now_ms)
            g_ptr_array_remove_index_fast(bmc->sessions, i - 1);
    }
}
