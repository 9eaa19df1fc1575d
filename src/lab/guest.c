/* The guest of the lab; the contract is in guest.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/guest.h"

#include "common/error.h"
#include "common/process.h"
#include "lab/folder.h"
#include "lab/guest_init.h"
#include "lab/volume.h"
#include "ramdisk/cpio.h"
#include "ramdisk/kernel_package.h"
#include "ramdisk/modules.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define KERNEL_METAPACKAGE "linux-image-cloud-amd64"

/* Increase it when the build changes in a way that the key below does not include. */
#define BUILD_REVISION "2"

/* Modules that the guest loads together, when it needs them. */
typedef struct ModuleGroup {
    const char *name;
    const char *const modules[10]; /* NULL-ended */
} ModuleGroup;

/* order: at once, virtio for disks and network, the iBFT, and what the power button needs. The
 * guest's /init knows the other names. */
static const ModuleGroup module_groups[] = {
    {"order",
     {"virtio_pci", "virtio_net", "virtio_blk", "virtio_scsi", "sd_mod", "iscsi_ibft", "evdev",
      "button"}},
    {"config-drive", {"isofs", "vfat", "nls_cp437", "nls_ascii"}},
    {"nfs", {"nfsv4"}},
};

void
lab_guest_clear(LabGuest *guest)
{
    g_free(guest->kernel);
    g_free(guest->initramfs);
    g_free(guest->volume);
    memset(guest, 0, sizeof *guest);
}

static void
report_progress(LabProgress progress, const char *text)
{
    if (progress != NULL)
        progress(text);
}

/* Names the folder of a build by its inputs, so that a new program never uses an old guest. */
static char *
build_key(void)
{
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
    g_checksum_update(checksum, (const guchar *)lab_guest_init, -1);
    g_checksum_update(checksum, (const guchar *)(BUILD_REVISION GUEST_CONSOLE_ARGUMENTS), -1);
    for (size_t i = 0; i < G_N_ELEMENTS(module_groups); i++)
        for (size_t j = 0; module_groups[i].modules[j] != NULL; j++)
            g_checksum_update(checksum, (const guchar *)module_groups[i].modules[j], -1);
    return g_strndup(g_checksum_get_string(checksum), 12);
}

static void
fill_paths(LabGuest *guest, const char *folder)
{
    guest->kernel = g_build_filename(folder, "vmlinuz", NULL);
    guest->initramfs = g_build_filename(folder, "initramfs.gz", NULL);
    guest->volume = g_build_filename(folder, "volume.raw", NULL);
}

static void
add_file_from_disk(CpioWriter *writer, const char *path, uint32_t permissions, const char *from,
                   GError **error)
{
    g_autofree char *contents = NULL;
    gsize size = 0;
    g_autoptr(GError) cause = NULL;
    if (*error == NULL && !g_file_get_contents(from, &contents, &size, &cause))
        steel_fail(error, STEEL_ERROR_IO, "%s", cause->message);
    if (*error == NULL)
        cpio_add_file(writer, path, permissions, contents, size);
}

/* One group: its modules, unless an earlier group brought them, and the order in which the guest
 * loads them. */
static bool
add_modules(CpioWriter *writer, const char *modules_folder, const ModuleGroup *group,
            GHashTable *added, GError **error)
{
    g_autoptr(GPtrArray) modules = modules_resolve(modules_folder, group->modules, error);
    if (modules == NULL)
        return false;
    GError *failure = NULL;
    g_autoptr(GString) order = g_string_new(NULL);
    for (guint i = 0; i < modules->len; i++) {
        char *name = modules_name(modules->pdata[i]);
        g_autofree char *path = g_strdup_printf("lib/modules/%s.ko", name);
        g_string_append_printf(order, "%s\n", name);
        if (g_hash_table_add(added, name)) /* takes the name */
            add_file_from_disk(writer, path, 0644, modules->pdata[i], &failure);
    }
    g_autofree char *path = g_strdup_printf("lib/modules/%s", group->name);
    cpio_add_file(writer, path, 0644, order->str, order->len);
    if (failure != NULL)
        g_propagate_error(error, failure);
    return failure == NULL;
}

static bool
add_all_modules(CpioWriter *writer, const char *modules_folder, GError **error)
{
    g_autoptr(GHashTable) added = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(module_groups); i++)
        if (!add_modules(writer, modules_folder, &module_groups[i], added, error))
            return false;
    return true;
}

/* Everything but the modules. */
static bool
add_system(CpioWriter *writer, GError **error)
{
    g_autofree char *busybox = process_find("busybox");
    if (busybox == NULL)
        return steel_fail(error, STEEL_ERROR_NOT_FOUND,
                          "busybox is not installed (package busybox-static)");
    static const char *const folders[] = {"bin",         "dev", "etc",    "etc/acpi", "lib",
                                          "lib/modules", "mnt", "proc",   "run",      "sys",
                                          "tmp",         "var", "var/log"};
    for (size_t i = 0; i < G_N_ELEMENTS(folders); i++)
        cpio_add_directory(writer, folders[i]);
    cpio_add_character_device(writer, "dev/console", 0600, 5, 1);
    cpio_add_character_device(writer, "dev/null", 0666, 1, 3);
    GError *failure = NULL;
    add_file_from_disk(writer, "bin/busybox", 0755, busybox, &failure);
    cpio_add_symlink(writer, "bin/sh", "busybox");
    cpio_add_file(writer, "init", 0755, lab_guest_init, strlen(lab_guest_init));
    if (failure != NULL)
        g_propagate_error(error, failure);
    return failure == NULL;
}

GByteArray *
lab_guest_initramfs(const char *modules_folder, GError **error)
{
    CpioWriter writer;
    cpio_begin(&writer);
    bool built = add_system(&writer, error) && add_all_modules(&writer, modules_folder, error);
    g_autoptr(GByteArray) archive = cpio_finish(&writer);
    if (built)
        return g_steal_pointer(&archive);
    g_prefix_error(error, "building the initramfs: ");
    return NULL;
}

static bool
write_initramfs(const char *package_folder, const char *path_gz, GError **error)
{
    g_autofree char *modules_folder = kernel_package_modules(package_folder);
    g_autoptr(GByteArray) archive = lab_guest_initramfs(modules_folder, error);
    if (archive == NULL)
        return false;
    g_autofree char *path = g_strndup(path_gz, strlen(path_gz) - strlen(".gz"));
    g_autoptr(GError) cause = NULL;
    if (!g_file_set_contents(path, (const char *)archive->data, archive->len, &cause))
        return steel_fail(error, STEEL_ERROR_IO, "%s", cause->message);
    const char *argv[] = {"gzip", "-9nf", "--", path, NULL};
    ProcessSpec spec = {.argv = argv};
    return process_run(&spec, NULL, error);
}

/* Moves the kernel to its place. */
static bool
take_kernel(const char *package_folder, const char *to, GError **error)
{
    g_autofree char *from = kernel_package_image(package_folder, error);
    if (from == NULL)
        return false;
    return rename(from, to) == 0 ||
           steel_fail(error, STEEL_ERROR_IO, "cannot move %s: %s", from, g_strerror(errno));
}

/* Builds all into `folder`. The package stays in the cache for the next build. */
static bool
build(const char *cache_folder, const char *folder, LabProgress progress, GError **error)
{
    g_autofree char *package =
        kernel_package_get(cache_folder, KERNEL_METAPACKAGE, folder, progress, error);
    if (package == NULL)
        return false;
    report_progress(progress, "building the lab's guest (once, a few seconds)");
    g_autofree char *unpacked = g_build_filename(folder, "package", NULL);
    g_auto(LabGuest) guest = {0};
    fill_paths(&guest, folder);
    bool built = kernel_package_unpack(package, unpacked, error) &&
                 take_kernel(unpacked, guest.kernel, error) &&
                 write_initramfs(unpacked, guest.initramfs, error) &&
                 volume_build(guest.volume, guest.kernel, guest.initramfs, GUEST_CONSOLE_ARGUMENTS,
                              folder, error);
    folder_remove(unpacked);
    return built;
}

/* Removes the rest of an interrupted build; the caller holds the lock. */
static void
remove_unfinished(const char *cache_folder)
{
    g_autoptr(GDir) dir = g_dir_open(cache_folder, 0, NULL);
    const char *name;
    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(cache_folder, name, NULL);
        if (g_str_has_prefix(name, "build."))
            folder_remove(path);
    }
}

static bool
build_into_cache(const char *cache_folder, const char *finished, LabProgress progress,
                 GError **error)
{
    remove_unfinished(cache_folder);
    g_autofree char *folder = g_build_filename(cache_folder, "build.XXXXXX", NULL);
    if (g_mkdtemp(folder) == NULL)
        return steel_fail(error, STEEL_ERROR_IO, "cannot make %s: %s", folder, g_strerror(errno));
    bool built = build(cache_folder, folder, progress, error);
    if (built && rename(folder, finished) != 0)
        built =
            steel_fail(error, STEEL_ERROR_IO, "cannot rename %s: %s", folder, g_strerror(errno));
    if (!built)
        folder_remove(folder);
    return built;
}

bool
lab_guest_prepare(const char *cache_folder, LabProgress progress, LabGuest *guest, GError **error)
{
    g_autofree char *key = build_key();
    g_autofree char *name = g_strdup_printf("guest-%s", key);
    g_autofree char *finished = g_build_filename(cache_folder, name, NULL);
    if (!folder_make(cache_folder, error))
        return false;
    int lock = folder_lock(cache_folder, "lock", true, error);
    if (lock < 0)
        return false;
    bool ready = g_file_test(finished, G_FILE_TEST_IS_DIR) ||
                 build_into_cache(cache_folder, finished, progress, error);
    close(lock);
    if (ready)
        fill_paths(guest, finished);
    return ready;
}
