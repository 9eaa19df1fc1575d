/* What every step must do that can wait: it may be resumed as often as its machine calls, and by
 * another process than the one that began it (src/drivers/step.h). Runs over the steps of all kinds
 * of every implementation of every interface.
 * SPDX-License-Identifier: Apache-2.0 */
#include "contract.h"

#include "db/records.h"
#include "model/internal_info.h"

/* Makes a fake step wait when it is run; others wait for machines that report how they boot. */
static void
make_it_wait(Subject *subject, InterfaceType type, const StepDef *step)
{
    json_t *info = subject->task->node->driver_info;
    if (json_object_get(info, "fake") == NULL)
        json_object_set_new(info, "fake", json_object());
    g_autofree char *action = contract_is(subject, "fake")
                                  ? g_strdup_printf("%s.%s", interface_type_name(type), step->name)
                                  : g_strdup("boot.reports_progress");
    json_object_set_new(json_object_get(info, "fake"), action, json_pack("{s:b}", "wait", 1));
}

/* As the engine leaves it when a step waits. */
static void
save_waiting(Task *task)
{
    g_autoptr(GError) error = NULL;
    info_set_boolean(task->node, INFO_STEP_WAITING, true);
    assert_true(task_save(task, &error));
    assert_no_error(error);
}

/* Another life of the process: nothing is left but the database. */
static void
begin_anew(Subject *subject)
{
    g_autoptr(GError) error = NULL;
    task_free(subject->fixture->task);
    Node *node = db_record_find(subject->fixture->db, &node_resource, "uuid", FIXTURE_NODE, &error);
    assert_no_error(error);
    subject->task = subject->fixture->task = task_new(&subject->fixture->services, node, &error);
    assert_no_error(error);
    subject->task->exclusive = true;
}

static StepResult
resume(Subject *subject, StepKind kind, const json_t *step)
{
    g_autoptr(GError) error = NULL;
    StepOutcome outcome = step_table.resume(subject->task, kind, step, &error);
    if (error != NULL)
        fail_msg("resumed, %s fails: %s", json_string_member(step, "step"), error->message);
    return outcome.result;
}

static InterfaceType
type_of(const Subject *subject)
{
    int type = 0;
    while (driver_set_interface(&subject->task->driver, (InterfaceType)type) != subject->interface)
        type++;
    return (InterfaceType)type;
}

/* Runs the step; true when it waits. Steps that need what the subject does not have (arguments, a
 * ramdisk) may fail. */
static bool
waits(Subject *subject, StepKind kind, const StepDef *row, const json_t *step)
{
    g_autoptr(GError) error = NULL;
    make_it_wait(subject, type_of(subject), row);
    return step_table.run(subject->task, kind, step, &error).result == STEP_WAIT;
}

/* What the machines of the subjects say when they have come up, for drivers that ask what was
 * said. */
static void
machine_has_come_up(Subject *subject)
{
    info_set_json(subject->task->node, INFO_BOOT_PROGRESS,
                  json_pack("{s:s,s:n}", "phase", "san_hooked", "detail"));
}

/* Where an agent is waited for, a machine that is up is not enough. */
static StepResult
end_of_boot(const Subject *subject)
{
    bool agent = contract_is(subject, "agent") || contract_is(subject, "redfish");
    return agent ? STEP_WAIT : STEP_DONE;
}

/* Each waiting step, before its machine has come up and after it, in this life or another. */
static void
hold_on(Subject *subject, bool restart)
{
    for (StepKind kind = 0; kind < STEP_KIND_COUNT; kind++)
        for (const StepDef *row = subject->interface->steps[kind]; row != NULL && row->name != NULL;
             row++) {
            json_auto_t *step = json_pack("{s:s,s:s}", "interface",
                                          interface_type_name(type_of(subject)), "step", row->name);
            if (!waits(subject, kind, row, step))
                continue;
            save_waiting(subject->task);
            for (int i = 0; i < 2; i++) {
                if (restart)
                    begin_anew(subject);
                StepResult result = resume(subject, kind, step);
                assert_true(result == STEP_WAIT || result == STEP_DONE);
            }
            machine_has_come_up(subject);
            save_waiting(subject->task);
            for (int i = 0; i < 2; i++) {
                if (restart)
                    begin_anew(subject);
                assert_int_equal(resume(subject, kind, step), end_of_boot(subject));
            }
            info_forget(subject->task->node, LIFETIME_OPERATION);
        }
}

static void
a_step_that_waits_may_be_resumed_twice(Subject *subject)
{
    hold_on(subject, false);
}

static void
a_step_that_waits_may_be_resumed_by_another_life(Subject *subject)
{
    hold_on(subject, true);
}

/* A row whose machine only the driver knows must not take any call for the machine's. */
static void
a_boot_is_over_when_the_machine_says_so(Subject *subject)
{
    if (!contract_is(subject, "direct"))
        return;
    const StepDef *row = subject->interface->steps[STEP_KIND_DEPLOY];
    bool waited = false;
    for (; row->name != NULL; row++) {
        json_auto_t *step = json_pack("{s:s,s:s}", "interface", "deploy", "step", row->name);
        if (!waits(subject, STEP_KIND_DEPLOY, row, step))
            continue;
        waited = true;
        assert_int_equal(resume(subject, STEP_KIND_DEPLOY, step), STEP_WAIT);
        machine_has_come_up(subject);
        assert_int_equal(resume(subject, STEP_KIND_DEPLOY, step), STEP_DONE);
    }
    assert_true(waited);
}

int
main(void)
{
    static const ContractCase cases[] = {
        {"a step that waits may be resumed twice", a_step_that_waits_may_be_resumed_twice},
        {"a step that waits may be resumed by another life",
         a_step_that_waits_may_be_resumed_by_another_life},
        {"a boot is over when the machine says so", a_boot_is_over_when_the_machine_says_so},
    };
    int failed = 0;
    for (int type = 0; type < INTERFACE_COUNT; type++)
        failed += contract_run((InterfaceType)type, cases, G_N_ELEMENTS(cases));
    return failed;
}
