/* A rescue by the agent: the machine boots a ramdisk, whose agent is given the password's hash and
 * ends, so that the ramdisk is the user's; unrescue starts the instance again.
 *
 * Every step can be begun anew by another life of the process: it starts with the machine off.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/rescue/rescue.h"

#include "common/config.h"
#include "common/log.h"
#include "drivers/boot/boot.h"
#include "drivers/network/network.h"
#include "drivers/node_agent.h"
#include "drivers/power_action.h"
#include "drivers/task.h"

#define AREA "drivers.rescue"
#define FINALIZE "rescue.finalize_rescue"

static bool
agent_rescue_validate(Task *task, GError **error)
{
    return boot_validate_ramdisk(task, RAMDISK_FOR_RESCUE, error) &&
           network_check(task, NETWORK_RESCUING, error);
}

static bool
power_off(Task *task, GError **error)
{
    task_phase_begin(task, "power_off", NULL);
    return power_action_stop(task, error);
}

static bool
power_on(Task *task, GError **error)
{
    task_phase_begin(task, "power_on", NULL);
    return power_action_start(task, error);
}

/* ---- rescue ---- */

/* The instance's boot record makes room for that of the ramdisk. */
static bool
prepare_rescue(Task *task, GError **error)
{
    task_phase_begin(task, "add_rescuing_network", NULL);
    if (!boot_clean_up_instance(task, error) || !network_unconfigure_tenant(task, error) ||
        !network_add(task, NETWORK_RESCUING, error))
        return false;
    task_phase_begin(task, "prepare_ramdisk", NULL);
    return boot_prepare_ramdisk(task, NULL, error);
}

static StepOutcome
agent_rescue_run(Task *task, const json_t *args, GError **error)
{
    (void)args;
    if (!power_off(task, error) || !prepare_rescue(task, error) || !power_on(task, error)) {
        g_prefix_error(error, "the machine could not be started with the rescue ramdisk: ");
        return step_failed();
    }
    task_phase_begin(task, "boot_ramdisk", "waiting for the agent to call");
    return step_wait(0);
}

/* A hash, or, for an agent that knows none, the password itself if the configuration lets it be
 * sent. NULL: there is none. A new reference. */
static json_t *
finalize_params(const Task *task, bool hashed)
{
    json_t *secret = json_object_get(task->node->instance_info,
                                     hashed ? "hashed_rescue_password" : "rescue_password");
    if (!json_is_string(secret))
        return NULL;
    return hashed ? json_pack("{s:O,s:b}", "rescue_password", secret, "hashed", 1)
                  : json_pack("{s:O}", "rescue_password", secret);
}

static bool
give_password(Task *task, bool hashed, GError **error)
{
    g_auto(AgentResult) result = {0};
    json_auto_t *params = finalize_params(task, hashed);
    if (params == NULL)
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "the node has no rescue password any more: ask for the rescue again");
    return node_agent_call(task, FINALIZE, params, &result, error);
}

/* Of agents from before they knew hashes. */
static bool
give_plain_password(Task *task, const GError *cause, GError **error)
{
    if (config_boolean(config_current(), OPT_CONDUCTOR_REQUIRE_RESCUE_PASSWORD_HASHED))
        return steel_fail(error, STEEL_ERROR_AGENT_REFUSED,
                          "the agent of the rescue ramdisk did not take the password's hash; an "
                          "agent that knows no hashes is too old, build the ramdisk anew: %s",
                          cause->message);
    log_warning(AREA, "the agent of node %s is given the rescue password in the clear: %s",
                task->node->uuid, cause->message);
    return give_password(task, false, error);
}

static bool
finalize(Task *task, GError **error)
{
    g_autoptr(GError) cause = NULL;
    task_phase_begin(task, "finalize_rescue", "the agent is given the password's hash");
    if (give_password(task, true, &cause))
        return true;
    if (steel_error_is(cause, STEEL_ERROR_AGENT_REFUSED))
        return give_plain_password(task, cause, error);
    g_propagate_error(error, g_steal_pointer(&cause));
    return false;
}

/* The ramdisk is on the user's network from now on, and boots no second time. */
static bool
hand_over(Task *task, GError **error)
{
    task_phase_begin(task, "switch_to_tenant_network", NULL);
    return boot_clean_up_ramdisk(task, error) && network_remove(task, NETWORK_RESCUING, error) &&
           network_configure_tenant(task, error);
}

static StepOutcome
agent_rescue_resume(Task *task, const json_t *args, GError **error)
{
    g_autoptr(GError) cause = NULL;
    (void)args;
    if (!node_agent_has_called(task))
        return step_wait(STEP_DEADLINE_STAYS);
    if (finalize(task, &cause))
        return step_ended(hand_over(task, error));
    if (steel_error_info(cause)->retryable) {
        log_info(AREA, "the password is given again when the agent calls: %s", cause->message);
        return step_wait(STEP_DEADLINE_STAYS);
    }
    g_propagate_error(error, g_steal_pointer(&cause));
    return step_failed();
}

/* ---- the way back ---- */

static bool
agent_rescue_clean_up(Task *task, GError **error)
{
    return power_off(task, error) && boot_clean_up_ramdisk(task, error) &&
           network_remove(task, NETWORK_RESCUING, error);
}

static bool
start_instance(Task *task, GError **error)
{
    task_phase_begin(task, "switch_to_tenant_network", NULL);
    if (!network_configure_tenant(task, error))
        return false;
    task_phase_begin(task, "prepare_instance_boot", NULL);
    return boot_prepare_instance(task, error) && power_on(task, error);
}

static StepOutcome
agent_rescue_run_unrescue(Task *task, const json_t *args, GError **error)
{
    (void)args;
    if (agent_rescue_clean_up(task, error) && start_instance(task, error))
        return step_done();
    g_prefix_error(error, "the machine could not be started with its instance: ");
    return step_failed();
}

static const StepDef rescue_steps[] = {
    {.name = "rescue",
     .priority = 100,
     .abortable = true,
     .run = agent_rescue_run,
     .resume = agent_rescue_resume},
    {0},
};

static const StepDef unrescue_steps[] = {
    {.name = "unrescue", .priority = 100, .run = agent_rescue_run_unrescue},
    {0},
};

static const PropertyDef properties[] = {
    {"rescue_kernel", false,
     "URL of the kernel of the rescue ramdisk; else [conductor]rescue_kernel. Required for "
     "rescue mode."},
    {"rescue_ramdisk", false,
     "URL of the rescue ramdisk; else [conductor]rescue_ramdisk. Required for rescue mode."},
    {0},
};

const RescueOps rescue_agent = {
    .interface =
        {.name = "agent",
         .properties = properties,
         .steps = {[STEP_KIND_RESCUE] = rescue_steps, [STEP_KIND_UNRESCUE] = unrescue_steps},
         .validate = agent_rescue_validate},
    .clean_up = agent_rescue_clean_up,
};
