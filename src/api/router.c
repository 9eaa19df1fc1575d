/* The route table and its index; the contract is in router.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "api/router.h"

#include "api/controllers/controllers.h"

#include <pthread.h>
#include <string.h>

static const Route routes[] = {
#define ROUTE(method, pattern, since, below, policy, handler, subject, flags)                      \
    {HTTP_##method, pattern, since, below, policy, handler, subject, flags},
#include "api/routes.def"
#undef ROUTE
};

/* A pattern cut into segments. */
typedef struct Pattern {
    const char *segments[ROUTE_SEGMENTS]; /* parts of `text`; NULL for a capture */
    unsigned count;
    char *text;
} Pattern;

static Pattern patterns[G_N_ELEMENTS(routes)];
static GHashTable *by_word; /* first segment -> GArray of row numbers; made once, then constant */
static pthread_once_t indexed = PTHREAD_ONCE_INIT;

static void
cut_pattern(Pattern *pattern, const char *text)
{
    pattern->text = g_strdup(text);
    char *save = NULL;
    for (char *segment = strtok_r(pattern->text, "/", &save); segment != NULL;
         segment = strtok_r(NULL, "/", &save)) {
        g_assert(pattern->count < ROUTE_SEGMENTS);
        pattern->segments[pattern->count++] = *segment == '{' ? NULL : segment;
    }
}

static void
make_index(void)
{
    by_word = g_hash_table_new(g_str_hash, g_str_equal);
    for (size_t i = 0; i < G_N_ELEMENTS(routes); i++) {
        cut_pattern(&patterns[i], routes[i].pattern);
        const char *word = patterns[i].count > 0 ? patterns[i].segments[0] : "";
        GArray *rows = g_hash_table_lookup(by_word, word);
        if (rows == NULL) {
            rows = g_array_new(FALSE, FALSE, sizeof(size_t));
            g_hash_table_insert(by_word, (void *)(uintptr_t)word, rows);
        }
        g_array_append_val(rows, i);
    }
}

/* Cuts the request's path in place; false if it has more segments than any route. */
static bool
cut_path(char *path, char **segments, unsigned *count)
{
    *count = 0;
    char *save = NULL;
    for (char *segment = strtok_r(path, "/", &save); segment != NULL;
         segment = strtok_r(NULL, "/", &save)) {
        if (*count == ROUTE_SEGMENTS)
            return false;
        segments[(*count)++] = segment;
    }
    return true;
}

/* The length of a segment without ".json", which clients may append to any path. */
static size_t
bare_length(const char *segment)
{
    size_t length = strlen(segment);
    return length > 5 && strcmp(segment + length - 5, ".json") == 0 ? length - 5 : length;
}

/* True if a path's segment is the pattern's word; the last one may have the suffix. */
static bool
is_word(const char *word, const char *segment, bool last)
{
    size_t length = last ? bare_length(segment) : strlen(segment);
    return strcmp(word, segment) == 0 ||
           (strlen(word) == length && strncmp(word, segment, length) == 0);
}

static bool
matches(const Pattern *pattern, char *const *segments, unsigned count)
{
    if (pattern->count != count)
        return false;
    for (unsigned i = 0; i < count; i++)
        if (pattern->segments[i] != NULL &&
            !is_word(pattern->segments[i], segments[i], i + 1 == count))
            return false;
    return true;
}

/* The rows of the routes that begin with the path's first segment, or NULL. */
static const GArray *
rows_for(char *const *segments, unsigned count)
{
    const char *word = count > 0 ? segments[0] : "";
    const GArray *rows = g_hash_table_lookup(by_word, word);
    if (rows != NULL || count != 1)
        return rows;
    g_autofree char *bare = g_strndup(word, bare_length(word));
    return g_hash_table_lookup(by_word, bare);
}

static void
take_captures(Request *request, const Pattern *pattern, char *const *segments)
{
    unsigned captures = 0;
    for (unsigned i = 0; i < pattern->count && captures < REQUEST_CAPTURES; i++)
        if (pattern->segments[i] == NULL)
            request->captures[captures++] = segments[i];
    if (captures == 0 || pattern->segments[pattern->count - 1] != NULL)
        return;
    char *last = segments[pattern->count - 1];
    size_t length = bare_length(last);
    if (last[length] != '\0') {
        last[length] = '\0';
        request->capture_suffix = ".json";
        request->suffixed = last;
    }
}

const char *
http_method_name(HttpMethod method)
{
    static const char *const names[] = {"GET",    "POST", "PUT",     "PATCH",
                                        "DELETE", "HEAD", "OPTIONS", "other"};
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        if ((unsigned)method == 1u << i)
            return names[i];
    return "other";
}

static const char *
allow_text(unsigned methods)
{
    GString *text = g_string_new(NULL);
    static const HttpMethod order[] = {HTTP_DELETE, HTTP_GET, HTTP_PATCH, HTTP_POST, HTTP_PUT};
    for (size_t i = 0; i < G_N_ELEMENTS(order); i++)
        if (methods & order[i])
            g_string_append_printf(text, "%s%s", text->len > 0 ? ", " : "",
                                   http_method_name(order[i]));
    const char *interned = g_intern_string(text->str); /* at most 32 different texts */
    g_string_free(text, TRUE);
    return interned;
}

const Route *
route_find(Request *request, unsigned *status, const char **allow)
{
    pthread_once(&indexed, make_index);
    char *segments[ROUTE_SEGMENTS];
    unsigned count, methods = 0;
    /* HEAD is answered like GET; the library omits the body. */
    const HttpMethod wanted = request->method == HTTP_HEAD ? HTTP_GET : request->method;
    *status = 404;
    if (!cut_path(request->path, segments, &count))
        return NULL;
    const GArray *rows = rows_for(segments, count);
    for (guint i = 0; rows != NULL && i < rows->len; i++) {
        size_t row = g_array_index(rows, size_t, i);
        if (!matches(&patterns[row], segments, count))
            continue;
        if (routes[row].method == wanted) {
            take_captures(request, &patterns[row], segments);
            return &routes[row];
        }
        if (routes[row].handler != method_missing)
            methods |= routes[row].method;
    }
    if (methods != 0) {
        *status = 405;
        *allow = allow_text(methods);
    }
    return NULL;
}

const Route *
route_table(size_t *count)
{
    *count = G_N_ELEMENTS(routes);
    return routes;
}

const Route *
route_named(HttpMethod method, const char *pattern)
{
    for (size_t i = 0; i < G_N_ELEMENTS(routes); i++)
        if (routes[i].method == method && strcmp(routes[i].pattern, pattern) == 0)
            return &routes[i];
    return NULL;
}
