/* Converts images to raw by qemu-img, as a process with limits of memory, time and size. What a
 * foreign image may ask qemu-img to do is looked at before, by code of our own: it gets no image
 * that names other files.
 *
 * Blocks; any thread but those of the API.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"

#include <stdint.h>

typedef struct ImageConversion {
    const char *from, *to; /* borrowed; `to` is made anew */
    unsigned memory_mib;   /* that qemu-img may use */
    unsigned attempts;     /* where it has too little memory for a moment */
    /* MiB that must be free before it begins; 0: does not matter. It is looked for so often again,
     * after so many seconds; then the conversion fails, or begins with a warning. */
    uint64_t needed_mib;
    unsigned needed_looks, needed_pause_s;
    bool needed_warns;
    int timeout_ms; /* of all of it */
} ImageConversion;

/* Looks at the header of a qcow2 image. size: out, of its disk.
 * Errors: INVALID, with what it has that it must not have (a backing file, an external data file,
 * encryption, unknown features), IO. */
bool image_check_qcow2(const char *path, uint64_t *size, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* From qcow2 to raw, sparse.
 * Errors: those of image_check_qcow2; TOO_LARGE (the disk is larger than the room there is),
 * LIMIT (too little memory is free), PROCESS (with qemu-img's words), TIMEOUT. */
bool image_convert(const ImageConversion *conversion, GError **error) G_GNUC_WARN_UNUSED_RESULT;
