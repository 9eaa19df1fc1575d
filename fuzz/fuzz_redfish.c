/* What BMCs send over Redfish: documents, links, errors, tasks, in any shape.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bmc/redfish/system.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A path is what may follow "https://bmc" and leads nowhere else. */
static void
check_path(const char *path)
{
    if (path != NULL && (path[0] != '/' || path[1] == '/' || strpbrk(path, "\r\n ") != NULL))
        abort();
}

static void
read_error(RedfishAnswer *answer, int status)
{
    g_autoptr(GError) error = NULL;
    answer->status = status;
    bool good = redfish_answer_check(answer, "GET", "/x", &error);
    if (good != (error == NULL) || (error != NULL && strpbrk(error->message, "\r\n") != NULL))
        abort();
    redfish_answer_names(answer, "ActionParameterMissing", "/TransferProtocolType");
}

static void
read_links(const json_t *document)
{
    g_autoptr(GPtrArray) members = redfish_links(json_object_get(document, "Members"));
    g_autofree char *only = redfish_only_member(document, NULL);
    g_autofree char *link = redfish_link(document, "Systems");
    if (members->len > REDFISH_MEMBERS_MAX)
        abort();
    for (guint i = 0; i < members->len; i++)
        check_path(members->pdata[i]);
    check_path(only);
    check_path(link);
}

static void
read_system(json_t *document)
{
    static const char action[] = "#ComputerSystem.Reset";
    const RedfishSystem system = {.document = document};
    g_autofree char *target = redfish_action_target(document, action);
    g_autofree char *values = redfish_action_values(document, action, "ResetType");
    check_path(target);
    redfish_action_allows(document, action, "ResetType", "On");
    redfish_power_of(document);
    redfish_quirks_of(document);
    redfish_system_boot(&system);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_auto(RedfishAnswer) answer = {.status = 200, .body_size = size};
    answer.body = g_strndup((const char *)data, size);
    answer.retry_after = g_strdup(answer.body);
    redfish_retry_after_s(&answer, 1);
    g_autofree char *path = redfish_path(answer.body);
    check_path(path);
    json_auto_t *document = redfish_answer_document(&answer, NULL);
    if (document != NULL) {
        read_links(document);
        read_system(document);
    }
    read_error(&answer, 400);
    read_error(&answer, 503);
    return 0;
}
