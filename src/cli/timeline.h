/* The phases of a node's operations, as GET /v1/nodes/{node}/timeline answers them, in words.
 *
 *     {"timeline": [{"operation": str, "phase": str, "started_at": time, "finished_at": time or
 *     null,
 *                    "result": str or null, "detail": str or null, "bytes_done": int or null,
 *                    "bytes_total": int or null}],
 *      "progress"?: {"agent_phase": str, "bytes_done": int, "bytes_total": int or null,
 *                    "bytes_per_second": int or null, "seconds_left": int or null}}
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <glib.h>
#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/* The current phase: the last that has not finished, else the last of all; NULL without phases.
 * Borrowed. An open phase gets the members of "progress". */
json_t *timeline_current(json_t *answer);

/* A phase in a few words: "write_image 1.2 GiB of 4.0 GiB (30%), 180.0 MiB/s, 16 s left", "reboot:
 * waiting for the agent". The caller frees. */
char *timeline_phase_text(json_t *phase);

/* What of a phase is worth a line of its own: its name, what the agent does, each tenth of its
 * bytes. The caller frees. */
char *timeline_phase_mark(json_t *phase);

/* Bytes as people read them: "512 B", "1.2 GiB". The caller frees. */
char *bytes_text(int64_t bytes);

/* Seconds as "4 s", "2:05" or "1:02:05". The caller frees. */
char *duration_text(int64_t seconds);

/* One line for a terminal: node, state, phase with a bar if its size is known, elapsed time; cut to
 * `columns`.
 *
 * phase    as in the answer, or NULL
 * columns  0: not cut
 * The caller frees. Pure. */
char *progress_line(const char *node, const char *state, json_t *phase, int64_t elapsed_s,
                    size_t columns);
