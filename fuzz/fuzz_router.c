/* Methods, paths, headers and query arguments of strangers: each request gets a route or a fault,
 * and nothing else happens. Input: lines; the first is method and path, the others "name=value"
 * arguments, the last the version header.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "api/internal.h"
#include "api/pipeline.h"
#include "api/router.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *
header_of(void *carrier, const char *name)
{
    return strcmp(name, API_HEADER_VERSION) == 0 || strcmp(name, "Host") == 0 ? carrier : NULL;
}

static void
resume(void *carrier)
{
    (void)carrier;
    abort(); /* nothing was called */
}

static const RequestTransport transport = {.header = header_of, .resume = resume};

static void
check_answer(const Request *request)
{
    json_t *body = request->out != NULL
                       ? json_text_parse(request->out->str, request->out->len, 0, NULL)
                       : NULL;
    if (request->status < 200 || request->status >= 500 || (request->out != NULL && body == NULL))
        abort();
    json_decref(body);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static Api *api;
    if (api == NULL) {
        const ApiServices services = {0};
        api = api_new(&services);
    }
    g_autofree char *text = g_strndup((const char *)data, size);
    g_auto(GStrv) lines = g_strsplit(text, "\n", 40);
    guint count = g_strv_length(lines);
    if (count == 0)
        return 0;
    g_auto(GStrv) words = g_strsplit(lines[0], " ", 2);
    const char *path = words[0] != NULL && words[1] != NULL ? words[1] : "/";
    g_autoptr(GString) query = g_string_new(NULL);
    g_autoptr(Request) request =
        request_new(api, &transport, lines[count - 1], words[0] != NULL ? words[0] : "", path);
    for (guint i = 1; i + 1 < count; i++)
        g_string_append_printf(query, "%s%s", i > 1 ? "&" : "", lines[i]);
    request_take_query(request, query->str);
    if (!request_begin(request)) {
        check_answer(request);
        return 0;
    }
    if (request->route == NULL || request->version > API_VERSION_MAXIMUM)
        abort();
    g_autoptr(GString) base = g_string_new(NULL);
    request_append_base(request, base);
    if (strpbrk(base->str, "\"\\<> \n") != NULL)
        abort();
    bool truth = false;
    g_autoptr(GError) error = NULL;
    if (!request_boolean_argument(request, "detail", &truth, &error) && error == NULL)
        abort();
    return 0;
}
