/* PCI devices; the contract is in pci.h. SPDX-License-Identifier: Apache-2.0 */
#include "agent/hardware/pci.h"

#include "agent/hardware/sysfs.h"

#define DEVICES "/sys/bus/pci/devices"

/* "0x8086" -> "8086" */
static json_t *
number_json(const char *root, const char *device, const char *name)
{
    g_autofree char *text = sysfs_read(root, DEVICES "/%s/%s", device, name);
    if (text == NULL)
        return json_null();
    return json_string(g_str_has_prefix(text, "0x") ? text + 2 : text);
}

json_t *
pci_list(const char *root)
{
    json_t *list = json_array();
    g_auto(GStrv) devices = sysfs_list(root, DEVICES);
    for (char **device = devices; *device != NULL; device++)
        json_array_append_new(list,
                              json_pack("{s:o, s:o, s:o, s:o, s:s}", "vendor_id",
                                        number_json(root, *device, "vendor"), "product_id",
                                        number_json(root, *device, "device"), "class",
                                        number_json(root, *device, "class"), "revision",
                                        number_json(root, *device, "revision"), "bus", *device));
    return list;
}
