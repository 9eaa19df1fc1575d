/* Notifications to their drivers; the contract is in notifier.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bus/notifier.h"

#include "bus/bus.h"
#include "common/json_text.h"
#include "common/log.h"
#include "common/metrics.h"
#include "common/time_text.h"
#include "common/uuid.h"

#include <string.h>

/* In the order of Ironic's levels. */
typedef enum Level { DEBUG, INFO, WARNING, ERROR, CRITICAL, NEVER } Level;

struct Notifier {
    Bus *bus; /* owned, NULL if no driver needs it */
};

/* One message, in the forms that the drivers send. */
typedef struct Message {
    json_t *plain;        /* as the log has it */
    json_t *with_context; /* as the bus has it */
    const char *const *topics;
    const char *priority; /* "info", "error" */
} Message;

/* ---- drivers ---- */

static void
driver_log(Notifier *notifier, const Message *message)
{
    (void)notifier;
    g_autofree char *line = json_text_dump(message->plain);
    log_document(line);
}

static void
driver_noop(Notifier *notifier, const Message *message)
{
    (void)notifier;
    (void)message;
}

/* Publishes a body, which is taken, to each topic. */
static void
publish(Notifier *notifier, const Message *message, char *body)
{
    const Config *config = config_current();
    const char *exchange = config_string(config, OPT_CONTROL_EXCHANGE);
    size_t size = strlen(body);
    for (const char *const *topic = message->topics; *topic != NULL; topic++) {
        g_autofree char *key = g_strdup_printf("%s.%s", *topic, message->priority);
        bus_publish(notifier->bus, exchange, key, g_strndup(body, size), size);
    }
    g_free(body);
}

static void
driver_messaging(Notifier *notifier, const Message *message)
{
    publish(notifier, message, json_text_dump(message->with_context));
}

static void
driver_messaging_v2(Notifier *notifier, const Message *message)
{
    GString *body = g_string_new("{\"oslo.version\":\"2.0\",\"oslo.message\":");
    g_autofree char *text = json_text_dump(message->with_context);
    json_text_append_string(body, text);
    g_string_append_c(body, '}');
    publish(notifier, message, g_string_free(body, FALSE));
}

typedef struct Driver {
    const char *name;
    bool needs_bus;
    void (*send)(Notifier *notifier, const Message *message);
} Driver;

static const Driver drivers[] = {
    {"log", false, driver_log},
    {"messaging", true, driver_messaging},
    {"messagingv2", true, driver_messaging_v2},
    {"noop", false, driver_noop},
    /* Ironic's exporter takes sensor data only; Steel's are in /metrics. */
    {"prometheus_exporter", false, driver_noop},
};

static const Driver *
driver_of(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(drivers); i++)
        if (strcmp(drivers[i].name, name) == 0)
            return &drivers[i];
    return NULL;
}

/* The names of [oslo_messaging_notifications]driver, or "log" alone. */
static const char *const *
driver_names(const Config *config)
{
    static const char *const unset[] = {"log", NULL};
    bool set = config_list_count(config, OPT_OSLO_MESSAGING_NOTIFICATIONS_DRIVER) > 0;
    return set ? config_list(config, OPT_OSLO_MESSAGING_NOTIFICATIONS_DRIVER) : unset;
}

/* ---- options ---- */

static Level
least_level(const Config *config)
{
    static const char *const names[] = {"debug", "info", "warning", "error", "critical"};
    const char *configured = config_string(config, OPT_NOTIFICATION_LEVEL);
    for (size_t i = 0; configured != NULL && i < G_N_ELEMENTS(names); i++)
        if (strcmp(configured, names[i]) == 0)
            return (Level)i;
    return NEVER;
}

/* Sensors are told at any level. */
static bool
needs_bus(const Config *config)
{
    bool sensors = config_boolean(config, OPT_SENSOR_DATA_SEND_SENSOR_DATA);
    for (const char *const *name = driver_names(config); *name != NULL; name++) {
        const Driver *driver = driver_of(*name);
        if (driver != NULL && driver->needs_bus)
            return sensors || least_level(config) != NEVER;
    }
    return false;
}

static bool
check_names(const Config *config, GError **error)
{
    for (const char *const *name = driver_names(config); *name != NULL; name++)
        if (driver_of(*name) == NULL)
            return steel_fail(error, STEEL_ERROR_CONFIG,
                              "%s: [oslo_messaging_notifications]driver: there is no driver %s, "
                              "only messagingv2, messaging, log, noop and prometheus_exporter",
                              config_origin(config, OPT_OSLO_MESSAGING_NOTIFICATIONS_DRIVER),
                              *name);
    return true;
}

bool
notifier_check(const Config *config, GError **error)
{
    if (!check_names(config, error) || !needs_bus(config))
        return *error == NULL;
    g_autoptr(BusSettings) settings =
        bus_settings_load(config, OPT_OSLO_MESSAGING_NOTIFICATIONS_TRANSPORT_URL, error);
    return settings != NULL;
}

/* ---- the life of a notifier ---- */

static void
write_metrics(GString *out, void *user_data)
{
    Notifier *notifier = user_data;
    BusStatus status;
    bus_status(notifier->bus, &status);
    const struct {
        const char *name, *type, *help;
        uint64_t value;
    } rows[] = {
        {"steel_bus_connected", "gauge", "1 while RabbitMQ is connected.", status.is_connected},
        {"steel_bus_blocked", "gauge", "1 while RabbitMQ takes nothing: short of disk or memory.",
         status.is_blocked},
        {"steel_bus_messages_waiting", "gauge", "Messages that RabbitMQ has not confirmed yet.",
         status.waiting},
        {"steel_bus_messages_sent_total", "counter", "Messages that RabbitMQ has confirmed.",
         status.confirmed},
        {"steel_bus_messages_lost_total", "counter",
         "Messages given up: no room for them, or refused.", status.lost},
        {"steel_bus_connections_total", "counter", "Connections made to RabbitMQ.",
         status.connections},
        {"steel_bus_failures_total", "counter", "Connections that failed or broke.",
         status.failures},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        metrics_write_single(out, rows[i].name, rows[i].type, rows[i].help, (double)rows[i].value);
}

Notifier *
notifier_new(const Config *config, GError **error)
{
    g_autoptr(BusSettings) settings = NULL;
    if (needs_bus(config)) {
        settings = bus_settings_load(config, OPT_OSLO_MESSAGING_NOTIFICATIONS_TRANSPORT_URL, error);
        if (settings == NULL)
            return NULL;
    }
    Notifier *notifier = g_new0(Notifier, 1);
    if (settings == NULL)
        return notifier;
    notifier->bus = bus_new(g_steal_pointer(&settings),
                            config_integer(config, OPT_OSLO_MESSAGING_NOTIFICATIONS_RETRY));
    metrics_register(write_metrics, notifier);
    return notifier;
}

bool
notifier_stop(Notifier *notifier, unsigned limit_ms)
{
    if (notifier == NULL)
        return true;
    if (notifier->bus != NULL)
        metrics_unregister(write_metrics, notifier);
    if (!bus_stop(notifier->bus, limit_ms))
        return false;
    g_free(notifier);
    return true;
}

/* ---- messages ---- */

bool
notifier_wants(const Notifier *notifier, bool is_error)
{
    return notifier != NULL && (is_error ? ERROR : INFO) >= least_level(config_current());
}

/* A new reference. */
static json_t *
versioned(const Notification *notification, json_t *payload)
{
    return json_pack("{s:s, s:s, s:s, s:O}", "ironic_object.name", notification->payload_name,
                     "ironic_object.namespace", "ironic", "ironic_object.version",
                     notification->payload_version, "ironic_object.data", payload);
}

static json_t *
message_of(const Notification *notification, json_t *payload)
{
    char uuid[UUID_TEXT_SIZE];
    g_autofree char *publisher =
        g_strdup_printf("%s.%s", notification->service, notification->host);
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autofree char *second = g_date_time_format(now, "%Y-%m-%d %H:%M:%S");
    g_autofree char *timestamp =
        g_strdup_printf("%s.%06d", second, g_date_time_get_microsecond(now));
    json_t *whole = notification->payload_name != NULL ? versioned(notification, payload)
                                                       : json_incref(payload);
    return json_pack("{s:s, s:s, s:s, s:s, s:o, s:s}", "message_id", uuid_generate(uuid),
                     "publisher_id", publisher, "event_type", notification->event_type, "priority",
                     notification->is_error ? "ERROR" : "INFO", "payload", whole, "timestamp",
                     timestamp);
}

/* oslo's context of a request, as consumers know it. Ironic puts the client's token here; Steel
 * never does. */
static void
add_context(json_t *message, const Notification *notification)
{
    static const char *const unset[] = {
        "user",           "project_id",      "system_scope",
        "project",        "domain",          "user_domain",
        "project_domain", "auth_token",      "global_request_id",
        "resource_uuid",  "auth_token_info",
    };
    char uuid[UUID_TEXT_SIZE];
    g_auto(GStrv) parts = g_strsplit(uuid_generate(uuid), "-", 0);
    g_autofree char *unique = g_strjoinv("", parts);
    json_object_set_new(message, "_unique_id", json_string(unique));
    for (size_t i = 0; i < G_N_ELEMENTS(unset); i++) {
        g_autofree char *name = g_strconcat("_context_", unset[i], NULL);
        json_object_set_new(message, name, json_null());
    }
    json_t *rest = json_pack("{s:b, s:b, s:b, s:s?, s:[], s:s, s:b}", "_context_is_admin", 0,
                             "_context_read_only", 0, "_context_show_deleted", 0,
                             "_context_request_id", notification->request_id, "_context_roles",
                             "_context_user_identity", "- - - - -", "_context_is_admin_project", 1);
    json_object_update(message, rest);
    json_decref(rest);
}

static void
send(Notifier *notifier, const Notification *notification, json_t *payload,
     const char *const *topics)
{
    Message message = {.plain = message_of(notification, payload),
                       .priority = notification->is_error ? "error" : "info",
                       .topics = topics};
    message.with_context = json_copy(message.plain);
    add_context(message.with_context, notification);
    for (const char *const *name = driver_names(config_current()); *name != NULL; name++)
        driver_of(*name)->send(notifier, &message);
    json_decref(message.plain);
    json_decref(message.with_context);
    metrics_add(METRIC_NOTIFICATIONS, 1);
}

void
notifier_send(Notifier *notifier, const Notification *notification, json_t *payload)
{
    if (notifier_wants(notifier, notification->is_error))
        send(notifier, notification, payload,
             config_list(config_current(), OPT_VERSIONED_NOTIFICATIONS_TOPICS));
}

void
notifier_send_sensors(Notifier *notifier, const Notification *notification, json_t *payload)
{
    static const char *const topics[] = {"notifications", NULL}; /* oslo's default */
    bool named = config_list_count(config_current(), OPT_OSLO_MESSAGING_NOTIFICATIONS_DRIVER) > 0;
    if (notifier != NULL && named)
        send(notifier, notification, payload, topics);
}
