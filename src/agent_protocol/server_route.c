/* Routes of the agent's API; the contract is in server_route.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent_protocol/server_route.h"

#include <glib.h>
#include <stdbool.h>
#include <string.h>

static const struct {
    const char *path; /* below /v1 */
    bool slash;       /* may end with one more slash */
    ServerRoute get, post;
} routes[] = {
    {"/status",   false, SERVER_ROUTE_STATUS, SERVER_ROUTE_WRONG_METHOD},
    {"/commands", true,  SERVER_ROUTE_LIST,   SERVER_ROUTE_RUN},
    {"/log",      false, SERVER_ROUTE_LOG,    SERVER_ROUTE_WRONG_METHOD},
};

static ServerRoute
by_method(const char *method, ServerRoute get, ServerRoute post)
{
    if (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0)
        return get;
    return strcmp(method, "POST") == 0 ? post : SERVER_ROUTE_WRONG_METHOD;
}

static bool
is_path(const char *path, const char *row, bool slash)
{
    size_t length = strlen(row);
    if (strncmp(path, row, length) != 0)
        return false;
    return path[length] == '\0' || (slash && strcmp(path + length, "/") == 0);
}

ServerRoute
server_route(const char *method, const char *path, const char **id)
{
    *id = NULL;
    if (strcmp(path, "/") == 0 || *path == '\0')
        return by_method(method, SERVER_ROUTE_ROOT, SERVER_ROUTE_WRONG_METHOD);
    if (is_path(path, "/v1", true))
        return by_method(method, SERVER_ROUTE_V1, SERVER_ROUTE_WRONG_METHOD);
    const char *below = g_str_has_prefix(path, "/v1/") ? path + 3 : path;
    for (size_t i = 0; i < G_N_ELEMENTS(routes); i++)
        if (is_path(below, routes[i].path, routes[i].slash))
            return by_method(method, routes[i].get, routes[i].post);
    if (!g_str_has_prefix(below, "/commands/") || strchr(below + 10, '/') != NULL)
        return SERVER_ROUTE_NONE;
    *id = below + 10;
    return by_method(method, SERVER_ROUTE_COMMAND, SERVER_ROUTE_WRONG_METHOD);
}
