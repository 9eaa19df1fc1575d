/* A simulated machine without its network: commands, power, faults by rate.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent_protocol/agent_error.h"
#include "common/json_text.h"
#include "lab/fleet/agent_commands.h"
#include "lab/fleet/boot_steps.h"
#include "lab/fleet/machine.h"
#include "lab/fleet/results.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static LabOptions options = {.name_prefix = "lab", .address = "127.0.0.1", .write_tenths = 600};
static MachineShared shared = {.options = &options, .boot_url = "http://127.0.0.1:1/boot.ipxe"};

/* A machine whose agent is up. */
static void UNSHARED
start(FleetMachine *machine, unsigned index)
{
    machine_init(machine, &shared, index, 20000);
    machine->phase = MACHINE_AGENT;
    machine->token = g_strdup("token");
}

static json_t *
give(FleetMachine *machine, const char *name, const char *params, GError **error)
{
    json_auto_t *object = json_loads(params, 0, NULL);
    json_auto_t *result = agent_commands_take(machine, name, object, error);
    return result != NULL ? json_incref(result) : NULL;
}

#define WRITE                                                                                      \
    "{\"step\": {\"step\": \"write_image\", \"args\": {\"image_info\": {\"id\": \"x\"}}}, "        \
    "\"node\": {}, \"ports\": []}"

static const char *
status(const json_t *result)
{
    return json_string_member(result, "command_status");
}

static void UNSHARED
end(FleetMachine *machine)
{
    lock_acquire(&machine->lock);
    agent_commands_end(machine);
    lock_release(&machine->lock);
}

static void UNSHARED
one_command_runs_at_a_time(void **state)
{
    (void)state;
    FleetMachine machine;
    start(&machine, 0);
    g_autoptr(GError) error = NULL;
    json_auto_t *write = give(&machine, "deploy.execute_deploy_step", WRITE, &error);
    assert_string_equal(status(write), AGENT_STATUS_RUNNING);
    assert_null(give(&machine, "standby.sync", "{}", &error));
    assert_true(agent_error_is(error, AGENT_ERROR_BUSY));
    end(&machine);
    json_auto_t *sync = give(&machine, "standby.sync", "{}", NULL);
    assert_string_equal(status(sync), AGENT_STATUS_SUCCEEDED);
    assert_int_equal(machine.counts[COUNT_COMMAND], 2);
    assert_int_equal(machine.counts[COUNT_COMMAND_REFUSED], 1);
    machine_clear(&machine);
}

static void UNSHARED
a_write_counts_when_it_begins_and_when_it_ends(void **state)
{
    (void)state;
    FleetMachine machine;
    start(&machine, 0);
    json_auto_t *write = give(&machine, "deploy.execute_deploy_step", WRITE, NULL);
    assert_int_equal(machine.counts[COUNT_WRITE_BEGUN], 1);
    assert_int_equal(machine.counts[COUNT_WRITE], 0);
    assert_false(machine.has_image);
    end(&machine);
    assert_int_equal(machine.counts[COUNT_WRITE], 1);
    assert_true(machine.has_image);
    const MachineResult *result = results_last(&machine);
    assert_string_equal(result->status, AGENT_STATUS_SUCCEEDED);
    assert_non_null(json_object_get(result->value, "deploy_step"));
    machine_clear(&machine);
}

static void UNSHARED
a_cut_of_power_ends_the_write_and_forgets_the_agent(void **state)
{
    (void)state;
    FleetMachine machine;
    start(&machine, 0);
    json_auto_t *write = give(&machine, "deploy.execute_deploy_step", WRITE, NULL);
    lock_acquire(&machine.lock);
    machine_switch(&machine, false);
    lock_release(&machine.lock);
    assert_int_equal(machine.phase, MACHINE_OFF);
    assert_false(machine.has_image);
    assert_null(machine.token);
    assert_int_equal(machine.results.length, 0);
    assert_int_equal(machine.counts[COUNT_WRITE], 0);
    machine_clear(&machine);
}

static void UNSHARED
fleets_that_begin_with_other_numbers_have_other_machines(void **state)
{
    (void)state;
    FleetMachine machine;
    options.first = 5000;
    machine_init(&machine, &shared, 3, 20000);
    options.first = 0;
    assert_string_equal(machine.name, "lab-5003");
    assert_string_equal(machine.mac, "52:54:01:00:13:8b");
    assert_string_equal(machine.uuid, "5fee1000-0000-4000-8000-52540100138b");
    machine_clear(&machine);
}

static void UNSHARED
without_boot_flags_a_written_disk_comes_before_the_network(void **state)
{
    (void)state;
    FleetMachine machine;
    start(&machine, 0);
    lock_acquire(&machine.lock);
    machine_switch(&machine, true);
    boot_choose_device(&machine);
    assert_int_equal(machine.phase, MACHINE_SCRIPT);
    machine.has_image = true;
    machine_switch(&machine, true);
    boot_choose_device(&machine);
    lock_release(&machine.lock);
    assert_int_equal(machine.phase, MACHINE_INSTANCE);
    assert_int_equal(machine.counts[COUNT_INSTANCE], 1);
    machine_clear(&machine);
}

static void UNSHARED
mistakes_of_a_client_are_those_of_steel_agent(void **state)
{
    (void)state;
    static const struct {
        const char *name, *params;
        AgentErrorCode code; /* AGENT_ERROR_COUNT: a result that failed */
    } rows[] = {
        {"sync",                       "{}",            AGENT_ERROR_INVALID_COMMAND},
        {"standby.fly",                "{}",            AGENT_ERROR_INVALID_COMMAND},
        {"moon.fly",                   "{}",            AGENT_ERROR_NOT_FOUND},
        {"standby.sync",               "{\"x\": 1}",    AGENT_ERROR_COUNT},
        {"deploy.execute_deploy_step", "{\"step\":{}}", AGENT_ERROR_COUNT},
        {"iscsi.start_iscsi_target",   "{}",            AGENT_ERROR_COUNT},
    };
    FleetMachine machine;
    start(&machine, 0);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        json_auto_t *result = give(&machine, rows[i].name, rows[i].params, &error);
        if (rows[i].code == AGENT_ERROR_COUNT)
            assert_string_equal(status(result), AGENT_STATUS_FAILED);
        else
            assert_true(agent_error_is(error, rows[i].code));
    }
    machine_clear(&machine);
}

#define MANY 1000

/* Which of many machines fail, and how many; each has made so many pauses before. */
static unsigned UNSHARED
failures(int per_mille, unsigned pauses, bool failed[MANY])
{
    unsigned count = 0;
    options.fail_per_mille = per_mille;
    options.seed = 1;
    for (unsigned i = 0; i < MANY; i++) {
        FleetMachine machine;
        start(&machine, i);
        for (unsigned j = 0; j < pauses; j++)
            assert_true(machine_pause(&machine) < 1);
        json_auto_t *write = give(&machine, "deploy.execute_deploy_step", WRITE, NULL);
        end(&machine);
        failed[i] = machine.counts[COUNT_COMMAND_FAILED] > 0;
        count += failed[i];
        machine_clear(&machine);
    }
    options.fail_per_mille = 0;
    return count;
}

static void
faults_come_by_their_rate_and_alike_for_the_same_seed(void **state)
{
    (void)state;
    bool failed[MANY], again[MANY];
    assert_int_equal(failures(0, 0, failed), 0);
    assert_int_equal(failures(1000, 0, failed), MANY);
    assert_in_range(failures(100, 0, failed), 60, 140);
    failures(100, 3, again); /* on a busy day there are more heartbeats before */
    assert_memory_equal(again, failed, sizeof failed);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_command_runs_at_a_time),
        cmocka_unit_test(a_write_counts_when_it_begins_and_when_it_ends),
        cmocka_unit_test(a_cut_of_power_ends_the_write_and_forgets_the_agent),
        cmocka_unit_test(fleets_that_begin_with_other_numbers_have_other_machines),
        cmocka_unit_test(without_boot_flags_a_written_disk_comes_before_the_network),
        cmocka_unit_test(mistakes_of_a_client_are_those_of_steel_agent),
        cmocka_unit_test(faults_come_by_their_rate_and_alike_for_the_same_seed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
