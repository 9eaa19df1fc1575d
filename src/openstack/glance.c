/* Images; the contract is in glance.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "openstack/glance.h"

#include "common/json_text.h"
#include "common/uuid.h"

#include <stddef.h>
#include <string.h>

const char *
glance_id(const char *href)
{
    if (href == NULL)
        return NULL;
    const char *id = g_str_has_prefix(href, GLANCE_SCHEME) ? href + strlen(GLANCE_SCHEME) : href;
    return uuid_valid(id) ? id : NULL;
}

/* Where each member of Glance's answer belongs. */
static const struct {
    const char *member;
    size_t offset;
} texts[] = {
    {"id",                             offsetof(GlanceImage, id)},
    {"status",                         offsetof(GlanceImage, status)},
    {"visibility",                     offsetof(GlanceImage, visibility)},
    {"owner",                          offsetof(GlanceImage, owner)},
    {"disk_format",                    offsetof(GlanceImage, disk_format)},
    {"container_format",               offsetof(GlanceImage, container_format)},
    {"checksum",                       offsetof(GlanceImage, checksum)},
    {"os_hash_algo",                   offsetof(GlanceImage, os_hash_algo)},
    {"os_hash_value",                  offsetof(GlanceImage, os_hash_value)},
    {"kernel_id",                      offsetof(GlanceImage, kernel_id)},
    {"ramdisk_id",                     offsetof(GlanceImage, ramdisk_id)},
    {"img_type",                       offsetof(GlanceImage, img_type)},
    {"boot_iso",                       offsetof(GlanceImage, boot_iso)},
    {"direct_url",                     offsetof(GlanceImage, direct_url)},
    {"updated_at",                     offsetof(GlanceImage, updated_at)},
    {"img_signature",                  offsetof(GlanceImage, img_signature)},
    {"img_signature_hash_method",      offsetof(GlanceImage, img_signature_hash_method)},
    {"img_signature_key_type",         offsetof(GlanceImage, img_signature_key_type)},
    {"img_signature_certificate_uuid", offsetof(GlanceImage, img_signature_certificate_uuid)},
};

static char **
text_at(GlanceImage *image, size_t row)
{
    return (char **)(void *)((char *)image + texts[row].offset);
}

void
glance_image_clear(GlanceImage *image)
{
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
        g_free(*text_at(image, i));
    *image = (GlanceImage){0};
}

bool
glance_read(const json_t *told, const char *id, GlanceImage *image)
{
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        const char *text = json_string_member(told, texts[i].member);
        if (text != NULL && *text != '\0')
            *text_at(image, i) = g_strdup(text);
    }
    json_integer_member(told, "size", &image->size);
    json_integer_member(told, "min_disk", &image->min_disk);
    if (g_strcmp0(image->id, id) == 0 && image->status != NULL && image->size >= 0 &&
        image->min_disk >= 0)
        return true;
    glance_image_clear(image);
    return false;
}

/* Asks for JSON about an image; a new reference. NULL on an error. */
static json_t *
ask(OpenstackSession *session, const OpenstackCall *call, GError **error)
{
    g_auto(HttpResponse) response = {0};
    g_autoptr(GError) cause = NULL;
    if (!openstack_ask(session, call, &response, error))
        return NULL;
    json_t *told = json_text_parse(response.body, response.body_size, 0, &cause);
    if (json_is_object(told))
        return told;
    json_decref(told);
    steel_fail(error, STEEL_ERROR_HTTP, "Glance answered %s with what is no JSON object",
               call->what);
    return NULL;
}

bool
glance_find(OpenstackSession *session, const char *id, GlanceImage *image, GError **error)
{
    g_autofree char *path = g_strconcat("/v2/images/", id, NULL),
                    *what = g_strconcat("the look at image ", id, NULL);
    const OpenstackCall call = {.what = what, .path = path};
    json_t *told = ask(session, &call, error);
    if (told == NULL)
        return false;
    bool good = glance_read(told, id, image);
    json_decref(told);
    return good || steel_fail(error, STEEL_ERROR_HTTP,
                              "Glance answered %s with what is no such image", what);
}

bool
glance_check_active(const GlanceImage *image, GError **error)
{
    return strcmp(image->status, "active") == 0 ||
           steel_fail(error, STEEL_ERROR_INVALID,
                      "Image %s is unacceptable: The image is required to be in an active state, "
                      "and is %.40s",
                      image->id, image->status);
}

/* ---- who may use it ---- */

/* An image is shared with projects that have accepted it, and with those that have not yet said. */
static bool
is_member(OpenstackSession *session, const GlanceImage *image, const char *project, bool *member,
          GError **error)
{
    static const int expected[] = {403, 404, 0};
    g_auto(HttpResponse) response = {0};
    g_autofree char *name = http_escape(project),
                    *path = g_strdup_printf("/v2/images/%s/members/%s", image->id, name),
                    *what = g_strconcat("the question who shares image ", image->id, NULL);
    const OpenstackCall call = {.what = what, .path = path, .expected = expected};
    if (!openstack_ask(session, &call, &response, error))
        return false;
    *member = response.status == 200;
    return true;
}

static bool
may_use(OpenstackSession *session, const GlanceImage *image, const char *project, bool *may,
        GError **error)
{
    static const char *const open[] = {"public", "community", NULL};
    const char *visibility = image->visibility != NULL ? image->visibility : "private";
    *may = g_strv_contains(open, visibility) ||
           (project != NULL && g_strcmp0(project, image->owner) == 0);
    if (*may)
        return true;
    g_autoptr(GError) cause = NULL;
    g_autofree char *own = openstack_project(session, &cause);
    if (cause != NULL) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return false;
    }
    *may = own != NULL && g_strcmp0(own, image->owner) == 0;
    bool shared = !*may && project != NULL && strcmp(visibility, "shared") == 0;
    return !shared || is_member(session, image, project, may, error);
}

bool
glance_check_access(OpenstackSession *session, const GlanceImage *image, const char *project,
                    GError **error)
{
    bool may = false;
    if (!may_use(session, image, project, &may, error))
        return false;
    return may || steel_fail(error, STEEL_ERROR_NOT_FOUND,
                             "Image %s could not be found: it is %s, and project %s has no access",
                             image->id, image->visibility != NULL ? image->visibility : "private",
                             project != NULL ? project : "(none)");
}

/* ---- its data ---- */

bool
glance_download(OpenstackSession *session, const char *id,
                bool (*sink)(void *user, const void *bytes, size_t size), void *user,
                int timeout_ms, int stall_s, GError **error)
{
    static const char *const headers[] = {"Accept: application/octet-stream", NULL};
    g_auto(HttpResponse) response = {0};
    g_autofree char *path = g_strdup_printf("/v2/images/%s/file", id),
                    *what = g_strconcat("the download of image ", id, NULL);
    const OpenstackCall call = {.what = what,
                                .path = path,
                                .headers = headers,
                                .sink = sink,
                                .sink_user = user,
                                .timeout_ms = timeout_ms,
                                .stall_s = stall_s};
    if (!openstack_ask(session, &call, &response, error))
        return false;
    return response.status == 200 ||
           steel_fail(error, STEEL_ERROR_NOT_FOUND,
                      "Glance answered %d to %s: it has no data of this image", response.status,
                      what);
}
