/* JSON Patch (RFC 6902: add, replace, remove) on records: what PATCH of the API means. The API
 * checks the form and the permission; the conductor applies the patch to the record that it holds
 * locked.
 *
 * Pure; any thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "model/resource.h"

/* Checks a patch before anything is touched.
 *
 * patch          [{"op": "add"|"replace"|"remove", "path": "/field/key/...", "value": any}],
 *                borrowed; add and replace need a value; path segments are letters, digits, _ and
 *                -; other members are refused
 * minor_version  of the request, 82 for 1.82
 * Errors         PATCH (form, unknown root field, a field that PATCH may not change),
 *                NOT_ACCEPTABLE (a field newer than the version) */
bool json_patch_check(const Resource *resource, const json_t *patch, unsigned minor_version,
                      GError **error);

/* Applies a checked patch to a record, then checks type and limits of every changed field. All or
 * nothing: on failure the record is unchanged.
 *
 * A removed root field gets its default. Removing a nested key that is absent succeeds. "-" as the
 * last segment appends to an array.
 * Errors  PATCH (no such path, a mandatory field removed), INVALID (type, limit, name) */
bool json_patch_apply(const Resource *resource, void *record, const json_t *patch, GError **error);

/* True if an operation's path is this field or is below it. `field` without slash: "driver". */
bool json_patch_touches(const json_t *patch, const char *field);

/* True when some operation removes the whole field, or sets it to null. */
bool json_patch_clears(const json_t *patch, const char *field);

/* The last value that the patch gives to the whole field, borrowed from the patch; NULL if it gives
 * none. */
const json_t *json_patch_value(const json_t *patch, const char *field);
