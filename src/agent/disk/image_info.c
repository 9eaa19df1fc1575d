/* image_info; the contract is in image_info.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent/disk/image_info.h"

#include "common/json_text.h"

#include <string.h>

static bool
read_urls(ImageInfo *info, GError **error)
{
    size_t i;
    json_t *url;
    info->urls = json_object_get(info->json, "urls");
    if (!json_is_array(info->urls) || json_array_size(info->urls) == 0)
        return agent_fail(error, AGENT_ERROR_INVALID_PARAMS,
                          "Image 'urls' must be a list with at least one URL");
    json_array_foreach((json_t *)(uintptr_t)info->urls, i, url)
    {
        if (!json_is_string(url))
            return agent_fail(error, AGENT_ERROR_INVALID_PARAMS, "Image 'urls' must be texts");
    }
    return true;
}

/* image_os_hash_algo with image_os_hash_value wins over the older image_checksum. */
static bool
read_checksum(ImageInfo *info, GError **error)
{
    const char *value = json_string_member(info->json, "os_hash_value");
    info->hash_algorithm = json_string_member(info->json, "os_hash_algo");
    if (info->hash_algorithm != NULL && value != NULL)
        info->checksum = value;
    else {
        info->hash_algorithm = NULL;
        info->checksum = json_string_member(info->json, "checksum");
    }
    return info->checksum != NULL ||
           agent_fail(error, AGENT_ERROR_INVALID_PARAMS,
                      "Image has neither os_hash_algo and os_hash_value nor checksum: it could not "
                      "be verified");
}

bool
image_info_read(ImageInfo *info, const json_t *json, GError **error)
{
    const char *type = json_string_member(json, "image_type");
    *info = (ImageInfo){.json = json, .id = json_string_member(json, "id")};
    info->format = json_string_member(json, "disk_format");
    info->partition = g_strcmp0(type, "partition") == 0;
    if (info->id == NULL)
        return agent_fail(error, AGENT_ERROR_INVALID_PARAMS, "Image is missing 'id' field");
    if (!read_urls(info, error))
        return false;
    info->by_iscsi = g_str_has_prefix(json_string_value(json_array_get(info->urls, 0)), "iscsi:");
    return info->by_iscsi || read_checksum(info, error);
}

bool
image_info_number(const ImageInfo *info, const char *name, int64_t otherwise, int64_t *number,
                  GError **error)
{
    const json_t *value = json_object_get(info->json, name);
    *number = otherwise;
    if (value == NULL || json_is_null(value))
        return true;
    if (json_integer_member(info->json, name, number) && *number >= 0)
        return true;
    return agent_fail(error, AGENT_ERROR_INVALID_PARAMS, "Image '%s' must be a number of 0 or more",
                      name);
}
