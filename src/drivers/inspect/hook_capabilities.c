/* Capabilities of an inspected machine: boot mode, what its CPU can, how many cards of a kind it
 * has; the contract is in hooks.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/config.h"
#include "common/json_text.h"
#include "common/log.h"
#include "drivers/inspect/hooks.h"
#include "model/capabilities.h"

#include <string.h>

#define AREA "drivers.inspect"

static void
set(const Inspection *inspection, const char *name, const char *value)
{
    capability_set(inspection->task->node->properties, name, value);
}

bool
hook_boot_mode_run(Inspection *inspection, GError **error)
{
    const char *mode =
        json_string_member(json_object_get(inspection->inventory, "boot"), "current_boot_mode");
    (void)error;
    if (mode != NULL && (strcmp(mode, "uefi") == 0 || strcmp(mode, "bios") == 0))
        set(inspection, "boot_mode", mode);
    else
        log_warning(AREA, "the inventory of node %s does not tell the boot mode",
                    inspection->task->node->uuid);
    return true;
}

static bool
has_word(const json_t *list, const char *word, size_t length)
{
    size_t i;
    json_t *item;
    json_array_foreach((json_t *)(uintptr_t)list, i, item)
    {
        if (json_string_length(item) == length &&
            strncmp(json_string_value(item), word, length) == 0)
            return true;
    }
    return false;
}

/* [inspector]cpu_capabilities: flag:capability. */
bool
hook_cpu_capabilities_run(Inspection *inspection, GError **error)
{
    const json_t *flags = json_object_get(json_object_get(inspection->inventory, "cpu"), "flags");
    const char *const *rows = config_list(config_current(), OPT_INSPECTOR_CPU_CAPABILITIES);
    (void)error;
    for (; *rows != NULL; rows++) {
        const char *colon = strchr(*rows, ':');
        if (colon == NULL || !has_word(flags, *rows, (size_t)(colon - *rows)))
            continue;
        g_autofree char *name = g_strstrip(g_strdup(colon + 1));
        set(inspection, name, "true");
    }
    return true;
}

/* ---- pci-devices ---- */

/* An alias as the configuration has it: {"vendor_id", "product_id", "name"}; a new reference; NULL
 * with INVALID. */
static json_t *
read_alias(const char *text, GError **error)
{
    static const char *const members[] = {"vendor_id", "product_id", "name"};
    json_t *alias = json_text_parse(text, strlen(text), 2, NULL);
    bool good = json_object_size(alias) == G_N_ELEMENTS(members);
    for (size_t i = 0; i < G_N_ELEMENTS(members); i++)
        good = good && json_string_member(alias, members[i]) != NULL;
    if (good)
        return alias;
    json_decref(alias);
    steel_fail(error, STEEL_ERROR_INVALID,
               "[inspector]pci_device_alias: expected {\"vendor_id\": \"1234\", \"product_id\": "
               "\"5678\", \"name\": \"pci_dev1\"}, not %.200s",
               text);
    return NULL;
}

bool
hook_pci_aliases_valid(GError **error)
{
    const char *const *texts = config_list(config_current(), OPT_INSPECTOR_PCI_DEVICE_ALIAS);
    for (; *texts != NULL; texts++) {
        json_auto_t *alias = read_alias(*texts, error);
        if (alias == NULL)
            return false;
    }
    return true;
}

static unsigned
count_devices(const json_t *devices, const json_t *alias)
{
    static const char *const ids[] = {"vendor_id", "product_id"};
    unsigned count = 0;
    size_t i;
    json_t *device;
    json_array_foreach((json_t *)(uintptr_t)devices, i, device)
    {
        bool same = true;
        for (size_t id = 0; id < G_N_ELEMENTS(ids); id++) {
            const char *own = json_string_member(device, ids[id]);
            same = same && own != NULL &&
                   g_ascii_strcasecmp(own, json_string_member(alias, ids[id])) == 0;
        }
        count += same;
    }
    return count;
}

bool
hook_pci_devices_run(Inspection *inspection, GError **error)
{
    const char *const *texts = config_list(config_current(), OPT_INSPECTOR_PCI_DEVICE_ALIAS);
    const json_t *devices = json_object_get(inspection->plugin_data, "pci_devices");
    if (devices == NULL)
        devices = json_object_get(inspection->inventory, "pci_devices");
    for (; *texts != NULL; texts++) {
        json_auto_t *alias = read_alias(*texts, error);
        if (alias == NULL)
            return false;
        unsigned count = count_devices(devices, alias);
        g_autofree char *text = g_strdup_printf("%u", count);
        if (count > 0)
            set(inspection, json_string_member(alias, "name"), text);
    }
    return true;
}
