/* Virtual media of a node.
 * SPDX-License-Identifier: Apache-2.0 */
#include "api/controllers/controllers.h"

#include <string.h>

/* The longest URL of an image. */
enum { IMAGE_URL_MOST = 4096 };

/* The version in which drives can be looked at; they could be changed before. */
enum { GET_SINCE = 93 };

static const char *const devices[] = {"disk", "cdrom", "floppy", NULL};

static bool
is_one_of(const char *word, const char *const *words)
{
    return word != NULL && g_strv_contains(words, word);
}

static bool
after_media(Request *request, json_t *result, GError **error)
{
    (void)error;
    request_answer_json(request, 200, json_object_get(result, "media"));
    return true;
}

Answer
vmedia_get(Request *request, GError **error)
{
    g_auto(NodeBrief) node = {0};
    if (request->version < GET_SINCE) {
        steel_fail(error, STEEL_ERROR_NOT_FOUND, "The resource could not be found.");
        return ANSWER_FAILED;
    }
    if (!request_no_arguments(request, error) || !node_captured(request, &node, error))
        return ANSWER_FAILED;
    return request_call(request, RPC_GET_VIRTUAL_MEDIA, node.uuid, json_object(), after_media);
}

static bool
url_valid(const char *url, GError **error)
{
    static const char *const schemes[] = {"http", "https", "nfs", "cifs", "smb", NULL};
    if (url == NULL)
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "Schema error for vmedia: 'image_url' must be a string");
    if (strlen(url) > IMAGE_URL_MOST)
        return steel_fail(error, STEEL_ERROR_INVALID, "image_url may have up to %d bytes",
                          IMAGE_URL_MOST);
    g_autofree char *scheme = g_uri_parse_scheme(url);
    return is_one_of(scheme, schemes) ||
           steel_fail(error, STEEL_ERROR_INVALID, "Unsupported or missing URL scheme: %.40s",
                      scheme != NULL ? scheme : "");
}

static bool
member_valid(const json_t *body, const char *member, const char *const *words, GError **error)
{
    const char *word = json_string_member(body, member);
    if (is_one_of(word, words))
        return true;
    g_autofree char *legal = g_strjoinv(", ", (char **)(uintptr_t)words);
    return steel_fail(error, STEEL_ERROR_INVALID,
                      "Schema error for vmedia: %s '%.40s' is not one of %s", member,
                      word != NULL ? word : "", legal);
}

static bool
attachment_valid(const json_t *body, GError **error)
{
    static const char *const sources[] = {"http", "local", "swift", NULL};
    return member_valid(body, "device_type", devices, error) &&
           (json_object_get(body, "image_download_source") == NULL ||
            member_valid(body, "image_download_source", sources, error)) &&
           url_valid(json_string_member(body, "image_url"), error);
}

Answer
vmedia_attach(Request *request, GError **error)
{
    static const char *const members[] = {"device_type", "image_url", "image_download_source",
                                          NULL};
    g_auto(NodeBrief) node = {0};
    json_t *body = request_object(request, members, error);
    if (body == NULL || !attachment_valid(body, error) || !node_captured(request, &node, error))
        return ANSWER_FAILED;
    return request_call(request, RPC_ATTACH_VIRTUAL_MEDIA, node.uuid, json_incref(body),
                        request_after_204);
}

/* The drives of a query, or of a body as openstacksdk sends one, as the conductor's arguments; NULL
 * with an error. */
static json_t *
named_devices(const char *list, GError **error)
{
    json_t *named = json_array();
    g_auto(GStrv) words = g_strsplit(list, ",", -1);
    for (char **word = words; *word != NULL; word++) {
        if (is_one_of(*word, devices)) {
            json_array_append_new(named, json_string(*word));
            continue;
        }
        steel_fail(error, STEEL_ERROR_INVALID,
                   "Invalid device type(s) %.80s (valid are disk, cdrom, floppy)", *word);
        json_decref(named);
        return NULL;
    }
    return named;
}

Answer
vmedia_detach(Request *request, GError **error)
{
    static const char *const names[] = {"device_types", NULL};
    g_auto(NodeBrief) node = {0};
    const json_t *body = request_object(request, names, error);
    if (body == NULL)
        return ANSWER_FAILED;
    const char *list = json_string_member(body, "device_types");
    json_auto_t *named = list != NULL && *list != '\0' ? named_devices(list, error) : json_array();
    if (named == NULL || !node_captured(request, &node, error))
        return ANSWER_FAILED;
    json_t *arguments = json_object();
    if (json_array_size(named) > 0)
        json_object_set(arguments, "device_types", named);
    return request_call(request, RPC_DETACH_VIRTUAL_MEDIA, node.uuid, arguments, request_after_204);
}
