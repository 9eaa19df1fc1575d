/* Parses a stream of server-sent events (HTML Living Standard, 9.2.6) piece by piece.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

/* One event that is complete. */
typedef struct EventText {
    char *type; /* never NULL; "message" where the stream names none */
    char *data; /* never NULL; its lines with newlines between them */
} EventText;

void event_text_free(EventText *event);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EventText, event_text_free)

/* Reads a stream piece by piece. Belongs to one thread. */
typedef struct EventReader EventReader;

EventReader *event_reader_new(void);
void event_reader_free(EventReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EventReader, event_reader_free)

/* Takes the next bytes, cut anywhere. False: a line or an event is larger than 16 MiB; the reader
 * cannot be used any more. */
bool event_reader_feed(EventReader *reader, const char *bytes, size_t size);

/* The next complete event, or NULL if there is none yet. The caller frees. */
EventText *event_reader_next(EventReader *reader);
