/* Messages of rpc: calls and answers of anybody who reaches the port or the broker.
 * SPDX-License-Identifier: Apache-2.0 */
#include "rpc/message.h"

#include "common/secret.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_auto(RpcRequest) request = {.id = ""};
    g_auto(RpcAnswer) answer = {.id = ""};
    g_autoptr(GError) error = NULL, other = NULL;
    if (rpc_request_read((const char *)data, size, &request, &error)) {
        /* what was read is written so that it is read the same */
        char *text =
            rpc_request_write(&request.call, request.id, request.sent_ms, request.limit_ms, false);
        g_auto(RpcRequest) again = {.id = ""};
        if (!rpc_request_read(text, strlen(text), &again, NULL) ||
            again.call.method != request.call.method)
            abort();
        secret_free(text);
    } else if (error == NULL) {
        abort();
    }
    if (!rpc_answer_read((const char *)data, size, &answer, &other) && other == NULL)
        abort();
    return 0;
}
