/* Sinks and parts of them; the contract is in sink.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "stream/sink.h"

struct Sink {
    const SinkOps *ops;
    void *self;
    char *name; /* owned */
    uint64_t size;
};

Sink *
sink_new(const SinkOps *ops, void *self, const char *name, uint64_t size)
{
    Sink *sink = g_new0(Sink, 1);
    sink->ops = ops;
    sink->self = self;
    sink->name = g_strdup(name);
    sink->size = size;
    return sink;
}

void
sink_free(Sink *sink)
{
    if (sink == NULL)
        return;
    sink->ops->close(sink->self);
    g_free(sink->name);
    g_free(sink);
}

uint64_t
sink_size(const Sink *sink)
{
    return sink->size;
}

const char *
sink_name(const Sink *sink)
{
    return sink->name;
}

static bool
fits(const Sink *sink, uint64_t offset, uint64_t size, GError **error)
{
    if (offset <= sink->size && size <= sink->size - offset)
        return true;
    return steel_fail(error, STEEL_ERROR_STORAGE,
                      "%s has %" G_GUINT64_FORMAT " bytes, and the image is larger", sink->name,
                      sink->size);
}

bool
sink_write(Sink *sink, uint64_t offset, const void *data, size_t size, GError **error)
{
    return fits(sink, offset, size, error) &&
           (size == 0 || sink->ops->write(sink->self, offset, data, size, error));
}

bool
sink_zero(Sink *sink, uint64_t offset, uint64_t size, GError **error)
{
    return fits(sink, offset, size, error) &&
           (size == 0 || sink->ops->zero(sink->self, offset, size, error));
}

bool
sink_flush(Sink *sink, GError **error)
{
    return sink->ops->flush(sink->self, error);
}

bool
sink_write_lent(Sink *sink, uint64_t offset, const void *data, size_t size, GError **error)
{
    if (sink->ops->write_lent == NULL)
        return sink_write(sink, offset, data, size, error);
    return fits(sink, offset, size, error) &&
           (size == 0 || sink->ops->write_lent(sink->self, offset, data, size, error));
}

bool
sink_end_turn(Sink *sink, GError **error)
{
    return sink->ops->settle == NULL || sink->ops->settle(sink->self, false, error);
}

bool
sink_settle(Sink *sink, GError **error)
{
    return sink->ops->settle == NULL || sink->ops->settle(sink->self, true, error);
}

/* ---- windows ---- */

typedef struct Window {
    Sink *whole; /* borrowed */
    uint64_t offset;
} Window;

static bool
window_write(void *self, uint64_t offset, const void *data, size_t size, GError **error)
{
    const Window *window = self;
    return sink_write(window->whole, window->offset + offset, data, size, error);
}

static bool
window_zero(void *self, uint64_t offset, uint64_t size, GError **error)
{
    const Window *window = self;
    return sink_zero(window->whole, window->offset + offset, size, error);
}

static bool
window_flush(void *self, GError **error)
{
    const Window *window = self;
    return sink_flush(window->whole, error);
}

static bool
window_write_lent(void *self, uint64_t offset, const void *data, size_t size, GError **error)
{
    const Window *window = self;
    return sink_write_lent(window->whole, window->offset + offset, data, size, error);
}

static bool
window_settle(void *self, bool all, GError **error)
{
    const Window *window = self;
    return all ? sink_settle(window->whole, error) : sink_end_turn(window->whole, error);
}

static const SinkOps window_ops = {window_write, window_zero,       window_flush,
                                   g_free,       window_write_lent, window_settle};

Sink *
sink_window(Sink *whole, uint64_t offset, uint64_t size)
{
    Window *window = g_new0(Window, 1);
    window->whole = whole;
    window->offset = offset;
    return sink_new(&window_ops, window, whole->name, size);
}
