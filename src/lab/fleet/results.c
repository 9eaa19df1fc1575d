/* Results of a simulated agent; the contract is in results.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/fleet/results.h"

#include "agent_protocol/agent_error.h"
#include "common/time_text.h"

#include <string.h>

static void
result_clear(void *data)
{
    MachineResult *result = data;
    json_decref(result->value);
    json_decref(result->error);
}

MachineResult *
result_ref(MachineResult *result)
{
    return g_atomic_rc_box_acquire(result);
}

void
result_unref(MachineResult *result)
{
    if (result != NULL)
        g_atomic_rc_box_release_full(result, result_clear);
}

MachineResult *
results_add(FleetMachine *machine, AgentCommand command)
{
    MachineResult *result = g_atomic_rc_box_new0(MachineResult);
    uuid_generate(result->id);
    result->command = command;
    result->status = AGENT_STATUS_RUNNING;
    if (machine->results.length >= RESULTS_KEPT)
        result_unref(g_queue_pop_head(&machine->results));
    g_queue_push_tail(&machine->results, result);
    return result;
}

MachineResult *
results_last(FleetMachine *machine)
{
    return g_queue_peek_tail(&machine->results);
}

MachineResult *
results_find(FleetMachine *machine, const char *id)
{
    for (GList *link = machine->results.head; link != NULL; link = link->next)
        if (strcmp(((MachineResult *)link->data)->id, id) == 0)
            return link->data;
    return NULL;
}

void
result_end(MachineResult *result, json_t *value, const GError *fault)
{
    result->value = value;
    result->error = fault != NULL ? agent_error_json(fault) : NULL;
    result->status = fault == NULL ? AGENT_STATUS_SUCCEEDED : AGENT_STATUS_FAILED;
}

json_t *
work_progress_json(const FleetMachine *machine)
{
    const MachineWork *work = &machine->work;
    int64_t whole_ms = MAX(work->due_ms - work->begun_ms, 1),
            done_ms = CLAMP(time_monotonic_ms() - work->begun_ms, 0, whole_ms);
    json_t *total = work->size >= 0 ? json_integer(work->size) : json_null();
    double bytes = (double)MAX(work->size, 0) * ((double)done_ms / (double)whole_ms);
    return json_pack("{s:s, s:I, s:o}", "phase", work->phase != NULL ? work->phase : "work",
                     "bytes", (json_int_t)bytes, "total", total);
}

static json_t *
or_null(const json_t *value)
{
    return value != NULL ? json_deep_copy(value) : json_null();
}

json_t *
result_json(const FleetMachine *machine, const MachineResult *result)
{
    bool running = strcmp(result->status, AGENT_STATUS_RUNNING) == 0;
    json_t *value = running && machine->work.runs
                        ? json_pack("{s:o}", "progress", work_progress_json(machine))
                        : or_null(result->value);
    return json_pack("{s:s, s:s, s:s, s:o, s:o}", "id", result->id, "command_name",
                     agent_command_info(result->command)->name, "command_status", result->status,
                     "command_error", or_null(result->error), "command_result", value);
}

json_t *
results_json(FleetMachine *machine)
{
    json_t *list = json_array();
    for (GList *link = machine->results.head; link != NULL; link = link->next)
        json_array_append_new(list, result_json(machine, link->data));
    return json_pack("{s:o}", "commands", list);
}

void
work_clear(MachineWork *work)
{
    json_decref(work->value);
    g_free(work->check_url);
    g_clear_error(&work->fault);
    *work = (MachineWork){0};
}

void
results_clear(FleetMachine *machine)
{
    MachineResult *result;
    work_clear(&machine->work);
    while ((result = g_queue_pop_head(&machine->results)) != NULL) {
        result->gone = true;
        result_unref(result);
    }
}
