/* Where the message bus is, in the words of oslo.messaging's transport_url:
 *
 *     rabbit://user:password@host:5672[,user:password@host2:5672...]/virtual_host[?option=value&...]
 *
 * User, password and virtual host are percent-encoded. Pure; any thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"

enum {
    BUS_URL_HOSTS_MOST = 64,
    BUS_PORT = 5672,
};

/* One host of the URL; all owned. */
typedef struct BusHost {
    char *name; /* host name or address, IPv6 without [] */
    unsigned port;
    char *user, *password; /* "guest" when the URL has none, as RabbitMQ's own */
} BusHost;

typedef struct BusUrl {
    GPtrArray *hosts;    /* BusHost; at least one */
    char *virtual_host;  /* "/" when the URL has none */
    GHashTable *options; /* what follows the ?: owned name -> owned value; the last one counts */
} BusUrl;

void bus_url_free(BusUrl *url);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BusUrl, bus_url_free)

/* Reads a URL. Schemes: rabbit and its older name kombu. A URL without a host means localhost.
 * Errors: CONFIG, a sentence that never has a password in it. */
BusUrl *bus_url_parse(const char *text, GError **error);
