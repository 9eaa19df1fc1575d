/* Fetches the events of other processes' conductors over HTTP and publishes them in this one, as
 * RabbitMQ brings them where there is one: a question to each living conductor is always under way
 * (event_readers.h). A conductor that does not answer is asked again, with growing pauses, and at
 * once when it has a new lease.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "db/db.h"
#include "rpc/event_relay.h"
#include "rpc/json_rpc_client.h"

/* All borrowed: until event_feeds_free, the client until event_feeds_stop. */
typedef struct EventFeedsOptions {
    Db *db;           /* knows the conductors */
    const char *host; /* of the conductor of this process, which is not asked; NULL: it has none */
    EventRelay *relay;
    JsonRpcClient *client;
} EventFeedsOptions;

typedef struct EventFeeds EventFeeds;

/* Starts its thread. */
EventFeeds *event_feeds_new(const EventFeedsOptions *options);

/* Asks nobody any more. Questions under way are the client's, and end with it. NULL is fine. */
void event_feeds_stop(EventFeeds *feeds);

/* Frees, after event_feeds_stop and json_rpc_client_free. NULL is fine. */
void event_feeds_free(EventFeeds *feeds);
