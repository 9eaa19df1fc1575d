/* What Cinder answers; the contract is in cinder.h. Untrusted: bounded and typed.
 * SPDX-License-Identifier: Apache-2.0 */
#include "openstack/cinder.h"

#include "common/json_text.h"

#include <string.h>

enum {
    DEPTH = 16,
    VALUES = 20000,
    WORD_LENGTH = 255,
    DATA_KEYS = 64,
    DATA_SIZE = 64 * 1024, /* of what is stored with a volume target */
};

void
cinder_volume_clear(CinderVolume *volume)
{
    g_free(volume->status);
    g_clear_pointer(&volume->attachments, g_ptr_array_unref);
    *volume = (CinderVolume){0};
}

static void
attachment_free(void *data)
{
    CinderAttachment *attachment = data;
    g_free(attachment->id);
    g_free(attachment->server);
    g_free(attachment);
}

/* Cinder's words go into paths, the database and messages. */
static bool
is_word(const char *text)
{
    size_t length = text != NULL ? strlen(text) : 0;
    for (size_t i = 0; i < length; i++)
        if (!g_ascii_isgraph(text[i]))
            return false;
    return length > 0 && length <= WORD_LENGTH;
}

static json_t *
parse(const char *text, size_t size, GError **error)
{
    const JsonLimits limits = {.depth = DEPTH, .values = VALUES};
    g_autoptr(GError) cause = NULL;
    json_t *document = json_text_parse_limited(text, size, &limits, &cause);
    if (document == NULL)
        steel_fail(error, STEEL_ERROR_HTTP, "the answer is no JSON: %s", cause->message);
    return document;
}

static bool
read_attachment(const json_t *row, GPtrArray *attachments)
{
    const char *id = json_string_member(row, "attachment_id"),
               *server = json_string_member(row, "server_id");
    if (!is_word(id) || (server != NULL && !is_word(server)))
        return false;
    CinderAttachment *attachment = g_new0(CinderAttachment, 1);
    attachment->id = g_strdup(id);
    attachment->server = g_strdup(server != NULL ? server : "");
    g_ptr_array_add(attachments, attachment);
    return true;
}

/* NULL: they are no list of attachments. Null is an empty one. */
static GPtrArray *
read_attachments(const json_t *rows)
{
    g_autoptr(GPtrArray) attachments = g_ptr_array_new_with_free_func(attachment_free);
    size_t index;
    json_t *row;
    bool good = rows == NULL || json_is_null(rows) ||
                (json_is_array(rows) && json_array_size(rows) <= CINDER_ATTACHMENTS_LIMIT);
    json_array_foreach(rows, index, row) good = good && read_attachment(row, attachments);
    return good ? g_steal_pointer(&attachments) : NULL;
}

bool
cinder_volume_read(const char *text, size_t size, CinderVolume *volume, GError **error)
{
    json_auto_t *document = parse(text, size, error);
    if (document == NULL)
        return false;
    const json_t *row = json_object_get(document, "volume");
    const char *status = json_string_member(row, "status");
    if (!is_word(status))
        return steel_fail(error, STEEL_ERROR_HTTP, "the answer has no volume with a status");
    GPtrArray *attachments = read_attachments(json_object_get(row, "attachments"));
    if (attachments == NULL)
        return steel_fail(error, STEEL_ERROR_HTTP,
                          "the volume's attachments are no list of at most %d attachments",
                          CINDER_ATTACHMENTS_LIMIT);
    *volume = (CinderVolume){.status = g_strdup(status),
                             .multiattach = json_is_true(json_object_get(row, "multiattach")),
                             .attachments = attachments};
    return true;
}

json_t *
cinder_connection_read(const char *text, size_t size, GError **error)
{
    json_auto_t *document = parse(text, size, error);
    if (document == NULL)
        return NULL;
    json_t *data = json_object_get(json_object_get(document, "connection_info"), "data");
    g_autoptr(GString) stored = g_string_new(NULL);
    if (json_object_size(data) == 0)
        steel_fail(error, STEEL_ERROR_HTTP, "the answer has no connection_info with data");
    else if (json_object_size(data) > DATA_KEYS || !json_text_append(stored, data, DATA_SIZE))
        steel_fail(error, STEEL_ERROR_HTTP, "connection_info has more than %d keys or %d bytes",
                   DATA_KEYS, DATA_SIZE);
    else
        return json_incref(data);
    return NULL;
}
