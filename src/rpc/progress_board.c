/* Agents' progress; the contract is in progress_board.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "rpc/progress_board.h"

#include "common/lock.h"

#include <glib.h>
#include <string.h>

/* A rate forgets what was so long ago. */
#define RATE_MEMORY_MS 10000.0

typedef struct Entry {
    ProgressState state;
    int64_t noted_ms;
    int64_t told_ms;
    int told_percent;
} Entry;

struct ProgressBoard {
    Lock lock;
    GHashTable *entries GUARDED; /* owned uuid -> owned Entry */
};

UNSHARED ProgressBoard *
progress_board_new(void)
{
    ProgressBoard *board = g_new0(ProgressBoard, 1);
    lock_init(&board->lock, LOCK_RANK_PROGRESS);
    board->entries = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return board;
}

UNSHARED void
progress_board_free(ProgressBoard *board)
{
    if (board == NULL)
        return;
    g_hash_table_unref(board->entries);
    lock_destroy(&board->lock);
    g_free(board);
}

static int
percent(const ProgressState *state)
{
    if (state->total <= 0)
        return -1;
    return (int)((double)MIN(state->bytes, state->total) * 100.0 / (double)state->total);
}

/* The bytes since the last note, weighed by how long they took. */
static void
update_rate(ProgressState *state, int64_t bytes, int64_t elapsed_ms)
{
    if (elapsed_ms <= 0 || bytes < 0)
        return;
    double now = (double)bytes * 1000.0 / (double)elapsed_ms;
    double weight = MIN((double)elapsed_ms / RATE_MEMORY_MS, 1.0);
    double rate = state->rate < 0 ? now : (double)state->rate * (1.0 - weight) + now * weight;
    state->rate = (int64_t)MIN(rate, 9e18);
}

static void
update_left(ProgressState *state)
{
    bool known = state->total >= 0 && state->rate > 0;
    state->seconds_left =
        known ? (MAX(state->total - state->bytes, 0) + state->rate - 1) / state->rate : -1;
}

static void
begin_phase(Entry *entry, const char *phase)
{
    entry->state.rate = -1;
    entry->told_ms = 0;
    g_strlcpy(entry->state.phase, phase, sizeof entry->state.phase);
}

static bool
note(Entry *entry, const char *phase, int64_t bytes, int64_t total, int64_t now_ms)
{
    ProgressState *state = &entry->state;
    bool same = strncmp(state->phase, phase, sizeof state->phase - 1) == 0;
    if (same)
        update_rate(state, bytes - state->bytes, now_ms - entry->noted_ms);
    else
        begin_phase(entry, phase);
    if (bytes > 0 || total >= 0) { /* a phase that moves nothing leaves the bytes of the last one */
        state->bytes = bytes;
        state->total = total;
    }
    entry->noted_ms = now_ms;
    update_left(state);
    if (same && entry->told_percent == percent(state) && now_ms - entry->told_ms < PROGRESS_TOLD_MS)
        return false;
    entry->told_ms = now_ms;
    entry->told_percent = percent(state);
    return true;
}

static Entry *entry_of(ProgressBoard *board, const char *node_uuid) REQUIRES(board->lock);

static Entry *
entry_of(ProgressBoard *board, const char *node_uuid)
{
    Entry *entry = g_hash_table_lookup(board->entries, node_uuid);
    if (entry != NULL || g_hash_table_size(board->entries) >= PROGRESS_NODES_MOST)
        return entry;
    entry = g_new0(Entry, 1);
    g_hash_table_insert(board->entries, g_strdup(node_uuid), entry);
    return entry;
}

bool
progress_board_note(ProgressBoard *board, const char *node_uuid, const char *phase, int64_t bytes,
                    int64_t total, int64_t now_ms)
{
    lock_acquire(&board->lock);
    Entry *entry = entry_of(board, node_uuid);
    bool told = entry != NULL && note(entry, phase, bytes, total, now_ms);
    lock_release(&board->lock);
    return told;
}

bool
progress_board_read(ProgressBoard *board, const char *node_uuid, ProgressState *out)
{
    lock_acquire(&board->lock);
    const Entry *entry = g_hash_table_lookup(board->entries, node_uuid);
    if (entry != NULL)
        *out = entry->state;
    lock_release(&board->lock);
    return entry != NULL;
}

bool
progress_board_take(ProgressBoard *board, const char *node_uuid, ProgressState *out)
{
    lock_acquire(&board->lock);
    const Entry *entry = g_hash_table_lookup(board->entries, node_uuid);
    bool known = entry != NULL;
    if (known)
        *out = entry->state;
    g_hash_table_remove(board->entries, node_uuid);
    lock_release(&board->lock);
    return known;
}

static json_t *
known_or_null(int64_t number)
{
    return number >= 0 ? json_integer((json_int_t)number) : json_null();
}

json_t *
progress_state_json(const ProgressState *state)
{
    return json_pack("{s:s, s:I, s:o, s:o, s:o}", "agent_phase", state->phase, "bytes_done",
                     (json_int_t)state->bytes, "bytes_total", known_or_null(state->total),
                     "bytes_per_second", known_or_null(state->rate), "seconds_left",
                     known_or_null(state->seconds_left));
}
