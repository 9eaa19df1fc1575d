/* A deploy ramdisk without an agent; the contract is in deploy_info.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/deploy_info.h"

#include "common/json_text.h"
#include "common/secret.h"
#include "drivers/boot/ramdisk_source.h"
#include "drivers/deploy/deploy.h"
#include "model/internal_info.h"
#include "model/provision_states.h"
#include "netboot/ramdisk_boot.h"

#include <string.h>

#define PORT_DEFAULT 3260
#define LUN_DEFAULT 1
#define LUN_MOST 255
/* Of an iSCSI name: RFC 3720, 3.2.6.1. */
#define IQN_MOST 223
#define WORDS_MOST 1000

bool
deploy_info_given(const Task *task)
{
    return info_has(task->node, INFO_DEPLOY_INFO);
}

static int
number_of(const json_t *object, const char *member, int otherwise)
{
    const json_t *value = json_object_get(object, member);
    return json_is_integer(value) ? (int)json_integer_value(value) : otherwise;
}

bool
deploy_info_disk(const Task *task, DeployInfoDisk *out, GError **error)
{
    const json_t *told = info_json(task->node, INFO_DEPLOY_INFO);
    const char *words = json_string_member(told, "error");
    if (words != NULL)
        return steel_fail(error, STEEL_ERROR_DEPLOY_FAILED, "Failure in deploy ramdisk: %s", words);
    *out = (DeployInfoDisk){.address = json_string_member(told, "address"),
                            .iqn = json_string_member(told, "iqn"),
                            .port = number_of(told, "port", PORT_DEFAULT),
                            .lun = number_of(told, "lun", LUN_DEFAULT)};
    return (out->address != NULL && out->iqn != NULL) ||
           steel_fail(error, STEEL_ERROR_INVALID, "no deploy ramdisk has called from node %s",
                      task->node->uuid);
}

json_t *
deploy_info_parameters(const Task *task)
{
    g_autofree char *url = ramdisk_api_url(),
                    *iqn = g_strconcat("iqn.2008-10.org.openstack:", task->node->uuid, NULL);
    return json_pack("{s:s, s:s, s:s, s:s, s:s}", "deployment_id", task->node->uuid,
                     "deployment_key", RAMDISK_BOOT_TOKEN_WORD, "iscsi_target_iqn", iqn,
                     "ironic_api_url", url, "disk", "cciss/c0d0,sda,hda,vda");
}

/* ---- the call ---- */

/* The ramdisk's words if it reports a failure. */
static const char *
failure_in(const json_t *arguments)
{
    const char *words = json_string_member(arguments, "error");
    return words != NULL && *words != '\0' ? words : NULL;
}

static bool
all_given(const json_t *arguments, GError **error)
{
    static const char *const texts[] = {"address", "iqn", "key"};
    size_t first = failure_in(arguments) != NULL ? 2 : 0;
    g_autoptr(GString) missing = g_string_new(NULL);
    for (size_t i = first; i < G_N_ELEMENTS(texts); i++) {
        const json_t *value = json_object_get(arguments, texts[i]);
        if (json_is_nothing(value))
            g_string_append_printf(missing, "%s'%s'", missing->len > 0 ? ", " : "", texts[i]);
        else if (!json_is_string(value))
            return steel_fail(error, STEEL_ERROR_INVALID, "%s must be a string", texts[i]);
    }
    return missing->len == 0 ||
           steel_fail(error, STEEL_ERROR_MISSING,
                      "Parameters [%s] were not passed to ironic for deploy.", missing->str);
}

static bool
number_valid(const json_t *arguments, const char *member, int least, int most, GError **error)
{
    const json_t *value = json_object_get(arguments, member);
    bool good = value == NULL || json_is_null(value) ||
                (json_is_integer(value) && json_integer_value(value) >= least &&
                 json_integer_value(value) <= most);
    return good || steel_fail(error, STEEL_ERROR_INVALID, "%s must be a number from %d to %d",
                              member, least, most);
}

static bool
iqn_valid(const char *iqn, GError **error)
{
    size_t length = strlen(iqn);
    bool good = length <= IQN_MOST;
    for (size_t i = 0; good && i < length; i++)
        good = g_ascii_isalnum(iqn[i]) || strchr("-.:_", iqn[i]) != NULL;
    return good || steel_fail(error, STEEL_ERROR_INVALID,
                              "iqn must be an iSCSI name: letters, digits, '-', '.', ':' and '_', "
                              "%d characters at most",
                              IQN_MOST);
}

static bool
disk_valid(const json_t *arguments, GError **error)
{
    if (failure_in(arguments) != NULL)
        return true;
    if (!g_hostname_is_ip_address(json_string_member(arguments, "address")))
        return steel_fail(error, STEEL_ERROR_INVALID, "address must be an IP address");
    return iqn_valid(json_string_member(arguments, "iqn"), error) &&
           number_valid(arguments, "port", 1, 65535, error) &&
           number_valid(arguments, "lun", 0, LUN_MOST, error);
}

/* The token is on the machine's virtual media alone. */
static bool
key_valid(const Task *task, const json_t *arguments, GError **error)
{
    return secret_equal(info_text(task->node, INFO_AGENT_SECRET_TOKEN),
                        json_string_member(arguments, "key")) ||
           steel_fail(error, STEEL_ERROR_INVALID, "Deploy key does not match");
}

/* Only the wait for a ramdisk ends so: an agent that has called is given commands. */
static bool
is_waited_for(const Task *task, GError **error)
{
    const Node *node = task->node;
    const char *step = json_string_member(node->deploy_step, "step");
    const char *interface = task->driver.deploy->interface.name;
    if (strcmp(interface, "iscsi") != 0)
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "node %s has the deploy interface %s: a ramdisk that exports the disk is "
                          "of use to iscsi only",
                          node->uuid, interface);
    return (state_from_wire(node->provision_state) == STATE_DEPLOYWAIT &&
            g_strcmp0(step, "deploy") == 0 && !info_has(node, INFO_AGENT_URL)) ||
           steel_fail(error, STEEL_ERROR_INVALID_STATE_REQUESTED,
                      "Node %s is not waiting to be deployed.", node->uuid);
}

bool
deploy_info_check(const Task *task, const json_t *arguments, GError **error)
{
    return all_given(arguments, error) && key_valid(task, arguments, error) &&
           is_waited_for(task, error) && disk_valid(arguments, error);
}

static void
note_failure(Task *task, const char *words)
{
    g_autofree char *some = g_utf8_substring(words, 0, MIN(g_utf8_strlen(words, -1), WORDS_MOST));
    info_set_json(task->node, INFO_DEPLOY_INFO, json_pack("{s:s}", "error", some));
}

bool
deploy_info_note(Task *task, const json_t *arguments, GError **error)
{
    if (!deploy_info_check(task, arguments, error))
        return false;
    const char *words = failure_in(arguments);
    if (words != NULL) {
        note_failure(task, words);
        return true;
    }
    info_set_json(task->node, INFO_DEPLOY_INFO,
                  json_pack("{s:s,s:s,s:i,s:i}", "address",
                            json_string_member(arguments, "address"), "iqn",
                            json_string_member(arguments, "iqn"), "port",
                            number_of(arguments, "port", PORT_DEFAULT), "lun",
                            number_of(arguments, "lun", LUN_DEFAULT)));
    return true;
}
