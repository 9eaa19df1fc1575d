/* Files for a root file system on NFS; the contract is in nfs_files.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/boot/nfs_files.h"

#include "common/json_text.h"
#include "drivers/image_copies.h"
#include "images/fetch.h"
#include "netboot/nfs_boot.h"
#include "netboot/nfs_root.h"

#include <unistd.h>

static const char *const keys[] = {"kernel", "ramdisk"};

static bool
check_file(const Task *task, const char *key, GError **error)
{
    const char *url = json_string_member(task->node->instance_info, key);
    if (url == NULL || *url == '\0')
        return steel_fail(error, STEEL_ERROR_MISSING,
                          "the root file system is on NFS, and instance_info %s, which boots it, "
                          "is missing; set it with: steel node set %s --instance-info %s=<URL>",
                          key, task->node->uuid, key);
    return image_url_known(url) || steel_fail(error, STEEL_ERROR_UNSUPPORTED,
                                              "instance_info %s of node %s is no file://, http:// "
                                              "or https:// URL",
                                              key, task->node->uuid);
}

bool
nfs_files_validate(const Task *task, GError **error)
{
    g_autofree char *root =
        nfs_root_read(json_object_get(task->node->instance_info, "nfs_root"), error);
    bool good = root != NULL;
    for (size_t i = 0; good && i < G_N_ELEMENTS(keys); i++)
        good = check_file(task, keys[i], error);
    return good;
}

static bool
put(const Task *task, const char *key, const char *name, GError **error)
{
    g_auto(CachedImage) image = {0};
    const char *url = json_string_member(task->node->instance_info, key);
    g_autofree char *path = image_copies_path(name);
    return image_copies_put(url, path, &image, error);
}

bool
nfs_files_put(const Task *task, GError **error)
{
    g_autofree char *kernel = nfs_boot_kernel(task->node->uuid),
                    *initramfs = nfs_boot_initramfs(task->node->uuid);
    return nfs_files_validate(task, error) && put(task, keys[0], kernel, error) &&
           put(task, keys[1], initramfs, error);
}

void
nfs_files_remove(const Task *task)
{
    g_autofree char *kernel_name = nfs_boot_kernel(task->node->uuid),
                    *initramfs_name = nfs_boot_initramfs(task->node->uuid);
    g_autofree char *kernel = image_copies_path(kernel_name),
                    *initramfs = image_copies_path(initramfs_name);
    g_autofree char *folder = image_copies_path(task->node->uuid);
    image_copies_remove(kernel);
    image_copies_remove(initramfs);
    (void)rmdir(folder); /* another file of the node's may be in it */
}
