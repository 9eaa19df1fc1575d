/* Disks; the contract is in disks.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent/hardware/disks.h"

#include "agent/hardware/disk_names.h"
#include "agent/hardware/sysfs.h"

#include <string.h>

static bool
is_disk(const char *name)
{
    static const char *const others[] = {"ram",  "loop", "fd",  "sr",
                                         "zram", "nbd",  "dm-", "mtdblock"};
    for (size_t i = 0; i < G_N_ELEMENTS(others); i++)
        if (g_str_has_prefix(name, others[i]))
            return false;
    return true;
}

static json_t *
text_json(const char *text)
{
    return text != NULL && *text != '\0' ? json_string(text) : json_null();
}

static const char *
transport(const char *root, const char *name)
{
    g_autofree char *device = sysfs_link(root, "/sys/block/%s", name);
    if (disk_is_nvme(name))
        return "nvme";
    if (device == NULL)
        return NULL;
    if (strstr(device, "/virtio") != NULL)
        return "virtio";
    if (strstr(device, "/usb") != NULL)
        return "usb";
    if (strstr(device, "/ata") != NULL)
        return "sata";
    if (strstr(device, "/session") != NULL)
        return "iscsi";
    if (strstr(device, "/rport-") != NULL)
        return "fc";
    return strstr(device, "/end_device-") != NULL ? "sas" : NULL;
}

static char *
model_of(const char *root, const char *name)
{
    char *model = sysfs_read(root, "/sys/block/%s/device/model", name);
    return model != NULL ? model : sysfs_read(root, "/sys/block/%s/md/level", name);
}

static json_t *
disk_json(const char *root, const char *name, json_int_t size)
{
    g_auto(DiskNames) names = {0};
    g_autofree char *model = model_of(root, name);
    g_autofree char *vendor = sysfs_read(root, "/sys/block/%s/device/vendor", name);
    disk_names_read(&names, root, name);
    bool rotational = sysfs_read_number(root, 0, "/sys/block/%s/queue/rotational", name) != 0;
    int64_t sector = sysfs_read_number(root, 512, "/sys/block/%s/queue/logical_block_size", name);
    return json_pack("{s:o, s:o, s:I, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I}", "name",
                     json_sprintf("/dev/%s", name), "model", text_json(model), "size", size,
                     "rotational", rotational, "wwn", text_json(names.wwn), "serial",
                     text_json(names.serial), "vendor", text_json(vendor), "wwn_with_extension",
                     text_json(names.wwn_with_extension), "wwn_vendor_extension",
                     text_json(names.wwn_vendor_extension), "hctl", text_json(names.hctl),
                     "by_path", text_json(names.by_path), "tran", text_json(transport(root, name)),
                     "logical_sectors", (json_int_t)sector);
}

json_t *
disks_list(const char *root)
{
    json_t *list = json_array();
    g_auto(GStrv) names = sysfs_list(root, "/sys/block");
    for (char **name = names; *name != NULL; name++) {
        int64_t sectors = sysfs_read_number(root, 0, "/sys/block/%s/size", *name);
        if (is_disk(*name) && sectors > 0)
            json_array_append_new(list, disk_json(root, *name, (json_int_t)sectors * 512));
    }
    return list;
}

const char *
disk_kernel_name(const json_t *disk)
{
    const char *name = json_string_value(json_object_get(disk, "name"));
    return name != NULL && g_str_has_prefix(name, "/dev/") ? name + 5 : "";
}

bool
disk_read_only(const char *root, const char *kernel_name)
{
    return sysfs_read_number(root, 0, "/sys/block/%s/ro", kernel_name) != 0;
}

bool
disk_is_nvme(const char *kernel_name)
{
    return g_str_has_prefix(kernel_name, "nvme");
}

bool
disk_is_virtual_media(const char *root, const char *kernel_name)
{
    g_autofree char *model = sysfs_read(root, "/sys/block/%s/device/model", kernel_name);
    g_autofree char *lower = model != NULL ? g_ascii_strdown(model, -1) : NULL;
    return lower != NULL && strstr(lower, "virtual media") != NULL;
}

bool
disk_has_holders(const char *root, const char *kernel_name)
{
    g_auto(GStrv) holders = sysfs_list(root, "/sys/block/%s/holders", kernel_name);
    return holders[0] != NULL;
}
