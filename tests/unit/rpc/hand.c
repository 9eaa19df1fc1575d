/* Messages that are sent by hand; the contract is in hand.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "hand.h"

#include "bus/link.h"
#include "common/uuid.h"
#include "rpc/amqp.h"
#include "rpc/amqp_names.h"

#include <string.h>

/* One who sends messages by hand. */
typedef struct Hand {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool is_up;
    char *answer;
} Hand;

static void
hand_connected(void *user)
{
    Hand *hand = user;
    pthread_mutex_lock(&hand->mutex);
    hand->is_up = true;
    pthread_cond_signal(&hand->changed);
    pthread_mutex_unlock(&hand->mutex);
}

static void
hand_delivered(void *user, BusDelivery *delivery)
{
    Hand *hand = user;
    pthread_mutex_lock(&hand->mutex);
    hand->answer = g_strndup(delivery->body, delivery->size);
    pthread_cond_signal(&hand->changed);
    pthread_mutex_unlock(&hand->mutex);
    bus_delivery_free(delivery);
}

static void
hand_returned(void *user, const BusLetter *letter)
{
    (void)user;
    g_error("nobody takes a letter to %s", letter->routing_key);
}

static int64_t
hand_tick(void *user)
{
    (void)user;
    return INT64_MAX;
}

char *
hand_send(const char *host, const char *text)
{
    char uuid[UUID_TEXT_SIZE];
    Hand hand = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, NULL};
    const BusLinkOptions options = {
        .settings = bus_settings_load(config_current(), OPT_TRANSPORT_URL, NULL),
        .queue = g_strdup_printf("steel.reply.%s", uuid_generate(uuid)),
        .expires_ms = 60000,
        .messages_most = 10,
        .fanout = AMQP_EVENTS,
        .hooks = {hand_connected, hand_delivered, hand_returned, hand_tick},
        .user = &hand};
    BusLink *link = bus_link_new(&options);
    BusLetter *letter = g_new0(BusLetter, 1);
    letter->exchange = g_strdup("");
    letter->routing_key = amqp_conductor_queue(host);
    letter->correlation_id = g_strdup(uuid);
    letter->reply_to = g_strdup(bus_link_queue(link));
    letter->type = AMQP_TYPE_CALL;
    letter->body = g_strdup(text);
    letter->size = strlen(text);
    bus_link_start(link);
    pthread_mutex_lock(&hand.mutex);
    while (!hand.is_up)
        pthread_cond_wait(&hand.changed, &hand.mutex);
    if (!bus_link_send(link, letter))
        g_error("the link is full");
    while (hand.answer == NULL)
        pthread_cond_wait(&hand.changed, &hand.mutex);
    pthread_mutex_unlock(&hand.mutex);
    if (!bus_link_stop(link, 5000))
        g_error("the link does not stop");
    return hand.answer;
}
