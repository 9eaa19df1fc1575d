/* What the service reads of an agent: results of commands, and its certificate.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent_client/agent_client.h"
#include "common/json_text.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
read_result(const json_t *json)
{
    g_auto(AgentResult) result = {0};
    agent_result_read(json, &result);
    if (result.status == AGENT_STATUS_IS_FAILED && result.words == NULL)
        abort();
    if (result.words != NULL && !g_utf8_validate(result.words, -1, NULL))
        abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = g_strndup((const char *)data, size);
    json_auto_t *json = json_text_parse((const char *)data, size, 0, NULL);
    if (json != NULL)
        read_result(json);
    g_autofree char *pin = agent_pin(text, &error);
    if ((pin == NULL) != (error != NULL))
        abort();
    return 0;
}
