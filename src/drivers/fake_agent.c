/* An agent without a machine: the node's driver_info lists its steps and how they run; the contract
 * is in fake.h. Its memory has the lifetime AGENT, like a real agent's.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/agent_steps.h"
#include "drivers/fake.h"

#include "model/internal_info.h"

#include <inttypes.h>
#include <string.h>

static const json_t *
agent(const Task *task)
{
    return json_object_get(json_object_get(task->node->driver_info, "fake"), "agent");
}

static const json_t *
offered(const Task *task, StepKind kind)
{
    return json_object_get(agent(task), step_kind_info(kind)->word);
}

static bool
fake_agent_offers(const Task *task, StepKind kind)
{
    return json_is_array(offered(task, kind));
}

static bool
same(const json_t *a, const json_t *b)
{
    return json_equal(json_object_get(a, "interface"), json_object_get(b, "interface")) &&
           json_equal(json_object_get(a, "step"), json_object_get(b, "step"));
}

/* How a step runs, from driver_info; NULL if the agent does not have it. */
static const json_t *
find(const Task *task, StepKind kind, const json_t *step)
{
    size_t index;
    json_t *row;
    json_array_foreach(offered(task, kind), index, row)
    {
        if (same(row, step))
            return row;
    }
    return NULL;
}

static json_t *
versions_of(const Task *task)
{
    const char *version = json_string_member(agent(task), "version");
    return json_pack("{s:s}", "fake", version != NULL ? version : "1");
}

/* The public members of a step, without how it will run. */
static json_t *
described(const json_t *row)
{
    static const char *const told[] = {"interface", "step",     "priority",
                                       "abortable", "argsinfo", "reboot_requested"};
    json_t *step = json_pack("{s:b}", "requires_ramdisk", 1);
    for (size_t i = 0; i < G_N_ELEMENTS(told); i++)
        if (json_object_get(row, told[i]) != NULL)
            json_object_set_new(step, told[i], json_deep_copy(json_object_get(row, told[i])));
    return step;
}

static bool
fake_agent_get_steps(Task *task, StepKind kind, json_t **steps, json_t **versions, GError **error)
{
    if (!fake_act(task, "agent.get_steps", error))
        return false;
    *steps = json_array();
    *versions = versions_of(task);
    size_t index;
    json_t *row;
    json_array_foreach(offered(task, kind), index, row)
        json_array_append_new(*steps, described(row));
    return true;
}

static bool
fake_agent_execute_step(Task *task, StepKind kind, const json_t *step, const json_t *versions,
                        GError **error)
{
    const json_t *row = find(task, kind, step);
    if (!fake_act(task, "agent.execute", error))
        return false;
    if (row == NULL)
        return steel_fail(error, STEEL_ERROR_INVALID, "the agent has no such step");
    json_auto_t *own = versions_of(task);
    int64_t running = 0, given = 0;
    json_integer_member(info_json(task->node, INFO_FAKE_AGENT), "given", &given);
    json_integer_member(row, "running", &running);
    info_set_json(task->node, INFO_FAKE_AGENT,
                  json_pack("{s:O,s:O,s:I,s:I,s:b}", "interface",
                            json_object_get(step, "interface"), "step",
                            json_object_get(step, "step"), "left", (json_int_t)running, "given",
                            (json_int_t)given + 1, "mismatch",
                            versions != NULL && !json_equal(own, versions)));
    return task_save(task, error);
}

/* Counts the calls that still find it running. */
static bool
still_runs(Task *task, json_t *memory, GError **error, bool *running)
{
    int64_t left = 0;
    json_integer_member(memory, "left", &left);
    *running = left > 0;
    if (left <= 0)
        return true;
    json_object_set_new(memory, "left", json_integer(left - 1));
    return task_save(task, error);
}

static bool
fake_agent_last_step_command(Task *task, StepKind kind, const json_t *step, AgentReport *report,
                             GError **error)
{
    json_t *memory = info_json(task->node, INFO_FAKE_AGENT);
    const json_t *row = find(task, kind, step);
    bool running = false;
    int64_t given = 0;
    if (!fake_act(task, "agent.last_command", error) || !still_runs(task, memory, error, &running))
        return false;
    const char *failure = json_string_member(row, "fail");
    if (json_integer_member(memory, "given", &given))
        report->id = g_strdup_printf("%" PRId64, given);
    if (memory == NULL || json_is_true(json_object_get(row, "vanish")))
        report->state = AGENT_FRESH;
    else if (!same(memory, step))
        report->state = AGENT_ELSEWHERE;
    else if (json_is_true(json_object_get(memory, "mismatch")))
        report->state = AGENT_MISMATCH;
    else if (running)
        report->state = AGENT_RUNNING;
    else
        report->state = failure != NULL ? AGENT_FAILED : AGENT_SUCCEEDED;
    report->error = report->state == AGENT_FAILED ? g_strdup(failure) : NULL;
    return true;
}

static const AgentClient client = {.get_steps = fake_agent_get_steps,
                                   .execute = fake_agent_execute_step,
                                   .last_command = fake_agent_last_step_command};

static json_t *
fake_agent_list_steps(Task *task, StepKind kind, GError **error)
{
    return agent_steps_list(task, kind, &client, error);
}

static StepOutcome
fake_agent_run_step(Task *task, StepKind kind, const json_t *step, GError **error)
{
    return agent_steps_run(task, kind, step, &client, error);
}

static StepOutcome
fake_agent_resume_step(Task *task, StepKind kind, const json_t *step, GError **error)
{
    return agent_steps_resume(task, kind, step, &client, error);
}

const StepSource fake_agent = {.offers = fake_agent_offers,
                               .list = fake_agent_list_steps,
                               .run = fake_agent_run_step,
                               .resume = fake_agent_resume_step};
