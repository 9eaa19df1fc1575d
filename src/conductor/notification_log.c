/* Notifications in the log; the contract is in notification_log.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "conductor/notification_log.h"

#include "common/config.h"
#include "common/json_text.h"
#include "common/log.h"
#include "common/metrics.h"
#include "common/time_text.h"
#include "common/uuid.h"

#include <string.h>

/* In the order of Ironic's levels. */
typedef enum Level { DEBUG, INFO, WARNING, ERROR, CRITICAL, NEVER } Level;

static Level
least_level(void)
{
    static const char *const names[] = {"debug", "info", "warning", "error", "critical"};
    const char *configured = config_string(config_current(), OPT_NOTIFICATION_LEVEL);
    for (size_t i = 0; configured != NULL && i < G_N_ELEMENTS(names); i++)
        if (strcmp(configured, names[i]) == 0)
            return (Level)i;
    return NEVER;
}

bool
notification_wanted(bool is_error)
{
    return (is_error ? ERROR : INFO) >= least_level();
}

void
notification_log(const Notification *notification, json_t *payload)
{
    if (!notification_wanted(notification->is_error))
        return;
    char uuid[UUID_TEXT_SIZE], now[TIME_TEXT_SIZE];
    time_text_ms(time_now_ms(), now);
    g_autofree char *publisher = g_strdup_printf("ironic-conductor.%s", notification->host);
    json_t *envelope =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:{s:s, s:s, s:s, s:O}}", "message_id",
                  uuid_generate(uuid), "publisher_id", publisher, "timestamp", now, "priority",
                  notification->is_error ? "ERROR" : "INFO", "event_type", notification->event_type,
                  "payload", "ironic_object.name", notification->payload_name,
                  "ironic_object.namespace", "ironic", "ironic_object.version",
                  notification->payload_version, "ironic_object.data", payload);
    g_autofree char *line = json_text_dump(envelope);
    json_decref(envelope);
    log_document(line);
    metrics_add(METRIC_NOTIFICATIONS, 1);
}
