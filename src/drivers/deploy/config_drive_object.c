/* Config drives in Swift; the contract is in config_drive_object.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/deploy/config_drive_object.h"

#include "common/config.h"
#include "common/json_text.h"
#include "common/log.h"
#include "common/secret.h"
#include "config_drive/config_drive.h"
#include "model/internal_info.h"
#include "openstack/swift.h"

#include <string.h>

#define KEY "configdrive"

/* As long as somebody waits for the agent that fetches it. */
static int64_t
life_s(const Config *config)
{
    enum { WITHOUT_LIMIT_S = 1800 };
    int64_t own = config_integer(config, OPT_CONDUCTOR_CONFIGDRIVE_SWIFT_TEMP_URL_DURATION),
            deploy = config_integer(config, OPT_CONDUCTOR_DEPLOY_CALLBACK_TIMEOUT);
    if (own > 0)
        return own;
    return deploy > 0 ? deploy : WITHOUT_LIMIT_S;
}

static char *
name_of(const Task *task)
{
    return g_strdup_printf("configdrive-%s", task->node->uuid);
}

static OpenstackSession *
session_of(const Task *task, GError **error)
{
    return openstack_service(task->services->openstack, OPENSTACK_SWIFT, error);
}

/* Puts a text, or keeps the object that is there for a text that is NULL. The URL of it, NULL on an
 * error. */
static char *
lend(const Task *task, const char *container, const char *text, GError **error)
{
    int64_t seconds = life_s(config_current());
    g_autofree char *name = name_of(task);
    const SwiftObject object = {container, name};
    OpenstackSession *swift = session_of(task, error);
    bool there = false;
    if (swift != NULL && text != NULL)
        there = swift_put_bytes(swift, &object, text, strlen(text), seconds, error);
    else if (swift != NULL)
        there = swift_keep(swift, &object, seconds, error);
    return there ? swift_lend(swift, &object, seconds, NULL, error) : NULL;
}

/* The drive is an object now; url is taken. */
static void
take_url(Task *task, char *url)
{
    json_object_set_new(task->node->instance_info, KEY, json_string(url));
    secret_free(url);
}

static bool
put(Task *task, GError **error)
{
    const char *container =
        config_string(config_current(), OPT_CONDUCTOR_CONFIGDRIVE_SWIFT_CONTAINER);
    task_phase_begin(task, "store_config_drive", "the config drive is put into Swift");
    info_set_text(task->node, INFO_CONFIG_DRIVE_CONTAINER, container);
    if (!task_save(task, error))
        return false;
    char *url = lend(task, container, json_string_member(task->node->instance_info, KEY), error);
    if (url == NULL) {
        g_prefix_error(error, "the config drive could not be put into Swift: ");
        return false;
    }
    take_url(task, url);
    return true;
}

/* Whether the URL is that of the node's own object. */
static bool
is_own(const Task *task, const char *url)
{
    g_autofree char *name = name_of(task), *part = g_strdup_printf("/%s?temp_url_sig=", name);
    return info_text(task->node, INFO_CONFIG_DRIVE_CONTAINER) != NULL && strstr(url, part) != NULL;
}

static bool
renew(Task *task, GError **error)
{
    task_phase_begin(task, "store_config_drive", "the config drive in Swift is lent once more");
    char *url = lend(task, info_text(task->node, INFO_CONFIG_DRIVE_CONTAINER), NULL, error);
    if (url == NULL) {
        g_prefix_error(error, "the config drive in Swift is of no more use, give it again: ");
        return false;
    }
    take_url(task, url);
    return true;
}

bool
config_drive_object_put(Task *task, GError **error)
{
    const char *drive = json_string_member(task->node->instance_info, KEY);
    if (drive == NULL || *drive == '\0')
        return true;
    if (config_drive_is_url(drive))
        return !is_own(task, drive) || renew(task, error);
    return !config_boolean(config_current(), OPT_DEPLOY_CONFIGDRIVE_USE_OBJECT_STORE) ||
           put(task, error);
}

void
config_drive_object_remove(Task *task)
{
    g_autoptr(GError) error = NULL;
    const char *container = info_text(task->node, INFO_CONFIG_DRIVE_CONTAINER);
    if (container == NULL)
        return;
    g_autofree char *name = name_of(task);
    const SwiftObject object = {container, name};
    OpenstackSession *swift = session_of(task, &error);
    if (swift != NULL && swift_remove(swift, &object, &error))
        info_set_text(task->node, INFO_CONFIG_DRIVE_CONTAINER, NULL);
    else
        log_warning("drivers.deploy", "the config drive stays in Swift until its end: %s",
                    error->message);
}
