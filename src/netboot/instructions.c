/* Boot instructions from the database; the contract is in instructions.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "netboot/instructions.h"

#include "common/json_text.h"
#include "db/records.h"
#include "model/internal_info.h"
#include "model/provision_states.h"
#include "model/resources.h"
#include "netboot/boot_request.h"
#include "netboot/ipxe.h"

#include <string.h>

#define VOLUME_ISCSI "iscsi"
#define CONNECTOR_IQN "iqn"

/* Loads a record; `record` stays NULL when there is none. */
static bool
find(Db *db, const Resource *resource, const char *column, const char *value, void *record,
     GError **error)
{
    GError *cause = NULL;
    void *found = db_record_find(db, resource, column, value, &cause);
    if (found == NULL && !steel_error_is(cause, STEEL_ERROR_NOT_FOUND) &&
        !steel_error_is(cause, STEEL_ERROR_NODE_NOT_FOUND)) {
        g_propagate_error(error, cause);
        return false;
    }
    g_clear_error(&cause);
    *(void **)record = found;
    return true;
}

/* The node that has a port with this address; NULL when there is none. */
static bool
find_node(Db *db, const char *mac, Node **node, GError **error)
{
    g_autoptr(Port) port = NULL;
    *node = NULL;
    if (!find(db, &port_resource, "address", mac, &port, error))
        return false;
    return port == NULL || find(db, &node_resource, "uuid", port->node_uuid, node, error);
}

/* The record of the boot interface, or NULL. Borrowed from the node. One that a failure has left behind, because what was
 * to remove it was interrupted, does not count: the state alone may forbid. */
static const json_t *
boot_record(const Node *node)
{
    ProvisionState state = state_from_wire(node->provision_state);
    if (state == STATE_NONE || !(state_info(state)->flags & STATE_HAS_INSTANCE))
        return NULL;
    const json_t *record = info_json(node, INFO_BOOT);
    return json_is_object(record) ? record : NULL;
}

static void
set_unusable(BootInstructions *out, const char *reason)
{
    out->mode = BOOT_MODE_UNUSABLE;
    g_ptr_array_set_size(out->volumes, 0);
    g_free(out->problem);
    out->problem = g_strdup(reason);
}

/* Reads one target; a problem makes the instructions unusable and ends the reading. */
static bool
add_volume(BootInstructions *out, const VolumeTarget *target)
{
    g_autoptr(GError) error = NULL;
    IscsiVolume *volume = iscsi_volume_read(target->properties, &error);
    if (volume != NULL) {
        g_ptr_array_add(out->volumes, volume);
        return true;
    }
    g_autofree char *reason =
        g_strdup_printf("volume target %s (boot index %" G_GINT64_FORMAT "): %s", target->uuid,
                        target->boot_index, error->message);
    set_unusable(out, reason);
    return false;
}

static bool
load_volumes(Db *db, const Node *node, BootInstructions *out, GError **error)
{
    DbValue values[] = {db_text(node->uuid), db_text(VOLUME_ISCSI)};
    g_autoptr(GPtrArray) targets = db_records_where(
        db, &volume_target_resource,
        "node_uuid = ?1 AND volume_type = ?2 AND boot_index >= 0 ORDER BY boot_index", values,
        G_N_ELEMENTS(values), error);
    if (targets == NULL)
        return false;
    const VolumeTarget *first = targets->len > 0 ? targets->pdata[0] : NULL;
    if (first == NULL || first->boot_index != 0) {
        set_unusable(out, "the node has no volume target of type iscsi with boot index 0");
        return true;
    }
    if (targets->len > IPXE_VOLUME_LIMIT) {
        set_unusable(out, "the node has more iSCSI volumes than a boot script can attach");
        return true;
    }
    for (unsigned i = 0; i < targets->len; i++)
        if (!add_volume(out, targets->pdata[i]))
            return true;
    return true;
}

static bool
load_initiator(Db *db, const Node *node, BootInstructions *out, GError **error)
{
    DbValue values[] = {db_text(node->uuid), db_text(CONNECTOR_IQN)};
    g_autoptr(GPtrArray) connectors = db_records_where(
        db, &volume_connector_resource, "node_uuid = ?1 AND type = ?2 ORDER BY id LIMIT 1", values,
        G_N_ELEMENTS(values), error);
    if (connectors == NULL)
        return false;
    if (connectors->len == 0)
        return true;
    const VolumeConnector *connector = connectors->pdata[0];
    if (iscsi_name_valid(connector->connector_id)) {
        out->initiator_iqn = g_strdup(connector->connector_id);
        return true;
    }
    g_autofree char *reason =
        g_strdup_printf("volume connector %s of type iqn: its connector_id is not an iSCSI name "
                        "such as iqn.2017-08.org.openstack.node-1",
                        connector->uuid);
    set_unusable(out, reason);
    return true;
}

bool
boot_instructions_load(void *db, const char *mac, BootInstructions *out, GError **error)
{
    g_autoptr(Node) node = NULL;
    if (!find_node(db, mac, &node, error))
        return false;
    if (node == NULL)
        return true;
    out->node_uuid = g_strdup(node->uuid);
    out->node_name = g_strdup(node->name);
    const json_t *record = boot_record(node);
    if (record == NULL) {
        out->mode = BOOT_MODE_NONE;
        return true;
    }
    if (g_strcmp0(json_string_member(record, "mode"), BOOT_RECORD_ISCSI) != 0) {
        set_unusable(out, "the node's boot mode is not known to this server");
        return true;
    }
    const json_t *progress = info_json(node, INFO_BOOT_PROGRESS);
    out->told = json_object_get(progress, "scripts") != NULL;
    const char *token = json_string_member(record, "token");
    out->token = boot_token_valid(token) ? g_strdup(token) : NULL;
    out->mode = BOOT_MODE_ISCSI;
    if (!load_volumes(db, node, out, error))
        return false;
    return out->mode != BOOT_MODE_ISCSI || load_initiator(db, node, out, error);
}

bool
boot_token_load(void *db, const char *mac, char **token, char **node_uuid, GError **error)
{
    g_autoptr(Node) node = NULL;
    if (!find_node(db, mac, &node, error))
        return false;
    const json_t *record = node != NULL ? boot_record(node) : NULL;
    const char *text = record != NULL ? json_string_member(record, "token") : NULL;
    *token = boot_token_valid(text) ? g_strdup(text) : NULL;
    *node_uuid = *token != NULL ? g_strdup(node->uuid) : NULL;
    return true;
}
