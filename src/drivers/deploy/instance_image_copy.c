/* The image of an instance is made ready; the contract is in instance_image.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/deploy/instance_image.h"

#include "common/config.h"
#include "common/json_text.h"
#include "common/secret.h"
#include "drivers/deploy/instance_glance.h"
#include "drivers/deploy/instance_image_check.h"
#include "drivers/image_copies.h"
#include "images/local_image.h"
#include "model/internal_info.h"

#include <string.h>
#include <unistd.h>

static const json_t *
member(const Node *node, const char *key)
{
    return json_object_get(node->instance_info, key);
}

static void
set_text(Node *node, const char *key, const char *value)
{
    json_object_set_new(node->instance_info, key, json_string(value));
}

/* "agent_images/<uuid>", below http_root and behind http_url. */
static char *
served_name(const Task *task)
{
    return g_strdup_printf("%s/%s", config_string(config_current(), OPT_DEPLOY_HTTP_IMAGE_SUBDIR),
                           task->node->uuid);
}

/* The formats that the configuration permits; a disk of partitions is "raw" to us, or "gpt". */
static bool
check_permitted(const char *found, GError **error)
{
    const char *const *permitted =
        config_list(config_current(), OPT_CONDUCTOR_PERMITTED_IMAGE_FORMATS);
    return permitted == NULL || g_strv_contains(permitted, found) ||
           (strcmp(found, "raw") == 0 && g_strv_contains(permitted, "gpt")) ||
           steel_fail(error, STEEL_ERROR_INVALID,
                      "the image is %s, which [conductor]permitted_image_formats does not permit",
                      found);
}

/* A qcow2 image must have nothing that leads elsewhere. */
static bool
check_contents(const char *path, const char *format, GError **error)
{
    uint64_t size = 0;
    return strcmp(format, "qcow2") != 0 || image_check_qcow2(path, &size, error);
}

/* What the image is must be what instance_info says, and is noted where that says nothing. */
static bool
note_format(Task *task, const char *path, GError **error)
{
    const char *said = instance_image_text(task->node, "image_disk_format"), *found = NULL;
    if (!local_image_format(path, &found, error))
        return false;
    if (said != NULL && strcmp(said, found) != 0)
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "the image is %s, but instance_info image_disk_format says %.40s", found,
                          said);
    if (!check_permitted(found, error) || !check_contents(path, found, error))
        return false;
    set_text(task->node, "image_disk_format", found);
    return true;
}

/* A raw image in place of a qcow2 image. */
static bool
make_raw(Task *task, const char *path, CachedImage *image, GError **error)
{
    g_autofree char *before = g_steal_pointer(&image->sha256);
    task_phase_begin(task, "convert_image", "the conductor converts the image to raw");
    return image_copies_put_raw(path, before, path, image, error);
}

static bool
is_qcow2(const Task *task)
{
    return strcmp(instance_image_text(task->node, "image_disk_format"), "qcow2") == 0;
}

/* What the operator has said of the image stays: it is checked again when it is fetched again. */
static void
note_copy(Task *task, const char *format, const char *sha256)
{
    info_set_json(task->node, INFO_IMAGE_COPY,
                  json_pack("{s:s,s:s}", "disk_format", format, "sha256", sha256));
}

/* What a person can do when the copy fails. */
static void
advise(GError **error)
{
    static const struct {
        SteelErrorCode code;
        const char *advice;
    } rows[] = {
        {STEEL_ERROR_HTTP, "check that the image server answers this conductor, that it tells the "
                           "right length and has a certificate that this conductor trusts "
                           "([DEFAULT]webserver_verify_ca)"},
        {STEEL_ERROR_TIMEOUT, "check that the image server answers this conductor and is fast "
                              "enough ([DEFAULT]webserver_connection_timeout)"},
        {STEEL_ERROR_NOT_FOUND, "correct instance_info image_source"},
        {STEEL_ERROR_IO, "look at the conductor's disk: its health, and the space that is left"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        if (error != NULL && steel_error_is(*error, rows[i].code)) {
            steel_advise(error, rows[i].advice);
            return;
        }
}

static bool
copy(Task *task, const char *path, CachedImage *image, GError **error)
{
    if (image_copies_put(task->services->openstack, instance_image_text(task->node, "image_source"),
                         path, image, error))
        return true;
    g_prefix_error(error, "the conductor cannot fetch the image: ");
    advise(error);
    return false;
}

static bool
fetch(Task *task, const char *path, CachedImage *image, GError **error)
{
    task_phase_begin(task, "cache_image", "the conductor fetches the image");
    return copy(task, path, image, error) &&
           instance_image_check(task, path, image->sha256, error) && note_format(task, path, error);
}

/* The agent gets the copy from us. */
static bool
copy_to_serve(Task *task, GError **error)
{
    g_autofree char *name = served_name(task), *path = image_copies_path(name);
    g_autofree char *url = g_strdup_printf("%s/%s", task->services->boot_url, name);
    g_auto(CachedImage) image = {0};
    if (!fetch(task, path, &image, error))
        return false;
    bool raw = is_qcow2(task) && config_boolean(config_current(), OPT_FORCE_RAW_IMAGES);
    if (raw && !make_raw(task, path, &image, error))
        return false;
    set_text(task->node, "image_url", url);
    note_copy(task, raw ? "raw" : instance_image_text(task->node, "image_disk_format"),
              image.sha256);
    return true;
}

/* We write it to the machine's disk. */
static bool
copy_to_write(Task *task, GError **error)
{
    g_autofree char *path = instance_image_path(task->node);
    g_auto(CachedImage) image = {0};
    const char *packing = NULL;
    if (!fetch(task, path, &image, error))
        return false;
    if (!local_image_packing(path, &packing, error))
        return false;
    if (packing != NULL)
        return steel_fail(
            error, STEEL_ERROR_UNSUPPORTED,
            "the image is compressed by %s, which the deploy interface iscsi does not "
            "unpack: unpack it, or use the deploy interface direct",
            packing);
    return !is_qcow2(task) || make_raw(task, path, &image, error);
}

/* The agent fetches it from where it is: an image in Glance from Swift, without a login. */
static bool
note_place(Task *task, GError **error)
{
    if (!instance_glance_is_source(task->node)) {
        set_text(task->node, "image_url", instance_image_text(task->node, "image_source"));
        return true;
    }
    char *url = instance_glance_lend(task, error);
    if (url == NULL)
        return false;
    set_text(task->node, "image_url", url);
    secret_free(url);
    return true;
}

static bool
copy_here(Task *task, GError **error)
{
    switch (instance_image_way(task)) {
    case INSTANCE_IMAGE_WRITTEN:
        return copy_to_write(task, error);
    case INSTANCE_IMAGE_SERVED:
        return copy_to_serve(task, error);
    case INSTANCE_IMAGE_FETCHED:
        break;
    }
    return note_place(task, error);
}

/* An object becomes the drive that it describes. */
static bool
keep_config_drive(Task *task, GError **error)
{
    if (!json_is_object(member(task->node, "configdrive")))
        return true;
    char *text = instance_image_config_drive(task, error);
    if (text == NULL)
        return json_is_nothing(member(task->node, "configdrive"));
    set_text(task->node, "configdrive", text);
    secret_free(text);
    return true;
}

bool
instance_image_prepare(Task *task, GError **error)
{
    const char *type = instance_image_is_whole_disk(task->node) ? "whole-disk" : "partition";
    if (!instance_image_validate(task, error))
        return false;
    if (!copy_here(task, error))
        return false;
    set_text(task->node, "image_type", type);
    return keep_config_drive(task, error);
}

char *
instance_image_path(const Node *node)
{
    return g_build_filename(config_string(config_current(), OPT_PXE_IMAGES_PATH), node->uuid,
                            "disk", NULL);
}

void
instance_image_remove(const Task *task)
{
    g_autofree char *name = served_name(task), *served = image_copies_path(name);
    g_autofree char *written = instance_image_path(task->node);
    g_autofree char *folder = g_path_get_dirname(written);
    image_copies_remove(served);
    image_copies_remove(written);
    (void)rmdir(folder);
}
