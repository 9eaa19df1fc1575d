/* How answers of the boot file server leave; the contract is in boot_server_internal.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/secret.h"
#include "netboot/boot_server_internal.h"

#include <string.h>

HttpStep
boot_request_send(const BootRequest *request, unsigned status, struct MHD_Response *response)
{
    return http_connection_answer(request->connection, status, response);
}

struct MHD_Response *
boot_text_response(const char *text)
{
    g_autofree char *line = g_strconcat(text, "\n", NULL);
    struct MHD_Response *response =
        MHD_create_response_from_buffer(strlen(line), line, MHD_RESPMEM_MUST_COPY);
    if (response != NULL) {
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
                                "text/plain; charset=utf-8");
        MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    }
    return response;
}

HttpStep
boot_request_send_text(const BootRequest *request, unsigned status, const char *text)
{
    struct MHD_Response *response = boot_text_response(text);
    if (response != NULL && status == MHD_HTTP_METHOD_NOT_ALLOWED)
        MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    return boot_request_send(request, status, response);
}

/* The script may hold CHAP secrets: nothing of it stays in memory. */
static void
wipe_script(void *script)
{
    secret_free(script);
}

HttpStep
boot_request_send_script(const BootRequest *request, char *script)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer_with_free_callback(strlen(script), script, wipe_script);
    if (response == NULL) {
        wipe_script(script);
        return HTTP_FAILED;
    }
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "text/plain; charset=utf-8");
    MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    return boot_request_send(request, MHD_HTTP_OK, response);
}
