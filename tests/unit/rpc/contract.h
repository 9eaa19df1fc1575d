/* What the contract of the transports and its conductor have in common.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/config.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>

enum { CONTRACT_SERVER_VERSION = 7 }; /* of the conductor: it is newer than the API */

static inline void
contract_set(Config *config, const char *option, const char *value)
{
    g_autofree char *line = g_strconcat(option, "=", value, NULL);
    if (!config_set(config, line, NULL))
        abort();
}

/* Publishes a configuration for a transport, with RabbitMQ's URL from the environment.
 * limit_s  rpc_response_timeout */
static inline void
contract_configure(const char *transport, int limit_s)
{
    Config *config = config_new();
    g_autofree char *limit = g_strdup_printf("%d", limit_s);
    const char *rabbit = getenv("STEEL_TEST_RABBIT");
    contract_set(config, "rpc_response_timeout", limit);
    contract_set(config, "json_rpc.host_ip", "127.0.0.1");
    contract_set(config, "json_rpc.auth_strategy", "noauth");
    contract_set(config, "json_rpc.port", "0");
    contract_set(config, "rpc_transport", transport);
    if (rabbit != NULL && rabbit[0] != '\0')
        contract_set(config, "transport_url", rabbit);
    if (!config_finish(config, NULL))
        abort();
    config_publish(config);
}
