/* Finds requests that a proxy and this server could read differently, one as a single request and
 * the other as two. Private to this folder.
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

/* Notes one header. */
void framing_note(Framing *framing, const char *name, size_t name_length, const char *value);

/* NULL if the headers define the end of the body in one way only; otherwise a sentence that says
 * why not.
 *
 * version  "HTTP/1.1" */
const char *framing_fault(const Framing *framing, const char *version);

/* True if the request line contains a NUL byte, where the library's texts end.
 *
 * target, length  the request's target as it came, as far as a NUL
 * version         what follows it in the same buffer */
bool framing_has_nul(const char *target, size_t length, const char *version);
