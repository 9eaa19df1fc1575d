/* Commands of a simulated agent; the contract is in agent_commands.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/fleet/agent_commands.h"

#include "agent_protocol/agent_error.h"
#include "agent_protocol/command_check.h"
#include "agent_protocol/heartbeat_pace.h"
#include "common/json_text.h"
#include "common/time_text.h"
#include "lab/fleet/agent_steps.h"
#include "lab/fleet/inventory.h"
#include "lab/fleet/results.h"

#include <string.h>

/* tar, gzip, base64: an archive without files. */
#define EMPTY_LOGS "H4sIAAAAAAACA2NgGAWjYBSMVAAALq+17wAEAAA="

/* How a command begins: sets value, effect, size and what else is not zero. False with an error of
 * agent_error.h: it fails. */
typedef bool (*Begin)(const FleetMachine *machine, const json_t *params, MachineWork *work,
                      StepTime *takes, GError **error);

/* ---- rows ---- */

static bool
begin_list_clean(const FleetMachine *machine, const json_t *params, MachineWork *work,
                 StepTime *takes, GError **error)
{
    (void)machine, (void)params, (void)takes, (void)error;
    work->value = fleet_steps_json(FLEET_CLEAN);
    return true;
}

static bool
begin_list_deploy(const FleetMachine *machine, const json_t *params, MachineWork *work,
                  StepTime *takes, GError **error)
{
    (void)machine, (void)params, (void)takes, (void)error;
    work->value = fleet_steps_json(FLEET_DEPLOY);
    return true;
}

static bool
begin_list_service(const FleetMachine *machine, const json_t *params, MachineWork *work,
                   StepTime *takes, GError **error)
{
    (void)machine, (void)params, (void)takes, (void)error;
    work->value = fleet_steps_json(FLEET_SERVICE);
    return true;
}

/* The first URL of an image that a machine can ask for. NULL: none, the image is taken as there. */
static char *
image_url(const json_t *image_info)
{
    const json_t *urls = json_object_get(image_info, "urls");
    const char *url = json_string_value(json_array_get(urls, 0));
    return url != NULL && g_str_has_prefix(url, "http") ? g_strdup(url) : NULL;
}

static bool
begin_step(const json_t *params, const char *result, const char *step_key, MachineWork *work,
           StepTime *takes, GError **error)
{
    json_t *wanted = json_object_get(params, "step");
    const char *name = json_string_member(wanted, "step");
    const FleetStep *step = name != NULL ? fleet_step_find(name) : NULL;
    if (step == NULL)
        return agent_fail(error, AGENT_ERROR_METHOD_NOT_FOUND, "Could not find method: %.80s",
                          name != NULL ? name : "none");
    *takes = step->takes;
    work->effect = step->effect;
    work->phase = step->phase;
    work->value = json_pack("{s:n, s:O}", result, step_key, wanted);
    if (step->effect == EFFECT_WRITTEN)
        work->check_url = image_url(json_object_get(json_object_get(wanted, "args"), "image_info"));
    return true;
}

static bool
begin_clean_step(const FleetMachine *machine, const json_t *params, MachineWork *work,
                 StepTime *takes, GError **error)
{
    (void)machine;
    return begin_step(params, "clean_result", "clean_step", work, takes, error);
}

static bool
begin_deploy_step(const FleetMachine *machine, const json_t *params, MachineWork *work,
                  StepTime *takes, GError **error)
{
    (void)machine;
    return begin_step(params, "deploy_result", "deploy_step", work, takes, error);
}

static bool
begin_service_step(const FleetMachine *machine, const json_t *params, MachineWork *work,
                   StepTime *takes, GError **error)
{
    (void)machine;
    return begin_step(params, "service_result", "service_step", work, takes, error);
}

static bool
begin_write(const FleetMachine *machine, const json_t *params, MachineWork *work, StepTime *takes,
            GError **error)
{
    (void)machine, (void)error;
    *takes = STEP_TAKES_WRITE;
    work->effect = EFFECT_WRITTEN;
    work->phase = "write image";
    work->check_url = image_url(json_object_get(params, "image_info"));
    work->value = json_pack("{s:s}", "result", "the image is written");
    return true;
}

static bool
begin_uuids(const FleetMachine *machine, const json_t *params, MachineWork *work, StepTime *takes,
            GError **error)
{
    (void)machine, (void)params, (void)takes, (void)error;
    work->value = json_object();
    return true;
}

static bool
begin_logs(const FleetMachine *machine, const json_t *params, MachineWork *work, StepTime *takes,
           GError **error)
{
    (void)machine, (void)params, (void)takes, (void)error;
    work->value = json_pack("{s:s}", "system_logs", EMPTY_LOGS);
    return true;
}

static bool
begin_inventory(const FleetMachine *machine, const json_t *params, MachineWork *work,
                StepTime *takes, GError **error)
{
    (void)params, (void)takes, (void)error;
    work->value = fleet_inventory(machine);
    return true;
}

static bool
begin_unsupported(const FleetMachine *machine, const json_t *params, MachineWork *work,
                  StepTime *takes, GError **error)
{
    (void)machine, (void)params, (void)work, (void)takes;
    return agent_fail(error, AGENT_ERROR_COMMAND_EXECUTION,
                      "a simulated machine cannot do this: it has no disk and no memory");
}

/* By AgentCommand; without begin: succeeds with null. */
static const struct {
    Begin begin;
    MachineEffect effect;
} rows[AGENT_COMMAND_COUNT] = {
    [AGENT_COMMAND_CLEAN_GET_STEPS] = {begin_list_clean},
    [AGENT_COMMAND_CLEAN_EXECUTE_STEP] = {begin_clean_step},
    [AGENT_COMMAND_DEPLOY_GET_STEPS] = {begin_list_deploy},
    [AGENT_COMMAND_DEPLOY_EXECUTE_STEP] = {begin_deploy_step},
    [AGENT_COMMAND_SERVICE_GET_STEPS] = {begin_list_service},
    [AGENT_COMMAND_SERVICE_EXECUTE_STEP] = {begin_service_step},
    [AGENT_COMMAND_STANDBY_CACHE_IMAGE] = {begin_write},
    [AGENT_COMMAND_STANDBY_PREPARE_IMAGE] = {begin_write},
    [AGENT_COMMAND_STANDBY_PARTITION_UUIDS] = {begin_uuids},
    [AGENT_COMMAND_STANDBY_RUN_IMAGE] = {NULL, EFFECT_RESTART},
    [AGENT_COMMAND_STANDBY_POWER_OFF] = {NULL, EFFECT_POWER_OFF},
    [AGENT_COMMAND_LOG_COLLECT] = {begin_logs},
    [AGENT_COMMAND_RESCUE_FINALIZE] = {NULL, EFFECT_LEAVE},
    [AGENT_COMMAND_SYSTEM_LOCKDOWN] = {NULL, EFFECT_LEAVE},
    [AGENT_COMMAND_POLL_HARDWARE_INFO] = {begin_inventory},
    [AGENT_COMMAND_POLL_SET_NODE_INFO] = {begin_unsupported},
    [AGENT_COMMAND_FLOW_START] = {begin_unsupported},
    [AGENT_COMMAND_ISCSI_START_TARGET] = {begin_unsupported},
    [AGENT_COMMAND_ISCSI_STOP_TARGET] = {begin_unsupported},
};

/* ---- the end of a command ---- */

static void apply_effect(FleetMachine *machine, MachineEffect effect) REQUIRES(machine->lock);

static void
apply_effect(FleetMachine *machine, MachineEffect effect)
{
    switch (effect) {
    case EFFECT_NONE:
        return;
    case EFFECT_WRITTEN:
        machine->has_image = true;
        machine_count(machine, COUNT_WRITE);
        return;
    case EFFECT_ERASED:
        machine->has_image = false;
        machine_count(machine, COUNT_ERASE);
        return;
    case EFFECT_POWER_OFF:
    case EFFECT_RESTART:
        machine_switch(machine, effect == EFFECT_RESTART);
        return;
    case EFFECT_LEAVE:
        machine_agent_end(machine);
        machine_count(machine, COUNT_RESCUE);
        machine_enter(machine, MACHINE_LEFT, 0);
        return;
    }
}

void
agent_commands_end(FleetMachine *machine)
{
    MachineWork *work = &machine->work;
    MachineResult *result = results_last(machine);
    MachineEffect effect = work->fault == NULL ? work->effect : EFFECT_NONE;
    if (result != NULL)
        result_end(result, work->fault == NULL ? g_steal_pointer(&work->value) : NULL, work->fault);
    if (work->fault != NULL)
        machine_count(machine, COUNT_COMMAND_FAILED);
    work_clear(work);
    machine->heartbeat_due_ms =
        MIN(machine->heartbeat_due_ms, machine->heartbeat_last_ms + HEARTBEAT_FORCED_GAP_MS);
    apply_effect(machine, effect);
}

/* ---- the begin ---- */

static int64_t
duration_ms(const LabOptions *options, StepTime takes)
{
    switch (takes) {
    case STEP_TAKES_WRITE:
        return options->write_tenths * 100;
    case STEP_TAKES_CLEAN:
        return options->clean_tenths * 100;
    case STEP_TAKES_NOTHING:
        break;
    }
    return 0;
}

/* Prepares the machine's work. False: it fails at once, with work->fault set. */
static bool begin(FleetMachine *machine, AgentCommand command, const json_t *params)
    REQUIRES(machine->lock);

static bool
begin(FleetMachine *machine, AgentCommand command, const json_t *params)
{
    MachineWork *work = &machine->work;
    StepTime takes = STEP_TAKES_NOTHING;
    *work = (MachineWork){.effect = rows[command].effect, .size = -1};
    if (!command_check_params(agent_command_info(command), params, &work->fault) ||
        (rows[command].begin != NULL &&
         !rows[command].begin(machine, params, work, &takes, &work->fault)))
        return false;
    work->begun_ms = time_monotonic_ms();
    work->due_ms = work->begun_ms + duration_ms(machine->shared->options, takes);
    if (work->effect == EFFECT_WRITTEN)
        machine_count(machine, COUNT_WRITE_BEGUN);
    if (takes != STEP_TAKES_NOTHING &&
        machine_roll(machine, machine->shared->options->fail_per_mille))
        agent_fail(&work->fault, AGENT_ERROR_COMMAND_EXECUTION,
                   "this command was chosen to fail (--fail-percent)");
    return true;
}

/* A command with its result in the answer. */
static json_t *run_now(FleetMachine *machine, const MachineResult *result) REQUIRES(machine->lock);

static json_t *
run_now(FleetMachine *machine, const MachineResult *result)
{
    MachineEffect effect = machine->work.fault == NULL ? machine->work.effect : EFFECT_NONE;
    machine->work.effect = EFFECT_NONE; /* after the answer is made */
    int64_t heartbeat_due_ms = machine->heartbeat_due_ms;
    agent_commands_end(machine);
    machine->heartbeat_due_ms = heartbeat_due_ms; /* only what runs on makes it call */
    json_t *shown = result_json(machine, result);
    apply_effect(machine, effect);
    return shown;
}

static json_t *start(FleetMachine *machine, AgentCommand command, const json_t *params)
    REQUIRES(machine->lock);

static json_t *
start(FleetMachine *machine, AgentCommand command, const json_t *params)
{
    const MachineResult *result = results_add(machine, command);
    machine_count(machine, COUNT_COMMAND);
    bool good = begin(machine, command, params);
    if (!good || agent_command_info(command)->kind == AGENT_COMMAND_SYNC)
        return run_now(machine, result);
    machine->work.runs = true;
    machine->progress_due_ms = 0;
    json_t *shown = result_json(machine, result);
    machine_wake(machine, machine_next_due(machine));
    return shown;
}

json_t *
agent_commands_take(FleetMachine *machine, const char *name, const json_t *params, GError **error)
{
    AgentCommand command;
    json_t *shown = NULL;
    bool known = command_by_name(name, &command, error);
    lock_acquire(&machine->lock);
    if (!known || machine->phase != MACHINE_AGENT)
        known = known && agent_fail(error, AGENT_ERROR_BUSY, "the agent has ended");
    else if (machine->work.runs)
        known = agent_fail(error, AGENT_ERROR_BUSY, "executing command %s",
                           agent_command_info(results_last(machine)->command)->name);
    if (known)
        shown = start(machine, command, params);
    else
        machine_count(machine, COUNT_COMMAND_REFUSED);
    lock_release(&machine->lock);
    return shown;
}
