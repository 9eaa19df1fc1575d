/* Settings of the bus; the contract is in settings.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bus/settings.h"

#include "common/json_text.h"

void
bus_settings_free(BusSettings *settings)
{
    if (settings == NULL)
        return;
    bus_url_free(settings->url);
    g_free(settings->ca_file);
    g_free(settings->cert_file);
    g_free(settings->key_file);
    g_free(settings->name);
    g_free(settings);
}

static void
replace_text(const BusUrl *url, const char *name, char **text)
{
    const char *value = g_hash_table_lookup(url->options, name);
    if (value == NULL)
        return;
    g_free(*text);
    *text = g_strdup(value);
}

/* The options after the URL's ? that matter here; oslo.messaging takes any of the section. */
static void
take_url_options(BusSettings *settings)
{
    const BusUrl *url = settings->url;
    const char *tls = g_hash_table_lookup(url->options, "ssl");
    if (tls != NULL)
        json_boolean_word(tls, &settings->tls);
    replace_text(url, "ssl_ca_file", &settings->ca_file);
    replace_text(url, "ssl_cert_file", &settings->cert_file);
    replace_text(url, "ssl_key_file", &settings->key_file);
}

static char *
path_of(const Config *config, ConfigOption option)
{
    const char *path = config_string(config, option);
    return path != NULL && *path != '\0' ? g_strdup(path) : NULL;
}

static unsigned
seconds_of(const Config *config, ConfigOption option)
{
    return (unsigned)MIN(config_integer(config, option), 86400);
}

static void
take_options(BusSettings *settings, const Config *config)
{
    settings->tls = config_boolean(config, OPT_OSLO_MESSAGING_RABBIT_SSL);
    settings->ca_file = path_of(config, OPT_OSLO_MESSAGING_RABBIT_SSL_CA_FILE);
    settings->cert_file = path_of(config, OPT_OSLO_MESSAGING_RABBIT_SSL_CERT_FILE);
    settings->key_file = path_of(config, OPT_OSLO_MESSAGING_RABBIT_SSL_KEY_FILE);
    settings->heartbeat_s =
        MIN(seconds_of(config, OPT_OSLO_MESSAGING_RABBIT_HEARTBEAT_TIMEOUT_THRESHOLD), 65535);
    settings->retry_s = seconds_of(config, OPT_OSLO_MESSAGING_RABBIT_RABBIT_RETRY_INTERVAL);
    settings->retry_more_s = seconds_of(config, OPT_OSLO_MESSAGING_RABBIT_RABBIT_RETRY_BACKOFF);
    settings->retry_most_s = seconds_of(config, OPT_OSLO_MESSAGING_RABBIT_RABBIT_INTERVAL_MAX);
    settings->durable = config_boolean(config, OPT_OSLO_MESSAGING_RABBIT_AMQP_DURABLE_QUEUES);
    settings->auto_delete = config_boolean(config, OPT_OSLO_MESSAGING_RABBIT_AMQP_AUTO_DELETE);
    settings->quorum = config_boolean(config, OPT_OSLO_MESSAGING_RABBIT_RABBIT_QUORUM_QUEUE);
    if (settings->quorum) { /* RabbitMQ has no other quorum queues */
        settings->durable = true;
        settings->auto_delete = false;
    }
    settings->name = g_strdup_printf("steeld on %s", config_string(config, OPT_HOST));
    settings->backlog_messages =
        (size_t)config_integer(config, OPT_OSLO_MESSAGING_NOTIFICATIONS_BACKLOG);
}

BusSettings *
bus_settings_load(const Config *config, ConfigOption url, GError **error)
{
    if (!config_is_set(config, url))
        url = OPT_TRANSPORT_URL;
    if (!config_is_set(config, url)) {
        steel_fail(error, STEEL_ERROR_CONFIG,
                   "[DEFAULT]transport_url must be set: rabbit://user:password@host:5672/");
        return NULL;
    }
    g_autoptr(BusSettings) settings = g_new0(BusSettings, 1);
    settings->url = bus_url_parse(config_string(config, url), error);
    if (settings->url == NULL) {
        const OptionInfo *info = config_option_info(url);
        g_prefix_error(error, "%s: [%s]%s: ", config_origin(config, url), info->section,
                       info->name);
        return NULL;
    }
    take_options(settings, config);
    take_url_options(settings);
    return g_steal_pointer(&settings);
}

int64_t
bus_settings_pause_ms(const BusSettings *settings, unsigned failures)
{
    unsigned hosts = settings->url->hosts->len, rounds = failures / hosts;
    if (failures % hosts != 0 || rounds == 0)
        return 0;
    int64_t pause_s = settings->retry_s + (int64_t)settings->retry_more_s * (rounds - 1);
    return MIN(pause_s, MAX(settings->retry_most_s, 1)) * 1000;
}
