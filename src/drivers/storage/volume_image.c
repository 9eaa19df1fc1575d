/* Images on volumes; the contract is in volume_image.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/storage/volume_image.h"

#include "common/json_text.h"
#include "drivers/deploy/deploy.h"
#include "drivers/storage/boot_option.h"
#include "drivers/storage/storage.h"

#include <string.h>

#define KEY "force_deployment"
#define WWN_DIGITS 16

bool
volume_image_wanted(const Node *node)
{
    return json_is_truthy(json_object_get(node->instance_info, KEY));
}

static const char *
node_word(const Task *task)
{
    return task->node->name != NULL ? task->node->name : task->node->uuid;
}

/* "0x5000c50015ea71ac" of any spelling; NULL: it is no name of a logical unit. */
static char *
normal_wwn(const char *text)
{
    static const char *const prefixes[] = {"0x", "0X", "naa.", "wwn-0x", "eui."};
    for (size_t i = 0; i < G_N_ELEMENTS(prefixes); i++)
        if (g_str_has_prefix(text, prefixes[i])) {
            text += strlen(prefixes[i]);
            break;
        }
    g_autoptr(GString) wwn = g_string_new("0x");
    for (; *text != '\0'; text++) {
        if (*text == ':' || *text == '-')
            continue;
        if (!g_ascii_isxdigit(*text) || wwn->len >= 2 + WWN_DIGITS)
            return NULL;
        g_string_append_c(wwn, g_ascii_tolower(*text));
    }
    return wwn->len == 2 + WWN_DIGITS ? g_string_free(g_steal_pointer(&wwn), FALSE) : NULL;
}

static const char *
property(const VolumeTarget *target, const char *name)
{
    const char *text = json_string_member(target->properties, name);
    return text != NULL && *text != '\0' ? text : NULL;
}

/* The WWN, since what systems call the serial number of a SCSI disk differs. */
static json_t *
hint_of(const VolumeTarget *target)
{
    const char *given = property(target, "wwn"), *serial = property(target, "serial");
    g_autofree char *wwn = given != NULL ? normal_wwn(given) : NULL;
    if (wwn != NULL)
        return json_pack("{s:s}", "wwn", wwn);
    return serial != NULL ? json_pack("{s:s}", "serial", serial) : NULL;
}

/* An operator's hint for this instance, or for the machine. */
static bool
has_own_hint(const Node *node)
{
    const json_t *of_instance = json_object_get(node->instance_info, "root_device"),
                 *of_machine = json_object_get(node->properties, "root_device");
    return json_object_size(of_instance) > 0 || json_object_size(of_machine) > 0;
}

static bool
check_hint(const Task *task, const VolumeTarget *target, GError **error)
{
    const char *given = property(target, "wwn");
    g_autofree char *wwn = given != NULL ? normal_wwn(given) : NULL;
    if (given != NULL && wwn == NULL)
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "volume target %s: wwn must be a name of 16 hexadecimal digits such as "
                          "0x5000c50015ea71ac, not \"%.40s\"; set it with: steel volume target set "
                          "%s --property wwn=<name>",
                          target->uuid, given, target->uuid);
    json_auto_t *hint = hint_of(target);
    return hint != NULL || has_own_hint(task->node) ||
           steel_fail(error, STEEL_ERROR_INVALID,
                      "volume target %s: nothing tells which disk it is, and the image must not be "
                      "written to another one; set it with: steel volume target set %s --property "
                      "wwn=<name> (or serial=<number>)",
                      target->uuid, target->uuid);
}

static bool
check_wanted(const Task *task, GError **error)
{
    return volume_image_wanted(task->node) ||
           steel_fail(error, STEEL_ERROR_INVALID,
                      "the node has a volume to boot from and instance_info image_source; to boot "
                      "from the volume as it is: steel node unset %s --instance-info image_source; "
                      "to write the image to it: steel node set %s --instance-info "
                      "force_deployment=true",
                      node_word(task), node_word(task));
}

/* Nothing but an adapter makes a disk of a volume that the agent's system sees. */
static bool
check_way(Task *task, GError **error)
{
    if (task->driver.storage->should_write_image == NULL)
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "the node has a volume to boot from, but its storage interface %s does "
                          "not boot from volumes; set another one with: steel node set %s "
                          "--storage-interface external",
                          task->driver.storage->interface.name, node_word(task));
    return boot_option_of(task) == BOOT_OPTION_HBA ||
           steel_fail(error, STEEL_ERROR_INVALID,
                      "force_deployment writes an image to a volume that the machine's host bus "
                      "adapter presents as a disk, and the node does not boot so; set its "
                      "capability hba_boot to true, and instance_info boot_option=hba_volume if it "
                      "has others");
}

static bool
check_deploy_interface(const Task *task, const VolumeTarget *target, GError **error)
{
    const Interface *deploy = &task->driver.deploy->interface;
    unsigned tag = g_strcmp0(target->volume_type, "iscsi") == 0 ? CAPABILITY_ISCSI_VOLUME_DEPLOY
                                                                : CAPABILITY_FC_VOLUME_DEPLOY;
    return (deploy->capabilities & tag) != 0 ||
           steel_fail(error, STEEL_ERROR_INVALID,
                      "deploy interface %s has no capability %s and cannot write an image to the "
                      "volume; set another one with: steel node set %s --deploy-interface direct",
                      deploy->name, interface_capability_word(tag), node_word(task));
}

bool
volume_image_validate(Task *task, GError **error)
{
    const VolumeTarget *target = storage_boot_target(task);
    return check_wanted(task, error) && check_way(task, error) &&
           check_deploy_interface(task, target, error) && check_hint(task, target, error);
}

json_t *
volume_image_hint(Task *task)
{
    const VolumeTarget *target = storage_boot_target(task);
    bool wanted = target != NULL && volume_image_wanted(task->node) &&
                  json_object_size(json_object_get(task->node->instance_info, "root_device")) == 0;
    return wanted ? hint_of(target) : NULL;
}

void
volume_image_done(Task *task)
{
    json_object_del(task->node->instance_info, KEY);
}
