/* How far the agents on machines have come, in memory: what an agent tells every few seconds is not
 * worth a write of the database each time. The conductor notes it, the API shows it. It is lost
 * with the process, and told again by the agents.
 *
 * Any thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    PROGRESS_PHASE_SIZE = 64,
    PROGRESS_NODES_MOST = 20000, /* a node that comes later is not noted */
    PROGRESS_TOLD_MS = 10000,    /* a phase is told again after so long, whatever it has done */
};

typedef struct ProgressBoard ProgressBoard;

/* What is known of one node's agent. */
typedef struct ProgressState {
    char phase[PROGRESS_PHASE_SIZE]; /* in the agent's word: "write image" */
    int64_t bytes;
    int64_t total;        /* -1: not known */
    int64_t rate;         /* bytes a second of late; -1: not known yet */
    int64_t seconds_left; /* -1: not known */
} ProgressState;

ProgressBoard *progress_board_new(void);
void progress_board_free(ProgressBoard *board);

/* Notes what an agent says.
 *
 * phase   copied, cut to its size
 * total   -1: not known
 * now_ms  monotonic
 * Returns true if it is worth telling: another phase, another percent, or nothing was told for
 * PROGRESS_TOLD_MS */
bool progress_board_note(ProgressBoard *board, const char *node_uuid, const char *phase,
                         int64_t bytes, int64_t total, int64_t now_ms);

/* out  untouched when nothing is known of the node: false */
bool progress_board_read(ProgressBoard *board, const char *node_uuid, ProgressState *out);

/* Removes the node and returns what was known of it, as progress_board_read. */
bool progress_board_take(ProgressBoard *board, const char *node_uuid, ProgressState *out);

/* {"agent_phase", "bytes_done", "bytes_total", "bytes_per_second", "seconds_left"}, what is not
 * known is null; a new reference. Pure. */
json_t *progress_state_json(const ProgressState *state);
