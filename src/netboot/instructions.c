/* Boot instructions from the database; the contract is in instructions.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "netboot/instructions.h"

#include "db/records.h"
#include "db/volumes.h"
#include "model/resources.h"
#include "netboot/fc_volume.h"
#include "netboot/instance_boot.h"
#include "netboot/ipxe.h"
#include "netboot/ramdisk_boot.h"

#include <string.h>

#define VOLUME_ISCSI "iscsi"
#define VOLUME_FIBRE_CHANNEL "fibre_channel"
#define CONNECTOR_IQN "iqn"

/* The node that has a port with this address; NULL if there is none. */
static bool
find_node(Db *db, const char *mac, Node **node, GError **error)
{
    g_autoptr(Port) port = NULL;
    *node = NULL;
    if (!db_record_look(db, &port_resource, "address", mac, &port, error))
        return false;
    return port == NULL || db_record_look(db, &node_resource, "uuid", port->node_uuid, node, error);
}

/* The stored data of a target cannot be used. */
static bool
set_target_problem(BootInstructions *out, const VolumeTarget *target, const GError *error)
{
    g_autofree char *reason =
        g_strdup_printf("volume target %s (boot index %" G_GINT64_FORMAT "): %s", target->uuid,
                        target->boot_index, error->message);
    boot_instructions_set_problem(out, BOOT_ANSWER_UNUSABLE, reason);
    return false;
}

/* Reads one target; a problem makes the instructions unusable and ends the reading. */
static bool
add_iscsi_volume(BootInstructions *out, const VolumeTarget *target)
{
    g_autoptr(GError) error = NULL;
    IscsiVolume *volume = iscsi_volume_read(target->properties, &error);
    if (volume == NULL)
        return set_target_problem(out, target, error);
    g_ptr_array_add(out->boot.iscsi.volumes, volume);
    return true;
}

static bool
add_fc_volume(BootInstructions *out, const VolumeTarget *target)
{
    g_autoptr(GError) error = NULL;
    char **uris = fc_volume_uris(target->properties, &error);
    if (uris == NULL)
        return set_target_problem(out, target, error);
    g_ptr_array_add(out->boot.fcoe.volumes, uris);
    return true;
}

static bool
check_targets(const GPtrArray *targets, const char *type, BootInstructions *out)
{
    const VolumeTarget *first = targets->len > 0 ? targets->pdata[0] : NULL;
    g_autofree char *none =
        g_strdup_printf("the node has no volume target of type %s with boot index 0", type);
    if (first == NULL || first->boot_index != 0)
        boot_instructions_set_problem(out, BOOT_ANSWER_UNUSABLE, none);
    else if (targets->len > IPXE_VOLUME_LIMIT)
        boot_instructions_set_problem(out, BOOT_ANSWER_UNUSABLE,
                                      "the node has more volumes than a boot script can attach");
    return out->answer == BOOT_ANSWER_BOOT;
}

static bool
load_volumes(Db *db, const Node *node, const char *type,
             bool (*add)(BootInstructions *out, const VolumeTarget *target), BootInstructions *out,
             GError **error)
{
    g_autoptr(GPtrArray) targets = db_volume_targets_to_boot(db, node->uuid, type, error);
    if (targets == NULL)
        return false;
    if (!check_targets(targets, type, out))
        return true;
    for (unsigned i = 0; i < targets->len; i++)
        if (!add(out, targets->pdata[i]))
            return true;
    return true;
}

static bool
load_initiator(Db *db, const Node *node, BootInstructions *out, GError **error)
{
    g_autoptr(GPtrArray) connectors =
        db_volume_connector_first(db, node->uuid, CONNECTOR_IQN, error);
    if (connectors == NULL)
        return false;
    if (connectors->len == 0)
        return true;
    const VolumeConnector *connector = connectors->pdata[0];
    if (iscsi_name_valid(connector->connector_id)) {
        out->boot.iscsi.initiator_iqn = g_strdup(connector->connector_id);
        return true;
    }
    g_autofree char *reason =
        g_strdup_printf("volume connector %s of type iqn: its connector_id is not an iSCSI name "
                        "such as iqn.2017-08.org.openstack.node-1",
                        connector->uuid);
    boot_instructions_set_problem(out, BOOT_ANSWER_UNUSABLE, reason);
    return true;
}

static bool
load_iscsi(Db *db, const Node *node, const BootRecord *record, BootInstructions *out,
           GError **error)
{
    (void)record;
    return load_volumes(db, node, VOLUME_ISCSI, add_iscsi_volume, out, error) &&
           (out->answer != BOOT_ANSWER_BOOT || load_initiator(db, node, out, error));
}

static bool
load_fcoe(Db *db, const Node *node, const BootRecord *record, BootInstructions *out, GError **error)
{
    (void)record;
    return load_volumes(db, node, VOLUME_FIBRE_CHANNEL, add_fc_volume, out, error);
}

/* Reads the data of the mode into the instructions; invalid data makes them unusable. */
static bool (*const loaders[BOOT_MODE_COUNT])(Db *db, const Node *node, const BootRecord *record,
                                              BootInstructions *out, GError **error) = {
    [BOOT_MODE_ISCSI] = load_iscsi,           [BOOT_MODE_FCOE] = load_fcoe,
    [BOOT_MODE_NFS] = instance_boot_load_nfs, [BOOT_MODE_INSTANCE] = instance_boot_load_ramdisk,
    [BOOT_MODE_ISO] = instance_boot_load_iso, [BOOT_MODE_RAMDISK] = ramdisk_boot_load,
};

static bool
load_boot(const BootSource *source, const Node *node, const BootRecord *record,
          const HttpAddress *address, BootInstructions *out, GError **error)
{
    g_auto(BootGrant) grant = {0};
    if (!boot_access_ask(source, node, record, address, &grant, error))
        return false;
    if (!boot_verdict_serves(grant.verdict)) {
        boot_instructions_set_problem(out, BOOT_ANSWER_REFUSED, grant.words);
        return true;
    }
    if (record->mode == BOOT_MODE_COUNT) {
        boot_instructions_set_problem(out, BOOT_ANSWER_UNUSABLE,
                                      "this server does not know the node's boot mode");
        return true;
    }
    boot_instructions_set_mode(out, record->mode);
    out->token = g_steal_pointer(&grant.token);
    out->told = grant.again;
    return loaders[record->mode](source->db, node, record, out, error);
}

bool
boot_instructions_load(const BootSource *source, const HttpAddress *address, BootInstructions *out,
                       GError **error)
{
    g_autoptr(Node) node = NULL;
    BootRecord record;
    if (!find_node(source->db, out->mac, &node, error))
        return false;
    if (node == NULL)
        return true;
    out->node_uuid = g_strdup(node->uuid);
    out->node_name = g_strdup(node->name);
    out->answer = BOOT_ANSWER_NONE;
    return !boot_record_read(node, &record) || record.by_files ||
           load_boot(source, node, &record, address, out, error);
}

bool
boot_instructions_of_files(Db *db, const Node *node, BootInstructions *out, GError **error)
{
    BootRecord record;
    out->node_uuid = g_strdup(node->uuid);
    out->node_name = g_strdup(node->name);
    out->answer = BOOT_ANSWER_NONE;
    if (!boot_record_look(node, &record))
        return true;
    if (!record.by_files || record.mode == BOOT_MODE_COUNT)
        return steel_fail(error, STEEL_ERROR_UNSUPPORTED,
                          "what node %s is to boot cannot be told by files", node->uuid);
    boot_instructions_set_mode(out, record.mode);
    return loaders[record.mode](db, node, &record, out, error);
}

bool
boot_report_check(const BootSource *source, const char *mac, const HttpAddress *address,
                  const char *token, BootPhase phase, char **node_uuid, GError **error)
{
    g_autoptr(Node) node = NULL;
    BootRecord record;
    if (!find_node(source->db, mac, &node, error))
        return false;
    if (node == NULL || !boot_record_read(node, &record))
        return steel_fail(error, STEEL_ERROR_FORBIDDEN, "nothing is booting here");
    if (!boot_access_report(source, node, &record, address, token, phase, error))
        return false;
    *node_uuid = g_strdup(node->uuid);
    return true;
}
