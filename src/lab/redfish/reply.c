/* What a simulated Redfish BMC says, and its error bodies; the contract is in inside.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/redfish/inside.h"

#include <string.h>

#define REGISTRY "Base.1.5"

typedef struct MessageRow {
    const char *id;
    unsigned status;
    const char *severity, *text, *resolution;
} MessageRow;

static const MessageRow rows[] = {
#define MESSAGE(code, id, status, severity, text, resolution)                                      \
    {id, status, severity, text, resolution},
#include "lab/redfish/messages.def"
#undef MESSAGE
};

void
redfish_add_header(RedfishCall *call, const char *name, const char *value)
{
    g_ptr_array_add(call->answer->headers, g_strdup(name));
    g_ptr_array_add(call->answer->headers, g_strdup(value));
}

void
redfish_say(RedfishCall *call, unsigned status, json_t *content)
{
    json_decref(call->content);
    call->content = content;
    call->answer->status = status;
}

/* The text with its arguments put in. */
static char *
fill(const char *text, const char *first, const char *second)
{
    GString *filled = g_string_new(text);
    g_string_replace(filled, "%1", first != NULL ? first : "", 1);
    g_string_replace(filled, "%2", second != NULL ? second : "", 1);
    return g_string_free(filled, FALSE);
}

static json_t *
extended_info(const MessageRow *row, const char *id, const char *text, const char *related)
{
    json_t *info =
        json_pack("{s:s, s:s, s:s, s:[], s:s, s:s}", "@odata.type", "#Message.v1_1_1.Message",
                  "MessageId", id, "Message", text, "MessageArgs", "Severity", row->severity,
                  "Resolution", row->resolution);
    if (related != NULL)
        json_object_set_new(info, "RelatedProperties", json_pack("[s]", related));
    return info;
}

static json_t *
utf8_or_mark(const char *text)
{
    json_t *value = json_string(text);
    return value != NULL ? value : json_string("?");
}

void
redfish_refuse(RedfishCall *call, RedfishMessage message, const char *related, const char *first,
               const char *second)
{
    const MessageRow *row = &rows[message];
    g_autofree char *id =
        strchr(row->id, '.') != NULL ? g_strdup(row->id) : g_strdup_printf(REGISTRY ".%s", row->id);
    g_autofree char *wild = fill(row->text, first, second);
    g_autofree char *text = g_utf8_make_valid(wild, -1);
    json_t *info = extended_info(row, id, text, related);
    json_t *arguments = json_object_get(info, "MessageArgs");
    if (first != NULL)
        json_array_append_new(arguments, utf8_or_mark(first));
    if (second != NULL)
        json_array_append_new(arguments, utf8_or_mark(second));
    redfish_say(call, row->status,
                json_pack("{s:{s:s, s:s, s:[o]}}", "error", "code", id, "message", text,
                          "@Message.ExtendedInfo", info));
}

static int
count_arguments(const char *text)
{
    return (strstr(text, "%1") != NULL) + (strstr(text, "%2") != NULL);
}

json_t *
redfish_messages_registry(void)
{
    json_t *all = json_object();
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        const MessageRow *row = &rows[i];
        json_object_set_new(all, row->id,
                            json_pack("{s:s, s:s, s:s, s:i, s:s}", "Description", row->text,
                                      "Message", row->text, "Severity", row->severity,
                                      "NumberOfArgs", count_arguments(row->text), "Resolution",
                                      row->resolution));
    }
    return all;
}
