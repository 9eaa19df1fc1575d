/* The QEMU command line of a virtual server. Pure.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* PCI network card of each machine in QEMU's object tree, to change its place in the boot order
 * while it runs. */
#define MACHINE_CONSOLE "console0" /* the chardev of the serial port */
#define MACHINE_NETWORK_PATH "/machine/peripheral/nic0"

/* Places in the boot order. The disks keep theirs, the network card moves before or after them. */
enum {
    MACHINE_BEFORE_ALL = 0,
    MACHINE_NETWORK_BEFORE_DISK = 1,
    MACHINE_LUN = 2,
    MACHINE_DISK = 3,
    MACHINE_NETWORK_AFTER_DISK = 4,
    MACHINE_AFTER_ALL = 5
};

typedef enum MachineFirmware { MACHINE_BIOS, MACHINE_UEFI } MachineFirmware;

/* A logical unit that the machine's host bus adapter presents as a disk: QEMU is the initiator. */
typedef struct MachineLun {
    const char *portal; /* as QEMU reaches it: "127.0.0.1:13260" */
    const char *target_iqn;
    int number;
    const char *initiator_iqn;
    const char *chap_username; /* NULL: no CHAP */
    const char *password_file; /* only its owner may read it */
    const char *serial;
    const char *wwn; /* 0x and 16 hexadecimal digits; NULL: none */
} MachineLun;

/* The parts of a machine; all strings are borrowed. File names are relative to QEMU's folder. */
typedef struct MachineConfig {
    const char *name;
    const char *uuid;
    const char *mac;
    int memory_mib;
    const char *disk_file;
    int bad_sector;               /* of the disk, cannot be written; 0: none */
    const char *second_disk_file; /* NULL: none */
    const char *second_disk_serial;
    const MachineLun *lun; /* NULL: no host bus adapter */
    const char *console_file;
    const char *variables_file; /* UEFI variable store, this machine's own */
    /* the authorities that its firmware trusts, as OVMF takes them; is there at a start in UEFI
     * mode, for a BMC with virtual media */
    const char *authorities_file;
    const char *authorities; /* of them those that no BMC changes: PEM; NULL: none */
    const char *accelerator; /* "kvm" or "tcg" */
    const char *boot_url;    /* handed out by QEMU's DHCP; not used with a tap */
    /* where UEFI loads iPXE from; NULL: from the card's ROM; user network */
    const char *tftp_folder;
    unsigned agent_port; /* of the host, leads to port 9999 of the machine; 0: none */
    unsigned iscsi_port; /* of the host, leads to the same port of the machine; 0: none */
    bool no_rom;         /* the network card brings no iPXE */
    const char *tap;     /* NULL: user networking, the host is 10.0.2.2 */
} MachineConfig;

/* What a BMC with virtual media puts into a machine for one boot. File names are relative to QEMU's
 * folder. Such a machine's resets end QEMU, and the lab starts it anew: so a reset can change the
 * firmware as well. */
typedef struct MachineDrives {
    const char *cd_file;        /* NULL: the drive is empty */
    const char *stick_file;     /* of a USB stick; NULL: none */
    unsigned stick;             /* its number, in the names of QEMU's parts */
    bool cd_first, stick_first; /* boot from it before all others */
    const MachineLun *lun;      /* a volume that the firmware attaches and boots; NULL: none */
    bool by_http; /* the firmware fetches what it boots, by its own driver of the card */
} MachineDrives;

/* Names of QEMU's parts, to change them while it runs. */
#define MACHINE_CD_DEVICE "cddev0"
#define MACHINE_USB_BUS "usb0.0"

/* Builds the arguments, NULL-ended; the caller frees them with g_strfreev.
 *
 * drives          NULL: the BMC has no virtual media
 * network_first   boot from the network card before the disk
 * qmp_socket      descriptor, in QEMU, of a connected socket for the monitor
 */
char **machine_command(const MachineConfig *config, const MachineDrives *drives,
                       MachineFirmware firmware, bool network_first, int qmp_socket);

/* A text as a value in a QEMU option: each comma is doubled. A new string. */
char *machine_escape(const char *text);

/* Where OVMF looks for authorities: an item of QEMU's firmware configuration. */
#define MACHINE_AUTHORITIES_ITEM "etc/edk2/https/cacerts"

/* Paths of the UEFI firmware (package ovmf). */
#define MACHINE_UEFI_CODE "/usr/share/OVMF/OVMF_CODE_4M.fd"
#define MACHINE_UEFI_VARIABLES "/usr/share/OVMF/OVMF_VARS_4M.fd"
