/* The OpenAPI document.
 * SPDX-License-Identifier: Apache-2.0 */
#include "api/openapi.h"

#include "api/controllers/controllers.h"

Answer
openapi_get(Request *request, GError **error)
{
    static const char *const arguments[] = {NULL};
    size_t size;
    if (!request_only_arguments(request, arguments, error))
        return ANSWER_FAILED;
    const char *text = openapi_text(&size);
    g_string_append_len(request_out(request, 200, size + 1), text, (gssize)size);
    return ANSWER_NOW;
}
