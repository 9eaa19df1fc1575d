/* Names at RabbitMQ that both sides of amqp.h use.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <glib.h>

#define AMQP_EVENTS "steel.events"
#define AMQP_TYPE_CALL "call"
#define AMQP_TYPE_AGAIN "again" /* a call that was sent before */
#define AMQP_TYPE_ANSWER "answer"
#define AMQP_TYPE_EVENT "event"

/* The queue of a conductor; the caller frees. */
static inline char *
amqp_conductor_queue(const char *host)
{
    return g_strconcat("steel.conductor.", host, NULL);
}
