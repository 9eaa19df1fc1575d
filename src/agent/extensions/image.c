/* Extension "image": how the machine finds what was written.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent/disk/boot_csv.h"
#include "agent/disk/choose.h"
#include "agent/disk/efi_boot.h"
#include "agent/disk/grub.h"
#include "agent/extensions/extensions.h"
#include "agent/hardware/sysfs.h"
#include "common/json_text.h"
#include "common/log.h"

#include <errno.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define AREA "agent.bootloader"
#define ESP_TYPE "C12A7328-F81F-11D2-BA4B-00A0C93EC93B"

/* Boot loaders in a folder of the ESP; the first one that exists wins. */
static const char *const loaders[] = {"shimx64.efi",  "grubx64.efi",  "bootx64.efi",
                                      "BOOTX64.EFI",  "shimaa64.efi", "grubaa64.efi",
                                      "bootaa64.efi", "BOOTAA64.EFI"};

static const Partition *
find_esp(const Table *table)
{
    for (size_t i = 0; i < table->count; i++)
        if (g_ascii_strcasecmp(table->partitions[i].type, ESP_TYPE) == 0 ||
            strcmp(table->partitions[i].type, "0xef") == 0)
            return &table->partitions[i];
    return NULL;
}

static char *
loader_in(const char *mount, const char *folder)
{
    for (size_t i = 0; i < G_N_ELEMENTS(loaders); i++)
        if (sysfs_exists(mount, "/EFI/%s/%s", folder, loaders[i]))
            return g_strdup_printf("\\EFI\\%s\\%s", folder, loaders[i]);
    return NULL;
}

/* What a system's BOOTX64.CSV names, if the file is there. *label: what it wants to be called. */
static char *
loader_by_csv(const char *mount, const char *folder, char **label)
{
    static const char *const names[] = {"BOOTX64.CSV", "BOOTAA64.CSV", "bootx64.csv",
                                        "bootaa64.csv"};
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        size_t size;
        char *found = NULL;
        g_autofree char *path = g_strdup_printf("/EFI/%s/%s", folder, names[i]);
        g_autofree uint8_t *bytes = sysfs_read_bytes(mount, path, BOOT_CSV_LIMIT, &size);
        g_autofree char *loader = NULL;
        if (bytes == NULL || !boot_csv_parse(bytes, size, &loader, &found))
            continue;
        if (sysfs_exists(mount, "/EFI/%s/%s", folder, loader)) {
            *label = found;
            return g_strdup_printf("\\EFI\\%s\\%s", folder, loader);
        }
        g_free(found);
    }
    return NULL;
}

/* Prefers what a system names, then its own loader, then the fallback in EFI/BOOT. *label: out,
 * what it wants to be called, else its folder. */
static char *
find_loader(const char *mount, char **label)
{
    g_auto(GStrv) folders = sysfs_list(mount, "/EFI");
    char *fallback = NULL;
    for (char **folder = folders; *folder != NULL; folder++) {
        char *named = loader_by_csv(mount, *folder, label);
        if (named != NULL)
            return named;
    }
    for (char **folder = folders; *folder != NULL; folder++) {
        char *loader = loader_in(mount, *folder);
        if (loader != NULL && g_ascii_strcasecmp(*folder, "BOOT") != 0) {
            g_free(fallback);
            *label = g_strdup(*folder);
            return loader;
        }
        if (loader != NULL)
            fallback = loader;
    }
    *label = g_strdup("steel");
    return fallback;
}

/* Finds the loader in the mounted ESP. Errors: no loader. */
static char *
loader_of(const Agent *agent, const char *device, char **label, GError **error)
{
    g_autofree char *mount_point = g_build_filename(agent->state, "esp", NULL);
    g_mkdir_with_parents(mount_point, 0700);
    if (mount(device, mount_point, "vfat", MS_RDONLY | MS_NODEV | MS_NOSUID | MS_NOEXEC, NULL) !=
        0) {
        steel_fail(error, STEEL_ERROR_IO, "the EFI system partition %s cannot be mounted: %s",
                   device, g_strerror(errno));
        return NULL;
    }
    char *loader = find_loader(mount_point, label);
    umount(mount_point);
    if (loader == NULL)
        steel_fail(error, STEEL_ERROR_NOT_FOUND,
                   "the EFI system partition %s has no boot loader below \\EFI", device);
    return loader;
}

static bool
add_entry(const Agent *agent, const char *disk, const Table *table, const Partition *esp,
          GError **error)
{
    g_autofree char *path = agent_path(agent, disk), *label = NULL;
    g_autofree char *device = table_partition_device(path, esp->number);
    g_autofree char *loader = loader_of(agent, device, &label, error);
    if (loader == NULL || !efi_boot_add(agent->root, table, esp, loader, label, error))
        return false;
    log_info(AREA, "the firmware boots %s of %s first", loader, device);
    return true;
}

/* A whole disk has a boot loader; UEFI needs a boot entry for it. A root file system installs its
 * own. */
static bool
install(const Agent *agent, const char *disk, const char *root_uuid, bool uefi,
        const Progress *progress, GError **error)
{
    Table table;
    g_autofree char *path = agent_path(agent, disk);
    table_tell_kernel(path); /* the conductor may have written it (iscsi) */
    if (!table_read(path, &table, error))
        return false;
    const Partition *esp = uefi ? find_esp(&table) : NULL;
    const Partition *root = grub_find_root(path, &table, root_uuid);
    if (uefi && esp == NULL)
        return steel_fail(error, STEEL_ERROR_NOT_FOUND, "%s has no EFI system partition", disk);
    if (root != NULL && !grub_install(agent, disk, root, esp, progress, error))
        return false;
    return !uefi || add_entry(agent, disk, &table, esp, error);
}

/* target_boot_mode decides, else the mode that the agent itself was booted in. */
static bool
wants_uefi(const Agent *agent, const json_t *params)
{
    const char *mode = json_string_member(params, "target_boot_mode");
    return mode != NULL ? strcmp(mode, "uefi") == 0
                        : sysfs_exists(agent->root, "/sys/firmware/efi");
}

static bool
may_ignore(const Agent *agent, const json_t *params)
{
    const json_t *ignore = json_object_get(params, "ignore_bootloader_failure");
    return ignore != NULL && !json_is_null(ignore)
               ? json_is_truthy(ignore)
               : parameters_boolean(agent->parameters, AGENT_PARAMETER_IGNORE_BOOTLOADER);
}

static json_t *
image_install_bootloader(Agent *agent, const json_t *params, Progress *progress, GError **error)
{
    progress_begin(progress, "boot loader", 0);
    GError *cause = NULL;
    json_t *node = agent_node(agent);
    g_autofree char *disk = choose_root_disk(agent, node, &cause);
    json_decref(node);
    if (disk != NULL && install(agent, disk, json_string_member(params, "root_uuid"),
                                wants_uefi(agent, params), progress, &cause))
        return json_null();
    if (may_ignore(agent, params)) {
        log_warning(AREA, "ignored: %s", cause->message);
        g_error_free(cause);
        return json_null();
    }
    g_propagate_prefixed_error(error, cause, "Installing a bootloader failed: ");
    return NULL;
}

const ExtensionCommand extension_image[] = {
    {AGENT_COMMAND_IMAGE_INSTALL_BOOTLOADER, image_install_bootloader},
    {AGENT_COMMAND_COUNT, NULL},
};
