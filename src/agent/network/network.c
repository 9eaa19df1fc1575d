/* The network by network_data.json; the contract is in network.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent/network/network.h"

#include "agent/hardware/sysfs.h"
#include "agent/network/network_plan.h"
#include "common/backoff.h"
#include "common/log.h"
#include "common/process.h"
#include "common/time_text.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#define AREA "agent.network"

enum { LOOK_MS = 500 };

/* Names, then MAC addresses, of cards that are hardware. */
static GArray *
find_cards(const char *root, GPtrArray *texts)
{
    GArray *cards = g_array_new(FALSE, TRUE, sizeof(NetworkCard));
    g_auto(GStrv) names = sysfs_list(root, "/sys/class/net");
    for (char **name = names; *name != NULL; name++) {
        char *mac = sysfs_read(root, "/sys/class/net/%s/address", *name);
        if (mac == NULL || !sysfs_exists(root, "/sys/class/net/%s/device", *name)) {
            g_free(mac);
            continue;
        }
        const NetworkCard card = {g_strdup(*name), mac};
        g_array_append_val(cards, card);
        g_ptr_array_add(texts, (char *)(uintptr_t)card.name);
        g_ptr_array_add(texts, mac);
    }
    return cards;
}

static bool
run(const NetworkAction *action, GError **error)
{
    g_autofree char *line = g_strjoinv(" ", action->argv);
    const ProcessSpec spec = {.argv = (const char *const *)action->argv};
    log_info(AREA, "%s", line);
    if (process_run(&spec, NULL, error))
        return true;
    g_prefix_error(error, "%s: ", line);
    return false;
}

static bool
act(const char *root, const NetworkAction *action, GError **error)
{
    if (action->argv != NULL)
        return run(action, error);
    log_info(AREA, "%s: %s", action->path, action->value);
    return sysfs_write(root, action->value, "%s", action->path) ||
           steel_fail(error, STEEL_ERROR_IO, "%s does not take '%s': %s", action->path,
                      action->value, g_strerror(errno));
}

static bool
follow(const char *root, const NetworkPlan *plan, GError **error)
{
    g_autofree char *resolv_conf = g_build_filename(root, "/etc/resolv.conf", NULL);
    for (guint i = 0; i < plan->actions->len; i++)
        if (!act(root, plan->actions->pdata[i], error))
            return false;
    return *plan->resolv_conf == '\0' ||
           g_file_set_contents(resolv_conf, plan->resolv_conf, -1, error);
}

static NetworkPlan *
plan_of(const char *root, const char *text, size_t size, GError **error)
{
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GArray) cards = find_cards(root, texts);
    return network_plan_read(text, size, (const NetworkCard *)(void *)cards->data, cards->len,
                             error);
}

/* Drivers are loaded while we look: a card may come later. */
static NetworkPlan *
wait_for_cards(const char *root, const char *text, size_t size, GError **error)
{
    Backoff backoff = {LOOK_MS, LOOK_MS, time_monotonic_ms() + NETWORK_CARDS_WAIT_MS, NULL};
    while (true) {
        GError *cause = NULL;
        NetworkPlan *plan = plan_of(root, text, size, &cause);
        if (plan != NULL)
            return plan;
        if (!steel_error_is(cause, STEEL_ERROR_NOT_FOUND) || !backoff_pause(&backoff)) {
            g_propagate_error(error, cause);
            return NULL;
        }
        g_error_free(cause);
    }
}

bool
network_set_up(const char *root, const char *file, GError **error)
{
    g_autofree char *text = NULL;
    gsize size;
    if (!g_file_get_contents(file, &text, &size, error))
        return false;
    g_autoptr(NetworkPlan) plan = wait_for_cards(root, text, size, error);
    return plan != NULL && follow(root, plan, error);
}
