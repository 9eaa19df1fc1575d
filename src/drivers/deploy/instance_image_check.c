/* Checks images; the contract is in instance_image_check.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/deploy/instance_image_check.h"

#include "common/config.h"
#include "common/http_client.h"
#include "common/json_text.h"
#include "drivers/deploy/instance_image.h"
#include "drivers/image_copies.h"
#include "images/fetch.h"
#include "images/local_image.h"
#include "stream/checksum.h"

#include <string.h>

/* The checksum in a file of checksums; the caller frees. */
static char *
look_up(const char *url, const char *source, GError **error)
{
    g_autofree char *file = image_copies_text(url, error), *name = checksum_name_of_url(source);
    if (file == NULL) {
        g_prefix_error(error, "instance_info image_checksum: ");
        return NULL;
    }
    char *found = checksum_find(file, name);
    g_autofree char *shown = http_url_for_display(url);
    if (found == NULL)
        steel_fail(error, STEEL_ERROR_NOT_FOUND,
                   "%s, the image_checksum in instance_info, does not list %s", shown, name);
    return found;
}

/* The caller frees; NULL without an error: none is given. */
static char *
expected(const Node *node, GError **error)
{
    const char *value = instance_image_text(node, "image_os_hash_value"),
               *checksum = instance_image_text(node, "image_checksum");
    if (value != NULL || checksum == NULL || !image_url_known(checksum))
        return g_strdup(value != NULL ? value : checksum);
    return look_up(checksum, instance_image_text(node, "image_source"), error);
}

static const char *
algorithm_of(const Node *node, const char *wanted, GError **error)
{
    const char *said = instance_image_text(node, "image_os_hash_value") != NULL
                           ? instance_image_text(node, "image_os_hash_algo")
                           : NULL;
    const char *algorithm = said != NULL ? said : checksum_algorithm_of(wanted);
    bool allowed = config_boolean(config_current(), OPT_AGENT_ALLOW_MD5_CHECKSUM);
    if (algorithm == NULL)
        steel_fail(error, STEEL_ERROR_INVALID,
                   "the checksum \"%.140s\" of the image has the length of no known kind", wanted);
    else if (strcmp(algorithm, "md5") == 0 && !allowed) {
        steel_fail(
            error, STEEL_ERROR_INVALID,
            "the checksum of the image is MD5, which [agent]allow_md5_checksum forbids; give "
            "sha256 or sha512");
        return NULL;
    }
    return algorithm;
}

static bool
compare(const char *path, const char *algorithm, const char *sha256, const char *wanted,
        GError **error)
{
    g_autofree char *made = NULL;
    if (strcmp(algorithm, "sha256") == 0)
        made = g_strdup(sha256);
    else if (!local_image_digest(path, algorithm, &made, error))
        return false;
    return g_ascii_strcasecmp(made, wanted) == 0 ||
           steel_fail(error, STEEL_ERROR_DEPLOY_FAILED,
                      "the image has another checksum (%s %s) than instance_info says (%.140s); "
                      "compare the checksum in instance_info with the image at image_source",
                      algorithm, made, wanted);
}

bool
instance_image_check(const Task *task, const char *path, const char *sha256, GError **error)
{
    g_autoptr(GError) cause = NULL;
    if (g_str_has_prefix(instance_image_text(task->node, "image_source"), "file://"))
        return true;
    g_autofree char *wanted = expected(task->node, &cause);
    if (cause != NULL) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return false;
    }
    if (wanted == NULL)
        return true;
    const char *algorithm = algorithm_of(task->node, wanted, error);
    return algorithm != NULL && compare(path, algorithm, sha256, wanted, error);
}
