/* One virtual server of a lab: its name, the addresses of its BMC and its volume, and their
 * secrets. Made when the lab starts, and then constant.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* All strings owned. Files are names inside the lab's folder. */
typedef struct LabNode {
    unsigned index;
    char *name;
    /* the same for the same folder and name, so that printed command lines stay valid */
    char *uuid;
    char *mac;
    char *tap; /* NULL under user networking */
    bool uefi;
    char *ipmi_address; /* NULL: the BMC speaks Redfish */
    uint16_t ipmi_port;
    char *bmc_username;
    char *bmc_password;
    char *redfish_address; /* "https://127.1.0.1:8443"; NULL: the BMC speaks IPMI */
    char *redfish_host;    /* "127.1.0.1" */
    char *redfish_ca;      /* file of the certificate that it shows */
    char *initiator_iqn;
    char *target_iqn;
    int target_lun;
    char *target_portal; /* as the guest reaches it: "10.0.2.2:13260" */
    char *chap_username;
    char *chap_password;
    char *console_file;
    char *disk_file;
    char *second_disk_file;
    char *second_disk_serial;
    char *volume_file;
    /* of the volume as a disk of a host bus adapter: NULL where the server has none */
    char *hba_portal; /* as QEMU reaches the target */
    char *hba_serial;
    char *hba_wwn; /* 0x and 16 hexadecimal digits */
    char *hba_password_file;
    char *nfs_root; /* "10.0.2.2:/nfsroot/lab-0,port=12049,vers=4.1"; NULL: none */
    char *variables_file;
    char *authorities_file; /* that its firmware trusts */
    uint16_t agent_port;    /* of the host, leads to the agent in the server; 0: none */
    uint16_t iscsi_port;    /* the same for the disk that the agent offers */
    char *guest_address; /* the address its DHCP server keeps for it; NULL under user networking */
} LabNode;

/* Makes a node with fresh secrets.
 *
 * folder    of the lab, absolute; decides MAC and UUID together with the index
 * prefix    of the name: "lab" gives lab-0, lab-1, ...
 */
LabNode *lab_node_new(const char *folder, const char *prefix, unsigned index);
void lab_node_free(LabNode *node);

/* Gives the node a host bus adapter that presents its volume as a disk. portal: of the target, as
 * QEMU reaches it; copied. */
void lab_node_add_hba(LabNode *node, const char *portal);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LabNode, lab_node_free)

/* {"name", "uuid", "mac", "ipmi_address", ..., "console_log"}: a new object, with the secrets. */
json_t *lab_node_json(const LabNode *node, const char *folder);

/* Command lines that enrol a node, made from such an object: text, one command per line; the caller
 * frees. NULL if lab_node_json did not make the object. */
char *lab_node_commands(const json_t *node);

/* A random secret of letters and digits; the caller frees. */
char *lab_secret(unsigned length);
