/* From method and path to a row of the route table. The table is routes.def: what is served, since
 * which microversion, what is answered below it, which policy rule guards it, who answers.
 *
 * Pure lookups in a constant index built on first use; any thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "api/request.h"

enum {
    ROUTE_PUBLIC = 1 << 0,       /* needs no login */
    ROUTE_BODY_LARGE = 1 << 1,   /* may carry a config drive */
    ROUTE_UNVERSIONED = 1 << 2,  /* no microversion is read or written: "/" */
    ROUTE_TARGETED = 1 << 3,     /* the handler checks the policy, once it knows whose node it is */
    ROUTE_HIDDEN_FAULT = 1 << 4, /* below its version: a 404 as of a thing that is not there */
    ROUTE_BODY_INVENTORY = 1 << 5, /* carries what inspection has found */
    ROUTE_POLICY_FIRST = 1 << 6, /* below its version too the policy judges the node in the path */
};

struct Route {
    HttpMethod method;
    const char *pattern; /* "nodes/{node}/states", without v1 */
    unsigned since;      /* minor version */
    unsigned below;      /* status for older versions: 404, 405 or 406 */
    const char *policy;  /* rule name, e.g. "baremetal:node:get"; NULL: none */
    RequestHandler handler;
    const void *subject; /* what a generic handler works on, or NULL */
    unsigned flags;
};

enum { ROUTE_SEGMENTS = 8 };

/* Finds the row for the request's method and path and cuts the path into captures.
 * Returns NULL with *status 404 or 405 and, for 405, *allow: the methods of that path as "DELETE,
 * GET" (static). */
const Route *route_find(Request *request, unsigned *status, const char **allow);

/* The table, for documentation and tests. */
const Route *route_table(size_t *count);

/* The row of a pattern and method, or NULL. */
const Route *route_named(HttpMethod method, const char *pattern);

const char *http_method_name(HttpMethod method);
