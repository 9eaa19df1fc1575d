/* Boot device, boot mode, secure boot and iSCSI targets by an iLO; the contract is in
 * ilo_management.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/ilo_management.h"

#include "common/config.h"
#include "drivers/ilo_node.h"
#include "drivers/storage/storage.h"
#include "netboot/iscsi_volume.h"

#include <string.h>

static const struct {
    const char *name;
    IloBootDevice device;
} devices[] = {
    {"pxe",       ILO_BOOT_NETWORK},
    {"disk",      ILO_BOOT_DISK},
    {"cdrom",     ILO_BOOT_CDROM},
    {"iscsiboot", ILO_BOOT_ISCSI},
    {"uefihttp",  ILO_BOOT_UEFI_HTTP},
};

const char *const ilo_management_boot_modes[] = {"bios", "uefi", NULL};

bool
ilo_management_set_boot_device(Task *task, const char *device, bool persistent, GError **error)
{
    g_auto(IloNode) node = {0};
    Ilo ilo;
    size_t row = 0;
    while (row < G_N_ELEMENTS(devices) && strcmp(devices[row].name, device) != 0)
        row++;
    if (row == G_N_ELEMENTS(devices))
        return steel_fail(error, STEEL_ERROR_INVALID, "Invalid boot device %.40s specified.",
                          device);
    if (ilo_node_open(task, &node, &ilo, error) &&
        ilo_set_boot_device(&ilo, devices[row].device, persistent, error))
        return true;
    g_prefix_error(error, "Setting %s as boot device failed, error: ", device);
    return false;
}

bool
ilo_management_get_boot_device(Task *task, BootDevice *device, GError **error)
{
    g_auto(IloNode) node = {0};
    Ilo ilo;
    IloBootDevice is = ILO_BOOT_NONE;
    bool persistent = false;
    if (!ilo_node_open(task, &node, &ilo, error) ||
        !ilo_get_boot_device(&ilo, &is, &persistent, error)) {
        g_prefix_error(error, "Get boot device failed, error: ");
        return false;
    }
    *device = (BootDevice){.persistent = -1};
    for (size_t row = 0; row < G_N_ELEMENTS(devices); row++)
        if (devices[row].device == is) {
            g_strlcpy(device->device, devices[row].name, sizeof device->device);
            device->persistent = persistent;
        }
    return true;
}

typedef bool (*ModeReader)(const Ilo *ilo, IloBootMode *mode, GError **error);

/* A machine from before UEFI tells no mode: it has one. */
static bool
read_mode(const Ilo *ilo, ModeReader read, IloBootMode *mode, GError **error)
{
    g_autoptr(GError) cause = NULL;
    if (read(ilo, mode, &cause))
        return true;
    *mode = ILO_MODE_LEGACY;
    if (steel_error_is(cause, STEEL_ERROR_UNSUPPORTED))
        return true;
    g_propagate_error(error, g_steal_pointer(&cause));
    return false;
}

/* What the next POST brings already is not written. */
static bool
set_pending_mode(const Ilo *ilo, IloBootMode wanted, GError **error)
{
    IloBootMode pending = ILO_MODE_UNKNOWN;
    return read_mode(ilo, ilo_get_pending_boot_mode, &pending, error) &&
           (pending == wanted || ilo_set_pending_boot_mode(ilo, wanted, error));
}

bool
ilo_management_set_boot_mode(Task *task, const char *mode, GError **error)
{
    g_auto(IloNode) node = {0};
    Ilo ilo;
    IloBootMode wanted = strcmp(mode, "uefi") == 0 ? ILO_MODE_UEFI : ILO_MODE_LEGACY;
    if (ilo_node_open(task, &node, &ilo, error) && set_pending_mode(&ilo, wanted, error))
        return true;
    g_prefix_error(error, "Setting %s as boot mode failed, error: ", mode);
    return false;
}

bool
ilo_management_get_boot_mode(Task *task, const char **mode, GError **error)
{
    static const char *const words[] = {[ILO_MODE_LEGACY] = "bios", [ILO_MODE_UEFI] = "uefi"};
    g_auto(IloNode) node = {0};
    Ilo ilo;
    IloBootMode is = ILO_MODE_UNKNOWN;
    if (!ilo_node_open(task, &node, &ilo, error) || !read_mode(&ilo, ilo_get_boot_mode, &is, error))
        return false;
    *mode = words[is];
    return true;
}

/* There is none in legacy mode. */
bool
ilo_management_get_secure_boot(Task *task, bool *on, GError **error)
{
    g_auto(IloNode) node = {0};
    Ilo ilo;
    IloBootMode mode = ILO_MODE_UNKNOWN;
    if (!ilo_node_open(task, &node, &ilo, error) ||
        !read_mode(&ilo, ilo_get_boot_mode, &mode, error))
        return false;
    *on = false;
    return mode != ILO_MODE_UEFI || ilo_get_secure_boot(&ilo, on, error);
}

bool
ilo_management_set_secure_boot(Task *task, bool on, GError **error)
{
    g_auto(IloNode) node = {0};
    Ilo ilo;
    if (ilo_node_open(task, &node, &ilo, error) && ilo_set_secure_boot(&ilo, on, error))
        return true;
    g_prefix_error(error,
                   "Setting secure boot to %s for node %s failed, error: ", on ? "True" : "False",
                   task->node->uuid);
    return false;
}

json_t *
ilo_management_get_sensors(Task *task, GError **error)
{
    g_auto(IloNode) node = {0};
    Ilo ilo;
    return ilo_node_open(task, &node, &ilo, error) ? ilo_get_sensors(&ilo, error) : NULL;
}

bool
ilo_management_inject_nmi(Task *task, GError **error)
{
    g_auto(IloNode) node = {0};
    Ilo ilo;
    if (ilo_node_open(task, &node, &ilo, error) && ilo_set_power(&ilo, ILO_POWER_NMI, error))
        return true;
    g_prefix_error(error, "Injecting NMI for node %s failed, error: ", task->node->uuid);
    return false;
}

/* ---- the iSCSI target ---- */

/* The addresses of all ports, NULL-terminated and borrowed from the task. */
static GPtrArray *
macs_of(Task *task, GError **error)
{
    const GPtrArray *ports = task_ports(task, error);
    if (ports == NULL)
        return NULL;
    GPtrArray *macs = g_ptr_array_new();
    for (guint i = 0; i < ports->len; i++)
        g_ptr_array_add(macs, ((const Port *)ports->pdata[i])->address);
    g_ptr_array_add(macs, NULL);
    return macs;
}

/* The name under which the machine logs in: that of the first connector of type iqn; NULL: its
 * own. */
static bool
find_initiator(Task *task, const char **name, GError **error)
{
    const GPtrArray *connectors = task_volume_connectors(task, error);
    *name = NULL;
    for (guint i = 0; connectors != NULL && i < connectors->len && *name == NULL; i++) {
        const VolumeConnector *connector = connectors->pdata[i];
        if (g_strcmp0(connector->type, "iqn") == 0)
            *name = connector->connector_id;
    }
    return connectors != NULL;
}

static IscsiVolume *
boot_volume(Task *task, GError **error)
{
    if (task_volume_targets(task, error) == NULL)
        return NULL;
    const VolumeTarget *target = storage_boot_target(task);
    if (target == NULL) {
        steel_fail(error, STEEL_ERROR_MISSING,
                   "Failed to get iSCSI target info for node %s. Error: it has no volume target "
                   "with boot_index 0; create one with: steel volume target create --node %s",
                   task->node->uuid, task->node->uuid);
        return NULL;
    }
    IscsiVolume *volume = iscsi_volume_read(target->properties, error);
    if (volume == NULL)
        g_prefix_error(error,
                       "Failed to get iSCSI target info for node %s. Error: ", task->node->uuid);
    return volume;
}

static bool
set_target(Task *task, const IscsiVolume *volume, GError **error)
{
    g_auto(IloNode) node = {0};
    Ilo ilo;
    const IscsiPortal *portal = volume->portals->pdata[0]; /* an attempt has one */
    g_autofree char *lun = g_strdup_printf("%u", portal->lun);
    IloIscsiTarget target = {.iqn = portal->iqn,
                             .address = portal->host,
                             .port = (uint16_t)portal->port,
                             .lun = lun,
                             .username = volume->username,
                             .secret = volume->password};
    g_autoptr(GPtrArray) macs = macs_of(task, error);
    if (macs != NULL && find_initiator(task, &target.initiator, error) &&
        ilo_node_open(task, &node, &ilo, error) &&
        ilo_set_iscsi_target(&ilo, &target, (const char *const *)macs->pdata, error))
        return true;
    g_prefix_error(error, "Setting of target IQN %s for node %s failed, error: ", portal->iqn,
                   task->node->uuid);
    return false;
}

bool
ilo_management_set_iscsi_boot_target(Task *task, GError **error)
{
    g_autoptr(IscsiVolume) volume = boot_volume(task, error);
    return volume != NULL && set_target(task, volume, error);
}

bool
ilo_management_clear_iscsi_boot_target(Task *task, GError **error)
{
    g_auto(IloNode) node = {0};
    Ilo ilo;
    if (ilo_node_open(task, &node, &ilo, error) && ilo_clear_iscsi_target(&ilo, error))
        return true;
    g_prefix_error(error,
                   "Unsetting of iSCSI target for node %s failed, error: ", task->node->uuid);
    return false;
}
