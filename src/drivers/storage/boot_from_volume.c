/* Checks a node's volumes, connectors, capabilities and boot interface against each other before a
 * deploy: a machine that cannot attach its volume reports that only on its screen. Each error names
 * what to set.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/boot/boot.h"
#include "drivers/boot/instance_files.h"
#include "drivers/storage/boot_option.h"
#include "drivers/storage/storage.h"
#include "drivers/task.h"
#include "model/capabilities.h"
#include "model/provision_states.h"
#include "netboot/fc_volume.h"
#include "netboot/ipxe.h"
#include "netboot/iscsi_volume.h"
#include "netboot/nfs_root.h"

#include <string.h>

/* The node's name in commands. */
static const char *
node_word(const Task *task)
{
    return task->node->name != NULL ? task->node->name : task->node->uuid;
}

/* "volume target 5d0e... (boot_index 0)": the beginning of every error about a volume. */
static void
prefix_target(const VolumeTarget *target, GError **error)
{
    g_prefix_error(error, "volume target %s (boot_index %lld): ", target->uuid,
                   (long long)target->boot_index);
}

/* The node's capabilities as one string with `name` true in it: setting one replaces all. */
static char *
capabilities_with(const Node *node, const char *name)
{
    g_autoptr(GString) all = g_string_new(NULL);
    const char *text = json_string_member(node->properties, "capabilities");
    g_auto(GStrv) pairs = g_strsplit(text != NULL && *text != '{' ? text : "", ",", 64);
    for (char **pair = pairs; *pair != NULL; pair++) {
        g_strstrip(*pair);
        size_t length = strlen(name);
        bool same = strncmp(*pair, name, length) == 0 && (*pair)[length] == ':';
        if (**pair != '\0' && !same)
            g_string_append_printf(all, "%s,", *pair);
    }
    return g_strdup_printf("%s%s:true", all->str, name);
}

static bool
check_capability(const Task *task, const char *name, GError **error)
{
    if (capability_is_true(task->node, name))
        return true;
    g_autofree char *value = capability_get(task->node, name);
    g_autofree char *all = capabilities_with(task->node, name);
    return steel_fail(error, STEEL_ERROR_INVALID,
                      "the node's capability %s is %s, but it has a volume to boot from; set it "
                      "with: steel node set %s --property capabilities='%s'",
                      name, value != NULL ? value : "not set", node_word(task), all);
}

static bool
check_boot_interface(const Task *task, const BootOptionInfo *option, GError **error)
{
    const Interface *boot = &task->driver.boot->interface;
    if ((boot->capabilities & option->tag) == option->tag)
        return true;
    return steel_fail(error, STEEL_ERROR_INVALID,
                      "boot interface %s has no capability %s and cannot boot the node (%s); set "
                      "another one with: steel node set %s --boot-interface ipxe",
                      boot->name, interface_capability_word(option->tag), option->word,
                      node_word(task));
}

/* The initiator's name is the first iqn connector's. */
static bool
check_initiator(Task *task, GError **error)
{
    const GPtrArray *connectors = task_volume_connectors(task, error);
    if (connectors == NULL)
        return false;
    for (guint i = 0; i < connectors->len; i++) {
        const VolumeConnector *connector = connectors->pdata[i];
        if (g_strcmp0(connector->type, "iqn") != 0)
            continue;
        if (iscsi_name_valid(connector->connector_id))
            return true;
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "volume connector %s of type iqn: '%.100s' is no iSCSI name such as "
                          "iqn.2017-08.org.openstack.%s; set it with: steel volume connector set "
                          "%s --connector-id <name>",
                          connector->uuid, connector->connector_id, task->node->uuid,
                          connector->uuid);
    }
    return steel_fail(error, STEEL_ERROR_INVALID,
                      "the node has an iSCSI volume but no volume connector of type iqn, the name "
                      "under which it logs in; create one with: steel volume connector create "
                      "--node %s --type iqn --connector-id iqn.2017-08.org.openstack.%s",
                      task->node->uuid, task->node->uuid);
}

static bool
iscsi_readable(const json_t *properties, GError **error)
{
    g_autoptr(IscsiVolume) volume = iscsi_volume_read(properties, error);
    return volume != NULL;
}

static bool
fc_readable(const json_t *properties, GError **error)
{
    g_auto(GStrv) uris = fc_volume_uris(properties, error);
    return uris != NULL;
}

/* Before a volume is attached its properties may be missing. */
static bool
are_properties_known(const Task *task)
{
    return !task->driver.storage->gives_properties ||
           state_from_wire(task->node->provision_state) == STATE_DEPLOYING;
}

/* Checks the properties of a volume that a boot script needs. */
static bool
check_properties(const Task *task, const VolumeTarget *target, BootOption option, GError **error)
{
    g_autoptr(GError) cause = NULL;
    bool good = option == BOOT_OPTION_HBA || !are_properties_known(task) ||
                (option == BOOT_OPTION_ISCSI ? iscsi_readable(target->properties, &cause)
                                             : fc_readable(target->properties, &cause));
    return good ||
           steel_fail(error, STEEL_ERROR_INVALID,
                      "%s; set it with: steel volume target set %s --property <name>=<value>",
                      cause->message, target->uuid);
}

static bool
check_type(const VolumeTarget *target, BootOption option, GError **error)
{
    const char *type = target->volume_type != NULL ? target->volume_type : "";
    if (option == BOOT_OPTION_COUNT)
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "unknown volume_type '%.64s'; set it with: steel volume target set %s "
                          "--type iscsi (or fibre_channel; a root file system on NFS is no volume, "
                          "but instance_info nfs_root)",
                          type, target->uuid);
    const char *wanted = boot_option_info(option)->volume_type;
    return wanted == NULL || strcmp(type, wanted) == 0 ||
           steel_fail(
               error, STEEL_ERROR_INVALID,
               "volume_type %.64s cannot be attached by a machine that boots from %s; set it "
               "with: steel volume target set %s --type %s",
               type, wanted, target->uuid, wanted);
}

static bool
check_target(const Task *task, const VolumeTarget *target, BootOption option, GError **error)
{
    bool good = check_type(target, option, error);
    if (good && (target->volume_id == NULL || *target->volume_id == '\0'))
        good = steel_fail(error, STEEL_ERROR_INVALID,
                          "no volume_id; set it with: steel volume target set %s --volume-id <id>",
                          target->uuid);
    if (good && target->boot_index < 0)
        good = steel_fail(error, STEEL_ERROR_INVALID,
                          "a boot_index is 0 or greater; set it with: steel volume target set %s "
                          "--boot-index <number>",
                          target->uuid);
    good = good && check_properties(task, target, option, error);
    if (!good)
        prefix_target(target, error);
    return good;
}

static bool
check_targets(Task *task, BootOption option, GError **error)
{
    const GPtrArray *targets = task_volume_targets(task, error);
    if (targets == NULL)
        return false;
    if (targets->len > IPXE_VOLUME_LIMIT)
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "the node has %u volume targets; at most %d can be attached at boot",
                          targets->len, IPXE_VOLUME_LIMIT);
    unsigned boot_volumes = 0;
    for (guint i = 0; i < targets->len; i++) {
        const VolumeTarget *target = targets->pdata[i];
        boot_volumes += target->boot_index == 0;
        if (!check_target(task, target, option, error))
            return false;
    }
    return boot_volumes <= 1 ||
           steel_fail(error, STEEL_ERROR_INVALID,
                      "%u volume targets have boot_index 0, but a node boots from one; set the "
                      "others with: steel volume target set <uuid> --boot-index <number>",
                      boot_volumes);
}

/* What else instance_info says must fit a root file system on NFS. */
static bool
check_nfs_words(Task *task, GError **error)
{
    const json_t *info = task->node->instance_info;
    const char *named = json_string_member(info, "boot_option"),
               *word = boot_option_info(BOOT_OPTION_NFS)->word;
    if (json_object_get(info, "image_source") != NULL)
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "the node has instance_info nfs_root and image_source, and no image is "
                          "written to a root file system on NFS: steel node unset %s "
                          "--instance-info image_source (or nfs_root)",
                          node_word(task));
    if (named != NULL && strcmp(named, word) != 0)
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "the node has instance_info nfs_root and boot_option %.40s; it has to be "
                          "%s, or absent",
                          named, word);
    return storage_boot_target(task) == NULL ||
           steel_fail(error, STEEL_ERROR_INVALID,
                      "the node has instance_info nfs_root and a volume target with boot_index 0, "
                      "but boots from one of them: steel node unset %s --instance-info nfs_root, "
                      "or steel volume target delete %s",
                      node_word(task), storage_boot_target(task)->uuid);
}

static bool
check_nfs_root(const Task *task, GError **error)
{
    g_autofree char *root =
        nfs_root_read(json_object_get(task->node->instance_info, "nfs_root"), error);
    return root != NULL;
}

static bool
validate_nfs_root(Task *task, GError **error)
{
    const BootOptionInfo *info = boot_option_info(BOOT_OPTION_NFS);
    return check_nfs_words(task, error) && check_nfs_root(task, error) &&
           instance_files_validate(task, "the root file system is on NFS", error) &&
           check_capability(task, info->capability, error) &&
           check_boot_interface(task, info, error);
}

/* The word without the thing. */
static bool
check_named(const Task *task, GError **error)
{
    const char *named = json_string_member(task->node->instance_info, "boot_option");
    return g_strcmp0(named, boot_option_info(BOOT_OPTION_NFS)->word) != 0 ||
           steel_fail(
               error, STEEL_ERROR_INVALID,
               "instance_info boot_option is %s, but nfs_root is missing; set it with: steel "
               "node set %s --instance-info nfs_root=<server:/path>",
               named, node_word(task));
}

bool
storage_validate_boot_from_volume(Task *task, GError **error)
{
    if (task_volume_targets(task, error) == NULL)
        return false;
    if (storage_has_nfs_root(task->node))
        return validate_nfs_root(task, error);
    if (!check_named(task, error))
        return false;
    if (!storage_boots_from_volume(task))
        return true;
    BootOption option = boot_option_of(task);
    if (!check_targets(task, option, error))
        return false;
    const BootOptionInfo *info = boot_option_info(option);
    return check_capability(task, info->capability, error) &&
           check_boot_interface(task, info, error) &&
           (option != BOOT_OPTION_ISCSI || check_initiator(task, error));
}
