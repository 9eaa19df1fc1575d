/* A virtual server whose BMC speaks Redfish: its boots and its virtual media. The contracts are in
 * machine.h and machine_inside.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/machine_inside.h"

#include "common/error.h"
#include "common/log.h"
#include "lab/firmware_authorities.h"
#include "lab/lab.h"
#include "lab/media.h"
#include "lab/uefi_variables.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define AREA "lab.machine"
/* The greatest images that virtual drives take. */
#define CD_LIMIT ((uint64_t)8 * 1024 * 1024 * 1024)
#define STICK_LIMIT ((uint64_t)256 * 1024 * 1024)

/* What a BMC that speaks Redfish decides at the start of a boot. */
void
machine_redfish_boot(Machine *machine)
{
    static const IpmiBootDevice devices[REDFISH_BOOT_COUNT] = {
        [REDFISH_BOOT_PXE] = IPMI_BOOT_PXE,
        [REDFISH_BOOT_HDD] = IPMI_BOOT_DISK,
        [REDFISH_BOOT_CD] = IPMI_BOOT_CDROM,
        [REDFISH_BOOT_SETUP] = IPMI_BOOT_BIOS,
        [REDFISH_BOOT_FLOPPY] = IPMI_BOOT_FLOPPY};
    RedfishBoot boot;
    redfish_bmc_begin_post(machine->redfish, &boot);
    machine->boot = boot;
    machine->boot_device = devices[boot.device];
    machine->firmware = boot.uefi ? MACHINE_UEFI : MACHINE_BIOS;
    log_info(AREA, "%s: boot %u: device %s%s, %s", machine->config->name, machine->boot_count,
             redfish_boot_device_name(boot.device), boot.once ? " once" : "",
             boot.uefi ? "UEFI" : "BIOS");
}

/* QEMU stands for the firmware's initiator: what the guest would reach through it, it reaches
 * itself. */
static void
set_portal(Machine *machine)
{
    const RedfishIscsi *iscsi = &machine->boot.iscsi;
    bool host = machine->config->tap == NULL && strcmp(iscsi->address, LAB_SLIRP_HOST) == 0;
    g_snprintf(machine->portal, sizeof machine->portal, "%s:%d",
               host ? "127.0.0.1" : iscsi->address, iscsi->port);
}

/* Its texts come from strangers, and go into QEMU's options: they are such as options take. */
static bool
is_safe(const char *text)
{
    return text[0] != '\0' &&
           text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                             "0123456789.:-_")] == '\0';
}

static bool
write_secret(Machine *machine)
{
    g_autoptr(GError) error = NULL;
    const char *secret = machine->boot.iscsi.secret;
    if (machine->password_file == NULL)
        machine->password_file = g_strdup_printf("%s.firmware.chap", machine->config->name);
    g_autofree char *path = g_build_filename(machine->folder, machine->password_file, NULL);
    if (g_file_set_contents_full(path, secret, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, &error))
        return true;
    log_error(AREA, "%s: %s", machine->config->name, error->message);
    return false;
}

/* The volume that the firmware attaches, or NULL. */
static const MachineLun *
firmware_lun(Machine *machine)
{
    const RedfishIscsi *iscsi = &machine->boot.iscsi;
    bool chap = iscsi->username[0] != '\0';
    if (!iscsi->wanted || !is_safe(iscsi->iqn) || !is_safe(iscsi->address) ||
        !is_safe(iscsi->initiator) ||
        (chap && (!is_safe(iscsi->username) || !write_secret(machine))))
        return NULL;
    set_portal(machine);
    machine->lun = (MachineLun){.portal = machine->portal,
                                .target_iqn = iscsi->iqn,
                                .number = iscsi->lun,
                                .initiator_iqn = iscsi->initiator,
                                .chap_username = chap ? iscsi->username : NULL,
                                .password_file = machine->password_file,
                                .serial = machine->config->name};
    return &machine->lun;
}

bool
machine_volume_is_lost(Machine *machine, int status)
{
    if (!machine->boot.iscsi.wanted || (WIFEXITED(status) && WEXITSTATUS(status) == 0))
        return false;
    log_warning(AREA, "%s: the firmware does not reach %s at %s", machine->config->name,
                machine->boot.iscsi.iqn, machine->portal);
    machine->boot.iscsi.wanted = false;
    machine->keep_boot = true;
    return true;
}

/* OVMF boots a URL by a boot entry, which it is told of in its variables. An entry that an earlier
 * boot has not used is forgotten. */
void
machine_tell_firmware(Machine *machine)
{
    const char *url = machine->boot.url[0] != '\0' ? machine->boot.url : NULL;
    g_autofree char *path =
        g_build_filename(machine->folder, machine->config->variables_file, NULL);
    g_autoptr(GError) error = NULL;
    machine->by_http = false;
    if (machine->firmware != MACHINE_UEFI)
        return;
    machine->by_http = uefi_variables_file_set_next_url(path, url, &error) && url != NULL;
    if (error != NULL)
        log_error(AREA, "%s: its firmware is not told what to boot: %s", machine->config->name,
                  error->message);
    else if (url != NULL)
        log_info(AREA, "%s: its firmware is to fetch %s", machine->config->name, url);
}

static void
add_authorities(const Machine *machine, GByteArray *lists, const char *pem)
{
    g_autoptr(GError) error = NULL;
    if (pem != NULL && *pem != '\0' && !firmware_authorities_add(lists, pem, strlen(pem), &error))
        log_error(AREA, "%s: its firmware does not trust its authorities: %s",
                  machine->config->name, error->message);
}

bool
machine_write_authorities(const Machine *machine, GError **error)
{
    g_autofree char *path =
        g_build_filename(machine->folder, machine->config->authorities_file, NULL);
    g_autofree char *of_bmc = redfish_bmc_authorities(machine->redfish);
    g_autoptr(GByteArray) lists = g_byte_array_new();
    g_autoptr(GError) cause = NULL;
    if (machine->firmware != MACHINE_UEFI)
        return true;
    add_authorities(machine, lists, machine->config->authorities);
    add_authorities(machine, lists, of_bmc);
    return g_file_set_contents(path, (const char *)lists->data, (gssize)lists->len, &cause) ||
           steel_fail(error, STEEL_ERROR_IO, "%s", cause->message);
}

MachineDrives
machine_drives(Machine *machine)
{
    RedfishBootDevice device = machine->boot.device;
    const char *cd = machine->media[REDFISH_SLOT_CD], *stick = machine->media[REDFISH_SLOT_STICK];
    return (MachineDrives){.cd_file = cd,
                           .stick_file = stick,
                           .stick = machine->stick,
                           .lun = firmware_lun(machine),
                           .by_http = machine->by_http,
                           .cd_first = cd != NULL && device == REDFISH_BOOT_CD,
                           .stick_first = stick != NULL && (device == REDFISH_BOOT_USB ||
                                                            device == REDFISH_BOOT_FLOPPY)};
}

/* ---- virtual media ---- */

static void
change_cd(Machine *machine, const char *file)
{
    if (file == NULL) {
        qmp_tell(machine->qmp, "eject",
                 json_pack("{s:s, s:b}", "id", MACHINE_CD_DEVICE, "force", 1));
        return;
    }
    qmp_tell(machine->qmp, "blockdev-change-medium",
             json_pack("{s:s, s:s, s:s, s:s}", "id", MACHINE_CD_DEVICE, "filename", file, "format",
                       "raw", "read-only-mode", "read-only"));
}

/* A stick is unplugged, and another one plugged in. */
static void
change_stick(Machine *machine, const char *old_file, const char *file)
{
    char node[32], device[32];
    g_snprintf(device, sizeof device, "stickdev%u", machine->stick);
    if (old_file != NULL)
        qmp_tell(machine->qmp, "device_del", json_pack("{s:s}", "id", device));
    machine->stick++;
    if (file == NULL)
        return;
    g_snprintf(device, sizeof device, "stickdev%u", machine->stick);
    g_snprintf(node, sizeof node, "stick%u", machine->stick);
    qmp_tell(machine->qmp, "blockdev-add",
             json_pack("{s:s, s:s, s:b, s:{s:s, s:s}}", "driver", "raw", "node-name", node,
                       "read-only", 1, "file", "driver", "file", "filename", file));
    qmp_tell(machine->qmp, "device_add",
             json_pack("{s:s, s:s, s:s, s:s, s:b}", "driver", "usb-storage", "id", device, "drive",
                       node, "bus", MACHINE_USB_BUS, "removable", 1));
}

void
machine_change_medium(Machine *machine, RedfishSlot slot, char *file)
{
    g_autofree char *old_file = machine->media[slot];
    machine->media[slot] = file;
    if (slot == REDFISH_SLOT_CD)
        change_cd(machine, file);
    else
        change_stick(machine, old_file, file);
    if (old_file != NULL) {
        g_autofree char *path = g_build_filename(machine->folder, old_file, NULL);
        unlink(path); /* QEMU has it open as long as it needs it */
    }
    log_info(AREA, "%s: %s in drive %d", machine->config->name, file != NULL ? file : "nothing",
             (int)slot);
}

static bool
redfish_power(void *user, RedfishPower power, GError **error)
{
    static const IpmiChassisControl controls[] = {
        [REDFISH_POWER_ON] = IPMI_CHASSIS_ON,         [REDFISH_POWER_OFF] = IPMI_CHASSIS_OFF,
        [REDFISH_POWER_RESTART] = IPMI_CHASSIS_RESET, [REDFISH_POWER_CYCLE] = IPMI_CHASSIS_CYCLE,
        [REDFISH_POWER_PRESS] = IPMI_CHASSIS_SOFT,    [REDFISH_POWER_NMI] = IPMI_CHASSIS_DIAG};
    Machine *machine = user;
    MailboxOrder order = {.recipient = machine, .control = controls[power]};
    return mailbox_put(machine->mailbox, &order, error);
}

static bool
put_medium(Machine *machine, RedfishSlot slot, const char *file, GError **error)
{
    MailboxOrder order = {
        .kind = MAILBOX_MEDIUM, .recipient = machine, .slot = slot, .file = g_strdup(file)};
    if (mailbox_put(machine->mailbox, &order, error))
        return true;
    g_free(order.file);
    return false;
}

/* On a thread of the BMCs. */
static bool
redfish_insert(void *user, RedfishSlot slot, const RedfishMedium *medium, GError **error)
{
    static const uint64_t limits[] = {
        [REDFISH_SLOT_CD] = CD_LIMIT, [REDFISH_SLOT_STICK] = STICK_LIMIT};
    Machine *machine = user;
    g_autofree char *file = g_strdup_printf("%s.%u.medium", machine->config->name,
                                            atomic_fetch_add(&machine->media_count, 1));
    g_autofree char *path = g_build_filename(machine->folder, file, NULL);
    if (!media_fetch(medium, path, limits[slot], error))
        return false;
    if (put_medium(machine, slot, file, error))
        return true;
    unlink(path);
    return false;
}

static bool
redfish_eject(void *user, RedfishSlot slot, GError **error)
{
    return put_medium(user, slot, NULL, error);
}

const RedfishMachineOps machine_redfish_ops = {
    .power = redfish_power, .insert = redfish_insert, .eject = redfish_eject};
