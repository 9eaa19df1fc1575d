/* Images as servers send them: packed or not, qcow2 or not, in parts of any size, onto a small
 * disk. The first byte is the size of the parts.
 * SPDX-License-Identifier: Apache-2.0 */
#include "stream/stage.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { DISK = 4 * 1024 * 1024 };

/* A disk that only looks at what is asked of it. */
static bool
fuzz_write(void *self, uint64_t offset, const void *data, size_t size, GError **error)
{
    (void)self;
    (void)error;
    if (offset > DISK || size > DISK - offset || data == NULL)
        abort();
    return true;
}

static bool
fuzz_zero(void *self, uint64_t offset, uint64_t size, GError **error)
{
    (void)self;
    (void)error;
    if (offset > DISK || size > DISK - offset)
        abort();
    return true;
}

static bool
fuzz_flush(void *self, GError **error)
{
    (void)self;
    (void)error;
    return true;
}

static void
fuzz_close(void *self)
{
    (void)self;
}

static const SinkOps fuzz_ops = {fuzz_write, fuzz_zero, fuzz_flush, fuzz_close};

static bool
push_all(Stage *stage, const uint8_t *data, size_t size, size_t part, GError **error)
{
    for (size_t at = 0; at < size; at += part)
        if (!stage->push(stage, data + at, MIN(part, size - at), error))
            return false;
    return stage->finish(stage, error);
}

/* Formats may ask for three passes, and no more. */
static void
read_image(Stage *first, const uint8_t *data, size_t size, size_t part)
{
    g_autoptr(GError) error = NULL;
    for (int pass = 0; push_all(first, data, size, part, &error); pass++) {
        if (first->wants_again == NULL || !first->wants_again(first))
            return;
        if (pass > 3)
            abort();
    }
    if (error == NULL)
        abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 8)
        return 0;
    g_autoptr(Sink) sink = sink_new(&fuzz_ops, NULL, "disk", DISK);
    const uint8_t *image = data + 1;
    size_t length = size - 1, part = 1 + (size_t)data[0] * 16;
    StageNew make = stage_for_magic(image, length);
    g_autoptr(Stage) format =
        qcow2_magic(image, length) || (data[0] & 1) ? stage_qcow2(sink) : stage_raw(sink, false);
    g_autoptr(Stage) unpacker = make != NULL ? make(format) : NULL;
    read_image(unpacker != NULL ? unpacker : format, image, length, part);
    return 0;
}
