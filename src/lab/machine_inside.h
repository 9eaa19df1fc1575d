/* The inside of a virtual server; for machine.c and machine_redfish.c.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "lab/machine.h"
#include "lab/machine_serial.h"
#include "lab/qmp.h"

#include <stdatomic.h>

struct Machine {
    const MachineConfig *config; /* borrowed */
    const char *folder;          /* borrowed */
    bool always_uefi;
    int network_namespace;
    Mailbox *mailbox;       /* borrowed */
    _Atomic(IpmiBmc *) bmc; /* borrowed from its server; NULL: it speaks no IPMI */
    RedfishBmc *redfish;    /* borrowed; NULL if the BMC speaks IPMI */
    atomic_bool powered;    /* also read by the BMC's thread */
    pid_t pid;              /* 0 when off */
    Qmp *qmp;               /* owned; NULL when off */
    MachineSerial serial;
    bool network_first_next; /* the order that the running QEMU has for its next boot */
    int64_t start_at_ms;     /* monotonic; 0: no start is due */
    int64_t settled_at_ms;   /* monotonic: until then the boot order belongs to the current boot */
    IpmiBootDevice boot_device;
    MachineFirmware firmware;
    unsigned boot_count;

    /* of a machine whose BMC speaks Redfish */
    RedfishBoot boot;                /* what the current boot was to be */
    char *media[REDFISH_SLOT_COUNT]; /* owned, names in the folder; NULL: the drive is empty */
    unsigned stick;                  /* the number of the USB stick */
    atomic_uint media_count;         /* images that were fetched, also by the BMCs' threads */
    bool keep_boot;                  /* the next start belongs to the current boot */
    MachineLun lun;                  /* what the firmware attaches; borrows from boot and portal */
    char portal[96];
    char *password_file; /* owned, a name in the folder */
    bool by_http;        /* the current boot is of a URL that the firmware fetches */
    bool reset_by_guest; /* QEMU ends because of that, and starts anew */
};

/* Asks the BMC what the boot that begins now is to be. */
void machine_redfish_boot(Machine *machine);

/* Tells the firmware of the URL that it is to boot, if there is one. Its variables are there. */
void machine_tell_firmware(Machine *machine);

/* Writes down whom the firmware trusts over HTTPS: those of the lab and those of its iLO. Errors:
 * IO */
bool machine_write_authorities(const Machine *machine, GError **error);

/* What is in the drives at the start of a boot. */
MachineDrives machine_drives(Machine *machine);

/* True if QEMU has ended because it does not reach the firmware's volume: the next start is the
 * same boot without it. */
bool machine_volume_is_lost(Machine *machine, int status);

/* Takes the file; NULL: nothing. */
void machine_change_medium(Machine *machine, RedfishSlot slot, char *file);
