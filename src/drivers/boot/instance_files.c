/* Files of an instance; the contract is in instance_files.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/boot/instance_files.h"

#include "common/json_text.h"
#include "drivers/deploy/deploy.h"
#include "drivers/image_copies.h"
#include "netboot/instance_boot.h"

#include <unistd.h>

static const struct {
    const char *key;
    char *(*name)(const char *node_uuid);
    bool of_iso; /* the one file of an instance that is an ISO */
} files[] = {
    {"kernel",   instance_boot_kernel,    false},
    {"ramdisk",  instance_boot_initramfs, false},
    {"boot_iso", instance_boot_iso,       true},
};

bool
instance_files_are_iso(const Task *task)
{
    const char *iso = json_string_member(task->node->instance_info, "boot_iso");
    return task->driver.deploy->boots_ramdisk && iso != NULL && *iso != '\0';
}

static const char *
url_of(const Task *task, size_t file)
{
    return json_string_member(task->node->instance_info, files[file].key);
}

static bool
check_file(const Task *task, size_t file, const char *why, GError **error)
{
    const char *url = url_of(task, file), *key = files[file].key;
    if (url == NULL || *url == '\0')
        return steel_fail(error, STEEL_ERROR_MISSING,
                          "%s, and instance_info %s, which boots it, is missing; set it with: "
                          "steel node set %s --instance-info %s=<URL>",
                          why, key, task->node->uuid, key);
    g_autofree char *what = g_strdup_printf("instance_info %s of node %s", key, task->node->uuid);
    return image_copies_check(task->services->openstack, what, url, error);
}

bool
instance_files_validate(const Task *task, const char *why, GError **error)
{
    bool good = true, iso = instance_files_are_iso(task);
    for (size_t i = 0; good && i < G_N_ELEMENTS(files); i++)
        good = files[i].of_iso != iso || check_file(task, i, why, error);
    return good;
}

static char *
path_of(const Task *task, InstanceFilesPath path, size_t file)
{
    g_autofree char *name = files[file].name(task->node->uuid);
    return path(name);
}

bool
instance_files_put(const Task *task, InstanceFilesPath path, GError **error)
{
    bool good = instance_files_validate(task, "the instance is booted by this conductor", error),
         iso = instance_files_are_iso(task);
    for (size_t i = 0; good && i < G_N_ELEMENTS(files); i++) {
        if (files[i].of_iso != iso)
            continue;
        g_auto(CachedImage) image = {0};
        g_autofree char *file = path_of(task, path, i);
        good = image_copies_put(task->services->openstack, url_of(task, i), file, &image, error);
    }
    return good;
}

void
instance_files_remove(const Task *task, InstanceFilesPath path)
{
    g_autofree char *folder = path(task->node->uuid);
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *file = path_of(task, path, i);
        image_copies_remove(file);
    }
    (void)rmdir(folder); /* another file of the node's may be in it */
}
