/* Names of disks; the contract is in disk_names.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent/hardware/disk_names.h"

#include "agent/hardware/disks.h"
#include "agent/hardware/sysfs.h"

#include <string.h>

/* Bytes of a page of vital product data, and of its head. */
enum { VPD_LIMIT = 255, VPD_HEAD = 4 };

/* The unit serial number as the device gives it. */
static char *
vpd_serial(const char *root, const char *name)
{
    size_t size = 0;
    g_autofree char *path = g_strdup_printf("/sys/block/%s/device/vpd_pg80", name);
    g_autofree uint8_t *page = sysfs_read_bytes(root, path, VPD_LIMIT, &size);
    if (page == NULL || size <= VPD_HEAD)
        return NULL;
    char *text = g_strndup((const char *)page + VPD_HEAD, size - VPD_HEAD);
    g_strstrip(text);
    char *valid = *text != '\0' ? g_utf8_make_valid(text, -1) : NULL;
    g_free(text);
    return valid;
}

static char *
serial_of(const char *root, const char *name)
{
    char *serial = sysfs_read(root, "/sys/block/%s/serial", name); /* virtio */
    if (serial == NULL)
        serial = sysfs_read(root, "/sys/block/%s/device/serial", name); /* NVMe, MMC */
    return serial != NULL ? serial : vpd_serial(root, name);
}

void
disk_names_take_wwid(DiskNames *names, const char *wwid)
{
    if (!g_str_has_prefix(wwid, "naa.")) {
        if (g_str_has_prefix(wwid, "eui.") || g_str_has_prefix(wwid, "nvme.")) {
            names->wwn = g_strdup(wwid);
            names->wwn_with_extension = g_strdup(wwid);
        }
        return;
    }
    const char *digits = wwid + 4;
    names->wwn = g_strdup_printf("0x%.16s", digits);
    names->wwn_with_extension = g_strdup_printf("0x%s", digits);
    if (strlen(digits) > 16)
        names->wwn_vendor_extension = g_strdup_printf("0x%s", digits + 16);
}

static char *
hctl_of(const char *root, const char *name)
{
    g_auto(GStrv) addresses = sysfs_list(root, "/sys/block/%s/device/scsi_device", name);
    return g_strdup(addresses[0]);
}

/* ---- by path ---- */

static bool
is_pci(const char *part)
{
    return strlen(part) == 12 && part[4] == ':' && part[7] == ':' && part[10] == '.';
}

/* udev's suffix for the bus behind the PCI device; "" if the device can have one disk only. */
static char *
bus_part(char *const *parts)
{
    const char *ata = NULL;
    for (; *parts != NULL; parts++) {
        if (g_str_has_prefix(*parts, "nvme") && strchr(*parts, 'n') != NULL &&
            strpbrk(*parts + 4, "n") != NULL)
            return g_strdup_printf("-nvme-%s", strpbrk(*parts + 4, "n") + 1);
        if (g_str_has_prefix(*parts, "ata"))
            ata = *parts;
        if (g_str_has_prefix(*parts, "target") && parts[1] != NULL)
            return ata != NULL ? g_strdup_printf("-ata-%s", ata + 3)
                               : g_strdup_printf("-scsi-%s", parts[1]);
    }
    return g_strdup("");
}

char *
disk_path_name(const char *device)
{
    const char *pci = NULL;
    g_auto(GStrv) parts = g_strsplit(device, "/", 64);
    size_t after = 0;
    for (size_t i = 0; parts[i] != NULL; i++)
        if (is_pci(parts[i])) {
            pci = parts[i];
            after = i + 1;
        }
    if (pci == NULL)
        return NULL;
    g_autofree char *bus = bus_part(parts + after);
    return g_strdup_printf("pci-%s%s", pci, bus);
}

/* The link that udev made, if udev runs. */
static char *
linked_path(const char *root, const char *name)
{
    g_auto(GStrv) links = sysfs_list(root, "/dev/disk/by-path");
    for (char **link = links; *link != NULL; link++) {
        g_autofree char *target = sysfs_link_name(root, "/dev/disk/by-path/%s", *link);
        if (g_strcmp0(target, name) == 0)
            return g_strconcat("/dev/disk/by-path/", *link, NULL);
    }
    return NULL;
}

static char *
path_of(const char *root, const char *name)
{
    char *linked = linked_path(root, name);
    if (linked != NULL)
        return linked;
    g_autofree char *device = sysfs_link(root, "/sys/block/%s", name);
    g_autofree char *path = device != NULL ? disk_path_name(device) : NULL;
    return path != NULL ? g_strconcat("/dev/disk/by-path/", path, NULL) : NULL;
}

void
disk_names_read(DiskNames *names, const char *root, const char *kernel_name)
{
    g_autofree char *wwid = sysfs_read(root, "/sys/block/%s/wwid", kernel_name); /* NVMe */
    if (wwid == NULL)
        wwid = sysfs_read(root, "/sys/block/%s/device/wwid", kernel_name);
    if (wwid != NULL)
        disk_names_take_wwid(names, wwid);
    names->serial = serial_of(root, kernel_name);
    names->hctl = hctl_of(root, kernel_name);
    names->by_path = path_of(root, kernel_name);
}

void
disk_names_clear(DiskNames *names)
{
    g_free(names->serial);
    g_free(names->wwn);
    g_free(names->wwn_with_extension);
    g_free(names->wwn_vendor_extension);
    g_free(names->hctl);
    g_free(names->by_path);
    memset(names, 0, sizeof *names);
}
