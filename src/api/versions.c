/* Microversion negotiation; the contract is in versions.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "api/versions.h"
#include "model/releases.h"

#include <stdio.h>
#include <string.h>

unsigned
api_version_of_release(const char *release)
{
    return MIN(release_api_version(release), API_VERSION_MAXIMUM);
}

/* Reads 1 to 5 decimal digits up to `end`. */
static bool
read_number(const char **text, unsigned *number)
{
    const char *p = *text;
    unsigned value = 0, digits = 0;
    for (; g_ascii_isdigit(*p) && digits < 6; p++, digits++)
        value = value * 10 + (unsigned)(*p - '0');
    *text = p;
    *number = value;
    return digits > 0 && digits < 6;
}

static bool
parse(unsigned newest, const char *text, unsigned *minor, GError **error)
{
    if (g_ascii_strcasecmp(text, "latest") == 0) {
        *minor = newest;
        return true;
    }
    unsigned major = 0, number = 0;
    const char *p = text;
    bool good = read_number(&p, &major) && *p++ == '.' && read_number(&p, &number) && *p == '\0';
    if (!good)
        return steel_fail(error, STEEL_ERROR_NOT_ACCEPTABLE,
                          "'%.40s' is not an API version: 1.N or latest is", text);
    if (major != 1 || number < API_VERSION_MINIMUM || number > newest)
        return steel_fail(error, STEEL_ERROR_NOT_ACCEPTABLE,
                          "Version %u.%u was requested but is not supported by this service. The "
                          "supported version range is: [%s, %s].",
                          major, number, api_version_text(API_VERSION_MINIMUM),
                          api_version_text(newest));
    *minor = number;
    return true;
}

/* The version after "baremetal " in a comma-separated header, trimmed; the caller frees; NULL if
 * absent. */
static char *
standard_entry(const char *standard)
{
    g_auto(GStrv) entries = g_strsplit(standard, ",", 16);
    for (char **entry = entries; *entry != NULL; entry++) {
        g_strstrip(*entry);
        if (g_ascii_strncasecmp(*entry, "baremetal ", 10) == 0)
            return g_strdup(g_strstrip(*entry + 10));
    }
    return NULL;
}

bool
api_version_negotiate(unsigned newest, const char *legacy, const char *standard, unsigned *minor,
                      GError **error)
{
    g_autofree char *entry = standard != NULL ? standard_entry(standard) : NULL;
    const char *asked = entry != NULL ? entry : legacy;
    if (asked != NULL)
        return parse(newest, asked, minor, error);
    *minor = API_VERSION_MINIMUM;
    return true;
}

const char *
api_version_text(unsigned minor)
{
    static const char *const texts[] = {
#define ROW(n) "1." #n
#define TEN(t)                                                                                     \
    ROW(t##0), ROW(t##1), ROW(t##2), ROW(t##3), ROW(t##4), ROW(t##5), ROW(t##6), ROW(t##7),        \
        ROW(t##8), ROW(t##9)
        ROW(0), ROW(1), ROW(2), ROW(3), ROW(4), ROW(5), ROW(6), ROW(7), ROW(8),  ROW(9),  TEN(1),
        TEN(2), TEN(3), TEN(4), TEN(5), TEN(6), TEN(7), TEN(8), TEN(9), TEN(10), TEN(11),
#undef TEN
#undef ROW
    };
    G_STATIC_ASSERT(G_N_ELEMENTS(texts) > API_VERSION_MAXIMUM);
    return minor < G_N_ELEMENTS(texts) ? texts[minor] : "1.1";
}
