/* The catalog of an OpenStack cloud: where its services are. Keystone sends it with a token.
 *
 * Pure; any thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"

#include <jansson.h>

/* What to look for; all borrowed. */
typedef struct EndpointQuery {
    const char *type;              /* "object-store" */
    const char *name;              /* NULL: any */
    const char *const *interfaces; /* in order of preference: "internal", "public" */
    const char *region;            /* NULL: the first */
} EndpointQuery;

/* The URL of a service, without slashes at its end; the caller frees.
 *
 * catalog  "catalog" of a token; NULL: it is empty
 * Errors   CONFIG, listing what the catalog has */
char *endpoint_find(const json_t *catalog, const EndpointQuery *query, GError **error);
