/* The API as an OpenAPI 3.1 document, derived from the tables of routes and fields. The
 * extensions of the standard:
 *
 *   x-since     "1.N", the microversion that brought an operation, a parameter or a property
 *   x-below     the status that older versions get for an operation
 *   x-policy    the rule that an operation is checked by
 *   x-complete  true for objects that have all their properties up to the request's microversion,
 *               unless `fields` chose some
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "api/request.h"
#include "api/router.h"
#include "model/resource.h"

/* Makes the document; the caller owns it. Pure; any thread. */
json_t *openapi_document(void);

/* The same as text, made once and kept forever. Any thread. */
const char *openapi_text(size_t *size);

/* ---- openapi_schemas.c ---- */

/* All schemas by name. */
json_t *openapi_schemas(void);

/* {"$ref": "#/components/schemas/<name>"} */
json_t *openapi_reference(const char *name);

/* "VolumeConnector" of a resource; the caller frees. */
char *openapi_resource_name(const Resource *resource);

/* "1.49" */
json_t *openapi_since(unsigned minor);

/* JSON as openapi.def writes it, with ' for ". Aborts on invalid text: that is our own bug. */
json_t *openapi_parse(const char *text);
