/* What a fleet that has deployed itself tells; the contract is in waves.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/fleet/waves_inside.h"

#include "common/error.h"
#include "common/json_text.h"

#include <stdio.h>
#include <stdlib.h>

unsigned
waves_count(const Waves *waves, WaveEnd end)
{
    unsigned count = 0;
    for (unsigned i = 0; i < waves->count; i++)
        count += waves->nodes[i].end == end;
    return count;
}

static int
compare_times(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static json_t *
deploy_times(const Waves *waves)
{
    g_autofree int64_t *times = g_new0(int64_t, waves->count + 1);
    size_t count = 0;
    for (unsigned i = 0; i < waves->count; i++) {
        const WaveMember *node = &waves->nodes[i];
        if (node->end == ENDED_ACTIVE && node->began_ms > 0)
            times[count++] = node->ended_ms - node->began_ms;
    }
    if (count == 0)
        return json_null();
    qsort(times, count, sizeof *times, compare_times);
    return json_pack("{s:f, s:f, s:f}", "p50", (double)times[count / 2] / 1000, "p90",
                     (double)times[count * 9 / 10] / 1000, "worst",
                     (double)times[count - 1] / 1000);
}

static json_t *
wave_list(const Waves *waves)
{
    json_t *list = json_array();
    for (unsigned i = 0; i < waves->begun; i++) {
        const Wave *wave = &waves->waves[i];
        json_array_append_new(
            list,
            json_pack("{s:i, s:i, s:f, s:o}", "nodes", (int)wave->size, "ended", (int)wave->ended,
                      "began", (double)(wave->began_ms - waves->started_ms) / 1000, "seconds",
                      wave->ended_ms > 0
                          ? json_real((double)(wave->ended_ms - wave->began_ms) / 1000)
                          : json_null()));
    }
    return list;
}

static json_t *
failure_list(const Waves *waves)
{
    json_t *list = json_array();
    for (unsigned i = 0; i < waves->count; i++) {
        const WaveMember *node = &waves->nodes[i];
        if (node->end != ENDED_ACTIVE)
            json_array_append_new(list, json_pack("{s:s, s:s?, s:s?, s:s?}", "node",
                                                  json_string_member(node->machine, "uuid"),
                                                  "state", node->state, "last_error", node->fault,
                                                  "refusal", node->refusal));
    }
    return list;
}

/* From the first wave's begin to the last active node. */
static double
deploying_seconds(const Waves *waves)
{
    int64_t last = waves->started_ms;
    for (unsigned i = 0; i < waves->count; i++)
        last = MAX(last, waves->nodes[i].ended_ms);
    return waves->begun > 0 ? (double)(last - waves->waves[0].began_ms) / 1000 : 0;
}

static unsigned
count_retries(const Waves *waves)
{
    unsigned count = 0;
    for (unsigned i = 0; i < waves->count; i++)
        count += wave_retries(&waves->nodes[i].plan);
    return count;
}

json_t *
waves_report(const Waves *waves)
{
    unsigned active = waves_count(waves, ENDED_ACTIVE);
    double seconds = deploying_seconds(waves);
    return json_pack(
        "{s:i, s:i, s:i, s:i, s:i, s:f, s:f, s:o, s:o, s:o}", "nodes", (int)waves->count, "active",
        (int)active, "running", (int)waves->settled, "failed",
        (int)waves_count(waves, ENDED_FAILED), "retries", (int)count_retries(waves), "seconds",
        seconds, "nodes_per_minute", seconds > 0 ? 60 * active / seconds : 0.0, "deploy_seconds",
        deploy_times(waves), "waves", wave_list(waves), "failures", failure_list(waves));
}

#define FAILURES_TOLD 10

void
waves_tell(const Waves *waves)
{
    json_auto_t *report = waves_report(waves);
    const json_t *times = json_object_get(report, "deploy_seconds");
    printf("%u of %u nodes are active, %u machines run from their disks; asked for again: %u\n",
           waves_count(waves, ENDED_ACTIVE), waves->count, waves->settled, count_retries(waves));
    if (json_is_object(times))
        printf("%.0f nodes a minute in %.1f s; a deploy took %.1f s (p50), %.1f s at worst\n",
               json_real_value(json_object_get(report, "nodes_per_minute")),
               json_real_value(json_object_get(report, "seconds")),
               json_real_value(json_object_get(times, "p50")),
               json_real_value(json_object_get(times, "worst")));
    const json_t *failures = json_object_get(report, "failures");
    for (size_t i = 0; i < MIN(json_array_size(failures), FAILURES_TOLD); i++) {
        const json_t *row = json_array_get(failures, i);
        const char *state = json_string_member(row, "state"),
                   *fault = json_string_member(row, "last_error"),
                   *refusal = json_string_member(row, "refusal");
        printf("%s is %s: %s%s%s\n", json_string_member(row, "node"),
               state != NULL ? state : "not there", fault != NULL ? fault : "it tells no error",
               refusal != NULL ? "; the service refused: " : "", refusal != NULL ? refusal : "");
    }
}

bool
waves_good(const Waves *waves, GError **error)
{
    unsigned active = waves_count(waves, ENDED_ACTIVE);
    if (active < waves->count)
        return steel_fail(error, STEEL_ERROR_CONFLICT, "%u of %u nodes are not active",
                          waves->count - active, waves->count);
    return waves->settled == active ||
           steel_fail(error, STEEL_ERROR_CONFLICT,
                      "%u nodes are active, but their machines do not run from their disks",
                      active - waves->settled);
}
