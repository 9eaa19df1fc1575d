/* A process with the fake conductor, for the contract of the transports: conductor_program
 * json-rpc|oslo HOST. It says "ready PORT", and ends when nobody holds its input any more.
 * SPDX-License-Identifier: Apache-2.0 */
#include "contract.h"
#include "fake_conductor.h"
#include "rpc/amqp.h"
#include "rpc/json_rpc_server.h"

#include <stdio.h>
#include <unistd.h>

int
main(int count, char **words)
{
    g_autoptr(GError) error = NULL;
    const RpcServerOptions options = {
        .transport = &fake_conductor, .host = words[2], .version = CONTRACT_SERVER_VERSION};
    if (count != 3)
        return 2;
    contract_configure(words[1], 30);
    Events *events = events_new();
    EventRelay *relay = event_relay_new(events, NULL);
    RpcServer *server = rpc_server_new(&options);
    unsigned port = 0;
    if (strcmp(words[1], "oslo") == 0) {
        AmqpServer *amqp = amqp_server_new(config_current(), words[2], server, relay, &error);
        if (amqp == NULL)
            return 1;
    } else {
        JsonRpcServer *json = json_rpc_server_start(server, relay, &error);
        if (json == NULL)
            return 1;
        port = json_rpc_server_port(json);
    }
    printf("ready %u\n", port);
    fflush(stdout);
    char end;
    while (read(STDIN_FILENO, &end, 1) > 0)
        continue;
    _exit(0); /* calls may be at work: they hang on purpose */
}
