/* How machines are; the contract is in health.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "conductor/health.h"

#include "common/config.h"
#include "common/json_text.h"
#include "common/log.h"
#include "conductor/notify.h"

#include <string.h>

/* From good to bad. */
static const char *const words[] = {"OK", "Warning", "Critical"};

bool
health_is_watched(void)
{
    return config_boolean(config_current(), OPT_CONDUCTOR_ENABLE_HEALTH_MONITORING);
}

static int
rank(const char *text)
{
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
        if (g_strcmp0(words[i], text) == 0)
            return (int)i;
    return -1;
}

const char *
health_word(const char *text)
{
    int row = rank(text);
    return row >= 0 ? words[row] : NULL;
}

const char *
health_of_sensors(const json_t *readings)
{
    int worst = -1;
    size_t i;
    const json_t *row;
    json_array_foreach((json_t *)(uintptr_t)readings, i, row) worst =
        MAX(worst, rank(json_string_member(row, "health")));
    return worst >= 0 ? words[worst] : NULL;
}

void
health_note(Task *task, const char *health)
{
    Node *node = task->node;
    if (g_strcmp0(node->health, health) == 0)
        return;
    g_autofree char *event = g_strdup_printf(
        "Node health status changed: health='%s' (previously '%s')",
        health != NULL ? health : "None", node->health != NULL ? node->health : "None");
    history_add(task, "INFO", "monitoring", event);
    if (rank(health) > 0)
        log_warning("conductor.health", "the BMC says that the machine's health is %s", health);
    record_set_text(&node->health, health);
}
