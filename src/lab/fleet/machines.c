/* The machines of a fleet; the contract is in machines.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/fleet/machines.h"

#include "common/error.h"
#include "common/time_text.h"
#include "lab/fleet/agent_server.h"
#include "lab/fleet/life.h"
#include "lab/fleet/machine.h"

#define BOOT_URL "http://127.0.0.1:8089/boot.ipxe" /* where steeld serves it on this machine */

enum {
    THREADS = 16, /* that ask services at a time */
    QUEUE = 16,
    CYCLE_MS = 1000, /* off, until it is on again */
    SOFT_MS = 500,   /* a system shuts down */
};

struct Machines {
    MachineShared shared;
    FleetMachine *all; /* owned */
    unsigned count;
    FleetServer *server; /* owned */
};

static bool
open_journal(Machines *machines, GError **error)
{
    const char *path = machines->shared.options->journal;
    if (path == NULL)
        return true;
    machines->shared.journal = order_journal_open(path, error);
    return machines->shared.journal != NULL;
}

static void
init_all(Machines *machines, uint16_t first)
{
    for (unsigned i = 0; i < machines->count; i++)
        machine_init(&machines->all[i], &machines->shared, i, (uint16_t)(first + i));
}

Machines *
machines_new(const LabOptions *options, GError **error)
{
    Machines *machines = g_new0(Machines, 1);
    unsigned count = (unsigned)options->agent_count;
    uint16_t first = (uint16_t)options->port_base;
    machines->shared.options = options;
    machines->shared.boot_url = options->boot_url != NULL ? options->boot_url : BOOT_URL;
    machines->shared.job = life_turn;
    machines->shared.pool = pool_new("machine", THREADS, QUEUE);
    machines->shared.certificates = certificates_new(first, count);
    machines->count = count;
    machines->all = g_new0(FleetMachine, count);
    init_all(machines, first);
    if (open_journal(machines, error))
        machines->shared.doors = doors_new(options->address, first, count, error);
    if (machines->shared.doors != NULL)
        machines->server = fleet_server_start(machines->shared.doors, machines->all, count, error);
    if (machines->server != NULL)
        return machines;
    machines_free(machines);
    return NULL;
}

void
machines_stop(Machines *machines)
{
    if (machines == NULL)
        return;
    atomic_store(&machines->shared.stopping, true);
    doors_stop(machines->shared.doors);
    fleet_server_free(g_steal_pointer(&machines->server));
    (void)!pool_finish(machines->shared.pool, 0);
}

void
machines_free(Machines *machines)
{
    if (machines == NULL)
        return;
    machines_stop(machines);
    pool_free(machines->shared.pool);
    for (unsigned i = 0; i < machines->count; i++)
        machine_clear(&machines->all[i]);
    doors_free(machines->shared.doors);
    certificates_free(machines->shared.certificates);
    order_journal_close(machines->shared.journal);
    g_free(machines->all);
    g_free(machines);
}

/* ---- orders of a BMC ---- */

static bool
machines_get_power(void *user_data)
{
    FleetMachine *machine = user_data;
    lock_acquire(&machine->lock);
    bool on = machine->phase != MACHINE_OFF;
    lock_release(&machine->lock);
    return on;
}

static void note_order(FleetMachine *machine, IpmiChassisControl control) REQUIRES(machine->lock);

static void
note_order(FleetMachine *machine, IpmiChassisControl control)
{
    static const MachineCount counted[] = {
        [IPMI_CHASSIS_OFF] = COUNT_POWER_OFF, [IPMI_CHASSIS_ON] = COUNT_POWER_ON,
        [IPMI_CHASSIS_CYCLE] = COUNT_RESET,   [IPMI_CHASSIS_RESET] = COUNT_RESET,
        [IPMI_CHASSIS_DIAG] = COUNT_RESET,    [IPMI_CHASSIS_SOFT] = COUNT_POWER_OFF,
    };
    machine_count(machine, counted[control]);
    machine->history[machine->history_length++ % MACHINE_HISTORY] = (uint8_t)control;
}

/* The power changes after a while. */
static void change_later(FleetMachine *machine, bool on, int64_t delay_ms) REQUIRES(machine->lock);

static void
change_later(FleetMachine *machine, bool on, int64_t delay_ms)
{
    machine->power_due_ms = time_monotonic_ms() + delay_ms;
    machine->power_due_on = on;
    machine_wake(machine, machine->power_due_ms);
}

static void follow_order(FleetMachine *machine, IpmiChassisControl control) REQUIRES(machine->lock);

static void
follow_order(FleetMachine *machine, IpmiChassisControl control)
{
    switch (control) {
    case IPMI_CHASSIS_ON:
        if (machine->phase == MACHINE_OFF)
            machine_switch(machine, true);
        return;
    case IPMI_CHASSIS_OFF:
        machine_switch(machine, false);
        return;
    case IPMI_CHASSIS_RESET:
        machine_switch(machine, true);
        return;
    case IPMI_CHASSIS_CYCLE:
        machine_switch(machine, false);
        change_later(machine, true, CYCLE_MS);
        return;
    case IPMI_CHASSIS_SOFT:
        change_later(machine, false, SOFT_MS);
        return;
    case IPMI_CHASSIS_DIAG:
        return;
    }
}

static bool
machines_chassis_control(void *user_data, IpmiChassisControl control, GError **error)
{
    (void)error;
    FleetMachine *machine = user_data;
    if (machine->shared->journal != NULL) {
        g_autofree char *asker = ipmi_bmc_asker(machine->bmc);
        order_journal_add(machine->shared->journal, machine->uuid, machine_order_word(control),
                          asker);
    }
    lock_acquire(&machine->lock);
    note_order(machine, control);
    follow_order(machine, control);
    lock_release(&machine->lock);
    return true;
}

static size_t
machines_serial_input(void *user_data, const uint8_t *bytes, size_t size)
{
    return teletype_input(&((FleetMachine *)user_data)->teletype, bytes, size);
}

static void
machines_serial_break(void *user_data)
{
    teletype_break(&((FleetMachine *)user_data)->teletype);
}

const IpmiBmcOps machines_bmc_ops = {
    .get_power = machines_get_power,
    .chassis_control = machines_chassis_control,
    .serial_input = machines_serial_input,
    .serial_break = machines_serial_break,
};

void *
machines_user(Machines *machines, unsigned index)
{
    return &machines->all[index];
}

void
machines_set_bmc(Machines *machines, unsigned index, IpmiBmc *bmc)
{
    machines->all[index].bmc = bmc;
    teletype_init(&machines->all[index].teletype, machines->all[index].name, bmc);
}

/* ---- how to enrol ---- */

const char *
machines_boot_url(const Machines *machines)
{
    return machines->shared.boot_url;
}

json_t *
machines_node(const Machines *machines, unsigned index)
{
    const FleetMachine *machine = &machines->all[index];
    const LabOptions *options = machines->shared.options;
    return json_pack("{s:s, s:s, s:s, s:s, s:i, s:s, s:s}", "name", machine->name, "uuid",
                     machine->uuid, "mac", machine->mac, "ipmi_address", options->address,
                     "ipmi_port", (int)machine->port, "ipmi_username", options->username,
                     "ipmi_password", options->password);
}

bool
machines_run_instance(Machines *machines, unsigned index)
{
    FleetMachine *machine = &machines->all[index];
    lock_acquire(&machine->lock);
    bool runs = machine->phase == MACHINE_INSTANCE && machine->has_image;
    lock_release(&machine->lock);
    return runs;
}

char *
machines_commands(const Machines *machines, unsigned index)
{
    const FleetMachine *machine = &machines->all[index];
    const LabOptions *options = machines->shared.options;
    return g_strdup_printf("baremetal node create --driver ipmi --uuid %s --name %s --driver-info "
                           "ipmi_address=%s --driver-info ipmi_port=%u --driver-info "
                           "ipmi_username=%s --driver-info ipmi_password=%s\n"
                           "baremetal port create --node %s %s\n",
                           machine->uuid, machine->name, options->address, machine->port,
                           options->username, options->password, machine->uuid, machine->mac);
}

/* ---- reports ---- */

static void
add_phase(FleetMachine *machine, json_t *phases, unsigned sums[MACHINE_COUNT_COUNT])
{
    lock_acquire(&machine->lock);
    const char *word = machine_phase_word(machine->phase);
    for (int i = 0; i < MACHINE_COUNT_COUNT; i++)
        sums[i] += machine->counts[i];
    lock_release(&machine->lock);
    json_int_t before = json_integer_value(json_object_get(phases, word));
    json_object_set_new(phases, word, json_integer(before + 1));
}

json_t *
machines_sum(Machines *machines)
{
    unsigned sums[MACHINE_COUNT_COUNT] = {0};
    json_t *phases = json_object(), *sum = json_object();
    for (unsigned i = 0; i < machines->count; i++)
        add_phase(&machines->all[i], phases, sums);
    for (int i = 0; i < MACHINE_COUNT_COUNT; i++)
        json_object_set_new(sum, machine_count_word((MachineCount)i), json_integer(sums[i]));
    return json_pack("{s:o, s:o}", "phases", phases, "sum", sum);
}

json_t *
machines_report(Machines *machines)
{
    json_t *report = machines_sum(machines), *list = json_array();
    for (unsigned i = 0; i < machines->count; i++)
        json_array_append_new(list, machine_report(&machines->all[i]));
    json_object_set_new(report, "machines", list);
    return report;
}
