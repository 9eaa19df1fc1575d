/* GRUB from an image; the contract is in grub.h. SPDX-License-Identifier: Apache-2.0 */
#include "agent/disk/grub.h"

#include "agent/disk/filesystem.h"
#include "agent/hardware/sysfs.h"
#include "agent/run_program.h"
#include "common/log.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define AREA "agent.bootloader"
#define ESP_FOLDER "/boot/efi"

#ifdef __aarch64__
#define EFI_TARGET "--target=arm64-efi"
#else
#define EFI_TARGET "--target=x86_64-efi"
#endif

/* A mounted system, and what GRUB has in it. Red Hat's names have a 2. */
typedef struct System {
    const Agent *agent;
    const char *disk;
    const Progress *progress;
    char *root;        /* owned: where it is mounted */
    GPtrArray *mounts; /* owned, of owned paths; the last one goes first */
} System;

static const char *const folders[] = {"/dev", "/proc", "/sys", "/run"};
static const struct {
    const char *install, *config, *file;
} kinds[] = {
    {"/usr/sbin/grub-install", "/usr/sbin/grub-mkconfig", "/boot/grub/grub.cfg"},
    {"/usr/sbin/grub2-install", "/usr/sbin/grub2-mkconfig", "/boot/grub2/grub.cfg"},
};

const Partition *
grub_find_root(const char *path, const Table *table, const char *root_uuid)
{
    for (size_t i = 0; root_uuid != NULL && i < table->count; i++) {
        Filesystem found;
        const Partition *partition = &table->partitions[i];
        if (filesystem_read(path, partition->start, partition->size, &found, NULL) &&
            g_ascii_strcasecmp(found.uuid, root_uuid) == 0)
            return partition;
    }
    return NULL;
}

/* ---- mounts ---- */

static void
system_clear(System *system)
{
    while (system->mounts->len > 0) {
        const char *last = g_ptr_array_index(system->mounts, system->mounts->len - 1);
        if (umount(last) != 0 && umount2(last, MNT_DETACH) != 0)
            log_warning(AREA, "%s stays mounted: %s", last, g_strerror(errno));
        g_ptr_array_set_size(system->mounts, (gint)system->mounts->len - 1);
    }
    g_ptr_array_unref(system->mounts);
    g_free(system->root);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(System, system_clear)

/* A folder of the image, which may lack it. A link could lead out of the image. */
static bool
make_folder(const char *path, GError **error)
{
    struct stat status;
    if (lstat(path, &status) != 0 && g_mkdir_with_parents(path, 0755) != 0)
        return steel_fail(error, STEEL_ERROR_IO, "%s: %s", path, g_strerror(errno));
    if (lstat(path, &status) == 0 && S_ISDIR(status.st_mode))
        return true;
    return steel_fail(error, STEEL_ERROR_IO, "the image has %s, which is no folder", path);
}

static bool
mount_at(System *system, const char *what, const char *where, const char *type, unsigned long flags,
         GError **error)
{
    if (!make_folder(where, error))
        return false;
    if (mount(what, where, type, flags, NULL) != 0)
        return steel_fail(error, STEEL_ERROR_IO, "%s cannot be mounted at %s: %s", what, where,
                          g_strerror(errno));
    g_ptr_array_add(system->mounts, g_strdup(where));
    return true;
}

/* It was written by way of the disk: what the kernel has read of the partition before is old. */
static void
forget_contents(const char *device)
{
    int fd = open(device, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    ioctl(fd, BLKFLSBUF);
    close(fd);
}

static bool
mount_partition(System *system, const Partition *partition, const char *where, GError **error)
{
    Filesystem found;
    g_autofree char *name = table_partition_device(system->disk, partition->number);
    g_autofree char *device = agent_path(system->agent, name);
    forget_contents(device);
    if (!filesystem_read(device, 0, 0, &found, error))
        return false;
    return mount_at(system, device, where, found.type, MS_NODEV, error);
}

/* The image's root, and below it what programs need of a running system. */
static bool
mount_system(System *system, const Partition *root, GError **error)
{
    system->root = g_build_filename(system->agent->state, "system", NULL);
    system->mounts = g_ptr_array_new_with_free_func(g_free);
    if (!mount_partition(system, root, system->root, error))
        return false;
    for (size_t i = 0; i < G_N_ELEMENTS(folders); i++) {
        g_autofree char *from = agent_path(system->agent, folders[i]);
        g_autofree char *to = g_strconcat(system->root, folders[i], NULL);
        if (!mount_at(system, from, to, NULL, MS_BIND, error))
            return false;
    }
    return true;
}

/* ---- programs ---- */

/* Which of `kinds` the image has; -1: none. */
static int
kind_of(const System *system)
{
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
        if (sysfs_exists(system->root, "%s", kinds[i].install))
            return (int)i;
    return -1;
}

static bool
run_install(const System *system, int kind, bool uefi, GError **error)
{
    const char *const bios[] = {"chroot",           system->root, kinds[kind].install,
                                "--target=i386-pc", system->disk, NULL};
    const char *const efi[] = {"chroot",
                               system->root,
                               kinds[kind].install,
                               EFI_TARGET,
                               "--efi-directory=" ESP_FOLDER,
                               "--removable",
                               "--no-nvram",
                               NULL};
    return run_program(uefi ? efi : bios, system->progress, NULL, error);
}

/* An image without grub-mkconfig brings its configuration. */
static bool
run_config(const System *system, int kind, GError **error)
{
    const char *const argv[] = {"chroot",
                                system->root,
                                "/usr/bin/env",
                                "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
                                "GRUB_DISABLE_OS_PROBER=true",
                                kinds[kind].config,
                                "-o",
                                kinds[kind].file,
                                NULL};
    if (sysfs_exists(system->root, "%s", kinds[kind].config))
        return run_program(argv, system->progress, NULL, error);
    return sysfs_exists(system->root, "%s", kinds[kind].file) ||
           steel_fail(error, STEEL_ERROR_NOT_FOUND, "the image has neither %s nor %s",
                      kinds[kind].config, kinds[kind].file);
}

static bool
install(const System *system, bool uefi, GError **error)
{
    int kind = kind_of(system);
    if (kind < 0)
        return steel_fail(
            error, STEEL_ERROR_NOT_FOUND,
            "the image has no grub-install: an image of a root file system must bring "
            "GRUB for %s (in Debian grub2-common and %s)",
            uefi ? "UEFI" : "BIOS", uefi ? "grub-efi-amd64-bin" : "grub-pc-bin");
    return run_install(system, kind, uefi, error) && run_config(system, kind, error);
}

/* ---- UEFI ---- */

/* What the image has at the place where the EFI system partition belongs. */
static bool
copy_loaders(System *system, const Partition *esp, GError **error)
{
    g_autofree char *from = g_strconcat(system->root, ESP_FOLDER "/EFI", NULL);
    g_autofree char *to = g_build_filename(system->agent->state, "esp", NULL);
    const char *const argv[] = {"cp", "-r", from, to, NULL};
    return mount_partition(system, esp, to, error) &&
           run_program(argv, system->progress, NULL, error);
}

static bool
install_efi(System *system, const Partition *esp, GError **error)
{
    g_autofree char *folder = g_strconcat(system->root, ESP_FOLDER, NULL);
    if (sysfs_exists(system->root, ESP_FOLDER "/EFI"))
        return copy_loaders(system, esp, error);
    return mount_partition(system, esp, folder, error) && install(system, true, error);
}

bool
grub_install(const Agent *agent, const char *disk, const Partition *root, const Partition *esp,
             const Progress *progress, GError **error)
{
    g_auto(System) system = {.agent = agent, .disk = disk, .progress = progress};
    if (!mount_system(&system, root, error))
        return false;
    return esp != NULL ? install_efi(&system, esp, error) : install(&system, false, error);
}
