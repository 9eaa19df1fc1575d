/* Ironic's rules for volumes of Cinder; the contract is in cinder_validate.h. Where a rule differs,
 * it admits what Steel can do and Ironic cannot: a volume by the firmware of the machine, and one
 * by its host bus adapter.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/storage/cinder_validate.h"

#include "common/log.h"
#include "drivers/boot/boot.h"
#include "drivers/storage/boot_option.h"
#include "drivers/storage/storage.h"
#include "model/capabilities.h"

#include <string.h>

/* How many connectors of these types the node has. */
typedef struct Found {
    unsigned iqn, wwpn, wwnn;
} Found;

static bool
count(Task *task, Found *found, GError **error)
{
    const GPtrArray *connectors = task_volume_connectors(task, error);
    if (connectors == NULL)
        return false;
    for (guint i = 0; i < connectors->len; i++) {
        const VolumeConnector *connector = connectors->pdata[i];
        if (connector->connector_id == NULL)
            continue;
        found->iqn += g_strcmp0(connector->type, "iqn") == 0;
        found->wwpn += g_strcmp0(connector->type, "wwpn") == 0;
        found->wwnn += g_strcmp0(connector->type, "wwnn") == 0;
    }
    return true;
}

/* The machine's adapter attaches the volumes; the boot interface has no part in it. */
static bool
has_adapter(const Task *task)
{
    return capability_is_true(task->node, boot_option_info(BOOT_OPTION_HBA)->capability);
}

static bool
check_boot_interface(const Task *task, const Found *found, GError **error)
{
    const Interface *boot = &task->driver.boot->interface;
    bool boots = (boot->capabilities & (CAPABILITY_IPXE_BOOT | CAPABILITY_ISCSI_VOLUME_BOOT)) != 0;
    return found->iqn == 0 || boots || has_adapter(task) ||
           steel_fail(error, STEEL_ERROR_INVALID,
                      "the node has a volume connector of type iqn, but its boot interface %s "
                      "cannot boot from an iSCSI volume; set another one with: steel node set %s "
                      "--boot-interface ipxe",
                      boot->name, task->node->uuid);
}

static void
warn_of_more(const Task *task, const Found *found)
{
    if (found->iqn > 1)
        log_warning("drivers.storage",
                    "node %s has %u volume connectors of type iqn; the first one is used",
                    task->node->uuid, found->iqn);
}

static bool
check_pairs(const Found *found, GError **error)
{
    return found->wwpn == found->wwnn ||
           steel_fail(
               error, STEEL_ERROR_STORAGE,
               "Cinder wants a volume connector of type wwnn for each of type wwpn; the node "
               "has %u of type wwpn and %u of type wwnn",
               found->wwpn, found->wwnn);
}

static bool
refuse_connector(const Task *task, const char *why, const char *type, GError **error)
{
    return steel_fail(error, STEEL_ERROR_INVALID,
                      "%s, but it has no volume connector of type %s; create one with: steel "
                      "volume connector create --node %s --type %s --connector-id <name>",
                      why, type, task->node->uuid, type);
}

static bool
check_capabilities(const Task *task, const Found *found, GError **error)
{
    if (capability_is_true(task->node, "iscsi_boot") && found->iqn == 0)
        return refuse_connector(task, "the node's capability iscsi_boot is true", "iqn", error);
    if (capability_is_true(task->node, "fibre_channel_boot") && found->wwpn == 0)
        return refuse_connector(task, "the node's capability fibre_channel_boot is true",
                                "wwpn (and wwnn)", error);
    return true;
}

/* What a target's type asks for. */
static const struct Kind {
    const char *volume_type, *capability, *connector;
    size_t found; /* offset of the number of its connectors */
} kinds[] = {
    {"fibre_channel", "fibre_channel_boot", "wwpn", offsetof(Found, wwpn)},
    {"iscsi", "iscsi_boot", "iqn", offsetof(Found, iqn)},
};

static bool
check_kind(const Task *task, const struct Kind *kind, const VolumeTarget *target,
           const Found *found, GError **error)
{
    unsigned connectors = *(const unsigned *)((const char *)found + kind->found);
    if (target->boot_index == 0 && !capability_is_true(task->node, kind->capability) &&
        !has_adapter(task))
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "the volume is of type %s, but the node's capability %s is not true",
                          kind->volume_type, kind->capability);
    g_autofree char *why = g_strdup_printf("the volume is of type %s", kind->volume_type);
    return connectors > 0 || refuse_connector(task, why, kind->connector, error);
}

static bool
check_target(const Task *task, const VolumeTarget *target, const Found *found, GError **error)
{
    if (target->volume_id == NULL || *target->volume_id == '\0')
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "no volume_id; set it with: steel volume target set %s --volume-id <id>",
                          target->uuid);
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
        if (g_strcmp0(target->volume_type, kinds[i].volume_type) == 0)
            return check_kind(task, &kinds[i], target, found, error);
    return steel_fail(error, STEEL_ERROR_INVALID,
                      "unknown volume_type '%.64s'; set it with: steel volume target set %s --type "
                      "iscsi (or fibre_channel)",
                      target->volume_type != NULL ? target->volume_type : "", target->uuid);
}

static bool
check_targets(Task *task, const Found *found, GError **error)
{
    const GPtrArray *targets = task_volume_targets(task, error);
    if (targets == NULL)
        return false;
    for (guint i = 0; i < targets->len; i++) {
        const VolumeTarget *target = targets->pdata[i];
        if (!check_target(task, target, found, error)) {
            g_prefix_error(error, "volume target %s (boot_index %lld): ", target->uuid,
                           (long long)target->boot_index);
            return false;
        }
    }
    return true;
}

/* A process without a login to Cinder would find that out in the deployment. */
static bool
check_service(Task *task, GError **error)
{
    g_autoptr(GError) cause = NULL;
    const GPtrArray *targets = task_volume_targets(task, error);
    if (targets == NULL)
        return false;
    return targets->len == 0 ||
           openstack_service(task->services->openstack, OPENSTACK_CINDER, &cause) != NULL ||
           steel_fail(error, STEEL_ERROR_INVALID, "%s", cause->message);
}

bool
cinder_storage_validate(Task *task, GError **error)
{
    Found found = {0};
    if (!count(task, &found, error) || !check_boot_interface(task, &found, error))
        return false;
    warn_of_more(task, &found);
    return check_pairs(&found, error) && check_capabilities(task, &found, error) &&
           check_targets(task, &found, error) && check_service(task, error) &&
           storage_validate_boot_from_volume(task, error);
}
