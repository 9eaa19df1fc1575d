/* Requests to a simulated Redfish BMC; a first byte of 5 makes it an iLO 5. A request is "METHOD
 * PATH\n" and a body; requests are separated by a byte of 0xff. All come from somebody who has
 * logged in.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/redfish/bmc.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *
header(void *carrier, const char *name)
{
    (void)carrier;
    return strcmp(name, "Authorization") == 0 ? "Basic YWRtaW46cGFzc3dvcmQ=" : NULL;
}

static void
ask(RedfishBmc *bmc, const char *text, size_t size)
{
    const char *newline = memchr(text, '\n', size);
    size_t line_size = newline != NULL ? (size_t)(newline - text) : size;
    g_autofree char *line = g_strndup(text, line_size);
    char *space = strchr(line, ' ');
    if (space == NULL)
        return;
    *space = '\0';
    const RedfishRequest request = {.method = line,
                                    .path = space + 1,
                                    .header = header,
                                    .body = newline != NULL ? newline + 1 : NULL,
                                    .body_size = newline != NULL ? size - line_size - 1 : 0};
    g_auto(RedfishAnswer) answer = {0};
    redfish_bmc_answer(bmc, &request, &answer);
    if (answer.status < 200 || answer.status > 599)
        __builtin_trap();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* the kind of BMC: plain Redfish needs no byte */
    static const RedfishKind kinds[] = {
        [3] = REDFISH_KIND_GEN8, [4] = REDFISH_KIND_ILO4, [5] = REDFISH_KIND_ILO5};
    bool ilo = size > 0 && data[0] >= 3 && data[0] <= 5;
    const RedfishIdentity identity = {.kind = ilo ? kinds[data[0]] : REDFISH_KIND_PLAIN,
                                      .name = "lab-0",
                                      .uuid = "5739a4d8-0000-4000-8000-000000000001",
                                      .mac = "52:54:00:00:00:01",
                                      .second_mac = "52:54:00:00:00:02",
                                      .username = "admin",
                                      .password = "password",
                                      .memory_mib = 256,
                                      .processors = 1,
                                      .disk_bytes = 1 << 30};
    g_autoptr(RedfishBmc) bmc = redfish_bmc_new(&identity, NULL, NULL);
    data += ilo;
    size -= ilo;
    while (size > 0) {
        const uint8_t *end = memchr(data, 0xff, size);
        size_t part = end != NULL ? (size_t)(end - data) : size;
        ask(bmc, (const char *)data, part);
        part += end != NULL;
        data += part;
        size -= part;
    }
    return 0;
}
