/* A BMC beside which somebody else sends with the BMC's own address: refusals with every number
 * that fits, without having seen anything, before each answer of the BMC.
 * SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "bmc/ipmi/bmc/bmc.h"
#include "bmc/ipmi/client/commands.h"
#include "bmc/ipmi/wire/socket.h"
#include "common/due_heap.h"
#include "common/error.h"

enum {
    PEERS_MAX = 8,
    AUTHENTICATION_TYPE = 4, /* its place in a datagram */
    PAYLOAD_TYPE = 5,
    RMCP_PLUS = 6,
};

static const IpmiBmcUser user = {"admin", "secret", IPMI_PRIVILEGE_ADMINISTRATOR};

/* What is sprayed. */
typedef struct Spray {
    const char *words;
    uint8_t status; /* 0: "IPMI 1.5 only" */
} Spray;

static const Spray sprays[] = {
    {"no such user",           IPMI_STATUS_UNAUTHORIZED_NAME},
    {"no such suite",          IPMI_STATUS_NO_CIPHER_SUITE_MATCH},
    {"no free session",        IPMI_STATUS_NO_RESOURCES},
    {"the session is invalid", IPMI_STATUS_INVALID_SESSION},
    {"IPMI 1.5 only",          0},
};

typedef struct Scene {
    IpmiBmc *bmc;
    IpmiClient *client;
    IpmiTarget target;
    int fd;
    pthread_t thread;
    atomic_bool stop;
    _Atomic(const Spray *) spray; /* NULL: nobody sprays */
    /* answers to login messages from this port are lost while somebody sprays */
    atomic_uint lost_port;
    atomic_uint lose; /* so many answers to login messages yet are lost */

    pthread_mutex_t lock; /* guards all below */
    uint16_t ports[PEERS_MAX];
    unsigned port_count;
} Scene;

static void
forge(const Scene *scene, const IpmiPeer *peer, bool rmcp_plus, uint8_t type,
      const uint8_t *payload, size_t size)
{
    uint8_t datagram[IPMI_DATAGRAM_MAX];
    size_t datagram_size;
    if (ipmi_packet_build(rmcp_plus, type, payload, size, datagram, sizeof datagram, &datagram_size,
                          NULL))
        (void)sendto(scene->fd, datagram, datagram_size, 0, &peer->any, peer->size);
}

static void
forge_capabilities(const Scene *scene, const IpmiPeer *peer, unsigned sequence)
{
    static const uint8_t only_15[] = {IPMI_CC_OK, 1, 0, 4, 0, 0, 0, 0, 0};
    const IpmiLanMessage message = {.to_address = IPMI_CONSOLE_ADDRESS,
                                    .net_function = IPMI_NETFN_APP | 1,
                                    .from_address = IPMI_BMC_ADDRESS,
                                    .sequence = (uint8_t)sequence,
                                    .command = IPMI_CMD_CHANNEL_AUTH_CAPABILITIES,
                                    .data = only_15,
                                    .size = sizeof only_15};
    uint8_t payload[IPMI_MESSAGE_MAX];
    size_t size;
    if (ipmi_lan_message_build(&message, payload, sizeof payload, &size, NULL))
        forge(scene, peer, false, IPMI_PAYLOAD_MESSAGE, payload, size);
}

/* Refusals of the message that the client has sent. */
static void
forge_all(const Scene *scene, const IpmiPeer *peer, const Spray *spray, const uint8_t *question)
{
    bool login = question[AUTHENTICATION_TYPE] == RMCP_PLUS;
    for (unsigned sequence = 0; sequence < 64 && spray->status == 0; sequence++)
        forge_capabilities(scene, peer, sequence);
    for (unsigned tag = 0; tag < 256 && spray->status != 0 && login; tag++) {
        const uint8_t refusal[8] = {(uint8_t)tag, spray->status};
        forge(scene, peer, true, question[PAYLOAD_TYPE] + 1, refusal, sizeof refusal);
    }
}

static void
note_port(Scene *scene, const IpmiPeer *peer)
{
    uint16_t port = ipmi_peer_port(peer);
    pthread_mutex_lock(&scene->lock);
    bool known = false;
    for (unsigned i = 0; i < scene->port_count; i++)
        known |= scene->ports[i] == port;
    if (!known && scene->port_count < PEERS_MAX)
        scene->ports[scene->port_count++] = port;
    pthread_mutex_unlock(&scene->lock);
}

static void
answer(Scene *scene, const IpmiPeer *peer, const uint8_t *bytes, size_t size)
{
    uint8_t reply[IPMI_DATAGRAM_MAX];
    size_t reply_size = ipmi_bmc_answer(scene->bmc, due_now_ms(), bytes, size, reply);
    const Spray *spray = scene->spray;
    note_port(scene, peer);
    if (spray != NULL)
        forge_all(scene, peer, spray, bytes);
    bool login = bytes[AUTHENTICATION_TYPE] == RMCP_PLUS && spray != NULL;
    if (reply_size == 0 || (login && scene->lost_port == ipmi_peer_port(peer)))
        return;
    if (login && scene->lose > 0)
        scene->lose--;
    else
        (void)sendto(scene->fd, reply, reply_size, 0, &peer->any, peer->size);
}

static void *
serve(void *data)
{
    Scene *scene = data;
    while (!scene->stop) {
        struct pollfd polled = {.fd = scene->fd, .events = POLLIN};
        uint8_t bytes[IPMI_DATAGRAM_MAX];
        IpmiPeer peer = {.size = sizeof peer.v6};
        if (poll(&polled, 1, 100) < 1)
            continue;
        ssize_t size = recvfrom(scene->fd, bytes, sizeof bytes, 0, &peer.any, &peer.size);
        if (size > 0)
            answer(scene, &peer, bytes, (size_t)size);
    }
    return NULL;
}

static int
set_up(void **state)
{
    Scene *scene = g_new0(Scene, 1);
    IpmiPeer own;
    pthread_mutex_init(&scene->lock, NULL);
    scene->bmc = ipmi_bmc_new(&user, 1, NULL, NULL, NULL);
    scene->client = ipmi_client_new(NULL, NULL);
    scene->fd = ipmi_socket_new(AF_INET, 0, NULL);
    assert_non_null(scene->bmc);
    assert_non_null(scene->client);
    assert_true(ipmi_peer_parse("127.0.0.1", 0, &own));
    assert_int_equal(bind(scene->fd, &own.any, own.size), 0);
    assert_int_equal(getsockname(scene->fd, &own.any, &own.size), 0);
    scene->target = (IpmiTarget){.address = "127.0.0.1",
                                 .port = ipmi_peer_port(&own),
                                 .username = "admin",
                                 .password = "secret",
                                 .cipher_suite = -1,
                                 .deadline_ms = 60000};
    assert_int_equal(pthread_create(&scene->thread, NULL, serve, scene), 0);
    *state = scene;
    return 0;
}

static int
tear_down(void **state)
{
    Scene *scene = *state;
    ipmi_client_free(scene->client);
    scene->stop = true;
    pthread_join(scene->thread, NULL);
    close(scene->fd);
    ipmi_bmc_free(scene->bmc);
    pthread_mutex_destroy(&scene->lock);
    g_free(scene);
    return 0;
}

static unsigned
port_count(Scene *scene, uint16_t *first)
{
    pthread_mutex_lock(&scene->lock);
    unsigned count = scene->port_count;
    *first = scene->ports[0];
    pthread_mutex_unlock(&scene->lock);
    return count;
}

static bool
ask(Scene *scene, GError **error)
{
    bool on = true;
    return ipmi_get_power(scene->client, &scene->target, &on, error) && !on;
}

static void
who_does_not_see_our_datagrams_ends_no_login(void **state)
{
    Scene *scene = *state;
    for (size_t i = 0; i < G_N_ELEMENTS(sprays); i++)
        for (int time = 0; time < 3; time++) {
            g_autoptr(GError) error = NULL;
            scene->spray = &sprays[i];
            if (!ask(scene, &error))
                fail_msg("sprayed with \"%s\": %s", sprays[i].words, error->message);
        }
}

static void
a_lost_answer_under_a_spray_is_waited_for(void **state)
{
    Scene *scene = *state;
    g_autoptr(GError) error = NULL;
    scene->target.retransmit_ms = 2000;
    scene->spray = &sprays[0];
    scene->lose = 1;
    if (!ask(scene, &error))
        fail_msg("%s", error->message);
}

/* Nothing better than the spray comes: the client believes that there is no such user. With
 * credentials that have worked it begins anew, from another port. */
static void
credentials_that_have_worked_are_tried_again_from_another_port(void **state)
{
    Scene *scene = *state;
    g_autoptr(GError) error = NULL;
    scene->target.retransmit_ms = 300;
    if (!ask(scene, &error))
        fail_msg("%s", error->message);
    uint16_t first;
    assert_int_equal(port_count(scene, &first), 1);
    scene->spray = &sprays[0];
    scene->lost_port = first;
    if (!ask(scene, &error))
        fail_msg("%s", error->message);
    assert_int_equal(port_count(scene, &first), 2);
}

int
main(void)
{
#define CASE(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(who_does_not_see_our_datagrams_ends_no_login),
        CASE(a_lost_answer_under_a_spray_is_waited_for),
        CASE(credentials_that_have_worked_are_tried_again_from_another_port),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
