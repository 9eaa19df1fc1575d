/* The servers of a lab as its options want them; the contract is in server.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/server.h"

#include "common/error.h"
#include "lab/network.h"
#include "lab/nfs.h"
#include "lab/redfish_bmcs.h"
#include "lab/volume.h"

#include <string.h>

#define GIB ((uint64_t)1024 * 1024 * 1024)

const char *
lab_service_address(const LabOptions *options)
{
    return options->bridge ? NETWORK_BRIDGE_ADDRESS : "127.0.0.1";
}

const char *
lab_service_address_of_guests(const LabOptions *options)
{
    return options->bridge ? NETWORK_BRIDGE_ADDRESS : LAB_SLIRP_HOST;
}

bool
lab_speaks_redfish(const LabOptions *options)
{
    return strcmp(options->bmc, "ipmi") != 0;
}

/* What only some labs have. */
static void
add_extras(LabNode *node, const LabOptions *options)
{
    g_autofree char *portal =
        g_strdup_printf("%s:%d", lab_service_address(options), options->target_port);
    if (options->hba_lun)
        lab_node_add_hba(node, portal);
    if (options->nfs)
        node->nfs_root =
            g_strdup_printf("%s:" NFS_EXPORT "/%s,port=%d,vers=4.1",
                            lab_service_address_of_guests(options), node->name, options->nfs_port);
}

static void
place_bmc(LabNode *node, const LabPlan *plan)
{
    const LabOptions *options = plan->options;
    if (lab_speaks_redfish(options)) {
        redfish_bmcs_place(node, plan->folder, options->redfish_address, options->redfish_port);
        return;
    }
    node->ipmi_address = g_strdup(options->address);
    node->ipmi_port = (uint16_t)((unsigned)options->ipmi_port + node->index);
}

static LabNode *
make_node(const LabPlan *plan, unsigned index)
{
    const LabOptions *options = plan->options;
    LabNode *node = lab_node_new(plan->folder, options->name_prefix, index);
    node->uefi = options->uefi;
    place_bmc(node, plan);
    node->target_portal =
        g_strdup_printf("%s:%d", lab_service_address_of_guests(options), options->target_port);
    add_extras(node, options);
    if (options->agent_port > 0 && !options->bridge)
        node->agent_port = (uint16_t)((unsigned)options->agent_port + index);
    if (options->iscsi_port > 0 && !options->bridge)
        node->iscsi_port = (uint16_t)((unsigned)options->iscsi_port + index);
    if (options->bridge) {
        node->tap = g_strdup_printf("tap%u", index);
        if (!options->no_dhcp)
            node->guest_address = g_strdup_printf("10.77.0.%u", NETWORK_FIRST_GUEST + index);
    }
    return node;
}

static void
set_disks(LabServer *server, const LabOptions *options)
{
    const LabNode *node = server->node;
    server->config.disk_file = node->disk_file;
    server->config.bad_sector = options->bad_sector;
    if (options->second_disk_gib > 0) {
        server->config.second_disk_file = node->second_disk_file;
        server->config.second_disk_serial = node->second_disk_serial;
    }
    server->lun = (MachineLun){.portal = node->hba_portal,
                               .target_iqn = node->target_iqn,
                               .number = node->target_lun,
                               .initiator_iqn = node->initiator_iqn,
                               .chap_username = node->chap_username,
                               .password_file = node->hba_password_file,
                               .serial = node->hba_serial,
                               .wwn = node->hba_wwn};
    if (options->hba_lun)
        server->config.lun = &server->lun;
}

LabServer *
lab_server_new(const LabPlan *plan, unsigned index, const char *boot_url, const char *tftp_folder)
{
    LabServer *server = g_new0(LabServer, 1);
    LabNode *node = server->node = make_node(plan, index);
    server->config = (MachineConfig){.name = node->name,
                                     .uuid = node->uuid,
                                     .mac = node->mac,
                                     .memory_mib = plan->options->memory_mib,
                                     .console_file = node->console_file,
                                     .variables_file = node->variables_file,
                                     .authorities_file = node->authorities_file,
                                     .authorities = plan->authorities,
                                     .accelerator = plan->accelerator,
                                     .boot_url = boot_url,
                                     .tftp_folder = tftp_folder,
                                     .agent_port = node->agent_port,
                                     .iscsi_port = node->iscsi_port,
                                     .no_rom = plan->options->no_rom,
                                     .tap = node->tap};
    set_disks(server, plan->options);
    return server;
}

void
lab_server_free(LabServer *server)
{
    if (server == NULL)
        return;
    machine_free(server->machine);
    lab_node_free(server->node);
    g_free(server);
}

static bool
make_volume(const LabPlan *plan, const char *path, GError **error)
{
    int gib = plan->options->empty_volume_gib;
    return gib > 0 ? volume_make_empty(path, (uint64_t)gib * GIB, error)
                   : volume_copy(plan->guest->volume, path, error);
}

static bool
make_second_disk(const LabPlan *plan, const LabNode *node, GError **error)
{
    g_autofree char *path = g_build_filename(plan->folder, node->second_disk_file, NULL);
    int gib = plan->options->second_disk_gib;
    return gib == 0 || volume_make_empty(path, (uint64_t)gib * GIB, error);
}

/* QEMU reads the password from a file: its arguments are for all to see. */
static bool
write_password(const LabPlan *plan, const LabNode *node, GError **error)
{
    g_autoptr(GError) cause = NULL;
    if (node->hba_password_file == NULL)
        return true;
    g_autofree char *path = g_build_filename(plan->folder, node->hba_password_file, NULL);
    return g_file_set_contents_full(path, node->chap_password, -1, G_FILE_SET_CONTENTS_CONSISTENT,
                                    0600, &cause) ||
           steel_fail(error, STEEL_ERROR_IO, "%s", cause->message);
}

bool
lab_server_make_disks(const LabServer *server, const LabPlan *plan, GError **error)
{
    const LabNode *node = server->node;
    g_autofree char *disk = g_build_filename(plan->folder, node->disk_file, NULL);
    g_autofree char *volume = g_build_filename(plan->folder, node->volume_file, NULL);
    return volume_make_empty(disk, (uint64_t)plan->options->disk_gib * GIB, error) &&
           make_volume(plan, volume, error) && make_second_disk(plan, node, error) &&
           write_password(plan, node, error);
}
