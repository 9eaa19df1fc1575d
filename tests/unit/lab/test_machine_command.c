/* The QEMU command line says what the machine is and in which order it boots.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/machine_command.h"

#include <glib.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const MachineConfig plain = {.name = "lab-0",
                                    .uuid = "15d090f9-6bfa-5f26-9eea-31871b186d14",
                                    .mac = "52:54:00:01:02:03",
                                    .memory_mib = 512,
                                    .disk_file = "lab-0.disk.raw",
                                    .console_file = "lab-0.console.log",
                                    .variables_file = "lab-0.uefi-variables.fd",
                                    .authorities_file = "lab-0.uefi-authorities",
                                    .accelerator = "tcg",
                                    .boot_url = "http://10.0.2.2:8089/boot.ipxe"};

/* The command line as one text, so that a test reads like a command. */
static char *
command_text(const MachineConfig *config, MachineFirmware firmware, bool network_first)
{
    g_auto(GStrv) command = machine_command(config, NULL, firmware, network_first, 7);
    return g_strjoinv(" ", command);
}

static void
network_comes_before_the_disk_when_asked_for(void **state)
{
    (void)state;
    g_autofree char *text = command_text(&plain, MACHINE_BIOS, true);
    assert_non_null(
        strstr(text, "virtio-net-pci,id=nic0,netdev=net0,mac=52:54:00:01:02:03,bootindex=1"));
    assert_non_null(strstr(text, "virtio-blk-pci,id=disk0,drive=drive0,bootindex=3"));
}

static void
network_comes_after_the_disk_otherwise(void **state)
{
    (void)state;
    g_autofree char *text = command_text(&plain, MACHINE_BIOS, false);
    assert_non_null(strstr(text, "mac=52:54:00:01:02:03,bootindex=4"));
    assert_non_null(strstr(text, "virtio-blk-pci,id=disk0,drive=drive0,bootindex=3"));
}

static void
bios_machine_writes_firmware_text_to_the_serial_line(void **state)
{
    (void)state;
    g_autofree char *text = command_text(&plain, MACHINE_BIOS, true);
    assert_non_null(strstr(text, "-M pc,graphics=off"));
    assert_null(strstr(text, "pflash"));
    assert_non_null(strstr(text, " -m 512 "));
    assert_non_null(strstr(text, "socket,id=console0,path=lab-0.serial,server=on,wait=off,"
                                 "logfile=lab-0.console.log,logappend=on"));
    assert_non_null(strstr(text, "-serial chardev:console0"));
}

static void
uefi_machine_has_variables_of_its_own(void **state)
{
    (void)state;
    g_autofree char *text = command_text(&plain, MACHINE_UEFI, true);
    assert_non_null(strstr(text, "-M q35"));
    assert_non_null(strstr(text, "if=pflash,format=raw,readonly=on,file=" MACHINE_UEFI_CODE));
    assert_non_null(strstr(text, "if=pflash,format=raw,file=lab-0.uefi-variables.fd"));
}

static void
reset_never_becomes_an_exit(void **state)
{
    (void)state;
    g_autofree char *bios = command_text(&plain, MACHINE_BIOS, true);
    g_autofree char *uefi = command_text(&plain, MACHINE_UEFI, true);
    assert_null(strstr(bios, "-no-reboot"));
    assert_null(strstr(uefi, "-no-reboot"));
}

static void
tap_takes_the_place_of_user_networking(void **state)
{
    (void)state;
    MachineConfig config = plain;
    g_autofree char *user = command_text(&config, MACHINE_BIOS, true);
    assert_non_null(strstr(user, "user,id=net0,bootfile=http://10.0.2.2:8089/boot.ipxe"));
    config.tap = "tap0";
    g_autofree char *text = command_text(&config, MACHINE_BIOS, true);
    assert_non_null(strstr(text, "tap,id=net0,ifname=tap0,script=no,downscript=no"));
    assert_null(strstr(text, "bootfile"));
}

static void
a_card_may_come_without_its_rom(void **state)
{
    (void)state;
    MachineConfig config = plain;
    g_autofree char *with = command_text(&config, MACHINE_UEFI, true);
    assert_null(strstr(with, "romfile"));
    config.no_rom = true;
    g_autofree char *without = command_text(&config, MACHINE_UEFI, true);
    assert_non_null(strstr(without, ",romfile= "));
}

static void
comma_in_a_value_starts_no_new_option(void **state)
{
    (void)state;
    MachineConfig config = plain;
    config.boot_url = "http://h/a,hostfwd=tcp::22-:22";
    g_autofree char *text = command_text(&config, MACHINE_BIOS, true);
    assert_non_null(strstr(text, "bootfile=http://h/a,,hostfwd=tcp::22-:22 "));
}

static void
uefi_loads_ipxe_by_tftp_where_its_rom_is_not_started(void **state)
{
    (void)state;
    MachineConfig config = plain;
    config.tftp_folder = "tftp";
    g_autofree char *bios = command_text(&config, MACHINE_BIOS, true);
    g_autofree char *uefi = command_text(&config, MACHINE_UEFI, true);
    assert_non_null(strstr(bios, "bootfile=http://10.0.2.2:8089/boot.ipxe"));
    assert_non_null(strstr(uefi, "user,id=net0,tftp=tftp,bootfile=snponly.efi"));
}

static void
kvm_brings_the_host_processor(void **state)
{
    (void)state;
    MachineConfig config = plain;
    g_autofree char *tcg = command_text(&config, MACHINE_BIOS, true);
    assert_non_null(strstr(tcg, "-accel tcg"));
    assert_null(strstr(tcg, "-cpu"));
    config.accelerator = "kvm";
    g_autofree char *kvm = command_text(&config, MACHINE_BIOS, true);
    assert_non_null(strstr(kvm, "-accel kvm -cpu host"));
}

static void
monitor_uses_the_socket_it_was_given(void **state)
{
    (void)state;
    g_autofree char *text = command_text(&plain, MACHINE_BIOS, true);
    assert_non_null(strstr(text, "socket,id=qmp0,fd=7"));
    assert_non_null(strstr(text, "chardev=qmp0,mode=control"));
}

static const MachineLun lun = {.portal = "127.0.0.1:13260",
                               .target_iqn = "iqn.2026-01.test.steel-lab:volume.1",
                               .number = 1,
                               .initiator_iqn = "iqn.2026-01.test.steel-lab:host.1",
                               .chap_username = "lab-0",
                               .password_file = "lab-0.chap",
                               .serial = "lab-0-volume",
                               .wwn = "0x5525400010203001"};

static void
adapter_presents_the_volume_as_the_first_disk(void **state)
{
    (void)state;
    MachineConfig config = plain;
    g_autofree char *without = command_text(&config, MACHINE_BIOS, false);
    assert_null(strstr(without, "scsi"));
    config.lun = &lun;
    g_autofree char *text = command_text(&config, MACHINE_BIOS, false);
    assert_non_null(strstr(text, "driver=iscsi,node-name=lun0,transport=tcp,discard=unmap,"
                                 "portal=127.0.0.1:13260,"
                                 "target=iqn.2026-01.test.steel-lab:volume.1,lun=1,"
                                 "initiator-name=iqn.2026-01.test.steel-lab:host.1,user=lab-0,"
                                 "password-secret=chap0 "));
    assert_non_null(strstr(text, "serial=lab-0-volume,wwn=0x5525400010203001,bootindex=2"));
    assert_non_null(strstr(text, "virtio-blk-pci,id=disk0,drive=drive0,bootindex=3"));
}

static void
chap_password_is_no_argument(void **state)
{
    (void)state;
    MachineConfig config = plain;
    config.lun = &lun;
    g_autofree char *text = command_text(&config, MACHINE_BIOS, false);
    assert_non_null(strstr(text, "-object secret,id=chap0,file=lab-0.chap "));
    assert_null(strstr(text, "password="));
}

static void
second_disk_has_a_serial_number_and_is_not_booted(void **state)
{
    (void)state;
    MachineConfig config = plain;
    config.second_disk_file = "lab-0-second.disk.raw";
    config.second_disk_serial = "lab-0-second";
    g_autofree char *text = command_text(&config, MACHINE_BIOS, false);
    assert_non_null(strstr(text, "file=lab-0-second.disk.raw "));
    assert_non_null(strstr(text, "id=disk1,drive=drive1,serial=lab-0-second "));
}

static void
bad_sector_fails_writes_to_the_first_disk(void **state)
{
    (void)state;
    MachineConfig config = plain;
    config.bad_sector = 40960;
    g_autofree char *text = command_text(&config, MACHINE_BIOS, false);
    assert_non_null(strstr(text, "file.driver=blkdebug,"));
    assert_non_null(strstr(text, "file.image.filename=lab-0.disk.raw,"));
    assert_non_null(strstr(text, "file.inject-error.0.sector=40960 "));
}

static void
a_url_is_booted_by_the_firmwares_own_driver_of_the_card(void **state)
{
    (void)state;
    const MachineDrives drives = {.by_http = true};
    g_auto(GStrv) command = machine_command(&plain, &drives, MACHINE_UEFI, false, 7);
    g_autofree char *text = g_strjoinv(" ", command);
    g_autofree char *other = command_text(&plain, MACHINE_UEFI, false);
    assert_non_null(strstr(text, "bootindex=4,romfile= "));
    assert_null(strstr(other, "romfile"));
}

static void
uefi_behind_such_a_bmc_is_told_whom_it_trusts(void **state)
{
    (void)state;
    const MachineDrives drives = {0};
    g_auto(GStrv) with_uefi = machine_command(&plain, &drives, MACHINE_UEFI, false, 7);
    g_auto(GStrv) with_bios = machine_command(&plain, &drives, MACHINE_BIOS, false, 7);
    g_autofree char *uefi = g_strjoinv(" ", with_uefi), *bios = g_strjoinv(" ", with_bios);
    g_autofree char *other = command_text(&plain, MACHINE_UEFI, false);
    assert_non_null(
        strstr(uefi, "-fw_cfg name=etc/edk2/https/cacerts,file=lab-0.uefi-authorities"));
    assert_null(strstr(bios, "fw_cfg"));
    assert_null(strstr(other, "fw_cfg"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(network_comes_before_the_disk_when_asked_for),
        cmocka_unit_test(network_comes_after_the_disk_otherwise),
        cmocka_unit_test(bios_machine_writes_firmware_text_to_the_serial_line),
        cmocka_unit_test(uefi_machine_has_variables_of_its_own),
        cmocka_unit_test(reset_never_becomes_an_exit),
        cmocka_unit_test(tap_takes_the_place_of_user_networking),
        cmocka_unit_test(a_card_may_come_without_its_rom),
        cmocka_unit_test(comma_in_a_value_starts_no_new_option),
        cmocka_unit_test(uefi_loads_ipxe_by_tftp_where_its_rom_is_not_started),
        cmocka_unit_test(kvm_brings_the_host_processor),
        cmocka_unit_test(monitor_uses_the_socket_it_was_given),
        cmocka_unit_test(adapter_presents_the_volume_as_the_first_disk),
        cmocka_unit_test(chap_password_is_no_argument),
        cmocka_unit_test(bad_sector_fails_writes_to_the_first_disk),
        cmocka_unit_test(second_disk_has_a_serial_number_and_is_not_booted),
        cmocka_unit_test(a_url_is_booted_by_the_firmwares_own_driver_of_the_card),
        cmocka_unit_test(uefi_behind_such_a_bmc_is_told_whom_it_trusts),
    };
    return cmocka_run_group_tests_name("lab/machine_command", tests, NULL, NULL);
}
