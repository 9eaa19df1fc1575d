/* Ambiguous requests; the contract is in framing.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "http/framing.h"

#include <glib.h>
#include <stdint.h>
#include <string.h>

/* No request line is longer, so texts further apart are in different buffers. */
enum { LINE_LIMIT = 64 * 1024 };

static bool
is_named(const char *name, size_t length, const char *wanted)
{
    return length == strlen(wanted) && g_ascii_strncasecmp(name, wanted, length) == 0;
}

void
framing_note(Framing *framing, const char *name, size_t name_length, const char *value)
{
    if (is_named(name, name_length, "Content-Length"))
        framing->lengths++;
    if (!is_named(name, name_length, "Transfer-Encoding"))
        return;
    framing->codings++;
    if (value == NULL || g_ascii_strcasecmp(value, "chunked") != 0)
        framing->unknown_coding = true;
}

const char *
framing_fault(const Framing *framing, const char *version)
{
    if (framing->lengths > 1)
        return "There is more than one Content-Length.";
    if (framing->codings > 0 && framing->lengths > 0)
        return "There are both Content-Length and Transfer-Encoding.";
    if (framing->codings > 1 || framing->unknown_coding)
        return "The only Transfer-Encoding supported is chunked.";
    if (framing->codings > 0 && strcmp(version, "HTTP/1.0") == 0)
        return "HTTP/1.0 has no Transfer-Encoding.";
    return NULL;
}

/* The library puts one NUL in place of the blank between the two texts. If a client sends several
 * blanks, the others remain. */
bool
framing_has_nul(const char *target, size_t length, const char *version)
{
    uintptr_t end = (uintptr_t)(target + length), next = (uintptr_t)version;
    if (next <= end || next - end > LINE_LIMIT)
        return false;
    for (const char *p = target + length + 1; p < version; p++)
        if (*p != ' ' && *p != '\t')
            return true;
    return false;
}
