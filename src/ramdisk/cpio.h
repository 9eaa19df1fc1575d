/* Writes a cpio archive in the "newc" format, which the Linux kernel unpacks as an initramfs.
 * Unlike with cpio(1), device nodes and files of root need no privileges here.
 *
 * Source of the format: Linux, Documentation/driver-api/early-userspace/buffer-format.rst.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <glib.h>
#include <stddef.h>
#include <stdint.h>

typedef struct CpioWriter {
    GByteArray *bytes; /* owned until cpio_finish */
    uint32_t entry_count;
} CpioWriter;

void cpio_begin(CpioWriter *writer);

/* Each adds one entry; `path` has no leading slash. Parents must be added before their children. */
void cpio_add_directory(CpioWriter *writer, const char *path);
void cpio_add_file(CpioWriter *writer, const char *path, uint32_t permissions, const void *data,
                   size_t size);
void cpio_add_symlink(CpioWriter *writer, const char *path, const char *target);
void cpio_add_character_device(CpioWriter *writer, const char *path, uint32_t permissions,
                               uint32_t major, uint32_t minor);

/* Closes the archive and returns it; the caller frees. The writer is empty afterwards. */
GByteArray *cpio_finish(CpioWriter *writer);
