/* The routes of the agent's API. Pure; any thread.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stddef.h>

typedef enum ServerRoute {
    SERVER_ROUTE_NONE,
    SERVER_ROUTE_WRONG_METHOD,
    SERVER_ROUTE_ROOT,
    SERVER_ROUTE_V1,
    SERVER_ROUTE_STATUS,
    SERVER_ROUTE_LIST,
    SERVER_ROUTE_COMMAND,
    SERVER_ROUTE_RUN,
    SERVER_ROUTE_LOG
} ServerRoute;

/* path  of the request, decoded
 * id    out: for COMMAND the part of the path after "commands/"; borrowed from the path */
ServerRoute server_route(const char *method, const char *path, const char **id);
