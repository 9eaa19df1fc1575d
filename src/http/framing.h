/* Requests that two readers could understand in two ways. Behind a proxy that reads them the other way, one request would
 * become two. Private to this folder.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* What the headers say about the body; zeroed before the first. */
typedef struct Framing {
    unsigned lengths, codings; /* how many headers of each kind */
    bool unknown_coding;
} Framing;

/* Takes note of one header. */
void framing_note(Framing *framing, const char *name, size_t name_length, const char *value);

/* NULL when a body's end can be told in one way only; else a sentence that says why not.
 *
 * version  "HTTP/1.1" */
const char *framing_fault(const Framing *framing, const char *version);

/* True when the request line had more in it than the library has shown: a NUL byte ends its texts.
 *
 * target, length  the request's target as it came, as far as a NUL
 * version         what follows it in the same buffer */
bool framing_has_nul(const char *target, size_t length, const char *version);
