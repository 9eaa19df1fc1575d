/* Requests of machines that boot; the contract is in boot_request.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "netboot/boot_request.h"

#include "netboot/ipxe_errno.h"

#include <string.h>

/* Reads the address at the start of a text; returns what follows it, or NULL. */
static const char *
read_mac(const char *text, char mac[MAC_TEXT_SIZE])
{
    for (int i = 0; i < MAC_TEXT_SIZE - 1; i++) {
        bool separator = i % 3 == 2;
        if (separator ? text[i] != ':' && text[i] != '-' : !g_ascii_isxdigit(text[i]))
            return NULL;
        mac[i] = separator ? ':' : g_ascii_tolower(text[i]);
    }
    mac[MAC_TEXT_SIZE - 1] = '\0';
    return text + MAC_TEXT_SIZE - 1;
}

bool
boot_mac_read(const char *text, char mac[MAC_TEXT_SIZE])
{
    char read[MAC_TEXT_SIZE];
    const char *rest = read_mac(text, read);
    if (rest == NULL || *rest != '\0')
        return false;
    memcpy(mac, read, sizeof read);
    return true;
}

BootRoute
boot_route(const char *path, char mac[MAC_TEXT_SIZE])
{
    if (strcmp(path, "/boot.ipxe") == 0)
        return BOOT_ROUTE_GENERIC;
    if (!g_str_has_prefix(path, "/boot/"))
        return BOOT_ROUTE_FILE;
    char address[MAC_TEXT_SIZE];
    const char *rest = read_mac(path + strlen("/boot/"), address);
    if (rest == NULL)
        return BOOT_ROUTE_NONE;
    BootRoute route = BOOT_ROUTE_NONE;
    if (strcmp(rest, ".ipxe") == 0)
        route = BOOT_ROUTE_SCRIPT;
    else if (strcmp(rest, "/progress") == 0)
        route = BOOT_ROUTE_PROGRESS;
    if (route != BOOT_ROUTE_NONE)
        memcpy(mac, address, sizeof address);
    return route;
}

static bool
consists_of(const char *text, size_t least, size_t greatest, const char *characters)
{
    size_t length = strlen(text);
    return length >= least && length <= greatest && strspn(text, characters) == length;
}

static bool
check_query(const BootProgressQuery *query, GError **error)
{
    if (query->volume != NULL && !consists_of(query->volume, 1, 2, "0123456789"))
        return steel_fail(error, STEEL_ERROR_INVALID, "volume must be a number below 100");
    if (query->attempt != NULL && !consists_of(query->attempt, 1, 3, "0123456789"))
        return steel_fail(error, STEEL_ERROR_INVALID, "try must be a number below 1000");
    if (query->number != NULL && !consists_of(query->number, 8, 8, "0123456789abcdefABCDEF"))
        return steel_fail(error, STEEL_ERROR_INVALID, "errno must have eight hexadecimal digits");
    if (query->unlisted != NULL && !consists_of(query->unlisted, 0, 48, "0123456789."))
        return steel_fail(error, STEEL_ERROR_INVALID, "unlisted must be numbers with points");
    if (query->detail == NULL)
        return true;
    bool printable = true;
    for (const char *c = query->detail; *c != '\0' && printable; c++)
        printable = g_ascii_isprint(*c);
    if (!printable || strlen(query->detail) > BOOT_DETAIL_LENGTH)
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "detail must have at most %d printable ASCII characters",
                          BOOT_DETAIL_LENGTH);
    return true;
}

char *
boot_progress_words(const BootProgressQuery *query, BootPhase *phase, GError **error)
{
    BootPhase known = boot_phase_from_word(query->phase);
    if (known == BOOT_PHASE_COUNT || boot_phase_info(known)->source != BOOT_REPORTER_MACHINE) {
        steel_fail(error, STEEL_ERROR_INVALID,
                   "phase must be san_hooked, san_failed, boot_failed or given_up");
        return NULL;
    }
    if (!check_query(query, error))
        return NULL;
    GString *words = g_string_new(NULL);
    if (query->attempt != NULL)
        g_string_append_printf(words, "attempt %s", query->attempt);
    if (query->volume != NULL)
        g_string_append_printf(words, "%svolume %s", words->len > 0 ? ", " : "", query->volume);
    if (query->number != NULL) {
        const char *cause = ipxe_errno_words((uint32_t)g_ascii_strtoull(query->number, NULL, 16));
        g_string_append_printf(words, "%s%s (iPXE error %s)", words->len > 0 ? ": " : "",
                               cause != NULL ? cause : "the firmware reports an error",
                               query->number);
    }
    if (query->unlisted != NULL && query->unlisted[0] != '\0') {
        g_autofree char *volumes = g_strdelimit(g_strdup(query->unlisted + 1), ".", '+');
        g_string_append_printf(words,
                               "%svolume %s attached, but not listed in the iBFT (no room, or "
                               "IPv6): the system must log in to it by its own configuration",
                               words->len > 0 ? ", " : "", volumes);
    }
    if (query->detail != NULL && query->detail[0] != '\0')
        g_string_append_printf(words, "%s%s", words->len > 0 ? ": " : "", query->detail);
    *phase = known;
    return g_string_free(words, FALSE);
}

/* Reads the digits of a range bound; returns what follows them, or NULL for none or too many. */
static const char *
read_bound(const char *text, uint64_t *bound)
{
    size_t length = strspn(text, "0123456789");
    if (length == 0 || length > 18)
        return NULL;
    *bound = g_ascii_strtoull(text, NULL, 10);
    return text + length;
}

ByteRange
byte_range_read(const char *header, uint64_t size, uint64_t *first, uint64_t *last)
{
    if (header == NULL || g_ascii_strncasecmp(header, "bytes=", 6) != 0)
        return BYTE_RANGE_WHOLE;
    const char *text = header + 6;
    uint64_t from, to;
    if (text[0] == '-') { /* the last bytes of the file */
        const char *end = read_bound(text + 1, &to);
        if (end == NULL || *end != '\0')
            return BYTE_RANGE_WHOLE;
        if (to == 0 || size == 0)
            return BYTE_RANGE_UNSATISFIABLE;
        *first = to < size ? size - to : 0;
        *last = size - 1;
        return BYTE_RANGE_PART;
    }
    const char *end = read_bound(text, &from);
    if (end == NULL || *end != '-')
        return BYTE_RANGE_WHOLE;
    to = UINT64_MAX;
    if (end[1] != '\0') {
        end = read_bound(end + 1, &to);
        if (end == NULL || *end != '\0' || to < from)
            return BYTE_RANGE_WHOLE;
    }
    if (from >= size)
        return BYTE_RANGE_UNSATISFIABLE;
    *first = from;
    *last = to < size ? to : size - 1;
    return BYTE_RANGE_PART;
}
