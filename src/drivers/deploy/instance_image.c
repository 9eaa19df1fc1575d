/* The image of an instance; the contract is in instance_image.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/deploy/instance_image.h"

#include "common/config.h"
#include "common/json_text.h"
#include "common/secret.h"
#include "config_drive/config_drive.h"
#include "drivers/deploy/deploy.h"
#include "drivers/deploy/instance_glance.h"
#include "drivers/image_copies.h"
#include "drivers/image_login.h"
#include "model/capabilities.h"
#include "model/internal_info.h"
#include "stream/checksum.h"

#include <string.h>

static const json_t *
member(const Node *node, const char *key)
{
    return json_object_get(node->instance_info, key);
}

const char *
instance_image_text(const Node *node, const char *key)
{
    const char *value = json_string_member(node->instance_info, key);
    return value != NULL && *value != '\0' ? value : NULL;
}

bool
instance_image_keeps_table(const Node *node)
{
    return !instance_image_is_whole_disk(node) &&
           json_is_truthy(member(node, "preserve_ephemeral"));
}

bool
instance_image_is_whole_disk(const Node *node)
{
    const char *type = instance_image_text(node, "image_type");
    if (type != NULL)
        return strcmp(type, "partition") != 0;
    return json_is_nothing(member(node, "kernel")) && json_is_nothing(member(node, "ramdisk"));
}

/* instance_info wins over driver_info, and that over the configuration. */
static const char *
download_source(const Task *task)
{
    const char *of_instance = instance_image_text(task->node, "image_download_source");
    const char *of_node = task_driver_info(task, "image_download_source");
    if (of_instance != NULL)
        return of_instance;
    return of_node != NULL ? of_node
                           : config_string(config_current(), OPT_AGENT_IMAGE_DOWNLOAD_SOURCE);
}

static bool
is_file(const char *source)
{
    return g_str_has_prefix(source, "file://");
}

InstanceImageWay
instance_image_way(const Task *task)
{
    if (task->driver.deploy->writes_image)
        return INSTANCE_IMAGE_WRITTEN;
    const char *from = download_source(task);
    bool here =
             is_file(instance_image_text(task->node, "image_source")) || strcmp(from, "local") == 0,
         of_glance = instance_glance_is_source(task->node) &&
                     (strcmp(from, "swift") != 0 || image_copies_verify_signatures());
    bool served = here || of_glance; /* no agent has a login at Glance */
    return served ? INSTANCE_IMAGE_SERVED : INSTANCE_IMAGE_FETCHED;
}

/* True when the agent takes the image from this conductor. */
static bool
is_served_here(const Task *task)
{
    return instance_image_way(task) == INSTANCE_IMAGE_SERVED;
}

/* ---- validation ---- */

static bool
check_source(const Task *task, GError **error)
{
    const char *source = instance_image_text(task->node, "image_source");
    if (source == NULL)
        return steel_fail(error, STEEL_ERROR_MISSING,
                          "Node %s failed to validate deploy image info. Some parameters were "
                          "missing. Missing are: ['instance_info.image_source']",
                          task->node->uuid);
    g_autofree char *what =
        g_strdup_printf("instance_info image_source of node %s", task->node->uuid);
    return image_copies_check(task->services->openstack, what, source, error);
}

static bool
check_type(const Task *task, GError **error)
{
    const char *type = instance_image_text(task->node, "image_type");
    return type == NULL || strcmp(type, "partition") == 0 || strcmp(type, "whole-disk") == 0 ||
           steel_fail(error, STEEL_ERROR_INVALID,
                      "Invalid image_type \"%.40s\", valid are whole-disk, partition", type);
}

/* A checksum, the URL of a file of checksums, or both hash members. */
static bool
check_checksum(const Task *task, GError **error)
{
    const Node *node = task->node;
    bool algorithm = instance_image_text(node, "image_os_hash_algo") != NULL,
         value = instance_image_text(node, "image_os_hash_value") != NULL,
         checksum = instance_image_text(node, "image_checksum") != NULL;
    if (is_file(instance_image_text(node, "image_source")) || instance_glance_is_source(node) ||
        (algorithm && value) || (checksum && !algorithm && !value))
        return true;
    return steel_fail(error, STEEL_ERROR_MISSING,
                      "image_source's \"image_checksum\", or \"image_os_hash_algo\" and "
                      "\"image_os_hash_value\" must be provided in instance_info for node %s",
                      node->uuid);
}

static bool
check_algorithm(const Task *task, GError **error)
{
    const char *algorithm = instance_image_text(task->node, "image_os_hash_algo"),
               *checksum = instance_image_text(task->node, "image_checksum");
    if (algorithm != NULL && !checksum_known(algorithm))
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "instance_info image_os_hash_algo \"%.40s\" of node %s is not known; "
                          "take sha256 or sha512",
                          algorithm, task->node->uuid);
    bool url = checksum != NULL && strstr(checksum, "://") != NULL;
    return checksum == NULL || url || checksum_algorithm_of(checksum) != NULL ||
           steel_fail(
               error, STEEL_ERROR_INVALID,
               "instance_info image_checksum of node %s is neither a checksum in hexadecimal "
               "digits nor a URL",
               task->node->uuid);
}

static bool
check_download(const Task *task, GError **error)
{
    const char *source = download_source(task);
    if (strcmp(source, "http") != 0 && strcmp(source, "local") != 0 && strcmp(source, "swift") != 0)
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "Invalid value for image_download_source: \"%.40s\". Valid values are "
                          "swift, http or local.",
                          source);
    if (strcmp(source, "swift") == 0 && !instance_glance_is_source(task->node) &&
        instance_image_way(task) != INSTANCE_IMAGE_WRITTEN)
        return steel_fail(
            error, STEEL_ERROR_UNSUPPORTED,
            "image_download_source of node %s is swift, which is for images in Glance "
            "alone; take http (the agent fetches it) or local (this conductor "
            "does): steel node set %s --instance-info image_download_source=http",
            task->node->uuid, task->node->uuid);
    if (!is_served_here(task) || task->services->boot_url != NULL)
        return true;
    return steel_fail(
        error, STEEL_ERROR_MISSING,
        "Node %s failed to validate http provisoning. Some configuration options were "
        "missing. Missing are: ['[deploy]http_url']",
        task->node->uuid);
}

/* An image of a root file system needs more fields. */
static bool
check_partitions(const Task *task, GError **error)
{
    int64_t size = 0;
    if (instance_image_is_whole_disk(task->node))
        return true;
    if (json_is_nothing(member(task->node, "root_gb")))
        return steel_fail(error, STEEL_ERROR_MISSING,
                          "Cannot deploy: parameters were missing in node's instance_info. Missing "
                          "are: ['instance_info.root_gb']");
    return (json_integer_member(task->node->instance_info, "root_gb", &size) && size > 0) ||
           steel_fail(error, STEEL_ERROR_INVALID,
                      "instance_info root_gb of node %s is not a whole number of GiB",
                      task->node->uuid);
}

char *
instance_image_config_drive(const Task *task, GError **error)
{
    const Node *node = task->node;
    const json_t *drive = member(node, "configdrive");
    if (json_is_nothing(drive))
        return NULL;
    char *built = config_drive_text(drive, node->uuid, node->name, error);
    if (built == NULL)
        g_prefix_error(error, "instance_info configdrive of node %s: ", node->uuid);
    return built;
}

/* The verb stores a text unchanged, and a client may have set an object. */
static bool
check_config_drive(const Task *task, GError **error)
{
    g_autoptr(GError) cause = NULL;
    secret_free(instance_image_config_drive(task, &cause));
    if (cause == NULL)
        return true;
    g_propagate_error(error, g_steal_pointer(&cause));
    return false;
}

bool
instance_image_validate(const Task *task, GError **error)
{
    return check_source(task, error) && check_type(task, error) && check_checksum(task, error) &&
           check_algorithm(task, error) && check_download(task, error) &&
           check_partitions(task, error) && check_config_drive(task, error);
}

/* ---- what the agent is told ---- */

static void
copy_member(const Task *task, json_t *info, const char *name, const char *key)
{
    const json_t *value = member(task->node, key);
    json_object_set_new(info, name, value != NULL ? json_deep_copy(value) : json_null());
}

static void
copy_if_given(const Task *task, json_t *info, const char *name, const char *key)
{
    if (!json_is_nothing(member(task->node, key)))
        copy_member(task, info, name, key);
}

/* Adds a size in MiB. unit: MiB per unit of the member of instance_info. */
static void
add_size(const Task *task, json_t *info, const char *name, const char *key, int64_t unit)
{
    int64_t size = 0;
    json_integer_member(task->node->instance_info, key, &size);
    json_object_set_new(info, name, json_integer(size * unit));
}

static void
add_partitions(const Task *task, json_t *info)
{
    static const char *const same[] = {
        "kernel", "ramdisk", "root_gb", "ephemeral_format", "preserve_ephemeral", "image_type"};
    g_autofree char *label = capability_get(task->node, "disk_label");
    for (size_t i = 0; i < G_N_ELEMENTS(same); i++)
        copy_member(task, info, same[i], same[i]);
    add_size(task, info, "root_mb", "root_gb", 1024);
    add_size(task, info, "swap_mb", "swap_mb", 1);
    add_size(task, info, "ephemeral_mb", "ephemeral_gb", 1024);
    const char *mode = capability_boot_mode(
        task->node, config_string(config_current(), OPT_DEPLOY_DEFAULT_BOOT_MODE));
    json_object_set_new(info, "deploy_boot_mode", json_string(mode));
    json_object_set_new(info, "boot_option", json_string("local"));
    if (label != NULL)
        json_object_set_new(info, "disk_label", json_string(label));
}

/* Web proxies that driver_info names for images. */
static void
add_proxies(const Task *task, json_t *info)
{
    json_auto_t *proxies = json_object();
    const char *plain = task_driver_info(task, "image_http_proxy"),
               *secure = task_driver_info(task, "image_https_proxy"),
               *without = task_driver_info(task, "image_no_proxy");
    if (plain != NULL)
        json_object_set_new(proxies, "http", json_string(plain));
    if (secure != NULL)
        json_object_set_new(proxies, "https", json_string(secure));
    if (json_object_size(proxies) == 0)
        return;
    json_object_set(info, "proxies", proxies);
    if (without != NULL)
        json_object_set_new(info, "no_proxy", json_string(without));
}

/* The login at the image's server, for an agent that asks it. The agent logs in wherever it goes
 * for the image: at the server of a checksum file too. */
static void
add_login(const Task *task, json_t *info)
{
    ImageLogin login, other;
    const Config *config = config_current();
    const char *checksum = instance_image_text(task->node, "image_checksum");
    bool elsewhere = checksum != NULL && strstr(checksum, "://") != NULL &&
                     !image_login_for(config, checksum, &other);
    if (instance_image_way(task) != INSTANCE_IMAGE_FETCHED || elsewhere ||
        !image_login_for(config, instance_image_text(task->node, "image_url"), &login))
        return;
    json_object_set_new(info, "image_server_auth_strategy", json_string("http_basic"));
    json_object_set_new(info, "image_server_user", json_string(login.user));
    json_object_set_new(info, "image_server_password", json_string(login.password));
}

/* Format and checksum: of the copy that we hand out, else of the image as the operator says. */
static void
add_kind(const Task *task, json_t *info)
{
    const json_t *copy = info_json(task->node, INFO_IMAGE_COPY);
    if (copy == NULL) {
        copy_member(task, info, "disk_format", "image_disk_format");
        copy_if_given(task, info, "checksum", "image_checksum");
        copy_if_given(task, info, "os_hash_algo", "image_os_hash_algo");
        copy_if_given(task, info, "os_hash_value", "image_os_hash_value");
        return;
    }
    json_object_set(info, "disk_format", json_object_get(copy, "disk_format"));
    json_object_set_new(info, "os_hash_algo", json_string("sha256"));
    json_object_set(info, "os_hash_value", json_object_get(copy, "sha256"));
}

json_t *
instance_image_arguments(const Task *task)
{
    const Node *node = task->node;
    const char *source = instance_image_text(node, "image_source"), *slash = strrchr(source, '/');
    bool written = instance_image_way(task) == INSTANCE_IMAGE_WRITTEN;
    json_t *info =
        json_pack("{s:s,s:[s?],s:b,s:s}", "id", slash != NULL ? slash + 1 : source, "urls",
                  written ? "iscsi:" : instance_image_text(node, "image_url"), "stream_raw_images",
                  (int)config_boolean(config_current(), OPT_AGENT_STREAM_RAW_IMAGES), "node_uuid",
                  node->uuid);
    add_kind(task, info);
    copy_member(task, info, "container_format", "image_container_format");
    add_proxies(task, info);
    add_login(task, info);
    if (!instance_image_is_whole_disk(node))
        add_partitions(task, info);
    const char *drive = instance_image_text(node, "configdrive");
    if (drive != NULL)
        json_object_set_new(info, "configdrive", json_string(drive));
    return json_pack("{s:o,s:s?}", "image_info", info, "configdrive", drive);
}
