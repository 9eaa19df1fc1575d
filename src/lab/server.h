/* One virtual server of a lab as the options want it: its node, the configuration of its machine,
 * its disks. lab.c runs it. The main thread only; making disks writes files, and may copy a volume.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "lab/lab.h"
#include "lab/machine.h"
#include "lab/node.h"

typedef struct LabServer {
    LabNode *node;        /* owned */
    MachineConfig config; /* borrows from the node and the lab */
    MachineLun lun;       /* borrows from the node */
    Machine *machine;     /* owned; NULL until the lab has made it */
} LabServer;

/* Makes a server without its machine and disks; the caller frees it.
 *
 * plan         borrowed until the server is freed
 * boot_url     what its firmware boots by; borrowed likewise
 * tftp_folder  below the plan's folder, served to UEFI firmware; NULL: none. Borrowed likewise */
LabServer *lab_server_new(const LabPlan *plan, unsigned index, const char *boot_url,
                          const char *tftp_folder);

/* Powers its machine off and frees; NULL is fine. Its BMC must be gone. */
void lab_server_free(LabServer *server);

/* Makes the files of its disks, its volume and the password of its host bus adapter. Blocks.
 * Errors: IO, and those of volume.h. */
bool lab_server_make_disks(const LabServer *server, const LabPlan *plan,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Where services of the lab listen, and where its servers reach them. Static. */
const char *lab_service_address(const LabOptions *options);
const char *lab_service_address_of_guests(const LabOptions *options);

/* False: the BMCs speak IPMI. */
bool lab_speaks_redfish(const LabOptions *options);
