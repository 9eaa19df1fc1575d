/* Root device hints: they say which disk is meant, and match as Ironic's do.
 *
 * A hint is a text "[operator] value" (or a number, or a boolean). Operators: "=" (at least, of
 * numbers), "==", "!=", ">=", "<=", ">", "<" for numbers; "s==", "s!=", "s<", "s<=", "s>", "s>="
 * for texts; "<in> part", "<all-in> part part", "<or> this <or> that". The default is "==" for size
 * and "s==" for texts. Texts are compared in lower case. size is in GiB, rounded down.
 *
 * Pure; any thread.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"

#include <jansson.h>

/* *match is true if all hints match a disk (as disks_list has it). A hint on a value that the disk
 * does not have never matches. Errors: INVALID naming the hint that is unknown or has a wrong
 * value. */
bool hints_match(const json_t *hints, const json_t *disk, bool *match,
                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Hints from "key=value,key=value", as the kernel's command line has them; a new reference. */
json_t *hints_parse(const char *text);
