/* Consoles over IPMI; the contract is in sol_console.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/console/sol_console.h"

#include "bmc/ipmi/wire/sol.h"
#include "common/config.h"
#include "consoles/consoles.h"
#include "drivers/driver_info.h"

#include <string.h>

bool
sol_console_range(const Config *config, uint16_t *first, uint16_t *last, GError **error)
{
    const char *text = config_string(config, OPT_CONSOLE_PORT_RANGE);
    char *end = NULL;
    *first = *last = 0;
    if (text == NULL || text[0] == '\0')
        return true;
    guint64 from = g_ascii_strtoull(text, &end, 10);
    guint64 to = *end == ':' ? g_ascii_strtoull(end + 1, &end, 10) : 0;
    if (*end != '\0' || from < 1 || from >= to || to > UINT16_MAX + 1)
        return steel_fail(error, STEEL_ERROR_CONFIG,
                          "[console]port_range must be two ports, the first one smaller, as "
                          "10000:20000, not %.40s",
                          text);
    *first = (uint16_t)from;
    *last = (uint16_t)(to - 1);
    return true;
}

bool
sol_console_check(const Config *config, GError **error)
{
    uint16_t first, last;
    return sol_console_range(config, &first, &last, error);
}

bool
sol_console_validate(const Node *node, const char *key, GError **error)
{
    uint16_t port = 0, first, last;
    if (!driver_info_port(node, key, &port, error) ||
        !sol_console_range(config_current(), &first, &last, error))
        return false;
    if (port == 0 && first == 0)
        return steel_fail(error, STEEL_ERROR_MISSING,
                          "Either missing '%s' parameter in node's driver_info or "
                          "[console]port_range is not configured",
                          key);
    return true;
}

/* Whatever session has the console loses it. */
static bool
ask_bmc(Task *task, const IpmiNode *ipmi, GError **error)
{
    int64_t limit_s = config_integer(config_current(), OPT_CONSOLE_SUBPROCESS_TIMEOUT);
    IpmiTarget target = ipmi->target;
    IpmiRequest request;
    IpmiResponse response = {0};
    target.deadline_ms = task_time_left_ms(task, (unsigned)MIN(limit_s, 3600) * 1000);
    ipmi_build_deactivate_sol(&request);
    request.ignore_completion_code = true;
    if (!ipmi_client_call(task->services->bmc.ipmi, &target, &request, 1, &response, error))
        return false;
    uint8_t code = response.completion_code;
    if (code == IPMI_CC_OK || code == IPMI_CC_PAYLOAD_NOT_ACTIVE)
        return true;
    const char *text = ipmi_sol_activation_text(code);
    return steel_fail(error, STEEL_ERROR_BMC_REFUSED,
                      "the BMC has no console for this user (Deactivate Payload): %s (%02xh)",
                      text != NULL ? text : ipmi_completion_text(code), code);
}

/* A port of the range; the one that the console had before, if it may. */
static bool
choose_port(const Node *node, ConsoleSettings *settings, GError **error)
{
    int64_t before = info_integer(node, INFO_CONSOLE_PORT);
    if (!sol_console_range(config_current(), &settings->first_port, &settings->last_port, error))
        return false;
    if (before >= settings->first_port && before <= settings->last_port)
        settings->wanted_port = (uint16_t)before;
    return true;
}

bool
sol_console_restore(Task *task, const IpmiNode *ipmi, const char *key, GError **error)
{
    uint16_t port = 0;
    const Config *config = config_current();
    ConsoleSettings settings = {
        .key = task->node->uuid,
        .target = &ipmi->target,
        .address = config_string(config, OPT_CONSOLE_SOCAT_ADDRESS),
        .idle_s = (unsigned)config_integer(config, OPT_CONSOLE_TERMINAL_TIMEOUT),
    };
    if (!sol_console_validate(task->node, key, error) ||
        !driver_info_port(task->node, key, &settings.wanted_port, error) ||
        (settings.wanted_port == 0 && !choose_port(task->node, &settings, error)))
        return false;
    if (!consoles_start(task->services->consoles, &settings, &port, error))
        return false;
    info_set_integer(task->node, INFO_CONSOLE_PORT, port);
    return true;
}

bool
sol_console_start(Task *task, const IpmiNode *ipmi, const char *key, GError **error)
{
    return sol_console_validate(task->node, key, error) && ask_bmc(task, ipmi, error) &&
           sol_console_restore(task, ipmi, key, error);
}

bool
sol_console_stop(Task *task)
{
    (void)consoles_stop(task->services->consoles, task->node->uuid);
    info_remove(task->node, INFO_CONSOLE_PORT);
    return true;
}

json_t *
sol_console_get(Task *task, const char *key, GError **error)
{
    const char *host = config_string(config_current(), OPT_CONSOLE_SOCAT_ADDRESS);
    int64_t port = info_integer(task->node, INFO_CONSOLE_PORT);
    bool bare = strchr(host, ':') != NULL && host[0] != '[';
    if (!sol_console_validate(task->node, key, error))
        return NULL;
    if (port == 0) {
        steel_fail(error, STEEL_ERROR_INVALID_STATE,
                   "the console of node %s does not listen now: an undeploy has stopped it, or it "
                   "is being started again; enable it again",
                   task->node->uuid);
        return NULL;
    }
    g_autofree char *url = g_strdup_printf(bare ? "tcp://[%s]:%d" : "tcp://%s:%d", host, (int)port);
    return json_pack("{s:s, s:s}", "type", "socat", "url", url);
}
