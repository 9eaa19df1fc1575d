/* The QEMU command line of a virtual server; the contract is in machine_command.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/machine_command.h"
#include "lab/machine_serial.h"

#include "lab/tftp.h"

#include <glib.h>

/* Where a ramdisk's agent listens. */
#define MACHINE_AGENT_PORT 9999u

static void G_GNUC_PRINTF(3, 4)
    add_option(GPtrArray *arguments, const char *name, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    g_ptr_array_add(arguments, g_strdup(name));
    g_ptr_array_add(arguments, g_strdup_vprintf(format, values));
    va_end(values);
}

static void
add_flag(GPtrArray *arguments, const char *name)
{
    g_ptr_array_add(arguments, g_strdup(name));
}

char *
machine_escape(const char *text)
{
    g_auto(GStrv) parts = g_strsplit(text, ",", -1);
    return g_strjoinv(",,", parts);
}

static void
add_firmware(GPtrArray *arguments, const MachineConfig *config, MachineFirmware firmware)
{
    if (firmware == MACHINE_BIOS) {
        /* graphics=off sends the text of SeaBIOS and iPXE to the serial line */
        add_option(arguments, "-M", "pc,graphics=off");
        return;
    }
    g_autofree char *variables = machine_escape(config->variables_file);
    add_option(arguments, "-M", "q35,graphics=off");
    add_option(arguments, "-drive", "if=pflash,format=raw,readonly=on,file=%s", MACHINE_UEFI_CODE);
    add_option(arguments, "-drive", "if=pflash,format=raw,file=%s", variables);
}

/* Whom OVMF trusts when it boots an https URL; without the item it trusts whom its variables name,
 * which the guest can write. */
static void
add_authorities(GPtrArray *arguments, const MachineConfig *config, MachineFirmware firmware)
{
    g_autofree char *file = machine_escape(config->authorities_file);
    if (firmware == MACHINE_UEFI)
        add_option(arguments, "-fw_cfg", "name=" MACHINE_AUTHORITIES_ITEM ",file=%s", file);
}

/* What QEMU's DHCP names to the machine. The caller frees. */
static char *
boot_file(const MachineConfig *config, MachineFirmware firmware)
{
    bool by_tftp = firmware == MACHINE_UEFI && config->tftp_folder != NULL;
    g_autofree char *place = machine_escape(by_tftp ? config->tftp_folder : config->boot_url);
    return by_tftp ? g_strdup_printf("tftp=%s,bootfile=" TFTP_UEFI_LOADER, place)
                   : g_strdup_printf("bootfile=%s", place);
}

/* An option that leads from a port of the host to one of the machine; "" where there is none. */
static char *
forward(unsigned host_port, unsigned machine_port)
{
    return host_port > 0 ? g_strdup_printf(",hostfwd=tcp:127.0.0.1:%u-:%u", host_port, machine_port)
                         : g_strdup("");
}

/* by_http: without iPXE in the card's ROM, which would keep it from the firmware */
static void
add_network(GPtrArray *arguments, const MachineConfig *config, MachineFirmware firmware,
            bool network_first, bool by_http)
{
    if (config->tap != NULL) {
        add_option(arguments, "-netdev", "tap,id=net0,ifname=%s,script=no,downscript=no",
                   config->tap);
    } else {
        g_autofree char *file = boot_file(config, firmware);
        g_autofree char *agent = forward(config->agent_port, MACHINE_AGENT_PORT),
                        *iscsi = forward(config->iscsi_port, config->iscsi_port);
        add_option(arguments, "-netdev", "user,id=net0,%s%s%s", file, agent, iscsi);
    }
    add_option(arguments, "-device", "virtio-net-pci,id=nic0,netdev=net0,mac=%s,bootindex=%d%s",
               config->mac,
               network_first ? MACHINE_NETWORK_BEFORE_DISK : MACHINE_NETWORK_AFTER_DISK,
               by_http || config->no_rom ? ",romfile=" : "");
}

/* The first disk. QEMU's blkdebug fails each write to the bad sector. */
static void
add_disk(GPtrArray *arguments, const MachineConfig *config)
{
    g_autofree char *file = machine_escape(config->disk_file);
    if (config->bad_sector > 0)
        add_option(arguments, "-drive",
                   "if=none,id=drive0,format=raw,file.driver=blkdebug,file.image.driver=file,"
                   "file.image.filename=%s,file.inject-error.0.event=none,"
                   "file.inject-error.0.iotype=write,file.inject-error.0.errno=5,"
                   "file.inject-error.0.sector=%d",
                   file, config->bad_sector);
    else
        add_option(arguments, "-drive", "if=none,id=drive0,format=raw,discard=unmap,file=%s", file);
    add_option(arguments, "-device", "virtio-blk-pci,id=disk0,drive=drive0,bootindex=%d",
               MACHINE_DISK);
}

/* A serial number of its own tells it from the first one, which has none. */
static void
add_second_disk(GPtrArray *arguments, const MachineConfig *config)
{
    if (config->second_disk_file == NULL)
        return;
    g_autofree char *file = machine_escape(config->second_disk_file);
    add_option(arguments, "-drive", "if=none,id=drive1,format=raw,discard=unmap,file=%s", file);
    add_option(arguments, "-device", "virtio-blk-pci,id=disk1,drive=drive1,serial=%s",
               config->second_disk_serial);
}

/* The machine sees a plain SCSI disk: no firmware table tells it of iSCSI. */
static void
add_lun(GPtrArray *arguments, const MachineLun *lun, int place)
{
    if (lun == NULL)
        return;
    g_autofree char *file = lun->chap_username != NULL ? machine_escape(lun->password_file) : NULL;
    g_autofree char *login =
        file != NULL ? g_strdup_printf(",user=%s,password-secret=chap0", lun->chap_username)
                     : g_strdup("");
    g_autofree char *wwn = lun->wwn != NULL ? g_strconcat(",wwn=", lun->wwn, NULL) : g_strdup("");
    if (file != NULL)
        add_option(arguments, "-object", "secret,id=chap0,file=%s", file);
    add_option(arguments, "-blockdev",
               "driver=iscsi,node-name=lun0,transport=tcp,discard=unmap,portal=%s,target=%s,lun=%d,"
               "initiator-name=%s%s",
               lun->portal, lun->target_iqn, lun->number, lun->initiator_iqn, login);
    add_option(arguments, "-device", "virtio-scsi-pci,id=hba0");
    add_option(arguments, "-device",
               "scsi-hd,id=lundisk0,bus=hba0.0,drive=lun0,serial=%s%s,bootindex=%d", lun->serial,
               wwn, place);
}

static void
add_cd(GPtrArray *arguments, const MachineDrives *drives)
{
    g_autofree char *file = drives->cd_file != NULL ? machine_escape(drives->cd_file) : NULL;
    add_option(arguments, "-drive", "if=none,id=cd0,media=cdrom%s%s",
               file != NULL ? ",format=raw,readonly=on,file=" : "", file != NULL ? file : "");
    add_option(arguments, "-device", "ide-cd,id=" MACHINE_CD_DEVICE ",drive=cd0,bootindex=%d",
               drives->cd_first ? MACHINE_BEFORE_ALL : MACHINE_AFTER_ALL);
}

static void
add_stick(GPtrArray *arguments, const MachineDrives *drives)
{
    add_option(arguments, "-device", "qemu-xhci,id=usb0");
    if (drives->stick_file == NULL)
        return;
    g_autofree char *file = machine_escape(drives->stick_file);
    add_option(arguments, "-blockdev",
               "driver=raw,node-name=stick%u,read-only=on,file.driver=file,file.filename=%s",
               drives->stick, file);
    add_option(arguments, "-device",
               "usb-storage,id=stickdev%u,bus=" MACHINE_USB_BUS ",drive=stick%u,removable=on%s",
               drives->stick, drives->stick, drives->stick_first ? ",bootindex=0" : "");
}

/* Virtual media. */
static void
add_drives(GPtrArray *arguments, const MachineDrives *drives)
{
    if (drives == NULL)
        return;
    add_option(arguments, "-action", "reboot=shutdown");
    add_cd(arguments, drives);
    add_stick(arguments, drives);
}

/* Where the BMC has no virtual media, never -no-reboot: it would turn a reset into "power off". */
char **
machine_command(const MachineConfig *config, const MachineDrives *drives, MachineFirmware firmware,
                bool network_first, int qmp_socket)
{
    GPtrArray *arguments = g_ptr_array_new();
    g_autofree char *console = machine_escape(config->console_file);
    g_autofree char *serial_file = machine_serial_file(config->name);
    g_autofree char *serial = machine_escape(serial_file);
    bool kvm = g_strcmp0(config->accelerator, "kvm") == 0;
    add_flag(arguments, "qemu-system-x86_64");
    add_option(arguments, "-name", "%s", config->name);
    add_option(arguments, "-uuid", "%s", config->uuid);
    add_option(arguments, "-accel", "%s", kvm ? "kvm" : "tcg");
    if (kvm)
        add_option(arguments, "-cpu", "host");
    add_firmware(arguments, config, firmware);
    add_option(arguments, "-m", "%d", config->memory_mib);
    add_flag(arguments, "-no-user-config");
    add_flag(arguments, "-nodefaults");
    add_option(arguments, "-vga", "none");
    add_option(arguments, "-display", "none");
    add_option(arguments, "-chardev", "socket,id=qmp0,fd=%d", qmp_socket);
    add_option(arguments, "-mon", "chardev=qmp0,mode=control");
    add_option(arguments, "-chardev",
               "socket,id=" MACHINE_CONSOLE ",path=%s,server=on,wait=off,logfile=%s,logappend=on",
               serial, console);
    add_option(arguments, "-serial", "chardev:" MACHINE_CONSOLE);
    add_disk(arguments, config);
    add_second_disk(arguments, config);
    if (drives != NULL && drives->lun != NULL)
        add_lun(arguments, drives->lun, MACHINE_BEFORE_ALL);
    else
        add_lun(arguments, config->lun, MACHINE_LUN);
    add_network(arguments, config, firmware, network_first, drives != NULL && drives->by_http);
    add_option(arguments, "-device", "virtio-rng-pci");
    add_drives(arguments, drives);
    if (drives != NULL)
        add_authorities(arguments, config, firmware);
    g_ptr_array_add(arguments, NULL);
    return (char **)g_ptr_array_free(arguments, false);
}
