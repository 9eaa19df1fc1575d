/* Images of instances in Glance; the contract is in instance_glance.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/deploy/instance_glance.h"

#include "common/config.h"
#include "common/json_text.h"
#include "drivers/boot/boot.h"
#include "drivers/deploy/deploy.h"
#include "model/internal_info.h"
#include "openstack/glance.h"

#include <string.h>

static const char *
source_of(const Node *node)
{
    return json_string_member(node->instance_info, "image_source");
}

bool
instance_glance_is_source(const Node *node)
{
    return glance_id(source_of(node)) != NULL;
}

bool
instance_glance_has_set(const Node *node, const char *key)
{
    const json_t *taken = json_object_get(info_json(node, INFO_IMAGE_TAKEN), key);
    return taken != NULL && json_equal(taken, json_object_get(node->instance_info, key));
}

/* ---- what is written down ---- */

static void
forget_taken(Node *node)
{
    json_auto_t *taken = info_take_json(node, INFO_IMAGE_TAKEN);
    const char *key;
    json_t *value;
    json_object_foreach(taken, key, value)
    {
        if (json_equal(value, json_object_get(node->instance_info, key)))
            json_object_del(node->instance_info, key);
    }
}

static bool
is_given(const Node *node, const char *key)
{
    return !json_is_nothing(json_object_get(node->instance_info, key));
}

/* value: NULL: Glance does not say */
static void
take(Node *node, json_t *taken, const char *key, const char *value)
{
    if (value == NULL || is_given(node, key))
        return;
    json_object_set_new(node->instance_info, key, json_string(value));
    json_object_set_new(taken, key, json_string(value));
}

/* An operator's checksum is of one kind; Glance's is not mixed with it. */
static void
take_checksum(Node *node, json_t *taken, const GlanceImage *image)
{
    if (is_given(node, "image_checksum") || is_given(node, "image_os_hash_algo") ||
        is_given(node, "image_os_hash_value"))
        return;
    if (image->os_hash_algo == NULL || image->os_hash_value == NULL) {
        take(node, taken, "image_checksum", image->checksum);
        return;
    }
    take(node, taken, "image_os_hash_algo", image->os_hash_algo);
    take(node, taken, "image_os_hash_value", image->os_hash_value);
}

/* Ironic's order: the property img_type, else whether a kernel or ramdisk belongs to it. */
static const char *
type_of(const GlanceImage *image)
{
    if (image->img_type != NULL)
        return image->img_type;
    return image->kernel_id != NULL || image->ramdisk_id != NULL ? "partition" : "whole-disk";
}

/* "ami" is the name that Glance has for a root file system as it is. */
static const char *
format_of(const GlanceImage *image)
{
    return g_strcmp0(image->disk_format, "ami") == 0 ? "raw" : image->disk_format;
}

static void
take_disk(Node *node, json_t *taken, const GlanceImage *image)
{
    take(node, taken, "kernel", image->kernel_id);
    take(node, taken, "ramdisk", image->ramdisk_id);
    take(node, taken, "image_type", type_of(image));
    take(node, taken, "image_disk_format", format_of(image));
    take(node, taken, "image_container_format", image->container_format);
    take_checksum(node, taken, image);
}

/* An instance that is a ramdisk: its ISO comes first. */
static void
take_ramdisk(const Task *task, json_t *taken, const GlanceImage *image)
{
    if (image->boot_iso != NULL && task->driver.boot->boots_iso &&
        !is_given(task->node, "kernel") && !is_given(task->node, "ramdisk")) {
        take(task->node, taken, "boot_iso", image->boot_iso);
        return;
    }
    take(task->node, taken, "kernel", image->kernel_id);
    take(task->node, taken, "ramdisk", image->ramdisk_id);
}

/* ---- what is checked ---- */

static bool
check_access(const Task *task, OpenstackSession *session, const GlanceImage *image, GError **error)
{
    const char *project = info_text(task->node, INFO_IMAGE_PROJECT);
    return project == NULL || glance_check_access(session, image, project, error);
}

static bool
check_type(const GlanceImage *image, GError **error)
{
    const char *type = image->img_type;
    return type == NULL || strcmp(type, "whole-disk") == 0 || strcmp(type, "partition") == 0 ||
           steel_fail(error, STEEL_ERROR_INVALID,
                      "Invalid image_type \"%.40s\", valid are whole-disk, partition: it is the "
                      "property img_type of image %s",
                      type, image->id);
}

static bool
check_room(const Task *task, const GlanceImage *image, GError **error)
{
    int64_t root_gb = 0;
    return !json_integer_member(task->node->instance_info, "root_gb", &root_gb) ||
           root_gb >= image->min_disk ||
           steel_fail(error, STEEL_ERROR_INVALID,
                      "image %s needs a disk of %d GB (min_disk), and instance_info root_gb is %d",
                      image->id, (int)image->min_disk, (int)root_gb);
}

/* An instance that is a ramdisk needs its two files, or an ISO. */
static bool
check_properties(const Task *task, const GlanceImage *image, GError **error)
{
    bool kernel = is_given(task->node, "kernel"), ramdisk = is_given(task->node, "ramdisk");
    if (!task->driver.deploy->boots_ramdisk || is_given(task->node, "boot_iso") ||
        (kernel && ramdisk))
        return true;
    return steel_fail(error, STEEL_ERROR_MISSING,
                      "Image %s is missing the following properties: [%s%s%s]", image->id,
                      kernel ? "" : "'kernel_id'", kernel || ramdisk ? "" : ", ",
                      ramdisk ? "" : "'ramdisk_id'");
}

/* ---- all of it ---- */

static bool
take_image(Task *task, const GlanceImage *image, GError **error)
{
    json_t *taken = json_object();
    if (task->driver.deploy->boots_ramdisk)
        take_ramdisk(task, taken, image);
    else
        take_disk(task->node, taken, image);
    info_set_json(task->node, INFO_IMAGE_TAKEN, taken);
    return check_type(image, error) && check_room(task, image, error) &&
           check_properties(task, image, error);
}

static OpenstackSession *
session_of(const Task *task, OpenstackService service, GError **error)
{
    return openstack_service(task->services->openstack, service, error);
}

bool
instance_glance_resolve(Task *task, GError **error)
{
    const char *id = glance_id(source_of(task->node));
    g_auto(GlanceImage) image = {0};
    forget_taken(task->node);
    if (id == NULL)
        return true;
    task_phase_begin(task, "look_up_image", id);
    OpenstackSession *session = session_of(task, OPENSTACK_GLANCE, error);
    return session != NULL && glance_find(session, id, &image, error) &&
           check_access(task, session, &image, error) && glance_check_active(&image, error) &&
           take_image(task, &image, error);
}

char *
instance_glance_lend(const Task *task, GError **error)
{
    OpenstackSession *swift = session_of(task, OPENSTACK_SWIFT, NULL);
    return glance_lend(config_current(), swift, glance_id(source_of(task->node)), NULL, error);
}
