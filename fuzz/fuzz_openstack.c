/* What other services answer: a catalog, and words of a failure.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/json_text.h"
#include "openstack/answer.h"
#include "openstack/endpoint.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_words(const char *text, size_t size)
{
    const HttpResponse response = {.body = (char *)(uintptr_t)text, .body_size = size};
    g_autofree char *words = answer_words(&response);
    if (strlen(words) > ANSWER_WORDS_LIMIT || *words == '\0' || !g_utf8_validate(words, -1, NULL))
        abort();
    for (const char *c = words; *c != '\0'; c++)
        if (g_ascii_iscntrl(*c))
            abort();
}

static void
check_catalog(const char *text, size_t size)
{
    static const char *const interfaces[] = {"internal", "public", NULL};
    static const EndpointQuery queries[] = {
        {.type = "image", .interfaces = interfaces},
        {.type = "volumev3", .name = "cinder", .interfaces = interfaces, .region = "RegionOne"}};
    json_auto_t *catalog = json_text_parse(text, size, 32, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(queries); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *url = endpoint_find(catalog, &queries[i], &error);
        if ((url == NULL) != (error != NULL) || (url != NULL && !g_str_has_prefix(url, "http")))
            abort();
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *)data, size);
    check_words(text, strlen(text));
    check_catalog(text, strlen(text));
    return 0;
}
