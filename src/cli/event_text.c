/* Lines of a stream into events.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/event_text.h"
#include <string.h>

#define SIZE_LIMIT ((size_t)16 << 20)

struct EventReader {
    GString *line; /* that has not ended yet */
    GString *data; /* of the event that has not ended yet, each line with a newline */
    char *type;    /* of that event, or NULL */
    bool after_cr; /* a line ended with CR: an LF that follows belongs to it */
    GQueue *events;
};

void
event_text_free(EventText *event)
{
    if (event == NULL)
        return;
    g_free(event->type);
    g_free(event->data);
    g_free(event);
}

EventReader *
event_reader_new(void)
{
    EventReader *reader = g_new0(EventReader, 1);
    reader->line = g_string_new(NULL);
    reader->data = g_string_new(NULL);
    reader->events = g_queue_new();
    return reader;
}

void
event_reader_free(EventReader *reader)
{
    if (reader == NULL)
        return;
    for (EventText *event; (event = g_queue_pop_head(reader->events)) != NULL;)
        event_text_free(event);
    g_queue_free(reader->events);
    g_string_free(reader->line, TRUE);
    g_string_free(reader->data, TRUE);
    g_free(reader->type);
    g_free(reader);
}

/* A blank line: the collected lines are an event, unless it has no data. */
static void
end_event(EventReader *reader)
{
    g_autofree char *type = g_steal_pointer(&reader->type);
    if (reader->data->len == 0)
        return;
    EventText *event = g_new0(EventText, 1);
    event->type = type != NULL ? g_steal_pointer(&type) : g_strdup("message");
    event->data = g_strndup(reader->data->str, reader->data->len - 1);
    g_string_truncate(reader->data, 0);
    g_queue_push_tail(reader->events, event);
}

/* Takes a complete line. Comments, and fields other than event and data, are ignored. */
static bool
end_line(EventReader *reader)
{
    const char *line = reader->line->str;
    size_t name_length = strcspn(line, ":");
    const char *value = line[name_length] == ':' ? line + name_length + 1 : "";
    value += value[0] == ' ';
    if (reader->line->len == 0) {
        end_event(reader);
    } else if (name_length == 5 && memcmp(line, "event", 5) == 0) {
        g_free(reader->type);
        reader->type = g_strdup(value);
    } else if (name_length == 4 && memcmp(line, "data", 4) == 0) {
        if (strlen(value) >= SIZE_LIMIT - reader->data->len)
            return false;
        g_string_append(reader->data, value);
        g_string_append_c(reader->data, '\n');
    }
    g_string_truncate(reader->line, 0);
    return true;
}

bool
event_reader_feed(EventReader *reader, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        bool joined = reader->after_cr && bytes[i] == '\n';
        reader->after_cr = bytes[i] == '\r';
        if (joined)
            continue;
        if (bytes[i] == '\n' || bytes[i] == '\r') {
            if (!end_line(reader))
                return false;
        } else if (reader->line->len < SIZE_LIMIT) {
            g_string_append_c(reader->line, bytes[i]);
        } else {
            return false;
        }
    }
    return true;
}

EventText *
event_reader_next(EventReader *reader)
{
    return g_queue_pop_head(reader->events);
}
