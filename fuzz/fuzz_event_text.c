/* Feeds a stream of server-sent events to the command line client's reader: however it is cut, the
 * events are the same.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/event_text.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* All events of a stream that comes in pieces of so many bytes, as one text. */
static char *
read_in_pieces(const char *text, size_t size, size_t piece)
{
    g_autoptr(EventReader) reader = event_reader_new();
    GString *seen = g_string_new(NULL);
    for (size_t at = 0; at < size; at += piece)
        if (!event_reader_feed(reader, text + at, MIN(piece, size - at)))
            abort();
    for (;;) {
        g_autoptr(EventText) event = event_reader_next(reader);
        if (event == NULL)
            return g_string_free(seen, FALSE);
        g_string_append_printf(seen, "%s=%s;", event->type, event->data);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    g_autofree char *whole = read_in_pieces(text, size, MAX(size, 1));
    for (size_t piece = 1; piece < 4; piece++) {
        g_autofree char *seen = read_in_pieces(text, size, piece);
        if (!g_str_equal(whole, seen))
            abort();
    }
    return 0;
}
