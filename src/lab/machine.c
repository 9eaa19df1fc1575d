/* A virtual server; the contract is in machine.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/machine_inside.h"

#include "common/error.h"
#include "common/json_text.h"
#include "common/log.h"
#include "common/process.h"
#include "common/time_text.h"
#include "lab/qmp.h"
#include "lab/volume.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define CYCLE_PAUSE_MS 1000
/* SeaBIOS answers a reset by resetting the machine twice more before it boots. Resets by the guest
 * within this time after a boot's start belong to that boot: they clear no boot flags, and the boot
 * order stays. */
#define BOOT_SETTLE_MS 2000
#define AREA "lab.machine"

Machine *
machine_new(const MachineConfig *config, const char *folder, bool uefi, int network_namespace,
            Mailbox *mailbox)
{
    Machine *machine = g_new0(Machine, 1);
    machine->config = config;
    machine->folder = folder;
    machine->always_uefi = uefi;
    machine->network_namespace = network_namespace;
    machine->mailbox = mailbox;
    machine->firmware = uefi ? MACHINE_UEFI : MACHINE_BIOS;
    if (!machine_serial_open(&machine->serial))
        log_warning(AREA, "%s: Serial over LAN will not type: %s", config->name, g_strerror(errno));
    return machine;
}

void
machine_set_bmc(Machine *machine, IpmiBmc *bmc)
{
    atomic_store(&machine->bmc, bmc);
}

void
machine_set_redfish(Machine *machine, RedfishBmc *bmc)
{
    machine->redfish = bmc;
}

/* The network card's place in the boot order for a boot device. Without one a server tries its
 * disk, then the network. */
static bool
is_network(IpmiBootDevice device)
{
    return device == IPMI_BOOT_PXE;
}

/* Reads the flags for the next boot and keeps them. */
static bool
next_is_network(const Machine *machine)
{
    IpmiBootFlags flags = {0};
    ipmi_bmc_peek_boot_flags(atomic_load(&machine->bmc), &flags);
    return flags.valid && is_network(flags.device);
}

/* What the firmware does when it starts: reads the flags, and clears those for one boot. */
static void
take_flags(Machine *machine)
{
    machine->boot_count++;
    machine->settled_at_ms = time_monotonic_ms() + BOOT_SETTLE_MS;
    if (machine->redfish != NULL) {
        machine_redfish_boot(machine);
        return;
    }
    IpmiBootDevice device = IPMI_BOOT_NONE;
    bool persistent = false, efi = false;
    bool valid = ipmi_bmc_take_boot_device(atomic_load(&machine->bmc), &device, &persistent, &efi);
    machine->boot_device = valid ? device : IPMI_BOOT_NONE;
    log_info(AREA, "%s: boot %u: device %s%s%s", machine->config->name, machine->boot_count,
             ipmi_boot_device_name(machine->boot_device), valid && persistent ? ", persistent" : "",
             valid && efi ? ", EFI" : "");
    if (valid && efi)
        machine->firmware = MACHINE_UEFI;
}

/* Sets the order of the next boot in the running QEMU, if it has changed. */
static void
update_order(Machine *machine)
{
    if (machine->qmp == NULL || machine->redfish != NULL ||
        time_monotonic_ms() < machine->settled_at_ms)
        return;
    bool network_first = next_is_network(machine);
    if (network_first == machine->network_first_next)
        return;
    machine->network_first_next = network_first;
    qmp_tell(machine->qmp, "qom-set",
             json_pack("{s:s, s:s, s:i}", "path", MACHINE_NETWORK_PATH, "property", "bootindex",
                       "value",
                       network_first ? MACHINE_NETWORK_BEFORE_DISK : MACHINE_NETWORK_AFTER_DISK));
}

/* Every boot begins with a marker line in the console's log. */
static void
mark_console(const Machine *machine, const char *event)
{
    char now[TIME_TEXT_SIZE];
    g_autofree char *path = g_build_filename(machine->folder, machine->config->console_file, NULL);
    g_autofree char *line = g_strdup_printf("\n--- %s %s ---\n", event, time_now_text(now));
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    size_t size = strlen(line);
    if (fd < 0 || write(fd, line, size) != (ssize_t)size)
        log_warning(AREA, "cannot write %s: %s", path, g_strerror(errno));
    if (fd >= 0)
        close(fd);
}

static void
on_monitor_event(void *user_data, const char *event, const json_t *data)
{
    Machine *machine = user_data;
    bool by_guest = json_is_true(json_object_get(data, "guest"));
    if (strcmp(event, "RESET") == 0) {
        if (by_guest && time_monotonic_ms() < machine->settled_at_ms)
            return;
        log_info(AREA, "%s: reset by the %s", machine->config->name, by_guest ? "guest" : "BMC");
        mark_console(machine, "reset");
        take_flags(machine);
    } else if (strcmp(event, "SHUTDOWN") == 0) {
        log_info(AREA, "%s: shutdown by the %s", machine->config->name, by_guest ? "guest" : "BMC");
        machine->reset_by_guest = g_strcmp0(json_string_member(data, "reason"), "guest-reset") == 0;
    } else if (machine->redfish != NULL &&
               (strcmp(event, "STOP") == 0 || strcmp(event, "RESUME") == 0)) {
        redfish_bmc_set_paused(machine->redfish, strcmp(event, "STOP") == 0);
    }
}

/* UEFI keeps its variables in flash; a machine gets its own copy the first time. */
static bool
prepare_firmware(const Machine *machine, GError **error)
{
    g_autofree char *path =
        g_build_filename(machine->folder, machine->config->variables_file, NULL);
    if (machine->firmware == MACHINE_BIOS || g_file_test(path, G_FILE_TEST_EXISTS))
        return true;
    return volume_copy(MACHINE_UEFI_VARIABLES, path, error);
}

static bool
spawn(Machine *machine, int monitor_fd, GError **error)
{
    g_autofree char *log_path =
        g_strdup_printf("%s/%s.qemu.log", machine->folder, machine->config->name);
    int log_fd = open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (log_fd < 0)
        return steel_fail(error, STEEL_ERROR_IO, "cannot open %s: %s", log_path, g_strerror(errno));
    const MachineDrives drives =
        machine->redfish != NULL ? machine_drives(machine) : (MachineDrives){0};
    g_auto(GStrv) command =
        machine_command(machine->config, machine->redfish != NULL ? &drives : NULL,
                        machine->firmware, is_network(machine->boot_device), monitor_fd);
    ProcessSpec spec = {.argv = (const char *const *)command,
                        .working_directory = machine->folder,
                        .network_namespace = machine->network_namespace,
                        .inherited_fd = monitor_fd,
                        .output_fd = log_fd};
    pid_t pid = process_spawn(&spec, error);
    close(log_fd);
    if (pid < 0)
        return false;
    machine->pid = pid;
    return true;
}

static bool
start(Machine *machine, GError **error)
{
    machine->start_at_ms = 0;
    machine->reset_by_guest = false;
    if (machine->redfish == NULL)
        machine->firmware = machine->always_uefi ? MACHINE_UEFI : MACHINE_BIOS;
    if (!machine->keep_boot)
        take_flags(machine);
    machine->keep_boot = false;
    int sockets[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0)
        return steel_fail(error, STEEL_ERROR_IO, "socketpair: %s", g_strerror(errno));
    mark_console(machine, "power on");
    bool started = prepare_firmware(machine, error);
    if (started && machine->redfish != NULL) {
        machine_tell_firmware(machine);
        started = machine_write_authorities(machine, error);
    }
    started = started && spawn(machine, sockets[1], error);
    close(sockets[1]);
    if (!started) {
        close(sockets[0]);
        return false;
    }
    machine->qmp = qmp_new(sockets[0], machine->config->name, on_monitor_event, machine);
    machine->network_first_next = is_network(machine->boot_device);
    atomic_store(&machine->powered, true);
    log_info(AREA, "%s: power on, process %d", machine->config->name, (int)machine->pid);
    return true;
}

static void
drop_process(Machine *machine)
{
    machine->pid = 0;
    machine_serial_drop(&machine->serial, machine->folder, machine->config->name);
    g_clear_pointer(&machine->qmp, qmp_free);
}

static void
forget_process(Machine *machine)
{
    atomic_store(&machine->powered, false);
    if (machine->redfish != NULL)
        redfish_bmc_set_power(machine->redfish, false);
    drop_process(machine);
    mark_console(machine, "power off");
}

/* Ends it at once, like pulling the plug. */
static void
stop(Machine *machine)
{
    machine->start_at_ms = 0;
    if (machine->pid == 0)
        return;
    process_end(machine->pid, SIGKILL, 0);
    forget_process(machine);
    log_info(AREA, "%s: power off", machine->config->name);
}

/* The firmware of a new QEMU starts; the power stays on. */
static bool
start_anew(Machine *machine, GError **error)
{
    drop_process(machine);
    if (start(machine, error))
        return true;
    forget_process(machine);
    return false;
}

static bool
reset(Machine *machine, GError **error)
{
    if (machine->redfish != NULL && machine->pid != 0) {
        process_end(machine->pid, SIGKILL, 0);
        return start_anew(machine, error);
    }
    machine->settled_at_ms = 0;
    update_order(machine);
    qmp_tell(machine->qmp, "system_reset", NULL);
    return true;
}

static void
control_machine(Machine *machine, IpmiChassisControl control)
{
    g_autoptr(GError) error = NULL;
    bool good = true;
    switch (control) {
    case IPMI_CHASSIS_ON:
        good = machine->pid != 0 || start(machine, &error);
        break;
    case IPMI_CHASSIS_OFF:
        stop(machine);
        break;
    case IPMI_CHASSIS_CYCLE:
        stop(machine);
        machine->start_at_ms = time_monotonic_ms() + CYCLE_PAUSE_MS;
        break;
    case IPMI_CHASSIS_RESET:
        good = reset(machine, &error);
        break;
    case IPMI_CHASSIS_SOFT:
        qmp_tell(machine->qmp, "system_powerdown", NULL);
        break;
    case IPMI_CHASSIS_DIAG:
        qmp_tell(machine->qmp, "inject-nmi", NULL);
        break;
    default:
        break;
    }
    if (!good)
        log_error(AREA, "%s: power on: %s", machine->config->name, error->message);
}

void
machine_obey(Machine *machine, MailboxOrder *order)
{
    if (order->kind == MAILBOX_BREAK)
        qmp_tell(machine->qmp, "chardev-send-break", json_pack("{s:s}", "id", MACHINE_CONSOLE));
    else if (order->kind == MAILBOX_MEDIUM)
        machine_change_medium(machine, (RedfishSlot)order->slot, g_steal_pointer(&order->file));
    else
        control_machine(machine, order->control);
}

void
machine_reap(Machine *machine)
{
    int status;
    g_autoptr(GError) error = NULL;
    if (machine->pid == 0 || waitpid(machine->pid, &status, WNOHANG) != machine->pid)
        return;
    if (machine->redfish != NULL &&
        (machine->reset_by_guest || machine_volume_is_lost(machine, status))) {
        log_info(AREA, "%s: reset", machine->config->name);
        if (!start_anew(machine, &error))
            log_error(AREA, "%s: reset: %s", machine->config->name, error->message);
        return;
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        log_info(AREA, "%s: powered itself off", machine->config->name);
    else
        log_error(AREA, "%s: QEMU ended with %s %d; see %s.qemu.log", machine->config->name,
                  WIFSIGNALED(status) ? "signal" : "status",
                  WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
                  machine->config->name);
    forget_process(machine);
}

size_t
machine_poll(const Machine *machine, struct pollfd *polled)
{
    size_t count = machine_serial_poll(&machine->serial, polled);
    if (machine->qmp != NULL)
        polled[count++] = (struct pollfd){.fd = qmp_fd(machine->qmp), .events = POLLIN};
    return count;
}

/* QEMU's serial port is there when its monitor is. */
static void
carry_serial(Machine *machine)
{
    if (machine->pid != 0)
        machine_serial_connect(&machine->serial, machine->folder, machine->config->name);
    machine_serial_carry(&machine->serial, atomic_load(&machine->bmc));
}

void
machine_attend(Machine *machine)
{
    carry_serial(machine);
    g_autoptr(GError) error = NULL;
    if (machine->qmp != NULL && !qmp_read(machine->qmp, &error)) {
        log_debug(AREA, "%s: %s", machine->config->name, error->message);
        g_clear_pointer(&machine->qmp, qmp_free);
    }
}

void
machine_tick(Machine *machine)
{
    if (machine->start_at_ms != 0 && time_monotonic_ms() >= machine->start_at_ms)
        control_machine(machine, IPMI_CHASSIS_ON);
    update_order(machine);
}

void
machine_free(Machine *machine)
{
    if (machine == NULL)
        return;
    stop(machine);
    machine_serial_close(&machine->serial);
    for (int slot = 0; slot < REDFISH_SLOT_COUNT; slot++)
        g_free(machine->media[slot]);
    g_free(machine->password_file);
    g_free(machine);
}

void
machine_status(const Machine *machine, MachineStatus *status)
{
    *status = (MachineStatus){.powered = machine->pid != 0,
                              .pid = machine->pid,
                              .boot_device = ipmi_boot_device_name(machine->boot_device),
                              .firmware = machine->firmware == MACHINE_UEFI ? "uefi" : "bios",
                              .boot_count = machine->boot_count};
}

static bool
bmc_get_power(void *user_data)
{
    Machine *machine = user_data;
    return atomic_load(&machine->powered);
}

static bool
bmc_chassis_control(void *user_data, IpmiChassisControl control, GError **error)
{
    Machine *machine = user_data;
    bool needs_power = control == IPMI_CHASSIS_RESET || control == IPMI_CHASSIS_CYCLE ||
                       control == IPMI_CHASSIS_DIAG || control == IPMI_CHASSIS_SOFT;
    if (needs_power && !atomic_load(&machine->powered))
        return steel_fail(error, STEEL_ERROR_INVALID_STATE, "the machine is off");
    MailboxOrder order = {.recipient = machine, .control = control};
    return mailbox_put(machine->mailbox, &order, error);
}

static size_t
bmc_serial_input(void *user_data, const uint8_t *bytes, size_t size)
{
    return machine_serial_type(&((const Machine *)user_data)->serial, bytes, size);
}

static void
bmc_serial_break(void *user_data)
{
    Machine *machine = user_data;
    MailboxOrder order = {.kind = MAILBOX_BREAK, .recipient = machine};
    if (!mailbox_put(machine->mailbox, &order, NULL))
        log_debug(AREA, "%s: a break is lost", machine->config->name);
}

const IpmiBmcOps machine_bmc_ops = {
    .get_power = bmc_get_power,
    .chassis_control = bmc_chassis_control,
    .serial_input = bmc_serial_input,
    .serial_break = bmc_serial_break,
};

static bool
console_chassis_control(void *user_data, IpmiChassisControl control, GError **error)
{
    (void)user_data, (void)control;
    return steel_fail(error, STEEL_ERROR_UNSUPPORTED, "this iLO is switched by Redfish");
}

const IpmiBmcOps machine_console_ops = {
    .get_power = bmc_get_power,
    .chassis_control = console_chassis_control,
    .serial_input = bmc_serial_input,
    .serial_break = bmc_serial_break,
};
