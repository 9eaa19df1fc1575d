/* Content of injected files from a URL; the contract is in inject_url.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent/disk/inject_url.h"

#include "agent/download.h"
#include "common/http_client.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define DEPTH_LIMIT 8
#define URL_LIMIT 8192

/* ---- the text ---- */

/* One step into a value: "[uuid]" or "[0]". *at: behind it. NULL: nothing is there. */
static const json_t *
step_into(const json_t *value, const char **at)
{
    const char *end = strchr(*at, ']');
    uint64_t index;
    if (**at != '[' || end == NULL)
        return NULL;
    g_autofree char *key = g_strndup(*at + 1, (size_t)(end - *at - 1));
    *at = end + 1;
    if (!json_is_array(value))
        return json_object_get(value, key);
    return g_ascii_string_to_unsigned(key, 10, 0, 1000, &index, NULL)
               ? json_array_get(value, (size_t)index)
               : NULL;
}

/* The value of "node[uuid]"; NULL: there is none. */
static const json_t *
find_value(const char *path, const json_t *node, const json_t *ports)
{
    const json_t *value = NULL;
    size_t length = strcspn(path, "[");
    if (length == 4 && strncmp(path, "node", length) == 0)
        value = node;
    else if (length == 5 && strncmp(path, "ports", length) == 0)
        value = ports;
    path += length;
    for (int depth = 0; value != NULL && *path != '\0'; depth++)
        value = depth < DEPTH_LIMIT ? step_into(value, &path) : NULL;
    return value;
}

static bool
add_value(GString *out, const json_t *value, const char *path, GError **error)
{
    if (json_is_string(value))
        g_string_append(out, json_string_value(value));
    else if (json_is_integer(value))
        g_string_append_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "a file of inject_files: {%.80s} in its content is no text and no number "
                          "of the node or its ports",
                          path);
    return true;
}

/* *at is behind a "{"; afterwards behind its "}". */
static bool
replace(GString *out, const char **at, const json_t *node, const json_t *ports, GError **error)
{
    const char *end = strchr(*at, '}');
    if (end == NULL)
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "a file of inject_files: a brace in its content is not closed");
    g_autofree char *path = g_strndup(*at, (size_t)(end - *at));
    *at = end + 1;
    return add_value(out, find_value(path, node, ports), path, error);
}

char *
inject_url_expand(const char *text, const json_t *node, const json_t *ports, GError **error)
{
    GString *out = g_string_new(NULL);
    bool good = true;
    while (good && *text != '\0' && out->len <= URL_LIMIT) {
        bool twice = text[1] == text[0];
        if ((*text == '{' || *text == '}') && twice) {
            g_string_append_c(out, *text);
            text += 2;
        } else if (*text == '{') {
            text++;
            good = replace(out, &text, node, ports, error);
        } else {
            g_string_append_c(out, *text++);
        }
    }
    if (good && out->len > URL_LIMIT)
        good = steel_fail(error, STEEL_ERROR_INVALID,
                          "a file of inject_files: the URL of its content has more than %d "
                          "characters",
                          URL_LIMIT);
    return g_string_free(out, !good);
}

/* ---- the content ---- */

typedef struct Writing {
    int fd;
    uint64_t size;
} Writing;

static bool
inject_take(void *user, const uint8_t *data, size_t size, GError **error)
{
    Writing *writing = user;
    writing->size += size;
    if (writing->size > INJECT_URL_LIMIT)
        return steel_fail(error, STEEL_ERROR_TOO_LARGE, "it is larger than 1 GiB");
    while (size > 0) {
        ssize_t put = write(writing->fd, data, size);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return steel_fail(error, STEEL_ERROR_IO, "%s", g_strerror(errno));
        data += put;
        size -= (size_t)put;
    }
    return true;
}

bool
inject_url_write(const Agent *agent, const char *url, bool verified, int fd, GError **error)
{
    Writing writing = {.fd = fd};
    SourceOptions options = download_options(agent, url);
    if (!g_str_has_prefix(url, "http://") && !g_str_has_prefix(url, "https://")) {
        g_autofree char *shown = http_url_for_display(url);
        return steel_fail(error, STEEL_ERROR_INVALID, "%.200s is no http:// or https:// URL",
                          shown);
    }
    options.peer.insecure = options.peer.insecure || !verified;
    return source_read(&options, inject_take, &writing, error);
}
