/* A simulated machine; the contract is in machine.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/fleet/machine.h"

#include "bmc/ipmi/wire/chassis.h"
#include "common/secret.h"
#include "common/time_text.h"
#include "lab/fleet/results.h"

static const struct {
    const char *word;
    bool works;
} phases[MACHINE_PHASE_COUNT] = {
#define MACHINE_PHASE(code, word, works) {word, works},
#include "lab/fleet/machine_phases.def"
#undef MACHINE_PHASE
};

static const char *const counts[MACHINE_COUNT_COUNT] = {
#define MACHINE_COUNT(code, word, purpose) word,
#include "lab/fleet/machine_counts.def"
#undef MACHINE_COUNT
};

static const char *const orders[] = {
    [IPMI_CHASSIS_OFF] = "off",     [IPMI_CHASSIS_ON] = "on",     [IPMI_CHASSIS_CYCLE] = "cycle",
    [IPMI_CHASSIS_RESET] = "reset", [IPMI_CHASSIS_DIAG] = "diag", [IPMI_CHASSIS_SOFT] = "soft",
};

const char *
machine_phase_word(MachinePhase phase)
{
    return phases[phase].word;
}

const char *
machine_count_word(MachineCount count)
{
    return counts[count];
}

const char *
machine_order_word(IpmiChassisControl order)
{
    return orders[order];
}

/* As QEMU's machines have them, with another third byte. */
static char *
uuid_of(const char *mac)
{
    return g_strdup_printf("5fee1000-0000-4000-8000-%.2s%.2s%.2s%.2s%.2s%.2s", mac, mac + 3,
                           mac + 6, mac + 9, mac + 12, mac + 15);
}

void UNSHARED
machine_init(FleetMachine *machine, MachineShared *shared, unsigned index, uint16_t port)
{
    *machine = (FleetMachine){.shared = shared, .index = index, .port = port};
    unsigned number = index + (unsigned)shared->options->first;
    g_snprintf(machine->mac, sizeof machine->mac, "52:54:01:%02x:%02x:%02x", number >> 16 & 0xff,
               number >> 8 & 0xff, number & 0xff);
    machine->name = g_strdup_printf("%s-%u", shared->options->name_prefix, number);
    machine->uuid = uuid_of(machine->mac);
    lock_init(&machine->lock, LOCK_RANK_FLEET_MACHINE);
    g_queue_init(&machine->results);
    machine->scheduled_ms = machine->due_ms = machine->power_due_ms = INT64_MAX;
}

void UNSHARED
machine_clear(FleetMachine *machine)
{
    results_clear(machine);
    boot_script_clear(&machine->script);
    parameters_free(machine->parameters);
    secret_free(machine->token);
    g_free(machine->node_uuid);
    g_free(machine->certificate);
    g_free(machine->name);
    g_free(machine->uuid);
    lock_destroy(&machine->lock);
}

#define PAUSES (UINT64_C(1) << 23) /* where their numbers begin */

/* splitmix64, of a number that is another one for each throw. From 0 to 999. */
static unsigned
drawn(const FleetMachine *machine, uint64_t number)
{
    uint64_t seed = (uint64_t)MAX(machine->shared->options->seed, 0);
    uint64_t x = seed << 48 ^ (uint64_t)machine->index << 24 ^ number;
    x += 0x9e3779b97f4a7c15;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
    x = (x ^ x >> 27) * 0x94d049bb133111eb;
    return (unsigned)((x ^ x >> 31) % 1000);
}

double
machine_pause(FleetMachine *machine)
{
    return drawn(machine, PAUSES + machine->pauses++) / 1000.0;
}

bool
machine_roll(FleetMachine *machine, int per_mille)
{
    return (int)drawn(machine, machine->rolls++) < per_mille;
}

void
machine_wake(FleetMachine *machine, int64_t at_ms)
{
    if (machine->busy || at_ms >= machine->scheduled_ms || machine->shared->pool == NULL ||
        atomic_load(&machine->shared->stopping))
        return;
    int64_t delay = MAX(at_ms - time_monotonic_ms(), 0);
    machine->scheduled_ms = at_ms;
    pool_submit_later(machine->shared->pool, (unsigned)MIN(delay, INT32_MAX), machine->shared->job,
                      machine);
}

int64_t
machine_next_due(const FleetMachine *machine)
{
    int64_t next = machine->power_due_ms;
    if (phases[machine->phase].works && machine->phase != MACHINE_AGENT)
        return MIN(next, machine->due_ms);
    if (machine->phase != MACHINE_AGENT)
        return next;
    next = MIN(next, machine->heartbeat_due_ms);
    if (machine->work.check_url != NULL)
        return MIN(next, machine->work.check_due_ms);
    return machine->work.runs ? MIN(next, MIN(machine->work.due_ms, machine->progress_due_ms))
                              : next;
}

void
machine_enter(FleetMachine *machine, MachinePhase phase, int64_t delay_ms)
{
    machine->phase = phase;
    machine->due_ms = time_monotonic_ms() + delay_ms;
    machine_wake(machine, machine_next_due(machine));
}

void
machine_agent_end(FleetMachine *machine)
{
    if (machine->token != NULL && machine->shared->doors != NULL)
        doors_close(machine->shared->doors, machine->index);
    secret_free(machine->token);
    machine->token = NULL;
    results_clear(machine);
}

int64_t
machine_half_boot_ms(const FleetMachine *machine)
{
    return machine->shared->options->boot_tenths * 50;
}

void
machine_switch(FleetMachine *machine, bool on)
{
    machine_agent_end(machine);
    machine->epoch++;
    machine->power_due_ms = INT64_MAX;
    if (on)
        machine_count(machine, COUNT_BOOT);
    machine_enter(machine, on ? MACHINE_FIRMWARE : MACHINE_OFF, machine_half_boot_ms(machine));
}

static json_t *history_json(const FleetMachine *machine) REQUIRES(machine->lock);

static json_t *
history_json(const FleetMachine *machine)
{
    json_t *list = json_array();
    unsigned kept = MIN(machine->history_length, MACHINE_HISTORY);
    for (unsigned i = machine->history_length - kept; i < machine->history_length; i++)
        json_array_append_new(list, json_string(orders[machine->history[i % MACHINE_HISTORY]]));
    return list;
}

json_t *
machine_report(FleetMachine *machine)
{
    lock_acquire(&machine->lock);
    json_t *report = json_pack("{s:s, s:s, s:s, s:i, s:s, s:b, s:o}", "name", machine->name, "uuid",
                               machine->uuid, "mac", machine->mac, "port", (int)machine->port,
                               "phase", machine_phase_word(machine->phase), "image",
                               (int)machine->has_image, "power", history_json(machine));
    for (int i = 0; i < MACHINE_COUNT_COUNT; i++)
        json_object_set_new(report, counts[i], json_integer(machine->counts[i]));
    lock_release(&machine->lock);
    return report;
}
