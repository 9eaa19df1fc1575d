/* Turns of a simulated machine; the contract is in life.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/fleet/life.h"

#include "common/time_text.h"
#include "lab/fleet/agent_calls.h"
#include "lab/fleet/agent_commands.h"
#include "lab/fleet/boot_steps.h"

/* What is done without the lock. NULL: nothing is due. */
typedef void (*Step)(FleetMachine *machine, unsigned epoch);

static Step agent_step(FleetMachine *machine, int64_t now) REQUIRES(machine->lock);

static Step
agent_step(FleetMachine *machine, int64_t now)
{
    MachineWork *work = &machine->work;
    bool checks = work->runs && work->check_url != NULL;
    if (checks && work->check_due_ms <= now)
        return agent_check_image;
    if (work->runs && !checks && work->due_ms <= now)
        agent_commands_end(machine);
    if (machine->phase != MACHINE_AGENT)
        return NULL;
    if (machine->heartbeat_due_ms <= now)
        return agent_heartbeat;
    return work->runs && !checks && machine->progress_due_ms <= now ? agent_tell_progress : NULL;
}

/* Does what needs no I/O, and returns what does. */
static Step next_step(FleetMachine *machine, int64_t now) REQUIRES(machine->lock);

static Step
next_step(FleetMachine *machine, int64_t now)
{
    if (machine->power_due_ms <= now)
        machine_switch(machine, machine->power_due_on);
    if (machine->phase == MACHINE_AGENT)
        return agent_step(machine, now);
    if (machine->phase == MACHINE_FIRMWARE && machine->due_ms <= now)
        boot_choose_device(machine);
    if (machine->due_ms > now)
        return NULL;
    switch ((int)machine->phase) {
    case MACHINE_SCRIPT:
        return boot_ask_script;
    case MACHINE_LOADING:
        return boot_load;
    case MACHINE_RAMDISK:
        return agent_look_up;
    default:
        return NULL;
    }
}

/* Takes the machine for this job. False: another job has it, and will see what is due. */
static bool
take(FleetMachine *machine)
{
    lock_acquire(&machine->lock);
    if (time_monotonic_ms() >= machine->scheduled_ms)
        machine->scheduled_ms = INT64_MAX;
    bool taken = !machine->busy;
    machine->busy = true;
    lock_release(&machine->lock);
    return taken;
}

/* The next step, or NULL: the job is over, and the next one is on its way. */
static Step
go_on(FleetMachine *machine, unsigned *epoch)
{
    Step step = NULL;
    lock_acquire(&machine->lock);
    bool stopping = atomic_load(&machine->shared->stopping);
    int64_t due = INT64_MAX;
    while (!stopping && step == NULL) {
        int64_t now = time_monotonic_ms();
        step = next_step(machine, now);
        due = machine_next_due(machine);
        if (due > now)
            break;
    }
    *epoch = machine->epoch;
    machine->busy = step != NULL;
    if (step == NULL && !stopping && due < INT64_MAX)
        machine_wake(machine, due);
    lock_release(&machine->lock);
    return step;
}

void
life_turn(void *data)
{
    FleetMachine *machine = data;
    unsigned epoch;
    if (atomic_load(&machine->shared->stopping) || !take(machine))
        return;
    for (Step step; (step = go_on(machine, &epoch)) != NULL;)
        step(machine, epoch);
}
