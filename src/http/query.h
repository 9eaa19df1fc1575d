/* Query strings of URLs, taken apart. The library's own parser gives up without an answer where
 * there are many arguments.
 *
 * Pure; any thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

typedef struct HttpArgument {
    const char *name, *value; /* decoded; value is "" if absent. Both point into the parsed text */
} HttpArgument;

/* Splits "name=value&other=value" in place: "+" is a blank, %XX a byte; %00 becomes \001, since a
 * NUL would cut the text short.
 *
 * query      without "?"; changed; must outlive the arguments. NULL: there are none
 * arguments  out, of `limit` places
 * count      out: the number of arguments
 * Returns    false when there are more than `limit`; *count is `limit` then */
bool http_query_parse(char *query, HttpArgument *arguments, size_t limit, size_t *count);

/* Decodes %XX in place, NULs as above. Returns the new length. */
size_t http_unescape(char *text);
