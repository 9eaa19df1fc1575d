/* A conductor for tests; the contract is in fake_conductor.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "fake_conductor.h"

#include "common/json_text.h"

#include <signal.h>
#include <stdatomic.h>
#include <string.h>

static atomic_int executed;

static json_t *
echo(const RpcCall *call)
{
    return json_pack("{s:O, s:s?, s:s, s:s?, s:s?, s:i}", "text",
                     json_object_get(call->arguments, "text"), "node", call->node_uuid, "method",
                     rpc_method_name(call->method), "user", call->context.user_id, "request",
                     call->context.request_id, "executed", atomic_load(&executed));
}

static void
fake_conductor_call(void *self, const RpcCall *call, RpcDone done, void *user_data)
{
    (void)self;
    g_autoptr(GError) error = NULL;
    const char *what = json_string_member(call->arguments, "do");
    json_t *result = NULL;
    if (strcmp(what, "count") != 0)
        atomic_fetch_add(&executed, 1);
    if (strcmp(what, "die") == 0)
        raise(SIGKILL);
    else if (strcmp(what, "echo") == 0)
        result = echo(call);
    else if (strcmp(what, "count") == 0)
        result = json_pack("{s:i}", "executed", atomic_load(&executed));
    else if (strcmp(what, "fail") == 0)
        steel_fail(&error, STEEL_ERROR_LOCKED, "%s", FAKE_SENTENCE);
    if (strcmp(what, "hang") != 0)
        done(result, error, user_data);
    json_decref(result);
    json_decref(call->arguments);
}

const RpcTransport fake_conductor = {.name = "fake", .call = fake_conductor_call};
