/* How to use the message bus: [DEFAULT]transport_url and [oslo_messaging_rabbit], in one struct
 * that the bus keeps for its life, so that it needs no configuration later.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "bus/url.h"
#include "common/config.h"

enum { BUS_STABLE_MS = 10 * 1000 }; /* a connection that lived so long was a good one */

/* All owned; immutable after bus_settings_load. */
typedef struct BusSettings {
    BusUrl *url;
    bool tls;
    char *ca_file, *cert_file, *key_file; /* NULL: the system's authorities; no certificate */
    unsigned heartbeat_s;                 /* 0: none */
    unsigned retry_s, retry_more_s, retry_most_s;
    bool durable, auto_delete, quorum; /* of what is declared */
    char *name;                        /* shown by RabbitMQ's list of connections */
    size_t backlog_messages;           /* that wait at most */
} BusSettings;

void bus_settings_free(BusSettings *settings);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BusSettings, bus_settings_free)

/* Reads the settings of one connection. Options after the ? of the URL win, as in oslo.messaging.
 *
 * url     the option with the URL; unset: [DEFAULT]transport_url
 * Errors  CONFIG, naming the option and where it is set; also when neither URL is set */
BusSettings *bus_settings_load(const Config *config, ConfigOption url, GError **error);

/* How long to wait before the next host is tried: not at all within a round over the hosts, and
 * longer after each.
 *
 * failures  of connections, in a row */
int64_t bus_settings_pause_ms(const BusSettings *settings, unsigned failures);
