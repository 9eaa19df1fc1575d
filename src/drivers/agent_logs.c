/* Agents' logs; the contract is in agent_logs.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/agent_logs.h"

#include "common/config.h"
#include "common/json_text.h"
#include "common/log.h"
#include "drivers/node_agent.h"
#include "openstack/swift.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define AREA "drivers.logs"
#define ENDING ".tar.gz"
#define DAY_S INT64_C(86400)

bool
agent_logs_read(Task *task, char **text, int64_t *offset, GError **error)
{
    return node_agent_log(task, text, offset, error);
}

/* ---- keeping ---- */

static bool
wanted(bool failed)
{
    const char *when = config_string(config_current(), OPT_AGENT_DEPLOY_LOGS_COLLECT);
    return strcmp(when, "always") == 0 || (failed && strcmp(when, "on_failure") == 0);
}

/* <node>[_<instance>][_<label>]_<time>.tar.gz, as Ironic names them. No part of it can lead
 * elsewhere: whatever is not a letter, a digit or a dash becomes a dash. */
static char *
file_name(const Task *task, const char *label)
{
    const char *parts[] = {task->node->instance_uuid, label};
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autofree char *time = g_date_time_format(now, "%Y-%m-%d-%H-%M-%S");
    g_autoptr(GString) name = g_string_new(task->node->uuid);
    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++)
        if (parts[i] != NULL)
            g_string_append_printf(name, "_%s", parts[i]);
    g_string_append_printf(name, "_%s", time);
    g_strcanon(name->str, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_", '-');
    return g_strconcat(name->str, ENDING, NULL);
}

static int
by_time(gconstpointer a, gconstpointer b)
{
    const char *first = *(const char *const *)a, *second = *(const char *const *)b;
    size_t time = strlen("2026-01-01-00-00-00" ENDING), one = strlen(first), two = strlen(second);
    return strcmp(first + (one > time ? one - time : 0), second + (two > time ? two - time : 0));
}

/* The names of a node's files, oldest first. */
static GPtrArray *
files_of(const char *folder, const char *node_uuid)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GDir) directory = g_dir_open(folder, 0, NULL);
    for (const char *name; directory != NULL && (name = g_dir_read_name(directory)) != NULL;)
        if (g_str_has_prefix(name, node_uuid) && g_str_has_suffix(name, ENDING))
            g_ptr_array_add(names, g_strdup(name));
    g_ptr_array_sort(names, by_time);
    return names;
}

static void
remove_oldest(const char *folder, const char *node_uuid)
{
    g_autoptr(GPtrArray) names = files_of(folder, node_uuid);
    for (guint i = 0; i + AGENT_LOGS_KEPT < names->len; i++) {
        g_autofree char *path = g_build_filename(folder, names->pdata[i], NULL);
        if (unlink(path) != 0)
            log_warning(AREA, "cannot remove %s: %s", path, g_strerror(errno));
    }
}

static bool
keep_here(const Task *task, const char *name, GBytes *logs, char **place, GError **error)
{
    const char *folder = config_string(config_current(), OPT_AGENT_DEPLOY_LOGS_LOCAL_PATH);
    g_autofree char *whole = g_build_filename(folder, name, NULL);
    gsize size = 0;
    const char *bytes = g_bytes_get_data(logs, &size);
    g_autoptr(GError) cause = NULL;
    if (g_mkdir_with_parents(folder, 0750) != 0)
        return steel_fail(error, STEEL_ERROR_IO, "cannot make %s: %s", folder, g_strerror(errno));
    if (!g_file_set_contents_full(whole, bytes, (gssize)size, G_FILE_SET_CONTENTS_CONSISTENT, 0640,
                                  &cause))
        return steel_fail(error, STEEL_ERROR_IO, "%s", cause->message);
    remove_oldest(folder, task->node->uuid);
    *place = g_steal_pointer(&whole);
    return true;
}

/* Swift removes them itself. */
static bool
keep_in_swift(const Task *task, const char *name, GBytes *logs, char **place, GError **error)
{
    const Config *config = config_current();
    const char *container = config_string(config, OPT_AGENT_DEPLOY_LOGS_SWIFT_CONTAINER);
    int64_t days = config_integer(config, OPT_AGENT_DEPLOY_LOGS_SWIFT_DAYS_TO_EXPIRE);
    const SwiftObject object = {container, name};
    gsize size = 0;
    const void *bytes = g_bytes_get_data(logs, &size);
    OpenstackSession *swift = openstack_service(task->services->openstack, OPENSTACK_SWIFT, error);
    if (swift == NULL || !swift_put_bytes(swift, &object, bytes, size, days * DAY_S, error))
        return false;
    *place = g_strdup_printf("%s/%s in Swift", container, name);
    return true;
}

static bool
keep(const Task *task, const char *label, const char *packed, char **place, GError **error)
{
    const char *backend = config_string(config_current(), OPT_AGENT_DEPLOY_LOGS_STORAGE_BACKEND);
    g_autofree char *name = file_name(task, label);
    gsize size = 0;
    guchar *bytes = g_base64_decode(packed, &size);
    g_autoptr(GBytes) logs = g_bytes_new_take(bytes, size);
    if (size == 0)
        return steel_fail(error, STEEL_ERROR_AGENT_REFUSED, "the agent's logs are empty");
    return strcmp(backend, "swift") == 0 ? keep_in_swift(task, name, logs, place, error)
                                         : keep_here(task, name, logs, place, error);
}

static bool
collect(Task *task, const char *label, char **place, GError **error)
{
    g_auto(AgentResult) result = {0};
    if (!node_agent_call(task, "log.collect_system_logs", NULL, &result, error))
        return false;
    const char *packed = json_string_member(result.result, "system_logs");
    return packed != NULL
               ? keep(task, label, packed, place, error)
               : steel_fail(error, STEEL_ERROR_AGENT_REFUSED, "the agent's answer has no logs");
}

static void
tell(const char *place, const GError *error)
{
    if (place != NULL)
        log_info(AREA, "the agent's logs are kept in %s", place);
    else
        log_warning(AREA, "the agent's logs could not be kept: %s", error->message);
}

char *
agent_logs_collect(Task *task, const char *label, bool failed)
{
    g_autoptr(GError) error = NULL;
    char *place = NULL;
    if (!wanted(failed) || !node_agent_has_called(task))
        return NULL;
    (void)collect(task, label, &place, &error);
    tell(place, error);
    return place;
}

void
agent_logs_keep(Task *task, const char *label, const char *packed, bool failed)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *place = NULL;
    if (!wanted(failed))
        return;
    (void)keep(task, label, packed, &place, &error);
    tell(place, error);
}
