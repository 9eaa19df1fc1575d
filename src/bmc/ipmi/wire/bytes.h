/* A writer and a reader over byte arrays with the bounds checked in one place; IPMI is little
 * endian on the wire. An overrun is remembered, so that a builder or parser checks once at its end.
 * Pure; a writer or a reader belongs to one thread, and borrows its bytes.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct IpmiWriter {
    uint8_t *bytes; /* borrowed */
    size_t capacity;
    size_t size;   /* written so far */
    bool overflow; /* something did not fit and was left out */
} IpmiWriter;

static inline IpmiWriter
ipmi_writer(uint8_t *bytes, size_t capacity)
{
    return (IpmiWriter){.bytes = bytes, .capacity = capacity};
}

static inline void
ipmi_write_bytes(IpmiWriter *writer, const void *bytes, size_t size)
{
    if (size > writer->capacity - writer->size) {
        writer->overflow = true;
        return;
    }
    if (size > 0)
        memcpy(writer->bytes + writer->size, bytes, size);
    writer->size += size;
}

static inline void
ipmi_write_u8(IpmiWriter *writer, unsigned value)
{
    uint8_t byte = (uint8_t)value;
    ipmi_write_bytes(writer, &byte, 1);
}

static inline void
ipmi_write_le16(IpmiWriter *writer, uint16_t value)
{
    uint8_t bytes[2] = {(uint8_t)value, (uint8_t)(value >> 8)};
    ipmi_write_bytes(writer, bytes, sizeof bytes);
}

static inline void
ipmi_write_le32(IpmiWriter *writer, uint32_t value)
{
    uint8_t bytes[4] = {(uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16),
                        (uint8_t)(value >> 24)};
    ipmi_write_bytes(writer, bytes, sizeof bytes);
}

static inline void
ipmi_write_zeros(IpmiWriter *writer, size_t count)
{
    for (size_t i = 0; i < count; i++)
        ipmi_write_u8(writer, 0);
}

typedef struct IpmiReader {
    const uint8_t *bytes; /* borrowed */
    size_t size;
    size_t position;
    bool overrun; /* something was read past the end and came back as zero */
} IpmiReader;

static inline IpmiReader
ipmi_reader(const uint8_t *bytes, size_t size)
{
    return (IpmiReader){.bytes = bytes, .size = size};
}

static inline size_t
ipmi_read_left(const IpmiReader *reader)
{
    return reader->size - reader->position;
}

/* A view of the next bytes, NULL past the end. */
static inline const uint8_t *
ipmi_read_view(IpmiReader *reader, size_t size)
{
    if (reader->overrun || size > ipmi_read_left(reader)) {
        reader->overrun = true;
        return NULL;
    }
    const uint8_t *view = reader->bytes + reader->position;
    reader->position += size;
    return view;
}

static inline void
ipmi_read_bytes(IpmiReader *reader, void *bytes, size_t size)
{
    const uint8_t *view = ipmi_read_view(reader, size);
    if (view == NULL)
        memset(bytes, 0, size);
    else if (size > 0)
        memcpy(bytes, view, size);
}

static inline uint8_t
ipmi_read_u8(IpmiReader *reader)
{
    const uint8_t *view = ipmi_read_view(reader, 1);
    return view == NULL ? 0 : view[0];
}

static inline uint16_t
ipmi_read_le16(IpmiReader *reader)
{
    const uint8_t *view = ipmi_read_view(reader, 2);
    return view == NULL ? 0 : (uint16_t)(view[0] | view[1] << 8);
}

static inline uint32_t
ipmi_read_le32(IpmiReader *reader)
{
    const uint8_t *view = ipmi_read_view(reader, 4);
    if (view == NULL)
        return 0;
    return (uint32_t)view[0] | (uint32_t)view[1] << 8 | (uint32_t)view[2] << 16 |
           (uint32_t)view[3] << 24;
}

static inline void
ipmi_read_skip(IpmiReader *reader, size_t size)
{
    (void)ipmi_read_view(reader, size);
}
